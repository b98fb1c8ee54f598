//! The figures: each a picture, words about it, and the paper's numbers beside ours.

mod by_epoch;
pub(crate) mod capacity;
mod csv;
pub mod graph;
pub(crate) mod layers;
mod memorising;
mod regions;
mod samples;
mod steps;

use stage::Error;

use crate::data::Data;
use crate::density::{self, Density};
use crate::panel::{Mark, Panel, Side};
use crate::scale::Axis;
use crate::sheet::{Entry, Sample};
use crate::{style, words};

/// The figure of the gradient step (C11); none where the tables hold no step.
///
/// # Errors
/// Where it can't be drawn.
pub fn draw_steps(data: &Data) -> Result<Option<Figure>, Error> {
    steps::draw(data)
}

/// One figure.
pub struct Figure {
    /// Its name, with its number in the paper where it has one: `Figure 3`.
    pub name: String,
    /// What it is about.
    pub heading: String,
    /// What it shows, in our words; empty where the picture itself says that there is nothing.
    pub caption: String,
    /// The picture.
    pub svg: String,
    /// What the brackets in the table of its numbers are; empty where there are none.
    pub about: String,
    /// Numbers: the paper's beside ours.
    pub numbers: Vec<Number>,
    /// What is drawn, as CSV with a line of names; empty where there is nothing to show.
    pub csv: String,
}

impl Figure {
    /// Its name where only letters, digits and `-` can stand: `figure-3`.
    pub fn id(&self) -> String {
        self.name.to_lowercase().replace(' ', "-")
    }
}

/// A number that the figure shows.
pub struct Number {
    /// What it is.
    pub quantity: String,
    /// What the paper prints.
    pub paper: String,
    /// What we found.
    pub ours: String,
    /// What exact samples of P(X) give: mean and 95 % range.
    pub null: String,
}

/// What stands where the paper prints no number.
const NOT_PRINTED: &str = "not printed";

/// Draws every figure, in the paper's order.
///
/// # Errors
/// Where a figure can't be drawn. Data that is not there is no error: the figure then says what is missing.
pub fn draw(data: &Data) -> Result<[Figure; 6], Error> {
    Ok([
        samples::draw(data)?,
        layers::draw(data, &layers::REAL)?,
        capacity::draw(data)?,
        layers::draw(data, &layers::RANDOM)?,
        memorising::draw(data)?,
        regions::draw(data)?,
    ])
}

/// What a panel shows beside its histogram.
#[derive(Default)]
struct Extra<'a> {
    /// The outline of a second histogram.
    outline: Option<&'a Density>,
    /// The curve of P(X), by its standard deviation.
    curve: Option<f64>,
    /// The density that the vertical axis must reach at least.
    peak: f64,
}

/// A histogram as a panel.
fn histogram(
    size: (f64, f64),
    x_title: &str,
    range: (f64, f64),
    density: &Density,
    extra: &Extra<'_>,
) -> Panel {
    let (low, high) = range;
    let outline = extra.outline;
    let curve = extra.curve.map(|sd| density::normal_curve(low, high, sd));
    let peak_of_curve = curve.iter().flatten().map(|point| point.1).fold(0.0, f64::max);
    let peak = density.peak().max(extra.peak).max(peak_of_curve).max(outline.map_or(0.0, Density::peak));
    let peak = if peak > 0.0 { peak * 1.12 } else { 1.0 / (high - low) };
    let ticks = if size.0 < 220.0 { 3 } else { 5 };
    let mut marks = Vec::new();
    let width = (high - low) / 40.0;
    if let Some((share, _)) = density.below {
        marks.push(Mark::Bar((low, 0.0), (low + width, peak), style::GREY));
        marks.push(Mark::Text(
            (low + width * 1.3, peak * 0.99),
            Side::Start,
            format!("◂ {}", words::percent(share)),
        ));
    }
    if let Some((share, _)) = density.above {
        marks.push(Mark::Bar((high - width, 0.0), (high, peak), style::GREY));
        marks.push(Mark::Text(
            (high - width * 1.3, peak * 0.99),
            Side::End,
            format!("{} ▸", words::percent(share)),
        ));
    }
    let filled = density.bars.iter().filter(|bar| bar.2 > 0.0);
    marks.extend(filled.map(|(low, high, height)| Mark::Bar((*low, 0.0), (*high, *height), style::SKY)));
    marks.extend(outline.map(|outline| Mark::Line(outline.outline(), style::GREEN, 1.2)));
    marks.extend(curve.map(|curve| Mark::Line(curve, style::VERMILLION, 1.8)));
    Panel {
        width: size.0,
        height: size.1,
        x: Axis::linear(x_title, low, high, ticks),
        y: Axis::linear("density", 0.0, peak, ticks),
        marks,
    }
}

fn entry(colour: style::Colour, sample: Sample, words: impl Into<String>) -> Entry {
    Entry { colour, sample, words: words.into() }
}

/// P(X) in words.
pub(crate) fn prior(sd: f64) -> String {
    format!("N(0, {})", words::signed(sd * sd, if (sd * sd).fract().abs() < 1e-6 { 0 } else { 1 }))
}
