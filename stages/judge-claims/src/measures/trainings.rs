//! Statistics of the table summary: of the trainings with each seed.

use std::collections::{BTreeMap, BTreeSet};

use statistics::null::Null;
use statistics::rank::spearman;
use statistics::summary::mean;
use statistics::trend::fall;
use tables::NETWORKS;

use super::{Measured, Units, mean_null};
use crate::evidence::{Epoch, Evidence};
use crate::missing::{self, Asked};
use crate::rules::{BothLabels, Number, OverNetworks, Trainings};

/// What was found, or why nothing was.
type Found = Result<Measured, String>;

fn of_seeds(values: Vec<f64>) -> Measured {
    Measured { values: Ok(values), ..NOTHING }
}

const NOTHING: Measured =
    Measured { units: Units::Seeds, values: Ok(Vec::new()), null: None, p_value: None, table: "summary" };

/// Why there is no value.
pub(super) fn or_why(found: Found) -> Measured {
    found.unwrap_or_else(|why| Measured { values: Err(why), ..NOTHING })
}

/// A divergence at each training's last epoch, with its null.
pub(super) fn divergence(
    evidence: &Evidence,
    trainings: &Trainings,
    of: fn(&Epoch) -> f64,
    null: fn(&Epoch) -> Null,
) -> Found {
    let last = lasts(evidence, trainings)?;
    let null = mean_null(&last.values().map(|epoch| null(epoch)).collect::<Vec<_>>());
    Ok(Measured { null, ..of_seeds(last.into_values().map(of).collect()) })
}

/// An error at each training's last epoch.
pub(super) fn error(evidence: &Evidence, trainings: &Trainings, of: fn(&Epoch) -> f64) -> Found {
    Ok(of_seeds(lasts(evidence, trainings)?.into_values().map(of).collect()))
}

/// The last epoch of each seed.
fn lasts<'a>(evidence: &'a Evidence, trainings: &Trainings) -> Result<BTreeMap<i64, &'a Epoch>, String> {
    let seeds = by_seed(evidence, trainings)?;
    Ok(seeds.into_iter().filter_map(|(seed, epochs)| Some((seed, *epochs.last()?))).collect())
}

/// The rows of a network with some labels, ascending by seed and epoch.
fn of_network<'a>(evidence: &'a Evidence, network: &str, labels: &str) -> Result<Vec<&'a Epoch>, String> {
    let asked = [
        Asked::new("network", network, |epoch: &Epoch| (&epoch.network).into()),
        Asked::new("labels", labels, |epoch: &Epoch| (&epoch.labels).into()),
    ];
    missing::rows("summary", &evidence.epochs, &asked)
}

/// The epochs of each seed up to the last that counts, ascending; without trainings that ended before.
fn by_seed<'a>(
    evidence: &'a Evidence,
    Trainings { network, labels, epochs: last }: &Trainings,
) -> Result<BTreeMap<i64, Vec<&'a Epoch>>, String> {
    let rows = of_network(evidence, network, labels)?;
    let longest = rows.iter().map(|epoch| epoch.epoch).max().unwrap_or(0);
    let mut seeds: BTreeMap<i64, Vec<&Epoch>> = BTreeMap::new();
    for epoch in rows.into_iter().filter(|epoch| epoch.epoch <= *last) {
        seeds.entry(epoch.seed).or_default().push(epoch);
    }
    seeds.retain(|_, epochs| epochs.last().is_some_and(|epoch| epoch.epoch == *last));
    match seeds.is_empty() {
        true => Err(format!(
            "no training of {network} on {labels} labels in summary has a row for epoch {last}; the longest has {longest} epochs"
        )),
        false => Ok(seeds),
    }
}

/// How much further off than on real labels, beyond what chance adds, of each seed that both have.
pub(super) fn beyond_real_labels(evidence: &Evidence, both: &BothLabels) -> Found {
    let BothLabels { network, random_epochs, real_epochs } = both;
    let last = |labels: &str, epochs: i32| {
        lasts(evidence, &Trainings { network: network.clone(), labels: labels.to_owned(), epochs })
    };
    let (random, real) = (last("random", *random_epochs)?, last("real", *real_epochs)?);
    let pairs = random.iter().filter_map(|(seed, random)| Some((*random, *real.get(seed)?)));
    let chance = |epoch: &Epoch| epoch.null_f1.high - epoch.null_f1.mean;
    let value = |(random, real): (&Epoch, &Epoch)| random.kl_f1_median - real.kl_f1_median - chance(random);
    let values: Vec<f64> = pairs.map(value).collect();
    match values.is_empty() {
        true => Err(format!("no seed has {network} on random and on real labels")),
        false => Ok(of_seeds(values)),
    }
}

fn number(epoch: &Epoch, of: Number) -> f64 {
    match of {
        Number::KlF1Mean => epoch.kl_f1_mean,
        Number::KlF1StandardisedMean => epoch.kl_f1_standardised_mean,
        Number::TestError => epoch.test_error,
    }
}

/// The epochs of one seed, network by network.
pub(super) type Networks<'a> = Vec<Vec<&'a Epoch>>;

/// The seeds that all networks have.
fn blocks<'a>(evidence: &'a Evidence, over: &OverNetworks) -> Result<Vec<Networks<'a>>, String> {
    let mut networks = Vec::new();
    for network in NETWORKS {
        let trainings =
            Trainings { network: network.to_owned(), labels: over.labels.clone(), epochs: over.epochs };
        networks.push(by_seed(evidence, &trainings)?);
    }
    let seeds: BTreeSet<i64> = networks.iter().flat_map(|seeds| seeds.keys().copied()).collect();
    let block = |seed: i64| networks.iter().map(|seeds| seeds.get(&seed).cloned()).collect();
    let blocks: Vec<Networks<'_>> = seeds.into_iter().filter_map(block).collect();
    match blocks.is_empty() {
        true => Err(format!("no seed has each of {}", NETWORKS.join(", "))),
        false => Ok(blocks),
    }
}

/// Of each seed, the correlation of a number with the place of the network, with Page's test that it falls.
pub(super) fn trend(evidence: &Evidence, over: &OverNetworks) -> Found {
    let last = |epochs: &Vec<&Epoch>| epochs.last().map_or(f64::NAN, |epoch| number(epoch, over.of));
    let blocks: Vec<Vec<f64>> =
        blocks(evidence, over)?.iter().map(|networks| networks.iter().map(last).collect()).collect();
    let fall = fall(&blocks).ok_or("a number of some network is NaN")?;
    Ok(Measured { p_value: Some(fall.p_value), ..of_seeds(fall.correlations) })
}

/// Of each seed, a correlation of a number with the test error.
pub(super) fn correlation(
    evidence: &Evidence,
    over: &OverNetworks,
    of_seed: fn(&Networks<'_>, Number) -> Option<f64>,
) -> Found {
    let blocks = blocks(evidence, over)?;
    for epochs in blocks.iter().flatten() {
        let there = epochs.iter().filter(|epoch| epoch.epoch > 0).count();
        if let Some(Epoch { network, seed, .. }) = epochs.first().filter(|_| there != over.epochs as usize) {
            return Err(format!(
                "summary has {there} of the epochs 1 to {} of {network} with seed {seed}, and a correlation over all of them needs all",
                over.epochs
            ));
        }
    }
    let values: Vec<f64> = blocks.iter().filter_map(|networks| of_seed(networks, over.of)).collect();
    match values.is_empty() {
        true => Err("nothing varies in any seed, and what does not vary has no correlation".to_owned()),
        false => Ok(of_seeds(values)),
    }
}

/// The mean over networks of the correlation over epochs.
pub(super) fn within_networks(networks: &Networks<'_>, of: Number) -> Option<f64> {
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
pub(super) fn between_networks(networks: &Networks<'_>, of: Number) -> Option<f64> {
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
