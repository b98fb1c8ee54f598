//! The synthetic dataset in memory: read once, checked once.

use std::path::Path;

use crate::{CLASSES, Error, PIXELS, Reader, catalogue};

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
    let columns = ["image_id", "split", "label", "random_label", "pixels"];
    let mut splits = Splits::default();
    for batch in Reader::open(path, &catalogue::DATASET, &columns)? {
        let batch = batch?;
        let (ids, words) = (batch.i32s("image_id")?, batch.texts("split")?);
        let (labels, random_labels) = (batch.u8s("label")?, batch.u8s("random_label")?);
        let (pixels, _) = batch.finite_f32_tensors("pixels")?;
        for (name, labels) in [("label", &labels), ("random_label", &random_labels)] {
            if let Some(row) = labels.iter().position(|label| usize::from(*label) >= CLASSES) {
                return Err(batch.bad_value(
                    name,
                    row,
                    format!("label {}", labels[row]),
                    "labels are 0 to 9",
                ));
            }
        }
        for row in 0..batch.rows() {
            let part = match words[row].as_str() {
                "train" => &mut splits.train,
                "test" => &mut splits.test,
                other => {
                    let found = format!("split `{other}`");
                    return Err(batch.bad_value("split", row, found, "a split is `train` or `test`"));
                }
            };
            part.image_ids.push(ids[row]);
            part.labels.push(labels[row]);
            part.random_labels.push(random_labels[row]);
            part.pixels.extend_from_slice(&pixels[row * PIXELS..(row + 1) * PIXELS]);
        }
    }
    for (name, part) in [("train", &splits.train), ("test", &splits.test)] {
        if part.is_empty() {
            return Err(Error::damaged(path, format!("it has no image with split `{name}`")));
        }
    }
    Ok(splits)
}
