//! Where the processes of jobs run: on this machine, or on a cluster.

use crate::task::{Task, Used};
use crate::work::{Event, Failure};
use std::sync::mpsc::Sender;

/// How what runs is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is asked to, and may bring its work to a good end.
    Ask,
    /// It is killed.
    Kill,
}

/// Runs the processes of jobs.
pub trait Executor: Sync {
    /// Runs the processes of a job, each joined to the next by a pipe, and waits until all of them, and all that they
    /// started, have ended. Meanwhile it tells what it hears of them.
    fn run(&self, job: usize, task: &Task, events: &Sender<Event>) -> Result<Used, Box<Failure>>;

    /// Ends what runs, and what is handed over from now on.
    fn stop(&self, how: Stop);
}
