//! Divergences from P(X): of the chosen images, and of pixels.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use statistics::null::Null;
use tables::{Error, Only, catalogue};

use super::keys::{Key, Keys, open};

/// Divergences of one image, with their nulls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Divergence {
    /// KL[P(X)‖P̂(x)].
    pub x: f64,
    /// KL[P(X)‖P̂(F1)].
    pub f1: f64,
    /// The same of standardised energies.
    pub f1_standardised: f64,
    /// The null of KL[P(X)‖P̂(x)].
    pub null_x: Null,
    /// The null of KL[P(X)‖P̂(F1)].
    pub null_f1: Null,
    /// The null of standardised samples.
    pub null_f1_standardised: Null,
}

/// What was kept of the divergences.
pub(super) struct Divergences {
    /// Those of the chosen images.
    pub(super) chosen: Vec<Option<Divergence>>,
    /// Those of other images that are shown, at the lowest key that there is; what is shown of them depends on no
    /// training.
    pub(super) of_images: BTreeMap<i32, (Key, Divergence)>,
}

impl Divergences {
    /// The null of KL[P(X)‖P̂(F1)]; it depends on the estimator alone, so any row tells it.
    pub(super) fn null_f1(&self) -> Option<Null> {
        let of_images = self.of_images.values().map(|(_, divergence)| divergence);
        of_images.chain(self.chosen.iter().flatten()).next().map(|divergence| divergence.null_f1)
    }
}

const NUMBERS: [&str; 12] = [
    "kl_x",
    "kl_f1",
    "kl_f1_standardised",
    "null_x_mean",
    "null_x_low",
    "null_x_high",
    "null_f1_mean",
    "null_f1_low",
    "null_f1_high",
    "null_f1_standardised_mean",
    "null_f1_standardised_low",
    "null_f1_standardised_high",
];

pub(super) fn read(
    paths: &[PathBuf],
    chosen: &[(Key, i32)],
    images: &BTreeSet<i32>,
) -> Result<Divergences, Error> {
    let mut found = Divergences { chosen: vec![None; chosen.len()], of_images: BTreeMap::new() };
    let wanted: BTreeSet<i32> = images.iter().copied().chain(chosen.iter().map(|(_, id)| *id)).collect();
    let wanted: Vec<i32> = wanted.into_iter().collect();
    let only = [Only::Numbers("image_id", &wanted)];
    for path in paths {
        for batch in open(path, &catalogue::DIVERGENCES, &NUMBERS, &only)? {
            let batch = batch?;
            let keys = Keys::read(&batch)?;
            let numbers = NUMBERS.iter().map(|name| batch.f64s(name)).collect::<Result<Vec<_>, _>>()?;
            let divergence = |row: usize| {
                let at = |column: usize| numbers[column][row];
                Divergence {
                    x: at(0),
                    f1: at(1),
                    f1_standardised: at(2),
                    null_x: Null { mean: at(3), low: at(4), high: at(5) },
                    null_f1: Null { mean: at(6), low: at(7), high: at(8) },
                    null_f1_standardised: Null { mean: at(9), low: at(10), high: at(11) },
                }
            };
            for row in 0..batch.rows() {
                let image_id = keys.image_ids[row];
                if let Some(at) =
                    chosen.iter().position(|(key, id)| *id == image_id && keys.is(row, key, key.epoch))
                {
                    found.chosen[at] = Some(divergence(row));
                }
                if !images.contains(&image_id) {
                    continue;
                }
                let key = keys.key(row);
                if found.of_images.get(&image_id).is_none_or(|known| key < known.0) {
                    found.of_images.insert(image_id, (key, divergence(row)));
                }
            }
        }
    }
    Ok(found)
}
