//! Cells: the combinations of axis values for which a stage runs, their names, and which cell reads which.

use crate::file::{Block, Given};
use crate::value::Value;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

/// The most cells that a pipeline may have.
pub const MOST_CELLS: usize = 100_000;
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

/// How many cells the blocks of a matrix make.
pub fn count(matrix: &[Block]) -> usize {
    let product = |block: &Block| block.iter().fold(1_usize, |n, (_, values)| n.saturating_mul(values.len()));
    if matrix.is_empty() { 1 } else { matrix.iter().fold(0, |n, block| n.saturating_add(product(block))) }
}

/// All combinations of every block, the last axis fastest.
pub fn expand(matrix: &[Block]) -> Vec<Vec<(String, Given)>> {
    if matrix.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for block in matrix {
        let mut cells: Vec<Vec<(String, Given)>> = vec![Vec::new()];
        for (axis, values) in block {
            let with = |cell: &Vec<(String, Given)>, value: &Given| {
                let mut cell = cell.clone();
                cell.push((axis.clone(), value.clone()));
                cell
            };
            cells = cells.iter().flat_map(|cell| values.iter().map(move |v| with(cell, v))).collect();
        }
        all.extend(cells);
    }
    all
}

/// From the values of shared axes to the producers that have them.
type Index = HashMap<Vec<String>, Vec<usize>>;

/// Finds the producer's cells that a consumer's cell reads: those that agree on every axis both have.
pub struct Matcher<'a> {
    producers: &'a [Cell],
    /// The wanted producers, grouped by which axes they have.
    groups: Vec<(Vec<&'a str>, Vec<usize>)>,
    /// For a group and the axes that it shares with a consumer.
    indexes: HashMap<(usize, Vec<&'a str>), Index>,
}

impl<'a> Matcher<'a> {
    /// Prepares to search among the producer's cells that the filter leaves.
    pub fn new(producers: &'a [Cell], filter: &[(String, String)]) -> Matcher<'a> {
        let mut groups: Vec<(Vec<&str>, Vec<usize>)> = Vec::new();
        for (i, cell) in producers.iter().enumerate().filter(|(_, cell)| cell.has(filter)) {
            let axes: Vec<&str> = cell.axes.iter().map(|(axis, _)| axis.as_str()).collect();
            match groups.iter_mut().find(|(known, _)| *known == axes) {
                Some((_, members)) => members.push(i),
                None => groups.push((axes, vec![i])),
            }
        }
        Matcher { producers, groups, indexes: HashMap::new() }
    }

    /// The producers of one consumer, in the order of the file.
    pub fn matches(&mut self, consumer: &Cell) -> Vec<usize> {
        let mut found = Vec::new();
        let producers = self.producers;
        for (number, (axes, members)) in self.groups.iter().enumerate() {
            let shared: Vec<&str> = axes.iter().copied().filter(|a| consumer.get(a).is_some()).collect();
            let values = |cell: &Cell| -> Vec<String> {
                shared.iter().map(|axis| cell.get(axis).map(Value::to_string).unwrap_or_default()).collect()
            };
            let index = self.indexes.entry((number, shared.clone())).or_insert_with(|| {
                let mut index = Index::new();
                for &member in members {
                    index.entry(values(&producers[member])).or_default().push(member);
                }
                index
            });
            found.extend(index.get(&values(consumer)).into_iter().flatten());
        }
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Place;

    fn cell(text: &str) -> Cell {
        let value = |v: &str| match v.parse() {
            Ok(i) => Value::Integer(i),
            Err(_) => Value::Text(v.to_owned()),
        };
        let pair = |p: &str| p.split_once('=').map(|(a, v)| (a.to_owned(), value(v))).unwrap();
        Cell { axes: text.split(',').filter(|p| !p.is_empty()).map(pair).collect() }
    }

    fn list(values: &[i128]) -> Vec<Given> {
        values.iter().map(|v| Given { value: Value::Integer(*v), place: Place::File }).collect()
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
        let blocks = vec![
            vec![("a".to_owned(), list(&[1, 2])), ("b".to_owned(), list(&[3, 4]))],
            vec![("a".to_owned(), list(&[9]))],
        ];
        assert_eq!(count(&blocks), 5);
        let cells = expand(&blocks);
        let texts: Vec<String> =
            cells.iter().map(|c| c.iter().map(|(_, g)| g.value.to_string()).collect()).collect();
        assert_eq!(texts, ["13", "14", "23", "24", "9"]);
        assert_eq!(expand(&[]).len(), 1);
        assert_eq!(count(&[vec![("a".to_owned(), list(&[1; 1000])); 30]]), usize::MAX);
    }

    #[test]
    fn a_consumer_reads_the_cells_that_agree_with_it() {
        let train = [cell("network=a,seed=1"), cell("network=a,seed=2"), cell("network=b,seed=1")];
        let mut all = Matcher::new(&train, &[]);
        assert_eq!(all.matches(&cell("network=a,seed=2,layer=3")), [1]);
        assert_eq!(all.matches(&cell("network=a")), [0, 1]);
        assert_eq!(all.matches(&cell("")), [0, 1, 2]);
        assert_eq!(all.matches(&cell("network=c,seed=1")), [0; 0]);
        let filter = [("seed".to_owned(), "1".to_owned())];
        assert_eq!(Matcher::new(&train, &filter).matches(&cell("")), [0, 2]);
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
