//! Submitting: jobs that want the same become arrays, as large as the cluster takes them.

use super::client::{self, Refusal};
use super::folder::{Cell, Folder, Shelf};
use super::heard::Heard;
use crate::executor::Call;
use crate::last::stage_of;
use crate::task::Task;
use blake3::Hash;
use plan::profile::{Profile, Wish};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::Duration;

/// What a job wants of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wants {
    /// Threads.
    pub threads: usize,
    /// Bytes of memory; none for what the cluster gives.
    pub memory: Option<u64>,
    /// The most time; none for what the partition gives.
    pub time: Option<Duration>,
}

/// How much more time is asked for than a stage's timeout, which the job keeps itself and says more of than Slurm could.
const MARGIN: Duration = Duration::from_secs(60);

impl Wants {
    /// Those of a job, filled up from the profile.
    pub fn of(call: &Call, profile: &Profile) -> Wants {
        let wish = profile.of(stage_of(call.name));
        Wants {
            threads: call.threads,
            memory: call.memory.or(wish.memory),
            time: call.timeout.map(|timeout| timeout + MARGIN).or(wish.time),
        }
    }

    /// As flags of `sbatch`.
    fn flags(self) -> Vec<String> {
        let mut flags = vec![format!("--cpus-per-task={}", self.threads)];
        // Slurm counts in KiB and in whole minutes at best.
        flags.extend(self.memory.map(|bytes| format!("--mem={}K", bytes.div_ceil(1024))));
        flags.extend(self.time.map(|time| format!("--time={}", time.as_secs().div_ceil(60).max(1))));
        flags
    }
}

/// A job that is to be submitted.
#[derive(Debug)]
pub struct Request {
    /// Its key.
    pub key: Hash,
    /// Its name, as in `train@seed=1`.
    pub name: String,
    /// Its processes.
    pub task: Task,
    /// What it wants.
    pub wants: Wants,
    /// Who waits for it.
    pub heard: Sender<Heard>,
}

/// What does not change from array to array.
#[derive(Debug)]
pub struct Submitter {
    /// Where arrays lie.
    pub shelf: Shelf,
    /// The pipeline's name.
    pub pipeline: String,
    /// What the cluster wants to be told.
    pub profile: Profile,
    /// The program that works on the nodes, too.
    pub runner: PathBuf,
    /// The folder in which it works.
    pub folder: PathBuf,
}

/// An array that Slurm took.
#[derive(Debug)]
pub struct Submitted {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: Folder,
}

/// Joins jobs that want the same to arrays of at most so many, in the order in which they came.
pub fn group(requests: Vec<Request>, most: usize) -> Vec<Vec<Request>> {
    let mut groups: BTreeMap<(String, Wants), Vec<Request>> = BTreeMap::new();
    for request in requests {
        let stage = stage_of(&request.name).to_owned();
        groups.entry((stage, request.wants)).or_default().push(request);
    }
    let mut arrays = Vec::new();
    for mut group in groups.into_values() {
        while group.len() > most.max(1) {
            let rest = group.split_off(most.max(1));
            arrays.push(std::mem::replace(&mut group, rest));
        }
        arrays.push(group);
    }
    arrays
}

impl Submitter {
    /// Submits jobs that want the same as one array. If Slurm does not take it nothing is left of it.
    pub fn submit(&self, requests: &[Request]) -> Result<Submitted, Refusal> {
        let Some(first) = requests.first() else {
            return Err(Refusal::Wrong("there is nothing to submit".to_owned()));
        };
        let unwritten = |error: io::Error| {
            Refusal::Wrong(format!(
                "its files cannot be written below {}: {error}",
                self.shelf.path().display()
            ))
        };
        let stage = stage_of(&first.name);
        let wish = self.profile.of(stage);
        let name = self.name(stage).map_err(unwritten)?;
        let submitted = self.write(&name, &wish, requests).map_err(unwritten).and_then(|folder| {
            let job =
                self.hand_over(&name, &self.arguments(&name, &folder, &wish, first.wants, requests.len()))?;
            // Without it the name is asked for, should the job have to be cancelled.
            let _ = folder.write_job(job);
            Ok(Submitted { name: name.clone(), folder })
        });
        if submitted.is_err() {
            for (number, request) in requests.iter().enumerate() {
                self.shelf.forget(request.key, &Cell { array: name.clone(), number });
            }
        }
        submitted
    }

    fn hand_over(&self, name: &str, arguments: &[OsString]) -> Result<u64, Refusal> {
        match client::submit(arguments) {
            // It may have been taken, and only the answer was lost.
            Err(refusal @ (Refusal::Silent(_) | Refusal::Full(_))) => match client::number_of(name) {
                Ok(Some(job)) => Ok(job),
                _ => Err(refusal),
            },
            answer => answer,
        }
    }

    /// A name that no other array has.
    fn name(&self, stage: &str) -> io::Result<String> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let mut name = format!("{}-{stage}-", self.pipeline);
        for byte in bytes {
            let _ = write!(name, "{byte:02x}");
        }
        Ok(name)
    }

    fn write(&self, name: &str, wish: &Wish, requests: &[Request]) -> io::Result<Folder> {
        let folder = self.shelf.make_folder(name)?;
        let modules = wish.modules.as_deref().unwrap_or_default();
        std::fs::write(folder.script(), script(modules, &self.runner, folder.path()))?;
        for (number, request) in requests.iter().enumerate() {
            folder.write_task(number, &request.task)?;
            self.shelf.note_key(request.key, &Cell { array: name.to_owned(), number })?;
        }
        Ok(folder)
    }

    fn arguments(
        &self,
        name: &str,
        folder: &Folder,
        wish: &Wish,
        wants: Wants,
        jobs: usize,
    ) -> Vec<OsString> {
        let with = |flag: &str, path: &OsStr| {
            let mut argument = OsString::from(flag);
            argument.push(path);
            argument
        };
        let mut arguments = vec![
            "--parsable".into(),
            // The runner itself tries again, where a stage wants that.
            "--no-requeue".into(),
            format!("--job-name={name}").into(),
            format!("--array=0-{}", jobs - 1).into(),
            with("--output=", &folder.words_pattern()),
            with("--chdir=", self.folder.as_os_str()),
        ];
        arguments.extend(wants.flags().into_iter().map(OsString::from));
        arguments.extend(wish.partition.iter().map(|name| format!("--partition={name}").into()));
        arguments.extend(wish.account.iter().map(|name| format!("--account={name}").into()));
        arguments.extend(wish.flags.iter().flatten().map(OsString::from));
        arguments.push(folder.script().into());
        arguments
    }
}

/// The script of an array. Modules are loaded by a shell that was logged in, where sites define them.
fn script(modules: &[String], runner: &Path, folder: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    let mut script = if modules.is_empty() {
        b"#!/bin/sh\n".to_vec()
    } else {
        format!("#!/bin/bash -l\nmodule load {} || exit 1\n", modules.join(" ")).into_bytes()
    };
    // In place of the shell, which would not pass on that it is asked to end.
    script.extend(b"exec ");
    script.extend(quoted(runner.as_os_str().as_bytes()));
    script.extend(format!(" {} ", super::CELL).into_bytes());
    script.extend(quoted(folder.as_os_str().as_bytes()));
    script.push(b'\n');
    script
}

/// As one word of a shell.
fn quoted(word: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for byte in word {
        match byte {
            b'\'' => quoted.extend(b"'\\''"),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(name: &str, threads: usize) -> Request {
        let wants = Wants { threads, memory: None, time: None };
        let task = Task { folder: "work".into(), steps: Vec::new() };
        let (heard, _) = std::sync::mpsc::channel();
        Request { key: blake3::hash(name.as_bytes()), name: name.to_owned(), task, wants, heard }
    }

    #[test]
    fn jobs_that_want_the_same_go_together_as_far_as_an_array_takes_them() {
        let names = ["train@seed=1", "train@seed=2", "report", "train@seed=3", "train@seed=4"];
        let mut requests: Vec<Request> = names.iter().map(|name| request(name, 1)).collect();
        requests.push(request("train@seed=5", 2));
        let arrays = group(requests, 3);
        let told: Vec<Vec<&str>> =
            arrays.iter().map(|array| array.iter().map(|request| request.name.as_str()).collect()).collect();
        let right = [
            vec!["report"],
            vec!["train@seed=1", "train@seed=2", "train@seed=3"],
            vec!["train@seed=4"],
            vec!["train@seed=5"],
        ];
        assert_eq!(told, right);
    }

    #[test]
    fn what_a_job_wants_is_rounded_up_to_what_slurm_counts_in() {
        let wants = Wants { threads: 2, memory: Some(1025), time: Some(Duration::from_secs(61)) };
        assert_eq!(wants.flags(), ["--cpus-per-task=2", "--mem=2K", "--time=2"]);
        let nothing = Wants { threads: 1, memory: None, time: None };
        assert_eq!(nothing.flags(), ["--cpus-per-task=1"]);
    }

    #[test]
    fn the_script_takes_any_path() {
        let script = script(&["gcc/12".to_owned()], Path::new("/o'pt/runner"), Path::new("/a b"));
        let right = "#!/bin/bash -l\nmodule load gcc/12 || exit 1\nexec '/o'\\''pt/runner' --job-of-an-array '/a b'\n";
        assert_eq!(String::from_utf8(script).unwrap(), right);
    }
}
