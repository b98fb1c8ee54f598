//! What happens when a stage fails, and what is done all the same.

mod workshop;
use workshop::Workshop;

#[test]
fn a_failure_shows_its_command_its_last_words_and_what_was_left_out() {
    let shop = Workshop::with_stages();
    shop.stage("source", &[], &["out"], "", "echo 'the disk is on fire' >&2; exit 3");
    shop.pipeline("  source: {}\n  copy: {inputs: {data: source.out}}\n");
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 1);
    for part in [
        "failed source: found its input wrong (exit code 3)",
        "command: source --out=.priorscope/work/",
        "| the disk is on fire",
        "log: .priorscope/logs/p/source.log",
        "not run copy (needs source)",
        "1 failed, 1 not run",
    ] {
        assert!(ran.err.contains(part), "{part} in {}", ran.err);
    }
    assert!(!shop.exists("results/p/source/out.txt"));
}

#[test]
fn nothing_new_starts_after_a_failure_unless_asked() {
    let shop = Workshop::with_stages();
    shop.stage("bad", &[], &["out"], "", "exit 1");
    shop.pipeline(
        "  bad: {}\n  source: {}\n  copy: {inputs: {data: source.out}}\n  count: {inputs: {data: bad.out}}\n",
    );
    let ran = shop.run(&["--jobs", "1", "--keep-going"]);
    assert_eq!((ran.code, shop.calls("source"), shop.calls("copy"), shop.calls("count")), (1, 1, 1, 0));
    assert!(ran.err.contains("2 done, 1 failed, 1 not run"), "{}", ran.err);

    let shop = Workshop::with_stages();
    shop.stage("bad", &[], &["out"], "", "exit 1");
    // bad is on the longest path, so it runs first.
    shop.pipeline("  bad: {}\n  source: {}\n  count: {inputs: {data: bad.out}}\n");
    let ran = shop.run(&["--jobs", "1"]);
    assert_eq!((ran.code, shop.calls("source")), (1, 0));
    assert!(ran.err.contains("not run source (another job failed"), "{}", ran.err);
}

#[test]
fn a_job_without_its_output_failed() {
    let shop = Workshop::new();
    shop.stage("source", &[], &["out"], "", "echo done");
    shop.pipeline("  source: {}\n");
    let ran = shop.run(&[]);
    assert!(ran.code == 1 && ran.err.contains("did not write its output `out`"), "{}", ran.err);
}

#[test]
fn a_job_that_failed_is_not_told_as_never_made() {
    let shop = Workshop::with_stages();
    shop.stage("source", &[], &["out"], "", "exit 1");
    shop.pipeline("  source: {}\n");
    shop.run(&[]);
    let status = shop.command_of("status", &[]);
    assert!(status.out.contains("source: failed when it last ran"), "{}", status.out);
    shop.stage("source", &[], &["out"], "", "echo x > $out");
    shop.make(&[]);
    assert_eq!(shop.command_of("status", &["--check"]).code, 0);
}

#[test]
fn the_last_words_of_an_attempt_are_its_own() {
    let shop = Workshop::with_stages();
    shop.stage("source", &[], &["out"], "", "echo x >> tries; echo attempt $(wc -l < tries) >&2; exit 1");
    shop.pipeline("  source: {retries: 1}\n");
    let ran = shop.run(&["--json"]);
    let last = ran.out.lines().find(|line| line.contains("\"failed\"")).unwrap();
    assert!(last.contains("attempt 2") && !last.contains("attempt 1"), "{last}");
    let log = shop.command_of("log", &["source"]).out;
    assert!(log.contains("attempt 1") && log.contains("attempt 2"), "{log}");
}

#[test]
fn an_attempt_does_not_find_the_output_of_the_one_before() {
    let shop = Workshop::with_stages();
    let body = "[ -e $out ] && exit 0; echo half > $out; echo x >> tries; [ $(wc -l < tries) = 2 ]; echo whole >> $out";
    shop.stage("source", &[], &["out"], "", body);
    shop.pipeline("  source: {retries: 1}\n");
    shop.make(&[]);
    assert_eq!(shop.result("source/out.txt"), "half\nwhole\n");
}

#[test]
fn a_program_may_go_by_what_it_is_called() {
    let shop = Workshop::new();
    let answer = r#"{"name": "x", "outputs": [{"name": "out", "format": "txt"}]}"#;
    let reader = r#"{"name": "y", "inputs": [{"name": "in", "format": "txt"}], "outputs": [{"name": "out", "format": "txt"}]}"#;
    let script = format!(
        "#!/bin/sh\ncase $0 in *first) r='{answer}';; *) r='{reader}';; esac\nif [ $1 = --describe ]; then echo $r; exit; fi\nfor a; do case $a in --out=*) echo x > ${{a#--out=}};; esac; done\n"
    );
    for name in ["first", "second"] {
        // A stage first, for its file can be executed.
        shop.stage(name, &[], &[], "", "");
        shop.write(&format!("bin/{name}"), &script);
    }
    shop.pipeline("  first: {}\n  second: {inputs: {in: first.out}}\n");
    shop.make(&[]);
    assert!(shop.make(&[]).starts_with("nothing to do"));
}

#[test]
fn a_failed_job_finds_its_work_folder_again() {
    let shop = Workshop::new();
    let body = "if [ -f $out.resume ]; then mv $out.resume $out; else echo half > $out.resume; exit 1; fi";
    shop.stage("source", &[], &["out"], "", body);
    shop.pipeline("  source: {}\n");
    assert_eq!(shop.run(&[]).code, 1);
    shop.make(&[]);
    assert_eq!(shop.result("source/out.txt"), "half\n");
    assert_eq!(std::fs::read_dir(shop.path(".priorscope/work")).unwrap().count(), 0);
}

#[test]
fn an_input_that_changes_meanwhile_is_noticed() {
    let shop = Workshop::with_stages();
    shop.write("in.txt", "1\n");
    shop.stage("copy", &["data"], &["out"], "", "cat $data > $out; echo 22 > in.txt");
    shop.pipeline("  copy: {inputs: {data: in.txt}}\n");
    let ran = shop.run(&[]);
    assert!(
        ran.code == 1 && ran.err.contains("changed while it ran (input data 0 changed (in.txt, "),
        "{}",
        ran.err
    );
    shop.make(&[]);
    assert_eq!(shop.result("copy/out.txt"), "22\n");
}

#[test]
fn events_are_not_log_text() {
    let shop = Workshop::new();
    let event =
        r#"echo '{"event":"progress","done":1,"total":2}' >&2; echo words >&2; echo more; echo x > $out"#;
    shop.stage("source", &[], &["out"], "", event);
    shop.pipeline("  source: {}\n");
    shop.make(&[]);
    let log = shop.read(".priorscope/logs/p/source.log");
    assert!(log.contains("words\n") && log.contains("more\n") && !log.contains("progress\""), "{log}");
}

#[test]
fn a_background_process_does_not_outlive_its_job() {
    let shop = Workshop::new();
    shop.stage("source", &[], &["out"], "", "sleep 60 & echo $! > pid; echo x > $out");
    shop.pipeline("  source: {}\n");
    shop.make(&[]);
    let pid = shop.read("pid");
    workshop::eventually("the end of the background process", || !workshop::is_alive(&pid));
}

#[test]
fn a_process_that_leaves_its_group_does_not_outlive_its_job_either() {
    let shop = Workshop::new();
    shop.stage(
        "source",
        &[],
        &["out"],
        "",
        "setsid sh -c 'echo $$ > pid; sleep 60' & while [ ! -s pid ]; do sleep 0.01; done; echo x > $out",
    );
    shop.pipeline("  source: {}\n");
    shop.make(&[]);
    let pid = shop.read("pid");
    workshop::eventually("the end of the daemon", || !workshop::is_alive(&pid));
}

#[test]
fn a_job_whose_work_folder_was_cleared_meanwhile_has_failed() {
    let shop = Workshop::new();
    shop.stage("source", &[], &["out"], "", "rm -rf .priorscope/work/*/.claim; echo half > $out");
    shop.pipeline("  source: {}\n");
    let ran = shop.run(&[]);
    assert!(
        ran.code == 1 && ran.err.contains("its folder in the cache was cleared while it ran"),
        "{}",
        ran.err
    );
    assert!(!shop.exists("results/p/source/out.txt"));
    shop.stage("source", &[], &["out"], "", "echo whole > $out");
    shop.make(&[]);
    assert_eq!(shop.result("source/out.txt"), "whole\n");
}
