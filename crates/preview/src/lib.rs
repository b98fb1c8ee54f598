//! What is in a table, whatever its columns: its files read as one table, and each column's type, shape, unit, statistics and first
//! values. It knows no table by name, so that tables of anyone's stages can be looked at.

mod column;
mod statistics;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use arrow_schema::{ArrowError, SchemaRef};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use column::Gathered;
pub use column::{Column, FIRST_VALUES, number};
pub use statistics::{MOST_WORDS, Statistics};

/// A table, as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// What the files say of themselves without the prefix `priorscope.`: `schema`, `stage`, `params` and so on; where they differ,
    /// what the first says.
    pub metadata: BTreeMap<String, String>,
    /// Rows of all files together.
    pub rows: usize,
    /// How many files.
    pub files: usize,
    /// Bytes of all files together.
    pub bytes: u64,
    /// In the order of the first file.
    pub columns: Vec<Column>,
}

/// Why a table can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no table, or a damaged one.
    #[error("{}: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Files of several tables.
    #[error("{} has other columns than {}; they are not parts of one table", other.display(), first.display())]
    Differ {
        /// The first file.
        first: PathBuf,
        /// One that does not go with it.
        other: PathBuf,
    },
    /// No file was given.
    #[error("no file was given")]
    Nothing,
}

/// Reads Parquet files, which must have the same columns, to their ends.
///
/// # Errors
/// Where one can't be opened, is no Parquet file, is damaged, or has other columns than the first.
pub fn preview(paths: &[PathBuf]) -> Result<Preview, Error> {
    let first = paths.first().ok_or(Error::Nothing)?;
    let mut bytes = 0;
    let mut rows = 0;
    let mut schema: Option<SchemaRef> = None;
    let mut columns: Vec<Gathered> = Vec::new();
    for path in paths {
        let damaged = |detail: String| Error::Damaged { path: path.clone(), detail };
        let open = |source| Error::Open { path: path.clone(), source };
        let file = File::open(path).map_err(open)?;
        bytes += file.metadata().map_err(open)?.len();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)
            .map_err(|error| damaged(format!("it is no Parquet file, or cut short: {error}")))?;
        let found = reader.schema().clone();
        match &schema {
            None => {
                columns = found.fields().iter().map(|field| Gathered::new(field)).collect();
                schema = Some(found);
            }
            Some(known) if has_same_columns(known, &found) => {
                columns.iter_mut().zip(found.fields()).for_each(|(column, field)| column.add_file(field));
            }
            Some(_) => return Err(Error::Differ { first: first.clone(), other: path.clone() }),
        }
        for batch in reader.build().map_err(|error| damaged(error.to_string()))? {
            let cut = |error: ArrowError| damaged(format!("it can't be read to its end: {error}"));
            let batch = batch.map_err(cut)?;
            rows += batch.num_rows();
            for (column, array) in columns.iter_mut().zip(batch.columns()) {
                column.add(array).map_err(cut)?;
            }
        }
    }
    let metadata = schema.as_ref().map(metadata).unwrap_or_default();
    let columns = columns.into_iter().map(Gathered::finish).collect();
    Ok(Preview { metadata, rows, files: paths.len(), bytes, columns })
}

/// Tensors may have other shapes: they depend on the network.
fn has_same_columns(one: &SchemaRef, other: &SchemaRef) -> bool {
    let names = |schema: &SchemaRef| -> Vec<(String, String)> {
        let of = |field: &arrow_schema::FieldRef| (field.name().clone(), column::type_name(field));
        schema.fields().iter().map(of).collect()
    };
    names(one) == names(other)
}

fn metadata(schema: &SchemaRef) -> BTreeMap<String, String> {
    let own =
        |(key, value): (&String, &String)| Some((key.strip_prefix("priorscope.")?.to_owned(), value.clone()));
    schema.metadata().iter().filter_map(own).collect()
}

#[cfg(test)]
#[path = "preview_tests.rs"]
mod tests;
