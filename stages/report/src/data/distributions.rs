//! Distributions of the chosen images.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use statistics::histogram::Bins;
use tables::{Batch, Error, Only, catalogue};

use super::keys::{Key, Keys, open};

/// An empirical distribution (Eq. 8) or one over neurons (Eq. 9).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    /// Values in each bin; empty over neurons.
    pub counts: Vec<u16>,
    /// Probability of each neuron; empty over bins.
    pub probabilities: Vec<f32>,
    /// The bins; none over neurons.
    pub bins: Option<Bins>,
}

impl Distribution {
    /// The histogram of an image's pixels.
    pub fn of_pixels(pixels: &[f32], bins: &Bins) -> Distribution {
        let counts = statistics::histogram::counts(pixels, bins);
        let counts = counts.into_iter().map(|count| u16::try_from(count).unwrap_or(u16::MAX)).collect();
        Distribution { counts, probabilities: Vec::new(), bins: Some(bins.clone()) }
    }
}

/// The distributions of the chosen images, by variable.
///
/// A file holds every test image at every epoch, so only the rows of the chosen images are read: those of their epochs,
/// and those of their pixels at whatever epoch.
pub(super) fn read(
    paths: &[PathBuf],
    chosen: &[(Key, i32)],
) -> Result<Vec<BTreeMap<String, Distribution>>, Error> {
    let mut found = vec![BTreeMap::new(); chosen.len()];
    let epochs = ascending(chosen.iter().map(|(key, _)| key.epoch));
    let images = ascending(chosen.iter().map(|(_, image)| *image));
    let columns = ["variable", "counts", "probabilities", "lower_edge", "upper_edge"];
    for path in paths {
        for one in [Only::Numbers("epoch", &epochs), Only::Word("variable", "x")] {
            let only = [Only::Numbers("image_id", &images), one];
            for batch in open(path, &catalogue::DISTRIBUTIONS, &columns, &only)? {
                let batch = batch?;
                let rows = Unchecked::read(&batch)?;
                for (row, at, variable) in places(&batch, chosen)? {
                    found[at].insert(variable, rows[row].check(&batch, row)?);
                }
            }
        }
    }
    Ok(found)
}

fn ascending(numbers: impl Iterator<Item = i32>) -> Vec<i32> {
    numbers.collect::<BTreeSet<i32>>().into_iter().collect()
}

/// The rows of a batch that belong to a chosen image: row, place among the chosen, variable. Pixels change with no
/// epoch, so x stands at one epoch only and counts for all.
fn places(batch: &Batch, chosen: &[(Key, i32)]) -> Result<Vec<(usize, usize, String)>, Error> {
    let keys = Keys::read(batch)?;
    let variables = batch.texts("variable")?;
    let mut places = Vec::new();
    for (row, variable) in variables.into_iter().enumerate() {
        for (at, (key, image_id)) in chosen.iter().enumerate() {
            let epoch = if variable == "x" { keys.epochs[row] } else { key.epoch };
            if keys.image_ids[row] == *image_id && keys.is(row, key, epoch) {
                places.push((row, at, variable.to_owned()));
            }
        }
    }
    Ok(places)
}

/// A distribution as it stands in its row.
struct Unchecked {
    counts: Vec<u16>,
    probabilities: Vec<f32>,
    edges: (f64, f64),
}

impl Unchecked {
    fn read(batch: &Batch) -> Result<Vec<Unchecked>, Error> {
        let (lower, upper) = (batch.f64s("lower_edge")?, batch.f64s("upper_edge")?);
        let (counts, probabilities) = (batch.u16_lists("counts")?, batch.f32_lists("probabilities")?);
        let row = |row: usize| Unchecked {
            counts: counts.row(row).to_vec(),
            probabilities: probabilities.row(row).to_vec(),
            edges: (lower[row], upper[row]),
        };
        Ok((0..batch.rows()).map(row).collect())
    }

    fn check(&self, batch: &Batch, row: usize) -> Result<Distribution, Error> {
        let (lower, upper) = self.edges;
        let bins = Bins::new(lower, upper, self.counts.len());
        if !self.counts.is_empty() && bins.is_none() {
            let edges = format!("bins from {lower} to {upper}");
            return Err(batch.bad_value("lower_edge", row, edges, "the lower edge is below the upper"));
        }
        if let Some(bad) = self.probabilities.iter().find(|p| !(0.0..=1.000_1).contains(*p)) {
            let found = format!("a probability of {bad}");
            return Err(batch.bad_value("probabilities", row, found, "a probability is from 0 to 1"));
        }
        Ok(Distribution { counts: self.counts.clone(), probabilities: self.probabilities.clone(), bins })
    }
}
