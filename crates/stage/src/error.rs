//! Why a stage stops, and the exit code that says so.

use std::path::{Path, PathBuf};

/// Why a stage could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An input is not what the stage needs.
    #[error("input --{port}: {detail}")]
    Input {
        /// The port.
        port: String,
        /// What is wrong, where, and what would be right.
        detail: String,
    },
    /// A param's value can't be used with these inputs.
    #[error("param --{param}: {detail}")]
    Param {
        /// The param.
        param: String,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// An output could not be written.
    #[error("{}: cannot write it: {source}", path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A table could not be written.
    #[error(transparent)]
    Table(#[from] tables::Error),
    /// The work itself failed.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// A param's value that can't be used; `param` in snake_case.
    pub fn param(param: &str, detail: impl std::fmt::Display) -> Error {
        Error::Param { param: param.replace('_', "-"), detail: detail.to_string() }
    }

    /// An input that is not what the stage needs; `port` in snake_case.
    pub fn input(port: &str, detail: impl std::fmt::Display) -> Error {
        Error::Input { port: port.replace('_', "-"), detail: detail.to_string() }
    }

    /// An output that could not be written.
    pub fn output(path: &Path, source: std::io::Error) -> Error {
        Error::Output { path: path.to_owned(), source }
    }

    /// 1 failed while working, 2 wrong usage, 3 bad input.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Output { .. } | Error::Table(_) | Error::Failed(_) => 1,
            Error::Param { .. } => 2,
            Error::Input { .. } => 3,
        }
    }
}
