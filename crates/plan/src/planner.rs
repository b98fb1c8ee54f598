//! Makes the graph: joins a pipeline to the descriptions of its programs and unfolds its cells.

use crate::cells::Cell;
use crate::checks;
use crate::describe::Description;
use crate::faults::{self, Fault, Place};
use crate::file::{Pipeline, Stage, Target, Temporary, place_in};
use crate::graph::{InputPort, Output, Param, Plan, Process};
use crate::keep::{KEEPER, Keeper, Kept};
use crate::order;
use crate::resolve::{Places, Resolver};
use crate::streams;
use crate::unfold;
use std::collections::{BTreeSet, HashMap};

/// What the command line permits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Paths of inputs may lead out of the pipeline's folder.
    pub allow_outside: bool,
}

/// Makes the plan, from what is known of the programs that [`crate::programs`] names. A program that is not
/// known is left out of the checks, and any fault means that there is no plan.
pub fn plan(
    pipeline: &Pipeline,
    descriptions: &HashMap<String, Description>,
    options: Options,
    faults: &mut Vec<Fault>,
) -> Option<Plan> {
    let described: Vec<Option<&Description>> =
        pipeline.stages.iter().map(|stage| descriptions.get(&stage.program)).collect();
    let numbers: HashMap<&str, usize> =
        pipeline.stages.iter().enumerate().map(|(i, stage)| (stage.name.as_str(), i)).collect();
    let producer = |name: &str| {
        let number = *numbers.get(name)?;
        Some((pipeline.stages.get(number)?, (*described.get(number)?)?))
    };
    for (stage, description) in pipeline.stages.iter().zip(&described) {
        if let Some(description) = description {
            checks::params(stage, description, faults);
            checks::inputs(stage, description, &producer, (&pipeline.name, options.allow_outside), faults);
            checks::outputs(stage, description, faults);
        }
    }
    let order = stage_order(pipeline, &numbers, faults)?;
    unfold::check_axes(pipeline, &numbers, &order, faults);
    unfold::check_size(pipeline, &described, &numbers, &order, faults);
    let described = known(pipeline, described, faults)?;
    let keeper = keeper(pipeline, descriptions, faults);
    if !faults.is_empty() {
        return None;
    }
    let cells = unfold::cells(pipeline, &described, &numbers, &order, faults)?;

    let mut plan = Plan { name: pipeline.name.clone(), ..Plan::default() };
    let mut first = Vec::new();
    let mut kept = Kept::new();
    for ((i, stage), cells) in pipeline.stages.iter().enumerate().zip(&cells) {
        first.push(plan.processes.len());
        let folders = unfold::folders(&plan.name, stage, described[i], cells, faults);
        let axes = stage.axes().map(|(axis, _)| axis.as_str()).collect();
        for (cell, folder) in cells.iter().zip(&folders) {
            plan.processes.push(process(stage, described[i], &axes, cell, folder));
        }
        for port in &stage.keep {
            let output = described[i].outputs.iter().position(|output| output.name == port.name);
            let (Some(output), Some(keeper)) = (output, &keeper) else { continue };
            kept.insert((i, output), plan.processes.len());
            for (k, folder) in folders.iter().enumerate() {
                let writer = first[i] + k;
                let process =
                    keeper.process(stage, &plan.processes[writer], (writer, output), &port.name, folder);
                plan.processes.push(process);
            }
        }
    }
    let mut resolver = Resolver::new(Places {
        pipeline,
        described: &described,
        numbers: &numbers,
        cells: &cells,
        first: &first,
        keeper: keeper.as_ref(),
        kept: &kept,
    });
    for (i, stage) in pipeline.stages.iter().enumerate() {
        for port in &described[i].inputs {
            if let Some(input) = stage.inputs.iter().find(|input| input.port == port.name) {
                let resolved = resolver.sources(i, port, input, faults);
                for (k, sources) in resolved.into_iter().enumerate() {
                    let input = InputPort { port: port.name.clone(), stream: port.is_stream(), sources };
                    plan.processes[first[i] + k].inputs.push(input);
                }
            }
        }
    }
    if let Some(keeper) = &keeper {
        let keepers = kept.iter().flat_map(|((stage, _), first)| *first..first + cells[*stage].len());
        keeper.drop_unread(&keepers.collect::<Vec<_>>(), &mut plan.processes);
    }
    if faults.is_empty() {
        plan.jobs = streams::jobs(&plan.processes, faults);
    }
    faults.is_empty().then_some(plan)
}

/// What is known of all programs. Where something is not and nobody has said so, that is a fault.
fn known<'a>(
    pipeline: &Pipeline,
    described: Vec<Option<&'a Description>>,
    faults: &mut Vec<Fault>,
) -> Option<Vec<&'a Description>> {
    let unknown = pipeline.stages.iter().zip(&described).find(|(_, description)| description.is_none());
    if let Some((stage, _)) = unknown
        && faults.is_empty()
    {
        let place = Place::Key(place_in(&stage.name, &[]));
        let message = format!("nothing is known of the program `{}`", stage.program);
        faults::add(faults, || Fault::new(place, message));
    }
    described.into_iter().collect()
}

/// The keeper of streams, if a stream is kept.
fn keeper<'a>(
    pipeline: &Pipeline,
    descriptions: &'a HashMap<String, Description>,
    faults: &mut Vec<Fault>,
) -> Option<Keeper<'a>> {
    let kept = pipeline.stages.iter().flat_map(|stage| &stage.keep).next()?;
    match descriptions.get(KEEPER) {
        Some(description) => Keeper::new(description, kept, faults),
        None => {
            faults::add(faults, || {
                let message = format!("the program `{KEEPER}`, which keeps streams, is not there");
                Fault::new(kept.place.clone(), message)
            });
            None
        }
    }
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

/// The stages, each after those that it names; every cycle is a fault and named in full.
fn stage_order(
    pipeline: &Pipeline,
    numbers: &HashMap<&str, usize>,
    faults: &mut Vec<Fault>,
) -> Option<Vec<usize>> {
    let needs = |stage| named(stage).filter_map(|name| numbers.get(name).copied()).collect();
    let needs: Vec<Vec<usize>> = pipeline.stages.iter().map(needs).collect();
    let cycles = match order::order(&needs) {
        Ok(order) => return Some(order),
        Err(cycles) => cycles,
    };
    for cycle in cycles {
        faults::add(faults, || {
            let names: Vec<&str> = cycle.iter().map(|i| pipeline.stages[*i].name.as_str()).collect();
            let message = format!("the stages need each other in a cycle: {}", order::chain(&names));
            Fault::new(Place::Key(place_in(names[0], &[])), message)
        });
    }
    None
}

/// One process; `axes` are those of the stage itself, which are params.
fn process(
    stage: &Stage,
    description: &Description,
    axes: &BTreeSet<&str>,
    cell: &Cell,
    folder: &str,
) -> Process {
    let params = description.params.iter().filter_map(|param| {
        let own = cell.get(&param.name).filter(|_| axes.contains(param.name.as_str()));
        let given = || stage.params.iter().find(|(n, _)| *n == param.name).map(|(_, given)| &given.value);
        let value = own.or_else(given).or(param.default.as_ref())?.clone();
        Some(Param { name: param.name.clone(), kind: param.kind.name(), value })
    });
    let temporary = |port: &str| match &stage.temporary {
        Temporary::All => true,
        Temporary::Ports(ports) => ports.iter().any(|named| named.name == port),
    };
    let outputs = description.outputs.iter().map(|port| Output {
        port: port.name.clone(),
        format: port.format.clone(),
        file: (!port.is_stream()).then(|| format!("{folder}/{}.{}", port.name, port.format)),
        temporary: !port.is_stream() && temporary(&port.name),
    });
    Process {
        stage: stage.name.clone(),
        program: stage.program.clone(),
        cell: cell.clone(),
        params: params.collect(),
        inputs: Vec::new(),
        outputs: outputs.collect(),
        running: stage.running,
    }
}

#[cfg(test)]
mod tests {
    use crate::workshop::{planned, says, wrong};

    #[test]
    fn every_cycle_is_named_at_once() {
        let ring = |a: &str, b: &str| format!("  {a}: {{program: join, inputs: {{data: {b}.out}}}}\n");
        let text = ["a b", "b a", "c c", "d a"].map(|pair| ring(&pair[..1], &pair[2..])).concat();
        let messages: Vec<String> = wrong(&text, &[]).into_iter().map(|fault| fault.message).collect();
        let cycle = "the stages need each other in a cycle: ";
        assert_eq!(messages, [format!("{cycle}a -> b -> a"), format!("{cycle}c -> c")]);
    }

    #[test]
    fn a_program_that_is_not_known_is_a_fault() {
        says("  nothing: {}\n", &[], "nothing", &["nothing is known of the program `nothing`"]);
        assert_eq!(planned("  train: {}\n", &[]).processes.len(), 1);
    }
}
