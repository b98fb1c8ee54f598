//! `runner simulate`: how long a pipeline would take on so many workers, by the times of jobs that ran.

use super::answer;
use crate::arguments::SimulateArguments;
use crate::errors::Error;
use crate::last::LastRuns;
use crate::phrases::{bytes, counted, duration};
use crate::setting::Setting;
use crate::simulation::{self, Expected, Known, Recorded};
use serde::Serialize;
use std::fmt::Write;

/// How many jobs of the critical path are shown.
const MOST_SHOWN: usize = 12;

#[derive(Serialize)]
struct Answer {
    jobs: usize,
    /// The sum of all jobs' seconds.
    work_seconds: f64,
    critical_path_seconds: f64,
    critical_path: Vec<Step>,
    /// Bytes into a shared cache, and from it at most.
    cache_bytes_written: u64,
    cache_bytes_read: u64,
    overhead_seconds: f64,
    threads_of_a_worker: usize,
    workers: Vec<Workers>,
    stages_that_never_ran: Vec<String>,
}

#[derive(Serialize)]
struct Step {
    job: String,
    seconds: f64,
}

#[derive(Serialize)]
struct Workers {
    workers: usize,
    seconds: f64,
    /// The share of the workers' time in which they work.
    busy: f64,
}

/// What is recorded of the jobs of a pipeline of this folder.
pub fn recorded(setting: &Setting, pipeline: &str) -> Recorded {
    let mut recorded = Recorded::default();
    for (name, key, seconds) in LastRuns::load(setting.project, pipeline).jobs() {
        let outputs = setting.store.record(key).map(|record| record.outputs).unwrap_or_default();
        let bytes = outputs.into_iter().map(|kept| ((kept.process, kept.port), kept.size)).collect();
        recorded.note(name, Known { seconds, bytes });
    }
    recorded
}

/// Works it out for each number of workers, and shows it.
pub(crate) fn print(setting: &Setting, arguments: &SimulateArguments, json: bool) -> Result<(), Error> {
    let plan = setting.plan;
    let source = arguments.times.as_deref().unwrap_or(&plan.name);
    let recorded = recorded(setting, source);
    if recorded.is_empty() {
        let pipelines = LastRuns::pipelines(setting.project).join(", ");
        let there = if pipelines.is_empty() { "none".to_owned() } else { pipelines };
        return Err(Error::Usage(format!(
            "no job of a pipeline named {source} ran here yet; with times: {there} (see --times)"
        )));
    }
    let Expected { seconds, unknown, written, read } = simulation::expect(plan, setting.wanted, &recorded);
    let needs: Vec<Vec<usize>> = plan.jobs.iter().map(|job| job.needs.clone()).collect();
    let path = ::history::critical_path(&needs, &seconds);
    let threads = simulation::threads(plan, arguments.threads.get());
    let work: f64 = seconds.iter().zip(&threads).map(|(seconds, threads)| seconds * *threads as f64).sum();
    let workers = arguments.workers.iter().map(|workers| {
        let size = [workers.get(), arguments.threads.get()];
        let took =
            simulation::simulate(plan, setting.wanted, &seconds, size, arguments.overhead.as_secs_f64());
        let all = took * (size[0] * size[1]) as f64;
        Workers { workers: size[0], seconds: took, busy: if all > 0.0 { work / all } else { 0.0 } }
    });
    let told = Answer {
        jobs: setting.wanted.iter().filter(|wanted| **wanted).count(),
        work_seconds: seconds.iter().sum(),
        critical_path_seconds: path.iter().map(|job| seconds[*job]).sum(),
        critical_path: path
            .iter()
            .map(|job| Step { job: plan.job_name(*job), seconds: seconds[*job] })
            .collect(),
        cache_bytes_written: written,
        cache_bytes_read: read,
        overhead_seconds: arguments.overhead.as_secs_f64(),
        threads_of_a_worker: arguments.threads.get(),
        workers: workers.collect(),
        stages_that_never_ran: unknown.into_iter().collect(),
    };
    answer(json, &told, || text(&told))
}

fn text(told: &Answer) -> String {
    let mut text = format!(
        "{}, {} of work; the longest chain takes {}\n",
        counted(told.jobs, "job"),
        duration(told.work_seconds),
        duration(told.critical_path_seconds)
    );
    if !told.stages_that_never_ran.is_empty() {
        let _ = writeln!(text, "never ran, and count for nothing: {}", told.stages_that_never_ran.join(", "));
    }
    let _ = writeln!(text, "\n  workers        time   busy");
    for Workers { workers, seconds, busy } in &told.workers {
        let _ = writeln!(text, "  {workers:>7}  {:>10}  {:>4.0} %", duration(*seconds), 100.0 * busy);
    }
    let _ = writeln!(text, "\n  the longest chain");
    for Step { job, seconds } in told.critical_path.iter().take(MOST_SHOWN) {
        let _ = writeln!(text, "  {:>10}  {job}", duration(*seconds));
    }
    if told.critical_path.len() > MOST_SHOWN {
        let _ = writeln!(text, "              and {} more", told.critical_path.len() - MOST_SHOWN);
    }
    let _ = write!(
        text,
        "\ninto a shared cache {}; from it at most {}, if no two jobs share a disk",
        bytes(told.cache_bytes_written),
        bytes(told.cache_bytes_read)
    );
    text
}
