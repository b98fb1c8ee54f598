//! Who still works in a job's folder although the run that started it is gone.
//!
//! A guard locks the folder's mark before it starts the job's processes, and they inherit the open mark: the lock
//! lasts as long as one of them lives, even if the runner and the guard were killed in the same instant.

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long processes have to end by themselves, or by their guard's hand, before they are killed.
const GRACE: Duration = Duration::from_secs(1);
/// How long the end of killed processes is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// The least number of the open mark: shell scripts have their own use for the lower ones.
const HIGH: i32 = 100;
/// How often it is looked.
const ROUND: Duration = Duration::from_millis(5);

/// Locks a mark for this process and all that it starts from now on, until the result is dropped and they have ended.
pub fn hold(mark: &Path) -> io::Result<File> {
    let mark = fcntl_dupfd_cloexec(File::open(mark)?, HIGH)?;
    fcntl_setfd(&mark, FdFlags::empty())?;
    let mark = File::from(mark);
    mark.try_lock_shared()?;
    Ok(mark)
}

/// Ends all processes that hold a mark. Says whether that is so.
pub fn end(mark: &File) -> io::Result<bool> {
    let begin = Instant::now();
    loop {
        match mark.try_lock() {
            Ok(()) => return mark.unlock().map(|()| true),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {}
        }
        if begin.elapsed() > GRACE + PATIENCE {
            return Ok(false);
        }
        if begin.elapsed() > GRACE {
            kill_holders(mark)?;
        }
        std::thread::sleep(ROUND);
    }
}

/// Kills every other process of this user that has a file open, where the system can say which these are.
#[cfg(not(target_os = "linux"))]
fn kill_holders(_mark: &File) -> io::Result<()> {
    Ok(())
}

/// Kills every other process of this user that has a file open.
#[cfg(target_os = "linux")]
fn kill_holders(mark: &File) -> io::Result<()> {
    use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    let name = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let mark = name(mark.metadata()?);
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let number = |entry: fs::DirEntry| entry.file_name().to_str().and_then(|name| name.parse().ok());
    for pid in entries.filter_map(number).filter_map(Pid::from_raw) {
        // Opened first, so that it is the process that was looked at which is killed.
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
        let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        let holds = |file: fs::DirEntry| fs::metadata(file.path()).is_ok_and(|file| name(file) == mark);
        if pid != getpid() && files.map(holds).any(|holds| holds) {
            let _ = pidfd_send_signal(process, Signal::KILL);
        }
    }
    Ok(())
}
