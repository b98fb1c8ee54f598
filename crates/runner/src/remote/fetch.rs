//! Fetching an entry: it and every content that it names are checked on their way, and only what is right gets into the
//! local store.

use super::address::Address;
use super::entry;
use super::trouble::{Trouble, in_time, is_missing, words};
use super::worker::Wanted;
use crate::setting::Setting;
use blake3::Hash;
use futures_util::stream::StreamExt;
use object_store::{GetResult, ObjectStoreExt};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use store::Object;
use store::error::io_error;
use store::files::Durable;

/// Fetches what a job made elsewhere: the bytes that came, or nothing if it is not there. Temporary outputs stay away:
/// here they would be dropped, too.
pub async fn fetch(
    address: &Address,
    setting: &Setting<'_>,
    wanted: &Wanted,
) -> Result<Option<u64>, Trouble> {
    address.check()?;
    let Some(bytes) = entry_bytes(address, wanted.key).await? else { return Ok(None) };
    let mut moved = bytes.len() as u64;
    let mut record =
        entry::read(&bytes, &wanted.fields, &outputs(setting, wanted.job), address.signer.as_ref())
            .map_err(Trouble::Refused)?;
    for (id, digest) in setting.outputs(wanted.job, &record).unwrap_or_default() {
        let output = setting.output(id);
        if output.temporary || setting.store.object(digest) == Object::Intact {
            continue;
        }
        let size =
            record.outputs.iter().find(|kept| kept.digest == digest.to_string()).map_or(0, |kept| kept.size);
        moved += content(address, setting, &output.port, digest, size).await?;
    }
    // Of no importance to the key, and here it has this name.
    record.job = setting.plan.job_name(wanted.job);
    setting.store.keep_record(wanted.key, &record, Durable::Later).map_err(here)?;
    Ok(Some(moved))
}

/// What goes wrong on this machine; the job itself will tell more of it.
fn here(error: store::Error) -> Trouble {
    Trouble::Unusable(error.to_string())
}

/// Why a store is of no use.
pub(super) fn unusable(error: object_store::Error) -> Trouble {
    Trouble::Unusable(words(&error))
}

/// The outputs of a job as its record must name them.
pub(super) fn outputs<'a>(setting: &Setting<'a>, job: usize) -> BTreeSet<(usize, &'a str)> {
    let members = setting.plan.jobs[job].processes.iter().map(|process| &setting.plan.processes[*process]);
    let kept = |(number, process): (usize, &'a plan::graph::Process)| {
        let outputs = process.outputs.iter().filter(|output| output.file.is_some());
        outputs.map(move |output| (number, output.port.as_str()))
    };
    members.enumerate().flat_map(kept).collect()
}

/// The bytes of an entry that is there.
pub(super) async fn entry_bytes(address: &Address, key: Hash) -> Result<Option<Vec<u8>>, Trouble> {
    let found = match in_time(0, address.store.get(&entry::record_path(key))).await {
        Err(error) if is_missing(&error) => return Ok(None),
        found => found.map_err(unusable)?,
    };
    let size = found.meta.size;
    if size > entry::LONGEST {
        return Err(Trouble::Refused(format!("it has {size} bytes")));
    }
    Ok(Some(in_time(size, found.bytes()).await.map_err(unusable)?.to_vec()))
}

/// Gets a content into the store, if it is what its name says.
async fn content(
    address: &Address,
    setting: &Setting<'_>,
    port: &str,
    digest: Hash,
    size: u64,
) -> Result<u64, Trouble> {
    let found = match in_time(0, address.store.get(&entry::object_path(digest))).await {
        Err(error) if is_missing(&error) => {
            return Err(Trouble::Refused(format!("its output `{port}` is not there")));
        }
        found => found.map_err(unusable)?,
    };
    if found.meta.size != size {
        let there = found.meta.size;
        return Err(Trouble::Refused(format!("its output `{port}` has {there} bytes instead of {size}")));
    }
    let aside = setting.project.aside_cache().map_err(here)?;
    let kept = match receive(found, size, &aside).await {
        Ok((found, metadata)) if found == digest => {
            setting.store.keep_read(&aside, &metadata, digest, Durable::Later).map_err(here)
        }
        Ok(_) => Err(Trouble::Refused(format!("its output `{port}` is damaged: its digest is another"))),
        Err(trouble) => Err(trouble),
    };
    let _ = fs::remove_file(&aside);
    kept.map(|()| size)
}

/// Writes what comes to a file, and tells its digest.
async fn receive(found: GetResult, size: u64, aside: &Path) -> Result<(Hash, fs::Metadata), Trouble> {
    let failed = |error: std::io::Error| here(io_error("write", aside)(error));
    let mut file = File::create(aside).map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let mut parts = found.into_stream();
    let receive = async {
        while let Some(part) = parts.next().await {
            let part = part?;
            hasher.update(&part);
            if let Err(error) = file.write_all(&part) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    };
    in_time(size, receive).await.map_err(unusable)?.map_err(failed)?;
    Ok((hasher.finalize(), file.metadata().map_err(failed)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use std::sync::Arc;

    #[test]
    fn an_entry_that_is_not_there_is_none_and_one_that_is_endless_is_refused() {
        let store = Arc::new(InMemory::new());
        let (shown, signer) = (String::new(), None);
        let address = Address { shown, store: store.clone(), folder: None, read_only: false, signer };
        let key = blake3::hash(b"key");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let got = || runtime.block_on(entry_bytes(&address, key));
        assert_eq!(got(), Ok(None));
        for (size, right) in [(7, true), (entry::LONGEST as usize + 1, false)] {
            let path = entry::record_path(key);
            runtime.block_on(store.put(&path, vec![b'x'; size].into())).unwrap();
            assert_eq!(matches!(got(), Ok(Some(_))), right, "{size}");
            assert_eq!(matches!(got(), Err(Trouble::Refused(_))), !right, "{size}");
        }
    }
}
