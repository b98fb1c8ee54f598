//! The derivations, in small: what check-theory says of a network before and after a short training.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

use std::path::Path;

use tables::{Reader, catalogue};
use tests::{Project, Ran, program};

/// A row of theory: epoch, claim, check, kind, statistic, value.
type Row = (i32, String, String, String, String, f64);

fn read(path: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    for batch in Reader::open(path, &catalogue::THEORY, &[]).unwrap() {
        let batch = batch.unwrap();
        let [claims, checks, kinds, statistics] =
            ["claim", "check", "kind", "statistic"].map(|name| batch.texts(name).unwrap());
        let (epochs, values) = (batch.i32s("epoch").unwrap(), batch.f64s("value").unwrap());
        for row in 0..batch.rows() {
            let [claim, check, kind, statistic] =
                [claims[row], checks[row], kinds[row], statistics[row]].map(str::to_owned);
            rows.push((epochs[row], claim, check, kind, statistic, values[row]));
        }
    }
    rows
}

#[test]
fn identities_hold_and_a_step_is_of_second_order_with_the_same_bytes_on_any_number_of_threads() {
    let project = Project::new("");
    let run = |name: &str, arguments: &str| {
        Ran::of(program(name, project.path()).args(arguments.split_whitespace())).ok();
    };
    run(
        "generate-dataset",
        "--digits data/digits.parquet --dataset dataset.parquet --train-per-class 10 --test-per-class 3",
    );
    run(
        "train",
        "--dataset dataset.parquet --network cnn1 --epochs 2 --checkpoints checkpoints.parquet --history history.parquet --timings timings.parquet",
    );
    for threads in ["1", "2"] {
        run(
            "check-theory",
            &format!(
                "--dataset dataset.parquet --checkpoints checkpoints.parquet --theory {threads}/theory.parquet --steps {threads}/steps.parquet --images 5 --threads {threads}"
            ),
        );
    }
    for table in ["theory.parquet", "steps.parquet"] {
        let [one, two] =
            ["1", "2"].map(|threads| std::fs::read(project.path().join(threads).join(table)).unwrap());
        assert!(one == two, "{table} differs");
    }

    let rows = read(&project.path().join("1/theory.parquet"));
    for epoch in [0, 2] {
        let of_epoch = || rows.iter().filter(|row| row.0 == epoch);
        for claim in ["C8", "C9", "C10", "C11", "C12"] {
            let identities: Vec<&Row> =
                of_epoch().filter(|row| row.1 == claim && row.3 == "identity").collect();
            assert!(!identities.is_empty(), "{claim}");
            for row in identities {
                assert!(row.4 == "largest_relative_error" && row.5 < 1e-9, "{row:?}");
            }
        }
        let slopes: Vec<f64> = of_epoch().filter(|row| row.4 == "slope").map(|row| row.5).collect();
        assert!(matches!(slopes[..], [slope] if (slope - 1.0).abs() < 0.1), "{slopes:?}");
        // What print gets wrong is wrong: the sign of Eq. 34 takes another class.
        let other = of_epoch().find(|row| row.4 == "other_class").unwrap();
        assert_eq!((other.1.as_str(), other.3.as_str(), other.5), ("C10", "as printed", 1.0));
    }
}
