//! Summarises: divergences and histories in, means with their spread and verdicts on the paper's claims out.

mod claims;
mod inputs;
mod outputs;
mod summary;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::{Error, Job, Output, Port, Stage};
use tables::catalogue;

use inputs::Divergences;
use summary::Summary;

const DIVERGENCES: Port =
    Port::input("divergences", &catalogue::DIVERGENCES, "Divergences, one file a training").many();
const HISTORIES: Port =
    Port::input("histories", &catalogue::HISTORY, "Histories, one file a training").many();
const SUMMARY: Port =
    Port::output("summary", &catalogue::SUMMARY, "Means over test images, a training and epoch a row");
const SPREAD: Port =
    Port::output("spread", &catalogue::SPREAD, "Means over seeds, a network and epoch a row");
const CLAIMS: Port = Port::output("claims", &catalogue::CLAIMS, "The paper's claims with a verdict each");

/// The stage's declaration.
pub const STAGE: Stage<Params> = Stage {
    name: "aggregate",
    version: env!("CARGO_PKG_VERSION"),
    about: "Summarises divergences and errors over images and seeds, and judges the paper's claims C1 to C7.",
    example: "aggregate --divergences cnn1.parquet --divergences cnn2.parquet --histories h1.parquet --histories h2.parquet \\\n    --summary summary.parquet --spread spread.parquet --claims claims.parquet",
    ports: &[&DIVERGENCES, &HISTORIES, &SUMMARY, &SPREAD, &CLAIMS],
    run,
};

/// What can be set: nothing yet; the rules of the verdicts are fixed and documented.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {}

fn run(job: &Job<Params>) -> Result<(), Error> {
    let provenance = job.provenance()?;
    let histories =
        inputs::histories(&job.read_all(&HISTORIES, inputs::read_history)?, job.paths(&HISTORIES))
            .map_err(|error| Error::input(HISTORIES.name, error))?;
    let files = job.paths(&DIVERGENCES);
    let done = AtomicUsize::new(0);
    let summarise = |path: &PathBuf| -> Result<Vec<Summary>, Error> {
        let epochs = inputs::read_divergences(path).map_err(|error| Error::input(DIVERGENCES.name, error))?;
        let summary = |epoch: &Divergences| {
            let history = histories.get(&epoch.key).ok_or_else(|| {
                let detail = format!("none of them tells of {}, of which {} does", epoch.key, path.display());
                Error::input(HISTORIES.name, detail)
            })?;
            Ok(summary::of_epoch(epoch, history))
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
    let spreads = summary::over_seeds(&summaries);
    let claims = claims::judge(&summaries);
    Output::publish(vec![
        outputs::summary(job.create(&SUMMARY)?, &summaries, &provenance)?,
        outputs::spread(job.create(&SPREAD)?, &spreads, &provenance)?,
        outputs::claims(job.create(&CLAIMS)?, &claims, &provenance)?,
    ])
}
