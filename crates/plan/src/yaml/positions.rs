//! Where nodes stand in the text of a document.
//!
//! There is no second parser. The document is read once more, and every wanted key and scalar fails on
//! purpose: serde_yaml puts the position into that failure, which is then passed over. A list or a map cannot
//! be passed over in this way, so it stands where its key stands.

use super::{Position, Step};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;

/// The positions of the nodes at these paths, or of their keys where the flag is set. What is not in the
/// text, such as an item of a list that a variable stands for, has the position of the nearest node above it.
/// What comes through an alias has the position of the key whose value the alias is.
///
/// A text that [`super::parse`] does not read has no positions.
pub fn positions(text: &str, wanted: &[(&[Step], bool)]) -> Vec<Option<Position>> {
    if wanted.is_empty() || super::parse(text).is_err() {
        return vec![None; wanted.len()];
    }
    let mut tree = Wanted::default();
    for (number, (path, at_key)) in wanted.iter().enumerate() {
        let mut node = &mut tree;
        for step in *path {
            node = node.below.entry(step).or_default();
        }
        if *at_key { &mut node.keys } else { &mut node.values }.push(number);
    }
    let found = RefCell::new(vec![None; wanted.len()]);
    let search = Search { found: &found, latest: &Cell::new(START) };
    let walk = Walk { wanted: &tree, search, above: START };
    let ended = walk.deserialize(serde_yaml::Deserializer::from_str(text));
    search.set(&tree, ended.as_ref().map_or_else(position, |()| START));
    found.into_inner()
}

const START: Position = Position { line: 1, column: 1 };

/// The nodes that are looked for, as a tree of the steps to them.
#[derive(Default)]
struct Wanted<'a> {
    keys: Vec<usize>,
    values: Vec<usize>,
    below: HashMap<&'a Step, Wanted<'a>>,
}

#[derive(Clone, Copy)]
struct Search<'a> {
    found: &'a RefCell<Vec<Option<Position>>>,
    /// The last position that was met. An alias leads back, before it.
    latest: &'a Cell<Position>,
}

impl Search<'_> {
    /// Gives the position to all that is wanted here and below and has none yet.
    fn set(self, wanted: &Wanted, position: Position) {
        let mut found = self.found.borrow_mut();
        let mut rest = vec![wanted];
        while let Some(wanted) = rest.pop() {
            for number in wanted.keys.iter().chain(&wanted.values) {
                if let Some(slot) = found.get_mut(*number) {
                    slot.get_or_insert(position);
                }
            }
            rest.extend(wanted.below.values());
        }
    }

    fn set_key(self, wanted: &Wanted, position: Position) {
        let mut found = self.found.borrow_mut();
        for number in &wanted.keys {
            if let Some(slot) = found.get_mut(*number) {
                slot.get_or_insert(position);
            }
        }
    }

    /// The position that a failure names, or the one above if an alias led back to it.
    fn met(self, error: &impl fmt::Display, above: Position) -> Position {
        let position = position(error);
        if position < self.latest.get() {
            return above;
        }
        self.latest.set(position);
        position
    }
}

/// The position that serde_yaml puts at the end of a message; it leaves out the very first.
fn position(error: &impl fmt::Display) -> Position {
    let text = error.to_string();
    let parse = || {
        let (line, column) = text.rsplit_once(" at line ")?.1.split_once(" column ")?;
        Some(Position { line: line.parse().ok()?, column: column.parse().ok()? })
    };
    parse().unwrap_or(START)
}

#[derive(Clone, Copy)]
struct Walk<'a> {
    wanted: &'a Wanted<'a>,
    search: Search<'a>,
    /// The nearest position above.
    above: Position,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

// A scalar is not visited here: it fails as a wrong type, which is a failure at the right place.
impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let nothing = Wanted::default();
        for index in 0.. {
            let step = Step::Index(index);
            let wanted = self.wanted.below.get(&step).unwrap_or(&nothing);
            let position = match items.next_element_seed(Walk { wanted, ..self }) {
                Ok(None) => break,
                Ok(Some(())) => self.above,
                Err(error) => self.search.met(&error, self.above),
            };
            self.search.set(wanted, position);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        loop {
            let key = RefCell::new(None);
            let position = match entries.next_key_seed(WantedKey { below: &self.wanted.below, key: &key }) {
                Ok(None) => return Ok(()),
                Ok(Some(())) => {
                    entries.next_value::<IgnoredAny>()?;
                    continue;
                }
                Err(error) => self.search.met(&error, self.above),
            };
            let Some(wanted) = key.into_inner().and_then(|key| self.wanted.below.get(&key)) else {
                return Err(A::Error::custom("here"));
            };
            self.search.set_key(wanted, position);
            let position = match entries.next_value_seed(Walk { wanted, above: position, ..self }) {
                Ok(()) => position,
                Err(error) => self.search.met(&error, position),
            };
            self.search.set(wanted, position);
        }
    }
}

/// Fails at a wanted key, and leaves it in `key`.
struct WantedKey<'a> {
    below: &'a HashMap<&'a Step, Wanted<'a>>,
    key: &'a RefCell<Option<Step>>,
}

impl<'de> DeserializeSeed<'de> for WantedKey<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for WantedKey<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key that is text")
    }
    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<(), E> {
        let step = Step::Key(key.to_owned());
        if self.below.is_empty() || !self.below.contains_key(&step) {
            return Ok(());
        }
        *self.key.borrow_mut() = Some(step);
        Err(E::custom("here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(steps: &str) -> Vec<Step> {
        let step = |s: &str| s.parse().map_or_else(|_| Step::Key(s.into()), Step::Index);
        steps.split('.').map(step).collect()
    }

    /// The lines and columns of all these at once.
    fn at<const N: usize>(text: &str, wanted: [(&str, bool); N]) -> [(usize, usize); N] {
        let paths: Vec<(Vec<Step>, bool)> = wanted.iter().map(|(steps, key)| (path(steps), *key)).collect();
        let wanted: Vec<(&[Step], bool)> = paths.iter().map(|(path, key)| (path.as_slice(), *key)).collect();
        let found = positions(text, &wanted);
        std::array::from_fn(|i| found[i].map(|p| (p.line, p.column)).unwrap())
    }

    const TEXT: &str = "name: paper # a comment\nstages:\n  train:\n    params: {epochs: 3, rate: x}\n    matrix:\n      - {seed: [1, 2]}\n      - {}\n";

    #[test]
    fn every_key_and_scalar_has_its_position() {
        let wanted = [
            ("stages.train.matrix.0.seed.1", false),
            ("name", true),
            ("name", false),
            ("stages.train", true),
            ("stages.train.params.rate", true),
            ("stages.train.params.rate", false),
            ("stages.train.params.rate", false),
        ];
        assert_eq!(at(TEXT, wanted), [(6, 20), (1, 1), (1, 7), (3, 3), (4, 25), (4, 31), (4, 31)]);
    }

    #[test]
    fn a_map_and_what_is_not_there_stand_at_the_nearest_above() {
        let wanted = [
            ("stages.train.params", false),
            ("stages.train.matrix.1", false),
            ("stages.train.params.epochs.3", false),
            ("stages.test", true),
        ];
        assert_eq!(at(TEXT, wanted), [(4, 5), (5, 5), (4, 22), (2, 1)]);
    }

    #[test]
    fn what_an_alias_brings_stands_at_the_alias_key() {
        let text = "a: &a {x: 1, y: &y 2}\nb:\n  c: *a\n  d: *y\n  e: [3, *y, 4]\n";
        let wanted = [("a.x", false), ("b.c.x", false), ("b.c.x", true), ("b.d", false), ("b.e.1", false)];
        assert_eq!(at(text, wanted), [(1, 11), (3, 3), (3, 3), (4, 3), (5, 3)]);
        assert_eq!(at(text, [("b.e.0", false), ("b.e.2", false)]), [(5, 7), (5, 14)]);
    }
}
