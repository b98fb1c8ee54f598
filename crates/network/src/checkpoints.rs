//! Checkpoints as a table: who was trained, at which epoch, with which parameters.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use tables::{Cells, Error, Provenance, Reader, Writer, catalogue};

use crate::architecture::{Architecture, Network, TENSORS};
use crate::epochs::Epochs;
use crate::parameters::Parameters;

/// The columns of the parameter tensors, in the order of [`crate::architecture::NAMES`].
pub const COLUMNS: [&str; TENSORS] = [
    "conv1_weight",
    "conv1_bias",
    "conv2_weight",
    "conv2_bias",
    "fc1_weight",
    "fc1_bias",
    "fc2_weight",
    "fc2_bias",
];

/// What tells one training from another in every table after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Training {
    /// The network's architecture.
    pub network: Network,
    /// `real` or `random`.
    pub labels: String,
    /// The seed of the training.
    pub seed: i64,
}

impl Training {
    /// The columns `network`, `labels`, `seed` for `rows` rows.
    pub fn cells(&self, rows: usize) -> [Cells; 3] {
        [
            Cells::Same(self.network.name().to_owned(), rows),
            Cells::Same(self.labels.clone(), rows),
            Cells::I64(vec![self.seed; rows]),
        ]
    }
}

/// The parameters of one training at some epochs.
#[derive(Debug)]
pub struct Checkpoints {
    /// Whose they are.
    pub training: Training,
    /// Epochs and their parameters, ascending.
    pub epochs: Vec<(i32, Parameters)>,
}

impl Checkpoints {
    /// The epochs that a param names, as [`Epochs::parse`] reads it.
    ///
    /// # Errors
    /// What is wrong, where an item is none of them.
    pub fn at(&self, text: &str) -> Result<Vec<&(i32, Parameters)>, String> {
        let number = |epoch: i32| u32::try_from(epoch).ok();
        let available: Vec<u32> = self.epochs.iter().filter_map(|(epoch, _)| number(*epoch)).collect();
        let wanted = Epochs::parse(text, &available)?;
        let is_wanted = |epoch: i32| number(epoch).is_some_and(|epoch| wanted.contains(epoch));
        Ok(self.epochs.iter().filter(|(epoch, _)| is_wanted(*epoch)).collect())
    }
}

/// Reads the checkpoints of one training.
///
/// # Errors
/// As [`Reader::open`]; and where the file holds several trainings, an unknown network, shapes that don't fit it,
/// numbers that are not finite, or nothing.
pub fn read(path: &Path) -> Result<Checkpoints, Error> {
    let mut found: Option<Training> = None;
    let mut epochs = Vec::new();
    for batch in Reader::open(path, &catalogue::CHECKPOINTS, &[])? {
        let batch = batch?;
        let (networks, labels) = (batch.texts("network")?, batch.texts("labels")?);
        let (seeds, numbers) = (batch.i64s("seed")?, batch.i32s("epoch")?);
        let mut tensors = Vec::new();
        for column in COLUMNS {
            tensors.push(batch.finite_f32_tensors(column)?);
        }
        for row in 0..batch.rows() {
            let network = Network::from_name(networks[row]).ok_or_else(|| {
                batch.bad_value(
                    "network",
                    row,
                    format!("`{}`", networks[row]),
                    "networks are cnn1, cnn2, cnn3 and single",
                )
            })?;
            let training = Training { network, labels: labels[row].to_owned(), seed: seeds[row] };
            if let Some(first) = &found
                && *first != training
            {
                let expected = "all rows must be of one training: the same network, labels and seed";
                return Err(batch.bad_value("seed", row, "another training begins", expected));
            }
            let architecture = network.architecture();
            let mut values = Vec::with_capacity(architecture.parameters());
            for ((column, shape), (tensor, found)) in COLUMNS.iter().zip(architecture.shapes()).zip(&tensors)
            {
                if *found != shape {
                    let expected = format!("{} has {shape:?}", network.name());
                    return Err(batch.bad_value(column, row, format!("shape {found:?}"), expected));
                }
                let length: usize = shape.iter().product();
                values.extend_from_slice(&tensor[row * length..(row + 1) * length]);
            }
            let parameters = Parameters::from_values(architecture, values)
                .ok_or_else(|| Error::damaged(path, "its tensors do not make up a network"))?;
            if epochs.iter().any(|(epoch, _)| *epoch == numbers[row]) {
                let found = format!("epoch {} stands here again", numbers[row]);
                return Err(batch.bad_value("epoch", row, found, "give each once"));
            }
            epochs.push((numbers[row], parameters));
            found = Some(training);
        }
    }
    epochs.sort_by_key(|(epoch, _)| *epoch);
    let training = found.ok_or_else(|| Error::damaged(path, "it holds no checkpoint"))?;
    Ok(Checkpoints { training, epochs })
}

/// Writes the checkpoints of one training as a Parquet file.
///
/// # Errors
/// Where `output` can't be written to.
pub fn write<W: Write + Send + 'static>(
    output: W,
    checkpoints: &Checkpoints,
    provenance: &Provenance,
) -> Result<W, Error> {
    let architecture = checkpoints.training.network.architecture();
    let mut writer = Writer::parquet(output, &catalogue::CHECKPOINTS, &shapes(&architecture), provenance)?;
    let rows = checkpoints.epochs.len();
    let mut cells: Vec<Cells> = checkpoints.training.cells(rows).into();
    cells.push(Cells::I32(checkpoints.epochs.iter().map(|(epoch, _)| *epoch).collect()));
    for range in Parameters::ranges(&architecture) {
        let values =
            checkpoints.epochs.iter().flat_map(|(_, parameters)| parameters.values()[range.clone()].to_vec());
        cells.push(Cells::F32Tensors(values.collect()));
    }
    writer.write(cells)?;
    writer.finish()
}

fn shapes(architecture: &Architecture) -> HashMap<&'static str, Vec<usize>> {
    COLUMNS.into_iter().zip(architecture.shapes()).collect()
}
