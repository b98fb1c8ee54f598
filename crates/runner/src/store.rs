//! The content store: outputs live once under their digest, and results/ holds links to them.

use crate::digests::{self, Digests};
use crate::errors::{Error, io_error};
use crate::files::{self, Durable, Project};
use crate::key::Field;
use blake3::Hash;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
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

/// The right to work on a key, which one runner has at a time.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    lock: File,
}

impl Claim {
    /// A file that is there as long as nobody removes the folder's content.
    fn mark(&self) -> PathBuf {
        self.folder.join(".claim")
    }

    /// Whether the folder is the one that was claimed, and nobody has cleared it since. A stage that goes on from
    /// what it left there could otherwise end well with half of it.
    pub fn is_untouched(&self) -> bool {
        same_file(&self.lock, &self.folder) && self.mark().exists()
    }

    /// Ends the work: what is left in its folder is of no use any more.
    pub fn finish(self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn same_file(open: &File, path: &Path) -> bool {
    let name = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (open.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(now)) => name(open) == name(now),
        _ => false,
    }
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
        self.project.cache("objects").join(&hex[..2]).join(&hex[2..])
    }

    fn record_path(&self, key: Hash) -> PathBuf {
        self.project.cache("jobs").join(format!("{key}.json"))
    }

    /// The folder in which a job works.
    pub fn work_folder(&self, key: Hash) -> PathBuf {
        self.project.cache("work").join(key.to_hex().as_str())
    }

    /// The names of all folders in which jobs work or have worked.
    pub fn work_folders(&self) -> HashSet<String> {
        let entries = fs::read_dir(self.project.cache("work")).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| Hash::from_hex(name).is_ok()).collect()
    }

    /// Claims the work on a key, or `None` while another runner works on it.
    pub fn claim(&self, key: Hash) -> Result<Option<Claim>, Error> {
        let folder = self.work_folder(key);
        for _ in 0..100 {
            self.project.make_parent(&folder.join("x"))?;
            let Ok(lock) = File::open(&folder) else { continue };
            match lock.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(io_error("lock", &folder)(error)),
                // The folder may have been removed and made anew before it was locked.
                Ok(()) if same_file(&lock, &folder) => {
                    let claim = Claim { folder, lock };
                    let mark = claim.mark();
                    File::create(&mark).map_err(io_error("write", &mark))?;
                    return Ok(Some(claim));
                }
                Ok(()) => {}
            }
        }
        Err(Error::Usage(format!("{} is removed again and again", folder.display())))
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
        let size = metadata.len();
        let object = self.object_path(digest);
        if self.object(digest) == Object::Intact {
            fs::remove_file(file).map_err(io_error("remove", file))?;
            return Ok((digest, size));
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
            self.digests.remember(&object, &metadata, digest);
        }
        Ok((digest, size))
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

    /// Puts an output to its place in results/. What a user has put there instead is kept beside it.
    pub fn place(&self, digest: Hash, relative: &str) -> Result<Placed, Error> {
        let path = self.project.path(relative);
        let mut placed = Placed::Linked;
        if let Ok(metadata) = fs::symlink_metadata(&path) {
            let known = self.digests.knows(&path);
            // A link or a folder is none of ours, whatever it leads to.
            let found = if metadata.is_file() { self.digests.digest(&path).ok() } else { None };
            if found == Some(digest) {
                return Ok(Placed::There);
            }
            if found.is_none_or(|found| self.object(found) != Object::Intact) {
                let kept = free_name(&path);
                fs::rename(&path, &kept).map_err(io_error("rename", &path))?;
                let name = kept.file_name().unwrap_or_default().to_string_lossy();
                let path = path.display();
                let note = if known {
                    format!("{path} was edited: kept your version as {name}, restored")
                } else {
                    format!("{path} was not made by this cache: kept it as {name}")
                };
                placed = Placed::BesideEdit(note);
            }
        }
        self.project.make_parent(&path)?;
        let object = self.object_path(digest);
        let aside = self.project.aside_results()?;
        let linked = fs::hard_link(&object, &aside).and_then(|()| fs::rename(&aside, &path));
        if linked.is_ok() {
            self.digests.remember_link(&object, &path);
            return Ok(placed);
        }
        // Another file system, or one without hard links.
        let _ = fs::remove_file(&aside);
        let beside = path.with_extension("unfinished");
        let _ = fs::remove_file(&beside);
        let copy = || -> io::Result<(Hash, fs::Metadata)> {
            fs::copy(&object, &beside)?;
            let copied = (digests::hash(&beside)?, fs::metadata(&beside)?);
            fs::rename(&beside, &path)?;
            Ok(copied)
        };
        let (copied, metadata) = copy().map_err(|source| {
            let _ = fs::remove_file(&beside);
            io_error("write", &path)(source)
        })?;
        self.digests.remember(&path, &metadata, copied);
        Ok(placed)
    }

    /// Whether the content of an object that is not in the store lies in results/ still.
    pub fn is_in_results(&self, digest: Hash, relative: &str) -> bool {
        let path = self.project.path(relative);
        fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file())
            && self.digests.digest(&path).is_ok_and(|found| found == digest)
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

    /// Removes an output from the store and from results/, unless a user has changed it there.
    pub fn drop_output(&self, digest: Hash, relative: &str) -> Result<(), Error> {
        let path = self.project.path(relative);
        if self.digests.digest(&path).is_ok_and(|found| found == digest) {
            fs::remove_file(&path).map_err(io_error("remove", &path))?;
            self.digests.forget(&path);
        }
        self.drop_object(digest)
    }
}

/// How an output came to its place in results/.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It was there.
    There,
    /// It was put there.
    Linked,
    /// It was put there, and what a user had written there is kept beside it, as the line says.
    BesideEdit(String),
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
