//! What programs do when nobody is left to read what they say.

#![allow(clippy::unwrap_used, reason = "a test whose helper fails has failed")]
#![cfg(target_os = "linux")]

use std::fs::OpenOptions;
use std::process::Stdio;

use tests::{Project, program};

#[test]
fn a_stage_works_on_when_its_progress_is_read_no_more() {
    let project = Project::tiny();
    for style in ["plain", "events"] {
        let mut command = program("generate-dataset", project.path());
        command.args(["--digits", "data/digits.parquet", "--dataset", "d.parquet", "--progress", style]);
        command.args(["--train-per-class", "100", "--test-per-class", "100"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stderr.take());
        assert!(child.wait().unwrap().success(), "{style}");
        std::fs::remove_file(project.path().join("d.parquet")).unwrap();
    }
}

#[test]
fn a_description_that_cannot_be_written_is_an_error_in_one_line() {
    let project = Project::tiny();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = program("compute-kl", project.path()).arg("--describe").stdout(full).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.starts_with("compute-kl: error: the description cannot be written") && told.lines().count() == 1
    );
}
