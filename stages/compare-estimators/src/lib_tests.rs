//! Samples whose distance is known, as the stage compares them.

use super::*;

const SIZE: usize = 900;

fn normal(sd: f64) -> Distribution {
    Distribution::new(Family::Normal, 0.0, sd).unwrap()
}

/// Samples number 0, 1, 2… of a distribution, other ones for every seed.
fn of(known: Distribution, seed: u64) -> impl Fn(u64) -> Vec<f32> + Sync {
    move |draw| null::sample(&known, SIZE as u32, seed, draw).into_iter().map(|value| value as f32).collect()
}

fn plain(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

fn compared(images: &Sample<'_>, numbers: impl Fn(&[f32]) -> Vec<f64> + Sync) -> Vec<Compared> {
    let estimators: Vec<Against> =
        estimators::all().into_iter().map(|one| one.against(normal(32.0))).collect();
    let (exact, noise) = (of(normal(32.0), 2), of(normal(32.0), 3));
    let samples = Samples { images: (60, images), exact: (120, &exact), noise: (60, &noise) };
    compare(&estimators, &samples, numbers)
}

#[test]
fn exact_samples_have_no_excess_by_any_estimator() {
    let compared = compared(&of(normal(32.0), 1), plain);
    assert_eq!(compared.len(), estimators::all().len());
    for one in compared {
        assert!(one.within_null >= 0.85, "{one:?}");
        assert!(one.null.low <= one.mean && one.mean <= one.null.high, "{one:?}");
    }
}

#[test]
fn a_wider_sample_has_an_excess_that_goes_when_only_its_shape_is_compared() {
    let wide = of(normal(48.0), 1);
    // Floors hardly see it: crates/statistics has a test that says so.
    let sees = |one: &Compared| {
        one.estimator != Estimator::Mean && !one.estimator.names().smoothing.starts_with("floor")
    };
    for one in compared(&wide, plain).into_iter().filter(sees) {
        assert!(one.low > one.null.high && one.within_null == 0.0, "{one:?}");
    }
    let shapes = compared(&wide, |values| standardise(values, 32.0));
    let of_kl: Vec<_> = shapes.iter().filter(|one| one.estimator.names().statistic == "kl").collect();
    assert!(of_kl.iter().all(|one| one.null.low <= one.mean && one.mean <= one.null.high), "{of_kl:?}");
}

#[test]
fn an_estimator_without_an_answer_is_left_out() {
    let constant = |_: u64| vec![5.0; SIZE];
    let names: Vec<_> = compared(&constant, plain).iter().map(|one| one.estimator.names()).collect();
    assert!(names.iter().all(|names| names.bins != "knuth" && names.statistic != "kl_reversed_neighbours"));
    assert!(names.iter().any(|names| names.statistic == "kolmogorov_smirnov"));
}
