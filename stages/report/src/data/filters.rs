//! The filters of f1, from the checkpoints.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use tables::{Error, Only, Reader, catalogue};

use super::keys::{Key, trainings};

/// The filters of a first layer: one for each channel, over one channel of input.
#[derive(Clone, Debug, PartialEq)]
pub struct Filters {
    /// Height and width of a filter.
    pub size: [usize; 2],
    /// Weights, filter by filter and row by row.
    pub weights: Vec<f32>,
}

/// The filters of the trainings and epochs that are wanted, as far as the checkpoints have them.
pub(super) fn read(paths: &[PathBuf], wanted: &BTreeSet<Key>) -> Result<BTreeMap<Key, Filters>, Error> {
    let epochs: BTreeSet<i32> = wanted.iter().map(|key| key.epoch).collect();
    let epochs: Vec<i32> = epochs.into_iter().collect();
    let mut filters = BTreeMap::new();
    for path in paths {
        let columns = ["network", "labels", "seed", "epoch", "conv1_weight"];
        let only = [Only::Numbers("epoch", &epochs)];
        for batch in Reader::open_only(path, &catalogue::CHECKPOINTS, &columns, &only)? {
            let batch = batch?;
            let (weights, shape) = batch.finite_f32_tensors("conv1_weight")?;
            let size = match shape.as_slice() {
                [channels, 1, height, width] if channels * height * width > 0 => [*height, *width],
                _ => {
                    let found = format!("filters of shape {shape:?}");
                    let right = "filters of f1 have the shape [channels, 1, height, width]";
                    return Err(batch.bad_value("conv1_weight", 0, found, right));
                }
            };
            let length = shape.iter().product::<usize>();
            for (key, weights) in trainings(&batch)?.into_iter().zip(weights.chunks(length)) {
                if wanted.contains(&key) {
                    filters.entry(key).or_insert(Filters { size, weights: weights.to_vec() });
                }
            }
        }
    }
    Ok(filters)
}
