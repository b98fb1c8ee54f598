//! Histograms as densities, beside the density of P(X): what the panels show.

use statistics::histogram::Bins;

/// Share of the values in an outer bin from which the figure says so.
pub const OPEN_FROM: f64 = 0.05;

/// A histogram as a density. The outer bins are open to infinity and so have no density of their own: while they
/// hold little they are drawn as wide as the others, and where they hold much their share is told instead.
#[derive(Clone, Debug, PartialEq)]
pub struct Density {
    /// Lower edge, upper edge and density of each bin that is drawn as a bar.
    pub bars: Vec<(f64, f64, f64)>,
    /// Share of the values in the first bin, and its upper edge, where it holds too much to be a bar.
    pub below: Option<(f64, f64)>,
    /// The same for the last bin, with its lower edge.
    pub above: Option<(f64, f64)>,
}

impl Density {
    /// The density of counts over bins; empty where nothing was counted.
    pub fn new(counts: &[u16], bins: &Bins) -> Density {
        let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
        let width = (bins.upper() - bins.lower()) / bins.count() as f64;
        let mut density = Density { bars: Vec::new(), below: None, above: None };
        if total == 0.0 {
            return density;
        }
        for (index, count) in counts.iter().enumerate() {
            let share = f64::from(*count) / total;
            let (low, high) = (bins.edge(index), bins.edge(index + 1));
            if index == 0 && share > OPEN_FROM {
                density.below = Some((share, high));
            } else if index + 1 == counts.len() && share > OPEN_FROM {
                density.above = Some((share, low));
            } else {
                density.bars.push((low, high, share / width));
            }
        }
        density
    }

    /// The density of values over bins that hold all of them, none open.
    pub fn of_values(values: &[f32], bins: &Bins) -> Density {
        let width = (bins.upper() - bins.lower()) / bins.count() as f64;
        let counts = statistics::histogram::counts(values, bins);
        let density = |count: u32| f64::from(count) / values.len() as f64 / width;
        let bar = |(index, count)| (bins.edge(index), bins.edge(index + 1), density(count));
        let bars = counts.into_iter().enumerate().map(bar).collect();
        Density { bars, below: None, above: None }
    }

    /// The highest bar.
    pub fn peak(&self) -> f64 {
        self.bars.iter().map(|bar| bar.2).fold(0.0, f64::max)
    }

    /// Share of the values in open bins that are not drawn as bars.
    pub fn outside(&self) -> f64 {
        self.below.map_or(0.0, |open| open.0) + self.above.map_or(0.0, |open| open.0)
    }

    /// The bars' outline as a line.
    pub fn outline(&self) -> Vec<(f64, f64)> {
        self.bars.iter().flat_map(|(low, high, density)| [(*low, *density), (*high, *density)]).collect()
    }
}

/// So many bins from the smallest to the largest value; none where all values are equal.
pub fn bins_of(values: &[f32], count: usize) -> Option<Bins> {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    Bins::new(f64::from(low), f64::from(high), count)
}

/// The density of N(0, sd²) at `x`.
pub fn normal(x: f64, sd: f64) -> f64 {
    (-0.5 * (x / sd).powi(2)).exp() / (sd * (2.0 * std::f64::consts::PI).sqrt())
}

/// The curve of N(0, sd²) between two values.
pub fn normal_curve(low: f64, high: f64, sd: f64) -> Vec<(f64, f64)> {
    const POINTS: usize = 160;
    let at = |index: usize| low + (high - low) * index as f64 / POINTS as f64;
    (0..=POINTS).map(|index| (at(index), normal(at(index), sd))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bins() -> Bins {
        Bins::new(-128.0, 128.0, 4).unwrap()
    }

    #[test]
    fn a_density_integrates_to_the_share_that_it_shows() {
        let density = Density::new(&[1, 50, 48, 1], &bins());
        let area: f64 = density.bars.iter().map(|(low, high, height)| (high - low) * height).sum();
        assert!((area - 1.0).abs() < 1e-12);
        assert_eq!((density.below, density.above), (None, None));
    }

    #[test]
    fn a_full_outer_bin_is_no_bar_because_it_is_open_to_infinity() {
        let density = Density::new(&[60, 10, 24, 6], &bins());
        assert_eq!(density.below, Some((0.6, -64.0)));
        assert_eq!(density.above, Some((0.06, 64.0)));
        assert_eq!(density.bars.len(), 2);
        assert!((density.outside() - 0.66).abs() < 1e-12);
    }

    #[test]
    fn bins_from_the_smallest_to_the_largest_value_hold_every_value() {
        let values = [3.0, 1.0, 2.0, 5.0];
        let bins = bins_of(&values, 4).unwrap();
        let density = Density::of_values(&values, &bins);
        assert_eq!((bins.lower(), bins.upper()), (1.0, 5.0));
        assert_eq!(density.bars.iter().map(|bar| bar.2).collect::<Vec<_>>(), [0.25, 0.25, 0.25, 0.25]);
        assert!(bins_of(&[2.0, 2.0], 4).is_none(), "equal values have no scale of their own");
    }

    #[test]
    fn everything_outside_leaves_no_bars_and_no_error() {
        let density = Density::new(&[9, 0, 0, 0], &bins());
        assert_eq!(density.peak(), 0.0);
        assert_eq!(Density::new(&[0, 0, 0, 0], &bins()).bars, []);
    }

    #[test]
    fn the_curve_is_that_of_p_of_x() {
        assert!((normal(0.0, 32.0) - 0.012_466_9).abs() < 1e-6);
        assert_eq!(normal_curve(-128.0, 128.0, 32.0).len(), 161);
    }
}
