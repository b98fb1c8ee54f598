//! The tables that are written.

use std::collections::HashMap;

use stage::{Error, Output};
use tables::{Cells, Provenance, Writer, catalogue};

use crate::summary::{Spread, Summary};
use crate::trends::Trend;

pub(crate) fn summary(output: Output, rows: &[Summary], provenance: &Provenance) -> Result<Output, Error> {
    let number = |of: fn(&Summary) -> f64| Cells::F64(rows.iter().map(of).collect());
    let mut writer = Writer::parquet(output, &catalogue::SUMMARY, &HashMap::new(), provenance)?;
    writer.write(vec![
        Cells::Words(rows.iter().map(|row| row.key.network.clone()).collect()),
        Cells::Words(rows.iter().map(|row| row.key.labels.clone()).collect()),
        Cells::I64(rows.iter().map(|row| row.key.seed).collect()),
        Cells::I32(rows.iter().map(|row| row.key.epoch).collect()),
        Cells::I32(rows.iter().map(|row| row.images as i32).collect()),
        number(|row| row.kl_x_mean),
        number(|row| row.kl_f1_mean),
        number(|row| row.kl_f1_sd),
        number(|row| row.kl_f1_low),
        number(|row| row.kl_f1_median),
        number(|row| row.kl_f1_high),
        number(|row| row.kl_f1_standardised_mean),
        number(|row| row.x_within_null),
        number(|row| row.f1_within_null),
        number(|row| row.null_x.mean),
        number(|row| row.null_x.low),
        number(|row| row.null_x.high),
        number(|row| row.null_f1.mean),
        number(|row| row.null_f1.low),
        number(|row| row.null_f1.high),
        number(|row| row.null_f1_standardised.mean),
        number(|row| row.null_f1_standardised.low),
        number(|row| row.null_f1_standardised.high),
        number(|row| row.kl_x_mean - row.null_x.mean),
        number(|row| row.kl_f1_mean - row.null_f1.mean),
        number(|row| row.kl_f1_standardised_mean - row.null_f1_standardised.mean),
        number(|row| row.errors.training_loss),
        number(|row| row.errors.training_error),
        number(|row| row.errors.least_training_error),
        number(|row| row.errors.test_error),
    ])?;
    Ok(writer.finish()?)
}

pub(crate) fn spread(output: Output, rows: &[Spread], provenance: &Provenance) -> Result<Output, Error> {
    let number = |of: fn(&Spread) -> f64| Cells::F64(rows.iter().map(of).collect());
    let mut writer = Writer::parquet(output, &catalogue::SPREAD, &HashMap::new(), provenance)?;
    writer.write(vec![
        Cells::Words(rows.iter().map(|row| row.network.clone()).collect()),
        Cells::Words(rows.iter().map(|row| row.labels.clone()).collect()),
        Cells::I32(rows.iter().map(|row| row.epoch).collect()),
        Cells::I32(rows.iter().map(|row| row.kl_f1.seeds as i32).collect()),
        number(|row| row.kl_f1.mean),
        number(|row| row.kl_f1.sd),
        number(|row| row.kl_f1.min),
        number(|row| row.kl_f1.max),
        number(|row| row.kl_f1.low),
        number(|row| row.kl_f1.high),
        number(|row| row.null_f1.mean),
        number(|row| row.null_f1.low),
        number(|row| row.null_f1.high),
        number(|row| row.kl_f1.mean - row.null_f1.mean),
        number(|row| row.training_error.mean),
        number(|row| row.training_error.min),
        number(|row| row.training_error.max),
        number(|row| row.test_error.mean),
        number(|row| row.test_error.sd),
        number(|row| row.test_error.min),
        number(|row| row.test_error.max),
        number(|row| row.test_error.low),
        number(|row| row.test_error.high),
    ])?;
    Ok(writer.finish()?)
}

pub(crate) fn trends(output: Output, rows: &[Trend], provenance: &Provenance) -> Result<Output, Error> {
    let number = |of: fn(&Trend) -> f64| Cells::F64(rows.iter().map(of).collect());
    let mut writer = Writer::parquet(output, &catalogue::TRENDS, &HashMap::new(), provenance)?;
    writer.write(vec![
        Cells::Words(rows.iter().map(|row| row.labels.clone()).collect()),
        Cells::I32(rows.iter().map(|row| row.epoch).collect()),
        Cells::Words(rows.iter().map(|row| row.measure.to_owned()).collect()),
        Cells::I32(rows.iter().map(|row| row.seeds as i32).collect()),
        number(|row| row.effect.value),
        number(|row| row.effect.low),
        number(|row| row.effect.high),
        number(|row| row.page_l),
        number(|row| row.p_value),
    ])?;
    Ok(writer.finish()?)
}
