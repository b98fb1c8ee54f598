//! The critical path: the chain of jobs, each needing the one before, that no number of threads could have shortened.

/// The chain of jobs with the greatest sum of seconds, in the order in which they ran.
///
/// `needs` gives for each job the jobs before it that it needs, and `seconds` how long each took. Seconds that are
/// missing, negative or no number count as 0, and needs that do not stand before their job as none. Of chains with
/// equal sums the one is taken whose last job stands first, then the one whose last but one stands first, and so on. A
/// chain begins and ends with jobs that took time: where none did, it is empty.
pub fn critical_path(needs: &[Vec<usize>], seconds: &[f64]) -> Vec<usize> {
    // For each job the greatest sum of a chain that ends with it, and the job before it in that chain.
    let mut chains: Vec<(f64, Option<usize>)> = Vec::with_capacity(needs.len());
    for (job, needs) in needs.iter().enumerate() {
        let before = longest(needs.iter().copied(), &chains);
        let own = seconds.get(job).map_or(0.0, |own| own.max(0.0));
        chains.push((before.map_or(0.0, |(_, sum)| sum) + own, before.map(|(job, _)| job)));
    }
    let last = longest(0..chains.len(), &chains).map(|(job, _)| job);
    let before = |job: &usize| chains.get(*job).and_then(|(_, before)| *before);
    let mut path: Vec<usize> = std::iter::successors(last, before).collect();
    path.reverse();
    path
}

/// The job with the greatest sum above 0, and that sum; of equal ones the first.
fn longest(jobs: impl Iterator<Item = usize>, chains: &[(f64, Option<usize>)]) -> Option<(usize, f64)> {
    let sums = jobs.filter_map(|job| chains.get(job).map(|(sum, _)| (job, *sum)));
    sums.filter(|(_, sum)| *sum > 0.0).reduce(|best, next| {
        let wins = next.1 > best.1 || (next.1 == best.1 && next.0 < best.0);
        if wins { next } else { best }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_long_job_beats_two_short_ones_that_wait_for_each_other() {
        let needs = [vec![], vec![0], vec![], vec![1, 2]];
        assert_eq!(critical_path(&needs, &[1.0, 2.0, 9.0, 1.0]), [2, 3]);
        assert_eq!(critical_path(&needs, &[4.0, 6.0, 9.0, 1.0]), [0, 1, 3]);
    }

    #[test]
    fn of_equal_chains_the_first_is_taken() {
        let needs = [vec![], vec![], vec![1, 0], vec![0]];
        assert_eq!(critical_path(&needs, &[2.0, 2.0, 1.0, 1.0]), [0, 2]);
    }

    #[test]
    fn jobs_that_took_no_time_are_no_end_of_the_path_but_may_join_it() {
        let needs = [vec![], vec![0], vec![1], vec![2], vec![3]];
        assert_eq!(critical_path(&needs, &[0.0, 2.0, 0.0, 3.0, 0.0]), [1, 2, 3]);
        assert_eq!(critical_path(&needs, &[0.0; 5]), [0; 0]);
        assert_eq!(critical_path(&[], &[]), [0; 0]);
    }

    #[test]
    fn nonsense_counts_as_nothing() {
        let needs = [vec![0, 7], vec![0], vec![1]];
        assert_eq!(critical_path(&needs, &[1.0, f64::NAN]), [0]);
        assert_eq!(critical_path(&needs, &[1.0, -5.0, 1.0]), [0, 1, 2]);
    }

    /// Every chain of the graph, each from its last job to its first.
    fn chains(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let mut all: Vec<Vec<usize>> = (0..needs.len()).map(|job| vec![job]).collect();
        let mut next = 0;
        while next < all.len() {
            let chain = all[next].clone();
            for need in &needs[chain[chain.len() - 1]] {
                all.push([chain.as_slice(), &[*need]].concat());
            }
            next += 1;
        }
        all
    }

    /// Up to eight jobs, each needing some of those before it, with whole seconds so that sums are exact.
    fn graphs() -> impl Strategy<Value = (Vec<Vec<usize>>, Vec<f64>)> {
        proptest::collection::vec((any::<u8>(), 0..5_u8), 0..8).prop_map(|jobs| {
            let needs = |(job, (bits, _)): (usize, &(u8, u8))| {
                (0..job).rev().filter(|need| bits & (1 << need) != 0).collect()
            };
            let seconds = jobs.iter().map(|(_, seconds)| f64::from(*seconds)).collect();
            (jobs.iter().enumerate().map(needs).collect(), seconds)
        })
    }

    proptest! {
        #[test]
        fn it_is_the_greatest_of_all_chains_and_of_equals_the_first((needs, seconds) in graphs()) {
            let sum = |chain: &Vec<usize>| chain.iter().map(|job| seconds[*job]).sum::<f64>();
            let mut all = chains(&needs);
            all.retain(|chain| seconds[chain[0]] > 0.0 && seconds[chain[chain.len() - 1]] > 0.0);
            let greatest = all.iter().map(sum).fold(0.0, f64::max);
            all.retain(|chain| sum(chain) == greatest);
            let mut first = all.into_iter().min().unwrap_or_default();
            first.reverse();
            prop_assert_eq!(critical_path(&needs, &seconds), first);
        }
    }
}
