//! Settling: which jobs are up to date and which are ready, as soon as all that they need is there.

use super::{Run, State};
use crate::judge::{self, Judged, Reason, Verdict};
use crate::setting::OutputId;
use crate::work;
use blake3::Hash;
use store::Object;
use store::Placed;

impl Run<'_> {
    /// Decides about a job whose needs may all be met by now.
    pub(super) fn settle(&mut self, job: usize) {
        let met = |need: &usize| matches!(self.states[*need], State::Done | State::UpToDate);
        let waits = self.states[job] == State::Waiting && !self.fetching.contains(&job);
        if !waits || !self.setting.plan.jobs[job].needs.iter().all(met) {
            return;
        }
        let Judged { key, fields, verdict } = match self.judge(job) {
            Ok(Some(judged)) => judged,
            Ok(None) => return,
            Err(wrong) => return self.fail(job, &work::failure(wrong)),
        };
        self.keys[job] = Some((key, fields));
        let demanded = self.demanded.remove(&job);
        match verdict {
            Verdict::Run(reason) => {
                if matches!(reason, Reason::Damaged { .. }) {
                    self.remove_damaged(job, key);
                }
                if self.ask_remote(job, &reason) {
                    return;
                }
                self.explain(job, Some(&reason));
                // A job that waited for a dropped input keeps the reason for which it asked for that.
                self.accounts[job].reason.get_or_insert(reason);
                self.make_ready(job);
            }
            // It was up to date, and is needed again for what it dropped.
            Verdict::UpToDate { .. } if demanded => self.make_ready(job),
            Verdict::UpToDate { seconds, bytes, outputs, dropped, adopted } => {
                self.accounts[job].reason = None;
                self.explain(job, None);
                for &(id, digest) in outputs.iter().filter(|(id, _)| adopted.contains(id)) {
                    let file = self.setting.output(id).file.as_deref().unwrap_or_default();
                    if let Err(error) = self.setting.store.adopt(digest, file) {
                        return self.fail(job, &work::failure(error.to_string()));
                    }
                }
                let (gone, there): (Vec<_>, Vec<_>) =
                    outputs.iter().partition(|(id, _)| dropped.contains(id));
                if let Err(wrong) = self.place(&there) {
                    return self.fail(job, &work::failure(wrong));
                }
                self.made.extend(gone);
                self.dropped.extend(dropped);
                self.states[job] = State::UpToDate;
                self.counts.up_to_date += 1;
                self.counts.saved_seconds += seconds;
                (self.accounts[job].seconds, self.accounts[job].bytes) = (seconds, bytes);
                self.setting.store.touch(key);
                self.clear_leftover(key);
                self.note_last(job, seconds);
            }
        }
    }

    fn judge(&self, job: usize) -> Result<Option<Judged>, String> {
        let judge = |forced| judge::judge(&self.setting, self.last, job, &self.made, forced);
        match judge(self.setting.forced[job])? {
            // An equal job was forced before this one, and this one has its outputs.
            Some(judged) if self.setting.forced[job] && self.finished.contains(&judged.key) => judge(false),
            judged => Ok(judged),
        }
    }

    /// Settles a job and, where it turns out to be up to date, all that follows from that.
    pub(super) fn settle_from(&mut self, job: usize) {
        let mut open = vec![job];
        while let Some(job) = open.pop() {
            self.settle(job);
            if self.states[job] == State::UpToDate {
                open.extend(self.needed_by[job].iter().filter(|next| self.states[**next] == State::Waiting));
            }
        }
    }

    /// Settles the jobs that waited for an equal one.
    pub(super) fn settle_equal(&mut self, job: usize) {
        let Some(key) = self.key_of(job) else { return };
        let equal = self.ready_by_key.get(&key).cloned().unwrap_or_default();
        for twin in equal.into_iter().filter(|twin| *twin != job) {
            self.leave_ready(twin, key);
            self.states[twin] = State::Waiting;
            self.settle_from(twin);
        }
    }

    /// Lets a job start, or first has those inputs remade that were temporary and are dropped.
    pub(super) fn make_ready(&mut self, job: usize) {
        let missing = self.setting.dropped_needs(job, &self.dropped);
        if missing.is_empty() {
            self.states[job] = State::Ready;
            self.ready.insert(self.rank[job]);
            if let Some(key) = self.key_of(job) {
                self.ready_by_key.entry(key).or_default().insert(job);
            }
            return;
        }
        self.states[job] = State::Waiting;
        let by = self.names[job].clone();
        missing.into_iter().for_each(|producer| self.remake(producer, &by));
    }

    fn explain(&self, job: usize, reason: Option<&Reason>) {
        if self.manner.explain && self.accounts[job].reason.is_none() {
            self.screen.why(&self.names[job], reason);
        }
    }

    fn remove_damaged(&self, job: usize, key: Hash) {
        let store = &self.setting.store;
        let outputs = store.record(key).and_then(|record| self.setting.outputs(job, &record));
        for (_, digest) in outputs.unwrap_or_default() {
            if store.object(digest) == Object::Damaged {
                let _ = store.drop_object(digest);
            }
        }
    }

    /// Removes what a killed attempt at a job left that is up to date by now.
    fn clear_leftover(&self, key: Hash) {
        if self.leftovers.contains(key.to_hex().as_str())
            && let Ok(Some(claim)) = self.shared.claims.claim(key)
        {
            self.shared.claims.finish(claim);
        }
    }

    /// Links outputs into results/ and lets others read them.
    pub(super) fn place(&mut self, outputs: &[(OutputId, Hash)]) -> Result<(), String> {
        for &(id, digest) in outputs {
            let output = self.setting.output(id);
            let Some(file) = &output.file else { continue };
            match self.setting.store.place(digest, file).map_err(|e| e.to_string())? {
                Placed::There => {}
                Placed::Linked => self.counts.linked += 1,
                Placed::BesideEdit(note) => {
                    self.counts.linked += 1;
                    self.screen.note(&note);
                }
            }
            if !output.temporary {
                self.permanent.insert(digest);
            }
            self.dropped.remove(&id);
            self.made.insert(id, digest);
        }
        Ok(())
    }
}
