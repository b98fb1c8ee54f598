//! Jobs on a real Slurm of this machine: they run as arrays, outlive the runner, are cancelled, and whatever becomes of
//! them is told as it is. Where Slurm is not installed each story says that it was skipped.

#![allow(clippy::unwrap_used, reason = "a test whose helper fails has failed")]
#![cfg(target_os = "linux")]

mod cluster;
mod workshop;

use cluster::Cluster;
use rustix::process::Signal;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use workshop::{Ran, Workshop, eventually, ran};

/// Twelve cells of two stages, then one job that reads them all.
const SWEEP: &str = "  source: {matrix: {seed: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}}
  copy: {each: source, inputs: {data: source.out}}
  count: {inputs: {data: copy.out}}
";

/// A stage whose jobs begin, and end when the file `go` is there.
fn with_slow(stages: &str) -> Workshop {
    let shop = Workshop::with_stages();
    let here = shop.path("").display().to_string();
    let body = format!(
        r#"echo $seed >> "{here}/began"; until [ -e "{here}/go" ]; do sleep 0.05; done; echo "$seed" > "$out""#
    );
    shop.stage("slow", &[], &["out"], r#""seed": {"type": "integer", "default": 0}"#, &body);
    shop.pipeline(stages);
    shop
}

fn begun(shop: &Workshop) -> usize {
    fs::read_to_string(shop.path("began")).map_or(0, |text| text.lines().count())
}

fn command(shop: &Workshop, cluster: &Cluster, arguments: &[&str]) -> Command {
    let mut command = shop.command(&[&["--on", "slurm"], arguments].concat());
    command.env("SLURM_CONF", cluster.conf());
    command
}

fn run(shop: &Workshop, cluster: &Cluster, arguments: &[&str]) -> Ran {
    ran(command(shop, cluster, arguments).output().unwrap())
}

fn start(shop: &Workshop, cluster: &Cluster, arguments: &[&str]) -> Child {
    command(shop, cluster, arguments).spawn().unwrap()
}

/// Starts a runner, and kills it when so many of its jobs have begun.
fn leave_at_work(shop: &Workshop, cluster: &Cluster, jobs: usize) {
    let mut runner = start(shop, cluster, &[]);
    eventually("its jobs", || begun(shop) == jobs);
    shop.send(&runner, Signal::KILL);
    runner.wait().unwrap();
}

fn end(runner: Child) -> Ran {
    ran(runner.wait_with_output().unwrap())
}

#[test]
fn a_sweep_runs_as_arrays_and_gives_the_same_bytes_as_on_this_machine() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let [here, there] = [(); 2].map(|()| {
        let shop = Workshop::with_stages();
        shop.pipeline(SWEEP);
        shop
    });
    here.make(&[]);
    let ran = run(&there, &cluster, &[]);
    assert!(ran.code == 0 && ran.out.contains("25 done"), "{}{}", ran.out, ran.err);
    for file in ["source/seed7/out.txt", "copy/seed12/out.txt", "count/out.txt"] {
        assert_eq!(here.result(file), there.result(file));
    }
    // Twelve jobs each of two stages, and one of the third: far fewer arrays than jobs.
    assert!(cluster.arrays().len() < 12, "{:?}", cluster.arrays());
    // Nothing is left of them on the shared file system.
    assert_eq!(fs::read_dir(there.path(".priorscope/slurm/arrays")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(there.path(".priorscope/slurm/keys")).unwrap().count(), 0);
    assert!(run(&there, &cluster, &[]).out.contains("25 jobs up to date"));
}

#[test]
fn jobs_go_on_without_their_runner_and_the_next_one_finds_them() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let shop = with_slow("  slow: {matrix: {seed: [1, 2, 3]}}\n  count: {inputs: {data: slow.out}}\n");
    for signal in [Signal::KILL, Signal::TERM] {
        let mut runner = start(&shop, &cluster, &[]);
        eventually("three jobs", || begun(&shop) == 3);
        shop.send(&runner, signal);
        runner.wait().unwrap();
        assert_eq!(cluster.queue().len(), 3, "they go on");
    }
    // On this machine they are not done once more in the same folders.
    let local = shop.run(&[]);
    assert!(local.code == 1 && local.err.contains("go on with --on slurm"), "{}", local.err);
    let runner = start(&shop, &cluster, &[]);
    shop.write("go", "");
    let ran = end(runner);
    assert!(ran.code == 0 && ran.out.contains("4 done"), "{}{}", ran.out, ran.err);
    assert_eq!((shop.calls("slow"), shop.result("count/out.txt").trim()), (3, "3"));
}

#[test]
fn a_job_that_ended_while_there_was_no_runner_is_not_done_again() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let shop = with_slow("  slow: {}\n");
    leave_at_work(&shop, &cluster, 1);
    shop.write("go", "");
    eventually("its end", || cluster.queue().is_empty());
    let ran = run(&shop, &cluster, &[]);
    assert!(ran.code == 0 && ran.out.contains("1 done"), "{}{}", ran.out, ran.err);
    assert_eq!(shop.calls("slow"), 1);
}

#[test]
fn ctrl_c_cancels_what_runs_and_what_waits() {
    let Some(cluster) = Cluster::start(&[("SLURM_CPUS", "2")]) else { return };
    let shop = with_slow("  slow: {matrix: {seed: [1, 2, 3, 4]}}\n");
    let runner = start(&shop, &cluster, &[]);
    eventually("two jobs", || begun(&shop) == 2);
    shop.send(&runner, Signal::INT);
    let ran = end(runner);
    assert!(ran.code == 130 && ran.err.contains("cancelling its jobs in Slurm"), "{} {}", ran.code, ran.err);
    assert_eq!(cluster.queue(), [""; 0]);
    shop.write("go", "");
    assert!(run(&shop, &cluster, &[]).out.contains("4 done"));
}

#[test]
fn ctrl_c_also_cancels_what_an_earlier_runner_submitted_and_this_one_does_not_follow_yet() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let shop = Workshop::with_stages();
    let seeds: Vec<String> = (0..150).map(|seed| seed.to_string()).collect();
    shop.pipeline(&format!("  source: {{matrix: {{seed: [{}]}}}}\n", seeds.join(", ")));
    let partition =
        |state: &str| cluster.ask("scontrol", &["update", "PartitionName=main", &format!("State={state}")]);
    partition("DOWN");
    let mut runner = start(&shop, &cluster, &[]);
    eventually("all jobs", || cluster.queue().len() == 150);
    runner.kill().unwrap();
    runner.wait().unwrap();
    // With so few files it follows a quarter as many jobs at once.
    let few = "ulimit -n 200; exec \"$@\"";
    let runner = command(&shop, &cluster, &["--json"]);
    let mut command = Command::new("sh");
    command.args(["-c", few, "sh"]).arg(runner.get_program()).args(runner.get_args());
    command.envs(runner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(shop.path("")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut runner = command.spawn().unwrap();
    let mut lines = BufReader::new(runner.stdout.take().unwrap()).lines();
    let followed =
        lines.by_ref().filter(|line| line.as_ref().unwrap().contains("\"started\"")).take(50).count();
    assert_eq!(followed, 50);
    shop.send(&runner, Signal::INT);
    let last = lines.last().unwrap().unwrap();
    let ran = end(runner);
    assert!(ran.code == 130 && last.contains("\"not_run\":150"), "{} {last} {}", ran.code, ran.err);
    eventually("an empty queue", || cluster.queue().is_empty());
    partition("UP");
    assert!(run(&shop, &cluster, &[]).out.contains("150 done"));
}

#[test]
fn gc_leaves_what_slurm_works_on_and_takes_what_nobody_goes_on_with() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let shop = with_slow("  slow: {matrix: {seed: [1, 2]}}\n");
    leave_at_work(&shop, &cluster, 2);
    let gc = || {
        let mut command = shop.command_with("gc", &["p.yaml", "--all"]);
        let told = ran(command.env("SLURM_CONF", cluster.conf()).output().unwrap());
        assert_eq!(told.code, 0, "{}", told.err);
        let left = |folder: &str| fs::read_dir(shop.path(folder)).map_or(0, Iterator::count);
        let left = ["work", "slurm/arrays", "slurm/keys"].map(|name| left(&format!(".priorscope/{name}")));
        (told.out, left)
    };
    let (told, left) = gc();
    assert!(told.contains("2 jobs that no run follows may still be at work in Slurm"), "{told}");
    assert_eq!(left, [2, 1, 2]);
    let names = cluster.ask("squeue", &["-h", "-o", "%j"]);
    cluster.ask("scancel", &["--name", names.lines().next().unwrap()]);
    eventually("their end", || cluster.queue().is_empty());
    let (told, left) = gc();
    assert!(told.contains("2 folders of broken-off work") && !told.contains("Slurm"), "{told}");
    assert_eq!(left, [0, 0, 0]);
}

/// What is told of a job, and what happens to it by its number.
type Case<'a> = (&'a str, &'a dyn Fn(&str));

#[test]
fn what_became_of_a_job_is_told_and_it_is_tried_again_as_its_stage_says() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    // The first attempt ends by another's hand, the second one by itself.
    let cases: [Case; 4] = [
        ("its node was lost (NODE_FAIL)", &|_| {
            cluster.perform("kill-node");
            cluster.perform("revive-node");
        }),
        ("was cancelled in Slurm (CANCELLED)", &|job| drop(cluster.ask("scancel", &[job]))),
        ("ran into the time limit of its Slurm job (TIMEOUT)", &|job| {
            cluster.ask("scontrol", &["update", &format!("JobId={job}"), "EndTime=now+1"]);
        }),
        ("had to make room for other jobs (PREEMPTED)", &|_| {
            cluster.ask("sbatch", &["-p", "high", "-c", "8", "--time=1", "--wrap", "sleep 1"]);
        }),
    ];
    for (words, happens) in cases {
        let shop = with_slow("  slow: {retries: 1}\n");
        shop.write("cluster.yaml", "on: slurm\npartition: cancelme\ntime: 5m\n");
        let mut command = shop.command(&["--on", "cluster.yaml"]);
        let runner = command.env("SLURM_CONF", cluster.conf()).spawn().unwrap();
        eventually("the job", || begun(&shop) == 1);
        let job = cluster.queue()[0].split(' ').next().unwrap().to_owned();
        happens(&job);
        // Slurm looks at time limits every half minute.
        let deadline = Instant::now() + Duration::from_secs(90);
        while cluster.queue().iter().any(|line| line.starts_with(&job)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(100));
        }
        shop.write("go", "");
        let ran = end(runner);
        assert!(ran.code == 0 && ran.err.contains(words), "{words}: {} {}{}", ran.code, ran.out, ran.err);
        assert!(ran.err.contains("attempt 1 of 2"), "{}", ran.err);
        assert_eq!(shop.calls("slow"), 2, "{words}");
    }
}

#[test]
fn a_job_that_takes_too_much_memory_is_killed_and_told_of() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let shop = Workshop::with_stages();
    shop.stage("greedy", &[], &["out"], "", r#"head -c 130000000 /dev/zero | tail -c 120000000 > "$out""#);
    shop.pipeline("  greedy: {memory: 40M}\n");
    let ran = run(&shop, &cluster, &[]);
    // Where the memory of jobs is watched by Slurm and not by the system, it does not say more than that it killed one.
    let told = ["used more memory than its Slurm job was given (OUT_OF_MEMORY)", "failed in Slurm (FAILED"];
    assert!(ran.code == 1 && told.iter().any(|words| ran.err.contains(words)), "{}{}", ran.out, ran.err);
    shop.pipeline("  greedy: {memory: 900M}\n");
    assert_eq!(run(&shop, &cluster, &[]).code, 0);
}

#[test]
fn a_controller_that_is_away_is_waited_for() {
    let Some(cluster) = Cluster::start(&[("MESSAGE_TIMEOUT", "3")]) else { return };
    let shop = with_slow("  slow: {}\n  copy: {inputs: {data: slow.out}}\n");
    let runner = start(&shop, &cluster, &[]);
    eventually("the job", || begun(&shop) == 1);
    cluster.perform("stop-controller");
    // The job ends, and the next one cannot be submitted.
    shop.write("go", "");
    eventually("the first result", || shop.exists("results/p/slow/out.txt"));
    std::thread::sleep(Duration::from_secs(4));
    cluster.perform("start-controller");
    let ran = end(runner);
    assert!(ran.code == 0 && ran.out.contains("2 done"), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("Slurm does not answer"), "{}{}", ran.out, ran.err);
}

#[test]
fn a_sweep_keeps_within_the_limits_of_the_cluster() {
    let limits = [("MAX_ARRAY_SIZE", "6"), ("MAX_JOB_COUNT", "9"), ("MIN_JOB_AGE", "2"), ("SLURM_CPUS", "4")];
    let Some(cluster) = Cluster::start(&limits) else { return };
    let shop = Workshop::with_stages();
    shop.pipeline(SWEEP);
    let ran = run(&shop, &cluster, &[]);
    assert!(ran.code == 0 && ran.out.contains("25 done"), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("Slurm takes no more jobs now"), "{}", ran.out);
}

#[test]
fn a_job_that_waits_for_what_may_never_come_is_told_of_and_followed_by_the_next_run() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {}\n");
    shop.write("cluster.yaml", "on: slurm\nflags: [--hold]\n");
    let start = || {
        let mut command = shop.command(&["--on", "cluster.yaml"]);
        command.env("SLURM_CONF", cluster.conf()).spawn().unwrap()
    };
    let runner = start();
    eventually("the job", || cluster.queue().len() == 1);
    std::thread::sleep(Duration::from_secs(7));
    let status = shop.command_of("status", &[]).out;
    assert!(status.contains("Slurm has had it as job 1_0 since an earlier run"), "{status}");
    shop.send(&runner, Signal::TERM);
    let first = end(runner);
    assert!(first.out.contains("JobHeldUser (see `scontrol show job 1_0`)"), "{}{}", first.out, first.err);
    let runner = start();
    std::thread::sleep(Duration::from_secs(1));
    cluster.ask("scontrol", &["release", "1"]);
    let second = end(runner);
    assert!(second.code == 0 && second.out.contains("following 1 job that an earlier run"), "{}", second.out);
}

#[test]
fn a_stage_may_want_something_of_its_own_of_the_cluster_and_a_path_may_have_percent_signs() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {}\n  copy: {inputs: {data: source.out}}\n");
    shop.write("cluster.yaml", "on: slurm\nstages: {copy: {partition: high}}\n");
    let mut command = shop.command(&["--on", "cluster.yaml", "--cache", "a%j%%b"]);
    let ran = ran(command.env("SLURM_CONF", cluster.conf()).output().unwrap());
    assert!(ran.code == 0 && ran.out.contains("2 done"), "{}{}", ran.out, ran.err);
    let told = cluster.ask("squeue", &["-h", "-t", "all", "-o", "%P %j"]);
    let partition = |stage: &str| told.lines().find(|line| line.contains(stage)).unwrap().split(' ').next();
    assert_eq!((partition("p-copy"), partition("p-source")), (Some("high"), Some("main")));
}

#[test]
fn what_slurm_refuses_and_what_a_profile_says_wrong_is_told() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {retries: 3}\n");
    shop.write("cluster.yaml", "on: slurm\npartition: nowhere\n");
    let with =
        |place: &str| ran(shop.command(&["--on", place]).env("SLURM_CONF", cluster.conf()).output().unwrap());
    let refused = with("cluster.yaml");
    assert!(refused.code == 1 && refused.err.contains("was refused by Slurm"), "{}", refused.err);
    assert!(!refused.err.contains("attempt"), "another attempt would be refused, too: {}", refused.err);
    assert!(refused.err.contains("invalid partition specified: nowhere"), "{}", refused.err);
    shop.write("cluster.yaml", "on: slurm\npartitions: main\n");
    let wrong = with("cluster.yaml");
    assert!(wrong.code == 3 && wrong.err.contains("cluster.yaml:2:1"), "{} {}", wrong.code, wrong.err);
    let missing = with("clutser.yaml");
    assert!(missing.code == 2 && missing.err.contains("there is no file clutser.yaml"), "{}", missing.err);
}
