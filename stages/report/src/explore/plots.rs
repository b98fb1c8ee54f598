//! Bars and axes for the page to draw: heights as bytes, ticks as shares of an axis with their labels.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::density::{Density, normal, normal_curve};
use crate::scale::Axis;
use crate::words;

/// One plot of bars.
#[derive(Serialize)]
pub struct Plot {
    /// Height of every bar, 0 to 255 parts of the vertical axis, in base64.
    bars: String,
    /// The horizontal axis, by its place among the axes.
    x: usize,
    /// The vertical axis.
    y: usize,
    /// The curve of P(X), by its place among the curves, and the height of its peak as a share of the vertical axis.
    #[serde(skip_serializing_if = "Option::is_none")]
    prior: Option<(usize, f64)>,
    /// Share of the values in the first bin where it is too much for a bar.
    #[serde(skip_serializing_if = "Option::is_none")]
    below: Option<String>,
    /// The same of the last bin.
    #[serde(skip_serializing_if = "Option::is_none")]
    above: Option<String>,
    /// The bar that stands for the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    marked: Option<usize>,
    /// What it shows, in words.
    says: String,
}

/// What the plots share, each once.
#[derive(Default, Serialize)]
pub struct Shared {
    axes: Vec<Ticks>,
    /// Densities along the horizontal axis, as shares of their peak.
    curves: Vec<Vec<f64>>,
}

/// An axis: its title, and its ticks from 0 to 1 with their labels.
#[derive(Serialize, PartialEq)]
struct Ticks {
    title: String,
    ticks: Vec<(f64, String)>,
}

impl Shared {
    /// The place of an axis among the axes.
    fn axis(&mut self, axis: &Axis) -> usize {
        let share = |tick: f64| rounded((tick - axis.low) / (axis.high - axis.low));
        let ticks = axis.ticks.iter().map(|tick| (share(*tick), axis.label(*tick))).collect();
        once(&mut self.axes, Ticks { title: axis.title.clone(), ticks })
    }

    /// The place of the density of N(0, sd²) over a range among the curves.
    fn curve(&mut self, (low, high): (f64, f64), sd: f64) -> usize {
        let points = normal_curve(low, high, sd).into_iter();
        once(&mut self.curves, points.map(|(_, height)| rounded(height / normal(0.0, sd))).collect())
    }

    /// A histogram over `range`, beside the density of N(0, sd²) where `sd` is given.
    pub fn histogram(
        &mut self,
        title: &str,
        density: &Density,
        range: (f64, f64),
        sd: Option<f64>,
        says: String,
    ) -> Plot {
        let (low, high) = range;
        let peak = density.peak().max(sd.map_or(0.0, |sd| normal(0.0, sd)));
        let top = if peak > 0.0 { nice(peak * 1.04) } else { 1.0 / (high - low) };
        let outer = |open: Option<(f64, f64)>| open.map(|_| 0.0);
        let bars = density.bars.iter().map(|bar| bar.2);
        let heights = outer(density.below).into_iter().chain(bars).chain(outer(density.above));
        let words = |open: Option<(f64, f64)>| open.map(|(share, _)| words::percent(share));
        Plot {
            bars: packed(heights, top),
            x: self.axis(&Axis::linear(title, low, high, 5)),
            y: self.axis(&Axis::linear("density", 0.0, top, 4)),
            prior: sd.map(|sd| (self.curve(range, sd), rounded(normal(0.0, sd) / top))),
            below: words(density.below),
            above: words(density.above),
            marked: None,
            says,
        }
    }

    /// Probabilities, counted from `first`.
    pub fn probabilities(
        &mut self,
        title: &str,
        all: &[f32],
        first: f64,
        marked: Option<usize>,
        says: String,
    ) -> Plot {
        let largest = f64::from(all.iter().copied().fold(0.0_f32, f32::max));
        let top = if largest > 0.0 { nice(largest).min(1.0) } else { 1.0 };
        let mut x = Axis::linear(title, first - 0.5, first - 0.5 + all.len() as f64, 10);
        x.ticks.retain(|tick| tick.fract() == 0.0);
        Plot {
            bars: packed(all.iter().map(|p| f64::from(*p)), top),
            x: self.axis(&x),
            y: self.axis(&Axis::linear("probability", 0.0, top, 4)),
            prior: None,
            below: None,
            above: None,
            marked,
            says,
        }
    }
}

/// The place of a thing among those that are known; it is added where it is new.
fn once<T: PartialEq>(known: &mut Vec<T>, thing: T) -> usize {
    known.iter().position(|one| *one == thing).unwrap_or_else(|| {
        known.push(thing);
        known.len() - 1
    })
}

/// A round number next above `peak`: few axes then serve all plots, and plots of like height are like each other.
fn nice(peak: f64) -> f64 {
    let decade = 10f64.powf(peak.log10().floor());
    [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0]
        .into_iter()
        .map(|digits| digits * decade)
        .find(|top| *top >= peak * (1.0 - 1e-9))
        .unwrap_or(10.0 * decade)
}

fn packed(heights: impl Iterator<Item = f64>, top: f64) -> String {
    let byte = |height: f64| (height / top * 255.0).round().clamp(0.0, 255.0) as u8;
    STANDARD.encode(heights.map(byte).collect::<Vec<u8>>())
}

/// Four decimals: finer than any pixel.
pub fn rounded(share: f64) -> f64 {
    (share * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use statistics::histogram::Bins;

    use super::*;

    fn heights(plot: &Plot) -> Vec<u8> {
        STANDARD.decode(&plot.bars).unwrap()
    }

    #[test]
    fn a_histogram_keeps_the_place_of_every_bin_though_an_open_one_is_told_as_a_share() {
        let density = Density::new(&[50, 25, 24, 1], &Bins::new(-128.0, 128.0, 4).unwrap());
        let plot = Shared::default().histogram("energy", &density, (-128.0, 128.0), None, String::new());
        assert_eq!((heights(&plot).len(), heights(&plot)[0]), (4, 0));
        assert_eq!((plot.below.as_deref(), plot.above), (Some("50.0\u{a0}%"), None));
    }

    #[test]
    fn no_bar_and_no_curve_rises_above_its_axis() {
        for count in [1, 30, 900] {
            let density = Density::new(&[3, count, 4, 1], &Bins::new(-128.0, 128.0, 4).unwrap());
            let plot =
                Shared::default().histogram("energy", &density, (-128.0, 128.0), Some(32.0), String::new());
            assert!(heights(&plot).iter().all(|height| *height < 255), "{count}");
            assert!(plot.prior.unwrap().1 <= 1.0);
        }
    }

    #[test]
    fn like_plots_share_their_axes() {
        let mut shared = Shared::default();
        let first = shared.probabilities("class", &[0.91, 0.09], 0.0, None, String::new());
        let second = shared.probabilities("class", &[0.06, 0.94], 0.0, Some(1), String::new());
        assert_eq!((first.x, first.y), (second.x, second.y));
        assert_eq!(shared.axes.len(), 2);
    }

    #[test]
    fn nothing_counted_is_an_empty_plot() {
        let density = Density::new(&[0, 0], &Bins::new(0.0, 1.0, 2).unwrap());
        let mut shared = Shared::default();
        let plot = shared.histogram("energy", &density, (0.0, 1.0), None, String::new());
        assert!(heights(&plot).is_empty());
        assert_eq!(heights(&shared.probabilities("class", &[0.0], 0.0, None, String::new())), [0]);
    }
}
