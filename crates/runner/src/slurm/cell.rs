//! What a job of an array does on its node: runs its processes under a guard, writes down what they tell, and leaves word
//! of their end.

use super::folder::{End, Folder};
use crate::guards::{self, Guards};
use crate::signals;
use crate::task::{PATIENCE, Told};
use rustix::process::{Pid, Signal};
use signal_hook::consts::SIGTERM;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The first argument that turns the program into a job of an array; the second one is the array's folder.
pub const CELL: &str = "--job-of-an-array";

/// How often it is told how far a job is: thousands of them write to one file system.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long it takes at most to hear a signal that another process has heard.
const HEARING: Duration = Duration::from_millis(500);

/// Does the job that Slurm's environment numbers.
pub fn work() -> ExitCode {
    let number = std::env::var("SLURM_ARRAY_TASK_ID").ok().and_then(|number| number.parse().ok());
    let folder = std::env::args_os().nth(2).map(PathBuf::from);
    let (Some(number), Some(folder)) = (number, folder) else {
        eprintln!("this is a job of an array, which only Slurm starts");
        return ExitCode::from(2);
    };
    match run(&Folder::at(folder), number) {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            eprintln!("{wrong}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Folder, number: usize) -> Result<(), String> {
    let task = folder.task(number).map_err(|error| format!("its task cannot be read: {error}"))?;
    // Slurm may start a job twice: the runner tries again itself, where a stage wants that.
    let mut told = folder.begin(number).map_err(|error| format!("it has begun already: {error}"))?;
    let begin = Instant::now();
    let guards = Guards::default();
    let mut group = guards.take().map_err(|error| format!("its guard cannot be started: {error}"))?;
    let asked = end_when_asked(group.pid())?;
    group.hand(&task).map_err(|error| format!("its guard does not listen: {error}"))?;
    let mut progress = None;
    let ending = loop {
        match group.hear() {
            Some(Told::Ended(ending)) => break Some(ending),
            Some(Told::Progress { .. }) if progress.is_some_and(|at: Instant| at.elapsed() < INTERVAL) => {}
            Some(said) => {
                if matches!(said, Told::Progress { .. }) {
                    progress = Some(Instant::now());
                }
                let mut line = serde_json::to_vec(&said).unwrap_or_default();
                line.push(b'\n');
                // What cannot be told is not told: it changes nothing of the result.
                let _ = told.write_all(&line);
            }
            None => break None,
        }
    };
    if ending.as_ref().is_none_or(|ending| ending.stuck) {
        group.end_orphans();
    }
    // Slurm asks all processes of a job at once, and one of them may have ended before this one has heard of it.
    let is_ended_from_outside = ending.as_ref().is_some_and(|ending| ending.was_ended_by(SIGTERM));
    if is_ended_from_outside && !asked.load(Ordering::Relaxed) {
        std::thread::sleep(HEARING);
    }
    if asked.load(Ordering::Relaxed) {
        // Why, Slurm knows: a time limit, a preemption, a user.
        return Err("it was asked to end".to_owned());
    }
    let end = End { node: node(), seconds: begin.elapsed().as_secs_f64(), ending };
    folder.write_end(number, &end).map_err(|error| format!("word of its end cannot be left: {error}"))
}

/// Passes on that the job is asked to end, and kills what does not within a moment.
fn end_when_asked(group: Pid) -> Result<Arc<AtomicBool>, String> {
    let asked = Arc::new(AtomicBool::new(false));
    let signals = signal_hook::iterator::Signals::new(signals::to_watch());
    let mut signals = signals.map_err(|error| format!("signals cannot be watched: {error}"))?;
    let heard = asked.clone();
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            heard.store(true, Ordering::Relaxed);
            guards::signal(group, Signal::TERM);
            std::thread::sleep(PATIENCE);
            guards::signal(group, Signal::KILL);
        }
    });
    Ok(asked)
}

fn node() -> String {
    std::env::var("SLURMD_NODENAME").unwrap_or_else(|_| "an unknown node".to_owned())
}
