//! The Kullback–Leibler divergence of an empirical distribution from a known one, with what to do about empty bins.

/// What an empty bin counts for; without either, the divergence would be infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Smoothing {
    /// Dirichlet pseudocount a: `P̂_i = (n_i + a) / (n + a·bins)`; ½ is Jeffreys', 1 is Laplace's.
    Pseudocount(f64),
    /// Floor ε: `P̂_i = max(n_i / n, ε)`, not normalised again.
    Floor(f64),
}

/// The estimate of every bin's probability from its count.
pub fn estimate(counts: &[u32], smoothing: Smoothing) -> Vec<f64> {
    let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    match smoothing {
        Smoothing::Pseudocount(a) => {
            let total = total + a * counts.len() as f64;
            counts.iter().map(|count| (f64::from(*count) + a) / total).collect()
        }
        Smoothing::Floor(floor) => {
            counts.iter().map(|count| (f64::from(*count) / total).max(floor)).collect()
        }
    }
}

/// `KL[P‖Q] = Σ p_i ln(p_i / q_i)` in nats (Kullback and Leibler, 1951). A bin with `p_i = 0` adds nothing; one with
/// `q_i = 0 < p_i` makes it infinite.
pub fn kl(p: &[f64], q: &[f64]) -> f64 {
    p.iter().zip(q).filter(|(p, _)| **p > 0.0).map(|(p, q)| p * (p / q).ln()).sum()
}

/// `KL[P‖P̂]` with P̂ estimated from counts.
pub fn kl_of_counts(p: &[f64], counts: &[u32], smoothing: Smoothing) -> f64 {
    kl(p, &estimate(counts, smoothing))
}

/// A table of `ln` by count, so that many histograms of one size are compared without a logarithm a bin.
pub struct Divergence {
    p: Vec<f64>,
    /// `Σ p_i ln p_i`.
    negative_entropy: f64,
    /// `ln P̂` of a bin by its count.
    log_estimate: Vec<f64>,
}

impl Divergence {
    /// For histograms of `total` values over the bins of `p`.
    pub fn new(p: &[f64], total: u32, smoothing: Smoothing) -> Divergence {
        let n = f64::from(total);
        let log_estimate = (0..=total)
            .map(|count| match smoothing {
                Smoothing::Pseudocount(a) => ((f64::from(count) + a) / (n + a * p.len() as f64)).ln(),
                Smoothing::Floor(floor) => (f64::from(count) / n).max(floor).ln(),
            })
            .collect();
        let negative_entropy = p.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum();
        Divergence { p: p.to_vec(), negative_entropy, log_estimate }
    }

    /// `KL[P‖P̂] = Σ p_i ln p_i − Σ p_i ln P̂_i` in nats; none where the counts are not of the declared total or
    /// number of bins.
    pub fn of<T: Copy + Into<u32>>(&self, counts: &[T]) -> Option<f64> {
        if counts.len() != self.p.len() {
            return None;
        }
        let last = self.log_estimate.len() - 1;
        let mut total = 0;
        // Several sums side by side: one alone would wait for each addition.
        let mut cross = [0.0; LANES];
        for (p, counts) in self.p.chunks(LANES).zip(counts.chunks(LANES)) {
            for ((cross, p), count) in cross.iter_mut().zip(p).zip(counts) {
                let count = (*count).into() as usize;
                total += count;
                let log = self.log_estimate[count.min(last)];
                *cross += if *p > 0.0 { p * log } else { 0.0 };
            }
        }
        (total == last).then_some(self.negative_entropy - cross.iter().sum::<f64>())
    }
}

/// Sums that are kept side by side.
const LANES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_table_agrees_with_the_formula(counts in prop::collection::vec(0_u32..40, 2..60), a in 0.01_f64..2.0) {
            let total: u32 = counts.iter().sum();
            prop_assume!(total > 0);
            let p = vec![1.0 / counts.len() as f64; counts.len()];
            for smoothing in [Smoothing::Pseudocount(a), Smoothing::Floor(1e-10)] {
                let fast = Divergence::new(&p, total, smoothing).of(&counts).unwrap();
                prop_assert!((fast - kl_of_counts(&p, &counts, smoothing)).abs() < 1e-10);
            }
        }

        #[test]
        fn with_a_pseudocount_it_is_never_negative(counts in prop::collection::vec(0_u32..40, 2..60)) {
            let p = estimate(&vec![1; counts.len()], Smoothing::Pseudocount(0.0));
            prop_assert!(kl_of_counts(&p, &counts, Smoothing::Pseudocount(0.5)) > -1e-12);
        }
    }

    #[test]
    fn counts_of_another_total_are_refused() {
        let divergence = Divergence::new(&[0.5, 0.5], 4, Smoothing::Pseudocount(0.5));
        assert_eq!(divergence.of(&[1_u32, 2]), None);
        assert_eq!(divergence.of(&[1_u16, 9]), None);
        assert!(divergence.of(&[1_u16, 3]).is_some());
    }
}
