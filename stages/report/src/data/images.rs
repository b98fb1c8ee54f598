//! The synthetic images that are shown, and the digit behind one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use statistics::histogram::Bins;
use tables::picture::{self, Grey};
use tables::{Batch, Error, Only, PIXELS, Reader, catalogue};

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
    let reader = Reader::open(path, &catalogue::DATASET, &["image_id", "split", "label"])?;
    let params =
        reader.metadata("params").and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let variance =
        params.and_then(|params| params.get("variance")?.as_f64()).filter(|variance| *variance > 0.0);
    let sd = variance.unwrap_or(1024.0).sqrt();
    let default_bins = Bins::new(-4.0 * sd, 4.0 * sd, 64).ok_or_else(|| {
        Error::damaged(path, format!("its metadata says that the standard deviation is {sd}"))
    })?;
    let samples = first_of_classes(reader, classes)?;
    let wanted: BTreeSet<i32> = samples.iter().chain(ids).copied().collect();
    let wanted: Vec<i32> = wanted.into_iter().collect();
    let mut images = BTreeMap::new();
    let only = [Only::Numbers("image_id", &wanted)];
    for batch in Reader::open_only(path, &catalogue::DATASET, &[], &only)? {
        read_images(&batch?, &mut images)?;
    }
    let of = |ids: &mut dyn Iterator<Item = &i32>| ids.filter_map(|id| images.get(id).cloned()).collect();
    Ok(Images { sd, default_bins, samples: of(&mut samples.iter()), chosen: of(&mut ids.iter()) })
}

/// The ids of the first test image of each of the first classes.
fn first_of_classes(reader: Reader, classes: u8) -> Result<Vec<i32>, Error> {
    let mut samples = vec![None; usize::from(classes)];
    for batch in reader {
        let batch = batch?;
        let (ids, splits, labels) = (batch.i32s("image_id")?, batch.texts("split")?, batch.u8s("label")?);
        for row in (0..batch.rows()).filter(|row| splits[*row] == "test") {
            if let Some(place @ None) = samples.get_mut(usize::from(labels[row])) {
                *place = Some(ids[row]);
            }
        }
    }
    Ok(samples.into_iter().flatten().collect())
}

fn read_images(batch: &Batch, images: &mut BTreeMap<i32, Synthetic>) -> Result<(), Error> {
    let (ids, labels, random_labels) =
        (batch.i32s("image_id")?, batch.u8s("label")?, batch.u8s("random_label")?);
    let (pixels, regions) = (batch.finite_f32_tensors("pixels")?.0, batch.bytes("regions")?);
    let sources = batch.texts("source_digit")?;
    for row in 0..batch.rows() {
        let places = row * PIXELS..(row + 1) * PIXELS;
        let image = Synthetic {
            image_id: ids[row],
            label: labels[row],
            random_label: random_labels[row],
            pixels: pixels[places.clone()].to_vec(),
            regions: regions[places].to_vec(),
            source_digit: sources[row].to_owned(),
        };
        images.entry(ids[row]).or_insert(image);
    }
    Ok(())
}

/// The digit with a path; none where the table lacks it, or where the digits are a folder and so no table.
pub(super) fn find_digit(path: &Path, source: &str) -> Result<Option<Grey>, Error> {
    if path.is_dir() {
        return Ok(None);
    }
    for batch in Reader::open(path, &catalogue::DIGITS, &["image"])? {
        let batch = batch?;
        let images = batch.encoded_images("image")?;
        let Some(row) = (0..batch.rows()).find(|row| images.path(*row) == source) else { continue };
        let digit = picture::decode(images.bytes(row));
        return digit
            .map(Some)
            .map_err(|error| batch.bad_value("image", row, error, "the bytes of an image are a PNG"));
    }
    Ok(None)
}
