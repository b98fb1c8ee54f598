//! The same inputs, params and seed give the same bytes: on any number of threads, and after a kill.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tests::{Project, Ran, program};

/// Every file below a folder by its relative path. Timings are measured, so they differ.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(here) = folders.pop() {
        for entry in std::fs::read_dir(&here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("timings.parquet") {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn one_thread_and_two_make_the_same_bytes() {
    let results = ["1", "2"].map(|threads| {
        let project = Project::tiny();
        project.run(&["--threads", threads, "--jobs", threads]).ok();
        files(&project.path().join("results"))
    });
    let [one, two] = &results;
    assert!(one.len() > 20);
    assert!(one.keys().eq(two.keys()));
    for (path, bytes) in one {
        assert!(two[path] == *bytes, "{} differs", path.display());
    }
}

#[test]
fn a_training_that_is_killed_goes_on_and_ends_with_the_same_bytes() {
    let project = Project::tiny();
    project.run(&["dataset"]).ok();
    let train = |folder: &str| {
        let mut train = program("train", project.path());
        train.args([
            "--dataset",
            "results/tiny/dataset/dataset.parquet",
            "--network",
            "cnn2",
            "--epochs",
            "40",
        ]);
        for output in ["checkpoints", "history", "timings"] {
            train.arg(format!("--{output}")).arg(format!("{folder}/{output}.parquet"));
        }
        train
    };
    Ran::of(&mut train("whole")).ok();

    let mut kills = 0;
    let mut last = 0;
    let journal = project.path().join("killed/.checkpoints.parquet.journal");
    while kills < 3 {
        let mut child = train("killed").stderr(std::process::Stdio::null()).spawn().unwrap();
        let start = Instant::now();
        // Wait for at least one new epoch in the journal (a record of CNN2 has 196,528 bytes), then kill.
        loop {
            let length = std::fs::metadata(&journal).map_or(0, |file| file.len());
            if length > last + 200_000 || start.elapsed() > Duration::from_secs(60) {
                last = length;
                break;
            }
        }
        child.kill().unwrap();
        let killed = !child.wait().unwrap().success();
        assert!(
            killed && !project.path().join("killed/checkpoints.parquet").exists(),
            "it was killed in the middle"
        );
        kills += 1;
    }
    let text = Ran::of(&mut train("killed")).ok();
    assert!(text.contains("going on after epoch"), "{text}");
    assert!(!journal.exists());
    for output in ["checkpoints.parquet", "history.parquet"] {
        let read = |folder: &str| std::fs::read(project.path().join(folder).join(output)).unwrap();
        assert!(read("whole") == read("killed"), "{output} differs");
    }
}
