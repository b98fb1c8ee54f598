//! Summarises: divergences and histories in, means with their spread and verdicts on the paper's claims out.

mod claims;
mod inputs;
mod outputs;
mod summary;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::{Error, Job, Output, Port, Stage};
use tables::catalogue;

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
    let mut summaries = Vec::new();
    let files = job.paths(&DIVERGENCES);
    for (done, path) in files.iter().enumerate() {
        let epochs = inputs::read_divergences(path).map_err(|error| Error::input(DIVERGENCES.name, error))?;
        for epoch in &epochs {
            let history = histories.get(&epoch.key).ok_or_else(|| {
                let detail = format!("none of them tells of {}, of which {} does", epoch.key, path.display());
                Error::input(HISTORIES.name, detail)
            })?;
            summaries.push(summary::of_epoch(epoch, history));
        }
        job.progress().at(done + 1, files.len(), "trainings", "");
    }
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
