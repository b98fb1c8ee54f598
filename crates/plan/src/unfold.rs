//! Unfolds stages into cells and their folders, within bounds that are checked before there is any of it.

use crate::cells::{self, Cell};
use crate::checks;
use crate::describe::Description;
use crate::faults::{self, Fault, Place};
use crate::file::{Pipeline, Stage, place_in};
use crate::groups;
use crate::keep::TABLE_FORMAT;
use crate::value::Value;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::iter;
use std::rc::Rc;

/// The most bytes that a graph may take, estimated before it is made.
const MOST_BYTES: usize = 512 << 20;
/// The most comparisons that exclusions may take.
const MOST_COMPARISONS: usize = 20_000_000;
/// The most cells and axes that may be looked at to put cells together.
const MOST_GROUPED: usize = 5_000_000;
/// What an axis of a cell takes in bytes.
const AXIS_BYTES: usize = 256;

/// The axes of every stage, inherited ones included.
pub(crate) fn check_axes(
    pipeline: &Pipeline,
    numbers: &HashMap<&str, usize>,
    order: &[usize],
    faults: &mut Vec<Fault>,
) {
    // Shared, because a chain of stages hands the same axes on.
    let mut all: Vec<Rc<BTreeSet<&str>>> = pipeline.stages.iter().map(|_| Rc::default()).collect();
    for &i in order {
        let stage = &pipeline.stages[i];
        let inherited = stage.each.as_deref().and_then(|each| numbers.get(each));
        let mut inherited = inherited.map(|each| all[*each].clone()).unwrap_or_default();
        groups::check(stage, &inherited, faults);
        if !stage.over.is_empty() {
            let left = Rc::make_mut(&mut inherited);
            stage.over.iter().for_each(|axis| {
                left.remove(axis.name.as_str());
            });
        }
        checks::matrix(stage, &inherited, faults);
        all[i] = inherited;
        if !stage.matrix.is_empty() {
            Rc::make_mut(&mut all[i]).extend(stage.axes().map(|(axis, _)| axis.as_str()));
        }
        if all[i].len() > cells::MOST_AXES {
            let place = Place::Key(place_in(&stage.name, &[]));
            let message = format!("`{}` has more than {} axes", stage.name, cells::MOST_AXES);
            return faults::add(faults, || Fault::new(place, message));
        }
    }
}

/// What the stages take so far.
#[derive(Default)]
struct Taken {
    cells: usize,
    bytes: usize,
    comparisons: usize,
    grouped: usize,
}

impl Taken {
    /// Adds a stage that repeats so many cells, each with so many bytes of axes, and says how many cells it has
    /// itself and with how many; a fault where all stages take too much.
    fn add(
        &mut self,
        stage: &Stage,
        description: Option<&Description>,
        (count, axes): (usize, usize),
    ) -> Result<(usize, usize), Fault> {
        let count = count.saturating_mul(cells::count(&stage.matrix));
        let own = stage.matrix.iter().map(|block| block.axes.len()).max().unwrap_or_default();
        let axes = axes + own * AXIS_BYTES;
        let process = axes + description.map_or(0, |description| process_bytes(stage, description));
        self.cells = self.cells.saturating_add(count);
        self.bytes = self.bytes.saturating_add(count.saturating_mul(process));
        self.comparisons = self.comparisons.saturating_add(cells::comparisons(&stage.matrix));
        let message = if self.cells > cells::MOST_CELLS {
            format!("the pipeline has more than {} cells", cells::MOST_CELLS)
        } else if self.bytes > MOST_BYTES {
            "the pipeline has too many cells for so many axes and params".to_owned()
        } else if self.comparisons > MOST_COMPARISONS {
            "the pipeline excludes too much of too many cells".to_owned()
        } else {
            return Ok((count, axes));
        };
        Err(Fault::new(Place::Key(place_in(&stage.name, &[])), message))
    }

    /// Puts the cells together that a stage repeats; a fault where all stages together take too many.
    fn group(&mut self, stage: &Stage, repeated: &[Cell]) -> Result<Vec<Cell>, Fault> {
        let axes = repeated.iter().fold(0_usize, |n, cell| n.saturating_add(1 + cell.axes.len()));
        self.grouped = self.grouped.saturating_add(axes);
        if self.grouped > MOST_GROUPED {
            let place = Place::Key(place_in(&stage.name, &["over"]));
            return Err(Fault::new(place, "the pipeline groups too many cells too often"));
        }
        Ok(groups::group(repeated, &stage.over))
    }
}

/// Checks how many cells there are and how much memory the graph takes, before there is any of it. Groups of
/// cells cannot be counted without them and are one each here; [`cells`] looks again.
pub(crate) fn check_size(
    pipeline: &Pipeline,
    described: &[Option<&Description>],
    numbers: &HashMap<&str, usize>,
    order: &[usize],
    faults: &mut Vec<Fault>,
) {
    // Cells, and bytes of the axes of each.
    let mut sizes = vec![(1_usize, 0_usize); pipeline.stages.len()];
    let mut taken = Taken::default();
    for &i in order {
        let stage = &pipeline.stages[i];
        let each = stage.each.as_deref().and_then(|each| numbers.get(each));
        let repeated = each.filter(|_| stage.over.is_empty()).map_or((1, 0), |each| sizes[*each]);
        match taken.add(stage, described[i], repeated) {
            Ok(size) => sizes[i] = size,
            Err(fault) => return faults::add(faults, || fault),
        }
    }
}

/// What one process takes in bytes, without its axes and inputs.
fn process_bytes(stage: &Stage, description: &Description) -> usize {
    let text = |value: &Value| if let Value::Text(text) = value { text.len() } else { 0 };
    let given: usize = stage.params.iter().map(|(_, given)| text(&given.value)).sum();
    let params = description.params.iter().map(|p| 128 + p.name.len() + p.default.as_ref().map_or(0, text));
    512 * (1 + stage.keep.len()) + given + params.sum::<usize>() + 256 * description.outputs.len()
}

/// The cells of every stage; none where they are too many.
pub(crate) fn cells(
    pipeline: &Pipeline,
    described: &[&Description],
    numbers: &HashMap<&str, usize>,
    order: &[usize],
    faults: &mut Vec<Fault>,
) -> Option<Vec<Vec<Cell>>> {
    let mut all: Vec<Vec<Cell>> = pipeline.stages.iter().map(|_| Vec::new()).collect();
    let mut taken = Taken::default();
    for &i in order {
        let stage = &pipeline.stages[i];
        let each = stage.each.as_deref().and_then(|each| numbers.get(each)).map(|each| all[*each].as_slice());
        all[i] = unfolded(stage, described[i], each, &mut taken, faults)?;
    }
    Some(all)
}

/// The cells of one stage from those that it repeats, if it repeats any.
fn unfolded(
    stage: &Stage,
    description: &Description,
    each: Option<&[Cell]>,
    taken: &mut Taken,
    faults: &mut Vec<Fault>,
) -> Option<Vec<Cell>> {
    let mut fits = || {
        let repeated = match each {
            None => Cow::Owned(vec![Cell::default()]),
            Some(cells) if stage.over.is_empty() => Cow::Borrowed(cells),
            Some(cells) => Cow::Owned(taken.group(stage, cells)?),
        };
        let axes = repeated.iter().map(|cell| cell.axes.len()).max().unwrap_or_default();
        taken.add(stage, Some(description), (repeated.len(), axes * AXIS_BYTES))?;
        Ok(repeated)
    };
    let repeated = fits().map_err(|fault| faults::add(faults, || fault)).ok()?;
    let own = cells::expand(&stage.matrix);
    if own.is_empty() {
        faults::add(faults, || {
            let place = Place::Key(place_in(&stage.name, &["matrix"]));
            Fault::new(place, format!("all cells of `{}` are excluded", stage.name))
        });
    }
    let join = |cell: &Cell, own: &[(String, Value)]| Cell { axes: [cell.axes.as_slice(), own].concat() };
    Some(repeated.iter().flat_map(|cell| own.iter().map(move |own| join(cell, own))).collect())
}

/// The folders of a stage's cells, which no two may share.
pub(crate) fn folders(
    name: &str,
    stage: &Stage,
    description: &Description,
    cells: &[Cell],
    faults: &mut Vec<Fault>,
) -> Vec<String> {
    let mut taken: HashMap<String, &Cell> = HashMap::new();
    let mut folders = Vec::new();
    for cell in cells {
        let folder = cell.folder().unwrap_or_default();
        if folder.len() > cells::MOST_FOLDER_BYTES {
            faults::add(faults, || {
                let place = Place::Key(place_in(&stage.name, &[]));
                Fault::new(place, "the folder of a cell would have too long a name").help("use fewer axes")
            });
        }
        let base = format!("results/{name}/{}", stage.name);
        folders.push(if folder.is_empty() { base } else { format!("{base}/{folder}") });
        // The files of a cell without axes lie beside the folders of the others.
        let files = if folder.is_empty() { files(stage, description) } else { Vec::new() };
        for path in iter::once(folder).chain(files) {
            let Some(other) = taken.insert(path.clone(), cell) else { continue };
            faults::add(faults, || {
                let (a, b) = (full_name(stage, other), full_name(stage, cell));
                let message = format!("{a} and {b} would both write {path}");
                let key = if stage.matrix.is_empty() { "over" } else { "matrix" };
                let place = Place::Key(place_in(&stage.name, &[key]));
                Fault::new(place, message).help("change the names or values of the axes")
            });
        }
    }
    folders
}

/// The names of the files that a process of the stage writes.
fn files(stage: &Stage, description: &Description) -> Vec<String> {
    let own = description.outputs.iter().filter(|port| !port.is_stream());
    let own = own.map(|port| format!("{}.{}", port.name, port.format));
    own.chain(stage.keep.iter().map(|port| format!("{}.{TABLE_FORMAT}", port.name))).collect()
}

fn full_name(stage: &Stage, cell: &Cell) -> String {
    match cell.name() {
        cell if cell.is_empty() => stage.name.clone(),
        cell => format!("{}@{cell}", stage.name),
    }
}

#[cfg(test)]
mod tests {
    use crate::workshop::{jobs, planned, says};

    #[test]
    fn what_would_fill_the_memory_is_refused_before_it_is_made() {
        let list = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
        let seeds = format!("  train: {{matrix: {{seed: [{}], epochs: [{}]}}}}\n", list(300), list(400));
        says(&seeds, &[], "train", &["more than 100000 cells"]);
        let text = format!(
            "  train: {{matrix: {{seed: [{}]}}, params: {{network: {}}}}}\n",
            list(10_000),
            "x".repeat(100_000)
        );
        says(&text, &[], "train", &["too many cells for so many axes and params"]);
        let excluded = vec!["{seed: 1}"; 3000].join(", ");
        let text = format!("  train: {{matrix: {{seed: [{}], exclude: [{excluded}]}}}}\n", list(10_000));
        says(&text, &[], "train", &["excludes too much of too many cells"]);
        let axes: String = (0..101).map(|i| format!("a{i}: [1], ")).collect();
        says(&format!("  train: {{matrix: {{{axes}}}}}\n"), &[], "train", &["more than 100 axes"]);
    }

    #[test]
    fn an_axis_is_inherited_or_its_own() {
        let text = "  train: {matrix: {seed: [1]}}\n  again: {program: train, each: train, matrix: {seed: [2, 3]}}\n";
        says(text, &[], "seed: [2", &["the axis `seed` is inherited from `train` already"]);
    }

    #[test]
    fn two_cells_with_one_folder_are_a_fault() {
        let text = "  train: {matrix: [{network: [seed1]}, {seed: [1]}]}\n";
        says(text, &[], "matrix", &["train@network=seed1 and train@seed=1 would both write seed1"]);
    }
    /// A stage with seeds and epochs, and one that takes out the seeds.
    fn grouped(seeds: usize, epochs: usize) -> String {
        let list = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
        format!(
            "  train: {{matrix: {{seed: [{}], epochs: [{}]}}}}\n  again: {{program: join, each: train, over: [seed], inputs: {{data: train.history}}}}\n",
            list(seeds),
            list(epochs)
        )
    }

    #[test]
    fn groups_are_counted_as_what_they_are() {
        // With all cells of `train` counted twice these were too many.
        assert_eq!(planned(&grouped(200, 300), &[]).processes.len(), 60_300);
        says(&grouped(300, 400), &[], "train", &["more than 100000 cells"]);
        let more = "  more: {program: train, each: again, matrix: {seed: [1, 2]}}\n";
        says(&(grouped(2, 30_000) + more), &[], "more", &["more than 100000 cells"]);
        let stage = |i| {
            format!("  s{i}: {{program: join, each: train, over: [seed, epochs], inputs: {{data: x.csv}}}}\n")
        };
        let many: String = (0..200).map(stage).collect();
        says(&(grouped(200, 200) + &many), &[], "over", &["the pipeline groups too many cells too often"]);
    }

    #[test]
    fn groups_with_one_folder_are_a_fault() {
        let text = |train: &str| {
            format!(
                "  train: {{matrix: {train}}}\n  join: {{each: train, over: [epochs], inputs: {{data: train.history}}}}\n"
            )
        };
        let both = "[{network: [seed1], epochs: [1]}, {seed: [1], epochs: [2]}]";
        says(&text(both), &[], "over", &["join@network=seed1 and join@seed=1 would both write seed1"]);
        // A cell without axes has its files where the others have their folders.
        let beside = "[{epochs: [1]}, {labels: [out.csv], epochs: [2]}]";
        says(&text(beside), &[], "over", &["join and join@labels=out.csv would both write out.csv"]);
        let apart = planned(&text("[{epochs: [1]}, {labels: [x], epochs: [2]}]"), &[]);
        assert_eq!(jobs(&apart)[2..], ["join", "join@labels=x"]);
    }
}
