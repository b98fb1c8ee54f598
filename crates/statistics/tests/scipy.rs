//! The statistics against NumPy and SciPy, with the values of tests/reference/statistics.py.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

use serde_json::Value;
use statistics::distance::{anderson_darling, kolmogorov_smirnov, wasserstein};
use statistics::distribution::{Distribution, Family};
use statistics::divergence::{Smoothing, kl_of_counts};
use statistics::edges::{freedman_diaconis, knuth};
use statistics::histogram::{Bins, counts, probabilities};
use statistics::neighbours::{kl_from, kl_to};
use statistics::rank::spearman;
use statistics::summary::{boltzmann, mean, quantile_of_sorted, sd, standardise};
use statistics::trend::page;

fn reference() -> Value {
    serde_json::from_str(include_str!("../../../tests/reference/values/statistics.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-12 + 1e-9 * theirs.abs(), "{ours} for {theirs}");
}

/// P(X) of the paper.
fn pixels() -> Distribution {
    Distribution::new(Family::Normal, 0.0, 32.0).unwrap()
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
        let ours = probabilities(&bins, &pixels());
        ours.iter().zip(numbers(&reference["probabilities"][&key])).for_each(|(a, b)| close(*a, b));
    }
}

fn check_divergences(values: &[f64], expected: &Value) {
    for count in BINS {
        let key = count.to_string();
        let counts = counts(values, &bins(count));
        let theirs: Vec<u32> = numbers(&expected["histograms"][&key]).iter().map(|n| *n as u32).collect();
        assert_eq!(counts, theirs, "{count} bins");
        let p = probabilities(&bins(count), &pixels());
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

#[test]
fn the_normal_is_scipys_far_into_its_tails() {
    let reference = &reference()["normal"];
    let normal = Distribution::STANDARD_NORMAL;
    let all = |name| numbers(&reference[name]);
    for (index, z) in all("z").into_iter().enumerate() {
        close(normal.cdf(z), all("cdf")[index]);
        close(normal.log_cdf(z), all("log_cdf")[index]);
        close(normal.log_survival(z), all("log_survival")[index]);
    }
    all("shares").into_iter().zip(all("quantiles")).for_each(|(share, z)| close(normal.quantile(share), z));
}

#[test]
fn distances_without_bins_are_scipys() {
    let normal = pixels();
    for sample in reference()["samples"].as_object().unwrap().values() {
        let mut values = numbers(&sample["values"]);
        values.sort_by(f64::total_cmp);
        let theirs = |name: &str| sample["distances"][name].as_f64().unwrap();
        close(kolmogorov_smirnov(&values, &normal), theirs("kolmogorov_smirnov"));
        close(anderson_darling(&values, &normal), theirs("anderson_darling"));
        close(wasserstein(&values, &normal), theirs("wasserstein"));
        close(kl_from(&values, &normal, 5, 200).unwrap(), theirs("from_normal"));
        close(kl_to(&values, &normal, 5).unwrap(), theirs("to_normal"));
    }
}

#[test]
fn bins_by_rule_are_as_many_as_numpys_and_those_of_the_largest_posterior() {
    for sample in reference()["samples"].as_object().unwrap().values() {
        let mut values = numbers(&sample["values"]);
        values.sort_by(f64::total_cmp);
        let theirs = |name: &str| sample["bins"][name].as_u64().unwrap() as usize;
        assert_eq!(freedman_diaconis(&values, 1000).unwrap().count(), theirs("freedman_diaconis"));
        assert_eq!(knuth(&values, 80).unwrap().count(), theirs("knuth"));
    }
}

#[test]
fn pages_test_is_scipys_exact_one() {
    for case in reference()["trends"].as_array().unwrap() {
        let blocks: Vec<Vec<f64>> = case["blocks"].as_array().unwrap().iter().map(numbers).collect();
        let trend = page(&blocks).unwrap();
        close(trend.statistic, case["statistic"].as_f64().unwrap());
        close(trend.p_value, case["p_value"].as_f64().unwrap());
    }
}
