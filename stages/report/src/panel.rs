//! One panel of a figure: axes and marks in the units of the data, drawn with plotters.

use std::fmt::Display;
use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use stage::Error;

use crate::scale::Axis;
use crate::style::{self, Colour};

/// Plotters knows whole pixels only, so a panel is drawn this much larger and shown smaller: its curves stay smooth.
const FINE: f64 = 8.0;

/// Plotters' font sizes are larger than what its SVG backend writes by this factor.
const FONT: f64 = 1.24;

/// How opaque a band is: where three lie upon each other, the lines above them keep their colours.
const BAND: f64 = 0.14;

/// Something drawn in a panel, in the units of the data.
pub enum Mark {
    /// A filled box from the lower left to the upper right corner.
    Bar((f64, f64), (f64, f64), Colour),
    /// A line, its width in pixels.
    Line(Vec<(f64, f64)>, Colour, f64),
    /// A dashed line.
    Dashes(Vec<(f64, f64)>, Colour),
    /// What lies between two values, from left to right: (x, lower, upper).
    Band(Vec<(f64, f64, f64)>, Colour),
    /// A dot.
    Dot((f64, f64), Colour),
    /// Text that begins, is centred or ends at a point, and hangs below it.
    Text((f64, f64), Side, String),
}

/// Which end of a text stands at its point.
#[derive(Clone, Copy)]
pub enum Side {
    /// Its beginning.
    Start,
    /// Its end.
    End,
}

/// Axes, marks and a size in pixels.
pub struct Panel {
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels.
    pub height: f64,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, first to last.
    pub marks: Vec<Mark>,
}

/// Margins around the axes, in pixels: above, right, left.
const MARGINS: (f64, f64, f64) = (8.0, 18.0, 6.0);
/// Room for labels, in pixels: below the axes and to their left.
const LABELS: (f64, f64) = (38.0, 56.0);

/// Where the axes stand in a panel, in pixels.
pub struct Area {
    /// The vertical axis.
    pub left: f64,
    /// The end of the horizontal axis.
    pub right: f64,
    /// The end of the vertical axis.
    pub top: f64,
    /// The horizontal axis.
    pub bottom: f64,
}

fn failed(error: impl Display) -> Error {
    Error::Failed(format!("a figure can't be drawn: {error}"))
}

fn rgb(colour: Colour) -> RGBColor {
    RGBColor(colour.0, colour.1, colour.2)
}

fn fine(pixels: f64) -> u32 {
    (pixels * FINE).round().max(1.0) as u32
}

fn font(size: f64, colour: Colour) -> TextStyle<'static> {
    ("sans-serif", size * FINE * FONT).into_font().color(&rgb(colour))
}

/// Plotters maps places of an axis to pixels, and asks the axis itself for its ticks and their labels.
impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, place: &f64, (from, to): (i32, i32)) -> i32 {
        from + (f64::from(to - from) * (place - self.low) / (self.high - self.low)).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, hint: H) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, place: &f64) -> String {
        self.label(*place)
    }
}

impl Panel {
    /// Where its axes stand.
    pub fn area(&self) -> Area {
        Area {
            left: MARGINS.2 + LABELS.1,
            right: self.width - MARGINS.1,
            top: MARGINS.0,
            bottom: self.height - LABELS.0,
        }
    }

    /// Draws the panel as an SVG document of its own.
    ///
    /// # Errors
    /// Where plotters fails.
    pub fn draw(&self) -> Result<String, Error> {
        let mut svg = String::new();
        {
            let root =
                SVGBackend::with_string(&mut svg, (fine(self.width), fine(self.height))).into_drawing_area();
            let mut chart = ChartBuilder::on(&root)
                .margin_top(fine(MARGINS.0))
                .margin_right(fine(MARGINS.1))
                .margin_left(fine(MARGINS.2))
                .set_label_area_size(LabelAreaPosition::Bottom, fine(LABELS.0))
                .set_label_area_size(LabelAreaPosition::Left, fine(LABELS.1))
                .build_cartesian_2d(self.x.clone(), self.y.clone())
                .map_err(failed)?;
            chart
                .configure_mesh()
                .disable_x_mesh()
                .bold_line_style(rgb(style::GRID).stroke_width(fine(0.6)))
                .light_line_style(TRANSPARENT)
                .axis_style(rgb(style::INK).stroke_width(fine(0.8)))
                .set_all_tick_mark_size(fine(4.0))
                .label_style(font(style::SMALL, style::INK))
                .axis_desc_style(font(style::TEXT, style::INK))
                .x_desc(self.x.title.as_str())
                .y_desc(self.y.title.as_str())
                .draw()
                .map_err(failed)?;
            let at = |point: &(f64, f64)| Some((self.x.place(point.0)?, self.y.place(point.1)?));
            let places = |points: &[(f64, f64)]| points.iter().filter_map(at).collect::<Vec<_>>();
            for mark in &self.marks {
                match mark {
                    Mark::Bar(low, high, colour) => {
                        let corners = at(low).zip(at(high)).map(|(low, high)| [low, high]);
                        let bar = corners.map(|corners| Rectangle::new(corners, rgb(*colour).filled()));
                        chart.draw_series(bar).map(drop)
                    }
                    Mark::Line(points, colour, width) => {
                        let style = rgb(*colour).stroke_width(fine(*width));
                        chart.draw_series([PathElement::new(places(points), style)]).map(drop)
                    }
                    Mark::Dashes(points, colour) => {
                        let style = rgb(*colour).stroke_width(fine(1.4));
                        chart
                            .draw_series(DashedLineSeries::new(places(points), fine(5.0), fine(4.0), style))
                            .map(drop)
                    }
                    Mark::Band(edges, colour) => {
                        let lower = edges.iter().map(|(x, low, _)| (*x, *low));
                        let upper = edges.iter().rev().map(|(x, _, high)| (*x, *high));
                        let outline: Vec<(f64, f64)> = lower.chain(upper).collect();
                        chart.draw_series([Polygon::new(places(&outline), rgb(*colour).mix(BAND))]).map(drop)
                    }
                    Mark::Dot(point, colour) => {
                        let dot = at(point).map(|place| Circle::new(place, fine(2.2), rgb(*colour).filled()));
                        chart.draw_series(dot).map(drop)
                    }
                    Mark::Text(point, side, text) => {
                        let anchor = match side {
                            Side::Start => HPos::Left,
                            Side::End => HPos::Right,
                        };
                        let style = font(style::SMALL, style::INK).pos(Pos::new(anchor, VPos::Top));
                        chart
                            .draw_series(at(point).map(|place| Text::new(text.clone(), place, style)))
                            .map(drop)
                    }
                }
                .map_err(failed)?;
            }
            root.present().map_err(failed)?;
        }
        Ok(svg)
    }
}
