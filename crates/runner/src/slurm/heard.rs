//! What is heard of a job in Slurm by who waits for it.

use super::folder::End;
use crate::task::Told;

/// What is heard of a job.
pub enum Heard {
    /// It has begun.
    Began,
    /// It tells something.
    Told(Told),
    /// It has ended and left word of it.
    Ended {
        /// Its word.
        end: End,
        /// What Slurm knows of it beyond that.
        why: Option<String>,
    },
    /// Slurm does not take it, and never will.
    Refused {
        /// What Slurm said.
        words: String,
    },
    /// It is lost.
    Lost {
        /// What became of it.
        what: String,
        /// What Slurm itself wrote of it.
        words: Vec<String>,
    },
    /// It goes on without this runner.
    Left,
}
