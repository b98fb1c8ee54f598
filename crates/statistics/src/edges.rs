//! Where the edges of a histogram's bins are set: by the distribution that it is compared with, or by the sample.

use crate::distribution::Distribution;
use crate::histogram::{Bins, counts_of_sorted};
use crate::summary::quantile_of_sorted;

/// Bins that all have the same probability under a known distribution. The outer two are open; their far edges, which
/// nothing depends on, are set at half a bin's probability.
///
/// None where `count` is 0.
pub fn equal_probability(known: &Distribution, count: usize) -> Option<Bins> {
    let share = |edge: usize| match edge {
        0 => 0.5 / count as f64,
        edge if edge == count => 1.0 - 0.5 / count as f64,
        edge => edge as f64 / count as f64,
    };
    match count {
        1 => Bins::between(vec![known.mean() - known.sd(), known.mean() + known.sd()]),
        count => Bins::between((0..=count).map(|edge| known.quantile(share(edge))).collect()),
    }
}

/// Bins of equal width between the least and the largest value, `⌈(max − min) / h⌉` of them with
/// `h = 2 (Q₀.₇₅ − Q₀.₂₅) / n^⅓` (Freedman and Diaconis, 1981); one where h is 0, at most `most`.
///
/// `sorted` ascends. None where all values are equal or one is not finite.
pub fn freedman_diaconis(sorted: &[f64], most: usize) -> Option<Bins> {
    let (low, high) = (*sorted.first()?, *sorted.last()?);
    let spread = quantile_of_sorted(sorted, 0.75) - quantile_of_sorted(sorted, 0.25);
    let width = 2.0 * spread / (sorted.len() as f64).cbrt();
    let count = if width > 0.0 { ((high - low) / width).ceil() } else { 1.0 };
    Bins::new(low, high, (count as usize).clamp(1, most.max(1)))
}

/// Bins of equal width between the least and the largest value, as many (at most `most`) as are most probable given the
/// sample: the M with the largest `n ln M + ln Γ(M/2) − M ln Γ(½) − ln Γ(n + M/2) + Σ ln Γ(n_k + ½)` (Knuth, 2006, Eq. 31).
///
/// `sorted` ascends. None where all values are equal or one is not finite.
pub fn knuth(sorted: &[f64], most: usize) -> Option<Bins> {
    let (low, high) = (*sorted.first()?, *sorted.last()?);
    let n = sorted.len() as f64;
    let of_count: Vec<f64> = (0..=sorted.len()).map(|count| libm::lgamma(count as f64 + 0.5)).collect();
    let log_posterior = |bins: &Bins| {
        let m = bins.count() as f64;
        let filled: f64 = counts_of_sorted(sorted, bins).iter().map(|count| of_count[*count as usize]).sum();
        n * m.ln() + libm::lgamma(0.5 * m) - m * libm::lgamma(0.5) - libm::lgamma(n + 0.5 * m) + filled
    };
    let all = (1..=most.max(1)).map_while(|count| Bins::new(low, high, count));
    let judged = all.map(|bins| (log_posterior(&bins), bins));
    // Of equally probable ones, the fewest.
    let best = judged.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, bins)| bins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Family;
    use crate::histogram::probabilities;

    #[test]
    fn equally_probable_bins_are() {
        let normal = Distribution::new(Family::Normal, 4.0, 32.0).unwrap();
        for count in [1, 2, 7, 256] {
            let bins = equal_probability(&normal, count).unwrap();
            let probabilities = probabilities(&bins, &normal);
            assert_eq!(probabilities.len(), count);
            assert!(probabilities.iter().all(|p| (p * count as f64 - 1.0).abs() < 1e-9), "{probabilities:?}");
        }
        assert_eq!(equal_probability(&normal, 0), None);
    }

    #[test]
    fn a_sample_without_width_has_no_bins_of_its_own() {
        assert_eq!(freedman_diaconis(&[3.0; 9], 100), None);
        assert_eq!(knuth(&[3.0; 9], 100), None);
        assert_eq!(knuth(&[], 100), None);
        assert_eq!(freedman_diaconis(&[1.0, f64::INFINITY], 100), None);
    }

    #[test]
    fn a_sample_that_repeats_itself_has_one_bin_of_freedmans_and_diaconis() {
        assert_eq!(freedman_diaconis(&[0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 9.0], 100).unwrap().count(), 1);
    }

    #[test]
    fn two_far_heaps_need_more_than_one_bin_and_a_flat_sample_only_one() {
        let flat: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(knuth(&flat, 60).unwrap().count(), 1);
        let heaps: Vec<f64> =
            (0..1000).map(|i| f64::from(i % 100) + if i < 500 { 0.0 } else { 900.0 }).collect();
        let mut heaps = heaps;
        heaps.sort_by(f64::total_cmp);
        assert!(knuth(&heaps, 60).unwrap().count() > 3);
    }
}
