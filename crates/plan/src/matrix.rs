//! Reads the matrix of a stage: blocks of axes with lists, what they exclude, and what they include besides.

use crate::faults::{self, Fault, Place};
use crate::file::{Axis, Block, Given};
use crate::spot::Spot;
use crate::yaml::{Node, Step};
use std::collections::{HashMap, HashSet};

const MATRIX_HELP: &str = "write axes with lists, such as `matrix: {seed: [1, 2]}`, or a list of such maps";
/// The keys of a block that are no axes.
pub(crate) const EXCLUDE: &str = "exclude";
pub(crate) const INCLUDE: &str = "include";

/// Reads a matrix. What a block includes is one more block. `by_hand` are the paths of values that the
/// command line says: what is excluded need not be among those.
pub(crate) fn read(spot: &Spot, by_hand: &HashSet<Vec<Step>>, faults: &mut Vec<Fault>) -> Vec<Block> {
    let blocks = spot.items_or_self();
    if blocks.is_empty() {
        spot.wrong(faults, "the matrix is empty", MATRIX_HELP);
    }
    let mut matrix = Vec::new();
    for spot in blocks {
        block(&spot, &mut matrix, by_hand, faults);
    }
    matrix
}

fn block(spot: &Spot, matrix: &mut Vec<Block>, by_hand: &HashSet<Vec<Step>>, faults: &mut Vec<Fault>) {
    if *spot.node == Node::Wrong {
        return;
    }
    let mut block = Block::default();
    let mut included = Vec::new();
    let mut excluded = None;
    let before = faults.len();
    for (key, spot) in spot.entries(faults, "a matrix") {
        match key {
            EXCLUDE => excluded = Some(spot),
            INCLUDE => included = cells(&spot, key, faults),
            axis => match spot.items().filter(|items| !items.is_empty()) {
                Some(items) => {
                    let values = items.iter().filter_map(|item| item.scalar(faults));
                    block.axes.push((axis.to_owned(), values.collect()));
                }
                None => {
                    not_a_list(&spot, axis, faults);
                    // The axis is there all the same, so that nobody is told that it is not.
                    block.axes.push((axis.to_owned(), Vec::new()));
                }
            },
        }
    }
    if let Some(spot) = excluded {
        block.exclude = cells(&spot, EXCLUDE, faults);
        check_excluded(&block, by_hand, faults);
    }
    if !block.axes.is_empty() {
        matrix.push(block);
    } else if included.is_empty() && faults.len() == before {
        spot.wrong(faults, "the matrix is empty", MATRIX_HELP);
    }
    matrix.extend(included.into_iter().map(|axes| Block { axes, exclude: Vec::new() }));
}

fn not_a_list(spot: &Spot, axis: &str, faults: &mut Vec<Fault>) {
    if *spot.node != Node::Wrong {
        spot.wrong(faults, format!("the axis `{axis}` must be a list with a value"), MATRIX_HELP);
    }
}

/// Reads the list under `exclude` or `include`: maps from axes to a value or a list of values.
fn cells(spot: &Spot, key: &str, faults: &mut Vec<Fault>) -> Vec<Vec<Axis>> {
    let Some(items) = spot.items() else {
        let message = format!("`{key}` must be a list of maps from axes to values, and cannot be an axis");
        spot.wrong(faults, message, &format!("write `{key}: [{{AXIS: VALUE}}]`"));
        return Vec::new();
    };
    let mut cells = Vec::new();
    for item in items {
        let before = faults.len();
        let mut axes = Vec::new();
        for (axis, spot) in item.entries(faults, &format!("an item of `{key}`")) {
            let values: Vec<_> =
                spot.items_or_self().iter().filter_map(|value| value.scalar(faults)).collect();
            if values.is_empty() && spot.items().is_some_and(|items| items.is_empty()) {
                spot.wrong(faults, format!("the axis `{axis}` has no value"), "");
            }
            axes.push((axis.to_owned(), values));
        }
        if !axes.is_empty() {
            cells.push(axes);
        } else if faults.len() == before {
            item.wrong(faults, format!("an item of `{key}` is empty"), "name the axes and their values");
        }
    }
    cells
}

/// What is excluded must be there: an exclusion that meets nothing is a mistake that would go unseen.
fn check_excluded(block: &Block, by_hand: &HashSet<Vec<Step>>, faults: &mut Vec<Fault>) {
    let is_by_hand = |given: &Given| match &given.place {
        Place::Value(path) => {
            by_hand.contains(path) || path.split_last().is_some_and(|(_, axis)| by_hand.contains(axis))
        }
        _ => false,
    };
    let narrowed: HashSet<&str> = block
        .axes
        .iter()
        .filter(|(_, values)| values.iter().any(is_by_hand))
        .map(|(axis, _)| axis.as_str())
        .collect();
    let axes: HashMap<&str, HashSet<(bool, String)>> = block
        .axes
        .iter()
        .map(|(axis, values)| (axis.as_str(), values.iter().map(|g| g.value.identity()).collect()))
        .collect();
    for (axis, values) in block.exclude.iter().flatten() {
        let Some(known) = axes.get(axis.as_str()) else {
            let Some(given) = values.first() else { continue };
            faults::add(faults, || {
                let names = block.axes.iter().map(|(axis, _)| axis.as_str());
                let message = format!("`{EXCLUDE}` names the axis `{axis}`, which this matrix does not have");
                Fault::new(axis_place(&given.place), message).nearest(axis, names)
            });
            continue;
        };
        let unmet = |given: &&Given| !is_by_hand(given) && !known.contains(&given.value.identity());
        for given in values.iter().filter(unmet).filter(|_| !narrowed.contains(axis.as_str())) {
            faults::add(faults, || {
                let there: Vec<String> = block
                    .axes
                    .iter()
                    .filter(|(known, _)| known == axis)
                    .flat_map(|(_, values)| values.iter().map(|given| given.value.to_string()))
                    .collect();
                let message = format!("the axis `{axis}` has no value `{}` to exclude", given.value);
                Fault::new(given.place.clone(), message)
                    .nearest(&given.value.to_string(), there.iter().map(String::as_str))
            });
        }
    }
}

/// The place of an axis, from the place of one of its values.
pub(crate) fn axis_place(value: &Place) -> Place {
    match value {
        Place::Value(path) => match path.split_last() {
            Some((Step::Index(_), axis)) => Place::Key(axis.to_vec()),
            _ => Place::Key(path.clone()),
        },
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use crate::workshop::{planned, says};

    fn cells(matrix: &str, sets: &[&str]) -> Vec<String> {
        let plan = planned(&format!("  train: {{matrix: {matrix}}}\n"), sets);
        plan.processes.iter().map(|process| process.cell.name()).collect()
    }

    #[test]
    fn cells_are_excluded_and_included() {
        let matrix = "{network: [a, b], seed: [1, 2, 3], exclude: [{network: b, seed: [2, 3]}, {seed: 3}], include: [{network: c, seed: [1, 7]}]}";
        let right = [
            "network=a,seed=1",
            "network=a,seed=2",
            "network=b,seed=1",
            "network=c,seed=1",
            "network=c,seed=7",
        ];
        assert_eq!(cells(matrix, &[]), right);
        assert_eq!(
            cells("{include: [{seed: 1, network: [a, b]}]}", &[]),
            ["seed=1,network=a", "seed=1,network=b"]
        );
        assert_eq!(cells("[{seed: [1]}, {include: [{seed: 2}]}]", &[]), ["seed=1", "seed=2"]);
    }

    #[test]
    fn equal_cells_are_one() {
        let matrix =
            "{network: [a], seed: [1, 1], include: [{seed: 1.0, network: a}, {network: a, seed: 2}]}";
        assert_eq!(cells(matrix, &[]), ["network=a,seed=1", "network=a,seed=2"]);
        assert_eq!(cells(matrix, &["train.seed=5"]), ["network=a,seed=5"]);
    }

    #[test]
    fn an_exclusion_is_of_the_file_and_not_of_the_command_line() {
        let matrix = "{network: [a, b], seed: [1, 2], exclude: [{network: a, seed: 2}]}";
        assert_eq!(cells(matrix, &["train.seed=7"]), ["network=a,seed=7", "network=b,seed=7"]);
        assert_eq!(cells(matrix, &["train.seed=2"]), ["network=b,seed=2"]);
        let stage = format!("  train: {{matrix: {matrix}}}\n");
        says(&stage, &["train.seed=2", "train.network=a"], "matrix", &["all cells of `train` are excluded"]);
    }

    #[test]
    fn a_variable_of_the_command_line_narrows_an_axis_as_well() {
        let text = "name: p\nvariables: {seeds: [1, 2], one: 2}\nstages:\n  train: {matrix: {seed: \"${seeds}\", exclude: [{seed: \"${one}\"}]}}\n";
        let cells = |sets: &[&str]| {
            planned(text, sets).processes.iter().map(|process| process.cell.name()).collect::<Vec<_>>()
        };
        assert_eq!(cells(&[]), ["seed=1"]);
        assert_eq!(cells(&["seeds=[1]"]), ["seed=1"]);
        assert_eq!(cells(&["seeds=[2, 3]"]), ["seed=3"]);
        assert_eq!(cells(&["one=7"]), ["seed=1", "seed=2"]);
    }

    #[test]
    fn an_exclusion_that_meets_nothing_names_the_nearest() {
        let says = |matrix: &str, at: &str, parts: &[&str]| {
            says(&format!("  train: {{matrix: {matrix}}}\n"), &[], at, parts);
        };
        says("{seed: [1], exclude: [{sed: 1}]}", "sed: 1", &["names the axis `sed`", "did you mean `seed`?"]);
        says(
            "{seed: [1], exclude: [{sed: [1]}]}",
            "sed: [1]",
            &["names the axis `sed`", "did you mean `seed`?"],
        );
        says("{network: [aa, cc], exclude: [{network: ab}]}", "ab}", &["no value `ab` to exclude", "`aa`?"]);
        says("{seed: [1, 2], exclude: [{seed: \"1\"}]}", "\"1\"}", &["no value `1` to exclude"]);
        says("{seed: [1], exclude: [{seed: 1}]}", "matrix", &["all cells of `train` are excluded"]);
    }

    #[test]
    fn exclude_and_include_are_no_axes() {
        let says = |matrix: &str, at: &str, parts: &[&str]| {
            says(&format!("  train: {{matrix: {matrix}}}\n"), &[], at, parts);
        };
        says(
            "{seed: [1], exclude: {seed: 1}}",
            "exclude",
            &["`exclude` must be a list of maps", "cannot be an axis"],
        );
        says("{include: [1, 2]}", "1, 2", &["an item of `include` must be a map"]);
        says("{include: [{}]}", "include", &["an item of `include` is empty"]);
        says("{include: [{seed: []}]}", "seed: []", &["the axis `seed` has no value"]);
        says("{include: []}", "matrix", &["the matrix is empty"]);
        says(
            "{seed: [1], exclude: [{seed: [[1]]}]}",
            "seed: [[1",
            &["a value must be one number, text or boolean"],
        );
    }
}
