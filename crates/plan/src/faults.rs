//! What can be wrong, where it stands, and how that is shown: file, line, excerpt, caret, advice.

use crate::yaml::{self, Position, Step};
use std::path::Path;

/// Where a fault stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the pipeline file, at the key that the path leads to.
    Key(Vec<Step>),
    /// In the pipeline file, at the value that the path leads to.
    Value(Vec<Step>),
    /// In the pipeline file, at a known position.
    At(Position),
    /// In this `--set` of the command line.
    Set(String),
    /// In the pipeline file as a whole.
    File,
}

/// One thing that is wrong, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// Where it stands.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What would be right, if that can be said.
    pub help: Option<String>,
}

impl Fault {
    /// A fault without advice.
    pub fn new(place: Place, message: impl Into<String>) -> Fault {
        Fault { place, message: message.into(), help: None }
    }

    /// The same fault with advice.
    pub fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }

    /// The same fault, advising the nearest of `names`, or all of them where none is near.
    pub fn nearest<'a>(self, wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Fault {
        let help = advice(wrong, names);
        if help.is_empty() { self } else { self.help(help) }
    }
}

/// The name that was probably meant.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.into_iter().map(|name| (strsim::damerau_levenshtein(wrong, name), name));
    let (distance, name) = scored.min_by_key(|(distance, _)| *distance)?;
    let longest = wrong.chars().count().max(name.chars().count());
    (distance <= longest.div_ceil(3)).then_some(name)
}

/// "did you mean ...?", or the list of what there is.
pub fn advice<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    if wrong.len() <= 100
        && let Some(name) = nearest(wrong, names.iter().copied())
    {
        return format!("did you mean `{name}`?");
    }
    match names.len() {
        0 => String::new(),
        1..=20 => format!("there is: {}", names.join(", ")),
        n => format!("there are {n}, such as: {}", names[..20].join(", ")),
    }
}

/// The most faults that are shown at once.
const MOST_SHOWN: usize = 30;

/// Shows faults in the order of the file.
pub fn render(faults: &[Fault], file: &Path, text: &str, color: bool) -> String {
    let mut seen = std::collections::HashSet::new();
    let mut placed: Vec<(Option<Position>, &Fault)> = Vec::new();
    for fault in faults.iter().filter(|fault| seen.insert(*fault)) {
        let position = match &fault.place {
            // Every search reads the file again: beyond what is shown it would be wasted.
            _ if placed.len() >= 4 * MOST_SHOWN => None,
            Place::Key(path) => yaml::locate(text, path, true),
            Place::Value(path) => yaml::locate(text, path, false),
            Place::At(position) => Some(*position),
            Place::Set(_) | Place::File => None,
        };
        placed.push((position, fault));
    }
    placed.sort_by_key(|(position, _)| position.map_or((usize::MAX, 0), |p| (p.line, p.column)));
    let mut paragraphs: Vec<String> = placed
        .iter()
        .take(MOST_SHOWN)
        .map(|(position, fault)| paragraph(fault, *position, file, text, color))
        .collect();
    if placed.len() > MOST_SHOWN {
        paragraphs.push(format!("... and {} more errors", placed.len() - MOST_SHOWN));
    }
    paragraphs.join("\n\n")
}

fn paragraph(fault: &Fault, position: Option<Position>, file: &Path, text: &str, color: bool) -> String {
    let (red, blue, bold, plain) =
        if color { ("\x1b[1;31m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m") } else { ("", "", "", "") };
    let mut out = format!("{red}error{plain}{bold}: {}{plain}\n", printable(&fault.message));
    let mut margin = String::from(" ");
    match (position, &fault.place) {
        (Some(at), _) => {
            let number = at.line.to_string();
            margin = " ".repeat(number.len());
            out += &format!("{margin}{blue}-->{plain} {}:{}:{}\n", file.display(), at.line, at.column);
            if let Some((line, offset, width)) = excerpt(text, at) {
                out += &format!("{margin} {blue}|{plain}\n{blue}{number} |{plain} {line}\n");
                let carets = "^".repeat(width);
                out += &format!("{margin} {blue}|{plain} {}{red}{carets}{plain}\n", " ".repeat(offset));
            }
        }
        (None, Place::Set(set)) => {
            out += &format!("{margin}{blue}-->{plain} --set {}\n", printable(set));
        }
        (None, _) => out += &format!("{margin}{blue}-->{plain} {}\n", file.display()),
    }
    if let Some(help) = &fault.help {
        out += &format!("{margin} {blue}={plain} {bold}help{plain}: {}", printable(help));
    }
    out.trim_end().to_owned()
}

/// The line around a position, cut where it is very long, with the caret's offset and width.
fn excerpt(text: &str, at: Position) -> Option<(String, usize, usize)> {
    const WIDTH: usize = 100;
    let line: Vec<char> = text.lines().nth(at.line.checked_sub(1)?)?.chars().collect();
    let column = at.column.saturating_sub(1).min(line.len());
    let start = if line.len() > WIDTH { column.saturating_sub(WIDTH / 2) } else { 0 };
    let end = (start + WIDTH).min(line.len());
    let quoted = line.get(column).copied().filter(|c| matches!(c, '"' | '\''));
    let width = match quoted {
        Some(quote) => line[column + 1..end].iter().position(|c| *c == quote).map_or(1, |n| n + 2),
        None => line[column..end].iter().take_while(|c| !",:{}[]# \t".contains(**c)).count().max(1),
    };
    Some((printable(&line[start..end].iter().collect::<String>()), column - start, width))
}

/// Text from outside without the control characters that would steer a terminal.
pub fn printable(text: &str) -> String {
    let safe = |c: char| if c == '\t' || (c.is_control() && c != '\n') { ' ' } else { c };
    text.chars().map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_shows_its_line_with_a_caret_and_advice() {
        let text = "name: x\nstages:\n  train:\n    params: {epoch: 3}\n";
        let path = ["stages", "train", "params", "epoch"].map(|s| Step::Key(s.into())).to_vec();
        let fault = Fault::new(Place::Key(path), "stage `train` has no param `epoch`")
            .nearest("epoch", ["epochs", "seed"]);
        let shown = render(&[fault.clone(), fault], Path::new("p.yaml"), text, false);
        let right = "error: stage `train` has no param `epoch`\n --> p.yaml:4:14\n  |\n4 |     params: {epoch: 3}\n  |              ^^^^^\n  = help: did you mean `epochs`?";
        assert_eq!(shown, right);
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(nearest("trian", ["train", "report"]), Some("train"));
        assert_eq!(nearest("zebra", ["train", "report"]), None);
        assert_eq!(advice("zebra", ["train", "report"]), "there is: train, report");
    }

    #[test]
    fn a_terminal_is_not_steered_by_a_file() {
        assert_eq!(printable("a\x1b[2Jb"), "a [2Jb");
    }
}
