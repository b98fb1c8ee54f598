//! The content store: outputs live once under their digest, and results/ holds links to them.

use crate::digests::{self, Digests};
use crate::errors::{Error, io_error};
use crate::files::{self, Project};
use crate::key::Field;
use blake3::Hash;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What is kept of a job that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The job's name when it ran; of no importance to its key.
    pub job: String,
    /// How long it took.
    pub seconds: f64,
    /// Its outputs.
    pub outputs: Vec<Kept>,
    /// What it depended on.
    pub fields: Vec<Field>,
}

/// An output in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The number of its process in the job.
    pub process: usize,
    /// Its port.
    pub port: String,
    /// The digest of its content.
    pub digest: String,
    /// Its bytes.
    pub size: u64,
}

impl Record {
    /// The digest of an output.
    pub fn digest(&self, process: usize, port: &str) -> Option<Hash> {
        let kept = self.outputs.iter().find(|kept| kept.process == process && kept.port == port)?;
        Hash::from_hex(&kept.digest).ok()
    }
}

/// The store of one project.
#[derive(Clone, Copy, Debug)]
pub struct Store<'a> {
    /// Where it is.
    pub project: &'a Project,
    /// The memory of digests.
    pub digests: &'a Digests<'a>,
}

/// Whether an object is in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// It is there and its content is right.
    Intact,
    /// It is not there.
    Missing,
    /// It is there, and somebody has written into it.
    Damaged,
}

impl Store<'_> {
    fn object_path(&self, digest: Hash) -> PathBuf {
        let hex = digest.to_hex();
        self.project.state("objects").join(&hex[..2]).join(&hex[2..])
    }

    fn record_path(&self, key: Hash) -> PathBuf {
        self.project.state("jobs").join(format!("{key}.json"))
    }

    /// The folder in which a job works.
    pub fn work_folder(&self, key: Hash) -> PathBuf {
        self.project.state("work").join(key.to_hex().as_str())
    }

    /// The names of all folders in which jobs work or have worked.
    pub fn work_folders(&self) -> HashSet<String> {
        let entries = fs::read_dir(self.project.state("work")).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    /// Looks at an object without changing anything.
    pub fn object(&self, digest: Hash) -> Object {
        match self.digests.digest(&self.object_path(digest)) {
            Ok(found) if found == digest => Object::Intact,
            Ok(_) => Object::Damaged,
            Err(_) => Object::Missing,
        }
    }

    /// The record of a key. One that cannot be read counts as none: the job runs again.
    pub fn record(&self, key: Hash) -> Option<Record> {
        serde_json::from_slice(&fs::read(self.record_path(key)).ok()?).ok()
    }

    /// Keeps the record of a key. Its outputs must be in the store already.
    pub fn keep_record(&self, key: Hash, record: &Record) -> Result<(), Error> {
        let path = self.record_path(key);
        let json = serde_json::to_vec_pretty(record);
        let bytes = json.map_err(std::io::Error::from).map_err(io_error("write", &path))?;
        self.project.write_whole(&path, &bytes)
    }

    /// Moves a finished file into the store and makes it read-only.
    pub fn keep(&self, file: &Path) -> Result<(Hash, u64), Error> {
        let keep = || -> std::io::Result<(Hash, u64)> {
            File::open(file)?.sync_all()?;
            Ok((digests::hash(file)?, fs::metadata(file)?.len()))
        };
        let (digest, size) = keep().map_err(io_error("read", file))?;
        let object = self.object_path(digest);
        if self.object(digest) == Object::Intact {
            fs::remove_file(file).map_err(io_error("remove", file))?;
            return Ok((digest, size));
        }
        self.project.make_parent(&object)?;
        let put = || -> std::io::Result<()> {
            fs::set_permissions(file, fs::Permissions::from_mode(0o444))?;
            fs::rename(file, &object)?;
            files::sync_parent(&object)?;
            self.digests.remember(&object, digest)
        };
        put().map_err(io_error("keep", &object))?;
        Ok((digest, size))
    }

    /// Puts an output to its place in results/. What a user has put there instead is kept beside it, and
    /// told in the returned line.
    pub fn place(&self, digest: Hash, relative: &str) -> Result<Option<String>, Error> {
        let path = self.project.path(relative);
        let mut note = None;
        if let Ok(metadata) = fs::symlink_metadata(&path) {
            // A read-only file that nothing is remembered of is a result whose cache was removed.
            let ours = metadata.is_file() && metadata.permissions().readonly() && !self.digests.knows(&path);
            // A link or a folder is none of ours, whatever it leads to.
            let found = if metadata.is_file() { self.digests.digest(&path).ok() } else { None };
            if found == Some(digest) {
                return Ok(None);
            }
            if !ours && found.is_none_or(|found| self.object(found) != Object::Intact) {
                let kept = free_name(&path);
                fs::rename(&path, &kept).map_err(io_error("rename", &path))?;
                let name = kept.file_name().unwrap_or_default().to_string_lossy();
                note = Some(format!("{} was edited: kept your version as {name}, restored", path.display()));
            }
        }
        self.project.make_parent(&path)?;
        let object = self.object_path(digest);
        let aside = self.project.aside()?;
        let linked = fs::hard_link(&object, &aside).and_then(|()| fs::rename(&aside, &path));
        if linked.is_err() {
            // Another file system, or one without hard links.
            let _ = fs::remove_file(&aside);
            let beside = path.with_extension("unfinished");
            let copied = fs::copy(&object, &beside).and_then(|_| fs::rename(&beside, &path));
            copied.map_err(|source| {
                let _ = fs::remove_file(&beside);
                io_error("write", &path)(source)
            })?;
        }
        self.digests.remember(&path, digest).map_err(io_error("read", &path))?;
        Ok(note)
    }

    /// Removes a damaged object from the store. The user's edit stays in results/, which links to it.
    pub fn drop_object(&self, digest: Hash) -> Result<(), Error> {
        let object = self.object_path(digest);
        fs::remove_file(&object).map_err(io_error("remove", &object))
    }
}

/// The first of NAME.edited, NAME.edited2, ... that is free.
fn free_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut number = 1_u64;
    loop {
        let suffix = if number == 1 { String::new() } else { number.to_string() };
        let free = path.with_file_name(format!("{name}.edited{suffix}"));
        if free.symlink_metadata().is_err() {
            return free;
        }
        number += 1;
    }
}
