//! The guards of a run, as the runner has them. Each is a process that starts the processes of one job after another and
//! sees to it that none of them outlives its job or the runner; see [`crate::guard`] for its own side.

use crate::orphans;
use crate::remote::address;
use crate::task::{GUARD, Task, Told};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};
use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whether guards can end all that they have started; elsewhere what has lost its parent is out of their reach, and they
/// end by their group with each job.
pub const THOROUGH: bool = cfg!(target_os = "linux");

/// The guards of a run.
#[derive(Debug, Default)]
pub struct Guards {
    idle: Mutex<Vec<Group>>,
    all: Arc<Mutex<HashSet<Pid>>>,
}

/// The process group of a job, which its guard leads. Dropping it kills what is left of the group.
#[derive(Debug)]
pub struct Group {
    guard: Child,
    pid: Pid,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Every guard that is not collected.
    all: Arc<Mutex<HashSet<Pid>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // These are valid after every statement, so a thread that panicked has not spoilt them.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Guards {
    /// A guard without a job.
    pub fn take(&self) -> io::Result<Group> {
        while let Some(group) = self.pop() {
            if !group.has_ended(WaitIdOptions::NOHANG) {
                return Ok(group);
            }
        }
        Group::start(self.all.clone())
    }

    fn pop(&self) -> Option<Group> {
        lock(&self.idle).pop()
    }

    /// Keeps a guard whose job is over, and of which nothing is left, for another job.
    pub fn keep(&self, group: Group) {
        if THOROUGH {
            lock(&self.idle).push(group);
        }
    }
}

impl Group {
    fn start(all: Arc<Mutex<HashSet<Pid>>>) -> io::Result<Group> {
        // Nobody may take it for an orphan before it is noted.
        let mut noted = lock(&all);
        let mut guard = command()?;
        let mut guard = guard.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let pid = Pid::from_child(&guard);
        let (Some(input), Some(output)) = (guard.stdin.take(), guard.stdout.take()) else {
            return Err(io::Error::other("it has no pipes"));
        };
        noted.insert(pid);
        drop(noted);
        Ok(Group { guard, pid, input, output: BufReader::new(output), all })
    }

    /// The group, for signals; valid as long as this value is.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Hands a job to the guard.
    pub fn hand(&mut self, task: &Task) -> io::Result<()> {
        let mut line = serde_json::to_vec(task)?;
        line.push(b'\n');
        self.input.write_all(&line)
    }

    /// What the guard has to tell next; nothing if it has ended.
    pub fn hear(&mut self) -> Option<Told> {
        let mut line = String::new();
        self.output.read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    }

    /// Kills what is left of a job whose guard was killed: its orphans have come to the runner.
    pub fn end_orphans(&self) {
        signal(self.pid, Signal::KILL);
        self.has_ended(WaitIdOptions::empty());
        orphans::end(&lock(&self.all));
    }

    /// Whether the guard has ended; it is not collected yet, so that its number stays its own.
    fn has_ended(&self, how: WaitIdOptions) -> bool {
        let looked = waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | how);
        !matches!(looked, Ok(None))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let mut all = lock(&self.all);
        signal(self.pid, Signal::KILL);
        let _ = self.guard.wait();
        all.remove(&self.pid);
    }
}

/// Sends a signal to a group; one that is gone already needs none.
pub fn signal(group: Pid, signal: Signal) {
    let _ = rustix::process::kill_process_group(group, signal);
}

/// A guard to be started. The runner holds the other end of its stdin, which the system closes when the runner
/// ends, even by SIGKILL.
pub fn command() -> io::Result<Command> {
    // The running program even if its file was replaced meanwhile.
    let own = Path::new("/proc/self/exe");
    let program = if own.exists() { own.to_path_buf() } else { std::env::current_exe()? };
    let mut command = Command::new(program);
    address::withhold(&mut command);
    command.arg(GUARD).stdin(Stdio::piped()).process_group(0);
    Ok(command)
}
