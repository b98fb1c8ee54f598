//! Every way that is used to say how far a sample lies from a known distribution, each by one name.

use crate::distance::{anderson_darling, kolmogorov_smirnov, wasserstein};
use crate::distribution::Distribution;
use crate::divergence::{Smoothing, kl_of_counts};
use crate::edges;
use crate::histogram::{Bins, counts_of_sorted, probabilities};
use crate::neighbours::{kl_from, kl_to};
use crate::null::Null;
use crate::summary::{mean, sd};

/// Where the edges of a histogram's bins are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edges {
    /// So many bins of one width, over four standard deviations of P(X) to either side.
    EqualWidth(usize),
    /// So many bins, equally probable under P(X).
    EqualProbability(usize),
    /// By the sample, as Freedman and Diaconis say.
    FreedmanDiaconis,
    /// By the sample, as Knuth says.
    Knuth,
}

/// A way to say how far a sample lies from P(X).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Estimator {
    /// KL[P(X)‖P̂] by a histogram, in nats.
    Histogram(Edges, Smoothing),
    /// KL[P(X)‖P̂] by distances to the k-th nearest neighbour, in nats.
    NeighboursFrom(usize),
    /// KL[P̂‖P(X)] by distances to the k-th nearest neighbour, in nats.
    NeighboursTo(usize),
    /// Kolmogorov's and Smirnov's distance, 0 to 1.
    KolmogorovSmirnov,
    /// Anderson's and Darling's A², which grows with the sample.
    AndersonDarling,
    /// Wasserstein's distance of order 1, in the values' own unit.
    Wasserstein,
    /// The sample's mean: where P̂ lies, apart from its shape.
    Mean,
    /// The sample's standard deviation: how wide P̂ is, apart from its shape.
    Sd,
}

/// Bins of a histogram by the sample at most: more than a sample of a thousand values can fill.
const MOST_BINS: usize = 200;

/// Neighbours that are looked at: few are noisy, many smooth over what is small.
const NEIGHBOURS: usize = 5;

/// Places at which P̂ is estimated by neighbours.
const PLACES: usize = 200;

/// The estimators that are compared: those of the paper's kind (fine bins and a floor), the usual pseudocounts, bins by rule,
/// and those without bins.
pub fn all() -> Vec<Estimator> {
    let (jeffreys, laplace) = (Smoothing::Pseudocount(0.5), Smoothing::Pseudocount(1.0));
    let floors = [1e-6, 1e-10, 1e-16].map(Smoothing::Floor);
    let mut all = Vec::new();
    for count in [32, 64, 128, 256] {
        all.extend(
            [jeffreys, laplace].map(|smoothing| Estimator::Histogram(Edges::EqualWidth(count), smoothing)),
        );
        all.extend(floors.map(|smoothing| Estimator::Histogram(Edges::EqualWidth(count), smoothing)));
    }
    for edges in
        [Edges::EqualProbability(32), Edges::EqualProbability(64), Edges::FreedmanDiaconis, Edges::Knuth]
    {
        all.extend([jeffreys, floors[1]].map(|smoothing| Estimator::Histogram(edges, smoothing)));
    }
    all.extend([
        Estimator::NeighboursFrom(NEIGHBOURS),
        Estimator::NeighboursTo(NEIGHBOURS),
        Estimator::KolmogorovSmirnov,
        Estimator::AndersonDarling,
        Estimator::Wasserstein,
        Estimator::Mean,
        Estimator::Sd,
    ]);
    all
}

impl Edges {
    /// Its name in tables.
    pub fn name(&self) -> String {
        match self {
            Edges::EqualWidth(count) => format!("equal-width {count}"),
            Edges::EqualProbability(count) => format!("equal-probability {count}"),
            Edges::FreedmanDiaconis => "freedman-diaconis".to_owned(),
            Edges::Knuth => "knuth".to_owned(),
        }
    }

    /// Bins that do not depend on the sample.
    fn fixed(&self, known: &Distribution) -> Option<Bins> {
        match *self {
            Edges::EqualWidth(count) => {
                let (mean, reach) = (known.mean(), 4.0 * known.sd());
                Bins::new(mean - reach, mean + reach, count)
            }
            Edges::EqualProbability(count) => edges::equal_probability(known, count),
            Edges::FreedmanDiaconis | Edges::Knuth => None,
        }
    }

    /// Bins by the sample.
    fn of_sample(&self, sorted: &[f64]) -> Option<Bins> {
        match self {
            Edges::FreedmanDiaconis => edges::freedman_diaconis(sorted, MOST_BINS),
            Edges::Knuth => edges::knuth(sorted, MOST_BINS),
            Edges::EqualWidth(_) | Edges::EqualProbability(_) => None,
        }
    }
}

impl Estimator {
    /// Its names in tables.
    pub fn names(&self) -> Names {
        let plain = |statistic| Names { statistic, bins: String::new(), smoothing: String::new() };
        match self {
            Estimator::Histogram(edges, smoothing) => {
                let smoothing = match smoothing {
                    Smoothing::Pseudocount(a) => format!("pseudocount {a}"),
                    Smoothing::Floor(floor) => format!("floor {floor:e}"),
                };
                Names { statistic: "kl", bins: edges.name(), smoothing }
            }
            Estimator::NeighboursFrom(_) => plain("kl_neighbours"),
            Estimator::NeighboursTo(_) => plain("kl_reversed_neighbours"),
            Estimator::KolmogorovSmirnov => plain("kolmogorov_smirnov"),
            Estimator::AndersonDarling => plain("anderson_darling"),
            Estimator::Wasserstein => plain("wasserstein"),
            Estimator::Mean => plain("mean"),
            Estimator::Sd => plain("sd"),
        }
    }

    /// Whether a sample's value is as near as those of exact samples: at most the null's 97.5 % quantile, and for the mean and
    /// the standard deviation, which can miss on both sides, within its range.
    pub fn is_within(&self, value: f64, null: &Null) -> bool {
        let misses_below = matches!(self, Estimator::Mean | Estimator::Sd);
        value <= null.high && (!misses_below || value >= null.low)
    }

    /// Makes it ready for many samples that are held against one distribution.
    pub fn against(self, known: Distribution) -> Against {
        let fixed = match self {
            Estimator::Histogram(edges, _) => edges.fixed(&known),
            _ => None,
        };
        let fixed = fixed.map(|bins| (probabilities(&bins, &known), bins));
        Against { estimator: self, known, fixed }
    }
}

/// An estimator's statistic, its bins and its smoothing, as tables name them; the last two are empty where there are none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Names {
    /// The statistic.
    pub statistic: &'static str,
    /// Where the edges of its bins are.
    pub bins: String,
    /// What is done about empty bins.
    pub smoothing: String,
}

/// An estimator and the distribution that samples are held against.
#[derive(Clone, Debug)]
pub struct Against {
    estimator: Estimator,
    known: Distribution,
    /// Bins that do not depend on the sample, and their probabilities.
    fixed: Option<(Vec<f64>, Bins)>,
}

impl Against {
    /// The estimator.
    pub fn estimator(&self) -> Estimator {
        self.estimator
    }

    /// The statistic of a sample in ascending order. None where it has none: an empty sample, no width for bins by the
    /// sample, too few or too many equal values for neighbours, an impossible value.
    pub fn of(&self, sorted: &[f64]) -> Option<f64> {
        if sorted.is_empty() {
            return None;
        }
        let known = &self.known;
        let value = match self.estimator {
            Estimator::Histogram(edges, smoothing) => match &self.fixed {
                Some((p, bins)) => kl_of_counts(p, &counts_of_sorted(sorted, bins), smoothing),
                None => {
                    let bins = edges.of_sample(sorted)?;
                    kl_of_counts(&probabilities(&bins, known), &counts_of_sorted(sorted, &bins), smoothing)
                }
            },
            Estimator::NeighboursFrom(k) => kl_from(sorted, known, k, PLACES)?,
            Estimator::NeighboursTo(k) => kl_to(sorted, known, k)?,
            Estimator::KolmogorovSmirnov => kolmogorov_smirnov(sorted, known),
            Estimator::AndersonDarling => anderson_darling(sorted, known),
            Estimator::Wasserstein => wasserstein(sorted, known),
            Estimator::Mean => mean(sorted),
            Estimator::Sd => sd(sorted),
        };
        value.is_finite().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::distribution::Family;
    use crate::null;

    #[test]
    fn every_estimator_has_a_name_of_its_own() {
        let names: HashSet<_> = all().iter().map(Estimator::names).collect();
        assert_eq!(names.len(), all().len());
    }

    /// The share of 60 samples with twice the standard deviation that an estimator takes for exact ones.
    fn missed(estimator: Estimator) -> f64 {
        let known = Distribution::new(Family::Normal, 0.0, 32.0).unwrap();
        let wide = Distribution::new(Family::Normal, 0.0, 64.0).unwrap();
        let against = estimator.against(known);
        let of =
            |from, first: u64| (first..first + 60).map(move |draw| null::sorted_sample(from, 900, 1, draw));
        let null = Null::of(of(&known, 0).filter_map(|sample| against.of(&sample)).collect());
        let taken = of(&wide, 60).filter_map(|sample| against.of(&sample));
        taken.filter(|value| estimator.is_within(*value, &null)).count() as f64 / 60.0
    }

    #[test]
    fn a_sample_twice_as_wide_is_seen_by_every_estimator_without_a_floor() {
        let has_floor = |one: &Estimator| matches!(one, Estimator::Histogram(_, Smoothing::Floor(_)));
        for estimator in all().into_iter().filter(|one| *one != Estimator::Mean && !has_floor(one)) {
            assert_eq!(missed(estimator), 0.0, "{estimator:?}");
        }
    }

    #[test]
    fn the_sign_of_a_sample_changes_nothing_but_its_mean() {
        let known = Distribution::new(Family::Normal, 0.0, 32.0).unwrap();
        let sample = null::sorted_sample(&Distribution::new(Family::Laplace, 9.0, 50.0).unwrap(), 900, 1, 0);
        let turned: Vec<f64> = sample.iter().rev().map(|value| -value).collect();
        for estimator in all().into_iter().filter(|one| *one != Estimator::Mean) {
            let against = estimator.against(known);
            let (plain, turned) = (against.of(&sample).unwrap(), against.of(&turned).unwrap());
            assert!((plain - turned).abs() < 1e-9 * plain, "{estimator:?}: {plain}, {turned}");
        }
    }

    #[test]
    fn fine_bins_with_a_small_floor_hardly_see_it() {
        // A bin that is empty by chance costs more there than the wrong width does.
        assert!(missed(Estimator::Histogram(Edges::EqualWidth(64), Smoothing::Floor(1e-16))) > 0.3);
    }
}
