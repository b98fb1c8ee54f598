//! How a process is to be run, which changes nothing of what it makes.

use std::time::Duration;

/// How a process is to be run. None of it changes what the process makes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Running {
    /// Threads that it wants.
    pub threads: Option<usize>,
    /// Memory that it needs, in bytes.
    pub memory: Option<u64>,
    /// How often it is tried again after a failure.
    pub retries: u32,
    /// After this time it is killed, and has failed.
    pub timeout: Option<Duration>,
}
