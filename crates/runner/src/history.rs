//! What each job was when it last ran: its key, to say what changed, and its time, to start long paths first.

use crate::errors::{Error, io_error};
use crate::files::Project;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;

/// The last run of every job, by the pipeline's and the job's name.
#[derive(Debug, Default, PartialEq)]
pub struct History {
    jobs: BTreeMap<String, Last>,
    changed: bool,
}

/// The last run of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Last {
    /// Its key.
    pub key: String,
    /// How long it took.
    pub seconds: f64,
}

impl History {
    /// Loads it; a damaged one is an empty one.
    pub fn load(project: &Project) -> History {
        let bytes = fs::read(project.state("last.json")).unwrap_or_default();
        History { jobs: serde_json::from_slice(&bytes).unwrap_or_default(), changed: false }
    }

    /// Saves it, if it changed.
    pub fn save(&self, project: &Project) -> Result<(), Error> {
        if !self.changed {
            return Ok(());
        }
        let path = project.state("last.json");
        let json = serde_json::to_vec_pretty(&self.jobs);
        project.write_whole(&path, &json.map_err(std::io::Error::from).map_err(io_error("write", &path))?)
    }

    /// The last run of a job.
    pub fn last(&self, pipeline: &str, job: &str) -> Option<&Last> {
        self.jobs.get(&format!("{pipeline}/{job}"))
    }

    /// Notes the run of a job.
    pub fn note(&mut self, pipeline: &str, job: &str, last: Last) {
        let name = format!("{pipeline}/{job}");
        if self.jobs.get(&name) != Some(&last) {
            self.jobs.insert(name, last);
            self.changed = true;
        }
    }

    /// The mean time of a stage's jobs, if any is known.
    pub fn stage_seconds(&self, pipeline: &str) -> BTreeMap<String, f64> {
        let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for (name, last) in &self.jobs {
            if let Some(job) = name.strip_prefix(pipeline).and_then(|rest| rest.strip_prefix('/')) {
                let stage = job.split(['@', ' ']).next().unwrap_or(job).to_owned();
                let sum = sums.entry(stage).or_default();
                *sum = (sum.0 + last.seconds, sum.1 + 1.0);
            }
        }
        sums.into_iter().map(|(stage, (sum, n))| (stage, sum / n)).collect()
    }
}
