//! Jobs on a Slurm cluster: they are submitted in arrays, and what they leave on the shared file system is the truth about
//! their end.
//!
//! The way of the data: [`Slurm`] takes a job and hands it to the `desk`, a thread that joins jobs to arrays and submits
//! them through Slurm's own commands (`client`), having written what they must know into a `folder`. On its node each job
//! works as a `cell`. The desk sees in the folder how far they are, and asks Slurm about those of which it hears nothing:
//! `lost` says what became of them. All that outlives the runner lies in the folder, so that the next one goes on.

mod abandoned;
mod cell;
mod client;
mod desk;
mod folder;
mod heard;
mod lost;
mod submission;

pub use abandoned::{at_work, forget};
pub use cell::{CELL, work};
pub use folder::Shelf;

use crate::errors::{Error, io_error};
use crate::executor::{Call, Executor, Ran};
use crate::task::{Stop, Task};
use crate::work::{self, Event, Failure};
use blake3::Hash;
use client::{Refusal, States};
use desk::Message;
use heard::Heard;
use plan::profile::Profile;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::files::Project;
use submission::{Request, Submitter, Wants};

/// The most jobs that wait and run at once, where the profile says nothing: each has a thread of the runner.
pub const MOST_JOBS: usize = 1000;
/// How old what Slurm said may be, when it is asked whether a job of an earlier run is still there.
const FRESH: Duration = Duration::from_secs(5);

/// Runs jobs on a cluster.
pub struct Slurm {
    shelf: Shelf,
    profile: Profile,
    desk: Mutex<Sender<Message>>,
    /// The states that Slurm told when it was last asked about jobs of earlier runs.
    states: Mutex<Option<(Instant, Result<States, Refusal>)>>,
}

impl Slurm {
    /// Nothing is submitted yet. What should be known of the cluster itself is told as events.
    pub fn new(
        project: &Project,
        pipeline: &str,
        profile: Profile,
        events: Sender<Event>,
    ) -> Result<Slurm, Error> {
        client::check().map_err(Error::Usage)?;
        let relative = Shelf::of(project);
        let absolute = |error| io_error("make", &project.cache("slurm"))(error);
        let shelf = relative.absolute().map_err(absolute)?;
        if shelf.path().as_os_str().as_bytes().contains(&b'\\') {
            return Err(Error::Usage(format!(
                "Slurm cannot write into {}, for its path has a backslash: put the cache elsewhere with --cache",
                shelf.path().display()
            )));
        }
        let here = Path::new(".");
        let submitter = Submitter {
            shelf: shelf.clone(),
            pipeline: pipeline.to_owned(),
            profile: profile.clone(),
            runner: std::env::current_exe().map_err(io_error("find", Path::new("the runner")))?,
            folder: here.canonicalize().map_err(io_error("find", here))?,
        };
        let (desk, messages) = mpsc::channel();
        std::thread::spawn(move || desk::work(submitter, &messages, &events));
        Ok(Slurm { shelf, profile, desk: Mutex::new(desk), states: Mutex::default() })
    }

    fn tell(&self, message: Message) {
        let desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        // The desk works as long as this stands.
        let _ = desk.send(message);
    }

    /// Whether Slurm still has an open job of this array and number; taken for true while it does not answer.
    fn is_open(&self, array: &str, number: usize) -> bool {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        if states.as_ref().is_none_or(|(at, _)| at.elapsed() > FRESH) {
            *states = Some((Instant::now(), client::states()));
        }
        states.as_ref().is_none_or(|(_, states)| client::may_be_open(states, array, number))
    }
}

impl Executor for Slurm {
    fn resume(&self, key: Hash) -> Result<Option<Task>, String> {
        let Some(cell) = self.shelf.cell_of(key) else { return Ok(None) };
        let folder = self.shelf.folder(&cell.array);
        // Asked first: a job that ends in between has left word of it by the time that is looked for.
        let is_there = self.is_open(&cell.array, cell.number) || folder.has_ended(cell.number);
        match folder.task(cell.number) {
            Ok(task) if is_there => Ok(Some(task)),
            _ => {
                self.shelf.forget(key, &cell);
                Ok(None)
            }
        }
    }

    fn run(&self, call: &Call, events: &Sender<Event>) -> Result<Ran, Box<Failure>> {
        let (heard, hears) = mpsc::channel();
        self.tell(match self.shelf.cell_of(call.key) {
            Some(cell) => Message::Follow { key: call.key, cell, heard },
            None => Message::Submit(Request {
                key: call.key,
                name: call.name.to_owned(),
                task: call.task.clone(),
                wants: Wants::of(call, &self.profile),
                heard,
            }),
        });
        let steps = &call.task.steps;
        for heard in hears {
            match heard {
                Heard::Began => drop(events.send(work::started(call.job, steps))),
                Heard::Told(told) => work::tell(call.job, steps, told, events),
                Heard::Ended { end, why } => {
                    let ran = |used| Ran { used, seconds: end.seconds };
                    return work::result(steps, end.ending).map(ran).map_err(|failure| match why {
                        Some(why) => {
                            Box::new(Failure { what: format!("{why}: {}", failure.what), ..*failure })
                        }
                        None => failure,
                    });
                }
                Heard::Refused { words } => {
                    let what = format!("was refused by Slurm: {words}");
                    return Err(Box::new(Failure { what, is_final: true, ..Failure::default() }));
                }
                Heard::Lost { what, words } => {
                    let failure = work::of_job(steps, 0, what);
                    let tail = if words.is_empty() { failure.tail.clone() } else { words };
                    return Err(Box::new(Failure { tail, ..*failure }));
                }
                Heard::Left => return Err(work::failure("it goes on in Slurm".to_owned())),
            }
        }
        Err(work::failure("the runner itself has a fault: nobody follows its jobs in Slurm".to_owned()))
    }

    fn stop(&self, how: Stop, keys: &[Hash]) -> &'static str {
        let left = keys.iter().filter_map(|key| self.shelf.cell_of(*key)).collect();
        self.tell(Message::Stop { how, left });
        match how {
            Stop::Leave => {
                "leaving: what was submitted goes on in Slurm, and the same command will follow it"
            }
            _ => "stopping: cancelling its jobs in Slurm (press Ctrl-C again not to wait for their end)",
        }
    }
}
