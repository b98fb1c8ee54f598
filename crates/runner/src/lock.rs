//! One runner at a time on one pipeline: the second says who holds it, and waits.

use crate::errors::{Error, io_error};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};
use store::files::Project;

/// The lock, until it is dropped or its process ends in whatever way.
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// Whether another runner had it first.
    pub waited: bool,
    /// What its last holder wrote: who it was, and for which pipeline file.
    text: String,
}

impl Lock {
    /// The pipeline file for which the lock was last taken.
    pub fn signed_by(&self) -> Option<String> {
        self.text.lines().nth(1).map(str::to_owned)
    }

    /// Writes who holds the lock, and for which pipeline file. Who may not write can do no more than look.
    pub fn sign(&mut self, pipeline: &str) {
        let since = humantime::format_rfc3339_seconds(SystemTime::now());
        self.text = format!("process {} since {since}\n{pipeline}\n", std::process::id());
        let write = self.file.set_len(0).and_then(|()| self.file.rewind());
        let _ = write.and_then(|()| self.file.write_all(self.text.as_bytes()));
    }
}

/// How one waits for another runner.
pub struct Waiting<'a> {
    /// Called once, with who holds the lock, as far as that is known.
    pub tell: &'a dyn Fn(&str),
    /// Whether to wait no longer.
    pub stop: &'a dyn Fn() -> bool,
}

/// How often it is looked whether a lock is free.
const ROUND: Duration = Duration::from_millis(20);

impl Waiting<'_> {
    /// Tries until it is given the lock. Says whether that took waiting.
    fn wait(
        &self,
        path: &Path,
        attempt: impl Fn() -> Result<(), TryLockError>,
        holder: impl Fn() -> String,
    ) -> Result<bool, Error> {
        let mut waited = false;
        loop {
            match attempt() {
                Ok(()) => return Ok(waited),
                Err(TryLockError::Error(source)) => return Err(io_error("lock", path)(source)),
                Err(TryLockError::WouldBlock) if !waited => (self.tell)(&holder()),
                Err(TryLockError::WouldBlock) => {}
            }
            if (self.stop)() {
                return Err(Error::Interrupted);
            }
            waited = true;
            std::thread::sleep(ROUND);
        }
    }
}

/// Takes the lock of a pipeline.
pub fn acquire(project: &Project, pipeline: &str, waiting: &Waiting) -> Result<Lock, Error> {
    let path = project.state(&format!("locks/{pipeline}"));
    let file = open(project, &path)?;
    let name = || holder(&file).lines().next().unwrap_or_default().to_owned();
    let waited = waiting.wait(&path, || file.try_lock(), name)?;
    let text = holder(&file);
    Ok(Lock { file, waited, text })
}

/// What stands in the file of a lock.
fn holder(mut file: &File) -> String {
    let mut text = String::new();
    let _ = file.rewind().and_then(|()| file.take(1000).read_to_string(&mut text));
    text
}

/// Opens the file of a lock. In a folder that cannot be written it is only read: a lock needs no more.
fn open(project: &Project, path: &Path) -> Result<File, Error> {
    project.make_parent(path)?;
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    file.or_else(|error| File::open(path).map_err(|_| error)).map_err(io_error("open", path))
}

/// The use of a cache: any number of runs at once, or one command that removes things from it.
#[derive(Debug)]
pub struct CacheUse {
    _file: File,
}

impl CacheUse {
    /// For a run.
    pub fn shared(project: &Project, waiting: &Waiting) -> Result<CacheUse, Error> {
        CacheUse::acquire(project, waiting, File::try_lock_shared)
    }

    /// For a command that cleans the cache.
    pub fn exclusive(project: &Project, waiting: &Waiting) -> Result<CacheUse, Error> {
        CacheUse::acquire(project, waiting, File::try_lock)
    }

    fn acquire(
        project: &Project,
        waiting: &Waiting,
        attempt: fn(&File) -> Result<(), TryLockError>,
    ) -> Result<CacheUse, Error> {
        let path = project.cache("use");
        let file = open(project, &path)?;
        waiting.wait(&path, || attempt(&file), String::new)?;
        Ok(CacheUse { _file: file })
    }
}
