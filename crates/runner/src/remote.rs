//! The shared cache behind the local one: an object store that other machines use, too. A job that has no entry here is
//! asked for there before it runs, and what was done is put there, at the leisure of a thread of its own.
//!
//! The way of the data: the run asks [`Remote`] for a key and goes on; `fetch` gets the entry and the contents that it
//! names, each checked on its way into the store, and the run judges the job again; `upload` puts contents and then the
//! entry. Where the store is stands in `address` (and the user's `profile`), what an entry is in `entry` (and `sign`),
//! what is known to be there in `known`, and in `trouble` why it is of no use just now. `worker` is the thread that asks.
//!
//! Nothing depends on the store: an entry that is not what it should be is refused, a store that does not answer is left
//! alone for a while, and what was not uploaded the next run uploads. Two writers of one key each put contents of their
//! own, and never remove any; whose entry comes last is found from then on, and it is whole.

pub mod address;
mod entry;
mod fetch;
mod known;
mod profile;
mod sign;
mod trouble;
mod upload;
mod worker;

use crate::account::{Outcome, State};
use crate::errors::Error;
use crate::screen::Screen;
use crate::setting::Setting;
use crate::work::Event;
use address::Address;
use blake3::Hash;
use known::Known;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::Scope;
use std::time::{Duration, Instant};
use store::key::Field;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use worker::{Request, Wanted, Worker};

/// How often it is looked whether the last upload is over.
const ROUND: Duration = Duration::from_millis(10);

/// What the run and the thread share.
struct Common {
    known: Mutex<Known>,
    /// The store does not answer just now.
    silent: AtomicBool,
    /// Uploads that are not done yet; entries and bytes that were uploaded.
    left: AtomicUsize,
    entries: AtomicUsize,
    bytes: AtomicU64,
}

/// A shared cache during a run.
pub struct Remote {
    shown: String,
    read_only: bool,
    requests: UnboundedSender<Request>,
    /// Ends the thread when it is dropped.
    cancel: oneshot::Sender<()>,
    /// Cut off once the thread has ended, in whatever way.
    ended: Receiver<()>,
    common: Arc<Common>,
    queued: HashSet<Hash>,
}

impl Remote {
    /// Starts the thread. Nothing is asked yet.
    pub fn start<'s>(
        scope: &'s Scope<'s, '_>,
        setting: Setting<'s>,
        address: Address,
        events: Sender<Event>,
    ) -> Result<Remote, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::Remote)?;
        let (requests, asked) = unbounded_channel();
        let (cancel, cancelled) = oneshot::channel();
        let common = Arc::new(Common {
            known: Mutex::new(Known::load(setting.project, &address)),
            silent: AtomicBool::new(false),
            left: AtomicUsize::new(0),
            entries: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
        });
        let (shown, read_only) = (address.shown.clone(), address.read_only);
        let worker = Worker::new(setting, address, events, common.clone());
        let (running, ended) = mpsc::channel();
        let work = move || {
            let _running = running;
            runtime.block_on(worker.work(asked, cancelled));
            // A name that is looked up without an answer must not hold up the end.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("remote".to_owned()).spawn_scoped(scope, work);
        thread.map_err(Error::Remote)?;
        Ok(Remote { shown, read_only, requests, cancel, ended, common, queued: HashSet::new() })
    }

    /// Asks for a job. The answer is an event; there is none if this says so.
    pub fn fetch(&self, job: usize, key: Hash, fields: Vec<Field>) -> bool {
        self.requests.send(Request::Fetch(Wanted { job, key, fields })).is_ok()
    }

    /// Has what a job made put into the store, unless it is known to be there.
    pub fn upload(&mut self, job: usize, key: Hash) {
        if self.read_only || lock(&self.common.known).holds(key) || !self.queued.insert(key) {
            return;
        }
        self.common.left.fetch_add(1, Ordering::Relaxed);
        let _ = self.requests.send(Request::Upload { job, key });
    }

    /// Waits for the uploads, unless the user does not want to, and keeps in mind what is in the store.
    pub fn finish(mut self, setting: &Setting, outcome: &Outcome, screen: &Screen, events: &Receiver<Event>) {
        if !self.common.silent.load(Ordering::Relaxed) {
            let is_there = |state: State| matches!(state, State::Done | State::UpToDate);
            for (job, key) in outcome.keys.iter().enumerate() {
                if let Some(key) = key.filter(|_| is_there(outcome.states[job])) {
                    self.upload(job, key);
                }
            }
        }
        let Remote { shown, requests, cancel, ended, common, .. } = self;
        let mut cancel = Some(cancel).filter(|_| !outcome.interrupted);
        drop(requests);
        let begin = Instant::now();
        let mut told = false;
        while ended.try_recv() != Err(TryRecvError::Disconnected) {
            match events.recv_timeout(ROUND) {
                Ok(Event::Interrupted(_)) => drop(cancel.take()),
                Ok(Event::Warning { text }) => screen.warn(&text),
                _ => {}
            }
            let left = common.left.load(Ordering::Relaxed);
            if !told && left > 0 && cancel.is_some() && begin.elapsed() > Duration::from_millis(500) {
                let entries = if left == 1 { "1 entry" } else { &format!("{left} entries") };
                screen.note(&format!("uploading to {shown}: {entries} left (Ctrl-C ends without them)"));
                told = true;
            }
        }
        for event in events.try_iter() {
            if let Event::Warning { text } = event {
                screen.warn(&text);
            }
        }
        let (entries, bytes) = (common.entries.load(Ordering::Relaxed), common.bytes.load(Ordering::Relaxed));
        if entries > 0 {
            screen.uploaded(&shown, entries, bytes);
        }
        // Where it cannot be kept in mind the next run asks the store.
        let _ = lock(&common.known).save(setting.project, &setting.store);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Valid after every statement, so a thread that panicked has not spoilt it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
