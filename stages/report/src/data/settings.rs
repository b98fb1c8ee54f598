//! For how many settings of what the paper leaves open each verdict holds.

use std::path::{Path, PathBuf};

use stage::lineage::{Recipe, recipe};
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
    /// What the verdict is over: seeds, datasets or checkpoints.
    pub units: String,
    /// Over how many.
    pub count: usize,
    /// Its params that are not the same in all settings, a JSON object.
    pub params: String,
    /// Whether it is the setting of the page's own claims.
    pub own: bool,
}

impl Setting {
    /// Whether it has in everything what most settings have.
    pub fn is_base(&self) -> bool {
        self.setting == "base"
    }
}

/// Whether a recipe has all params of a setting, a JSON object.
fn is_of(params: &str, recipe: &Recipe) -> bool {
    let params: Recipe = serde_json::from_str(params).unwrap_or_default();
    !params.is_empty() && params.iter().all(|(name, value)| recipe.get(name) == Some(value))
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

/// Every setting; `claims` are the page's own, whose metadata tells the params that they were made with.
pub(super) fn read_settings(paths: &[PathBuf], claims: &Path) -> Result<Vec<Setting>, Error> {
    let own = match paths {
        [] => None,
        _ => Reader::open(claims, &catalogue::CLAIMS, &["claim"])?.metadata("lineage").and_then(recipe),
    };
    let mut all = Vec::new();
    for path in paths {
        for batch in Reader::open(path, &catalogue::SENSITIVITY, &[])? {
            let batch = batch?;
            let (claims, settings) = (batch.texts("claim")?, batch.texts("setting")?);
            let (verdicts, found) = (batch.texts("verdict")?, batch.texts("found")?);
            let (params, units, counts) =
                (batch.texts("params")?, batch.texts("units")?, batch.i32s("count")?);
            if let Some(row) = counts.iter().position(|count| *count < 0) {
                return Err(batch.bad_value("count", row, counts[row], "units are counted from 0"));
            }
            all.extend((0..batch.rows()).map(|row| Setting {
                claim: claims[row].to_owned(),
                setting: settings[row].to_owned(),
                verdict: verdicts[row].to_owned(),
                found: found[row].to_owned(),
                units: units[row].to_owned(),
                count: usize::try_from(counts[row]).unwrap_or_default(),
                params: params[row].to_owned(),
                own: own.as_ref().is_some_and(|own| is_of(params[row], own)),
            }));
        }
    }
    // Stable: each claim's settings stay in their own order.
    all.sort_by_key(|one| (one.claim.len(), one.claim.clone()));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_the_pages_own_where_its_claims_were_made_with_all_its_params() {
        let own = recipe(r#"{"train": {"rate": 0.001, "seed": [1, 2]}, "bins": {"bins": 64}}"#).unwrap();
        assert!(is_of(r#"{"train.rate": 0.001, "bins.bins": 64}"#, &own));
        assert!(!is_of(r#"{"train.rate": 0.003, "bins.bins": 64}"#, &own));
        assert!(!is_of(r#"{"train.other": null}"#, &own) && !is_of("{}", &own) && !is_of("words", &own));
    }
}
