//! The only module that knows serde_yaml: text to a small tree of our own, and the places of nodes in it.

mod positions;

pub use positions::positions;

use crate::value::{NOT_FINITE, Value};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;

/// The largest file that is read.
pub const MAX_BYTES: usize = 1 << 20;
/// The most bytes that a file may grow to once its aliases are followed, and once more by its variables.
pub const MAX_EXPANDED: usize = 8 * MAX_BYTES;
/// The most brackets times bytes of a file. libyaml goes through all open brackets at every token, and which
/// of them are open only it knows: at this limit a file that leaves all of them open takes seconds.
const MAX_BRACKETS_TIMES_BYTES: usize = 1 << 30;
/// The most bytes of a key; names of stages, ports and params are shorter.
const MAX_KEY: usize = 256;

/// A YAML document in which every key is text and appears once.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Nothing: `~`, `null` or an empty value.
    Null,
    /// What is a fault already; no text is read as this.
    Wrong,
    /// Text, a number or a boolean.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the file.
    Map(Vec<(String, Node)>),
}

/// One step from a node to one below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// To the value of a key.
    Key(String),
    /// To an item of a list.
    Index(usize),
}

/// A line and a column, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Text that is not YAML, or not the YAML that is read here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where, if the parser could say.
    pub position: Option<Position>,
    /// What is wrong.
    pub message: String,
}

/// Reads a document.
pub fn parse(text: &str) -> Result<Node, SyntaxError> {
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; at most {MAX_BYTES} are read", text.len());
        return Err(SyntaxError { position: None, message });
    }
    let brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if brackets.saturating_mul(text.len()) > MAX_BRACKETS_TIMES_BYTES {
        let message = format!(
            "{brackets} brackets are too many for a file of {} bytes: write lists and maps in lines",
            text.len()
        );
        return Err(SyntaxError { position: None, message });
    }
    let budget = Cell::new(MAX_EXPANDED);
    let source = text;
    Tree { budget: &budget }.deserialize(serde_yaml::Deserializer::from_str(source)).map_err(|error| {
        let position = error.location().map(|l| Position { line: l.line(), column: l.column() });
        let text = error.to_string();
        // serde_yaml puts the path of keys before our messages and the position after all; both are known.
        let message = match text.split_once(MARK) {
            Some((_, own)) => own.rsplit_once(" at line ").map_or(own, |(message, _)| message).to_owned(),
            None => return in_words(source, position, &text),
        };
        SyntaxError { position, message }
    })
}

/// What the parser says, in the words of people who write YAML.
fn in_words(source: &str, position: Option<Position>, said: &str) -> SyntaxError {
    let (message, rest) = said.split_once(" at line ").unwrap_or((said, ""));
    // As in "... at line 4 column 1, while scanning a quoted scalar at line 3 column 9".
    let begin = rest.split_once(" at line ").and_then(|(_, begin)| {
        let (line, column) = begin.split_once(" column ")?;
        Some(Position { line: line.parse().ok()?, column: column.parse().ok()? })
    });
    let is_tab = position.is_some_and(|at| {
        let line = source.lines().nth(at.line.saturating_sub(1)).unwrap_or_default();
        line.chars().nth(at.column.saturating_sub(1)) == Some('\t')
    });
    let (position, message) = match message {
        "found character that cannot start any token" if is_tab => {
            (position, "a tab stands here; YAML is indented by spaces")
        }
        "found character that cannot start any token" => {
            (position, "a value cannot begin with this character, unless it stands in quotes")
        }
        "found unexpected end of stream" => {
            (begin.or(position), "the quotes that are opened here have no end")
        }
        "did not find expected node content" => (position, "a value is missing here, in a list or map"),
        "repetition limit exceeded" => (position, "the file grows too large once its aliases are followed"),
        "recursion limit exceeded" => (position, "lists and maps stand too deep in each other"),
        message if message.contains("invalid type: enum") => {
            (position, "a tag such as !name is not read here")
        }
        message if message.contains("more than one document") => (
            position,
            "the file holds more than one document; only one is read: remove the line `---` between them",
        ),
        message => (position, message),
    };
    SyntaxError { position, message: message.to_owned() }
}

/// Stands before our own messages so that they can be told from the path that serde_yaml adds.
const MARK: &str = "\u{1}";

#[derive(Clone, Copy)]
struct Tree<'a> {
    budget: &'a Cell<usize>,
}

impl Tree<'_> {
    fn spend<E: serde::de::Error>(&self, amount: usize) -> Result<(), E> {
        match self.budget.get().checked_sub(amount) {
            Some(left) => {
                self.budget.set(left);
                Ok(())
            }
            None => Err(E::custom(format!("{MARK}the file grows too large once its aliases are followed"))),
        }
    }

    fn scalar<E: serde::de::Error>(&self, value: Value) -> Result<Node, E> {
        self.spend(std::mem::size_of::<Node>())?;
        Ok(Node::Scalar(value))
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Node;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, a boolean, a list or a map")
    }
    fn visit_none<E: serde::de::Error>(self) -> Result<Node, E> {
        self.visit_unit()
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<Node, E> {
        self.spend(std::mem::size_of::<Node>())?;
        Ok(Node::Null)
    }
    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Node, E> {
        self.scalar(Value::Bool(value))
    }
    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Node, E> {
        self.scalar(Value::Integer(value.into()))
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Node, E> {
        self.scalar(Value::Integer(value.into()))
    }
    fn visit_i128<E: serde::de::Error>(self, value: i128) -> Result<Node, E> {
        self.scalar(Value::Integer(value))
    }
    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Node, E> {
        let value = i128::try_from(value).map_err(|_| E::custom(format!("{MARK}number out of range")))?;
        self.scalar(Value::Integer(value))
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        self.scalar(if value.is_finite() {
            Value::Number(value)
        } else {
            let [nan, infinite, negative] = NOT_FINITE;
            let text = if value.is_nan() {
                nan
            } else if value > 0.0 {
                infinite
            } else {
                negative
            };
            Value::Text(text.to_owned())
        })
    }
    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Node, E> {
        self.spend(value.len())?;
        self.scalar(Value::Text(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        self.spend(std::mem::size_of::<Node>())?;
        Ok(Node::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map: Vec<(String, Node)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        while let Some(key) = entries.next_key_seed(Key { tree: self, seen: &mut seen })? {
            map.push((key, entries.next_value_seed(self)?));
        }
        self.spend(std::mem::size_of::<Node>())?;
        Ok(Node::Map(map))
    }
}

/// Reads a key and refuses one that its map already has, at the key's own position.
struct Key<'a, 'b> {
    tree: Tree<'a>,
    seen: &'b mut std::collections::HashSet<String>,
}

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Key<'_, '_> {
    type Value = String;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key that is text")
    }
    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<String, E> {
        self.tree.spend(key.len())?;
        if key.len() > MAX_KEY {
            return Err(E::custom(format!(
                "{MARK}a key has {} bytes; at most {MAX_KEY} are read",
                key.len()
            )));
        }
        if !self.seen.insert(key.to_owned()) {
            return Err(E::custom(format!("{MARK}the key `{key}` stands here twice")));
        }
        Ok(key.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_twice_is_an_error_where_it_stands_again() {
        let error = parse("a: 1\nb: 2\na: 3\n").unwrap_err();
        assert_eq!(error.position, Some(Position { line: 3, column: 1 }));
        assert_eq!(error.message, "the key `a` stands here twice");
    }

    #[test]
    fn a_message_is_not_cut_by_what_a_key_says() {
        let error = parse("x at line 3:\n  a: 1\n  a: 2\n").unwrap_err();
        assert_eq!(error.message, "the key `a` stands here twice");
        assert_eq!(parse(""), Ok(Node::Null));
        assert!(
            parse(&format!("{}: 1", "k".repeat(300))).unwrap_err().message.contains("a key has 300 bytes")
        );
    }

    #[test]
    fn syntax_errors_have_a_position() {
        assert_eq!(parse("a: [1\nb: 2\n").unwrap_err().position.unwrap().line, 2);
    }

    #[test]
    fn syntax_errors_are_told_in_plain_words() {
        for (text, said) in [
            ("a:\n\tb: 1\n", "a tab stands here; YAML is indented by spaces"),
            ("a: @b\n", "a value cannot begin with this character, unless it stands in quotes"),
            ("a: 1\nb: \"x\n", "the quotes that are opened here have no end"),
            ("a: [", "a value is missing here, in a list or map"),
            ("a: !b {c: 1}", "a tag such as !name is not read here"),
        ] {
            assert_eq!(parse(text).unwrap_err().message, said, "{text:?}");
        }
        let opened = parse("a: 1\nb: \"x\n").unwrap_err().position;
        assert_eq!(opened, Some(Position { line: 2, column: 4 }));
    }

    #[test]
    fn aliases_cannot_make_a_small_file_large() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let list = vec![format!("*a{}", level - 1); 9].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        assert!(parse(&bomb).is_err());
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), vec!["*a"; 1000].join(", "));
        assert!(parse(&long).unwrap_err().message.contains("aliases"));
    }

    #[test]
    fn depth_and_size_are_bounded() {
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&" ".repeat(MAX_BYTES + 1)).is_err());
        assert!(parse(&"{a: ".repeat(250_000)).unwrap_err().message.contains("brackets are too many"));
        assert_eq!(parse(&"- []\n".repeat(5_000)), Ok(Node::List(vec![Node::List(Vec::new()); 5_000])));
    }
}
