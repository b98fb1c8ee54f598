//! Which cells of a stage a cell of another stage reads: those that agree on every axis that both have.

use crate::cells::Cell;
use crate::value::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The work that all matching together may take, in steps of well under a microsecond. A pipeline that needs
/// more is a mistake or an attack.
pub(crate) const MOST_WORK: usize = 20_000_000;
/// The work of putting a cell into an index.
const INDEXING: usize = 10;

/// From the values of shared axes to the producers that have them.
type Index = HashMap<Vec<String>, Vec<usize>>;

/// Finds the producer's cells that a consumer's cell reads.
pub(crate) struct Matcher<'a> {
    producers: &'a [Cell],
    /// The wanted producers, grouped by which axes they have.
    groups: Vec<(Vec<&'a str>, Vec<usize>)>,
    /// For a group and the axes that it shares with a consumer.
    indexes: HashMap<(usize, Vec<&'a str>), Index>,
}

impl<'a> Matcher<'a> {
    /// Prepares to search among the producer's cells that the filter leaves; none where `work` is used up.
    pub(crate) fn new(
        producers: &'a [Cell],
        filter: &[(String, String)],
        work: &mut usize,
    ) -> Option<Matcher<'a>> {
        spend(work, producers.len().saturating_mul(1 + filter.len()))?;
        let mut groups: Vec<(Vec<&str>, Vec<usize>)> = Vec::new();
        let mut numbers: HashMap<Vec<&str>, usize> = HashMap::new();
        for (i, cell) in producers.iter().enumerate().filter(|(_, cell)| cell.has(filter)) {
            let axes: Vec<&str> = cell.axes.iter().map(|(axis, _)| axis.as_str()).collect();
            let number = *numbers.entry(axes.clone()).or_insert(groups.len());
            match groups.get_mut(number) {
                Some((_, members)) => members.push(i),
                None => groups.push((axes, vec![i])),
            }
        }
        Some(Matcher { producers, groups, indexes: HashMap::new() })
    }

    /// The producers of one consumer, in the order of the file; none where `work` is used up.
    pub(crate) fn matches(&mut self, consumer: &Cell, work: &mut usize) -> Option<Vec<usize>> {
        spend(work, self.groups.len())?;
        let mut found = Vec::new();
        let producers = self.producers;
        for (number, (axes, members)) in self.groups.iter().enumerate() {
            let shared: Vec<&str> = axes.iter().copied().filter(|a| consumer.get(a).is_some()).collect();
            let values = |cell: &Cell| -> Vec<String> {
                shared.iter().map(|axis| cell.get(axis).map(Value::to_string).unwrap_or_default()).collect()
            };
            let index = match self.indexes.entry((number, shared.clone())) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    spend(work, members.len().saturating_mul(INDEXING))?;
                    let mut index = Index::new();
                    for &member in members {
                        if let Some(cell) = producers.get(member) {
                            index.entry(values(cell)).or_default().push(member);
                        }
                    }
                    entry.insert(index)
                }
            };
            found.extend(index.get(&values(consumer)).into_iter().flatten());
        }
        found.sort_unstable();
        Some(found)
    }
}

/// Takes the work from what is left of it, if there is enough.
fn spend(work: &mut usize, amount: usize) -> Option<()> {
    *work = work.checked_sub(amount)?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workshop::cell;

    #[test]
    fn a_consumer_reads_the_cells_that_agree_with_it() {
        let train = [cell("network=a,seed=1"), cell("network=a,seed=2"), cell("network=b,seed=1")];
        let mut work = 1000;
        let mut all = Matcher::new(&train, &[], &mut work).unwrap();
        let mut matches = |text: &str| all.matches(&cell(text), &mut work).unwrap();
        assert_eq!(matches("network=a,seed=2,layer=3"), [1]);
        assert_eq!(matches("network=a"), [0, 1]);
        assert_eq!(matches(""), [0, 1, 2]);
        assert_eq!(matches("network=c,seed=1"), [0; 0]);
        let filter = [("seed".to_owned(), "1".to_owned())];
        let mut filtered = Matcher::new(&train, &filter, &mut work).unwrap();
        assert_eq!(filtered.matches(&cell(""), &mut work).unwrap(), [0, 2]);
    }

    #[test]
    fn the_work_is_bounded() {
        let train = vec![cell("seed=1"); 100];
        assert!(Matcher::new(&train, &[], &mut 99).is_none());
        let mut work = 1100;
        let mut matcher = Matcher::new(&train, &[], &mut work).unwrap();
        assert!(matcher.matches(&cell("seed=1"), &mut work).is_none());
    }
}
