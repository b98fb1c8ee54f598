//! Where the processes of jobs run: on this machine, or on a cluster.

use crate::task::{Stop, Task, Used};
use crate::work::{Event, Failure};
use blake3::Hash;
use std::sync::mpsc::Sender;
use std::time::Duration;

/// A job that is handed over.
#[derive(Debug)]
pub struct Call<'a> {
    /// The job.
    pub job: usize,
    /// Its name.
    pub name: &'a str,
    /// Its key.
    pub key: Hash,
    /// Its processes.
    pub task: &'a Task,
    /// Threads that it gets.
    pub threads: usize,
    /// Memory that its stages say they need, in bytes.
    pub memory: Option<u64>,
    /// The most time that it may take.
    pub timeout: Option<Duration>,
}

/// What is told of a job that ended well.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ran {
    /// What its processes used.
    pub used: Used,
    /// How long they took, in seconds.
    pub seconds: f64,
}

/// Runs the processes of jobs.
pub trait Executor: Sync {
    /// What an earlier runner has handed over for a key and may still be at work, if there is such a thing and this
    /// executor can go on with it.
    ///
    /// # Errors
    /// Where it may be at work, and this executor cannot go on with it.
    fn resume(&self, key: Hash) -> Result<Option<Task>, String>;

    /// Runs the processes of a job, each joined to the next by a pipe, and waits until all of them, and all that they
    /// started, have ended. Meanwhile it tells what it hears of them. A job that is resumed is only waited for.
    fn run(&self, call: &Call, events: &Sender<Event>) -> Result<Ran, Box<Failure>>;

    /// Ends what runs, what is handed over from now on, and what an earlier runner handed over for the keys that nobody has
    /// come to yet; says what it does about that, for who waits.
    fn stop(&self, how: Stop, keys: &[Hash]) -> &'static str;
}
