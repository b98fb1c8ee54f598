//! Empirical distributions over fixed bins (Eq. 8), and a normal distribution over the same bins.

/// Bins of equal width on `[lower, upper]`. The first is open to minus infinity and the last to plus infinity, so
/// that no value and no probability is lost.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    lower: f64,
    upper: f64,
    count: usize,
    per_unit: f64,
    edges: Vec<f64>,
}

impl Bins {
    /// `count` bins on `[lower, upper]`; none where the range is empty, not finite, or `count` is 0.
    pub fn new(lower: f64, upper: f64, count: usize) -> Option<Bins> {
        if !(lower.is_finite() && upper.is_finite() && lower < upper && count > 0) {
            return None;
        }
        let edges = (0..=count).map(|index| lower + (upper - lower) * index as f64 / count as f64).collect();
        Some(Bins { lower, upper, count, per_unit: count as f64 / (upper - lower), edges })
    }

    /// How many bins there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where the first bin would begin if it were not open.
    pub fn lower(&self) -> f64 {
        self.lower
    }

    /// Where the last bin would end if it were not open.
    pub fn upper(&self) -> f64 {
        self.upper
    }

    /// The edge between bin `index - 1` and bin `index`.
    pub fn edge(&self, index: usize) -> f64 {
        self.edges[index]
    }

    /// The bin of a value: the `i` with `edge(i) <= value < edge(i + 1)`. NaN falls into no bin.
    pub fn index(&self, value: f64) -> Option<usize> {
        if value.is_nan() {
            return None;
        }
        let last = self.count - 1;
        // The cast takes what is below the first edge to 0.
        let mut index = (((value - self.lower) * self.per_unit) as usize).min(last);
        // Rounding may miss by one next to an edge; the edge itself decides.
        while index < last && value >= self.edges[index + 1] {
            index += 1;
        }
        while index > 0 && value < self.edges[index] {
            index -= 1;
        }
        Some(index)
    }
}

/// Counts of values by bin: the numerator of Eq. 8, whose `P̂(B_i)` is the count of `B_i` over the number of values.
/// NaN is not counted.
pub fn counts<T: Copy + Into<f64>>(values: &[T], bins: &Bins) -> Vec<u32> {
    let mut counts = vec![0; bins.count];
    for value in values {
        if let Some(index) = bins.index((*value).into()) {
            counts[index] += 1;
        }
    }
    counts
}

/// The cumulative distribution of N(mean, sd²): `½ erfc(−(x − mean) / (sd √2))`.
pub fn normal_cdf(x: f64, mean: f64, sd: f64) -> f64 {
    0.5 * libm::erfc(-(x - mean) / (sd * std::f64::consts::SQRT_2))
}

/// The probability of every bin under N(mean, sd²), the outer bins with their whole tails. Sums to 1.
pub fn normal_probabilities(bins: &Bins, mean: f64, sd: f64) -> Vec<f64> {
    // Each bin is measured from its nearer tail, where the difference of two small numbers loses nothing.
    let below = |index: usize| if index == 0 { 0.0 } else { normal_cdf(bins.edge(index), mean, sd) };
    let above = |index: usize| {
        if index == bins.count { 0.0 } else { normal_cdf(2.0 * mean - bins.edge(index), mean, sd) }
    };
    (0..bins.count)
        .map(|index| {
            if bins.edge(index) < mean {
                if index + 1 == bins.count { 1.0 - below(index) } else { below(index + 1) - below(index) }
            } else if index == 0 {
                1.0 - above(1)
            } else {
                above(index) - above(index + 1)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_on_an_edge_belongs_to_the_bin_above_and_the_outer_bins_are_open() {
        let bins = Bins::new(-128.0, 128.0, 64).unwrap();
        assert_eq!(counts(&[-1e9_f64, -128.0, -124.0, 0.0, 127.9, 128.0, f64::INFINITY], &bins)[..2], [2, 1]);
        assert_eq!(bins.index(0.0), Some(32));
        assert_eq!(bins.index(128.0), Some(63));
        assert_eq!(bins.index(f64::NAN), None);
    }

    proptest! {
        #[test]
        fn every_value_falls_into_exactly_the_bin_whose_edges_hold_it(value in -200.0_f64..200.0, count in 1_usize..300) {
            let bins = Bins::new(-128.0, 128.0, count).unwrap();
            let index = bins.index(value).unwrap();
            prop_assert!(index == 0 || bins.edge(index) <= value);
            prop_assert!(index == count - 1 || value < bins.edge(index + 1));
        }

        #[test]
        fn probabilities_of_a_normal_sum_to_one(mean in -50.0_f64..50.0, sd in 0.5_f64..200.0, count in 1_usize..300) {
            let bins = Bins::new(-128.0, 128.0, count).unwrap();
            let sum: f64 = normal_probabilities(&bins, mean, sd).iter().sum();
            prop_assert!((sum - 1.0).abs() < 1e-12);
        }
    }
}
