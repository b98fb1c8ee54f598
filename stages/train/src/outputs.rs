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
    job: &Job,
    params: &Params,
    records: &[Record],
    keep: &Epochs,
    provenance: &Provenance,
) -> Result<(), Error> {
    let architecture = params.network.architecture();
    let kept = records.iter().filter(|record| keep.contains(record.epoch)).filter_map(|record| {
        let mut values = record.parameters.clone();
        // The filters of f1 come first; what they see scaled, they see raw when they are scaled themselves.
        let [filters, ..] = Parameters::ranges(&architecture);
        values[filters].iter_mut().for_each(|weight| *weight *= params.input_scale as f32);
        Some((record.epoch as i32, Parameters::from_values(architecture, values)?))
    });
    let table = Checkpoints { training: identity(params), epochs: kept.collect() };
    let checkpoints = checkpoints::write(job.create(&CHECKPOINTS)?, &table, provenance)?;
    let numbers = |of: fn(&Record) -> f64| Cells::F64(records.iter().map(of).collect());
    let told = vec![
        numbers(|record| record.training_loss),
        numbers(|record| record.training_error),
        numbers(|record| record.test_error),
    ];
    let history = by_epoch(params, job.create(&HISTORY)?, &catalogue::HISTORY, records, provenance, told)?;
    let measured = vec![
        numbers(|record| record.training_seconds),
        numbers(|record| record.evaluation_seconds),
        Cells::I32(vec![job.threads() as i32; records.len()]),
        Cells::Same(stage::machine(), records.len()),
    ];
    let timings =
        by_epoch(params, job.create(&TIMINGS)?, &catalogue::TIMINGS, records, provenance, measured)?;
    Output::publish(vec![checkpoints, history, timings])
}

/// A table of one row an epoch: who, which epoch, then `columns`.
fn by_epoch(
    params: &Params,
    output: Output,
    table: &'static Table,
    records: &[Record],
    provenance: &Provenance,
    columns: Vec<Cells>,
) -> Result<Output, Error> {
    let mut cells: Vec<Cells> = identity(params).cells(records.len()).into();
    cells.push(Cells::I32(records.iter().map(|record| record.epoch as i32).collect()));
    cells.extend(columns);
    let mut writer = Writer::parquet(output, table, &HashMap::new(), provenance)?;
    writer.write(cells)?;
    Ok(writer.finish()?)
}
