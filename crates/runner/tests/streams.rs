//! Stages joined by a pipe run as one job and fail as one.

mod workshop;
use workshop::Workshop;

const PIPED: &str = "  dump: {}\n  sum: {inputs: {rows: dump.rows}}\n";

fn shop(dump: &str, sum: &str) -> Workshop {
    let shop = Workshop::with_stages();
    shop.stage("dump", &[], &["rows~", "note"], r#""n": {"type": "integer", "default": 100000}"#, dump);
    shop.stage("sum", &["rows~"], &["out"], "", sum);
    shop.pipeline(PIPED);
    shop
}

#[test]
fn both_sides_run_at_once_and_are_one_job() {
    let shop = shop("seq $n; echo noted > $note", "wc -l > $out");
    let out = shop.make(&[]);
    assert!(out.contains("done dump | sum") && out.contains("1 done"), "{out}");
    assert_eq!(shop.result("sum/out.txt").trim(), "100000");
    assert_eq!(shop.result("dump/note.txt"), "noted\n");
    assert!(shop.make(&[]).starts_with("nothing to do: 1 job up to date"));
    shop.make(&["--set", "dump.n=5"]);
    assert_eq!(shop.result("sum/out.txt").trim(), "5");
    let shown = shop.make(&["--dry-run", "--set", "dump.n=6"]);
    assert!(shown.contains("param n of dump: 5 -> 6"), "{shown}");
    assert!(shown.contains("dump --rows=- --note=results/p/dump/note.txt --n=6 --threads="), "{shown}");
    assert!(shown.contains(" | sum --rows=- --out=results/p/sum/out.txt"), "{shown}");
}

#[test]
fn the_death_of_the_producer_is_the_error() {
    let shop =
        shop("seq 5; echo boom >&2; exit 1", "cat > $out; echo 'the stream ended too soon' >&2; exit 3");
    let ran = shop.run(&[]);
    assert!(ran.err.contains("failed dump | sum: dump: failed while working"), "{}", ran.err);
    assert!(ran.err.contains("| boom"), "{}", ran.err);
    assert!(!shop.exists("results/p/sum/out.txt"));
}

#[test]
fn a_producer_that_is_killed_takes_its_consumer_along() {
    let shop = shop("seq 5; kill -9 $$", "cat > $out; sleep 60");
    let begin = std::time::Instant::now();
    let ran = shop.run(&[]);
    assert!(ran.err.contains("dump: was killed by signal 9"), "{}", ran.err);
    assert!(begin.elapsed().as_secs() < 10);
}

#[test]
fn the_death_of_the_consumer_is_the_error_and_not_the_broken_pipe() {
    let shop = shop("yes", "head -1 > /dev/null; echo 'no such column' >&2; exit 3");
    let ran = shop.run(&[]);
    assert!(ran.err.contains("dump | sum: sum: found its input wrong"), "{}", ran.err);
    assert!(ran.err.contains("| no such column"), "{}", ran.err);
}

#[test]
fn a_consumer_that_ends_well_too_early_is_the_error() {
    let shop = shop("yes", "echo x > $out");
    let ran = shop.run(&[]);
    let said = "dump | sum: sum: ended well before it had read all that dump writes";
    assert!(ran.code == 1 && ran.err.contains(said), "{}", ran.err);
}

#[test]
fn a_consumer_that_dies_ends_a_producer_that_sleeps() {
    let shop = shop("echo 1; sleep 60", "exit 1");
    let begin = std::time::Instant::now();
    assert_eq!(shop.run(&[]).code, 1);
    assert!(begin.elapsed().as_secs() < 10);
}

#[test]
fn a_stream_has_exactly_one_reader() {
    let shop = shop("", "");
    shop.pipeline("  dump: {}\n");
    let ran = shop.run(&[]);
    assert!(ran.code == 3 && ran.err.contains("`dump.rows` is a stream that no stage reads"), "{}", ran.err);
    shop.pipeline(
        "  dump: {}\n  sum: {inputs: {rows: dump.rows}}\n  two: {program: sum, inputs: {rows: dump.rows}}\n",
    );
    let ran = shop.run(&[]);
    assert!(ran.code == 3 && ran.err.contains("can be read once, but sum and two read it"), "{}", ran.err);
}

#[test]
fn a_pipe_around_a_file_is_a_cycle() {
    let shop = shop("seq 5; echo x > $note", "");
    shop.stage("sum", &["rows~", "data"], &["out"], "", "");
    shop.pipeline("  dump: {}\n  copy: {inputs: {data: dump.note}}\n  sum: {inputs: {rows: dump.rows, data: copy.out}}\n");
    let ran = shop.run(&[]);
    assert!(ran.code == 3 && ran.err.contains("run at once need each other's files"), "{}", ran.err);
}

#[test]
fn a_reader_that_is_slow_holds_the_writer_up() {
    let shop = shop(
        "touch writing; i=0; while [ $i -lt 200 ]; do head -c 10000 /dev/zero; i=$((i+1)); echo $i > sent; done; echo x > $note",
        "while [ ! -e go ]; do sleep 0.01; done; wc -c > $out",
    );
    let runner = shop.start(&[]);
    let sent =
        || std::fs::read_to_string(shop.path("sent")).ok().and_then(|text| text.trim().parse::<usize>().ok());
    // The writer stands still once the pipe is full.
    workshop::eventually("a writer that waits", || {
        let earlier = sent();
        std::thread::sleep(std::time::Duration::from_millis(200));
        earlier.is_some() && earlier == sent()
    });
    let before = sent();
    assert!(before.is_some_and(|sent| sent < 50), "{before:?} of 200 pieces of 10 kB were sent to nobody");
    shop.write("go", "");
    let ran = workshop::ran(runner.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(sent(), Some(200));
}
