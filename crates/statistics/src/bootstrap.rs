//! Intervals by the bootstrap: over trainings or datasets, never over the images of one.

use rand::RngExt;

use crate::distribution::Distribution;
use crate::random;
use crate::summary::{mean, quantile_of_sorted};

/// A number with the interval that it lies in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The statistic of the sample itself.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How intervals are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Resampling {
    /// Resamples behind each interval.
    pub draws: usize,
    /// Seed of the resamples.
    pub seed: u64,
}

impl Resampling {
    /// A mean with its 95 % interval, as [`of_mean`]; without an interval its ends are NaN.
    pub fn interval(self, values: &[f64]) -> Interval {
        let none = Interval { value: mean(values), low: f64::NAN, high: f64::NAN };
        of_mean(values, self.draws, self.seed).unwrap_or(none)
    }
}

/// The 95 % interval of a mean, bias-corrected and accelerated (BCa; Efron, 1987), from `draws` resamples, each split from
/// `seed` by its index.
///
/// None with fewer than two values or where one is not finite. Values that are all equal give an interval without width.
pub fn of_mean(values: &[f64], draws: usize, seed: u64) -> Option<Interval> {
    if values.len() < 2 || draws == 0 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let value = mean(values);
    let mut means: Vec<f64> = (0..draws as u64)
        .map(|draw| {
            let mut random = random::split(seed, "bootstrap", draw);
            let sum: f64 = (0..values.len()).map(|_| values[random.random_range(0..values.len())]).sum();
            sum / values.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let (low, high) = shares(values, &means, value);
    Some(Interval { value, low: quantile_of_sorted(&means, low), high: quantile_of_sorted(&means, high) })
}

/// Which quantiles of the resamples bound 95 %: `Φ(z₀ + (z₀ + z) / (1 − a (z₀ + z)))` for z = ∓1.96, where z₀ is how far the
/// resamples' median lies from the value, and a, from the jackknife, how skewed it is.
fn shares(values: &[f64], means: &[f64], value: f64) -> (f64, f64) {
    let (standard, n) = (Distribution::STANDARD_NORMAL, values.len() as f64);
    let below = means.iter().filter(|mean| **mean < value).count();
    let equal = means.iter().filter(|mean| **mean == value).count();
    let share = (below as f64 + 0.5 * equal as f64) / means.len() as f64;
    let bias = standard.quantile(share);
    // Without one value, a mean differs from the whole one by (mean − value) / (n − 1).
    let differences = values.iter().map(|one| (one - value) / (n - 1.0));
    let (squares, cubes) = differences.fold((0.0, 0.0), |(squares, cubes), difference| {
        (squares + difference.powi(2), cubes + difference.powi(3))
    });
    let acceleration = if squares > 0.0 { cubes / (6.0 * f64::powf(squares, 1.5)) } else { 0.0 };
    let at = |tail: f64| {
        let z = bias + standard.quantile(tail);
        let moved = standard.cdf(bias + z / (1.0 - acceleration * z));
        if moved.is_nan() { tail } else { moved }
    };
    (at(0.025), at(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(seed: u64, size: usize) -> Vec<f64> {
        let mut random = random::split(seed, "sample", 0);
        (0..size).map(|_| 3.0 + 2.0 * random::standard_normal(&mut random)).collect()
    }

    #[test]
    fn it_holds_the_truth_about_as_often_as_it_says() {
        // Ten values are few: the bootstrap's intervals are then a little short, so that fewer than 95 % hold it.
        let held = |size| {
            let holds = |seed: &u64| {
                let interval = of_mean(&normal(*seed, size), 1000, 1).unwrap();
                interval.low <= 3.0 && 3.0 <= interval.high
            };
            (0..400).filter(holds).count() as f64 / 400.0
        };
        let (few, many) = (held(10), held(80));
        assert!((0.86..0.97).contains(&few), "{few}");
        assert!((0.91..0.98).contains(&many), "{many}");
    }

    #[test]
    fn it_leans_where_the_values_do() {
        let interval = of_mean(&[1.0, 1.1, 1.2, 1.3, 1.2, 1.1, 1.0, 6.0], 4000, 1).unwrap();
        assert!(interval.high - interval.value > 1.5 * (interval.value - interval.low), "{interval:?}");
    }

    #[test]
    fn equal_values_have_no_width_and_one_value_has_no_interval() {
        let interval = of_mean(&[2.0; 5], 100, 1).unwrap();
        assert_eq!((interval.low, interval.high), (2.0, 2.0));
        assert_eq!(of_mean(&[2.0], 100, 1), None);
        assert_eq!(of_mean(&[2.0, f64::NAN], 100, 1), None);
    }

    #[test]
    fn a_seed_gives_the_same_interval_again() {
        let values = normal(1, 10);
        assert_eq!(of_mean(&values, 500, 7), of_mean(&values, 500, 7));
        assert_ne!(of_mean(&values, 500, 7), of_mean(&values, 500, 8));
    }
}
