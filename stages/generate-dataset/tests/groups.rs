//! A dataset of several row groups: the same bytes on any number of threads, its images in order.

#![allow(clippy::unwrap_used, reason = "a test whose helper fails has failed")]

use std::path::Path;
use std::process::Command;

use tables::{Reader, catalogue};

#[test]
fn one_thread_and_three_make_the_same_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/digits.parquet");
    let datasets = ["1", "2", "3"].map(|threads| {
        let dataset = folder.path().join(format!("{threads}.parquet"));
        let mut generate = Command::new(env!("CARGO_BIN_EXE_generate-dataset"));
        generate.arg("--digits").arg(&digits).arg("--dataset").arg(&dataset).args(["--threads", threads]);
        let made = generate.args(["--train-per-class", "180", "--test-per-class", "3"]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        dataset
    });
    let bytes = datasets.each_ref().map(|dataset| std::fs::read(dataset).unwrap());
    assert!(bytes[0] == bytes[1] && bytes[0] == bytes[2]);
    let batches = Reader::open(&datasets[0], &catalogue::DATASET, &["image_id"]).unwrap();
    let ids: Vec<i32> = batches.flat_map(|batch| batch.unwrap().i32s("image_id").unwrap().to_vec()).collect();
    assert!(ids.into_iter().eq(0..1830));
}
