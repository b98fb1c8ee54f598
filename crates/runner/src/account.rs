//! What is told of a run: what became of each job, how many ended how, and what each of them took and used.

use crate::judge::Reason;
use crate::task::Used;
use blake3::Hash;
use serde::Serialize;
use std::time::SystemTime;

/// How many jobs are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Made in this run.
    pub done: usize,
    /// Made by an earlier run.
    pub up_to_date: usize,
    /// Failed in this run.
    pub failed: usize,
    /// Left out.
    pub not_run: usize,
    /// Outputs that were put into results/ without having been made in this run.
    pub linked: usize,
    /// How many of the jobs that were up to date came from the shared cache.
    pub fetched: usize,
    /// The bytes that came from there.
    pub fetched_bytes: u64,
    /// How long the jobs that were up to date took when they were made, in seconds.
    pub saved_seconds: f64,
}

/// What is told of a job when the run is over.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Why it ran.
    pub reason: Option<Reason>,
    /// When its last attempt began.
    pub started: Option<SystemTime>,
    /// How long its last attempt took, or took when its outputs were made, in seconds.
    pub seconds: f64,
    /// What its last attempt used.
    pub used: Option<Used>,
    /// Threads that it had.
    pub threads: Option<usize>,
    /// How often it was started.
    pub attempts: u32,
    /// The bytes of its outputs.
    pub bytes: u64,
    /// The bytes that came from the shared cache, if it came from there.
    pub fetched: Option<u64>,
}

/// What a job is to this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No target needs it.
    Unwanted,
    /// Something that it needs is not there yet.
    Waiting,
    /// It must run, and can.
    Ready,
    /// It runs on so many threads.
    Running(usize),
    /// It ran in this run.
    Done,
    /// An earlier run did the same work.
    UpToDate,
    /// It ran and failed, or its inputs could not be read.
    Failed,
    /// It was ended because the user wanted to stop.
    Stopped,
}

/// How a run went.
#[derive(Debug)]
pub struct Outcome {
    /// How many jobs ended how.
    pub counts: Counts,
    /// The user stopped it.
    pub interrupted: bool,
    /// Every job's state.
    pub states: Vec<State>,
    /// Every job's account.
    pub accounts: Vec<Account>,
    /// Every job's key, as far as it is known.
    pub keys: Vec<Option<Hash>>,
}
