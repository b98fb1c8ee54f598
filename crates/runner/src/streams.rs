//! Graph work: orders things by what they need, finds cycles, and joins processes by pipes into jobs.

use crate::errors::{Fault, Place};
use crate::pipeline::place_in;
use crate::plan::{Job, Process, Source};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

/// Orders things so that each comes after what it needs, keeping their own order where that is free.
/// If that cannot be, the error is one cycle, its first member again at the end.
pub fn order(needs: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut missing: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (i, list) in needs.iter().enumerate() {
        list.iter().for_each(|need| needed_by[*need].push(i));
    }
    let mut ready: BinaryHeap<Reverse<usize>> =
        missing.iter().enumerate().filter(|(_, n)| **n == 0).map(|(i, _)| Reverse(i)).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(Reverse(i)) = ready.pop() {
        order.push(i);
        for &next in &needed_by[i] {
            missing[next] -= 1;
            if missing[next] == 0 {
                ready.push(Reverse(next));
            }
        }
    }
    match missing.iter().position(|n| *n > 0) {
        None => Ok(order),
        Some(start) => Err(cycle(needs, &missing, start)),
    }
}

/// Follows unmet needs until one comes again.
fn cycle(needs: &[Vec<usize>], missing: &[usize], start: usize) -> Vec<usize> {
    let mut path = vec![start];
    let mut seen = HashMap::from([(start, 0)]);
    loop {
        let last = path[path.len() - 1];
        let Some(&next) = needs[last].iter().find(|need| missing[**need] > 0) else { return path };
        path.push(next);
        if let Some(&begin) = seen.get(&next) {
            // Shown in the direction of the data, from producer to consumer.
            let mut cycle = path.split_off(begin);
            cycle.reverse();
            return cycle;
        }
        seen.insert(next, path.len() - 1);
    }
}

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
        Err(cycle) => {
            let name = |group: &usize| {
                let names: Vec<String> = groups[*group].iter().map(|p| processes[*p].name()).collect();
                names.join(" | ")
            };
            let names: Vec<String> = cycle.iter().map(name).collect();
            let place = Place::Key(place_in(&processes[groups[cycle[0]][0]].stage, &[]));
            let message = format!("jobs that run at once need each other's files: {}", names.join(" -> "));
            faults.push(Fault::new(place, message));
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
            faults.push(two(process, "reads"));
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
            faults.push(two(process, "writes"));
        }
        for output in streams {
            let readers = feeds.get(&(number, output)).map(Vec::as_slice).unwrap_or_default();
            let port = format!("{}.{}", process.stage, process.outputs[output].port);
            let place = Place::Key(place_in(&process.stage, &[]));
            match readers {
                [_] => {}
                [] => {
                    let message = format!("`{port}` is a stream that no stage reads");
                    faults.push(
                        Fault::new(place, message).help(format!("give `{port}` to a stage as its input")),
                    );
                }
                [a, b, ..] => {
                    let (a, b) = (processes[*a].name(), processes[*b].name());
                    let message =
                        format!("`{port}` is a stream and can be read once, but {a} and {b} read it");
                    faults.push(Fault::new(place, message));
                }
            }
        }
    }
    feeds
}

fn two(process: &Process, verb: &str) -> Fault {
    let place = Place::Key(place_in(&process.stage, &[]));
    Fault::new(
        place,
        format!("`{}` {verb} more than one stream; a process has one pipe each way", process.stage),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_first_and_the_rest_keeps_its_order() {
        assert_eq!(order(&[vec![2], vec![], vec![], vec![0]]), Ok(vec![1, 2, 0, 3]));
    }

    #[test]
    fn a_cycle_is_named_in_full() {
        // 0 needs 1, 1 needs 2, 2 needs 1: the data goes 1, 2, 1.
        assert_eq!(order(&[vec![1], vec![2], vec![1]]), Err(vec![1, 2, 1]));
        assert_eq!(order(&[vec![0]]), Err(vec![0, 0]));
    }
}
