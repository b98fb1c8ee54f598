//! What a running job tells the runner, and its end put into words.

use crate::task::{Ending, Exit, Step, Stop, Told, Used};
use crate::words::{self, Numbers, Progress};
use signal_hook::consts::SIGPIPE;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::time::Duration;

/// What a running job tells the runner.
#[derive(Debug)]
pub enum Event {
    /// It runs.
    Started {
        /// The job.
        job: usize,
        /// Where its processes write what they say.
        logs: Vec<Log>,
    },
    /// It got on.
    Progress {
        /// The job.
        job: usize,
        /// Which of its processes.
        stage: String,
        /// How far.
        progress: Progress,
    },
    /// It tells numbers of a step.
    Numbers {
        /// The job.
        job: usize,
        /// Which of its processes.
        stage: String,
        /// The numbers.
        numbers: Numbers,
    },
    /// It ended.
    Ended {
        /// The job.
        job: usize,
        /// Whether it did its work; a failure is boxed for it is large.
        result: Result<Finished, Box<Failure>>,
    },
    /// It has something to say to who watches.
    Note {
        /// The process that says it, in whose log it stands; none if it is the runner.
        process: Option<String>,
        /// A line.
        text: String,
    },
    /// The shared cache was asked for it.
    Fetched {
        /// The job.
        job: usize,
        /// The bytes that came, if it is there.
        bytes: Option<u64>,
    },
    /// The shared cache has something to say that a person should know.
    Warning {
        /// A line.
        text: String,
    },
    /// The user pressed Ctrl-C, or asked the runner to end.
    Interrupted(Stop),
}

/// Where a process of a running job writes what it says.
#[derive(Clone, Debug)]
pub struct Log {
    /// The process.
    pub process: String,
    /// The file, which may not be there yet.
    pub path: PathBuf,
    /// Where in it this attempt begins, in bytes.
    pub begin: u64,
}

/// A job that did its work.
#[derive(Debug)]
pub struct Finished {
    /// What is kept of it.
    pub record: store::Record,
    /// What it used; nothing if another runner made its outputs meanwhile.
    pub used: Option<Used>,
}

/// Why a job failed.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    /// What went wrong, in words.
    pub what: String,
    /// The command line, to be pasted.
    pub line: Option<String>,
    /// The log, if there is one.
    pub log: Option<PathBuf>,
    /// The log's last lines.
    pub tail: Vec<String>,
    /// Whether another attempt would only fail in the same way.
    pub is_final: bool,
    /// What its processes used.
    pub used: Used,
}

/// That a job runs, and where its processes write what they say.
pub fn started(job: usize, steps: &[Step]) -> Event {
    let log =
        |step: &Step| Log { process: step.name.clone(), path: step.log().into(), begin: step.log_begin };
    Event::Started { job, logs: steps.iter().map(log).collect() }
}

/// Passes on what a guard tells of a running job.
pub fn tell(job: usize, steps: &[Step], told: Told, events: &Sender<Event>) {
    let name = |step: usize| steps.get(step).map(|step| step.name.clone());
    let event = match told {
        Told::Progress { step, progress } => name(step).map(|stage| Event::Progress { job, stage, progress }),
        Told::Numbers { step, numbers } => name(step).map(|stage| Event::Numbers { job, stage, numbers }),
        Told::Note { step, text } => name(step).map(|name| Event::Note { process: Some(name), text }),
        Told::Ended(_) => None,
    };
    event.into_iter().for_each(|event| {
        let _ = events.send(event);
    });
}

/// What becomes of a job by how its guard says that it ended; a guard that was killed says nothing.
pub fn result(steps: &[Step], ending: Option<Ending>) -> Result<Used, Box<Failure>> {
    let Some(ending) = ending else {
        let what =
            "the runner's process that watches over it was killed, and it with that; run again".to_owned();
        return Err(of_job(steps, 0, what));
    };
    let used = ending.used;
    outcome(steps, ending).map(|()| used).map_err(|failure| Box::new(Failure { used, ..*failure }))
}

/// What is to be said of how a job ended.
fn outcome(steps: &[Step], ending: Ending) -> Result<(), Box<Failure>> {
    if let Some((step, what)) = ending.unstarted {
        let line = steps.get(step).map(|step| step.line.clone());
        return Err(Box::new(Failure { what, line, ..Failure::default() }));
    }
    match steps.iter().filter_map(|step| step.timeout).min() {
        Some(limit) if ending.late => Err(too_late(steps, limit)),
        _ => culprit(steps, ending.failed),
    }
}

/// A failure that is not that of a process.
pub fn failure(what: String) -> Box<Failure> {
    Box::new(Failure { what, ..Failure::default() })
}

/// The command line of a whole job, to be pasted.
pub fn joined_lines(steps: &[Step]) -> String {
    steps.iter().map(|step| step.line.as_str()).collect::<Vec<_>>().join(" | ")
}

fn too_late(steps: &[Step], limit: Duration) -> Box<Failure> {
    let what = format!("took longer than its timeout of {} and was ended", humantime::format_duration(limit));
    let step = steps.iter().position(|step| step.timeout == Some(limit)).unwrap_or_default();
    of_job(steps, step, told_of(steps, step, what))
}

/// A failure of a job, shown with the log of one of its processes.
pub fn of_job(steps: &[Step], step: usize, what: String) -> Box<Failure> {
    let log = steps.get(step).map(|step| step.log().to_path_buf());
    let tail = steps.get(step).map(last_words).unwrap_or_default();
    Box::new(Failure { what, line: Some(joined_lines(steps)), log, tail, ..Failure::default() })
}

/// What is told of one of a job's processes, with its name if there are others.
fn told_of(steps: &[Step], step: usize, what: String) -> String {
    match steps.get(step) {
        Some(step) if steps.len() > 1 => format!("{}: {what}", step.name),
        _ => what,
    }
}

fn last_words(step: &Step) -> Vec<String> {
    words::tail(step.log(), step.log_begin)
}

/// The failure that is shown: that of the first process along the pipe which did not fail only because
/// its reader was gone; if there is none, that reader's, which ended well too early.
fn culprit(steps: &[Step], mut failed: Vec<(usize, Exit)>) -> Result<(), Box<Failure>> {
    failed.sort_by_key(|(number, _)| *number);
    let lost_its_reader = |(number, exit): &&(usize, Exit)| {
        number + 1 < steps.len()
            && (exit.is_signal(SIGPIPE)
                || last_words(&steps[*number]).iter().rev().take(3).any(|line| line.contains("roken pipe")))
    };
    if let Some((number, exit)) = failed.iter().find(|failed| !lost_its_reader(failed)) {
        return Err(of_job(steps, *number, told_of(steps, *number, exit.to_string())));
    }
    let Some((number, _)) = failed.last() else { return Ok(()) };
    let what = format!("ended well before it had read all that {} writes", steps[*number].name);
    Err(of_job(steps, number + 1, told_of(steps, number + 1, what)))
}
