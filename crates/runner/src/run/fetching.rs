//! Fetching: what the shared cache may have is asked for there before it is made, and what was made is sent there.

use super::Run;
use crate::judge::Reason;

impl Run<'_> {
    /// Asks the shared cache for a job that would have to run. Says whether there will be an answer; then the job is
    /// judged once more. A key is asked for once.
    pub(super) fn ask_remote(&mut self, job: usize, reason: &Reason) -> bool {
        let Some((key, fields)) = self.keys[job].clone() else { return false };
        let Some(remote) = self.remote.as_deref().filter(|_| *reason != Reason::Forced) else { return false };
        if self.stopping() || !self.asked.insert(key) || !remote.fetch(job, key, fields) {
            return false;
        }
        // An equal job waits for the answer, too.
        self.started.insert(key);
        self.fetching.insert(job);
        true
    }

    /// Takes the answer of the shared cache.
    pub(super) fn take_fetched(&mut self, job: usize, bytes: Option<u64>) {
        self.fetching.remove(&job);
        if let Some(key) = self.key_of(job) {
            self.started.remove(&key);
        }
        if let Some(bytes) = bytes {
            self.counts.fetched += 1;
            self.counts.fetched_bytes += bytes;
            self.accounts[job].fetched = Some(bytes);
            self.screen.fetched(&self.names[job], bytes);
        }
        self.settle_from(job);
        self.settle_equal(job);
        for need in self.setting.plan.jobs[job].needs.clone() {
            self.drop_spent(need);
        }
    }

    /// Sends what a job has made to the shared cache.
    pub(super) fn upload(&mut self, job: usize) {
        let key = self.key_of(job);
        if let (Some(remote), Some(key)) = (self.remote.as_deref_mut(), key) {
            remote.upload(job, key);
        }
    }
}
