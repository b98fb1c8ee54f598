//! One runner at a time on one folder: the second says who holds it, and waits.

use crate::errors::{Error, io_error};
use crate::files::Project;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::time::{SystemTime, UNIX_EPOCH};

/// The lock, until it is dropped or its process ends in whatever way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    /// Whether another runner had it first.
    pub waited: bool,
}

/// Takes the lock; `tell` is called with who holds it if that takes waiting.
pub fn acquire(project: &Project, tell: impl FnOnce(&str)) -> Result<Lock, Error> {
    let path = project.state("lock");
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
    let text = format!("process {} since {}\n", std::process::id(), utc(SystemTime::now()));
    let write = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
    write.map_err(io_error("write", &path))?;
    Ok(Lock { _file: file, waited })
}

/// As in `2026-01-31 23:59:59 UTC`.
fn utc(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, in which leap days come last (Howard Hinnant, "chrono-compatible algorithms").
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year + era * 400 + carry;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{date:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_written_in_utc() {
        let at = |seconds| utc(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(at(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(at(1_767_225_599), "2025-12-31 23:59:59 UTC");
    }
}
