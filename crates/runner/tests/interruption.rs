//! Runners that are stopped, killed, or that meet each other.

#![allow(clippy::unwrap_used, reason = "a test whose helper fails has failed")]

mod workshop;
use rustix::process::{Pid, Signal, kill_process};
use std::process::Stdio;
use std::time::{Duration, Instant};
use workshop::{Workshop, eventually, is_alive, ran, state};

fn process(number: &str) -> Pid {
    Pid::from_raw(number.trim().parse().unwrap()).unwrap()
}

/// `source` ends at once; `slow` writes its process's number and sleeps until the file `go` is there.
fn shop() -> Workshop {
    let shop = Workshop::with_stages();
    let body =
        "echo $$ > pid.new; mv pid.new pid; until [ -f go ]; do sleep 0.02; done; cat $data > $out; rm pid";
    shop.stage("slow", &["data"], &["out"], "", body);
    shop.pipeline("  source: {}\n  slow: {inputs: {data: source.out}}\n  copy: {inputs: {data: slow.out}}\n");
    shop
}

#[test]
fn ctrl_c_ends_what_runs_and_keeps_what_is_done() {
    let shop = shop();
    let runner = shop.start(&[]);
    shop.wait_for("pid");
    let pid = shop.read("pid");
    shop.send(&runner, Signal::INT);
    let ran = ran(runner.wait_with_output().unwrap());
    assert_eq!(ran.code, 130, "{}", ran.err);
    assert!(
        ran.err.contains("not run slow (stopped)") && ran.err.contains("1 done, 2 not run"),
        "{}",
        ran.err
    );
    assert!(!is_alive(&pid));
    shop.write("go", "");
    shop.make(&[]);
    assert_eq!((shop.calls("source"), shop.calls("slow")), (1, 2));
}

#[test]
fn a_run_that_was_started_with_nohup_outlives_its_terminal() {
    let shop = shop();
    let mut nohup = std::process::Command::new("nohup");
    let command = shop.command(&[]);
    nohup.arg(command.get_program()).args(command.get_args());
    nohup.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    nohup.current_dir(command.get_current_dir().unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let runner = nohup.spawn().unwrap();
    shop.wait_for("pid");
    shop.send(&runner, Signal::HUP);
    shop.write("go", "");
    let ran = ran(runner.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("3 done"), "{}", ran.out);
}

#[test]
fn a_second_ctrl_c_kills_what_does_not_end() {
    let shop = shop();
    let body = "trap '' TERM; echo $$ > pid.new; mv pid.new pid; while :; do sleep 0.05; done";
    shop.stage("slow", &["data"], &["out"], "", body);
    let runner = shop.start(&[]);
    shop.wait_for("pid");
    let begin = Instant::now();
    shop.send(&runner, Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    assert!(is_alive(&shop.read("pid")));
    shop.send(&runner, Signal::INT);
    assert_eq!(ran(runner.wait_with_output().unwrap()).code, 130);
    assert!(begin.elapsed() < Duration::from_secs(4) && !is_alive(&shop.read("pid")));
}

#[test]
fn a_killed_runner_leaves_no_process_and_the_next_one_goes_on() {
    let shop = shop();
    let mut runner = shop.start(&[]);
    shop.wait_for("pid");
    let pid = shop.read("pid");
    runner.kill().unwrap();
    runner.wait().unwrap();
    eventually("the end of the stage", || !is_alive(&pid));
    shop.write("go", "");
    shop.make(&[]);
    assert_eq!((shop.calls("source"), shop.calls("slow")), (1, 2));
    assert_eq!(shop.result("copy/out.txt"), "x 0\nx\n");
}

/// Starts a process that gets away from its stage in every way there is: with a group, a session and a parent of its own,
/// an empty environment and a name that is no text.
const ESCAPE: &str = r#"(env -i setsid sh -c 'printf "\377) " > /proc/$$/comm; echo $$ > pid.new; mv pid.new pid; sleep 60' &)"#;

#[test]
fn a_process_that_got_away_does_not_outlive_its_job() {
    let shop = Workshop::new();
    let body = format!("{ESCAPE}; until [ -e pid ]; do sleep 0.02; done; echo x > $out");
    shop.stage("source", &[], &["out"], "", &body);
    shop.stage("next", &["data"], &["out"], "", "kill -0 $(cat pid) 2>&- && exit 1; cat $data > $out");
    shop.pipeline("  source: {}\n  next: {inputs: {data: source.out}}\n");
    shop.make(&[]);
    assert!(!is_alive(&shop.read("pid")));
}

/// Kills the runner of a stage once something got away from it, and waits for that one's end.
fn kill_the_runner_of(shop: &Workshop) {
    shop.pipeline("  source: {}\n");
    let mut runner = shop.start(&[]);
    shop.wait_for("pid");
    runner.kill().unwrap();
    runner.wait().unwrap();
    eventually("the end of what got away", || !is_alive(&shop.read("pid")));
}

#[test]
fn a_process_that_got_away_does_not_outlive_a_killed_runner() {
    let shop = Workshop::new();
    shop.stage("source", &[], &["out"], "", &format!("{ESCAPE}; sleep 60"));
    kill_the_runner_of(&shop);
}

#[test]
fn what_outlived_a_runner_and_its_guard_is_ended_before_its_job_runs_again() {
    let shop = shop();
    // It has its output open, and writes once it is told to or its parent is gone for long.
    let body = "exec 3> $out; echo $PPID > guard; echo $$ > pid.new; mv pid.new pid; [ -e again ] || sleep 60; echo right >&3";
    shop.stage("slow", &["data"], &["out"], "", body);
    let mut runner = shop.start(&[]);
    shop.wait_for("pid");
    let (guard, orphan) = (shop.read("guard"), shop.read("pid"));
    // A runner that stands still sees nothing of its guard's end. A guard must not stand still when the runner ends: the
    // system hangs up on a group that has lost its last parent outside while a process of it stands.
    shop.send(&runner, Signal::STOP);
    eventually("the runner to stand still", || state(&runner.id().to_string()) == Some('T'));
    kill_process(process(&guard), Signal::KILL).unwrap();
    eventually("the end of the guard", || !is_alive(&guard));
    runner.kill().unwrap();
    runner.wait().unwrap();
    assert!(is_alive(&orphan));
    // Also where nothing is left of the folder in which it works.
    std::fs::remove_dir_all(shop.path(".priorscope/work")).unwrap();
    shop.write("again", "");
    shop.make(&[]);
    assert!(!is_alive(&orphan));
    assert_eq!(shop.result("slow/out.txt"), "right\n");
}

#[test]
fn a_runner_that_is_stopped_while_it_waits_says_so() {
    let shop = shop();
    let first = shop.start(&[]);
    shop.wait_for("pid");
    for (arguments, said) in
        [(&[][..], "interrupted before anything began"), (&["--json"], "\"exit_code\": 130")]
    {
        let second = shop.start(arguments);
        std::thread::sleep(Duration::from_millis(300));
        shop.send(&second, Signal::INT);
        let second = ran(second.wait_with_output().unwrap());
        assert!(second.code == 130 && (second.err + &second.out).contains(said), "{}", second.out);
    }
    shop.write("go", "");
    assert_eq!(ran(first.wait_with_output().unwrap()).code, 0);
}

#[test]
fn a_second_ctrl_c_kills_what_got_away() {
    let shop = Workshop::new();
    shop.stage("source", &[], &["out"], "", &format!("trap '' TERM; {ESCAPE}; while :; do sleep 0.05; done"));
    shop.pipeline("  source: {}\n");
    let runner = shop.start(&[]);
    shop.wait_for("pid");
    shop.send(&runner, Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    shop.send(&runner, Signal::INT);
    assert_eq!(ran(runner.wait_with_output().unwrap()).code, 130);
    assert!(!is_alive(&shop.read("pid")));
}

#[test]
fn a_killed_guard_takes_its_job_with_it_and_it_is_said_so() {
    let shop = Workshop::new();
    shop.stage(
        "source",
        &[],
        &["out"],
        "",
        &format!("{ESCAPE}; echo $PPID > guard; echo $$ > own; sleep 60"),
    );
    shop.stage("other", &[], &["out"], "", "until [ -e pid ]; do sleep 0.02; done; sleep 0.5; echo x > $out");
    shop.pipeline("  source: {}\n  other: {}\n");
    let runner = shop.start(&["--keep-going", "--jobs", "2"]);
    shop.wait_for("pid");
    eventually("the number of the stage", || shop.exists("own") && shop.read("own").ends_with('\n'));
    kill_process(process(&shop.read("guard")), Signal::KILL).unwrap();
    let ran = ran(runner.wait_with_output().unwrap());
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("failed source: the runner's process that watches over it was killed"),
        "{}",
        ran.err
    );
    assert!(!is_alive(&shop.read("pid")) && !is_alive(&shop.read("own")));
    assert!(shop.exists("results/p/other/out.txt"), "a job under another guard goes on: {}", ran.err);
}

#[test]
fn a_guard_that_was_killed_without_a_job_is_replaced() {
    let shop = Workshop::new();
    shop.stage(
        "first",
        &[],
        &["out"],
        "",
        "until [ -e second ]; do sleep 0.02; done; echo $PPID > guard; echo x > $out",
    );
    let body = "touch second; until [ -e results/p/first/out.txt ]; do sleep 0.02; done; sleep 0.2; kill -9 $(cat guard); sleep 0.2; echo x > $out";
    shop.stage("second", &[], &["out"], "", body);
    shop.stage("third", &["data"], &["out"], r#""seed": {"type": "integer"}"#, "sleep 0.2; cat $data > $out");
    shop.pipeline(
        "  first: {}\n  second: {}\n  third: {matrix: {seed: [1, 2]}, inputs: {data: second.out}}\n",
    );
    shop.make(&["--jobs", "2"]);
}

#[test]
fn a_program_that_is_asked_what_it_is_does_not_outlive_a_killed_runner() {
    let shop = Workshop::new();
    shop.stage("source", &[], &["out"], "", "");
    shop.write("bin/source", &format!("#!/bin/sh\n{ESCAPE}; sleep 60\n"));
    kill_the_runner_of(&shop);
}

#[test]
fn what_its_caller_started_is_none_of_the_runners() {
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {}\n");
    let runner = shop.command(&[]);
    let line = format!("sleep 60 & echo $! > pid; exec {} p.yaml", runner.get_program().display());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &line]).current_dir(shop.path(""));
    shell.envs(runner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(shell.status().unwrap().success());
    assert!(is_alive(&shop.read("pid")));
    kill_process(process(&shop.read("pid")), Signal::KILL).unwrap();
}

#[test]
fn a_runner_killed_at_any_moment_spoils_nothing() {
    let calm = Workshop::with_stages();
    let stages = concat!(
        "  source: {matrix: {seed: [1, 2, 3, 4]}}\n",
        "  copy: {each: source, inputs: {data: source.out}}\n",
        "  count: {inputs: {data: copy.out}}\n"
    );
    calm.pipeline(stages);
    calm.make(&[]);
    let shop = Workshop::with_stages();
    shop.pipeline(stages);
    for delay in (0..60).step_by(3) {
        let mut runner = shop.start(&["--force"]);
        std::thread::sleep(Duration::from_millis(delay));
        runner.kill().unwrap();
        runner.wait().unwrap();
    }
    shop.make(&[]);
    for file in ["source/seed3/out.txt", "copy/seed4/out.txt", "count/out.txt"] {
        assert_eq!(shop.result(file), calm.result(file));
    }
    assert!(shop.make(&[]).starts_with("nothing to do: 9 jobs"));
}

#[test]
fn the_second_runner_says_who_works_and_waits() {
    let shop = shop();
    let first = shop.start(&[]);
    let holder = first.id().to_string();
    shop.wait_for("pid");
    let second = shop.start(&[]);
    std::thread::sleep(Duration::from_millis(200));
    shop.write("go", "");
    let first = ran(first.wait_with_output().unwrap());
    let second = ran(second.wait_with_output().unwrap());
    assert_eq!((first.code, second.code), (0, 0), "{}{}", first.err, second.err);
    assert!(
        second
            .err
            .contains(&format!("waiting: another runner works on the pipeline p (process {holder} since")),
        "{}",
        second.err
    );
    assert!(second.out.starts_with("nothing to do: 3 jobs"), "{}", second.out);
    assert_eq!(shop.calls("slow"), 1);
}

#[test]
fn what_changed_while_a_run_waited_is_seen() {
    let shop = shop();
    let first = shop.start(&[]);
    shop.wait_for("pid");
    let second = shop.start(&[]);
    std::thread::sleep(Duration::from_millis(200));
    shop.write("p.yaml", &shop.read("p.yaml").replace("source: {}", "source: {params: {word: later}}"));
    shop.write("go", "");
    ran(first.wait_with_output().unwrap());
    let second = ran(second.wait_with_output().unwrap());
    assert_eq!(second.code, 0, "{}", second.err);
    assert_eq!(shop.result("source/out.txt"), "later 0\n");
}

#[test]
fn a_killed_stage_is_an_error_in_words() {
    let shop = shop();
    let runner = shop.start(&[]);
    shop.wait_for("pid");
    kill_process(process(&shop.read("pid")), Signal::KILL).unwrap();
    let ran = ran(runner.wait_with_output().unwrap());
    assert!(ran.code == 1 && ran.err.contains("was killed by signal 9 (SIGKILL"), "{}", ran.err);
}
