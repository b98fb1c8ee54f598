//! The history of runs, for the runner and for any tool that reads Parquet: `runs/RUN.parquet` has one row, for the
//! run; `jobs/RUN.parquet` has one row for each job that was wanted.
//!
//! Every run adds its own two files and touches no other, so runs can't damage each other's history, and any of the
//! files may be removed. Their columns stand in [`columns`], apart from the tables that pass between stages: no stage
//! reads or writes these two.
//!
//! ```sql
//! SELECT stage, median(seconds) FROM '.priorscope/history/jobs/*.parquet' WHERE state = 'done' GROUP BY stage
//! ```

mod columns;
mod critical_path;
mod error;
mod name;
mod read;
mod write;

use std::time::SystemTime;

pub use critical_path::critical_path;
pub use error::Error;
pub use name::new_run_name;
pub use read::{Runs, jobs, runs};
pub use write::write;

/// What a run was.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its name, from [`new_run_name`].
    pub run: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// When it began; kept to the microsecond.
    pub started: SystemTime,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Jobs that ran and did their work.
    pub jobs_done: u32,
    /// Jobs whose work an earlier run had done.
    pub jobs_up_to_date: u32,
    /// Those of them that came from the shared cache.
    pub jobs_fetched: u32,
    /// The bytes that came from there.
    pub fetched_bytes: u64,
    /// Jobs that failed.
    pub jobs_failed: u32,
    /// Jobs that were wanted and did not run.
    pub jobs_not_run: u32,
    /// Whether the user stopped it.
    pub interrupted: bool,
    /// The targets, separated by spaces; empty where all jobs were wanted.
    pub targets: String,
    /// The threads that it might use.
    pub threads: u32,
    /// The sum of the seconds along its critical path.
    pub critical_path_seconds: f64,
    /// The sum of the seconds of the jobs that ran.
    pub work_seconds: f64,
    /// The sum of the seconds that the jobs that were up to date took when they ran.
    pub saved_seconds: f64,
    /// The runner's version.
    pub runner_version: String,
}

/// What became of a job in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The run's name.
    pub run: String,
    /// Its name, as in `train@network=cnn1,seed=1`.
    pub job: String,
    /// Its stage.
    pub stage: String,
    /// Its cell, as in `network=cnn1,seed=1`; empty for a stage without cells.
    pub cell: String,
    /// What became of it.
    pub state: State,
    /// Why it ran.
    pub reason: String,
    /// Its key, in hexadecimal digits; empty where it has none.
    pub key: String,
    /// When it began; none where it did not run. Kept to the microsecond.
    pub started: Option<SystemTime>,
    /// How long it took, in seconds; where it was up to date, how long it took when it ran.
    pub seconds: f64,
    /// Seconds of all processors together, if known.
    pub cpu_seconds: Option<f64>,
    /// The most bytes of memory that it had at once, if known.
    pub peak_memory: Option<u64>,
    /// The threads that it was given; none where it did not run.
    pub threads: Option<u32>,
    /// How often it was started.
    pub attempts: u32,
    /// Whether it is on the run's critical path.
    pub critical: bool,
    /// The bytes of its outputs.
    pub output_bytes: u64,
    /// The bytes that came from the shared cache, if it came from there.
    pub fetched_bytes: Option<u64>,
}

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It ran and did its work.
    Done,
    /// It ran and failed.
    Failed,
    /// An earlier run had done its work.
    UpToDate,
    /// It did not run.
    NotRun,
    /// It was ended because the user wanted to stop.
    Stopped,
}

impl State {
    /// Every state.
    pub const ALL: [State; 5] = [State::Done, State::Failed, State::UpToDate, State::NotRun, State::Stopped];

    /// The word for it, in the table and for people.
    pub fn word(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Failed => "failed",
            State::UpToDate => "up to date",
            State::NotRun => "not run",
            State::Stopped => "stopped",
        }
    }

    /// The state of that word.
    pub fn of_word(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }
}
