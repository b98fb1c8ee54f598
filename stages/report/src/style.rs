//! One look for all figures: Okabe and Ito's colours, which the colour-blind can tell apart, and sizes of text.

/// A colour.
pub type Colour = (u8, u8, u8);

/// Text and axes.
pub const INK: Colour = (34, 34, 34);
/// Text of second rank.
pub const FAINT: Colour = (95, 95, 95);
/// Grid lines.
pub const GRID: Colour = (228, 228, 228);
/// What lies in open bins; the null.
pub const GREY: Colour = (150, 150, 150);
/// Behind pixels that are not shown: no grey, so that it is no value.
pub const ABSENT: Colour = (204, 228, 246);
/// Histograms.
pub const SKY: Colour = (86, 180, 233);
/// The curve of P(X).
pub const VERMILLION: Colour = (213, 94, 0);
/// CNN2; training errors.
pub const BLUE: Colour = (0, 114, 178);
/// CNN3; standardised energies.
pub const GREEN: Colour = (0, 128, 96);
/// CNN1; the label among the classes.
pub const ORANGE: Colour = (230, 159, 0);

/// Size of ticks' text.
pub const SMALL: f64 = 11.0;
/// Size of axes' titles and legends.
pub const TEXT: f64 = 12.0;
/// Size of panels' headings.
pub const HEADING: f64 = 14.0;

/// A colour as CSS and SVG write it.
pub fn hex(colour: Colour) -> String {
    format!("#{:02x}{:02x}{:02x}", colour.0, colour.1, colour.2)
}

/// The colour of a network.
pub fn of_network(name: &str) -> Colour {
    match name {
        "cnn1" => ORANGE,
        "cnn2" => BLUE,
        "cnn3" => GREEN,
        _ => INK,
    }
}
