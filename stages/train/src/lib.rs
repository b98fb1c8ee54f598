//! Trains one network of Table 1: a dataset in, checkpoints and a history out.
//!
//! A training that is killed goes on from its [`journal`], and ends with the bytes of one that was not.

mod journal;
mod outputs;
mod params;

use std::time::Instant;

use network::architecture::Architecture;
use network::engine::Differentiation;
use network::epochs::Epochs;
use network::evaluate::{Evaluation, evaluate};
use network::initialise::initialise;
use network::optimiser::State;
use network::training::{self, Examples};
use network::{Network, Parameters};
use stage::{Error, Job, Port, Stage};
use tables::catalogue;
use tables::dataset::{self, Dataset};

use journal::{Journal, Record};
use params::Labels;
pub use params::Params;

const DATASET: Port = Port::input("dataset", &catalogue::DATASET, "Images to train and test on");
const CHECKPOINTS: Port =
    Port::output("checkpoints", &catalogue::CHECKPOINTS, "Every parameter at the epochs that are kept");
const HISTORY: Port = Port::output("history", &catalogue::HISTORY, "Loss and errors at every epoch");
const TIMINGS: Port =
    Port::output("timings", &catalogue::TIMINGS, "Seconds of every epoch; not reproducible");

/// The stage's declaration.
pub const STAGE: Stage<Params> = Stage {
    name: "train",
    version: env!("CARGO_PKG_VERSION"),
    about: "Trains one network of Table 1. A training that is killed goes on when it is called again.",
    example: "train --dataset dataset.parquet --network cnn2 --seed 3 \\\n    --checkpoints checkpoints.parquet --history history.parquet --timings timings.parquet",
    ports: &[&DATASET, &CHECKPOINTS, &HISTORY, &TIMINGS],
    run,
};

fn run(job: &Job, params: &Params) -> Result<(), Error> {
    let all: Vec<u32> = (0..=params.epochs).collect();
    let keep = Epochs::parse(&params.checkpoints_at, &all)
        .map_err(|detail| Error::param("checkpoints_at", detail))?;
    let architecture = params.network.architecture();
    let provenance = job.provenance()?;
    let mut splits = job.read(&DATASET, dataset::read)?;
    splits.scale(params.input_scale as f32);
    let place =
        job.path(&CHECKPOINTS).ok_or_else(|| Error::Failed("no place for --checkpoints".to_owned()))?;
    let failed = |source| Error::output(place, source);
    let parameters = architecture.parameters();
    let mut journal = Journal::open(place, &fingerprint(&provenance), parameters).map_err(failed)?;
    let mut records = journal.take_records();
    if let Some(last) = records.last() {
        job.progress()
            .note(&format!("going on after epoch {}, from the journal beside the checkpoints", last.epoch));
    }
    for record in &records {
        job.progress().numbers(record.epoch as usize, &record.numbers());
    }
    let next = records.last().map_or(0, |record| record.epoch + 1);
    let mut training = Training::new(params, architecture, &splits.train, &splits.test, records.last());
    for epoch in next..=params.epochs {
        let record = training.run(epoch)?;
        job.progress().at(epoch as usize, params.epochs as usize, "epochs", &record.message());
        job.progress().numbers(epoch as usize, &record.numbers());
        journal.append(&record).map_err(failed)?;
        records.push(record);
    }
    outputs::publish(job, params, &records, &keep, &provenance)?;
    journal.remove();
    Ok(())
}

/// What must be the same for a journal to be of this training: params, inputs, and this program.
fn fingerprint(provenance: &tables::Provenance) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(provenance.params.as_bytes()).update(provenance.inputs.as_bytes());
    if let Ok(program) = std::env::current_exe() {
        // Without it the journal is only trusted less precisely; params and inputs still count.
        let _ = hasher.update_mmap(program);
    }
    hasher.finalize()
}

/// A training under way.
struct Training<'a> {
    params: &'a Params,
    train: &'a Dataset,
    test: &'a Dataset,
    engine: Differentiation,
    parameters: Parameters,
    state: State,
}

impl<'a> Training<'a> {
    fn new(
        params: &'a Params,
        architecture: Architecture,
        train: &'a Dataset,
        test: &'a Dataset,
        last: Option<&Record>,
    ) -> Training<'a> {
        let mut parameters = initialise(architecture, params.initial_weights, u64::from(params.seed));
        let (rate, momentum) = (params.learning_rate as f32, params.momentum as f32);
        let mut state = State::new(params.optimiser, rate, momentum, parameters.values().len());
        if let Some(last) = last {
            parameters.values_mut().copy_from_slice(&last.parameters);
            state.first.copy_from_slice(&last.first);
            state.second.copy_from_slice(&last.second);
            state.steps = last.steps;
        }
        let engine = params.engine.prepare(architecture.chain());
        Training { params, train, test, engine, parameters, state }
    }

    fn labels(&self, images: &'a Dataset) -> &'a [u8] {
        match self.params.labels {
            Labels::Real => &images.labels,
            Labels::Random => &images.random_labels,
        }
    }

    /// One epoch; epoch 0 only looks at the untrained network.
    fn run(&mut self, epoch: u32) -> Result<Record, Error> {
        let start = Instant::now();
        if epoch > 0 {
            let examples = Examples { images: &self.train.pixels, labels: self.labels(self.train) };
            training::epoch(
                &mut self.engine,
                examples,
                self.params.batch_size as usize,
                (u64::from(self.params.seed), u64::from(epoch)),
                &mut self.parameters,
                &mut self.state,
            )
            .map_err(|error| Error::Failed(error.to_string()))?;
        }
        let training_seconds = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let [train, test]: [Evaluation; 2] = [self.train, self.test]
            .map(|images| evaluate(&self.parameters, &images.pixels, self.labels(images)));
        let is_finite = self.parameters.values().iter().all(|value| value.is_finite());
        if !train.loss.is_finite() || !is_finite {
            let what = if is_finite { "loss" } else { "parameters" };
            let message = format!(
                "the training diverged: its {what} became infinite or no number at epoch {epoch}; try a smaller --learning-rate"
            );
            return Err(Error::Failed(message));
        }
        Ok(Record {
            epoch,
            steps: self.state.steps,
            training_loss: train.loss,
            training_error: train.error,
            test_error: test.error,
            training_seconds,
            evaluation_seconds: start.elapsed().as_secs_f64(),
            parameters: self.parameters.values().to_vec(),
            first: self.state.first.clone(),
            second: self.state.second.clone(),
        })
    }
}

/// The training that the params name, as tables name it.
fn identity(params: &Params) -> network::checkpoints::Training {
    let network: Network = params.network;
    network::checkpoints::Training {
        network,
        labels: params.labels.name().to_owned(),
        seed: i64::from(params.seed),
    }
}
