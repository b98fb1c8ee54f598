//! Two machines and one shared cache: what the first one made the second one has, byte by byte, without running anything.

#![allow(clippy::unwrap_used, reason = "a test whose helper fails has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tests::Project;

/// All files of a folder by their paths in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn an_empty_second_machine_runs_nothing_and_has_the_same_bytes() {
    let share = tempfile::tempdir().unwrap();
    let url = format!("file://{}", share.path().display());
    let [first, second] = [Project::tiny(), Project::tiny()];
    let told = first.run(&["--remote", &url]).ok();
    assert!(told.contains("uploaded 28 jobs to ") && told.contains("28 done"), "{told}");
    let told = second.run(&["--remote", &url, "--remote-read-only"]).ok();
    assert!(
        told.contains("nothing to run: 28 jobs up to date, 28 of them from the shared cache, "),
        "{told}"
    );
    let results = [&first, &second].map(|project| files(&project.path().join("results/tiny")));
    assert!(results[0].len() > 20 && results[0] == results[1]);
    second.run(&["--remote", &url]).ok();
    assert!(second.run(&[]).ok().starts_with("nothing to do: 28 jobs up to date"));
}
