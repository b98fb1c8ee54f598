//! A guard for each job: a small process that leads the job's process group and, when the runner dies in
//! whatever way, kills that group and itself. So nothing that a job started outlives the runner.
//!
//! The runner holds the other end of the guard's stdin; the system closes it when the runner ends, even by
//! SIGKILL. Every process of the job enters the group before its program starts, so there is no moment in
//! which it is unguarded. A process that leaves the group (a daemon, `setsid`) is found by a variable of its
//! environment, where the system has /proc; one that clears its environment, too, is not found.

use rustix::process::{Pid, Signal};
use std::fs;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

/// The variable by which the processes of a job are known; its value is the guard's process id.
const VARIABLE: &str = "PRIORSCOPE_GUARD";

/// The first argument that turns the program into a guard.
pub const ARGUMENT: &str = "--guard-of-a-job";

/// The process group of one job. Dropping it kills what is left of the group.
#[derive(Debug)]
pub struct Group {
    guard: Child,
    pid: Pid,
}

impl Group {
    /// Starts a guard.
    pub fn start() -> io::Result<Group> {
        // The running program even if its file was replaced meanwhile.
        let own = Path::new("/proc/self/exe");
        let program = if own.exists() { own.to_path_buf() } else { std::env::current_exe()? };
        let guard = Command::new(program)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let pid = i32::try_from(guard.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the guard has no process id"))?;
        Ok(Group { guard, pid })
    }

    /// The group, for signals; valid as long as this value is.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Makes a command start inside the group.
    pub fn enter(&self, command: &mut Command) {
        let pid = self.pid.as_raw_nonzero().get();
        command.process_group(pid).env(VARIABLE, pid.to_string());
    }

    /// Kills what is left of the job, in the group and outside.
    pub fn end(&self) {
        self.kill();
        kill_escaped(self.pid);
    }

    /// Kills every process of the group at once.
    fn kill(&self) {
        signal(self.pid, Signal::KILL);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        let _ = self.guard.wait();
    }
}

/// Tells the processes that may have been started after this one: those with a greater number, unless the system
/// has begun again with small numbers since.
fn newer_than(pid: Pid) -> impl Fn(Pid) -> bool {
    let number = |pid: Pid| pid.as_raw_nonzero().get();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let latest: Option<i32> = load.split_whitespace().last().and_then(|number| number.parse().ok());
    let in_order = latest.is_some_and(|latest| latest >= number(pid));
    move |other| other != pid && (!in_order || number(other) > number(pid))
}

/// Kills the processes of a job that have left its group, and what those start meanwhile.
fn kill_escaped(guard: Pid) {
    const ROUNDS: usize = 10;
    let own = rustix::process::getpid();
    let entry = format!("{VARIABLE}={}", guard.as_raw_nonzero());
    let is_newer = newer_than(guard);
    for _ in 0..ROUNDS {
        let mut found = false;
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = process.file_name();
            let pid = name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
            let Some(pid) = pid.filter(|pid| *pid != own && is_newer(*pid)) else { continue };
            let environment = fs::read(process.path().join("environ")).unwrap_or_default();
            if environment.split(|byte| *byte == 0).any(|variable| variable == entry.as_bytes()) {
                found |= rustix::process::kill_process(pid, Signal::KILL).is_ok();
            }
        }
        if !found {
            return;
        }
    }
}

/// Sends a signal to a group; one that is gone already needs none.
pub fn signal(group: Pid, signal: Signal) {
    let _ = rustix::process::kill_process_group(group, signal);
}

/// The guard's own work: waits for the runner's end, then kills its group.
pub fn stand_guard() -> ExitCode {
    // The group is asked to end by a signal that the guard must outlive.
    let ignored = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    for kind in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT, signal_hook::consts::SIGHUP] {
        let _ = signal_hook::flag::register(kind, ignored.clone());
    }
    let mut byte = [0];
    while matches!(io::stdin().read(&mut byte), Err(error) if error.kind() == io::ErrorKind::Interrupted) {}
    kill_escaped(rustix::process::getpid());
    let _ = rustix::process::kill_current_process_group(Signal::KILL);
    ExitCode::SUCCESS
}
