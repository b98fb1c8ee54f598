//! Telling: how far a run is, how long it will take, and which jobs it left out.

use super::{Run, State};
use crate::schedule;
use crate::screen::TimeLeft;
use crate::work::Failure;
use std::time::{Duration, Instant};

/// How often the time that is left is worked out again.
const TELL_INTERVAL: Duration = Duration::from_millis(500);

impl Run<'_> {
    pub(super) fn tell_overall(&mut self) {
        if let Some(live) = &mut self.live {
            live.states(&self.states);
        }
        if !self.screen.shows_overall() {
            return;
        }
        if self.told.is_none_or(|at| at.elapsed() > TELL_INTERVAL) {
            self.told = Some(Instant::now());
            self.left = Some(self.time_left());
        }
        self.screen.overall(self.counts, self.left);
    }

    /// How long the run will probably take from here: as long as its longest path or as all its work on all threads
    /// takes, whichever is more. Jobs of stages that never ran count for nothing, and then it is the least.
    fn time_left(&self) -> TimeLeft {
        let threads = self.manner.limits.threads;
        let mut seconds = vec![0.0; self.states.len()];
        let (mut work, mut is_least) = (0.0, false);
        for (job, state) in self.states.iter().enumerate() {
            let (left, share) = match state {
                State::Waiting | State::Ready => (self.estimate(job), self.wish(job).threads.unwrap_or(1)),
                State::Running(threads) => (Some(self.held(job, *threads).seconds_left), *threads),
                _ => continue,
            };
            let Some(left) = left.filter(|left| left.is_finite()) else {
                is_least = true;
                continue;
            };
            seconds[job] = left;
            work += left * share.min(threads) as f64 / threads as f64;
        }
        let longest = schedule::remaining(self.setting.plan, &seconds).into_iter().fold(0.0, f64::max);
        TimeLeft { seconds: longest.max(work), is_least }
    }

    /// Says that an attempt at a job failed, and which one if there will be another.
    pub(super) fn tell_failed(&mut self, job: usize, failure: &Failure, again: Option<&str>) {
        self.screen.failed(&self.names[job], failure, again);
        if let Some(live) = &mut self.live {
            live.failed(&self.names[job], failure);
        }
    }

    /// Says which jobs were left out, and why.
    pub(super) fn tell_not_run(&mut self) {
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
                    match needs.as_slice() {
                        [] => "stopped before it began".to_owned(),
                        [need] => format!("needs {}", self.names[**need]),
                        [need, more @ ..] => format!("needs {} and {} more", self.names[**need], more.len()),
                    }
                }
                _ => continue,
            };
            self.counts.not_run += 1;
            self.screen.not_run(&self.names[job], &why, self.counts.not_run);
        }
    }
}
