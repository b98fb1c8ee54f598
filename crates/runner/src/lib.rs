//! The runner as a library: from a pipeline file to a plan, and from a plan to results.
//!
//! The way of the data: `yaml` reads text, `pipeline` checks its shape, `programs` asks every program to
//! describe itself, `plan` joins both into a graph, `key` names each job by what it depends on, `store`
//! knows which keys have results, `run` makes the missing ones and `screen` shows it.

pub mod cli;
pub mod command;
pub mod digests;
pub mod dryrun;
pub mod errors;
pub mod files;
pub mod guard;
pub mod history;
pub mod key;
pub mod lock;
pub mod perform;
pub mod programs;
pub mod run;
pub mod schedule;
pub mod screen;
pub mod setting;
pub mod store;
pub mod work;
