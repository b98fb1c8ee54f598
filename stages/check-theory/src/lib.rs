//! Checks the paper's derivations (Eq. 10 to 45) on the networks themselves, each side of an equation in double precision.

mod elimination;
mod findings;
mod markov;
mod matrix;
mod outputs;
mod poe;
mod real;
mod step;
mod tangents;

use network::Parameters;
use network::checkpoints::{self, Training};
use network::fused::Fused;
use network::gradient::Batch;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::{Error, Job, Output, Port, Stage};
use tables::dataset::{self, Dataset};
use tables::{Writer, catalogue};

use findings::Findings;
use real::{Layers, Real, real};
use step::Point;

const DATASET: Port = Port::input("dataset", &catalogue::DATASET, "Images, whose test part is looked at");
const CHECKPOINTS: Port = Port::input("checkpoints", &catalogue::CHECKPOINTS, "The networks, one an epoch");
const THEORY: Port =
    Port::output("theory", &catalogue::THEORY, "How far apart the two sides of each check lie");
const STEPS: Port =
    Port::output("steps", &catalogue::STEPS, "What first order misses of a gradient step, by its size");

/// The stage's declaration.
pub const STAGE: Stage<Params> = Stage {
    name: "check-theory",
    version: env!("CARGO_PKG_VERSION"),
    about: "Checks the paper's derivations on the networks themselves, in double precision.",
    example: "check-theory --dataset dataset.parquet --checkpoints checkpoints.parquet \\\n    --theory theory.parquet --steps steps.parquet --images 20",
    ports: &[&DATASET, &CHECKPOINTS, &THEORY, &STEPS],
    run,
};

/// Images whose convolutions are repeated as products of explicit matrices, which takes a hundred times as long.
const MATRIX_IMAGES: usize = 2;

/// What can be set.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Epochs to look at: `all`, or a list such as `0,1,last`.
    pub epochs: String,
    /// Test images to look at, from the first on.
    #[schemars(range(min = 1, max = 1000))]
    pub images: u32,
    /// Test images, from the first on, whose mean loss gives the gradient of the steps.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub batch_size: u32,
    /// Steps in each decade of the learning rate, from 1e-8 to 1.
    #[schemars(range(min = 1, max = 20))]
    pub steps_per_decade: u32,
    /// Convolutions of random shapes that are compared with their matrices.
    #[schemars(range(min = 1, max = 10_000))]
    pub random_shapes: u32,
    /// Seed of these.
    pub seed: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            epochs: "0,last".to_owned(),
            images: 20,
            batch_size: 64,
            steps_per_decade: 4,
            random_shapes: 50,
            seed: 1,
        }
    }
}

fn run(job: &Job, params: &Params) -> Result<(), Error> {
    let provenance = job.provenance()?;
    let test = job.read(&DATASET, dataset::read_test)?;
    let checkpoints = job.read(&CHECKPOINTS, checkpoints::read)?;
    let training = &checkpoints.training;
    let chosen = checkpoints.at(&params.epochs).map_err(|detail| Error::param("epochs", detail))?;
    let (theory, steps) = (job.create(&THEORY)?, job.create(&STEPS)?);
    let mut theory = Writer::parquet(theory, &catalogue::THEORY, &Default::default(), &provenance)?;
    let mut steps = Writer::parquet(steps, &catalogue::STEPS, &Default::default(), &provenance)?;
    for (done, (epoch, parameters)) in chosen.iter().enumerate() {
        let (findings, points) = check(params, training, &test, *epoch, parameters)?;
        theory.write(outputs::theory(training, *epoch, &findings.rows()))?;
        steps.write(outputs::steps(training, *epoch, &points))?;
        job.progress().at(done + 1, chosen.len(), "epochs", "");
    }
    Output::publish(vec![theory.finish()?, steps.finish()?])
}

/// All checks of one network.
fn check(
    params: &Params,
    training: &Training,
    test: &Dataset,
    epoch: i32,
    parameters: &Parameters,
) -> Result<(Findings, Vec<Point>), Error> {
    let network = Real::of(parameters);
    let count = test.len().min(params.images as usize);
    let images: Vec<Layers> =
        (0..count).into_par_iter().map(|image| network.forward(&real(test.image(image)))).collect();
    let of_image = |(number, layers): (usize, &Layers)| {
        let mut findings = Findings::default();
        poe::output(&network, layers, &mut findings);
        poe::hidden(&network, layers, &mut findings);
        markov::channels(&network, layers, &mut findings);
        if number < MATRIX_IMAGES {
            markov::experts(&network, layers, &mut findings);
            matrix::convolutions(&network, layers, &mut findings);
        }
        findings
    };
    let found: Vec<Findings> = images.par_iter().enumerate().map(of_image).collect();
    let mut findings = Findings::default();
    found.into_iter().for_each(|found| findings.merge(found));
    elimination::check(&network, &images, &mut findings);
    let gradient = gradient(params, training, test, parameters)?;
    let steps = step::steps(params.steps_per_decade);
    let points = step::curve(&network, &images, &gradient, &steps, &mut findings);
    let number = u64::from(epoch.unsigned_abs());
    matrix::random_shapes(u64::from(params.seed), number, params.random_shapes, &mut findings);
    Ok((findings, points))
}

/// The gradient of the mean cross-entropy over the first test images, with the labels that were trained on.
fn gradient(
    params: &Params,
    training: &Training,
    test: &Dataset,
    parameters: &Parameters,
) -> Result<Real, Error> {
    let architecture = *parameters.architecture();
    let chain = architecture.chain();
    let labels = if training.labels == "random" { &test.random_labels } else { &test.labels };
    let count = test.len().min(params.batch_size as usize);
    let images: Vec<&[f32]> = (0..count).map(|image| test.image(image)).collect();
    let batch =
        Batch::new(&chain, &images, &labels[..count]).map_err(|error| Error::Failed(error.to_string()))?;
    let gradient = Fused::new(chain.clone()).gradient(parameters.values(), batch);
    let gradient = Parameters::from_values(architecture, gradient.values)
        .ok_or_else(|| Error::Failed("the gradient has not as many numbers as the network".to_owned()))?;
    Ok(Real::of(&gradient))
}
