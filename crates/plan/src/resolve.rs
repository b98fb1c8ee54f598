//! Which outputs an input reads: for every cell of a stage the cells of its producers that agree with it.

use crate::cells::{self, Cell, Matcher};
use crate::describe::{Description, Port};
use crate::faults::{Fault, Place};
use crate::file::{Input, Pipeline, Reference, Target, place_in};
use crate::graph::Source;
use crate::planner::OwnedCell;
use std::collections::HashMap;

/// The most files that all jobs together may read; a pipeline with more is a mistake or an attack.
pub(crate) const MOST_SOURCES: usize = 2_000_000;

/// What it takes to find the files of an input.
pub(crate) struct Resolver<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) described: &'a [Option<&'a Description>],
    pub(crate) numbers: &'a HashMap<&'a str, usize>,
    pub(crate) cells: &'a [Vec<OwnedCell>],
    pub(crate) first: &'a [usize],
}

impl Resolver<'_> {
    /// The sources of one port, for every cell of the stage.
    pub(crate) fn sources(
        &self,
        stage: usize,
        port: &Port,
        input: &Input,
        left: &mut usize,
        faults: &mut Vec<Fault>,
    ) -> Vec<Vec<Source>> {
        let consumers = &self.cells[stage];
        let mut all: Vec<Vec<Source>> = consumers.iter().map(|_| Vec::new()).collect();
        for reference in &input.references {
            if let Err(fault) = self.reference(stage, port, reference, &mut all, left) {
                faults.push(fault);
            }
        }
        if !port.many && input.references.len() > 1 {
            let place = Place::Value(place_in(&self.pipeline.stages[stage].name, &["inputs", &port.name]));
            let message = format!("the input `{}` takes one file, not a list", port.name);
            faults.push(Fault::new(place, message));
        }
        all
    }

    fn reference(
        &self,
        stage: usize,
        port: &Port,
        reference: &Reference,
        all: &mut [Vec<Source>],
        left: &mut usize,
    ) -> Result<(), Fault> {
        let fault = |message: String| Fault::new(reference.place.clone(), message);
        let (name, output, filter) = match &reference.target {
            Target::File(path) => {
                all.iter_mut().for_each(|sources| sources.push(Source::File(path.clone())));
                return Ok(());
            }
            Target::Port { stage, port, filter } => (stage, port, filter),
        };
        let producer = self.numbers[name.as_str()];
        let outputs = self.described[producer].map(|d| d.outputs.as_slice()).unwrap_or_default();
        let output = outputs.iter().position(|o| o.name == *output).unwrap_or_default();
        let producers: Vec<Cell> = self.cells[producer].iter().map(|c| c.cell.clone()).collect();
        let mut matcher = Matcher::new(&producers, filter);
        for (sources, consumer) in all.iter_mut().zip(&self.cells[stage]) {
            let mut found = matcher.matches(&consumer.cell);
            *left = left
                .checked_sub(found.len())
                .ok_or_else(|| fault("the pipeline joins too many files".into()))?;
            if found.is_empty() {
                let cell = consumer.cell.name();
                let which = if cell.is_empty() { String::new() } else { format!(" for the cell {cell}") };
                let axes = cells::axes(producers.iter());
                return Err(
                    fault(format!("no cell of `{name}` fits{which}")).help(format!("`{name}` has {axes}"))
                );
            }
            if found.len() > 1 && (!port.many || port.is_stream()) {
                let message =
                    format!("`{}` takes one file, and {} cells of `{name}` fit", port.name, found.len());
                let help =
                    format!("say `each: {name}` to run once a cell, or filter: {name}.PORT[axis=value]");
                return Err(fault(message).help(help));
            }
            found.sort_by(|a, b| producers[*a].order(&producers[*b]));
            let process = |i: usize| Source::Output { process: self.first[producer] + i, output };
            sources.extend(found.into_iter().map(process));
        }
        Ok(())
    }
}
