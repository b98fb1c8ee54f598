//! A pipeline as its file says it: stages with checked names, and where each thing stands.

use crate::faults::Place;
use crate::running::Running;
use crate::value::Value;
use crate::yaml::Step;

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
    /// Axes of that stage that are taken out: cells that differ in nothing else are one.
    pub over: Vec<Named>,
    /// Products of lists; their union are the stage's own cells. Empty means one cell.
    pub matrix: Vec<Block>,
    /// The ports that are given, with where their files come from.
    pub inputs: Vec<Input>,
    /// The same, of files that are read if they are there; they join `inputs` with [`Pipeline::with_those_there`].
    pub optional: Vec<Input>,
    /// The params that are given.
    pub params: Vec<(String, Given)>,
    /// How its processes are to be run.
    pub running: Running,
    /// The outputs that are dropped once they are read.
    pub temporary: Temporary,
    /// The streams that are kept as tables, too.
    pub keep: Vec<Named>,
}

impl Pipeline {
    /// With the optional files that are there among the inputs, at the end of their port's list.
    pub fn with_those_there(mut self, is_there: impl Fn(&str) -> bool) -> Pipeline {
        let there = |one: &Reference| matches!(&one.target, Target::File(path) if is_there(path));
        for stage in &mut self.stages {
            for input in &mut stage.optional {
                let (found, missing) = std::mem::take(&mut input.references).into_iter().partition(there);
                input.references = missing;
                let found: Vec<Reference> = found;
                match stage.inputs.iter_mut().find(|known| known.port == input.port) {
                    Some(known) => known.references.extend(found),
                    None if found.is_empty() => {}
                    None => stage.inputs.push(Input { port: input.port.clone(), references: found }),
                }
            }
        }
        self
    }
}

/// A product of lists, less some combinations: every other one is a cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// The axes, the last one fastest.
    pub axes: Vec<Axis>,
    /// Products of values that are left out; an axis that one does not have may have any value.
    pub exclude: Vec<Vec<Axis>>,
}

/// An axis and its values.
pub type Axis = (String, Vec<Given>);

impl Stage {
    /// Every axis of every block with its values.
    pub fn axes(&self) -> impl Iterator<Item = &Axis> {
        self.matrix.iter().flat_map(|block| &block.axes)
    }
}

/// Outputs that are dropped once all their readers are done.
#[derive(Clone, Debug, PartialEq)]
pub enum Temporary {
    /// These; often none.
    Ports(Vec<Named>),
    /// All files of the stage.
    All,
}

/// A name and where it was given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Named {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
}

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

/// How a name is written.
pub(crate) const NAME_HELP: &str =
    "use a to z, 0 to 9, - and _, begin with a letter or a digit, and take 64 letters at most";

/// Whether a name may name a stage or a pipeline: it becomes a folder and a part of a target.
pub fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
}

/// Reads `axis=value,axis=value`.
pub fn parse_filter(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |part: &str| {
        let (axis, value) = part.split_once('=')?;
        let (axis, value) = (axis.trim(), value.trim());
        (!axis.is_empty() && !value.is_empty()).then(|| (axis.to_owned(), value.to_owned()))
    };
    text.split(',').map(pair).collect()
}
