//! What a stage may say of running it: retries, a timeout, memory, threads.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

mod workshop;

use workshop::Workshop;

#[test]
fn a_stage_that_fails_is_tried_again_as_often_as_it_says() {
    let shop = Workshop::with_stages();
    shop.stage(
        "copy",
        &["data"],
        &["out"],
        "",
        "[ -e tried ] && { cat $data > $out; exit 0; }; touch tried; echo not yet >&2; exit 1",
    );
    shop.pipeline("  source: {}\n  copy: {retries: 1, inputs: {data: source.out}}\n");
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err.contains("failed copy (attempt 1 of 2; trying again)") && ran.err.contains("| not yet"),
        "{}",
        ran.err
    );
    assert_eq!(shop.result("copy/out.txt"), "x 0\n");
    let log = shop.command_of("log", &["copy"]).out;
    assert_eq!(log.matches("$ ").count(), 2, "both attempts are in the log: {log}");
    shop.stage("copy", &["data"], &["out"], "", "echo never >&2; exit 1");
    let ran = shop.run(&[]);
    assert_eq!((ran.code, shop.calls("copy")), (1, 4));
    assert!(ran.err.contains("failed copy: failed while working (exit code 1)"), "{}", ran.err);
}

#[test]
fn the_number_of_retries_is_no_part_of_a_key() {
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {}\n");
    shop.make(&[]);
    shop.pipeline("  source: {retries: 3, timeout: 1h, memory: 1G, threads: 1}\n");
    assert!(shop.make(&[]).starts_with("nothing to do"));
}

#[test]
fn a_stage_that_hangs_is_ended_with_all_that_it_started_and_said_so() {
    let shop = Workshop::with_stages();
    // It neither ends when it is asked to nor leaves its own helper behind.
    shop.stage(
        "source",
        &[],
        &["out"],
        "",
        "trap '' TERM; sleep 60 & echo $! > helper; echo $$ > pid; echo stuck >&2; wait; sleep 60",
    );
    shop.pipeline("  source: {timeout: 0.3}\n");
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("failed source: took longer than its timeout of 300ms and was ended"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("| stuck"), "{}", ran.err);
    for pid in [shop.read("pid"), shop.read("helper")] {
        workshop::eventually("the end of the stage", || !workshop::is_alive(&pid));
    }
    shop.stage("source", &[], &["out"], "", "echo well > $out");
    shop.make(&[]);
}

#[test]
fn jobs_that_need_much_memory_do_not_run_at_once() {
    let shop = Workshop::new();
    // Each notes when it begins and ends: two that overlap would write begin, begin.
    let seed = r#""seed": {"type": "integer", "default": 0}"#;
    shop.stage(
        "large",
        &[],
        &["out"],
        seed,
        "echo begin >> trace; sleep 0.7; echo end >> trace; echo x > $out",
    );
    shop.pipeline("  large: {memory: 600M, threads: 1, matrix: {seed: [1, 2, 3]}}\n");
    shop.make(&["--memory", "1G", "--jobs", "3", "--threads", "3"]);
    assert_eq!(shop.read("trace"), "begin\nend\n".repeat(3));
    fs_remove(&shop, "trace");
    shop.make(&["--memory", "2G", "--jobs", "3", "--threads", "3", "--force"]);
    assert!(shop.read("trace").starts_with("begin\nbegin\nbegin\n"), "{}", shop.read("trace"));
}

fn fs_remove(shop: &Workshop, name: &str) {
    std::fs::remove_file(shop.path(name)).unwrap();
}
