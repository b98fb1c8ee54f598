//! What a run is about and does not change: the graph, the folder, the programs, and what is wanted.

use crate::digests::Digests;
use crate::files::Project;
use crate::key::{self, Field};
use crate::programs::Program;
use crate::store::{Record, Store};
use blake3::Hash;
use plan::graph::{Plan, Source};
use std::collections::HashMap;

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
    pub fn source(
        &self,
        source: &Source,
        made: &HashMap<(usize, usize), Hash>,
    ) -> Result<Option<Hash>, String> {
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
    pub fn fields(
        &self,
        job: usize,
        made: &HashMap<(usize, usize), Hash>,
    ) -> Result<Option<Vec<Field>>, String> {
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
    pub fn outputs(&self, job: usize, record: &Record) -> Option<Vec<((usize, usize), Hash)>> {
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
}
