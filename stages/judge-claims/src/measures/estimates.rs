//! Statistics of the table estimates: one row of each dataset and seed, or the difference of two.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stage::lineage::first_difference;
use statistics::null::Null;
use statistics::summary::mean;

use super::{Measured, Units, mean_null};
use crate::evidence::{EstimateRow, Evidence};
use crate::missing::{self, Asked};
use crate::rules::{Estimate, EstimateColumn, Otherwise, When};

/// What a row is of: a dataset and the seed of a training; one seed where no network has a part in it.
type Unit = (String, i64);
/// The row of each unit; or why there is none.
type Found<'a> = Result<BTreeMap<Unit, &'a EstimateRow>, String>;

pub(super) fn measure(evidence: &Evidence, estimate: &Estimate) -> Result<Measured, String> {
    let of_pixels = estimate.variable == "x";
    let mut measured = Measured {
        units: if of_pixels { Units::Datasets } else { Units::Seeds },
        values: Ok(Vec::new()),
        null: None,
        p_value: None,
        table: "estimates",
    };
    let rows = match find(evidence, estimate, &Otherwise::default())? {
        Ok(rows) => rows,
        Err(why) => return Ok(Measured { values: Err(why), ..measured }),
    };
    let datasets: BTreeSet<&String> = rows.keys().map(|(dataset, _)| dataset).collect();
    if datasets.len() > 1 {
        measured.units = Units::Datasets;
    }
    let of_units = |values: BTreeMap<&Unit, f64>| match measured.units {
        Units::Datasets => of_datasets(&values),
        _ => values.into_values().collect(),
    };
    let value = |row: &EstimateRow| match estimate.column {
        EstimateColumn::Mean => row.mean,
        EstimateColumn::Excess => row.excess,
        EstimateColumn::WithinNull => row.within_null,
    };
    let Some(otherwise) = &estimate.minus else {
        // The share within the null is no divergence, and has no null of its own.
        if estimate.column != EstimateColumn::WithinNull {
            measured.null = mean_null(&rows.values().map(|row| row.null).collect::<Vec<Null>>());
        }
        let values = of_units(rows.iter().map(|(unit, row)| (unit, value(row))).collect());
        return Ok(Measured { values: Ok(values), ..measured });
    };
    let values = match find(evidence, estimate, otherwise)? {
        Err(why) => Err(format!("to take off, {why}")),
        Ok(others) => {
            let pairs = rows.iter().filter_map(|(unit, row)| Some((unit, row, others.get(unit)?)));
            let values =
                of_units(pairs.map(|(unit, row, other)| (unit, value(row) - value(other))).collect());
            match values.is_empty() {
                true => Err("no dataset and seed has both rows of the difference".to_owned()),
                false => Ok(values),
            }
        }
    };
    Ok(Measured { values, ..measured })
}

/// The mean of each dataset's trainings: those on one dataset have it in common, and are no evidence about others.
fn of_datasets(values: &BTreeMap<&Unit, f64>) -> Vec<f64> {
    let mut datasets: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for ((dataset, _), value) in values {
        datasets.entry(dataset).or_default().push(*value);
    }
    datasets.values().map(|values| mean(values)).collect()
}

/// The row of each unit that an estimate means; or why there is none.
///
/// # Errors
/// A sentence, where several rows of one unit fit.
fn find<'a>(evidence: &'a Evidence, estimate: &Estimate, otherwise: &Otherwise) -> Result<Found<'a>, String> {
    if let Some(why) = unknown_param(evidence, estimate) {
        return Ok(Err(why));
    }
    let rows = match missing::rows("estimates", &evidence.estimates, &asked(estimate, otherwise)) {
        Ok(rows) => rows,
        Err(why) => return Ok(Err(why)),
    };
    let of_pixels = estimate.variable == "x";
    let mut units: BTreeMap<Unit, Vec<&EstimateRow>> = BTreeMap::new();
    for row in rows {
        // No network and no epoch changes the pixels.
        let unit = (row.source.dataset.clone(), if of_pixels { 0 } else { row.seed });
        units.entry(unit).or_default().push(row);
    }
    let epoch = otherwise.epoch.or(estimate.epoch);
    let one = |(unit, rows): (Unit, Vec<&'a EstimateRow>)| -> Result<_, String> {
        let row = if of_pixels {
            one_table(rows)
        } else {
            one_epoch(one_training(rows)?, epoch).and_then(one_table)
        };
        let row = row.map_err(|why| {
            let (of, variable) = (&estimate.of, &estimate.variable);
            format!(
                "several rows of the table estimates fit `{of}` of `{variable}` with seed {}: {why}",
                unit.1
            )
        })?;
        Ok((unit, row))
    };
    units.into_iter().map(one).collect::<Result<BTreeMap<_, _>, _>>().map(Ok)
}

/// What a rule asks of a row of the table.
fn asked<'a>(estimate: &'a Estimate, otherwise: &'a Otherwise) -> Vec<Asked<'a, EstimateRow>> {
    let of = |field: &'a str, wanted: &str, of: fn(&EstimateRow) -> &String| {
        Asked::new(field, wanted, move |row: &EstimateRow| of(row).into())
    };
    let against = otherwise.against.as_ref().unwrap_or(&estimate.against);
    let mut asked = vec![
        of("variable", &estimate.variable, |row| &row.variable),
        of("statistic", &estimate.of, |row| &row.statistic),
        of("bins", &estimate.bins, |row| &row.bins),
        of("smoothing", &estimate.smoothing, |row| &row.smoothing),
        of("against", against, |row| &row.against),
    ];
    let network = otherwise.network.as_ref().or(estimate.network.as_ref());
    asked.extend(network.map(|network| of("network", network, |row| &row.network)));
    asked.extend(estimate.labels.as_ref().map(|labels| of("labels", labels, |row| &row.labels)));
    asked.extend(estimate.made_with.iter().map(|(param, wanted)| {
        Asked::new(param.as_str(), &written(wanted), |row: &EstimateRow| {
            row.source.made_with.get(param).map_or(Cow::Borrowed(""), |value| written(value).into())
        })
    }));
    asked
}

/// A param's value, so that those which are the same read the same: 1024 and 1024.0 do.
fn written(value: &Value) -> String {
    match (value.as_str(), value.as_f64()) {
        (Some(text), _) => text.to_owned(),
        (_, Some(number)) => number.to_string(),
        _ => value.to_string(),
    }
}

/// Says so where no table was made with a param that is asked for.
fn unknown_param(evidence: &Evidence, estimate: &Estimate) -> Option<String> {
    let known: BTreeSet<&str> =
        evidence.estimates.iter().flat_map(|row| row.source.made_with.keys()).map(String::as_str).collect();
    let unknown = estimate.made_with.keys().find(|param| !known.contains(param.as_str()))?;
    if evidence.estimates.is_empty() {
        return None;
    }
    let meant = tables::nearest(unknown, known);
    let meant = meant.map(|param| format!("; did you mean {param}?")).unwrap_or_default();
    Some(format!("no table estimates was made with a param {unknown}{meant}"))
}

/// The rows, where all are of one training.
fn one_training(rows: Vec<&EstimateRow>) -> Result<Vec<&EstimateRow>, String> {
    let is_of_first = |row: &&EstimateRow| {
        let first = rows[0];
        (&row.source.training, &row.network, &row.labels)
            == (&first.source.training, &first.network, &first.labels)
    };
    let Some(other) = rows.iter().find(|row| !is_of_first(row)) else { return Ok(rows) };
    let names = [rows[0], *other].map(of_training);
    let how =
        match (names[0] == names[1], first_difference(&rows[0].source.made_with, &other.source.made_with)) {
            (false, _) => "say which network and labels".to_owned(),
            (true, Some((param, one, another))) => {
                format!("two trainings; say in `made_with` whether {param} is {one} or {another}")
            }
            (true, None) => "two trainings, whose params do not tell them apart; give one".to_owned(),
        };
    Err(format!("{} and {} ({}): {how}", names[0], names[1], files([rows[0], *other])))
}

/// The files of two rows.
fn files(rows: [&EstimateRow; 2]) -> String {
    rows.map(|row| row.source.path.display().to_string()).join(" and ")
}

fn of_training(row: &EstimateRow) -> String {
    format!("{} on {} labels", row.network, row.labels)
}

/// The rows of the epoch that is meant.
fn one_epoch(rows: Vec<&EstimateRow>, epoch: Option<When>) -> Result<Vec<&EstimateRow>, String> {
    let epochs: BTreeSet<i32> = rows.iter().map(|row| row.epoch).collect();
    let wanted = match (epoch, epochs.len()) {
        (Some(When::First), _) | (None, 1) => epochs.first(),
        (Some(When::Last), _) => epochs.last(),
        (None, _) => return Err("of several epochs; say `epoch: first` or `epoch: last`".to_owned()),
    };
    Ok(rows.into_iter().filter(|row| Some(&row.epoch) == wanted).collect())
}

/// One training may be told of by several tables: the one with most images says most.
fn one_table(mut rows: Vec<&EstimateRow>) -> Result<&EstimateRow, String> {
    rows.sort_by_key(|row| std::cmp::Reverse(row.images));
    let first = rows[0];
    let numbers = |row: &EstimateRow| {
        [row.mean, row.excess, row.within_null, row.null.mean, row.null.low, row.null.high].map(f64::to_bits)
    };
    match rows.iter().find(|row| row.images == first.images && numbers(row) != numbers(first)) {
        None => Ok(first),
        Some(other) => Err(format!(
            "two tables tell other numbers of it ({}); say in `made_with` which one, or give one",
            files([first, *other])
        )),
    }
}

#[cfg(test)]
#[path = "estimates_tests.rs"]
mod tests;
