//! The synthetic images that are shown, and the digit behind one of them.

use std::collections::BTreeSet;
use std::path::Path;

use statistics::histogram::Bins;
use tables::{Batch, Error, PIXELS, Reader, catalogue};

/// One synthetic image.
#[derive(Clone, Debug, PartialEq)]
pub struct Synthetic {
    /// Its row in the dataset.
    pub image_id: i32,
    /// Class of its digit.
    pub label: u8,
    /// Its random label.
    pub random_label: u8,
    /// 32×32 pixels.
    pub pixels: Vec<f32>,
    /// Region of each pixel, 0 (outside) to 3 (inside).
    pub regions: Vec<u8>,
    /// Path of the digit that gave the regions.
    pub source_digit: String,
}

/// A handwritten digit as grey values.
#[derive(Clone, Debug, PartialEq)]
pub struct Digit {
    /// Pixels in a row.
    pub width: usize,
    /// Pixels in a column.
    pub height: usize,
    /// 0 is background, 255 ink.
    pub greys: Vec<u8>,
}

/// What was read from the dataset.
pub(super) struct Images {
    /// Standard deviation that the dataset was made with.
    pub(super) sd: f64,
    /// Bins for pixels where no distribution tells them: 64 within four standard deviations.
    pub(super) default_bins: Bins,
    /// The first test image of each of the first classes.
    pub(super) samples: Vec<Synthetic>,
    chosen: Vec<Synthetic>,
}

impl Images {
    pub(super) fn by_id(&self, image_id: i32) -> Option<&Synthetic> {
        self.chosen.iter().chain(&self.samples).find(|image| image.image_id == image_id)
    }
}

pub(super) fn read(path: &Path, classes: u8, ids: &BTreeSet<i32>) -> Result<Images, Error> {
    let reader = Reader::open(path, &catalogue::DATASET, &[])?;
    let params =
        reader.metadata("params").and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let variance =
        params.and_then(|params| params.get("variance")?.as_f64()).filter(|variance| *variance > 0.0);
    let sd = variance.unwrap_or(1024.0).sqrt();
    let default_bins = Bins::new(-4.0 * sd, 4.0 * sd, 64).ok_or_else(|| {
        Error::damaged(path, format!("its metadata says that the standard deviation is {sd}"))
    })?;
    let mut samples: Vec<Option<Synthetic>> = vec![None; usize::from(classes)];
    let mut chosen = Vec::new();
    for batch in reader {
        let batch = batch?;
        let (image_ids, splits, labels) =
            (batch.i32s("image_id")?, batch.texts("split")?, batch.u8s("label")?);
        let place = |row: usize| samples.get(usize::from(labels[row])).is_some_and(Option::is_none);
        let wanted = |row: usize| (splits[row] == "test" && place(row)) || ids.contains(&image_ids[row]);
        if !(0..batch.rows()).any(wanted) {
            continue;
        }
        let all = Columns::read(&batch)?;
        for row in 0..batch.rows() {
            if ids.contains(&image_ids[row]) {
                chosen.push(all.image(row, image_ids[row], labels[row]));
            }
            if let Some(place @ None) = samples.get_mut(usize::from(labels[row]))
                && splits[row] == "test"
            {
                *place = Some(all.image(row, image_ids[row], labels[row]));
            }
        }
    }
    Ok(Images { sd, default_bins, samples: samples.into_iter().flatten().collect(), chosen })
}

/// The columns of a batch that holds an image to be shown.
struct Columns {
    random_labels: Vec<u8>,
    pixels: Vec<f32>,
    regions: Vec<u8>,
    sources: Vec<String>,
}

impl Columns {
    fn read(batch: &Batch) -> Result<Columns, Error> {
        Ok(Columns {
            random_labels: batch.u8s("random_label")?,
            pixels: batch.finite_f32_tensors("pixels")?.0,
            regions: batch.u8_tensors("regions")?.0,
            sources: batch.texts("source_digit")?,
        })
    }

    fn image(&self, row: usize, image_id: i32, label: u8) -> Synthetic {
        let places = row * PIXELS..(row + 1) * PIXELS;
        Synthetic {
            image_id,
            label,
            random_label: self.random_labels[row],
            pixels: self.pixels[places.clone()].to_vec(),
            regions: self.regions[places].to_vec(),
            source_digit: self.sources[row].clone(),
        }
    }
}

/// The digit with a path; none where the table lacks it, or where the digits are a folder and so no table.
pub(super) fn find_digit(path: &Path, source: &str) -> Result<Option<Digit>, Error> {
    if path.is_dir() {
        return Ok(None);
    }
    for batch in Reader::open(path, &catalogue::DIGITS, &["image"])? {
        let batch = batch?;
        let images = batch.encoded_images("image")?;
        let Some(row) = images.iter().position(|(_, path)| path == source) else { continue };
        let digit = image::load_from_memory_with_format(&images[row].0, image::ImageFormat::Png)
            .map_err(|error| batch.bad_value("image", row, error, "the bytes of an image are a PNG"))?
            .into_luma8();
        let (width, height) = (digit.width() as usize, digit.height() as usize);
        return Ok(Some(Digit { width, height, greys: digit.into_raw() }));
    }
    Ok(None)
}
