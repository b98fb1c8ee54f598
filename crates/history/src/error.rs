//! Why the history could not be written or read.

use std::path::{Path, PathBuf};

/// Why a file of the history could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system would not.
    #[error("{}: cannot {doing} it: {source}", path.display())]
    System {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: open, read, write.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A table could not be made.
    #[error("{}: cannot make the table: {detail}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        detail: String,
    },
    /// A file is no Parquet file, or one of another table.
    #[error("{}: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what would be right.
        detail: String,
    },
    /// A run's name can't name a file.
    #[error("`{0}` is no name of a run; one is like `20261123T201500.123456Z-4711`")]
    Name(String),
}

impl Error {
    pub(crate) fn system(path: &Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::System { path, doing, source }
    }

    pub(crate) fn table(path: &Path, detail: impl std::fmt::Display) -> Error {
        Error::Table { path: path.to_owned(), detail: detail.to_string() }
    }

    pub(crate) fn damaged(path: &Path, detail: impl std::fmt::Display) -> Error {
        Error::Damaged { path: path.to_owned(), detail: detail.to_string() }
    }
}
