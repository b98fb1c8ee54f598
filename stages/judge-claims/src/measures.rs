//! Every statistic of the rules: from the tables to a value for each unit.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use statistics::null::Null;
use statistics::rank::spearman;
use statistics::summary::mean;
use statistics::trend::fall;
use tables::NETWORKS;

use crate::evidence::{Check, Epoch, EstimateRow, Evidence};
use crate::rules::{
    Estimate, EstimateColumn, Measure, Number, Otherwise, OverNetworks, Theory, Trainings, When,
};

/// What a statistic has a value for each of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Units {
    /// Seeds of trainings, a sample of all that could be drawn.
    Seeds,
    /// Datasets, likewise.
    Datasets,
    /// Networks, trained or not, each of which a formula must hold for.
    Networks,
}

impl Units {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Units::Seeds => "seeds",
            Units::Datasets => "datasets",
            Units::Networks => "networks",
        }
    }
}

/// A statistic's values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    /// What they are of.
    pub(crate) units: Units,
    /// One a unit, in the order of the units.
    pub(crate) values: Vec<f64>,
    /// The null of the divergence in it.
    pub(crate) null: Option<Null>,
    /// The probability of so strong a trend by chance.
    pub(crate) p_value: Option<f64>,
    /// The table that it came from.
    pub(crate) table: &'static str,
}

impl Measured {
    fn of_seeds(values: Vec<f64>, null: Option<Null>) -> Measured {
        Measured { units: Units::Seeds, values, null, p_value: None, table: "summary" }
    }
}

/// The values of a statistic.
///
/// # Errors
/// A sentence, where a rule leaves open which row of a table it means.
pub(crate) fn measure(measure: &Measure, evidence: &Evidence) -> Result<Measured, String> {
    let over = |trainings: &Trainings, of: fn(&Epoch) -> f64| {
        let last = lasts(evidence, trainings);
        Measured::of_seeds(last.values().map(|epoch| of(epoch)).collect(), null_of(last.values().copied()))
    };
    let errors = |trainings: &Trainings, of: fn(&[&Epoch]) -> f64| {
        let seeds = by_seed(evidence, trainings);
        Measured::of_seeds(seeds.values().map(|epochs| of(epochs)).collect(), None)
    };
    Ok(match measure {
        Measure::ReachesZeroTrainingError(trainings) => {
            errors(trainings, |epochs| f64::from(u8::from(least_training_error(epochs) == 0.0)))
        }
        Measure::LeastTrainingError(trainings) => errors(trainings, least_training_error),
        Measure::TestError(trainings) => {
            errors(trainings, |epochs| epochs.last().map_or(f64::NAN, |epoch| epoch.test_error))
        }
        Measure::KlF1(trainings) => over(trainings, |epoch| epoch.kl_f1_mean),
        Measure::ExcessF1(trainings) => over(trainings, |epoch| epoch.kl_f1_mean - epoch.null_f1.mean),
        Measure::F1BeyondNull(trainings) => over(trainings, |epoch| epoch.kl_f1_median - epoch.null_f1.high),
        Measure::ShapeBeyondNull(trainings) => {
            over(trainings, |epoch| epoch.kl_f1_standardised_mean - epoch.null_f1.high)
        }
        Measure::F1BeyondRealLabels { network } => beyond_real_labels(evidence, network),
        Measure::Trend(over) => trend(evidence, over),
        Measure::CorrelationWithinNetworks(over) => correlation(evidence, over, within_networks),
        Measure::CorrelationBetweenNetworks(over) => correlation(evidence, over, between_networks),
        Measure::Estimate(estimate) => of_estimates(evidence, estimate)?,
        Measure::Theory(theory) => of_theory(evidence, theory),
    })
}

fn least_training_error(epochs: &[&Epoch]) -> f64 {
    epochs.iter().map(|epoch| epoch.training_error).fold(f64::INFINITY, f64::min)
}

/// The epochs of each seed up to the last that counts, ascending; without trainings that ended before.
fn by_seed<'a>(evidence: &'a Evidence, trainings: &Trainings) -> BTreeMap<i64, Vec<&'a Epoch>> {
    let mut seeds: BTreeMap<i64, Vec<&Epoch>> = BTreeMap::new();
    for epoch in &evidence.epochs {
        if epoch.network == trainings.network
            && epoch.labels == trainings.labels
            && epoch.epoch <= trainings.epochs
        {
            seeds.entry(epoch.seed).or_default().push(epoch);
        }
    }
    seeds.retain(|_, epochs| epochs.last().is_some_and(|last| last.epoch == trainings.epochs));
    seeds
}

/// The last epoch of each seed.
fn lasts<'a>(evidence: &'a Evidence, trainings: &Trainings) -> BTreeMap<i64, &'a Epoch> {
    let seeds = by_seed(evidence, trainings).into_iter();
    seeds.filter_map(|(seed, epochs)| Some((seed, *epochs.last()?))).collect()
}

/// The null of all, which is the same for samples of one size.
fn null_of<'a>(epochs: impl Iterator<Item = &'a Epoch>) -> Option<Null> {
    let nulls: Vec<Null> = epochs.map(|epoch| epoch.null_f1).collect();
    mean_null(&nulls)
}

fn mean_null(nulls: &[Null]) -> Option<Null> {
    let of = |number: fn(&Null) -> f64| mean(&nulls.iter().map(number).collect::<Vec<_>>());
    (!nulls.is_empty()).then(|| Null {
        mean: of(|null| null.mean),
        low: of(|null| null.low),
        high: of(|null| null.high),
    })
}

fn beyond_real_labels(evidence: &Evidence, network: &str) -> Measured {
    let last_of = |labels: &str| -> BTreeMap<i64, &Epoch> {
        let of = |epoch: &&Epoch| epoch.network == network && epoch.labels == labels;
        // Ascending by epoch, so that the last one stays.
        evidence.epochs.iter().filter(of).map(|epoch| (epoch.seed, epoch)).collect()
    };
    let (random, real) = (last_of("random"), last_of("real"));
    let pairs: Vec<(&Epoch, &Epoch)> =
        random.iter().filter_map(|(seed, random)| Some((*random, *real.get(seed)?))).collect();
    let chance = |epoch: &Epoch| epoch.null_f1.high - epoch.null_f1.mean;
    let value = |(random, real): &(&Epoch, &Epoch)| random.kl_f1_median - real.kl_f1_median - chance(random);
    Measured::of_seeds(pairs.iter().map(value).collect(), null_of(pairs.iter().map(|(random, _)| *random)))
}

fn number(epoch: &Epoch, of: Number) -> f64 {
    match of {
        Number::KlF1Mean => epoch.kl_f1_mean,
        Number::KlF1StandardisedMean => epoch.kl_f1_standardised_mean,
        Number::TestError => epoch.test_error,
    }
}

/// The epochs of one seed, network by network.
type Networks<'a> = Vec<Vec<&'a Epoch>>;

/// The seeds that all networks have.
fn blocks<'a>(evidence: &'a Evidence, over: &OverNetworks) -> Vec<Networks<'a>> {
    let networks = NETWORKS.map(|network| {
        let trainings =
            Trainings { network: network.to_owned(), labels: over.labels.clone(), epochs: over.epochs };
        by_seed(evidence, &trainings)
    });
    let seeds: BTreeSet<i64> = networks.iter().flat_map(|seeds| seeds.keys().copied()).collect();
    let block = |seed: i64| networks.iter().map(|seeds| seeds.get(&seed).cloned()).collect();
    seeds.into_iter().filter_map(block).collect()
}

fn trend(evidence: &Evidence, over: &OverNetworks) -> Measured {
    let last = |epochs: &Vec<&Epoch>| epochs.last().map_or(f64::NAN, |epoch| number(epoch, over.of));
    let blocks: Vec<Vec<f64>> =
        blocks(evidence, over).iter().map(|networks| networks.iter().map(last).collect()).collect();
    match fall(&blocks) {
        Some(fall) => Measured { p_value: Some(fall.p_value), ..Measured::of_seeds(fall.correlations, None) },
        None => Measured::of_seeds(Vec::new(), None),
    }
}

fn correlation(
    evidence: &Evidence,
    over: &OverNetworks,
    of_seed: fn(&Networks<'_>, Number) -> Option<f64>,
) -> Measured {
    let blocks = blocks(evidence, over);
    Measured::of_seeds(blocks.iter().filter_map(|networks| of_seed(networks, over.of)).collect(), None)
}

/// The mean over networks of the correlation over epochs.
fn within_networks(networks: &Networks<'_>, of: Number) -> Option<f64> {
    let of_network = |epochs: &Vec<&Epoch>| {
        let trained = epochs.iter().filter(|epoch| epoch.epoch > 0);
        let (numbers, errors): (Vec<f64>, Vec<f64>) =
            trained.map(|epoch| (number(epoch, of), epoch.test_error)).unzip();
        spearman(&numbers, &errors)
    };
    let values: Option<Vec<f64>> = networks.iter().map(of_network).collect();
    values.map(|values| mean(&values))
}

/// The mean over epochs of the correlation over networks.
fn between_networks(networks: &Networks<'_>, of: Number) -> Option<f64> {
    let mut epochs: BTreeMap<i32, Vec<&Epoch>> = BTreeMap::new();
    for epoch in networks.iter().flatten().filter(|epoch| epoch.epoch > 0) {
        epochs.entry(epoch.epoch).or_default().push(epoch);
    }
    let of_epoch = |all: &Vec<&Epoch>| {
        let (numbers, errors): (Vec<f64>, Vec<f64>) =
            all.iter().map(|epoch| (number(epoch, of), epoch.test_error)).unzip();
        spearman(&numbers, &errors)
    };
    let whole = epochs.values().filter(|all| all.len() == networks.len());
    let values: Vec<f64> = whole.filter_map(of_epoch).collect();
    (!values.is_empty()).then(|| mean(&values))
}

/// What a value of the table estimates is of: a dataset and the seed of a training; one seed where no network has a part in it.
type Unit = (String, i64);

fn of_estimates(evidence: &Evidence, estimate: &Estimate) -> Result<Measured, String> {
    let rows = find(evidence, estimate, &Otherwise::default())?;
    let value = |row: &EstimateRow| match estimate.column {
        EstimateColumn::Mean => row.mean,
        EstimateColumn::Excess => row.excess,
        EstimateColumn::WithinNull => row.within_null,
    };
    let values = match &estimate.minus {
        None => rows.values().map(|row| value(row)).collect(),
        Some(otherwise) => {
            let others = find(evidence, estimate, otherwise)?;
            rows.iter().filter_map(|(unit, row)| Some(value(row) - value(others.get(unit)?))).collect()
        }
    };
    let nulls: Vec<Null> = rows.values().map(|row| row.null).collect();
    let datasets: BTreeSet<&String> = rows.keys().map(|(dataset, _)| dataset).collect();
    let units = if estimate.variable == "x" || datasets.len() > 1 { Units::Datasets } else { Units::Seeds };
    Ok(Measured { units, values, null: mean_null(&nulls), p_value: None, table: "estimates" })
}

/// The row of each unit that an estimate means.
fn find<'a>(
    evidence: &'a Evidence,
    estimate: &Estimate,
    otherwise: &Otherwise,
) -> Result<BTreeMap<Unit, &'a EstimateRow>, String> {
    let against = otherwise.against.as_ref().unwrap_or(&estimate.against);
    let network = otherwise.network.as_ref().or(estimate.network.as_ref());
    let epoch = otherwise.epoch.or(estimate.epoch);
    let of_pixels = estimate.variable == "x";
    let fits = |row: &&EstimateRow| {
        row.variable == estimate.variable
            && row.statistic == estimate.of
            && row.bins == estimate.bins
            && row.smoothing == estimate.smoothing
            && row.against == *against
            && network.is_none_or(|network| row.network == *network)
            && estimate.labels.as_ref().is_none_or(|labels| row.labels == *labels)
            && estimate
                .made_with
                .iter()
                .all(|(param, wanted)| row.made_with.get(param).is_some_and(|value| is_same(value, wanted)))
    };
    let mut units: BTreeMap<Unit, Vec<&EstimateRow>> = BTreeMap::new();
    for row in evidence.estimates.iter().filter(fits) {
        // No network and no epoch changes the pixels.
        let unit = (row.dataset.clone(), if of_pixels { 0 } else { row.seed });
        units.entry(unit).or_default().push(row);
    }
    for rows in units.values_mut() {
        let wanted = match epoch {
            Some(When::First) => rows.iter().map(|row| row.epoch).min(),
            Some(When::Last) => rows.iter().map(|row| row.epoch).max(),
            None => None,
        };
        rows.retain(|row| wanted.is_none_or(|epoch| row.epoch == epoch));
        // One training may be told of by several tables, and no training changes the pixels: most images say most.
        rows.sort_by_key(|row| std::cmp::Reverse(row.images));
        rows.dedup_by_key(|row| (!of_pixels).then(|| (row.network.clone(), row.labels.clone(), row.epoch)));
        if let [one, another, ..] = rows.as_slice() {
            return Err(format!(
                "several rows of the table estimates fit `{}` of `{}` with seed {}, such as {one} and {another}: say which network, labels and epoch",
                estimate.of, estimate.variable, one.seed
            ));
        }
    }
    Ok(units.into_iter().filter_map(|(unit, rows)| Some((unit, *rows.first()?))).collect())
}

/// Whether two values of a param are the same; 1024 and 1024.0 are.
fn is_same(one: &Value, another: &Value) -> bool {
    match (one.as_f64(), another.as_f64()) {
        (Some(one), Some(another)) => one == another,
        _ => one == another,
    }
}

/// The largest value of each network.
fn of_theory(evidence: &Evidence, theory: &Theory) -> Measured {
    let mut networks: BTreeMap<(&str, &str, i64, i32), f64> = BTreeMap::new();
    let fits = |check: &&Check| {
        check.claim == theory.claim
            && check.kind == theory.kind
            && check.statistic == theory.statistic
            && theory.check.as_ref().is_none_or(|name| check.check == *name)
    };
    for check in evidence.checks.iter().filter(fits) {
        let network = (check.network.as_str(), check.labels.as_str(), check.seed, check.epoch);
        let worst = networks.entry(network).or_insert(check.value);
        *worst = if check.value.is_nan() { check.value } else { worst.max(check.value) };
    }
    let values = networks.into_values().collect();
    Measured { units: Units::Networks, values, null: None, p_value: None, table: "theory" }
}
