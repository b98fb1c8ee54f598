//! Jobs on this machine: each is handed to a guard, and followed until it has ended.

use crate::executor::{Call, Executor, Ran};
use crate::guards::{self, Group, Guards};
use crate::slurm::Shelf;
use crate::task::{Stop, Task, Told, Used};
use crate::work::{self, Event, Failure};
use blake3::Hash;
use rustix::process::{Pid, Signal};
use std::collections::HashMap;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Runs jobs on this machine.
#[derive(Debug)]
pub struct Local {
    /// What was submitted to a cluster from here.
    shelf: Shelf,
    guards: Guards,
    running: Mutex<Running>,
}

/// What runs now.
#[derive(Debug, Default)]
struct Running {
    /// The group of each job. None of them is collected while it stands here, so that its number stays its own.
    groups: HashMap<usize, Pid>,
    /// The signal by which all were last asked to end.
    asked: Option<Signal>,
}

impl Local {
    /// Nothing runs yet.
    pub fn new(shelf: Shelf) -> Local {
        Local { shelf, guards: Guards::default(), running: Mutex::default() }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        // Valid after every statement, so a thread that panicked has not spoilt it.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Executor for Local {
    fn resume(&self, key: Hash) -> Result<Option<Task>, String> {
        let Some(cell) = self.shelf.cell_of(key) else { return Ok(None) };
        let folder = self.shelf.folder(&cell.array);
        if folder.has_ended(cell.number) {
            self.shelf.forget(key, &cell);
            return Ok(None);
        }
        Err(format!(
            "an earlier run submitted it to Slurm, where job {} may still work on it: go on with --on slurm, or \
             cancel the job and then remove the folder {}",
            folder.id(cell.number),
            folder.path().display()
        ))
    }

    fn run(&self, call: &Call, events: &Sender<Event>) -> Result<Ran, Box<Failure>> {
        let begin = Instant::now();
        let taken = self.guards.take();
        let mut group =
            taken.map_err(|error| work::failure(format!("its guard cannot be started: {error}")))?;
        {
            let mut running = self.running();
            running.groups.insert(call.job, group.pid());
            running.asked.iter().for_each(|signal| guards::signal(group.pid(), *signal));
        }
        let result = follow(call.job, call.task, &mut group, events);
        let was_asked = {
            let mut running = self.running();
            running.groups.remove(&call.job);
            running.asked.is_some()
        };
        // One that had to be asked, or worse, gets no other job.
        if result.is_ok() && !was_asked {
            self.guards.keep(group);
        }
        result.map(|used| Ran { used, seconds: begin.elapsed().as_secs_f64() })
    }

    fn stop(&self, how: Stop, _: &[Hash]) -> &'static str {
        let signal = match how {
            Stop::Ask | Stop::Leave => Signal::TERM,
            Stop::Kill => Signal::KILL,
        };
        let mut running = self.running();
        running.asked = Some(signal);
        running.groups.values().for_each(|group| guards::signal(*group, signal));
        "stopping: ending what runs (press Ctrl-C again to kill it)"
    }
}

/// Hands a job to its guard, and tells of it until it has ended.
fn follow(job: usize, task: &Task, group: &mut Group, events: &Sender<Event>) -> Result<Used, Box<Failure>> {
    let steps = &task.steps;
    let _ = events.send(work::started(job, steps));
    let _ = group.hand(task);
    let ending = loop {
        match group.hear() {
            Some(Told::Ended(ending)) => break Some(ending),
            Some(told) => work::tell(job, steps, told, events),
            None => break None,
        }
    };
    if ending.as_ref().is_none_or(|ending| ending.stuck) {
        group.end_orphans();
    }
    work::result(steps, ending)
}
