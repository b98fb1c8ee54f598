//! The guard of a job: a small process that starts the job's processes, follows them, and ends all that is left of them
//! when they have ended or the runner has, in whatever way. So nothing that a job started outlives the runner.
//!
//! The guard leads the group of the job's processes, and adopts what loses its parent below it: what left the group
//! (a daemon, `setsid`) is found all the same. A guard that is killed itself leaves its orphans to the runner, which
//! does as much. What kills both at once, by SIGKILL and in the same instant, leaves processes behind: the next run
//! ends them (see [`crate::holders`]). Where the system knows no adoption (all but Linux) a process that has left its
//! group gets away.

use crate::holders;
use crate::orphans;
use crate::signals;
use crate::task::{Ending, Exit, PATIENCE, Step, Task, Told, Used};
use crate::words::{self, Report};
use rustix::process::{Pid, Signal};
use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, PipeReader, PipeWriter, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wait4::{ResUse, Wait4};

/// How long the other processes of a job have to fail by themselves once one has failed, which tells the
/// failure of a producer from that of its consumer.
const GRACE: Duration = Duration::from_millis(50);
/// How long the last words of processes that have ended are waited for.
const HEARING: Duration = Duration::from_secs(1);

/// What the threads of a guard share.
#[derive(Clone, Default)]
struct Post {
    /// Held while a process is started, and for ever once the runner has ended.
    starting: Arc<Mutex<()>>,
    /// Whether the group was asked to end.
    asked: Arc<AtomicBool>,
}

/// The guard's own work: does what it is told, until the runner's end.
pub fn stand_guard() -> ExitCode {
    let post = Post::default();
    // The group is asked to end by a signal that the guard must outlive.
    for kind in signals::to_watch() {
        let _ = signal_hook::flag::register(kind, post.asked.clone());
    }
    orphans::adopt();
    let (job, jobs) = mpsc::channel::<Task>();
    let starting = post.starting.clone();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Some(task) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else { break };
            let _ = job.send(task);
        }
        let _last = starting.lock();
        orphans::end(&HashSet::new());
        let _ = rustix::process::kill_current_process_group(Signal::KILL);
    });
    let mut words = std::env::args_os().skip(2);
    if let Some(program) = words.next() {
        return run_one(&post, Command::new(program).args(words));
    }
    for task in jobs {
        let ending = run(&post, &task);
        tell(&Told::Ended(ending));
    }
    ExitCode::SUCCESS
}

/// Runs a command that answers where the guard would, and ends as it does.
fn run_one(post: &Post, command: &mut Command) -> ExitCode {
    let starting = post.starting.lock().unwrap_or_else(PoisonError::into_inner);
    let child = start_when_free(command.stdin(Stdio::null()));
    drop(starting);
    let status = child.and_then(|mut child| child.wait());
    orphans::end(&HashSet::new());
    match status {
        Ok(status) => {
            status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "it cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Tells the runner. If it has ended there is nobody to tell.
fn tell(told: &Told) {
    if let Ok(mut line) = serde_json::to_vec(told) {
        line.push(b'\n');
        let _ = io::stdout().lock().write_all(&line);
    }
}

/// Runs the processes of a job, each joined to the next by a pipe, until all of them and all that they started have
/// ended.
fn run(post: &Post, Task { folder, steps }: &Task) -> Ending {
    let mut ending = Ending::default();
    // A folder that was cleared has no mark any more, which the runner finds out.
    let _held = holders::hold(folder.as_ref());
    let folder = fs::canonicalize(folder).unwrap_or_default();
    let (ended, ends) = mpsc::channel();
    let (heard, silence) = mpsc::channel::<()>();
    let mut running = BTreeMap::new();
    let mut upstream: Option<PipeReader> = None;
    for (step, call) in steps.iter().enumerate() {
        let last = step + 1 == steps.len();
        let (mut child, log, reader) = match start(post, call, &folder, upstream.take(), last) {
            Ok(started) => started,
            Err(what) => {
                ending.unstarted = Some((step, what));
                break;
            }
        };
        upstream = reader;
        running.insert(step, Pid::from_child(&child));
        let stderr = child.stderr.take();
        let heard = heard.clone();
        std::thread::spawn(move || {
            words::follow(stderr, log, |report| match report {
                Report::Progress(progress) => tell(&Told::Progress { step, progress }),
                Report::Numbers(numbers) => tell(&Told::Numbers { step, numbers }),
                Report::Note(text) => tell(&Told::Note { step, text }),
            });
            drop(heard);
        });
        let ended = ended.clone();
        std::thread::spawn(move || ended.send((step, child.wait4())));
    }
    // A process that was started while the group was asked to end may not have heard of it.
    if post.asked.load(Ordering::Relaxed) {
        ask_to_end();
    }

    let limit = steps.iter().filter_map(|step| step.timeout).min();
    let mut late = limit.map(|limit| Instant::now() + limit);
    let mut deadline: Option<Instant> = None;
    while ending.unstarted.is_none() && !running.is_empty() {
        let next = match [late, deadline].into_iter().flatten().min() {
            None => ends.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(until) => ends.recv_timeout(until.saturating_duration_since(Instant::now())),
        };
        match next {
            Ok((step, end)) => {
                running.remove(&step);
                if let Some(problem) = problem(end, &mut ending.used) {
                    ending.failed.push((step, problem));
                    deadline.get_or_insert_with(|| Instant::now() + GRACE);
                }
            }
            Err(RecvTimeoutError::Timeout) if late.is_some_and(|late| late <= Instant::now()) => {
                (late, ending.late) = (None, true);
                ask_to_end();
                deadline = Some(Instant::now() + PATIENCE);
            }
            Err(_) => break,
        }
    }
    // These first, by the threads that wait for them, which learn what they used.
    for pid in running.values() {
        let _ = rustix::process::kill_process(*pid, Signal::KILL);
    }
    while !running.is_empty()
        && let Ok((step, end)) = ends.recv_timeout(PATIENCE)
    {
        running.remove(&step);
        problem(end, &mut ending.used);
    }
    // Whatever the processes left behind ends with them; it may hold their pipes open.
    ending.stuck = !running.is_empty() || !orphans::end(&HashSet::new());
    // The other end is dropped when every log has its last line.
    drop(heard);
    let _ = silence.recv_timeout(HEARING);
    ending
}

fn ask_to_end() {
    let _ = rustix::process::kill_current_process_group(Signal::TERM);
}

/// What went wrong with a process that ended, if anything did.
fn problem(end: io::Result<ResUse>, used: &mut Used) -> Option<Exit> {
    match end {
        Ok(ResUse { status, rusage }) => {
            used.cpu_seconds += (rusage.utime + rusage.stime).as_secs_f64();
            used.peak_memory += rusage.maxrss;
            let exit = status.signal().map(Exit::Signal).or_else(|| status.code().map(Exit::Code));
            exit.filter(|exit| *exit != Exit::Code(0))
        }
        Err(error) => Some(Exit::Unknown(error.to_string())),
    }
}

type Started = (Child, File, Option<PipeReader>);

fn start(
    post: &Post,
    step: &Step,
    folder: &Path,
    upstream: Option<PipeReader>,
    last: bool,
) -> Result<Started, String> {
    let log =
        open_log(step).map_err(|e| format!("its log {} cannot be written: {e}", step.log().display()))?;
    let _starting = post.starting.lock().unwrap_or_else(PoisonError::into_inner);
    spawn(step, log, folder, upstream, last)
        .map_err(|e| format!("{} cannot be started: {e}", step.program().display()))
}

fn open_log(step: &Step) -> io::Result<File> {
    if let Some(folder) = step.log().parent() {
        fs::create_dir_all(folder)?;
    }
    let mut log = OpenOptions::new().create(true).append(true).open(step.log())?;
    writeln!(log, "$ {}", step.line)?;
    Ok(log)
}

fn spawn(
    step: &Step,
    log: File,
    folder: &Path,
    upstream: Option<PipeReader>,
    last: bool,
) -> io::Result<Started> {
    let mut command = Command::new(step.program());
    command.args(&step.arguments).arg("--progress=events").stderr(Stdio::piped());
    command.env(holders::FOLDER, folder);
    command.stdin(upstream.map_or_else(Stdio::null, Stdio::from));
    let downstream = if last {
        command.stdout(log.try_clone()?);
        None
    } else {
        let (reader, writer) = io::pipe()?;
        enlarge(&writer);
        command.stdout(writer);
        Some(reader)
    };
    let child = start_when_free(&mut command)?;
    // The command holds our ends of the pipes: dropping it here lets each side see the other's end.
    Ok((child, log, downstream))
}

/// Lets a pipe hold more than the usual 64 KiB: a stream of energies then changes sides a quarter as often. A smaller one
/// works too, so it does not matter if the system refuses.
#[cfg(target_os = "linux")]
fn enlarge(pipe: &PipeWriter) {
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, 256 * 1024);
}

#[cfg(not(target_os = "linux"))]
fn enlarge(_: &PipeWriter) {}

/// Starts a command. A program that is being replaced is busy for a moment, which is waited for.
fn start_when_free(command: &mut Command) -> io::Result<Child> {
    for _ in 0..20 {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
    command.spawn()
}
