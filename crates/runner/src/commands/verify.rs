//! `runner verify`: rereads everything that is remembered, and forgets what is not as it was.

use super::answer;
use crate::errors::Error;
use crate::phrases::{bytes, counted};
use blake3::Hash;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use store::digests;
use store::key;
use store::{Record, Store};

#[derive(Default, Serialize)]
struct Verification {
    objects: usize,
    records: usize,
    files: usize,
    bytes: u64,
    damaged: Vec<Damage>,
}

#[derive(Serialize)]
struct Damage {
    path: PathBuf,
    what: &'static str,
}

/// Rereads the store, the records and every file whose digest is remembered. Says whether all was right.
/// Damaged objects and records are removed, so that the next run makes them again; files in results/ and inputs
/// are only looked at anew.
pub fn verify(store: &Store, quiet: bool, json: bool) -> Result<bool, Error> {
    let mut found = Verification::default();
    let objects = store.objects()?;
    let objects_folder = store.project.cache("objects");
    let files: Vec<(PathBuf, Hash)> =
        store.digests.all().into_iter().filter(|(path, _)| !path.starts_with(&objects_folder)).collect();
    let size = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let total = objects.iter().map(|object| object.size).sum::<u64>()
        + files.iter().map(|(path, _)| size(path)).sum::<u64>();
    let bar = ProgressBar::new(total);
    if quiet || json || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("reading {bar:24} {bytes}/{total_bytes}  {eta} left") {
        bar.set_style(style);
    }
    for object in objects {
        found.objects += 1;
        found.bytes += object.size;
        bar.inc(object.size);
        if !digests::hash(&object.path).is_ok_and(|digest| digest == object.digest) {
            store.digests.forget(&object.path);
            let _ = fs::remove_file(&object.path);
            found.damaged.push(Damage {
                path: object.path,
                what: "an output in the store is not what it was; removed",
            });
        }
    }
    for path in store.records()? {
        found.records += 1;
        let record: Option<Record> =
            fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let named = path.file_stem().map(|name| name.to_string_lossy().into_owned());
        if record.is_none_or(|record| Some(key::key(&record.fields).to_string()) != named) {
            let _ = fs::remove_file(&path);
            found.damaged.push(Damage { path, what: "the record of a job is not what it was; removed" });
        }
    }
    for (path, remembered) in files.into_iter().filter(|(path, _)| path.exists()) {
        found.files += 1;
        let size = size(&path);
        found.bytes += size;
        bar.inc(size);
        // A file whose time stamp has changed would be read by the next run anyway.
        if store.digests.digest(&path).is_ok_and(|known| known == remembered)
            && digests::hash(&path).is_ok_and(|digest| digest != remembered)
        {
            store.digests.forget(&path);
            found
                .damaged
                .push(Damage { path, what: "changed without a new time stamp; it will be read again" });
        }
    }
    bar.finish_and_clear();
    let intact = found.damaged.is_empty();
    if !quiet || !intact {
        answer(json, &found, || text(&found))?;
    }
    Ok(intact)
}

fn text(found: &Verification) -> String {
    let Verification { objects, records, files, .. } = found;
    let mut text: String =
        found.damaged.iter().map(|damage| format!("{}: {}\n", damage.path.display(), damage.what)).collect();
    let read = format!(
        "{}, {} and {}, {}",
        counted(*objects, "output"),
        counted(*records, "record"),
        counted(*files, "file"),
        bytes(found.bytes)
    );
    text += &match found.damaged.len() {
        0 => format!("all is as it was: {read} read"),
        n => format!("{n} wrong: {read} read; run the pipeline to make again what is missing"),
    };
    text
}
