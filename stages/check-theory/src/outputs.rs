//! The rows of both tables.

use network::checkpoints::Training;
use tables::Cells;

use crate::findings::Row;
use crate::step::Point;

/// Rows of `theory`.
pub fn theory(training: &Training, epoch: i32, rows: &[Row]) -> Vec<Cells> {
    let words = |of: &dyn Fn(&Row) -> String| Cells::Words(rows.iter().map(of).collect());
    let cases = |row: &Row| i32::try_from(row.cases).unwrap_or(i32::MAX);
    let mut cells: Vec<Cells> = training.cells(rows.len()).into();
    cells.extend([
        Cells::I32(vec![epoch; rows.len()]),
        words(&|row| row.check.claim.to_owned()),
        words(&|row| row.check.equation.to_owned()),
        words(&|row| row.check.text()),
        words(&|row| row.check.kind.name().to_owned()),
        Cells::I32(rows.iter().map(cases).collect()),
        words(&|row| row.statistic.to_owned()),
        Cells::F64(rows.iter().map(|row| row.value).collect()),
    ]);
    cells
}

/// Rows of `steps`.
pub fn steps(training: &Training, epoch: i32, points: &[Point]) -> Vec<Cells> {
    let numbers = |of: fn(&Point) -> f64| Cells::F64(points.iter().map(of).collect());
    let mut cells: Vec<Cells> = training.cells(points.len()).into();
    cells.extend([
        Cells::I32(vec![epoch; points.len()]),
        Cells::Words(points.iter().map(|point| point.layer.to_owned()).collect()),
        numbers(|point| point.step),
        numbers(|point| point.error),
        numbers(|point| point.switched),
    ]);
    cells
}
