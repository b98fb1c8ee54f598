//! What is read: the tables that claims are judged by.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use stage::lineage::{Recipe, recipe};
use statistics::null::Null;
use tables::{Batch, Error, Reader, catalogue};

/// All tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// Every training at every epoch, ascending.
    pub(crate) epochs: Vec<Epoch>,
    /// Every row of every table of estimates.
    pub(crate) estimates: Vec<EstimateRow>,
    /// Every row of every table of theory.
    pub(crate) checks: Vec<Check>,
}

/// One training at one epoch: a row of summary. Divergences in nats, errors as shares.
#[derive(Clone, Debug)]
pub(crate) struct Epoch {
    pub(crate) network: String,
    pub(crate) labels: String,
    pub(crate) seed: i64,
    pub(crate) epoch: i32,
    pub(crate) kl_f1_mean: f64,
    pub(crate) kl_f1_median: f64,
    pub(crate) kl_f1_standardised_mean: f64,
    pub(crate) null_f1: Null,
    pub(crate) null_f1_standardised: Null,
    /// The smallest training error of this epoch and all before it, of the training's whole history.
    pub(crate) least_training_error: f64,
    pub(crate) test_error: f64,
}

/// A file, and what it was made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    /// Digest of the dataset; the file's own path where it does not say.
    pub(crate) dataset: String,
    /// Digest of the checkpoints; the file's own path where there are none.
    pub(crate) training: String,
    /// The params of all stages behind it.
    pub(crate) made_with: Recipe,
}

impl Source {
    fn of(reader: &Reader, path: &Path) -> Arc<Source> {
        Arc::new(Source {
            path: path.to_owned(),
            dataset: made_from(reader, path, "dataset"),
            training: made_from(reader, path, "checkpoints"),
            made_with: reader.metadata("lineage").and_then(recipe).unwrap_or_default(),
        })
    }
}

/// A row of estimates.
#[derive(Clone, Debug)]
pub(crate) struct EstimateRow {
    pub(crate) source: Arc<Source>,
    pub(crate) network: String,
    pub(crate) labels: String,
    pub(crate) seed: i64,
    pub(crate) epoch: i32,
    pub(crate) against: String,
    pub(crate) variable: String,
    pub(crate) statistic: String,
    pub(crate) bins: String,
    pub(crate) smoothing: String,
    pub(crate) images: i32,
    pub(crate) mean: f64,
    pub(crate) null: Null,
    pub(crate) excess: f64,
    pub(crate) within_null: f64,
}

/// A row of theory: one check of one network.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) source: Arc<Source>,
    pub(crate) network: String,
    pub(crate) labels: String,
    pub(crate) seed: i64,
    pub(crate) epoch: i32,
    pub(crate) claim: String,
    pub(crate) check: String,
    pub(crate) kind: String,
    pub(crate) statistic: String,
    pub(crate) value: f64,
}

pub(crate) fn summary(path: &Path) -> Result<Vec<Epoch>, Error> {
    let mut epochs = Vec::new();
    for batch in Reader::open(path, &catalogue::SUMMARY, &[])? {
        let batch = batch?;
        let (networks, labels) = (batch.texts("network")?, batch.texts("labels")?);
        let (seeds, numbers) = (batch.i64s("seed")?, batch.i32s("epoch")?);
        let number = |name: &str| divergences(&batch, name);
        let (mean, median) = (number("kl_f1_mean")?, number("kl_f1_median")?);
        let standardised = number("kl_f1_standardised_mean")?;
        let null = |of: &str| -> Result<_, Error> {
            let [mean, low, high] =
                ["mean", "low", "high"].map(|end| divergences(&batch, &format!("{of}_{end}")));
            let (mean, low, high) = (mean?, low?, high?);
            Ok(move |row: usize| Null { mean: mean[row], low: low[row], high: high[row] })
        };
        let (null_f1, null_standardised) = (null("null_f1")?, null("null_f1_standardised")?);
        let (least, test) = (shares(&batch, "least_training_error")?, shares(&batch, "test_error")?);
        let training = shares(&batch, "training_error")?;
        if let Some(row) = (0..batch.rows()).find(|row| least[*row] > training[*row]) {
            let expected = "the least training error is at most this epoch's own";
            return Err(batch.bad_value("least_training_error", row, least[row], expected));
        }
        let disorder = |null: Null| null.low > null.mean || null.mean > null.high;
        if let Some(row) =
            (0..batch.rows()).find(|row| disorder(null_f1(*row)) || disorder(null_standardised(*row)))
        {
            let expected = "a null's mean lies between its 2.5 % and its 97.5 % quantile";
            return Err(batch.bad_value("null_f1_mean", row, null_f1(row).mean, expected));
        }
        epochs_from_0(&batch)?;
        some_images(&batch)?;
        epochs.extend((0..batch.rows()).map(|row| Epoch {
            network: networks[row].to_owned(),
            labels: labels[row].to_owned(),
            seed: seeds[row],
            epoch: numbers[row],
            kl_f1_mean: mean[row],
            kl_f1_median: median[row],
            kl_f1_standardised_mean: standardised[row],
            null_f1: null_f1(row),
            null_f1_standardised: null_standardised(row),
            least_training_error: least[row],
            test_error: test[row],
        }));
    }
    epochs.sort_by(|a, b| key(a).cmp(&key(b)));
    match epochs.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
        Some(pair) => {
            let (network, labels, seed, epoch) = key(&pair[0]);
            let row = format!("{network} on {labels} labels with seed {seed} at epoch {epoch}");
            Err(Error::damaged(path, format!("it holds {row} twice; each training has one row an epoch")))
        }
        None => Ok(epochs),
    }
}

/// A column of means of KL divergences by histograms, in nats: finite, and never below 0 but for rounding.
fn divergences(batch: &Batch, name: &str) -> Result<Vec<f64>, Error> {
    within(
        batch,
        name,
        |value| value.is_finite() && value >= -1e-9,
        "a divergence is a finite number from 0 on",
    )
}

fn shares(batch: &Batch, name: &str) -> Result<Vec<f64>, Error> {
    within(batch, name, |value| (0.0..=1.0).contains(&value), "a share is from 0 to 1")
}

fn within(batch: &Batch, name: &str, fits: fn(f64) -> bool, expected: &str) -> Result<Vec<f64>, Error> {
    let values = batch.f64s(name)?.to_vec();
    match values.iter().position(|value| !fits(*value)) {
        Some(row) => Err(batch.bad_value(name, row, values[row], expected)),
        None => Ok(values),
    }
}

fn epochs_from_0(batch: &Batch) -> Result<(), Error> {
    let epochs = batch.i32s("epoch")?;
    match epochs.iter().position(|epoch| *epoch < 0) {
        Some(row) => {
            Err(batch.bad_value("epoch", row, epochs[row], "epochs count from 0, the untrained network"))
        }
        None => Ok(()),
    }
}

fn some_images(batch: &Batch) -> Result<(), Error> {
    let images = batch.i32s("images")?;
    match images.iter().position(|images| *images < 1) {
        Some(row) => Err(batch.bad_value("images", row, images[row], "a mean is of one image or more")),
        None => Ok(()),
    }
}

fn key(epoch: &Epoch) -> (&str, &str, i64, i32) {
    (&epoch.network, &epoch.labels, epoch.seed, epoch.epoch)
}

/// The digest of what a table was made from. Without one its own path is all that tells it from another.
fn made_from(reader: &Reader, path: &Path, port: &str) -> String {
    let inputs = reader.metadata("inputs").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let digest = inputs.and_then(|inputs| inputs.get(port).map(Value::to_string));
    digest.unwrap_or_else(|| path.display().to_string())
}

pub(crate) fn estimates(path: &Path) -> Result<Vec<EstimateRow>, Error> {
    let reader = Reader::open(path, &catalogue::ESTIMATES, &[])?;
    let source = Source::of(&reader, path);
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch?;
        let text = |name: &str| batch.texts(name);
        let number = |name: &str| batch.f64s(name);
        let (networks, labels) = (text("network")?, text("labels")?);
        let (against, variables) = (text("against")?, text("variable")?);
        let (statistics, bins, smoothings) = (text("statistic")?, text("bins")?, text("smoothing")?);
        let (seeds, epochs, images) = (batch.i64s("seed")?, batch.i32s("epoch")?, batch.i32s("images")?);
        let (mean, excess, within) = (number("mean")?, number("excess")?, shares(&batch, "within_null")?);
        epochs_from_0(&batch)?;
        some_images(&batch)?;
        for row in 0..batch.rows() {
            // Estimates by neighbours can miss on both sides of zero, and so can the mean of the values themselves.
            let may_be_negative = statistics[row] == "mean" || statistics[row].ends_with("neighbours");
            if mean[row].is_nan() || (mean[row] < -1e-9 && !may_be_negative) {
                let expected = format!("`{}` is a number from 0 on", statistics[row]);
                let expected = if may_be_negative { "it is a number" } else { &expected };
                return Err(batch.bad_value("mean", row, mean[row], expected));
            }
        }
        let (null_mean, null_low, null_high) =
            (number("null_mean")?, number("null_low")?, number("null_high")?);
        rows.extend((0..batch.rows()).map(|row| EstimateRow {
            source: source.clone(),
            network: networks[row].to_owned(),
            labels: labels[row].to_owned(),
            seed: seeds[row],
            epoch: epochs[row],
            against: against[row].to_owned(),
            variable: variables[row].to_owned(),
            statistic: statistics[row].to_owned(),
            bins: bins[row].to_owned(),
            smoothing: smoothings[row].to_owned(),
            images: images[row],
            mean: mean[row],
            null: Null { mean: null_mean[row], low: null_low[row], high: null_high[row] },
            excess: excess[row],
            within_null: within[row],
        }));
    }
    Ok(rows)
}

pub(crate) fn theory(path: &Path) -> Result<Vec<Check>, Error> {
    let mut rows = Vec::new();
    let reader = Reader::open(path, &catalogue::THEORY, &[])?;
    let source = Source::of(&reader, path);
    for batch in reader {
        let batch = batch?;
        let text = |name: &str| batch.texts(name);
        let (networks, labels) = (text("network")?, text("labels")?);
        let (claims, checks) = (text("claim")?, text("check")?);
        let (kinds, statistics) = (text("kind")?, text("statistic")?);
        let (seeds, epochs, values) = (batch.i64s("seed")?, batch.i32s("epoch")?, batch.f64s("value")?);
        epochs_from_0(&batch)?;
        // A slope may fall; all others are errors, shares and distances. What could not be computed is NaN.
        if let Some(row) = (0..batch.rows()).find(|row| values[*row] < 0.0 && statistics[*row] != "slope") {
            return Err(batch.bad_value(
                "value",
                row,
                values[row],
                "errors, shares and distances are from 0 on",
            ));
        }
        rows.extend((0..batch.rows()).map(|row| Check {
            source: source.clone(),
            network: networks[row].to_owned(),
            labels: labels[row].to_owned(),
            seed: seeds[row],
            epoch: epochs[row],
            claim: claims[row].to_owned(),
            check: checks[row].to_owned(),
            kind: kinds[row].to_owned(),
            statistic: statistics[row].to_owned(),
            value: values[row],
        }));
    }
    Ok(rows)
}
