//! What the whole-pipeline tests share: the programs as they were built, and a project folder to run them in.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;

use tempfile::TempDir;

/// The folder of the built programs. They are built here if a test is run alone.
#[allow(clippy::expect_used, clippy::panic, reason = "a test that can't build the programs has failed")]
fn programs() -> PathBuf {
    static BUILT: Once = Once::new();
    let test = std::env::current_exe().expect("a test knows where it is");
    let folder = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST").to_owned();
    BUILT.call_once(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--workspace", "--bins"]);
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        // What cargo tells a test of its crate would have build scripts that ask for it run again, and all after them.
        for name in std::env::vars_os().map(|(name, _)| name) {
            if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|of| name.to_string_lossy().starts_with(of)) {
                cargo.env_remove(name);
            }
        }
        let built = cargo.current_dir(repository()).status().expect("cargo can be started");
        assert!(built.success(), "the programs can't be built");
    });
    folder
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A program of ours, to be run in `folder`.
pub fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(programs().join(name));
    command.current_dir(folder);
    command
}

/// A project folder with the digits, the rules of verdicts and a pipeline, gone when it is dropped.
pub struct Project {
    folder: TempDir,
}

impl Project {
    /// With `yaml` as pipeline.yaml.
    #[allow(clippy::expect_used, reason = "a test without a folder has failed")]
    pub fn new(yaml: &str) -> Project {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("data")).expect("a folder for the digits");
        let digits = repository().join("data/digits.parquet");
        std::fs::copy(digits, folder.path().join("data/digits.parquet")).expect("the digits that ship");
        for rules in ["claims.yaml", "controls-claims.yaml"] {
            std::fs::copy(repository().join(rules), folder.path().join(rules)).expect("the rules that ship");
        }
        let project = Project { folder };
        project.write(yaml);
        project
    }

    /// With the tiny pipeline that ships.
    pub fn tiny() -> Project {
        Project::new(&tiny())
    }

    /// Replaces pipeline.yaml.
    #[allow(clippy::expect_used, reason = "a test that can't write has failed")]
    pub fn write(&self, yaml: &str) {
        std::fs::write(self.path().join("pipeline.yaml"), yaml).expect("pipeline.yaml");
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A result by its path below results/tiny.
    pub fn result(&self, name: &str) -> PathBuf {
        self.path().join("results/tiny").join(name)
    }

    /// Runs `runner pipeline.yaml` with further arguments.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let mut runner = program("runner", self.path());
        Ran::of(runner.arg("pipeline.yaml").args(arguments))
    }
}

/// The tiny pipeline that ships.
#[allow(clippy::expect_used, reason = "a test without its pipeline has failed")]
pub fn tiny() -> String {
    let yaml = std::fs::read_to_string(repository().join("tiny.yaml")).expect("tiny.yaml");
    // A report that reads the pipeline's file is made again with every change of it.
    yaml.replace("      pipeline: tiny.yaml\n", "")
}

/// What became of a program.
pub struct Ran {
    /// Its exit code; -1 where a signal ended it.
    pub code: i32,
    /// All that it printed, first standard output, then standard error.
    pub text: String,
}

impl Ran {
    /// Runs a command to its end.
    #[allow(clippy::expect_used, reason = "a test whose program can't be started has failed")]
    pub fn of(command: &mut Command) -> Ran {
        let Output { status, stdout, stderr } = command.output().expect("the program can be started");
        let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
        Ran { code: status.code().unwrap_or(-1), text }
    }

    /// Checks that it ended well, and gives what it printed.
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}", self.text);
        self.text
    }

    /// Checks that it ended with an exit code and said all these things.
    pub fn failed(self, code: i32, says: &[&str]) {
        assert_eq!(self.code, code, "{}", self.text);
        for words in says {
            assert!(self.text.contains(words), "`{words}` is not in:\n{}", self.text);
        }
    }
}
