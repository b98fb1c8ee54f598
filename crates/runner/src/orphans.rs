//! Processes whose parent has ended: where the system can (Linux), they come to the nearest process above them that
//! adopts orphans, so that nothing gets away, whatever group it has joined and whatever it made of its environment.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, waitid, waitpid};
use std::collections::HashSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long the end of killed processes is waited for; one that is stuck in the system may take longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a round of kills is given for its effect.
const ROUND: Duration = Duration::from_millis(1);

/// Whether this process adopts orphans.
static ADOPTS: AtomicBool = AtomicBool::new(false);

/// From now on what loses its parent below this process becomes its child. One that has children already, as after
/// `server & exec runner`, stays as it is: it could not tell theirs from its own.
pub fn adopt() {
    #[cfg(target_os = "linux")]
    {
        let looked = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let adopts = waitid(WaitId::All, looked).is_err()
            && rustix::process::set_child_subreaper(Some(rustix::process::getpid())).is_ok();
        ADOPTS.store(adopts, Ordering::Relaxed);
    }
}

/// Kills every child of this process but those that are `spared`, and then what came to it from them, until nothing is
/// left. Says whether that is so.
///
/// Only children are killed: nobody else can have collected one, so its number is still its own.
pub fn end(spared: &HashSet<Pid>) -> bool {
    let deadline = Instant::now() + PATIENCE;
    if !ADOPTS.load(Ordering::Relaxed) {
        return true;
    }
    loop {
        // Without children there is nothing to look for, which is how nearly every job ends.
        if spared.is_empty() && rustix::process::wait(WaitOptions::NOHANG).err() == Some(Errno::CHILD) {
            return true;
        }
        let mut orphans = children();
        orphans.retain(|pid| !spared.contains(pid));
        if !spared.is_empty() && orphans.is_empty() {
            return true;
        }
        for pid in orphans {
            let _ = kill_process(pid, Signal::KILL);
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(ROUND);
    }
}

/// The children of this process; none where the system has no /proc.
fn children() -> Vec<Pid> {
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let child = |entry: fs::DirEntry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        (parent(pid.as_raw_nonzero().get())? == own).then_some(pid)
    };
    entries.filter_map(child).collect()
}

/// The parent of a process, 0 if it is none of this system's; none where the system has no /proc.
pub fn parent(pid: i32) -> Option<i32> {
    // PID (NAME) STATE PARENT ..., and the name may hold anything, text or not.
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
