//! The rules: what a claim says, and which numbers decide on it. Read from claims.yaml; the only module that knows serde_yaml.

use std::collections::BTreeMap;

use serde::Deserialize;

/// All claims, in the order of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map with `claims`, a list of claims")]
pub(crate) struct Rules {
    pub(crate) claims: Vec<Claim>,
}

/// A claim with what decides on it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map with `claim`, `statement`, `place`, `paper` and `decides`")]
pub(crate) struct Claim {
    #[serde(rename = "claim")]
    pub(crate) id: String,
    pub(crate) statement: String,
    pub(crate) place: String,
    pub(crate) paper: String,
    pub(crate) decides: Vec<Condition>,
    #[serde(default)]
    pub(crate) beside: Vec<Measure>,
}

/// What must be so.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct Condition {
    pub(crate) measure: Measure,
    pub(crate) bound: Bound,
    /// Units that it takes for an answer.
    pub(crate) needs: usize,
}

/// On which side of a threshold a number is claimed to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    /// What a number is held against.
    pub(crate) fn threshold(self) -> f64 {
        let (Bound::AtLeast(threshold) | Bound::AtMost(threshold)) = self;
        threshold
    }

    /// The claimed side, in words and in tables.
    pub(crate) fn direction(self) -> &'static str {
        match self {
            Bound::AtLeast(_) => "at least",
            Bound::AtMost(_) => "at most",
        }
    }

    /// Whether a number is on the claimed side.
    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            Bound::AtLeast(threshold) => value >= threshold,
            Bound::AtMost(threshold) => value <= threshold,
        }
    }
}

/// A condition as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map with `measure`, `at_least` or `at_most`, and `needs`")]
struct Written {
    measure: Measure,
    at_least: Option<f64>,
    at_most: Option<f64>,
    needs: usize,
}

impl TryFrom<Written> for Condition {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Condition, &'static str> {
        let bound = match (written.at_least, written.at_most) {
            (Some(threshold), None) => Bound::AtLeast(threshold),
            (None, Some(threshold)) => Bound::AtMost(threshold),
            _ => return Err("what decides has either `at_least` or `at_most`"),
        };
        if !bound.threshold().is_finite() {
            return Err("a threshold is a finite number");
        }
        Ok(Condition { measure: written.measure, bound, needs: written.needs })
    }
}

/// A number over units; docs/claims.md says how each is computed. Divergences in nats, errors as shares.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "statistic", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Measure {
    /// 1 where the training error is zero after some epoch, else 0: over seeds the share that reach it.
    ReachesZeroTrainingError(Trainings),
    /// The smallest training error of all epochs.
    LeastTrainingError(Trainings),
    /// The test error at the last epoch.
    TestError(Trainings),
    /// The mean KL[P(X)‖P̂(F1)] over test images at the last epoch.
    KlF1(Trainings),
    /// The same less its null's mean.
    ExcessF1(Trainings),
    /// The median KL[P(X)‖P̂(F1)] over test images at the last epoch, less its null's 97.5 % quantile.
    F1BeyondNull(Trainings),
    /// The mean KL of the standardised energies, less the null's 97.5 % quantile.
    ShapeBeyondNull(Trainings),
    /// The median KL on random labels less that on real ones, each at its last epoch, less the null's 97.5 % quantile over its mean.
    F1BeyondRealLabels {
        /// The network.
        network: String,
    },
    /// Spearman's correlation of a number with the number of channels, over the networks of Table 1 at the last epoch.
    Trend(OverNetworks),
    /// Spearman's correlation of a number with the test error over a network's epochs from 1 on, mean over the networks.
    CorrelationWithinNetworks(OverNetworks),
    /// Spearman's correlation of a number with the test error over the networks at an epoch, mean over the epochs from 1 on.
    CorrelationBetweenNetworks(OverNetworks),
    /// A column of the table estimates, or a difference of two of its rows.
    Estimate(Box<Estimate>),
    /// The largest value of some checks of the table theory.
    Theory(Theory),
}

impl Measure {
    /// The trainings of one network that it is of.
    pub(crate) fn trainings(&self) -> Option<&Trainings> {
        match self {
            Measure::ReachesZeroTrainingError(trainings)
            | Measure::LeastTrainingError(trainings)
            | Measure::TestError(trainings)
            | Measure::KlF1(trainings)
            | Measure::ExcessF1(trainings)
            | Measure::F1BeyondNull(trainings)
            | Measure::ShapeBeyondNull(trainings) => Some(trainings),
            _ => None,
        }
    }

    /// The trainings of all networks that it is of.
    pub(crate) fn over_networks(&self) -> Option<&OverNetworks> {
        match self {
            Measure::Trend(over)
            | Measure::CorrelationWithinNetworks(over)
            | Measure::CorrelationBetweenNetworks(over) => Some(over),
            _ => None,
        }
    }
}

/// Which rows of the table theory.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Theory {
    pub(crate) claim: String,
    pub(crate) kind: String,
    /// All checks of this kind, without one.
    pub(crate) check: Option<String>,
    #[serde(rename = "of")]
    pub(crate) statistic: String,
}

/// Some trainings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trainings {
    pub(crate) network: String,
    pub(crate) labels: String,
    /// Later epochs are left out, and so are trainings that ended before.
    pub(crate) epochs: i32,
}

/// Trainings of all networks of Table 1 with a seed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverNetworks {
    pub(crate) of: Number,
    pub(crate) labels: String,
    /// As in [`Trainings`].
    pub(crate) epochs: i32,
}

/// A column of the table summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Number {
    KlF1Mean,
    KlF1StandardisedMean,
    TestError,
}

/// Which rows of the table estimates, and which of their columns. What is left out may be anything, but one row must be left for
/// each dataset and seed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Estimate {
    pub(crate) column: EstimateColumn,
    pub(crate) variable: String,
    pub(crate) of: String,
    #[serde(default)]
    pub(crate) bins: String,
    #[serde(default)]
    pub(crate) smoothing: String,
    pub(crate) against: String,
    pub(crate) network: Option<String>,
    pub(crate) labels: Option<String>,
    pub(crate) epoch: Option<When>,
    /// Params of the stages that made the table, as `generate-dataset.distribution: laplace`.
    #[serde(default)]
    pub(crate) made_with: BTreeMap<String, serde_json::Value>,
    /// The same with these things otherwise, which is taken off.
    pub(crate) minus: Option<Otherwise>,
}

/// What is otherwise in the row that is taken off.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Otherwise {
    pub(crate) against: Option<String>,
    pub(crate) network: Option<String>,
    pub(crate) epoch: Option<When>,
}

/// A column of the table estimates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EstimateColumn {
    Mean,
    Excess,
    WithinNull,
}

/// An epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    /// The untrained network.
    First,
    /// The trained network.
    Last,
}

/// Reads the rules.
///
/// # Errors
/// A sentence with the line and column where something is wrong.
pub(crate) fn read(text: &str) -> Result<Rules, String> {
    let rules: Rules = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    if rules.claims.is_empty() {
        return Err("`claims` is an empty list; name a claim".to_owned());
    }
    let mut seen: Vec<&str> = Vec::new();
    for claim in &rules.claims {
        if seen.contains(&claim.id.as_str()) {
            return Err(format!("the claim {} stands there twice; give each once", claim.id));
        }
        if claim.decides.is_empty() {
            return Err(format!("nothing decides on the claim {}; it needs a condition", claim.id));
        }
        seen.push(&claim.id);
    }
    Ok(rules)
}
