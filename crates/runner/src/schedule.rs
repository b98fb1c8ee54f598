//! Who runs next and on how many threads: pure functions of the state of things.

use plan::graph::Plan;
use std::collections::BTreeMap;

/// How much may run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Jobs.
    pub jobs: usize,
    /// Threads of all jobs together.
    pub threads: usize,
}

/// The threads that the next job gets, or none if it must wait. A job that wishes for some gets so many, or the
/// whole budget if that is smaller; else the budget is shared evenly among all that run or could run. It is never
/// exceeded.
pub fn grant(
    limits: Limits,
    running: usize,
    ready: usize,
    threads_in_use: usize,
    wish: Option<usize>,
) -> Option<usize> {
    let free = limits.threads.saturating_sub(threads_in_use);
    if ready == 0 || running >= limits.jobs || free == 0 {
        return None;
    }
    if let Some(wish) = wish {
        let wish = wish.min(limits.threads);
        return (wish <= free).then_some(wish);
    }
    let sharers = (running + ready).min(limits.jobs);
    Some((limits.threads / sharers).clamp(1, free))
}

/// For each job the seconds until all that needs it is done, itself included; unknown stages count as one.
pub fn remaining(plan: &Plan, seconds: &BTreeMap<String, f64>) -> Vec<f64> {
    let mut after = vec![0.0_f64; plan.jobs.len()];
    for (number, job) in plan.jobs.iter().enumerate().rev() {
        let stage = &plan.processes[job.processes[0]].stage;
        let total = after[number] + seconds.get(stage).copied().unwrap_or(1.0);
        job.needs.iter().for_each(|need| after[*need] = after[*need].max(total));
        after[number] = total;
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::graph::{Job, Process};

    const LIMITS: Limits = Limits { jobs: 4, threads: 8 };

    #[test]
    fn one_job_gets_all_threads_and_many_share_them() {
        assert_eq!(grant(LIMITS, 0, 1, 0, None), Some(8));
        assert_eq!(grant(LIMITS, 0, 100, 0, None), Some(2));
        assert_eq!(grant(LIMITS, 1, 1, 2, None), Some(4));
    }

    #[test]
    fn a_job_gets_the_threads_that_it_wishes_or_waits_for_them() {
        assert_eq!(grant(LIMITS, 0, 100, 0, Some(6)), Some(6));
        assert_eq!(grant(LIMITS, 0, 1, 0, Some(20)), Some(8));
        assert_eq!(grant(LIMITS, 1, 1, 4, Some(6)), None);
    }

    #[test]
    fn the_budget_is_never_exceeded() {
        assert_eq!(grant(LIMITS, 1, 1, 8, None), None);
        assert_eq!(grant(LIMITS, 4, 9, 4, None), None);
        assert_eq!(grant(LIMITS, 3, 1, 7, None), Some(1));
        assert_eq!(grant(Limits { jobs: 4, threads: 2 }, 2, 9, 2, None), None);
        for jobs in 1..6 {
            for threads in 1..10 {
                let (mut running, mut used, limits) = (0, 0, Limits { jobs, threads });
                for ready in (1..20).rev() {
                    let Some(granted) = grant(limits, running, ready, used, None) else { break };
                    (running, used) = (running + 1, used + granted);
                    assert!(granted >= 1 && used <= threads && running <= jobs);
                }
            }
        }
    }

    #[test]
    fn the_longest_path_comes_first() {
        let process = |stage: &str| Process {
            stage: stage.into(),
            program: stage.into(),
            cell: Default::default(),
            params: vec![],
            inputs: vec![],
            outputs: vec![],
            running: Default::default(),
        };
        let job = |process, needs: &[usize]| Job { processes: vec![process], needs: needs.to_vec() };
        let plan = Plan {
            name: "p".into(),
            processes: vec![process("a"), process("b"), process("c")],
            jobs: vec![job(0, &[]), job(1, &[]), job(2, &[1])],
        };
        assert_eq!(remaining(&plan, &BTreeMap::new()), [1.0, 2.0, 1.0]);
        let seconds = BTreeMap::from([("a".to_owned(), 9.0)]);
        assert_eq!(remaining(&plan, &seconds), [9.0, 2.0, 1.0]);
    }
}
