//! Computes divergences: distributions in, KL[P(X)‖P̂] of every image at every epoch out, beside its null.

use std::collections::HashMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::lineage;
use stage::{Error, Job, Output, Port, Stage};
use statistics::distribution::{Distribution, Family};
use statistics::divergence::{Divergence, Smoothing};
use statistics::histogram::{Bins, probabilities};
use statistics::null::{self, Null};
use tables::{Cells, Reader, Writer, catalogue};

const DISTRIBUTIONS: Port =
    Port::input("distributions", &catalogue::DISTRIBUTIONS, "Histograms of pixels and energies");
const DIVERGENCES: Port = Port::output("divergences", &catalogue::DIVERGENCES, "Divergences from P(X)");

/// The stage's declaration.
pub const STAGE: Stage<Params> = Stage {
    name: "compute-kl",
    version: env!("CARGO_PKG_VERSION"),
    about: "Computes KL[P(X)‖P̂] of pixels and energies, beside what exact samples of P(X) give.",
    example: "compute-kl --distributions distributions.parquet --divergences divergences.parquet \\\n    --smoothing pseudocount --pseudocount 0.5",
    ports: &[&DISTRIBUTIONS, &DIVERGENCES],
    run,
};

/// What an empty bin counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Empty {
    /// Every bin gets a pseudocount.
    Pseudocount,
    /// No probability is below a floor.
    Floor,
}

/// What can be set.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// What is done about empty bins, which would make the divergence infinite.
    pub smoothing: Empty,
    /// Values added to every bin; 0.5 is Jeffreys', 1 is Laplace's.
    #[schemars(range(max = 1e6), extend("exclusiveMinimum" = 0))]
    pub pseudocount: f64,
    /// Least probability of a bin.
    #[schemars(range(max = 0.01), extend("exclusiveMinimum" = 0))]
    pub floor: f64,
    /// Variance of P(X), a normal with mean 0.
    #[schemars(range(max = 1e12), extend("exclusiveMinimum" = 0))]
    pub variance: f64,
    /// Exact samples of P(X) behind the null.
    #[schemars(range(min = 10, max = 1_000_000))]
    pub null_draws: u32,
    /// Seed of the null's samples.
    pub seed: u32,
}

impl Default for Params {
    fn default() -> Self {
        let smoothing = Empty::Pseudocount;
        Params { smoothing, pseudocount: 0.5, floor: 1e-10, variance: 1024.0, null_draws: 1000, seed: 1 }
    }
}

/// Whose divergences are in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Training {
    network: String,
    labels: String,
    seed: i64,
}

/// What was found in the distributions.
struct Found {
    training: Training,
    /// The divergence of an image's pixels, the same at every epoch.
    x: HashMap<i32, f64>,
    /// The divergences of F1, raw and standardised, by epoch and image.
    f1: Vec<Divergent>,
    f1_standardised: Vec<Divergent>,
    null_x: Null,
    null_f1: Null,
    null_f1_standardised: Null,
}

/// One image at one epoch and its divergence.
#[derive(Clone, Copy, Debug)]
struct Divergent {
    epoch: i32,
    image: i32,
    kl: f64,
    /// Where its histogram stands.
    row: usize,
}

impl Divergent {
    fn place(&self) -> (i32, i32) {
        (self.epoch, self.image)
    }
}

/// One image at one epoch: divergences of x, of F1 and of F1 standardised.
type Row = (i32, i32, [f64; 3]);

fn run(job: &Job, params: &Params) -> Result<(), Error> {
    let provenance = job.provenance()?;
    if let Some(told) = lineage::drawn_otherwise(&provenance.lineage, params.variance) {
        job.progress().note(&told);
    }
    let found = job.read(&DISTRIBUTIONS, |path| read(path, params))?;
    let rows = job.read(&DISTRIBUTIONS, |path| join(&found, path))?;
    let output = job.create(&DIVERGENCES)?;
    let mut writer = Writer::parquet(output, &catalogue::DIVERGENCES, &HashMap::new(), &provenance)?;
    for rows in rows.chunks(100_000) {
        writer.write(cells(&found, rows))?;
    }
    Output::publish(vec![writer.finish()?])
}

/// Every image at every epoch, once all its divergences are known.
fn join(found: &Found, path: &Path) -> Result<Vec<Row>, tables::Error> {
    let lacking = |(epoch, image): (i32, i32)| {
        let detail = format!(
            "image {image} at epoch {epoch} needs a row of each of the variables x (at any epoch), f1 and f1_standardised"
        );
        tables::Error::damaged(path, detail)
    };
    let mut rows = Vec::with_capacity(found.f1.len());
    let mut others = found.f1_standardised.iter();
    for raw in &found.f1 {
        let standardised = others.next().filter(|standardised| standardised.place() == raw.place());
        let (Some(standardised), Some(x)) = (standardised, found.x.get(&raw.image)) else {
            return Err(lacking(raw.place()));
        };
        rows.push((raw.epoch, raw.image, [*x, raw.kl, standardised.kl]));
    }
    others.next().map_or(Ok(rows), |alone| Err(lacking(alone.place())))
}

fn cells(found: &Found, rows: &[Row]) -> Vec<Cells> {
    let n = rows.len();
    let mut cells = vec![
        Cells::Same(found.training.network.clone(), n),
        Cells::Same(found.training.labels.clone(), n),
        Cells::I64(vec![found.training.seed; n]),
        Cells::I32(rows.iter().map(|(epoch, _, _)| *epoch).collect()),
        Cells::I32(rows.iter().map(|(_, image, _)| *image).collect()),
    ];
    cells.extend((0..3).map(|column| Cells::F64(rows.iter().map(|(_, _, kl)| kl[column]).collect())));
    for null in [found.null_x, found.null_f1, found.null_f1_standardised] {
        cells.extend([null.mean, null.low, null.high].map(|value| Cells::F64(vec![value; n])));
    }
    cells
}

/// An estimator for histograms of one total over one set of bins, with its null.
struct Estimator {
    edges: (f64, f64),
    bins: usize,
    total: u32,
    divergence: Divergence,
    null: Null,
}

impl Estimator {
    fn new(params: &Params, variable: &str, edges: (f64, f64), counts: &[u16]) -> Option<Estimator> {
        let bins = Bins::new(edges.0, edges.1, counts.len())?;
        let total: u32 = counts.iter().map(|count| u32::from(*count)).sum();
        let smoothing = match params.smoothing {
            Empty::Pseudocount => Smoothing::Pseudocount(params.pseudocount),
            Empty::Floor => Smoothing::Floor(params.floor),
        };
        let known = Distribution::new(Family::Normal, 0.0, params.variance.sqrt())?;
        let divergence = Divergence::new(&probabilities(&bins, &known), total, smoothing);
        let (draws, seed) = (u64::from(params.null_draws), u64::from(params.seed));
        let of = if variable == "f1_standardised" { null::of_standardised_kl } else { null::of_kl };
        let null = of(&bins, &known, total, smoothing, draws, seed);
        Some(Estimator { edges, bins: counts.len(), total, divergence, null })
    }

    /// The divergence, or what is unlike the histogram that came first.
    fn of(&self, edges: (f64, f64), counts: &[u16]) -> Result<f64, String> {
        if self.edges != edges || self.bins != counts.len() {
            return Err(format!("{} bins on {edges:?}", counts.len()));
        }
        self.divergence.of(counts).ok_or_else(|| {
            let total: u32 = counts.iter().map(|count| u32::from(*count)).sum();
            format!("counts of {total} values, where others count {}", self.total)
        })
    }
}

/// The variables whose divergences are computed.
const VARIABLES: [&str; 3] = ["x", "f1", "f1_standardised"];

const COLUMNS: [&str; 9] =
    ["network", "labels", "seed", "epoch", "image_id", "variable", "counts", "lower_edge", "upper_edge"];

fn read(path: &Path, params: &Params) -> Result<Found, tables::Error> {
    let mut estimators: [Option<Estimator>; 3] = [None, None, None];
    let mut x = HashMap::new();
    let (mut f1, mut f1_standardised): (Vec<Divergent>, Vec<Divergent>) = (Vec::new(), Vec::new());
    let mut training: Option<Training> = None;
    let mut before = 0;
    for batch in Reader::open(path, &catalogue::DISTRIBUTIONS, &COLUMNS)? {
        let batch = batch?;
        let (networks, labels, seeds) =
            (batch.texts("network")?, batch.texts("labels")?, batch.i64s("seed")?);
        let (epochs, images) = (batch.i32s("epoch")?, batch.i32s("image_id")?);
        let (variables, counts) = (batch.texts("variable")?, batch.u16_lists("counts")?);
        let (lower, upper) = (batch.f64s("lower_edge")?, batch.f64s("upper_edge")?);
        for row in 0..batch.rows() {
            let known = training.get_or_insert_with(|| Training {
                network: networks[row].to_owned(),
                labels: labels[row].to_owned(),
                seed: seeds[row],
            });
            if known.network != networks[row] || known.labels != labels[row] || known.seed != seeds[row] {
                let expected = "all rows must be of one training: the same network, labels and seed";
                return Err(batch.bad_value("seed", row, "another training begins", expected));
            }
            let variable = variables[row];
            let Some(place) = VARIABLES.iter().position(|known| *known == variable) else { continue };
            let estimator = &mut estimators[place];
            let (edges, counts) = ((lower[row], upper[row]), counts.row(row));
            if estimator.is_none() {
                *estimator = Estimator::new(params, variable, edges, counts);
            }
            let expected =
                "all histograms of a variable must have the same bins and count the same number of values";
            let kl = match estimator {
                Some(estimator) => estimator.of(edges, counts),
                None => Err(format!("{} bins on {edges:?}", counts.len())),
            };
            let kl = kl.map_err(|found| batch.bad_value("counts", row, found, expected))?;
            let (epoch, image) = (epochs[row], images[row]);
            let divergent = Divergent { epoch, image, kl, row: before + row };
            match variable {
                "f1" => f1.push(divergent),
                "f1_standardised" => f1_standardised.push(divergent),
                _ => {
                    if x.insert(image, kl).is_some() {
                        return Err(again(path, variable, &divergent));
                    }
                }
            }
        }
        before += batch.rows();
    }
    for (variable, divergents) in [("f1", &mut f1), ("f1_standardised", &mut f1_standardised)] {
        // Stable, and fast where they are in order already, as the stage before writes them.
        divergents.sort_by_key(Divergent::place);
        if let Some(pair) = divergents.windows(2).find(|pair| pair[0].place() == pair[1].place()) {
            return Err(again(path, variable, &pair[1]));
        }
    }
    match (training, estimators) {
        // Without any of f1_standardised, no image has all its rows, which is told of the image.
        (Some(training), [Some(of_x), Some(of_f1), of_standardised]) => Ok(Found {
            training,
            x,
            f1,
            f1_standardised,
            null_x: of_x.null,
            null_f1: of_f1.null,
            null_f1_standardised: of_standardised.map_or(of_f1.null, |one| one.null),
        }),
        _ => Err(tables::Error::damaged(path, "it holds no histogram of x or none of f1")),
    }
}

/// A histogram that was there already.
fn again(path: &Path, variable: &str, divergent: &Divergent) -> tables::Error {
    let Divergent { epoch, image, row, .. } = *divergent;
    let found = format!("`{variable}` of image {image} at epoch {epoch} again");
    tables::Error::value(path, "variable", row, found, "give each once")
}

#[cfg(test)]
#[path = "lib_tests.rs"]
mod tests;
