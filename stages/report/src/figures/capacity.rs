//! Figure 3: divergence and test error by epoch, for first layers of 4, 12 and 20 channels.

use stage::Error;

use super::{Figure, Number, by_epoch, entry};
use crate::data::{Curve, Data};
use crate::panel::{Mark, Panel};
use crate::scale::Axis;
use crate::sheet::{Sample, Sheet, Text, WIDTH, note};
use crate::{style, words};

const HEADING: &str = "More channels in the first layer: divergence and test error";

/// Where the two panels begin.
const LEFT: [f64; 2] = [0.0, WIDTH / 2.0];
const TOP: f64 = 34.0;

/// The networks with the channels of their first layer (Table 1).
const NETWORKS: [(&str, u32); 3] = [("cnn1", 4), ("cnn2", 12), ("cnn3", 20)];

pub(super) fn draw(data: &Data) -> Result<Figure, Error> {
    let figure = |svg, caption, about, numbers, csv| Figure {
        name: "Figure 3".to_owned(),
        heading: HEADING.to_owned(),
        caption,
        about,
        svg,
        numbers,
        csv,
    };
    let found = found(data);
    if found.is_empty() {
        let missing = "No training on real labels is in the tables, so this figure has nothing to show.";
        return Ok(figure(
            note("Figure 3", missing),
            String::new(),
            String::new(),
            Vec::new(),
            String::new(),
        ));
    }
    let curves: Vec<&Curve> = found.iter().map(|(curve, _)| *curve).collect();
    let last = by_epoch::last(&curves);
    let null = curves.iter().find_map(|curve| curve.null_f1).or(data.null_f1.map(|null| null.mean));

    let kls = curves.iter().flat_map(|curve| by_epoch::values(curve, |point| point.kl)).chain(null);
    let range = data.null_f1.iter().flat_map(|null| [null.low, null.high]);
    let mut left = panel(Axis::fitting("mean KL[P(X)‖P̂(F1)] (nats)", kls.chain(range)), last);
    if let Some(null) = &data.null_f1 {
        left.marks
            .push(Mark::Band(vec![(0.0, null.low, null.high), (last, null.low, null.high)], style::INK));
    }
    left.marks.extend(null.map(|null| Mark::Dashes(vec![(0.0, null), (last, null)], style::INK)));
    let errors =
        curves.iter().flat_map(|curve| by_epoch::values(curve, |point| point.test_error.map(percent)));
    let mut right = panel(Axis::fitting("test error (%)", errors), last);
    let drawn = |of: by_epoch::Of| {
        let all = curves.iter().map(|curve| (*curve, of, style::of_network(&curve.network)));
        by_epoch::marks(&all.collect::<Vec<_>>())
    };
    left.marks.extend(drawn(|point| point.kl));
    right.marks.extend(drawn(|point| point.test_error.map(percent)));
    let named = |(curve, channels): &(&Curve, u32)| {
        let words = format!("{} ({channels})", words::network(&curve.network));
        entry(style::of_network(&curve.network), Sample::Line, words)
    };
    let mut legend: Vec<_> = found.iter().map(named).collect();
    if null.is_some() {
        legend.push(entry(style::INK, Sample::Dashes, "null of the KL, mean and 95 % range"));
    }
    let mut sheet = Sheet::new(400.0);
    for (x, heading, panel) in
        [(LEFT[0], "Divergence of F1 from P(X)", &left), (LEFT[1], "Test error", &right)]
    {
        sheet.text(x + 12.0, 24.0, Text::Heading, heading);
        sheet.panel(x, TOP, panel)?;
    }
    sheet.legend(12.0, 384.0, &legend);

    let mut caption = format!(
        "Left: mean over the test images of the KL between P(X) and the histogram of the energies of F1, by epoch; \
         right: share of test images classified wrongly. Real labels; the channels of the first layer stand in \
         brackets. {}",
        by_epoch::seeds(&curves)
    );
    if data.null_f1.is_some() {
        caption += " The dashed line is the mean KL of exact samples of P(X) through the same estimator; the grey band \
                    around it holds 95 % of single samples.";
    }
    let absent: Vec<String> = NETWORKS
        .into_iter()
        .filter(|(name, _)| curves.iter().all(|curve| curve.network != *name))
        .map(|(name, _)| words::network(name))
        .collect();
    if !absent.is_empty() {
        caption += &format!(" Not in the tables: {}.", absent.join(", "));
    }
    let seeds = curves.iter().filter_map(|curve| curve.last()).map(|point| point.seeds).min().unwrap_or(0);
    let about = format!("{} Of a null: the 95\u{a0}% range of exact samples.", by_epoch::interval(seeds));
    let title = "Mean KL of F1 from P(X), and test error, by epoch, for networks with 4, 12 and 20 channels";
    Ok(figure(
        sheet.finish(title),
        caption,
        about,
        numbers(&found, data),
        by_epoch::csv(&curves, data.null_f1.as_ref()),
    ))
}

/// The networks that the figure shows, with the channels of their first layer.
pub(crate) fn found(data: &Data) -> Vec<(&Curve, u32)> {
    NETWORKS
        .into_iter()
        .filter_map(|(name, channels)| Some((data.curve(name, "real")?, channels)))
        .filter(|(curve, _)| !curve.points.is_empty())
        .collect()
}

/// Where an epoch stands in the figure: for each panel its place from left, its top and its bottom.
pub(crate) fn places(curves: &[&Curve], epoch: f64) -> [[f64; 3]; 2] {
    let panel = panel(Axis::linear("", 0.0, 1.0, 1), by_epoch::last(curves));
    let area = panel.area();
    let share = (epoch - panel.x.low) / (panel.x.high - panel.x.low);
    LEFT.map(|left| [left + area.left + share * (area.right - area.left), TOP + area.top, TOP + area.bottom])
}

fn percent(share: f64) -> f64 {
    share * 100.0
}

fn panel(y: Axis, last: f64) -> Panel {
    Panel { width: WIDTH / 2.0 - 8.0, height: 330.0, x: Axis::whole("epoch", last), y, marks: Vec::new() }
}

fn numbers(found: &[(&Curve, u32)], data: &Data) -> Vec<Number> {
    let mut numbers = Vec::new();
    for (curve, channels) in found {
        let Some(point) = curve.last() else { continue };
        let name = format!("{} ({channels}), epoch {}", words::network(&curve.network), point.epoch);
        numbers.push(Number {
            quantity: format!("Mean KL[P(X)‖P̂(F1)], {name}, nats"),
            paper: super::NOT_PRINTED.to_owned(),
            ours: words::over_seeds(words::nats, point.kl[0], point.kl_interval, point.seeds),
            null: match (&data.null_f1, curve.null_f1) {
                (Some(null), _) => words::null_and_excess(point.kl[0], null),
                (None, Some(mean)) => {
                    format!("{}; excess {}", words::nats(mean), words::nats(point.kl[0] - mean))
                }
                (None, None) => "unknown".to_owned(),
            },
        });
        numbers.push(Number {
            quantity: format!("Test error, {name}"),
            paper: super::NOT_PRINTED.to_owned(),
            ours: words::over_seeds(
                words::percent,
                point.test_error[0],
                point.test_error_interval,
                point.seeds,
            ),
            null: "–".to_owned(),
        });
    }
    numbers
}
