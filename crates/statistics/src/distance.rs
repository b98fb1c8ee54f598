//! Distances of a sample from a known distribution that need no bins.
//!
//! Each takes the sample in ascending order, of finite values, at least one.

use crate::distribution::Distribution;

/// Kolmogorov's and Smirnov's distance `sup |F̂(x) − F(x)|`: the largest difference of cumulative distributions, 0 to 1.
pub fn kolmogorov_smirnov(sorted: &[f64], known: &Distribution) -> f64 {
    let n = sorted.len() as f64;
    let steps = sorted.iter().enumerate().map(|(index, value)| {
        let expected = known.cdf(*value);
        ((index + 1) as f64 / n - expected).max(expected - index as f64 / n)
    });
    steps.fold(0.0, f64::max)
}

/// Anderson's and Darling's `A² = n ∫ (F̂ − F)² / (F (1 − F)) dF = −n − 1/n Σᵢ (2i − 1) (ln F(xᵢ) + ln(1 − F(x₍ₙ₊₁₋ᵢ₎)))`
/// (1954): as the distance before, but squared, over all values, with weight on the tails. It grows with n, and is
/// infinite where a value is impossible.
pub fn anderson_darling(sorted: &[f64], known: &Distribution) -> f64 {
    let n = sorted.len() as f64;
    let pairs = sorted.iter().zip(sorted.iter().rev()).enumerate();
    let sum: f64 = pairs
        .map(|(index, (low, high))| {
            (2 * index + 1) as f64 * (known.log_cdf(*low) + known.log_survival(*high))
        })
        .sum();
    -n - sum / n
}

/// Wasserstein's distance of order 1, `∫ |F̂ − F| dx`: how far the values have to be moved on average, in their own unit.
///
/// Between two neighbours F̂ is the share i/n, `∫ F` is known in closed form, and the sign of the difference changes at the
/// quantile of i/n at most.
pub fn wasserstein(sorted: &[f64], known: &Distribution) -> f64 {
    let n = sorted.len() as f64;
    // `∫_{−∞}^x F = x F(x) − ∫_{−∞}^x t dF`; the other tail is the mirror image.
    let area = |x: f64| x * known.cdf(x) - known.partial_mean(x);
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return f64::NAN };
    let mut total = area(*first) + area(2.0 * known.mean() - last);
    let mut from = (*first, known.cdf(*first), area(*first));
    for (index, x) in sorted.iter().enumerate().skip(1) {
        let share = index as f64 / n;
        let to = (*x, known.cdf(*x), area(*x));
        let above = |a: (f64, f64, f64), b: (f64, f64, f64)| (b.2 - a.2) - share * (b.0 - a.0);
        total += if from.1 >= share {
            above(from, to)
        } else if to.1 <= share {
            -above(from, to)
        } else {
            let turn = known.quantile(share);
            let turn = (turn, share, area(turn));
            above(turn, to) - above(from, turn)
        };
        from = to;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Family;
    use proptest::prelude::*;

    fn normal(mean: f64, sd: f64) -> Option<Distribution> {
        Distribution::new(Family::Normal, mean, sd)
    }

    fn sample(seed: u64, size: u32, mean: f64, sd: f64) -> Vec<f64> {
        crate::null::sorted_sample(&normal(mean, sd).unwrap(), size, seed, 0)
    }

    /// At the shares (i − ½)/n, a sample is as near as n values can be.
    fn nearest(size: usize, normal: &Distribution) -> Vec<f64> {
        (0..size).map(|index| normal.quantile((index as f64 + 0.5) / size as f64)).collect()
    }

    #[test]
    fn the_nearest_sample_is_half_a_step_away() {
        let normal = normal(3.0, 32.0).unwrap();
        for size in [1, 2, 900] {
            let found = kolmogorov_smirnov(&nearest(size, &normal), &normal);
            assert!((found - 0.5 / size as f64).abs() < 1e-12, "{size}: {found}");
        }
    }

    #[test]
    fn one_value_at_the_mean_is_moved_by_the_mean_deviation() {
        // E|X − mean| = sd √(2/π).
        let normal = normal(5.0, 2.0).unwrap();
        let expected = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
        assert!((wasserstein(&[5.0], &normal) - expected).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn far_away_it_is_moved_by_the_distance(shift in 400.0_f64..1e4, seed in 0_u64..99) {
            let normal = normal(0.0, 32.0).unwrap();
            let values = sample(seed, 300, shift, 32.0);
            let mean = crate::summary::mean(&values);
            prop_assert!((wasserstein(&values, &normal) - mean).abs() < 1e-8 * mean);
        }

        #[test]
        fn moving_and_scaling_both_sides_moves_and_scales_the_distance(seed in 0_u64..99, mean in -50.0_f64..50.0, scale in 0.1_f64..9.0) {
            let values = sample(seed, 200, 1.0, 1.3);
            let moved: Vec<f64> = values.iter().map(|value| mean + scale * value).collect();
            let (plain, other) = (normal(0.0, 1.0).unwrap(), normal(mean, scale).unwrap());
            prop_assert!((wasserstein(&moved, &other) - scale * wasserstein(&values, &plain)).abs() < 1e-9 * scale);
            prop_assert!((kolmogorov_smirnov(&moved, &other) - kolmogorov_smirnov(&values, &plain)).abs() < 1e-9);
            prop_assert!((anderson_darling(&moved, &other) - anderson_darling(&values, &plain)).abs() < 1e-6);
        }

        #[test]
        fn the_distance_is_the_integral_of_its_definition(seed in 0_u64..99, size in 1_u32..40) {
            let normal = normal(-0.3, 1.4).unwrap();
            let values = sample(seed, size, 0.2, 1.0);
            let step = 1e-3;
            let integral: f64 = (-12_000..12_000)
                .map(|index| (f64::from(index) + 0.5) * step)
                .map(|x| {
                    let share = values.partition_point(|value| *value <= x) as f64 / f64::from(size);
                    (share - normal.cdf(x)).abs() * step
                })
                .sum();
            prop_assert!((wasserstein(&values, &normal) - integral).abs() < 2e-3);
        }
    }
}
