//! For how many settings of what the paper leaves open each verdict holds.

use std::path::PathBuf;

use tables::{Error, Reader, catalogue};

/// A claim over all settings that it was judged with.
pub struct Robust {
    /// The claim.
    pub claim: String,
    /// How many settings reproduce it, do not, and can't decide.
    pub counts: [i32; 3],
}

impl Robust {
    /// All settings.
    pub fn settings(&self) -> i32 {
        self.counts.iter().sum()
    }
}

/// A claim with one setting.
pub struct Setting {
    /// The claim.
    pub claim: String,
    /// What is otherwise than in most settings.
    pub setting: String,
    /// The verdict.
    pub verdict: String,
    /// What was found.
    pub found: String,
}

pub(super) fn read_robust(paths: &[PathBuf]) -> Result<Vec<Robust>, Error> {
    let mut all = Vec::new();
    for path in paths {
        for batch in Reader::open(path, &catalogue::ROBUSTNESS, &[])? {
            let batch = batch?;
            let claims = batch.texts("claim")?;
            let counts = ["reproduced", "not_reproduced", "inconclusive"].map(|name| batch.i32s(name));
            let [held, not, open] = counts;
            let (held, not, open) = (held?, not?, open?);
            for row in 0..batch.rows() {
                let counts = [held[row], not[row], open[row]];
                if let Some(wrong) = counts.iter().find(|count| **count < 0) {
                    return Err(batch.bad_value("reproduced", row, wrong, "settings are counted from 0"));
                }
                all.push(Robust { claim: claims[row].to_owned(), counts });
            }
        }
    }
    all.sort_by_key(|one| (one.claim.len(), one.claim.clone()));
    Ok(all)
}

pub(super) fn read_settings(paths: &[PathBuf]) -> Result<Vec<Setting>, Error> {
    let mut all = Vec::new();
    for path in paths {
        for batch in Reader::open(path, &catalogue::SENSITIVITY, &["claim", "setting", "verdict", "found"])? {
            let batch = batch?;
            let (claims, settings) = (batch.texts("claim")?, batch.texts("setting")?);
            let (verdicts, found) = (batch.texts("verdict")?, batch.texts("found")?);
            all.extend((0..batch.rows()).map(|row| Setting {
                claim: claims[row].to_owned(),
                setting: settings[row].to_owned(),
                verdict: verdicts[row].to_owned(),
                found: found[row].to_owned(),
            }));
        }
    }
    // Stable: each claim's settings stay in their own order.
    all.sort_by_key(|one| (one.claim.len(), one.claim.clone()));
    Ok(all)
}
