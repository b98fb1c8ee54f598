//! A folder with a pipeline and made-up stages, which are small shell scripts that note every call.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "each file of tests uses a part of this")]

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) struct Workshop {
    folder: TempDir,
}

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Workshop {
    pub(crate) fn new() -> Workshop {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        Workshop { folder }
    }

    /// The usual three: `source` makes a text, `copy` adds a word to its inputs, `count` counts lines.
    pub(crate) fn with_stages() -> Workshop {
        let shop = Workshop::new();
        let word = r#""word": {"type": "string", "default": "x"}, "seed": {"type": "integer", "default": 0}"#;
        shop.stage("source", &[], &["out"], word, r#"echo "$word $seed" > "$out""#);
        shop.stage("copy", &["data"], &["out"], word, r#"{ cat $data; echo "$word"; } > "$out""#);
        shop.stage("count", &["data*"], &["out"], "", r#"cat $data | wc -l > "$out""#);
        shop
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Ports: `name` is a file, `name*` takes many, `name~` is a stream. Every flag is a variable in the body.
    pub(crate) fn stage(&self, name: &str, inputs: &[&str], outputs: &[&str], params: &str, body: &str) {
        let port = |port: &&str| {
            let (name, kind) = match port.strip_suffix(['*', '~']) {
                Some(name) => (name, &port[name.len()..]),
                None => (*port, ""),
            };
            let format = if kind == "~" { "arrow-stream" } else { "txt" };
            let many = kind == "*";
            format!(
                r#"{{"name": "{name}", "schema": "text", "schema_version": 1, "format": "{format}", "many": {many}}}"#
            )
        };
        let list = |ports: &[&str]| ports.iter().map(port).collect::<Vec<_>>().join(", ");
        let script = format!(
            r#"#!/bin/sh
if [ "$1" = --describe ]; then cat <<'END'
{{"name": "{name}", "version": "1", "inputs": [{}], "outputs": [{}],
 "params": {{"type": "object", "properties": {{{params}}}, "additionalProperties": false}}}}
END
exit 0; fi
echo "$@" >> "$0.calls"
for _a in "$@"; do _n=${{_a%%=*}}; _n=${{_n#--}}; _v=${{_a#*=}}; eval "$_n=\"\${{$_n:+\$$_n }}\$_v\""; done
set -e
{body}
"#,
            list(inputs),
            list(outputs)
        );
        let path = self.path("bin").join(name);
        self.write(&format!("bin/{name}.new"), &script);
        fs::set_permissions(self.path(&format!("bin/{name}.new")), fs::Permissions::from_mode(0o755))
            .unwrap();
        fs::rename(self.path(&format!("bin/{name}.new")), path).unwrap();
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn pipeline(&self, stages: &str) {
        self.write("p.yaml", &format!("name: p\nstages:\n{stages}"));
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub(crate) fn result(&self, name: &str) -> String {
        self.read(&format!("results/p/{name}"))
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// How often a stage was called.
    pub(crate) fn calls(&self, stage: &str) -> usize {
        fs::read_to_string(self.path("bin").join(format!("{stage}.calls")))
            .map_or(0, |text| text.lines().count())
    }

    fn runner(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        command.current_dir(self.folder.path()).env("PATH", path);
        for name in ["CACHE", "REMOTE", "REMOTE_MODE", "REMOTE_SECRET"] {
            command.env_remove(format!("PRIORSCOPE_{name}"));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn command_with(&self, pipeline: &str, arguments: &[&str]) -> Command {
        let mut command = self.runner();
        command.arg(pipeline).args(arguments);
        command
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_with("p.yaml", arguments)
    }

    /// Runs a command of the runner about p.yaml.
    pub(crate) fn command_of(&self, name: &str, arguments: &[&str]) -> Ran {
        ran(self.runner().args([name, "p.yaml"]).args(arguments).output().unwrap())
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().unwrap())
    }

    /// Sends a signal to a runner.
    pub(crate) fn send(&self, runner: &Child, signal: Signal) {
        kill_process(Pid::from_child(runner), signal).unwrap();
    }

    /// Runs and expects success.
    pub(crate) fn make(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        ran.out
    }

    pub(crate) fn wait_for(&self, name: &str) {
        eventually(name, || self.exists(name));
    }

    /// Every file with its size and time, to see that nothing changes.
    pub(crate) fn snapshot(&self) -> Vec<String> {
        let mut files = Vec::new();
        list(self.folder.path(), &mut files);
        files.sort();
        files
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

pub(crate) fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process runs; one that has ended and is not yet collected does not.
pub(crate) fn is_alive(pid: &str) -> bool {
    state(pid).is_some_and(|state| state != 'Z')
}

/// The letter that the system gives for what a process does: `T` stands still, `Z` has ended.
pub(crate) fn state(pid: &str) -> Option<char> {
    let stat = fs::read(format!("/proc/{}/stat", pid.trim())).ok()?;
    // A process's name need be no text, and may hold brackets itself.
    String::from_utf8_lossy(&stat).rsplit_once(") ")?.1.chars().next()
}

fn list(folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let metadata = entry.metadata().unwrap();
        files.push(format!(
            "{} {} {:?}",
            entry.path().display(),
            metadata.len(),
            metadata.modified().unwrap()
        ));
        if metadata.is_dir() {
            list(&entry.path(), files);
        }
    }
}
