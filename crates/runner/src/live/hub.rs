//! Takes what is told of a run and passes it on to everyone who watches: first the whole state, then each change.

use super::logs::Logs;
use super::page::{Change, Line, Page};
use crate::work::Log;
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, timeout_at};

/// How many changes are kept for who is slow; who falls further behind gets the whole state again.
const MOST_CHANGES: usize = 256;
/// The most browsers that watch at once; each costs the runner an open file.
const MOST_WATCHERS: usize = 64;
/// How often the logs are read.
const LOG_INTERVAL: Duration = Duration::from_millis(250);

/// What the run tells.
pub enum News {
    /// What changes the page at once.
    Change(Change),
    /// A job started, and writes these logs.
    Started {
        /// The job.
        job: usize,
        /// Its logs.
        logs: Vec<Log>,
    },
    /// A job ended.
    Ended {
        /// The job.
        job: usize,
    },
}

/// A message to a browser.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The name of the event.
    pub kind: &'static str,
    /// As JSON.
    pub data: Arc<str>,
    /// Nothing comes after it.
    pub is_last: bool,
}

/// The state of the page and those who watch it.
pub struct Hub {
    page: Mutex<Page>,
    watchers: broadcast::Sender<Message>,
}

impl Hub {
    /// Nobody watches yet.
    pub fn new(page: Page) -> Hub {
        Hub { page: Mutex::new(page), watchers: broadcast::Sender::new(MOST_CHANGES) }
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        // Valid after every statement, so a thread that panicked has not spoilt it.
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes on what the run tells, until it has ended.
    pub async fn pass_on(&self, mut news: UnboundedReceiver<News>) {
        let mut logs = Logs::default();
        let mut next = Instant::now();
        loop {
            match timeout_at(next, news.recv()).await {
                Ok(Some(News::Change(change))) => self.tell(&change),
                Ok(Some(News::Started { job, logs: new })) => logs.follow(job, new),
                Ok(Some(News::Ended { job })) => self.lines(logs.end(job)),
                Ok(None) => return,
                Err(_) => {
                    self.lines(logs.read());
                    next = Instant::now() + LOG_INTERVAL;
                }
            }
        }
    }

    fn lines(&self, lines: Vec<Line>) {
        if !lines.is_empty() {
            self.tell(&Change::Lines(lines));
        }
    }

    fn tell(&self, change: &Change) {
        let mut page = self.page();
        page.apply(change);
        // Within the lock, so that whoever begins to watch has a change either in the state or as a change.
        if self.watchers.receiver_count() > 0 {
            let _ = self.watchers.send(message(change.kind(), change, page.has_ended()));
        }
    }

    /// Whether nobody else may watch.
    pub fn is_full(&self) -> bool {
        self.watchers.receiver_count() >= MOST_WATCHERS
    }

    /// Begins to watch.
    pub fn watch(self: Arc<Hub>) -> Watch {
        Watch { hub: self, changes: None, is_over: false }
    }

    /// The whole state, and all changes after it.
    fn begin(&self) -> (Message, broadcast::Receiver<Message>) {
        let mut page = self.page();
        let changes = self.watchers.subscribe();
        (Message { kind: "snapshot", data: page.snapshot().into(), is_last: page.has_ended() }, changes)
    }
}

fn message(kind: &'static str, data: &impl Serialize, is_last: bool) -> Message {
    Message { kind, data: serde_json::to_string(data).unwrap_or_default().into(), is_last }
}

/// One who watches.
pub struct Watch {
    hub: Arc<Hub>,
    changes: Option<broadcast::Receiver<Message>>,
    is_over: bool,
}

impl Watch {
    /// The next message; none after the last one.
    pub async fn next(&mut self) -> Option<Message> {
        if self.is_over {
            return None;
        }
        let heard = match &mut self.changes {
            Some(changes) => changes.recv().await,
            None => Err(RecvError::Lagged(0)),
        };
        let message = match heard {
            Ok(message) => message,
            // New here, or too slow.
            Err(RecvError::Lagged(_)) => {
                let (state, changes) = self.hub.begin();
                self.changes = Some(changes);
                state
            }
            Err(RecvError::Closed) => return None,
        };
        self.is_over = message.is_last;
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::{End, StateChange, tests::page};
    use super::*;
    use crate::account::Counts;
    use crate::account::Outcome;

    fn running(at: f64) -> Change {
        Change::States(vec![StateChange { job: 0, state: "running", at }])
    }

    fn ended() -> Change {
        let counts = Counts { done: 1, ..Counts::default() };
        let outcome = Outcome { counts, interrupted: false, states: vec![], accounts: vec![], keys: vec![] };
        Change::Ended(End::new(&outcome, 3.0))
    }

    fn now<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
    }

    #[test]
    fn who_watches_gets_the_state_then_the_changes_and_the_end_is_last() {
        let hub = Arc::new(Hub::new(page()));
        hub.tell(&running(1.0));
        let mut watch = hub.clone().watch();
        let first = now(watch.next()).unwrap();
        assert!(first.kind == "snapshot" && first.data.contains(r#""state":"running","at":1.0"#));
        hub.tell(&Change::Stopping);
        hub.tell(&ended());
        assert_eq!(now(watch.next()).unwrap().kind, "stopping");
        let last = now(watch.next()).unwrap();
        assert!(last.kind == "ended" && last.data.contains(r#""result":"done""#));
        assert_eq!(now(watch.next()), None);
        let mut late = hub.watch();
        assert!(now(late.next()).unwrap().data.contains(r#""result":"done""#));
        assert_eq!(now(late.next()), None);
    }

    #[test]
    fn who_is_too_slow_gets_the_whole_state_again() {
        let hub = Arc::new(Hub::new(page()));
        let mut watch = hub.clone().watch();
        now(watch.next()).unwrap();
        for at in 0..3 * MOST_CHANGES {
            hub.tell(&running(at as f64));
        }
        let again = now(watch.next()).unwrap();
        assert!(again.kind == "snapshot" && again.data.contains(r#""at":767.0"#));
        hub.tell(&ended());
        assert_eq!(now(watch.next()).unwrap().kind, "ended");
    }

    #[test]
    fn only_so_many_watch_at_once() {
        let hub = Arc::new(Hub::new(page()));
        let mut watches: Vec<Watch> = (0..MOST_WATCHERS).map(|_| hub.clone().watch()).collect();
        assert!(!hub.is_full());
        watches.iter_mut().for_each(|watch| drop(now(watch.next())));
        assert!(hub.is_full());
        watches.pop();
        assert!(!hub.is_full());
    }

    #[test]
    fn it_passes_on_until_the_run_is_gone() {
        let hub = Arc::new(Hub::new(page()));
        let (sender, news) = tokio::sync::mpsc::unbounded_channel();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "hello\n").unwrap();
        let logs = vec![Log { process: "train".to_owned(), path, begin: 0 }];
        assert!(sender.send(News::Started { job: 0, logs }).is_ok());
        assert!(sender.send(News::Ended { job: 0 }).is_ok());
        drop(sender);
        now(hub.pass_on(news));
        assert!(hub.page().snapshot().contains("hello"));
    }
}
