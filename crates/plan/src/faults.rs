//! What can be wrong, where it stands, and how that is shown: file, line, excerpt, caret, advice.

use crate::yaml::{self, Position, Step};
use serde::Serialize;
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
        Fault { place, message: shortened(message.into()), help: None }
    }

    /// The same fault with advice.
    pub fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(shortened(help.into()));
        self
    }

    /// The same fault, advising the nearest of `names`, or all of them where none is near.
    pub fn nearest<'a>(self, wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Fault {
        let help = advice(wrong, names);
        if help.is_empty() { self } else { self.help(help) }
    }
}

/// The most faults that are kept: a file with more is no pipeline, and looking for advice on each takes time.
pub const MOST_FAULTS: usize = 500;
/// The most names among which the nearest one is looked for.
const MOST_NAMES: usize = 500;
/// The longest names that are compared, in bytes.
const LONGEST_NAME: usize = 100;
/// The longest message that is kept, in characters.
const LONGEST_MESSAGE: usize = 2000;
/// The most faults that are shown at once.
const MOST_SHOWN: usize = 30;

/// Adds a fault, which is only made if there is room for it.
pub fn add(faults: &mut Vec<Fault>, fault: impl FnOnce() -> Fault) {
    if faults.len() < MOST_FAULTS {
        faults.push(fault());
    }
}

/// The name that was probably meant.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.len() > LONGEST_NAME {
        return None;
    }
    let length = wrong.chars().count();
    let scored =
        names.into_iter().take(MOST_NAMES).filter(|name| name.len() <= LONGEST_NAME).filter_map(|name| {
            let other = name.chars().count();
            let most = length.max(other).div_ceil(3);
            let near = length.abs_diff(other) <= most;
            let distance = if near { strsim::osa_distance(wrong, name) } else { usize::MAX };
            (distance <= most).then_some((distance, name))
        });
    scored.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// "did you mean ...?", or the list of what there is.
pub fn advice<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    if let Some(name) = nearest(wrong, names.iter().copied()) {
        return format!("did you mean `{name}`?");
    }
    match names.len() {
        0 => String::new(),
        1..=20 => format!("there is: {}", names.join(", ")),
        n => format!("there are {n}, such as: {}", names[..20].join(", ")),
    }
}

/// The text, cut where it is very long.
fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// A fault with its position in the text, as data for other programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Located {
    /// The line, from 1; none where the fault is of the whole file or of the command line.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right, if that can be said.
    pub help: Option<String>,
    /// The `--set` of the command line in which the fault is.
    pub set: Option<String>,
}

/// The faults with their positions, each once, in the order of the file; those without a position come last.
pub fn located(faults: &[Fault], text: &str) -> Vec<Located> {
    let located = |(position, fault): (Option<Position>, &Fault)| Located {
        line: position.map(|p| p.line),
        column: position.map(|p| p.column),
        message: fault.message.clone(),
        help: fault.help.clone(),
        set: if let Place::Set(set) = &fault.place { Some(set.clone()) } else { None },
    };
    placed(faults, text).into_iter().map(located).collect()
}

fn placed<'f>(faults: &'f [Fault], text: &str) -> Vec<(Option<Position>, &'f Fault)> {
    let mut seen = std::collections::HashSet::new();
    let once: Vec<&Fault> = faults.iter().filter(|fault| seen.insert(*fault)).collect();
    let paths = once.iter().filter_map(|fault| match &fault.place {
        Place::Key(path) => Some((path.as_slice(), true)),
        Place::Value(path) => Some((path.as_slice(), false)),
        Place::At(_) | Place::Set(_) | Place::File => None,
    });
    let mut positions = yaml::positions(text, &paths.collect::<Vec<_>>()).into_iter();
    let place = |fault: &'f Fault| match &fault.place {
        Place::Key(_) | Place::Value(_) => (positions.next().flatten(), fault),
        Place::At(position) => (Some(*position), fault),
        Place::Set(_) | Place::File => (None, fault),
    };
    let mut placed: Vec<(Option<Position>, &Fault)> = once.into_iter().map(place).collect();
    placed.sort_by_key(|(position, _)| position.map_or((usize::MAX, 0), |p| (p.line, p.column)));
    placed
}

/// Shows faults in the order of the file.
pub fn render(faults: &[Fault], file: &Path, text: &str, color: bool) -> String {
    let placed = placed(faults, text);
    let lines = lines(text);
    let shown = placed.iter().take(MOST_SHOWN);
    let mut paragraphs: Vec<String> =
        shown.map(|(position, fault)| paragraph(fault, *position, file, &lines, color)).collect();
    if placed.len() > MOST_SHOWN {
        let at_least = if faults.len() >= MOST_FAULTS { "at least " } else { "" };
        paragraphs.push(format!("... and {at_least}{} more errors", placed.len() - MOST_SHOWN));
    }
    paragraphs.join("\n\n")
}

/// The lines of a text, ended by all that ends a line in YAML.
fn lines(text: &str) -> Vec<&str> {
    let ends = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((end, c)) = rest.char_indices().find(|(_, c)| ends(*c)) {
        lines.push(&rest[..end]);
        let length = if rest[end..].starts_with("\r\n") { 2 } else { c.len_utf8() };
        rest = &rest[end + length..];
    }
    lines.push(rest);
    lines
}

fn paragraph(fault: &Fault, position: Option<Position>, file: &Path, lines: &[&str], color: bool) -> String {
    let (red, blue, bold, plain) =
        if color { ("\x1b[1;31m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m") } else { ("", "", "", "") };
    let mut out = format!("{red}error{plain}{bold}: {}{plain}\n", printable(&fault.message));
    let mut margin = String::from(" ");
    match (position, &fault.place) {
        (Some(at), _) => {
            let number = at.line.to_string();
            margin = " ".repeat(number.len());
            out += &format!("{margin}{blue}-->{plain} {}:{}:{}\n", file.display(), at.line, at.column);
            if let Some((line, offset, width)) = excerpt(lines, at) {
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
fn excerpt(lines: &[&str], at: Position) -> Option<(String, usize, usize)> {
    const WIDTH: usize = 100;
    let line: Vec<char> = lines.get(at.line.checked_sub(1)?)?.chars().collect();
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
    fn faults_are_data_in_the_order_of_the_file() {
        let text = "name: x\nstages: {a: {params: {b: 1}}}\n";
        let value = ["stages", "a", "params", "b"].map(|s| Step::Key(s.into())).to_vec();
        let faults = [
            Fault::new(Place::Set("a.c=1".into()), "no param `c`"),
            Fault::new(Place::Value(value), "too small").help("> 1"),
            Fault::new(Place::Key(vec![Step::Key("name".into())]), "bad"),
            Fault::new(Place::Key(vec![Step::Key("name".into())]), "bad"),
        ];
        let json = serde_json::to_string(&located(&faults, text)).unwrap();
        assert_eq!(
            json,
            r#"[{"line":1,"column":1,"message":"bad","help":null,"set":null},{"line":2,"column":26,"message":"too small","help":"> 1","set":null},{"line":null,"column":null,"message":"no param `c`","help":null,"set":"a.c=1"}]"#
        );
    }

    #[test]
    fn the_line_that_is_shown_is_the_one_that_yaml_counts() {
        let text = "a: \"x\ry\"\r\nb: \u{2028}  c: d\nwrong";
        assert_eq!(lines(text), ["a: \"x", "y\"", "b: ", "  c: d", "wrong"]);
    }

    #[test]
    fn a_file_full_of_faults_fills_no_memory() {
        let mut faults = Vec::new();
        for i in 0..10_000 {
            add(&mut faults, || Fault::new(Place::File, format!("{i} {}", "x".repeat(5000))));
        }
        assert_eq!((faults.len(), faults[0].message.len()), (MOST_FAULTS, LONGEST_MESSAGE + 3));
        assert!(
            render(&faults, Path::new("p.yaml"), "", false).ends_with("... and at least 470 more errors")
        );
    }

    #[test]
    fn a_terminal_is_not_steered_by_a_file() {
        assert_eq!(printable("a\x1b[2Jb"), "a [2Jb");
    }
}
