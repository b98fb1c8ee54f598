//! Whose a row is: the columns that most tables begin with.

use std::path::Path;

use tables::{Batch, Error, Numbers, Only, Reader};

/// One training at one epoch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Architecture.
    pub network: String,
    /// Labels that it was trained on.
    pub labels: String,
    /// Seed of the training.
    pub seed: i64,
    /// Epoch.
    pub epoch: i32,
}

const KEYS: [&str; 5] = ["network", "labels", "seed", "epoch", "image_id"];

/// The keys of a batch's rows, in columns.
pub(super) struct Keys<'a> {
    networks: Vec<&'a str>,
    labels: Vec<&'a str>,
    seeds: Numbers<i64>,
    pub(super) epochs: Numbers<i32>,
    pub(super) image_ids: Numbers<i32>,
}

impl<'a> Keys<'a> {
    pub(super) fn read(batch: &'a Batch) -> Result<Keys<'a>, Error> {
        Ok(Keys {
            networks: batch.texts("network")?,
            labels: batch.texts("labels")?,
            seeds: batch.i64s("seed")?,
            epochs: batch.i32s("epoch")?,
            image_ids: batch.i32s("image_id")?,
        })
    }

    pub(super) fn is(&self, row: usize, key: &Key, epoch: i32) -> bool {
        self.epochs[row] == epoch
            && self.seeds[row] == key.seed
            && self.networks[row] == key.network
            && self.labels[row] == key.labels
    }

    pub(super) fn key(&self, row: usize) -> Key {
        Key {
            network: self.networks[row].to_owned(),
            labels: self.labels[row].to_owned(),
            seed: self.seeds[row],
            epoch: self.epochs[row],
        }
    }
}

/// Whose the rows of a table without images are.
pub(super) fn trainings(batch: &Batch) -> Result<Vec<Key>, Error> {
    let (networks, labels) = (batch.texts("network")?, batch.texts("labels")?);
    let (seeds, epochs) = (batch.i64s("seed")?, batch.i32s("epoch")?);
    let key = |row: usize| Key {
        network: networks[row].to_owned(),
        labels: labels[row].to_owned(),
        seed: seeds[row],
        epoch: epochs[row],
    };
    Ok((0..batch.rows()).map(key).collect())
}

/// Opens a table with its keys and some columns, for the rows that fit every one of `only`.
pub(super) fn open(
    path: &Path,
    table: &'static tables::Table,
    columns: &[&str],
    only: &[Only<'_>],
) -> Result<Reader, Error> {
    let all: Vec<&str> = KEYS.iter().chain(columns).copied().collect();
    Reader::open_only(path, table, &all, only)
}
