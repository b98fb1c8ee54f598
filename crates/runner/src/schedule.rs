//! Who runs next and on how many threads: pure functions of the state of things.

use plan::graph::Plan;

/// How much may run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Jobs.
    pub jobs: usize,
    /// Threads of all jobs together.
    pub threads: usize,
    /// Bytes of memory of all jobs together that say what they need.
    pub memory: u64,
}

/// What a job that could start asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wish {
    /// Threads; without a wish it takes an even share.
    pub threads: Option<usize>,
    /// Bytes of memory.
    pub memory: u64,
    /// How long it will probably take, in seconds.
    pub seconds: Option<f64>,
}

/// What a running job holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// Threads.
    pub threads: usize,
    /// Bytes of memory.
    pub memory: u64,
    /// How much longer it will probably take, in seconds; infinite if unknown.
    pub seconds_left: f64,
}

/// Threads and memory that are free.
#[derive(Clone, Copy)]
struct Free {
    jobs: usize,
    threads: usize,
    memory: u64,
}

impl Free {
    fn new(limits: Limits, running: &[Held]) -> Free {
        let threads = running.iter().fold(limits.threads, |free, held| free.saturating_sub(held.threads));
        let memory = running.iter().fold(limits.memory, |free, held| free.saturating_sub(held.memory));
        Free { jobs: limits.jobs.saturating_sub(running.len()), threads, memory }
    }

    fn holds(&self, threads: usize, memory: u64) -> bool {
        self.jobs > 0 && threads <= self.threads && memory <= self.memory
    }
}

/// Chooses the job that starts next: its place in `ready`, which stands in order of urgency, and its threads.
/// `waiting` is the number of all jobs that could start, of which `ready` may be the first few; no more of them are looked at than
/// it takes.
///
/// The most urgent job that fits starts. A job that must wait for threads or memory is not overtaken by one that
/// would delay it: another may go first only if it will probably be done by then, or needs nothing that the
/// waiting one will take ("EASY backfilling", Lifka 1995). A wish beyond the limits is cut to them.
pub fn next(
    limits: Limits,
    running: &[Held],
    ready: impl IntoIterator<Item = Wish>,
    waiting: usize,
) -> Option<(usize, usize)> {
    let free = Free::new(limits, running);
    if free.jobs == 0 || free.threads == 0 {
        return None;
    }
    let sharers = (running.len() + waiting).min(limits.jobs).max(1);
    let share = (limits.threads / sharers).max(1);
    let needs = |wish: &Wish| {
        let threads = wish.threads.map_or(share.min(free.threads), |wish| wish.min(limits.threads));
        (threads, wish.memory.min(limits.memory))
    };
    let mut ready = ready.into_iter().enumerate();
    let (threads, memory) = needs(&ready.next()?.1);
    if free.holds(threads, memory) {
        return Some((0, threads));
    }
    let (delay, spare) = reservation(limits, running, threads, memory);
    let overtakes = |(place, wish): (usize, Wish)| {
        let (threads, memory) = needs(&wish);
        let harmless = wish.seconds.is_some_and(|s| s <= delay) || spare.holds(threads, memory);
        (free.holds(threads, memory) && harmless).then_some((place, threads))
    };
    ready.find_map(overtakes)
}

/// When enough of the running jobs will have ended for a job of this size, in seconds, and what will be free
/// beside it then.
fn reservation(limits: Limits, running: &[Held], threads: usize, memory: u64) -> (f64, Free) {
    let mut left = running.to_vec();
    left.sort_by(|a, b| a.seconds_left.total_cmp(&b.seconds_left));
    let mut delay = 0.0;
    while !left.is_empty() && !Free::new(limits, &left).holds(threads, memory) {
        delay = left.remove(0).seconds_left;
    }
    let then = Free::new(limits, &left);
    let spare = Free {
        jobs: then.jobs.saturating_sub(1),
        threads: then.threads.saturating_sub(threads),
        memory: then.memory.saturating_sub(memory),
    };
    (delay, spare)
}

/// For each job the seconds until all that needs it is done, itself included.
pub fn remaining(plan: &Plan, seconds: &[f64]) -> Vec<f64> {
    let mut after = vec![0.0_f64; plan.jobs.len()];
    for (number, job) in plan.jobs.iter().enumerate().rev() {
        let total = after[number] + seconds[number];
        job.needs.iter().for_each(|need| after[*need] = after[*need].max(total));
        after[number] = total;
    }
    after
}

/// The memory of this machine or container in bytes; without a limit where the system does not say.
pub fn machine_memory() -> u64 {
    let number = |text: &str| text.split_whitespace().find_map(|word| word.parse::<u64>().ok());
    let total = std::fs::read_to_string("/proc/meminfo").ok();
    let total = total.and_then(|text| number(text.lines().find(|line| line.starts_with("MemTotal"))?));
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| number(&text));
    total.map_or(u64::MAX, |kib| kib.saturating_mul(1024)).min(group.unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::graph::{Job, Process};

    const LIMITS: Limits = Limits { jobs: 4, threads: 8, memory: 100 };

    fn wish(threads: usize) -> Wish {
        Wish { threads: (threads > 0).then_some(threads), ..Wish::default() }
    }

    fn held(threads: usize, memory: u64, seconds_left: f64) -> Held {
        Held { threads, memory, seconds_left }
    }

    #[test]
    fn one_job_gets_all_threads_and_many_share_them() {
        assert_eq!(next(LIMITS, &[], [wish(0)], 1), Some((0, 8)));
        assert_eq!(next(LIMITS, &[], [wish(0)], 100), Some((0, 2)));
        assert_eq!(next(LIMITS, &[held(2, 0, 1.0)], [wish(0)], 1), Some((0, 4)));
    }

    #[test]
    fn a_job_gets_the_threads_and_the_memory_that_it_wishes_or_waits_for_them() {
        assert_eq!(next(LIMITS, &[], [wish(6)], 100), Some((0, 6)));
        assert_eq!(next(LIMITS, &[], [wish(20)], 1), Some((0, 8)));
        assert_eq!(next(LIMITS, &[held(4, 0, 9.0)], [wish(6)], 1), None);
        let large = Wish { memory: 70, ..wish(1) };
        assert_eq!(next(LIMITS, &[held(1, 40, 9.0)], [large], 1), None);
        assert_eq!(next(LIMITS, &[held(1, 30, 9.0)], [large], 1), Some((0, 1)));
        let huge = Wish { memory: 1000, ..wish(1) };
        assert_eq!(next(LIMITS, &[], [huge], 1), Some((0, 1)));
    }

    #[test]
    fn a_short_job_overtakes_a_wide_one_that_has_to_wait_and_a_long_one_does_not() {
        let limits = Limits { jobs: 2, threads: 2, memory: 100 };
        let narrow = |seconds| Wish { seconds, ..wish(1) };
        let running = [held(1, 0, 10.0)];
        assert_eq!(next(limits, &running, [wish(2), narrow(Some(9.0))], 2), Some((1, 1)));
        assert_eq!(next(limits, &running, [wish(2), narrow(Some(11.0))], 2), None);
        assert_eq!(next(limits, &running, [wish(2), narrow(None)], 2), None);
        let unknown = [held(1, 0, f64::INFINITY)];
        assert_eq!(next(limits, &unknown, [wish(2), narrow(Some(9.0))], 2), Some((1, 1)));
    }

    #[test]
    fn a_job_that_needs_nothing_of_what_another_waits_for_overtakes_it() {
        let waiting = Wish { memory: 90, ..wish(1) };
        let other = Wish { memory: 5, ..wish(1) };
        assert_eq!(next(LIMITS, &[held(1, 20, 10.0)], [waiting, other], 2), Some((1, 1)));
        assert_eq!(next(LIMITS, &[held(1, 20, 10.0)], [waiting, Wish { memory: 20, ..other }], 2), None);
    }

    #[test]
    fn the_limits_are_never_exceeded() {
        for (jobs, threads) in (1..6).flat_map(|jobs| (1..10).map(move |threads| (jobs, threads))) {
            let limits = Limits { jobs, threads, memory: 10 };
            for wishes in [[0, 0, 0], [1, 3, 0], [9, 1, 2], [2, 2, 2]] {
                let mut running: Vec<Held> = Vec::new();
                let mut ready: Vec<Wish> = (0..12)
                    .map(|i| Wish { memory: i % 7, seconds: Some(i as f64), ..wish(wishes[i as usize % 3]) })
                    .collect();
                while let Some((place, granted)) = next(limits, &running, ready.clone(), ready.len()) {
                    let started = ready.remove(place);
                    running.push(held(granted, started.memory.min(10), 5.0));
                    assert!(granted >= 1 && running.len() <= jobs);
                    assert!(running.iter().map(|held| held.threads).sum::<usize>() <= threads);
                    assert!(running.iter().map(|held| held.memory).sum::<u64>() <= 10);
                }
                assert!(!running.is_empty(), "nothing starts on {limits:?}");
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
        assert_eq!(remaining(&plan, &[1.0; 3]), [1.0, 2.0, 1.0]);
        assert_eq!(remaining(&plan, &[9.0, 1.0, 1.0]), [9.0, 2.0, 1.0]);
    }
}
