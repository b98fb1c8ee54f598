//! The program `export-dataset`: a folder for Hugging Face's tools, whole or not at all. That they read it, docs/opening.md shows.

#![allow(clippy::unwrap_used, reason = "a test whose helper fails has failed")]

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};

use tables::{Cells, Provenance, Writer, catalogue};

/// A dataset of three images, the last of which is to test on, with one label as given.
fn write_dataset(path: &Path, label: u8, digit: &str) {
    let provenance = Provenance { params: r#"{"variance": 1024.0}"#.to_owned(), ..Provenance::default() };
    let file = File::create(path).unwrap();
    let mut writer = Writer::parquet(file, &catalogue::DATASET, &HashMap::new(), &provenance).unwrap();
    let cells = vec![
        Cells::I32(vec![0, 1, 2]),
        Cells::Words(["train", "train", "test"].map(str::to_owned).to_vec()),
        Cells::U8(vec![3, label, 5]),
        Cells::U8(vec![1, 2, 3]),
        Cells::F32Tensors(vec![1.0; 3 * 1024]),
        Cells::Bytes(vec![0; 3 * 1024]),
        Cells::Words(vec![digit.to_owned(); 3]),
    ];
    writer.write(cells).unwrap();
    writer.finish().unwrap();
}

fn export(dataset: &Path, folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_export-dataset")).arg(dataset).arg(folder).output().unwrap()
}

#[test]
fn a_dataset_becomes_a_file_a_split_with_a_card_and_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, published) = (folder.path().join("d.parquet"), folder.path().join("digits"));
    write_dataset(&dataset, 4, "mnist/train/1.png");
    assert!(export(&dataset, &published).status.success());
    let card = std::fs::read_to_string(published.join("README.md")).unwrap();
    assert!(card.contains("license: cc-by-sa-3.0") && card.contains("\"variance\": 1024.0"), "{card}");
    assert!(card.contains("num_examples: 2") && card.contains("num_examples: 1"), "{card}");
    let croissant = std::fs::read_to_string(published.join("croissant.json")).unwrap();
    let croissant: serde_json::Value = serde_json::from_str(&croissant).unwrap();
    let test = &croissant["distribution"][1];
    let bytes = published.join(test["contentUrl"].as_str().unwrap()).metadata().unwrap().len();
    assert_eq!(test["contentSize"], format!("{bytes} B"));
}

#[test]
fn the_licence_of_other_digits_is_not_taken_for_mnists() {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, published) = (folder.path().join("d.parquet"), folder.path().join("digits"));
    write_dataset(&dataset, 4, "hsf_0/00001.png");
    assert!(export(&dataset, &published).status.success());
    assert!(std::fs::read_to_string(published.join("README.md")).unwrap().contains("license: other"));
}

#[test]
fn a_wrong_dataset_or_a_folder_that_is_there_leaves_all_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, published) = (folder.path().join("d.parquet"), folder.path().join("digits"));
    write_dataset(&dataset, 10, "mnist/train/1.png");
    let refused = export(&dataset, &published);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3));
    assert!(message.contains("column `label`, row 1") && message.contains("0 to 9"), "{message}");
    write_dataset(&dataset, 4, "mnist/train/1.png");
    std::fs::create_dir(&published).unwrap();
    let refused = export(&dataset, &published);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is there already"));
    let left: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
