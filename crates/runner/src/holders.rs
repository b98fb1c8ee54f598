//! Processes that still work in a job's folder although the run that started them is gone, as after a SIGKILL of the
//! runner and of the job's guard in the same instant.
//!
//! They are known by what they inherit from the guard: the folder in their environment, and its mark, which they hold
//! open; and by the files in it that they write to.

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::process::{Signal, pidfd_send_signal};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

/// The variable of the environment that names the folder of the job that a process belongs to.
pub const FOLDER: &str = "PRIORSCOPE_WORK";
/// The file of a job's folder that all its processes hold open.
pub const MARK: &str = ".claim";

/// How long processes have to end by themselves, or by their guard's hand, before they are killed.
const GRACE: Duration = Duration::from_secs(1);
/// How long the end of killed processes is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked.
const ROUND: Duration = Duration::from_millis(20);
/// The least number of the open mark: shell scripts have their own use for the lower ones.
const HIGH: i32 = 100;

/// Opens the mark of a folder for this process and all that it starts until the result is dropped.
pub fn hold(folder: &Path) -> io::Result<File> {
    let mark = fcntl_dupfd_cloexec(File::open(folder.join(MARK))?, HIGH)?;
    fcntl_setfd(&mark, FdFlags::empty())?;
    Ok(File::from(mark))
}

/// Ends all processes that still work in a folder. Says whether none is left.
pub fn end(folder: &Path) -> bool {
    let begin = Instant::now();
    loop {
        let left = at_work(folder);
        if left.is_empty() {
            return true;
        }
        if begin.elapsed() > GRACE {
            // One that has ended meanwhile needs no signal.
            left.iter().for_each(|process| {
                let _ = pidfd_send_signal(process, Signal::KILL);
            });
        }
        if begin.elapsed() > GRACE + PATIENCE {
            return false;
        }
        std::thread::sleep(ROUND);
    }
}

/// None can be found where the system has no /proc.
#[cfg(not(target_os = "linux"))]
fn at_work(_folder: &Path) -> Vec<OwnedFd> {
    Vec::new()
}

/// The other processes of this user that work in a folder.
#[cfg(target_os = "linux")]
fn at_work(folder: &Path) -> Vec<OwnedFd> {
    use rustix::process::{Pid, PidfdFlags, getpid, pidfd_open};
    let Ok(folder) = folder.canonicalize() else { return Vec::new() };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let process = |entry: std::fs::DirEntry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        // Opened first, so that it is the process that is looked at which will be killed.
        let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        (pid != getpid() && works_in(&entry.path(), &folder)).then_some(process)
    };
    entries.filter_map(process).collect()
}

/// Whether a process, given by its folder in /proc, works in a folder. Who only reads there, such as a pager, does not.
#[cfg(target_os = "linux")]
fn works_in(process: &Path, folder: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let variable = [FOLDER.as_bytes(), b"=", folder.as_os_str().as_bytes()].concat();
    let environment = std::fs::read(process.join("environ")).unwrap_or_default();
    if environment.split(|byte| *byte == 0).any(|entry| entry == variable) {
        return true;
    }
    let mut files = std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    files.any(|file| {
        let path = std::fs::read_link(file.path()).unwrap_or_default();
        let about = || std::fs::read_to_string(process.join("fdinfo").join(file.file_name()));
        path == folder.join(MARK)
            || path.starts_with(folder) && about().is_ok_and(|about| is_written_to(&about))
    })
}

/// Whether an open file may be written to, as /proc tells it: the two lowest bits of its flags are 0 if it may not.
#[cfg(target_os = "linux")]
fn is_written_to(about: &str) -> bool {
    let flags = about.lines().find_map(|line| line.strip_prefix("flags:"));
    flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok()).is_some_and(|flags| flags & 3 != 0)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn who_writes_or_belongs_to_a_folder_works_in_it_and_a_reader_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let sleep = || {
            let mut sleep = Command::new("sleep");
            sleep.arg("60").env_clear();
            sleep
        };
        let mut reader = sleep().stdin(File::open(&file).unwrap()).spawn().unwrap();
        assert!(at_work(folder.path()).is_empty());
        let mut writer = sleep().stdout(File::options().append(true).open(&file).unwrap()).spawn().unwrap();
        assert_eq!(at_work(folder.path()).len(), 1);
        let name = folder.path().canonicalize().unwrap();
        let mut member = sleep().env(FOLDER, name).stdin(Stdio::null()).spawn().unwrap();
        assert_eq!(at_work(folder.path()).len(), 2);
        let waiting = std::thread::spawn(move || (writer.wait().unwrap(), member.wait().unwrap()));
        assert!(end(folder.path()));
        waiting.join().unwrap();
        assert!(reader.try_wait().unwrap().is_none());
        reader.kill().unwrap();
        reader.wait().unwrap();
    }
}
