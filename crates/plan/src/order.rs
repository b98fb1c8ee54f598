//! Orders things by what they need, and finds cycles.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

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
