//! The commands beside the run itself. Each works out an answer and shows it to people or, as JSON, to programs.

pub mod dry_run;
pub mod gc;
pub mod graph;
pub mod history;
pub mod log;
pub mod simulate;
pub mod status;
pub mod table;
pub mod verify;

use crate::errors::{Error, io_error};
use crate::lock::Waiting;
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// Shows an answer.
pub fn answer(json: bool, answer: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Error> {
    let shown = if json { serde_json::to_string_pretty(answer).unwrap_or_default() } else { text() };
    tell(shown.trim_end())
}

/// Writes to stdout. A reader that has gone away has what it wanted.
pub fn tell(text: &str) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(io_error("write", Path::new("standard output"))(error))
        }
        _ => Ok(()),
    }
}

/// How a command waits that cleans the cache.
pub const WAIT_FOR_RUNNERS: Waiting = Waiting {
    tell: &|_| crate::screen::print(&mut std::io::stderr(), "waiting for the runners that use the cache"),
    stop: &|| false,
};
