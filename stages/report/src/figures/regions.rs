//! Figure 8: from a digit to a synthetic image, by its four regions.

use stage::Error;

use super::Figure;
use super::csv::Csv;
use crate::data::{Data, Synthetic};
use crate::sheet::{Picture, Sheet, Text, WIDTH, greys, note};

const HEADING: &str = "From a handwritten digit to a synthetic image";

/// The regions in the order of their numbers.
const REGIONS: [&str; 4] = ["outside", "outside-boundary", "inside-boundary", "inside"];

const COLUMN: f64 = WIDTH / 4.0;
const SIDE: f64 = COLUMN - 40.0;
const ROW: f64 = SIDE + 46.0;

pub(super) fn draw(data: &Data) -> Result<Figure, Error> {
    let figure = |svg, caption, csv| Figure {
        name: "Figure 8".to_owned(),
        heading: HEADING.to_owned(),
        caption,
        about: String::new(),
        svg,
        numbers: Vec::new(),
        csv,
    };
    let Some(image) = &data.example else {
        let missing = "The dataset has no test image of classes 0 to 4, so there is nothing to show.";
        return Ok(figure(note("Figure 8", missing), String::new(), String::new()));
    };
    let mut sheet = Sheet::new(3.0 * ROW);
    let mut cell = |row: usize, column: usize, heading: &str, picture: Option<&Picture>| {
        let (x, y) = (20.0 + COLUMN * column as f64, ROW * row as f64);
        sheet.text(x, y + 26.0, Text::Line, heading);
        match picture {
            Some(picture) => sheet.picture(x, y + 34.0, SIDE, picture, heading),
            None => {
                sheet.text(x, y + 60.0, Text::Line, "It is not in the digits");
                sheet.text(x, y + 76.0, Text::Line, "that the report was given.");
                Ok(())
            }
        }
    };
    let digit = data.digit.as_ref().and_then(|digit| {
        (digit.width == digit.height).then(|| Picture::of_greys(digit.pixels.clone(), digit.width))
    });
    let edge = mask(image, |region| region == 1 || region == 2);
    let synthetic = Picture::of_values(&image.pixels, tables::SIDE);
    cell(0, 0, "handwritten digit", digit.as_ref())?;
    cell(0, 1, "its edge", Some(&edge))?;
    cell(0, 2, "synthetic image", Some(&synthetic))?;
    for (region, name) in REGIONS.into_iter().enumerate() {
        let area = image.regions.iter().filter(|found| usize::from(**found) == region).count();
        let white = mask(image, |found| usize::from(found) == region);
        cell(1, region, &format!("{name}: {area} pixels"), Some(&white))?;
        let shown = image.regions.iter().map(|found| usize::from(*found) == region).collect();
        let only = Picture { shown, ..Picture::of_values(&image.pixels, tables::SIDE) };
        cell(2, region, &format!("values {name}"), Some(&only))?;
    }
    let caption = format!(
        "Image {} of class {}. First row: the digit that it was made from, the digit's edge (both boundary regions), and \
         the synthetic image. Second row: the four regions as white pixels. Third row: the synthetic image's values in \
         each region, the rest in blue. Values of the synthetic image are {}{}.",
        image.image_id,
        image.label,
        greys(image.pixels.iter()),
        if digit.is_some() { "; the digit has its own greys, from 0 (black) to 255 (white)" } else { "" }
    );
    let title = format!("Image {}: its digit, edge, four regions, and the values in each", image.image_id);
    Ok(figure(sheet.finish(&title), caption, csv(image)))
}

fn csv(image: &Synthetic) -> String {
    let mut csv = Csv::new(&["region", "row", "column", "pixel"]);
    for (at, (pixel, region)) in image.pixels.iter().zip(&image.regions).enumerate() {
        let name = REGIONS.get(usize::from(*region)).copied().unwrap_or("");
        let (row, column) = (at / tables::SIDE, at % tables::SIDE);
        csv.line(&[name], &[row as f64, column as f64, f64::from(*pixel)]);
    }
    csv.finish()
}

fn mask(image: &Synthetic, inside: impl Fn(u8) -> bool) -> Picture {
    let greys = image.regions.iter().map(|region| if inside(*region) { 255 } else { 0 }).collect();
    Picture::of_greys(greys, tables::SIDE)
}
