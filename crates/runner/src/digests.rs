//! Digests of files, remembered by size, time and inode, so that a run with nothing to do reads no data.

use crate::errors::{Error, io_error};
use crate::files::{Durable, Project};
use blake3::Hash;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Size, time of the last change in ns, inode.
type Stamp = (u64, i64, u64);

/// The memory of digests, shared by all threads.
#[derive(Debug)]
pub struct Digests<'a> {
    project: &'a Project,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    known: HashMap<String, (Stamp, Hash)>,
    used: HashSet<String>,
    forgotten: HashSet<String>,
    changed: bool,
}

/// Within this time of its last change a file may change again without a new time stamp.
const TICK: Duration = Duration::from_millis(20);

fn stamp(metadata: &fs::Metadata) -> Stamp {
    let time = metadata.mtime().wrapping_mul(1_000_000_000).wrapping_add(metadata.mtime_nsec());
    (metadata.size(), time, metadata.ino())
}

impl<'a> Digests<'a> {
    /// Loads what earlier runs remembered; a damaged memory only costs reading the files again.
    pub fn load(project: &'a Project) -> Digests<'a> {
        let digests = Digests { project, memory: Mutex::default() };
        digests.reload();
        digests
    }

    /// Takes up what another runner remembered meanwhile.
    pub fn reload(&self) {
        let saved = self.saved();
        self.lock().known.extend(saved);
    }

    /// Takes up what another runner remembered of files that are not known here.
    fn merge(&self) {
        let saved = self.saved();
        let mut memory = self.lock();
        for (path, entry) in saved {
            if !memory.forgotten.contains(&path) {
                memory.known.entry(path).or_insert(entry);
            }
        }
    }

    fn saved(&self) -> HashMap<String, (Stamp, Hash)> {
        type Saved = HashMap<String, (u64, i64, u64, String)>;
        let bytes = fs::read(self.project.state("digests.json")).unwrap_or_default();
        let saved: Saved = serde_json::from_slice(&bytes).unwrap_or_default();
        let entry = |(path, (size, time, inode, digest)): (String, (u64, i64, u64, String))| {
            Some((path, ((size, time, inode), Hash::from_hex(digest).ok()?)))
        };
        saved.into_iter().filter_map(entry).collect()
    }

    /// Keeps the memory for later runs, if it changed.
    pub fn save(&self) -> Result<(), Error> {
        if !self.lock().changed {
            return Ok(());
        }
        // An object that is vouched for must be what it is even after a power cut: all others are read again.
        self.project.sync_cache()?;
        // A runner of another pipeline of this folder may have saved meanwhile.
        self.merge();
        let mut memory = self.lock();
        let Memory { known, used, .. } = &mut *memory;
        known.retain(|path, _| used.contains(path) || self.project.path(path).exists());
        let saved: std::collections::BTreeMap<&String, (u64, i64, u64, String)> = known
            .iter()
            .map(|(path, ((a, b, c), digest))| (path, (*a, *b, *c, digest.to_string())))
            .collect();
        let path = self.project.state("digests.json");
        let bytes = serde_json::to_vec(&saved).map_err(io::Error::from).map_err(io_error("write", &path))?;
        self.project.write_whole(&path, &bytes, Durable::Now)?;
        memory.changed = false;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        // The memory is valid after every statement, so a thread that panicked has not spoilt it.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The digest of a file's content. The file is read only if it changed since it was last read.
    pub fn digest(&self, path: &Path) -> io::Result<Hash> {
        let name = self.project.name_of(path);
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        let before = stamp(&metadata);
        {
            let mut memory = self.lock();
            if let Some((known, digest)) = memory.known.get(&name).copied()
                && known == before
            {
                memory.used.insert(name);
                return Ok(digest);
            }
        }
        let digest = hash(path)?;
        let after = fs::metadata(path)?;
        let settled = SystemTime::now().duration_since(after.modified()?).is_ok_and(|age| age > TICK);
        if settled && stamp(&after) == before {
            self.insert(name, before, digest);
        }
        Ok(digest)
    }

    /// Whether anything is remembered of this path.
    pub fn knows(&self, path: &Path) -> bool {
        self.lock().known.contains_key(&self.project.name_of(path))
    }

    /// Remembers the digest of a file that the runner puts there. `metadata` is that of the file which was read:
    /// somebody may have put another one in its place since.
    pub fn remember(&self, path: &Path, metadata: &fs::Metadata, digest: Hash) {
        self.insert(self.project.name_of(path), stamp(metadata), digest);
    }

    /// Remembers of a path what is remembered of the file that it is a link to.
    pub fn remember_link(&self, file: &Path, link: &Path) {
        let known = self.lock().known.get(&self.project.name_of(file)).copied();
        if let Some((stamp, digest)) = known {
            self.insert(self.project.name_of(link), stamp, digest);
        }
    }

    /// Forgets what is remembered of a path, so that the file is read when it is next asked for.
    pub fn forget(&self, path: &Path) {
        let name = self.project.name_of(path);
        let mut memory = self.lock();
        memory.changed |= memory.known.remove(&name).is_some();
        memory.forgotten.insert(name);
    }

    /// Every path of which something is remembered, as it is written from the pipeline's folder, with its digest.
    pub fn all(&self) -> Vec<(PathBuf, Hash)> {
        let memory = self.lock();
        let mut all: Vec<(PathBuf, Hash)> =
            memory.known.iter().map(|(name, (_, digest))| (self.project.path(name), *digest)).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    fn insert(&self, name: String, stamp: Stamp, digest: Hash) {
        let mut memory = self.lock();
        memory.used.insert(name.clone());
        memory.changed |= memory.known.insert(name, (stamp, digest)) != Some((stamp, digest));
    }
}

/// The digest of a file's content. It is read rather than mapped: a mapped file that shrinks kills its reader.
pub fn hash(path: &Path) -> io::Result<Hash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize())
}
