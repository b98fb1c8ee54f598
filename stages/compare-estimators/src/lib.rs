//! Says how far pixels and energies lie from P(X) by every estimator, beside what exact samples and white noise give.

use std::collections::HashMap;
use std::path::Path;

use network::checkpoints::{self, Checkpoints, Training};
use network::energies::EnergyFilter;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stage::{Error, Job, Output, Port, Stage};
use statistics::distribution::{Distribution, Family};
use statistics::estimators::{self, Against, Estimator};
use statistics::null::{self, Null};
use statistics::summary::{mean, quantile_of_sorted, standardise};
use tables::dataset;
use tables::{Cells, PIXELS, Reader, Writer, catalogue};

const DATASET: Port = Port::input("dataset", &catalogue::DATASET, "Images, whose test part is looked at");
const CHECKPOINTS: Port = Port::input(
    "checkpoints",
    &catalogue::CHECKPOINTS,
    "The networks, one an epoch; without, only pixels are looked at",
)
.optional();
const ESTIMATES: Port =
    Port::output("estimates", &catalogue::ESTIMATES, "Each estimator's answer, with its nulls");

/// The stage's declaration.
pub const STAGE: Stage<Params> = Stage {
    name: "compare-estimators",
    version: env!("CARGO_PKG_VERSION"),
    about: "Says by many estimators how far pixels and energies lie from P(X), beside what chance gives.",
    example: "compare-estimators --dataset dataset.parquet --checkpoints checkpoints.parquet \\\n    --estimates estimates.parquet --images 200",
    ports: &[&DATASET, &CHECKPOINTS, &ESTIMATES],
    run,
};

/// What samples are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// P(X) as the dataset's metadata says it; normal where it does not.
    Dataset,
    /// A normal distribution.
    Normal,
    /// Laplace's.
    Laplace,
    /// A uniform one.
    Uniform,
}

/// What can be set.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// The shape that samples are held against: that of the dataset's P(X), or another at the same variance.
    pub against: Shape,
    /// Variance of P(X), which has mean 0; used where the dataset does not say how it was made.
    #[schemars(range(max = 1e12), extend("exclusiveMinimum" = 0))]
    pub variance: f64,
    /// Epochs to look at: `all`, or a list such as `0,1,last`.
    pub epochs: String,
    /// Test images to look at, from the first on.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub images: u32,
    /// Exact samples of P(X) behind the null.
    #[schemars(range(min = 10, max = 1_000_000))]
    pub null_draws: u32,
    /// Images of white noise behind the null of the filter.
    #[schemars(range(min = 10, max = 1_000_000))]
    pub noise_images: u32,
    /// Seed of the samples and of the noise, which each seed of a dataset has others of.
    pub seed: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            against: Shape::Dataset,
            variance: 1024.0,
            epochs: "0,last".to_owned(),
            images: 100,
            null_draws: 200,
            noise_images: 100,
            seed: 1,
        }
    }
}

/// A sample of float32 values by its number.
type Sample<'a> = dyn Fn(u64) -> Vec<f32> + Sync + 'a;

/// What one variable is compared by: the images, exact samples of the same size of what they are held against, and white noise of
/// the pixels' own distribution; of each, how many there are.
struct Samples<'a> {
    images: (u64, &'a Sample<'a>),
    exact: (u64, &'a Sample<'a>),
    noise: (u64, &'a Sample<'a>),
}

fn run(job: &Job, params: &Params) -> Result<(), Error> {
    let made_from = job.read(&DATASET, made_from)?;
    let of_dataset = made_from.family.unwrap_or(Family::Normal);
    let family = match params.against {
        Shape::Dataset => of_dataset,
        Shape::Normal => Family::Normal,
        Shape::Laplace => Family::Laplace,
        Shape::Uniform => Family::Uniform,
    };
    let sd = made_from.variance.unwrap_or(params.variance).sqrt();
    let distribution = |family| {
        Distribution::new(family, 0.0, sd)
            .ok_or_else(|| Error::param("variance", "it must be a finite number above 0"))
    };
    // The noise has the pixels' own distribution, whatever they are held against.
    let (known, of_pixels) = (distribution(family)?, distribution(of_dataset)?);
    let provenance = job.provenance()?;
    let test = job.read(&DATASET, dataset::read_test)?;
    let networks = match job.path(&CHECKPOINTS) {
        Some(_) => Some(job.read(&CHECKPOINTS, checkpoints::read)?),
        None => None,
    };
    let chosen = match &networks {
        Some(networks) => networks.at(&params.epochs).map_err(|detail| Error::param("epochs", detail))?,
        None => Vec::new(),
    };
    let output = job.create(&ESTIMATES)?;
    let mut writer = Writer::parquet(output, &catalogue::ESTIMATES, &HashMap::new(), &provenance)?;
    let estimators: Vec<Against> = estimators::all().into_iter().map(|one| one.against(known)).collect();
    // Each dataset has exact samples of its own, so that an interval over datasets holds what they differ by.
    let seed = u64::from(params.seed) | u64::from(made_from.seed) << 32;
    let images = test.len().min(params.images as usize) as u64;
    let (draws, noises) = (u64::from(params.null_draws), u64::from(params.noise_images));
    let drawn = |from: &Distribution, size: usize, draw: u64| -> Vec<f32> {
        null::sample(from, size as u32, seed, draw).into_iter().map(|value| value as f32).collect()
    };
    let pixels = |image: u64| test.image(image as usize).to_vec();
    let exact = |draw: u64| drawn(&known, PIXELS, draw);
    let noise = |draw: u64| drawn(&of_pixels, PIXELS, draw);
    let of_x = Samples { images: (images, &pixels), exact: (draws, &exact), noise: (noises, &noise) };
    let plain = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect();
    let standardised = |values: &[f32]| standardise(values, known.sd());
    let x = compare(&estimators, &of_x, plain);

    let Some(Checkpoints { training, .. }) = &networks else {
        writer.write(cells(None, 0, family, "x", &x))?;
        return Output::publish(vec![writer.finish()?]);
    };
    for (done, (epoch, parameters)) in chosen.iter().enumerate() {
        let filter = EnergyFilter::of_f1(parameters);
        let energies = |image: u64| filter.energies(test.image(image as usize));
        let exact = |draw: u64| drawn(&known, filter.count(), draw);
        let noise = |draw: u64| filter.energies(&noise(draw));
        let of_f1 = Samples { images: (images, &energies), exact: (draws, &exact), noise: (noises, &noise) };
        let variables = [
            ("x", x.clone()),
            ("f1", compare(&estimators, &of_f1, plain)),
            ("f1_standardised", compare(&estimators, &of_f1, standardised)),
        ];
        for (variable, compared) in variables {
            writer.write(cells(Some(training), *epoch, family, variable, &compared))?;
        }
        job.progress().at(done + 1, chosen.len(), "epochs", "");
    }
    Output::publish(vec![writer.finish()?])
}

/// What a dataset was made with, as far as its metadata says.
struct MadeFrom {
    /// The shape of P(X).
    family: Option<Family>,
    /// Its variance.
    variance: Option<f64>,
    seed: u32,
}

fn made_from(path: &Path) -> Result<MadeFrom, tables::Error> {
    let reader = Reader::open(path, &catalogue::DATASET, &["image_id"])?;
    let params: Option<Value> = reader.metadata("params").and_then(|text| serde_json::from_str(text).ok());
    let param = |name: &str| params.as_ref().and_then(|params| params.get(name)).cloned();
    Ok(MadeFrom {
        family: param("distribution").and_then(|family| serde_json::from_value(family).ok()),
        variance: param("variance").and_then(|variance| variance.as_f64()),
        seed: param("seed").and_then(|seed| seed.as_u64()?.try_into().ok()).unwrap_or_default(),
    })
}

/// One estimator's answers for the images, with its nulls.
#[derive(Clone, Debug)]
struct Compared {
    estimator: Estimator,
    /// Images that have the statistic.
    images: usize,
    mean: f64,
    median: f64,
    low: f64,
    high: f64,
    within_null: f64,
    null: Null,
    noise: Null,
}

/// Every estimator's answers for a variable, each sample first taken to the numbers that are compared. One that has none for
/// any image, or for any sample of a null, is left out.
fn compare(
    estimators: &[Against],
    samples: &Samples<'_>,
    numbers: impl Fn(&[f32]) -> Vec<f64> + Sync,
) -> Vec<Compared> {
    let values = |(count, sample): (u64, &Sample<'_>)| -> Vec<Vec<f64>> {
        let of_one = |number: u64| -> Vec<Option<f64>> {
            let mut sorted = numbers(&sample(number));
            sorted.sort_by(f64::total_cmp);
            estimators.iter().map(|estimator| estimator.of(&sorted)).collect()
        };
        let all: Vec<Vec<Option<f64>>> = (0..count).into_par_iter().map(of_one).collect();
        (0..estimators.len()).map(|index| all.iter().filter_map(|values| values[index]).collect()).collect()
    };
    let (images, exact, noise) = (values(samples.images), values(samples.exact), values(samples.noise));
    let three = images.into_iter().zip(exact).zip(noise).zip(estimators);
    let compared = three
        .filter(|(((images, exact), noise), _)| !images.is_empty() && !exact.is_empty() && !noise.is_empty());
    compared
        .map(|(((mut images, exact), noise), estimator)| {
            images.sort_by(f64::total_cmp);
            let null = Null::of(exact);
            let within =
                images.iter().filter(|value| estimator.estimator().is_within(**value, &null)).count();
            Compared {
                estimator: estimator.estimator(),
                images: images.len(),
                mean: mean(&images),
                median: quantile_of_sorted(&images, 0.5),
                low: quantile_of_sorted(&images, 0.025),
                high: quantile_of_sorted(&images, 0.975),
                within_null: within as f64 / images.len() as f64,
                null,
                noise: Null::of(noise),
            }
        })
        .collect()
}

fn cells(
    training: Option<&Training>,
    epoch: i32,
    against: Family,
    variable: &str,
    compared: &[Compared],
) -> Vec<Cells> {
    let rows = compared.len();
    let numbers = |of: fn(&Compared) -> f64| Cells::F64(compared.iter().map(of).collect());
    let names: Vec<_> = compared.iter().map(|one| one.estimator.names()).collect();
    let nobody = || Cells::Same("none".to_owned(), rows);
    let mut cells: Vec<Cells> = match training {
        Some(training) => training.cells(rows).into(),
        None => vec![nobody(), nobody(), Cells::I64(vec![0; rows])],
    };
    cells.extend([
        Cells::I32(vec![epoch; rows]),
        Cells::Same(against.name().to_owned(), rows),
        Cells::Same(variable.to_owned(), rows),
        Cells::Words(names.iter().map(|names| names.statistic.to_owned()).collect()),
        Cells::Words(names.iter().map(|names| names.bins.clone()).collect()),
        Cells::Words(names.iter().map(|names| names.smoothing.clone()).collect()),
        Cells::I32(compared.iter().map(|one| one.images as i32).collect()),
        numbers(|one| one.mean),
        numbers(|one| one.median),
        numbers(|one| one.low),
        numbers(|one| one.high),
        numbers(|one| one.null.mean),
        numbers(|one| one.null.low),
        numbers(|one| one.null.high),
        numbers(|one| one.noise.mean),
        numbers(|one| one.noise.low),
        numbers(|one| one.noise.high),
        numbers(|one| one.mean - one.null.mean),
        numbers(|one| one.within_null),
    ]);
    cells
}

#[cfg(test)]
#[path = "lib_tests.rs"]
mod tests;
