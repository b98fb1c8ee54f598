//! What passes between the runner and the guard of a job: the processes to start, and what became of them.

use crate::words::{Numbers, Progress};
use serde::{Deserialize, Serialize};
use signal_hook::consts::SIGKILL;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// The first argument that turns the program into a guard.
pub const GUARD: &str = "--guard-of-a-job";

/// A job for a guard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// The folder in which they work.
    pub folder: OsString,
    /// Its processes, each joined to the next by a pipe.
    pub steps: Vec<Step>,
}

/// One process of a job, ready to be started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    /// The process's name, as in `train@seed=1`.
    pub name: String,
    /// Its program; as words of the system, for a path need not be text.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its command line as shown.
    pub line: String,
    /// Where its log goes.
    pub log: OsString,
    /// Where in its log this attempt begins, in bytes: behind the earlier attempts of this run.
    pub log_begin: u64,
    /// The most time that it may take.
    pub timeout: Option<Duration>,
}

impl Step {
    /// Its program.
    pub fn program(&self) -> &Path {
        Path::new(&self.program)
    }

    /// Where its log goes.
    pub fn log(&self) -> &Path {
        Path::new(&self.log)
    }
}

/// What the processes of a job used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Used {
    /// Processor time in seconds.
    pub cpu_seconds: f64,
    /// The sum of the most memory that each process had, in bytes.
    pub peak_memory: u64,
}

/// What a guard tells of its job.
#[derive(Debug, Serialize, Deserialize)]
pub enum Told {
    /// A process got on.
    Progress {
        /// Its number in the job.
        step: usize,
        /// How far.
        progress: Progress,
    },
    /// A process tells numbers of a step.
    Numbers {
        /// Its number in the job.
        step: usize,
        /// The numbers.
        numbers: Numbers,
    },
    /// A process has something to say.
    Note {
        /// Its number in the job.
        step: usize,
        /// What it says.
        text: String,
    },
    /// The job has ended, and nothing that it started is left.
    Ended(Ending),
}

/// How the processes of a job ended.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Ending {
    /// The processes that failed by themselves, in that order, and how.
    pub failed: Vec<(usize, Exit)>,
    /// The process that could not be started, if there is one, and why.
    pub unstarted: Option<(usize, String)>,
    /// Whether they were ended because they took too long.
    pub late: bool,
    /// Whether something of the job could not be ended.
    pub stuck: bool,
    /// What they used.
    pub used: Used,
}

impl Ending {
    /// Whether a process was ended by a signal, whoever sent it.
    pub fn was_ended_by(&self, signal: i32) -> bool {
        self.failed.iter().any(|(_, exit)| exit.is_signal(signal))
    }
}

/// How a process ended that did not end well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Nobody knows, for waiting for it failed, with these words.
    Unknown(String),
}

impl Exit {
    /// Whether a signal ended it: itself, or a program that a shell script of it ran, which then ends with 128 and the
    /// signal's number.
    pub fn is_signal(&self, number: i32) -> bool {
        matches!(self, Exit::Signal(signal) if *signal == number)
            || matches!(self, Exit::Code(code) if *code == 128 + number)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Exit::Code(1) => f.write_str("failed while working (exit code 1)"),
            Exit::Code(2) => f.write_str("did not understand its command line (exit code 2)"),
            Exit::Code(3) => f.write_str("found its input wrong (exit code 3)"),
            Exit::Code(code) => write!(f, "ended with exit code {code}"),
            Exit::Signal(signal) => {
                let name = signal_hook::low_level::signal_name(*signal).unwrap_or("unknown");
                let hint =
                    if *signal == SIGKILL { "; the system does that when memory runs out" } else { "" };
                write!(f, "was killed by signal {signal} ({name}{hint})")
            }
            Exit::Unknown(words) => write!(f, "waiting for it failed: {words}"),
        }
    }
}

/// How what runs is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is asked to, and may bring its work to a good end.
    Ask,
    /// It is killed.
    Kill,
    /// It goes on without this runner where it can, and is asked to end elsewhere.
    Leave,
}

/// How long a job that was asked to end has for it before it is killed.
pub const PATIENCE: Duration = Duration::from_secs(5);
