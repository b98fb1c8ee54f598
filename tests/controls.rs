//! The controls, in small: what estimators say of images and networks about which the truth is known.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

use std::collections::BTreeMap;
use std::path::Path;

use tables::{Reader, catalogue};
use tests::Project;

/// Of controls.yaml, few images and few epochs.
fn small() -> Project {
    let yaml = std::fs::read_to_string(tests::repository().join("controls.yaml")).unwrap();
    let yaml = yaml
        .replace("seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "seeds: [1]")
        .replace("params: {seed: 1}", "params: {seed: 1, train_per_class: 10, test_per_class: 10}")
        .replace("epochs: [30]", "epochs: [2]")
        .replace(
            "    matrix: {against",
            "    params: {images: 40, null_draws: 100, noise_images: 40}\n    matrix: {against",
        );
    assert_eq!(yaml.matches("noise_images").count(), 2);
    assert_eq!(yaml.matches("epochs: [2]").count(), 1);
    assert!(yaml.contains("seeds: [1]\n"), "one seed is enough here");
    Project::new(&yaml)
}

/// A row of estimates: mean, null's and noise's ranges, share within the null.
#[derive(Clone, Copy, Debug)]
struct Row {
    mean: f64,
    null: (f64, f64),
    noise: (f64, f64),
    within_null: f64,
}

/// By variable, epoch, statistic, bins and smoothing.
type Rows = BTreeMap<(String, i32, String, String, String), Row>;

fn read(path: &Path) -> Rows {
    let mut rows = Rows::new();
    for batch in Reader::open(path, &catalogue::ESTIMATES, &[]).unwrap() {
        let batch = batch.unwrap();
        let text = |name| batch.texts(name).unwrap();
        let number = |name| batch.f64s(name).unwrap();
        let [variables, statistics, bins, smoothings] =
            ["variable", "statistic", "bins", "smoothing"].map(text);
        let [mean, null_low, null_high, noise_low, noise_high, within] =
            ["mean", "null_low", "null_high", "noise_low", "noise_high", "within_null"].map(number);
        let epochs = batch.i32s("epoch").unwrap();
        for row in 0..batch.rows() {
            let key = [variables[row], statistics[row], bins[row], smoothings[row]].map(str::to_owned);
            let [variable, statistic, bins, smoothing] = key;
            let value = Row {
                mean: mean[row],
                null: (null_low[row], null_high[row]),
                noise: (noise_low[row], noise_high[row]),
                within_null: within[row],
            };
            assert!(rows.insert((variable, epochs[row], statistic, bins, smoothing), value).is_none());
        }
    }
    rows
}

fn of<'a>(rows: &'a Rows, variable: &'a str) -> impl Iterator<Item = (&'a str, &'a Row)> + Clone {
    rows.iter().filter(move |(key, _)| key.0 == variable).map(|(key, row)| (key.2.as_str(), row))
}

#[test]
fn controls_show_what_is_known_of_them() {
    let project = small();
    project.run(&[]).ok();
    let folder = project.path().join("results/controls");
    let estimates = |stage: &str, cell: &str| read(&folder.join(stage).join(cell).join("estimates.parquet"));

    // Pixels follow the distribution that they were drawn from, whichever that is, by every estimator.
    for dataset in [
        "normal-variance256-raster",
        "normal-variance1024-anywhere",
        "laplace-variance1024-raster",
        "uniform-variance1024-raster",
    ] {
        let rows = estimates("estimates", &format!("{dataset}-cnn2-real-epochs2-seed1-dataset"));
        assert!(of(&rows, "x").count() > 30, "{dataset}");
        for (statistic, row) in of(&rows, "x") {
            assert!(row.within_null > 0.8, "{dataset}: {statistic} {row:?}");
        }
    }
    // A normal distribution in place of Laplace's or a uniform one is seen by distances of the whole distribution.
    for dataset in ["laplace", "uniform"] {
        let rows =
            estimates("estimates", &format!("{dataset}-variance1024-raster-cnn2-real-epochs2-seed1-normal"));
        let distances = of(&rows, "x").filter(|(statistic, _)| *statistic == "anderson_darling");
        assert!(
            distances.clone().count() > 0 && distances.clone().all(|(_, row)| row.within_null < 0.1),
            "{dataset}"
        );
    }
    // So is it in white noise, which keeps the pixels' own distribution.
    let rows = estimates("estimates", "laplace-variance1024-raster-cnn2-real-epochs2-seed1-normal");
    let distances = of(&rows, "x").filter(|(statistic, _)| *statistic == "anderson_darling");
    assert!(distances.clone().count() == 2 && distances.clone().all(|(_, row)| row.noise.0 > row.null.1));
    // Energies of pixels in no order are those of white noise.
    let rows = estimates("estimates", "normal-variance1024-anywhere-cnn2-real-epochs2-seed1-dataset");
    for (statistic, row) in of(&rows, "f1") {
        let width = row.noise.1 - row.noise.0;
        assert!(row.noise.0 - width <= row.mean && row.mean <= row.noise.1 + width, "{statistic} {row:?}");
    }
    // One random filter's energies are not as wide as P(X), but by rare chance.
    let rows = estimates("estimates-of-filter", "normal-variance1024-raster-single-epochs0-seed1-dataset");
    let widths = of(&rows, "f1").filter(|(statistic, _)| *statistic == "sd");
    assert!(
        widths.clone().count() == 1
            && widths.clone().all(|(_, row)| row.mean < row.null.0 || row.mean > row.null.1)
    );
}
