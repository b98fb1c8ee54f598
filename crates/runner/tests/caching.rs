//! What runs again, and what does not.

mod workshop;
use workshop::Workshop;

const CHAIN: &str = "  source: {params: {word: hello}}\n  copy: {inputs: {data: source.out}, params: {word: world}}\n  count: {inputs: {data: copy.out}}\n";

fn calls(shop: &Workshop) -> [usize; 3] {
    ["source", "copy", "count"].map(|stage| shop.calls(stage))
}

#[test]
fn the_second_run_does_nothing() {
    let shop = Workshop::with_stages();
    shop.pipeline(CHAIN);
    let first = shop.make(&[]);
    assert!(first.contains("done source") && first.contains("3 done"), "{first}");
    assert_eq!(shop.result("count/out.txt").trim(), "2");
    let second = shop.make(&[]);
    assert!(second.starts_with("nothing to do: 3 jobs up to date"), "{second}");
    assert_eq!(calls(&shop), [1, 1, 1]);
    let before = shop.snapshot();
    shop.make(&[]);
    let lock = |files: Vec<String>| files.into_iter().filter(|f| !f.contains("lock")).collect::<Vec<_>>();
    assert_eq!(lock(before), lock(shop.snapshot()), "a run with nothing to do writes nothing but its lock");
}

#[test]
fn a_changed_param_reruns_only_what_it_reaches() {
    let shop = Workshop::with_stages();
    shop.stage("other", &[], &["out"], "", "echo other > $out");
    shop.pipeline(&format!("{CHAIN}  other: {{}}\n"));
    shop.make(&[]);
    shop.pipeline(&format!("{}  other: {{}}\n", CHAIN.replace("world", "moon")));
    shop.make(&[]);
    assert_eq!(calls(&shop), [1, 2, 2]);
    assert_eq!(shop.calls("other"), 1);
}

#[test]
fn equal_bytes_stop_the_rerun() {
    let shop = Workshop::with_stages();
    shop.pipeline(CHAIN);
    shop.make(&[]);
    let params = r#""word": {"type": "string"}, "seed": {"type": "integer", "default": 0}"#;
    shop.stage("source", &[], &["out"], params, "echo \"$word\" 0 > $out # written another way");
    shop.make(&[]);
    assert_eq!(calls(&shop), [2, 1, 1]);
}

#[test]
fn formatting_order_and_comments_rerun_nothing() {
    let shop = Workshop::with_stages();
    shop.pipeline(
        "  source:\n    matrix: {word: [a, b], seed: [1, 2]}\n  count: {inputs: {data: source.out}}\n",
    );
    shop.make(&[]);
    shop.write(
        "p.yaml",
        "# a comment\nstages:\n  count:\n    inputs:\n      data: source.out\n  source:\n    matrix:\n      seed: [2.0, 1]\n      word: [\"b\", 'a']\nname: p\n",
    );
    // The order of the axes names the folders, so the same outputs get other places too.
    assert!(shop.make(&[]).starts_with("nothing to run: 5 jobs up to date, 4 results put in place"));
    shop.write("p.yaml", &format!("{}\n# another comment\n", shop.read("p.yaml")));
    assert!(shop.make(&[]).starts_with("nothing to do: 5 jobs"));
}

#[test]
fn a_default_written_out_is_the_same_job_and_so_is_another_number_of_threads() {
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {}\n");
    shop.make(&["--threads", "1"]);
    shop.pipeline("  source: {params: {word: x, seed: 0}}\n");
    assert!(shop.make(&["--threads", "7"]).starts_with("nothing to do"));
}

#[test]
fn going_back_to_an_earlier_value_runs_nothing() {
    let shop = Workshop::with_stages();
    shop.pipeline(CHAIN);
    shop.make(&[]);
    shop.make(&["--set", "source.word=bye"]);
    assert_eq!(shop.result("source/out.txt"), "bye 0\n");
    let back = shop.make(&[]);
    assert!(back.starts_with("nothing to run: 3 jobs up to date, 2 results put in place"), "{back}");
    assert_eq!(shop.result("source/out.txt"), "hello 0\n");
}

#[test]
fn a_changed_input_file_reruns_its_readers() {
    let shop = Workshop::with_stages();
    shop.write("data/in.txt", "1\n");
    shop.pipeline("  copy: {inputs: {data: data/in.txt}}\n");
    shop.make(&[]);
    shop.write("data/in.txt", "2\n");
    shop.make(&[]);
    assert_eq!(shop.result("copy/out.txt"), "2\nx\n");
    assert_eq!(shop.calls("copy"), 2);
}

#[test]
fn an_optional_file_is_read_once_it_is_there_also_from_another_pipeline() {
    let shop = Workshop::with_stages();
    shop.write("in.txt", "1\n");
    shop.pipeline(
        "  count: {inputs: {data: in.txt}, optional: {data: [results/other/more.txt, never.txt]}}\n",
    );
    shop.make(&[]);
    assert_eq!(shop.result("count/out.txt").trim(), "1");
    shop.write("results/other/more.txt", "2\n3\n");
    shop.make(&[]);
    assert_eq!(shop.result("count/out.txt").trim(), "3");
    assert!(shop.make(&[]).contains("nothing to do"));
}

#[test]
fn cells_run_each_once_and_are_handed_on_in_one_order() {
    let shop = Workshop::with_stages();
    shop.pipeline(concat!(
        "  source: {matrix: [{word: [a, b], seed: [1, 2]}, {word: [c], seed: [-1]}]}\n",
        "  copy: {each: source, inputs: {data: source.out}}\n",
        "  count: {inputs: {data: \"copy.out[seed=1]\"}}\n"
    ));
    shop.make(&[]);
    assert_eq!(calls(&shop), [5, 5, 1]);
    assert_eq!(shop.result("copy/b-seed2/out.txt"), "b 2\nx\n");
    assert_eq!(shop.result("copy/c-seed-1/out.txt"), "c -1\nx\n");
    assert_eq!(shop.result("count/out.txt").trim(), "4");
}

#[test]
fn a_target_runs_what_it_needs_and_nothing_after() {
    let shop = Workshop::with_stages();
    shop.pipeline(concat!(
        "  source: {matrix: {seed: [1, 2]}}\n",
        "  copy: {each: source, inputs: {data: source.out}}\n",
        "  count: {inputs: {data: copy.out}}\n"
    ));
    shop.make(&["copy@seed=2"]);
    assert_eq!(calls(&shop), [1, 1, 0]);
    let wrong = shop.run(&["coppy"]);
    assert!(wrong.code == 2 && wrong.err.contains("did you mean `copy`?"), "{}", wrong.err);
    let wrong = shop.run(&["copy@seed=3"]);
    assert!(wrong.code == 2 && wrong.err.contains("seed: 1, 2"), "{}", wrong.err);
}

#[test]
fn force_runs_the_targets_again_or_everything() {
    let shop = Workshop::with_stages();
    shop.pipeline(CHAIN);
    shop.make(&[]);
    shop.make(&["copy", "--force"]);
    assert_eq!(calls(&shop), [1, 2, 1]);
    shop.make(&["--force"]);
    assert_eq!(calls(&shop), [2, 3, 2]);
}

#[test]
fn equal_jobs_of_two_stages_run_once() {
    let shop = Workshop::with_stages();
    shop.pipeline("  one: {program: source}\n  two: {program: source}\n  three: {program: copy, inputs: {data: two.out}}\n");
    shop.make(&["--jobs", "4", "--threads", "4"]);
    assert_eq!((shop.calls("source"), shop.calls("copy")), (1, 1));
    assert_eq!(shop.result("one/out.txt"), shop.result("two/out.txt"));
}

#[test]
fn a_removed_or_damaged_cache_only_costs_time() {
    let shop = Workshop::with_stages();
    shop.pipeline(CHAIN);
    shop.make(&[]);
    let state = shop.path(".priorscope");
    for file in ["digests.json", "describe.json", "last/p.json"] {
        std::fs::write(state.join(file), "{broken").unwrap();
    }
    assert!(shop.make(&[]).starts_with("nothing to do"));
    std::fs::remove_dir_all(state.join("objects")).unwrap();
    assert!(shop.make(&[]).starts_with("nothing to do"), "the results are the objects that were removed");
    std::fs::remove_dir_all(state.join("objects")).unwrap();
    std::fs::remove_dir_all(shop.path("results")).unwrap();
    shop.make(&[]);
    assert_eq!(calls(&shop), [2, 2, 2]);
    std::fs::remove_dir_all(state).unwrap();
    shop.make(&[]);
    assert_eq!(calls(&shop), [3, 3, 3]);
}

#[test]
fn a_stage_repeats_the_cells_of_another_times_its_own() {
    let shop = Workshop::with_stages();
    shop.pipeline(concat!(
        "  source: {matrix: {seed: [1, 2]}}\n",
        "  copy: {each: source, matrix: {word: [p, q]}, inputs: {data: source.out}}\n",
        "  count: {each: source, inputs: {data: [copy.out, source.out]}}\n",
    ));
    let shown = shop.make(&["--dry-run"]);
    let line =
        "copy --data=results/p/source/seed2/out.txt --out=results/p/copy/seed2-q/out.txt --seed=0 --word=q";
    assert!(shown.contains("# run copy@seed=2,word=q: ") && shown.contains(line), "{shown}");
    let files = ["copy/seed1-p", "copy/seed1-q", "source/seed1"];
    let flags: Vec<String> = files.iter().map(|file| format!("--data=results/p/{file}/out.txt")).collect();
    assert!(shown.contains(&format!("count {} --out", flags.join(" "))), "{shown}");
    shop.make(&[]);
    assert_eq!(calls(&shop), [2, 4, 2]);
    assert_eq!(shop.result("copy/seed2-q/out.txt"), "x 2\nq\n");
    assert_eq!(shop.result("count/seed1/out.txt").trim(), "5");
}

/// Words and seeds, and one count for every word over its seeds.
fn groups(seeds_of_b: &str) -> String {
    format!(
        "  source: {{matrix: [{{word: [a], seed: [1, 2]}}, {{word: [b], seed: {seeds_of_b}}}]}}\n  count: {{each: source, over: [seed], inputs: {{data: source.out}}}}\n"
    )
}

#[test]
fn a_group_of_cells_gets_exactly_their_files_and_reruns_alone() {
    let shop = Workshop::with_stages();
    shop.pipeline(&groups("[1, 2, 3]"));
    let shown = shop.make(&["--dry-run"]);
    for (word, seeds) in [("a", 1..=2), ("b", 1..=3)] {
        let files = seeds.map(|seed| format!("--data=results/p/source/{word}-seed{seed}/out.txt "));
        let line = format!("\ncount {}--out=results/p/count/{word}/out.txt", files.collect::<String>());
        assert!(shown.contains(&format!("# run count@word={word}: ")) && shown.contains(&line), "{shown}");
    }
    shop.make(&[]);
    assert_eq!(calls(&shop), [5, 0, 2]);
    assert_eq!((shop.result("count/a/out.txt").trim(), shop.result("count/b/out.txt").trim()), ("2", "3"));
    shop.pipeline(&groups("[1, 2, 4]"));
    let again = shop.make(&["--explain"]);
    assert_eq!(calls(&shop), [6, 0, 3]);
    assert!(
        again.contains("run count@word=b: input data 2 changed (results/p/source/b-seed4/out.txt, "),
        "{again}"
    );
    assert!(again.contains("keep count@word=a: up to date\n"), "{again}");
    shop.make(&["--set", "source.seed=9", "count@word=a"]);
    assert_eq!((calls(&shop), shop.result("count/a/out.txt").trim()), ([7, 0, 4], "1"));
}

#[test]
fn a_group_is_named_and_shown_like_any_cell() {
    let shop = Workshop::with_stages();
    shop.pipeline(&groups("[1]"));
    shop.make(&["count@word=a"]);
    assert_eq!(calls(&shop), [2, 0, 1]);
    let wrong = shop.run(&["count@seed=1"]);
    assert!(wrong.code == 2 && wrong.err.contains("`count` has word: a, b"), "{}", wrong.err);
    let status = shop.command_of("status", &["--all"]);
    assert!(status.out.contains("count@word=a") && status.out.contains("count@word=b"), "{}", status.out);
    let graph = shop.command_of("graph", &[]);
    assert!(graph.out.contains("[\"count × 2\"]"), "{}", graph.out);
}
