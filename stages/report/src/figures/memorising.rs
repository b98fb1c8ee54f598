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
    let figure = |svg, caption, numbers, csv| Figure {
        name: "Figure 5".to_owned(),
        heading: HEADING.to_owned(),
        caption,
        svg,
        numbers,
        csv,
    };
    let curve = data.curve("cnn3", "random").and_then(|curve| Some((curve, curve.last()?)));
    let Some((curve, end)) = curve else {
        let missing =
            "No training of CNN3 on random labels is in the tables, so this figure has nothing to show.";
        return Ok(figure(note("Figure 5", missing), String::new(), Vec::new(), String::new()));
    };
    let percent = |shares: [f64; 3]| shares.map(|share| share * 100.0);
    let last = by_epoch::last(&[curve]);
    let mut marks = vec![Mark::Dashes(vec![(0.0, CHANCE), (last, CHANCE)], style::GREY)];
    marks.extend(by_epoch::marks(
        curve,
        |point| point.training_error.map(|share| share * 100.0),
        style::BLUE,
    ));
    marks.extend(by_epoch::marks(
        curve,
        |point| point.test_error.map(|share| share * 100.0),
        style::VERMILLION,
    ));
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
    );
    let number = |what: &str, paper: &str, shares: [f64; 3]| {
        let [mean, min, max] = percent(shares).map(|percent| words::percent(percent / 100.0));
        Number {
            quantity: format!("{what}, epoch {}", end.epoch),
            paper: paper.to_owned(),
            ours: if end.seeds > 1 { format!("{mean} ({min} to {max})") } else { mean },
            null: "–".to_owned(),
        }
    };
    let numbers = vec![
        number("Training error", "0 % within 200 epochs", end.training_error),
        number("Test error", "about 90 %", end.test_error),
    ];
    let title = "Training and test error of CNN3 on random labels by epoch";
    Ok(figure(sheet.finish(title), caption, numbers, by_epoch::csv(&[curve])))
}
