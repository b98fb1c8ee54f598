//! For tests: made-up programs, and the short ways from a text to its faults and to its graph.

use crate::cells::Cell;
use crate::describe::{self, Description};
use crate::faults::{Fault, Located, located};
use crate::file::Pipeline;
use crate::graph::{Plan, Source};
use crate::planner::{self, Options};
use crate::reader;
use crate::value::Value;
use std::collections::HashMap;

const TRAIN: &str = r#"{"outputs": [{"name": "model", "format": "bin"}, {"name": "history", "format": "csv"}],
    "params": {"required": ["seed"], "properties": {"seed": {"type": "integer", "default": 0}, "epochs": {"type": "integer", "default": 3},
    "network": {"type": "string", "default": "a"}, "labels": {"type": "string", "default": "real"}}}}"#;
const DUMP: &str = r#"{"inputs": [{"name": "model", "format": "bin"}],
    "outputs": [{"name": "layers", "format": "csv"}, {"name": "energies", "schema": "energies", "schema_version": 2, "format": "arrow-stream"}]}"#;
const ESTIMATE: &str = r#"{"inputs": [{"name": "energies", "schema": "energies", "schema_version": 2, "format": "arrow-stream"}],
    "outputs": [{"name": "out", "format": "csv"}]}"#;
const PLOT: &str = r#"{"inputs": [{"name": "tables", "schema": "energies", "schema_version": 2, "format": "parquet", "many": true}],
    "outputs": [{"name": "page", "format": "html"}]}"#;
const JOIN: &str = r#"{"inputs": [{"name": "data", "format": "csv", "many": true}], "outputs": [{"name": "out", "format": "csv"}]}"#;
const KEEP: &str = r#"{"inputs": [{"name": "stream", "format": "arrow-stream"}],
    "outputs": [{"name": "copy", "format": "arrow-stream"}, {"name": "table", "format": "parquet"}]}"#;

/// `train` makes a model, `dump` writes a file and a stream, `estimate` reads the stream, `plot` its table,
/// `join` many files.
pub(crate) fn programs() -> HashMap<String, Description> {
    let texts = [
        ("train", TRAIN),
        ("dump", DUMP),
        ("estimate", ESTIMATE),
        ("plot", PLOT),
        ("join", JOIN),
        ("keep-stream", KEEP),
    ];
    texts.map(|(name, text)| (name.to_owned(), describe::read(text).unwrap())).into()
}

fn text(stages: &str) -> String {
    if stages.starts_with("name:") { stages.to_owned() } else { format!("name: p\nstages:\n{stages}") }
}

/// Reads stages, or a whole file, with settings of the command line.
pub(crate) fn read(stages: &str, sets: &[&str]) -> (Option<Pipeline>, Vec<Fault>) {
    let mut faults = Vec::new();
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let pipeline = reader::read(&text(stages), &sets, &mut faults);
    (pipeline, faults)
}

/// Reads what must be right.
pub(crate) fn right(stages: &str, sets: &[&str]) -> Pipeline {
    let (pipeline, faults) = read(stages, sets);
    assert_eq!(faults, []);
    pipeline.unwrap()
}

/// Everything that is wrong, up to the plan.
pub(crate) fn wrong(stages: &str, sets: &[&str]) -> Vec<Located> {
    let (pipeline, mut faults) = read(stages, sets);
    let plan = pipeline.and_then(|p| planner::plan(&p, &programs(), Options::default(), &mut faults));
    assert!(plan.is_none() && !faults.is_empty(), "{stages}");
    located(&faults, &text(stages))
}

/// Whether a fault says all of these, where the text goes on with `at`.
pub(crate) fn says(stages: &str, sets: &[&str], at: &str, parts: &[&str]) {
    let faults = wrong(stages, sets);
    let text = text(stages);
    let there = |fault: &Located| {
        let line = text.lines().nth(fault.line? - 1)?;
        Some(line.get(fault.column? - 1..)?.starts_with(at))
    };
    let fits = |fault: &Located| {
        let said = format!("{} {}", fault.message, fault.help.as_deref().unwrap_or_default());
        parts.iter().all(|part| said.contains(part)) && there(fault) == Some(true)
    };
    assert!(faults.iter().any(fits), "{at} {parts:?} in {faults:#?}");
}

/// The plan of what must be right.
pub(crate) fn planned(stages: &str, sets: &[&str]) -> Plan {
    let mut faults = Vec::new();
    let plan = planner::plan(&right(stages, sets), &programs(), Options::default(), &mut faults);
    plan.unwrap_or_else(|| panic!("{faults:#?}"))
}

/// The names of all jobs.
pub(crate) fn jobs(plan: &Plan) -> Vec<String> {
    (0..plan.jobs.len()).map(|job| plan.job_name(job)).collect()
}

/// The files that a process reads at a port, and `PROCESS:OUTPUT` for streams.
pub(crate) fn sources(plan: &Plan, process: &str, port: &str) -> Vec<String> {
    let process = plan.processes.iter().find(|p| p.name() == process).unwrap();
    let input = process.inputs.iter().find(|input| input.port == port).unwrap();
    let name = |source: &Source| match source {
        Source::File(path) => path.clone(),
        Source::Output { process, output } => {
            let process = &plan.processes[*process];
            let output = &process.outputs[*output];
            output.file.clone().unwrap_or_else(|| format!("{}:{}", process.name(), output.port))
        }
    };
    input.sources.iter().map(name).collect()
}

/// A cell from a text such as `network=a,seed=1`.
pub(crate) fn cell(text: &str) -> Cell {
    let value = |v: &str| match v.parse() {
        Ok(i) => Value::Integer(i),
        Err(_) => Value::Text(v.to_owned()),
    };
    let pair = |p: &str| p.split_once('=').map(|(a, v)| (a.to_owned(), value(v))).unwrap();
    Cell { axes: text.split(',').filter(|p| !p.is_empty()).map(pair).collect() }
}
