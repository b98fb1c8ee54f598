//! What each job of a pipeline was when it last ran: its key, to say what changed, and its time, to start
//! long paths first and to tell how long is left.

use crate::errors::{Error, io_error};
use blake3::Hash;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;
use store::files::{Durable, Project};

/// The last run of every job of one pipeline, by the job's name.
#[derive(Debug, PartialEq)]
pub struct LastRuns {
    path: PathBuf,
    saved: Saved,
    changed: bool,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Saved {
    /// The last run of each job that ended well.
    jobs: BTreeMap<String, Last>,
    /// The key for which a job failed since then.
    failed: BTreeMap<String, String>,
}

/// The last run of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Last {
    /// Its key.
    pub key: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl LastRuns {
    /// Loads those of a pipeline; a damaged file is an empty one.
    pub fn load(project: &Project, pipeline: &str) -> LastRuns {
        let path = project.state(&format!("last/{pipeline}.json"));
        let bytes = fs::read(&path).unwrap_or_default();
        LastRuns { saved: serde_json::from_slice(&bytes).unwrap_or_default(), changed: false, path }
    }

    /// The names of all pipelines of which something is known.
    pub fn pipelines(project: &Project) -> Vec<String> {
        let entries = fs::read_dir(project.state("last")).into_iter().flatten().flatten();
        let name = |entry: fs::DirEntry| Some(entry.file_name().to_str()?.strip_suffix(".json")?.to_owned());
        let mut names: Vec<String> = entries.filter_map(name).collect();
        names.sort();
        names
    }

    /// Saves them, if something changed.
    pub fn save(&self, project: &Project) -> Result<(), Error> {
        if !self.changed {
            return Ok(());
        }
        let json = serde_json::to_vec_pretty(&self.saved).map_err(std::io::Error::from);
        Ok(project.write_whole(&self.path, &json.map_err(io_error("write", &self.path))?, Durable::Later)?)
    }

    /// The last run of a job.
    pub fn last(&self, job: &str) -> Option<&Last> {
        self.saved.jobs.get(job)
    }

    /// Whether a job failed for this key when it last ran.
    pub fn failed(&self, job: &str, key: Hash) -> bool {
        self.saved.failed.get(job).is_some_and(|failed| *failed == key.to_string())
    }

    /// The last run of every job: its name, its key and how many seconds it took.
    pub fn jobs(&self) -> impl Iterator<Item = (&str, Hash, f64)> {
        let jobs = self.saved.jobs.iter();
        jobs.filter_map(|(name, last)| Some((name.as_str(), Hash::from_hex(&last.key).ok()?, last.seconds)))
    }

    /// The keys of all last runs.
    pub fn keys(&self) -> impl Iterator<Item = Hash> {
        self.saved.jobs.values().filter_map(|last| Hash::from_hex(&last.key).ok())
    }

    /// Notes the run of a job.
    pub fn note(&mut self, job: &str, last: Last) {
        self.changed |= self.saved.failed.remove(job).is_some();
        if self.saved.jobs.get(job) != Some(&last) {
            self.saved.jobs.insert(job.to_owned(), last);
            self.changed = true;
        }
    }

    /// Notes that a job failed.
    pub fn note_failure(&mut self, job: &str, key: Hash) {
        self.saved.failed.insert(job.to_owned(), key.to_string());
        self.changed = true;
    }

    /// Forgets the jobs that are not `kept`.
    pub fn retain(&mut self, kept: impl Fn(&str) -> bool) {
        let Saved { jobs, failed } = &mut self.saved;
        let before = jobs.len() + failed.len();
        jobs.retain(|job, _| kept(job));
        failed.retain(|job, _| kept(job));
        self.changed |= jobs.len() + failed.len() != before;
    }

    /// How long a job will probably take, in seconds: as long as it took last, else as the jobs of its stage
    /// took in the mean, else unknown.
    pub fn estimates(&self) -> Estimates {
        let mut estimates = Estimates::default();
        self.saved.jobs.iter().for_each(|(name, last)| estimates.note(name, last.seconds));
        estimates
    }
}

/// See [`LastRuns::estimates`].
#[derive(Clone, Debug, Default)]
pub struct Estimates {
    jobs: HashMap<String, f64>,
    /// By stage: the sum of seconds and how many they are.
    stages: HashMap<String, (f64, f64)>,
}

impl Estimates {
    /// Takes note of how long a job took.
    pub fn note(&mut self, job: &str, seconds: f64) {
        let before = self.jobs.insert(job.to_owned(), seconds);
        let (sum, number) = self.stages.entry(stage_of(job).to_owned()).or_default();
        *sum += seconds - before.unwrap_or_default();
        *number += if before.is_none() { 1.0 } else { 0.0 };
    }

    /// The estimate of a job by its name, in seconds.
    pub fn seconds(&self, job: &str) -> Option<f64> {
        let mean = || self.stages.get(stage_of(job)).map(|(sum, number)| sum / number);
        self.jobs.get(job).copied().or_else(mean)
    }
}

/// The stage in a job's name; of a job of several processes the first.
pub fn stage_of(job: &str) -> &str {
    job.split(['@', ' ']).next().unwrap_or(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_estimated_by_itself_then_by_its_stage() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::of(&folder.path().join("p.yaml"), false, None).unwrap();
        let mut last = LastRuns::load(&project, "p");
        for (job, seconds) in
            [("train@seed=1", 2.0), ("train@seed=2", 4.0), ("dump@seed=1 | sum@seed=1", 9.0)]
        {
            last.note(job, Last { key: String::new(), seconds });
        }
        last.save(&project).unwrap();
        let last = LastRuns::load(&project, "p");
        let estimates = last.estimates();
        assert_eq!(estimates.seconds("train@seed=2"), Some(4.0));
        assert_eq!(estimates.seconds("train@seed=3"), Some(3.0));
        assert_eq!(estimates.seconds("dump@seed=2 | sum@seed=2"), Some(9.0));
        assert_eq!(estimates.seconds("report"), None);
        assert_eq!(LastRuns::pipelines(&project), ["p"]);
    }
}
