//! Unfolds stages into cells and their folders, within bounds that are checked before there is any of it.

use crate::cells::{self, Cell};
use crate::checks;
use crate::describe::Description;
use crate::faults::{self, Fault, Place};
use crate::file::{Pipeline, Stage, place_in};
use crate::value::Value;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// The most bytes that a graph may take, estimated before it is made.
const MOST_BYTES: usize = 512 << 20;
/// The most comparisons that exclusions may take.
const MOST_COMPARISONS: usize = 20_000_000;

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
        let inherited = inherited.map(|each| all[*each].clone()).unwrap_or_default();
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

/// Checks how many cells there are and how much memory the graph takes, before there is any of it.
pub(crate) fn check_size(
    pipeline: &Pipeline,
    described: &[Option<&Description>],
    numbers: &HashMap<&str, usize>,
    order: &[usize],
    faults: &mut Vec<Fault>,
) {
    // Cells, and bytes of the axes of each.
    let mut sizes = vec![(1_usize, 0_usize); pipeline.stages.len()];
    let (mut cells, mut bytes, mut comparisons) = (0_usize, 0_usize, 0_usize);
    for &i in order {
        let stage = &pipeline.stages[i];
        let inherited = stage.each.as_deref().and_then(|each| numbers.get(each)).map(|each| sizes[*each]);
        let (count, axes) = inherited.unwrap_or((1, 0));
        let count = count.saturating_mul(cells::count(&stage.matrix));
        let axes = axes + stage.matrix.iter().map(|block| block.axes.len()).max().unwrap_or_default() * 256;
        sizes[i] = (count, axes);
        let process = axes + described[i].map_or(0, |description| process_bytes(stage, description));
        cells = cells.saturating_add(count);
        bytes = bytes.saturating_add(count.saturating_mul(process));
        comparisons = comparisons.saturating_add(cells::comparisons(&stage.matrix));
        let message = if cells > cells::MOST_CELLS {
            format!("the pipeline has more than {} cells", cells::MOST_CELLS)
        } else if bytes > MOST_BYTES {
            "the pipeline has too many cells for so many axes and params".to_owned()
        } else if comparisons > MOST_COMPARISONS {
            "the pipeline excludes too much of too many cells".to_owned()
        } else {
            continue;
        };
        return faults::add(faults, || Fault::new(Place::Key(place_in(&stage.name, &[])), message));
    }
}

/// What one process takes in bytes, without its axes and inputs.
fn process_bytes(stage: &Stage, description: &Description) -> usize {
    let text = |value: &Value| if let Value::Text(text) = value { text.len() } else { 0 };
    let given: usize = stage.params.iter().map(|(_, given)| text(&given.value)).sum();
    let params = description.params.iter().map(|p| 128 + p.name.len() + p.default.as_ref().map_or(0, text));
    512 * (1 + stage.keep.len()) + given + params.sum::<usize>() + 256 * description.outputs.len()
}

/// The cells of every stage.
pub(crate) fn cells(
    pipeline: &Pipeline,
    numbers: &HashMap<&str, usize>,
    order: &[usize],
    faults: &mut Vec<Fault>,
) -> Vec<Vec<Cell>> {
    let mut all: Vec<Vec<Cell>> = pipeline.stages.iter().map(|_| Vec::new()).collect();
    for &i in order {
        let stage = &pipeline.stages[i];
        let own = cells::expand(&stage.matrix);
        if own.is_empty() {
            faults::add(faults, || {
                let place = Place::Key(place_in(&stage.name, &["matrix"]));
                Fault::new(place, format!("all cells of `{}` are excluded", stage.name))
            });
        }
        let alone = [Cell::default()];
        let each = stage.each.as_deref().and_then(|each| numbers.get(each));
        let inherited = each.map_or(alone.as_slice(), |each| all[*each].as_slice());
        let join = |cell: &Cell, own: &[(String, Value)]| Cell { axes: [cell.axes.as_slice(), own].concat() };
        all[i] = inherited.iter().flat_map(|cell| own.iter().map(move |own| join(cell, own))).collect();
    }
    all
}

/// The folders of a stage's cells, which no two may share.
pub(crate) fn folders(name: &str, stage: &Stage, cells: &[Cell], faults: &mut Vec<Fault>) -> Vec<String> {
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
        if let Some(other) = taken.get(&folder) {
            faults::add(faults, || {
                let (a, b) = (full_name(stage, other), full_name(stage, cell));
                let message = format!("{a} and {b} would both write {folder}");
                let place = Place::Key(place_in(&stage.name, &["matrix"]));
                Fault::new(place, message).help("change the names or values of the axes")
            });
        }
        taken.insert(folder, cell);
    }
    folders
}

fn full_name(stage: &Stage, cell: &Cell) -> String {
    format!("{}@{}", stage.name, cell.name())
}

#[cfg(test)]
mod tests {
    use crate::workshop::says;

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
}
