//! Every rule can give each of its answers.

use super::*;
use crate::inputs::{Errors, Key, Null};

/// A training's last epoch: network, labels, seed, epoch, KL of F1, training error, test error.
fn summary(network: &str, labels: &str, seed: i64, epoch: i32, kl: f64, training: f64, test: f64) -> Summary {
    let null = Null { mean: 0.03, high: 0.04 };
    Summary {
        key: Key { network: network.to_owned(), labels: labels.to_owned(), seed, epoch },
        images: 100,
        kl_x_mean: 0.03,
        kl_f1_mean: kl,
        kl_f1_sd: 0.0,
        kl_f1_low: kl,
        kl_f1_median: kl,
        kl_f1_high: kl,
        kl_f1_standardised_mean: kl,
        x_within_null: 0.97,
        f1_within_null: 0.0,
        null_x: null,
        null_f1: null,
        errors: Errors { training_loss: 0.0, training_error: training, test_error: test },
    }
}

fn verdict(claim: &str, summaries: &[Summary]) -> Verdict {
    judge(summaries).into_iter().find(|judged| judged.claim.id == claim).unwrap().verdict
}

use Verdict::{Inconclusive, NotReproduced, Reproduced};

#[test]
fn c1_counts_the_images_within_the_null() {
    for (share, expected) in [(0.95, Reproduced), (0.92, Inconclusive), (0.89, NotReproduced)] {
        let mut one = summary("cnn1", "real", 1, 0, 1.0, 1.0, 0.9);
        one.x_within_null = share;
        assert_eq!(verdict("C1", &[one]), expected);
    }
}

#[test]
fn c2_needs_zero_training_error_and_then_closeness() {
    let cnn2 = |seed, kl, training| summary("cnn2", "real", seed, 30, kl, training, 0.02);
    assert_eq!(verdict("C2", &[cnn2(1, 0.04, 0.0)]), Reproduced);
    assert_eq!(verdict("C2", &[cnn2(1, 0.05, 0.0)]), NotReproduced);
    assert_eq!(verdict("C2", &[cnn2(1, 0.04, 0.001)]), Inconclusive);
    assert_eq!(verdict("C2", &[cnn2(1, 0.04, 0.0), cnn2(2, 0.05, 0.0)]), Inconclusive);
}

/// Three networks whose KL and test error are as given, for each seed.
fn networks(seeds: &[[f64; 3]]) -> Vec<Summary> {
    let rows = seeds.iter().enumerate().flat_map(|(seed, values)| {
        NETWORKS.iter().zip(values).map(move |(network, value)| {
            summary(network, "real", seed as i64, 30, *value, 0.0, *value / 100.0)
        })
    });
    rows.collect()
}

#[test]
fn c3_and_c4_want_the_order_in_most_seeds() {
    let (falls, rises) = ([3.0, 2.0, 1.0], [1.0, 2.0, 3.0]);
    for claim in ["C3", "C4"] {
        assert_eq!(verdict(claim, &networks(&[falls, falls, falls, rises])), Reproduced);
        assert_eq!(verdict(claim, &networks(&[falls, rises, rises])), NotReproduced);
        assert_eq!(verdict(claim, &networks(&[falls, falls, rises])), Inconclusive);
        assert_eq!(verdict(claim, &networks(&[falls, falls])), Inconclusive, "two seeds are too few");
    }
}

#[test]
fn c5_wants_kl_and_test_error_to_move_together() {
    let with = |pairs: [(f64, f64); 9]| {
        let rows = pairs.iter().enumerate().map(|(index, (kl, test))| {
            summary(NETWORKS[index % 3], "real", (index / 3) as i64, 30, *kl, 0.0, *test)
        });
        verdict("C5", &rows.collect::<Vec<_>>())
    };
    let line = |test: fn(usize) -> f64| std::array::from_fn(|index| (index as f64, test(index)));
    assert_eq!(with(line(|index| index as f64 / 10.0)), Reproduced);
    assert_eq!(with(line(|index| 1.0 - index as f64 / 10.0)), NotReproduced);
    assert_eq!(with(line(|index| [0.1, 0.5, 0.3, 0.6, 0.2, 0.8, 0.0, 0.7, 0.35][index])), Inconclusive);
}

#[test]
fn c6_wants_memory_within_200_epochs_and_chance_on_the_test_images() {
    let cnn3 = |epoch, training, test| summary("cnn3", "random", 1, epoch, 1.0, training, test);
    assert_eq!(verdict("C6", &[cnn3(150, 0.0, 0.9)]), Reproduced);
    assert_eq!(verdict("C6", &[cnn3(200, 0.5, 0.9)]), NotReproduced);
    assert_eq!(verdict("C6", &[cnn3(30, 0.5, 0.9)]), Inconclusive, "it was not given its 200 epochs");
    assert_eq!(verdict("C6", &[cnn3(200, 0.5, 0.9), cnn3(201, 0.0, 0.9)]), NotReproduced);
}

#[test]
fn c7_looks_at_random_labels() {
    let cnn3 = |seed, kl| summary("cnn3", "random", seed, 200, kl, 0.5, 0.9);
    assert_eq!(verdict("C7", &[cnn3(1, 0.03)]), Reproduced);
    assert_eq!(verdict("C7", &[cnn3(1, 0.3)]), NotReproduced);
    assert_eq!(verdict("C7", &[cnn3(1, 0.03), cnn3(2, 0.3)]), Inconclusive);
}

#[test]
fn without_trainings_nothing_is_claimed() {
    assert!(judge(&[]).iter().all(|judged| judged.verdict == Inconclusive));
}
