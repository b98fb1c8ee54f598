//! The one way from the text of pipeline.yaml and the settings of the command line to a checked pipeline.

use crate::faults::{self, Fault, Place};
use crate::file::{Input, NAME_HELP, Pipeline, Reference, Stage, Target, Temporary, is_name, parse_filter};
use crate::groups;
use crate::matrix;
use crate::quantities::{self, MEMORY_HELP, TIMEOUT_HELP};
use crate::running::Running;
use crate::sets::{self, Setting};
use crate::spot::Spot;
use crate::value::Value;
use crate::variables;
use crate::yaml::{self, Node, Step};
use std::collections::HashSet;

/// The keys of a pipeline.
pub(crate) const TOP_KEYS: [&str; 3] = ["name", "variables", "stages"];
/// The keys of a stage.
pub(crate) const STAGE_KEYS: [&str; 13] = [
    "program",
    "each",
    "over",
    "matrix",
    "inputs",
    "optional",
    "params",
    "threads",
    "memory",
    "timeout",
    "retries",
    "temporary",
    "keep",
];
/// The most retries of a job.
pub(crate) const MOST_RETRIES: u32 = 100;

const PORTS: [&str; 2] = ["port", "ports"];
const TEMPORARY_HELP: &str = "write `temporary: [PORT]`, or `temporary: true` for all files of the stage";
const KEEP_HELP: &str = "write `keep: [PORT]`";

/// Reads a pipeline from its text and from the texts of `--set`. What is wrong goes to `faults`, the rest is
/// read all the same; there is no pipeline only where the text is no YAML map.
pub fn read(text: &str, sets: &[String], faults: &mut Vec<Fault>) -> Option<Pipeline> {
    let document = match yaml::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let place = error.position.map_or(Place::File, Place::At);
            faults::add(faults, || Fault::new(place, error.message));
            return None;
        }
    };
    let Node::Map(mut entries) = document else {
        faults::add(faults, || {
            Fault::new(Place::File, "a pipeline is a map with the keys `name` and `stages`")
        });
        return None;
    };
    let settings: Vec<Setting> = sets.iter().filter_map(|text| sets::parse(text, faults)).collect();
    let by_hand = variables::fill(&mut entries, &settings, faults);
    let document = Node::Map(entries);
    let mut pipeline = pipeline(&Spot { node: &document, path: Vec::new() }, &by_hand, faults);
    sets::apply(&mut pipeline, &settings, faults);
    Some(pipeline)
}

fn pipeline(spot: &Spot, by_hand: &HashSet<Vec<Step>>, faults: &mut Vec<Fault>) -> Pipeline {
    let mut pipeline = Pipeline { name: String::new(), stages: Vec::new() };
    let entries = spot.entries(faults, "a pipeline");
    for key in ["name", "stages"].iter().filter(|key| !entries.iter().any(|(name, _)| name == *key)) {
        faults::add(faults, || Fault::new(Place::File, format!("the key `{key}` is missing")));
    }
    for (key, spot) in entries {
        match key {
            "name" => pipeline.name = name(&spot, faults).unwrap_or_default(),
            "variables" => {}
            "stages" => pipeline.stages = stages(&spot, by_hand, faults),
            _ => spot.unknown_key(faults, key, &TOP_KEYS),
        }
    }
    pipeline
}

fn name(spot: &Spot, faults: &mut Vec<Fault>) -> Option<String> {
    let name = spot.text(faults, "the pipeline's name")?;
    if !is_name(name) {
        spot.wrong(faults, format!("the pipeline's name `{name}` is no name"), NAME_HELP);
        return None;
    }
    Some(name.to_owned())
}

fn stages(spot: &Spot, by_hand: &HashSet<Vec<Step>>, faults: &mut Vec<Fault>) -> Vec<Stage> {
    let entries = spot.entries(faults, "`stages`");
    if entries.is_empty() {
        spot.wrong(faults, "the pipeline has no stages", "");
    }
    let file = File {
        by_hand,
        list: entries.iter().map(|(name, _)| *name).collect(),
        set: entries.iter().map(|(name, _)| *name).collect(),
    };
    entries.iter().map(|(name, spot)| stage(name, spot, &file, faults)).collect()
}

/// What a stage must know of the whole file.
struct File<'n> {
    /// Where values of the command line were filled in.
    by_hand: &'n HashSet<Vec<Step>>,
    /// The names of all stages, in order and to look one up.
    list: Vec<&'n str>,
    set: HashSet<&'n str>,
}

fn stage(name: &str, spot: &Spot, file: &File, faults: &mut Vec<Fault>) -> Stage {
    if !is_name(name) {
        faults::add(faults, || {
            let message = format!("the stage's name `{name}` is no name");
            Fault::new(Place::Key(spot.path.clone()), message).help(NAME_HELP)
        });
    }
    let mut stage = Stage {
        name: name.to_owned(),
        program: name.to_owned(),
        each: None,
        over: Vec::new(),
        matrix: Vec::new(),
        inputs: Vec::new(),
        optional: Vec::new(),
        params: Vec::new(),
        running: Running::default(),
        temporary: Temporary::Ports(Vec::new()),
        keep: Vec::new(),
    };
    let (mut has_each, mut over) = (false, None);
    for (key, spot) in spot.entries(faults, "a stage") {
        // What was probably meant is read all the same, so that what is wrong in it is told at once, too.
        let meant = STAGE_KEYS.iter().find(|known| **known == key).copied().or_else(|| {
            spot.unknown_key(faults, key, &STAGE_KEYS);
            faults::nearest(key, STAGE_KEYS)
        });
        match meant.unwrap_or_default() {
            "program" => stage.program = program(&spot, faults).unwrap_or_default(),
            "each" => {
                has_each = true;
                stage.each = each(&spot, file, faults);
            }
            "over" => {
                stage.over = groups::read(&spot, faults);
                over = Some(spot);
            }
            "matrix" => stage.matrix = matrix::read(&spot, file.by_hand, faults),
            "inputs" => {
                for (port, spot) in spot.entries(faults, "`inputs`") {
                    let references = references(&spot, file, faults);
                    stage.inputs.push(Input { port: port.to_owned(), references });
                }
            }
            "optional" => stage.optional = optional(&spot, file, faults),
            "params" => {
                for (param, spot) in spot.entries(faults, "`params`") {
                    stage.params.extend(spot.scalar(faults).map(|given| (param.to_owned(), given)));
                }
            }
            "threads" => stage.running.threads = threads(&spot, faults),
            "memory" => {
                let wrong = "`memory` must be an amount of memory";
                stage.running.memory = quantity(&spot, quantities::memory, wrong, MEMORY_HELP, faults);
            }
            "timeout" => {
                let wrong = "`timeout` must be a time of more than 0 and at most 10000d";
                stage.running.timeout = quantity(&spot, quantities::time, wrong, TIMEOUT_HELP, faults);
            }
            "retries" => stage.running.retries = retries(&spot, faults).unwrap_or_default(),
            "temporary" => stage.temporary = temporary(&spot, faults),
            "keep" => stage.keep = spot.names(faults, "`keep`", PORTS, KEEP_HELP),
            _ => {}
        }
    }
    if let Some(spot) = over.filter(|_| !has_each) {
        groups::needs_each(&spot, faults);
    }
    stage
}

pub(crate) fn threads(spot: &Spot, faults: &mut Vec<Fault>) -> Option<usize> {
    let read = |value: &Value| usize::try_from(value.as_integer()?).ok().filter(|threads| *threads > 0);
    let help = "give the threads that one job of the stage should have; with fewer in all, it gets all";
    quantity(spot, read, "`threads` must be a whole number of at least 1", help, faults)
}

fn retries(spot: &Spot, faults: &mut Vec<Fault>) -> Option<u32> {
    let read = |value: &Value| u32::try_from(value.as_integer()?).ok().filter(|n| *n <= MOST_RETRIES);
    let wrong = format!("`retries` must be a whole number from 0 to {MOST_RETRIES}");
    quantity(spot, read, &wrong, "it says how often a failed job is tried again", faults)
}

pub(crate) fn quantity<T>(
    spot: &Spot,
    read: impl Fn(&Value) -> Option<T>,
    wrong: &str,
    help: &str,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let given = spot.scalar(faults)?;
    let quantity = read(&given.value);
    if quantity.is_none() {
        spot.wrong(faults, wrong, help);
    }
    quantity
}

fn temporary(spot: &Spot, faults: &mut Vec<Fault>) -> Temporary {
    match spot.node {
        Node::Scalar(Value::Bool(true)) => Temporary::All,
        Node::Scalar(Value::Bool(false)) => Temporary::Ports(Vec::new()),
        _ => Temporary::Ports(spot.names(faults, "`temporary`", PORTS, TEMPORARY_HELP)),
    }
}

fn program(spot: &Spot, faults: &mut Vec<Fault>) -> Option<String> {
    let program = spot.text(faults, "`program`")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    if program.is_empty() || program.starts_with(['-', '.']) || !program.chars().all(allowed) {
        let help = "programs are found beside the runner, then on PATH: give the bare name";
        spot.wrong(faults, format!("`{program}` is no name of a program"), help);
        return None;
    }
    Some(program.to_owned())
}

fn each(spot: &Spot, file: &File, faults: &mut Vec<Fault>) -> Option<String> {
    let each = spot.text(faults, "`each`")?;
    if !file.set.contains(each) {
        faults::add(faults, || {
            let fault = Fault::new(spot.place(), format!("there is no stage `{each}`"));
            fault.nearest(each, file.list.iter().copied())
        });
        return None;
    }
    Some(each.to_owned())
}

/// Inputs of which each is a file that may not be there.
fn optional(spot: &Spot, file: &File, faults: &mut Vec<Fault>) -> Vec<Input> {
    let mut inputs = Vec::new();
    for (port, spot) in spot.entries(faults, "`optional`") {
        let references = references(&spot, file, faults);
        for reference in references.iter().filter(|one| !matches!(one.target, Target::File(_))) {
            faults::add(faults, || {
                let fault =
                    Fault::new(reference.place.clone(), "an output of a stage is always there".to_owned());
                fault.help("write it under `inputs`; `optional` names files that may not be there")
            });
        }
        inputs.push(Input { port: port.to_owned(), references });
    }
    inputs
}

fn references(spot: &Spot, file: &File, faults: &mut Vec<Fault>) -> Vec<Reference> {
    let items = spot.items_or_self();
    if items.is_empty() {
        spot.wrong(faults, "the list of inputs is empty", "leave the port out instead");
    }
    items.iter().filter_map(|spot| reference(spot, file, faults)).collect()
}

fn reference(spot: &Spot, file: &File, faults: &mut Vec<Fault>) -> Option<Reference> {
    let text = spot.text(faults, "an input")?;
    let stage = text.split_once('.').filter(|(stage, _)| file.set.contains(stage));
    let Some((stage, rest)) = stage else {
        return Some(Reference { target: Target::File(text.to_owned()), place: spot.place() });
    };
    let (port, filter) = match rest.split_once('[') {
        None => (rest, Some(Vec::new())),
        Some((port, filter)) => (port, filter.strip_suffix(']').and_then(parse_filter)),
    };
    let Some(filter) = filter else {
        let message = format!("the filter of `{text}` cannot be read");
        spot.wrong(faults, message, "write [axis=value,axis=value]");
        return None;
    };
    let target = Target::Port { stage: stage.to_owned(), port: port.to_owned(), filter };
    Some(Reference { target, place: spot.place() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Named;
    use crate::workshop::{read as read_text, right, says};
    use std::time::Duration;

    #[test]
    fn a_reference_is_a_stage_only_if_the_file_has_it() {
        let text =
            "  a: {inputs: {x: data/a.b, y: \"a.out[k=v]\", z: a.csv}}\n  b: {inputs: {x: [c.csv, a.o]}}\n";
        let pipeline = right(text, &[]);
        let target = |stage: usize, input: usize, i: usize| {
            pipeline.stages[stage].inputs[input].references[i].target.clone()
        };
        assert_eq!(target(0, 0, 0), Target::File("data/a.b".into()));
        let filter = vec![("k".to_owned(), "v".to_owned())];
        assert_eq!(target(0, 1, 0), Target::Port { stage: "a".into(), port: "out".into(), filter });
        assert_eq!(target(1, 0, 0), Target::File("c.csv".into()));
        assert!(matches!(target(1, 0, 1), Target::Port { .. }));
    }

    #[test]
    fn all_faults_are_found_at_once() {
        let text = "name: P\nnam: p\nstages:\n  A: {}\n  b: {parms: {}, matrix: {}, each: c, program: /bin/sh}\n  c: {matrix: {x: 1}, params: {y: [1]}}\n";
        let messages: Vec<String> =
            read_text(text, &["c=1"]).1.into_iter().map(|fault| fault.message).collect();
        for part in
            ["name `P`", "key `nam`", "`A` is no name", "key `parms`", "matrix is empty", "no variable `c`"]
        {
            assert!(messages.iter().any(|m| m.contains(part)), "{part} in {messages:?}");
        }
        assert_eq!(messages.len(), 9);
    }

    #[test]
    fn what_is_no_pipeline_is_one_fault() {
        for (text, said) in [
            ("name: [", "a value is missing here"),
            ("", "a pipeline is a map with the keys `name` and `stages`"),
            ("[name, stages]", "a pipeline is a map with the keys `name` and `stages`"),
        ] {
            let mut faults = Vec::new();
            assert_eq!(read(text, &["a.b=1".to_owned()], &mut faults), None);
            assert!(faults.len() == 1 && faults[0].message.contains(said), "{faults:?}");
        }
    }

    #[test]
    fn a_stage_says_how_it_is_run() {
        let stage = &right("  a: {threads: 2, memory: 2G, timeout: 30m, retries: 3}\n", &[]).stages[0];
        let timeout = Some(Duration::from_secs(1800));
        assert_eq!(stage.running, Running { threads: Some(2), memory: Some(2 << 30), retries: 3, timeout });
        let stage = &right("  a: {memory: 1000, timeout: 0.5, retries: 0}\n", &[]).stages[0];
        let timeout = Some(Duration::from_millis(500));
        assert_eq!(stage.running, Running { memory: Some(1000), timeout, ..Running::default() });
    }

    #[test]
    fn a_wrong_amount_says_how_it_is_written() {
        for (key, value, said) in [
            ("threads", "0", "`threads` must be a whole number of at least 1"),
            ("threads", "1.5", "`threads` must be a whole number of at least 1"),
            ("memory", "2X", "K, M, G, T are powers of 1024"),
            ("memory", "-1", "K, M, G, T are powers of 1024"),
            ("timeout", "5 minutes", "write text such as 90s, 30m, 1.5h or 2d"),
            ("timeout", "0", "`timeout` must be a time of more than 0"),
            ("retries", "101", "`retries` must be a whole number from 0 to 100"),
            ("retries", "-1", "`retries` must be a whole number from 0 to 100"),
            ("retries", "[1]", "a value must be one number, text or boolean"),
        ] {
            let at = if value == "[1]" { key } else { value };
            says(&format!("  train: {{{key}: {value}}}\n"), &[], at, &[said]);
        }
    }

    #[test]
    fn temporary_and_keep_are_lists_of_ports() {
        let stage = &right("  a: {temporary: [x, y], keep: [z]}\n", &[]).stages[0];
        let Temporary::Ports(ports) = &stage.temporary else { panic!("{stage:?}") };
        let names = |ports: &[Named]| ports.iter().map(|port| port.name.clone()).collect::<Vec<_>>();
        assert_eq!((names(ports), names(&stage.keep)), (vec!["x".into(), "y".into()], vec!["z".to_owned()]));
        assert_eq!(right("  a: {temporary: true}\n", &[]).stages[0].temporary, Temporary::All);
        assert_eq!(right("  a: {temporary: false}\n", &[]).stages[0].temporary, Temporary::Ports(Vec::new()));
        says("  a: {temporary: x}\n", &[], "x}", &["must be a list of ports", "temporary: [PORT]"]);
        says("  a: {keep: true}\n", &[], "true}", &["must be a list of ports", "keep: [PORT]"]);
        says("  a: {keep: [x, y, x]}\n", &[], "x]}", &["the port `x` stands here twice"]);
        says("  a: {keep: [1]}\n", &[], "1]}", &["an item of `keep` must be text"]);
    }
}
