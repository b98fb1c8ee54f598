//! The thread that asks a shared cache: many requests at once, since they wait for the network rather than for a core.

use super::address::Address;
use super::trouble::Trouble;
use super::{Common, fetch, lock, upload};
use crate::setting::Setting;
use crate::work::Event;
use blake3::Hash;
use futures_util::future::{self, FutureExt};
use futures_util::stream::{self, StreamExt};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};
use store::key::Field;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Semaphore, oneshot};

/// How many entries are fetched at once, and how many uploaded.
const FETCHES: usize = 16;
const UPLOADS: usize = 4;

/// How long a store that did not answer is left alone.
const PAUSE: Duration = Duration::from_secs(60);

/// A job that may be in the store.
pub struct Wanted {
    /// Its number.
    pub job: usize,
    /// Its key.
    pub key: Hash,
    /// What the key is made of.
    pub fields: Vec<Field>,
}

/// What is asked of the thread.
pub enum Request {
    /// To get a job from the store, and tell the run.
    Fetch(Wanted),
    /// To put there what a job made.
    Upload {
        /// The job.
        job: usize,
        /// Its key.
        key: Hash,
    },
}

/// What the thread has.
pub struct Worker<'s> {
    setting: Setting<'s>,
    address: Address,
    events: Sender<Event>,
    common: Arc<Common>,
    fetches: Semaphore,
    uploads: Semaphore,
    /// Entries that are to be replaced.
    refused: RefCell<HashSet<Hash>>,
    silent_since: Cell<Option<Instant>>,
    told: Cell<bool>,
}

impl<'s> Worker<'s> {
    /// One that has not asked anything yet.
    pub fn new(
        setting: Setting<'s>,
        address: Address,
        events: Sender<Event>,
        common: Arc<Common>,
    ) -> Worker<'s> {
        Worker {
            setting,
            address,
            events,
            common,
            fetches: Semaphore::new(FETCHES),
            uploads: Semaphore::new(UPLOADS),
            refused: RefCell::default(),
            silent_since: Cell::new(None),
            told: Cell::new(false),
        }
    }

    /// Does what is asked for until nobody asks any more and all is done, or until it is cancelled.
    pub async fn work(self, mut asked: UnboundedReceiver<Request>, cancelled: oneshot::Receiver<()>) {
        let requests = stream::poll_fn(|context| asked.poll_recv(context));
        let all = pin!(requests.for_each_concurrent(None, |request| self.answer(request)));
        // Half an upload is nothing: an entry is put last, and each thing in one step.
        future::select(all, cancelled).await;
    }

    async fn answer(&self, request: Request) {
        match request {
            Request::Fetch(wanted) => {
                // A job that is never answered would be waited for without end.
                let fetched = AssertUnwindSafe(self.fetch(&wanted)).catch_unwind().await.unwrap_or(None);
                let _ = self.events.send(Event::Fetched { job: wanted.job, bytes: fetched });
            }
            Request::Upload { job, key } => {
                let _ = AssertUnwindSafe(self.upload(job, key)).catch_unwind().await;
                self.common.left.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// The bytes that came, if the store has the job.
    async fn fetch(&self, wanted: &Wanted) -> Option<u64> {
        let _turn = self.fetches.acquire().await.ok()?;
        if self.is_silent() {
            return None;
        }
        match fetch::fetch(&self.address, &self.setting, wanted).await {
            Ok(bytes) => {
                let mut known = lock(&self.common.known);
                if bytes.is_some() {
                    known.insert(wanted.key)
                } else {
                    known.remove(wanted.key)
                }
                bytes
            }
            Err(Trouble::Refused(wrong)) => {
                lock(&self.common.known).remove(wanted.key);
                self.refused.borrow_mut().insert(wanted.key);
                let (job, key) = (self.setting.plan.job_name(wanted.job), wanted.key.to_hex());
                let shown = &self.address.shown;
                self.warn(format!(
                    "{shown} has an entry of {job} that is refused: {wrong} (key {key}); the job runs"
                ));
                None
            }
            Err(Trouble::Unusable(why)) => {
                self.fall_silent(&why);
                None
            }
        }
    }

    async fn upload(&self, job: usize, key: Hash) {
        let Ok(_turn) = self.uploads.acquire().await else { return };
        if self.is_silent() {
            return;
        }
        let replace = self.refused.borrow().contains(&key);
        match upload::upload(&self.address, &self.setting, job, key, replace).await {
            Ok(None) => {}
            Ok(Some(bytes)) => {
                self.refused.borrow_mut().remove(&key);
                lock(&self.common.known).insert(key);
                if bytes > 0 {
                    self.common.entries.fetch_add(1, Ordering::Relaxed);
                    self.common.bytes.fetch_add(bytes, Ordering::Relaxed);
                }
            }
            Err(Trouble::Refused(why) | Trouble::Unusable(why)) => self.fall_silent(&why),
        }
    }

    fn is_silent(&self) -> bool {
        let silent = self.silent_since.get().is_some_and(|at| at.elapsed() < PAUSE);
        self.common.silent.store(silent, Ordering::Relaxed);
        silent
    }

    /// Leaves the store alone for a while. That is told once a run.
    fn fall_silent(&self, why: &str) {
        self.silent_since.set(Some(Instant::now()));
        self.common.silent.store(true, Ordering::Relaxed);
        if !self.told.replace(true) {
            self.warn(format!(
                "the shared cache {} cannot be used ({why}): going on without it",
                self.address.shown
            ));
        }
    }

    fn warn(&self, text: String) {
        let _ = self.events.send(Event::Warning { text });
    }
}
