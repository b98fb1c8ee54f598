//! Divergences between a known distribution and a sample by distances to nearest neighbours, which need no bins
//! (Kozachenko and Leonenko, 1987; Wang, Kulkarni and Verdú, 2009).
//!
//! With r the distance from a place x to the k-th nearest of n values, `ψ(k) − ln n − ln 2r` estimates the logarithm of their
//! density at x; ψ is the digamma function. Each takes the sample in ascending order, of finite values.

use crate::distribution::Distribution;

/// Euler's constant γ.
const EULER: f64 = 0.577_215_664_901_532_9;

/// `ψ(k) = −γ + Σ_{i<k} 1/i` for whole numbers from 1.
fn digamma(k: usize) -> f64 {
    (1..k).map(|i| 1.0 / i as f64).sum::<f64>() - EULER
}

/// The distance from `x` to its k-th nearest among ascending values, the value at place `without` left out.
fn distance(sorted: &[f64], x: f64, k: usize, without: Option<usize>) -> f64 {
    let (mut below, mut above) = match without {
        Some(place) => (place, place + 1),
        None => {
            let place = sorted.partition_point(|value| *value < x);
            (place, place)
        }
    };
    let mut last = 0.0;
    for _ in 0..k {
        let left = below.checked_sub(1).map_or(f64::INFINITY, |place| x - sorted[place]);
        let right = sorted.get(above).map_or(f64::INFINITY, |value| value - x);
        if left <= right {
            (last, below) = (left, below.saturating_sub(1));
        } else {
            (last, above) = (right, above + 1);
        }
    }
    last
}

/// `KL[P‖P̂]` in nats: `−h(P) − ⟨ln p̂⟩`, averaged over `places` shares (j − ½)/places of P, with p̂ from each
/// one's distance to its k-th nearest value. None with fewer than k values, or where k of them stand on a place.
pub fn kl_from(sorted: &[f64], known: &Distribution, k: usize, places: usize) -> Option<f64> {
    if k == 0 || sorted.len() < k || places == 0 {
        return None;
    }
    let mean_log: f64 = (0..places)
        .map(|place| {
            let x = known.quantile((place as f64 + 0.5) / places as f64);
            (2.0 * distance(sorted, x, k, None)).ln()
        })
        .sum::<f64>()
        / places as f64;
    let kl = (sorted.len() as f64).ln() + mean_log - digamma(k) - known.entropy();
    kl.is_finite().then_some(kl)
}

/// `KL[P̂‖P]` in nats: `−ĥ − ⟨ln density of P⟩` over the sample, with the entropy ĥ of Kozachenko and Leonenko,
/// `ψ(n) − ψ(k) + ⟨ln 2r⟩`, r from each value to its k-th nearest other. None with k values or fewer, where more than k are
/// equal, or where one is impossible.
pub fn kl_to(sorted: &[f64], known: &Distribution, k: usize) -> Option<f64> {
    if k == 0 || sorted.len() <= k {
        return None;
    }
    let n = sorted.len() as f64;
    let mean_log: f64 = sorted
        .iter()
        .enumerate()
        .map(|(place, value)| (2.0 * distance(sorted, *value, k, Some(place))).ln())
        .sum::<f64>()
        / n;
    let entropy = digamma(sorted.len()) - digamma(k) + mean_log;
    let mean_density: f64 = sorted.iter().map(|value| known.log_density(*value)).sum::<f64>() / n;
    let kl = -entropy - mean_density;
    kl.is_finite().then_some(kl)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Family;
    use proptest::prelude::*;

    fn normal(mean: f64, sd: f64) -> Distribution {
        Distribution::new(Family::Normal, mean, sd).unwrap()
    }

    /// `KL[P‖Q] = ln(σ_q/σ_p) + (σ_p² + (μ_p − μ_q)²) / (2σ_q²) − ½` of two normals.
    fn between(p: &Distribution, q: &Distribution) -> f64 {
        let (ratio, distance) = (p.sd() / q.sd(), (p.mean() - q.mean()) / q.sd());
        0.5 * (ratio * ratio + distance * distance - 1.0) - ratio.ln()
    }

    fn sample(seed: u64, size: u32, mean: f64, sd: f64) -> Vec<f64> {
        crate::null::sorted_sample(&normal(mean, sd), size, seed, 0)
    }

    #[test]
    fn both_ways_find_the_closed_form_between_two_normals() {
        let target = normal(0.0, 32.0);
        for (mean, sd) in [(0.0, 32.0), (20.0, 32.0), (0.0, 40.0), (-10.0, 24.0)] {
            let source = normal(mean, sd);
            let over = |estimate: &dyn Fn(&[f64]) -> f64| -> f64 {
                (0..20).map(|seed| estimate(&sample(seed, 4000, mean, sd))).sum::<f64>() / 20.0
            };
            let from = over(&|values| kl_from(values, &target, 5, 1000).unwrap());
            let to = over(&|values| kl_to(values, &target, 5).unwrap());
            assert!(
                (from - between(&target, &source)).abs() < 0.02,
                "from: {from} for {}",
                between(&target, &source)
            );
            assert!(
                (to - between(&source, &target)).abs() < 0.02,
                "to: {to} for {}",
                between(&source, &target)
            );
        }
    }

    #[test]
    fn too_few_values_or_too_many_equal_ones_have_no_divergence() {
        let normal = normal(0.0, 1.0);
        assert_eq!(kl_to(&[0.0, 1.0, 2.0], &normal, 3), None);
        assert_eq!(kl_to(&[1.0; 9], &normal, 3), None);
        assert_eq!(kl_from(&[0.0, 1.0], &normal, 3, 10), None);
        assert!(kl_from(&[1.0; 9], &normal, 3, 10).is_some());
    }

    proptest! {
        #[test]
        fn a_distance_is_the_kth_smallest_of_all(seed in 0_u64..999, size in 1_u32..40, k in 1_usize..9, x in -2.0_f64..2.0) {
            prop_assume!(k < size as usize);
            let values = sample(seed, size, 0.0, 1.0);
            let kth = |x: f64, without: Option<usize>| {
                let others = values.iter().enumerate().filter(|(place, _)| Some(*place) != without);
                let mut all: Vec<f64> = others.map(|(_, value)| (value - x).abs()).collect();
                all.sort_by(f64::total_cmp);
                all[k - 1]
            };
            prop_assert_eq!(distance(&values, x, k, None), kth(x, None));
            let place = (seed as usize) % values.len();
            prop_assert_eq!(distance(&values, values[place], k, Some(place)), kth(values[place], Some(place)));
        }
    }
}
