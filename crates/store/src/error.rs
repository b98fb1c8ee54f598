//! Why a file could not be kept or had.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file could not be kept or had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not to be written there.
    #[error("{0}")]
    Place(String),
    /// The file system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, such as "write".
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Whether it is only that nothing can be written here.
    pub fn is_denied(&self) -> bool {
        use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        matches!(self, Error::Io { source, .. } if matches!(source.kind(), PermissionDenied | ReadOnlyFilesystem))
    }
}

/// Adds to an error of the file system what was tried, and on which file.
pub fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::Io { action, path, source }
}
