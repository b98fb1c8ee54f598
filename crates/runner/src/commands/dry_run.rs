//! --dry-run: the commands that would run, in order, to be pasted. Changes nothing on disk.

use super::answer;
use crate::command;
use crate::errors::Error;
use crate::judge::Reason;
use crate::preview::{Forecast, Preview};
use crate::setting::Setting;
use serde::Serialize;

#[derive(Serialize)]
struct DryRun {
    jobs: Vec<Job>,
    to_run: usize,
    up_to_date: usize,
}

#[derive(Serialize)]
struct Job {
    job: String,
    runs: bool,
    why: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    command: String,
}

/// Prints the commands. `threads` is what a job that runs alone would get; with `explain` every difference is told,
/// and of jobs that do not run that they don't.
pub fn print(
    setting: &Setting,
    preview: &Preview,
    threads: usize,
    explain: bool,
    json: bool,
) -> Result<(), Error> {
    let plan = setting.plan;
    let mut jobs = Vec::new();
    for (job, forecast) in preview.forecasts.iter().enumerate() {
        let (runs, why) = match forecast {
            Forecast::Unwanted => continue,
            Forecast::Fail(wrong) => return Err(Error::Usage(wrong.clone())),
            Forecast::UpToDate { to_place, .. } => {
                (false, std::iter::once("up to date".to_owned()).chain(to_place.iter().cloned()).collect())
            }
            Forecast::Run(reason) if explain => (true, reason.lines()),
            Forecast::Run(reason) => (true, vec![reason.to_string()]),
            Forecast::After(need) => {
                let why =
                    format!("after {}, unless that makes the same bytes as before", plan.job_name(*need));
                (true, vec![why])
            }
            Forecast::Same(equal) => (false, vec![format!("the same as {}", plan.job_name(*equal))]),
        };
        let lines = plan.jobs[job].processes.iter().map(|process| {
            let call = &plan.processes[*process];
            let shown = setting.programs.get(&call.program).map_or(call.program.as_str(), |p| &p.shown);
            let source = |source: &_| setting.project.path(command::source_file(plan, source));
            let output = |i: usize| setting.project.path(call.outputs[i].file.as_deref().unwrap_or("-"));
            command::line(shown, &command::arguments(call, source, output, threads))
        });
        let command = lines.collect::<Vec<_>>().join(" | ");
        let reason = forecast.reason().cloned();
        jobs.push(Job { job: plan.job_name(job), runs, why, reason, command });
    }
    let to_run = jobs.iter().filter(|job| job.runs).count();
    let up_to_date = jobs.len() - to_run;
    let dry_run = DryRun { jobs, to_run, up_to_date };
    answer(json, &dry_run, || text(&dry_run, explain))
}

fn text(dry_run: &DryRun, explain: bool) -> String {
    let mut text = String::new();
    for job in dry_run.jobs.iter().filter(|job| job.runs || explain) {
        let verb = if job.runs { "run" } else { "keep" };
        for why in &job.why {
            text += &format!("# {verb} {}: {}\n", job.job, plan::faults::printable(why));
        }
        if job.runs {
            text += &format!("{}\n", job.command);
        }
    }
    text + &format!("# {} to run, {} up to date", dry_run.to_run, dry_run.up_to_date)
}
