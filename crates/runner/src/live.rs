//! The page of a run: `--live` serves it on this machine while the run lasts, and it ends with the run.
//!
//! The way of the data: the run tells [`Live`] what happens and never waits for it; on a thread of its own `hub` reads the
//! `logs` of the jobs, keeps what the `page` knows (with its `curves`), and passes each change on to whoever watches;
//! `server` answers the browser, if its `gate` lets it in.

mod curves;
mod gate;
mod hub;
mod logs;
mod page;
mod server;

use crate::account::{Outcome, State};
use crate::errors::Error;
use crate::work::{Event, Failure};
use gate::Gate;
use hub::{Hub, News};
use page::{Change, End, Line, Page};
use plan::graph::Plan;
use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Tells a page of a run what happens. Dropping it ends the page.
pub struct Live {
    url: String,
    begin: Instant,
    /// Without a limit, for the run must not wait; the reader is on this machine and waits for no browser.
    news: UnboundedSender<News>,
    thread: JoinHandle<()>,
    /// The states that the page knows of.
    states: Vec<State>,
    /// The jobs that were started and run: on a cluster one may have to wait first.
    begun: HashSet<usize>,
}

impl Live {
    /// Serves the page of a run that began then, on a free port of 127.0.0.1.
    pub fn start(plan: &Plan, wanted: &[bool], begin: Instant) -> Result<Live, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::Live)?;
        listener.set_nonblocking(true).map_err(Error::Live)?;
        let gate = Gate::new(listener.local_addr().map_err(Error::Live)?.port())?;
        let url = gate.url();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::Live)?;
        let listener = {
            let _within = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(Error::Live)?
        };
        let (news, told) = unbounded_channel();
        let hub = Arc::new(Hub::new(Page::new(plan, wanted, begin)));
        let serve = move || runtime.block_on(server::serve(listener, gate, hub, told));
        let thread = std::thread::Builder::new().name("live".to_owned()).spawn(serve);
        let states = wanted.iter().map(|wanted| if *wanted { State::Waiting } else { State::Unwanted });
        Ok(Live {
            url,
            begin,
            news,
            thread: thread.map_err(Error::Live)?,
            states: states.collect(),
            begun: HashSet::new(),
        })
    }

    /// Its address, with the token without which it shows nothing.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn tell(&self, news: News) {
        // Where the page is gone the run goes on.
        let _ = self.news.send(news);
    }

    /// Tells what a job told the runner.
    pub fn hear(&mut self, event: &Event) {
        match event {
            Event::Started { job, .. } => drop(self.begun.insert(*job)),
            Event::Ended { job, .. } => drop(self.begun.remove(job)),
            _ => {}
        }
        self.tell(match event {
            Event::Started { job, logs, .. } => News::Started { job: *job, logs: logs.clone() },
            Event::Ended { job, .. } => News::Ended { job: *job },
            Event::Interrupted(_) => News::Change(Change::Stopping),
            Event::Progress { job, stage, progress } => News::Change(Change::Progress(page::Progress {
                job: *job,
                process: stage.clone(),
                progress: progress.clone(),
            })),
            Event::Numbers { job, stage, numbers } => News::Change(Change::Numbers(page::Numbers {
                job: *job,
                process: stage.clone(),
                numbers: numbers.clone(),
            })),
            Event::Fetched { .. } => return,
            // Those of processes stand in their logs.
            Event::Note { process: Some(_), .. } => return,
            Event::Note { process: None, text } | Event::Warning { text } => {
                News::Change(Change::Lines(vec![Line::new("runner", text)]))
            }
        });
    }

    /// Tells which jobs have come to another state.
    pub fn states(&mut self, now: &[State]) {
        let at = self.begin.elapsed().as_secs_f64();
        let mut changes = Vec::new();
        for (job, (old, new)) in self.states.iter_mut().zip(now).enumerate() {
            let waits = matches!(new, State::Running(_)) && !self.begun.contains(&job);
            let new = if waits { State::Waiting } else { *new };
            if *old != new {
                *old = new;
                changes.push(page::StateChange { job, state: page::word(new), at });
            }
        }
        if !changes.is_empty() {
            self.tell(News::Change(Change::States(changes)));
        }
    }

    /// Tells that an attempt at a job failed.
    pub fn failed(&self, name: &str, failure: &Failure) {
        let line = Line::new(name, &format!("failed: {}", failure.what));
        self.tell(News::Change(Change::Lines(vec![line])));
    }

    /// Tells how the run ended, and ends the page when those who watch have heard it, at the latest after a moment.
    pub fn close(mut self, outcome: &Outcome) {
        self.states(&outcome.states);
        let end = End::new(outcome, self.begin.elapsed().as_secs_f64());
        self.tell(News::Change(Change::Ended(end)));
        let Live { news, thread, .. } = self;
        drop(news);
        let _ = thread.join();
    }
}
