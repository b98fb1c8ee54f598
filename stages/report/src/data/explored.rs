//! What a reader can choose among on the page: images in networks at epochs, with their energies of F1 and the filters.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use stage::Error;
use tables::{Only, catalogue};

use super::keys::{Key, Keys, open};
use super::layers::Row;
use super::{Filters, Layers, Paths, filters, input};

/// Images in networks at epochs that the page holds at most: each takes about two kilobytes of it.
const MOST: usize = 1000;

/// What can be chosen.
pub struct Explored {
    /// Images in networks at epochs, in order of network, labels, seed, epoch and image.
    pub layers: Vec<Layers>,
    /// Energies of F1 of each of them, row by row.
    pub energies: Vec<Vec<f32>>,
    /// Filters of f1 by training and epoch, where the checkpoints have them.
    pub filters: BTreeMap<Key, Filters>,
    /// How many the activations hold beyond these.
    pub left_out: usize,
}

/// The rows that can be chosen, in order. Where they are too many for the page, those of the first and the last epoch
/// of every training, of as many images as fit.
pub(super) fn choose(rows: &[Row]) -> Vec<&Row> {
    let mut all: BTreeMap<(&Key, i32), &Row> = BTreeMap::new();
    for row in rows {
        all.entry((&row.key, row.image_id)).or_insert(row);
    }
    if all.len() > MOST {
        let ends = ends(all.keys().map(|(key, _)| *key));
        all.retain(|(key, _), _| ends.contains(key));
        let images = fitting(all.keys().map(|(_, image)| *image));
        all.retain(|(_, image), _| images.contains(image));
    }
    all.into_values().take(MOST).collect()
}

/// The first and the last epoch of every training; the keys come in order.
fn ends<'a>(keys: impl Iterator<Item = &'a Key>) -> BTreeSet<&'a Key> {
    let mut ends: BTreeMap<(&str, &str, i64), (&Key, &Key)> = BTreeMap::new();
    for key in keys {
        ends.entry((&key.network, &key.labels, key.seed)).or_insert((key, key)).1 = key;
    }
    ends.into_values().flat_map(|(first, last)| [first, last]).collect()
}

/// The first images, as many as have room with all their rows; always one.
fn fitting(rows: impl Iterator<Item = i32>) -> BTreeSet<i32> {
    let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
    for image in rows {
        *counts.entry(image).or_default() += 1;
    }
    let mut sum = 0;
    let mut images = BTreeSet::new();
    for (image, count) in counts {
        sum += count;
        if sum > MOST && !images.is_empty() {
            break;
        }
        images.insert(image);
    }
    images
}

impl Explored {
    /// Adds energies and filters to what was chosen among `rows` rows.
    pub(super) fn read(paths: &Paths<'_>, layers: Vec<Layers>, rows: usize) -> Result<Explored, Error> {
        let energies = energies(paths.activations, &layers).map_err(input("activations"))?;
        let keys: BTreeSet<Key> = layers.iter().map(|one| one.key.clone()).collect();
        let filters = filters::read(paths.checkpoints, &keys).map_err(input("checkpoints"))?;
        let left_out = rows.saturating_sub(layers.len());
        Ok(Explored { layers, energies, filters, left_out })
    }
}

/// The energies of F1 of every one of `layers`.
fn energies(paths: &[PathBuf], layers: &[Layers]) -> Result<Vec<Vec<f32>>, tables::Error> {
    let places: BTreeMap<(&Key, i32), usize> =
        layers.iter().enumerate().map(|(at, one)| ((&one.key, one.image_id), at)).collect();
    let images: BTreeSet<i32> = layers.iter().map(|one| one.image_id).collect();
    let images: Vec<i32> = images.into_iter().collect();
    let mut energies = vec![Vec::new(); layers.len()];
    for path in paths {
        let only = [Only::Numbers("image_id", &images)];
        for batch in open(path, &catalogue::ACTIVATIONS, &["e_f1"], &only)? {
            let batch = batch?;
            let keys = Keys::read(&batch)?;
            let (values, shape) = batch.finite_f32_tensors("e_f1")?;
            let length = shape.iter().product::<usize>().max(1);
            for (row, values) in values.chunks(length).enumerate() {
                if let Some(at) = places.get(&(&keys.key(row), keys.image_ids[row])) {
                    energies[*at] = values.to_vec();
                }
            }
        }
    }
    Ok(energies)
}

#[cfg(test)]
mod tests {
    use super::super::Extent;
    use super::*;

    fn rows(seeds: i64, epochs: i32, images: i32) -> Vec<Row> {
        let mut rows = Vec::new();
        for seed in 0..seeds {
            for epoch in 0..epochs {
                rows.extend((0..images).map(|image_id| Row {
                    key: Key { network: "cnn2".to_owned(), labels: "real".to_owned(), seed, epoch },
                    image_id,
                    e_f1: Extent::of(&[0.0, 1.0]),
                    e_f2: vec![0.0],
                }));
            }
        }
        rows
    }

    #[test]
    fn what_fits_can_all_be_chosen_whatever_the_order_of_files() {
        let mut rows = rows(2, 3, 5);
        let ids =
            |rows: &[Row]| choose(rows).iter().map(|row| (row.key.clone(), row.image_id)).collect::<Vec<_>>();
        let first = ids(&rows);
        rows.reverse();
        assert_eq!((first.len(), &first), (30, &ids(&rows)));
    }

    #[test]
    fn of_too_many_rows_the_first_and_last_epoch_of_the_first_images_remain_so_that_the_page_stays_small() {
        let rows = rows(10, 31, 100);
        let chosen = choose(&rows);
        assert_eq!(chosen.len(), 1000);
        let epochs: BTreeSet<i32> = chosen.iter().map(|row| row.key.epoch).collect();
        let images: BTreeSet<i32> = chosen.iter().map(|row| row.image_id).collect();
        assert_eq!((epochs.into_iter().collect::<Vec<_>>(), images.len()), (vec![0, 30], 50));
    }

    #[test]
    fn more_trainings_than_fit_are_cut_and_never_fill_the_page() {
        assert_eq!(choose(&rows(1100, 1, 1)).len(), MOST);
    }
}
