//! How divergences and errors go by epoch: means over seeds from the spread, the null from the summary.

use std::collections::BTreeMap;
use std::path::Path;

use stage::Error;
use tables::{Numbers, Reader, catalogue};

/// One network on some labels, by epoch.
pub struct Curve {
    /// Architecture.
    pub network: String,
    /// Labels that it was trained on.
    pub labels: String,
    /// Its epochs, in order.
    pub points: Vec<Point>,
    /// Mean of the null of KL[P(X)‖P̂(F1)].
    pub null_f1: Option<f64>,
}

/// One epoch: a mean over seeds, with the smallest and largest.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Epoch.
    pub epoch: i32,
    /// Trainings behind the means.
    pub seeds: i32,
    /// Mean KL[P(X)‖P̂(F1)]: mean, smallest, largest over seeds.
    pub kl: [f64; 3],
    /// Training error: the same.
    pub training_error: [f64; 3],
    /// Test error: the same.
    pub test_error: [f64; 3],
    /// The 95 % interval of the mean KL over seeds; NaN for one seed.
    pub kl_interval: [f64; 2],
    /// That of the mean test error.
    pub test_error_interval: [f64; 2],
}

impl Curve {
    /// The last epoch.
    pub fn last(&self) -> Option<&Point> {
        self.points.last()
    }
}

pub(super) fn read(summary: &Path, spread: &Path) -> Result<Vec<Curve>, Error> {
    let nulls = nulls(summary).map_err(super::input("summary"))?;
    let curves = points(spread).map_err(super::input("spread"))?;
    let curve = |((network, labels), points): ((String, String), BTreeMap<i32, Point>)| {
        let null_f1 = nulls.get(&(network.clone(), labels.clone())).map(|(_, null)| *null);
        Curve { network, labels, points: points.into_values().collect(), null_f1 }
    };
    Ok(curves.into_iter().map(curve).collect())
}

type Training = (String, String);

/// A null's mean by training, with the seed and epoch that it is of.
type Nulls = BTreeMap<Training, ((i64, i32), f64)>;

/// The null of each network on some labels, of its first seed and epoch.
fn nulls(path: &Path) -> Result<Nulls, tables::Error> {
    let mut nulls = Nulls::new();
    for batch in
        Reader::open(path, &catalogue::SUMMARY, &["network", "labels", "seed", "epoch", "null_f1_mean"])?
    {
        let batch = batch?;
        let (networks, labels) = (batch.texts("network")?, batch.texts("labels")?);
        let (seeds, epochs, means) = (batch.i64s("seed")?, batch.i32s("epoch")?, batch.f64s("null_f1_mean")?);
        for row in 0..batch.rows() {
            let order = (seeds[row], epochs[row]);
            let known = nulls
                .entry((networks[row].to_owned(), labels[row].to_owned()))
                .or_insert((order, means[row]));
            if order < known.0 {
                *known = (order, means[row]);
            }
        }
    }
    Ok(nulls)
}

fn points(path: &Path) -> Result<BTreeMap<Training, BTreeMap<i32, Point>>, tables::Error> {
    let mut curves: BTreeMap<Training, BTreeMap<i32, Point>> = BTreeMap::new();
    for batch in Reader::open(path, &catalogue::SPREAD, &[])? {
        let batch = batch?;
        let (networks, labels) = (batch.texts("network")?, batch.texts("labels")?);
        let (epochs, seeds) = (batch.i32s("epoch")?, batch.i32s("seeds")?);
        let three = |name: &str| -> Result<[Numbers<f64>; 3], tables::Error> {
            let column = |what: &str| batch.f64s(&format!("{name}_{what}"));
            Ok([column("mean")?, column("min")?, column("max")?])
        };
        let (kl, training_error, test_error) =
            (three("kl_f1")?, three("training_error")?, three("test_error")?);
        let interval = |name: &str| -> Result<[Numbers<f64>; 2], tables::Error> {
            Ok([batch.f64s(&format!("{name}_low"))?, batch.f64s(&format!("{name}_high"))?])
        };
        let (of_kl, of_test_error) = (interval("kl_f1")?, interval("test_error")?);
        for (name, [mean, ..]) in [("training_error_mean", &training_error), ("test_error_mean", &test_error)]
        {
            if let Some(row) = mean.iter().position(|share| !(0.0..=1.0).contains(share)) {
                return Err(batch.bad_value(name, row, mean[row], "an error is a share, from 0 to 1"));
            }
        }
        if let Some(row) = kl[0].iter().position(|kl| !kl.is_finite() || *kl < -1e-9) {
            return Err(batch.bad_value(
                "kl_f1_mean",
                row,
                kl[0][row],
                "a divergence is a finite number from 0 on",
            ));
        }
        for row in 0..batch.rows() {
            let at = |columns: &[Numbers<f64>; 3]| [columns[0][row], columns[1][row], columns[2][row]];
            let point = Point {
                epoch: epochs[row],
                seeds: seeds[row],
                kl: at(&kl),
                training_error: at(&training_error),
                test_error: at(&test_error),
                kl_interval: [of_kl[0][row], of_kl[1][row]],
                test_error_interval: [of_test_error[0][row], of_test_error[1][row]],
            };
            curves
                .entry((networks[row].to_owned(), labels[row].to_owned()))
                .or_default()
                .insert(epochs[row], point);
        }
    }
    Ok(curves)
}
