//! The graph: processes, the files and streams between them, and the jobs that they make.

use crate::cells::Cell;
use crate::running::Running;
use crate::value::Value;

/// Everything that a pipeline can run.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The pipeline's name.
    pub name: String,
    /// Every call of a program, by stage in the order of the file.
    pub processes: Vec<Process>,
    /// What runs as one; a job comes after all that it needs.
    pub jobs: Vec<Job>,
}

/// One or more processes joined by pipes, the first one first.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its processes.
    pub processes: Vec<usize>,
    /// The jobs whose outputs it reads.
    pub needs: Vec<usize>,
}

/// One call of a program.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its stage.
    pub stage: String,
    /// Its program's name.
    pub program: String,
    /// Its cell.
    pub cell: Cell,
    /// All params that have a value, sorted by name.
    pub params: Vec<Param>,
    /// All input ports that are given, in the program's order.
    pub inputs: Vec<InputPort>,
    /// All outputs, in the program's order.
    pub outputs: Vec<Output>,
    /// What its stage says of running it; no part of a key.
    pub running: Running,
}

/// A param with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type, as JSON Schema names it.
    pub kind: &'static str,
    /// Its value.
    pub value: Value,
}

/// An input port with its files or its stream.
#[derive(Clone, Debug)]
pub struct InputPort {
    /// The port.
    pub port: String,
    /// Whether it is a pipe.
    pub stream: bool,
    /// Its files in order; of a stream, the one output that feeds it.
    pub sources: Vec<Source>,
}

/// Where an input comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A file beside the pipeline.
    File(String),
    /// An output of a process.
    Output {
        /// The process.
        process: usize,
        /// The number of its output.
        output: usize,
    },
}

/// An output of a process.
#[derive(Clone, Debug)]
pub struct Output {
    /// The port.
    pub port: String,
    /// Its format, which is the file's ending.
    pub format: String,
    /// Its file, relative to the pipeline's folder; none for a stream.
    pub file: Option<String>,
    /// Dropped once all its readers are done, and remade only if one must run again.
    pub temporary: bool,
}

impl Process {
    /// As in `train@network=cnn1,seed=1`.
    pub fn name(&self) -> String {
        match self.cell.name() {
            cell if cell.is_empty() => self.stage.clone(),
            cell => format!("{}@{cell}", self.stage),
        }
    }

    /// As a name of a file or folder, such as `train@cnn1-seed1`.
    pub fn file_name(&self) -> String {
        match self.cell.folder() {
            Some(folder) => format!("{}@{folder}", self.stage),
            None => self.stage.clone(),
        }
    }
}

impl Plan {
    /// How a job is to be run, put together from its processes, which run at once: the most threads and retries, the sum of
    /// the memory, the shortest timeout.
    pub fn running(&self, job: usize) -> Running {
        let all = || self.jobs[job].processes.iter().map(|process| self.processes[*process].running);
        Running {
            threads: all().filter_map(|running| running.threads).max(),
            memory: all().filter_map(|running| running.memory).reduce(u64::saturating_add),
            retries: all().map(|running| running.retries).max().unwrap_or_default(),
            timeout: all().filter_map(|running| running.timeout).min(),
        }
    }

    /// The name of a job: its processes' stages, joined by ` | `, and its cell; all names in full where the cells
    /// differ.
    pub fn job_name(&self, job: usize) -> String {
        let members: Vec<&Process> = self.jobs[job].processes.iter().map(|p| &self.processes[*p]).collect();
        match members.split_last() {
            Some((last, others)) if others.iter().all(|member| member.cell == last.cell) => {
                others.iter().map(|member| format!("{} | ", member.stage)).collect::<String>() + &last.name()
            }
            _ => members.iter().map(|member| member.name()).collect::<Vec<_>>().join(" | "),
        }
    }
}
