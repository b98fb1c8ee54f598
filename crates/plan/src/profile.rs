//! A profile: how a user's cluster wants jobs to be asked for, from the text of a YAML file.

use crate::faults::{self, Fault, Place};
use crate::quantities::{self, MEMORY_HELP, TIMEOUT_HELP};
use crate::reader::{quantity, threads};
use crate::spot::Spot;
use crate::value::Value;
use crate::yaml::{self, Node};
use std::time::Duration;

/// What a cluster wants to be told of every job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// The partition; none for the cluster's default.
    pub partition: Option<String>,
    /// The account that pays.
    pub account: Option<String>,
    /// Modules that are loaded before a job's programs.
    pub modules: Vec<String>,
    /// Further flags of `sbatch`.
    pub flags: Vec<String>,
    /// The most jobs that wait and run at once.
    pub jobs: Option<usize>,
    /// Threads of a job whose stage names none.
    pub threads: Option<usize>,
    /// Memory of a job whose stage names none, in bytes.
    pub memory: Option<u64>,
    /// The time that is asked for where a stage has no timeout.
    pub time: Option<Duration>,
}

const KEYS: [&str; 9] =
    ["on", "partition", "account", "modules", "flags", "jobs", "threads", "memory", "time"];
/// Flags of `sbatch` that the runner sets itself, in both of their forms.
const OWN_FLAGS: [&str; 22] = [
    "--array",
    "-a",
    "--output",
    "-o",
    "--error",
    "-e",
    "--job-name",
    "-J",
    "--chdir",
    "-D",
    "--wrap",
    "--wait",
    "-W",
    "--requeue",
    "--no-requeue",
    "--parsable",
    "--test-only",
    "--cpus-per-task",
    "-c",
    "--mem",
    "--time",
    "-t",
];

/// Reads a profile from its text. What is wrong goes to `faults`.
pub fn read(text: &str, faults: &mut Vec<Fault>) -> Profile {
    let mut profile = Profile::default();
    let document = match yaml::parse(text) {
        Ok(document @ Node::Map(_)) => document,
        Ok(_) => {
            faults::add(faults, || Fault::new(Place::File, "a profile is a map with the key `on`"));
            return profile;
        }
        Err(error) => {
            let place = error.position.map_or(Place::File, Place::At);
            faults::add(faults, || Fault::new(place, error.message));
            return profile;
        }
    };
    let entries = Spot { node: &document, path: Vec::new() }.entries(faults, "a profile");
    if !entries.iter().any(|(key, _)| *key == "on") {
        let missing = || Fault::new(Place::File, "the key `on` is missing").help("write `on: slurm`");
        faults::add(faults, missing);
    }
    for (key, spot) in entries {
        match key {
            "on" => {
                if spot.text(faults, "`on`").is_some_and(|on| on != "slurm") {
                    spot.wrong(faults, "`on` must be slurm", "jobs of this machine need no profile");
                }
            }
            "partition" => profile.partition = word(&spot, faults, "`partition`"),
            "account" => profile.account = word(&spot, faults, "`account`"),
            "modules" => profile.modules = words(&spot, faults, "`modules`", is_module),
            "flags" => profile.flags = words(&spot, faults, "`flags`", is_flag),
            "jobs" => profile.jobs = jobs(&spot, faults),
            "threads" => profile.threads = threads(&spot, faults),
            "memory" => {
                let wrong = "`memory` must be an amount of memory";
                profile.memory = quantity(&spot, quantities::memory, wrong, MEMORY_HELP, faults);
            }
            "time" => {
                let wrong = "`time` must be a time of more than 0 and at most 10000d";
                profile.time = quantity(&spot, quantities::time, wrong, TIMEOUT_HELP, faults);
            }
            _ => spot.unknown_key(faults, key, &KEYS),
        }
    }
    profile
}

/// The most jobs that a profile may ask for: each that waits or runs has a thread of the runner.
const MOST_JOBS: usize = 10_000;

fn jobs(spot: &Spot, faults: &mut Vec<Fault>) -> Option<usize> {
    let read = |value: &Value| {
        usize::try_from(value.as_integer()?).ok().filter(|jobs| (1..=MOST_JOBS).contains(jobs))
    };
    let wrong = format!("`jobs` must be a whole number from 1 to {MOST_JOBS}");
    quantity(spot, read, &wrong, "it says how many jobs may wait and run at once", faults)
}

/// A name without blanks.
fn word(spot: &Spot, faults: &mut Vec<Fault>, what: &str) -> Option<String> {
    let text = spot.text(faults, what)?;
    let is_word = !text.is_empty() && text.chars().all(|c| !c.is_whitespace() && !c.is_control());
    if !is_word {
        spot.wrong(faults, format!("{what} must be one word"), "");
    }
    is_word.then(|| text.to_owned())
}

fn words(
    spot: &Spot,
    faults: &mut Vec<Fault>,
    what: &str,
    check: fn(&str) -> Result<(), &'static str>,
) -> Vec<String> {
    let Some(items) = spot.items() else {
        spot.wrong(faults, format!("{what} must be a list"), "");
        return Vec::new();
    };
    let mut words = Vec::new();
    for item in items {
        let Some(word) = item.text(faults, &format!("an item of {what}")) else { continue };
        match check(word) {
            Ok(()) => words.push(word.to_owned()),
            Err(help) => item.wrong(faults, format!("`{word}` cannot stand in {what}"), help),
        }
    }
    words
}

/// Modules stand in a shell script.
fn is_module(word: &str) -> Result<(), &'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._/+-@=:".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        Ok(())
    } else {
        Err("write the name of a module, such as gcc/12.2")
    }
}

fn is_flag(word: &str) -> Result<(), &'static str> {
    let name = word.split('=').next().unwrap_or_default();
    if !word.starts_with('-') || word.contains('\n') || word.contains('\0') {
        return Err("write a flag of sbatch with its value, such as --qos=long");
    }
    if OWN_FLAGS.contains(&name) {
        return Err("the runner sets this one itself, from `threads`, `memory` and `timeout` of the stage");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn said(text: &str) -> String {
        let mut faults = Vec::new();
        read(text, &mut faults);
        faults::render(&faults, Path::new("cluster.yaml"), text, false)
    }

    #[test]
    fn a_profile_is_read_whole() {
        let text = "on: slurm\npartition: long\naccount: lab\nmodules: [gcc/12, hdf5]\nflags: [--qos=high, -x=n1]\n\
                    jobs: 50\nthreads: 2\nmemory: 2G\ntime: 1h\n";
        let mut faults = Vec::new();
        let profile = read(text, &mut faults);
        assert_eq!(faults, []);
        let right = Profile {
            partition: Some("long".into()),
            account: Some("lab".into()),
            modules: vec!["gcc/12".into(), "hdf5".into()],
            flags: vec!["--qos=high".into(), "-x=n1".into()],
            jobs: Some(50),
            threads: Some(2),
            memory: Some(2 << 30),
            time: Some(Duration::from_secs(3600)),
        };
        assert_eq!(profile, right);
        assert_eq!(read("on: slurm", &mut faults), Profile::default());
    }

    #[test]
    fn what_is_wrong_in_a_profile_is_told_with_its_place() {
        for (text, words) in [
            ("partition: x", "the key `on` is missing"),
            ("on: pbs", "cluster.yaml:1:5"),
            ("on: slurm\npartitions: x", "did you mean `partition`?"),
            ("on: slurm\npartition: a b", "`partition` must be one word"),
            ("on: slurm\nmodules: [\"gcc; rm -r /\"]", "cannot stand in `modules`"),
            ("on: slurm\nflags: [--array=1-3]", "the runner sets this one itself"),
            ("on: slurm\nflags: [qos=high]", "such as --qos=long"),
            ("on: slurm\njobs: 0", "from 1 to 10000"),
            ("on: slurm\nmemory: 2X", "powers of 1024"),
            ("- on", "a profile is a map"),
        ] {
            assert!(said(text).contains(words), "{text}: {}", said(text));
        }
    }
}
