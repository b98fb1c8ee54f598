//! Joins processes by pipes into jobs.

use crate::faults::{self, Fault, Place};
use crate::file::place_in;
use crate::graph::{Job, Process, Source};
use crate::keep;
use crate::order::{chain, order};
use std::collections::{BTreeSet, HashMap};

/// Joins processes by their streams into jobs, ordered by what they need.
pub fn jobs(processes: &[Process], faults: &mut Vec<Fault>) -> Vec<Job> {
    let feeds = feeds(processes, faults);
    if !faults.is_empty() {
        return Vec::new();
    }
    let mut next: HashMap<usize, usize> = HashMap::new();
    let mut has_feeder = BTreeSet::new();
    for (&(producer, _), consumers) in &feeds {
        next.insert(producer, consumers[0]);
        has_feeder.insert(consumers[0]);
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut group_of = vec![0; processes.len()];
    for first in (0..processes.len()).filter(|p| !has_feeder.contains(p)) {
        let group: Vec<usize> = std::iter::successors(Some(first), |p| next.get(p).copied()).collect();
        group.iter().for_each(|p| group_of[*p] = groups.len());
        groups.push(group);
    }
    let needs: Vec<Vec<usize>> = groups
        .iter()
        .map(|group| {
            let sources = group.iter().flat_map(|p| &processes[*p].inputs).filter(|i| !i.stream);
            let outputs = sources.flat_map(|input| &input.sources).filter_map(|source| match source {
                Source::Output { process, .. } => Some(group_of[*process]),
                Source::File(_) => None,
            });
            outputs.collect::<BTreeSet<usize>>().into_iter().collect()
        })
        .collect();
    match order(&needs) {
        Ok(order) => {
            let mut place = vec![0; order.len()];
            order.iter().enumerate().for_each(|(at, group)| place[*group] = at);
            let job = |group: &usize| {
                let needs = needs[*group].iter().map(|need| place[*need]).collect();
                Job { processes: groups[*group].clone(), needs }
            };
            order.iter().map(job).collect()
        }
        Err(cycles) => {
            let name = |group: &usize| {
                let names: Vec<String> = groups[*group].iter().map(|p| processes[*p].name()).collect();
                names.join(" | ")
            };
            for cycle in cycles {
                faults::add(faults, || {
                    let names: Vec<String> = cycle.iter().map(name).collect();
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    let message = format!("jobs that run at once need each other's files: {}", chain(&names));
                    Fault::new(place(&processes[groups[cycle[0]][0]]), message)
                });
            }
            Vec::new()
        }
    }
}

/// Which processes read which stream. Every stream must have one reader, and a process at most one each way,
/// since a process has one stdin and one stdout.
fn feeds(processes: &[Process], faults: &mut Vec<Fault>) -> HashMap<(usize, usize), Vec<usize>> {
    let mut feeds: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
    for (consumer, process) in processes.iter().enumerate() {
        let streams: Vec<_> = process.inputs.iter().filter(|input| input.stream).collect();
        if streams.len() > 1 {
            faults::add(faults, || two(process, "reads"));
        }
        for source in streams.iter().flat_map(|input| &input.sources) {
            if let Source::Output { process, output } = source {
                feeds.entry((*process, *output)).or_default().push(consumer);
            }
        }
    }
    for (number, process) in processes.iter().enumerate() {
        let streams: Vec<usize> =
            (0..process.outputs.len()).filter(|o| process.outputs[*o].file.is_none()).collect();
        if streams.len() > 1 {
            faults::add(faults, || two(process, "writes"));
        }
        for output in streams {
            let readers = feeds.get(&(number, output)).map(Vec::as_slice).unwrap_or_default();
            match readers {
                [_] => {}
                [] => faults::add(faults, || {
                    let port = stream_name(process, output);
                    let message = format!("`{port}` is a stream that no stage reads");
                    let help = format!(
                        "give `{port}` to a stage as its input, or keep it: keep: [{}]",
                        process.outputs[output].port
                    );
                    Fault::new(place(process), message).help(help)
                }),
                [a, b, ..] => faults::add(faults, || {
                    let (port, a, b) =
                        (stream_name(process, output), processes[*a].name(), processes[*b].name());
                    let message =
                        format!("`{port}` is a stream and can be read once, but {a} and {b} read it");
                    Fault::new(place(process), message)
                }),
            }
        }
    }
    feeds
}

/// The stream as a file would name it.
fn stream_name(process: &Process, output: usize) -> String {
    if keep::origin(&process.stage) != process.stage {
        // The copy of a kept stream goes by the name of the stream.
        return process.stage.clone();
    }
    format!("{}.{}", process.stage, process.outputs[output].port)
}

fn place(process: &Process) -> Place {
    Place::Key(place_in(keep::origin(&process.stage), &[]))
}

fn two(process: &Process, verb: &str) -> Fault {
    let message = format!("`{}` {verb} more than one stream; a process has one pipe each way", process.stage);
    Fault::new(place(process), message)
}
