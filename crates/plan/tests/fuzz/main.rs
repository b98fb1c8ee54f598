//! Whatever a file says, planning it neither panics nor hangs, and says the same thing twice.
//!
//! `PRIORSCOPE_FUZZ=1000000 cargo test --release -p plan --test fuzz -- --nocapture` tries so many inputs, and
//! files of the largest size.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod inputs;
mod large;
mod programs;
mod random;

use inputs::Input;
use plan::describe::{self, Description};
use plan::faults;
use plan::graph::{Plan, Source};
use plan::planner::{self, Options};
use plan::targets;
use plan::yaml::MAX_BYTES;
use random::Random;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::hash::{DefaultHasher, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Inputs that are tried where nobody says how many.
const INPUTS: u64 = 20_000;
/// No input may take so long; a busy machine takes a hundredth of it.
const LIMIT: Duration = Duration::from_secs(60);
/// The most memory that the process may ever have, in KiB.
const MOST_MEMORY: u64 = 1 << 20;

#[test]
fn no_input_panics_hangs_or_says_two_things() {
    let count = wanted().unwrap_or(INPUTS);
    let begin = Instant::now();
    let sums = watched((0..count).map(|number| (number.to_string(), inputs::input(number), number)));
    assert!(
        sums.plans > count / 100 && sums.faulty > count / 100,
        "the inputs are all of one kind: {sums:?}"
    );
    println!("fuzz: {sums} in {:.0} s", begin.elapsed().as_secs_f64());
    check_memory();
}

#[test]
fn a_megabyte_of_one_kind_of_trouble_is_no_trouble() {
    // A quarter of the largest size is enough to see what grows with its square.
    let size = if wanted().is_some() { MAX_BYTES } else { MAX_BYTES / 4 };
    let sums = watched(large::all(size).into_iter().map(|(name, input)| (name.to_owned(), input, 0)));
    println!("large: {sums}");
    check_memory();
}

/// How many inputs somebody asked for.
fn wanted() -> Option<u64> {
    std::env::var("PRIORSCOPE_FUZZ").ok().map(|text| text.parse().unwrap())
}

/// What came of all inputs.
#[derive(Debug, Default)]
struct Sums {
    inputs: u64,
    /// Those that became a plan.
    plans: u64,
    /// Those that are YAML and no plan.
    faulty: u64,
    slowest: Duration,
    slowest_name: String,
}

impl std::fmt::Display for Sums {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let slowest = self.slowest.as_millis();
        let memory = peak_memory().map_or(String::new(), |kib| format!(", peak memory {} MiB", kib >> 10));
        write!(
            f,
            "{} inputs, {} plans, {} pipelines with faults, slowest {slowest} ms ({}){memory}",
            self.inputs, self.plans, self.faulty, self.slowest_name
        )
    }
}

/// Judges inputs in a thread of its own, so that one that hangs fails the test.
fn watched(inputs: impl Iterator<Item = (String, Input, u64)>) -> Sums {
    let (to_judge, work) = mpsc::channel::<(Input, u64)>();
    let (to_watcher, judged) = mpsc::channel();
    std::thread::spawn(move || {
        for (input, seed) in work {
            let outcome = catch_unwind(AssertUnwindSafe(|| judge(&input, seed)));
            if to_watcher.send(outcome.map_err(drop)).is_err() {
                return;
            }
        }
    });
    let mut sums = Sums::default();
    for (name, input, seed) in inputs {
        let begin = Instant::now();
        to_judge.send((input.clone(), seed)).unwrap();
        let shown = || {
            let text: String = input.text.chars().take(3000).collect();
            format!("input {name}: {:?} {:?}\n{text}", input.sets, input.targets)
        };
        let outcome = match judged.recv_timeout(LIMIT) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(())) => panic!("{}", shown()),
            Err(_) => panic!("it takes too long: {}", shown()),
        };
        let took = begin.elapsed();
        sums.inputs += 1;
        sums.plans += u64::from(outcome.is_plan);
        sums.faulty += u64::from(outcome.is_pipeline && !outcome.is_plan);
        if took > sums.slowest {
            (sums.slowest, sums.slowest_name) = (took, name);
        }
    }
    sums
}

#[derive(Debug, PartialEq)]
struct Outcome {
    is_pipeline: bool,
    is_plan: bool,
    /// Of everything that was made and said.
    digest: u64,
}

fn judge(input: &Input, seed: u64) -> Outcome {
    let first = outcome(input, seed);
    assert_eq!(first, outcome(input, seed), "it says two things");
    first
}

fn outcome(input: &Input, seed: u64) -> Outcome {
    let mut digest = Digest(DefaultHasher::new());
    let mut found = Vec::new();
    let pipeline = plan::read(&input.text, &input.sets, &mut found);
    let options = Options { allow_outside: seed.is_multiple_of(5) };
    let planned = pipeline.as_ref().and_then(|pipeline| {
        plan::programs(pipeline).iter().for_each(|name| write!(digest, "{name} ").unwrap());
        planner::plan(pipeline, &descriptions(seed), options, &mut found)
    });
    assert_eq!(planned.is_some(), found.is_empty(), "a plan or a fault, and never both: {found:?}");
    if let Some(plan) = &planned {
        check_plan(plan, options);
        write!(digest, "{plan:?}").unwrap();
        match targets::named(plan, &input.targets) {
            Ok(named) => {
                let wanted = targets::with_needs(plan, &named);
                assert!(named.iter().zip(&wanted).all(|(named, wanted)| *wanted || !named));
                write!(digest, "{wanted:?}").unwrap();
            }
            Err(message) => digest.write_str(&message).unwrap(),
        }
    }
    let rendered = faults::render(&found, Path::new("p.yaml"), &input.text, seed.is_multiple_of(2));
    let located = faults::located(&found, &input.text);
    assert!(located.len() <= found.len() && located.is_empty() == rendered.is_empty());
    let positions: Vec<(usize, usize)> =
        located.iter().map(|f| (f.line.unwrap_or(usize::MAX), f.column.unwrap_or_default())).collect();
    assert!(positions.is_sorted(), "{positions:?}");
    write!(digest, "{rendered}{}", serde_json::to_string(&located).unwrap()).unwrap();
    Outcome { is_pipeline: pipeline.is_some(), is_plan: planned.is_some(), digest: digest.0.finish() }
}

/// The known programs and two random ones, in a map with an order of its own.
fn descriptions(seed: u64) -> HashMap<String, Description> {
    let mut random = Random::new(seed);
    let mut all: HashMap<String, Description> = HashMap::new();
    for (name, text) in programs::KNOWN {
        all.insert(name.to_owned(), describe::read(text).unwrap());
    }
    for name in ["random", "other"] {
        all.extend(describe::read(&programs::random(&mut random)).ok().map(|it| (name.to_owned(), it)));
    }
    if random.one_in(20) {
        // The keeper may be any program.
        all.remove(plan::KEEPER);
        all.extend(
            describe::read(&programs::random(&mut random)).ok().map(|it| (plan::KEEPER.to_owned(), it)),
        );
    }
    all
}

/// What every plan keeps to.
fn check_plan(plan: &Plan, options: Options) {
    let mut runs = vec![0; plan.processes.len()];
    for (number, job) in plan.jobs.iter().enumerate() {
        assert!(job.needs.iter().all(|need| *need < number), "a job comes before what it needs");
        job.processes.iter().for_each(|process| runs[*process] += 1);
    }
    assert!(runs.iter().all(|n| *n == 1), "a process is in one job");
    let mut readers: HashMap<(usize, usize), usize> = HashMap::new();
    let mut files = HashSet::new();
    for process in &plan.processes {
        for source in process.inputs.iter().flat_map(|input| &input.sources) {
            match source {
                Source::File(path) => assert!(options.allow_outside || !path.contains("..")),
                Source::Output { process, output } => {
                    assert!(*output < plan.processes[*process].outputs.len());
                    *readers.entry((*process, *output)).or_default() += 1;
                }
            }
        }
        for file in process.outputs.iter().filter_map(|output| output.file.as_deref()) {
            assert!(file.starts_with("results/") && !file.contains(".."), "{file}");
            assert!(files.insert(file), "{file} is written twice");
        }
    }
    for (number, process) in plan.processes.iter().enumerate() {
        for output in (0..process.outputs.len()).filter(|o| process.outputs[*o].file.is_none()) {
            assert_eq!(readers.get(&(number, output)), Some(&1), "a stream has one reader");
        }
    }
}

/// Hashes what is written, so that a large plan is compared without a large text.
struct Digest(DefaultHasher);

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// The most memory that this process had so far, in KiB, where the system says it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn check_memory() {
    if let Some(peak) = peak_memory() {
        assert!(peak < MOST_MEMORY, "the process had {peak} KiB");
    }
}
