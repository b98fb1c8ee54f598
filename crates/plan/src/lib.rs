//! From the text of pipeline.yaml to the graph of jobs: no file is read, no program is run.
//!
//! The way of the data: `yaml` reads text, `file` checks its shape, `planner` joins it to what programs say of
//! themselves (`describe`, `checks`), unfolds it into cells and joins those (`cells`, `resolve`, `streams`); the
//! result is a `graph`. What is wrong on the way is a list of `faults`, each with its place in the text.

pub mod cells;
pub mod checks;
pub mod describe;
pub mod faults;
pub mod file;
pub mod graph;
pub mod order;
pub mod planner;
pub mod quantities;
pub mod resolve;
pub mod streams;
pub mod targets;
pub mod value;
pub mod yaml;
