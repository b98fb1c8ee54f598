//! What a job depends on, as a list of named texts, and the one digest of that list which is its key.
//!
//! The list is kept beside the results, so that "why does this run" is answered by the same list that
//! decides whether it runs. Threads, paths, the names of stages and the text of the YAML are not in it.

use blake3::Hash;
use plan::graph::{InputPort, Job, Process, Source};
use serde::Serialize;
use std::collections::HashMap;
use std::fmt;

/// A named text that a job depends on, such as `param seed` and `integer 1`.
pub type Field = (String, String);

/// Lists what a job depends on. `program` gives the digest of a program, `file` that of an input; `None`
/// as a digest means that the input is not made yet, and then there is no list.
pub fn fields(
    processes: &[Process],
    job: &Job,
    program: impl Fn(&str) -> Option<Hash>,
    file: impl Fn(&Source) -> Option<Hash>,
) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    for (number, process) in job.processes.iter().map(|p| &processes[*p]).enumerate() {
        let prefix = if job.processes.len() == 1 { String::new() } else { format!("process {number} ") };
        let mut add = |name: String, text: String| fields.push((format!("{prefix}{name}"), text));
        add("program".into(), format!("{} {}", process.program, program(&process.program)?));
        for param in &process.params {
            add(format!("param {}", param.name), format!("{} {}", param.kind, param.value));
        }
        let mut inputs: Vec<&InputPort> = process.inputs.iter().collect();
        inputs.sort_by(|a, b| a.port.cmp(&b.port));
        for input in inputs {
            for (i, source) in input.sources.iter().enumerate() {
                let text = match source {
                    Source::Output { process, output } if input.stream => {
                        let producer = job.processes.iter().position(|p| p == process)?;
                        format!("stream {producer} {}", processes[*process].outputs[*output].port)
                    }
                    source => file(source)?.to_string(),
                };
                add(format!("input {} {i}", input.port), text);
            }
        }
        for output in &process.outputs {
            add(format!("output {}", output.port), output.format.clone());
        }
    }
    Some(fields)
}

/// The digest of the list. Lengths stand before the texts, so that no two lists look the same.
pub fn key(fields: &[Field]) -> Hash {
    let mut hasher = blake3::Hasher::new_derive_key("priorscope runner 1 key of a job");
    for text in fields.iter().flat_map(|(name, text)| [name, text]) {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize()
}

/// One difference between what a job depended on and what it depends on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// What differs, such as `param epochs`, `program` or `input dataset 0`.
    pub what: String,
    /// The file of an input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What it was: a param's value or a digest; none if it is new.
    pub old: Option<String>,
    /// What it is; none if it is gone.
    pub new: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { what, file, old, new } = self;
        let is_digest = !what.contains("param ");
        let short = |text: &str| if is_digest { shortened(text) } else { text.to_owned() };
        let file = file.as_ref().map(|file| format!("{file}, ")).unwrap_or_default();
        match (old, new) {
            (Some(old), Some(new)) if is_digest => {
                write!(f, "{what} changed ({file}{} -> {})", short(old), short(new))
            }
            (Some(old), Some(new)) => write!(f, "{what}: {old} -> {new}"),
            (None, Some(new)) => write!(f, "{what} is new ({file}{})", short(new)),
            (Some(old), None) => write!(f, "{what} is gone (was {})", short(old)),
            (None, None) => write!(f, "{what} changed"),
        }
    }
}

/// A text with its digests cut to eight digits.
fn shortened(text: &str) -> String {
    let short = |word: &str| match Hash::from_hex(word) {
        Ok(_) => word.chars().take(8).collect(),
        Err(_) => word.to_owned(),
    };
    text.split(' ').map(short).collect::<Vec<_>>().join(" ")
}

/// The process of a job that a field is about, and the field without that.
pub fn member(field: &str) -> (usize, &str) {
    let process = field.strip_prefix("process ").and_then(|rest| rest.split_once(' '));
    process.and_then(|(number, field)| Some((number.parse().ok()?, field))).unwrap_or((0, field))
}

/// What differs between two lists.
pub fn changes(old: &[Field], new: &[Field]) -> Vec<Change> {
    let before: HashMap<&str, &str> = old.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let after: HashMap<&str, &str> = new.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    // The type stands before a param's value: it is part of the key, and of no interest here.
    let plain = |name: &str, text: &str| match text.split_once(' ') {
        Some((_, value)) if name.contains("param ") => value.to_owned(),
        _ => text.to_owned(),
    };
    let mut changes = Vec::new();
    for (name, text) in new {
        let old = before.get(name.as_str());
        if old.is_some_and(|old| old == text) {
            continue;
        }
        let old = old.map(|old| plain(name, old));
        changes.push(Change { what: name.clone(), file: None, old, new: Some(plain(name, text)) });
    }
    let gone = old.iter().filter(|(name, _)| !after.contains_key(name.as_str()));
    changes.extend(gone.map(|(name, text)| Change {
        what: name.clone(),
        file: None,
        old: Some(plain(name, text)),
        new: None,
    }));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::{describe, planner};

    const SOURCE: &str = r#"{"outputs": [{"name": "out", "format": "txt"}], "params": {"properties": {
        "rate": {"type": "number", "default": 0.5}, "word": {"type": "string", "default": "x"}}}}"#;
    const JOIN: &str = r#"{"inputs": [{"name": "data", "format": "txt", "many": true},
        {"name": "extra", "format": "txt", "optional": true}], "outputs": [{"name": "out", "format": "txt"}]}"#;

    /// The fields of every job, as if every output's content were the params of its process.
    fn all_fields(text: &str) -> HashMap<String, Vec<Field>> {
        let mut faults = Vec::new();
        let pipeline = plan::read(text, &[], &mut faults).unwrap();
        let described = [("source", SOURCE), ("join", JOIN)];
        let described = described.map(|(name, text)| (name.to_owned(), describe::read(text).unwrap())).into();
        let plan = planner::plan(&pipeline, &described, planner::Options::default(), &mut faults);
        let plan = plan.unwrap_or_else(|| panic!("{faults:?}"));
        let program = |name: &str| Some(blake3::hash(name.as_bytes()));
        let params = |process: usize| {
            let params = &plan.processes[process].params;
            params.iter().map(|param| format!("{}={};", param.name, param.value)).collect::<String>()
        };
        let file = |source: &Source| match source {
            Source::File(path) => Some(blake3::hash(path.as_bytes())),
            Source::Output { process, .. } => Some(blake3::hash(params(*process).as_bytes())),
        };
        let fields = |job: usize| fields(&plan.processes, &plan.jobs[job], program, file).unwrap();
        (0..plan.jobs.len()).map(|job| (plan.job_name(job), fields(job))).collect()
    }

    fn keys(text: &str) -> Vec<Hash> {
        let mut keys: Vec<Hash> = all_fields(text).values().map(|fields| key(fields)).collect();
        keys.sort_by_key(|key| *key.as_bytes());
        keys
    }

    const TEXT: &str = "name: p\nstages:\n  source: {matrix: {word: [a, b], rate: [1, 2]}}\n  join: {inputs: {data: source.out, extra: e.txt}}\n";

    #[test]
    fn the_text_of_the_file_is_no_part_of_a_key() {
        let other = r#"# comment
stages:
    join:
        inputs: {extra: e.txt, data: [source.out]}
        program: join
    source:
        matrix:
            rate: [2.0, 1.0e0]
            word:
                - "b"
                - 'a'
name: other
"#;
        assert_eq!(keys(TEXT), keys(other));
        assert_eq!(keys(TEXT).len(), 5);
    }

    fn source(params: &str) -> String {
        format!("name: p\nstages:\n  source: {{params: {{{params}}}}}\n")
    }

    #[test]
    fn a_default_is_part_of_a_key_whether_written_or_not() {
        assert_eq!(keys(&source("")), keys(&source("word: x, rate: 5.0e-1")));
        assert_ne!(keys(&source("")), keys(&source("rate: 0.25")));
    }

    #[test]
    fn a_changed_input_or_param_changes_a_key_and_is_named() {
        let changed = TEXT.replace("e.txt", "f.txt");
        assert_ne!(keys(TEXT), keys(&changed));
        let mut told = changes(&all_fields(TEXT)["join"], &all_fields(&changed)["join"]);
        told[0].file = Some("f.txt".to_owned());
        let digest = |name: &str| blake3::hash(name.as_bytes()).to_hex()[..8].to_owned();
        let right = format!("input extra 0 changed (f.txt, {} -> {})", digest("e.txt"), digest("f.txt"));
        assert_eq!(told.iter().map(Change::to_string).collect::<Vec<_>>(), [right]);
        let (old, new) = (all_fields(&source("rate: 1")), all_fields(&source("rate: 1.5")));
        let told = changes(&old["source"], &new["source"]);
        assert_eq!(told.iter().map(Change::to_string).collect::<Vec<_>>(), ["param rate: 1 -> 1.5"]);
    }

    #[test]
    fn no_two_lists_look_the_same() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_ne!(key(&[pair("ab", "c")]), key(&[pair("a", "bc")]));
        assert_ne!(key(&[pair("a", "b"), pair("", "")]), key(&[pair("a", "b")]));
    }
}
