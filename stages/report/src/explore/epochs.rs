//! The slider below Figure 3: an epoch marked in the figure, and its numbers. Without a script they are those of the last.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;
use stage::Error;

use super::json;
use super::plots::rounded;
use crate::data::{Curve, Data, Point};
use crate::escape::escape;
use crate::figures::capacity;
use crate::words;

const SCRIPT: &str = include_str!("epochs.js");

/// One epoch of Figure 3.
#[derive(Serialize)]
struct Epoch {
    epoch: i32,
    /// Where it stands in each panel: from left, top, bottom.
    places: [[f64; 3]; 2],
    /// The same as in the table, in a sentence.
    says: String,
    /// For each network its KL and its test error.
    numbers: Vec<[String; 2]>,
}

/// Writes the slider; nothing where Figure 3 shows nothing.
pub(super) fn write(data: &Data) -> Result<String, Error> {
    let found = capacity::found(data);
    let curves: Vec<&Curve> = found.iter().map(|(curve, _)| *curve).collect();
    let names: Vec<String> = found
        .iter()
        .map(|(curve, channels)| format!("{} ({channels})", words::network(&curve.network)))
        .collect();
    let epochs: BTreeSet<i32> =
        curves.iter().flat_map(|curve| &curve.points).map(|point| point.epoch).collect();
    let epochs: Vec<Epoch> = epochs.into_iter().map(|epoch| at(epoch, &curves, &names)).collect();
    let Some(last) = epochs.last() else { return Ok(String::new()) };
    let mut html = format!(
        "<div class=\"epochs\">\n<p class=\"drag\" hidden><label for=\"epoch-of-figure-3\">Epoch</label> \
         <input id=\"epoch-of-figure-3\" type=\"range\" min=\"0\" max=\"{0}\" value=\"{0}\" step=\"1\" autocomplete=\"off\"> \
         <output for=\"epoch-of-figure-3\" aria-hidden=\"true\">{1}</output></p>\n\
         <table class=\"numbers\">\n<caption>Epoch <span class=\"epoch\">{1}</span>: means over seeds with their 95 % \
         intervals</caption>\n<thead><tr><th scope=\"col\">Network</th><th scope=\"col\">Mean KL[P(X)‖P̂(F1)], nats</th>\
         <th scope=\"col\">Test error</th></tr></thead>\n<tbody>\n",
        epochs.len() - 1,
        last.epoch
    );
    for (name, [kl, error]) in names.iter().zip(&last.numbers) {
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td data-label=\"KL\">{}</td><td data-label=\"Test error\">{}</td></tr>",
            escape(name),
            escape(kl),
            escape(error)
        );
    }
    html.push_str("</tbody>\n</table>\n<p class=\"unseen\" role=\"status\" aria-live=\"polite\"></p>\n");
    html.push_str(&json("epochs-data", &epochs)?);
    let _ = write!(html, "<script>\n{SCRIPT}</script>\n</div>\n");
    Ok(html)
}

fn at(epoch: i32, curves: &[&Curve], names: &[String]) -> Epoch {
    let point = |curve: &&Curve| curve.points.iter().find(|point| point.epoch == epoch).map(numbers);
    let numbers: Vec<[String; 2]> =
        curves.iter().map(|curve| point(curve).unwrap_or_else(|| ["–", "–"].map(str::to_owned))).collect();
    let of_network =
        |(name, [kl, error]): (&String, &[String; 2])| format!("{name}: KL {kl}, test error {error}");
    let says: Vec<String> = names.iter().zip(&numbers).map(of_network).collect();
    Epoch {
        epoch,
        places: capacity::places(curves, f64::from(epoch)).map(|place| place.map(rounded)),
        says: format!("Epoch {epoch}. {}.", says.join("; ")),
        numbers,
    }
}

/// The mean KL and the mean test error, each with its interval.
fn numbers(point: &Point) -> [String; 2] {
    let with = |write: fn(f64) -> String, mean: f64, [low, high]: [f64; 2]| {
        if low.is_finite() && high.is_finite() {
            format!("{} ({} to {})", write(mean), write(low), write(high))
        } else {
            format!("{} (one seed)", write(mean))
        }
    };
    [
        with(words::nats, point.kl[0], point.kl_interval),
        with(words::percent, point.test_error[0], point.test_error_interval),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(network: &str, epochs: &[i32], interval: [f64; 2]) -> Curve {
        let point = |epoch: &i32| Point {
            epoch: *epoch,
            seeds: 3,
            kl: [0.5; 3],
            training_error: [0.0; 3],
            test_error: [0.02; 3],
            kl_interval: interval,
            test_error_interval: [0.01, 0.03],
        };
        let points = epochs.iter().map(point).collect();
        Curve { network: network.to_owned(), labels: "real".to_owned(), points, null_f1: None }
    }

    #[test]
    fn an_epoch_that_a_network_lacks_is_a_dash_and_one_seed_has_no_interval() {
        let curves = [curve("cnn1", &[0, 1, 2], [0.4, 0.6]), curve("cnn2", &[0, 2], [f64::NAN; 2])];
        let curves: Vec<&Curve> = curves.iter().collect();
        let names = ["CNN1 (4)", "CNN2 (12)"].map(str::to_owned);
        let one = at(1, &curves, &names);
        assert_eq!(one.numbers[0], ["0.500 (0.400 to 0.600)", "2.00\u{a0}% (1.00\u{a0}% to 3.00\u{a0}%)"]);
        assert_eq!(one.numbers[1], ["–", "–"]);
        assert_eq!(at(2, &curves, &names).numbers[1][0], "0.500 (one seed)");
        assert!(one.says.starts_with("Epoch 1. CNN1 (4): KL 0.500"));
    }

    #[test]
    fn the_marker_runs_from_axis_to_axis() {
        let curve = curve("cnn1", &[0, 30], [0.4, 0.6]);
        let [first, last] = [0, 30].map(|epoch| at(epoch, &[&curve], &["CNN1".to_owned()]).places[0][0]);
        assert_eq!((first, last), (62.0, 454.0));
    }
}
