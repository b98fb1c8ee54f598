//! What people see: bars on a terminal, plain lines everywhere else.

use crate::work::{Failure, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use plan::faults::printable;
use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether what goes to this stream is coloured.
    pub fn on(self, stream: &impl IsTerminal) -> bool {
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        }
    }
}

/// How many jobs are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Made in this run.
    pub done: usize,
    /// Made by an earlier run.
    pub up_to_date: usize,
    /// Failed in this run.
    pub failed: usize,
    /// Left out.
    pub not_run: usize,
}

/// Shows a run.
pub struct Screen {
    quiet: bool,
    color: Color,
    bars: Option<Bars>,
}

struct Bars {
    multi: MultiProgress,
    overall: ProgressBar,
    jobs: HashMap<usize, ProgressBar>,
}

impl Screen {
    /// A screen for a run of so many jobs. Bars need a terminal.
    pub fn new(quiet: bool, color: Color, jobs: usize) -> Screen {
        let bars = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let multi = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
            let overall = multi.add(ProgressBar::new(jobs as u64));
            overall.set_style(style("{bar:24} {pos}/{len} jobs  {msg}  {elapsed}"));
            Bars { multi, overall, jobs: HashMap::new() }
        });
        Screen { quiet, color, bars }
    }

    /// A line for whoever watches.
    pub fn line(&self, text: &str) {
        if !self.quiet {
            self.between(|| print(&mut std::io::stdout(), text));
        }
    }

    /// A line that is shown even when quiet.
    pub fn warn(&self, text: &str) {
        self.between(|| print(&mut std::io::stderr(), text));
    }

    /// Writes while the bars are away.
    fn between(&self, write: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.multi.suspend(write),
            None => write(),
        }
    }

    /// A job started.
    pub fn started(&mut self, job: usize, name: &str) {
        if let Some(bars) = &mut self.bars {
            let bar = bars.multi.insert_before(&bars.overall, ProgressBar::no_length());
            bar.set_style(style("{spinner} {prefix}  {msg}  {elapsed}"));
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(200));
            bars.jobs.insert(job, bar);
        }
    }

    /// A job got on.
    pub fn progress(&mut self, job: usize, progress: &Progress) {
        let Some(bar) = self.bars.as_ref().and_then(|bars| bars.jobs.get(&job)) else { return };
        if let Some(total) = progress.total {
            if bar.length() != Some(total) {
                bar.set_length(total);
                bar.set_style(style("{spinner} {prefix}  {bar:16} {pos}/{len} {msg}  {elapsed}, {eta} left"));
            }
            bar.set_position(progress.done.min(total));
            bar.set_message(printable(format!("{} {}", progress.unit, progress.message).trim()));
        } else {
            bar.set_message(printable(&format!("{} {} {}", progress.done, progress.unit, progress.message)));
        }
    }

    /// A job ended, in whatever way.
    pub fn ended(&mut self, job: usize) {
        if let Some(bar) = self.bars.as_mut().and_then(|bars| bars.jobs.remove(&job)) {
            bar.finish_and_clear();
        }
    }

    /// A job did its work.
    pub fn done(&self, name: &str, seconds: f64) {
        self.line(&format!(
            "{} {name} {}",
            paint(self.color.on(&std::io::stdout()), "32", "done"),
            duration(seconds)
        ));
    }

    /// A job failed.
    pub fn failed(&self, name: &str, failure: &Failure) {
        let mut text = format!(
            "{} {name}: {}",
            paint(self.color.on(&std::io::stderr()), "1;31", "failed"),
            printable(&failure.what)
        );
        if let Some(line) = &failure.line {
            text += &format!("\n  command: {line}");
        }
        if !failure.tail.is_empty() {
            text += "\n  its last words:";
        }
        for line in &failure.tail {
            text += &format!("\n  | {line}");
        }
        if let Some(log) = &failure.log {
            text += &format!("\n  log: {}", log.display());
        }
        self.warn(&text);
    }

    /// Shows how far the whole run is.
    pub fn overall(&self, counts: Counts) {
        if let Some(bars) = &self.bars {
            bars.overall.set_position((counts.done + counts.up_to_date + counts.failed) as u64);
            bars.overall.set_message(summary(Counts { not_run: 0, ..counts }));
        }
    }

    /// Ends the show with one line.
    pub fn close(&mut self, counts: Counts, seconds: f64) {
        if let Some(bars) = self.bars.take() {
            bars.overall.finish_and_clear();
            let _ = bars.multi.clear();
        }
        let took = duration(seconds);
        if counts == (Counts { up_to_date: counts.up_to_date, ..Counts::default() }) {
            self.line(&format!("nothing to do: {} up to date ({took})", jobs(counts.up_to_date)));
        } else {
            let text = format!("{} ({took})", summary(counts));
            if counts.failed + counts.not_run > 0 { self.warn(&text) } else { self.line(&text) }
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}

/// Prints a line; a reader that has gone away is no reason to fail.
pub fn print(to: &mut dyn Write, text: &str) {
    let _ = writeln!(to, "{text}").and_then(|()| to.flush());
}

fn paint(on: bool, code: &str, text: &str) -> String {
    if on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

fn jobs(n: usize) -> String {
    format!("{n} {}", if n == 1 { "job" } else { "jobs" })
}

fn summary(counts: Counts) -> String {
    let parts = [
        (counts.done, "done"),
        (counts.up_to_date, "up to date"),
        (counts.failed, "failed"),
        (counts.not_run, "not run"),
    ];
    let parts = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
    parts.collect::<Vec<_>>().join(", ")
}

fn duration(seconds: f64) -> String {
    // Whole seconds are rounded before they are split, lest there be 60 of them.
    let seconds = if seconds < 120.0 { seconds } else { seconds.round() };
    match seconds {
        s if s < 0.095 => format!("{s:.3} s"),
        s if s < 10.0 => format!("{s:.2} s"),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.0} min {:.0} s", (s / 60.0).floor(), s % 60.0),
        s => format!("{:.0} h {:.0} min", (s / 3600.0).floor(), s % 3600.0 / 60.0),
    }
}
