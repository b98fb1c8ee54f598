//! The tables that are written.

use std::collections::{BTreeSet, HashMap};

use stage::{Error, Output};
use tables::{Cells, Provenance, Writer, catalogue};

use crate::judge::{Decided, Judged, Looked};
use crate::words;

pub(crate) fn claims(output: Output, rows: &[Judged], provenance: &Provenance) -> Result<Output, Error> {
    let words = |of: fn(&Judged) -> String| Cells::Words(rows.iter().map(of).collect());
    let whole = |of: fn(&Judged) -> usize| Cells::I32(rows.iter().map(|row| to_i32(of(row))).collect());
    let mut writer = Writer::parquet(output, &catalogue::CLAIMS, &HashMap::new(), provenance)?;
    writer.write(vec![
        words(|row| row.claim.id.clone()),
        words(|row| row.claim.statement.clone()),
        words(|row| row.claim.place.clone()),
        words(|row| row.claim.paper.clone()),
        words(words::found),
        words(words::beside),
        words(words::rule),
        words(|row| row.verdict.name().to_owned()),
        words(tables_of),
        words(|row| fewest(row).map_or("", |one| one.looked.measured.units.name()).to_owned()),
        whole(|row| fewest(row).map_or(0, |one| one.looked.measured.values().len())),
        whole(|row| fewest(row).map_or(0, |one| one.condition.needs)),
    ])?;
    Ok(writer.finish()?)
}

/// Of what decides the one that is over the fewest units.
fn fewest(judged: &Judged) -> Option<&Decided> {
    judged.conditions().min_by_key(|one| one.looked.measured.values().len())
}

fn to_i32(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The tables behind a verdict.
fn tables_of(judged: &Judged) -> String {
    let tables: BTreeSet<&str> = judged.conditions().map(|one| one.looked.measured.table).collect();
    tables.into_iter().collect::<Vec<_>>().join(", ")
}

/// One number of one claim.
struct Row<'a> {
    claim: &'a str,
    role: &'static str,
    looked: &'a Looked,
    /// None for what stands beside it.
    decides: Option<&'a Decided>,
}

pub(crate) fn evidence(output: Output, judged: &[Judged], provenance: &Provenance) -> Result<Output, Error> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for one in judged {
        let claim = one.claim.id.as_str();
        for (role, conditions) in [("supposes", &one.supposed), ("decides", &one.decided)] {
            rows.extend(conditions.iter().map(|decided| Row {
                claim,
                role,
                looked: &decided.looked,
                decides: Some(decided),
            }));
        }
        rows.extend(one.beside.iter().map(|looked| Row { claim, role: "beside", looked, decides: None }));
    }
    let words = |of: fn(&Row<'_>) -> String| Cells::Words(rows.iter().map(of).collect());
    let number = |of: fn(&Row<'_>) -> f64| Cells::F64(rows.iter().map(of).collect());
    let whole = |of: fn(&Row<'_>) -> usize| Cells::I32(rows.iter().map(|row| to_i32(of(row))).collect());
    let mut writer = Writer::parquet(output, &catalogue::EVIDENCE, &HashMap::new(), provenance)?;
    writer.write(vec![
        words(|row| row.claim.to_owned()),
        words(|row| row.role.to_owned()),
        words(|row| words::statistic(&row.looked.measure).to_owned()),
        words(|row| words::name(&row.looked.measure)),
        words(|row| words::about(&row.looked.measure)),
        words(|row| words::unit(&row.looked.measure).to_owned()),
        words(|row| row.looked.measured.values.as_ref().err().cloned().unwrap_or_default()),
        words(|row| row.looked.measured.units.name().to_owned()),
        whole(|row| row.looked.measured.values().len()),
        whole(|row| row.decides.map_or(0, |one| one.condition.needs)),
        number(|row| row.looked.estimated.value),
        number(|row| row.looked.measured.median()),
        number(|row| row.looked.estimated.low),
        number(|row| row.looked.estimated.high),
        number(|row| {
            let of_null = row.looked.measured.null.map(|null| null.mean);
            of_null.or(words::share_by_chance(&row.looked.measure)).unwrap_or(f64::NAN)
        }),
        number(|row| row.looked.measured.null.map_or(f64::NAN, |null| null.low)),
        number(|row| row.looked.measured.null.map_or(f64::NAN, |null| null.high)),
        number(|row| row.looked.measured.p_value.unwrap_or(f64::NAN)),
        words(|row| row.decides.map_or("", |one| one.condition.bound.direction()).to_owned()),
        number(|row| row.decides.map_or(f64::NAN, |one| one.condition.bound.threshold())),
        words(|row| row.decides.map_or("", |one| one.verdict.name()).to_owned()),
        words(|row| row.looked.measured.table.to_owned()),
    ])?;
    Ok(writer.finish()?)
}
