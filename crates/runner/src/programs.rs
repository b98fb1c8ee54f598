//! Programs: where they are, what their bytes are, and what they answer to --describe.

use crate::errors::{Error, io_error};
use crate::guards;
use blake3::Hash;
use plan::describe::{self, Description};
use plan::faults::{self, printable};
use rustix::process::{Pid, Signal};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use store::digests::Digests;
use store::files::{Durable, Project};

/// How long a program may take to describe itself.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest description that is read.
const LONGEST: u64 = 1 << 20;

/// A program that a pipeline names.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its file.
    pub path: PathBuf,
    /// How a person would call it from here.
    pub shown: String,
    /// The digest of its file.
    pub digest: Hash,
    /// Its ports and params.
    pub description: Description,
}

/// Under what the answer of a program is kept: its name, too, for a program may go by what it is called.
fn question(name: &str, digest: Hash) -> String {
    format!("{name} {digest}")
}

/// Programs by name, or what is wrong with them.
pub type Programs = HashMap<String, Result<Program, String>>;

/// Finds and describes programs. What a program of this name and these bytes answered is not asked again.
pub struct Descriptions {
    known: BTreeMap<String, String>,
    changed: bool,
}

impl Descriptions {
    /// Loads what earlier runs asked; a damaged file only costs asking again.
    pub fn load(project: &Project) -> Descriptions {
        let bytes = fs::read(project.state("describe.json")).unwrap_or_default();
        Descriptions { known: serde_json::from_slice(&bytes).unwrap_or_default(), changed: false }
    }

    /// Keeps the answers for later runs, if there are new ones.
    pub fn save(&self, project: &Project) -> Result<(), Error> {
        if !self.changed {
            return Ok(());
        }
        let path = project.state("describe.json");
        let json = serde_json::to_vec_pretty(&self.known);
        let json = json.map_err(std::io::Error::from).map_err(io_error("write", &path))?;
        Ok(project.write_whole(&path, &json, Durable::Later)?)
    }

    /// Finds all programs and describes them, several at once.
    pub fn describe(&mut self, names: BTreeSet<&str>, digests: &Digests) -> Programs {
        let folders = folders();
        let mut programs = Programs::new();
        let mut unknown: Vec<(&str, PathBuf, String, Hash)> = Vec::new();
        for name in names {
            let found = find(name, &folders).ok_or_else(|| missing(name, &folders));
            let found = found.and_then(|(path, shown)| {
                let digest =
                    digests.digest(&path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
                Ok((path, shown, digest))
            });
            match found {
                Err(wrong) => {
                    programs.insert(name.to_owned(), Err(wrong));
                }
                Ok((path, shown, digest)) => {
                    let known =
                        self.known.get(&question(name, digest)).and_then(|text| describe::read(text).ok());
                    match known {
                        Some(description) => {
                            let program = Program { path, shown, digest, description };
                            programs.insert(name.to_owned(), Ok(program));
                        }
                        None => unknown.push((name, path, shown, digest)),
                    }
                }
            }
        }
        for batch in unknown.chunks(8) {
            let answers: Vec<Result<String, String>> = std::thread::scope(|scope| {
                let threads: Vec<_> = batch.iter().map(|(_, path, ..)| scope.spawn(|| ask(path))).collect();
                let failed = || Err("asking it failed".to_owned());
                threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| failed())).collect()
            });
            for ((name, path, shown, digest), answer) in batch.iter().zip(answers) {
                let program = answer.and_then(|text| {
                    let description = describe::read(&text)?;
                    self.known.insert(question(name, *digest), text);
                    self.changed = true;
                    Ok(Program { path: path.clone(), shown: shown.clone(), digest: *digest, description })
                });
                programs.insert((*name).to_owned(), program);
            }
        }
        programs
    }
}

/// The folder of the runner's own program, then those of PATH. Relative ones are left out: what a name
/// means must not depend on the current folder.
fn folders() -> Vec<PathBuf> {
    let own = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf));
    let path = std::env::var_os("PATH").unwrap_or_default();
    own.into_iter().chain(std::env::split_paths(&path).filter(|folder| folder.is_absolute())).collect()
}

fn find(name: &str, folders: &[PathBuf]) -> Option<(PathBuf, String)> {
    let is_program =
        |path: &PathBuf| fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    let mut found = folders.iter().map(|folder| folder.join(name)).filter(is_program);
    let path = found.next()?;
    // A bare name can be pasted only if the shell would find the same file.
    let on_path = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join(name))
        .find(|path| is_program(path));
    let shown = if on_path.as_ref() == Some(&path) {
        name.to_owned()
    } else {
        let here = std::env::current_dir().unwrap_or_default();
        match path.strip_prefix(&here) {
            Ok(inside) if inside.components().count() > 1 => inside.to_string_lossy().into_owned(),
            _ => path.to_string_lossy().into_owned(),
        }
    };
    Some((path, shown))
}

/// What is wrong with the name of a program that is not there, and which one was probably meant.
fn missing(name: &str, folders: &[PathBuf]) -> String {
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    let is_program = |entry: &fs::DirEntry| {
        entry.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
    };
    let names: BTreeSet<String> =
        entries.filter(is_program).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    // Of the thousands of programs of a system one is always near: a typo rarely stands at the beginning.
    let alike = names.iter().map(String::as_str).filter(|other| other.get(..1) == name.get(..1));
    let near = faults::nearest(name, alike);
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("it is neither beside the runner nor on PATH{near}")
}

/// Runs `PROGRAM --describe`, under a guard.
fn ask(path: &Path) -> Result<String, String> {
    let guard = guards::command().and_then(|mut guard| {
        guard.arg(path).arg("--describe").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    });
    let mut child = guard.map_err(|error| format!("its guard cannot be started: {error}"))?;
    let read = |pipe: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = pipe.map(|pipe| pipe.take(LONGEST).read_to_end(&mut text));
            String::from_utf8_lossy(&text).into_owned()
        })
    };
    let out = read(child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>));
    let err = read(child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>));
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(1)),
            Ok(status) => break status,
            Err(error) => return Err(format!("waiting for it failed: {error}")),
        }
    };
    if !guards::THOROUGH {
        // What it started holds its pipes open and would be waited for below.
        guards::signal(Pid::from_child(&child), Signal::KILL);
    }
    if status.is_none() {
        // Without its stdin the guard ends what it has started, and itself.
        drop(child.stdin.take());
        let _ = child.wait();
        return Err(format!("it did not answer --describe within {} s", PATIENCE.as_secs()));
    }
    let (out, err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
    match status {
        Some(status) if status.success() => Ok(out),
        _ => {
            let said = err
                .lines()
                .rev()
                .find(|line| !line.trim().is_empty())
                .map(|line| format!(": {}", printable(line)))
                .unwrap_or_default();
            let long = if out.len() as u64 >= LONGEST {
                format!(": its answer is longer than {LONGEST} bytes")
            } else {
                said
            };
            Err(format!("it failed to answer --describe{long}"))
        }
    }
}
