//! `runner log`: what a job said when it last ran here.

use super::answer;
use crate::errors::Error;
use crate::setting::Setting;
use serde::Serialize;
use std::fs;
use std::path::PathBuf;

#[derive(Serialize)]
struct Log {
    job: String,
    log: PathBuf,
    text: String,
}

/// Shows the logs of the named jobs, in the order of the plan.
pub fn print(setting: &Setting, named: &[bool], json: bool) -> Result<(), Error> {
    let plan = setting.plan;
    let mut logs = Vec::new();
    let mut missing = Vec::new();
    for (job, _) in plan.jobs.iter().zip(named).filter(|(_, named)| **named) {
        for &process in &job.processes {
            let (job, log) = (plan.processes[process].name(), setting.log(process));
            match fs::read(&log) {
                Ok(bytes) => logs.push(Log { job, log, text: String::from_utf8_lossy(&bytes).into_owned() }),
                Err(_) => missing.push(job),
            }
        }
    }
    if logs.is_empty() {
        let names = missing.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        return Err(Error::Usage(format!(
            "there is no log of {names}: it has not run in this folder (its results may come from a shared cache)"
        )));
    }
    answer(json, &logs, || {
        let heading = |log: &Log| if logs.len() > 1 { format!("== {} ==\n", log.job) } else { String::new() };
        logs.iter().map(|log| format!("{}{}", heading(log), plan::faults::printable(&log.text))).collect()
    });
    Ok(())
}
