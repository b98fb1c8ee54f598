//! Bad input ends in one clear message that names file and place, with an exit code, and with no output.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use tables::{Cells, Column, Kind, Provenance, Table, Writer, catalogue};
use tests::{Project, Ran, program, tiny};

/// Trains on `dataset.parquet` of the project; nothing must come of it.
fn train(project: &Project) -> Ran {
    train_by(project, "fused")
}

/// The same by one of the engines.
fn train_by(project: &Project, engine: &str) -> Ran {
    let mut train = program("train", project.path());
    train.args([
        "--dataset",
        "dataset.parquet",
        "--epochs",
        "1",
        "--engine",
        engine,
        "--checkpoints",
        "c.parquet",
    ]);
    let ran = Ran::of(train.args(["--history", "h.parquet", "--timings", "t.parquet"]));
    assert!(["c", "h", "t"].iter().all(|name| !project.path().join(format!("{name}.parquet")).exists()));
    ran
}

/// A dataset of two images, with one pixel and one label as given.
fn write_dataset(path: &Path, pixel: f32, label: u8) {
    let file = File::create(path).unwrap();
    let mut writer =
        Writer::parquet(file, &catalogue::DATASET, &HashMap::new(), &Provenance::default()).unwrap();
    let mut pixels = vec![1.0; 2048];
    pixels[1024 + 7] = pixel;
    let cells = vec![
        Cells::I32(vec![0, 1]),
        Cells::Words(vec!["train".into(), "test".into()]),
        Cells::U8(vec![3, label]),
        Cells::U8(vec![1, 2]),
        Cells::F32Tensors(pixels),
        Cells::Bytes(vec![0; 2048]),
        Cells::Words(vec!["a".into(), "b".into()]),
    ];
    writer.write(cells).unwrap();
    writer.finish().unwrap();
}

#[test]
fn a_missing_table_is_named() {
    train(&Project::tiny()).failed(3, &["--dataset", "dataset.parquet", "No such file"]);
}

#[test]
fn a_table_that_is_cut_short_is_named() {
    let project = Project::tiny();
    let path = project.path().join("dataset.parquet");
    write_dataset(&path, 1.0, 3);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    train(&project).failed(3, &["dataset.parquet", "damaged or cut short"]);
}

#[test]
fn what_is_no_table_is_named() {
    let project = Project::tiny();
    std::fs::write(project.path().join("dataset.parquet"), "image,label\n1,2\n").unwrap();
    train(&project).failed(3, &["dataset.parquet", "neither a Parquet file nor an Arrow IPC stream"]);
}

#[test]
fn another_table_is_told_from_the_right_one() {
    let project = Project::tiny();
    std::fs::copy(project.path().join("data/digits.parquet"), project.path().join("dataset.parquet"))
        .unwrap();
    train(&project).failed(3, &["it is the table `digits v1`, but the table `dataset v2` is needed here"]);
}

#[test]
fn a_pixel_that_is_no_number_is_named_with_its_row() {
    let project = Project::tiny();
    write_dataset(&project.path().join("dataset.parquet"), f32::NAN, 3);
    train(&project).failed(3, &["column `pixels`, row 1", "element 7 is NaN", "finite"]);
}

#[test]
fn a_label_outside_0_to_9_is_named_with_its_row() {
    let project = Project::tiny();
    write_dataset(&project.path().join("dataset.parquet"), 1.0, 10);
    train(&project).failed(3, &["column `label`, row 1", "label 10", "labels are 0 to 9"]);
}

/// A table that says it is `history`, with text where numbers must be.
static HISTORY_OF_WORDS: Table = Table {
    name: "history",
    version: 1,
    about: "",
    columns: &[words("network"), words("labels"), words("seed")],
};

const fn words(name: &'static str) -> Column {
    Column { name, kind: Kind::Text, unit: "", about: "", nullable: false }
}

#[test]
fn a_column_of_another_type_is_named_with_the_right_one() {
    let project = Project::tiny();
    project.run(&["divergences@network=cnn1"]).ok();
    let file = File::create(project.path().join("history.parquet")).unwrap();
    let mut writer =
        Writer::parquet(file, &HISTORY_OF_WORDS, &HashMap::new(), &Provenance::default()).unwrap();
    writer.write((0..3).map(|_| Cells::Words(vec!["one".into()])).collect()).unwrap();
    writer.finish().unwrap();
    let mut aggregate = program("aggregate", project.path());
    let divergences = "results/tiny/divergences/cnn1-real-epochs3-seed1/divergences.parquet";
    aggregate.args(["--histories", "history.parquet", "--divergences", divergences]);
    aggregate.args(["--summary", "s.parquet", "--spread", "p.parquet", "--trends", "t.parquet"]);
    Ran::of(&mut aggregate).failed(3, &["history.parquet: column `seed` is Utf8, but must be int64"]);
    assert!(!project.path().join("s.parquet").exists());
}

#[test]
fn an_engine_that_is_not_built_in_is_no_choice_and_the_help_says_how_to_build_it_in() {
    let project = Project::tiny();
    for engine in ["burn-flex", "burn-ndarray"] {
        train_by(&project, engine).failed(2, &["--engine", "[possible values: fused]"]);
    }
    let help = Ran::of(program("train", project.path()).arg("--help")).ok();
    assert!(help.contains("train/burn-flex,train/burn-ndarray"), "{help}");
}

#[test]
fn divergences_and_a_history_of_two_trainings_are_not_joined() {
    let project = Project::tiny();
    project.run(&["divergences@network=cnn1"]).ok();
    let mut train = program("train", project.path());
    train.args(["--dataset", "results/tiny/dataset/dataset.parquet", "--network", "cnn1", "--epochs", "3"]);
    train.args(["--learning-rate", "0.003", "--checkpoints", "c.parquet", "--history", "h.parquet"]);
    Ran::of(train.args(["--timings", "t.parquet"])).ok();
    let mut aggregate = program("aggregate", project.path());
    let divergences = "results/tiny/divergences/cnn1-real-epochs3-seed1/divergences.parquet";
    aggregate.args(["--histories", "h.parquet", "--divergences", divergences]);
    aggregate.args(["--summary", "s.parquet", "--spread", "p.parquet", "--trends", "t.parquet"]);
    let said = "train.learning_rate is 0.003 for the history and 0.001 for the divergences";
    Ran::of(&mut aggregate).failed(3, &["h.parquet and ", "are of two trainings of cnn1", said]);
    assert!(!project.path().join("s.parquet").exists());
}

#[test]
fn a_table_from_a_pipe_is_refused_and_not_waited_for() {
    let project = Project::tiny();
    let pipe = project.path().join("dataset.parquet");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    train(&project).failed(3, &["dataset.parquet: it is no regular file; write the table to one"]);
    for digits in ["dataset.parquet", "-"] {
        let mut generate = program("generate-dataset", project.path());
        generate.args(["--digits", digits, "--dataset", "d.parquet"]);
        let sentence = format!("--digits: {digits}: it is no regular file; write the table to one");
        Ran::of(&mut generate).failed(3, &[&sentence]);
    }
}

#[test]
fn an_unknown_param_is_named_with_its_place_and_the_nearest_right_name() {
    let project = Project::new(&tiny().replace("params: {seed: 1,", "params: {sed: 1,"));
    project.run(&[]).failed(3, &["pipeline.yaml:9:14", "sed", "seed"]);
}

#[test]
fn a_typo_in_the_yaml_is_named_with_its_place() {
    let project = Project::new(&tiny().replace("  aggregate:\n    inputs:", "  aggregate:\n    imputs:"));
    project.run(&[]).failed(3, &["pipeline.yaml:", "imputs", "inputs"]);
    project.write("name: tiny\nstages: [\n");
    project.run(&[]).failed(3, &["pipeline.yaml:"]);
}

#[test]
fn a_cycle_is_named_in_full() {
    let yaml = "name: p\nstages:\n  a: {program: compute-kl, inputs: {distributions: b.distributions}}\n  \
                b: {program: estimate-distributions, inputs: {activations: c.activations}}\n  \
                c: {program: dump-activations, inputs: {dataset: d.dataset, checkpoints: a.divergences}}\n  \
                d: {program: generate-dataset, inputs: {digits: data/digits.parquet}}\n";
    Project::new(yaml).run(&[]).failed(3, &["pipeline.yaml:3:3", "in a cycle: a -> c -> b -> a"]);
}

#[test]
fn a_stage_that_stands_twice_is_refused_with_the_place_of_the_second() {
    let yaml = tiny() + "\n  train:\n    inputs: {dataset: dataset.dataset}\n";
    let line = yaml.lines().count() - 1;
    let place = format!("pipeline.yaml:{line}:3");
    Project::new(&yaml).run(&[]).failed(3, &[&place, "the key `train` stands here twice"]);
}

#[test]
fn a_stage_that_fails_shows_its_own_words_and_the_rest_is_told_apart() {
    let project = Project::new(&tiny().replace("train_per_class: 20,", "train_per_class: 2190,"));
    project.run(&[]).failed(
        1,
        &[
            "there are 2200 digits of class 0, but 2190 training and 20 test images need 2210",
            "1 failed",
            "27 not run",
        ],
    );
}
