//! Estimates distributions: energies, pixels and layers in, histograms (Eq. 8) and Boltzmann distributions (Eq. 9) out.

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::lineage;
use stage::{Error, Job, Output, Port, Stage};
use statistics::histogram::{Bins, Histogram};
use statistics::summary::boltzmann;
use tables::{Batch, Cells, Numbers, PIXELS, Reader, Writer, catalogue, dataset};

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

/// Whose rows are.
#[derive(Clone, Debug, PartialEq)]
struct Training {
    network: String,
    labels: String,
    seed: i64,
}

/// Images of one training and their histograms, `bins` counts each.
struct Counted {
    training: Training,
    epochs: Vec<i32>,
    images: Vec<i32>,
    raw: Vec<u16>,
    standardised: Vec<u16>,
}

/// Images that are written together: more, and they would take memory; fewer, and every write would take its time.
const ROWS: usize = 10_000;

/// Images that a thread takes at once; fewer are not worth its waking up.
const AT_ONCE: usize = 50;

fn run(job: &Job, params: &Params) -> Result<(), Error> {
    let bins = Bins::new(params.lower_edge, params.upper_edge, params.bins as usize)
        .ok_or_else(|| Error::param("lower_edge", "it must be a finite number below --upper-edge"))?;
    let histogram = Histogram::new(bins.clone());
    let mut provenance = job.provenance()?;
    let stream = match job.path(&ENERGIES) {
        Some(_) => Some(job.read(&ENERGIES, |path| Reader::open(path, &catalogue::ENERGIES, &[]))?),
        None => None,
    };
    if let Some(lineage) = stream.as_ref().and_then(|stream| stream.metadata("lineage")) {
        lineage::add_stream(&mut provenance, lineage);
        if let Some(told) = lineage::drawn_otherwise(&provenance.lineage, params.variance) {
            job.progress().note(&told);
        }
    }
    let output = job.create(&DISTRIBUTIONS)?;
    let mut writer = Writer::parquet(output, &catalogue::DISTRIBUTIONS, &HashMap::new(), &provenance)?;
    let mut first: Option<(Training, i32)> = None;
    if let Some(stream) = stream {
        let mut waiting: Option<Counted> = None;
        let mut done = 0;
        for batch in stream {
            let counted = batch.and_then(|batch| energies(&batch, params.variance.sqrt(), &histogram));
            for counted in counted.map_err(|error| Error::input(ENERGIES.name, error))? {
                let epoch = counted.epochs.first().copied().unwrap_or_default();
                first = first.or_else(|| Some((counted.training.clone(), epoch)));
                done += counted.images.len();
                if done % ROWS < counted.images.len() {
                    job.progress().at(done, 0, "images", &format!("at epoch {epoch}"));
                }
                let full = |waiting: &mut Counted| {
                    waiting.training != counted.training || waiting.images.len() >= ROWS
                };
                if let Some(full) = waiting.take_if(full) {
                    write_counted(&mut writer, full, &bins)?;
                }
                match &mut waiting {
                    None => waiting = Some(counted),
                    Some(waiting) => waiting.append(&counted),
                }
            }
        }
        if let Some(rest) = waiting {
            write_counted(&mut writer, rest, &bins)?;
        }
    }
    if job.path(&ACTIVATIONS).is_some() {
        for batch in job.read(&ACTIVATIONS, |path| Reader::open(path, &catalogue::ACTIVATIONS, &LAYERS))? {
            let layers = batch.and_then(|batch| layers(&batch, &histogram));
            for (training, rows) in layers.map_err(|error| Error::input(ACTIVATIONS.name, error))? {
                let epoch = rows.first().map_or(0, |row| row.epoch);
                first = first.or_else(|| Some((training.clone(), epoch)));
                writer.write(layer_cells(&training, rows, &bins))?;
            }
        }
    }
    let (training, epoch) = first.ok_or_else(|| {
        Error::input(ENERGIES.name, "give --energies or --activations, with at least one image")
    })?;
    if job.path(&DATASET).is_some() {
        let test = job.read(&DATASET, dataset::read_test)?;
        let counts = count_all(&test.pixels, PIXELS, bins.count(), &histogram, Histogram::count);
        let epochs = vec![epoch; test.len()];
        writer.write(cells(&training, epochs, test.image_ids, "x", counts, &bins))?;
    }
    Output::publish(vec![writer.finish()?])
}

/// The histograms of images of `length` values each, one after another.
fn count_all(
    values: &[f32],
    length: usize,
    bins: usize,
    histogram: &Histogram,
    count: impl Fn(&mut Histogram, &[f32], &mut [u16]) + Sync,
) -> Vec<u16> {
    let length = length.max(1);
    let mut counted = vec![0; values.len() / length * bins];
    let pairs = values.par_chunks(AT_ONCE * length).zip(counted.par_chunks_mut(AT_ONCE * bins));
    pairs.for_each_init(
        || histogram.clone(),
        |histogram, (values, counted)| {
            for (values, counted) in values.chunks_exact(length).zip(counted.chunks_exact_mut(bins)) {
                count(histogram, values, counted);
            }
        },
    );
    counted
}

/// The histograms of F1 (Eq. 8), raw and standardised, training by training.
fn energies(batch: &Batch, sd: f64, histogram: &Histogram) -> Result<Vec<Counted>, tables::Error> {
    let (epochs, images) = (batch.i32s("epoch")?, batch.i32s("image_id")?);
    let (energies, shape) = batch.finite_f32_tensors("e_f1")?;
    let (length, bins) = (shape.iter().product(), histogram.bins().count());
    let raw = count_all(&energies, length, bins, histogram, Histogram::count);
    let standardise = |histogram: &mut Histogram, values: &[f32], counted: &mut [u16]| {
        histogram.count_standardised(values, sd, counted)
    };
    let standardised = count_all(&energies, length, bins, histogram, standardise);
    let counted = |(training, rows): (Training, Range<usize>)| Counted {
        training,
        epochs: epochs[rows.clone()].to_vec(),
        images: images[rows.clone()].to_vec(),
        raw: raw[rows.start * bins..rows.end * bins].to_vec(),
        standardised: standardised[rows.start * bins..rows.end * bins].to_vec(),
    };
    Ok(trainings(batch)?.into_iter().map(counted).collect())
}

impl Counted {
    fn append(&mut self, other: &Counted) {
        self.epochs.extend_from_slice(&other.epochs);
        self.images.extend_from_slice(&other.images);
        self.raw.extend_from_slice(&other.raw);
        self.standardised.extend_from_slice(&other.standardised);
    }
}

fn write_counted(writer: &mut Writer<Output>, counted: Counted, bins: &Bins) -> Result<(), Error> {
    let Counted { training, epochs, images, raw, standardised } = counted;
    writer.write(cells(&training, epochs.clone(), images.clone(), "f1", raw, bins))?;
    writer.write(cells(&training, epochs, images, "f1_standardised", standardised, bins))?;
    Ok(())
}

/// Rows of one training and one variable, with their histograms one after another.
fn cells(
    training: &Training,
    epochs: Vec<i32>,
    images: Vec<i32>,
    variable: &str,
    counts: Vec<u16>,
    bins: &Bins,
) -> Vec<Cells> {
    let rows = images.len();
    vec![
        Cells::Same(training.network.clone(), rows),
        Cells::Same(training.labels.clone(), rows),
        Cells::I64(vec![training.seed; rows]),
        Cells::I32(epochs),
        Cells::I32(images),
        Cells::Same(variable.to_owned(), rows),
        Cells::U16Rows(counts, rows),
        Cells::F32Lists(vec![Vec::new(); rows]),
        Cells::F64(vec![bins.lower(); rows]),
        Cells::F64(vec![bins.upper(); rows]),
    ]
}

const LAYERS: [&str; 8] = ["network", "labels", "seed", "epoch", "image_id", "e_f2", "f5", "f_y"];

/// A variable of one kept image.
struct Row {
    epoch: i32,
    image: i32,
    variable: &'static str,
    counts: Vec<u16>,
    probabilities: Vec<f32>,
}

/// The distributions of F2, F3 and FY (Eq. 8 and 9) of the kept images, training by training.
fn layers(batch: &Batch, histogram: &Histogram) -> Result<Vec<(Training, Vec<Row>)>, tables::Error> {
    let (epochs, images) = (batch.i32s("epoch")?, batch.i32s("image_id")?);
    let [e_f2, f5, f_y] = ["e_f2", "f5", "f_y"].map(|layer| batch.finite_f32_tensors(layer));
    let (e_f2, f5, f_y) = (e_f2?, f5?, f_y?);
    let bins = histogram.bins().count();
    let counts = count_all(&e_f2.0, e_f2.1.iter().product(), bins, histogram, Histogram::count);
    let rows_of = |index: usize| {
        let row = |variable, counts: &[u16], probabilities: Vec<f64>| Row {
            epoch: epochs[index],
            image: images[index],
            variable,
            counts: counts.to_vec(),
            probabilities: probabilities.iter().map(|probability| *probability as f32).collect(),
        };
        let neurons = |(values, shape): &(Numbers<f32>, Vec<usize>)| {
            let length: usize = shape.iter().product();
            boltzmann(&values[index * length..(index + 1) * length])
        };
        [
            row("f2", &counts[index * bins..(index + 1) * bins], Vec::new()),
            row("f3", &[], neurons(&f5)),
            row("fy", &[], neurons(&f_y)),
        ]
    };
    let rows = |(training, rows): (Training, Range<usize>)| (training, rows.flat_map(rows_of).collect());
    Ok(trainings(batch)?.into_iter().map(rows).collect())
}

fn layer_cells(training: &Training, rows: Vec<Row>, bins: &Bins) -> Vec<Cells> {
    let edge = |row: &Row, edge: f64| if row.counts.is_empty() { 0.0 } else { edge };
    vec![
        Cells::Same(training.network.clone(), rows.len()),
        Cells::Same(training.labels.clone(), rows.len()),
        Cells::I64(vec![training.seed; rows.len()]),
        Cells::I32(rows.iter().map(|row| row.epoch).collect()),
        Cells::I32(rows.iter().map(|row| row.image).collect()),
        Cells::Words(rows.iter().map(|row| row.variable.to_owned()).collect()),
        Cells::U16Lists(rows.iter().map(|row| row.counts.clone()).collect()),
        Cells::F32Lists(rows.iter().map(|row| row.probabilities.clone()).collect()),
        Cells::F64(rows.iter().map(|row| edge(row, bins.lower())).collect()),
        Cells::F64(rows.iter().map(|row| edge(row, bins.upper())).collect()),
    ]
}

/// The trainings of a batch, each with its rows.
fn trainings(batch: &Batch) -> Result<Vec<(Training, Range<usize>)>, tables::Error> {
    let (networks, labels, seeds) = (batch.texts("network")?, batch.texts("labels")?, batch.i64s("seed")?);
    let key = |row: usize| (networks[row], labels[row], seeds[row]);
    let mut found: Vec<(Training, Range<usize>)> = Vec::new();
    for row in 0..batch.rows() {
        match found.last_mut() {
            Some((_, rows)) if key(rows.start) == key(row) => rows.end = row + 1,
            _ => {
                let (network, labels, seed) = key(row);
                let training = Training { network: network.to_owned(), labels: labels.to_owned(), seed };
                found.push((training, row..row + 1));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
#[path = "lib_tests.rs"]
mod tests;
