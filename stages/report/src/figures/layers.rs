//! Figures 2 and 4: the distributions of every layer for one image.

mod told;

use stage::Error;

use super::{Extra, Figure, entry, histogram, prior};
use crate::data::{Data, Distribution, Layers};
use crate::density::{self, Density};
use crate::panel::{Mark, Panel};
use crate::scale::Axis;
use crate::sheet::{Entry, Picture, Sample, Sheet, Text, WIDTH, note};
use crate::{style, words};
use statistics::histogram::Bins;
use told::{caption, csv, numbers, other_estimator};
pub(crate) use told::{dead, lie, lines, peak};

/// What is particular to one of the two figures.
pub(super) struct Subject {
    name: &'static str,
    network: &'static str,
    labels: &'static str,
    heading: &'static str,
    paper_x: &'static str,
    paper_f1: &'static str,
    of: fn(&Data) -> Option<&Layers>,
}

/// Figure 2.
pub(super) const REAL: Subject = Subject {
    name: "Figure 2",
    network: "cnn2",
    labels: "real",
    heading: "CNN2 on real labels: one image through its layers",
    paper_x: "0.53",
    paper_f1: "0.49",
    of: |data| data.real.as_ref(),
};

/// Figure 4.
pub(super) const RANDOM: Subject = Subject {
    name: "Figure 4",
    network: "cnn3",
    labels: "random",
    heading: "CNN3 on random labels: one image through its layers",
    paper_x: "0.66",
    paper_f1: "0.47",
    of: |data| data.random.as_ref(),
};

/// What is said beside the numbers that the paper prints for an image: its own number of the image itself, and why it is not ours.
pub(crate) fn other_estimators(data: &Data) -> Vec<(&'static str, String)> {
    let of = |subject: &Subject| Some((subject.paper_x, other_estimator((subject.of)(data)?, subject)?));
    [REAL, RANDOM].iter().filter_map(of).collect()
}

/// Every network with its labels that has dead trainings, as in `CNN3 on random labels`, and what is said of them.
pub(crate) fn dead_subjects(data: &Data) -> Vec<(String, String)> {
    let mut of: Vec<(&str, &str)> =
        data.dead.iter().map(|one| (one.key.network.as_str(), one.key.labels.as_str())).collect();
    of.dedup();
    let words = |(network, labels)| {
        (format!("{} on {labels} labels", words::network(network)), dead(data, network, labels))
    };
    of.into_iter().map(words).collect()
}

const CELL: f64 = WIDTH / 3.0;
const PANEL: (f64, f64) = (CELL - 8.0, 220.0);
const ROW: f64 = 306.0;
const TOP: f64 = 70.0;

pub(super) fn draw(data: &Data, subject: &Subject) -> Result<Figure, Error> {
    let figure = |svg, caption, numbers, csv| Figure {
        name: subject.name.to_owned(),
        heading: subject.heading.to_owned(),
        caption,
        about: String::new(),
        svg,
        numbers,
        csv,
    };
    let Some(layers) = (subject.of)(data) else {
        let missing = format!(
            "The activations hold no training of {} on {} labels, or none with the image and seed asked for, so this \
             figure has nothing to show.",
            words::network(subject.network),
            subject.labels
        );
        let svg = note(subject.name, &missing);
        return Ok(figure(svg, String::new(), Vec::new(), String::new()));
    };
    let mut sheet = Sheet::new(2.0 * ROW + 30.0);
    let prior = prior(data.sd);
    image(&mut sheet, layers)?;
    let at = |index: usize| (CELL * (index % 3) as f64, ROW * (index / 3) as f64);
    let standardised = density(layers, "f1_standardised");
    let histograms = [
        (1, "B", "P̂(x)", "x", "pixel value", None, Some(data.sd)),
        (2, "C", "P̂(F1)", "f1", "energy of F1", standardised.as_ref(), Some(data.sd)),
        (3, "D", "P̂(F2 | F1)", "f2", "energy of F2", None, None),
    ];
    for (index, letter, name, variable, x_title, outline, curve) in histograms {
        let (x, y) = at(index);
        sheet.text(x + 12.0, y + 24.0, Text::Heading, &format!("{letter}  {name}"));
        for (line, text) in lines(layers, variable).iter().enumerate() {
            sheet.text(x + 12.0, y + 43.0 + 16.0 * line as f64, Text::Line, text);
        }
        match shown(layers, variable) {
            Some((density, range)) => {
                let extra = Extra { outline, curve, peak: 0.0 };
                sheet.panel(x, y + TOP, &histogram(PANEL, x_title, range, &density, &extra))?;
            }
            None => absent(&mut sheet, x, y, variable),
        }
    }
    for (index, letter, name, variable, x_title) in [
        (4, "E", "P(F3 | F2)", "f3", "neuron of the fully connected layer"),
        (5, "F", "P(FY | F3)", "fy", "class"),
    ] {
        let (x, y) = at(index);
        sheet.text(x + 12.0, y + 24.0, Text::Heading, &format!("{letter}  {name}"));
        let marked = if variable == "fy" { label(layers) } else { None };
        match layers.distributions.get(variable).filter(|found| !found.probabilities.is_empty()) {
            Some(found) => {
                sheet.text(x + 12.0, y + 43.0, Text::Line, &peak(found, variable, marked));
                let first = if variable == "fy" { 0.0 } else { 1.0 };
                sheet.panel(x, y + TOP, &bars(found, x_title, first, marked))?;
            }
            None => absent(&mut sheet, x, y, variable),
        }
    }
    sheet.legend(12.0, 2.0 * ROW + 16.0, &legend(layers, &prior));
    let key = &layers.key;
    let training = words::training(&key.network, &key.labels, key.seed, key.epoch);
    let title = format!("Distributions of the layers for image {}: {training}", layers.image_id);
    let mut caption = caption(data, layers, &training);
    if let Some(other) = other_estimator(layers, subject) {
        caption += &format!(" {other}");
    }
    Ok(figure(sheet.finish(&title), caption, numbers(data, layers, subject), csv(layers)))
}

fn image(sheet: &mut Sheet, layers: &Layers) -> Result<(), Error> {
    sheet.text(12.0, 24.0, Text::Heading, "A  x");
    match &layers.image {
        Some(image) => {
            let labels = format!("image {}, class {}", image.image_id, image.label);
            sheet.text(12.0, 43.0, Text::Line, &labels);
            if layers.key.labels == "random" {
                sheet.text(12.0, 59.0, Text::Line, &format!("random label {}", image.random_label));
            }
            let words = format!("Synthetic image {} of class {}", image.image_id, image.label);
            sheet.picture(56.0, TOP + 8.0, 182.0, &Picture::of_values(&image.pixels, 32), &words)
        }
        None => {
            sheet.text(12.0, 43.0, Text::Line, &format!("image {} is not in the dataset", layers.image_id));
            Ok(())
        }
    }
}

fn absent(sheet: &mut Sheet, x: f64, y: f64, variable: &str) {
    sheet.text(x + 12.0, y + TOP + 40.0, Text::Line, "The distributions have no row for it");
    sheet.text(x + 12.0, y + TOP + 56.0, Text::Line, &format!("(variable {variable})."));
}

fn density(layers: &Layers, variable: &str) -> Option<Density> {
    let found = layers.distributions.get(variable)?;
    Some(Density::new(&found.counts, found.bins.as_ref()?))
}

/// The share of a variable in open bins from which its bins tell too little about it.
const MOST: f64 = 0.5;

/// Bins of energies at their own scale.
const OWN_BINS: usize = 24;

/// The bins of the energies of F2 where they are shown at their own scale. Those of F1 never are: they are compared with P(X).
fn own_bins(layers: &Layers) -> Option<Bins> {
    density(layers, "f2").filter(|found| found.outside() > MOST)?;
    density::bins_of(&layers.e_f2, OWN_BINS)
}

/// A histogram with the range of its axis.
pub(crate) fn shown(layers: &Layers, variable: &str) -> Option<(Density, (f64, f64))> {
    if let Some(bins) = own_bins(layers).filter(|_| variable == "f2") {
        return Some((Density::of_values(&layers.e_f2, &bins), (bins.lower(), bins.upper())));
    }
    let bins = layers.distributions.get(variable)?.bins.as_ref()?;
    Some((density(layers, variable)?, (bins.lower(), bins.upper())))
}

/// The label that the network was asked for.
pub(crate) fn label(layers: &Layers) -> Option<usize> {
    let image = layers.image.as_ref()?;
    Some(usize::from(if layers.key.labels == "random" { image.random_label } else { image.label }))
}

/// Probabilities as bars; classes count from 0, neurons from 1.
fn bars(found: &Distribution, x_title: &str, first: f64, marked: Option<usize>) -> Panel {
    let last = first + found.probabilities.len() as f64 - 1.0;
    let mut x = Axis::linear(x_title, first - 0.6, last + 0.6, 12);
    x.ticks.retain(|tick| tick.fract() == 0.0);
    let bar = |(index, p): (usize, &f32)| {
        let middle = first + index as f64;
        let colour = if marked == Some(index) { style::ORANGE } else { style::SKY };
        Mark::Bar((middle - 0.36, 0.0), (middle + 0.36, f64::from(*p)), colour)
    };
    let largest = found.probabilities.iter().copied().fold(0.0_f32, f32::max);
    Panel {
        width: PANEL.0,
        height: PANEL.1,
        x,
        y: Axis::linear("probability", 0.0, f64::from(largest) * 1.08, 5),
        marks: found.probabilities.iter().enumerate().map(bar).collect(),
    }
}

fn legend(layers: &Layers, prior: &str) -> Vec<Entry> {
    let mut entries = vec![
        entry(style::SKY, Sample::Box, "this image"),
        entry(style::VERMILLION, Sample::Line, format!("P(X) = {prior}")),
    ];
    if layers.distributions.contains_key("f1_standardised") {
        entries.push(entry(style::GREEN, Sample::Line, "C: standardised energies"));
    }
    if label(layers).is_some() {
        entries.push(entry(style::ORANGE, Sample::Box, "F: the label"));
    }
    if ["x", "f1", "f2"]
        .into_iter()
        .filter_map(|name| shown(layers, name))
        .any(|(found, _)| found.outside() > 0.0)
    {
        entries.push(entry(style::GREY, Sample::Box, "share in an open outer bin"));
    }
    entries
}
