//! What a process says while it works: its progress, its log, and its last words.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::ChildStderr;
use std::time::{Duration, Instant};

/// How far a process got.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all, if known.
    pub total: Option<u64>,
    /// What is counted.
    pub unit: String,
    /// What else it says.
    pub message: String,
}

/// Numbers that a process tells of one step of its work, such as the losses of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// The step.
    pub step: u64,
    /// Each with its name.
    pub values: Vec<(String, f64)>,
}

/// How many numbers of one step are passed on, and how many letters of their names.
const MOST_NUMBERS: usize = 16;
const NAME_WIDTH: usize = 64;
/// How many lines of a log are shown when its job fails.
const TAIL_LINES: usize = 20;
/// How many letters of such a line are shown.
const TAIL_WIDTH: usize = 1000;
/// The longest line of a log that is kept in one piece.
const LINE_BYTES: u64 = 1 << 16;
/// Progress is passed on at most this often.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(50);

/// What a process reports of itself.
#[derive(Debug, PartialEq)]
pub enum Report {
    /// How far it has come.
    Progress(Progress),
    /// Numbers of a step.
    Numbers(Numbers),
    /// What a person should know.
    Note(String),
}

/// Passes on what a process reports as events, and writes its notes and everything else that it says into the log.
pub fn follow(stderr: Option<ChildStderr>, mut log: File, tell: impl Fn(Report)) {
    let Some(stderr) = stderr else { return };
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    let mut told: Option<Instant> = None;
    loop {
        line.clear();
        match lines.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        match event(&line) {
            Some(Said::Progress(progress)) => {
                let finished = progress.total == Some(progress.done);
                if finished || told.is_none_or(|at| at.elapsed() >= PROGRESS_INTERVAL) {
                    told = Some(Instant::now());
                    tell(Report::Progress(progress));
                }
            }
            Some(Said::Numbers(numbers)) => tell(Report::Numbers(numbers)),
            Some(Said::Note(message)) => {
                let _ = writeln!(log, "{message}");
                tell(Report::Note(message));
            }
            Some(Said::Message(message)) => {
                let _ = writeln!(log, "{message}");
            }
            Some(Said::Nothing) => {}
            None => {
                let _ = log.write_all(&line);
            }
        }
    }
}

enum Said {
    Progress(Progress),
    Numbers(Numbers),
    Note(String),
    Message(String),
    Nothing,
}

/// Reads a line as an event, if it is one.
fn event(line: &[u8]) -> Option<Said> {
    if line.first() != Some(&b'{') {
        return None;
    }
    let json: Json = serde_json::from_slice(line).ok()?;
    let kind = json.get("event")?;
    let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
    let count = |key: &str| json[key].as_u64().or_else(|| json[key].as_f64().map(|x| x as u64));
    // A total of nothing is one that is not known.
    let total = count("total").filter(|total| *total > 0);
    Some(if kind == "progress" {
        let done = count("done").unwrap_or_default();
        Said::Progress(Progress { done, total, unit: text("unit"), message: text("message") })
    } else if kind == "numbers" {
        // What is no number, such as the `null` of an infinite loss, is left out.
        let named = json["numbers"].as_object().into_iter().flatten();
        let named = named.filter_map(|(name, value)| {
            let name = plan::faults::printable(name).chars().take(NAME_WIDTH).collect();
            Some((name, value.as_f64()?))
        });
        let values = named.take(MOST_NUMBERS).collect();
        Said::Numbers(Numbers { step: count("step").unwrap_or_default(), values })
    } else if kind == "note" {
        Said::Note(plan::faults::printable(&text("message")).replace('\n', " "))
    } else if json["message"].is_string() {
        Said::Message(text("message"))
    } else {
        Said::Nothing
    })
}

/// The last bytes of a log from `begin` on, so many at most, and how many stand before them.
pub fn end(log: &Path, begin: u64, most: u64) -> io::Result<(u64, String)> {
    let mut file = File::open(log)?;
    let left_out = file.metadata()?.len().saturating_sub(most).max(begin);
    file.seek(SeekFrom::Start(left_out))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok((left_out, String::from_utf8_lossy(&bytes).into_owned()))
}

/// The last lines of a log from the byte `begin` on.
pub fn tail(log: &Path, begin: u64) -> Vec<String> {
    let (left_out, text) = end(log, begin, 1 << 14).unwrap_or_default();
    // The first line may have lost its beginning, and with that what it is: a command line may fill pages.
    let text = if left_out > begin { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("$ ")).collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].iter().map(|line| shortened(line)).collect()
}

/// A line as it is shown: its end, where it is very long.
fn shortened(line: &str) -> String {
    let line = plan::faults::printable(line);
    match line.char_indices().rev().nth(TAIL_WIDTH) {
        Some((begin, letter)) => format!("... {}", &line[begin + letter.len_utf8()..]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_command_line_is_none_of_the_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        std::fs::write(&log, format!("$ report {}\nit broke\n", "--input=x ".repeat(5000))).unwrap();
        assert_eq!(tail(&log, 0), ["it broke"]);
        std::fs::write(&log, "$ report\nit broke\n").unwrap();
        assert_eq!(tail(&log, 0), ["it broke"]);
    }

    #[test]
    fn only_objects_with_an_event_are_events() {
        assert!(
            event(b"{\"loss\": 1}\n").is_none() && event(b"plain\n").is_none() && event(b"{broken").is_none()
        );
        let line = br#"{"event":"progress","done":3,"total":30,"unit":"epochs","message":"loss 0.1"}"#;
        let Some(Said::Progress(progress)) = event(line) else { panic!() };
        assert_eq!((progress.done, progress.total, progress.unit.as_str()), (3, Some(30), "epochs"));
        let line = br#"{"event":"numbers","step":2,"numbers":{"loss":0.5,"error":null,"rate":1}}"#;
        let Some(Said::Numbers(numbers)) = event(line) else { panic!() };
        assert_eq!(numbers.step, 2);
        assert_eq!(numbers.values, [("loss".to_owned(), 0.5), ("rate".to_owned(), 1.0)]);
        assert!(matches!(event(br#"{"event":"note","message":"x"}"#), Some(Said::Note(_))));
        assert!(matches!(event(br#"{"event":"loss","message":"x"}"#), Some(Said::Message(_))));
    }
}
