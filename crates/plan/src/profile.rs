//! A profile: how a user's cluster wants jobs to be asked for, from the text of a YAML file.

use crate::faults::{self, Fault, Place};
use crate::quantities::{self, MEMORY_HELP, TIMEOUT_HELP};
use crate::reader::{quantity, threads};
use crate::spot::Spot;
use crate::value::Value;
use crate::yaml::{self, Node};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a cluster wants to be told of jobs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// Of all jobs.
    pub all: Wish,
    /// Of the jobs of some stages, by the stage's name.
    pub stages: BTreeMap<String, Wish>,
    /// The most jobs that wait and run at once.
    pub jobs: Option<usize>,
    /// Threads of a job whose stage names none.
    pub threads: Option<usize>,
}

/// What is wanted for a job, beside what its stage says itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wish {
    /// The partition; none for the cluster's default.
    pub partition: Option<String>,
    /// The account that pays.
    pub account: Option<String>,
    /// Modules that are loaded before its programs.
    pub modules: Option<Vec<String>>,
    /// Further flags of `sbatch`.
    pub flags: Option<Vec<String>>,
    /// Memory where the stage names none, in bytes.
    pub memory: Option<u64>,
    /// The time that is asked for where the stage has no timeout.
    pub time: Option<Duration>,
}

impl Profile {
    /// What is wanted for the jobs of a stage: what stands with its name, and where nothing does what all jobs want.
    pub fn of(&self, stage: &str) -> Wish {
        let (all, own) = (self.all.clone(), self.stages.get(stage).cloned().unwrap_or_default());
        Wish {
            partition: own.partition.or(all.partition),
            account: own.account.or(all.account),
            modules: own.modules.or(all.modules),
            flags: own.flags.or(all.flags),
            memory: own.memory.or(all.memory),
            time: own.time.or(all.time),
        }
    }
}

const KEYS: [&str; 10] =
    ["on", "partition", "account", "modules", "flags", "jobs", "threads", "memory", "time", "stages"];
/// What may stand with a stage's name.
const KEYS_OF_A_STAGE: [&str; 6] = ["partition", "account", "modules", "flags", "memory", "time"];
/// Flags of `sbatch` that the runner sets itself, or that have it do something else than submit.
const OWN_FLAGS: [&str; 20] = [
    "array",
    "output",
    "error",
    "job-name",
    "chdir",
    "wrap",
    "wait",
    "requeue",
    "no-requeue",
    "parsable",
    "test-only",
    "cpus-per-task",
    "mem",
    "mem-per-cpu",
    "mem-per-gpu",
    "time",
    "help",
    "usage",
    "version",
    "quiet",
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
            "jobs" => profile.jobs = jobs(&spot, faults),
            "threads" => profile.threads = threads(&spot, faults),
            "stages" => {
                for (stage, spot) in spot.entries(faults, "`stages`") {
                    let mut wish = Wish::default();
                    for (key, spot) in spot.entries(faults, "a stage of a profile") {
                        if !take(&mut wish, key, &spot, faults) {
                            spot.unknown_key(faults, key, &KEYS_OF_A_STAGE);
                        }
                    }
                    profile.stages.insert(stage.to_owned(), wish);
                }
            }
            _ if take(&mut profile.all, key, &spot, faults) => {}
            _ => spot.unknown_key(faults, key, &KEYS),
        }
    }
    profile
}

/// Takes a key of a wish; says whether it is one.
fn take(wish: &mut Wish, key: &str, spot: &Spot, faults: &mut Vec<Fault>) -> bool {
    match key {
        "partition" => wish.partition = word(spot, faults, "`partition`"),
        "account" => wish.account = word(spot, faults, "`account`"),
        "modules" => wish.modules = Some(words(spot, faults, "`modules`", is_module)),
        "flags" => wish.flags = Some(words(spot, faults, "`flags`", is_flag)),
        "memory" => {
            let wrong = "`memory` must be an amount of memory";
            wish.memory = quantity(spot, quantities::memory, wrong, MEMORY_HELP, faults);
        }
        "time" => {
            let wrong = "`time` must be a time of more than 0 and at most 10000d";
            wish.time = quantity(spot, quantities::time, wrong, TIMEOUT_HELP, faults);
        }
        _ => return false,
    }
    true
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
    // Short forms are glued to their values in more than one way.
    let long = word.strip_prefix("--").filter(|_| !word.contains(['\n', '\0']));
    let Some(name) = long.and_then(|long| long.split('=').next()).filter(|name| !name.is_empty()) else {
        return Err("write a flag of sbatch in its long form with its value, such as --qos=long");
    };
    // sbatch takes the beginning of a name for it.
    if OWN_FLAGS.iter().any(|own| own.starts_with(name)) {
        return Err(
            "the runner sets this one itself; what a job needs is said by `threads`, `memory` and `timeout` of its stage",
        );
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
        let text = "on: slurm\npartition: long\naccount: lab\nmodules: [gcc/12, hdf5]\nflags: [--qos=high, --exclude=n1]\n\
                    jobs: 50\nthreads: 2\nmemory: 2G\ntime: 1h\nstages: {train: {partition: gpu, flags: [--gres=gpu:1]}}\n";
        let mut faults = Vec::new();
        let profile = read(text, &mut faults);
        assert_eq!(faults, []);
        let all = Wish {
            partition: Some("long".into()),
            account: Some("lab".into()),
            modules: Some(vec!["gcc/12".into(), "hdf5".into()]),
            flags: Some(vec!["--qos=high".into(), "--exclude=n1".into()]),
            memory: Some(2 << 30),
            time: Some(Duration::from_secs(3600)),
        };
        assert_eq!((&profile.all, profile.jobs, profile.threads), (&all, Some(50), Some(2)));
        assert_eq!(profile.of("report"), all);
        let train = profile.of("train");
        assert_eq!((train.partition.as_deref(), train.account.as_deref()), (Some("gpu"), Some("lab")));
        assert_eq!(train.flags, Some(vec!["--gres=gpu:1".into()]));
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
            ("on: slurm\nflags: [--arr=1-3]", "the runner sets this one itself"),
            ("on: slurm\nflags: [--hel]", "the runner sets this one itself"),
            ("on: slurm\nflags: [-a1-3]", "in its long form"),
            ("on: slurm\nstages: {train: {threads: 2}}", "cluster.yaml:2:18"),
            ("on: slurm\nflags: [qos=high]", "such as --qos=long"),
            ("on: slurm\njobs: 0", "from 1 to 10000"),
            ("on: slurm\nmemory: 2X", "powers of 1024"),
            ("- on", "a profile is a map"),
        ] {
            assert!(said(text).contains(words), "{text}: {}", said(text));
        }
    }
}
