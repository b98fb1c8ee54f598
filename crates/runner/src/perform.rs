//! One job from its command lines to its outputs in the store; runs on a thread of its own.

use crate::command;
use crate::guard;
use crate::key::{self, Field};
use crate::setting::Setting;
use crate::store::{Kept, Record};
use crate::work::{self, Event, Failure, Finished, Step};
use blake3::Hash;
use plan::graph::Source;
use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::time::Instant;

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
    let folder = setting.store.work_folder(key);
    let folder = if members > 1 { folder.join(number.to_string()) } else { folder };
    folder.join(format!("{}.{}", output.port, output.format))
}

/// Does the work of a job and keeps its outputs.
pub fn perform(
    setting: &Setting,
    job: usize,
    key: Hash,
    fields: Vec<Field>,
    threads: usize,
    events: &Sender<Event>,
) -> (Option<guard::Group>, Result<Finished, Box<Failure>>) {
    let begin = Instant::now();
    let members = &setting.plan.jobs[job].processes;
    let mut steps = Vec::new();
    for (number, &process) in members.iter().enumerate() {
        let call = &setting.plan.processes[process];
        let Some(program) = setting.programs.get(&call.program) else { continue };
        let source = |source: &Source| setting.project.path(command::source_file(setting.plan, source));
        let output = |output: usize| work_file(setting, key, members.len(), number, process, output);
        for file in (0..call.outputs.len()).map(output) {
            if let Err(error) = setting.project.make_parent(&file) {
                return (None, Err(work::failure(error.to_string())));
            }
        }
        let arguments = command::arguments(call, source, output, threads);
        steps.push(Step {
            name: call.name(),
            program: program.path.clone(),
            line: command::line(&program.shown, &arguments),
            arguments,
            log: setting.project.state(&format!("logs/{}/{}.log", setting.plan.name, call.file_name())),
        });
    }
    let (group, result) = work::run(job, &steps, events);
    let seconds = begin.elapsed().as_secs_f64();
    let finished = result.and_then(|()| {
        let outputs = collect(setting, job, key, &fields).map_err(|what| {
            let line = steps.iter().map(|step| step.line.as_str()).collect::<Vec<_>>().join(" | ");
            Box::new(Failure {
                what,
                line: Some(line),
                log: steps.first().map(|s| s.log.clone()),
                tail: vec![],
            })
        })?;
        let record = Record { job: setting.plan.job_name(job), seconds, outputs, fields };
        setting.store.keep_record(key, &record).map_err(|error| work::failure(error.to_string()))?;
        Ok(Finished { record, seconds })
    });
    (group, finished)
}

/// Moves the outputs of a finished job into the store.
fn collect(setting: &Setting, job: usize, key: Hash, fields: &[Field]) -> Result<Vec<Kept>, String> {
    let members = &setting.plan.jobs[job].processes;
    // The same list once more, from what lies there now: a file that changed while the job read it would
    // otherwise be kept under the wrong key.
    let program = |name: &str| setting.digests.digest(&setting.programs.get(name)?.path).ok();
    let file = |source: &Source| {
        setting.digests.digest(&setting.project.path(command::source_file(setting.plan, source))).ok()
    };
    let now =
        key::fields(&setting.plan.processes, &setting.plan.jobs[job], program, file).unwrap_or_default();
    if now != fields {
        let changes = key::changes(fields, &now);
        return Err(format!("its program or an input changed while it ran ({changes}); run again"));
    }
    let mut kept = Vec::new();
    for (number, &process) in members.iter().enumerate() {
        for (i, output) in setting.plan.processes[process].outputs.iter().enumerate() {
            if output.file.is_none() {
                continue;
            }
            let file = work_file(setting, key, members.len(), number, process, i);
            if !fs::symlink_metadata(&file).is_ok_and(|m| m.is_file()) {
                return Err(format!("it ended well, but did not write its output `{}`", output.port));
            }
            let (digest, size) = setting.store.keep(&file).map_err(|error| error.to_string())?;
            kept.push(Kept { process: number, port: output.port.clone(), digest: digest.to_string(), size });
        }
    }
    Ok(kept)
}
