//! Which outputs an input reads: for every cell of a stage the cells of its producers that agree with it.

use crate::cells::{self, Cell};
use crate::describe::{Description, Port};
use crate::faults::{self, Fault, Place};
use crate::file::{Input, Pipeline, Reference, Target, place_in};
use crate::graph::Source;
use crate::groups;
use crate::keep::{Keeper, Kept};
use crate::matching::{self, Matcher};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The most files that all jobs together may read; a pipeline with more is a mistake or an attack.
const MOST_SOURCES: usize = 2_000_000;
/// So many bytes of a path count as one more file.
const PATH_BYTES: usize = 64;

/// Where the processes of every stage are.
#[derive(Clone, Copy)]
pub(crate) struct Places<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) described: &'a [&'a Description],
    pub(crate) numbers: &'a HashMap<&'a str, usize>,
    /// The cells of every stage, and the first of its processes.
    pub(crate) cells: &'a [Vec<Cell>],
    pub(crate) first: &'a [usize],
    pub(crate) keeper: Option<&'a Keeper<'a>>,
    pub(crate) kept: &'a Kept,
}

/// Axes and the texts of their values.
type Filter = [(String, String)];

/// Finds the files of inputs, and remembers what it needed for that.
pub(crate) struct Resolver<'a> {
    places: Places<'a>,
    /// By the producer and the filter.
    matchers: HashMap<(usize, &'a Filter), Matcher<'a>>,
    /// For messages: the axes of a stage as text.
    axes: HashMap<usize, String>,
    sources_left: usize,
    work_left: usize,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(places: Places<'a>) -> Resolver<'a> {
        Resolver {
            places,
            matchers: HashMap::new(),
            axes: HashMap::new(),
            sources_left: MOST_SOURCES,
            work_left: matching::MOST_WORK,
        }
    }

    /// The sources of one port, for every cell of the stage.
    pub(crate) fn sources(
        &mut self,
        stage: usize,
        port: &Port,
        input: &'a Input,
        faults: &mut Vec<Fault>,
    ) -> Vec<Vec<Source>> {
        let mut all: Vec<Vec<Source>> = self.places.cells[stage].iter().map(|_| Vec::new()).collect();
        for reference in &input.references {
            if let Err(fault) = self.reference(stage, port, reference, &mut all) {
                faults::add(faults, || fault);
            }
        }
        if !port.many && input.references.len() > 1 {
            faults::add(faults, || {
                let stage = &self.places.pipeline.stages[stage].name;
                let place = Place::Value(place_in(stage, &["inputs", &port.name]));
                Fault::new(place, format!("the input `{}` takes one file, not a list", port.name))
            });
        }
        all
    }

    fn reference(
        &mut self,
        stage: usize,
        port: &Port,
        reference: &'a Reference,
        all: &mut [Vec<Source>],
    ) -> Result<(), Fault> {
        let fault = |message: String| Fault::new(reference.place.clone(), message);
        let too_many = || fault("the pipeline joins too many files".to_owned());
        let places = self.places;
        let (name, output, filter) = match &reference.target {
            Target::File(path) => {
                let amount = all.len().saturating_mul(1 + path.len() / PATH_BYTES);
                self.sources_left = self.sources_left.checked_sub(amount).ok_or_else(too_many)?;
                all.iter_mut().for_each(|sources| sources.push(Source::File(path.clone())));
                return Ok(());
            }
            Target::Port { stage, port, filter } => (stage, port, filter.as_slice()),
        };
        let producer = places.numbers[name.as_str()];
        let producers = places.cells[producer].as_slice();
        let outputs = &places.described[producer].outputs;
        let output = outputs.iter().position(|o| o.name == *output).unwrap_or_default();
        let (first, output) = match (places.kept.get(&(producer, output)), places.keeper) {
            (Some(first), Some(keeper)) => (*first, keeper.output(port)),
            _ => (places.first[producer], output),
        };
        let matcher = match self.matchers.entry((producer, filter)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let matcher = Matcher::new(producers, filter, &mut self.work_left);
                entry.insert(matcher.ok_or_else(too_many)?)
            }
        };
        for (sources, consumer) in all.iter_mut().zip(&places.cells[stage]) {
            let mut found = matcher.matches(consumer, &mut self.work_left).ok_or_else(too_many)?;
            self.sources_left = self.sources_left.checked_sub(found.len()).ok_or_else(too_many)?;
            if found.is_empty() {
                let cell = consumer.name();
                let which = if cell.is_empty() { String::new() } else { format!(" for the cell {cell}") };
                let axes = self.axes.entry(producer).or_insert_with(|| cells::axes(producers.iter()));
                let help = format!("`{name}` has {axes}");
                return Err(fault(format!("no cell of `{name}` fits{which}")).help(help));
            }
            if found.len() > 1 && (!port.many || port.is_stream()) {
                let message =
                    format!("`{}` takes one file, and {} cells of `{name}` fit", port.name, found.len());
                let over = &places.pipeline.stages[stage].over;
                let fitting: Vec<&Cell> = found.iter().map(|i| &producers[*i]).collect();
                let instead = match groups::taken_out(over, &fitting).as_slice() {
                    [] => format!("say `each: {name}` to run once a cell"),
                    axes => format!(
                        "`over` takes out {}, in which they differ: keep what differs",
                        axes.join(", ")
                    ),
                };
                return Err(fault(message).help(format!("{instead}, or filter: {name}.PORT[axis=value]")));
            }
            found.sort_by(|a, b| producers[*a].order(&producers[*b]));
            sources.extend(found.into_iter().map(|i| Source::Output { process: first + i, output }));
        }
        Ok(())
    }
}
