//! The graph of the pipeline: its stages in the order in which data flows, and what each reads of the others.

use std::collections::HashMap;
use std::fmt::Write as _;

use plan::file::{Pipeline, Target};

use crate::escape::escape;

/// Width and height of a stage's box, and the room between two.
const BOX: (f64, f64) = (150.0, 44.0);
const GAP: (f64, f64) = (50.0, 18.0);

/// The stages as boxes, column by column, with arrows from what is read to what reads it. Colours are those of the page.
pub fn draw(pipeline: &Pipeline) -> String {
    let places: HashMap<&str, usize> =
        pipeline.stages.iter().enumerate().map(|(place, stage)| (stage.name.as_str(), place)).collect();
    let reads: Vec<Vec<usize>> = pipeline
        .stages
        .iter()
        .map(|stage| {
            let targets = stage.inputs.iter().flat_map(|input| &input.references);
            let mut of: Vec<usize> = targets
                .filter_map(|reference| match &reference.target {
                    Target::Port { stage, .. } => places.get(stage.as_str()).copied(),
                    Target::File(_) => None,
                })
                .collect();
            of.sort_unstable();
            of.dedup();
            of
        })
        .collect();
    let columns = columns(&reads);
    let mut rows = vec![0; columns.iter().max().map_or(0, |last| last + 1)];
    let row: Vec<usize> = columns
        .iter()
        .map(|column| {
            rows[*column] += 1;
            rows[*column] - 1
        })
        .collect();
    let corner = |stage: usize| {
        (columns[stage] as f64 * (BOX.0 + GAP.0) + 4.0, row[stage] as f64 * (BOX.1 + GAP.1) + 4.0)
    };
    let (width, height) = (
        rows.len() as f64 * (BOX.0 + GAP.0) - GAP.0 + 8.0,
        rows.iter().max().copied().unwrap_or(0) as f64 * (BOX.1 + GAP.1) - GAP.1 + 8.0,
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"graph\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>The stages of the pipeline {}, and what each reads</title>\n",
        escape(&pipeline.name)
    );
    for (reader, of) in reads.iter().enumerate() {
        for read in of {
            let ((x1, y1), (x2, y2)) = (corner(*read), corner(reader));
            let (x1, y1, y2) = (x1 + BOX.0, y1 + BOX.1 / 2.0, y2 + BOX.1 / 2.0);
            let middle = (x1 + x2) / 2.0;
            let _ = writeln!(
                svg,
                "<path d=\"M{x1} {y1}C{middle} {y1} {middle} {y2} {} {y2}\" class=\"edge\"/>\
                 <path d=\"M{} {}L{x2} {y2}L{} {}\" class=\"edge\"/>",
                x2 - 2.0,
                x2 - 7.0,
                y2 - 4.0,
                x2 - 7.0,
                y2 + 4.0
            );
        }
    }
    for (place, stage) in pipeline.stages.iter().enumerate() {
        let (x, y) = corner(place);
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"6\" class=\"stage\"/>\
             <text x=\"{2}\" y=\"{3}\" class=\"name\">{4}</text><text x=\"{2}\" y=\"{5}\" class=\"program\">{6}</text>",
            BOX.0,
            BOX.1,
            x + BOX.0 / 2.0,
            y + 18.0,
            escape(&stage.name),
            y + 34.0,
            escape(&stage.program)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// How many stages come before each on the longest way.
fn columns(reads: &[Vec<usize>]) -> Vec<usize> {
    let mut columns = vec![0; reads.len()];
    // A graph without a circle is settled after as many rounds as it has stages; one with a circle is no pipeline.
    for _ in 0..reads.len() {
        for (reader, of) in reads.iter().enumerate() {
            columns[reader] = of.iter().map(|read| columns[*read] + 1).max().unwrap_or(0).min(reads.len());
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_stands_right_of_all_that_it_reads() {
        assert_eq!(columns(&[vec![], vec![0], vec![0, 1], vec![]]), [0, 1, 2, 0]);
    }

    #[test]
    fn names_cannot_break_the_page() {
        let text = "name: p\nstages:\n  a: {program: x}\n  b: {inputs: {data: a.out}}\n";
        let mut faults = Vec::new();
        let pipeline = plan::read(text, &[], &mut faults).unwrap();
        let svg = draw(&pipeline);
        assert_eq!(svg.matches("class=\"stage\"").count(), 2);
        assert_eq!(svg.matches("class=\"edge\"").count(), 2);
    }
}
