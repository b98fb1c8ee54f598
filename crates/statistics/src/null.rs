//! The estimator's own floor: what a statistic shows for exact samples of P(X) of the same size.

use rayon::prelude::*;

use crate::distribution::Distribution;
use crate::divergence::{Divergence, Smoothing};
use crate::histogram::{Bins, counts, probabilities};
use crate::{random, summary};

/// Where a statistic of exact samples lies, in its own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Null {
    /// Its mean.
    pub mean: f64,
    /// Its 2.5 % quantile.
    pub low: f64,
    /// Its 97.5 % quantile.
    pub high: f64,
}

impl Null {
    /// Of the statistic's values over many samples.
    pub fn of(mut values: Vec<f64>) -> Null {
        values.sort_by(f64::total_cmp);
        Null {
            mean: summary::mean(&values),
            low: summary::quantile_of_sorted(&values, 0.025),
            high: summary::quantile_of_sorted(&values, 0.975),
        }
    }
}

/// A sample of `size` values of P(X), the number `draw` of those from `seed`, in the order drawn.
///
/// Each sample's randomness is split from `seed` by its number, so that no result depends on threads.
pub fn sample(known: &Distribution, size: u32, seed: u64, draw: u64) -> Vec<f64> {
    let mut random = random::split(seed, &format!("null of {size}"), draw);
    (0..size).map(|_| random::draw(known, &mut random)).collect()
}

/// The same in ascending order, as estimators take it.
#[cfg(test)]
pub(crate) fn sorted_sample(known: &Distribution, size: u32, seed: u64, draw: u64) -> Vec<f64> {
    let mut values = sample(known, size, seed, draw);
    values.sort_by(f64::total_cmp);
    values
}

/// The null of `KL[P(X)‖P̂]` for samples of `size` values, from `draws` samples, in nats.
pub fn of_kl(
    bins: &Bins,
    known: &Distribution,
    size: u32,
    smoothing: Smoothing,
    draws: u64,
    seed: u64,
) -> Null {
    let one = |draw| sample(known, size, seed, draw);
    of_samples(bins, known, size, smoothing, draws, one)
}

/// The same for samples that are standardised as energies are: shifted and scaled to mean 0 and the standard deviation of P(X).
pub fn of_standardised_kl(
    bins: &Bins,
    known: &Distribution,
    size: u32,
    smoothing: Smoothing,
    draws: u64,
    seed: u64,
) -> Null {
    let one = |draw| {
        let values: Vec<f32> =
            sample(known, size, seed, draw).into_iter().map(|value| value as f32).collect();
        summary::standardise(&values, known.sd())
    };
    of_samples(bins, known, size, smoothing, draws, one)
}

fn of_samples(
    bins: &Bins,
    known: &Distribution,
    size: u32,
    smoothing: Smoothing,
    draws: u64,
    sample: impl Fn(u64) -> Vec<f64> + Sync,
) -> Null {
    let divergence = Divergence::new(&probabilities(bins, known), size, smoothing);
    let one = |draw| divergence.of(&counts(&sample(draw), bins));
    Null::of((0..draws).into_par_iter().filter_map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Family;

    #[test]
    fn samples_that_are_standardised_lie_nearer_than_those_that_are_not() {
        let known = Distribution::new(Family::Normal, 0.0, 32.0).unwrap();
        let bins = Bins::new(-128.0, 128.0, 64).unwrap();
        let of = |of: fn(&Bins, &Distribution, u32, Smoothing, u64, u64) -> Null| {
            of(&bins, &known, 900, Smoothing::Pseudocount(0.5), 300, 7)
        };
        // Two of the 63 ways to differ are taken: about 2 / (2 · 900) nats.
        let nearer = of(of_kl).mean - of(of_standardised_kl).mean;
        assert!((0.0005..0.002).contains(&nearer), "{nearer}");
    }

    #[test]
    fn it_is_the_floor_that_was_measured_with_numpy() {
        // NumPy, 300 draws of 1,024 values, pseudocount ½, gave 0.014, 0.027, 0.052, 0.099.
        let known = Distribution::new(Family::Normal, 0.0, 32.0).unwrap();
        for (count, expected) in [(32, 0.014), (64, 0.027), (128, 0.052), (256, 0.099)] {
            let bins = Bins::new(-128.0, 128.0, count).unwrap();
            let null = of_kl(&bins, &known, 1024, Smoothing::Pseudocount(0.5), 300, 7);
            assert!((null.mean - expected).abs() < 0.1 * expected, "{count} bins: {null:?}");
            assert!(null.low < null.mean && null.mean < null.high);
        }
    }
}
