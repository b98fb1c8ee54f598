//! What passes between the runner and the guard of a job: the processes to start, and what became of them.

use crate::words::{Numbers, Progress};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
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
    pub failed: Vec<(usize, String)>,
    /// The process that could not be started, if there is one, and why.
    pub unstarted: Option<(usize, String)>,
    /// Whether they were ended because they took too long.
    pub late: bool,
    /// Whether something of the job could not be ended.
    pub stuck: bool,
    /// What they used.
    pub used: Used,
}

/// How long a job that was asked to end has for it before it is killed.
pub const PATIENCE: Duration = Duration::from_secs(5);
