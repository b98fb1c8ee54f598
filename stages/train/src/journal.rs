//! What a training has done so far, kept beside its checkpoints: one record an epoch, so that a killed training can
//! go on.
//!
//! The file begins with the fingerprint of the training. A record is a row of little-endian numbers and their BLAKE3
//! digest; one that was cut short or damaged does not match its digest, and it and all after it are done again.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// An epoch: what the history tells of it, and all that the next one needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The epoch.
    pub epoch: u32,
    /// Steps of the optimiser so far.
    pub steps: u64,
    /// Mean cross-entropy over the training images, nats.
    pub training_loss: f64,
    /// Share of training images classified wrongly.
    pub training_error: f64,
    /// Share of test images classified wrongly.
    pub test_error: f64,
    /// Wall time of the training steps, s.
    pub training_seconds: f64,
    /// Wall time of the evaluation, s.
    pub evaluation_seconds: f64,
    /// The parameters after the epoch.
    pub parameters: Vec<f32>,
    /// The optimiser's first memory, see [`network::optimiser::State`].
    pub first: Vec<f32>,
    /// The optimiser's second memory.
    pub second: Vec<f32>,
}

/// Numbers of a record before its vectors.
const SCALARS: usize = 7;
const DIGEST: usize = blake3::OUT_LEN;

impl Record {
    /// What a person wants to see of an epoch.
    pub fn message(&self) -> String {
        format!(
            "loss {:.4}, training error {:.2} %, test error {:.2} %",
            self.training_loss,
            100.0 * self.training_error,
            100.0 * self.test_error
        )
    }

    /// What is drawn of an epoch.
    pub fn numbers(&self) -> [(&'static str, f64); 3] {
        [
            ("training loss", self.training_loss),
            ("training error", self.training_error),
            ("test error", self.test_error),
        ]
    }

    fn length(parameters: usize) -> usize {
        SCALARS * 8 + 3 * parameters * 4 + DIGEST
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Record::length(self.parameters.len()));
        bytes.extend(u64::from(self.epoch).to_le_bytes());
        bytes.extend(self.steps.to_le_bytes());
        for number in [
            self.training_loss,
            self.training_error,
            self.test_error,
            self.training_seconds,
            self.evaluation_seconds,
        ] {
            bytes.extend(number.to_le_bytes());
        }
        for values in [&self.parameters, &self.first, &self.second] {
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        let digest = blake3::hash(&bytes);
        bytes.extend(digest.as_bytes());
        bytes
    }

    /// The record that the bytes hold; none where they don't match their digest.
    fn decode(bytes: &[u8], parameters: usize) -> Option<Record> {
        let (content, digest) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST)?)?;
        if bytes.len() != Record::length(parameters) || blake3::hash(content).as_bytes() != digest {
            return None;
        }
        let mut words = content.chunks_exact(8).map(|b| [b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
        let mut word = || words.next();
        let epoch = u32::try_from(u64::from_le_bytes(word()?)).ok()?;
        let steps = u64::from_le_bytes(word()?);
        let mut number = || word().map(f64::from_le_bytes);
        let (training_loss, training_error, test_error) = (number()?, number()?, number()?);
        let (training_seconds, evaluation_seconds) = (number()?, number()?);
        let floats: Vec<f32> = content[SCALARS * 8..]
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect();
        let mut vectors = floats.chunks_exact(parameters.max(1)).map(<[f32]>::to_vec);
        let (parameters, first, second) = (vectors.next()?, vectors.next()?, vectors.next()?);
        Some(Record {
            epoch,
            steps,
            training_loss,
            training_error,
            test_error,
            training_seconds,
            evaluation_seconds,
            parameters,
            first,
            second,
        })
    }
}

/// An open journal.
pub struct Journal {
    path: PathBuf,
    file: File,
    records: Vec<Record>,
}

impl Journal {
    /// Opens the journal of the training whose checkpoints will stand at `checkpoints`. Records of another training
    /// are dropped.
    ///
    /// # Errors
    /// Where it can't be read or written, or another process is training at the same place.
    pub fn open(checkpoints: &Path, fingerprint: &blake3::Hash, parameters: usize) -> io::Result<Journal> {
        let name =
            checkpoints.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let path = checkpoints.with_file_name(format!(".{name}.journal"));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        file.try_lock().map_err(|_| {
            let message = format!("another process is training at this place ({} is locked)", path.display());
            io::Error::new(io::ErrorKind::ResourceBusy, message)
        })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut records = Vec::new();
        if bytes.len() >= DIGEST && bytes[..DIGEST] == *fingerprint.as_bytes() {
            let stored = bytes[DIGEST..].chunks(Record::length(parameters));
            records = stored
                .map_while(|bytes| Record::decode(bytes, parameters))
                .enumerate()
                .take_while(|(index, record)| *index == record.epoch as usize)
                .map(|(_, record)| record)
                .collect();
        } else {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(fingerprint.as_bytes())?;
        }
        let end = DIGEST + records.len() * Record::length(parameters);
        file.set_len(end as u64)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Journal { path, file, records })
    }

    /// The epochs that are done, in order, without a gap.
    pub fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// Adds an epoch.
    ///
    /// # Errors
    /// Where the disk is full.
    pub fn append(&mut self, record: &Record) -> io::Result<()> {
        self.file.write_all(&record.encode())
    }

    /// Removes the journal once the outputs are there. A journal that stays behind does no harm.
    pub fn remove(self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(epoch: u32) -> Record {
        Record {
            epoch,
            steps: u64::from(epoch) * 7,
            training_loss: 0.1,
            training_error: 0.2,
            test_error: 0.3,
            training_seconds: 1.0,
            evaluation_seconds: 2.0,
            parameters: vec![epoch as f32; 3],
            first: vec![0.5; 3],
            second: vec![0.25; 3],
        }
    }

    fn write(folder: &Path, epochs: std::ops::Range<u32>, fingerprint: &blake3::Hash) -> PathBuf {
        let checkpoints = folder.join("checkpoints.parquet");
        let mut journal = Journal::open(&checkpoints, fingerprint, 3).unwrap();
        epochs.for_each(|epoch| journal.append(&record(epoch)).unwrap());
        checkpoints
    }

    fn records(checkpoints: &Path, fingerprint: &blake3::Hash) -> Vec<Record> {
        Journal::open(checkpoints, fingerprint, 3).unwrap().take_records()
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let fingerprint = blake3::hash(b"this training");
        let checkpoints = write(folder.path(), 0..3, &fingerprint);
        assert_eq!(records(&checkpoints, &fingerprint), [record(0), record(1), record(2)]);
    }

    #[test]
    fn a_record_that_was_cut_short_is_left_out_and_can_be_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let fingerprint = blake3::hash(b"this training");
        let checkpoints = write(folder.path(), 0..3, &fingerprint);
        let path = folder.path().join(".checkpoints.parquet.journal");
        let length = std::fs::metadata(&path).unwrap().len();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 5).unwrap();
        let mut journal = Journal::open(&checkpoints, &fingerprint, 3).unwrap();
        assert_eq!(journal.take_records().len(), 2);
        journal.append(&record(2)).unwrap();
        drop(journal);
        assert_eq!(records(&checkpoints, &fingerprint).len(), 3);
    }

    #[test]
    fn records_of_another_training_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = write(folder.path(), 0..3, &blake3::hash(b"this training"));
        assert!(records(&checkpoints, &blake3::hash(b"another training")).is_empty());
    }

    #[test]
    fn two_trainings_at_one_place_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let fingerprint = blake3::hash(b"this training");
        let checkpoints = folder.path().join("checkpoints.parquet");
        let _first = Journal::open(&checkpoints, &fingerprint, 3).unwrap();
        let second = Journal::open(&checkpoints, &fingerprint, 3);
        assert!(second.err().unwrap().to_string().contains("another process is training"));
    }
}
