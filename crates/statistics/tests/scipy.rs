//! The statistics against NumPy and SciPy, with the values of tests/reference/statistics.py.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

use serde_json::Value;
use statistics::divergence::{Smoothing, kl_of_counts};
use statistics::histogram::{Bins, counts, normal_probabilities};
use statistics::rank::spearman;
use statistics::summary::{boltzmann, mean, quantile_of_sorted, sd, standardise};

fn reference() -> Value {
    serde_json::from_str(include_str!("../../../tests/reference/values/statistics.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-12 + 1e-9 * theirs.abs(), "{ours} for {theirs}");
}

const BINS: [usize; 3] = [32, 64, 256];

fn bins(count: usize) -> Bins {
    Bins::new(-128.0, 128.0, count).unwrap()
}

#[test]
fn edges_and_probabilities_of_the_normal_are_scipys() {
    let reference = reference();
    for count in BINS {
        let (bins, key) = (bins(count), count.to_string());
        for (index, edge) in numbers(&reference["edges"][&key]).into_iter().enumerate() {
            assert_eq!(bins.edge(index), edge);
        }
        let ours = normal_probabilities(&bins, 0.0, 32.0);
        ours.iter().zip(numbers(&reference["probabilities"][&key])).for_each(|(a, b)| close(*a, b));
    }
}

fn check_divergences(values: &[f64], expected: &Value) {
    for count in BINS {
        let key = count.to_string();
        let counts = counts(values, &bins(count));
        let theirs: Vec<u32> = numbers(&expected["histograms"][&key]).iter().map(|n| *n as u32).collect();
        assert_eq!(counts, theirs, "{count} bins");
        let p = normal_probabilities(&bins(count), 0.0, 32.0);
        let kl = |smoothing| kl_of_counts(&p, &counts, smoothing);
        close(kl(Smoothing::Pseudocount(0.5)), expected["kl"][&key]["pseudocount"].as_f64().unwrap());
        close(kl(Smoothing::Floor(1e-10)), expected["kl"][&key]["floor"].as_f64().unwrap());
    }
}

#[test]
fn histograms_divergences_and_summaries_are_numpys_and_scipys() {
    let reference = reference();
    for (name, sample) in reference["samples"].as_object().unwrap() {
        let mut values = numbers(&sample["values"]);
        check_divergences(&values, sample);
        let floats: Vec<f32> = values.iter().map(|value| *value as f32).collect();
        let standardised = standardise(&floats, 32.0);
        standardised.iter().zip(numbers(&sample["standardised"]["values"])).for_each(|(a, b)| close(*a, b));
        check_divergences(&standardised, &sample["standardised"]);
        close(mean(&values), sample["mean"].as_f64().unwrap());
        close(sd(&values), sample["sd"].as_f64().unwrap());
        values.sort_by(f64::total_cmp);
        for share in ["0.025", "0.5", "0.975"] {
            let ours = quantile_of_sorted(&values, share.parse().unwrap());
            close(
                ours,
                sample["quantiles"][share].as_f64().unwrap_or_else(|| panic!("{name} lacks {share}")),
            );
        }
    }
}

#[test]
fn the_boltzmann_distribution_is_scipys_softmax() {
    for case in reference()["softmax"].as_array().unwrap() {
        let logits: Vec<f32> = numbers(&case["logits"]).iter().map(|logit| *logit as f32).collect();
        boltzmann(&logits).iter().zip(numbers(&case["probabilities"])).for_each(|(a, b)| close(*a, b));
    }
}

#[test]
fn rank_correlation_is_scipys() {
    let case = &reference()["spearman"];
    close(spearman(&numbers(&case["x"]), &numbers(&case["y"])).unwrap(), case["rho"].as_f64().unwrap());
    assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
}
