//! The rules: what a claim says, and which numbers decide on it. These types are also the schema of claims.yaml.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::Deserialize;

/// All claims, in the order of the file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map with `claims`, a list of claims")]
pub(crate) struct Rules {
    /// What is judged, in this order.
    #[schemars(length(min = 1))]
    pub(crate) claims: Vec<Claim>,
}

/// A claim with what decides on it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map with `claim`, `statement`, `place`, `paper` and `decides`")]
pub(crate) struct Claim {
    /// Its short name, such as C1.
    #[serde(rename = "claim")]
    pub(crate) id: String,
    /// What it says, in a sentence.
    pub(crate) statement: String,
    /// Where the paper says it.
    pub(crate) place: String,
    /// The paper's own figure; empty where it prints none.
    pub(crate) paper: String,
    /// What must all be so for the claim to be asked at all: where it is not, the claim is inconclusive.
    #[serde(default)]
    #[schemars(with = "Vec<Written>")]
    pub(crate) supposes: Vec<Condition>,
    /// What must all be so.
    #[schemars(with = "Vec<Written>", length(min = 1))]
    pub(crate) decides: Vec<Condition>,
    /// What is looked at too, and decides nothing.
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
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map with `measure`, `at_least` or `at_most`, and `needs`")]
#[schemars(extend("oneOf" = [{"required": ["at_least"]}, {"required": ["at_most"]}]))]
struct Written {
    /// What is computed.
    measure: Measure,
    /// The claim: it is not below this.
    at_least: Option<f64>,
    /// The claim: it is not above this. Either this or `at_least`.
    at_most: Option<f64>,
    /// Units (seeds, datasets, checkpoints) that it takes for an answer.
    needs: NonZeroUsize,
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
        Ok(Condition { measure: written.measure, bound, needs: written.needs.get() })
    }
}

/// A number over units; docs/claims.md says how each is computed. Divergences in nats, errors as shares.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(tag = "statistic", rename_all = "snake_case")]
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
    /// The mean KL of the standardised energies, less the 97.5 % quantile of its null, which is of standardised samples.
    ShapeBeyondNull(Trainings),
    /// The median KL on random labels less that on real ones, each at an epoch, less the null's 97.5 % quantile over its mean.
    F1BeyondRealLabels(BothLabels),
    /// Spearman's correlation of a number with the number of channels, over the networks of Table 1 at the last epoch.
    Trend(OverNetworks),
    /// Spearman's correlation of a number with the test error over a network's epochs from 1 on, mean over the networks.
    CorrelationWithinNetworks(OverNetworks),
    /// Spearman's correlation of a number with the test error over the networks at an epoch, mean over the epochs from 1 on.
    CorrelationBetweenNetworks(OverNetworks),
    /// A column of the table estimates, or a difference of two of its rows.
    Estimate(Box<Estimate>),
    /// Of some checks of the table theory the value that is worst for the claim: the largest, and where it is to be `at_least`
    /// something the least.
    Theory(Theory),
}

/// What a measure looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    /// Trainings of one network.
    OneNetwork(&'a Trainings),
    /// Trainings of all networks.
    AllNetworks(&'a OverNetworks),
    /// Trainings of one network on random and on real labels.
    BothLabels(&'a BothLabels),
    /// Rows of the table estimates.
    Estimates(&'a Estimate),
    /// Rows of the table theory.
    Theory(&'a Theory),
}

impl Measure {
    /// What it looks at.
    pub(crate) fn subject(&self) -> Subject<'_> {
        match self {
            Measure::ReachesZeroTrainingError(trainings)
            | Measure::LeastTrainingError(trainings)
            | Measure::TestError(trainings)
            | Measure::KlF1(trainings)
            | Measure::ExcessF1(trainings)
            | Measure::F1BeyondNull(trainings)
            | Measure::ShapeBeyondNull(trainings) => Subject::OneNetwork(trainings),
            Measure::Trend(over)
            | Measure::CorrelationWithinNetworks(over)
            | Measure::CorrelationBetweenNetworks(over) => Subject::AllNetworks(over),
            Measure::F1BeyondRealLabels(both) => Subject::BothLabels(both),
            Measure::Estimate(estimate) => Subject::Estimates(estimate),
            Measure::Theory(theory) => Subject::Theory(theory),
        }
    }
}

/// Which rows of the table theory.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Theory {
    /// Column `claim`, such as C8.
    pub(crate) claim: String,
    /// Column `kind`: identity, approximation or as printed.
    pub(crate) kind: String,
    /// Column `check`; all checks of this kind, without one.
    pub(crate) check: Option<String>,
    /// Column `statistic`, such as largest_relative_error.
    #[serde(rename = "of")]
    pub(crate) statistic: String,
}

/// Some trainings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trainings {
    /// Column `network` of the table summary, such as cnn2.
    pub(crate) network: String,
    /// Column `labels`: real or random.
    pub(crate) labels: String,
    /// The last epoch that counts. Later epochs are left out, and so are trainings that ended before.
    #[schemars(range(min = 1))]
    pub(crate) epochs: i32,
}

/// Trainings of one network with a seed, on random labels and on real ones.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BothLabels {
    /// Column `network` of the table summary, such as cnn3.
    pub(crate) network: String,
    /// The epoch on random labels.
    #[schemars(range(min = 1))]
    pub(crate) random_epochs: i32,
    /// The epoch on real labels.
    #[schemars(range(min = 1))]
    pub(crate) real_epochs: i32,
}

/// Trainings of all networks of Table 1 with a seed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverNetworks {
    /// The number.
    pub(crate) of: Number,
    /// Column `labels`: real or random.
    pub(crate) labels: String,
    /// The last epoch that counts. Later ones are left out, and so are trainings that ended before.
    #[schemars(range(min = 1))]
    pub(crate) epochs: i32,
}

/// A column of the table summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Number {
    /// The mean KL[P(X)‖P̂(F1)] over test images, nats.
    KlF1Mean,
    /// The same of each image's standardised energies: of the shape of F1.
    KlF1StandardisedMean,
    /// The test error, a share.
    TestError,
}

/// Which rows of the table estimates, and which of their columns. What is left out may be anything, but one row must be left for
/// each dataset and seed.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Estimate {
    /// Which number of the row.
    pub(crate) column: EstimateColumn,
    /// Column `variable`: x, f1 or f1_standardised.
    pub(crate) variable: String,
    /// Column `statistic`, such as kl.
    pub(crate) of: String,
    /// Column `bins`, such as equal-width 64; empty for a statistic without bins.
    #[serde(default)]
    pub(crate) bins: String,
    /// Column `smoothing`, such as pseudocount 0.5; empty for a statistic without bins.
    #[serde(default)]
    pub(crate) smoothing: String,
    /// Column `against`: the distribution that it is a distance from.
    pub(crate) against: String,
    /// Column `network`.
    pub(crate) network: Option<String>,
    /// Column `labels`.
    pub(crate) labels: Option<String>,
    /// Which of a training's epochs.
    pub(crate) epoch: Option<When>,
    /// Params of the stages that made the table, as `generate-dataset.distribution: laplace`.
    #[serde(default)]
    pub(crate) made_with: BTreeMap<String, serde_json::Value>,
    /// The same with these things otherwise, which is taken off.
    pub(crate) minus: Option<Otherwise>,
}

/// What is otherwise in the row that is taken off.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Otherwise {
    /// Another distribution.
    pub(crate) against: Option<String>,
    /// Another network.
    pub(crate) network: Option<String>,
    /// Another epoch.
    pub(crate) epoch: Option<When>,
}

/// A column of the table estimates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EstimateColumn {
    /// The mean over images.
    Mean,
    /// The same less its null's mean.
    Excess,
    /// The share of images that exact samples of P(X) could be.
    WithinNull,
}

/// An epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    /// The first that was kept: the untrained network.
    First,
    /// The last that was kept: the trained network.
    Last,
}
