//! One image in one network, and the choice of the one that a figure shows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tables::{Error, catalogue};

use super::keys::{Key, Keys, open};
use super::{Distribution, Divergence, Synthetic};
use crate::params::Params;

/// What Figures 2 and 4 show.
#[derive(Clone)]
pub struct Layers {
    /// The training and its epoch.
    pub key: Key,
    /// The image.
    pub image_id: i32,
    /// The image itself; none where the dataset lacks it.
    pub image: Option<Synthetic>,
    /// Distributions by variable: x, f1, f1_standardised, f2, f3, fy.
    pub distributions: BTreeMap<String, Distribution>,
    /// The divergences from P(X); none where no table has them.
    pub divergence: Option<Divergence>,
    /// Where the energies of F1 lie.
    pub e_f1: Extent,
    /// The energies of F2.
    pub e_f2: Vec<f32>,
}

/// Where values lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub sd: f64,
}

impl Extent {
    /// The extent of some values.
    pub fn of(values: &[f32]) -> Extent {
        let values: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
        Extent {
            low: values.iter().copied().fold(f64::INFINITY, f64::min),
            high: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            mean: statistics::summary::mean(&values),
            sd: statistics::summary::sd(&values),
        }
    }
}

/// One row of the activations, as far as it is shown.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) key: Key,
    pub(super) image_id: i32,
    pub(super) e_f1: Extent,
    pub(super) e_f2: Vec<f32>,
}

pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for path in paths {
        for batch in open(path, &catalogue::ACTIVATIONS, &["e_f1", "e_f2"], &[])? {
            let batch = batch?;
            let keys = Keys::read(&batch)?;
            let (e_f1, of_f1) = batch.finite_f32_tensors("e_f1")?;
            let (e_f2, of_f2) = batch.finite_f32_tensors("e_f2")?;
            let length = |shape: &[usize]| shape.iter().product::<usize>().max(1);
            let energies = e_f1.chunks(length(&of_f1)).zip(e_f2.chunks(length(&of_f2)));
            rows.extend(energies.enumerate().map(|(row, (e_f1, e_f2))| Row {
                key: keys.key(row),
                image_id: keys.image_ids[row],
                e_f1: Extent::of(e_f1),
                e_f2: e_f2.to_vec(),
            }));
        }
    }
    Ok(rows)
}

/// The row that a figure shows: of the training with the seed asked for (or the lowest), at its last epoch, the image
/// asked for (or the first).
pub(super) fn choose<'a>(rows: &'a [Row], network: &str, labels: &str, params: &Params) -> Option<&'a Row> {
    let asked = |row: &&Row| {
        row.key.network == network
            && row.key.labels == labels
            && (params.seed < 0 || row.key.seed == params.seed)
            && (params.image < 0 || row.image_id == params.image)
    };
    rows.iter().filter(asked).min_by_key(|row| (row.key.seed, std::cmp::Reverse(row.key.epoch), row.image_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(network: &str, labels: &str, seed: i64, epoch: i32, image_id: i32) -> Row {
        let extent = Extent::of(&[0.0, 1.0]);
        let key = Key { network: network.to_owned(), labels: labels.to_owned(), seed, epoch };
        Row { key, image_id, e_f1: extent, e_f2: vec![0.0, 1.0] }
    }

    #[test]
    fn a_figure_shows_the_last_epoch_of_the_lowest_seed_whatever_the_order_of_files() {
        let mut rows = vec![
            row("cnn2", "real", 2, 40, 3),
            row("cnn2", "real", 1, 30, 9),
            row("cnn2", "real", 1, 30, 7),
            row("cnn2", "real", 1, 0, 5),
            row("cnn2", "random", 0, 30, 1),
        ];
        for _ in 0..rows.len() {
            rows.rotate_left(1);
            let chosen = choose(&rows, "cnn2", "real", &Params::default()).unwrap();
            assert_eq!((chosen.key.seed, chosen.key.epoch, chosen.image_id), (1, 30, 7));
        }
    }

    #[test]
    fn params_choose_seed_and_image() {
        let rows =
            [row("cnn2", "real", 1, 30, 7), row("cnn2", "real", 2, 30, 7), row("cnn2", "real", 2, 30, 8)];
        let params = Params { seed: 2, image: 8, ..Params::default() };
        assert_eq!(choose(&rows, "cnn2", "real", &params).map(|row| row.image_id), Some(8));
        assert!(choose(&rows, "cnn3", "real", &params).is_none());
    }
}
