//! One runner at a time on one pipeline: the second says who holds it, and waits.

use crate::errors::{Error, io_error};
use crate::files::Project;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::time::SystemTime;

/// The lock, until it is dropped or its process ends in whatever way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    /// Whether another runner had it first.
    pub waited: bool,
}

/// Takes the lock of a pipeline; `tell` is called with who holds it if that takes waiting.
pub fn acquire(project: &Project, pipeline: &str, tell: impl FnOnce(&str)) -> Result<Lock, Error> {
    let path = project.state(&format!("locks/{pipeline}"));
    project.make_parent(&path)?;
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(io_error("open", &path))?;
    let waited = match file.try_lock() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = (&file).take(200).read_to_string(&mut holder);
            tell(holder.trim());
            file.lock().map_err(io_error("lock", &path))?;
            true
        }
        Err(TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
    };
    let text = format!(
        "process {} since {}\n",
        std::process::id(),
        humantime::format_rfc3339_seconds(SystemTime::now())
    );
    let write = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
    write.map_err(io_error("write", &path))?;
    Ok(Lock { _file: file, waited })
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
        project.make_parent(&path)?;
        let file =
            OpenOptions::new().create(true).append(true).open(&path).map_err(io_error("open", &path))?;
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
