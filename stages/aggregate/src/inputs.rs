//! What is read: every training's history, and its divergences epoch by epoch.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use tables::{Error, Reader, catalogue};

/// One training at one epoch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) network: String,
    pub(crate) labels: String,
    pub(crate) seed: i64,
    pub(crate) epoch: i32,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Key { network, labels, seed, epoch } = self;
        write!(f, "{network} on {labels} labels with seed {seed} at epoch {epoch}")
    }
}

/// What the history tells of an epoch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Errors {
    pub(crate) training_loss: f64,
    pub(crate) training_error: f64,
    pub(crate) test_error: f64,
}

/// The divergences of all test images at one epoch, in nats.
#[derive(Clone, Debug)]
pub(crate) struct Divergences {
    pub(crate) key: Key,
    pub(crate) x: Vec<f64>,
    pub(crate) f1: Vec<f64>,
    pub(crate) f1_standardised: Vec<f64>,
    pub(crate) null_x: Null,
    pub(crate) null_f1: Null,
}

/// What exact samples give: mean and 97.5 % quantile.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Null {
    pub(crate) mean: f64,
    pub(crate) high: f64,
}

pub(crate) fn read_history(path: &Path) -> Result<Vec<(Key, Errors)>, Error> {
    let mut rows = Vec::new();
    for batch in Reader::open(path, &catalogue::HISTORY, &[])? {
        let batch = batch?;
        let (networks, labels) = (batch.texts("network")?, batch.texts("labels")?);
        let (seeds, epochs) = (batch.i64s("seed")?, batch.i32s("epoch")?);
        let [loss, training, test] =
            ["training_loss", "training_error", "test_error"].map(|name| batch.f64s(name));
        let (loss, training, test) = (loss?, training?, test?);
        for row in 0..batch.rows() {
            for (name, share) in [("training_error", training[row]), ("test_error", test[row])] {
                if !(0.0..=1.0).contains(&share) {
                    return Err(batch.bad_value(name, row, format!("{share}"), "a share is from 0 to 1"));
                }
            }
            let key = Key {
                network: networks[row].clone(),
                labels: labels[row].clone(),
                seed: seeds[row],
                epoch: epochs[row],
            };
            let errors =
                Errors { training_loss: loss[row], training_error: training[row], test_error: test[row] };
            rows.push((key, errors));
        }
    }
    Ok(rows)
}

/// All histories by training and epoch; none may be told twice.
pub(crate) fn histories(
    files: &[Vec<(Key, Errors)>],
    paths: &[PathBuf],
) -> Result<BTreeMap<Key, Errors>, Error> {
    let mut all = BTreeMap::new();
    for (rows, path) in files.iter().zip(paths) {
        for (row, (key, errors)) in rows.iter().enumerate() {
            if all.insert(key.clone(), *errors).is_some() {
                return Err(Error::value(
                    path,
                    "epoch",
                    row,
                    format!("{key} is told twice"),
                    "give each once",
                ));
            }
        }
    }
    Ok(all)
}

pub(crate) fn read_divergences(path: &Path) -> Result<Vec<Divergences>, Error> {
    let mut epochs: BTreeMap<Key, Divergences> = BTreeMap::new();
    let mut seen: HashSet<(i32, i32)> = HashSet::new();
    for batch in Reader::open(path, &catalogue::DIVERGENCES, &[])? {
        let batch = batch?;
        let (networks, labels) = (batch.texts("network")?, batch.texts("labels")?);
        let (seeds, numbers) = (batch.i64s("seed")?, batch.i32s("epoch")?);
        let column = |name: &str| -> Result<Vec<f64>, Error> {
            let values = batch.f64s(name)?;
            match values.iter().position(|value| value.is_nan()) {
                Some(row) => Err(batch.bad_value(name, row, "NaN", "a divergence is a number")),
                None => Ok(values),
            }
        };
        let images = batch.i32s("image_id")?;
        if let Some(row) = (0..batch.rows()).find(|row| !seen.insert((numbers[*row], images[*row]))) {
            let found = format!("image {} at epoch {} again", images[row], numbers[row]);
            let expected = "a file holds one training, each image once an epoch";
            return Err(batch.bad_value("image_id", row, found, expected));
        }
        let (x, f1, standardised) = (column("kl_x")?, column("kl_f1")?, column("kl_f1_standardised")?);
        let (x_mean, x_high) = (column("null_x_mean")?, column("null_x_high")?);
        let (f1_mean, f1_high) = (column("null_f1_mean")?, column("null_f1_high")?);
        for row in 0..batch.rows() {
            let key = Key {
                network: networks[row].clone(),
                labels: labels[row].clone(),
                seed: seeds[row],
                epoch: numbers[row],
            };
            let epoch = epochs.entry(key.clone()).or_insert_with(|| Divergences {
                key,
                x: Vec::new(),
                f1: Vec::new(),
                f1_standardised: Vec::new(),
                null_x: Null { mean: x_mean[row], high: x_high[row] },
                null_f1: Null { mean: f1_mean[row], high: f1_high[row] },
            });
            epoch.x.push(x[row]);
            epoch.f1.push(f1[row]);
            epoch.f1_standardised.push(standardised[row]);
        }
    }
    if epochs.is_empty() {
        return Err(Error::damaged(path, "it holds no divergence"));
    }
    Ok(epochs.into_values().collect())
}
