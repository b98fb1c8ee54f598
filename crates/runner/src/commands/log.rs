//! `runner log`: what a job said when it last ran here.

use super::answer;
use crate::errors::Error;
use crate::setting::Setting;
use crate::words;
use serde::Serialize;
use std::path::PathBuf;

/// The most of one log that is shown: its end.
const MOST_BYTES: u64 = 16 << 20;

#[derive(Serialize)]
struct Log {
    job: String,
    log: PathBuf,
    /// Bytes at the beginning that `text` lacks.
    left_out: u64,
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
            match words::end(&log, 0, MOST_BYTES) {
                Ok((left_out, text)) => logs.push(Log { job, log, left_out, text }),
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
    let several = logs.len() > 1;
    answer(json, &logs, || logs.iter().map(|log| shown(log, several)).collect())
}

fn shown(log: &Log, several: bool) -> String {
    let heading = if several { format!("== {} ==\n", log.job) } else { String::new() };
    let cut = match log.left_out {
        0 => String::new(),
        n => format!("... {n} bytes before this are in {}\n", log.log.display()),
    };
    format!("{heading}{cut}{}", plan::faults::printable(&log.text))
}
