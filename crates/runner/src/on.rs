//! Where the jobs of a run go, by `--on`: this machine, Slurm, or Slurm as a profile describes the cluster.

use crate::arguments::RunArguments;
use crate::errors::Error;
use crate::executor::Executor;
use crate::local::Local;
use crate::open;
use crate::open_files;
use crate::schedule::{self, Limits};
use crate::screen::Color;
use crate::slurm::{MOST_JOBS, Shelf, Slurm};
use crate::work::Event;
use plan::faults;
use plan::profile::{self, Profile};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::mpsc::Sender;
use store::files::Project;

/// More threads than a cluster has: its own queue says what runs at once.
pub const CLUSTER_THREADS: usize = 1 << 24;
/// The most files that the runner has open for a job: its lock, and in passing those that it reads or writes.
const FILES_OF_A_JOB: usize = 4;

/// Where jobs go.
#[derive(Debug)]
pub enum On {
    /// To this machine.
    Here,
    /// To a cluster.
    Slurm(Profile),
}

impl On {
    /// By the words of the command line: `local`, `slurm`, or a profile's file.
    pub fn read(words: Option<&str>, color: Color) -> Result<On, Error> {
        let path = match words {
            None | Some("local") => return Ok(On::Here),
            Some("slurm") => return Ok(On::Slurm(Profile::default())),
            Some(path) => Path::new(path),
        };
        if !path.is_file() {
            let what = format!(
                "there is no file {}; write --on local, --on slurm, or --on and a profile",
                path.display()
            );
            return Err(Error::Usage(what));
        }
        let text = open::read(path)?;
        let mut faults = Vec::new();
        let profile = profile::read(&text, &mut faults);
        if faults.is_empty() {
            return Ok(On::Slurm(profile));
        }
        let text = faults::render(&faults, path, &text, color.on(&std::io::stderr()));
        Err(Error::Faults { text, usage: false, located: Vec::new() })
    }

    /// How much may run at once.
    pub fn limits(&self, asked: &RunArguments) -> Limits {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let (jobs, threads, memory) = match self {
            On::Here => (cores, cores, schedule::machine_memory()),
            On::Slurm(profile) => {
                let jobs = profile.jobs.unwrap_or(MOST_JOBS).min(open_files::limit() / FILES_OF_A_JOB);
                (jobs, CLUSTER_THREADS, u64::MAX)
            }
        };
        Limits {
            jobs: asked.jobs.map_or(jobs, NonZeroUsize::get),
            threads: asked.threads.map_or(threads, NonZeroUsize::get),
            memory: asked.memory.unwrap_or(memory),
        }
    }

    /// The threads of a job whose stages name none; none for an even share of what there is.
    pub fn threads(&self) -> Option<usize> {
        match self {
            On::Here => None,
            On::Slurm(profile) => Some(profile.threads.unwrap_or(1)),
        }
    }

    /// Who runs the jobs.
    pub fn executor(
        self,
        project: &Project,
        pipeline: &str,
        events: Sender<Event>,
    ) -> Result<Box<dyn Executor>, Error> {
        Ok(match self {
            On::Here => Box::new(Local::new(Shelf::of(project))),
            On::Slurm(profile) => Box::new(Slurm::new(project, pipeline, profile, events)?),
        })
    }
}
