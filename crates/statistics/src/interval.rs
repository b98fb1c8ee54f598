//! 95 % intervals over trainings or datasets, never over the images of one: of a mean, and of a share.

use rand::RngExt;
use statrs::distribution::{Beta, ContinuousCDF, StudentsT};

use crate::distribution::Distribution;
use crate::random;
use crate::summary::{mean, quantile_of_sorted, sd};

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

impl Interval {
    /// No interval around a value: its ends are NaN.
    pub fn unknown(value: f64) -> Interval {
        Interval { value, low: f64::NAN, high: f64::NAN }
    }

    /// With both ends inside of what the statistic can be.
    pub fn within(self, least: f64, most: f64) -> Interval {
        Interval { low: self.low.clamp(least, most), high: self.high.clamp(least, most), ..self }
    }
}

/// How the resamples behind intervals are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Resampling {
    /// Resamples behind each interval.
    pub draws: usize,
    /// Seed of the resamples.
    pub seed: u64,
}

/// Values from which on they are resampled. Fewer have too few different resamples: of three values the widest interval that
/// resamples can give, from the least value to the largest, holds a normal mean 3 times in 4.
pub const FEWEST_RESAMPLED: usize = 10;

impl Resampling {
    /// A mean with its 95 % interval: by bootstrap ([`bootstrapped`]) from [`FEWEST_RESAMPLED`] values on, by Student's t
    /// ([`students`]) with fewer. Without an interval its ends are NaN.
    pub fn interval(self, values: &[f64]) -> Interval {
        let interval = match values.len() < FEWEST_RESAMPLED {
            true => students(values),
            false => bootstrapped(values, self.draws, self.seed),
        };
        interval.unwrap_or(Interval::unknown(mean(values)))
    }
}

/// The 97.5 % quantile of Student's t for the mean of so many values, two or more.
fn t(values: usize) -> f64 {
    StudentsT::new(0.0, 1.0, values as f64 - 1.0).map_or(f64::NAN, |student| student.inverse_cdf(0.975))
}

/// The 95 % interval of a mean, `x̄ ± t₀.₉₇₅,ₙ₋₁ s / √n` (Student, 1908); exact for normal values.
///
/// None with fewer than two values or where one is not finite. Values that are all equal give an interval without width.
pub fn students(values: &[f64]) -> Option<Interval> {
    if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let value = mean(values);
    let half = t(values.len()) * sd(values) / (values.len() as f64).sqrt();
    Some(Interval { value, low: value - half, high: value + half })
}

/// The 95 % interval of a share, of which `met` of `units` were found, after Clopper and Pearson (1934): the shares for which what was
/// found, or something further out, has a probability of 2.5 % at least on either side. It holds the true share 95 times in 100
/// at least, however few the units are.
///
/// None without units, or with more met than there are.
pub fn of_share(met: usize, units: usize) -> Option<Interval> {
    if units == 0 || met > units {
        return None;
    }
    let quantile = |share: f64, a: usize, b: usize| {
        Beta::new(a as f64, b as f64).map_or(f64::NAN, |beta| beta.inverse_cdf(share))
    };
    Some(Interval {
        value: met as f64 / units as f64,
        low: if met == 0 { 0.0 } else { quantile(0.025, met, units - met + 1) },
        high: if met == units { 1.0 } else { quantile(0.975, met + 1, units - met) },
    })
}

/// The 95 % interval of a mean, bias-corrected and accelerated (BCa; Efron, 1987), from `draws` resamples, each split from
/// `seed` by its index. As resamples of n values spread too little by `√((n − 1) / n)` and normal quantiles are too short for few
/// of them, its z is `t₀.₉₇₅,ₙ₋₁ √(n / (n − 1))` in place of 1.96 (Hesterberg, 2015).
///
/// None with fewer than two values or where one is not finite. Values that are all equal give an interval without width.
pub fn bootstrapped(values: &[f64], draws: usize, seed: u64) -> Option<Interval> {
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

/// Which quantiles of the resamples bound 95 %: `Φ(z₀ + (z₀ ∓ z) / (1 − a (z₀ ∓ z)))`, where z₀ is how far the resamples' median
/// lies from the value, and a, from the jackknife, how skewed it is.
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
    let z = t(values.len()) * (n / (n - 1.0)).sqrt();
    let at = |z: f64| {
        let z0 = bias + z;
        let moved = standard.cdf(bias + z0 / (1.0 - acceleration * z0));
        if moved.is_nan() { standard.cdf(z) } else { moved }
    };
    (at(-z), at(z))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(seed: u64, size: usize) -> Vec<f64> {
        let mut random = random::split(seed, "sample", 0);
        (0..size).map(|_| 3.0 + 2.0 * random::standard_normal(&mut random)).collect()
    }

    /// How often a mean of 3 is held by the intervals over so many normal values.
    fn held(size: usize) -> f64 {
        let resampling = Resampling { draws: 1000, seed: 1 };
        let holds = |seed: &u64| {
            let Interval { low, high, .. } = resampling.interval(&normal(*seed, size));
            low <= 3.0 && 3.0 <= high
        };
        (0..400).filter(holds).count() as f64 / 400.0
    }

    #[test]
    fn it_holds_the_truth_as_often_as_it_says_with_few_values_and_with_many() {
        for size in [2, 3, 9, 10, 20, 80] {
            let share = held(size);
            // 95 % of 400, and three standard deviations of it.
            assert!((0.917..0.983).contains(&share), "{size}: {share}");
        }
    }

    #[test]
    fn students_and_clopper_and_pearsons_are_those_of_scipy() {
        // scipy.stats.ttest_1samp(...).confidence_interval() and binomtest(...).proportion_ci(), 1.17.1.
        let near = |interval: Option<Interval>, low: f64, high: f64| {
            let interval = interval.unwrap();
            assert!((interval.low - low).abs() < 1e-9 && (interval.high - high).abs() < 1e-9, "{interval:?}");
        };
        near(students(&[1.0, 2.0, 4.0]), -1.4612497002634255, 6.1279163669300925);
        near(of_share(0, 3), 0.0, 0.7075982261787133);
        near(of_share(4, 10), 0.12155225811982723, 0.7376219233930549);
        near(of_share(3, 3), 0.2924017738212867, 1.0);
        assert_eq!((of_share(0, 0), of_share(2, 1)), (None, None));
    }

    #[test]
    fn an_interval_ends_where_the_statistic_does() {
        let interval = Interval { value: 0.1, low: -0.2, high: 1.4 }.within(0.0, 1.0);
        assert_eq!((interval.low, interval.high), (0.0, 1.0));
        assert!(Interval::unknown(0.1).within(0.0, 1.0).low.is_nan());
    }

    #[test]
    fn it_leans_where_the_values_do() {
        let interval = bootstrapped(&[1.0, 1.1, 1.2, 1.3, 1.2, 1.1, 1.0, 6.0], 4000, 1).unwrap();
        assert!(interval.high - interval.value > 1.5 * (interval.value - interval.low), "{interval:?}");
    }

    #[test]
    fn equal_values_have_no_width_and_one_value_has_no_interval() {
        for of in [students, |values: &[f64]| bootstrapped(values, 100, 1)] {
            let interval = of(&[2.0; 5]).unwrap();
            assert_eq!((interval.low, interval.high), (2.0, 2.0));
            assert_eq!((of(&[2.0]), of(&[2.0, f64::NAN])), (None, None));
        }
    }

    #[test]
    fn a_seed_gives_the_same_interval_again() {
        let values = normal(1, 10);
        assert_eq!(bootstrapped(&values, 500, 7), bootstrapped(&values, 500, 7));
        assert_ne!(bootstrapped(&values, 500, 7), bootstrapped(&values, 500, 8));
    }
}
