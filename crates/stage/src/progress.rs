//! Progress of long work: a bar for a person, plain lines for a file, JSON events for the runner.

use std::fmt::Display;
use std::io::IsTerminal;
use std::io::{self, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// A bar that moves.
    Bar,
    /// A line now and then.
    Plain,
    /// A JSON object a line, for the runner.
    Events,
    /// Nothing.
    None,
}

impl Style {
    /// A bar on a terminal, else plain lines.
    pub(crate) fn automatic() -> Style {
        if std::io::stderr().is_terminal() { Style::Bar } else { Style::Plain }
    }
}

/// Shows how far a stage has come.
pub struct Progress {
    stage: &'static str,
    style: Style,
    bar: ProgressBar,
    last: Mutex<Option<Instant>>,
}

const PLAIN_EVERY: Duration = Duration::from_secs(10);
const EVENT_EVERY: Duration = Duration::from_millis(100);

/// Writes a line to standard error. Nobody may be left to read it, which must not end the work.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

impl Progress {
    pub(crate) fn new(stage: &'static str, style: Style) -> Progress {
        let bar = if style == Style::Bar { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(template) = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {msg} ({eta} left)")
        {
            bar.set_style(template);
        }
        bar.set_prefix(stage);
        Progress { stage, style, bar, last: Mutex::new(None) }
    }

    /// Says that `done` of `total` `unit`s are done (of an unknown number where `total` is 0); `message` is what a
    /// person may want to see besides.
    pub fn at(&self, done: usize, total: usize, unit: &str, message: &str) {
        let every = if self.style == Style::Events { EVENT_EVERY } else { PLAIN_EVERY };
        match self.style {
            Style::None => {}
            Style::Bar => {
                self.bar.set_length(total as u64);
                self.bar.set_position(done as u64);
                self.bar.set_message(format!("{unit} {message}"));
            }
            Style::Plain | Style::Events => {
                if !self.due(every) && done != total {
                    return;
                }
                if self.style == Style::Plain {
                    let of = if total == 0 { String::new() } else { format!("/{total}") };
                    say(format_args!("{}: {done}{of} {unit} {message}", self.stage));
                } else {
                    let event = json!({"event": "progress", "done": done, "total": total, "unit": unit, "message": message});
                    say(event);
                }
            }
        }
    }

    /// Tells the numbers of one step of the work, such as the losses of an epoch, which the runner can draw as curves against the
    /// step. A step that is told again replaces itself and all after it. None of them is left out, so tell them once an epoch
    /// rather than once a batch; a person sees only what [`Progress::at`] says.
    pub fn numbers(&self, step: usize, numbers: &[(&str, f64)]) {
        if self.style == Style::Events {
            let numbers: Map<String, Value> =
                numbers.iter().map(|(name, number)| ((*name).to_owned(), json!(number))).collect();
            say(json!({"event": "numbers", "step": step, "numbers": numbers}));
        }
    }

    /// Says something that a person should know, and that is kept in the log.
    pub fn note(&self, message: &str) {
        // A message may hold what stood in a file, and a terminal obeys control characters.
        let message = message.replace(|letter: char| letter.is_control() && letter != '\n', "\u{fffd}");
        match self.style {
            Style::Bar => self.bar.println(format!("{}: {message}", self.stage)),
            Style::None => {}
            Style::Plain => say(format_args!("{}: {message}", self.stage)),
            Style::Events => say(json!({"event": "note", "message": message})),
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn due(&self, every: Duration) -> bool {
        let Ok(mut last) = self.last.lock() else { return false };
        let due = last.is_none_or(|last| last.elapsed() >= every);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}
