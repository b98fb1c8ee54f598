//! From a statistic's values to a verdict: its interval against its threshold, and all conditions of a claim together.

use statistics::interval::{Interval, Resampling, of_share};

use crate::measures::{Measured, Scale, Units};
use crate::rules::Bound;

/// What became of a condition, or of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is as claimed.
    Reproduced,
    /// It is otherwise.
    NotReproduced,
    /// The tables can't decide.
    Inconclusive,
}

impl Verdict {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Verdict::Reproduced => "reproduced",
            Verdict::NotReproduced => "not reproduced",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

/// Of seeds and datasets, which are samples of what could be drawn: the mean with its 95 % interval, or the share that have
/// something with its exact one. Of checkpoints, for each of which a formula must hold: the whole range, and the value that is
/// worst for the claim.
pub(crate) fn estimate(
    measured: &Measured,
    scale: Scale,
    bound: Option<Bound>,
    resampling: Resampling,
) -> Interval {
    let values = measured.values();
    if measured.units != Units::Checkpoints {
        let (least, most) = scale.ends();
        return match scale {
            Scale::YesNo => {
                let met = values.iter().filter(|value| **value == 1.0).count();
                of_share(met, values.len()).unwrap_or(Interval::unknown(f64::NAN))
            }
            _ => resampling.interval(values).within(least, most),
        };
    }
    // What can't be computed for one checkpoint is known for none: f64's own min and max would pass over it.
    if values.is_empty() || values.iter().any(|value| value.is_nan()) {
        return Interval::unknown(f64::NAN);
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let value = if matches!(bound, Some(Bound::AtLeast(_))) { low } else { high };
    Interval { value, low, high }
}

/// The verdict on one condition: reproduced where the whole interval is on the claimed side, not where it is on the other;
/// inconclusive where the threshold is within, and with fewer units than it takes. What must hold for every checkpoint
/// is contradicted by one.
pub(crate) fn of_condition(measured: &Measured, estimated: &Interval, bound: Bound, needs: usize) -> Verdict {
    let units = measured.values().len();
    let Interval { value, low, high } = *estimated;
    // Where one unit is all that is asked for, it stands for itself.
    let (low, high) = if (units, needs) == (1, 1) { (value, value) } else { (low, high) };
    if units < needs || low.is_nan() || high.is_nan() {
        return Verdict::Inconclusive;
    }
    match (bound.holds(low), bound.holds(high)) {
        (true, true) => Verdict::Reproduced,
        (false, false) => Verdict::NotReproduced,
        _ if measured.units == Units::Checkpoints => Verdict::NotReproduced,
        _ => Verdict::Inconclusive,
    }
}

/// The verdict on a claim: inconclusive where something that it supposes is not so; else reproduced where all conditions are, not
/// where one is not, else inconclusive.
pub(crate) fn of_claim(supposed: &[Verdict], conditions: &[Verdict]) -> Verdict {
    if supposed.iter().any(|verdict| *verdict != Verdict::Reproduced) {
        Verdict::Inconclusive
    } else if conditions.contains(&Verdict::NotReproduced) {
        Verdict::NotReproduced
    } else if conditions.contains(&Verdict::Inconclusive) || conditions.is_empty() {
        Verdict::Inconclusive
    } else {
        Verdict::Reproduced
    }
}
