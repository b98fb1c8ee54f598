//! One job from its command lines to its outputs in the store; runs on a thread of its own.

use crate::claims::{self, Claim, Claims};
use crate::command;
use crate::executor::{Call, Executor, Ran};
use crate::setting::Setting;
use crate::task::{Step, Task};
use crate::work::{self, Event, Failure, Finished};
use blake3::Hash;
use plan::graph::Source;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;
use store::files::{self, Durable, Project};
use store::key::{self, Field};
use store::{Kept, Object, Record};

/// Where a process of a job writes an output while it works. It depends on nothing but the key, so that a
/// stage which was killed finds what it left.
fn work_file(
    setting: &Setting,
    key: Hash,
    members: usize,
    number: usize,
    process: usize,
    output: usize,
) -> PathBuf {
    let output = &setting.plan.processes[process].outputs[output];
    let folder = claims::work_folder(setting.project, key);
    let folder = if members > 1 { folder.join(number.to_string()) } else { folder };
    folder.join(format!("{}.{}", output.port, output.format))
}

/// From so many seconds on a job's outputs are synced as soon as they are kept.
const LONG: f64 = 1.0;

/// One attempt at a job.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The job.
    pub job: usize,
    /// Its key.
    pub key: Hash,
    /// What the key is made of.
    pub fields: Vec<Field>,
    /// Threads that it gets.
    pub threads: usize,
    /// Whether an earlier attempt of this run failed.
    pub again: bool,
    /// Whether it runs even if another runner has done the work meanwhile.
    pub forced: bool,
}

/// What the jobs of a run share.
pub struct Shared<'a> {
    /// Who runs their processes.
    pub executor: &'a dyn Executor,
    /// Where they work.
    pub claims: Claims<'a>,
    /// Whether those are to end that have not started yet.
    pub stop: AtomicBool,
}

impl<'a> Shared<'a> {
    /// Nothing yet.
    pub fn new(project: &'a Project, executor: &'a dyn Executor) -> Shared<'a> {
        Shared { executor, claims: Claims::new(project), stop: AtomicBool::new(false) }
    }
}

/// Does the work of a job and keeps its outputs.
pub fn perform(
    setting: &Setting,
    attempt: &Attempt,
    shared: &Shared,
    events: &Sender<Event>,
) -> Result<Finished, Box<Failure>> {
    let claim = claim(setting, attempt, shared, events).map_err(work::failure)?;
    if !attempt.forced
        && let Some(record) = made_meanwhile(setting, attempt)
    {
        shared.claims.finish(claim);
        return Ok(Finished { record, used: None });
    }
    let elsewhere = |what| Box::new(Failure { is_final: true, ..*work::failure(what) });
    let task = match shared.executor.resume(attempt.key).map_err(elsewhere)? {
        Some(task) => task,
        None => {
            let steps = steps(setting, attempt).map_err(work::failure)?;
            Task { folder: claim.folder().into(), steps }
        }
    };
    let running = setting.plan.running(attempt.job);
    let call = Call {
        job: attempt.job,
        name: &setting.plan.job_name(attempt.job),
        key: attempt.key,
        task: &task,
        threads: attempt.threads,
        memory: running.memory,
        timeout: running.timeout,
    };
    let result = shared.executor.run(&call, events);
    let finished = result.and_then(|Ran { used, seconds }| {
        let keep = || -> Result<Record, String> {
            // What took long to make is worth the disk's time; all other outputs are synced at the end of the run.
            let durable = if seconds >= LONG { Durable::Now } else { Durable::Later };
            let cleared = "its folder in the cache was cleared while it ran; run again";
            let untouched = || claim.is_untouched().then_some(()).ok_or(cleared.to_owned());
            untouched()?;
            let outputs = collect(setting, attempt, durable)?;
            untouched()?;
            let job = setting.plan.job_name(attempt.job);
            let record = Record { job, seconds, outputs, fields: attempt.fields.clone() };
            setting.store.keep_record(attempt.key, &record, durable).map_err(|error| error.to_string())?;
            Ok(record)
        };
        let record =
            keep().map_err(|what| Box::new(Failure { used, ..*work::of_job(&task.steps, 0, what) }))?;
        Ok(Finished { record, used: Some(used) })
    });
    if finished.is_ok() {
        shared.claims.finish(claim);
    }
    finished
}

/// The right to work on the job's key; waits for another runner that works on the same.
fn claim(
    setting: &Setting,
    attempt: &Attempt,
    shared: &Shared,
    events: &Sender<Event>,
) -> Result<Claim, String> {
    let mut told = false;
    loop {
        if let Some(claim) = shared.claims.claim(attempt.key).map_err(|error| error.to_string())? {
            return Ok(claim);
        }
        if shared.stop.load(Ordering::Relaxed) {
            return Err("stopped while another runner worked on it".to_owned());
        }
        if !told {
            let text = format!("waiting: another runner works on {}", setting.plan.job_name(attempt.job));
            let _ = events.send(Event::Note { process: None, text });
            told = true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The record of the job's key, if another runner made its outputs while this one waited.
fn made_meanwhile(setting: &Setting, attempt: &Attempt) -> Option<Record> {
    let record = setting.store.record(attempt.key)?;
    let outputs = setting.outputs(attempt.job, &record)?;
    outputs.iter().all(|(_, digest)| setting.store.object(*digest) == Object::Intact).then_some(record)
}

/// The job's processes, ready to be started.
fn steps(setting: &Setting, attempt: &Attempt) -> Result<Vec<Step>, String> {
    let members = &setting.plan.jobs[attempt.job].processes;
    let mut steps = Vec::new();
    for (number, &process) in members.iter().enumerate() {
        let call = &setting.plan.processes[process];
        let Some(program) = setting.programs.get(&call.program) else { continue };
        let source = |source: &Source| setting.project.path(command::source_file(setting.plan, source));
        let output = |output: usize| work_file(setting, attempt.key, members.len(), number, process, output);
        for file in (0..call.outputs.len()).map(output) {
            setting.project.make_parent(&file).map_err(|error| error.to_string())?;
            // What an earlier attempt left beside its outputs stays, for those who go on from it.
            files::remove_whatever(&file).map_err(|error| error.to_string())?;
        }
        let arguments = command::arguments(call, source, output, attempt.threads);
        let log = setting.log(process);
        let earlier = if attempt.again { fs::metadata(&log).map_or(0, |log| log.len()) } else { 0 };
        if earlier == 0 {
            // Before the job starts, so that whoever follows it finds no log but that of this run.
            let _ = fs::remove_file(&log);
        }
        steps.push(Step {
            name: call.name(),
            program: program.path.clone().into_os_string(),
            line: command::line(&program.shown, &arguments),
            arguments,
            log: log.into_os_string(),
            log_begin: earlier,
            timeout: call.running.timeout,
        });
    }
    Ok(steps)
}

/// Moves the outputs of a finished job into the store.
fn collect(setting: &Setting, attempt: &Attempt, durable: Durable) -> Result<Vec<Kept>, String> {
    let Attempt { job, key, ref fields, .. } = *attempt;
    let members = &setting.plan.jobs[job].processes;
    // The same list once more, from what lies there now: a file that changed while the job read it would
    // otherwise be kept under the wrong key.
    let program = |name: &str| setting.digests.digest(&setting.programs.get(name)?.path).ok();
    let file = |source: &Source| {
        setting.digests.digest(&setting.project.path(command::source_file(setting.plan, source))).ok()
    };
    let now = key::fields(&setting.plan.processes, &setting.plan.jobs[job], program, file)
        .ok_or("its program or an input was removed while it ran; run again")?;
    if now != *fields {
        let changes = setting.changes(job, fields, &now);
        let changes = changes.iter().map(key::Change::to_string).collect::<Vec<_>>().join(", ");
        return Err(format!("its program or an input changed while it ran ({changes}); run again"));
    }
    let mut kept = Vec::new();
    for (number, &process) in members.iter().enumerate() {
        for (i, output) in setting.plan.processes[process].outputs.iter().enumerate() {
            if output.file.is_none() {
                continue;
            }
            let file = work_file(setting, key, members.len(), number, process, i);
            let port = &output.port;
            match fs::symlink_metadata(&file) {
                Ok(metadata) if metadata.is_file() => {}
                Ok(_) => return Err(format!("it ended well, but its output `{port}` is no regular file")),
                Err(_) => return Err(format!("it ended well, but did not write its output `{port}`")),
            }
            let (digest, size) = setting.store.keep(&file, durable).map_err(|error| error.to_string())?;
            kept.push(Kept { process: number, port: output.port.clone(), digest: digest.to_string(), size });
        }
    }
    Ok(kept)
}
