//! The tiny pipeline, run as a person runs it: again, with a change, in part, by hand.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use tests::{Project, Ran, program, tiny};

/// The stages that a run says it has done.
fn done(text: &str) -> BTreeSet<String> {
    let jobs = text.lines().filter_map(|line| line.strip_prefix("done "));
    let stages =
        jobs.flat_map(|job| job.split(" | ").map(|part| part.split(['@', ' ']).next().unwrap_or("")));
    stages.map(str::to_owned).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_second_run_does_nothing_and_says_so() {
    let project = Project::tiny();
    let first = project.run(&[]).ok();
    assert!(first.contains("28 done"), "{first}");
    assert!(project.result("report/report.html").is_file());
    let second = project.run(&[]).ok();
    assert!(second.contains("nothing to do: 28 jobs up to date"), "{second}");
}

#[test]
fn a_changed_param_reruns_only_what_it_reaches() {
    let project = Project::tiny();
    project.run(&[]).ok();
    let changed = tiny().replace(
        "    inputs: {distributions: distributions.distributions}",
        "    inputs: {distributions: distributions.distributions}\n    params: {pseudocount: 1}",
    );
    assert_ne!(changed, tiny());
    project.write(&changed);
    assert_eq!(done(&project.run(&[]).ok()), set(&["divergences", "aggregate", "judge", "report"]));
}

#[test]
fn one_stage_or_one_cell_of_it_can_be_rerun() {
    let project = Project::tiny();
    project.run(&[]).ok();
    assert_eq!(done(&project.run(&["divergences", "--force"]).ok()), set(&["divergences"]));
    let one = project.run(&["train@network=cnn2", "--force"]).ok();
    assert!(one.contains("done train@network=cnn2,labels=real,epochs=3,seed=1"), "{one}");
    assert_eq!(one.matches("done train").count(), 1, "{one}");
}

#[test]
fn the_commands_of_a_dry_run_make_the_same_bytes_by_hand() {
    let project = Project::tiny();
    let script = project.run(&["--dry-run"]).ok();
    assert!(!project.path().join("results").exists(), "a dry run changes nothing");
    let made = Ran::of(Command::new("sh").args(["-e", "-c", &script]).current_dir(project.path()));
    made.ok();
    let read = |name: &str| std::fs::read(project.result(name)).unwrap();
    let tables = [
        "dataset/dataset.parquet",
        "train/cnn3-random-epochs4-seed1/checkpoints.parquet",
        "judge/claims.parquet",
    ];
    let by_hand = tables.map(read);
    std::fs::remove_dir_all(project.path().join("results")).unwrap();
    project.run(&[]).ok();
    assert!(tables.map(read) == by_hand);
}

#[test]
fn a_stream_can_be_kept_as_a_table_without_changing_what_comes_of_it() {
    let project = Project::tiny();
    project.run(&["divergences@network=cnn1"]).ok();
    let cell = "cnn1-real-epochs3-seed1";
    let before = std::fs::read(project.result(&format!("divergences/{cell}/divergences.parquet"))).unwrap();
    let keeping =
        tiny().replace("program: dump-activations\n", "program: dump-activations\n    keep: [energies]\n");
    assert_ne!(keeping, tiny());
    project.write(&keeping);
    let out = project.run(&["divergences@network=cnn1"]).ok();
    let job =
        "done activations | activations.energies | distributions@network=cnn1,labels=real,epochs=3,seed=1";
    assert!(out.contains(job), "{out}");
    let table = project.result(&format!("activations/{cell}/energies.parquet"));
    let kept = tables::Reader::open(&table, &tables::catalogue::ENERGIES, &["image_id"]).unwrap();
    assert_eq!(
        kept.map(|batch| batch.unwrap().rows()).sum::<usize>(),
        4 * 200,
        "200 test images, epochs 0 to 3"
    );
    let after = std::fs::read(project.result(&format!("divergences/{cell}/divergences.parquet"))).unwrap();
    assert_eq!(before, after);
}

#[test]
fn every_stage_explains_itself() {
    let project = Project::tiny();
    let stages = [
        "generate-dataset",
        "train",
        "dump-activations",
        "estimate-distributions",
        "compute-kl",
        "compare-estimators",
        "check-theory",
        "aggregate",
        "judge-claims",
        "report",
    ];
    for stage in stages {
        let help = Ran::of(tests::program(stage, project.path()).arg("--help")).ok();
        assert!(help.contains("Example:") && help.contains("Exit codes:"), "{help}");
        let description = Ran::of(tests::program(stage, project.path()).arg("--describe")).ok();
        assert!(description.contains("\"params\"") && description.contains("\"outputs\""), "{description}");
    }
}

#[test]
fn a_network_that_saw_scaled_pixels_is_kept_as_one_that_takes_raw_ones() {
    let project = Project::tiny();
    let train = "    inputs: {dataset: dataset.dataset}\n\n";
    let scaled = tiny()
        .replace(train, "    inputs: {dataset: dataset.dataset}\n    params: {input_scale: 0.03125}\n\n");
    let dump = "program: dump-activations\n";
    let all = "program: dump-activations\n    params: {keep_images: all, keep_epochs: last}\n";
    let scaled = scaled.replace(dump, all);
    assert_eq!((scaled.matches("input_scale").count(), scaled.matches("keep_images").count()), (1, 1));
    project.write(&scaled);
    project.run(&["activations@network=cnn2"]).ok();

    let labels = tables::dataset::read_test(&project.result("dataset/dataset.parquet")).unwrap().labels;
    let cell = "cnn2-real-epochs3-seed1";
    let path = project.result(&format!("activations/{cell}/activations.parquet"));
    let mut classes = Vec::new();
    for batch in tables::Reader::open(&path, &tables::catalogue::ACTIVATIONS, &["f_y"]).unwrap() {
        let (logits, _) = batch.unwrap().f32_tensors("f_y").unwrap();
        let class = |logits: &[f32]| (0..10).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap() as u8;
        classes.extend(logits.chunks_exact(10).map(class));
    }
    let wrong = classes.iter().zip(&labels).filter(|(class, label)| class != label).count();
    let history = project.result(&format!("train/{cell}/history.parquet"));
    let mut errors = Vec::new();
    for batch in tables::Reader::open(&history, &tables::catalogue::HISTORY, &["test_error"]).unwrap() {
        errors.extend_from_slice(&batch.unwrap().f64s("test_error").unwrap());
    }
    assert_eq!(classes.len(), 200);
    assert_eq!(wrong as f64 / 200.0, errors[3], "as many are wrong as the training counted");
}

#[test]
fn a_table_is_shown_by_the_name_of_its_output_whichever_cells_it_comes_from() {
    let project = Project::tiny();
    project.run(&["train"]).ok();
    let table = |arguments: &[&str]| {
        Ran::of(program("runner", project.path()).args(["table", "pipeline.yaml"]).args(arguments))
    };
    let all = table(&["train.history"]).ok();
    assert!(all.contains("history v1: 17 rows in 4 files") && all.contains("cnn3 (9)"), "{all}");
    let one: Value = serde_json::from_str(&table(&["train.history@network=cnn2", "--json"]).ok()).unwrap();
    assert_eq!((&one["rows"], &one["columns"][4]["unit"]), (&4.into(), &"nats".into()));
    table(&["train.histroy"]).failed(2, &["no output `histroy`", "did you mean `history`?"]);
    table(&["aggregate.summary"]).failed(2, &["is not made yet", "runner pipeline.yaml aggregate"]);
    table(&["activations.energies"]).failed(2, &["is a stream", "keep: [energies]"]);
    table(&[]).failed(2, &["name an output of it: dataset.dataset, train.checkpoints"]);
}
