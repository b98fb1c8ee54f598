//! A node of the document with the path to it, and what may be asked of it; what is wrong becomes a fault
//! there.

use crate::faults::{self, Fault, Place};
use crate::file::{Given, Named};
use crate::value::Value;
use crate::yaml::{Node, Step};

/// A node and the path to it.
#[derive(Clone)]
pub(crate) struct Spot<'n> {
    pub(crate) node: &'n Node,
    pub(crate) path: Vec<Step>,
}

impl<'n> Spot<'n> {
    pub(crate) fn below(&self, step: Step, node: &'n Node) -> Spot<'n> {
        Spot { node, path: [self.path.as_slice(), &[step]].concat() }
    }

    pub(crate) fn place(&self) -> Place {
        Place::Value(self.path.clone())
    }

    /// A fault at this value.
    pub(crate) fn wrong(&self, faults: &mut Vec<Fault>, message: impl Into<String>, help: &str) {
        faults::add(faults, || {
            let fault = Fault::new(self.place(), message);
            if help.is_empty() { fault } else { fault.help(help) }
        });
    }

    /// A fault at the key of this value, which is none of those that are known.
    pub(crate) fn unknown_key(&self, faults: &mut Vec<Fault>, key: &str, known: &[&str]) {
        faults::add(faults, || {
            let fault = Fault::new(Place::Key(self.path.clone()), format!("unknown key `{key}`"));
            if key == "<<" {
                return fault.help("maps are not merged here: write the keys themselves, or use variables");
            }
            fault.nearest(key, known.iter().copied())
        });
    }

    /// The entries of a map; an empty value is an empty map.
    pub(crate) fn entries(&self, faults: &mut Vec<Fault>, what: &str) -> Vec<(&'n str, Spot<'n>)> {
        match self.node {
            Node::Map(entries) => entries
                .iter()
                .map(|(key, node)| (key.as_str(), self.below(Step::Key(key.clone()), node)))
                .collect(),
            Node::Null | Node::Wrong => Vec::new(),
            _ => {
                self.wrong(faults, format!("{what} must be a map"), "");
                Vec::new()
            }
        }
    }

    /// The items of a list, or nothing if this is none.
    pub(crate) fn items(&self) -> Option<Vec<Spot<'n>>> {
        let Node::List(items) = self.node else { return None };
        Some(items.iter().enumerate().map(|(i, node)| self.below(Step::Index(i), node)).collect())
    }

    /// The items of a list; what is no list is its only item.
    pub(crate) fn items_or_self(&self) -> Vec<Spot<'n>> {
        self.items().unwrap_or_else(|| vec![self.clone()])
    }

    pub(crate) fn text(&self, faults: &mut Vec<Fault>, what: &str) -> Option<&'n str> {
        match self.node {
            Node::Scalar(Value::Text(text)) => Some(text),
            Node::Wrong => None,
            _ => {
                self.wrong(faults, format!("{what} must be text"), "");
                None
            }
        }
    }

    pub(crate) fn scalar(&self, faults: &mut Vec<Fault>) -> Option<Given> {
        match self.node {
            Node::Scalar(value) => Some(Given { value: value.clone(), place: self.place() }),
            Node::Wrong => None,
            _ => {
                self.wrong(faults, "a value must be one number, text or boolean", "");
                None
            }
        }
    }

    /// A list of names, each once; `one` and `many` are what these are names of.
    pub(crate) fn names(
        &self,
        faults: &mut Vec<Fault>,
        what: &str,
        [one, many]: [&str; 2],
        help: &str,
    ) -> Vec<Named> {
        let Some(items) = self.items() else {
            if *self.node != Node::Wrong {
                self.wrong(faults, format!("{what} must be a list of {many}"), help);
            }
            return Vec::new();
        };
        let mut names: Vec<Named> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for item in items {
            let Some(name) = item.text(faults, &format!("an item of {what}")) else { continue };
            if seen.insert(name) {
                names.push(Named { name: name.to_owned(), place: item.place() });
            } else {
                item.wrong(faults, format!("the {one} `{name}` stands here twice"), "");
            }
        }
        names
    }
}
