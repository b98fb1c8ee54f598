//! The history of runs: kept after each run in which a job ran, shown by `runner history`.

use super::answer;
use crate::account::Account;
use crate::account::{Outcome, State};
use crate::errors::Error;
use crate::judge::Reason;
use crate::on::CLUSTER_THREADS;
use crate::phrases::{bytes, duration};
use crate::schedule::Limits;
use crate::setting::Setting;
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::SystemTime;
use store::files::Project;

fn folder(project: &Project) -> PathBuf {
    project.state("history")
}

/// Keeps a run, unless no job ran in it and none was fetched. `seconds` is what it took from its start.
pub fn keep(
    setting: &Setting,
    targets: &[String],
    limits: Limits,
    started: SystemTime,
    seconds: f64,
    outcome: &Outcome,
) -> Result<(), history::Error> {
    let counts = outcome.counts;
    let ran = |account: &Account| account.attempts > 0;
    if counts.fetched == 0 && !outcome.accounts.iter().any(ran) {
        return Ok(());
    }
    let run = history::new_run_name(started, std::process::id());
    let took: Vec<f64> = outcome.accounts.iter().map(|a| if ran(a) { a.seconds } else { 0.0 }).collect();
    let needs: Vec<Vec<usize>> = setting.plan.jobs.iter().map(|job| job.needs.clone()).collect();
    let path = history::critical_path(&needs, &took);
    let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let jobs: Vec<history::Job> = (0..outcome.states.len())
        .filter_map(|number| Some((number, state(outcome.states[number])?)))
        .map(|(number, state)| {
            let first = &setting.plan.processes[setting.plan.jobs[number].processes[0]];
            let account = &outcome.accounts[number];
            history::Job {
                run: run.clone(),
                job: setting.plan.job_name(number),
                stage: first.stage.clone(),
                cell: first.cell.name(),
                state,
                reason: account.reason.as_ref().map(Reason::to_string).unwrap_or_default(),
                key: outcome.keys[number].map(|key| key.to_string()).unwrap_or_default(),
                started: account.started,
                seconds: account.seconds,
                cpu_seconds: account.used.map(|used| used.cpu_seconds),
                peak_memory: account.used.map(|used| used.peak_memory),
                threads: account.threads.map(small),
                attempts: account.attempts,
                critical: path.contains(&number),
                output_bytes: account.bytes,
                fetched_bytes: account.fetched,
            }
        })
        .collect();
    let run = history::Run {
        run,
        pipeline: setting.plan.name.clone(),
        started,
        seconds,
        jobs_done: small(counts.done),
        jobs_up_to_date: small(counts.up_to_date),
        jobs_fetched: small(counts.fetched),
        fetched_bytes: counts.fetched_bytes,
        jobs_failed: small(counts.failed),
        jobs_not_run: small(counts.not_run),
        interrupted: outcome.interrupted,
        targets: targets.join(" "),
        threads: if limits.threads == CLUSTER_THREADS { 0 } else { small(limits.threads) },
        critical_path_seconds: path.iter().map(|job| took[*job]).sum(),
        work_seconds: took.iter().sum(),
        saved_seconds: counts.saved_seconds,
        runner_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    history::write(&folder(setting.project), &run, &jobs)
}

/// The word of the history for a state; none for jobs that the run was not about.
fn state(state: State) -> Option<history::State> {
    match state {
        State::Unwanted => None,
        State::Done => Some(history::State::Done),
        State::UpToDate => Some(history::State::UpToDate),
        State::Failed => Some(history::State::Failed),
        State::Stopped => Some(history::State::Stopped),
        State::Waiting | State::Ready | State::Running(_) => Some(history::State::NotRun),
    }
}

#[derive(Serialize)]
struct RunShown {
    run: String,
    pipeline: String,
    started: String,
    seconds: f64,
    done: u32,
    up_to_date: u32,
    fetched: u32,
    fetched_bytes: u64,
    failed: u32,
    not_run: u32,
    interrupted: bool,
    targets: String,
    threads: u32,
    critical_path_seconds: f64,
    work_seconds: f64,
    saved_seconds: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    jobs: Vec<JobShown>,
}

#[derive(Serialize)]
struct JobShown {
    job: String,
    state: &'static str,
    reason: String,
    seconds: f64,
    cpu_seconds: Option<f64>,
    peak_memory: Option<u64>,
    threads: Option<u32>,
    attempts: u32,
    critical: bool,
    output_bytes: u64,
    fetched_bytes: Option<u64>,
}

/// Shows all runs, or the jobs of one: `last` or a run by its name.
pub fn print(project: &Project, which: Option<&str>, json: bool) -> Result<(), Error> {
    let folder = folder(project);
    let found = history::runs(&folder).map_err(|error| Error::Usage(error.to_string()))?;
    for warning in &found.warnings {
        crate::screen::print(&mut std::io::stderr(), &format!("left out: {warning}"));
    }
    let Some(which) = which else {
        let shown: Vec<RunShown> = found.runs.into_iter().map(|run| run_shown(run, vec![])).collect();
        return answer(json, &shown, || runs_text(&shown, &folder));
    };
    let run = found.runs.into_iter().rev().find(|run| which == "last" || run.run == which);
    let run =
        run.ok_or_else(|| Error::Usage(format!("there is no run `{which}`; `runner history` lists them")))?;
    let jobs = history::jobs(&folder, &run.run).map_err(|error| Error::Usage(error.to_string()))?;
    let shown = run_shown(run, jobs.into_iter().map(job_shown).collect());
    answer(json, &shown, || run_text(&shown))
}

fn run_shown(run: history::Run, jobs: Vec<JobShown>) -> RunShown {
    RunShown {
        run: run.run,
        pipeline: run.pipeline,
        started: humantime::format_rfc3339_seconds(run.started).to_string(),
        seconds: run.seconds,
        done: run.jobs_done,
        up_to_date: run.jobs_up_to_date,
        fetched: run.jobs_fetched,
        fetched_bytes: run.fetched_bytes,
        failed: run.jobs_failed,
        not_run: run.jobs_not_run,
        interrupted: run.interrupted,
        targets: run.targets,
        threads: run.threads,
        critical_path_seconds: run.critical_path_seconds,
        work_seconds: run.work_seconds,
        saved_seconds: run.saved_seconds,
        jobs,
    }
}

fn job_shown(job: history::Job) -> JobShown {
    JobShown {
        job: job.job,
        state: job.state.word(),
        reason: job.reason,
        seconds: job.seconds,
        cpu_seconds: job.cpu_seconds,
        peak_memory: job.peak_memory,
        threads: job.threads,
        attempts: job.attempts,
        critical: job.critical,
        output_bytes: job.output_bytes,
        fetched_bytes: job.fetched_bytes,
    }
}

fn runs_text(runs: &[RunShown], folder: &std::path::Path) -> String {
    if runs.is_empty() {
        return "no job has run here yet".to_owned();
    }
    let mut text = format!(
        "{:30} {:12} {:>10} {:>5} {:>10} {:>6}  {:>10} {:>10}\n",
        "run", "pipeline", "took", "done", "up to date", "failed", "work", "saved"
    );
    for run in runs {
        let stopped = if run.interrupted { "  stopped" } else { "" };
        let _ = writeln!(
            text,
            "{:30} {:12} {:>10} {:>5} {:>10} {:>6}  {:>10} {:>10}{stopped}",
            run.run,
            run.pipeline,
            duration(run.seconds),
            run.done,
            run.up_to_date,
            run.failed,
            duration(run.work_seconds),
            duration(run.saved_seconds),
        );
    }
    let _ = writeln!(text, "tables: {0}/runs/*.parquet, {0}/jobs/*.parquet", folder.display());
    text
}

fn run_text(run: &RunShown) -> String {
    let mut text = format!(
        "{} of {}, {} {}: {} done, {} up to date, {} failed, {} not run\n",
        run.run,
        run.pipeline,
        duration(run.seconds),
        if run.threads == 0 { "on a cluster".to_owned() } else { format!("on {} threads", run.threads) },
        run.done,
        run.up_to_date,
        run.failed,
        run.not_run
    );
    let _ = writeln!(
        text,
        "work {}, critical path {}, the cache saved {} of work",
        duration(run.work_seconds),
        duration(run.critical_path_seconds),
        duration(run.saved_seconds),
    );
    if run.fetched > 0 {
        let fetched = bytes(run.fetched_bytes);
        let _ = writeln!(text, "{} of those up to date came from the shared cache, {fetched}", run.fetched);
    }
    let ran = || run.jobs.iter().filter(|job| job.attempts > 0);
    if ran().next().is_none() {
        return text;
    }
    let path: Vec<&str> = ran().filter(|job| job.critical).map(|job| job.job.as_str()).collect();
    let _ = writeln!(text, "critical path: {}", path.join(" -> "));
    let _ = writeln!(text, "{:>10} {:>10} {:>10} {:>7}  job (why)", "took", "processor", "memory", "threads");
    let mut jobs: Vec<&JobShown> = ran().collect();
    jobs.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    for job in jobs {
        let cpu = job.cpu_seconds.map(duration).unwrap_or_default();
        let memory = job.peak_memory.map(bytes).unwrap_or_default();
        let threads = job.threads.map(|n| n.to_string()).unwrap_or_default();
        let state = if job.state == "done" { String::new() } else { format!("{} ", job.state) };
        let _ = writeln!(
            text,
            "{:>10} {cpu:>10} {memory:>10} {threads:>7}  {state}{} ({})",
            duration(job.seconds),
            job.job,
            job.reason
        );
    }
    text
}
