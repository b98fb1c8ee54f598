//! Slurm's own commands: what they are asked, and what their answers mean.

use crate::remote::address;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest that a command may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether a command has ended.
const ROUND: Duration = Duration::from_millis(5);
/// What `sbatch` says before it tries again by itself, for two minutes.
const FULL: &str = "Slurm temporarily unable to accept job";
/// Slurm's own default for `MaxArraySize`, less one: the most jobs of an array, where Slurm does not say.
const MOST_OF_AN_ARRAY: usize = 1000;

/// Why Slurm did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not answer now, and may later. It may have done all the same what it was asked.
    Silent(String),
    /// It has as many jobs as it can hold, and takes more when others are forgotten.
    Full(String),
    /// These are more jobs than it takes of this user, or in one array; or it never takes such a job: it does not say.
    TooMany(String),
    /// It will not do that.
    Wrong(String),
}

impl Refusal {
    /// What it said.
    pub fn words(&self) -> &str {
        match self {
            Refusal::Silent(words)
            | Refusal::Full(words)
            | Refusal::TooMany(words)
            | Refusal::Wrong(words) => words,
        }
    }
}

/// A job's state in Slurm's words, such as `PENDING`, and the reason that Slurm gives for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The state.
    pub state: String,
    /// Why it is in that state, such as `Resources`; `None` where there is no reason.
    pub reason: String,
}

impl State {
    /// Whether it waits for something that the cluster may never come to by itself; the reason is Slurm's.
    pub fn is_stuck(&self) -> bool {
        const ORDINARY: [&str; 8] =
            ["", "None", "Priority", "Resources", "Dependency", "BeginTime", "JobArrayTaskLimit", "Licenses"];
        // A limit on what a user or an account has at once ends with what runs.
        const LIMITS: [&str; 3] = ["QOSMax", "QOSGrp", "Assoc"];
        let is_ordinary = ORDINARY.contains(&self.reason.as_str())
            || LIMITS.iter().any(|limit| self.reason.starts_with(limit));
        self.state == "PENDING" && !is_ordinary
    }

    /// Whether the job may still come to an end by itself.
    pub fn is_open(&self) -> bool {
        const OPEN: [&str; 12] = [
            "PENDING",
            "RUNNING",
            "COMPLETING",
            "CONFIGURING",
            "SUSPENDED",
            "REQUEUED",
            "REQUEUE_HOLD",
            "REQUEUE_FED",
            "RESIZING",
            "SIGNALING",
            "STAGE_OUT",
            "STOPPED",
        ];
        OPEN.contains(&self.state.as_str())
    }
}

/// The states of all jobs of this user by the name of their array and their number in it.
pub type States = BTreeMap<(String, usize), State>;

/// Whether Slurm is installed here.
///
/// # Errors
/// A sentence, where it is not.
pub fn check() -> Result<(), String> {
    match ask("sbatch", &["--version".into()]) {
        Err(Refusal::Wrong(words)) => Err(words),
        _ => Ok(()),
    }
}

/// Submits an array and returns its number.
pub fn submit(arguments: &[OsString]) -> Result<u64, Refusal> {
    let told = ask("sbatch", arguments)?;
    // `123`, or `123;cluster`; before that there may be lines of the site's own.
    let last = told.lines().last().unwrap_or_default();
    let number = last.split(';').next().unwrap_or_default().trim();
    number.parse().map_err(|_| Refusal::Silent(format!("sbatch says `{last}` in place of a job's number")))
}

/// The states of all jobs of this user that Slurm still knows, by one question.
pub fn states() -> Result<States, Refusal> {
    let user = rustix::process::getuid().as_raw().to_string();
    // Array, number in it, state, reason: a name may hold anything, so it comes last.
    let told =
        ask("squeue", &["-h", "-r", "-t", "all", "-u", &user, "-o", "%K|%T|%r|%j"].map(OsString::from))?;
    Ok(told.lines().filter_map(state).collect())
}

/// Whether Slurm may still have an open job of this array and number; so where it does not answer.
pub fn may_be_open(states: &Result<States, Refusal>, array: &str, number: usize) -> bool {
    match states {
        Ok(states) => states.get(&(array.to_owned(), number)).is_some_and(State::is_open),
        Err(_) => true,
    }
}

fn state(line: &str) -> Option<((String, usize), State)> {
    let mut words = line.trim().splitn(4, '|');
    let (number, state, reason, name) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let state = State { state: state.to_owned(), reason: reason.to_owned() };
    Some(((name.to_owned(), number.parse().ok()?), state))
}

/// The number of the array of this name, if Slurm knows it.
pub fn number_of(array: &str) -> Result<Option<u64>, Refusal> {
    let arguments = ["-h", "-t", "all", "-o", "%F", "-n", array].map(OsString::from);
    Ok(ask("squeue", &arguments)?.lines().find_map(|line| line.trim().parse().ok()))
}

/// Cancels jobs such as `123` or `123_4`.
pub fn cancel(jobs: &[String]) -> Result<(), Refusal> {
    // Some systems let a command line have no more than 128 KiB.
    for jobs in jobs.chunks(1000) {
        let arguments: Vec<OsString> = jobs.iter().map(OsString::from).collect();
        ask("scancel", &arguments)?;
    }
    Ok(())
}

/// The most jobs that an array may have.
pub fn most_of_an_array() -> usize {
    let told = ask("scontrol", &["show", "config"].map(OsString::from)).unwrap_or_default();
    let size = told.lines().find_map(|line| line.strip_prefix("MaxArraySize")?.split('=').nth(1));
    size.and_then(|size| size.trim().parse().ok()).filter(|size| *size > 0).unwrap_or(MOST_OF_AN_ARRAY)
}

/// What a command says.
fn ask(program: &str, arguments: &[OsString]) -> Result<String, Refusal> {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C");
    // A job gets the environment of `sbatch`.
    address::withhold(&mut command);
    // A user may have set what is listed, and how; how jobs are submitted stays the user's affair.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"SQUEUE_")) {
        command.env_remove(name);
    }
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Refusal::Wrong(format!(
            "there is no `{program}` on PATH: jobs go to Slurm only where it is installed"
        )),
        _ => Refusal::Silent(format!("{program} cannot be started: {error}")),
    })?;
    let out = child.stdout.take().map(|pipe| std::thread::spawn(move || io::read_to_string(pipe)));
    let heard = Arc::new(Mutex::new(String::new()));
    let err = child.stderr.take().map(|pipe| {
        let heard = heard.clone();
        std::thread::spawn(move || {
            BufReader::new(pipe).lines().map_while(Result::ok).for_each(|line| {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.push_str(&line);
                heard.push('\n');
            });
        })
    });
    let words = || heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let begin = Instant::now();
    let status = loop {
        // A full cluster keeps `sbatch` for minutes, in which nobody would see to what runs.
        let is_kept = words().contains(FULL);
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if begin.elapsed() < PATIENCE && !is_kept => std::thread::sleep(ROUND),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
        }
    };
    let out = out.and_then(|reader| reader.join().ok()?.ok()).unwrap_or_default();
    let _ = err.map(std::thread::JoinHandle::join);
    match status {
        Some(status) if status.success() => Ok(out),
        None if !words().contains(FULL) => {
            Err(Refusal::Silent(format!("{program} did not answer within {} s", PATIENCE.as_secs())))
        }
        _ => Err(refusal(program, &words())),
    }
}

/// What it means that a command failed with these words.
fn refusal(program: &str, words: &str) -> Refusal {
    const SILENT: [&str; 8] = [
        "Unable to contact slurm controller",
        "Connection refused",
        "Connection timed out",
        "Socket timed out",
        "Zero Bytes were transmitted",
        "standby mode",
        "Communication connection failure",
        "Unable to establish controller machine",
    ];
    const TOO_MANY: [&str; 2] = ["Job violates accounting/QOS policy", "Invalid job array specification"];
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let told = if lines.is_empty() { format!("{program} failed without a word") } else { lines.join("; ") };
    let has = |known: &[&str]| known.iter().any(|known| words.contains(known));
    if has(&SILENT) {
        Refusal::Silent(told)
    } else if has(&[FULL, "Resource temporarily unavailable"]) {
        Refusal::Full(told)
    } else if has(&TOO_MANY) {
        Refusal::TooMany(told)
    } else {
        Refusal::Wrong(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_squeue_is_a_state() {
        let read = state("7|PENDING|Resources|tiny-train-4f2a|b").unwrap();
        assert_eq!(read.0, ("tiny-train-4f2a|b".to_owned(), 7));
        assert!(read.1.is_open());
        assert_eq!(read.1.reason, "Resources");
        assert!(!state("0|NODE_FAIL|NodeDown|x").unwrap().1.is_open());
        // A job that is of no array, and what is no line of jobs.
        assert_eq!(state("N/A|RUNNING|None|shell"), None);
        assert_eq!(state("slurm_load_jobs error"), None);
    }

    #[test]
    fn a_refusal_is_told_from_silence_and_from_too_many_jobs() {
        let read = |words| refusal("sbatch", words);
        let silent = "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)";
        assert!(matches!(read(silent), Refusal::Silent(_)));
        let full = "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying";
        assert!(matches!(read(full), Refusal::Full(_)));
        let many = "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)";
        assert!(matches!(read(many), Refusal::TooMany(_)));
        let wrong = "sbatch: error: invalid partition specified: nowhere\nsbatch: error: Batch job submission failed: Invalid partition name specified";
        assert_eq!(read(wrong).words().lines().count(), 1);
        assert!(matches!(read(wrong), Refusal::Wrong(_)));
        assert_eq!(read("").words(), "sbatch failed without a word");
    }
}
