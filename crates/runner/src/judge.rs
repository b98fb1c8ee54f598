//! Whether a job must run, and why: the one judgement that a run, a dry run, `status` and `--explain` share.

use crate::last::LastRuns;
use crate::setting::{OutputId, Setting};
use blake3::Hash;
use serde::Serialize;
use std::collections::HashMap;
use std::fmt;
use store::Object;
use store::key::{self, Change, Field};

/// What is known of a job whose inputs are all made.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Its key.
    pub key: Hash,
    /// What the key is made of.
    pub fields: Vec<Field>,
    /// Whether it must run.
    pub verdict: Verdict,
}

/// Whether a job must run.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Its results are there.
    UpToDate {
        /// How long it took when it was made, in seconds.
        seconds: f64,
        /// The bytes of its outputs.
        bytes: u64,
        /// The digests of its outputs.
        outputs: Vec<(OutputId, Hash)>,
        /// Those of them that are temporary and no longer in the store.
        dropped: Vec<OutputId>,
        /// Those of them that are no longer in the store, but in results/.
        adopted: Vec<OutputId>,
    },
    /// It must run.
    Run(Reason),
}

/// Why a job must run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Reason {
    /// The command line asks for it.
    Forced,
    /// Nothing is known of an earlier run.
    NeverMade,
    /// It failed when it last ran, and nothing has changed since.
    Failed,
    /// What it depends on is not what it was when it last ran.
    Changed {
        /// Every difference.
        changes: Vec<Change>,
    },
    /// An output of it is not in the store.
    Gone {
        /// The output's file in results/.
        output: String,
    },
    /// An output of it was written to in the store.
    Damaged {
        /// The output's file in results/.
        output: String,
    },
    /// A temporary output of it was dropped, and a job that reads it runs.
    Needed {
        /// That job.
        by: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 4;
        match self {
            Reason::Forced => f.write_str("forced"),
            Reason::NeverMade => f.write_str("never made"),
            Reason::Failed => f.write_str("failed when it last ran"),
            Reason::Changed { changes } => {
                let shown: Vec<String> = changes.iter().take(MOST).map(Change::to_string).collect();
                f.write_str(&shown.join(", "))?;
                match changes.len().saturating_sub(MOST) {
                    0 => Ok(()),
                    more => write!(f, ", {more} more"),
                }
            }
            Reason::Gone { output } => write!(f, "{output} is gone from the store"),
            Reason::Damaged { output } => write!(f, "{output} was written to in the store"),
            Reason::Needed { by } => write!(f, "its temporary output was dropped and {by} reads it"),
        }
    }
}

impl Reason {
    /// Every difference on a line of its own; one line for all other reasons.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Reason::Changed { changes } => changes.iter().map(Change::to_string).collect(),
            other => vec![other.to_string()],
        }
    }
}

/// Judges a job; `None` while an input of it is not made. `made` holds the digests of outputs so far. Reads
/// the store and the inputs, and changes nothing.
pub fn judge(
    setting: &Setting,
    last: &LastRuns,
    job: usize,
    made: &HashMap<OutputId, Hash>,
    forced: bool,
) -> Result<Option<Judged>, String> {
    let Some(fields) = setting.fields(job, made)? else { return Ok(None) };
    let key = key::key(&fields);
    let verdict = match (forced, setting.store.record(key)) {
        (true, _) => Verdict::Run(Reason::Forced),
        (false, None) if last.failed(&setting.plan.job_name(job), key) => Verdict::Run(Reason::Failed),
        (false, None) => Verdict::Run(unknown(setting, last, job, &fields)),
        (false, Some(record)) => match setting.outputs(job, &record) {
            Some(outputs) => with_record(setting, record.seconds, record.bytes(), outputs),
            None => Verdict::Run(Reason::NeverMade),
        },
    };
    Ok(Some(Judged { key, fields, verdict }))
}

/// Why a key has no record: what changed since the job of this name last ran, if that is known.
fn unknown(setting: &Setting, last: &LastRuns, job: usize, fields: &[Field]) -> Reason {
    let before = last.last(&setting.plan.job_name(job)).and_then(|last| Hash::from_hex(&last.key).ok());
    match before.and_then(|key| setting.store.record(key)) {
        Some(record) if record.fields != *fields => {
            Reason::Changed { changes: setting.changes(job, &record.fields, fields) }
        }
        _ => Reason::NeverMade,
    }
}

fn with_record(setting: &Setting, seconds: f64, bytes: u64, outputs: Vec<(OutputId, Hash)>) -> Verdict {
    let (mut dropped, mut adopted) = (Vec::new(), Vec::new());
    for &(id, digest) in &outputs {
        let output = setting.output(id);
        let file = || output.file.clone().unwrap_or_default();
        match setting.store.object(digest) {
            Object::Intact => {}
            Object::Missing if setting.store.is_in_results(digest, &file()) => adopted.push(id),
            _ if output.temporary => dropped.push(id),
            Object::Missing => return Verdict::Run(Reason::Gone { output: file() }),
            Object::Damaged => return Verdict::Run(Reason::Damaged { output: file() }),
        }
    }
    Verdict::UpToDate { seconds, bytes, outputs, dropped, adopted }
}
