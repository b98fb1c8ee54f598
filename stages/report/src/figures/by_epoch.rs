//! Lines by epoch: a mean over seeds, and between the smallest and the largest a band.

use super::csv::Csv;
use crate::data::Curve;
use crate::panel::Mark;
use crate::style::Colour;

/// A quantity of a curve as mean, smallest and largest.
pub(super) type Of = fn(&crate::data::Point) -> [f64; 3];

/// The line of a quantity, with its band where there are several seeds and with dots where epochs are few.
pub(super) fn marks(curve: &Curve, of: Of, colour: Colour) -> Vec<Mark> {
    let finite = || curve.points.iter().filter(move |point| of(point).iter().all(|value| value.is_finite()));
    let at = |point: &crate::data::Point| (f64::from(point.epoch), of(point)[0]);
    let mut marks = Vec::new();
    if curve.points.iter().any(|point| point.seeds > 1) {
        let band = finite().map(|point| (f64::from(point.epoch), of(point)[1], of(point)[2])).collect();
        marks.push(Mark::Band(band, colour));
    }
    marks.push(Mark::Line(finite().map(at).collect(), colour, 1.8));
    if curve.points.len() <= FEW {
        marks.extend(finite().map(|point| Mark::Dot(at(point), colour)));
    }
    marks
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

/// The curves' means with the smallest and the largest over seeds, as CSV.
pub(super) fn csv(curves: &[&Curve]) -> String {
    let quantities = ["kl_f1", "training_error", "test_error"];
    let spread = |name: &str| ["mean", "least", "largest"].map(|of| format!("{name}_{of}"));
    let mut names: Vec<String> =
        ["network", "labels", "epoch", "seeds", "null_kl_f1_mean"].map(str::to_owned).to_vec();
    names.extend(quantities.iter().flat_map(|name| spread(name)));
    let mut csv = Csv::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for curve in curves {
        for point in &curve.points {
            let null = curve.null_f1.unwrap_or(f64::NAN);
            let mut numbers = vec![f64::from(point.epoch), f64::from(point.seeds), null];
            numbers.extend([point.kl, point.training_error, point.test_error].concat());
            csv.line(&[&curve.network, &curve.labels], &numbers);
        }
    }
    csv.finish()
}
