//! The tables that a training leaves.

use std::collections::HashMap;

use network::Parameters;
use network::checkpoints::{self, Checkpoints};
use network::epochs::Epochs;
use stage::{Error, Job, Output};
use tables::{Cells, Provenance, Table, Writer, catalogue};

use crate::journal::Record;
use crate::params::Params;
use crate::{CHECKPOINTS, HISTORY, TIMINGS, identity};

/// Writes all outputs and makes them appear together.
pub(crate) fn publish(
    job: &Job<Params>,
    records: &[Record],
    keep: &Epochs,
    provenance: &Provenance,
) -> Result<(), Error> {
    let architecture = job.params.network.architecture();
    let kept = records.iter().filter(|record| keep.contains(record.epoch)).filter_map(|record| {
        let mut values = record.parameters.clone();
        // The filters of f1 come first; what they see scaled, they see raw when they are scaled themselves.
        let [filters, ..] = Parameters::ranges(&architecture);
        values[filters].iter_mut().for_each(|weight| *weight *= job.params.input_scale as f32);
        Some((record.epoch as i32, Parameters::from_values(architecture, values)?))
    });
    let table = Checkpoints { training: identity(&job.params), epochs: kept.collect() };
    let checkpoints = checkpoints::write(job.create(&CHECKPOINTS)?, &table, provenance)?;
    let history = by_epoch(job, job.create(&HISTORY)?, &catalogue::HISTORY, records, provenance, |record| {
        vec![record.training_loss, record.training_error, record.test_error]
    })?;
    let timings = by_epoch(job, job.create(&TIMINGS)?, &catalogue::TIMINGS, records, provenance, |record| {
        vec![record.training_seconds, record.evaluation_seconds]
    })?;
    Output::publish(vec![checkpoints, history, timings])
}

/// A table of one row an epoch: who, which epoch, then `numbers` of its record.
fn by_epoch(
    job: &Job<Params>,
    output: Output,
    table: &'static Table,
    records: &[Record],
    provenance: &Provenance,
    numbers: impl Fn(&Record) -> Vec<f64>,
) -> Result<Output, Error> {
    let rows: Vec<Vec<f64>> = records.iter().map(numbers).collect();
    let mut cells: Vec<Cells> = identity(&job.params).cells(records.len()).into();
    cells.push(Cells::I32(records.iter().map(|record| record.epoch as i32).collect()));
    for column in 0..rows.first().map_or(0, Vec::len) {
        cells.push(Cells::F64(rows.iter().map(|row| row[column]).collect()));
    }
    let mut writer = Writer::parquet(output, table, &HashMap::new(), provenance)?;
    writer.write(cells)?;
    Ok(writer.finish()?)
}
