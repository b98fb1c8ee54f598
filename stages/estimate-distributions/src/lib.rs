//! Estimates distributions: energies, pixels and layers in, histograms (Eq. 8) and Boltzmann distributions (Eq. 9) out.

use std::collections::HashMap;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::{Error, Job, Output, Port, Stage};
use statistics::histogram::{Bins, counts};
use statistics::summary::{boltzmann, standardise};
use tables::{Batch, Cells, Reader, Writer, catalogue, dataset};

const ENERGIES: Port =
    Port::input_stream("energies", &catalogue::ENERGIES, "E_F1 of all test images at all epochs: gives F1")
        .optional();
const ACTIVATIONS: Port =
    Port::input("activations", &catalogue::ACTIVATIONS, "Layers of the kept images: gives F2, F3 and FY")
        .optional();
const DATASET: Port =
    Port::input("dataset", &catalogue::DATASET, "The images: gives x beside the first epoch of the others")
        .optional();
const DISTRIBUTIONS: Port = Port::output("distributions", &catalogue::DISTRIBUTIONS, "The estimates");

/// The stage's declaration.
pub const STAGE: Stage<Params> = Stage {
    name: "estimate-distributions",
    version: env!("CARGO_PKG_VERSION"),
    about: "Estimates the distributions of pixels and energies (Eq. 8) and of neurons (Eq. 9).",
    example: "estimate-distributions --energies energies.arrow --dataset dataset.parquet \\\n    --distributions distributions.parquet --bins 64",
    ports: &[&ENERGIES, &ACTIVATIONS, &DATASET, &DISTRIBUTIONS],
    run,
};

/// What can be set.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Bins of equal width between the lower and the upper edge; the outer two are open.
    #[schemars(range(min = 2, max = 65536))]
    pub bins: u32,
    /// Lower edge of the first bin.
    #[schemars(range(min = -1e9, max = 1e9))]
    pub lower_edge: f64,
    /// Upper edge of the last bin.
    #[schemars(range(min = -1e9, max = 1e9))]
    pub upper_edge: f64,
    /// Variance of P(X), to which energies are standardised.
    #[schemars(range(max = 1e12), extend("exclusiveMinimum" = 0))]
    pub variance: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { bins: 64, lower_edge: -128.0, upper_edge: 128.0, variance: 1024.0 }
    }
}

/// Whose a row is: network, labels, seed, epoch and image.
#[derive(Clone)]
struct Owner {
    network: String,
    labels: String,
    seed: i64,
    epoch: i32,
    image: i32,
}

/// One row of the table.
struct Row {
    owner: Owner,
    variable: &'static str,
    counts: Vec<u16>,
    probabilities: Vec<f32>,
}

fn run(job: &Job<Params>) -> Result<(), Error> {
    let params = &job.params;
    let bins = Bins::new(params.lower_edge, params.upper_edge, params.bins as usize)
        .ok_or_else(|| Error::param("lower_edge", "it must be a finite number below --upper-edge"))?;
    let histogram = |values: &[f64]| -> Vec<u16> {
        counts(values, &bins).into_iter().map(|count| u16::try_from(count).unwrap_or(u16::MAX)).collect()
    };
    let provenance = job.provenance()?;
    let output = job.create(&DISTRIBUTIONS)?;
    let mut writer = Writer::parquet(output, &catalogue::DISTRIBUTIONS, &HashMap::new(), &provenance)?;
    let mut write = |rows: Vec<Row>| writer.write(cells(rows, &bins)).map_err(Error::from);
    let mut first: Option<Owner> = None;
    if job.path(&ENERGIES).is_some() {
        let mut done = 0;
        for batch in job.read(&ENERGIES, |path| Reader::open(path, &catalogue::ENERGIES, &[]))? {
            let rows = batch.and_then(|batch| energies(&batch, params.variance.sqrt(), histogram));
            let (raw, standardised) = rows.map_err(|error| Error::input(ENERGIES.name, error))?;
            first = first.or_else(|| raw.first().map(|row| row.owner.clone()));
            done += raw.len();
            let epoch = raw.last().map_or(0, |row| row.owner.epoch);
            job.progress().at(done, 0, "images", &format!("at epoch {epoch}"));
            write(raw)?;
            write(standardised)?;
        }
    }
    if job.path(&ACTIVATIONS).is_some() {
        for batch in job.read(&ACTIVATIONS, |path| Reader::open(path, &catalogue::ACTIVATIONS, &LAYERS))? {
            let rows = batch.and_then(|batch| layers(&batch, histogram));
            let rows = rows.map_err(|error| Error::input(ACTIVATIONS.name, error))?;
            first = first.or_else(|| rows.first().map(|row| row.owner.clone()));
            write(rows)?;
        }
    }
    let first = first.ok_or_else(|| {
        Error::input(ENERGIES.name, "give --energies or --activations, with at least one image")
    })?;
    if job.path(&DATASET).is_some() {
        let test = job.read(&DATASET, dataset::read)?.test;
        let pixels =
            test.pixels.par_chunks_exact(tables::PIXELS).zip(&test.image_ids).map(|(pixels, image)| {
                let values: Vec<f64> = pixels.iter().map(|pixel| f64::from(*pixel)).collect();
                let owner = Owner { image: *image, ..first.clone() };
                Row { owner, variable: "x", counts: histogram(&values), probabilities: Vec::new() }
            });
        write(pixels.collect())?;
    }
    Output::publish(vec![writer.finish()?])
}

/// The histograms of F1 (Eq. 8), raw and standardised.
fn energies(
    batch: &Batch,
    sd: f64,
    histogram: impl Fn(&[f64]) -> Vec<u16> + Sync,
) -> Result<(Vec<Row>, Vec<Row>), tables::Error> {
    let owners = owners(batch)?;
    let (energies, shape) = batch.finite_f32_tensors("e_f1")?;
    let images = energies.par_chunks_exact(shape.iter().product::<usize>().max(1)).zip(&owners);
    Ok(images
        .map(|(energies, owner)| {
            let row = |variable, values: &[f64]| Row {
                owner: owner.clone(),
                variable,
                counts: histogram(values),
                probabilities: Vec::new(),
            };
            let values: Vec<f64> = energies.iter().map(|energy| f64::from(*energy)).collect();
            (row("f1", &values), row("f1_standardised", &standardise(energies, sd)))
        })
        .unzip())
}

const LAYERS: [&str; 8] = ["network", "labels", "seed", "epoch", "image_id", "e_f2", "f5", "f_y"];

/// The distributions of F2, F3 and FY (Eq. 8 and 9) of the kept images.
fn layers(batch: &Batch, histogram: impl Fn(&[f64]) -> Vec<u16>) -> Result<Vec<Row>, tables::Error> {
    let owners = owners(batch)?;
    let [e_f2, f5, f_y] = ["e_f2", "f5", "f_y"].map(|layer| batch.finite_f32_tensors(layer));
    let (e_f2, f5, f_y) = (e_f2?, f5?, f_y?);
    let of = |(values, shape): &(Vec<f32>, Vec<usize>), row: usize| {
        let length: usize = shape.iter().product();
        values[row * length..(row + 1) * length].to_vec()
    };
    let mut rows = Vec::new();
    for (index, owner) in owners.iter().enumerate() {
        let energies: Vec<f64> = of(&e_f2, index).iter().map(|energy| f64::from(*energy)).collect();
        let row = |variable, counts, probabilities: Vec<f64>| Row {
            owner: owner.clone(),
            variable,
            counts,
            probabilities: probabilities.iter().map(|probability| *probability as f32).collect(),
        };
        rows.push(row("f2", histogram(&energies), Vec::new()));
        rows.push(row("f3", Vec::new(), boltzmann(&of(&f5, index))));
        rows.push(row("fy", Vec::new(), boltzmann(&of(&f_y, index))));
    }
    Ok(rows)
}

fn owners(batch: &Batch) -> Result<Vec<Owner>, tables::Error> {
    let (networks, labels) = (batch.texts("network")?, batch.texts("labels")?);
    let (seeds, epochs, images) = (batch.i64s("seed")?, batch.i32s("epoch")?, batch.i32s("image_id")?);
    let owner = |row: usize| Owner {
        network: networks[row].clone(),
        labels: labels[row].clone(),
        seed: seeds[row],
        epoch: epochs[row],
        image: images[row],
    };
    Ok((0..batch.rows()).map(owner).collect())
}

fn cells(rows: Vec<Row>, bins: &Bins) -> Vec<Cells> {
    let edge = |row: &Row, edge: f64| if row.counts.is_empty() { 0.0 } else { edge };
    vec![
        Cells::Words(rows.iter().map(|row| row.owner.network.clone()).collect()),
        Cells::Words(rows.iter().map(|row| row.owner.labels.clone()).collect()),
        Cells::I64(rows.iter().map(|row| row.owner.seed).collect()),
        Cells::I32(rows.iter().map(|row| row.owner.epoch).collect()),
        Cells::I32(rows.iter().map(|row| row.owner.image).collect()),
        Cells::Words(rows.iter().map(|row| row.variable.to_owned()).collect()),
        Cells::U16Lists(rows.iter().map(|row| row.counts.clone()).collect()),
        Cells::F32Lists(rows.iter().map(|row| row.probabilities.clone()).collect()),
        Cells::F64(rows.iter().map(|row| edge(row, bins.lower())).collect()),
        Cells::F64(rows.iter().map(|row| edge(row, bins.upper())).collect()),
    ]
}

#[cfg(test)]
#[path = "lib_tests.rs"]
mod tests;
