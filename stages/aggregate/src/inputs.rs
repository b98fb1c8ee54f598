//! What is read: every training's history, and its divergences epoch by epoch.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use stage::lineage::{Recipe, recipe};
use statistics::null::Null;
use tables::{Error, Numbers, Reader, catalogue};

/// One training at one epoch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// The smallest of this epoch and all before it, whether their divergences are known or not.
    pub(crate) least_training_error: f64,
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
    pub(crate) null_f1_standardised: Null,
}

/// A file of divergences: of one training, ascending by epoch.
pub(crate) struct Divergent {
    pub(crate) epochs: Vec<Divergences>,
    /// The params of all stages behind it.
    pub(crate) made_with: Recipe,
}

/// A file of histories.
pub(crate) struct History {
    pub(crate) rows: Vec<(Key, Errors)>,
    /// The params of all stages behind it.
    pub(crate) made_with: Recipe,
}

/// What a table was made with; nothing where it does not say.
fn made_with(reader: &Reader) -> Recipe {
    reader.metadata("lineage").and_then(recipe).unwrap_or_default()
}

pub(crate) fn read_history(path: &Path) -> Result<History, Error> {
    let mut rows: Vec<(Key, Errors)> = Vec::new();
    let reader = Reader::open(path, &catalogue::HISTORY, &[])?;
    let made_with = made_with(&reader);
    for batch in reader {
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
                network: networks[row].to_owned(),
                labels: labels[row].to_owned(),
                seed: seeds[row],
                epoch: epochs[row],
            };
            let errors = Errors {
                training_loss: loss[row],
                training_error: training[row],
                least_training_error: training[row],
                test_error: test[row],
            };
            rows.push((key, errors));
        }
    }
    Ok(History { rows, made_with })
}

impl Key {
    fn training(&self) -> (&str, &str, i64) {
        (&self.network, &self.labels, self.seed)
    }
}

/// All histories by training and epoch, each with the number of its file; none may be told twice.
pub(crate) fn histories(
    files: &[History],
    paths: &[PathBuf],
) -> Result<BTreeMap<Key, (Errors, usize)>, Error> {
    let mut all: BTreeMap<Key, (Errors, usize)> = BTreeMap::new();
    for (file, (History { rows, .. }, path)) in files.iter().zip(paths).enumerate() {
        for (row, (key, errors)) in rows.iter().enumerate() {
            if all.insert(key.clone(), (*errors, file)).is_some() {
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
    // Ascending by epoch within each training.
    let mut before: Option<(&Key, f64)> = None;
    for (key, (errors, _)) in &mut all {
        if let Some((earlier, least)) = before
            && earlier.training() == key.training()
        {
            errors.least_training_error = errors.least_training_error.min(least);
        }
        before = Some((key, errors.least_training_error));
    }
    Ok(all)
}

const COLUMNS: [&str; 17] = [
    "network",
    "labels",
    "seed",
    "epoch",
    "image_id",
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

pub(crate) fn read_divergences(path: &Path) -> Result<Divergent, Error> {
    let mut epochs: Vec<Divergences> = Vec::new();
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut seen: Vec<(i32, i32, usize)> = Vec::new();
    let reader = Reader::open(path, &catalogue::DIVERGENCES, &COLUMNS)?;
    let made_with = made_with(&reader);
    for batch in reader {
        let batch = batch?;
        let (networks, labels) = (batch.texts("network")?, batch.texts("labels")?);
        let (seeds, numbers) = (batch.i64s("seed")?, batch.i32s("epoch")?);
        let column = |name: &str| -> Result<Numbers<f64>, Error> {
            let values = batch.f64s(name)?;
            match values.iter().position(|value| !value.is_finite() || *value < -1e-9) {
                Some(row) => {
                    Err(batch.bad_value(name, row, values[row], "a divergence is a finite number from 0 on"))
                }
                None => Ok(values),
            }
        };
        let images = batch.i32s("image_id")?;
        let before = seen.len();
        seen.extend((0..batch.rows()).map(|row| (numbers[row], images[row], before + row)));
        let (x, f1, standardised) = (column("kl_x")?, column("kl_f1")?, column("kl_f1_standardised")?);
        let null = |mean: &str, low: &str, high: &str| -> Result<_, Error> {
            let (mean, low, high) = (column(mean)?, column(low)?, column(high)?);
            Ok(move |row: usize| Null { mean: mean[row], low: low[row], high: high[row] })
        };
        let null_x = null("null_x_mean", "null_x_low", "null_x_high")?;
        let null_f1 = null("null_f1_mean", "null_f1_low", "null_f1_high")?;
        let null_standardised =
            null("null_f1_standardised_mean", "null_f1_standardised_low", "null_f1_standardised_high")?;
        // Rows of one epoch stand together, so that few keys are made.
        let same = |a: usize, b: usize| {
            numbers[a] == numbers[b]
                && seeds[a] == seeds[b]
                && networks[a] == networks[b]
                && labels[a] == labels[b]
        };
        let mut start = 0;
        while start < batch.rows() {
            let end = (start..batch.rows()).find(|row| !same(start, *row)).unwrap_or(batch.rows());
            let key = Key {
                network: networks[start].to_owned(),
                labels: labels[start].to_owned(),
                seed: seeds[start],
                epoch: numbers[start],
            };
            let place = *places.entry(key.clone()).or_insert(epochs.len());
            if place == epochs.len() {
                epochs.push(Divergences {
                    key,
                    null_x: null_x(start),
                    null_f1: null_f1(start),
                    null_f1_standardised: null_standardised(start),
                    x: vec![],
                    f1: vec![],
                    f1_standardised: vec![],
                });
            }
            let epoch = &mut epochs[place];
            epoch.x.extend_from_slice(&x[start..end]);
            epoch.f1.extend_from_slice(&f1[start..end]);
            epoch.f1_standardised.extend_from_slice(&standardised[start..end]);
            start = end;
        }
    }
    // Fast where they are in order already, as the stage before writes them.
    seen.sort_unstable();
    let twice = |pair: &&[(i32, i32, usize)]| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1);
    if let Some((epoch, image, row)) = seen.windows(2).find(twice).map(|pair| pair[1]) {
        let found = format!("image {image} at epoch {epoch} again");
        let expected = "a file holds one training, each image once an epoch";
        return Err(Error::value(path, "image_id", row, found, expected));
    }
    if epochs.is_empty() {
        return Err(Error::damaged(path, "it holds no divergence"));
    }
    epochs.sort_by(|a, b| a.key.cmp(&b.key));
    let images = |epoch: &Divergences| epoch.f1.len();
    if let Some(other) = epochs.iter().find(|epoch| images(epoch) != images(&epochs[0])) {
        let counts =
            [&epochs[0], other].map(|epoch| format!("{} images at epoch {}", images(epoch), epoch.key.epoch));
        return Err(Error::damaged(
            path,
            format!("it holds {}; each epoch has the same", counts.join(", but ")),
        ));
    }
    Ok(Divergent { epochs, made_with })
}
