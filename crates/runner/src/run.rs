//! The run: settles which jobs are up to date, starts those that are not, and keeps what they make.

use crate::guard;
use crate::history::{History, Last};
use crate::key::{self, Field};
use crate::perform;
use crate::schedule::{self, Limits};
use crate::screen::{Counts, Screen};
use crate::setting::Setting;
use crate::store::Object;
use crate::work::{self, Event, Failure, Finished};
use blake3::Hash;
use rustix::process::{Pid, Signal};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::Scope;
use std::time::{Duration, Instant};

/// What a job is to this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No target needs it.
    Unwanted,
    /// Something that it needs is not there yet.
    Waiting,
    /// It must run, and can.
    Ready,
    /// It runs on so many threads.
    Running(usize),
    /// It ran in this run.
    Done,
    /// An earlier run did the same work.
    UpToDate,
    /// It ran and failed, or its inputs could not be read.
    Failed,
    /// It was ended because the user wanted to stop.
    Stopped,
}

/// A run under way.
pub struct Run<'a> {
    setting: Setting<'a>,
    limits: Limits,
    keep_going: bool,
    screen: &'a mut Screen,
    history: &'a mut History,
    states: Vec<State>,
    /// Jobs by how soon they should start, and for each job its place among them.
    order: Vec<usize>,
    rank: Vec<usize>,
    /// The places of the jobs that are ready.
    ready: BTreeSet<usize>,
    needed_by: Vec<Vec<usize>>,
    made: HashMap<(usize, usize), Hash>,
    keys: Vec<Option<(Hash, Vec<Field>)>>,
    /// Keys that run now or were made by this run, so that equal jobs do not work in one folder at once.
    started: HashSet<Hash>,
    finished: HashSet<Hash>,
    /// Work folders that killed runs left.
    leftovers: HashSet<String>,
    groups: HashMap<usize, Pid>,
    counts: Counts,
    interrupts: usize,
    deadline: Option<Instant>,
}

impl<'a> Run<'a> {
    /// Prepares a run.
    pub fn new(
        setting: Setting<'a>,
        limits: Limits,
        keep_going: bool,
        screen: &'a mut Screen,
        history: &'a mut History,
    ) -> Run<'a> {
        let jobs = &setting.plan.jobs;
        let mut needed_by = vec![Vec::new(); jobs.len()];
        for (number, job) in jobs.iter().enumerate() {
            job.needs.iter().for_each(|need| needed_by[*need].push(number));
        }
        let remaining = schedule::remaining(setting.plan, &history.stage_seconds(&setting.plan.name));
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        order.sort_by(|a, b| remaining[*b].total_cmp(&remaining[*a]).then(a.cmp(b)));
        let mut rank = vec![0; jobs.len()];
        order.iter().enumerate().for_each(|(place, job)| rank[*job] = place);
        let state = |wanted: &bool| if *wanted { State::Waiting } else { State::Unwanted };
        Run {
            states: setting.wanted.iter().map(state).collect(),
            order,
            rank,
            ready: BTreeSet::new(),
            keys: vec![None; jobs.len()],
            setting,
            limits,
            keep_going,
            screen,
            history,
            needed_by,
            made: HashMap::new(),
            started: HashSet::new(),
            finished: HashSet::new(),
            leftovers: setting.store.work_folders(),
            groups: HashMap::new(),
            counts: Counts::default(),
            interrupts: 0,
            deadline: None,
        }
    }

    /// Runs everything that can run. Says how it went, and whether the user stopped it.
    pub fn run(mut self, sender: &Sender<Event>, events: &Receiver<Event>) -> (Counts, bool) {
        // Jobs stand after what they need, so one pass settles all that is up to date.
        for job in 0..self.states.len() {
            self.take_pending(events);
            if self.interrupts == 0 {
                self.settle(job);
            }
        }
        self.screen.overall(self.counts);
        std::thread::scope(|scope| {
            loop {
                self.take_pending(events);
                self.start_ready(scope, sender);
                if self.running().0 == 0 {
                    break;
                }
                let patience = match self.deadline {
                    Some(deadline) => deadline.saturating_duration_since(Instant::now()),
                    None => Duration::from_secs(3600),
                };
                match events.recv_timeout(patience) {
                    Ok(event) => self.take(event),
                    Err(RecvTimeoutError::Timeout) if self.deadline.is_some() => {
                        self.signal_all(Signal::KILL)
                    }
                    Err(_) => {}
                }
                self.screen.overall(self.counts);
            }
        });
        self.tell_not_run();
        (self.counts, self.interrupts > 0)
    }

    fn take_pending(&mut self, events: &Receiver<Event>) {
        while let Ok(event) = events.try_recv() {
            self.take(event);
        }
    }

    fn running(&self) -> (usize, usize) {
        let threads =
            self.states.iter().filter_map(|state| if let State::Running(n) = state { Some(n) } else { None });
        threads.fold((0, 0), |(jobs, sum), n| (jobs + 1, sum + n))
    }

    fn stopping(&self) -> bool {
        self.interrupts > 0 || (self.counts.failed > 0 && !self.keep_going)
    }

    /// Decides about a job whose needs may all be met by now.
    fn settle(&mut self, job: usize) {
        let met = |need: &usize| matches!(self.states[*need], State::Done | State::UpToDate);
        if self.states[job] != State::Waiting || !self.setting.plan.jobs[job].needs.iter().all(met) {
            return;
        }
        let fields = match self.setting.fields(job, &self.made) {
            Ok(Some(fields)) => fields,
            Ok(None) => return,
            Err(wrong) => return self.fail(job, &work::failure(wrong)),
        };
        let key = key::key(&fields);
        self.keys[job] = Some((key, fields));
        let forced = self.setting.forced[job] && !self.finished.contains(&key);
        let record = if forced { None } else { self.setting.store.record(key) };
        let Some((record, outputs)) = record.and_then(|r| self.setting.outputs(job, &r).map(|o| (r, o)))
        else {
            return self.make_ready(job);
        };
        if !self.all_intact(&outputs) {
            return self.make_ready(job);
        }
        match self.place(&outputs) {
            Ok(()) => {
                self.states[job] = State::UpToDate;
                self.counts.up_to_date += 1;
                if self.leftovers.contains(key.to_hex().as_str()) {
                    let _ = fs::remove_dir_all(self.setting.store.work_folder(key));
                }
                self.note(job, record.seconds);
            }
            Err(wrong) => self.fail(job, &work::failure(wrong)),
        }
    }

    fn make_ready(&mut self, job: usize) {
        self.states[job] = State::Ready;
        self.ready.insert(self.rank[job]);
    }

    fn all_intact(&self, outputs: &[((usize, usize), Hash)]) -> bool {
        let mut intact = true;
        for (_, digest) in outputs {
            match self.setting.store.object(*digest) {
                Object::Intact => {}
                Object::Missing => intact = false,
                Object::Damaged => {
                    let _ = self.setting.store.drop_object(*digest);
                    intact = false;
                }
            }
        }
        intact
    }

    /// Links outputs into results/ and lets others read them.
    fn place(&mut self, outputs: &[((usize, usize), Hash)]) -> Result<(), String> {
        for ((process, output), digest) in outputs {
            let Some(file) = &self.setting.plan.processes[*process].outputs[*output].file else { continue };
            if let Some(note) = self.setting.store.place(*digest, file).map_err(|e| e.to_string())? {
                self.screen.line(&note);
            }
            self.made.insert((*process, *output), *digest);
        }
        Ok(())
    }

    fn note(&mut self, job: usize, seconds: f64) {
        if let Some((key, _)) = &self.keys[job] {
            let last = Last { key: key.to_string(), seconds };
            self.history.note(&self.setting.plan.name, &self.setting.plan.job_name(job), last);
        }
    }

    fn start_ready<'s>(&mut self, scope: &'s Scope<'s, '_>, sender: &Sender<Event>)
    where
        'a: 's,
    {
        if self.stopping() {
            return;
        }
        let (mut running, mut used) = self.running();
        // Equal jobs wait for the first of them, whose outputs are theirs.
        let mut skipped = 0;
        while let Some(place) = self.ready.iter().nth(skipped).copied() {
            let job = self.order[place];
            let plan = self.setting.plan;
            let wish = plan.jobs[job]
                .processes
                .iter()
                .filter_map(|process| plan.processes[*process].running.threads)
                .max();
            let ready = self.ready.len() - skipped;
            let Some(threads) = schedule::grant(self.limits, running, ready, used, wish) else { return };
            let Some((key, fields)) = self.keys[job].clone() else { return };
            if !self.started.insert(key) {
                skipped += 1;
                continue;
            }
            self.ready.remove(&place);
            self.states[job] = State::Running(threads);
            (running, used) = (running + 1, used + threads);
            self.screen.started(job, &self.setting.plan.job_name(job));
            let (setting, sender) = (self.setting, sender.clone());
            scope.spawn(move || {
                let attempt = || perform::perform(&setting, job, key, fields, threads, &sender);
                // A job that is never reported as ended would be waited for without end.
                let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(attempt));
                let broken = || (None, Err(work::failure("the runner itself has a fault".to_owned())));
                let (group, result) = done.unwrap_or_else(|_| broken());
                let _ = sender.send(Event::Ended { job, result, group });
            });
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Started { job, group } => {
                self.groups.insert(job, group);
                if self.interrupts > 0 {
                    guard::signal(group, if self.interrupts > 1 { Signal::KILL } else { Signal::TERM });
                }
            }
            Event::Progress { job, progress } => self.screen.progress(job, &progress),
            Event::Interrupted => {
                self.interrupts += 1;
                if self.interrupts == 1 {
                    self.screen.warn("stopping: ending what runs (press Ctrl-C again to kill it)");
                    self.signal_all(Signal::TERM);
                    self.deadline = Some(Instant::now() + Duration::from_secs(5));
                } else {
                    self.signal_all(Signal::KILL);
                }
            }
            Event::Ended { job, result, group } => {
                self.groups.remove(&job);
                drop(group);
                self.screen.ended(job);
                self.end(job, result);
            }
        }
    }

    fn end(&mut self, job: usize, result: Result<Finished, Box<Failure>>) {
        let key = self.keys[job].as_ref().map(|(key, _)| *key);
        key.iter().for_each(|key| {
            self.started.remove(key);
        });
        match result {
            Ok(Finished { record, seconds }) => {
                let outputs = self.setting.outputs(job, &record).unwrap_or_default();
                if let Err(wrong) = self.place(&outputs) {
                    return self.fail(job, &work::failure(wrong));
                }
                self.states[job] = State::Done;
                self.counts.done += 1;
                self.note(job, seconds);
                self.screen.done(&self.setting.plan.job_name(job), seconds);
                if let Some(key) = key {
                    self.finished.insert(key);
                    let _ = fs::remove_dir_all(self.setting.store.work_folder(key));
                }
            }
            Err(_) if self.interrupts > 0 => self.states[job] = State::Stopped,
            Err(failure) => self.fail(job, &failure),
        }
        // A job equal to this one waited for it, and others read its outputs.
        let ready = self.ready.iter().map(|place| self.order[*place]);
        let twins: Vec<usize> = ready.filter(|twin| self.key_of(*twin) == key).collect();
        for twin in twins {
            self.ready.remove(&self.rank[twin]);
            self.states[twin] = State::Waiting;
            self.settle_from(twin);
        }
        for next in self.needed_by[job].clone() {
            self.settle_from(next);
        }
    }

    fn key_of(&self, job: usize) -> Option<Hash> {
        self.keys[job].as_ref().map(|(key, _)| *key)
    }

    /// Settles a job and, where it turns out to be up to date, all that follows from that.
    fn settle_from(&mut self, job: usize) {
        let mut open = vec![job];
        while let Some(job) = open.pop() {
            self.settle(job);
            if self.states[job] == State::UpToDate {
                open.extend(self.needed_by[job].iter().filter(|next| self.states[**next] == State::Waiting));
            }
        }
    }

    fn fail(&mut self, job: usize, failure: &Failure) {
        self.states[job] = State::Failed;
        self.counts.failed += 1;
        self.screen.failed(&self.setting.plan.job_name(job), failure);
    }

    fn signal_all(&mut self, signal: Signal) {
        self.deadline = None;
        self.groups.values().for_each(|group| guard::signal(*group, signal));
    }

    /// Says which jobs were left out, and why.
    fn tell_not_run(&mut self) {
        const MOST: usize = 20;
        for job in 0..self.states.len() {
            let why = match self.states[job] {
                State::Stopped => "stopped".to_owned(),
                State::Ready if self.interrupts > 0 => "stopped before it began".to_owned(),
                State::Ready => "another job failed; --keep-going goes on".to_owned(),
                State::Waiting => {
                    let missing =
                        |need: &&usize| !matches!(self.states[**need], State::Done | State::UpToDate);
                    let needs: Vec<&usize> =
                        self.setting.plan.jobs[job].needs.iter().filter(missing).collect();
                    let first =
                        needs.first().map(|need| self.setting.plan.job_name(**need)).unwrap_or_default();
                    let more = if needs.len() > 1 {
                        format!(" and {} more", needs.len() - 1)
                    } else {
                        String::new()
                    };
                    format!("needs {first}{more}")
                }
                _ => continue,
            };
            self.counts.not_run += 1;
            if self.counts.not_run <= MOST {
                self.screen.warn(&format!("not run {} ({why})", self.setting.plan.job_name(job)));
            }
        }
        if self.counts.not_run > MOST {
            self.screen.warn(&format!("not run: {} more", self.counts.not_run - MOST));
        }
    }
}
