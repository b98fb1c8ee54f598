//! Figure 1: synthetic images, and how their pixels are distributed.

use stage::Error;

use super::csv::Csv;
use super::{Extra, Figure, Number, entry, histogram, prior};
use crate::data::{Data, Distribution};
use crate::density::Density;
use crate::sheet::{Picture, Sample, Sheet, Text, WIDTH, greys, note};
use crate::{style, words};

const HEADING: &str = "Synthetic images and the distribution of their pixels";

pub(super) fn draw(data: &Data) -> Result<Figure, Error> {
    let figure = |svg: String, caption: String, numbers, csv| Figure {
        name: "Figure 1".to_owned(),
        heading: HEADING.to_owned(),
        caption,
        about: String::new(),
        svg,
        numbers,
        csv,
    };
    if data.samples.is_empty() {
        let missing = "The dataset has no test image of classes 0 to 4, so there is nothing to show.";
        return Ok(figure(note("Figure 1", missing), String::new(), Vec::new(), String::new()));
    }
    let mut sheet = Sheet::new(452.0);
    let column = WIDTH / 5.0;
    let mut numbers = Vec::new();
    let counts: Vec<Vec<u16>> = data
        .samples
        .iter()
        .map(|(image, _)| Distribution::of_pixels(&image.pixels, &data.bins).counts)
        .collect();
    let densities: Vec<Density> = counts.iter().map(|counts| Density::new(counts, &data.bins)).collect();
    let peak = densities.iter().map(Density::peak).fold(0.0, f64::max);
    for (index, ((image, divergence), density)) in data.samples.iter().zip(&densities).enumerate() {
        let x = column * index as f64;
        sheet.text(x + 12.0, 24.0, Text::Heading, &format!("Class {}", image.label));
        let words = format!("Synthetic image {} of class {}", image.image_id, image.label);
        sheet.picture(x + 12.0, 36.0, column - 24.0, &Picture::of_values(&image.pixels, 32), &words)?;
        let panel = histogram(
            (column, 168.0),
            "pixel value",
            (data.bins.lower(), data.bins.upper()),
            density,
            &Extra { curve: Some(data.sd), peak, ..Extra::default() },
        );
        sheet.panel(x, 212.0, &panel)?;
        if let Some(kl) = divergence {
            // A column is too narrow for the null and the excess in one line.
            let excess = words::nats(kl.x - kl.null_x.mean);
            let of_image = format!("KL {} nats, excess {excess}", words::nats(kl.x));
            sheet.text(x + 12.0, 396.0, Text::Line, &of_image);
            sheet.text(x + 12.0, 412.0, Text::Line, &format!("null {}", words::null(&kl.null_x)));
            numbers.push(Number {
                quantity: format!("KL[P(X)‖P̂(x)], class {}, image {}", image.label, image.image_id),
                paper: super::NOT_PRINTED.to_owned(),
                ours: words::nats(kl.x),
                null: words::null_and_excess(kl.x, &kl.null_x),
            });
        }
    }
    let prior = prior(data.sd);
    let legend = [
        entry(style::SKY, Sample::Box, "pixels of the image"),
        entry(style::VERMILLION, Sample::Line, format!("density of {prior}")),
    ];
    sheet.legend(12.0, 440.0, &legend);
    let caption = format!(
        "One test image of each of the first five classes (its values are {}), and below it the \
         histogram of its 1,024 pixels with the density of {prior}, the normal distribution of the dataset’s variance. The KL is that of \
         the histogram from the distribution that compute-kl holds it against, with variance 1024 unless said otherwise; the null is \
         what exact samples of that one give, mean and 95 % range. How all test images lie beside it \
         is C1. The pixels stand in the dataset’s table, by image_id.",
        greys(data.samples.iter().flat_map(|(image, _)| &image.pixels))
    );
    let title =
        format!("Five synthetic images with the histograms of their pixels and the density of {prior}");
    Ok(figure(sheet.finish(&title), caption, numbers, csv(data, &counts)))
}

fn csv(data: &Data, counts: &[Vec<u16>]) -> String {
    let mut csv = Csv::new(&["image_id", "class", "lower_edge", "upper_edge", "count"]);
    for ((image, _), counts) in data.samples.iter().zip(counts) {
        let (id, class) = (f64::from(image.image_id), f64::from(image.label));
        for (bin, count) in counts.iter().enumerate() {
            csv.line(&[], &[id, class, data.bins.edge(bin), data.bins.edge(bin + 1), f64::from(*count)]);
        }
    }
    csv.finish()
}
