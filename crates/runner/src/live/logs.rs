//! The logs of running jobs, read on as they grow. They hold all that a process says, whichever way it says it.

use super::page::Line;
use crate::work::Log;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// The most that is read of one log at a time; what a job says beyond is left out here, not in its log.
const MOST_BYTES: u64 = 1 << 15;

/// The logs that are followed.
#[derive(Default)]
pub struct Logs(Vec<Followed>);

struct Followed {
    job: usize,
    log: Log,
    /// Open from its first line on, so that it stays the same file.
    file: Option<File>,
    /// Up to where it was read.
    position: u64,
    /// The beginning of a line whose end is not written yet.
    rest: Vec<u8>,
}

impl Logs {
    /// Follows the logs of a job that has just started.
    pub fn follow(&mut self, job: usize, logs: Vec<Log>) {
        self.0.extend(logs.into_iter().map(|log| Followed {
            job,
            file: None,
            position: log.begin,
            rest: Vec::new(),
            log,
        }));
    }

    /// The lines that came since.
    pub fn read(&mut self) -> Vec<Line> {
        self.0.iter_mut().flat_map(Followed::read).collect()
    }

    /// The last lines of a job that has ended; it is followed no longer.
    pub fn end(&mut self, job: usize) -> Vec<Line> {
        let logs = std::mem::take(&mut self.0);
        let (mut ended, others): (Vec<_>, Vec<_>) = logs.into_iter().partition(|log| log.job == job);
        self.0 = others;
        let last = |log: &mut Followed| {
            let mut lines = log.read();
            let rest = std::mem::take(&mut log.rest);
            lines.extend((!rest.is_empty()).then(|| log.line(&rest)));
            lines
        };
        ended.iter_mut().flat_map(last).collect()
    }
}

impl Followed {
    fn line(&self, bytes: &[u8]) -> Line {
        Line::new(&self.log.process, &String::from_utf8_lossy(bytes))
    }

    fn read(&mut self) -> Vec<Line> {
        // A log that cannot be read (yet) has no lines.
        let Ok((left_out, bytes)) = self.bytes() else { return Vec::new() };
        let mut lines = Vec::new();
        if left_out > 0 {
            self.rest.clear();
            lines.push(self.line(format!("... {left_out} bytes are only in the log").as_bytes()));
        }
        self.rest.extend(bytes);
        let mut whole = std::mem::take(&mut self.rest);
        // A line without end is cut where it is too long to be kept.
        let end = match whole.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if whole.len() as u64 > MOST_BYTES => whole.len(),
            None => 0,
        };
        self.rest = whole.split_off(end);
        let whole = whole.strip_suffix(b"\n").unwrap_or(&whole);
        if end > 0 {
            lines.extend(whole.split(|byte| *byte == b'\n').map(|bytes| self.line(bytes)));
        }
        lines
    }

    /// What was written since, and how many bytes before it are left out.
    fn bytes(&mut self) -> io::Result<(u64, Vec<u8>)> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::open(&self.log.path)?),
        };
        let length = file.metadata()?.len();
        let begin = length.saturating_sub(MOST_BYTES).max(self.position);
        let left_out = begin - self.position;
        let mut bytes = Vec::new();
        if length > begin {
            file.seek(SeekFrom::Start(begin))?;
            file.take(length - begin).read_to_end(&mut bytes)?;
        }
        self.position = begin + bytes.len() as u64;
        Ok((left_out, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn texts(lines: Vec<Line>) -> Vec<String> {
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_come_as_they_are_written_and_what_floods_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.log");
        let mut logs = Logs::default();
        let log = Log { process: "train".to_owned(), path: path.clone(), begin: 6 };
        logs.follow(7, vec![log]);
        assert!(logs.read().is_empty());
        let mut file = File::create(&path).unwrap();
        write!(file, "older\n$ train\nhal").unwrap();
        assert_eq!(texts(logs.read()), ["$ train"]);
        write!(file, "f a line\n\nlast").unwrap();
        assert_eq!(texts(logs.read()), ["half a line", ""]);
        assert!(logs.read().is_empty() && logs.end(1).is_empty());
        writeln!(file, "\n{}", "x\n".repeat(MOST_BYTES as usize)).unwrap();
        let lines = texts(logs.read());
        assert_eq!(lines[0], format!("... {} bytes are only in the log", MOST_BYTES + 2));
        assert_eq!(lines.len() as u64, 1 + MOST_BYTES / 2 + 1);
        write!(file, "no end").unwrap();
        assert_eq!(texts(logs.end(7)), ["no end"]);
        assert!(logs.0.is_empty());
    }
}
