//! Judges every claim by its rule.

use statistics::interval::{Interval, Resampling};

use crate::evidence::Evidence;
use crate::measures::{self, Measured, Scale};
use crate::rules::{Bound, Claim, Condition, Measure, Rules};
use crate::verdict::{self, Verdict};

/// A claim with what was found.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) claim: Claim,
    pub(crate) supposed: Vec<Decided>,
    pub(crate) decided: Vec<Decided>,
    pub(crate) beside: Vec<Looked>,
    pub(crate) verdict: Verdict,
}

/// A condition with what was found.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    pub(crate) condition: Condition,
    pub(crate) looked: Looked,
    pub(crate) verdict: Verdict,
}

/// A number that was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    pub(crate) measure: Measure,
    pub(crate) measured: Measured,
    pub(crate) estimated: Interval,
}

impl Judged {
    /// What the verdict hangs on: what the claim supposes, then what decides.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Decided> {
        self.supposed.iter().chain(&self.decided)
    }
}

/// Judges every claim, in the order of the rules.
///
/// # Errors
/// A sentence, where a rule leaves open which row of a table it means.
pub(crate) fn judge(
    rules: Rules,
    evidence: &Evidence,
    resampling: Resampling,
) -> Result<Vec<Judged>, String> {
    let look = |measure: Measure, bound: Option<Bound>, claim: &str| -> Result<Looked, String> {
        let measured =
            measures::measure(&measure, bound, evidence).map_err(|detail| format!("{claim}: {detail}"))?;
        let estimated = verdict::estimate(&measured, Scale::of(&measure), bound, resampling);
        Ok(Looked { measure, measured, estimated })
    };
    let of_claim = |mut claim: Claim| -> Result<Judged, String> {
        let (supposes, conditions) =
            (std::mem::take(&mut claim.supposes), std::mem::take(&mut claim.decides));
        let beside = std::mem::take(&mut claim.beside);
        let decide = |condition: Condition| -> Result<Decided, String> {
            let looked = look(condition.measure.clone(), Some(condition.bound), &claim.id)?;
            let (bound, needs) = (condition.bound, condition.needs);
            let verdict = verdict::of_condition(&looked.measured, &looked.estimated, bound, needs);
            Ok(Decided { condition, looked, verdict })
        };
        let supposed = supposes.into_iter().map(decide).collect::<Result<Vec<_>, _>>()?;
        let decided = conditions.into_iter().map(decide).collect::<Result<Vec<_>, _>>()?;
        let beside =
            beside.into_iter().map(|measure| look(measure, None, &claim.id)).collect::<Result<_, _>>()?;
        let verdicts = |of: &[Decided]| of.iter().map(|one| one.verdict).collect::<Vec<Verdict>>();
        let verdict = verdict::of_claim(&verdicts(&supposed), &verdicts(&decided));
        Ok(Judged { verdict, claim, supposed, decided, beside })
    };
    rules.claims.into_iter().map(of_claim).collect()
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
