//! Makes the graph: joins a pipeline to the descriptions of its programs and unfolds its cells.

use crate::cells::{self, Cell};
use crate::checks;
use crate::describe::Description;
use crate::faults::{Fault, Place};
use crate::file::{Pipeline, Stage, Target, place_in};
use crate::graph::{InputPort, Output, Param, Plan, Process};
use crate::order;
use crate::resolve::{self, Resolver};
use crate::streams;
use crate::value::Value;
use std::collections::HashMap;

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
    let mut left = resolve::MOST_SOURCES;
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
    match order::order(&needs) {
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
pub(crate) struct OwnedCell {
    pub(crate) cell: Cell,
    pub(crate) own: Vec<(String, Value)>,
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
        temporary: false,
    });
    Process {
        stage: stage.name.clone(),
        program: stage.program.clone(),
        cell: cell.cell.clone(),
        params: params.collect(),
        inputs: Vec::new(),
        outputs: outputs.collect(),
        running: stage.running,
    }
}
