//! What earlier runs handed over to Slurm and no run went on with: which of it may still be at work, and what can go.

use super::client;
use super::folder::{Cell, Shelf};
use blake3::Hash;
use std::collections::{BTreeSet, HashSet};

/// The keys on whose jobs Slurm may still be at work: those that left no word of their end, unless Slurm says that they are
/// over. It is asked at most once.
pub fn at_work(shelf: &Shelf) -> HashSet<Hash> {
    let noted = shelf.noted().into_iter().filter_map(|(key, cell)| Some((key, cell?)));
    let silent: Vec<_> =
        noted.filter(|(_, cell)| !shelf.folder(&cell.array).has_ended(cell.number)).collect();
    let states = if silent.is_empty() { Ok(client::States::new()) } else { client::states() };
    let may_work = |cell: &Cell| client::may_be_open(&states, &cell.array, cell.number);
    silent.into_iter().filter(|(_, cell)| may_work(cell)).map(|(key, _)| key).collect()
}

/// Forgets all jobs of which nothing is `kept`, and every folder of an array of which no job is left.
pub fn forget(shelf: &Shelf, kept: impl Fn(Hash) -> bool) {
    let mut arrays = BTreeSet::new();
    for (key, cell) in shelf.noted() {
        match cell {
            Some(cell) if kept(key) => drop(arrays.insert(cell.array)),
            _ => shelf.forget_key(key),
        }
    }
    shelf.retain_arrays(|array| arrays.contains(array));
}

#[cfg(test)]
mod tests {
    use super::super::folder::End;
    use super::*;
    use crate::task::{Ending, Task};

    #[test]
    fn what_ended_or_was_never_whole_is_forgotten_and_what_is_kept_stays() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::at(folder.path().join("slurm"));
        let [ended, kept, broken] = ["ended", "kept", "broken"].map(|name| blake3::hash(name.as_bytes()));
        for (array, key) in [("p-a-1", ended), ("p-a-2", kept)] {
            let made = shelf.make_folder(array).unwrap();
            made.write_task(0, &Task { folder: "work".into(), steps: Vec::new() }).unwrap();
            made.write_end(0, &End { node: "n".into(), seconds: 1.0, ending: Some(Ending::default()) })
                .unwrap();
            shelf.note_key(key, &Cell { array: array.into(), number: 0 }).unwrap();
        }
        shelf.note_key(broken, &Cell { array: "p-a-3".into(), number: 0 }).unwrap();
        shelf.make_folder("p-a-4").unwrap();
        assert!(at_work(&shelf).is_empty(), "all of them left word of their end");
        forget(&shelf, |key| key != ended);
        let noted: Vec<Hash> = shelf.noted().into_iter().map(|(key, _)| key).collect();
        assert_eq!(noted, [kept]);
        let arrays = std::fs::read_dir(shelf.path().join("arrays")).unwrap();
        assert_eq!(arrays.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>(), ["p-a-2"]);
    }
}
