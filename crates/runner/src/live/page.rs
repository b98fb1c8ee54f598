//! What the page knows of a run, and how it changes.

use super::curves::Curves;
use crate::account::Counts;
use crate::account::{Outcome, State};
use crate::commands::graph::{self, Graph};
use crate::last::stage_of;
use crate::words;
use plan::faults::printable;
use plan::graph::Plan;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

/// How many of the last lines of all logs are kept, and how many letters of one.
const MOST_LINES: usize = 1000;
const LINE_WIDTH: usize = 500;

/// All that a browser needs to show the run as it is now.
#[derive(Serialize)]
pub struct Page {
    /// The stages and files, and what passes between them.
    graph: Graph,
    /// The jobs that are wanted, by their numbers.
    jobs: BTreeMap<usize, Job>,
    /// How far the processes of running jobs have come, by their names.
    progress: BTreeMap<String, Progress>,
    /// What the steps of each stage are, and how many, also when its processes have ended.
    scales: BTreeMap<String, Scale>,
    curves: Curves,
    lines: VecDeque<Line>,
    /// Seconds since the run began.
    elapsed: f64,
    /// The user asked it to end.
    stopping: bool,
    /// How it ended, if it has.
    ended: Option<End>,
    #[serde(skip)]
    begin: Instant,
}

#[derive(Serialize)]
struct Job {
    name: String,
    /// The places of its stages in the graph.
    stages: Vec<usize>,
    state: &'static str,
    /// When it came to that state, in seconds since the run began.
    at: f64,
}

/// What the steps of a stage are, and how many there are at most; 0 where that is not known.
#[derive(Debug, Default, Serialize)]
struct Scale {
    unit: String,
    total: u64,
}

/// Something that happened.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Change {
    /// Jobs have come to other states.
    States(Vec<StateChange>),
    /// A process got on.
    Progress(Progress),
    /// A process told numbers of a step.
    Numbers(Numbers),
    /// There are new lines.
    Lines(Vec<Line>),
    /// The user asked the run to end.
    Stopping,
    /// The run has ended.
    Ended(End),
}

/// A job has come to another state.
#[derive(Serialize)]
pub struct StateChange {
    /// The job.
    pub job: usize,
    /// Its state.
    pub state: &'static str,
    /// When, in seconds since the run began.
    pub at: f64,
}

/// How far a process has come.
#[derive(Clone, Serialize)]
pub struct Progress {
    /// Its job.
    pub job: usize,
    /// Its name.
    pub process: String,
    /// How far.
    #[serde(flatten)]
    pub progress: words::Progress,
}

/// Numbers of a step.
#[derive(Serialize)]
pub struct Numbers {
    /// The job.
    pub job: usize,
    /// The process that told them.
    pub process: String,
    /// The numbers.
    #[serde(flatten)]
    pub numbers: words::Numbers,
}

/// A line of a log.
#[derive(Clone, Serialize)]
pub struct Line {
    /// Who says it.
    pub process: String,
    /// What.
    pub text: String,
}

/// How a run ended.
#[derive(Clone, Serialize)]
pub struct End {
    result: &'static str,
    counts: Counts,
    seconds: f64,
}

impl Line {
    /// What a process says, cut where it is very long.
    pub fn new(process: &str, text: &str) -> Line {
        let mut text = printable(text);
        if let Some((end, _)) = text.char_indices().nth(LINE_WIDTH) {
            text.truncate(end);
            text.push('…');
        }
        Line { process: process.to_owned(), text }
    }
}

impl End {
    /// Of a run that took so many seconds.
    pub fn new(outcome: &Outcome, seconds: f64) -> End {
        let result = match (outcome.interrupted, outcome.counts.failed) {
            (true, _) => "interrupted",
            (false, 0) => "done",
            (false, _) => "failed",
        };
        End { result, counts: outcome.counts, seconds }
    }
}

/// The page's word for a state.
pub fn word(state: State) -> &'static str {
    match state {
        State::Unwanted => "unwanted",
        State::Waiting | State::Ready => "waiting",
        State::Running(_) => "running",
        State::Done => "done",
        State::UpToDate => "up-to-date",
        State::Failed => "failed",
        State::Stopped => "stopped",
    }
}

impl Page {
    /// Of a run that is about to begin.
    pub fn new(plan: &Plan, wanted: &[bool], begin: Instant) -> Page {
        let graph = graph::graph(plan, wanted, false);
        let place =
            |stage: &str| graph.nodes.iter().position(|node| node.kind == "stage" && node.name == stage);
        let job = |(number, job): (usize, &plan::graph::Job)| {
            let stages = job.processes.iter().filter_map(|process| place(&plan.processes[*process].stage));
            let name = plan.job_name(number);
            (number, Job { name, stages: stages.collect(), state: word(State::Waiting), at: 0.0 })
        };
        let jobs = plan.jobs.iter().enumerate().filter(|(number, _)| wanted[*number]).map(job).collect();
        Page {
            graph,
            jobs,
            progress: BTreeMap::new(),
            scales: BTreeMap::new(),
            curves: Curves::default(),
            lines: VecDeque::new(),
            elapsed: 0.0,
            stopping: false,
            ended: None,
            begin,
        }
    }

    /// As JSON, as it is now.
    pub fn snapshot(&mut self) -> String {
        self.elapsed = self.begin.elapsed().as_secs_f64();
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether the run has ended.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Takes note of a change.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::States(changes) => changes.iter().for_each(|change| self.set_state(change)),
            Change::Progress(progress) => {
                let words::Progress { unit, total, .. } = &progress.progress;
                let scale = self.scales.entry(stage_of(&progress.process).to_owned()).or_default();
                *scale = Scale { unit: unit.clone(), total: scale.total.max(total.unwrap_or_default()) };
                self.progress.insert(progress.process.clone(), progress.clone());
            }
            Change::Numbers(numbers) => self.curves.add(&numbers.process, &numbers.numbers),
            Change::Lines(lines) => {
                self.lines.extend(lines.iter().cloned());
                let surplus = self.lines.len().saturating_sub(MOST_LINES);
                self.lines.drain(..surplus);
            }
            Change::Stopping => self.stopping = true,
            Change::Ended(end) => self.ended = Some(end.clone()),
        }
    }

    fn set_state(&mut self, change: &StateChange) {
        let Some(job) = self.jobs.get_mut(&change.job) else { return };
        (job.state, job.at) = (change.state, change.at);
        if change.state != word(State::Running(0)) {
            self.progress.retain(|_, progress| progress.job != change.job);
        }
    }
}

impl Change {
    /// The name of the event that tells it.
    pub fn kind(&self) -> &'static str {
        match self {
            Change::States(_) => "states",
            Change::Progress(_) => "progress",
            Change::Numbers(_) => "numbers",
            Change::Lines(_) => "lines",
            Change::Stopping => "stopping",
            Change::Ended(_) => "ended",
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A page with one stage and one job.
    pub fn page() -> Page {
        let process = plan::graph::Process {
            stage: "train".to_owned(),
            program: "train".to_owned(),
            cell: Default::default(),
            params: vec![],
            inputs: vec![],
            outputs: vec![],
            running: Default::default(),
        };
        let job = plan::graph::Job { processes: vec![0], needs: vec![] };
        let plan = Plan { name: "p".to_owned(), processes: vec![process], jobs: vec![job] };
        Page::new(&plan, &[true], Instant::now())
    }

    fn snapshot(page: &mut Page) -> Value {
        serde_json::from_str(&page.snapshot()).unwrap()
    }

    #[test]
    fn a_snapshot_is_what_all_changes_came_to() {
        let mut page = page();
        let state = |state, at| Change::States(vec![StateChange { job: 0, state, at }]);
        page.apply(&state("running", 1.0));
        let progress =
            words::Progress { done: 1, total: Some(3), unit: "epochs".into(), message: "m".into() };
        page.apply(&Change::Progress(Progress { job: 0, process: "train".into(), progress }));
        let numbers = words::Numbers { step: 1, values: vec![("loss".into(), 0.5)] };
        page.apply(&Change::Numbers(Numbers { job: 0, process: "train".into(), numbers }));
        page.apply(&Change::Lines(vec![Line::new("train", "a\u{1b}[31m")]));
        let now = snapshot(&mut page);
        assert_eq!(now["graph"]["pipeline"], "p");
        assert_eq!(now["graph"]["nodes"][0], json!({"name": "train", "kind": "stage", "cells": 1}));
        assert_eq!(now["jobs"]["0"], json!({"name": "train", "stages": [0], "state": "running", "at": 1.0}));
        assert_eq!(now["progress"]["train"]["total"], 3);
        assert_eq!(now["curves"]["train"], json!([["loss", [[1, 0.5]]]]));
        assert_eq!(now["lines"], json!([{"process": "train", "text": "a [31m"}]));
        assert_eq!(now["ended"], Value::Null);
        page.apply(&state("done", 2.0));
        let now = snapshot(&mut page);
        assert_eq!(now["scales"], json!({"train": {"unit": "epochs", "total": 3}}));
        assert_eq!((&now["jobs"]["0"]["state"], &now["progress"]), (&json!("done"), &json!({})));
    }

    #[test]
    fn only_the_last_lines_are_kept_and_long_ones_are_cut() {
        let mut page = page();
        let lines = (0..3 * MOST_LINES).map(|line| Line::new("train", &line.to_string()));
        page.apply(&Change::Lines(lines.collect()));
        assert_eq!((page.lines.len(), page.lines[0].text.as_str()), (MOST_LINES, "2000"));
        assert_eq!(Line::new("x", &"ä".repeat(3 * LINE_WIDTH)).text.chars().count(), LINE_WIDTH + 1);
    }
}
