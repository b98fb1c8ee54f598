//! The runner as a library: from a plan to results.
//!
//! The way of the data: `cli` takes the command line (`arguments`), `open` the pipeline (crate `plan`) and its `programs`;
//! the crate `store` names each job by what it depends on and knows which have results, `judge` says whether a job
//! must run and why; `run` makes what is missing, job by job (`perform`), as `schedule` and its limits allow, and `screen`
//! shows it, `live` in a browser, too. Where jobs run is an `executor`'s affair: `local` has a `guard` start their processes,
//! `slurm` a cluster; `on` chooses. `claims` gives each job its folder, and `holders` ends what killed runs left at work
//! there. `remote` is a cache behind the store that other machines share. `preview` judges without running, for the
//! `commands` that change nothing, and `simulation` runs nothing at all: it tells how long a run would take elsewhere.

pub mod account;
mod arguments;
pub mod claims;
pub mod cli;
pub mod command;
pub mod commands;
pub mod errors;
pub mod executor;
pub mod guard;
pub mod guards;
mod holders;
pub mod judge;
pub mod last;
pub mod live;
pub mod local;
pub mod lock;
mod on;
mod open;
pub mod open_files;
pub mod orphans;
pub mod perform;
pub mod phrases;
pub mod preview;
pub mod programs;
pub mod remote;
pub mod run;
pub mod schedule;
pub mod screen;
pub mod setting;
pub mod signals;
pub mod simulation;
pub mod slurm;
pub mod task;
pub mod words;
pub mod work;
