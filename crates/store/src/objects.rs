//! The content store: outputs live once under their digest, and the records of jobs say which are whose.

use crate::digests::{self, Digests};
use crate::error::{Error, io_error};
use crate::files::{self, Durable, Project};
use crate::key::Field;
use blake3::Hash;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

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
    /// The bytes of its outputs.
    pub fn bytes(&self) -> u64 {
        self.outputs.iter().map(|kept| kept.size).sum()
    }

    /// The digest of an output.
    pub fn digest(&self, process: usize, port: &str) -> Option<Hash> {
        let kept = self.outputs.iter().find(|kept| kept.process == process && kept.port == port)?;
        Hash::from_hex(&kept.digest).ok()
    }
}

/// A record on disk.
#[derive(Clone, Debug)]
pub struct StoredRecord {
    /// Its file.
    pub path: PathBuf,
    /// Its key.
    pub key: Hash,
    /// What it says; none if it cannot be read.
    pub record: Option<Record>,
    /// When a run last had use of it, to a day.
    pub used: SystemTime,
}

/// An object on disk.
#[derive(Clone, Debug)]
pub struct StoredObject {
    /// Its file.
    pub path: PathBuf,
    /// The digest that its name says.
    pub digest: Hash,
    /// Its bytes.
    pub size: u64,
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
    /// Where an object lies, if it is there.
    pub fn object_path(&self, digest: Hash) -> PathBuf {
        let hex = digest.to_hex();
        self.project.cache("objects").join(&hex[..2]).join(&hex[2..])
    }

    fn record_path(&self, key: Hash) -> PathBuf {
        self.project.cache("jobs").join(format!("{key}.json"))
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

    /// Whether a key has a record.
    pub fn has_record(&self, key: Hash) -> bool {
        self.record_path(key).exists()
    }

    /// Notes that a record is in use, for `gc`. Once a day is enough.
    pub fn touch(&self, key: Hash) {
        let path = self.record_path(key);
        let recent = |at: SystemTime| at.elapsed().is_ok_and(|age| age < Duration::from_secs(86_400));
        if !fs::metadata(&path).and_then(|m| m.modified()).is_ok_and(recent)
            && let Ok(file) = File::open(&path)
        {
            let _ = file.set_modified(SystemTime::now());
        }
    }

    /// Keeps the record of a key. Its outputs must be in the store already.
    pub fn keep_record(&self, key: Hash, record: &Record, durable: Durable) -> Result<(), Error> {
        let path = self.record_path(key);
        let json = serde_json::to_vec_pretty(record);
        let bytes = json.map_err(std::io::Error::from).map_err(io_error("write", &path))?;
        self.project.write_whole(&path, &bytes, durable)
    }

    /// Moves a finished file into the store and makes it read-only.
    pub fn keep(&self, file: &Path, durable: Durable) -> Result<(Hash, u64), Error> {
        let read = || -> std::io::Result<(Hash, fs::Metadata)> {
            let open = File::open(file)?;
            if durable == Durable::Now {
                open.sync_all()?;
            }
            Ok((digests::hash(file)?, open.metadata()?))
        };
        let (digest, metadata) = read().map_err(io_error("read", file))?;
        self.keep_read(file, &metadata, digest, durable)?;
        Ok((digest, metadata.len()))
    }

    /// Does the same with a file that was just read: its digest is known.
    pub fn keep_read(
        &self,
        file: &Path,
        metadata: &fs::Metadata,
        digest: Hash,
        durable: Durable,
    ) -> Result<(), Error> {
        let object = self.object_path(digest);
        if self.object(digest) == Object::Intact {
            return fs::remove_file(file).map_err(io_error("remove", file));
        }
        self.project.make_parent(&object)?;
        let put = || -> std::io::Result<()> {
            if metadata.nlink() > 1 {
                // It is a file of somebody else, too, which must not become read-only or a part of the store.
                let own = self.project.aside_cache().map_err(io::Error::other)?;
                fs::copy(file, &own)?;
                fs::remove_file(file)?;
                fs::set_permissions(&own, fs::Permissions::from_mode(0o444))?;
                return fs::rename(&own, &object);
            }
            fs::set_permissions(file, fs::Permissions::from_mode(0o444))?;
            fs::rename(file, &object)?;
            if durable == Durable::Now { files::sync_parent(&object) } else { Ok(()) }
        };
        put().map_err(io_error("keep", &object))?;
        if metadata.nlink() == 1 {
            self.digests.remember(&object, metadata, digest);
        }
        Ok(())
    }

    /// All objects, in the order of their digests.
    pub fn objects(&self) -> Result<Vec<StoredObject>, Error> {
        let mut objects = Vec::new();
        for folder in entries(&self.project.cache("objects"))?.into_iter().filter(|folder| folder.is_dir()) {
            for path in entries(&folder)? {
                let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                // What is not named by a digest is none of the runner's.
                let Ok(digest) = Hash::from_hex(format!("{}{}", name(&folder), name(&path))) else {
                    continue;
                };
                let size = fs::metadata(&path).map_err(io_error("read", &path))?.len();
                objects.push(StoredObject { path, digest, size });
            }
        }
        Ok(objects)
    }

    /// The files of all records, in the order of their keys.
    pub fn records(&self) -> Result<Vec<PathBuf>, Error> {
        let mut records = entries(&self.project.cache("jobs"))?;
        let is_key = |name: &std::ffi::OsStr| Hash::from_hex(name.as_encoded_bytes()).is_ok();
        records
            .retain(|path| path.extension() == Some("json".as_ref()) && path.file_stem().is_some_and(is_key));
        Ok(records)
    }

    /// Reads the file of a record.
    pub fn read_record(&self, path: &Path) -> StoredRecord {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let record = fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let used = fs::metadata(path).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let nameless = blake3::hash(name.as_bytes());
        StoredRecord {
            path: path.to_path_buf(),
            key: Hash::from_hex(&name).unwrap_or(nameless),
            record,
            used,
        }
    }

    /// Puts an object back into the store from its link in results/: another pipeline, for which it was temporary,
    /// has dropped it.
    pub fn adopt(&self, digest: Hash, relative: &str) -> Result<(), Error> {
        let (path, object) = (self.project.path(relative), self.object_path(digest));
        self.project.make_parent(&object)?;
        let aside = self.project.aside_cache()?;
        let adopt = || -> io::Result<()> {
            fs::hard_link(&path, &aside).or_else(|_| fs::copy(&path, &aside).map(drop))?;
            fs::rename(&aside, &object)
        };
        adopt().map_err(io_error("keep", &object))
    }

    /// Removes an object from the store: one that is damaged, or that nothing needs. A user's edit stays in
    /// results/, which links to it.
    pub fn drop_object(&self, digest: Hash) -> Result<(), Error> {
        let object = self.object_path(digest);
        self.digests.forget(&object);
        match fs::remove_file(&object) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", &object)(error)),
            _ => Ok(()),
        }
    }
}

/// What is in a folder, sorted; nothing if there is no folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let found = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found.map_err(io_error("read", folder))?,
    };
    let paths: io::Result<Vec<PathBuf>> = found.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(io_error("read", folder))?;
    paths.sort();
    Ok(paths)
}
