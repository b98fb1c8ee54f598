//! From the text of pipeline.yaml to the graph of jobs: no file is read, no program is run.
//!
//! The way of the data: [`read`] takes text to a checked pipeline (`yaml`, then `variables` and `sets`, then
//! the shape in `reader` and `matrix`); `planner` joins it to what programs say of themselves (`describe`,
//! `checks`), unfolds it into cells (`unfold`, `cells`, `groups`) and joins those (`matching`, `resolve`,
//! `keep`, `streams`); the result is a `graph`. What is wrong on the way is a list of `faults`, each with its place
//! in the text. A `profile`, which says how a cluster wants jobs to be asked for, is read in the same way.

pub mod cells;
mod checks;
pub mod describe;
pub mod faults;
pub mod file;
pub mod graph;
mod groups;
mod keep;
mod matching;
mod matrix;
mod order;
pub mod planner;
pub mod profile;
pub mod quantities;
mod reader;
mod resolve;
pub mod running;
mod schema;
mod sets;
mod spot;
mod streams;
pub mod targets;
mod unfold;
pub mod value;
mod variables;
#[cfg(test)]
mod workshop;
pub mod yaml;

pub use keep::{KEEPER, programs};
pub use reader::read;
pub use schema::json_schema;
