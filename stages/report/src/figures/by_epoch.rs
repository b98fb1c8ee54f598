//! Lines by epoch: a mean over seeds, and between the smallest and the largest a band.

use statistics::null::Null;

use super::csv::Csv;
use crate::data::{Curve, Point};
use crate::panel::Mark;
use crate::style::Colour;

/// A quantity of a curve as mean, smallest and largest.
pub(super) type Of = fn(&Point) -> [f64; 3];

/// The lines of a quantity, with dots where epochs are few, above all their bands, which there are where there are several seeds.
pub(super) fn marks(curves: &[(&Curve, Of, Colour)]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    for (curve, of, colour) in curves {
        if curve.points.iter().any(|point| point.seeds > 1) {
            let edges = |point: &Point| (f64::from(point.epoch), of(point)[1], of(point)[2]);
            marks.push(Mark::Band(finite(curve, *of).map(edges).collect(), *colour));
        }
    }
    for (curve, of, colour) in curves {
        let at = |point: &Point| (f64::from(point.epoch), of(point)[0]);
        marks.push(Mark::Line(finite(curve, *of).map(at).collect(), *colour, 1.8));
        if curve.points.len() <= FEW {
            marks.extend(finite(curve, *of).map(|point| Mark::Dot(at(point), *colour)));
        }
    }
    marks
}

fn finite(curve: &Curve, of: Of) -> impl Iterator<Item = &Point> {
    curve.points.iter().filter(move |point| of(point).iter().all(|value| value.is_finite()))
}

/// Epochs up to which each has a dot.
const FEW: usize = 12;

/// Every value that a quantity's marks show.
pub(super) fn values(curve: &Curve, of: Of) -> impl Iterator<Item = f64> + Clone {
    curve.points.iter().flat_map(of)
}

/// The last epoch of any of the curves.
pub(super) fn last(curves: &[&Curve]) -> f64 {
    curves.iter().filter_map(|curve| curve.last()).map(|point| f64::from(point.epoch)).fold(0.0, f64::max)
}

/// What an interval over seeds is, in words, by how many there are.
pub(super) fn interval(seeds: i32) -> String {
    match seeds {
        ..=1 => "One seed, so no interval.".to_owned(),
        2..FEWEST_RESAMPLED => {
            format!("In brackets the 95\u{a0}% interval of the mean over {seeds} seeds (Student’s t).")
        }
        _ => format!("In brackets the 95\u{a0}% interval of the mean over {seeds} seeds (bootstrap, BCa)."),
    }
}

/// Seeds from which their mean's interval is a bootstrap's.
const FEWEST_RESAMPLED: i32 = statistics::interval::FEWEST_RESAMPLED as i32;

/// How many seeds are behind the curves, in words.
pub(super) fn seeds(curves: &[&Curve]) -> String {
    let counts = || curves.iter().flat_map(|curve| &curve.points).map(|point| point.seeds);
    match (counts().min().unwrap_or(0), counts().max().unwrap_or(0)) {
        (_, 1) => "One seed a network, so no spread over seeds is shown.".to_owned(),
        (few, many) if few == many => {
            format!("Lines are means over {many} seeds, bands run from the smallest to the largest.")
        }
        (few, many) => {
            format!("Lines are means over {few} to {many} seeds, bands run from the smallest to the largest.")
        }
    }
}

const NAMES: [&str; 20] = [
    "network",
    "labels",
    "epoch",
    "seeds",
    "kl_f1_mean",
    "kl_f1_least",
    "kl_f1_largest",
    "kl_f1_low_95",
    "kl_f1_high_95",
    "null_kl_f1_mean",
    "null_kl_f1_low_95",
    "null_kl_f1_high_95",
    "training_error_mean",
    "training_error_least",
    "training_error_largest",
    "test_error_mean",
    "test_error_least",
    "test_error_largest",
    "test_error_low_95",
    "test_error_high_95",
];

/// What the figures and their tables say of the curves, as CSV: means, the smallest and the largest over seeds, 95 % intervals where the
/// tables have them, and the null of the KL.
pub(super) fn csv(curves: &[&Curve], null: Option<&Null>) -> String {
    let mut csv = Csv::new(&NAMES);
    for curve in curves {
        let null = match null {
            Some(null) => [null.mean, null.low, null.high],
            None => [curve.null_f1.unwrap_or(f64::NAN), f64::NAN, f64::NAN],
        };
        for point in &curve.points {
            let mut numbers = vec![f64::from(point.epoch), f64::from(point.seeds)];
            numbers.extend(point.kl.iter().chain(&point.kl_interval).chain(&null));
            numbers.extend(point.training_error.iter().chain(&point.test_error));
            numbers.extend(point.test_error_interval);
            csv.line(&[&curve.network, &curve.labels], &numbers);
        }
    }
    csv.finish()
}
