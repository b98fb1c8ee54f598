//! Which rows of the table estimates a rule means, and what is said where that is not clear or none fits.

use std::sync::Arc;

use super::*;
use crate::evidence::Source;

fn source(dataset: &str, training: &str, distribution: &str) -> Arc<Source> {
    Arc::new(Source {
        path: format!("{training}.parquet").into(),
        dataset: dataset.to_owned(),
        training: training.to_owned(),
        made_with: BTreeMap::from([("generate-dataset.distribution".to_owned(), distribution.into())]),
    })
}

fn row(seed: i64, epoch: i32, mean: f64) -> EstimateRow {
    EstimateRow {
        source: source("d", &format!("training {seed}"), "laplace"),
        network: "cnn2".to_owned(),
        labels: "real".to_owned(),
        seed,
        epoch,
        against: "normal".to_owned(),
        variable: "f1".to_owned(),
        statistic: "kl".to_owned(),
        bins: "equal-width 64".to_owned(),
        smoothing: "pseudocount 0.5".to_owned(),
        images: 100,
        mean,
        null: Null { mean: 0.03, low: 0.02, high: 0.04 },
        excess: mean - 0.03,
        within_null: 0.5,
    }
}

fn estimate(epoch: Option<When>) -> Estimate {
    Estimate {
        column: EstimateColumn::Mean,
        variable: "f1".to_owned(),
        of: "kl".to_owned(),
        bins: "equal-width 64".to_owned(),
        smoothing: "pseudocount 0.5".to_owned(),
        against: "normal".to_owned(),
        network: None,
        labels: None,
        epoch,
        made_with: BTreeMap::new(),
        minus: None,
    }
}

fn measured(estimates: Vec<EstimateRow>, estimate: &Estimate) -> Result<Measured, String> {
    measure(&Evidence { estimates, ..Evidence::default() }, estimate)
}

fn values(estimates: Vec<EstimateRow>, estimate: &Estimate) -> Vec<f64> {
    measured(estimates, estimate).unwrap().values.unwrap()
}

#[test]
fn a_difference_pairs_what_is_of_one_dataset_and_seed_and_has_no_null() {
    let other = |seed| EstimateRow { source: source("d", "u", "uniform"), ..row(seed, 30, 100.0) };
    let rows = || vec![row(1, 0, 1.0), row(1, 30, 0.5), row(2, 0, 2.0), row(2, 30, 1.5), other(3)];
    let mut less = estimate(Some(When::Last));
    less.made_with = BTreeMap::from([("generate-dataset.distribution".to_owned(), "laplace".into())]);
    let alone = measured(rows(), &less).unwrap();
    assert_eq!((alone.values, alone.null.is_some()), (Ok(vec![0.5, 1.5]), true));
    less.minus = Some(Otherwise { epoch: Some(When::First), ..Otherwise::default() });
    let difference = measured(rows(), &less).unwrap();
    assert_eq!((difference.values, difference.null), (Ok(vec![-0.5, -0.5]), None));
}

#[test]
fn of_tables_that_tell_of_one_training_the_one_with_most_images_counts() {
    let most = EstimateRow { images: 1000, ..row(1, 30, 2.0) };
    assert_eq!(values(vec![row(1, 30, 1.0), most.clone()], &estimate(None)), [2.0]);
    assert_eq!(values(vec![most.clone(), row(1, 30, 1.0), most], &estimate(None)), [2.0]);
}

#[test]
fn trainings_that_differ_only_in_params_are_not_taken_for_one() {
    let other =
        |distribution| EstimateRow { source: source("d", "another", distribution), ..row(1, 30, 2.0) };
    for rows in [vec![row(1, 30, 1.0), other("uniform")], vec![other("uniform"), row(1, 30, 1.0)]] {
        let error = measured(rows, &estimate(Some(When::Last))).unwrap_err();
        assert!(error.contains("say in `made_with` whether generate-dataset.distribution is"), "{error}");
        assert!(error.contains("training 1.parquet") && error.contains("another.parquet"), "{error}");
    }
    let error = measured(vec![row(1, 30, 1.0), other("laplace")], &estimate(None)).unwrap_err();
    assert!(error.contains("whose params do not tell them apart; give one"), "{error}");
}

#[test]
fn trainings_on_several_datasets_are_one_value_a_dataset() {
    let of = |dataset, seed, mean| EstimateRow {
        source: source(dataset, &format!("{dataset}{seed}"), "laplace"),
        ..row(seed, 30, mean)
    };
    let rows = vec![of("d", 1, 1.0), of("d", 2, 2.0), of("e", 1, 5.0)];
    let measured = measured(rows, &estimate(None)).unwrap();
    assert_eq!((measured.units, measured.values), (Units::Datasets, Ok(vec![1.5, 5.0])));
}

#[test]
fn an_epoch_is_chosen_within_one_training_only() {
    let random =
        EstimateRow { labels: "random".to_owned(), source: source("d", "r", "laplace"), ..row(1, 200, 3.0) };
    let rows = || vec![row(1, 0, 1.0), row(1, 30, 2.0), random.clone()];
    let error = measured(rows(), &estimate(Some(When::Last))).unwrap_err();
    assert!(error.contains("cnn2 on real labels and cnn2 on random labels ("), "{error}");
    assert!(error.contains("): say which network and labels"), "{error}");
    let real = Estimate { labels: Some("real".to_owned()), ..estimate(Some(When::Last)) };
    assert_eq!(values(rows(), &real), [2.0]);
    let open = Estimate { epoch: None, ..real };
    let error = measured(rows(), &open).unwrap_err();
    assert!(error.contains("`kl` of `f1` with seed 1: of several epochs; say `epoch: first`"), "{error}");
}

#[test]
fn tables_that_disagree_on_one_training_are_not_chosen_from() {
    let error = measured(vec![row(1, 30, 1.0), row(1, 30, 1.5)], &estimate(None)).unwrap_err();
    assert!(error.contains("two tables tell other numbers of it"), "{error}");
}

#[test]
fn where_no_row_fits_the_reason_is_true_and_names_what_may_be_meant() {
    let why = |estimate: Estimate| measured(vec![row(1, 30, 1.0)], &estimate).unwrap().values.unwrap_err();
    let network = Estimate { network: Some("CNN2".to_owned()), ..estimate(None) };
    assert!(why(network).ends_with("has network CNN2, only cnn2; did you mean cnn2?"));
    let bins = Estimate { bins: String::new(), ..estimate(None) };
    assert!(why(bins).contains("has bins none, only equal-width 64"));
    let mut param = estimate(None);
    param.made_with.insert("generate-dataset.distribtion".to_owned(), "laplace".into());
    let said = why(param);
    assert!(said.ends_with("did you mean generate-dataset.distribution?"), "{said}");
    let minus = Otherwise { network: Some("single".to_owned()), ..Otherwise::default() };
    let less = Estimate { minus: Some(minus), ..estimate(None) };
    assert!(why(less).starts_with("to take off, no row of estimates with variable f1"));
}

#[test]
fn a_number_of_a_param_is_the_same_however_it_is_written() {
    let made_with = |value: serde_json::Value| BTreeMap::from([("variance".to_owned(), value)]);
    let source = Arc::new(Source { made_with: made_with(1024.0.into()), ..Source::default() });
    let row = EstimateRow { source, ..row(1, 30, 1.0) };
    let whole = Estimate { made_with: made_with(1024.into()), ..estimate(None) };
    assert_eq!(values(vec![row], &whole), [1.0]);
}
