//! The sheet on which a figure's panels, pictures and words are put together: one SVG that scales.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};
use stage::Error;

use crate::escape::escape;
use crate::panel::Panel;
use crate::style::{self, Colour};
use crate::words;

/// Width of every figure, in pixels at its natural size.
pub const WIDTH: f64 = 960.0;

/// A figure being put together.
pub struct Sheet {
    height: f64,
    body: String,
}

/// Pixels of a PNG along one side of a picture's pixel.
const MAGNIFIED: usize = 6;

/// How a text looks and where it hangs.
#[derive(Clone, Copy)]
pub enum Text {
    /// A panel's heading, from its left end.
    Heading,
    /// A line of second rank, from its left end.
    Line,
    /// A line of second rank, around its middle.
    Centred,
}

/// One entry of a legend.
pub struct Entry {
    /// Its colour.
    pub colour: Colour,
    /// How it is drawn.
    pub sample: Sample,
    /// Its words.
    pub words: String,
}

/// What a legend shows beside its words.
#[derive(Clone, Copy)]
pub enum Sample {
    /// A filled box.
    Box,
    /// A line.
    Line,
    /// A dashed line.
    Dashes,
}

/// Values up to which greys go, from black below zero to white above.
pub const GREYEST: f32 = 100.0;

/// How values are greys, in words, and what of them is clipped.
pub fn greys<'a>(values: impl Iterator<Item = &'a f32> + Clone) -> String {
    let beyond = values.clone().filter(|value| value.abs() > GREYEST).count();
    let mut words = format!("grey from −{GREYEST} (black) to {GREYEST} (white)");
    if beyond > 0 {
        let low = values.clone().copied().fold(f32::INFINITY, f32::min);
        let high = values.clone().copied().fold(f32::NEG_INFINITY, f32::max);
        let [low, high] = [low, high].map(|value| words::signed(f64::from(value), 0));
        words += &match beyond {
            1 => format!("; they run from {low} to {high}, one of {} is beyond and clipped", values.count()),
            _ => format!(
                "; they run from {low} to {high}, {beyond} of {} are beyond and clipped",
                values.count()
            ),
        };
    }
    words
}

/// Grey values of a square picture, row by row.
pub struct Picture {
    /// Pixels along one side.
    pub side: usize,
    /// One byte a pixel.
    pub greys: Vec<u8>,
    /// Whether each pixel is shown; where none is named, all are.
    pub shown: Vec<bool>,
}

impl Picture {
    /// Values from minus to plus [`GREYEST`].
    pub fn of_values(values: &[f32], side: usize) -> Picture {
        let grey = |value: &f32| {
            ((value.clamp(-GREYEST, GREYEST) + GREYEST) / (2.0 * GREYEST) * 255.0).round() as u8
        };
        Picture::of_greys(values.iter().map(grey).collect(), side)
    }

    /// Grey values.
    pub fn of_greys(greys: Vec<u8>, side: usize) -> Picture {
        Picture { side, greys, shown: Vec::new() }
    }

    fn png(&self) -> Result<Vec<u8>, Error> {
        // Some viewers smooth whatever the SVG says; larger pixels stay sharp there too.
        let side = self.side * MAGNIFIED;
        let pixel = |at: usize| {
            let at = at / side / MAGNIFIED * self.side + at % side / MAGNIFIED;
            let shown = self.shown.get(at).copied().unwrap_or(true);
            [self.greys[at], if shown { 255 } else { 0 }]
        };
        let pixels: Vec<u8> = (0..side * side).flat_map(pixel).collect();
        encode(&pixels, side as u32)
            .map_err(|error| Error::Failed(format!("a picture can't be encoded: {error}")))
    }
}

/// A PNG of a square picture's grey values and opacities.
fn encode(pixels: &[u8], side: u32) -> Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, side, side);
    encoder.set_color(ColorType::GrayscaleAlpha);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Adaptive);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

impl Sheet {
    /// An empty sheet.
    pub fn new(height: f64) -> Sheet {
        Sheet { height, body: String::new() }
    }

    /// Draws a panel with its upper left corner at a point.
    ///
    /// # Errors
    /// Where the panel can't be drawn.
    pub fn panel(&mut self, x: f64, y: f64, panel: &Panel) -> Result<(), Error> {
        let svg = panel.draw()?;
        // Plotters states the size that it drew; here the panel gets its place and the size that it is shown at.
        let (head, content) = svg.split_once('>').unwrap_or(("", ""));
        let view = head
            .split_once("viewBox=\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map_or("", |(view, _)| view);
        let (width, height) = (panel.width, panel.height);
        let _ = write!(
            self.body,
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{view}\">{content}"
        );
        Ok(())
    }

    /// Shows a picture, magnified without smoothing, in a thin frame.
    ///
    /// # Errors
    /// Where the picture can't be encoded.
    pub fn picture(
        &mut self,
        x: f64,
        y: f64,
        size: f64,
        picture: &Picture,
        words: &str,
    ) -> Result<(), Error> {
        let data = STANDARD.encode(picture.png()?);
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{size}\" height=\"{size}\" fill=\"{}\"/>\n\
             <image x=\"{x}\" y=\"{y}\" width=\"{size}\" height=\"{size}\" image-rendering=\"optimizeSpeed\" \
             style=\"image-rendering:pixelated\" \
             href=\"data:image/png;base64,{data}\"><title>{}</title></image>\n\
             <rect x=\"{x}\" y=\"{y}\" width=\"{size}\" height=\"{size}\" fill=\"none\" stroke=\"{}\"/>",
            style::hex(style::ABSENT),
            escape(words),
            style::hex(style::GREY),
        );
        Ok(())
    }

    /// Writes a line of text, its base line at `y`.
    pub fn text(&mut self, x: f64, y: f64, look: Text, words: &str) {
        let (size, colour, more) = match look {
            Text::Heading => (style::HEADING, style::INK, " font-weight=\"bold\""),
            Text::Line => (style::TEXT, style::FAINT, ""),
            Text::Centred => (style::TEXT, style::FAINT, " text-anchor=\"middle\""),
        };
        let _ = writeln!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" font-family=\"sans-serif\" font-size=\"{size}\" fill=\"{}\"{more}>{}</text>",
            style::hex(colour),
            escape(&words::unbroken(words)),
        );
    }

    /// Writes a legend in one row.
    pub fn legend(&mut self, x: f64, y: f64, entries: &[Entry]) {
        let mut left = x;
        for entry in entries {
            let (colour, middle, right) = (style::hex(entry.colour), y - 4.0, left + 20.0);
            let _ = match entry.sample {
                Sample::Box => writeln!(
                    self.body,
                    "<rect x=\"{left}\" y=\"{}\" width=\"20\" height=\"10\" fill=\"{colour}\"/>",
                    y - 9.0
                ),
                Sample::Line | Sample::Dashes => writeln!(
                    self.body,
                    "<line x1=\"{left}\" y1=\"{middle}\" x2=\"{right}\" y2=\"{middle}\" stroke=\"{colour}\" \
                     stroke-width=\"2\"{}/>",
                    if matches!(entry.sample, Sample::Dashes) { " stroke-dasharray=\"5 4\"" } else { "" }
                ),
            };
            self.text(left + 26.0, y, Text::Line, &entry.words);
            // The reader's font is unknown; six tenths of its size a letter is wider than most.
            left += 26.0 + entry.words.chars().count() as f64 * style::TEXT * 0.56 + 18.0;
        }
    }

    /// The finished figure; `title` says in words what it shows.
    pub fn finish(self, title: &str) -> String {
        let height = self.height;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
             <title>{}</title>\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            escape(&words::unbroken(title)),
            self.body,
        )
    }
}

/// A figure whose data is not there: a frame with words that say what is missing.
pub fn note(title: &str, words: &str) -> String {
    let lines = wrap(words, 110);
    let height = 70.0 + 20.0 * lines.len() as f64;
    let mut sheet = Sheet::new(height);
    let _ = writeln!(
        sheet.body,
        "<rect x=\"8\" y=\"8\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"{}\" stroke-dasharray=\"6 4\"/>",
        WIDTH - 16.0,
        height - 16.0,
        style::hex(style::GREY),
    );
    sheet.text(28.0, 38.0, Text::Heading, title);
    for (index, line) in lines.iter().enumerate() {
        sheet.text(28.0, 62.0 + 20.0 * index as f64, Text::Line, line);
    }
    sheet.finish(&format!("{title}: {words}"))
}

/// Lines of at most `width` letters, broken between words.
fn wrap(words: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_what_is_missing_and_stays_text() {
        let svg = note("Figure 5", "No training on random labels <yet> is in the tables.");
        assert!(svg.contains("No training on random labels &lt;yet&gt; is in the tables."));
        assert!(svg.contains("<text"));
    }

    #[test]
    fn long_words_are_broken_between_words_and_none_is_lost() {
        let words = "one two three four five six seven";
        let lines = wrap(words, 10);
        assert!(lines.iter().all(|line| line.len() <= 10));
        assert_eq!(lines.join(" "), words);
    }

    #[test]
    fn greys_run_from_minus_to_plus_a_hundred_and_what_is_beyond_is_clipped() {
        let picture = Picture::of_values(&[-500.0, -100.0, 0.0, 100.0], 2);
        assert_eq!(picture.greys, [0, 0, 128, 255]);
        let inside = "grey from −100 (black) to 100 (white)";
        assert_eq!(greys([3.0, -100.0].iter()), inside);
        assert_eq!(
            greys([3.0, 113.2].iter()),
            format!("{inside}; they run from 3 to 113, one of 2 is beyond and clipped")
        );
    }
}
