//! Summarises: divergences and histories in, means with their spread over images and seeds, and trends over networks, out.

mod inputs;
mod outputs;
mod summary;
mod trends;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::lineage::first_difference;
use stage::{Error, Job, Output, Port, Stage};
use statistics::interval::Resampling;
use tables::catalogue;

use inputs::{Divergences, Divergent};
use summary::Summary;

const DIVERGENCES: Port =
    Port::input("divergences", &catalogue::DIVERGENCES, "Divergences, one file a training").many();
const HISTORIES: Port =
    Port::input("histories", &catalogue::HISTORY, "Histories, one file a training").many();
const SUMMARY: Port =
    Port::output("summary", &catalogue::SUMMARY, "Means over test images, a training and epoch a row");
const SPREAD: Port =
    Port::output("spread", &catalogue::SPREAD, "Means over seeds, a network and epoch a row");
const TRENDS: Port = Port::output(
    "trends",
    &catalogue::TRENDS,
    "Whether numbers fall from network to network, a number and epoch a row",
);

/// The stage's declaration.
pub const STAGE: Stage<Params> = Stage {
    name: "aggregate",
    version: env!("CARGO_PKG_VERSION"),
    about: "Summarises divergences and errors over images, seeds and networks.",
    example: "aggregate --divergences cnn1.parquet --divergences cnn2.parquet --histories h1.parquet --histories h2.parquet \\\n    --summary summary.parquet --spread spread.parquet --trends trends.parquet",
    ports: &[&DIVERGENCES, &HISTORIES, &SUMMARY, &SPREAD, &TRENDS],
    run,
};

/// Which energies are F1's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Energies {
    /// As Eq. 7 gives them.
    Raw,
    /// Each image's at mean 0 and the sd of P(X).
    Standardised,
}

/// What can be set.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Which energies the columns kl_f1 tell of.
    pub energies: Energies,
    /// Resamples behind each 95 % interval over seeds.
    #[schemars(range(min = 100, max = 1_000_000))]
    pub bootstrap_draws: u32,
    /// Seed of the resamples.
    pub seed: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { energies: Energies::Raw, bootstrap_draws: 10_000, seed: 1 }
    }
}

fn run(job: &Job, params: &Params) -> Result<(), Error> {
    let provenance = job.provenance()?;
    let read = job.read_all(&HISTORIES, inputs::read_history)?;
    let histories = inputs::histories(&read, job.paths(&HISTORIES))
        .map_err(|error| Error::input(HISTORIES.name, error))?;
    let files = job.paths(&DIVERGENCES);
    let done = AtomicUsize::new(0);
    let summarise = |path: &PathBuf| -> Result<Vec<Summary>, Error> {
        let Divergent { mut epochs, made_with } =
            inputs::read_divergences(path).map_err(|error| Error::input(DIVERGENCES.name, error))?;
        if params.energies == Energies::Standardised {
            for epoch in &mut epochs {
                epoch.f1.clone_from(&epoch.f1_standardised);
                epoch.null_f1 = epoch.null_f1_standardised;
            }
        }
        let summary = |epoch: &Divergences| {
            let (errors, file) = histories.get(&epoch.key).ok_or_else(|| {
                let detail = format!("none of them tells of {}, of which {} does", epoch.key, path.display());
                Error::input(HISTORIES.name, detail)
            })?;
            if let Some((param, of_history, here)) = first_difference(&read[*file].made_with, &made_with) {
                let history = job.paths(&HISTORIES)[*file].display();
                let detail = format!(
                    "{history} and {} are of two trainings of {}: {param} is {of_history} for the history and {here} for the divergences",
                    path.display(),
                    epoch.key
                );
                return Err(Error::input(HISTORIES.name, detail));
            }
            Ok(summary::of_epoch(epoch, errors))
        };
        let summaries = epochs.iter().map(summary).collect();
        job.progress().at(done.fetch_add(1, Ordering::Relaxed) + 1, files.len(), "trainings", "");
        summaries
    };
    let summaries: Vec<Result<Vec<Summary>, Error>> = files.par_iter().map(summarise).collect();
    // The first file that is wrong is the error, whichever thread came upon one first.
    let summaries = summaries.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut summaries = summaries.concat();
    summaries.sort_by(|a, b| a.key.cmp(&b.key));
    if let Some(pair) = summaries.windows(2).find(|pair| pair[0].key == pair[1].key) {
        return Err(Error::input(DIVERGENCES.name, format!("two files tell of {}", pair[0].key)));
    }
    let resampling = Resampling { draws: params.bootstrap_draws as usize, seed: u64::from(params.seed) };
    let spreads = summary::over_seeds(&summaries, resampling);
    let trends = trends::of(&summaries, resampling);
    Output::publish(vec![
        outputs::summary(job.create(&SUMMARY)?, &summaries, &provenance)?,
        outputs::spread(job.create(&SPREAD)?, &spreads, &provenance)?,
        outputs::trends(job.create(&TRENDS)?, &trends, &provenance)?,
    ])
}
