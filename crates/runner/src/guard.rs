//! A guard for each job: a small process that leads the job's process group and, when the runner dies in
//! whatever way, kills that group and itself. So nothing that a job started outlives the runner.
//!
//! The runner holds the other end of the guard's stdin; the system closes it when the runner ends, even by
//! SIGKILL. Every process of the job enters the group before its program starts, so there is no moment in
//! which it is unguarded.

use rustix::process::{Pid, Signal};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

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
        command.process_group(self.pid.as_raw_nonzero().get());
    }

    /// Kills every process of the group at once.
    pub fn kill(&self) {
        signal(self.pid, Signal::KILL);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        let _ = self.guard.wait();
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
    let _ = rustix::process::kill_current_process_group(Signal::KILL);
    ExitCode::SUCCESS
}
