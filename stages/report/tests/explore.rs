//! What can be explored on the page, through the program: its data is there once, safe, small and the same for every order of files.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod example;

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};

use example::{Example, FIGURES};
use tables::{Cells, Provenance, Writer, catalogue};

const FILES: [(&str, &str); 10] = [
    ("digits", "digits.parquet"),
    ("dataset", "dataset.parquet"),
    ("activations", "a-real.parquet"),
    ("distributions", "d-real.parquet"),
    ("divergences", "k-real.parquet"),
    ("summary", "summary.parquet"),
    ("spread", "spread.parquet"),
    ("claims", "claims.parquet"),
    ("evidence", "evidence.parquet"),
    ("checkpoints", "c.parquet"),
];

fn run(folder: &Path, files: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_report"));
    command.current_dir(folder).args(["--report", "report.html"]);
    for number in FIGURES {
        command.args([format!("--figure-{number}"), format!("{number}.svg")]);
    }
    for (port, name) in files {
        command.arg(format!("--{port}")).arg(name);
    }
    command.output().unwrap()
}

fn page(folder: &Path, files: &[(&str, &str)]) -> String {
    let output = run(folder, files);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(folder.join("report.html")).unwrap()
}

/// The JSON of a script block.
fn block(html: &str, id: &str) -> serde_json::Value {
    let (_, rest) = html.split_once(&format!("id=\"{id}\">")).expect("the block is there");
    serde_json::from_str(rest.split_once("</script>").unwrap().0).expect("it is JSON")
}

/// Checkpoints of the example's trainings, with filters of a shape.
fn checkpoints(folder: &Path, epoch: i32, filters: [usize; 4]) {
    let count: usize = filters.iter().product();
    let shapes = HashMap::from([
        ("conv1_weight", filters.to_vec()),
        ("conv1_bias", vec![1]),
        ("conv2_weight", vec![1]),
        ("conv2_bias", vec![1]),
        ("fc1_weight", vec![1]),
        ("fc1_bias", vec![1]),
        ("fc2_weight", vec![1]),
        ("fc2_bias", vec![1]),
    ]);
    let file = File::create(folder.join("c.parquet")).unwrap();
    let mut writer = Writer::parquet(file, &catalogue::CHECKPOINTS, &shapes, &Provenance::default()).unwrap();
    let mut columns = vec![
        Cells::Words(vec!["cnn2".to_owned()]),
        Cells::Words(vec!["real".to_owned()]),
        Cells::I64(vec![1]),
        Cells::I32(vec![epoch]),
        Cells::F32Tensors((0..count).map(|at| at as f32 / 100.0 - 0.5).collect()),
    ];
    columns.extend((0..7).map(|_| Cells::F32Tensors(vec![0.0])));
    writer.write(columns).unwrap();
    writer.finish().unwrap();
}

#[test]
fn a_training_an_epoch_and_an_image_can_be_chosen_with_everything_that_is_shown_of_them() {
    let folder = tempfile::tempdir().unwrap();
    Example::default().write(folder.path());
    checkpoints(folder.path(), 30, [12, 1, 3, 3]);
    let html = page(folder.path(), &FILES);
    let data = block(&html, "explore-data");
    let network = &data["choices"][0];
    assert_eq!(network["name"], "CNN2, real labels");
    let epoch = &network["choices"][0]["choices"][0];
    let filters = epoch["filters"]["says"].as_str().unwrap();
    assert_eq!(filters, "12 filters of 3×3, grey from −0.57 (black) to 0.57 (white)");
    let view = &epoch["choices"][0];
    assert_eq!(view["says"], "CNN2, real labels, seed 1, epoch 30; image 3 of class 3");
    assert!(view["f1"]["says"].as_str().unwrap().contains("null 0.031 (0.024–0.039)"));
    for plot in ["f1", "f2", "f3", "fy"] {
        assert!(!view[plot]["bars"].as_str().unwrap().is_empty(), "{plot}");
    }
    assert_eq!(view["fy"]["marked"], 3, "the label is marked");
    assert!(html.matches("<img alt=").count() == 4, "without a script the first choice is shown");
}

#[test]
fn without_checkpoints_the_page_says_that_filters_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    Example::default().write(folder.path());
    let html = page(folder.path(), &FILES[..9]);
    assert!(block(&html, "explore-data")["choices"][0]["choices"][0]["choices"][0]["filters"].is_null());
    assert!(html.contains("not in the tables"));
    // So does a checkpoint of another epoch.
    checkpoints(folder.path(), 29, [12, 1, 3, 3]);
    assert!(page(folder.path(), &FILES).contains("not in the tables"));
}

#[test]
fn filters_of_another_shape_are_an_error_that_says_what_would_be_right() {
    let folder = tempfile::tempdir().unwrap();
    Example::default().write(folder.path());
    checkpoints(folder.path(), 30, [12, 2, 3, 3]);
    let output = run(folder.path(), &FILES);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        message.contains("filters of shape [12, 2, 3, 3]") && message.contains("conv1_weight"),
        "{message}"
    );
    assert!(!folder.path().join("report.html").exists());
}

#[test]
fn every_epoch_of_figure_3_has_its_numbers_and_its_place_in_the_figure() {
    let folder = tempfile::tempdir().unwrap();
    Example::default().write(folder.path());
    let html = page(folder.path(), &FILES[..9]);
    let epochs = block(&html, "epochs-data");
    let epochs = epochs.as_array().unwrap();
    assert_eq!(epochs.len(), 31);
    assert_eq!(epochs[30]["numbers"].as_array().unwrap().len(), 3);
    assert_eq!(epochs[30]["numbers"][0][0], "2.02 (1.62 to 2.63)");
    let x = |epoch: usize, panel: usize| epochs[epoch]["places"][panel][0].as_f64().unwrap();
    assert!(x(0, 0) < x(1, 0) && x(30, 0) < x(0, 1) && x(30, 1) < 960.0);
    assert!(
        html.contains("<td data-label=\"KL\">2.02 (1.62 to 2.63)</td>"),
        "without a script the last stands there"
    );
}

#[test]
fn the_order_of_files_changes_no_byte_of_what_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    Example::default().write(folder.path());
    checkpoints(folder.path(), 30, [12, 1, 3, 3]);
    let mut files = FILES.to_vec();
    files.extend([("activations", "a-random.parquet"), ("distributions", "d-random.parquet")]);
    let first = page(folder.path(), &files);
    files.reverse();
    assert!(first == page(folder.path(), &files));
    assert_eq!(block(&first, "explore-data")["choices"].as_array().unwrap().len(), 2);
}
