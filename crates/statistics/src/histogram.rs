//! Empirical distributions over fixed bins (Eq. 8), and a known distribution over the same bins.

use pulp::{Arch, Simd, WithSimd};

use crate::distribution::Distribution;
use crate::summary;

/// Bins between ascending edges. The first is open to minus infinity and the last to plus infinity, so that no value and no
/// probability is lost.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    lower: f64,
    upper: f64,
    count: usize,
    /// Bins in a unit of the values, where all have the same width.
    per_unit: Option<f64>,
    edges: Vec<f64>,
}

impl Bins {
    /// `count` bins of equal width on `[lower, upper]`; none where the range is empty, not finite, or `count` is 0.
    pub fn new(lower: f64, upper: f64, count: usize) -> Option<Bins> {
        if !(lower.is_finite() && upper.is_finite() && lower < upper && count > 0) {
            return None;
        }
        let edges = (0..=count).map(|index| lower + (upper - lower) * index as f64 / count as f64).collect();
        Some(Bins { lower, upper, count, per_unit: Some(count as f64 / (upper - lower)), edges })
    }

    /// Bins between these edges; none where there are fewer than two, or they do not ascend or are not finite.
    pub fn between(edges: Vec<f64>) -> Option<Bins> {
        let (lower, upper) = (*edges.first()?, *edges.last()?);
        let ascends = edges.is_sorted_by(|a, b| a < b);
        (edges.len() >= 2 && ascends && lower.is_finite() && upper.is_finite()).then(|| Bins {
            lower,
            upper,
            count: edges.len() - 1,
            per_unit: None,
            edges,
        })
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
        let Some(per_unit) = self.per_unit else {
            return Some(self.edges[1..=last].partition_point(|edge| *edge <= value));
        };
        // The cast takes what is below the first edge to 0.
        let mut index = (((value - self.lower) * per_unit) as usize).min(last);
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

/// The same for values in ascending order, which are found edge by edge.
pub fn counts_of_sorted(sorted: &[f64], bins: &Bins) -> Vec<u32> {
    let inner = bins.edges[1..bins.count].iter().map(|edge| sorted.partition_point(|value| value < edge));
    let mut before = 0;
    inner.chain([sorted.len()]).map(|below| (below - std::mem::replace(&mut before, below)) as u32).collect()
}

/// A histogram over many samples of float32 values: [`counts`] made fast, with the same result.
///
/// Where all bins have one width, a value's bin is first found in float32, for a whole vector of values at once. Where that
/// lies so near to an edge that rounding could matter, [`Bins::index`] decides in double precision; of a normal sample that
/// is one value in twenty thousand.
#[derive(Clone, Debug)]
pub struct Histogram {
    bins: Bins,
    /// The bin of each value; `bins.count` where float32 can't tell.
    indices: Vec<u32>,
    /// Counts of every fourth value in each of four tables, so that two equal values in a row don't wait for each other.
    tables: [Vec<u32>; 4],
}

/// `place = value · slope + offset`, half a bin less than the value's distance from the first edge in bins: to the
/// nearest whole number it is the bin.
#[derive(Clone, Copy)]
struct Line {
    slope: f32,
    offset: f32,
    /// The last bin.
    last: f32,
    /// As far from the nearest whole number as the place may be for its bin to be certain.
    certain: f32,
    /// What stands for a bin that is not.
    uncertain: u32,
}

/// Added to a float32 from 0 to 2²³, it leaves the nearest whole number in the low bits.
const WHOLE: f32 = 8_388_608.0;

impl Histogram {
    /// Nothing counted yet.
    pub fn new(bins: Bins) -> Histogram {
        // One slot more for the values whose bin is uncertain.
        let tables = std::array::from_fn(|_| vec![0; bins.count + 1]);
        Histogram { bins, indices: Vec::new(), tables }
    }

    /// The bins.
    pub fn bins(&self) -> &Bins {
        &self.bins
    }

    /// The counts of `values`; one that `counted` can't hold is its largest. NaN is not counted.
    pub fn count(&mut self, values: &[f32], counted: &mut [u16]) {
        self.count_moved(values, 0.0, 1.0, counted);
    }

    /// The counts of `values` moved to mean 0 and standard deviation `sd`, as [`standardise`] moves them.
    ///
    /// [`standardise`]: crate::summary::standardise
    pub fn count_standardised(&mut self, values: &[f32], sd: f64, counted: &mut [u16]) {
        let moments = summary::moments(values);
        self.count_moved(values, moments.mean, moments.scale_to(sd), counted);
    }

    /// The counts of `(value − shift) · scale`.
    fn count_moved(&mut self, values: &[f32], shift: f64, scale: f64, counted: &mut [u16]) {
        let Histogram { bins, indices, tables } = self;
        let Some(line) = Line::new(bins, shift, scale) else {
            let moved: Vec<f64> = values.iter().map(|value| (f64::from(*value) - shift) * scale).collect();
            for (counted, count) in counted.iter_mut().zip(counts(&moved, bins)) {
                *counted = u16::try_from(count).unwrap_or(u16::MAX);
            }
            return;
        };
        indices.resize(values.len(), 0);
        tables.iter_mut().for_each(|table| table.fill(0));
        Arch::new().dispatch(Places { line, values, indices });
        tally(indices, tables);
        let [first, rest @ ..] = tables;
        for table in rest {
            first.iter_mut().zip(&*table).for_each(|(sum, count)| *sum += count);
        }
        if first.last().is_some_and(|uncertain| *uncertain > 0) {
            let uncertain = indices.iter().zip(values).filter(|(index, _)| **index == line.uncertain);
            for index in uncertain.filter_map(|(_, value)| bins.index((f64::from(*value) - shift) * scale)) {
                first[index] += 1;
            }
        }
        for (counted, count) in counted.iter_mut().zip(first) {
            *counted = u16::try_from(*count).unwrap_or(u16::MAX);
        }
    }
}

fn tally(indices: &[u32], tables: &mut [Vec<u32>; 4]) {
    let [a, b, c, d] = tables.each_mut().map(Vec::as_mut_slice);
    let (fours, rest) = indices.as_chunks::<4>();
    for [i, j, k, l] in fours {
        a[*i as usize] += 1;
        b[*j as usize] += 1;
        c[*k as usize] += 1;
        d[*l as usize] += 1;
    }
    rest.iter().for_each(|index| a[*index as usize] += 1);
}

impl Line {
    /// None where the bins have several widths.
    fn new(bins: &Bins, shift: f64, scale: f64) -> Option<Line> {
        let per_unit = bins.per_unit?;
        let slope = scale * per_unit;
        let offset = -shift * slope - bins.lower * per_unit - 0.5;
        let count = bins.count as f64;
        // Slope, offset, product and sum are rounded once each to within 2⁻²⁴ of terms no larger than these; the edges,
        // in double precision, are as large as the outer ones. Four times that is on the safe side.
        let float32 =
            f64::from(f32::EPSILON) * (2.0 * (offset.abs() + shift.abs() * slope.abs()) + 2.0 * count);
        let float64 = 8.0 * f64::EPSILON * bins.lower.abs().max(bins.upper.abs()) * per_unit;
        let certain = 0.5 - float32 - float64;
        // A slope that float32 does not hold with all its digits makes every place uncertain.
        let certain = if (slope as f32).is_normal() && certain.is_finite() { certain } else { -1.0 };
        Some(Line {
            slope: slope as f32,
            offset: offset as f32,
            last: (bins.count - 1) as f32,
            certain: certain as f32,
            uncertain: bins.count as u32,
        })
    }
}

/// Finding the bins of values, as the machine's vectors do it.
struct Places<'a> {
    line: Line,
    values: &'a [f32],
    indices: &'a mut [u32],
}

impl WithSimd for Places<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Places { line, values, indices } = self;
        for (index, value) in indices.iter_mut().zip(values) {
            let place = value * line.slope + line.offset;
            // The outer bins are open. These comparisons leave NaN as it is, so that it becomes uncertain.
            let place = if place < 0.0 { 0.0 } else { place };
            let place = if place > line.last { line.last } else { place };
            let moved = place + WHOLE;
            let rest = (place - (moved - WHOLE)).abs();
            let bin = moved.to_bits().wrapping_sub(WHOLE.to_bits());
            *index = if rest <= line.certain { bin } else { line.uncertain };
        }
    }
}

/// The probability of every bin under a known distribution, the outer bins with their whole tails. Sums to 1.
pub fn probabilities(bins: &Bins, known: &Distribution) -> Vec<f64> {
    // Each bin is measured from its nearer tail, where the difference of two small numbers loses nothing; what lies above an
    // edge is what lies below its mirror image.
    let mean = known.mean();
    let below = |index: usize| if index == 0 { 0.0 } else { known.cdf(bins.edge(index)) };
    let above = |index: usize| {
        if index == bins.count { 0.0 } else { known.cdf(2.0 * mean - bins.edge(index)) }
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
    use crate::distribution::Family;
    use proptest::prelude::*;

    #[test]
    fn a_value_on_an_edge_belongs_to_the_bin_above_and_the_outer_bins_are_open() {
        let bins = Bins::new(-128.0, 128.0, 64).unwrap();
        assert_eq!(counts(&[-1e9_f64, -128.0, -124.0, 0.0, 127.9, 128.0, f64::INFINITY], &bins)[..2], [2, 1]);
        assert_eq!(bins.index(0.0), Some(32));
        assert_eq!(bins.index(128.0), Some(63));
        assert_eq!(bins.index(f64::NAN), None);
    }

    /// What a histogram must give, value by value.
    fn plainly(values: &[f64], bins: &Bins) -> Vec<u16> {
        counts(values, bins).into_iter().map(|count| count as u16).collect()
    }

    fn check(values: &[f32], bins: &Bins) -> Result<(), TestCaseError> {
        let mut sorted: Vec<f64> =
            values.iter().copied().filter(|value| !value.is_nan()).map(f64::from).collect();
        sorted.sort_by(f64::total_cmp);
        prop_assert_eq!(counts_of_sorted(&sorted, bins), counts(&sorted, bins));
        let mut histogram = Histogram::new(bins.clone());
        let mut counted = vec![7; bins.count()];
        histogram.count(values, &mut counted);
        let doubles: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
        prop_assert_eq!(&counted, &plainly(&doubles, bins));
        histogram.count_standardised(values, 32.0, &mut counted);
        prop_assert_eq!(&counted, &plainly(&summary::standardise(values, 32.0), bins));
        Ok(())
    }

    /// Values in some range; often just at an edge or next to one; seldom no number at all.
    fn values(bins: Bins) -> impl Strategy<Value = Vec<f32>> {
        let edges = bins.count();
        let edge = move |index: usize| bins.edge(index) as f32;
        let near = edge.clone();
        prop::collection::vec(
            prop_oneof![
                4 => -200.0_f32..200.0,
                2 => (0..=edges).prop_map(edge),
                2 => (0..=edges, any::<bool>()).prop_map(move |(index, up)| if up { near(index).next_up() } else { near(index).next_down() }),
                1 => prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY), Just(f32::MAX), Just(0.0), Just(-0.0), Just(f32::MIN_POSITIVE)],
            ],
            0..1100,
        )
    }

    fn some_bins() -> impl Strategy<Value = Bins> {
        let range = prop_oneof![
            Just((-128.0, 128.0)),
            (-200.0_f64..0.0, 1e-6_f64..400.0).prop_map(|(lower, width)| (lower, lower + width)),
            Just((1e9 - 1.0, 1e9)),
            Just((-1e9, 1e9)),
            Just((0.0, 1e-30)),
        ];
        let equal = (range, 1_usize..300)
            .prop_filter_map("bins", |((lower, upper), count)| Bins::new(lower, upper, count));
        let any = prop::collection::vec(-200.0_f64..200.0, 2..60).prop_filter_map("bins", |mut edges| {
            edges.sort_by(f64::total_cmp);
            edges.dedup();
            Bins::between(edges)
        });
        prop_oneof![3 => equal, 1 => any]
    }

    proptest! {
        #[test]
        fn a_fast_histogram_counts_what_the_edges_say((bins, values) in some_bins().prop_flat_map(|bins| (Just(bins.clone()), values(bins)))) {
            check(&values, &bins)?;
        }

        #[test]
        fn energies_far_from_zero_are_counted_as_the_edges_say(seed in 0_u64..10_000, mean in -1e5_f64..1e5, sd in 1e-4_f64..1e4) {
            let mut random = crate::random::split(seed, "energies", 0);
            let values: Vec<f32> = (0..900).map(|_| (mean + sd * crate::random::standard_normal(&mut random)) as f32).collect();
            check(&values, &Bins::new(-128.0, 128.0, 64).unwrap())?;
        }
    }

    #[test]
    fn a_count_that_does_not_fit_is_the_largest() {
        let mut histogram = Histogram::new(Bins::new(-1.0, 1.0, 2).unwrap());
        let mut counted = [0; 2];
        histogram.count(&vec![0.5; 70_000], &mut counted);
        assert_eq!(counted, [0, u16::MAX]);
        histogram.count_standardised(&[3.0; 9], 32.0, &mut counted);
        assert_eq!(counted, [0, 9], "all equal: all 0");
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
            let normal = Distribution::new(Family::Normal, mean, sd).unwrap();
            let sum: f64 = probabilities(&bins, &normal).iter().sum();
            prop_assert!((sum - 1.0).abs() < 1e-12);
        }
    }
}
