//! Why the runner ends without having done its work, and the exit codes that tell it.

use plan::faults::Located;
use std::io;
use std::path::Path;

/// Why the runner ended without having done its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line asks for something that is not there.
    #[error("{0}")]
    Usage(String),
    /// The pipeline is wrong, or what the command line sets in it.
    #[error("{text}")]
    Faults {
        /// Rendered already, one paragraph a fault.
        text: String,
        /// Only the command line is to blame.
        usage: bool,
        /// The same for programs.
        located: Vec<Located>,
    },
    /// It was asked to end while it waited for another runner.
    #[error("interrupted before anything began")]
    Interrupted,
    /// The page of the run cannot be served.
    #[error("cannot serve the page of the run: {0}")]
    Live(io::Error),
    /// The shared cache cannot be had a thread for.
    #[error("cannot start what asks the shared cache: {0}")]
    Remote(io::Error),
    /// A file could not be kept or had.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// For programs.
    pub fn as_json(&self) -> serde_json::Value {
        let (error, faults) = match self {
            Error::Faults { located, .. } if !located.is_empty() => {
                ("the pipeline is wrong".to_owned(), &located[..])
            }
            other => (other.to_string(), &[][..]),
        };
        serde_json::json!({"error": error, "exit_code": self.exit_code(), "faults": faults})
    }

    /// Whether it is only that nothing can be written here.
    pub fn is_denied(&self) -> bool {
        matches!(self, Error::Store(error) if error.is_denied())
    }

    /// The exit code that tells this error from the others.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Store(store::Error::Io { .. }) | Error::Live(_) | Error::Remote(_) => 1,
            Error::Usage(_) | Error::Store(store::Error::Place(_)) | Error::Faults { usage: true, .. } => 2,
            Error::Faults { usage: false, .. } => 3,
            Error::Interrupted => 130,
        }
    }
}

/// Adds to an error of the file system what was tried, and on which file.
pub fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let with_file = store::error::io_error(action, path);
    move |source| Error::Store(with_file(source))
}
