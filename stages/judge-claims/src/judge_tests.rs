//! Every rule of claims.yaml can give each of its three answers, on tables that were made up.

use std::sync::Arc;

use statistics::null::Null;

use super::*;
use crate::evidence::{Check, Epoch, EstimateRow, Source};
use crate::reading::read;
use Verdict::{Inconclusive, NotReproduced, Reproduced};

const RULES: &str = include_str!("../../../claims.yaml");
const NULL: Null = Null { mean: 0.03, low: 0.02, high: 0.04 };
const DRAWN: Resampling = Resampling { draws: 2000, seed: 1 };

/// A training at one epoch: KL of F1 (of shape, too), training error, test error.
fn epoch((network, labels, seed): (&str, &str, i64), epoch: i32, [kl, training, test]: [f64; 3]) -> Epoch {
    Epoch {
        network: network.to_owned(),
        labels: labels.to_owned(),
        seed,
        epoch,
        kl_f1_mean: kl,
        kl_f1_median: kl,
        kl_f1_standardised_mean: kl,
        null_f1: NULL,
        null_f1_standardised: NULL,
        least_training_error: training,
        test_error: test,
    }
}

/// The last epochs of `seeds` trainings.
fn lasts(network: &str, labels: &str, at: i32, seeds: i64, of: impl Fn(i64) -> [f64; 3]) -> Vec<Epoch> {
    (1..=seeds).map(|seed| epoch((network, labels, seed), at, of(seed))).collect()
}

fn trained(epochs: Vec<Epoch>) -> Evidence {
    Evidence { epochs, ..Evidence::default() }
}

fn verdict(claim: &str, evidence: &Evidence) -> Verdict {
    let judged = judge(read(RULES).unwrap(), evidence, DRAWN).unwrap();
    judged.into_iter().find(|judged| judged.claim.id == claim).unwrap().verdict
}

#[test]
fn without_tables_every_claim_is_inconclusive() {
    let judged = judge(read(RULES).unwrap(), &Evidence::default(), DRAWN).unwrap();
    let ids: Vec<&str> = judged.iter().map(|judged| judged.claim.id.as_str()).collect();
    assert_eq!(ids, (1..=12).map(|number| format!("C{number}")).collect::<Vec<_>>());
    assert!(judged.iter().all(|judged| judged.verdict == Inconclusive));
}

fn pixels(dataset: usize, within_null: f64) -> EstimateRow {
    EstimateRow {
        source: Arc::new(Source { dataset: dataset.to_string(), ..Source::default() }),
        network: "none".to_owned(),
        labels: "none".to_owned(),
        seed: 0,
        epoch: 0,
        against: "normal".to_owned(),
        variable: "x".to_owned(),
        statistic: "kl".to_owned(),
        bins: "equal-width 64".to_owned(),
        smoothing: "pseudocount 0.5".to_owned(),
        images: 100,
        mean: 0.03,
        null: NULL,
        excess: 0.0,
        within_null,
    }
}

#[test]
fn c1_asks_for_pixels_within_the_null_in_ten_datasets() {
    let of = |count: usize, share: fn(usize) -> f64| {
        let estimates = (0..count).map(|dataset| pixels(dataset, share(dataset))).collect();
        verdict("C1", &Evidence { estimates, ..Evidence::default() })
    };
    assert_eq!(of(10, |_| 0.97), Reproduced);
    assert_eq!(of(10, |dataset| 0.92 + 0.002 * dataset as f64), NotReproduced);
    assert_eq!(of(10, |dataset| 0.90 + 0.01 * dataset as f64), Inconclusive);
    assert_eq!(of(9, |_| 0.97), Inconclusive);
}

#[test]
fn a_dataset_that_many_tables_tell_of_counts_once() {
    let estimates = (0..20).map(|table| pixels(table / 4, 0.97)).collect();
    assert_eq!(verdict("C1", &Evidence { estimates, ..Evidence::default() }), Inconclusive);
}

#[test]
fn c2_asks_for_zero_training_error_and_for_closeness() {
    let of = |seeds, of: fn(i64) -> [f64; 3]| verdict("C2", &trained(lasts("cnn2", "real", 30, seeds, of)));
    assert_eq!(of(10, |_| [0.035, 0.0, 0.02]), Reproduced);
    assert_eq!(of(10, |_| [0.3, 0.0, 0.02]), NotReproduced);
    assert_eq!(of(10, |_| [0.035, 0.001, 0.02]), NotReproduced);
    // Half of the seeds reach it; they lie on both sides of the null; they are too few.
    assert_eq!(of(10, |seed| [0.035, 0.001 * (seed % 2) as f64, 0.02]), Inconclusive);
    assert_eq!(of(10, |seed| [0.02 + 0.004 * seed as f64, 0.0, 0.02]), Inconclusive);
    assert_eq!(of(9, |_| [0.035, 0.0, 0.02]), Inconclusive);
}

#[test]
fn a_training_that_ended_early_does_not_count() {
    assert_eq!(verdict("C2", &trained(lasts("cnn2", "real", 29, 10, |_| [0.035, 0.0, 0.02]))), Inconclusive);
}

/// Three networks with ten seeds, with what each has at its last epoch by its place and seed.
fn networks(of: impl Fn(usize, i64) -> [f64; 3]) -> Vec<Epoch> {
    let of_network = |(place, network)| lasts(network, "real", 30, 10, |seed| of(place, seed));
    ["cnn1", "cnn2", "cnn3"].into_iter().enumerate().flat_map(of_network).collect()
}

#[test]
fn c3_and_c4_ask_for_a_fall_from_network_to_network() {
    fn falling(place: usize, _: i64) -> f64 {
        1.0 - 0.1 * place as f64
    }
    fn rising(place: usize, _: i64) -> f64 {
        0.1 + 0.1 * place as f64
    }
    fn mixed(place: usize, seed: i64) -> f64 {
        if seed <= 6 { falling(place, seed) } else { rising(place, seed) }
    }
    let any: [fn(usize, i64) -> f64; 3] = [falling, rising, mixed];
    for (of, expected) in any.into_iter().zip([Reproduced, NotReproduced, Inconclusive]) {
        assert_eq!(verdict("C3", &trained(networks(|place, seed| [of(place, seed), 0.0, 0.02]))), expected);
        assert_eq!(verdict("C4", &trained(networks(|place, seed| [0.3, 0.0, of(place, seed)]))), expected);
    }
    let fewer = networks(|place, seed| [falling(place, seed), 0.0, 0.02]);
    let fewer = fewer.into_iter().filter(|epoch| epoch.network != "cnn2" || epoch.seed < 10).collect();
    assert_eq!(verdict("C3", &trained(fewer)), Inconclusive);
}

/// Ten seeds of three networks over 30 epochs; KL by network, epoch and seed, while the test error falls over both.
fn courses(kl: impl Fn(usize, i32, i64) -> f64) -> Evidence {
    let mut epochs = Vec::new();
    for (place, network) in ["cnn1", "cnn2", "cnn3"].into_iter().enumerate() {
        for seed in 1..=10 {
            epochs.extend((0..=30).map(|number| {
                let error = 0.5 - 0.01 * f64::from(number) - 0.001 * place as f64;
                epoch((network, "real", seed), number, [kl(place, number, seed), 0.0, error])
            }));
        }
    }
    trained(epochs)
}

#[test]
fn c5_asks_for_correlation_within_and_between_networks() {
    let falls = |place: usize, epoch: i32| 1.0 - 0.01 * f64::from(epoch) - 0.001 * place as f64;
    assert_eq!(verdict("C5", &courses(|place, epoch, _| falls(place, epoch))), Reproduced);
    assert_eq!(verdict("C5", &courses(|place, epoch, _| -falls(place, epoch))), NotReproduced);
    // Over epochs both fall, yet at each epoch the network with the larger error has the smaller KL.
    assert_eq!(
        verdict("C5", &courses(|place, epoch, _| falls(place, epoch) + 0.002 * place as f64)),
        NotReproduced
    );
    let mut gap = courses(|place, epoch, _| falls(place, epoch));
    gap.epochs.retain(|epoch| (epoch.seed, epoch.epoch) != (3, 7));
    assert_eq!(verdict("C5", &gap), Inconclusive, "one epoch of one seed is missing");
    let by_seed = |place, epoch, seed| if seed <= 8 { falls(place, epoch) } else { -falls(place, epoch) };
    assert_eq!(verdict("C5", &courses(by_seed)), Inconclusive);
}

#[test]
fn c6_asks_for_zero_training_error_and_ninety_per_cent_test_error() {
    let of =
        |seeds, at, of: fn(i64) -> [f64; 3]| verdict("C6", &trained(lasts("cnn3", "random", at, seeds, of)));
    assert_eq!(of(3, 200, |_| [0.3, 0.0, 0.9]), Reproduced);
    assert_eq!(of(3, 200, |_| [0.3, 0.5, 0.9]), NotReproduced);
    assert_eq!(of(3, 200, |_| [0.3, 0.0, 0.8]), NotReproduced);
    assert_eq!(of(3, 200, |_| [0.3, 0.0, 0.95]), NotReproduced);
    assert_eq!(of(3, 200, |seed| [0.3, if seed == 1 { 0.0 } else { 0.5 }, 0.9]), Inconclusive);
    assert_eq!(of(3, 100, |_| [0.3, 0.5, 0.9]), Inconclusive);
    assert_eq!(of(2, 200, |_| [0.3, 0.0, 0.9]), Inconclusive);
}

#[test]
fn c7_asks_for_closeness_to_the_image_and_to_real_labels() {
    let of = |random: fn(i64) -> f64, real: f64| {
        let mut epochs = lasts("cnn3", "random", 200, 3, |seed| [random(seed), 0.0, 0.9]);
        epochs.extend(lasts("cnn3", "real", 30, 3, |_| [real, 0.0, 0.02]));
        verdict("C7", &trained(epochs))
    };
    assert_eq!(of(|_| 0.035, 0.03), Reproduced);
    assert_eq!(of(|_| 0.3, 0.3), NotReproduced);
    assert_eq!(of(|_| 0.038, 0.02), NotReproduced);
    assert_eq!(of(|seed| 0.02 + 0.01 * seed as f64, 0.03), Inconclusive);
}

#[test]
fn c7_says_nothing_where_the_random_labels_are_not_learned() {
    let of = |error: fn(i64) -> f64| {
        let mut epochs = lasts("cnn3", "random", 200, 3, |seed| [0.035, error(seed), 0.9]);
        epochs.extend(lasts("cnn3", "real", 30, 3, |_| [0.03, 0.0, 0.02]));
        verdict("C7", &trained(epochs))
    };
    assert_eq!(of(|_| 0.05), Reproduced);
    assert_eq!(of(|_| 0.8), Inconclusive);
    assert_eq!(of(|seed| 0.05 * seed as f64), Inconclusive);
}

/// A check of one network: the claim, its kind and name, its statistic; of an untrained and a trained network.
fn checks([claim, kind, check, statistic]: [&str; 4], values: &[f64]) -> Vec<Check> {
    let of_epoch = |(value, epoch): (&f64, i32)| Check {
        source: Arc::default(),
        network: "cnn2".to_owned(),
        labels: "real".to_owned(),
        seed: 1,
        epoch,
        claim: claim.to_owned(),
        check: check.to_owned(),
        kind: kind.to_owned(),
        statistic: statistic.to_owned(),
        value: *value,
    };
    values.iter().zip([0, 30]).map(of_epoch).collect()
}

/// What C9, C10 and C11 ask for beside identities, with values that meet, contradict and leave it open.
fn others(claim: &str, values: impl Fn(&[f64; 3]) -> Vec<f64>) -> Vec<Check> {
    let relu =
        ["f1", "f3"].map(|layer| format!("{layer}: product of experts with ReLU, against exp[-E] / Z"));
    let random = "layers are random, small discretised network: P(F_Y|X), against its softmax";
    let slope = "f_y: remainder over true change, by step, without switches";
    // Met by the first of three, contradicted by the second, open with the third.
    let small = values(&[0.001, 0.5, 0.001]);
    match claim {
        "C9" => {
            relu.iter().flat_map(|relu| checks(["C9", "approximation", relu, "median_kl"], &small)).collect()
        }
        "C10" => checks(["C10", "approximation", random, "largest_total_variation"], &small),
        "C11" => checks(["C11", "approximation", slope, "slope"], &values(&[1.0, 0.5, 1.0])),
        _ => Vec::new(),
    }
}

#[test]
fn c8_to_c12_ask_for_identities_in_trained_and_untrained_networks() {
    for claim in ["C8", "C9", "C10", "C11", "C12"] {
        let of = |values: &[f64]| {
            let mut all = others(claim, |[met, ..]| vec![*met; 2]);
            all.extend(checks([claim, "identity", "a check", "largest_relative_error"], values));
            verdict(claim, &Evidence { checks: all, ..Evidence::default() })
        };
        assert_eq!(of(&[1e-13, 1e-12]), Reproduced, "{claim}");
        assert_eq!(of(&[0.2, 0.3]), NotReproduced, "{claim}");
        assert_eq!(of(&[1e-13, 0.3]), NotReproduced, "{claim}: one network is enough");
        assert_eq!(of(&[1e-13]), Inconclusive, "{claim}");
        assert_eq!(of(&[f64::NAN, 1e-13]), Inconclusive, "{claim}");
    }
}

#[test]
fn c9_to_c11_ask_for_their_approximations_too() {
    for claim in ["C9", "C10", "C11"] {
        let of = |values: fn(&[f64; 3]) -> Vec<f64>| {
            let mut all = others(claim, values);
            all.extend(checks([claim, "identity", "a check", "largest_relative_error"], &[1e-13; 2]));
            verdict(claim, &Evidence { checks: all, ..Evidence::default() })
        };
        assert_eq!(of(|[met, ..]| vec![*met; 2]), Reproduced, "{claim}");
        assert_eq!(of(|[_, contradicted, _]| vec![*contradicted; 2]), NotReproduced, "{claim}");
        assert_eq!(of(|[_, contradicted, met]| vec![*met, *contradicted]), NotReproduced, "{claim}");
        assert_eq!(of(|[met, ..]| vec![*met]), Inconclusive, "{claim}");
    }
}
