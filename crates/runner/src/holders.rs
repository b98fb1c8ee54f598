//! Processes that still work in a job's folder although the run that started them is gone, as after a SIGKILL of the
//! runner and of the job's guard in the same instant.
//!
//! They are known by what they inherit from the guard: the folder in their environment, and its mark, which they hold
//! open.

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::process::{Signal, pidfd_send_signal};
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
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

/// Ends all processes that still work in a folder and have no runner any more. Says whether none is left.
pub fn end(folder: &Path) -> bool {
    let begin = Instant::now();
    loop {
        let left = orphans_of(folder);
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

/// The folders in which processes of this user still work that have no runner any more.
pub fn folders() -> HashSet<PathBuf> {
    let processes = proc::processes().filter(|process| !process.is_spared());
    processes.flat_map(|process| process.folders()).collect()
}

/// The processes of this user that work in a folder and have no runner any more.
fn orphans_of(folder: &Path) -> Vec<OwnedFd> {
    let canonical = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let works = |process: &proc::Process| process.folders().contains(&canonical) && !process.is_spared();
    proc::processes().filter(works).map(|process| process.handle).collect()
}

/// What Linux tells of processes.
#[cfg(target_os = "linux")]
mod proc {
    use super::{FOLDER, HIGH, MARK};
    use crate::orphans::parent;
    use crate::task::GUARD;
    use rustix::process::{Pid, PidfdFlags, getpid, pidfd_open};
    use std::ffi::OsStr;
    use std::fs;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::PathBuf;

    /// A process, and a handle that stays its own when its number is given to another.
    pub(super) struct Process {
        pid: i32,
        pub(super) handle: OwnedFd,
    }

    /// All processes but this one, with one handle open at a time: there may be thousands.
    pub(super) fn processes() -> impl Iterator<Item = Process> {
        let own = getpid().as_raw_nonzero().get();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let process = move |entry: fs::DirEntry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok().filter(|pid| *pid != own)?;
            Some(Process { pid, handle: pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()? })
        };
        entries.filter_map(process)
    }

    impl Process {
        /// The folders in which it works: that which its environment names, and those whose open mark it has inherited.
        pub(super) fn folders(&self) -> Vec<PathBuf> {
            self.named().into_iter().chain(self.held()).collect()
        }

        fn named(&self) -> Option<PathBuf> {
            let environment = fs::read(of(self.pid, "environ")).ok()?;
            let prefix = format!("{FOLDER}=");
            let mut entries = environment.split(|byte| *byte == 0);
            let folder = entries.find_map(|entry| entry.strip_prefix(prefix.as_bytes()))?;
            Some(PathBuf::from(OsStr::from_bytes(folder)))
        }

        fn held(&self) -> impl Iterator<Item = PathBuf> {
            let files = fs::read_dir(of(self.pid, "fd")).into_iter().flatten().flatten();
            let inherited = |file: &fs::DirEntry| {
                file.file_name()
                    .to_str()
                    .and_then(|number| number.parse().ok())
                    .is_some_and(|n: i32| n >= HIGH)
            };
            let mark =
                |file: fs::DirEntry| fs::read_link(file.path()).ok().filter(|path| path.ends_with(MARK));
            files.filter(inherited).filter_map(mark).filter_map(|mark| Some(mark.parent()?.to_path_buf()))
        }

        /// Whether it is one from which this runner was started, or works for a runner that lives: what it works in only
        /// has the same name then, as after a folder was moved.
        pub(super) fn is_spared(&self) -> bool {
            let own = getpid().as_raw_nonzero().get();
            line_of(own).any(|pid| pid == self.pid) || line_of(self.pid).any(guards_for_a_runner)
        }
    }

    fn of(pid: i32, name: &str) -> String {
        format!("/proc/{pid}/{name}")
    }

    /// A process, its parent, and so on.
    fn line_of(pid: i32) -> impl Iterator<Item = i32> {
        std::iter::successors(Some(pid), |pid| parent(*pid).filter(|parent| *parent > 0))
    }

    /// Whether a process is a guard whose runner lives: it is the same program's child.
    fn guards_for_a_runner(pid: i32) -> bool {
        let line = fs::read(of(pid, "cmdline")).unwrap_or_default();
        let program = |pid| fs::read_link(of(pid, "exe")).ok();
        line.split(|byte| *byte == 0).nth(1) == Some(GUARD.as_bytes())
            && parent(pid).is_some_and(|parent| program(parent).is_some() && program(parent) == program(pid))
    }
}

/// Where the system has no /proc none can be found.
#[cfg(not(target_os = "linux"))]
mod proc {
    use std::os::fd::OwnedFd;
    use std::path::PathBuf;

    pub(super) struct Process {
        pub(super) handle: OwnedFd,
    }

    pub(super) fn processes() -> impl Iterator<Item = Process> {
        std::iter::empty()
    }

    impl Process {
        pub(super) fn folders(&self) -> Vec<PathBuf> {
            Vec::new()
        }

        pub(super) fn is_spared(&self) -> bool {
            true
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn who_belongs_to_a_folder_is_ended_and_who_reads_or_edits_there_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (mark, file) = (folder.path().join(MARK), folder.path().join("file"));
        std::fs::write(&mark, "").unwrap();
        std::fs::write(&file, "x").unwrap();
        let sleep = || {
            let mut sleep = Command::new("sleep");
            sleep.arg("60").env_clear();
            sleep
        };
        let mut reader = sleep().stdin(File::open(&mark).unwrap()).spawn().unwrap();
        let mut writer = sleep().stdout(File::options().append(true).open(&file).unwrap()).spawn().unwrap();
        assert!(orphans_of(folder.path()).is_empty());
        let name = folder.path().canonicalize().unwrap();
        let mut member = sleep().env(FOLDER, &name).stdin(Stdio::null()).spawn().unwrap();
        assert!(folders().contains(&name));
        let held = hold(folder.path()).unwrap();
        let mut heir = sleep().spawn().unwrap();
        drop(held);
        // A child is known by its environment once it has become another program.
        while orphans_of(folder.path()).len() < 2 {
            std::thread::sleep(ROUND);
        }
        let waiting = std::thread::spawn(move || (member.wait().unwrap(), heir.wait().unwrap()));
        assert!(end(folder.path()));
        waiting.join().unwrap();
        for spared in [&mut reader, &mut writer] {
            assert!(spared.try_wait().unwrap().is_none());
            spared.kill().unwrap();
            spared.wait().unwrap();
        }
    }
}
