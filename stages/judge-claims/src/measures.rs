//! Every statistic of the rules: from the tables to a value for each unit.

mod estimates;
mod theory;
mod trainings;

use statistics::null::Null;
use statistics::summary::{mean, quantile_of_sorted};

use crate::evidence::{Epoch, Evidence};
use crate::rules::{Bound, EstimateColumn, Measure, Trainings};

/// What a statistic has a value for each of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Units {
    /// Seeds of trainings, a sample of all that could be drawn.
    Seeds,
    /// Datasets, likewise.
    Datasets,
    /// Networks at one epoch, trained or not, for each of which a formula must hold.
    Checkpoints,
}

impl Units {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Units::Seeds => "seeds",
            Units::Datasets => "datasets",
            Units::Checkpoints => "checkpoints",
        }
    }
}

/// What a statistic's values can be, which bounds its interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// 1 or 0: over units the share that have it.
    YesNo,
    /// A share, from 0 to 1.
    Share,
    /// A correlation, from -1 to 1.
    Correlation,
    /// From 0 on.
    Positive,
    /// Any number.
    Any,
}

impl Scale {
    /// The scale of a statistic.
    pub(crate) fn of(measure: &Measure) -> Scale {
        match measure {
            Measure::ReachesZeroTrainingError(_) => Scale::YesNo,
            Measure::LeastTrainingError(_) | Measure::TestError(_) => Scale::Share,
            Measure::Trend(_)
            | Measure::CorrelationWithinNetworks(_)
            | Measure::CorrelationBetweenNetworks(_) => Scale::Correlation,
            Measure::KlF1(_) => Scale::Positive,
            Measure::Estimate(one) if one.minus.is_none() && one.column == EstimateColumn::WithinNull => {
                Scale::Share
            }
            _ => Scale::Any,
        }
    }

    /// The least and the largest value.
    pub(crate) fn ends(self) -> (f64, f64) {
        match self {
            Scale::YesNo | Scale::Share => (0.0, 1.0),
            Scale::Correlation => (-1.0, 1.0),
            Scale::Positive => (0.0, f64::INFINITY),
            Scale::Any => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }
}

/// A statistic's values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    /// What they are of.
    pub(crate) units: Units,
    /// One a unit, in the order of the units; or why there is none.
    pub(crate) values: Result<Vec<f64>, String>,
    /// The null of the divergence in it.
    pub(crate) null: Option<Null>,
    /// The probability of so strong a trend by chance.
    pub(crate) p_value: Option<f64>,
    /// The table that it came from.
    pub(crate) table: &'static str,
}

impl Measured {
    /// The values, without any where there is a reason for that.
    pub(crate) fn values(&self) -> &[f64] {
        self.values.as_deref().unwrap_or_default()
    }

    /// Their median; NaN where there are none, or where one is not known.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.values().to_vec();
        sorted.sort_by(f64::total_cmp);
        if sorted.iter().any(|value| value.is_nan()) { f64::NAN } else { quantile_of_sorted(&sorted, 0.5) }
    }
}

/// The values of a statistic. `bound` says which side of a threshold is claimed, for what decides.
///
/// # Errors
/// A sentence, where a rule leaves open which row of a table it means.
pub(crate) fn measure(
    measure: &Measure,
    bound: Option<Bound>,
    evidence: &Evidence,
) -> Result<Measured, String> {
    let divergence = |trainings: &Trainings, of: fn(&Epoch) -> f64| {
        trainings::divergence(evidence, trainings, of, |epoch| epoch.null_f1)
    };
    let error = |trainings: &Trainings, of: fn(&Epoch) -> f64| trainings::error(evidence, trainings, of);
    let found = match measure {
        Measure::Estimate(estimate) => return estimates::measure(evidence, estimate),
        Measure::Theory(theory) => return Ok(theory::measure(evidence, theory, bound)),
        Measure::ReachesZeroTrainingError(trainings) => {
            error(trainings, |epoch| f64::from(u8::from(epoch.least_training_error == 0.0)))
        }
        Measure::LeastTrainingError(trainings) => error(trainings, |epoch| epoch.least_training_error),
        Measure::TestError(trainings) => error(trainings, |epoch| epoch.test_error),
        Measure::KlF1(trainings) => divergence(trainings, |epoch| epoch.kl_f1_mean),
        Measure::ExcessF1(trainings) => divergence(trainings, |epoch| epoch.kl_f1_mean - epoch.null_f1.mean),
        Measure::F1BeyondNull(trainings) => {
            divergence(trainings, |epoch| epoch.kl_f1_median - epoch.null_f1.high)
        }
        Measure::ShapeBeyondNull(trainings) => trainings::divergence(
            evidence,
            trainings,
            |epoch| epoch.kl_f1_standardised_mean - epoch.null_f1_standardised.high,
            |epoch| epoch.null_f1_standardised,
        ),
        Measure::F1BeyondRealLabels(both) => trainings::beyond_real_labels(evidence, both),
        Measure::Trend(over) => trainings::trend(evidence, over),
        Measure::CorrelationWithinNetworks(over) => {
            trainings::correlation(evidence, over, trainings::within_networks)
        }
        Measure::CorrelationBetweenNetworks(over) => {
            trainings::correlation(evidence, over, trainings::between_networks)
        }
    };
    Ok(trainings::or_why(found))
}

/// The null of several samples of one size, which is about the same for all.
fn mean_null(nulls: &[Null]) -> Option<Null> {
    let of = |number: fn(&Null) -> f64| mean(&nulls.iter().map(number).collect::<Vec<_>>());
    let null = Null { mean: of(|null| null.mean), low: of(|null| null.low), high: of(|null| null.high) };
    // Of nothing, and of what can't be computed, there is none.
    [null.mean, null.low, null.high].iter().all(|end| end.is_finite()).then_some(null)
}
