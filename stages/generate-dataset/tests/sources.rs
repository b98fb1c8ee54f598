//! The program on digits from each of its sources: NIST SD19's folders and MNIST's IDX files, both made here.

#![allow(clippy::unwrap_used, reason = "a test whose helper fails has failed")]

use std::path::Path;
use std::process::Command;

use tables::dataset;
use tables::picture::{self, Grey};

/// Makes a dataset of one training and one test image a class, and checks what must hold for it.
fn check_dataset_from(digits: &Path, folder: &Path) {
    let output = folder.join("dataset.parquet");
    let mut program = Command::new(env!("CARGO_BIN_EXE_generate-dataset"));
    program.arg("--digits").arg(digits).arg("--dataset").arg(&output);
    let ran = program.args(["--train-per-class", "1", "--test-per-class", "1"]).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let splits = dataset::read(&output).unwrap();
    let classes: Vec<u8> = (0..10).collect();
    assert_eq!((splits.train.labels, splits.test.labels), (classes.clone(), classes));
}

#[test]
fn folders_of_sd19_become_a_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let by_class = folder.path().join("by_class");
    for class in 0..10 {
        let pictures = by_class.join(format!("{:x}", 0x30 + class)).join(format!("hsf_{}", class % 4));
        std::fs::create_dir_all(&pictures).unwrap();
        for number in 0..2 {
            let ink = |x: usize, y: usize| x.abs_diff(64) < 6 + class && y.abs_diff(64) < 20 + number;
            let pixels = (0..128 * 128).map(|at| if ink(at % 128, at / 128) { 0 } else { 255 }).collect();
            let png = picture::encode(&Grey { width: 128, height: 128, pixels }).unwrap();
            std::fs::write(pictures.join(format!("hsf_0_{number:05}.png")), png).unwrap();
        }
    }
    check_dataset_from(&by_class, folder.path());
}

/// Writes the four files of MNIST with one training and one test picture a class, all different.
fn write_mnist(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    for (part, shift) in [("train", 0), ("t10k", 13)] {
        let mut images = [0, 0, 8, 3, 0, 0, 0, 10, 0, 0, 0, 28, 0, 0, 0, 28].to_vec();
        for class in 0..10 {
            images.extend((0..28 * 28).map(|pixel| if pixel / 28 > class + shift { 255 } else { 0 }));
        }
        let mut labels = [0, 0, 8, 1, 0, 0, 0, 10].to_vec();
        labels.extend(0..10);
        std::fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        std::fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
}

#[test]
fn files_of_mnist_become_a_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let mnist = folder.path().join("mnist");
    write_mnist(&mnist);
    check_dataset_from(&mnist, folder.path());
}

#[test]
fn packed_digits_are_the_same_bytes_each_time_and_make_a_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let mnist = folder.path().join("mnist");
    write_mnist(&mnist);
    let pack = |name: &str| {
        let output = folder.path().join(name);
        let mut program = Command::new(env!("CARGO_BIN_EXE_pack-digits"));
        let ran = program.arg(&mnist).arg(&output).args(["--per-class", "2"]).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        output
    };
    let (first, second) = (pack("first.parquet"), pack("second.parquet"));
    assert!(std::fs::read(&first).unwrap() == std::fs::read(second).unwrap());
    check_dataset_from(&first, folder.path());
}
