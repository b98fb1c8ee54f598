//! One runner at a time on one pipeline: the second says who holds it, and waits.

use crate::errors::{Error, io_error};
use crate::files::Project;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::SystemTime;

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

/// Takes the lock of a pipeline; `tell` is called with who holds it if that takes waiting.
pub fn acquire(project: &Project, pipeline: &str, tell: impl FnOnce(&str)) -> Result<Lock, Error> {
    let path = project.state(&format!("locks/{pipeline}"));
    let mut file = open(project, &path)?;
    let waited = match file.try_lock() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock) => {
            tell(holder(&mut file).lines().next().unwrap_or_default());
            file.lock().map_err(io_error("lock", &path))?;
            true
        }
        Err(TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
    };
    let text = holder(&mut file);
    Ok(Lock { file, waited, text })
}

/// What stands in the file of a lock.
fn holder(file: &mut File) -> String {
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
    /// For a run; `wait` is called if a command cleans the cache.
    pub fn shared(project: &Project, wait: impl FnOnce()) -> Result<CacheUse, Error> {
        CacheUse::acquire(project, wait, File::try_lock_shared, File::lock_shared)
    }

    /// For a command that cleans the cache; `wait` is called if runs use it.
    pub fn exclusive(project: &Project, wait: impl FnOnce()) -> Result<CacheUse, Error> {
        CacheUse::acquire(project, wait, File::try_lock, File::lock)
    }

    fn acquire(
        project: &Project,
        wait: impl FnOnce(),
        attempt: fn(&File) -> Result<(), TryLockError>,
        lock: fn(&File) -> std::io::Result<()>,
    ) -> Result<CacheUse, Error> {
        let path = project.cache("use");
        let file = open(project, &path)?;
        match attempt(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                wait();
                lock(&file).map_err(io_error("lock", &path))?;
            }
            Err(TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
        }
        Ok(CacheUse { _file: file })
    }
}
