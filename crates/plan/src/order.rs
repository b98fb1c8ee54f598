//! Orders things by what they need, and finds cycles.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// The most names of a cycle that are shown.
const MOST_NAMES: usize = 50;

/// Orders things so that each comes after what it needs, keeping their own order where that is free.
/// If that cannot be, the error has one cycle of every group that needs itself, each cycle with its first
/// member again at the end.
pub fn order(needs: &[Vec<usize>]) -> Result<Vec<usize>, Vec<Vec<usize>>> {
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
    if order.len() == needs.len() { Ok(order) } else { Err(cycles(needs)) }
}

/// One cycle of every group whose members all need each other, by their first members.
fn cycles(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let group = groups(needs);
    let mut seen = vec![false; needs.len()];
    let mut cycles = Vec::new();
    for start in 0..needs.len() {
        if !seen[group[start]] && needs[start].iter().any(|need| group[*need] == group[start]) {
            seen[group[start]] = true;
            cycles.push(cycle(needs, &group, start));
        }
    }
    cycles
}

/// Follows needs within a group until one comes again. Every member of a group of more than one needs
/// another.
fn cycle(needs: &[Vec<usize>], group: &[usize], start: usize) -> Vec<usize> {
    let mut path = vec![start];
    let mut seen = HashMap::from([(start, 0)]);
    let mut last = start;
    while let Some(&next) = needs[last].iter().find(|need| group[**need] == group[start]) {
        path.push(next);
        if let Some(&begin) = seen.get(&next) {
            // Shown in the direction of the data, from producer to consumer.
            path.drain(..begin);
            path.reverse();
            break;
        }
        seen.insert(next, path.len() - 1);
        last = next;
    }
    path
}

/// The strongly connected components, by Tarjan's algorithm without recursion: the number of each one's
/// group.
fn groups(needs: &[Vec<usize>]) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let mut index = vec![NEW; needs.len()];
    let mut low = vec![0; needs.len()];
    let mut group = vec![NEW; needs.len()];
    let (mut stack, mut met, mut made) = (Vec::new(), 0, 0);
    for root in 0..needs.len() {
        if index[root] != NEW {
            continue;
        }
        // A node and how many of its needs are done.
        let mut calls = vec![(root, 0)];
        while let Some((node, done)) = calls.pop() {
            if done == 0 {
                (index[node], low[node]) = (met, met);
                met += 1;
                stack.push(node);
            } else {
                let child = needs[node][done - 1];
                if group[child] == NEW {
                    low[node] = low[node].min(low[child]);
                }
            }
            match needs[node].get(done) {
                Some(&child) => {
                    calls.push((node, done + 1));
                    if index[child] == NEW {
                        calls.push((child, 0));
                    }
                }
                None if low[node] == index[node] => {
                    while let Some(member) = stack.pop() {
                        group[member] = made;
                        if member == node {
                            break;
                        }
                    }
                    made += 1;
                }
                None => {}
            }
        }
    }
    group
}

/// The names of a cycle in its direction, without the middle of a very long one.
pub(crate) fn chain(names: &[&str]) -> String {
    if names.len() <= MOST_NAMES {
        return names.join(" -> ");
    }
    let (begin, end) = names.split_at(MOST_NAMES);
    let last = end.last().copied().unwrap_or_default();
    format!("{} -> ... ({} more) -> {last}", begin.join(" -> "), end.len() - 1)
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
        assert_eq!(order(&[vec![1], vec![2], vec![1]]), Err(vec![vec![1, 2, 1]]));
        assert_eq!(order(&[vec![0]]), Err(vec![vec![0, 0]]));
    }

    #[test]
    fn every_group_names_one_cycle() {
        // 0 and 1 need each other, 2 needs both and itself, 3 needs 2, and 4, 5, 6 go round.
        let needs = [vec![1], vec![0], vec![0, 1, 2], vec![2], vec![5], vec![6], vec![4, 0]];
        assert_eq!(order(&needs), Err(vec![vec![0, 1, 0], vec![2, 2], vec![4, 6, 5, 4]]));
    }

    #[test]
    fn a_long_chain_takes_no_stack() {
        let mut needs: Vec<Vec<usize>> = (0..200_000).map(|i| vec![i + 1]).collect();
        needs.push(vec![0]);
        assert_eq!(order(&needs).unwrap_err()[0].len(), 200_002);
    }
}
