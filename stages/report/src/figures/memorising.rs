//! Figure 5: training and test error of CNN3 on random labels.

use stage::Error;

use super::{Figure, Number, by_epoch, entry};
use crate::data::Data;
use crate::panel::{Mark, Panel};
use crate::scale::Axis;
use crate::sheet::{Sample, Sheet, WIDTH, note};
use crate::{style, words};

const HEADING: &str = "Random labels: what CNN3 memorises";

/// Errors of guessing among ten classes, in percent.
const CHANCE: f64 = 90.0;

pub(super) fn draw(data: &Data) -> Result<Figure, Error> {
    let figure = |svg, caption, about, numbers, csv| Figure {
        name: "Figure 5".to_owned(),
        heading: HEADING.to_owned(),
        caption,
        about,
        svg,
        numbers,
        csv,
    };
    let curve = data.curve("cnn3", "random").and_then(|curve| Some((curve, curve.last()?)));
    let Some((curve, end)) = curve else {
        let missing =
            "No training of CNN3 on random labels is in the tables, so this figure has nothing to show.";
        return Ok(figure(
            note("Figure 5", missing),
            String::new(),
            String::new(),
            Vec::new(),
            String::new(),
        ));
    };
    let last = by_epoch::last(&[curve]);
    let mut marks = vec![Mark::Dashes(vec![(0.0, CHANCE), (last, CHANCE)], style::GREY)];
    marks.extend(by_epoch::marks(&[
        (curve, |point| point.training_error.map(|share| share * 100.0), style::BLUE),
        (curve, |point| point.test_error.map(|share| share * 100.0), style::VERMILLION),
    ]));
    let panel = Panel {
        width: WIDTH - 8.0,
        height: 330.0,
        x: Axis::whole("epoch", last),
        y: Axis::linear("error (%)", 0.0, 100.0, 5),
        marks,
    };
    let mut sheet = Sheet::new(376.0);
    sheet.panel(0.0, 6.0, &panel)?;
    let legend = [
        entry(style::BLUE, Sample::Line, "training error"),
        entry(style::VERMILLION, Sample::Line, "test error"),
        entry(style::GREY, Sample::Dashes, "guessing"),
    ];
    sheet.legend(12.0, 360.0, &legend);
    let caption = format!(
        "Share of images whose random label CNN3 gets wrong, among those that it was trained on and among the test \
         images, by epoch. Guessing among ten classes gets 90 % wrong. {}",
        by_epoch::seeds(&[curve])
    ) + &super::layers::dead(data, &curve.network, &curve.labels);
    let number = |what: &str, paper: &str, mean: f64, more: String| Number {
        quantity: format!("{what}, epoch {}", end.epoch),
        paper: paper.to_owned(),
        ours: words::percent(mean) + &more,
        null: words::percent(CHANCE / 100.0),
    };
    let [training, least, largest] = end.training_error;
    let [low, high] = end.test_error_interval;
    let between = |low: f64, high: f64, what: &str| {
        format!(" ({what}{} to {})", words::percent(low), words::percent(high))
    };
    let range = if end.seeds > 1 { between(least, largest, "seeds from ") } else { String::new() };
    let interval = if low.is_finite() { between(low, high, "") } else { String::new() };
    let numbers = vec![
        number("Training error", "0 % within 200 epochs", training, range),
        number("Test error", "about 90 %", end.test_error[0], interval),
    ];
    let about = format!(
        "{} The training error’s brackets run from the smallest to the largest seed: the tables hold no interval of its mean. The null is \
         guessing among ten classes.",
        by_epoch::interval(end.seeds)
    );
    let csv = by_epoch::csv(&[curve], data.null_f1.as_ref());
    let title = "Training and test error of CNN3 on random labels by epoch";
    Ok(figure(sheet.finish(title), caption, about, numbers, csv))
}
