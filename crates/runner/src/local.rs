//! Jobs on this machine: each is handed to a guard, and followed until it has ended.

use crate::executor::{Executor, Stop};
use crate::guards::{self, Group, Guards};
use crate::task::{Step, Task, Told, Used};
use crate::work::{self, Event, Failure, Log};
use rustix::process::{Pid, Signal};
use std::collections::HashMap;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Runs jobs on this machine.
#[derive(Debug, Default)]
pub struct Local {
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
    fn running(&self) -> MutexGuard<'_, Running> {
        // Valid after every statement, so a thread that panicked has not spoilt it.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Executor for Local {
    fn run(&self, job: usize, task: &Task, events: &Sender<Event>) -> Result<Used, Box<Failure>> {
        let taken = self.guards.take();
        let mut group = taken.map_err(|error| work::failure(format!("its guard cannot be started: {error}")))?;
        {
            let mut running = self.running();
            running.groups.insert(job, group.pid());
            running.asked.iter().for_each(|signal| guards::signal(group.pid(), *signal));
        }
        let result = follow(job, task, &mut group, events);
        let was_asked = {
            let mut running = self.running();
            running.groups.remove(&job);
            running.asked.is_some()
        };
        // One that had to be asked, or worse, gets no other job.
        if result.is_ok() && !was_asked {
            self.guards.keep(group);
        }
        result
    }

    fn stop(&self, how: Stop) {
        let signal = match how {
            Stop::Ask => Signal::TERM,
            Stop::Kill => Signal::KILL,
        };
        let mut running = self.running();
        running.asked = Some(signal);
        running.groups.values().for_each(|group| guards::signal(*group, signal));
    }
}

/// Hands a job to its guard, and tells of it until it has ended.
fn follow(job: usize, task: &Task, group: &mut Group, events: &Sender<Event>) -> Result<Used, Box<Failure>> {
    let steps = &task.steps;
    let log =
        |step: &Step| Log { process: step.name.clone(), path: step.log().into(), begin: step.log_begin };
    let _ = events.send(Event::Started { job, logs: steps.iter().map(log).collect() });
    let _ = group.hand(task);
    let ending = loop {
        match group.hear() {
            Some(Told::Ended(ending)) => break Some(ending),
            Some(told) => tell(job, steps, told, events),
            None => break None,
        }
    };
    let Some(ending) = ending else {
        group.end_orphans();
        let what =
            "the runner's process that watches over it was killed, and it with that; run again".to_owned();
        return Err(work::of_job(steps, 0, what));
    };
    if ending.stuck {
        group.end_orphans();
    }
    let used = ending.used;
    work::outcome(steps, ending).map(|()| used).map_err(|failure| Box::new(Failure { used, ..*failure }))
}

/// Passes on what a guard tells of a running job.
fn tell(job: usize, steps: &[Step], told: Told, events: &Sender<Event>) {
    let name = |step: usize| steps.get(step).map(|step| step.name.clone());
    let event = match told {
        Told::Progress { step, progress } => {
            name(step).map(|stage| Event::Progress { job, stage, progress })
        }
        Told::Numbers { step, numbers } => name(step).map(|stage| Event::Numbers { job, stage, numbers }),
        Told::Note { step, text } => name(step).map(|name| Event::Note { process: Some(name), text }),
        Told::Ended(_) => None,
    };
    event.into_iter().for_each(|event| {
        let _ = events.send(event);
    });
}
