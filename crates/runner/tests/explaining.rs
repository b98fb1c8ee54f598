//! Why jobs run or not: --explain, status, graph, log, and all of it as JSON.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

mod workshop;

use serde_json::Value as Json;
use workshop::Workshop;

const CHAIN: &str = "  source: {matrix: {seed: [1, 2]}}\n  copy: {each: source, inputs: {data: source.out}}\n  count: {inputs: {data: copy.out}}\n";

const WORD: &str = r#""word": {"type": "string", "default": "x"}, "seed": {"type": "integer", "default": 0}"#;

fn shop() -> Workshop {
    let shop = Workshop::with_stages();
    shop.pipeline(CHAIN);
    shop
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn explain_says_of_every_job_why_it_runs_or_not_with_old_and_new_values() {
    let shop = shop();
    let first = shop.make(&["--explain"]);
    assert!(first.contains("run source@seed=1: never made\n"), "{first}");
    let again = shop.make(&["--explain"]);
    assert!(
        again.contains("keep source@seed=1: up to date\n") && again.contains("keep count: up to date\n"),
        "{again}"
    );
    let changed = shop.make(&["--explain", "--set", "copy.word=y"]);
    assert!(changed.contains("keep source@seed=2: up to date\n"), "{changed}");
    assert!(changed.contains("run copy@seed=2: param word: x -> y\n"), "{changed}");
    assert!(changed.contains("run count: input data 0 changed (results/p/copy/seed1/out.txt, "), "{changed}");
    shop.stage("count", &["data*"], &["out"], "", "cat $data | wc -c > $out");
    let program = shop.make(&["--explain", "--set", "copy.word=y"]);
    assert!(program.contains("run count: program changed (count "), "{program}");
}

#[test]
fn a_dry_run_with_explain_tells_every_difference_and_what_is_kept() {
    let shop = shop();
    shop.make(&[]);
    shop.stage("copy", &["data"], &["out"], WORD, "cat $data > $out; echo other >> $out");
    let shown = shop.make(&["--dry-run", "--explain", "--set", "copy.word=y"]);
    assert!(shown.contains("# keep source@seed=1: up to date\n"), "{shown}");
    let two =
        ["# run copy@seed=1: program changed (copy ", "# run copy@seed=1: param word: x -> y\ncopy --data"];
    assert!(two.iter().all(|line| shown.contains(line)), "{shown}");
}

#[test]
fn status_shows_the_graph_as_it_stands_and_changes_nothing() {
    let shop = shop();
    let fresh = shop.command_of("status", &[]);
    assert!(
        fresh.out.starts_with("p: 5 jobs\n")
            && fresh.out.contains("2 to run")
            && fresh.out.contains("2 may run"),
        "{}",
        fresh.out
    );
    shop.make(&["copy@seed=1"]);
    let before = shop.snapshot();
    let half = shop.command_of("status", &["--set", "source.word=z"]);
    assert!(half.out.contains("source@seed=1: param word: x -> z\n"), "{}", half.out);
    assert!(half.out.contains("source@seed=2: never made\n"), "{}", half.out);
    assert!(half.out.contains("copy@seed=1: after source@seed=1\n"), "{}", half.out);
    assert_eq!(before, shop.snapshot());
    // A target picks cells, which a status by stages could not name.
    let cell = shop.command_of("status", &["copy@seed=1", "--all"]);
    assert!(
        cell.out.starts_with("p: 2 jobs\n") && cell.out.contains("copy@seed=1: up to date"),
        "{}",
        cell.out
    );
    assert_eq!(shop.command_of("status", &["--check"]).code, 1);
    assert_eq!(shop.command_of("status", &["copy@seed=1", "--check"]).code, 0);
}

#[test]
fn every_answer_is_also_json() {
    let shop = shop();
    let plan = json(&shop.make(&["--dry-run", "--json"]));
    assert_eq!(plan["jobs"][0]["job"], "source@seed=1");
    assert_eq!(plan["to_run"], 5);
    let run = shop.make(&["--json"]);
    let events: Vec<Json> = run.lines().map(json).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "done").count(), 5);
    assert_eq!(events.last().unwrap()["counts"]["done"], 5);
    assert!(
        events.iter().any(|event| event["event"] == "started" && event["reason"]["reason"] == "never-made")
    );
    let status = json(&shop.command_of("status", &["--json"]).out);
    assert_eq!(
        (status["up_to_date"].as_u64(), status["jobs"][0]["cell"]["seed"].as_str()),
        (Some(5), Some("1"))
    );
    let graph = json(&shop.command_of("graph", &["--json"]).out);
    assert_eq!(graph["nodes"].as_array().unwrap().len(), 3);
    let log = json(&shop.command_of("log", &["count", "--json"]).out);
    assert_eq!(log[0]["job"], "count");
    let history = json(&shop.command_of("history", &["last", "--json"]).out);
    assert_eq!(history["done"], 5);
    assert_eq!(history["jobs"].as_array().unwrap().len(), 5);
    let verified = json(&shop.command_of("verify", &["--json"]).out);
    assert_eq!(verified["damaged"].as_array().unwrap().len(), 0);
    let gone = json(&shop.command_of("gc", &["--all", "--dry-run", "--json"]).out);
    assert_eq!(gone["removed_outputs"], 0);
    shop.stage("count", &["data*"], &["out"], "", "echo no >&2; exit 1");
    let failed = shop.run(&["--json"]);
    let event = failed.out.lines().map(json).find(|event| event["event"] == "failed").unwrap();
    assert_eq!((event["job"].as_str(), event["last_words"][0].as_str()), (Some("count"), Some("no")));
    shop.pipeline("  sorce: {}\n");
    let wrong = shop.run(&["--json"]);
    assert!(wrong.code == 3 && json(&wrong.out)["faults"][0]["line"] == 3, "{}", wrong.out);
}

#[test]
fn what_is_forecast_is_what_happens() {
    let shop = Workshop::with_stages();
    shop.pipeline("  one: {program: source}\n  two: {program: source}\n  copy: {inputs: {data: one.out}}\n");
    let forecast = json(&shop.make(&["--force", "--dry-run", "--json"]));
    assert_eq!(
        (
            forecast["to_run"].as_u64(),
            shop.make(&["--force", "--jobs", "2"]).contains("2 done, 1 up to date")
        ),
        (Some(2), true)
    );
    let forced = shop.make(&["--force", "--dry-run"]);
    assert!(forced.contains("# run copy: forced"), "{forced}");
    assert!(!shop.make(&["--set", "two.word=z"]).contains("another runner"));
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let shop = shop();
    for command in [&["status"][..], &["schema"], &["man"], &["graph"]] {
        let mut runner = shop.command_with(
            command[0],
            if command[0] == "schema" || command[0] == "man" { &[] } else { &["p.yaml"] },
        );
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(runner.stdout(full).status().unwrap().code(), Some(1), "{command:?}");
    }
}

#[test]
fn the_graph_is_drawn_in_mermaid_and_dot() {
    let shop = shop();
    let mermaid = shop.command_of("graph", &[]).out;
    assert!(mermaid.starts_with("flowchart TD\n") && mermaid.contains("[\"source × 2\"]"), "{mermaid}");
    assert!(mermaid.contains("n0 -->|out| n1"), "{mermaid}");
    let dot = shop.command_of("graph", &["--format", "dot", "--cells"]).out;
    assert!(dot.starts_with("digraph \"p\" {") && dot.contains("label=\"copy@seed=2\"]"), "{dot}");
}

#[test]
fn the_log_of_a_job_is_shown_by_its_name() {
    let shop = shop();
    shop.stage("count", &["data*"], &["out"], "", "echo counting >&2; echo 1 > $out");
    shop.make(&[]);
    let log = shop.command_of("log", &["count"]).out;
    assert!(log.starts_with("$ ") && log.contains("count --data=") && log.ends_with("counting\n"), "{log}");
    let two = shop.command_of("log", &["copy"]).out;
    assert!(two.contains("== copy@seed=1 ==\n") && two.contains("== copy@seed=2 ==\n"), "{two}");
    let none = shop.command_of("log", &["coppy"]);
    assert!(none.code == 2 && none.err.contains("did you mean `copy`"), "{}", none.err);
}

#[test]
fn the_history_tells_what_ran_how_long_and_what_the_cache_saved() {
    let shop = shop();
    shop.stage("copy", &["data"], &["out"], WORD, "sleep 0.2; cat $data > $out");
    shop.make(&[]);
    shop.make(&[]);
    let runs = json(&shop.command_of("history", &["--json"]).out);
    // The second run had nothing to do, and leaves no trace.
    assert_eq!(runs.as_array().unwrap().len(), 1);
    shop.make(&["count", "--force"]);
    let last = json(&shop.command_of("history", &["last", "--json"]).out);
    assert_eq!(
        (last["done"].as_u64(), last["up_to_date"].as_u64(), last["targets"].as_str()),
        (Some(1), Some(4), Some("count"))
    );
    assert!(last["saved_seconds"].as_f64().unwrap() > 0.3);
    let count = last["jobs"].as_array().unwrap().iter().find(|job| job["job"] == "count").unwrap().clone();
    assert_eq!((count["reason"].as_str(), count["critical"].as_bool()), (Some("forced"), Some(true)));
    assert!(count["peak_memory"].as_u64().unwrap() > 100_000);
    let text = shop.command_of("history", &["last"]).out;
    assert!(text.contains("critical path: count\n"), "{text}");
}

#[test]
fn a_wrong_command_line_that_asks_for_json_is_answered_in_json() {
    let shop = Workshop::with_stages();
    let told = |arguments: &[&str], command: bool| {
        let ran = if command { shop.command_of(arguments[0], &arguments[1..]) } else { shop.run(arguments) };
        assert_eq!((ran.code, ran.err.as_str()), (2, ""), "{}", ran.out);
        let answer = json(&ran.out);
        assert!(answer["exit_code"] == 2 && answer["faults"].as_array().unwrap().is_empty(), "{answer}");
        answer["error"].as_str().unwrap().to_owned()
    };
    let unknown = told(&["--keep-goin", "--json"], false);
    assert_eq!(
        unknown,
        "unexpected argument '--keep-goin' found; tip: a similar argument exists: '--keep-going'"
    );
    assert!(told(&["--json", "--jobs", "none"], false).contains("write a whole number of at least 1"));
    assert!(told(&["--json", "--threads", "100000"], false).contains("at most 1024"));
    assert!(told(&["gc", "--json"], true).contains("required arguments were not provided"));
    assert!(told(&["status", "--json", "--al"], true).contains("'--al'"));
    let help = shop.run(&["--json", "--help"]);
    assert!(help.code == 0 && help.out.contains("Usage:"), "help is for people: {}", help.out);
    let text = shop.run(&["--keep-goin"]);
    assert!(text.code == 2 && text.err.contains("Usage:") && text.out.is_empty(), "{}", text.err);
}
