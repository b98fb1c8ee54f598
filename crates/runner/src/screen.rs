//! What is seen of a run: bars on a terminal, plain lines elsewhere, JSON for programs.

use crate::account::{Account, Counts};
use crate::judge::Reason;
use crate::phrases::{bytes, counted, duration};
use crate::words::{Numbers, Progress};
use crate::work::Failure;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use plan::faults::printable;
use serde_json::{Value as Json, json};
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
            Color::Auto => {
                stream.is_terminal()
                    && !is_dumb()
                    && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
            }
        }
    }
}

/// Whether the terminal says that it knows neither colours nor how to go back.
fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// How much is shown, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Bars on a terminal, lines elsewhere.
    Normal,
    /// Errors only.
    Quiet,
    /// One JSON object a line, on stdout.
    Json,
}

/// What a run will probably take from here.
#[derive(Clone, Copy, Debug)]
pub struct TimeLeft {
    /// By all that is known, in seconds.
    pub seconds: f64,
    /// Whether nothing is known of some jobs.
    pub is_least: bool,
}

impl TimeLeft {
    /// None where nothing is known at all.
    fn words(self) -> Option<String> {
        let TimeLeft { seconds, is_least } = self;
        let how = if is_least { "at least" } else { "about" };
        (seconds > 0.0 || !is_least).then(|| format!("{how} {} left", roughly(seconds)))
    }
}

/// The most jobs that have a bar of their own: a cluster runs more than a terminal has lines.
const MOST_BARS: usize = 16;

/// Shows a run.
pub struct Screen {
    show: Show,
    color: Color,
    bars: Option<Bars>,
}

struct Bars {
    multi: MultiProgress,
    overall: ProgressBar,
    jobs: HashMap<usize, ProgressBar>,
    /// Whose progress the bar of a job shows.
    followed: HashMap<usize, String>,
}

impl Screen {
    /// A screen for a run of so many jobs. Bars need a terminal.
    pub fn new(show: Show, color: Color, jobs: usize) -> Screen {
        let bars = (show == Show::Normal && std::io::stderr().is_terminal() && !is_dumb()).then(|| {
            let multi = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
            let overall = multi.add(ProgressBar::new(jobs as u64));
            overall.set_style(style("{bar:24} {pos}/{len} jobs  {elapsed}  {wide_msg}"));
            Bars { multi, overall, jobs: HashMap::new(), followed: HashMap::new() }
        });
        Screen { show, color, bars }
    }

    /// A line for whoever watches.
    fn line(&self, text: &str) {
        if self.show == Show::Normal {
            self.between(|| print(&mut std::io::stdout(), text));
        }
    }

    /// The same as an object, for programs.
    fn event(&self, event: impl FnOnce() -> Json) {
        if self.show == Show::Json {
            print(&mut std::io::stdout(), &event().to_string());
        }
    }

    /// Something that a person should know.
    pub fn note(&self, text: &str) {
        self.event(|| json!({"event": "note", "text": text}));
        self.line(text);
    }

    /// A line that is shown even when quiet.
    pub fn warn(&self, text: &str) {
        self.event(|| json!({"event": "warning", "text": text}));
        if self.show != Show::Json {
            self.between(|| print(&mut std::io::stderr(), text));
        }
    }

    /// Writes while the bars are away.
    fn between(&self, write: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.multi.suspend(write),
            None => write(),
        }
    }

    /// Why a job runs, or that it does not.
    pub fn why(&self, name: &str, reason: Option<&Reason>) {
        self.event(|| json!({"event": "explained", "job": name, "runs": reason.is_some(), "why": reason.map(Reason::lines), "reason": reason}));
        let lines = reason.map_or_else(|| vec!["up to date".to_owned()], Reason::lines);
        let verb = if reason.is_some() { "run" } else { "keep" };
        lines.iter().for_each(|line| self.line(&format!("{verb} {name}: {}", printable(line))));
    }

    /// A job started.
    pub fn started(&self, name: &str, reason: Option<&Reason>, threads: usize) {
        self.event(|| json!({"event": "started", "job": name, "why": reason.map(Reason::lines), "reason": reason, "threads": threads}));
    }

    /// A job that was started runs by now: on a cluster it may have had to wait.
    pub fn began(&mut self, job: usize, name: &str) {
        if let Some(bars) = &mut self.bars
            && bars.jobs.len() < MOST_BARS
        {
            let bar = bars.multi.insert_before(&bars.overall, ProgressBar::no_length());
            bar.set_style(style("{spinner} {prefix}  {elapsed}  {wide_msg}"));
            bar.set_prefix(shortened(name, width()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bars.jobs.insert(job, bar);
        }
    }

    /// A job got on.
    pub fn progress(&mut self, job: usize, name: &str, stage: &str, progress: &Progress) {
        self.event(|| {
            let Progress { done, total, unit, message } = progress;
            json!({"event": "progress", "job": name, "process": stage, "done": done, "total": total, "unit": unit, "message": message})
        });
        let Some(bars) = &mut self.bars else { return };
        let Some(bar) = bars.jobs.get(&job) else { return };
        // One bar follows one process: the first of a job's that knows how far it has to go.
        match bars.followed.get(&job) {
            Some(followed) if followed != stage => return,
            None if progress.total.is_some() => drop(bars.followed.insert(job, stage.to_owned())),
            _ => {}
        }
        if let Some(total) = progress.total {
            if bar.length() != Some(total) {
                bar.set_length(total);
                bar.set_style(style(
                    "{spinner} {prefix}  {elapsed}, {eta} left  {bar:10} {pos}/{len} {wide_msg}",
                ));
            }
            bar.set_position(progress.done.min(total));
            bar.set_message(printable(format!("{} {}", progress.unit, progress.message).trim()));
        } else {
            bar.set_message(printable(&format!("{} {} {}", progress.done, progress.unit, progress.message)));
        }
    }

    /// A job told numbers of a step; a person reads them in its progress.
    pub fn numbers(&self, name: &str, stage: &str, numbers: &Numbers) {
        self.event(|| {
            let values: serde_json::Map<String, Json> =
                numbers.values.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            json!({"event": "numbers", "job": name, "process": stage, "step": numbers.step, "numbers": values})
        });
    }

    /// Where the page of this run is.
    pub fn live(&self, url: &str) {
        self.event(|| json!({"event": "live", "url": url}));
        if self.show != Show::Json {
            self.between(|| print(&mut std::io::stderr(), &format!("live: {url}")));
        }
    }

    /// A job ended, in whatever way.
    pub fn ended(&mut self, job: usize) {
        let Some(bars) = &mut self.bars else { return };
        bars.followed.remove(&job);
        if let Some(bar) = bars.jobs.remove(&job) {
            bar.finish_and_clear();
        }
    }

    /// A job did its work.
    pub fn done(&self, name: &str, account: &Account) {
        self.event(|| {
            let used = account.used.unwrap_or_default();
            json!({
                "event": "done", "job": name, "seconds": account.seconds, "threads": account.threads,
                "attempts": account.attempts, "cpu_seconds": used.cpu_seconds, "peak_memory": used.peak_memory,
                "output_bytes": account.bytes, "by_another_runner": account.used.is_none(),
            })
        });
        let done = paint(self.color.on(&std::io::stdout()), "32", "done");
        let other = if account.used.is_none() { " (by another runner)" } else { "" };
        self.line(&format!("{done} {name} {}{other}", duration(account.seconds)));
    }

    /// A job came from the shared cache.
    pub fn fetched(&self, name: &str, moved: u64) {
        self.event(|| json!({"event": "fetched", "job": name, "bytes": moved}));
        let fetched = paint(self.color.on(&std::io::stdout()), "32", "fetched");
        self.line(&format!("{fetched} {name} ({})", bytes(moved)));
    }

    /// What the run made has gone to the shared cache.
    pub fn uploaded(&self, url: &str, entries: usize, moved: u64) {
        self.event(|| json!({"event": "uploaded", "entries": entries, "bytes": moved}));
        self.line(&format!("uploaded {} to {url} ({})", counted(entries, "job"), bytes(moved)));
    }

    /// An attempt at a job failed; `again` says which one, if there will be another.
    pub fn failed(&self, name: &str, failure: &Failure, again: Option<&str>) {
        self.event(|| {
            json!({
                "event": if again.is_some() { "retried" } else { "failed" }, "job": name, "error": failure.what,
                "command": failure.line, "last_words": failure.tail, "log": failure.log, "attempt": again,
            })
        });
        if self.show == Show::Json {
            return;
        }
        let failed = paint(self.color.on(&std::io::stderr()), "1;31", "failed");
        let again = again.map(|again| format!(" ({again}; trying again)")).unwrap_or_default();
        let mut text = format!("{failed} {name}{again}: {}", printable(&failure.what));
        if let Some(line) = &failure.line {
            text += &format!("\n  command: {}", beginning(line));
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

    /// A job was left out, as the `number`th one. On paper only the first few are told.
    pub fn not_run(&self, name: &str, why: &str, number: usize) {
        const MOST: usize = 20;
        self.event(|| json!({"event": "not-run", "job": name, "why": why}));
        if self.show == Show::Normal && number <= MOST {
            self.warn(&format!("not run {name} ({why})"));
        }
        if self.show == Show::Normal && number == MOST + 1 {
            self.warn("not run: more jobs, which `runner status` lists");
        }
    }

    /// Whether anybody sees how far the whole run is.
    pub fn shows_overall(&self) -> bool {
        self.bars.is_some()
    }

    /// Shows how far the whole run is, and how long it will probably take from here.
    pub fn overall(&self, counts: Counts, left: Option<TimeLeft>) {
        if let Some(bars) = &self.bars {
            bars.overall.set_position((counts.done + counts.up_to_date + counts.failed) as u64);
            let left =
                left.and_then(|left| left.words()).map(|words| format!(", {words}")).unwrap_or_default();
            bars.overall.set_message(format!("{}{left}", summary(Counts { not_run: 0, ..counts })));
        }
    }

    /// Ends the show with one line.
    pub fn close(&mut self, counts: Counts, seconds: f64) {
        if let Some(bars) = self.bars.take() {
            bars.overall.finish_and_clear();
            let _ = bars.multi.clear();
        }
        self.event(|| json!({"event": "finished", "counts": counts, "seconds": seconds}));
        if self.show == Show::Json {
            return;
        }
        let took = duration(seconds);
        let up_to_date = format!("{} up to date{}", counted(counts.up_to_date, "job"), fetched(counts));
        if counts.done + counts.failed + counts.not_run > 0 {
            let text = format!("{} ({took})", summary(counts));
            if counts.failed + counts.not_run > 0 { self.warn(&text) } else { self.line(&text) }
        } else if counts.linked > 0 {
            let files = if counts.linked == 1 { "1 result" } else { &format!("{} results", counts.linked) };
            self.line(&format!("nothing to run: {up_to_date}, {files} put in place ({took})"));
        } else {
            self.line(&format!("nothing to do: {up_to_date} ({took})"));
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

/// Text in a colour.
pub fn paint(on: bool, code: &str, text: &str) -> String {
    if on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

fn summary(counts: Counts) -> String {
    let parts = [
        (counts.done, "done"),
        (counts.up_to_date, "up to date"),
        (counts.failed, "failed"),
        (counts.not_run, "not run"),
    ];
    let more = |what: &str| if what == "up to date" { fetched(counts) } else { String::new() };
    let parts = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}{}", more(what)));
    parts.collect::<Vec<_>>().join(", ")
}

/// How much came from the shared cache, if anything did.
fn fetched(counts: Counts) -> String {
    match counts.fetched {
        0 => String::new(),
        n => format!(", {n} of them from the shared cache, {}", bytes(counts.fetched_bytes)),
    }
}

/// The columns of the terminal.
fn width() -> usize {
    rustix::termios::tcgetwinsize(std::io::stderr()).map_or(80, |size| usize::from(size.ws_col))
}

/// A command line as it is shown to people: one of hundreds of files fills pages. The log has it whole.
fn beginning(line: &str) -> String {
    const MOST: usize = 2000;
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} … (whole in the log)", &line[..end]),
        None => line.to_owned(),
    }
}

/// A name that leaves room beside it on a terminal of this width: its middle is cut out if it is long.
fn shortened(name: &str, width: usize) -> String {
    /// The least and the most letters, and what stands beside them: a bar, counts and times.
    const LEAST: usize = 8;
    const MOST: usize = 41;
    const BESIDE: usize = 40;
    let room = width.saturating_sub(BESIDE).clamp(LEAST, MOST);
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= room {
        return name.to_owned();
    }
    // Names differ rather at their ends.
    let tail = room / 2 + 2;
    let (head, tail) = (&letters[..room - tail - 1], &letters[letters.len() - tail..]);
    head.iter().chain(&['…']).chain(tail).collect()
}

/// An estimated time in seconds, without digits that nobody can know.
fn roughly(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{:.0} s", s.ceil()),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_the_least_where_a_stage_never_ran_and_nothing_where_none_did() {
        let words = |seconds, is_least| TimeLeft { seconds, is_least }.words();
        assert_eq!(words(75.0, false).as_deref(), Some("about 75 s left"));
        assert_eq!(words(300.0, true).as_deref(), Some("at least 5 min left"));
        assert_eq!(words(0.0, true), None);
        assert_eq!(words(0.0, false).as_deref(), Some("about 0 s left"));
    }

    #[test]
    fn names_leave_room_for_bars_on_narrow_terminals() {
        let name = "estimate-distributions@network=cnn2,seed=3,epoch=10";
        assert_eq!(shortened(name, 110), "estimate-distribut…k=cnn2,seed=3,epoch=10");
        assert_eq!(shortened(name, 60), "estimat…d=3,epoch=10");
        for width in 48..81 {
            assert_eq!(shortened(name, width).chars().count() + 40, width);
        }
        assert_eq!(shortened(name, 0), "e…och=10");
        assert_eq!(shortened("train@seed=1", 110), "train@seed=1");
    }
}
