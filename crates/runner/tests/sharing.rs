//! A shared cache behind the local one: what one machine made another has, and what is wrong there is never used.

#![allow(clippy::unwrap_used, reason = "a test whose helper fails has failed")]

mod workshop;

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use workshop::{Ran, Workshop, eventually, ran};

const CHAIN: &str = concat!(
    "  source: {params: {word: hello}}\n",
    "  copy: {temporary: [out], inputs: {data: source.out}}\n",
    "  count: {inputs: {data: copy.out}}\n",
);

/// A machine with the chain.
fn machine() -> Workshop {
    let shop = Workshop::with_stages();
    shop.pipeline(CHAIN);
    shop
}

fn calls(shop: &Workshop) -> [usize; 3] {
    ["source", "copy", "count"].map(|stage| shop.calls(stage))
}

/// A folder that several machines reach.
struct Share {
    folder: TempDir,
}

impl Share {
    fn new() -> Share {
        Share { folder: tempfile::tempdir().unwrap() }
    }

    /// One in which the chain was made, and that machine.
    fn filled() -> (Share, Workshop) {
        let (share, shop) = (Share::new(), machine());
        let told = share.make(&shop, &[]);
        assert!(told.contains("uploaded 3 jobs to file://") && told.contains("3 done"), "{told}");
        (share, shop)
    }

    fn url(&self) -> String {
        format!("file://{}", self.folder.path().display())
    }

    fn run(&self, shop: &Workshop, arguments: &[&str]) -> Ran {
        shop.run(&[&["--remote", &self.url()], arguments].concat())
    }

    fn run_with_secret(&self, shop: &Workshop, secret: &str) -> Ran {
        let mut command = shop.command(&["--remote", &self.url()]);
        ran(command.env("PRIORSCOPE_REMOTE_SECRET", secret).output().unwrap())
    }

    fn make(&self, shop: &Workshop, arguments: &[&str]) -> String {
        let ran = self.run(shop, arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
        ran.out
    }

    fn files(&self, kind: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        list(&self.folder.path().join("priorscope-1").join(kind), &mut files);
        files.sort();
        files
    }

    /// The entry of the job that an entry is about.
    fn entry(&self, job: &str) -> PathBuf {
        let is_it = |path: &PathBuf| fs::read_to_string(path).unwrap().contains(&format!(r#""job":"{job}""#));
        self.files("jobs").into_iter().find(is_it).unwrap()
    }

    /// The content of this text.
    fn content(&self, text: &str) -> PathBuf {
        self.files("objects").into_iter().find(|path| fs::read_to_string(path).unwrap() == text).unwrap()
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { list(&entry.path(), files) } else { files.push(entry.path()) }
    }
}

/// What a machine that has nothing does where an entry of the chain is wrong: it says so, runs only that job, gets the
/// right result, and puts the right entry there.
fn is_refused(share: &Share, wrong: &str, job: &str) {
    let shop = machine();
    let ran = share.run(&shop, &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let warnings: Vec<&str> = ran.err.lines().collect();
    assert_eq!(warnings.len(), 1, "{}", ran.err);
    assert!(
        warnings[0].contains(&format!("has an entry of {job} that is refused: {wrong} (key ")),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("1 done, 2 up to date, 2 of them from the shared cache"), "{}", ran.out);
    assert_eq!(calls(&shop).iter().sum::<usize>(), 1);
    assert_eq!(
        (shop.result("source/out.txt"), shop.result("count/out.txt").trim()),
        ("hello 0\n".to_owned(), "2")
    );
    let shop = machine();
    assert!(
        share.make(&shop, &[]).contains("nothing to run: 3 jobs up to date, 3 of them from the shared cache")
    );
}

#[test]
fn what_one_machine_made_another_has_without_running_anything() {
    let (share, first) = Share::filled();
    let second = machine();
    let told = share.make(&second, &[]);
    assert!(told.contains("nothing to run: 3 jobs up to date, 3 of them from the shared cache, "), "{told}");
    assert_eq!(calls(&second), [0, 0, 0]);
    for file in ["source/out.txt", "count/out.txt"] {
        assert_eq!(first.result(file), second.result(file));
    }
    // Both know that everything is there, and ask no more.
    fs::remove_dir_all(share.folder.path()).unwrap();
    for shop in [&first, &second] {
        assert!(share.make(shop, &[]).starts_with("nothing to do: 3 jobs up to date"));
    }
    assert_eq!(second.command_of("verify", &[]).code, 0);
    let history = second.command_of("history", &["last", "--json"]).out;
    assert!(history.contains(r#""fetched": 3"#) && history.contains(r#""fetched_bytes": "#), "{history}");
}

#[test]
fn programs_read_how_much_came_and_went() {
    let share = Share::new();
    let told = share.make(&machine(), &["--json"]);
    let last = told.lines().rev().take(2).collect::<Vec<_>>();
    assert!(last[1].starts_with(r#"{"event":"uploaded","entries":3,"bytes":"#), "{told}");
    assert!(last[0].contains(r#""fetched":0,"fetched_bytes":0"#), "{told}");
    let told = share.make(&machine(), &["--json"]);
    assert!(told.starts_with(r#"{"event":"fetched","job":"source","bytes":"#), "{told}");
    assert!(told.contains(r#""up_to_date":3"#) && told.contains(r#""fetched":3"#), "{told}");
}

#[test]
fn a_temporary_output_stays_where_it_is_and_is_remade_when_it_is_needed() {
    let (share, _) = Share::filled();
    assert_eq!(share.files("objects").len(), 2);
    let shop = machine();
    shop.stage("count", &["data*"], &["out"], "", "tac $data > $out");
    let told = share.make(&shop, &[]);
    assert!(told.contains("2 done, 1 up to date, 1 of them from the shared cache"), "{told}");
    assert_eq!((calls(&shop), shop.result("count/out.txt").as_str()), ([0, 1, 1], "x\nhello 0\n"));
    assert!(!shop.exists("results/p/copy/out.txt"));
}

#[test]
fn a_content_that_is_damaged_cut_short_or_gone_is_made_again() {
    let (share, _) = Share::filled();
    fs::write(share.content("hello 0\n"), "hullo 0\n").unwrap();
    is_refused(&share, "its output `out` is damaged: its digest is another", "source");
    fs::write(share.content("hello 0\n"), "hello").unwrap();
    is_refused(&share, "its output `out` has 5 bytes instead of 8", "source");
    fs::remove_file(share.content("hello 0\n")).unwrap();
    is_refused(&share, "its output `out` is not there", "source");
}

#[test]
fn an_entry_that_is_damaged_foreign_or_of_other_outputs_is_made_again() {
    let (share, _) = Share::filled();
    let source = share.entry("source");
    let right = fs::read_to_string(&source).unwrap();
    fs::write(&source, &right[..right.len() / 2]).unwrap();
    is_refused(&share, "it is cut short or no entry", "source");
    fs::write(&source, "").unwrap();
    is_refused(&share, "it is cut short or no entry", "source");
    fs::copy(share.entry("count"), &source).unwrap();
    is_refused(&share, "it is about another job", "source");
    fs::write(&source, right.replace(r#""port":"out""#, r#""port":"in""#)).unwrap();
    is_refused(&share, "its outputs are not those of the job", "source");
    fs::write(&source, right.replace(r#""digest":""#, r#""digest":"../../"#)).unwrap();
    is_refused(&share, "its outputs are not those of the job", "source");
}

#[test]
fn with_a_secret_a_forged_entry_is_refused_and_replaced() {
    const SECRET: &str = "only two machines know";
    let share = Share::new();
    let made = |shop: &Workshop| {
        let ran = share.run_with_secret(shop, SECRET);
        assert_eq!(ran.code, 0, "{}", ran.err);
        (ran.out, ran.err)
    };
    made(&machine());
    assert!(made(&machine()).0.contains("3 of them from the shared cache"));
    // A forger who may write, and knows all but the secret: another content, and an entry that names it.
    let entry = share.entry("source");
    let signed = fs::read_to_string(&entry).unwrap();
    let (right, forged) = (blake3::hash(b"hello 0\n").to_string(), blake3::hash(b"forged!\n").to_string());
    let folder = share.folder.path().join("priorscope-1/objects").join(&forged[..2]);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(&forged[2..]), "forged!\n").unwrap();
    let record = signed.lines().next().unwrap().replace(&right, &forged);
    for (text, wrong) in [
        (format!("{record}\n"), "it is not signed"),
        (signed.replace(&right, &forged), "its signature is wrong"),
    ] {
        fs::write(&entry, text).unwrap();
        let shop = machine();
        let (out, err) = made(&shop);
        assert!(err.contains(wrong) && out.contains("1 done, 2 up to date"), "{err}{out}");
        assert_eq!(shop.result("source/out.txt"), "hello 0\n");
        assert!(made(&machine()).0.contains("3 of them from the shared cache"));
    }
    // Whoever has no secret trusts who may write: that is what the secret is for.
    fs::write(&entry, format!("{record}\n")).unwrap();
    let shop = machine();
    share.make(&shop, &["source"]);
    assert_eq!(shop.result("source/out.txt"), "forged!\n");
}

#[test]
fn a_secret_is_told_to_no_job_and_one_that_is_short_is_refused() {
    let (share, shop) = (Share::new(), Workshop::new());
    shop.stage("show", &[], &["out"], "", "env > $out; env");
    shop.pipeline("  show: {}\n");
    let ran = share.run_with_secret(&shop, "0123456789abcdef-secret");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        shop.result("show/out.txt").contains("PATH=")
            && !shop.result("show/out.txt").contains("abcdef-secret")
    );
    let ran = share.run_with_secret(&shop, "tooshort");
    assert!(
        ran.code == 2 && ran.err.contains("at least 16 bytes") && !ran.err.contains("tooshort"),
        "{}",
        ran.err
    );
}

#[test]
fn a_reader_writes_nothing() {
    let (share, first) = Share::filled();
    let shop = machine();
    shop.write("more.txt", "");
    shop.pipeline(&format!("{CHAIN}  again: {{program: copy, inputs: {{data: more.txt}}}}\n"));
    fs::write(share.content("hello 0\n"), "hullo 0\n").unwrap();
    let ran = share.run(&shop, &["--remote-read-only"]);
    assert!(ran.code == 0 && ran.out.contains("2 done, 2 up to date, 2 of them"), "{}{}", ran.out, ran.err);
    assert_eq!((share.files("jobs").len(), share.files("objects").len()), (3, 2));
    assert_eq!(fs::read_to_string(share.content("hullo 0\n")).unwrap(), "hullo 0\n");
    let mut command = first.command(&["--remote", &share.url(), "--set", "source.word=x"]);
    let told = ran_with(command.env("PRIORSCOPE_REMOTE_MODE", "read-only"));
    assert!(told.code == 0 && share.files("jobs").len() == 3, "{}", told.err);
    let told = ran_with(command.env("PRIORSCOPE_REMOTE_MODE", "readonly"));
    assert!(told.code == 2 && told.err.contains("neither read-only nor read-write"), "{}", told.err);
}

fn ran_with(command: &mut std::process::Command) -> Ran {
    ran(command.output().unwrap())
}

#[test]
fn what_was_not_uploaded_is_uploaded_by_the_next_run_even_if_that_has_nothing_to_do() {
    let (share, shop) = (Share::new(), machine());
    shop.make(&[]);
    let mut command = shop.command(&[]);
    let told = ran_with(command.env("PRIORSCOPE_REMOTE", share.url()));
    assert!(
        told.out.contains("uploaded 3 jobs") && told.out.contains("nothing to do: 3 jobs"),
        "{}",
        told.out
    );
    assert_eq!(share.files("jobs").len(), 3);
}

#[test]
fn what_both_caches_have_lost_is_made_again_and_uploaded_again() {
    let (share, shop) = Share::filled();
    fs::remove_dir_all(share.folder.path().join("priorscope-1")).unwrap();
    fs::remove_dir_all(shop.path(".priorscope/jobs")).unwrap();
    assert!(share.make(&shop, &[]).contains("uploaded 3 jobs"));
    assert_eq!(calls(&shop), [2, 2, 2]);
}

#[test]
fn a_forced_job_runs_and_a_failed_one_may_come_from_elsewhere() {
    let (share, first) = Share::filled();
    share.make(&first, &["source", "--force"]);
    assert_eq!(calls(&first), [2, 1, 1]);
    let shop = machine();
    shop.write("bin/off", "");
    let body = r#"[ ! -e "${0%/*}/off" ] || exit 1; echo hello 0 > "$out""#;
    let params = r#""word": {"type": "string", "default": "x"}, "seed": {"type": "integer", "default": 0}"#;
    for shop in [&first, &shop] {
        shop.stage("source", &[], &["out"], params, body);
    }
    assert_eq!(share.run(&shop, &[]).code, 1);
    share.make(&first, &[]);
    share.make(&shop, &[]);
    assert_eq!((shop.calls("source"), shop.result("source/out.txt").as_str()), (1, "hello 0\n"));
}

#[test]
fn a_folder_that_is_not_there_is_told_once_and_changes_nothing_else() {
    let (share, shop) = (Share::new(), machine());
    fs::remove_dir(share.folder.path()).unwrap();
    let ran = share.run(&shop, &[]);
    assert_eq!((ran.code, ran.err.lines().count()), (0, 1), "{}", ran.err);
    assert!(ran.err.contains("cannot be used (there is no such folder): going on without it"), "{}", ran.err);
    assert!(ran.out.contains("3 done") && !share.folder.path().exists());
    fs::create_dir(share.folder.path()).unwrap();
}

#[test]
fn two_runners_at_once_with_other_outputs_for_one_key_leave_whole_entries() {
    let share = Share::new();
    // Measured: no two runs of it make the same.
    let measured = || {
        let shop = Workshop::with_stages();
        shop.stage("measure", &[], &["out"], "", "date +%s.%N > $out; echo $$ >> $out; sleep 0.2");
        shop.pipeline("  measure: {}\n  copy: {inputs: {data: measure.out}}\n");
        shop
    };
    let (one, two) = (measured(), measured());
    let started = [&one, &two].map(|shop| shop.start(&["--remote", &share.url()]));
    for runner in started {
        let ran = ran(runner.wait_with_output().unwrap());
        assert!(ran.code == 0 && ran.err.is_empty(), "{}{}", ran.out, ran.err);
    }
    assert_ne!(one.result("measure/out.txt"), two.result("measure/out.txt"));
    // A third one gets either, and what was made of the same one.
    let third = measured();
    assert!(share.make(&third, &[]).contains("nothing to run: 2 jobs up to date, 2 of them"));
    let got = third.result("measure/out.txt");
    assert!([&one, &two].iter().any(|shop| shop.result("measure/out.txt") == got), "{got}");
    assert_eq!(third.result("copy/out.txt"), format!("{got}x\n"));
    assert_eq!(one.calls("measure") + two.calls("measure") + third.calls("measure"), 2);
}

#[test]
fn two_runners_of_one_machine_get_the_same_entries_at_once() {
    let (share, _) = Share::filled();
    let shop = machine();
    shop.write("q.yaml", &format!("name: q\nstages:\n{CHAIN}"));
    let started = ["p.yaml", "q.yaml"]
        .map(|file| shop.command_with(file, &["--remote", &share.url()]).spawn().unwrap());
    for runner in started {
        let ran = ran(runner.wait_with_output().unwrap());
        assert!(ran.code == 0 && ran.out.contains("nothing to run: 3 jobs"), "{}{}", ran.out, ran.err);
    }
    assert_eq!(calls(&shop), [0, 0, 0]);
}

#[test]
fn a_runner_that_is_killed_leaves_nothing_that_looks_like_an_entry() {
    let share = Share::new();
    let shop = Workshop::new();
    shop.stage("large", &[], &["out"], "", "head -c 60000000 /dev/urandom > $out");
    shop.stage("slow", &[], &["out"], "", "touch \"$0.started\"; sleep 60; touch $out");
    shop.pipeline("  large: {}\n  slow: {}\n");
    let mut runner = shop.start(&["--remote", &share.url()]);
    // The upload of what was made goes on while the other job runs.
    eventually("a part of an upload", || !share.files("objects").is_empty());
    runner.kill().unwrap();
    runner.wait().unwrap();
    let whole = |path: &PathBuf| path.file_name().is_some_and(|name| name.len() == 62);
    for object in share.files("objects").iter().filter(|path| whole(path)) {
        assert_eq!(fs::metadata(object).unwrap().len(), 60_000_000);
    }
    assert!(share.make(&shop, &["large"]).contains("nothing to do"));
    assert_eq!(share.files("jobs").len(), 1);
}
