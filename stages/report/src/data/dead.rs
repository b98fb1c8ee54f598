//! Which networks are dead: what they say of an image does not depend on it.

use std::collections::BTreeMap;

use super::{Key, Layers};

/// A training whose last epoch gives every kept image the same P(F3 | F2) and the same P(FY | F3).
#[derive(Clone, Debug, PartialEq)]
pub struct Dead {
    /// The training and its last epoch.
    pub key: Key,
    /// Images that it was seen on, two at least.
    pub images: usize,
}

/// Every dead training among rows that come in order of their keys. One without both distributions for two images is not told.
pub(super) fn among(layers: &[Layers]) -> Vec<Dead> {
    let mut last: BTreeMap<(&str, &str, i64), Vec<&Layers>> = BTreeMap::new();
    for one in layers {
        let rows = last.entry((&one.key.network, &one.key.labels, one.key.seed)).or_default();
        if rows.first().is_some_and(|first| first.key.epoch < one.key.epoch) {
            rows.clear();
        }
        rows.push(one);
    }
    let dead = |rows: Vec<&Layers>| {
        let (first, others) = rows.split_first()?;
        let same = |variable: &str| {
            let of = |one: &Layers| one.distributions.get(variable).map(|found| found.probabilities.clone());
            of(first).is_some_and(|found| !found.is_empty()) && others.iter().all(|one| of(one) == of(first))
        };
        (!others.is_empty() && same("f3") && same("fy"))
            .then(|| Dead { key: first.key.clone(), images: rows.len() })
    };
    last.into_values().filter_map(dead).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Distribution, Extent};
    use super::*;

    fn layers(seed: i64, epoch: i32, image_id: i32, p: f32) -> Layers {
        let over = |p: f32| Distribution { probabilities: vec![p, 1.0 - p], ..Distribution::default() };
        Layers {
            key: Key { network: "cnn3".to_owned(), labels: "random".to_owned(), seed, epoch },
            image_id,
            image: None,
            distributions: [("f3", 0.5), ("fy", p)].map(|(name, p)| (name.to_owned(), over(p))).into(),
            divergence: None,
            e_f1: Extent::of(&[0.0, 1.0]),
            e_f2: Vec::new(),
        }
    }

    #[test]
    fn a_network_is_dead_that_says_the_same_of_every_image_at_its_last_epoch() {
        let rows = [
            layers(1, 0, 3, 0.2),
            layers(1, 0, 4, 0.4),
            layers(1, 9, 3, 0.5),
            layers(1, 9, 4, 0.5),
            layers(2, 9, 3, 0.5),
            layers(2, 9, 4, 0.6),
            layers(3, 9, 3, 0.5),
        ];
        let dead = among(&rows);
        let told: Vec<(i64, i32, usize)> =
            dead.iter().map(|one| (one.key.seed, one.key.epoch, one.images)).collect();
        assert_eq!(told, [(1, 9, 2)], "one image alone tells nothing");
    }
}
