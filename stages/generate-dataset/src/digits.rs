//! Handwritten digits from where people keep them: a Parquet file, MNIST's IDX files, or NIST SD19's folders.

use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tables::picture::{self, Grey};
use tables::{Batch, CLASSES, Reader, catalogue};

mod mnist;
mod sd19;

/// A handwritten digit.
#[derive(Clone, Debug)]
pub struct Digit<P> {
    /// Its class, 0 to 9.
    pub label: u8,
    /// The picture, or what was made of it.
    pub picture: P,
    /// Where it comes from: a path inside its source.
    pub path: String,
}

/// Why digits could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table of digits is not right.
    #[error(transparent)]
    Table(#[from] tables::Error),
    /// A file can't be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what its place promises.
    #[error("{}: {detail}", path.display())]
    Content {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and what would be right.
        detail: String,
    },
}

impl Error {
    fn io(path: &Path, source: io::Error) -> Error {
        Error::Io { path: path.to_owned(), source }
    }

    fn content(path: &Path, detail: impl ToString) -> Error {
        Error::Content { path: path.to_owned(), detail: detail.to_string() }
    }
}

/// Reads all digits at `path`, in the order of the source, and keeps of each picture what `keep` makes of it: those of SD19 take
/// gigabytes. A folder that holds `30` is SD19's `by_class`, another folder must hold MNIST's IDX files, a file is a Parquet table of
/// digits.
///
/// # Errors
/// Where it is none of these, or is damaged, with the file and, in a table, column and row.
pub fn read<P: Send>(path: &Path, keep: impl Fn(Grey) -> P + Sync) -> Result<Vec<Digit<P>>, Error> {
    if path.is_dir() {
        if path.join(sd19::folder(0)).is_dir() { sd19::read(path, keep) } else { mnist::read(path, keep) }
    } else {
        read_parquet(path, keep)
    }
}

fn read_parquet<P: Send>(path: &Path, keep: impl Fn(Grey) -> P + Sync) -> Result<Vec<Digit<P>>, Error> {
    let batches = Reader::open(path, &catalogue::DIGITS, &[])?;
    // One thread reads the next batch while the others decode those before it.
    let decode = |(number, batch): (usize, Result<Batch, tables::Error>)| {
        (number, batch.and_then(|batch| decode(&batch, &keep)))
    };
    let mut decoded: Vec<_> = batches.enumerate().par_bridge().map(decode).collect();
    decoded.sort_by_key(|(number, _)| *number);
    // The first that is wrong, whichever thread came first.
    let decoded: Result<Vec<_>, _> = decoded.into_iter().map(|(_, digits)| digits).collect();
    Ok(decoded?.into_iter().flatten().collect())
}

fn decode<P: Send>(
    batch: &Batch,
    keep: &(impl Fn(Grey) -> P + Sync),
) -> Result<Vec<Digit<P>>, tables::Error> {
    let labels = batch.i64s("label")?;
    let images = batch.encoded_images("image")?;
    let digit = |row: usize| {
        let label = u8::try_from(labels[row]).ok().filter(|label| usize::from(*label) < CLASSES);
        let label = label.ok_or_else(|| {
            batch.bad_value("label", row, format!("label {}", labels[row]), "labels are 0 to 9")
        })?;
        let grey = picture::decode(images.bytes(row)).map_err(|error| {
            batch.bad_value("image", row, error, "every image is a PNG that can be decoded")
        })?;
        Ok(Digit { label, picture: keep(grey), path: images.path(row).to_owned() })
    };
    let digits: Vec<Result<Digit<P>, tables::Error>> = (0..batch.rows()).into_par_iter().map(digit).collect();
    // The first that is wrong, whichever thread came first.
    digits.into_iter().collect()
}
