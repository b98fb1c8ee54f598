//! The synthetic dataset in memory: read once, checked once.

use std::path::Path;

use crate::{CLASSES, Error, Only, PIXELS, Reader, catalogue};

/// Images with their labels, in the order of the file. All vectors have one entry an image, `pixels` 1,024.
#[derive(Debug, Default)]
pub struct Dataset {
    /// Row of each image in the file.
    pub image_ids: Vec<i32>,
    /// Classes, 0 to 9.
    pub labels: Vec<u8>,
    /// Random labels, 0 to 9.
    pub random_labels: Vec<u8>,
    /// Pixels, image after image, row-major.
    pub pixels: Vec<f32>,
}

/// A dataset's two parts.
#[derive(Debug, Default)]
pub struct Splits {
    /// Images to train on.
    pub train: Dataset,
    /// Images held out.
    pub test: Dataset,
}

impl Splits {
    /// Multiplies every pixel by a number.
    pub fn scale(&mut self, factor: f32) {
        self.train.pixels.iter_mut().chain(&mut self.test.pixels).for_each(|pixel| *pixel *= factor);
    }
}

impl Dataset {
    /// How many images there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The 1,024 pixels of one image.
    pub fn image(&self, index: usize) -> &[f32] {
        &self.pixels[index * PIXELS..(index + 1) * PIXELS]
    }
}

/// Reads both parts of a dataset.
///
/// # Errors
/// As [`Reader::open`]; and where a split is neither train nor test, a label is outside 0 to 9, or a pixel is not
/// finite, with its row.
pub fn read(path: &Path) -> Result<Splits, Error> {
    let splits = read_only(path, &[])?;
    for (name, part) in [("train", &splits.train), ("test", &splits.test)] {
        if part.is_empty() {
            return Err(none(path, name));
        }
    }
    Ok(splits)
}

/// Reads the images held out, without decoding the others.
///
/// # Errors
/// As [`read`], for what was read.
pub fn read_test(path: &Path) -> Result<Dataset, Error> {
    match read_only(path, &[Only::Word("split", "test")]) {
        Ok(splits) if splits.test.is_empty() => Err(none(path, "test")),
        Ok(splits) => Ok(splits.test),
        // Chosen rows don't know their number in the file; to name it, the whole file is read.
        Err(error) => match read(path) {
            Err(with_row) => Err(with_row),
            Ok(_) => Err(error),
        },
    }
}

fn none(path: &Path, split: &str) -> Error {
    Error::damaged(path, format!("it has no image with split `{split}`"))
}

fn read_only(path: &Path, only: &[Only<'_>]) -> Result<Splits, Error> {
    let columns = ["image_id", "split", "label", "random_label", "pixels"];
    let mut splits = Splits::default();
    for batch in Reader::open_only(path, &catalogue::DATASET, &columns, only)? {
        let batch = batch?;
        let (ids, words) = (batch.i32s("image_id")?, batch.texts("split")?);
        let (labels, random_labels) = (batch.u8s("label")?, batch.u8s("random_label")?);
        let (pixels, _) = batch.finite_f32_tensors("pixels")?;
        for (name, labels) in [("label", &labels), ("random_label", &random_labels)] {
            if let Some(row) = labels.iter().position(|label| usize::from(*label) >= CLASSES) {
                let found = format!("label {}", labels[row]);
                return Err(batch.bad_value(name, row, found, "labels are 0 to 9"));
            }
        }
        let mut row = 0;
        // Images of one split stand together, so they are copied together.
        for run in words.chunk_by(|a, b| a == b) {
            let rows = row..row + run.len();
            let part = match run.first().copied() {
                Some("train") => &mut splits.train,
                Some("test") => &mut splits.test,
                other => {
                    let found = format!("split `{}`", other.unwrap_or_default());
                    return Err(batch.bad_value("split", row, found, "a split is `train` or `test`"));
                }
            };
            part.image_ids.extend_from_slice(&ids[rows.clone()]);
            part.labels.extend_from_slice(&labels[rows.clone()]);
            part.random_labels.extend_from_slice(&random_labels[rows.clone()]);
            part.pixels.extend_from_slice(&pixels[rows.start * PIXELS..rows.end * PIXELS]);
            row = rows.end;
        }
    }
    Ok(splits)
}
