//! Cells: the combinations of axis values for which a stage runs, their names and their order.

use crate::file::{Axis, Block};
use crate::value::Value;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

/// The most cells that a pipeline may have.
pub const MOST_CELLS: usize = 100_000;
/// The most axes that a stage may have, inherited ones included; with more no folder could have its name.
pub const MOST_AXES: usize = 100;
/// The most bytes in the name of a cell's folder; file systems take 255.
pub const MOST_FOLDER_BYTES: usize = 200;

/// Axis values, inherited ones first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// Axes and their values in the order of the file.
    pub axes: Vec<(String, Value)>,
}

impl Cell {
    /// The value of an axis.
    pub fn get(&self, axis: &str) -> Option<&Value> {
        self.axes.iter().find(|(name, _)| name == axis).map(|(_, value)| value)
    }

    /// As in `train@network=cnn1,seed=1`, without a stage's name: empty for the only cell of a stage.
    pub fn name(&self) -> String {
        let pairs: Vec<String> = self.axes.iter().map(|(axis, value)| format!("{axis}={value}")).collect();
        pairs.join(",")
    }

    /// The name of the cell's folder: values joined by `-`; numbers and booleans say what they are.
    /// It has no `=`, because DuckDB and pyarrow would take that for a column.
    pub fn folder(&self) -> Option<String> {
        let part = |(axis, value): &(String, Value)| {
            let text = value.to_string();
            let plain = matches!(value, Value::Text(_))
                && !text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+');
            if plain { text } else { format!("{axis}{text}") }
        };
        let parts: Vec<String> = self.axes.iter().map(part).collect();
        (!parts.is_empty()).then(|| parts.join("-"))
    }

    /// Whether every axis of the filter has its value here.
    pub fn has(&self, filter: &[(String, String)]) -> bool {
        filter.iter().all(|(axis, text)| self.get(axis).is_some_and(|value| value.to_string() == *text))
    }

    /// An order that does not depend on how the file lists axes and values.
    pub fn order(&self, other: &Cell) -> Ordering {
        let sorted = |cell: &Cell| {
            let mut axes = cell.axes.clone();
            axes.sort_by(|a, b| a.0.cmp(&b.0));
            axes
        };
        let (a, b) = (sorted(self), sorted(other));
        let pairs = a.iter().zip(&b).map(|((x, v), (y, w))| x.cmp(y).then_with(|| v.order(w)));
        pairs.fold(Ordering::Equal, Ordering::then).then(a.len().cmp(&b.len()))
    }
}

/// The axes of cells and the values that each has, as in `network: cnn1, cnn2; seed: 1, 2`.
pub fn axes<'a>(cells: impl Iterator<Item = &'a Cell>) -> String {
    let mut axes: Vec<(&str, BTreeSet<String>)> = Vec::new();
    for (axis, value) in cells.flat_map(|cell| &cell.axes) {
        match axes.iter_mut().find(|(known, _)| known == axis) {
            Some((_, values)) => {
                values.insert(value.to_string());
            }
            None => axes.push((axis, BTreeSet::from([value.to_string()]))),
        }
    }
    let list = |(axis, values): &(&str, BTreeSet<String>)| {
        let more = if values.len() > 20 { ", ..." } else { "" };
        let values: Vec<&str> = values.iter().take(20).map(String::as_str).collect();
        format!("{axis}: {}{more}", values.join(", "))
    };
    if axes.is_empty() { "no axes".into() } else { axes.iter().map(list).collect::<Vec<_>>().join("; ") }
}

/// Whether a text value may be an axis value: it becomes part of a folder's name and of targets.
pub fn is_axis_text(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || "_-+".contains(c))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-+.".contains(c))
}

/// How many cells the blocks of a matrix make at most: what is excluded or stands twice is counted, too.
pub fn count(matrix: &[Block]) -> usize {
    let product =
        |block: &Block| block.axes.iter().fold(1_usize, |n, (_, values)| n.saturating_mul(values.len()));
    if matrix.is_empty() { 1 } else { matrix.iter().fold(0, |n, block| n.saturating_add(product(block))) }
}

/// How many comparisons it takes to leave out what is excluded.
pub fn comparisons(matrix: &[Block]) -> usize {
    let one = |block: &Block| {
        let axes = block.exclude.iter().fold(0_usize, |n, axes| n.saturating_add(axes.len()));
        count(std::slice::from_ref(block)).saturating_mul(axes)
    };
    matrix.iter().fold(0, |n, block| n.saturating_add(one(block)))
}

/// The axes and values of all cells: the union of the blocks, each with its last axis fastest and without
/// what it excludes. Equal cells are one, in whatever order their axes stand.
pub fn expand(matrix: &[Block]) -> Vec<Vec<(String, Value)>> {
    if matrix.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    let mut seen = HashSet::new();
    for block in matrix {
        let mut cells: Vec<Vec<usize>> = vec![Vec::new()];
        for (_, values) in &block.axes {
            let with = |cell: &Vec<usize>, value| cell.iter().copied().chain([value]).collect();
            cells = cells.iter().flat_map(|cell| (0..values.len()).map(move |v| with(cell, v))).collect();
        }
        let excluded: Vec<Exclusion> = block.exclude.iter().map(|axes| exclusion(block, axes)).collect();
        cells.retain(|cell| {
            !excluded.iter().any(|axes| {
                axes.iter().all(|(axis, values)| cell.get(*axis).is_some_and(|v| values.contains(v)))
            })
        });
        for cell in cells {
            let pairs = block
                .axes
                .iter()
                .zip(cell)
                .filter_map(|((axis, values), v)| Some((axis, &values.get(v)?.value)));
            let pairs: Vec<(&String, &Value)> = pairs.collect();
            let mut identity: Vec<(&String, (bool, String))> =
                pairs.iter().map(|(axis, value)| (*axis, value.identity())).collect();
            identity.sort();
            if seen.insert(identity) {
                all.push(pairs.into_iter().map(|(axis, value)| (axis.clone(), value.clone())).collect());
            }
        }
    }
    all
}

/// The numbers of axes of a block, and for each the numbers of the values that are left out.
type Exclusion = Vec<(usize, HashSet<usize>)>;

/// An axis that the block does not have meets nothing; nor does a value.
fn exclusion(block: &Block, axes: &[Axis]) -> Exclusion {
    let one = |(axis, values): &Axis| {
        let unwanted: HashSet<(bool, String)> = values.iter().map(|given| given.value.identity()).collect();
        let number = block.axes.iter().position(|(known, _)| known == axis)?;
        let known = block.axes.get(number)?.1.iter().enumerate();
        let met = known.filter(|(_, given)| unwanted.contains(&given.value.identity())).map(|(v, _)| v);
        Some((number, met.collect()))
    };
    axes.iter().map(|axis| one(axis).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Place;
    use crate::file::Given;
    use crate::workshop::cell;

    fn list(values: &[i128]) -> Vec<Given> {
        values.iter().map(|v| Given { value: Value::Integer(*v), place: Place::File }).collect()
    }

    fn axes(axes: &[(&str, &[i128])]) -> Vec<Axis> {
        axes.iter().map(|(axis, values)| ((*axis).to_owned(), list(values))).collect()
    }

    fn block(own: &[(&str, &[i128])]) -> Block {
        Block { axes: axes(own), exclude: Vec::new() }
    }

    /// The values of every cell.
    fn expanded(blocks: &[Block]) -> Vec<String> {
        expand(blocks).iter().map(|c| c.iter().map(|(_, v)| v.to_string()).collect()).collect()
    }

    #[test]
    fn names_and_folders() {
        let train = cell("network=cnn1,labels=real,epochs=30,seed=-1");
        assert_eq!(train.name(), "network=cnn1,labels=real,epochs=30,seed=-1");
        assert_eq!(train.folder().unwrap(), "cnn1-real-epochs30-seed-1");
        assert_eq!(cell("").folder(), None);
        let flag = Cell { axes: vec![("fast".into(), Value::Bool(true))] };
        assert_eq!(flag.folder().unwrap(), "fasttrue");
    }

    #[test]
    fn a_matrix_is_a_union_of_products() {
        let blocks = [block(&[("a", &[1, 2]), ("b", &[3, 4])]), block(&[("a", &[9])])];
        assert_eq!(count(&blocks), 5);
        assert_eq!(expanded(&blocks), ["13", "14", "23", "24", "9"]);
        assert_eq!(expand(&[]).len(), 1);
        assert_eq!(
            count(&[Block { axes: vec![("a".to_owned(), list(&[1; 1000])); 30], exclude: Vec::new() }]),
            usize::MAX
        );
    }

    #[test]
    fn equal_cells_are_one_in_whatever_order_their_axes_stand() {
        let float = Block {
            axes: vec![
                ("a".into(), vec![Given { value: Value::Number(1.0), place: Place::File }]),
                axes(&[("b", &[3])])[0].clone(),
            ],
            exclude: Vec::new(),
        };
        let blocks = [block(&[("a", &[1, 1]), ("b", &[3])]), block(&[("b", &[3, 5]), ("a", &[1])]), float];
        assert_eq!(expanded(&blocks), ["13", "51"]);
        let text = Block {
            axes: vec![("a".into(), vec![Given { value: Value::Text("1".into()), place: Place::File }])],
            exclude: Vec::new(),
        };
        assert_eq!(expand(&[block(&[("a", &[1])]), text]).len(), 2);
    }

    #[test]
    fn a_cell_that_has_all_values_of_an_exclusion_is_left_out() {
        let mut own = block(&[("a", &[1, 2]), ("b", &[3, 4]), ("c", &[5])]);
        own.exclude =
            vec![axes(&[("a", &[1]), ("b", &[4, 9])]), axes(&[("b", &[3]), ("c", &[5]), ("a", &[2])])];
        assert_eq!(expanded(&[own.clone()]), ["135", "245"]);
        own.exclude = vec![axes(&[("c", &[5])])];
        assert_eq!(expand(&[own.clone()]).len(), 0);
        own.exclude = vec![axes(&[("d", &[5])]), axes(&[("c", &[6])])];
        assert_eq!(expand(&[own]).len(), 4);
    }

    #[test]
    fn many_inputs_have_one_order_however_the_file_lists_them() {
        let mut cells = [cell("b=1,a=10"), cell("a=9,b=2"), cell("a=9,b=1")];
        cells.sort_by(Cell::order);
        let names: Vec<String> = cells.iter().map(Cell::name).collect();
        assert_eq!(names, ["a=9,b=1", "a=9,b=2", "b=1,a=10"]);
    }

    #[test]
    fn axis_values_cannot_leave_their_folder() {
        assert!(is_axis_text("cnn1") && is_axis_text("-1.5"));
        for bad in ["", ".", "..", "a/b", "a=b", "a,b", "a b", ".hidden"] {
            assert!(!is_axis_text(bad), "{bad}");
        }
    }
}
