//! Means and spreads: over the test images of one training, and over the seeds of one network.

use std::collections::BTreeMap;

use rayon::prelude::*;
use statistics::interval::{Interval, Resampling};
use statistics::null::Null;
use statistics::summary::{mean, quantile_of_sorted, sd};

use crate::inputs::{Divergences, Errors, Key};

/// One training at one epoch, over its test images. Divergences in nats, errors as shares.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    pub(crate) key: Key,
    pub(crate) images: usize,
    pub(crate) kl_x_mean: f64,
    pub(crate) kl_f1_mean: f64,
    pub(crate) kl_f1_sd: f64,
    pub(crate) kl_f1_low: f64,
    pub(crate) kl_f1_median: f64,
    pub(crate) kl_f1_high: f64,
    pub(crate) kl_f1_standardised_mean: f64,
    pub(crate) x_within_null: f64,
    pub(crate) f1_within_null: f64,
    pub(crate) null_x: Null,
    pub(crate) null_f1: Null,
    pub(crate) null_f1_standardised: Null,
    pub(crate) errors: Errors,
}

/// One network at one epoch, over its seeds.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    pub(crate) network: String,
    pub(crate) labels: String,
    pub(crate) epoch: i32,
    pub(crate) kl_f1: OverSeeds,
    pub(crate) null_f1: Null,
    pub(crate) training_error: OverSeeds,
    pub(crate) test_error: OverSeeds,
}

/// A number over several seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OverSeeds {
    pub(crate) seeds: usize,
    pub(crate) mean: f64,
    pub(crate) sd: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// The 95 % interval of the mean; NaN for one seed.
    pub(crate) low: f64,
    pub(crate) high: f64,
}

pub(crate) fn of_epoch(epoch: &Divergences, errors: &Errors) -> Summary {
    let mut sorted = epoch.f1.clone();
    sorted.sort_by(f64::total_cmp);
    let within = |values: &[f64], null: Null| {
        values.iter().filter(|kl| **kl <= null.high).count() as f64 / values.len() as f64
    };
    Summary {
        key: epoch.key.clone(),
        images: epoch.f1.len(),
        kl_x_mean: mean(&epoch.x),
        kl_f1_mean: mean(&epoch.f1),
        kl_f1_sd: sd(&epoch.f1),
        kl_f1_low: quantile_of_sorted(&sorted, 0.025),
        kl_f1_median: quantile_of_sorted(&sorted, 0.5),
        kl_f1_high: quantile_of_sorted(&sorted, 0.975),
        kl_f1_standardised_mean: mean(&epoch.f1_standardised),
        x_within_null: within(&epoch.x, epoch.null_x),
        f1_within_null: within(&epoch.f1, epoch.null_f1),
        null_x: epoch.null_x,
        null_f1: epoch.null_f1,
        null_f1_standardised: epoch.null_f1_standardised,
        errors: *errors,
    }
}

pub(crate) fn over_seeds(summaries: &[Summary], resampling: Resampling) -> Vec<Spread> {
    let mut groups: BTreeMap<(String, String, i32), Vec<&Summary>> = BTreeMap::new();
    for summary in summaries {
        let Key { network, labels, epoch, .. } = &summary.key;
        groups.entry((network.clone(), labels.clone(), *epoch)).or_default().push(summary);
    }
    groups
        .into_par_iter()
        .map(|((network, labels, epoch), group)| {
            let of = |number: fn(&Summary) -> f64, most: f64| {
                OverSeeds::of(group.iter().map(|summary| number(summary)).collect(), most, resampling)
            };
            let null = |number: fn(&Summary) -> f64| {
                mean(&group.iter().map(|summary| number(summary)).collect::<Vec<_>>())
            };
            Spread {
                network,
                labels,
                epoch,
                kl_f1: of(|summary| summary.kl_f1_mean, f64::INFINITY),
                null_f1: Null {
                    mean: null(|summary| summary.null_f1.mean),
                    low: null(|summary| summary.null_f1.low),
                    high: null(|summary| summary.null_f1.high),
                },
                training_error: of(|summary| summary.errors.training_error, 1.0),
                test_error: of(|summary| summary.errors.test_error, 1.0),
            }
        })
        .collect()
}

impl OverSeeds {
    /// Of no values, all is NaN. A value is 0 at least and `most` at most.
    pub(crate) fn of(values: Vec<f64>, most: f64, resampling: Resampling) -> OverSeeds {
        let Interval { low, high, .. } = resampling.interval(&values).within(0.0, most);
        OverSeeds {
            low,
            high,
            seeds: values.len(),
            mean: mean(&values),
            sd: sd(&values),
            min: values.iter().copied().fold(f64::NAN, f64::min),
            max: values.iter().copied().fold(f64::NAN, f64::max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_over_seeds_has_mean_spread_and_range() {
        let resampling = Resampling { draws: 1000, seed: 1 };
        let over = OverSeeds::of(vec![1.0, 2.0, 6.0], f64::INFINITY, resampling);
        assert_eq!((over.seeds, over.mean, over.min, over.max), (3, 3.0, 1.0, 6.0));
        assert!((over.sd - 7f64.sqrt()).abs() < 1e-12);
        // 3 ± 4.303 · √7 / √3, and a divergence is never below 0.
        assert!(over.low == 0.0 && (over.high - 9.572).abs() < 1e-3, "{over:?}");
        let one = OverSeeds::of(vec![4.0], f64::INFINITY, resampling);
        assert!(one.sd == 0.0 && one.low.is_nan() && one.high.is_nan(), "{one:?}");
    }

    #[test]
    fn an_epoch_counts_the_images_that_exact_samples_could_be() {
        let key = Key { network: "cnn1".into(), labels: "real".into(), seed: 1, epoch: 0 };
        let (x, f1) = (vec![0.01, 0.02, 0.03, 0.9], vec![0.02, 0.8, 0.9, 1.0]);
        let null = Null { mean: 0.02, low: 0.01, high: 0.04 };
        let f1_standardised = f1.clone();
        let epoch = Divergences {
            key,
            x,
            f1,
            f1_standardised,
            null_x: null,
            null_f1: null,
            null_f1_standardised: null,
        };
        let summary = of_epoch(&epoch, &Errors::default());
        assert_eq!((summary.x_within_null, summary.f1_within_null), (0.75, 0.25));
        assert!((summary.kl_f1_median - 0.85).abs() < 1e-12);
    }
}
