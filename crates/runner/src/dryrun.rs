//! --dry-run: the commands that would run, in order, to be pasted. Changes nothing on disk.

use crate::command;
use crate::history::History;
use crate::key;
use crate::screen;
use crate::setting::Setting;
use crate::store::Object;
use std::collections::{HashMap, HashSet};

/// Prints the commands. `threads` is what a job that runs alone would get.
pub fn print(setting: &Setting, history: &History, threads: usize) -> Result<(), String> {
    let plan = setting.plan;
    let mut made = HashMap::new();
    let mut seen = HashSet::new();
    let (mut commands, mut up_to_date) = (0, 0);
    let out = &mut std::io::stdout();
    for job in (0..plan.jobs.len()).filter(|job| setting.wanted[*job]) {
        let name = plan.job_name(job);
        let fields = setting.fields(job, &made)?;
        let key = fields.as_ref().map(|fields| key::key(fields));
        let record = key.and_then(|key| setting.store.record(key));
        let outputs = record.and_then(|record| setting.outputs(job, &record));
        let lost = outputs.as_ref().is_some_and(|outputs| {
            outputs.iter().any(|(_, digest)| setting.store.object(*digest) != Object::Intact)
        });
        let forced = setting.forced[job] && key.is_none_or(|key| !seen.contains(&key));
        let why = match (&fields, outputs) {
            (Some(_), Some(outputs)) if !lost && !forced => {
                made.extend(outputs);
                up_to_date += 1;
                continue;
            }
            _ if forced => "forced".to_owned(),
            (Some(_), Some(_)) => "an output is gone from the store".to_owned(),
            (None, _) => "inputs not made yet".to_owned(),
            (Some(fields), None) => {
                let before =
                    history.last(&plan.name, &name).and_then(|last| blake3::Hash::from_hex(&last.key).ok());
                match before.and_then(|key| setting.store.record(key)) {
                    Some(record) if record.fields != *fields => key::changes(&record.fields, fields),
                    _ => "never made".to_owned(),
                }
            }
        };
        seen.extend(key);
        screen::print(out, &format!("# {name} (not cached: {why})"));
        let lines = plan.jobs[job].processes.iter().map(|process| {
            let call = &plan.processes[*process];
            let shown = setting.programs.get(&call.program).map_or(call.program.as_str(), |p| &p.shown);
            let source = |source: &_| setting.project.path(command::source_file(plan, source));
            let output = |i: usize| setting.project.path(call.outputs[i].file.as_deref().unwrap_or("-"));
            command::line(shown, &command::arguments(call, source, output, threads))
        });
        screen::print(out, &lines.collect::<Vec<_>>().join(" | "));
        commands += 1;
    }
    screen::print(out, &format!("# {commands} to run, {up_to_date} up to date"));
    Ok(())
}
