//! Digests of files, remembered by size, time and inode, so that a run with nothing to do reads no data; and which file
//! the runner itself has put where in results/, so that a user's is never taken for its own.

use crate::error::{Error, io_error};
use crate::files::{Durable, Project};
use blake3::Hash;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
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

/// The memory on disk.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Saved {
    /// Size, time in ns, inode and digest, by path.
    known: BTreeMap<String, (u64, i64, u64, String)>,
    placed: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct Memory {
    known: HashMap<String, (Stamp, Hash)>,
    /// What the runner put to paths in results/.
    placed: HashMap<String, Hash>,
    /// Those of them that this process put there or removed.
    noted: HashSet<String>,
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
        let (known, placed) = self.saved();
        let mut memory = self.lock();
        memory.known.extend(known);
        memory.placed.extend(placed);
    }

    /// Takes up what another runner remembered of files that are not known here.
    fn merge(&self) {
        let (known, placed) = self.saved();
        let mut memory = self.lock();
        let Memory { known: own, placed: own_placed, noted, forgotten, .. } = &mut *memory;
        for (path, entry) in known.into_iter().filter(|(path, _)| !forgotten.contains(path)) {
            own.entry(path).or_insert(entry);
        }
        own_placed.retain(|path, _| noted.contains(path));
        own_placed.extend(placed.into_iter().filter(|(path, _)| !noted.contains(path)));
    }

    fn saved(&self) -> (HashMap<String, (Stamp, Hash)>, HashMap<String, Hash>) {
        let bytes = fs::read(self.project.state("digests.json")).unwrap_or_default();
        let Saved { known, placed } = serde_json::from_slice(&bytes).unwrap_or_default();
        let entry = |(path, (size, time, inode, digest)): (String, (u64, i64, u64, String))| {
            Some((path, ((size, time, inode), Hash::from_hex(digest).ok()?)))
        };
        let place = |(path, digest): (String, String)| Some((path, Hash::from_hex(digest).ok()?));
        (known.into_iter().filter_map(entry).collect(), placed.into_iter().filter_map(place).collect())
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
        let Memory { known, placed, used, .. } = &mut *memory;
        known.retain(|path, _| used.contains(path) || self.project.path(path).exists());
        placed.retain(|path, _| used.contains(path) || self.project.path(path).symlink_metadata().is_ok());
        let entry = |(path, ((a, b, c), digest)): (&String, &(Stamp, Hash))| {
            (path.clone(), (*a, *b, *c, digest.to_string()))
        };
        let place = |(path, digest): (&String, &Hash)| (path.clone(), digest.to_string());
        let saved =
            Saved { known: known.iter().map(entry).collect(), placed: placed.iter().map(place).collect() };
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

    /// What the runner put to a path in results/, if it did.
    pub fn placed(&self, path: &Path) -> Option<Hash> {
        self.lock().placed.get(&self.project.name_of(path)).copied()
    }

    /// Remembers what the runner put to a path in results/.
    pub fn note_placed(&self, path: &Path, digest: Hash) {
        let name = self.project.name_of(path);
        let mut memory = self.lock();
        memory.noted.insert(name.clone());
        memory.changed |= memory.placed.insert(name, digest) != Some(digest);
    }

    /// Forgets everything about a path from which the runner has removed what it put there.
    pub fn note_removed(&self, path: &Path) {
        self.forget(path);
        let name = self.project.name_of(path);
        let mut memory = self.lock();
        memory.changed |= memory.placed.remove(&name).is_some();
        memory.noted.insert(name);
    }

    /// Every path in results/ to which the runner put something that lies there unchanged, in order.
    pub fn all_placed(&self) -> Vec<(PathBuf, Hash)> {
        let placed: Vec<(String, Hash)> =
            self.lock().placed.iter().map(|(name, digest)| (name.clone(), *digest)).collect();
        let mut placed: Vec<(PathBuf, Hash)> =
            placed.into_iter().map(|(name, digest)| (self.project.path(&name), digest)).collect();
        placed.retain(|(path, digest)| {
            let is_file = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
            is_file && self.digest(path).is_ok_and(|found| found == *digest)
        });
        placed.sort_by(|a, b| a.0.cmp(&b.0));
        placed
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
