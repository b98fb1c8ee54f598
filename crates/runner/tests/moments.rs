//! Whatever happens at whatever moment, the next run ends with the same bytes as an undisturbed one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

mod workshop;

use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs;
use std::process::Child;
use std::time::Duration;
use workshop::Workshop;

/// What is done to a run under way.
#[derive(Clone, Copy, Debug)]
enum Blow {
    KillRunner,
    KillRunnerTwiceInARow,
    KillAProcess,
    InterruptOnce,
    InterruptTwice,
    RemoveCache,
    RemoveResults,
    SecondRunner,
    DamageAnObject,
}

const BLOWS: [Blow; 9] = [
    Blow::KillRunner,
    Blow::KillRunnerTwiceInARow,
    Blow::KillAProcess,
    Blow::InterruptOnce,
    Blow::InterruptTwice,
    Blow::RemoveCache,
    Blow::RemoveResults,
    Blow::SecondRunner,
    Blow::DamageAnObject,
];

/// Random numbers from a seed (SplitMix64, Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// Cells, a temporary output of a stage that goes on from what it left, half files, a stream, and a fan-in.
fn shop() -> Workshop {
    let shop = Workshop::new();
    let seed = r#""seed": {"type": "integer", "default": 0}"#;
    shop.stage("source", &[], &["out"], seed, "printf 'half ' > $out; sleep 0.02; echo \"$seed\" > $out");
    shop.stage(
        "slow",
        &["data"],
        &["out"],
        seed,
        "for i in 1 2 3 4; do [ -e $out.$i ] || { sleep 0.01; echo \"$i $seed\" > $out.$i.new; mv $out.$i.new $out.$i; }; done; cat $data $out.? > $out",
    );
    shop.stage("dump", &["data"], &["energies~"], "", "cat $data; sleep 0.02; cat $data");
    shop.stage("sum", &["energies~"], &["out"], "", "cat > $out.part; sleep 0.01; mv $out.part $out");
    shop.stage("count", &["data*"], &["out"], "", "cat $data > $out");
    shop.pipeline(concat!(
        "  source: {matrix: {seed: [1, 2]}}\n",
        "  slow: {each: source, temporary: [out], inputs: {data: source.out}}\n",
        "  dump: {each: source, inputs: {data: slow.out}}\n",
        "  sum: {each: source, inputs: {energies: dump.energies}}\n",
        "  count: {inputs: {data: [sum.out, slow.out]}}\n",
    ));
    shop
}

fn results(shop: &Workshop) -> BTreeMap<String, String> {
    let names = [
        "source/seed1/out.txt",
        "source/seed2/out.txt",
        "sum/seed1/out.txt",
        "sum/seed2/out.txt",
        "count/out.txt",
    ];
    names.iter().map(|name| ((*name).to_owned(), shop.result(name))).collect()
}

/// Every process that works in the shop's folder.
fn processes(shop: &Workshop) -> Vec<Pid> {
    let folder = shop.path("").canonicalize().unwrap();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == folder))
        .filter_map(|process| Pid::from_raw(process.file_name().to_str()?.parse().ok()?))
        .filter(|pid| workshop::is_alive(&pid.as_raw_nonzero().to_string()))
        .collect()
}

fn strike(blow: Blow, shop: &Workshop, runner: &mut Child, random: &mut Random) {
    let own = Pid::from_child(runner);
    match blow {
        Blow::KillRunner | Blow::KillRunnerTwiceInARow => drop(kill_process(own, Signal::KILL)),
        Blow::KillAProcess => {
            let others: Vec<Pid> = processes(shop).into_iter().filter(|pid| *pid != own).collect();
            if !others.is_empty() {
                let _ = kill_process(others[random.below(others.len() as u64) as usize], Signal::KILL);
            }
        }
        Blow::InterruptOnce => drop(kill_process(own, Signal::INT)),
        Blow::InterruptTwice => {
            let _ = kill_process(own, Signal::INT);
            std::thread::sleep(Duration::from_millis(random.below(10)));
            let _ = kill_process(own, Signal::INT);
        }
        Blow::RemoveCache => drop(fs::remove_dir_all(shop.path(".priorscope"))),
        Blow::RemoveResults => drop(fs::remove_dir_all(shop.path("results"))),
        Blow::SecondRunner => drop(shop.start(&[]).wait()),
        Blow::DamageAnObject => {
            let objects = fs::read_dir(shop.path(".priorscope/objects")).into_iter().flatten().flatten();
            let files =
                objects.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
            for file in files.take(1) {
                let _ = fs::remove_file(file.path());
                let _ = fs::write(file.path(), "something else");
            }
        }
    }
}

fn moment(number: u64, undisturbed: &BTreeMap<String, String>) {
    let shop = shop();
    let mut random = Random(number);
    let blow = BLOWS[random.below(BLOWS.len() as u64) as usize];
    let times = if matches!(blow, Blow::KillRunnerTwiceInARow) { 2 } else { 1 };
    let mut delays = Vec::new();
    for _ in 0..times {
        let mut runner = shop.start(&[]);
        let delay = Duration::from_micros(random.below(250_000));
        delays.push(delay);
        std::thread::sleep(delay);
        strike(blow, &shop, &mut runner, &mut random);
        runner.wait().unwrap();
        workshop::eventually(&format!("the end of all processes after {blow:?}"), || {
            processes(&shop).is_empty()
        });
    }
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 0, "moment {number}, {blow:?} after {delays:?}:\n{}{}", ran.out, ran.err);
    assert_eq!(&results(&shop), undisturbed, "moment {number}, {blow:?} after {delays:?}");
    assert!(shop.make(&[]).starts_with("nothing to do"), "moment {number}, {blow:?} after {delays:?}");
}

#[test]
fn the_run_after_a_disturbed_one_ends_with_the_same_bytes() {
    // More of them: PRIORSCOPE_MOMENTS=2000 cargo test --release -p runner --test moments
    let moments: u64 = std::env::var("PRIORSCOPE_MOMENTS").map_or(200, |n| n.parse().unwrap());
    let shop = shop();
    shop.make(&[]);
    let undisturbed = results(&shop);
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let undisturbed = &undisturbed;
            scope.spawn(move || (worker..moments).step_by(4).for_each(|number| moment(number, undisturbed)));
        }
    });
}
