//! Uploading an entry: first the contents that it names, then it, each in one step, and nothing that is there already.

use super::address::Address;
use super::entry;
use super::fetch::{entry_bytes, outputs, unusable};
use super::trouble::{Trouble, in_time, is_missing};
use crate::setting::Setting;
use blake3::Hash;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use std::fs::File;
use std::io::{self, Read};
use store::{Object, Record};

/// What is put in one piece, in bytes; more is put in parts of at least so much.
const PART: u64 = 8 << 20;
/// The most parts that stores take.
const MOST_PARTS: u64 = 10_000;

/// Puts what a job made into the store: the bytes that went there, none if it was there; or nothing, if it is no longer
/// here. `replace` is for an entry that was refused: what it names is there and is not right.
pub async fn upload(
    address: &Address,
    setting: &Setting<'_>,
    job: usize,
    key: Hash,
    replace: bool,
) -> Result<Option<u64>, Trouble> {
    address.check()?;
    let Some(record) = setting.store.record(key) else { return Ok(None) };
    let Some(made) = setting.outputs(job, &record) else { return Ok(None) };
    if !replace && is_there(address, setting, job, key, &record).await? {
        return Ok(Some(0));
    }
    let mut moved = 0;
    for (_, digest) in made.into_iter().filter(|(id, _)| !setting.output(*id).temporary) {
        match content(address, setting, digest, replace).await? {
            Some(bytes) => moved += bytes,
            None => return Ok(None),
        }
    }
    let bytes = entry::write(&record, address.signer.as_ref()).map_err(Trouble::Unusable)?;
    moved += bytes.len() as u64;
    in_time(moved, address.store.put(&entry::record_path(key), bytes.into())).await.map_err(unusable)?;
    Ok(Some(moved))
}

/// Whether there is an entry of the job that is not to be refused.
async fn is_there(
    address: &Address,
    setting: &Setting<'_>,
    job: usize,
    key: Hash,
    record: &Record,
) -> Result<bool, Trouble> {
    let found = match entry_bytes(address, key).await {
        Err(Trouble::Refused(_)) => None,
        found => found?,
    };
    let read = |bytes: Vec<u8>| {
        entry::read(&bytes, &record.fields, &outputs(setting, job), address.signer.as_ref()).is_ok()
    };
    Ok(found.is_some_and(read))
}

/// The bytes of a thing that is there.
async fn size_there(address: &Address, path: &Path) -> Result<Option<u64>, Trouble> {
    match in_time(0, address.store.head(path)).await {
        Ok(there) => Ok(Some(there.size)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(unusable(error)),
    }
}

/// The content of a file in parts, with the digest of all that was read.
struct Parts {
    file: File,
    part: u64,
    hasher: blake3::Hasher,
}

impl Parts {
    /// The next part; an empty one is the end.
    fn next(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.by_ref().take(self.part).read_to_end(&mut bytes)?;
        self.hasher.update(&bytes);
        Ok(bytes)
    }
}

/// Puts a content, unless it is there: the bytes that went; nothing if it is not here, or is not what it should be.
async fn content(
    address: &Address,
    setting: &Setting<'_>,
    digest: Hash,
    replace: bool,
) -> Result<Option<u64>, Trouble> {
    let path = entry::object_path(digest);
    if setting.store.object(digest) != Object::Intact {
        return Ok(None);
    }
    let Ok(file) = File::open(setting.store.object_path(digest)) else { return Ok(None) };
    let Ok(size) = file.metadata().map(|metadata| metadata.len()) else { return Ok(None) };
    if !replace && size_there(address, &path).await? == Some(size) {
        return Ok(Some(0));
    }
    let mut parts = Parts { file, part: PART.max(size / MOST_PARTS + 1), hasher: blake3::Hasher::new() };
    if size <= parts.part {
        let Ok(bytes) = parts.next() else { return Ok(None) };
        if parts.hasher.finalize() != digest {
            return Ok(None);
        }
        in_time(size, address.store.put(&path, bytes.into())).await.map_err(unusable)?;
        return Ok(Some(size));
    }
    let mut put = in_time(0, address.store.put_multipart(&path)).await.map_err(unusable)?;
    let sent = loop {
        match parts.next() {
            Ok(bytes) if bytes.is_empty() => break Ok(parts.hasher.finalize() == digest),
            Ok(bytes) => {
                if let Err(error) = in_time(parts.part, put.put_part(bytes.into())).await {
                    break Err(unusable(error));
                }
            }
            Err(_) => break Ok(false),
        }
    };
    if !matches!(sent, Ok(true)) {
        // What cannot be taken back now the store forgets by its own rules.
        let _ = in_time(0, put.abort()).await;
        return sent.map(|_| None);
    }
    in_time(0, put.complete()).await.map_err(unusable)?;
    Ok(Some(size))
}
