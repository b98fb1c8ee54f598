//! The run: starts the jobs that must run, follows them, and keeps account of what each did.

mod fetching;
mod settle;
mod telling;
mod temporary;

use crate::account::{Account, Counts, Outcome, State};
use crate::claims;
use crate::judge::Reason;
use crate::last::{Estimates, Last, LastRuns};
use crate::live::Live;
use crate::perform::{self, Attempt, Shared};
use crate::remote::Remote;
use crate::schedule::{self, Held, Limits, Wish};
use crate::screen::{Screen, TimeLeft};
use crate::setting::{OutputId, Setting};
use crate::task::{self, Stop};
use crate::work::{self, Event, Failure, Finished};
use blake3::Hash;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::Scope;
use std::time::{Duration, Instant, SystemTime};
use store::key::Field;

/// How a run is to go on.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How much may run at once.
    pub limits: Limits,
    /// Threads of a job whose stages name none; none for an even share.
    pub threads: Option<usize>,
    /// After a failure what does not need the failed job runs all the same.
    pub keep_going: bool,
    /// Say of every job why it runs or not.
    pub explain: bool,
}

/// A run under way.
pub struct Run<'a> {
    setting: Setting<'a>,
    manner: Manner,
    shared: &'a Shared<'a>,
    screen: &'a mut Screen,
    live: Option<&'a mut Live>,
    remote: Option<&'a mut Remote>,
    last: &'a mut LastRuns,
    estimates: Estimates,
    /// By job.
    names: Vec<String>,
    states: Vec<State>,
    accounts: Vec<Account>,
    /// Jobs by how soon they should start, and for each job its place among them.
    order: Vec<usize>,
    rank: Vec<usize>,
    /// The places of the jobs that are ready, and the jobs themselves by their keys.
    ready: BTreeSet<usize>,
    ready_by_key: HashMap<Hash, BTreeSet<usize>>,
    /// The jobs that run, with their threads.
    running: BTreeMap<usize, usize>,
    needed_by: Vec<Vec<usize>>,
    made: HashMap<OutputId, Hash>,
    /// Temporary outputs of jobs that are done which are no longer in the store.
    dropped: HashSet<OutputId>,
    /// Jobs that must run again for what they dropped.
    demanded: HashSet<usize>,
    /// Digests of outputs that are not temporary.
    permanent: HashSet<Hash>,
    keys: Vec<Option<(Hash, Vec<Field>)>>,
    /// Keys that run now or were made by this run, so that equal jobs do not work in one folder at once.
    started: HashSet<Hash>,
    finished: HashSet<Hash>,
    /// Keys that the shared cache was asked for, and jobs for which it has not answered yet.
    asked: HashSet<Hash>,
    fetching: HashSet<usize>,
    /// Work folders that killed runs left.
    leftovers: HashSet<String>,
    counts: Counts,
    interrupts: usize,
    deadline: Option<Instant>,
    /// When the time that is left was worked out, and what came of it.
    told: Option<Instant>,
    left: Option<TimeLeft>,
    /// When it was last saved which jobs are done.
    saved: Instant,
}

/// How often it is saved which jobs are done.
const SAVE_INTERVAL: Duration = Duration::from_secs(2);
/// How many of the ready jobs are looked at for one that fits.
const LOOKED_AT: usize = 256;

impl<'a> Run<'a> {
    /// Prepares a run.
    pub fn new(
        setting: Setting<'a>,
        manner: Manner,
        shared: &'a Shared<'a>,
        screen: &'a mut Screen,
        live: Option<&'a mut Live>,
        remote: Option<&'a mut Remote>,
        last: &'a mut LastRuns,
    ) -> Run<'a> {
        let jobs = &setting.plan.jobs;
        let mut needed_by = vec![Vec::new(); jobs.len()];
        for (number, job) in jobs.iter().enumerate() {
            job.needs.iter().for_each(|need| needed_by[*need].push(number));
        }
        let estimates = last.estimates();
        let leftovers = claims::work_folders(setting.project);
        let names: Vec<String> = (0..jobs.len()).map(|job| setting.plan.job_name(job)).collect();
        let seconds: Vec<f64> = names.iter().map(|name| estimates.seconds(name).unwrap_or(1.0)).collect();
        let remaining = schedule::remaining(setting.plan, &seconds);
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        order.sort_by(|a, b| remaining[*b].total_cmp(&remaining[*a]).then(a.cmp(b)));
        let mut rank = vec![0; jobs.len()];
        order.iter().enumerate().for_each(|(place, job)| rank[*job] = place);
        let state = |wanted: &bool| if *wanted { State::Waiting } else { State::Unwanted };
        Run {
            states: setting.wanted.iter().map(state).collect(),
            accounts: vec![Account::default(); jobs.len()],
            order,
            rank,
            ready: BTreeSet::new(),
            ready_by_key: HashMap::new(),
            running: BTreeMap::new(),
            names,
            keys: vec![None; jobs.len()],
            leftovers,
            setting,
            manner,
            shared,
            screen,
            live,
            remote,
            last,
            estimates,
            needed_by,
            made: HashMap::new(),
            dropped: HashSet::new(),
            permanent: HashSet::new(),
            demanded: HashSet::new(),
            started: HashSet::new(),
            finished: HashSet::new(),
            asked: HashSet::new(),
            fetching: HashSet::new(),
            counts: Counts::default(),
            interrupts: 0,
            deadline: None,
            told: None,
            left: None,
            saved: Instant::now(),
        }
    }

    /// Runs everything that can run.
    pub fn run(mut self, sender: &Sender<Event>, events: &Receiver<Event>) -> Outcome {
        // Jobs stand after what they need, so one pass settles all that is up to date.
        for job in 0..self.states.len() {
            self.take_pending(events);
            if self.interrupts == 0 {
                self.settle(job);
            }
        }
        std::thread::scope(|scope| {
            loop {
                self.take_pending(events);
                self.start_ready(scope, sender);
                self.tell_overall();
                if self.running.is_empty() && (self.fetching.is_empty() || self.interrupts > 0) {
                    break;
                }
                let patience = match self.deadline {
                    Some(deadline) => deadline.saturating_duration_since(Instant::now()),
                    None => Duration::from_secs(3600),
                };
                match events.recv_timeout(patience) {
                    Ok(event) => self.take(event),
                    Err(RecvTimeoutError::Timeout) if self.deadline.is_some() => {
                        self.kill();
                    }
                    Err(_) => {}
                }
            }
        });
        (0..self.states.len()).for_each(|job| self.drop_spent(job));
        self.tell_not_run();
        Outcome {
            counts: self.counts,
            interrupted: self.interrupts > 0,
            states: self.states,
            accounts: self.accounts,
            keys: self.keys.into_iter().map(|key| key.map(|(key, _)| key)).collect(),
        }
    }

    fn take_pending(&mut self, events: &Receiver<Event>) {
        while let Ok(event) = events.try_recv() {
            self.take(event);
        }
    }

    fn stopping(&self) -> bool {
        self.interrupts > 0 || (self.counts.failed > 0 && !self.manner.keep_going)
    }

    fn estimate(&self, job: usize) -> Option<f64> {
        self.estimates.seconds(&self.names[job])
    }

    fn wish(&self, job: usize) -> Wish {
        let running = self.setting.plan.running(job);
        Wish {
            threads: running.threads.or(self.manner.threads),
            memory: running.memory.unwrap_or_default(),
            seconds: self.estimate(job),
        }
    }

    fn held(&self, job: usize, threads: usize) -> Held {
        let ran = self.accounts[job].started.and_then(|at| at.elapsed().ok()).unwrap_or_default();
        let left = self.estimate(job).map_or(f64::INFINITY, |all| (all - ran.as_secs_f64()).max(0.0));
        Held { threads, memory: self.wish(job).memory, seconds_left: left }
    }

    fn start_ready<'s>(&mut self, scope: &'s Scope<'s, '_>, sender: &Sender<Event>)
    where
        'a: 's,
    {
        while !self.stopping() && !self.ready.is_empty() {
            let running: Vec<Held> =
                self.running.iter().map(|(job, threads)| self.held(*job, *threads)).collect();
            // Equal jobs wait for the first of them, whose outputs are theirs.
            let free = |job: &usize| self.key_of(*job).is_some_and(|key| !self.started.contains(&key));
            let jobs = || self.ready.iter().map(|place| self.order[*place]).filter(free).take(LOOKED_AT);
            let wishes = jobs().map(|job| self.wish(job));
            let next = schedule::next(self.manner.limits, &running, wishes, self.ready.len());
            let Some((job, threads)) = next.and_then(|(place, threads)| Some((jobs().nth(place)?, threads)))
            else {
                return;
            };
            self.start(job, threads, scope, sender);
        }
    }

    fn start<'s>(&mut self, job: usize, threads: usize, scope: &'s Scope<'s, '_>, sender: &Sender<Event>)
    where
        'a: 's,
    {
        let Some((key, fields)) = self.keys[job].clone() else { return };
        self.leave_ready(job, key);
        self.started.insert(key);
        self.states[job] = State::Running(threads);
        self.running.insert(job, threads);
        let account = &mut self.accounts[job];
        let again = account.attempts > 0;
        account.attempts += 1;
        // When it begins is told, for it may have to wait in a cluster's queue.
        (account.started, account.threads) = (None, Some(threads));
        let reason = account.reason.clone();
        self.screen.started(&self.names[job], reason.as_ref(), threads);
        let forced = reason == Some(Reason::Forced);
        let attempt = Attempt { job, key, fields, threads, again, forced };
        let (setting, shared, sender) = (self.setting, self.shared, sender.clone());
        scope.spawn(move || {
            let perform = || perform::perform(&setting, &attempt, shared, &sender);
            // A job that is never reported as ended would be waited for without end.
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(perform));
            let broken = || Err(work::failure("the runner itself has a fault".to_owned()));
            let result = done.unwrap_or_else(|_| broken());
            let _ = sender.send(Event::Ended { job, result });
        });
    }

    fn take(&mut self, event: Event) {
        if let Some(live) = &mut self.live {
            live.hear(&event);
        }
        match event {
            Event::Started { job, .. } => {
                self.accounts[job].started = Some(SystemTime::now());
                self.screen.began(job, &self.names[job]);
            }
            Event::Progress { job, stage, progress } => {
                self.screen.progress(job, &self.names[job], &stage, &progress);
            }
            Event::Numbers { job, stage, numbers } => {
                self.screen.numbers(&self.names[job], &stage, &numbers);
            }
            Event::Note { process, text } => {
                self.screen.note(&process.map(|process| format!("{process}: {text}")).unwrap_or(text));
            }
            Event::Fetched { job, bytes } => self.take_fetched(job, bytes),
            Event::Warning { text } => self.screen.warn(&text),
            Event::Interrupted(how) => {
                self.interrupts += 1;
                self.shared.stop.store(true, Ordering::Relaxed);
                if self.interrupts == 1 {
                    let words = self.shared.executor.stop(how, &self.ready_keys());
                    self.screen.warn(words);
                    self.deadline = Some(Instant::now() + task::PATIENCE);
                } else {
                    self.kill();
                }
            }
            Event::Ended { job, result } => {
                self.screen.ended(job);
                self.end(job, result);
            }
        }
    }

    fn end(&mut self, job: usize, result: Result<Finished, Box<Failure>>) {
        let key = self.key_of(job);
        self.running.remove(&job);
        key.iter().for_each(|key| {
            self.started.remove(key);
        });
        let ran = self.accounts[job].started.and_then(|at| at.elapsed().ok()).unwrap_or_default();
        self.accounts[job].seconds = ran.as_secs_f64();
        match result {
            Ok(Finished { record, used }) => {
                let outputs = self.setting.outputs(job, &record).unwrap_or_default();
                if let Err(wrong) = self.place(&outputs) {
                    self.fail(job, &work::failure(wrong));
                } else {
                    let account = &mut self.accounts[job];
                    (account.seconds, account.used, account.bytes) = (record.seconds, used, record.bytes());
                    let told = account.clone();
                    if used.is_some() {
                        self.states[job] = State::Done;
                        self.counts.done += 1;
                        self.upload(job);
                    } else {
                        self.states[job] = State::UpToDate;
                        self.counts.up_to_date += 1;
                    }
                    self.note_last(job, record.seconds);
                    self.estimates.note(&self.names[job], record.seconds);
                    self.save_last();
                    self.screen.done(&self.names[job], &told);
                    self.finished.extend(key);
                }
            }
            Err(failure) => {
                self.accounts[job].used = Some(failure.used);
                self.end_badly(job, &failure);
            }
        }
        // A job equal to this one waited for it, and others read its outputs.
        self.settle_equal(job);
        for next in self.needed_by[job].clone() {
            self.settle_from(next);
        }
        self.drop_spent(job);
        for need in self.setting.plan.jobs[job].needs.clone() {
            self.drop_spent(need);
        }
    }

    fn end_badly(&mut self, job: usize, failure: &Failure) {
        let (attempts, retries) = (self.accounts[job].attempts, self.setting.plan.running(job).retries);
        if self.interrupts > 0 {
            self.states[job] = State::Stopped;
        } else if attempts <= retries && !failure.is_final {
            let how = format!("attempt {attempts} of {}", retries + 1);
            self.tell_failed(job, failure, Some(&how));
            self.make_ready(job);
        } else {
            self.fail(job, failure);
        }
    }

    fn leave_ready(&mut self, job: usize, key: Hash) {
        self.ready.remove(&self.rank[job]);
        if let Some(equal) = self.ready_by_key.get_mut(&key) {
            equal.remove(&job);
        }
    }

    /// The keys of all jobs that could run and do not yet.
    fn ready_keys(&self) -> Vec<Hash> {
        self.ready.iter().filter_map(|place| self.key_of(self.order[*place])).collect()
    }

    fn key_of(&self, job: usize) -> Option<Hash> {
        self.keys[job].as_ref().map(|(key, _)| *key)
    }

    /// Saves what is known by now, for a run that is killed has done work that `gc` must not take for useless.
    fn save_last(&mut self) {
        if self.saved.elapsed() > SAVE_INTERVAL && self.last.save(self.setting.project).is_ok() {
            self.saved = Instant::now();
        }
    }

    fn note_last(&mut self, job: usize, seconds: f64) {
        if let Some(key) = self.key_of(job) {
            self.last.note(&self.names[job], Last { key: key.to_string(), seconds });
        }
    }

    fn fail(&mut self, job: usize, failure: &Failure) {
        self.states[job] = State::Failed;
        self.counts.failed += 1;
        if let Some(key) = self.key_of(job) {
            self.last.note_failure(&self.names[job], key);
            // Told even of a run that is killed; what cannot be saved now is saved, or complained of, at its end.
            let _ = self.last.save(self.setting.project);
        }
        self.tell_failed(job, failure, None);
    }

    fn kill(&mut self) {
        self.deadline = None;
        self.shared.executor.stop(Stop::Kill, &self.ready_keys());
    }
}
