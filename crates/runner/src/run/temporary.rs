//! Temporary outputs: dropped from the store once all their readers are done, remade when one must run again.

use super::{Run, State};
use crate::judge::Reason;

impl Run<'_> {
    /// Has a job run again whose outputs are known but dropped.
    pub(super) fn remake(&mut self, job: usize, by: &str) {
        match self.states[job] {
            State::UpToDate => {
                self.counts.fetched -= usize::from(self.accounts[job].fetched.take().is_some());
                self.counts.up_to_date -= 1;
                self.counts.saved_seconds -= self.accounts[job].seconds;
            }
            State::Done => self.counts.done -= 1,
            _ => return,
        }
        self.demanded.insert(job);
        self.accounts[job].reason = Some(Reason::Needed { by: by.to_owned() });
        if self.manner.explain {
            self.screen.why(&self.names[job], self.accounts[job].reason.as_ref());
        }
        self.make_ready(job);
    }

    /// Drops the temporary outputs of a job if all jobs that read it are done.
    pub(super) fn drop_spent(&mut self, job: usize) {
        let is_done = |state: State| matches!(state, State::Done | State::UpToDate);
        let readers = &self.needed_by[job];
        if !is_done(self.states[job])
            || readers.is_empty()
            || !readers.iter().all(|reader| is_done(self.states[*reader]))
        {
            return;
        }
        for &process in &self.setting.plan.jobs[job].processes {
            for (number, output) in self.setting.plan.processes[process].outputs.iter().enumerate() {
                let id = (process, number);
                let Some(&digest) = self.made.get(&id).filter(|_| output.temporary) else { continue };
                if self.permanent.contains(&digest) || !self.dropped.insert(id) {
                    continue;
                }
                let file = output.file.as_deref().unwrap_or_default();
                if let Err(error) = self.setting.store.drop_output(digest, file) {
                    self.screen.warn(&format!("the temporary {file} could not be dropped: {error}"));
                }
            }
        }
    }
}
