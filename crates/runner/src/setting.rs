//! What a run is about and does not change: the graph, the folder, the programs, and what is wanted.

use crate::command;
use crate::programs::Program;
use blake3::Hash;
use plan::graph::{Output, Plan, Process, Source};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use store::digests::Digests;
use store::files::Project;
use store::key::{self, Change, Field};
use store::{Record, Store};

/// An output: the number of its process and its own number there.
pub type OutputId = (usize, usize);

/// What does not change during a run.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The graph.
    pub plan: &'a Plan,
    /// The pipeline's folder.
    pub project: &'a Project,
    /// The memory of digests.
    pub digests: &'a Digests<'a>,
    /// The content store.
    pub store: Store<'a>,
    /// The programs by name.
    pub programs: &'a HashMap<String, Program>,
    /// Which jobs are wanted.
    pub wanted: &'a [bool],
    /// Which jobs run even if they are up to date.
    pub forced: &'a [bool],
}

impl Setting<'_> {
    /// The digest of a source, if it is made. `made` holds the digests of outputs so far.
    pub fn source(&self, source: &Source, made: &HashMap<OutputId, Hash>) -> Result<Option<Hash>, String> {
        match source {
            Source::Output { process, output } => Ok(made.get(&(*process, *output)).copied()),
            Source::File(file) => {
                let path = self.project.path(file);
                self.digests
                    .digest(&path)
                    .map(Some)
                    .map_err(|e| format!("cannot read {}: {e}", path.display()))
            }
        }
    }

    /// What a job depends on; `None` while an input is not made.
    pub fn fields(&self, job: usize, made: &HashMap<OutputId, Hash>) -> Result<Option<Vec<Field>>, String> {
        let error = std::cell::RefCell::new(None);
        let program = |name: &str| self.programs.get(name).map(|program| program.digest);
        let file = |source: &Source| match self.source(source, made) {
            Ok(digest) => digest,
            Err(wrong) => {
                error.borrow_mut().get_or_insert(wrong);
                None
            }
        };
        let fields = key::fields(&self.plan.processes, &self.plan.jobs[job], program, file);
        error.into_inner().map_or(Ok(fields), Err)
    }

    /// The digests of a job's outputs by a record, if it has them all.
    pub fn outputs(&self, job: usize, record: &Record) -> Option<Vec<(OutputId, Hash)>> {
        let mut outputs = Vec::new();
        for (number, &process) in self.plan.jobs[job].processes.iter().enumerate() {
            for (i, output) in self.plan.processes[process].outputs.iter().enumerate() {
                if output.file.is_some() {
                    outputs.push(((process, i), record.digest(number, &output.port)?));
                }
            }
        }
        Some(outputs)
    }

    /// An output of the plan.
    pub fn output(&self, (process, output): OutputId) -> &Output {
        &self.plan.processes[process].outputs[output]
    }

    /// What differs between two lists of what a job depends on, with the names of its stages and files.
    pub fn changes(&self, job: usize, old: &[Field], new: &[Field]) -> Vec<Change> {
        let mut changes = key::changes(old, new);
        for change in &mut changes {
            let members = &self.plan.jobs[job].processes;
            let (member, field) = key::member(&change.what);
            let Some(process) = members.get(member).map(|process| &self.plan.processes[*process]) else {
                continue;
            };
            change.file = change.new.as_ref().and_then(|_| self.input_file(process, field));
            if members.len() > 1 {
                change.what = format!("{field} of {}", process.stage);
            }
        }
        changes
    }

    /// The file that a field of a process such as `input dataset 0` is about.
    fn input_file(&self, process: &Process, field: &str) -> Option<String> {
        let (port, number) = field.strip_prefix("input ")?.rsplit_once(' ')?;
        let input = process.inputs.iter().find(|input| input.port == port && !input.stream)?;
        let source = input.sources.get(number.parse::<usize>().ok()?)?;
        Some(self.project.path(command::source_file(self.plan, source)).display().to_string())
    }

    /// Where the log of a process goes.
    pub fn log(&self, process: usize) -> PathBuf {
        let name = self.plan.processes[process].file_name();
        self.project.state(&format!("logs/{}/{name}.log", self.plan.name))
    }

    /// The jobs that make what this job reads and that is `dropped`.
    pub fn dropped_needs(&self, job: usize, dropped: &HashSet<OutputId>) -> Vec<usize> {
        let plan = self.plan;
        let inputs = plan.jobs[job].processes.iter().flat_map(|process| &plan.processes[*process].inputs);
        let makers: HashSet<usize> = inputs
            .flat_map(|input| &input.sources)
            .filter_map(|source| match source {
                Source::Output { process, output } => {
                    dropped.contains(&(*process, *output)).then_some(*process)
                }
                Source::File(_) => None,
            })
            .collect();
        let makes = |need: &usize| plan.jobs[*need].processes.iter().any(|process| makers.contains(process));
        plan.jobs[job].needs.iter().copied().filter(makes).collect()
    }
}
