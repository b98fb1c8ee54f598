//! What can be wrong with a table, in words that name the file, the column and the row.

use std::path::{Path, PathBuf};

/// Why a table could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not there or can't be opened.
    #[error("{}: cannot open it: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no Parquet (or no Arrow stream), or it ends too early.
    #[error("{}: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The file says that it is another table.
    #[error("{}: it is the table `{found}`, but the table `{expected}` is needed here", path.display())]
    WrongTable {
        /// The file.
        path: PathBuf,
        /// The table that the file says it is, with its version.
        found: String,
        /// The table that was asked for, with its version.
        expected: String,
    },
    /// A column is missing.
    #[error("{}: column `{column}` ({expected}) is missing{}", path.display(), nearest.as_ref().map(|n| format!("; is `{n}` meant to be it?")).unwrap_or_default())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column that is not there.
        column: String,
        /// Its type.
        expected: String,
        /// The name in the file that comes nearest.
        nearest: Option<String>,
    },
    /// A column has another type.
    #[error("{}: column `{column}` is {found}, but must be {expected}", path.display())]
    WrongType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The type in the file.
        found: String,
        /// The type that it must have.
        expected: String,
    },
    /// A value is outside what the column may hold.
    #[error("{}: column `{column}`, row {row}: {found}; {expected}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// What stands there.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// Writing failed.
    #[error("cannot write the table `{table}`: {detail}")]
    Write {
        /// The table.
        table: String,
        /// What went wrong.
        detail: String,
    },
}

impl Error {
    /// A damaged file.
    pub fn damaged(path: &Path, detail: impl std::fmt::Display) -> Error {
        Error::Damaged { path: path.to_owned(), detail: detail.to_string() }
    }

    /// A value outside what the column may hold; `row` counts from 0.
    pub fn value(
        path: &Path,
        column: &str,
        row: usize,
        found: impl ToString,
        expected: impl ToString,
    ) -> Error {
        let (found, expected) = (found.to_string(), expected.to_string());
        Error::Value { path: path.to_owned(), column: column.to_owned(), row, found, expected }
    }
}
