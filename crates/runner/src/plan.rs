//! The graph: joins a pipeline to the descriptions of its programs. Text in, graph or faults out, no I/O.

use crate::cells::{self, Cell, Matcher};
use crate::checks;
use crate::describe::{Description, Port};
use crate::errors::{Fault, Place};
use crate::pipeline::{Input, Pipeline, Reference, Stage, Target, place_in};
use crate::streams;
use crate::value::Value;
use std::collections::HashMap;

/// Everything that a pipeline can run.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The pipeline's name.
    pub name: String,
    /// Every call of a program, by stage in the order of the file.
    pub processes: Vec<Process>,
    /// What runs as one; a job comes after all that it needs.
    pub jobs: Vec<Job>,
}

/// One or more processes joined by pipes, the first one first.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its processes.
    pub processes: Vec<usize>,
    /// The jobs whose outputs it reads.
    pub needs: Vec<usize>,
}

/// One call of a program.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its stage.
    pub stage: String,
    /// Its program's name.
    pub program: String,
    /// Its cell.
    pub cell: Cell,
    /// All params that have a value, sorted by name.
    pub params: Vec<Param>,
    /// All input ports that are given, in the program's order.
    pub inputs: Vec<InputPort>,
    /// All outputs, in the program's order.
    pub outputs: Vec<Output>,
    /// Threads that it wants, if its stage says so.
    pub threads: Option<usize>,
}

/// A param with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type, as JSON Schema names it.
    pub kind: &'static str,
    /// Its value.
    pub value: Value,
}

/// An input port with its files or its stream.
#[derive(Clone, Debug)]
pub struct InputPort {
    /// The port.
    pub port: String,
    /// Whether it is a pipe.
    pub stream: bool,
    /// Its files in order; of a stream, the one output that feeds it.
    pub sources: Vec<Source>,
}

/// Where an input comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A file beside the pipeline.
    File(String),
    /// An output of a process.
    Output {
        /// The process.
        process: usize,
        /// The number of its output.
        output: usize,
    },
}

/// An output of a process.
#[derive(Clone, Debug)]
pub struct Output {
    /// The port.
    pub port: String,
    /// Its format, which is the file's ending.
    pub format: String,
    /// Its file, relative to the pipeline's folder; none for a stream.
    pub file: Option<String>,
}

impl Process {
    /// As in `train@network=cnn1,seed=1`.
    pub fn name(&self) -> String {
        match self.cell.name() {
            cell if cell.is_empty() => self.stage.clone(),
            cell => format!("{}@{cell}", self.stage),
        }
    }

    /// As a name of a file or folder, such as `train@cnn1-seed1`.
    pub fn file_name(&self) -> String {
        match self.cell.folder() {
            Some(folder) => format!("{}@{folder}", self.stage),
            None => self.stage.clone(),
        }
    }
}

impl Plan {
    /// The name of a job: its processes', joined by ` | `.
    pub fn job_name(&self, job: usize) -> String {
        let names: Vec<String> = self.jobs[job].processes.iter().map(|p| self.processes[*p].name()).collect();
        names.join(" | ")
    }
}

/// The most files that all jobs together may read; a pipeline with more is a mistake or an attack.
const MOST_SOURCES: usize = 2_000_000;

/// Makes the plan. Stages whose program is not described are left out of the checks, since that is a fault
/// already; any fault means that there is no plan.
pub fn plan(
    pipeline: &Pipeline,
    descriptions: &HashMap<String, Description>,
    faults: &mut Vec<Fault>,
) -> Option<Plan> {
    let described: Vec<Option<&Description>> =
        pipeline.stages.iter().map(|stage| descriptions.get(&stage.program)).collect();
    let numbers: HashMap<&str, usize> =
        pipeline.stages.iter().enumerate().map(|(i, stage)| (stage.name.as_str(), i)).collect();
    for (stage, description) in pipeline.stages.iter().zip(&described) {
        checks::matrix(stage, faults);
        if let Some(description) = description {
            checks::params(stage, description, faults);
            checks::inputs(stage, description, &|name| described[numbers[name]], faults);
        }
    }
    let order = stage_order(pipeline, &numbers, faults)?;
    let cells = all_cells(pipeline, &numbers, &order, faults)?;
    if !faults.is_empty() {
        return None;
    }

    let mut plan = Plan { name: pipeline.name.clone(), ..Plan::default() };
    let mut first = Vec::new();
    for (i, stage) in pipeline.stages.iter().enumerate() {
        first.push(plan.processes.len());
        let mut folders = HashMap::new();
        for cell in &cells[i] {
            let process = process(&pipeline.name, stage, described[i]?, cell, faults);
            let folder = process.cell.folder().unwrap_or_default();
            if let Some(other) = folders.insert(folder.clone(), process.name()) {
                let message = format!("{other} and {} would both write {folder}", process.name());
                let place = Place::Key(place_in(&stage.name, &["matrix"]));
                faults.push(Fault::new(place, message).help("change the names or values of the axes"));
            }
            plan.processes.push(process);
        }
    }
    let resolver =
        Resolver { pipeline, described: &described, numbers: &numbers, cells: &cells, first: &first };
    let mut left = MOST_SOURCES;
    for (i, stage) in pipeline.stages.iter().enumerate() {
        for port in &described[i]?.inputs {
            if let Some(input) = stage.inputs.iter().find(|input| input.port == port.name) {
                let resolved = resolver.sources(i, port, input, &mut left, faults);
                for (k, sources) in resolved.into_iter().enumerate() {
                    let input = InputPort { port: port.name.clone(), stream: port.is_stream(), sources };
                    plan.processes[first[i] + k].inputs.push(input);
                }
            }
        }
    }
    if faults.is_empty() {
        plan.jobs = streams::jobs(&plan.processes, faults);
    }
    faults.is_empty().then_some(plan)
}

/// The stages that a stage names.
fn named(stage: &Stage) -> impl Iterator<Item = &str> {
    let references = stage.inputs.iter().flat_map(|input| &input.references);
    let stages = references.filter_map(|reference| match &reference.target {
        Target::Port { stage, .. } => Some(stage.as_str()),
        Target::File(_) => None,
    });
    stages.chain(stage.each.as_deref())
}

/// The stages, each after those that it names; a cycle is a fault and named in full.
fn stage_order(
    pipeline: &Pipeline,
    numbers: &HashMap<&str, usize>,
    faults: &mut Vec<Fault>,
) -> Option<Vec<usize>> {
    let needs: Vec<Vec<usize>> =
        pipeline.stages.iter().map(|stage| named(stage).map(|name| numbers[name]).collect()).collect();
    match streams::order(&needs) {
        Ok(order) => Some(order),
        Err(cycle) => {
            let names: Vec<&str> = cycle.iter().map(|i| pipeline.stages[*i].name.as_str()).collect();
            let place = Place::Key(place_in(names[0], &[]));
            faults.push(Fault::new(
                place,
                format!("the stages need each other in a cycle: {}", names.join(" -> ")),
            ));
            None
        }
    }
}

/// A cell with the values that the stage itself sets.
struct OwnedCell {
    cell: Cell,
    own: Vec<(String, Value)>,
}

fn all_cells(
    pipeline: &Pipeline,
    numbers: &HashMap<&str, usize>,
    order: &[usize],
    faults: &mut Vec<Fault>,
) -> Option<Vec<Vec<OwnedCell>>> {
    let mut all: Vec<Vec<OwnedCell>> = pipeline.stages.iter().map(|_| Vec::new()).collect();
    let mut total = 0_usize;
    for &i in order {
        let stage = &pipeline.stages[i];
        let inherited: Vec<Cell> = match &stage.each {
            Some(each) => all[numbers[each.as_str()]].iter().map(|c| c.cell.clone()).collect(),
            None => vec![Cell::default()],
        };
        total = total.saturating_add(inherited.len().saturating_mul(cells::count(&stage.matrix)));
        if total > cells::MOST_CELLS {
            let message = format!("the pipeline has more than {} cells", cells::MOST_CELLS);
            faults.push(Fault::new(Place::Key(place_in(&stage.name, &[])), message));
            return None;
        }
        let own = cells::expand(&stage.matrix);
        for cell in &inherited {
            for own in &own {
                if let Some((axis, given)) = own.iter().find(|(axis, _)| cell.get(axis).is_some()) {
                    let each = stage.each.as_deref().unwrap_or_default();
                    let message = format!("the axis `{axis}` is inherited from `{each}` already");
                    faults.push(Fault::new(given.place.clone(), message));
                    return None;
                }
                let own: Vec<(String, Value)> =
                    own.iter().map(|(a, g)| (a.clone(), g.value.clone())).collect();
                let axes = cell.axes.iter().chain(&own).cloned().collect();
                all[i].push(OwnedCell { cell: Cell { axes }, own });
            }
        }
    }
    Some(all)
}

fn process(
    name: &str,
    stage: &Stage,
    description: &Description,
    cell: &OwnedCell,
    faults: &mut Vec<Fault>,
) -> Process {
    let folder = cell.cell.folder();
    if folder.as_ref().is_some_and(|folder| folder.len() > cells::MOST_FOLDER_BYTES) {
        let place = Place::Key(place_in(&stage.name, &[]));
        faults.push(
            Fault::new(place, "the folder of a cell would have too long a name").help("use fewer axes"),
        );
    }
    let base = match folder {
        Some(folder) => format!("results/{name}/{}/{folder}", stage.name),
        None => format!("results/{name}/{}", stage.name),
    };
    let params = description.params.iter().filter_map(|param| {
        let own = cell.own.iter().find(|(axis, _)| *axis == param.name).map(|(_, value)| value);
        let given = || stage.params.iter().find(|(n, _)| *n == param.name).map(|(_, given)| &given.value);
        let value = own.or_else(given).or(param.default.as_ref())?.clone();
        Some(Param { name: param.name.clone(), kind: param.kind.name(), value })
    });
    let outputs = description.outputs.iter().map(|port| Output {
        port: port.name.clone(),
        format: port.format.clone(),
        file: (!port.is_stream()).then(|| format!("{base}/{}.{}", port.name, port.format)),
    });
    Process {
        stage: stage.name.clone(),
        program: stage.program.clone(),
        cell: cell.cell.clone(),
        params: params.collect(),
        inputs: Vec::new(),
        outputs: outputs.collect(),
        threads: stage.threads,
    }
}

/// What it takes to find the files of an input.
struct Resolver<'a> {
    pipeline: &'a Pipeline,
    described: &'a [Option<&'a Description>],
    numbers: &'a HashMap<&'a str, usize>,
    cells: &'a [Vec<OwnedCell>],
    first: &'a [usize],
}

impl Resolver<'_> {
    /// The sources of one port, for every cell of the stage.
    fn sources(
        &self,
        stage: usize,
        port: &Port,
        input: &Input,
        left: &mut usize,
        faults: &mut Vec<Fault>,
    ) -> Vec<Vec<Source>> {
        let consumers = &self.cells[stage];
        let mut all: Vec<Vec<Source>> = consumers.iter().map(|_| Vec::new()).collect();
        for reference in &input.references {
            if let Err(fault) = self.reference(stage, port, reference, &mut all, left) {
                faults.push(fault);
            }
        }
        if !port.many && input.references.len() > 1 {
            let place = Place::Value(place_in(&self.pipeline.stages[stage].name, &["inputs", &port.name]));
            let message = format!("the input `{}` takes one file, not a list", port.name);
            faults.push(Fault::new(place, message));
        }
        all
    }

    fn reference(
        &self,
        stage: usize,
        port: &Port,
        reference: &Reference,
        all: &mut [Vec<Source>],
        left: &mut usize,
    ) -> Result<(), Fault> {
        let fault = |message: String| Fault::new(reference.place.clone(), message);
        let (name, output, filter) = match &reference.target {
            Target::File(path) => {
                all.iter_mut().for_each(|sources| sources.push(Source::File(path.clone())));
                return Ok(());
            }
            Target::Port { stage, port, filter } => (stage, port, filter),
        };
        let producer = self.numbers[name.as_str()];
        let outputs = self.described[producer].map(|d| d.outputs.as_slice()).unwrap_or_default();
        let output = outputs.iter().position(|o| o.name == *output).unwrap_or_default();
        let producers: Vec<Cell> = self.cells[producer].iter().map(|c| c.cell.clone()).collect();
        let mut matcher = Matcher::new(&producers, filter);
        for (sources, consumer) in all.iter_mut().zip(&self.cells[stage]) {
            let mut found = matcher.matches(&consumer.cell);
            *left = left
                .checked_sub(found.len())
                .ok_or_else(|| fault("the pipeline joins too many files".into()))?;
            if found.is_empty() {
                let cell = consumer.cell.name();
                let which = if cell.is_empty() { String::new() } else { format!(" for the cell {cell}") };
                let axes = crate::targets::axes(producers.iter());
                return Err(
                    fault(format!("no cell of `{name}` fits{which}")).help(format!("`{name}` has {axes}"))
                );
            }
            if found.len() > 1 && (!port.many || port.is_stream()) {
                let message =
                    format!("`{}` takes one file, and {} cells of `{name}` fit", port.name, found.len());
                let help =
                    format!("say `each: {name}` to run once a cell, or filter: {name}.PORT[axis=value]");
                return Err(fault(message).help(help));
            }
            found.sort_by(|a, b| producers[*a].order(&producers[*b]));
            let process = |i: usize| Source::Output { process: self.first[producer] + i, output };
            sources.extend(found.into_iter().map(process));
        }
        Ok(())
    }
}
