//! The preview: what a run would do with every job, without doing it and without changing anything.

use crate::judge::{self, Reason, Verdict};
use crate::last::LastRuns;
use crate::setting::{OutputId, Setting};
use blake3::Hash;
use std::collections::{HashMap, HashSet};
use store::Found;

/// What a run would do with a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Forecast {
    /// No target needs it.
    Unwanted,
    /// Not run it: its outputs are there.
    UpToDate {
        /// How long they took to make.
        seconds: f64,
        /// What is to be put in place in results/, in words.
        to_place: Vec<String>,
    },
    /// Run it.
    Run(Reason),
    /// What it must do is known once this job has run; it is left out if that makes the same bytes as before.
    After(usize),
    /// Nothing: it will have the outputs of this equal job.
    Same(usize),
    /// Fail at once: an input cannot be read.
    Fail(String),
}

impl Forecast {
    /// Why the job would run, as far as that is known.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Forecast::Run(reason) => Some(reason),
            _ => None,
        }
    }
}

/// The forecast of every job, and its key as far as that is known.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// By job.
    pub forecasts: Vec<Forecast>,
    /// By job.
    pub keys: Vec<Option<Hash>>,
}

/// Forecasts every job of the plan. A job stands after what it needs, so one pass is enough; a second one finds
/// the jobs whose temporary outputs must be remade.
pub fn preview(setting: &Setting, last: &LastRuns) -> Preview {
    let plan = setting.plan;
    let mut forecasts: Vec<Forecast> = Vec::with_capacity(plan.jobs.len());
    let mut made: HashMap<OutputId, Hash> = HashMap::new();
    let mut dropped: HashSet<OutputId> = HashSet::new();
    let mut to_run: HashMap<Hash, usize> = HashMap::new();
    let mut keys = vec![None; plan.jobs.len()];
    for (job, key) in keys.iter_mut().enumerate() {
        forecasts.push(if !setting.wanted[job] {
            Forecast::Unwanted
        } else {
            match judge::judge(setting, last, job, &made, setting.forced[job]) {
                Err(wrong) => Forecast::Fail(wrong),
                Ok(None) if setting.forced[job] => Forecast::Run(Reason::Forced),
                Ok(None) => Forecast::After(first_open(setting, job, &forecasts)),
                Ok(Some(judged)) => {
                    *key = Some(judged.key);
                    match (judged.verdict, to_run.get(&judged.key)) {
                        (Verdict::Run(_), Some(equal)) => Forecast::Same(*equal),
                        (Verdict::Run(reason), None) => {
                            to_run.insert(judged.key, job);
                            Forecast::Run(reason)
                        }
                        (Verdict::UpToDate { seconds, outputs, dropped: gone, .. }, _) => {
                            let there = outputs.iter().filter(|(id, _)| !gone.contains(id));
                            let to_place = there.filter_map(|(id, digest)| to_place(setting, *id, *digest));
                            let to_place = to_place.collect();
                            made.extend(outputs);
                            dropped.extend(gone);
                            Forecast::UpToDate { seconds, to_place }
                        }
                    }
                }
            }
        });
    }
    if !dropped.is_empty() {
        remakes(setting, &dropped, &mut forecasts);
    }
    Preview { forecasts, keys }
}

/// What a run would put right at an output's place in results/, if anything.
fn to_place(setting: &Setting, id: OutputId, digest: Hash) -> Option<String> {
    let file = setting.output(id).file.as_deref()?;
    Some(match setting.store.look(digest, file) {
        Found::Right => return None,
        Found::Nothing => format!("{file} is not in place"),
        Found::Other => format!("{file} is that of other params or inputs"),
        Found::Edited => format!("{file} was edited"),
        Found::Foreign => format!("{file} was not made by this cache"),
    })
}

/// The first job that this one waits for.
fn first_open(setting: &Setting, job: usize, forecasts: &[Forecast]) -> usize {
    let needs = &setting.plan.jobs[job].needs;
    let open = |need: &&usize| !matches!(forecasts[**need], Forecast::UpToDate { .. });
    needs.iter().find(open).copied().unwrap_or(job)
}

/// Turns jobs that are up to date into such that run, where a job that runs reads what they dropped.
fn remakes(setting: &Setting, dropped: &HashSet<OutputId>, forecasts: &mut [Forecast]) {
    let plan = setting.plan;
    for job in (0..plan.jobs.len()).rev() {
        let after = match forecasts[job] {
            Forecast::Run(_) => None,
            Forecast::After(need) => Some(need),
            _ => continue,
        };
        for need in setting.dropped_needs(job, dropped) {
            if matches!(forecasts[need], Forecast::UpToDate { .. }) {
                let needed = Forecast::Run(Reason::Needed { by: plan.job_name(job) });
                forecasts[need] = after.map_or(needed, Forecast::After);
            }
        }
    }
}
