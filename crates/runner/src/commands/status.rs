//! `runner status`: the graph as it stands, stage by stage and job by job. Changes nothing on disk.

use super::answer;
use crate::errors::Error;
use crate::judge::Reason;
use crate::phrases::{counted, duration};
use crate::preview::{Forecast, Preview};
use crate::screen::paint;
use crate::setting::Setting;
use crate::slurm::Shelf;
use plan::faults::printable;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Status {
    pipeline: String,
    up_to_date: usize,
    to_run: usize,
    may_run: usize,
    /// Results that a run would put in place without making them again.
    to_place: usize,
    /// What the jobs that are up to date took when they were made.
    saved_seconds: f64,
    jobs: Vec<Job>,
}

#[derive(Serialize)]
struct Job {
    job: String,
    stage: String,
    cell: BTreeMap<String, String>,
    state: State,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    why: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outputs: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    UpToDate,
    ToRun,
    MayRun,
    Wrong,
}

/// Shows the state of every wanted job; in text, those with nothing to do only if `all` are asked for. Says whether a
/// run would change nothing.
pub fn print(
    setting: &Setting,
    preview: &Preview,
    all: bool,
    color: bool,
    json: bool,
) -> Result<bool, Error> {
    let plan = setting.plan;
    let shelf = Shelf::of(setting.project);
    let mut status = Status {
        pipeline: plan.name.clone(),
        up_to_date: 0,
        to_run: 0,
        may_run: 0,
        to_place: 0,
        saved_seconds: 0.0,
        jobs: Vec::new(),
    };
    for (number, forecast) in preview.forecasts.iter().enumerate() {
        let (state, why) = match forecast {
            Forecast::Unwanted => continue,
            Forecast::UpToDate { seconds, to_place } => {
                status.saved_seconds += seconds;
                status.to_place += to_place.len();
                (State::UpToDate, to_place.clone())
            }
            Forecast::Run(reason) => (State::ToRun, reason.lines()),
            Forecast::Same(equal) => (State::MayRun, vec![format!("the same as {}", plan.job_name(*equal))]),
            Forecast::After(need) => (State::MayRun, vec![format!("after {}", plan.job_name(*need))]),
            Forecast::Fail(wrong) => (State::Wrong, vec![wrong.clone()]),
        };
        match state {
            State::UpToDate => status.up_to_date += 1,
            State::ToRun | State::Wrong => status.to_run += 1,
            State::MayRun => status.may_run += 1,
        }
        let mut why = why;
        let in_slurm =
            preview.keys[number].and_then(|key| shelf.at_work(key)).filter(|_| state == State::ToRun);
        why.extend(in_slurm.map(|job| format!("Slurm has had it as job {job} since an earlier run")));
        let members = || plan.jobs[number].processes.iter().map(|process| &plan.processes[*process]);
        let cell = members().flat_map(|process| &process.cell.axes);
        status.jobs.push(Job {
            job: plan.job_name(number),
            stage: members().map(|process| process.stage.as_str()).collect::<Vec<_>>().join(" | "),
            cell: cell.map(|(axis, value)| (axis.clone(), value.to_string())).collect(),
            state,
            why,
            reason: forecast.reason().cloned(),
            outputs: members().flat_map(|p| &p.outputs).filter_map(|output| output.file.clone()).collect(),
        });
    }
    answer(json, &status, || text(&status, all, color))?;
    Ok(status.to_run + status.may_run + status.to_place == 0)
}

fn text(status: &Status, all: bool, color: bool) -> String {
    let mut stages: Vec<(&str, Vec<&Job>)> = Vec::new();
    for job in &status.jobs {
        match stages.iter_mut().find(|(stage, _)| *stage == job.stage) {
            Some((_, jobs)) => jobs.push(job),
            None => stages.push((&job.stage, vec![job])),
        }
    }
    let width = stages.iter().map(|(stage, _)| stage.len()).max().unwrap_or_default();
    let mut text = format!("{}: {}\n", status.pipeline, counted(status.jobs.len(), "job"));
    for (stage, jobs) in &stages {
        let number = |state: State| jobs.iter().filter(|job| job.state == state).count();
        let parts = [
            (number(State::UpToDate), "up to date", "32"),
            (number(State::ToRun), "to run", "33"),
            (number(State::MayRun), "may run", "33"),
            (number(State::Wrong), "cannot run", "1;31"),
        ];
        let parts = parts.iter().filter(|(n, ..)| *n > 0);
        let parts: Vec<String> =
            parts.map(|(n, what, code)| paint(color, code, &format!("{n} {what}"))).collect();
        text += &format!("  {stage:width$}  {}\n", parts.join(", "));
        for job in jobs.iter().filter(|job| all || job.state != State::UpToDate || !job.why.is_empty()) {
            let why = if job.why.is_empty() { "up to date".to_owned() } else { job.why.join(", ") };
            text += &format!("    {}: {}\n", job.job, printable(&why));
        }
    }
    if status.to_run + status.may_run == 0 {
        let saved = duration(status.saved_seconds);
        let to_do = match status.to_place {
            0 => "nothing to do".to_owned(),
            n => format!("nothing to run, {} to put in place", counted(n, "result")),
        };
        text += &format!("{to_do}; to make all of it again would take about {saved} of work\n");
    }
    text
}
