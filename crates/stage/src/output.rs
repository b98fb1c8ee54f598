//! An output that appears whole or not at all: written beside its place, synced, then renamed.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use tempfile::NamedTempFile;

use crate::Error;

/// An output being written. Dropped unpublished, it leaves nothing behind.
pub struct Output {
    path: PathBuf,
    sink: Sink,
}

enum Sink {
    File(BufWriter<Partial>),
    StandardOutput(BufWriter<Box<dyn Write + Send>>),
}

impl Output {
    /// Starts an output at `path`; `-` is standard output.
    pub(crate) fn create(path: &Path) -> Result<Output, Error> {
        if path == Path::new("-") {
            let output = standard_output().map_err(|source| Error::output(path, source))?;
            let sink = Sink::StandardOutput(BufWriter::with_capacity(PIPE, output));
            return Ok(Output { path: path.to_owned(), sink });
        }
        if path.symlink_metadata().is_ok_and(|there| !there.is_file()) {
            let message = "what stands there is no regular file; name another place";
            return Err(Error::output(path, io::Error::new(io::ErrorKind::AlreadyExists, message)));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        std::fs::create_dir_all(folder).map_err(|source| Error::output(path, source))?;
        let file = tempfile::Builder::new()
            .prefix(&format!(".{name}."))
            .suffix(".partial")
            .tempfile_in(folder)
            .map_err(|source| Error::output(path, source))?;
        Ok(Output {
            path: path.to_owned(),
            sink: Sink::File(BufWriter::with_capacity(1 << 17, Partial::new(file))),
        })
    }

    /// Where it will appear.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes all outputs appear under their names: every one is synced before the first is renamed, so that a full
    /// disk leaves none of them.
    ///
    /// # Errors
    /// Where the disk is full or the place can't be written to.
    pub fn publish(outputs: Vec<Output>) -> Result<(), Error> {
        let mut files = Vec::new();
        for output in outputs {
            let failed = |source| Error::output(&output.path, source);
            match output.sink {
                Sink::StandardOutput(mut sink) => sink.flush().map_err(failed)?,
                Sink::File(sink) => {
                    let file = sink.into_inner().map_err(|error| failed(error.into_error()))?;
                    let file = file.synced().map_err(failed)?;
                    set_readable(file.as_file()).map_err(failed)?;
                    files.push((output.path, file));
                }
            }
        }
        for (path, file) in files {
            file.persist(&path).map_err(|error| Error::output(&path, error.error))?;
        }
        Ok(())
    }
}

/// A file that is being written, and synced meanwhile: at its end little is left to wait for.
struct Partial {
    file: NamedTempFile,
    /// Bytes written since the last sync began.
    unsynced: usize,
    syncing: Syncing,
}

/// Bytes after which a sync is worth its thread.
const SYNC: usize = 8 << 20;

impl Partial {
    fn new(file: NamedTempFile) -> Partial {
        Partial { file, unsynced: 0, syncing: Syncing(None) }
    }

    fn synced(mut self) -> io::Result<NamedTempFile> {
        self.syncing.settle()?;
        self.file.as_file().sync_all()?;
        Ok(self.file)
    }
}

impl Write for Partial {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if self.unsynced >= SYNC && self.syncing.is_done() {
            self.syncing.settle()?;
            self.syncing.begin(self.file.as_file());
            self.unsynced = 0;
        }
        let written = self.file.write(buffer)?;
        self.unsynced += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A sync that may be going on, on a thread of its own.
struct Syncing(Option<JoinHandle<io::Result<()>>>);

impl Syncing {
    /// Where there is no thread for it, the file is synced at its end alone.
    fn begin(&mut self, file: &File) {
        let sync = |file: File| thread::Builder::new().spawn(move || file.sync_data());
        self.0 = file.try_clone().and_then(sync).ok();
    }

    fn is_done(&self) -> bool {
        self.0.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for it. The system says only once what went wrong.
    fn settle(&mut self) -> io::Result<()> {
        let stopped = |_| io::Error::other("the thread that syncs the file stopped");
        self.0.take().map_or(Ok(()), |thread| thread.join().map_err(stopped)?)
    }
}

impl Drop for Syncing {
    /// Nothing is left behind, not even a thread that holds the file.
    fn drop(&mut self) {
        let _ = self.settle();
    }
}

/// What a pipe holds; more than that at once is not copied before it is written.
const PIPE: usize = 1 << 16;

/// Standard output without Rust's own buffer, which looks for ends of lines in what it is given.
#[cfg(unix)]
fn standard_output() -> io::Result<Box<dyn Write + Send>> {
    use std::os::fd::AsFd;
    Ok(Box::new(std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?)))
}

#[cfg(not(unix))]
fn standard_output() -> io::Result<Box<dyn Write + Send>> {
    Ok(Box::new(io::stdout()))
}

/// Temporary files are made for their owner alone; a result is for everybody, as the folder allows.
#[cfg(unix)]
fn set_readable(file: &std::fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_readable(_: &std::fs::File) -> io::Result<()> {
    Ok(())
}

impl Write for Output {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::File(file) => file.write(buffer),
            Sink::StandardOutput(output) => output.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::File(file) => file.flush(),
            Sink::StandardOutput(output) => output.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_appears_only_when_it_is_published() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/table.parquet");
        let mut output = Output::create(&path).unwrap();
        output.write_all(b"whole").unwrap();
        assert!(!path.exists());
        Output::publish(vec![output]).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
    }

    #[test]
    fn what_is_synced_while_it_is_written_appears_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        let bytes: Vec<u8> = (0..3 * SYNC + 1).map(|at| (at % 251) as u8).collect();
        let mut output = Output::create(&path).unwrap();
        bytes.chunks(SYNC / 3).for_each(|some| output.write_all(some).unwrap());
        Output::publish(vec![output]).unwrap();
        assert!(std::fs::read(&path).unwrap() == bytes);
    }

    #[test]
    fn what_is_no_regular_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let error = Output::create(folder.path()).err().unwrap().to_string();
        assert!(error.contains("no regular file"), "{error}");
        assert!(Output::create(Path::new("/dev/null")).is_err());
    }

    #[test]
    fn an_output_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for half in [vec![1; 4], vec![1; 2 * SYNC]] {
            let mut output = Output::create(&folder.path().join("table.parquet")).unwrap();
            output.write_all(&half).unwrap();
            output.write_all(&half).unwrap();
            drop(output);
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }
}
