//! Statistics of a column's values, gathered batch by batch.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType};
use serde::Serialize;

use crate::column::{image_bytes, items};

/// The most different words that are counted.
pub const MOST_WORDS: usize = 10_000;
/// The commonest words that are kept.
const COMMONEST: usize = 3;

/// Statistics of a column's values.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistics {
    /// Of numbers that are no NaN, in their unit; all of them NaN where there are none.
    Numbers {
        /// The smallest.
        least: f64,
        /// Their mean.
        mean: f64,
        /// The largest.
        largest: f64,
        /// How many are no number.
        nan: u64,
    },
    /// Of words.
    Words {
        /// How many different ones there are; none for more than [`MOST_WORDS`].
        different: Option<usize>,
        /// The commonest with how often they are there.
        commonest: Vec<(String, u64)>,
    },
    /// Of images and other bytes.
    Bytes {
        /// The fewest.
        least: u64,
        /// The most.
        most: u64,
    },
    /// Of nothing that is known here.
    None,
}

/// What was gathered so far.
pub(crate) enum Gatherer {
    Numbers { least: f64, largest: f64, sum: f64, count: u64, nan: u64 },
    Words { counts: BTreeMap<String, u64>, too_many: bool },
    Bytes { least: u64, most: u64 },
    None,
}

impl Gatherer {
    /// For values of a type.
    pub(crate) fn of(data_type: &DataType) -> Gatherer {
        match data_type {
            DataType::FixedSizeList(inner, _) | DataType::List(inner) | DataType::LargeList(inner) => {
                Gatherer::of(inner.data_type())
            }
            DataType::Dictionary(_, values) => Gatherer::of(values),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Boolean => {
                Gatherer::Words { counts: BTreeMap::new(), too_many: false }
            }
            DataType::Struct(fields) if fields.iter().any(|field| field.name() == "bytes") => {
                Gatherer::Bytes { least: u64::MAX, most: 0 }
            }
            one if one.is_numeric() => Gatherer::Numbers {
                least: f64::INFINITY,
                largest: f64::NEG_INFINITY,
                sum: 0.0,
                count: 0,
                nan: 0,
            },
            _ => Gatherer::None,
        }
    }

    /// Adds a batch; of tensors and lists all that is in them.
    pub(crate) fn add(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        if let Some(items) = items(array) {
            return self.add(&items);
        }
        match self {
            Gatherer::Numbers { least, largest, sum, count, nan } => {
                let numbers = cast(array, &DataType::Float64)?;
                for number in numbers.as_primitive::<Float64Type>().iter().flatten() {
                    if number.is_nan() {
                        *nan += 1;
                        continue;
                    }
                    (*least, *largest) = (least.min(number), largest.max(number));
                    *sum += number;
                    *count += 1;
                }
            }
            Gatherer::Words { counts, too_many } => {
                let words = cast(array, &DataType::Utf8)?;
                for word in words.as_string::<i32>().iter().flatten() {
                    let is_full = counts.len() >= MOST_WORDS;
                    match counts.get_mut(word) {
                        Some(count) => *count += 1,
                        None if is_full => *too_many = true,
                        None => {
                            counts.insert(word.to_owned(), 1);
                        }
                    }
                }
            }
            Gatherer::Bytes { least, most } => {
                if let Some(bytes) = image_bytes(array) {
                    for row in (0..bytes.len()).filter(|row| !bytes.is_null(*row)) {
                        let length = u64::from(bytes.value_length(row).unsigned_abs());
                        (*least, *most) = ((*least).min(length), (*most).max(length));
                    }
                }
            }
            Gatherer::None => {}
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Statistics {
        match self {
            Gatherer::Numbers { count: 0, nan, .. } => {
                Statistics::Numbers { least: f64::NAN, mean: f64::NAN, largest: f64::NAN, nan }
            }
            Gatherer::Numbers { least, largest, sum, count, nan } => {
                Statistics::Numbers { least, mean: sum / count as f64, largest, nan }
            }
            Gatherer::Words { counts, too_many } => {
                let different = (!too_many).then_some(counts.len());
                let mut commonest: Vec<(String, u64)> = counts.into_iter().collect();
                commonest.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
                commonest.truncate(COMMONEST);
                Statistics::Words { different, commonest }
            }
            Gatherer::Bytes { most: 0, .. } | Gatherer::None => Statistics::None,
            Gatherer::Bytes { least, most } => Statistics::Bytes { least, most },
        }
    }
}
