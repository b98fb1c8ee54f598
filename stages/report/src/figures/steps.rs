//! C11: what first order misses of a gradient step, by the size of the step.

use stage::Error;

use super::csv::Csv;
use super::{Figure, entry};
use crate::data::{Data, Missed};
use crate::panel::{Mark, Panel};
use crate::scale::Axis;
use crate::sheet::{Entry, Sample, Sheet, Text, WIDTH};
use crate::style::{self, Colour};

/// The layers and their colours.
const LAYERS: [(&str, &str, Colour); 3] = [
    ("f1", "f1 given x", style::ORANGE),
    ("f3", "f3 given f2", style::GREEN),
    ("f_y", "the whole network", style::BLUE),
];

/// None where no step was looked at.
pub(super) fn draw(data: &Data) -> Result<Option<Figure>, Error> {
    let of = |layer: &str| -> Vec<&Missed> {
        let seen = |one: &&Missed| one.layer == layer && one.median > 0.0 && one.range.0 > 0.0;
        data.steps.iter().filter(seen).collect()
    };
    let drawn: Vec<(Vec<&Missed>, &str, Colour)> =
        LAYERS.iter().map(|(layer, words, colour)| (of(layer), *words, *colour)).collect();
    let all = || drawn.iter().flat_map(|(points, ..)| points.iter());
    if all().next().is_none() {
        return Ok(None);
    }
    let mut panel = Panel {
        width: WIDTH - 8.0,
        height: 330.0,
        x: Axis::fitting("learning rate of the step", all().map(|one| one.step)),
        y: Axis::fitting("share of the change", all().flat_map(|one| [one.range.0, one.range.1])),
        marks: Vec::new(),
    };
    let mut legend: Vec<Entry> = Vec::new();
    for (points, _, colour) in &drawn {
        let band = points.iter().map(|one| (one.step, one.range.0, one.range.1)).collect();
        panel.marks.push(Mark::Band(band, *colour));
    }
    for (points, words, colour) in &drawn {
        panel.marks.push(Mark::Line(points.iter().map(|one| (one.step, one.median)).collect(), *colour, 1.8));
        legend.push(entry(*colour, Sample::Line, (*words).to_owned()));
    }
    let mut sheet = Sheet::new(400.0);
    sheet.text(12.0, 24.0, Text::Heading, "A gradient step against its first-order approximation");
    sheet.panel(0.0, 34.0, &panel)?;
    sheet.legend(12.0, 384.0, &legend);
    let mut csv = Csv::new(&["layer", "step", "median", "low", "high"]);
    for one in &data.steps {
        csv.line(&[&one.layer], &[one.step, one.median, one.range.0, one.range.1]);
    }
    let title =
        "What first order misses of a gradient step, as a share of the change, by learning rate and layer";
    Ok(Some(Figure {
        name: "Steps".to_owned(),
        heading: "What first order misses of a gradient step (C11)".to_owned(),
        caption: "Norm of what the first-order approximation misses over the norm of the layer's true change; lines are \
                  medians over all checkpoints, bands hold 95 % of them. A single layer is linear in its parameters, so \
                  all that it misses is in units that switch."
            .to_owned(),
        about: String::new(),
        svg: sheet.finish(title),
        numbers: Vec::new(),
        csv: csv.finish(),
    }))
}
