//! The store as it ages: verify, gc, and caches that several pipelines and projects share.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

mod workshop;

use serde_json::Value as Json;
use std::fs;
use std::io::{BufRead, Read};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};
use workshop::{Workshop, ran};

const CHAIN: &str = "  source: {params: {word: hello}}\n  copy: {inputs: {data: source.out}}\n";

fn made() -> Workshop {
    let shop = Workshop::with_stages();
    shop.pipeline(CHAIN);
    shop.make(&[]);
    shop
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn files(shop: &Workshop, folder: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![shop.path(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() { open.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    found.sort();
    found
}

/// Writes into a file so that its size and its time stay as they were, as a failing disk does.
fn flip(path: &std::path::Path) {
    let before = fs::metadata(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes[0] ^= 1;
    fs::write(path, bytes).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_modified(before.modified().unwrap()).unwrap();
    fs::set_permissions(path, before.permissions()).unwrap();
}

#[test]
fn verify_finds_what_no_time_stamp_tells_and_the_next_run_makes_it_again() {
    let shop = made();
    let all = shop.command_of("verify", &[]).out;
    assert!(all.starts_with("all is as it was: 2 outputs, 2 records and "), "{all}");
    flip(&shop.path("results/p/copy/out.txt"));
    assert!(shop.make(&[]).starts_with("nothing to do"), "a flipped bit has no new time stamp");
    let found = shop.command_of("verify", &[]);
    assert!(
        found.code == 1 && found.out.contains("an output in the store is not what it was"),
        "{}",
        found.out
    );
    let again = shop.make(&[]);
    assert!(again.contains("done copy") && again.contains("as out.txt.edited"), "{again}");
    assert_eq!(shop.result("copy/out.txt"), "hello 0\nx\n");
    assert_eq!(shop.command_of("verify", &[]).code, 0);
}

#[test]
fn verify_finds_an_input_and_a_record_that_were_changed_in_silence() {
    let shop = Workshop::with_stages();
    shop.write("in.txt", "1\n");
    shop.pipeline("  copy: {inputs: {data: in.txt}}\n");
    std::thread::sleep(Duration::from_millis(50));
    shop.make(&[]);
    flip(&shop.path("in.txt"));
    let record = files(&shop, ".priorscope/jobs").remove(0);
    fs::write(&record, fs::read_to_string(&record).unwrap().replace("param word", "param wort")).unwrap();
    let found = json(&shop.command_of("verify", &["--json"]).out);
    let what: Vec<&str> =
        found["damaged"].as_array().unwrap().iter().map(|d| d["what"].as_str().unwrap()).collect();
    assert!(
        what.iter().any(|what| what.contains("record"))
            && what.iter().any(|what| what.contains("time stamp")),
        "{what:?}"
    );
    shop.make(&[]);
    assert_eq!(shop.result("copy/out.txt"), "0\nx\n");
}

#[test]
fn gc_takes_what_no_pipeline_needs_and_nothing_else() {
    let shop = made();
    shop.make(&["--set", "source.word=old"]);
    shop.make(&[]);
    shop.write("other.yaml", "name: other\nstages:\n  source: {params: {word: other}}\n");
    assert!(shop.command_with("other.yaml", &[]).status().unwrap().success());
    let before = shop.snapshot();
    let shown = json(&shop.command_of("gc", &["--all", "--dry-run", "--json"]).out);
    assert_eq!(shown["removed_jobs"].as_array().unwrap().len(), 2);
    assert_eq!(before, shop.snapshot(), "a dry run has changed something");
    let done = json(&shop.command_of("gc", &["--all", "--json"]).out);
    assert_eq!(
        (done["removed_outputs"].as_u64(), done["removed_results"].as_array().unwrap().len()),
        (Some(2), 0)
    );
    assert!(shop.make(&[]).starts_with("nothing to do"));
    let other = ran(shop.command_with("other.yaml", &[]).output().unwrap());
    assert!(other.out.starts_with("nothing to do"), "{}", other.out);
    assert_eq!(shop.calls("source"), 3);
    shop.make(&["--set", "source.word=old"]);
    assert_eq!(shop.calls("source"), 4);
}

#[test]
fn gc_removes_the_results_of_cells_that_the_pipeline_no_longer_has() {
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {matrix: {seed: [1, 2, 3]}}\n");
    shop.make(&[]);
    shop.pipeline("  source: {matrix: {seed: [1]}}\n");
    fs::remove_file(shop.path("results/p/source/seed3/out.txt")).unwrap();
    shop.write("results/p/source/seed3/out.txt", "my own\n");
    shop.make(&[]);
    shop.command_of("gc", &["--all"]);
    assert!(shop.exists("results/p/source/seed1/out.txt") && !shop.exists("results/p/source/seed2"));
    assert_eq!(shop.result("source/seed3/out.txt"), "my own\n");
}

#[test]
fn gc_never_takes_a_users_edit() {
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {matrix: {seed: [1, 2]}}\n");
    shop.make(&[]);
    fs::remove_file(shop.path("results/p/source/seed2/out.txt")).unwrap();
    shop.write("results/p/source/seed2/out.txt", "mine");
    shop.pipeline("  source: {matrix: {seed: [1]}}\n");
    // Whatever looks at the file beforehand, and remembers what it saw.
    std::thread::sleep(Duration::from_millis(50));
    shop.command_of("verify", &[]);
    shop.make(&[]);
    shop.command_of("gc", &["--all", "--dry-run"]);
    let removed = shop.command_of("gc", &["--all"]);
    assert_eq!(shop.result("source/seed2/out.txt"), "mine", "{}", removed.out);
}

#[test]
fn only_what_a_user_has_edited_is_told_as_edited() {
    let shop = made();
    // The same places, filled from another cache, and after the store was removed.
    let elsewhere = ["--cache", "elsewhere", "--set", "source.word=y"];
    let told = [shop.make(&elsewhere), shop.make(&[])].concat();
    fs::remove_dir_all(shop.path(".priorscope/objects")).unwrap();
    let told = told + &shop.make(&["--set", "source.word=z"]);
    let edited = files(&shop, "results").into_iter().any(|path| path.to_string_lossy().contains(".edited"));
    assert!(!edited && !told.contains("was edited"), "{told}");
}

#[test]
fn gc_keeps_what_is_young_or_fits() {
    let shop = made();
    shop.make(&["--set", "source.word=old"]);
    shop.make(&[]);
    let kept = json(&shop.command_of("gc", &["--age", "1d", "--json"]).out);
    assert_eq!(kept["removed_outputs"], 0);
    let kept = json(&shop.command_of("gc", &["--size", "1M", "--json"]).out);
    assert_eq!(kept["removed_outputs"], 0);
    for record in files(&shop, ".priorscope/jobs") {
        let old = SystemTime::now() - Duration::from_secs(3 * 86_400);
        fs::File::open(record).unwrap().set_modified(old).unwrap();
    }
    shop.make(&[]);
    let done = json(&shop.command_of("gc", &["--age", "1d", "--json"]).out);
    assert_eq!(done["removed_outputs"], 2);
    let all_needed = shop.command_of("gc", &["--size", "1"]).out;
    assert!(all_needed.contains("the pipelines need all that is left"), "{all_needed}");
    assert!(shop.make(&[]).starts_with("nothing to do"));
    assert_eq!(shop.command_of("gc", &[]).code, 2, "gc must be told how much may stay");
}

#[test]
fn two_pipelines_of_one_folder_run_at_once_and_an_equal_job_runs_once() {
    let shop = Workshop::with_stages();
    shop.stage(
        "source",
        &[],
        &["out"],
        "",
        "touch started; while [ ! -e go ]; do sleep 0.01; done; echo x > $out",
    );
    shop.pipeline("  source: {}\n");
    shop.write(
        "other.yaml",
        "name: other\nstages:\n  first: {program: source}\n  copy: {inputs: {data: first.out}}\n",
    );
    let first = shop.start(&[]);
    shop.wait_for("started");
    let mut second = shop.command_with("other.yaml", &[]).spawn().unwrap();
    let mut said = String::new();
    let mut heard = std::io::BufReader::new(second.stdout.take().unwrap());
    heard.read_line(&mut said).unwrap();
    assert_eq!(said, "waiting: another runner works on first\n");
    shop.write("go", "");
    heard.read_to_string(&mut said).unwrap();
    let (first, mut second) =
        (ran(first.wait_with_output().unwrap()), ran(second.wait_with_output().unwrap()));
    second.out = said;
    assert_eq!((first.code, second.code), (0, 0), "{}{}", first.err, second.err);
    assert!(second.out.contains("(by another runner)") && second.out.contains("done copy"), "{}", second.out);
    assert_eq!(shop.calls("source"), 1);
}

#[test]
fn projects_that_share_a_cache_do_not_repeat_each_others_work() {
    let (here, there) = (Workshop::with_stages(), Workshop::with_stages());
    let shared = tempfile::tempdir().unwrap();
    let cache = shared.path().join("cache");
    let cache = cache.to_str().unwrap();
    here.pipeline(CHAIN);
    there.pipeline(&CHAIN.replace("hello", "bye"));
    here.make(&["--cache", cache]);
    there.make(&["--cache", cache]);
    there.pipeline(CHAIN);
    let out = there.make(&["--cache", cache]);
    assert!(out.starts_with("nothing to run: 2 jobs up to date, 2 results put in place"), "{out}");
    assert_eq!((there.calls("source"), there.result("copy/out.txt").as_str()), (1, "hello 0\nx\n"));
    assert!(!there.exists(".priorscope/objects"));
    let by_name = ran(there
        .command_with("status", &["p.yaml", "--check"])
        .env("PRIORSCOPE_CACHE", cache)
        .output()
        .unwrap());
    assert_eq!(by_name.code, 0, "{}{}", by_name.out, by_name.err);
    // What only the other project needs stays; what neither needs goes.
    fs::remove_dir_all(here.path(".priorscope/last")).unwrap();
    let done = json(&here.command_of("gc", &["--all", "--cache", cache, "--json"]).out);
    assert_eq!(done["removed_outputs"], 2);
    assert!(there.make(&["--cache", cache]).starts_with("nothing to do"));
}

#[test]
fn a_cache_folder_with_other_files_in_it_keeps_them() {
    let shop = made();
    let others = ["tmp/thesis/file.txt", "work/project/file.txt", "jobs/file.txt", "objects/sub/photo.jpg"];
    for folder in ["shared", "shared/priorscope-cache", ".priorscope"] {
        others.iter().for_each(|other| shop.write(&format!("{folder}/{other}"), "precious"));
        for name in ["tmp/thesis", "work/project"] {
            let folder = fs::File::open(shop.path(folder).join(name)).unwrap();
            folder.set_modified(SystemTime::now() - Duration::from_secs(7200)).unwrap();
        }
    }
    shop.make(&["--cache", "shared"]);
    shop.make(&[]);
    for cache in [&["--cache", "shared"][..], &[]] {
        assert_eq!(shop.command_of("verify", cache).code, 0);
        assert_eq!(shop.command_of("gc", &[&["--all"], cache].concat()).code, 0);
    }
    for folder in ["shared", "shared/priorscope-cache", ".priorscope"] {
        others.iter().for_each(|other| assert_eq!(shop.read(&format!("{folder}/{other}")), "precious"));
    }
}

#[test]
fn gc_does_not_take_a_folder_that_is_not_mounted_for_one_that_needs_nothing() {
    let (here, there) = (made(), made());
    let shared = tempfile::tempdir().unwrap();
    let cache = shared.path().to_str().unwrap();
    here.make(&["--cache", cache]);
    there.make(&["--cache", cache]);
    let folder = there.path("").canonicalize().unwrap();
    drop(there);
    let refused = here.command_of("gc", &["--all", "--cache", cache]);
    assert!(refused.code == 2 && refused.err.contains(folder.to_str().unwrap()), "{}", refused.err);
}

#[test]
fn what_one_pipeline_drops_as_temporary_another_still_has() {
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {}\n");
    let passing = "name: b\nstages:\n  source: {temporary: true}\n  copy: {inputs: {data: source.out}}\n";
    shop.write("b.yaml", passing);
    shop.make(&[]);
    assert!(shop.command_with("b.yaml", &[]).status().unwrap().success());
    assert!(shop.make(&[]).starts_with("nothing to do"));
    assert_eq!((shop.calls("source"), shop.result("source/out.txt").as_str()), (1, "x 0\n"));
}

#[test]
fn what_a_killed_run_has_done_is_needed() {
    let shop = Workshop::with_stages();
    shop.stage(
        "slow",
        &[],
        &["out"],
        r#""seed": {"type": "integer", "default": 0}"#,
        "sleep 0.8; echo $seed > $out; touch made$seed",
    );
    shop.pipeline("  slow: {matrix: {seed: [1, 2, 3, 4, 5, 6, 7, 8]}}\n");
    shop.write("b.yaml", "name: b\nstages:\n  source: {}\n");
    assert!(shop.command_with("b.yaml", &[]).status().unwrap().success());
    let mut runner = shop.start(&["--jobs", "1"]);
    shop.wait_for("made5");
    runner.kill().unwrap();
    runner.wait().unwrap();
    let gone = ran(shop.command_with("gc", &["b.yaml", "--all", "--json"]).output().unwrap());
    assert!(json(&gone.out)["removed_outputs"].as_u64().unwrap() <= 3, "{}", gone.out);
}

#[test]
fn an_output_that_is_a_link_to_an_input_leaves_the_input_as_it_was() {
    let shop = Workshop::with_stages();
    shop.write("in.txt", "1\n");
    shop.stage("copy", &["data"], &["out"], "", "ln $data $out");
    shop.pipeline("  copy: {inputs: {data: in.txt}}\n");
    shop.make(&[]);
    assert!(!fs::metadata(shop.path("in.txt")).unwrap().permissions().readonly());
    fs::write(shop.path("in.txt"), "2\n").unwrap();
    assert_eq!(shop.result("copy/out.txt"), "1\n");
    assert_eq!(shop.command_of("verify", &[]).code, 0);
}

#[test]
fn gc_removes_the_results_of_a_stage_that_has_another_name_now() {
    let shop = made();
    shop.pipeline("  first: {program: source, params: {word: hello}}\n  copy: {inputs: {data: first.out}}\n");
    shop.make(&[]);
    shop.command_of("gc", &["--all"]);
    assert!(shop.exists("results/p/first/out.txt") && !shop.exists("results/p/source"));
}
