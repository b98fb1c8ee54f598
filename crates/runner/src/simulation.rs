//! How long a run would take on so many workers, by the times that were recorded: pure functions of the plan and the
//! records.

use crate::last::stage_of;
use crate::schedule;
use plan::graph::{Plan, Source};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

/// What is recorded of jobs that ran, by their names.
#[derive(Debug, Default)]
pub struct Recorded {
    jobs: HashMap<String, Known>,
    /// The names of each stage's jobs.
    stages: BTreeMap<String, Vec<String>>,
}

/// What is known of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The bytes of its outputs, by its process's number in the job and the port.
    pub bytes: BTreeMap<(usize, String), u64>,
}

/// The most jobs of a stage among which the nearest ones are looked for.
const LOOKED_AT: usize = 500;

impl Recorded {
    /// Takes note of a job.
    pub fn note(&mut self, name: &str, known: Known) {
        if self.jobs.insert(name.to_owned(), known).is_none() {
            self.stages.entry(stage_of(name).to_owned()).or_default().push(name.to_owned());
        }
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// What a job will probably be: as it was, else the mean of those jobs of its stage that have most of their cell in
    /// common with it; none where its stage never ran.
    pub fn expect(&self, name: &str) -> Option<Known> {
        if let Some(known) = self.jobs.get(name) {
            return Some(known.clone());
        }
        let parts = parts(name);
        let shared = |other: &&String| {
            let other = self::parts(other);
            parts.iter().filter(|part| other.contains(*part)).count()
        };
        let others = self.stages.get(stage_of(name))?;
        let others: Vec<&String> = others.iter().take(LOOKED_AT).collect();
        let most = others.iter().map(shared).max()?;
        let nearest: Vec<&Known> = others
            .iter()
            .filter(|other| shared(other) == most)
            .filter_map(|name| self.jobs.get(*name))
            .collect();
        let count = nearest.len() as u64;
        let mut mean = Known::default();
        for known in nearest {
            mean.seconds += known.seconds / count as f64;
            for (port, bytes) in &known.bytes {
                *mean.bytes.entry(port.clone()).or_default() += bytes / count.max(1);
            }
        }
        Some(mean)
    }
}

/// The values of a cell, as in `seed=1`.
fn parts(name: &str) -> BTreeSet<&str> {
    name.split('@')
        .skip(1)
        .flat_map(|cell| cell.split([',', ' ', '|']))
        .filter(|part| part.contains('='))
        .collect()
}

/// What is expected of a plan, whatever it runs on.
#[derive(Debug, Default, PartialEq)]
pub struct Expected {
    /// Seconds of each job.
    pub seconds: Vec<f64>,
    /// The stages that never ran; their jobs count for nothing.
    pub unknown: BTreeSet<String>,
    /// Bytes that go into a shared cache: the outputs of all jobs, but for temporary ones.
    pub written: u64,
    /// Bytes that come from it at most: all that jobs read of other jobs, if no two of them share a disk.
    pub read: u64,
}

/// What is expected of the jobs that are wanted.
pub fn expect(plan: &Plan, wanted: &[bool], recorded: &Recorded) -> Expected {
    let mut expected = Expected { seconds: vec![0.0; plan.jobs.len()], ..Expected::default() };
    let mut bytes: HashMap<(usize, usize), u64> = HashMap::new();
    for (number, job) in plan.jobs.iter().enumerate().filter(|(number, _)| wanted[*number]) {
        let Some(known) = recorded.expect(&plan.job_name(number)) else {
            expected.unknown.insert(plan.processes[job.processes[0]].stage.clone());
            continue;
        };
        expected.seconds[number] = known.seconds;
        for (member, &process) in job.processes.iter().enumerate() {
            for (place, output) in plan.processes[process].outputs.iter().enumerate() {
                let size = known.bytes.get(&(member, output.port.clone())).copied().unwrap_or_default();
                bytes.insert((process, place), size);
                expected.written += if output.temporary { 0 } else { size };
            }
            let sources = plan.processes[process].inputs.iter().filter(|input| !input.stream);
            for source in sources.flat_map(|input| &input.sources) {
                if let Source::Output { process, output } = source {
                    expected.read += bytes.get(&(*process, *output)).copied().unwrap_or_default();
                }
            }
        }
    }
    expected
}

/// How many threads the jobs of a plan hold on workers of so many threads each.
pub fn threads(plan: &Plan, each: usize) -> Vec<usize> {
    (0..plan.jobs.len()).map(|job| plan.running(job).threads.unwrap_or(1).min(each)).collect()
}

/// How long the jobs take on so many workers of so many threads each, in seconds, if each job begins as soon as what it
/// needs is done and a worker has room, those first on which the longest chain hangs. `overhead` is what passes beside a
/// job's own time, in seconds.
pub fn simulate(
    plan: &Plan,
    wanted: &[bool],
    seconds: &[f64],
    [workers, each]: [usize; 2],
    overhead: f64,
) -> f64 {
    let threads = threads(plan, each);
    let took: Vec<f64> =
        seconds.iter().zip(wanted).map(|(own, wanted)| if *wanted { own + overhead } else { 0.0 }).collect();
    let remaining = schedule::remaining(plan, &took);
    let mut order: Vec<usize> = (0..plan.jobs.len()).collect();
    order.sort_by(|a, b| remaining[*b].total_cmp(&remaining[*a]).then(a.cmp(b)));
    let mut rank = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, job)| rank[*job] = place);
    let mut open: Vec<usize> = plan.jobs.iter().map(|job| job.needs.len()).collect();
    let mut needed_by = vec![Vec::new(); plan.jobs.len()];
    plan.jobs.iter().enumerate().for_each(|(number, job)| {
        job.needs.iter().for_each(|need| needed_by[*need].push(number));
    });
    // The threads that each worker has free; and as pairs with the worker, so that one with just enough is found at once.
    let mut room = vec![each; workers];
    let mut free: BTreeSet<(usize, usize)> = (0..workers).map(|worker| (each, worker)).collect();
    let mut ready: BTreeSet<usize> =
        (0..open.len()).filter(|job| open[*job] == 0).map(|job| rank[job]).collect();
    let mut running: BinaryHeap<Running> = BinaryHeap::new();
    let mut now = 0.0;
    loop {
        while let Some(place) = ready.first().copied() {
            let job = order[place];
            // A job that nobody wants takes neither time nor room; one that must wait for room is overtaken by none.
            let held = if wanted[job] { threads[job] } else { 0 };
            let Some(&(_, worker)) = free.range((held, 0)..).next() else { break };
            change(&mut free, &mut room, worker, |free| free - held);
            running.push(Running { end: now + took[job], job, worker, held });
            ready.remove(&place);
        }
        let Some(Running { end, job, worker, held }) = running.pop() else { return now };
        now = end;
        change(&mut free, &mut room, worker, |free| free + held);
        for &next in &needed_by[job] {
            open[next] -= 1;
            if open[next] == 0 {
                ready.insert(rank[next]);
            }
        }
    }
}

fn change(
    free: &mut BTreeSet<(usize, usize)>,
    room: &mut [usize],
    worker: usize,
    to: impl FnOnce(usize) -> usize,
) {
    free.remove(&(room[worker], worker));
    room[worker] = to(room[worker]);
    free.insert((room[worker], worker));
}

/// A job that runs, the one that ends first being the greatest.
struct Running {
    end: f64,
    job: usize,
    worker: usize,
    held: usize,
}

impl Ord for Running {
    fn cmp(&self, other: &Running) -> std::cmp::Ordering {
        other.end.total_cmp(&self.end).then(other.job.cmp(&self.job))
    }
}

impl PartialOrd for Running {
    fn partial_cmp(&self, other: &Running) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Running {
    fn eq(&self, other: &Running) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Running {}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::graph::{Job, Process};

    /// Jobs of one thread each, or of as many as they wish.
    fn plan(jobs: &[(&[usize], usize)]) -> Plan {
        let process = |threads: usize| Process {
            stage: "a".into(),
            program: "a".into(),
            cell: Default::default(),
            params: vec![],
            inputs: vec![],
            outputs: vec![],
            running: plan::running::Running { threads: Some(threads), ..Default::default() },
        };
        Plan {
            name: "p".into(),
            processes: jobs.iter().map(|(_, threads)| process(*threads)).collect(),
            jobs: (0..)
                .zip(jobs)
                .map(|(n, (needs, _))| Job { processes: vec![n], needs: needs.to_vec() })
                .collect(),
        }
    }

    fn time(plan: &Plan, seconds: &[f64], size: [usize; 2]) -> f64 {
        simulate(plan, &vec![true; seconds.len()], seconds, size, 0.0)
    }

    #[test]
    fn one_worker_takes_as_long_as_all_work_and_many_as_long_as_the_longest_chain() {
        let plan = plan(&[(&[], 1), (&[0], 1), (&[0], 1), (&[1, 2], 1)]);
        let seconds = [1.0, 2.0, 5.0, 3.0];
        assert_eq!(time(&plan, &seconds, [1, 1]), 11.0);
        assert_eq!(time(&plan, &seconds, [2, 1]), 9.0);
        assert_eq!(time(&plan, &seconds, [100, 1]), 9.0);
        assert_eq!(simulate(&plan, &[true; 4], &seconds, [1, 1], 0.5), 13.0);
        assert_eq!(simulate(&plan, &[true, true, false, false], &seconds, [1, 1], 0.5), 4.0);
    }

    #[test]
    fn a_job_runs_on_one_worker_that_has_all_its_threads() {
        let plan = plan(&[(&[], 2), (&[], 1), (&[], 1), (&[], 9)]);
        // Two workers of two threads: the wide jobs one after the other on the first, the narrow ones on the second.
        assert_eq!(time(&plan, &[4.0, 4.0, 4.0, 4.0], [2, 2]), 8.0);
        assert_eq!(time(&plan, &[4.0, 4.0, 4.0, 4.0], [4, 1]), 4.0);
        assert_eq!(time(&plan, &[4.0, 4.0, 4.0, 4.0], [1, 4]), 8.0);
    }

    #[test]
    fn a_job_that_never_ran_is_like_those_that_are_nearest_to_it() {
        let mut recorded = Recorded::default();
        for (name, seconds) in [
            ("train@network=cnn1,seed=1", 2.0),
            ("train@network=cnn1,seed=2", 4.0),
            ("train@network=cnn3,seed=1", 30.0),
            ("report", 1.0),
        ] {
            let bytes = BTreeMap::from([((0, "out".to_owned()), seconds as u64)]);
            recorded.note(name, Known { seconds, bytes });
        }
        let seconds = |name: &str| recorded.expect(name).map(|known| known.seconds);
        assert_eq!(seconds("train@network=cnn1,seed=2"), Some(4.0));
        assert_eq!(seconds("train@network=cnn1,seed=9"), Some(3.0));
        assert_eq!(seconds("train@network=cnn3,seed=9"), Some(30.0));
        assert_eq!(seconds("train@network=cnn7,seed=9"), Some(12.0));
        assert_eq!(seconds("judge"), None);
        let bytes = recorded.expect("train@network=cnn1,seed=9").unwrap().bytes;
        assert_eq!(bytes[&(0, "out".to_owned())], 3);
    }
}
