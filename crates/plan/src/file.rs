//! The shape of pipeline.yaml: a tree of YAML becomes stages with checked names, or faults with places.

use crate::faults::{Fault, Place};
use crate::graph::Running;
use crate::value::Value;
use crate::yaml::{Node, Step};

/// A pipeline as its file says it, before any program was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// Names the folder under results/.
    pub name: String,
    /// In the order of the file.
    pub stages: Vec<Stage>,
}

/// One stage of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its name, which names its folder.
    pub name: String,
    /// The program that it runs.
    pub program: String,
    /// The stage whose cells it repeats.
    pub each: Option<String>,
    /// Products of lists; their union are the stage's own cells. Empty means one cell.
    pub matrix: Vec<Block>,
    /// The ports that are given, with where their files come from.
    pub inputs: Vec<Input>,
    /// The params that are given.
    pub params: Vec<(String, Given)>,
    /// How its processes are to be run.
    pub running: Running,
}

/// A product of lists: every combination is a cell.
pub type Block = Vec<(String, Vec<Given>)>;

/// A value and where it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
}

/// An input port that is given.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The port's name.
    pub port: String,
    /// Files or ports of other stages, in order.
    pub references: Vec<Reference>,
}

/// Where files come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Which files.
    pub target: Target,
    /// Where it stands.
    pub place: Place,
}

/// The files that a reference means.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// An output of another stage, of those cells that have these values of axes.
    Port {
        /// The stage.
        stage: String,
        /// Its output port.
        port: String,
        /// Axes and the texts of their values.
        filter: Vec<(String, String)>,
    },
    /// A file beside the pipeline.
    File(String),
}

impl Pipeline {
    /// The stage of this name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }
}

/// The place of something in a stage.
pub fn place_in(stage: &str, rest: &[&str]) -> Vec<Step> {
    ["stages", stage].iter().chain(rest).map(|key| Step::Key((*key).to_owned())).collect()
}

const TOP_KEYS: [&str; 2] = ["name", "stages"];
const STAGE_KEYS: [&str; 6] = ["program", "each", "matrix", "inputs", "params", "threads"];

/// Reads a pipeline from a document; what is wrong goes to `faults`, the rest is read all the same.
pub fn read(document: &Node, faults: &mut Vec<Fault>) -> Pipeline {
    let mut pipeline = Pipeline { name: String::new(), stages: Vec::new() };
    let Node::Map(entries) = document else {
        faults.push(Fault::new(Place::File, "a pipeline is a map with the keys `name` and `stages`"));
        return pipeline;
    };
    let mut reader = Reader { faults, names: Vec::new() };
    for key in TOP_KEYS.iter().filter(|key| !entries.iter().any(|(name, _)| name == *key)) {
        reader.faults.push(Fault::new(Place::File, format!("the key `{key}` is missing")));
    }
    for (key, node) in entries {
        let path = vec![Step::Key(key.clone())];
        match key.as_str() {
            "name" => pipeline.name = reader.name(node, path, "the pipeline's name").unwrap_or_default(),
            "stages" => pipeline.stages = reader.stages(node, path),
            _ => reader.unknown_key(key, path, &TOP_KEYS),
        }
    }
    pipeline
}

struct Reader<'a> {
    faults: &'a mut Vec<Fault>,
    names: Vec<String>,
}

fn below(path: &[Step], step: Step) -> Vec<Step> {
    [path, &[step]].concat()
}

fn key_below(path: &[Step], key: &str) -> Vec<Step> {
    below(path, Step::Key(key.to_owned()))
}

/// Whether a name may name a stage or a pipeline: it becomes a folder and a part of a target.
pub fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
}

impl Reader<'_> {
    fn wrong(&mut self, path: Vec<Step>, message: impl Into<String>, help: &str) {
        let fault = Fault::new(Place::Value(path), message);
        self.faults.push(if help.is_empty() { fault } else { fault.help(help) });
    }

    fn unknown_key(&mut self, key: &str, path: Vec<Step>, known: &[&str]) {
        let fault = Fault::new(Place::Key(path), format!("unknown key `{key}`"));
        self.faults.push(fault.nearest(key, known.iter().copied()));
    }

    fn text(&mut self, node: &Node, path: Vec<Step>, what: &str) -> Option<String> {
        match node {
            Node::Scalar(Value::Text(text)) => Some(text.clone()),
            _ => {
                self.wrong(path, format!("{what} must be text"), "");
                None
            }
        }
    }

    fn name(&mut self, node: &Node, path: Vec<Step>, what: &str) -> Option<String> {
        let name = self.text(node, path.clone(), what)?;
        if !is_name(&name) {
            self.wrong(path, format!("{what} `{name}` is no name"), NAME_HELP);
            return None;
        }
        Some(name)
    }

    /// The entries of a map; an empty value is an empty map.
    fn map<'n>(&mut self, node: &'n Node, path: Vec<Step>, what: &str) -> &'n [(String, Node)] {
        match node {
            Node::Map(entries) => entries,
            Node::Null => &[],
            _ => {
                self.wrong(path, format!("{what} must be a map"), "");
                &[]
            }
        }
    }

    fn stages(&mut self, node: &Node, path: Vec<Step>) -> Vec<Stage> {
        let entries = self.map(node, path.clone(), "`stages`");
        if entries.is_empty() {
            self.wrong(path.clone(), "the pipeline has no stages", "");
        }
        self.names = entries.iter().map(|(name, _)| name.clone()).collect();
        entries.iter().map(|(name, node)| self.stage(name, node, key_below(&path, name))).collect()
    }

    fn stage(&mut self, name: &str, node: &Node, path: Vec<Step>) -> Stage {
        if !is_name(name) {
            let fault = Fault::new(Place::Key(path.clone()), format!("the stage's name `{name}` is no name"));
            self.faults.push(fault.help(NAME_HELP));
        }
        let mut stage = Stage {
            name: name.to_owned(),
            program: name.to_owned(),
            each: None,
            matrix: Vec::new(),
            inputs: Vec::new(),
            params: Vec::new(),
            running: Running::default(),
        };
        for (key, node) in self.map(node, path.clone(), "a stage") {
            let path = key_below(&path, key);
            match key.as_str() {
                "program" => stage.program = self.program(node, path).unwrap_or_default(),
                "each" => stage.each = self.each(node, path),
                "matrix" => stage.matrix = self.matrix(node, path),
                "inputs" => {
                    for (port, node) in self.map(node, path.clone(), "`inputs`") {
                        let references = self.references(node, key_below(&path, port));
                        stage.inputs.push(Input { port: port.clone(), references });
                    }
                }
                "params" => {
                    for (param, node) in self.map(node, path.clone(), "`params`") {
                        let given = self.scalar(node, key_below(&path, param));
                        stage.params.extend(given.map(|given| (param.clone(), given)));
                    }
                }
                "threads" => stage.running.threads = self.threads(node, path),
                _ => self.unknown_key(key, path, &STAGE_KEYS),
            }
        }
        stage
    }

    fn threads(&mut self, node: &Node, path: Vec<Step>) -> Option<usize> {
        let given = self.scalar(node, path.clone())?;
        if let Value::Integer(threads) = given.value
            && let Some(threads) = usize::try_from(threads).ok().filter(|threads| *threads > 0)
        {
            return Some(threads);
        }
        let help = "give the threads that one job of the stage should have; with fewer in all, it gets all";
        self.wrong(path, "`threads` must be a whole number of at least 1".to_owned(), help);
        None
    }

    fn program(&mut self, node: &Node, path: Vec<Step>) -> Option<String> {
        let program = self.text(node, path.clone(), "`program`")?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
        if program.is_empty() || program.starts_with(['-', '.']) || !program.chars().all(allowed) {
            let help = "programs are found beside the runner, then on PATH: give the bare name";
            self.wrong(path, format!("`{program}` is no name of a program"), help);
            return None;
        }
        Some(program)
    }

    fn each(&mut self, node: &Node, path: Vec<Step>) -> Option<String> {
        let each = self.text(node, path.clone(), "`each`")?;
        if !self.names.contains(&each) {
            let fault = Fault::new(Place::Value(path), format!("there is no stage `{each}`"));
            self.faults.push(fault.nearest(&each, self.names.iter().map(String::as_str)));
            return None;
        }
        Some(each)
    }

    fn scalar(&mut self, node: &Node, path: Vec<Step>) -> Option<Given> {
        match node {
            Node::Scalar(value) => Some(Given { value: value.clone(), place: Place::Value(path) }),
            _ => {
                self.wrong(path, "a value must be one number, text or boolean", "");
                None
            }
        }
    }

    fn matrix(&mut self, node: &Node, path: Vec<Step>) -> Vec<Block> {
        const HELP: &str = "write axes with lists, such as `matrix: {seed: [1, 2]}`, or a list of such maps";
        let blocks: Vec<(Vec<Step>, &Node)> = match node {
            Node::List(items) => {
                items.iter().enumerate().map(|(i, item)| (below(&path, Step::Index(i)), item)).collect()
            }
            node => vec![(path.clone(), node)],
        };
        if blocks.is_empty() {
            self.wrong(path, "the matrix is empty", HELP);
        }
        let mut matrix = Vec::new();
        for (path, node) in blocks {
            let axes = self.map(node, path.clone(), "a matrix");
            if axes.is_empty() {
                self.wrong(path.clone(), "the matrix is empty", HELP);
            }
            let mut block = Block::new();
            for (axis, node) in axes {
                let path = key_below(&path, axis);
                match node {
                    Node::List(items) if !items.is_empty() => {
                        let values = items.iter().enumerate();
                        let values = values.filter_map(|(i, n)| self.scalar(n, below(&path, Step::Index(i))));
                        block.push((axis.clone(), values.collect()));
                    }
                    _ => self.wrong(path, format!("the axis `{axis}` must be a list with a value"), HELP),
                }
            }
            matrix.push(block);
        }
        matrix
    }

    fn references(&mut self, node: &Node, path: Vec<Step>) -> Vec<Reference> {
        let items: Vec<(Vec<Step>, &Node)> = match node {
            Node::List(items) => {
                items.iter().enumerate().map(|(i, item)| (below(&path, Step::Index(i)), item)).collect()
            }
            node => vec![(path.clone(), node)],
        };
        if items.is_empty() {
            self.wrong(path, "the list of inputs is empty", "leave the port out instead");
        }
        items.into_iter().filter_map(|(path, node)| self.reference(node, path)).collect()
    }

    fn reference(&mut self, node: &Node, path: Vec<Step>) -> Option<Reference> {
        let text = self.text(node, path.clone(), "an input")?;
        let place = Place::Value(path.clone());
        let stage = text.split_once('.').filter(|(stage, _)| self.names.iter().any(|name| name == stage));
        let Some((stage, rest)) = stage else {
            return Some(Reference { target: Target::File(text), place });
        };
        let (port, filter) = match rest.split_once('[') {
            None => (rest, Some(Vec::new())),
            Some((port, filter)) => (port, filter.strip_suffix(']').and_then(parse_filter)),
        };
        let Some(filter) = filter else {
            self.wrong(
                path,
                format!("the filter of `{text}` cannot be read"),
                "write [axis=value,axis=value]",
            );
            return None;
        };
        let target = Target::Port { stage: stage.to_owned(), port: port.to_owned(), filter };
        Some(Reference { target, place })
    }
}

const NAME_HELP: &str = "use a to z, 0 to 9, - and _, and begin with a letter or a digit";

/// Reads `axis=value,axis=value`.
pub fn parse_filter(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |part: &str| {
        let (axis, value) = part.split_once('=')?;
        let (axis, value) = (axis.trim(), value.trim());
        (!axis.is_empty() && !value.is_empty()).then(|| (axis.to_owned(), value.to_owned()))
    };
    text.split(',').map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn read_text(text: &str) -> (Pipeline, Vec<Fault>) {
        let mut faults = Vec::new();
        let pipeline = read(&yaml::parse(text).unwrap(), &mut faults);
        (pipeline, faults)
    }

    #[test]
    fn a_reference_is_a_stage_only_if_the_file_has_it() {
        let text = "name: p\nstages:\n  a: {inputs: {x: data/a.b, y: \"a.out[k=v]\", z: a.csv}}\n  b: {inputs: {x: [c.csv, a.o]}}\n";
        let (pipeline, faults) = read_text(text);
        assert_eq!(faults, []);
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
        let text = "nam: p\nstages:\n  A: {}\n  b: {parms: {}, matrix: {}, each: c, program: /bin/sh}\n  c: {matrix: {x: 1}, params: {y: [1]}}\n";
        let messages: Vec<String> = read_text(text).1.into_iter().map(|fault| fault.message).collect();
        for part in ["`name` is missing", "key `nam`", "`A` is no name", "key `parms`", "matrix is empty"] {
            assert!(messages.iter().any(|m| m.contains(part)), "{part} in {messages:?}");
        }
        assert_eq!(messages.len(), 8);
    }
}
