//! Whether divergence and test error fall from network to network, at every epoch.

use std::collections::BTreeMap;

use rayon::prelude::*;
use statistics::interval::{Interval, Resampling};
use statistics::trend::fall;
use tables::NETWORKS;

use crate::summary::Summary;

/// A number of a summary that may fall.
type Measure = (&'static str, fn(&Summary) -> f64);

const MEASURES: [Measure; 3] = [
    ("kl_f1_mean", |summary| summary.kl_f1_mean),
    ("kl_f1_standardised_mean", |summary| summary.kl_f1_standardised_mean),
    ("test_error", |summary| summary.errors.test_error),
];

/// One number at one epoch, over the seeds that all networks have.
#[derive(Clone, Debug)]
pub(crate) struct Trend {
    pub(crate) labels: String,
    pub(crate) epoch: i32,
    pub(crate) measure: &'static str,
    pub(crate) seeds: usize,
    /// Mean over seeds of Spearman's correlation between the number and the networks' place.
    pub(crate) effect: Interval,
    pub(crate) page_l: f64,
    pub(crate) p_value: f64,
}

/// Every number at every epoch that all networks reached with some seed.
pub(crate) fn of(summaries: &[Summary], resampling: Resampling) -> Vec<Trend> {
    let mut epochs: BTreeMap<(&str, i32), BTreeMap<i64, Vec<&Summary>>> = BTreeMap::new();
    for network in NETWORKS {
        for summary in summaries.iter().filter(|summary| summary.key.network == network) {
            let seeds = epochs.entry((&summary.key.labels, summary.key.epoch)).or_default();
            seeds.entry(summary.key.seed).or_default().push(summary);
        }
    }
    let epochs: Vec<_> = epochs.into_iter().collect();
    let of_epoch = |((labels, epoch), seeds): &((&str, i32), BTreeMap<i64, Vec<&Summary>>)| {
        let blocks: Vec<&Vec<&Summary>> =
            seeds.values().filter(|networks| networks.len() == NETWORKS.len()).collect();
        MEASURES.iter().filter_map(|one| trend(labels, *epoch, one, &blocks, resampling)).collect::<Vec<_>>()
    };
    epochs.par_iter().flat_map_iter(of_epoch).collect()
}

fn trend(
    labels: &str,
    epoch: i32,
    (measure, number): &Measure,
    blocks: &[&Vec<&Summary>],
    resampling: Resampling,
) -> Option<Trend> {
    let numbers: Vec<Vec<f64>> =
        blocks.iter().map(|block| block.iter().map(|summary| number(summary)).collect()).collect();
    let fall = fall(&numbers)?;
    Some(Trend {
        labels: labels.to_owned(),
        epoch,
        measure,
        seeds: blocks.len(),
        effect: resampling.interval(&fall.correlations).within(-1.0, 1.0),
        page_l: fall.statistic,
        p_value: fall.p_value,
    })
}
