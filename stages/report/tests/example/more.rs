//! Tables that a pipeline need not have, small, as it would make them.

use std::path::Path;

use tables::{Cells, catalogue};

use crate::example::write;

/// Writes what pipelines need not have: theory, steps, settings, times and the pipeline's own file.
pub fn write_more(folder: &Path) {
    let words = |texts: &[&str]| Cells::Words(texts.iter().map(|text| (*text).to_owned()).collect());
    let key = |rows: usize| {
        vec![
            words(&vec!["cnn2"; rows]),
            words(&vec!["real"; rows]),
            Cells::I64(vec![1; rows]),
            Cells::I32((0..rows as i32).collect()),
        ]
    };
    let mut theory = key(2);
    theory.extend([
        words(&["C8", "C11"]),
        words(&["Eq. 13", "Eq. 38"]),
        words(&["fY: <both sides>", "f_y: remainder"]),
        words(&["identity", "approximation"]),
        Cells::I32(vec![20, 3]),
        words(&["largest_relative_error", "slope"]),
        Cells::F64(vec![2.5e-14, 1.0]),
    ]);
    write(folder, "theory.parquet", &catalogue::THEORY, theory);
    let mut steps = key(4);
    steps.extend([
        words(&["f1", "f1", "f_y", "f_y"]),
        Cells::F64(vec![1e-3, 1e-2, 1e-3, 1e-2]),
        Cells::F64(vec![0.01, 0.1, 0.02, 0.2]),
        Cells::F64(vec![0.0, 0.1, 0.0, 0.2]),
    ]);
    write(folder, "steps.parquet", &catalogue::STEPS, steps);
    let counts = [3, 1, 0, 2].map(|count| Cells::I32(vec![count]));
    let shares = [1.0 / 3.0, 0.0, 2.0 / 3.0].map(|share| Cells::F64(vec![share]));
    let robust = [words(&["C3"])].into_iter().chain(counts).chain(shares).collect();
    write(folder, "robustness.parquet", &catalogue::ROBUSTNESS, robust);
    let settings = vec![
        words(&["C3", "C3"]),
        words(&["base", "train.optimiser=<sgd>"]),
        words(&["{}", "{}"]),
        words(&["inconclusive", "reproduced"]),
        words(&["it was open", "it fell"]),
        words(&["seeds", "seeds"]),
        Cells::I32(vec![5, 3]),
        Cells::I32(vec![5, 5]),
    ];
    write(folder, "sensitivity.parquet", &catalogue::SENSITIVITY, settings);
    let mut timings = key(2);
    timings.extend([Cells::F64(vec![0.0, 30.0]), Cells::F64(vec![1.0, 1.0])]);
    timings.extend([Cells::I32(vec![2, 2]), words(&["<Abacus>, 2 cores", "<Abacus>, 2 cores"])]);
    write(folder, "timings.parquet", &catalogue::TIMINGS, timings);
    std::fs::write(
        folder.join("p.yaml"),
        "name: p\nstages:\n  train: {}\n  report: {inputs: {history: train.history}}\n",
    )
    .unwrap();
}
