//! What every stage shares, so that a stage is only its own logic: a declaration of ports and params, and a function
//! from inputs to outputs.
//!
//! The declaration is a [`Stage`]. From it come the command line, `--help`, and `--describe`, so these can't disagree.
//! Params are a plain struct; its JSON Schema (types, ranges, defaults, help) is derived from it.
//!
//! ```no_run
//! use stage::{Job, Port, Stage};
//!
//! #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
//! #[serde(deny_unknown_fields, default)]
//! struct Params {
//!     /// Seed of all randomness.
//!     seed: u32,
//! }
//! impl Default for Params {
//!     fn default() -> Self {
//!         Params { seed: 1 }
//!     }
//! }
//!
//! const DATASET: Port = Port::input("dataset", &tables::catalogue::DATASET, "images to look at");
//!
//! const STAGE: Stage<Params> = Stage {
//!     name: "look",
//!     version: "0.1.0",
//!     about: "Looks at images.",
//!     example: "look --dataset dataset.parquet",
//!     ports: &[&DATASET],
//!     run: |job, _params| {
//!         let splits = job.read(&DATASET, tables::dataset::read)?;
//!         println!("{} images to train on", splits.train.len());
//!         Ok(())
//!     },
//! };
//!
//! fn main() -> std::process::ExitCode {
//!     stage::main(&STAGE)
//! }
//! ```

mod command_line;
mod describe;
mod digest;
mod error;
mod job;
pub mod lineage;
mod machine;
mod output;
mod params;
mod port;
mod progress;

use std::process::ExitCode;

pub use error::Error;
pub use job::Job;
pub use machine::machine;
pub use output::Output;
pub use params::Params;
pub use port::{Direction, Format, Port};
pub use progress::Progress;

/// A stage: its declaration and its work.
pub struct Stage<P: Params> {
    /// The program's name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// A command line that works, for `--help`.
    pub example: &'static str,
    /// What it reads and writes.
    pub ports: &'static [&'static Port],
    /// Its work.
    pub run: fn(&Job, &P) -> Result<(), Error>,
}

/// What is told of a stage, whatever the type of its params: so that all that follows from it is compiled once.
struct Declaration {
    name: &'static str,
    version: &'static str,
    about: &'static str,
    example: &'static str,
    ports: &'static [&'static Port],
    /// The JSON Schema of its params.
    schema: serde_json::Value,
}

/// Runs a stage as a program: reads the command line, works, and turns an error into a sentence and an exit code
/// (0 done, 1 failed while working, 2 wrong usage, 3 bad input).
pub fn main<P: Params>(stage: &Stage<P>) -> ExitCode {
    let &Stage { name, version, about, example, ports, .. } = stage;
    let declaration = Declaration { name, version, about, example, ports, schema: params::schema::<P>() };
    let job = match command_line::parse(&declaration, std::env::args_os().collect()) {
        Ok(job) => job,
        Err(code) => return code,
    };
    let params: P = match serde_json::from_value(job.params_json().clone()) {
        Ok(params) => params,
        Err(error) => return command_line::wrong_usage(name, &error.to_string()),
    };
    job.end(job.in_pool(&|| (stage.run)(&job, &params)))
}
