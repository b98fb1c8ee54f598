//! Runs one job: starts its processes, joins them by pipes, and ends them together.

use crate::guard::Group;
use crate::programs;
use crate::words::{self, Progress};
use rustix::process::{Pid, Signal};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, PipeReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// What a running job tells the runner.
#[derive(Debug)]
pub enum Event {
    /// It runs in this process group.
    Started {
        /// The job.
        job: usize,
        /// Its group, valid until the job has ended.
        group: Pid,
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
    /// It ended. The group is handed over so that its number is not given to others before it is forgotten.
    Ended {
        /// The job.
        job: usize,
        /// Whether it did its work; a failure is boxed for it is large.
        result: Result<Finished, Box<Failure>>,
        /// Its group, if it got as far as that.
        group: Option<Group>,
    },
    /// It has something to say to who watches.
    Note {
        /// A line.
        text: String,
    },
    /// The user pressed Ctrl-C or asked the runner to end.
    Interrupted,
}

/// What the processes of a job used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Used {
    /// Processor time in seconds.
    pub cpu_seconds: f64,
    /// The sum of the most memory that each process had, in bytes.
    pub peak_memory: u64,
}

impl Used {
    fn add(&mut self, usage: wait4::ResourceUsage) {
        self.cpu_seconds += (usage.utime + usage.stime).as_secs_f64();
        self.peak_memory += usage.maxrss;
    }
}

/// A job that did its work.
#[derive(Debug)]
pub struct Finished {
    /// What is kept of it.
    pub record: crate::store::Record,
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
    /// What its processes used.
    pub used: Used,
}

/// One process of a job, ready to be started.
#[derive(Clone, Debug)]
pub struct Step {
    /// The process's name, as in `train@seed=1`.
    pub name: String,
    /// Its program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its command line as shown.
    pub line: String,
    /// Where its log goes.
    pub log: PathBuf,
    /// Whether the log goes on behind that of an earlier attempt.
    pub again: bool,
    /// The most time that it may take.
    pub timeout: Option<Duration>,
}

/// How a shell script ends when a program in it wrote to a closed pipe: 128 and the signal's number, 13.
const SHELL_SIGPIPE: &str = "exit code 141";
/// How long the other processes of a job have to fail by themselves once one has failed, which tells the
/// failure of a producer from that of its consumer.
const GRACE: Duration = Duration::from_millis(50);
/// How long the last words of processes that have ended are waited for.
const HEARING: Duration = Duration::from_secs(1);
/// How long a job that was asked to end has for it before it is killed.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Runs the processes of a job, each joined to the next by a pipe, and waits for all of them.
pub fn run(
    job: usize,
    steps: &[Step],
    events: &Sender<Event>,
) -> (Option<Group>, Result<Used, Box<Failure>>) {
    let group = match Group::start() {
        Ok(group) => group,
        Err(error) => return (None, Err(failure(format!("its guard cannot be started: {error}")))),
    };
    let _ = events.send(Event::Started { job, group: group.pid() });
    let result = run_in(&group, job, steps, events);
    (Some(group), result)
}

/// A failure that is not that of a process.
pub fn failure(what: String) -> Box<Failure> {
    Box::new(Failure { what, ..Failure::default() })
}

fn run_in(group: &Group, job: usize, steps: &[Step], events: &Sender<Event>) -> Result<Used, Box<Failure>> {
    let (ended, ends) = mpsc::channel();
    let (heard, silence) = mpsc::channel::<()>();
    let limit = steps.iter().filter_map(|step| step.timeout).min();
    let mut used = Used::default();
    let (failed, late) = std::thread::scope(|scope| {
        let mut upstream: Option<PipeReader> = None;
        for (number, step) in steps.iter().enumerate() {
            let last = number + 1 == steps.len();
            let (mut child, log, reader) = match start(group, step, upstream.take(), last) {
                Ok(started) => started,
                Err(what) => {
                    group.end();
                    let line = Some(step.line.clone());
                    return Err(Box::new(Failure { what, line, ..Failure::default() }));
                }
            };
            upstream = reader;
            let stderr = child.stderr.take();
            let (events, stage) = (events.clone(), step.name.clone());
            let tell =
                move |progress| drop(events.send(Event::Progress { job, stage: stage.clone(), progress }));
            let heard = heard.clone();
            // Not one of the scope: a process that has escaped may hold the pipe open for ever.
            std::thread::spawn(move || {
                words::follow(stderr, log, tell);
                drop(heard);
            });
            let ended = ended.clone();
            scope.spawn(move || ended.send((number, child.wait4())));
        }
        drop(ended);

        let begin = Instant::now();
        let mut failed: Vec<(usize, String)> = Vec::new();
        let mut running = steps.len();
        let mut late = limit.map(|limit| begin + limit);
        let mut is_late = false;
        let mut deadline: Option<Instant> = None;
        while running > 0 {
            let next = match [late, deadline].into_iter().flatten().min() {
                None => ends.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(until) => ends.recv_timeout(until.saturating_duration_since(Instant::now())),
            };
            match next {
                Ok((number, end)) => {
                    running -= 1;
                    if let Some(problem) = problem(end, &mut used) {
                        failed.push((number, problem));
                        deadline.get_or_insert_with(|| Instant::now() + GRACE);
                    }
                }
                Err(RecvTimeoutError::Timeout) if late.is_some_and(|late| late <= Instant::now()) => {
                    (late, is_late) = (None, true);
                    crate::guard::signal(group.pid(), Signal::TERM);
                    deadline = Some(Instant::now() + PATIENCE);
                }
                Err(_) => break,
            }
        }
        // Whatever the processes left behind ends with them; it may hold their pipes open.
        group.end();
        Ok((failed, is_late))
    })?;
    // The other end is dropped when every log has its last line.
    drop(heard);
    let _ = silence.recv_timeout(HEARING);
    // Those that were killed have ended by now.
    ends.try_iter().for_each(|(_, end)| {
        problem(end, &mut used);
    });
    let result = match limit {
        Some(limit) if late => Err(too_late(steps, limit)),
        _ => culprit(steps, failed),
    };
    result.map(|()| used).map_err(|failure| Box::new(Failure { used, ..*failure }))
}

/// What went wrong with a process that ended, if anything did.
fn problem(end: io::Result<wait4::ResUse>, used: &mut Used) -> Option<String> {
    match end {
        Ok(end) => {
            used.add(end.rusage);
            (!end.status.success()).then(|| in_words(end.status))
        }
        Err(error) => Some(format!("waiting for it failed: {error}")),
    }
}

/// The command line of a whole job, to be pasted.
pub fn joined_lines(steps: &[Step]) -> String {
    steps.iter().map(|step| step.line.as_str()).collect::<Vec<_>>().join(" | ")
}

fn too_late(steps: &[Step], limit: Duration) -> Box<Failure> {
    let what = format!("took longer than its timeout of {} and was ended", humantime::format_duration(limit));
    let log = steps.iter().find(|step| step.timeout == Some(limit)).map(|step| step.log.clone());
    let tail = log.as_deref().map(words::tail).unwrap_or_default();
    Box::new(Failure { what, line: Some(joined_lines(steps)), log, tail, ..Failure::default() })
}

/// The failure that is shown: that of the first process along the pipe which did not fail only because
/// its reader was gone.
fn culprit(steps: &[Step], mut failed: Vec<(usize, String)>) -> Result<(), Box<Failure>> {
    failed.sort_by_key(|(number, _)| *number);
    let tails: Vec<Vec<String>> = failed.iter().map(|(number, _)| words::tail(&steps[*number].log)).collect();
    let is_follower = |i: &usize| {
        let piped = failed[*i].0 + 1 < steps.len();
        piped
            && (failed[*i].1.contains("SIGPIPE")
                || failed[*i].1.ends_with(SHELL_SIGPIPE)
                || tails[*i].iter().rev().take(3).any(|l| l.contains("roken pipe")))
    };
    let Some(first) = (0..failed.len()).find(|i| !is_follower(i)).or((!failed.is_empty()).then_some(0))
    else {
        return Ok(());
    };
    let step = &steps[failed[first].0];
    let who = if steps.len() > 1 { format!("{}: ", step.name) } else { String::new() };
    Err(Box::new(Failure {
        what: format!("{who}{}", failed[first].1),
        line: Some(joined_lines(steps)),
        log: Some(step.log.clone()),
        tail: tails[first].clone(),
        ..Failure::default()
    }))
}

type Started = (std::process::Child, File, Option<PipeReader>);

fn start(group: &Group, step: &Step, upstream: Option<PipeReader>, last: bool) -> Result<Started, String> {
    let log = open_log(step).map_err(|e| format!("its log {} cannot be written: {e}", step.log.display()))?;
    spawn(group, step, log, upstream, last)
        .map_err(|e| format!("{} cannot be started: {e}", step.program.display()))
}

fn open_log(step: &Step) -> io::Result<File> {
    if let Some(folder) = step.log.parent() {
        fs::create_dir_all(folder)?;
    }
    if !step.again {
        let _ = fs::remove_file(&step.log);
    }
    let mut log = OpenOptions::new().create(true).append(true).open(&step.log)?;
    writeln!(log, "$ {}", step.line)?;
    Ok(log)
}

fn spawn(
    group: &Group,
    step: &Step,
    log: File,
    upstream: Option<PipeReader>,
    last: bool,
) -> io::Result<Started> {
    let mut command = Command::new(&step.program);
    command.args(&step.arguments).arg("--progress=events").stderr(Stdio::piped());
    command.stdin(upstream.map_or_else(Stdio::null, Stdio::from));
    let downstream = if last {
        command.stdout(log.try_clone()?);
        None
    } else {
        let (reader, writer) = io::pipe()?;
        command.stdout(writer);
        Some(reader)
    };
    group.enter(&mut command);
    let child = programs::spawn(&mut command)?;
    // The command holds our ends of the pipes: dropping it here lets each side see the other's end.
    Ok((child, log, downstream))
}

fn in_words(status: ExitStatus) -> String {
    if let Some(signal) = status.signal() {
        let name = signal_hook::low_level::signal_name(signal).unwrap_or("unknown");
        let hint = if signal == 9 { "; the system does that when memory runs out" } else { "" };
        return format!("was killed by signal {signal} ({name}{hint})");
    }
    match status.code() {
        Some(1) => "failed while working (exit code 1)".to_owned(),
        Some(2) => "did not understand its command line (exit code 2)".to_owned(),
        Some(3) => "found its input wrong (exit code 3)".to_owned(),
        Some(code) => format!("ended with exit code {code}"),
        None => "ended in an unknown way".to_owned(),
    }
}
