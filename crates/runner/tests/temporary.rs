//! Temporary outputs: dropped once every reader is done, remade only if one must run again.

mod workshop;

use workshop::Workshop;

const CHAIN: &str = concat!(
    "  source: {params: {word: hello}}\n",
    "  copy: {temporary: [out], inputs: {data: source.out}}\n",
    "  count: {inputs: {data: copy.out}}\n",
);

fn calls(shop: &Workshop) -> [usize; 3] {
    ["source", "copy", "count"].map(|stage| shop.calls(stage))
}

#[test]
fn a_temporary_output_is_dropped_and_its_absence_reruns_nothing() {
    let shop = Workshop::with_stages();
    shop.pipeline(CHAIN);
    shop.make(&[]);
    assert!(!shop.exists("results/p/copy/out.txt") && shop.exists("results/p/count/out.txt"));
    assert!(shop.make(&[]).starts_with("nothing to do: 3 jobs"));
    assert_eq!(shop.make(&["--dry-run"]), "# 0 to run, 3 up to date\n");
    assert_eq!(calls(&shop), [1, 1, 1]);
    assert_eq!(shop.command_of("verify", &[]).code, 0);
}

#[test]
fn it_is_remade_when_a_reader_must_run_again_and_dropped_again() {
    let shop = Workshop::with_stages();
    shop.pipeline(CHAIN);
    shop.make(&[]);
    let plan = shop.make(&["count", "--force", "--dry-run"]);
    assert!(plan.contains("# run copy: its temporary output was dropped and count reads it"), "{plan}");
    let out = shop.make(&["count", "--force", "--explain"]);
    assert!(out.contains("run copy: its temporary output was dropped and count reads it"), "{out}");
    assert_eq!(calls(&shop), [1, 2, 2]);
    assert!(!shop.exists("results/p/copy/out.txt"));
    assert!(shop.make(&[]).starts_with("nothing to do: 3 jobs"));
}

#[test]
fn a_chain_of_temporary_outputs_is_remade_from_its_beginning() {
    let shop = Workshop::with_stages();
    shop.pipeline(&CHAIN.replace("source: {", "source: {temporary: true, "));
    shop.make(&[]);
    assert!(!shop.exists("results/p/source/out.txt"));
    shop.stage("count", &["data*"], &["out"], "", "tac $data > $out");
    shop.make(&[]);
    assert_eq!((calls(&shop), shop.result("count/out.txt").as_str()), ([2, 2, 1 + 1], "x\nhello 0\n"));
    assert!(!shop.exists("results/p/source/out.txt") && !shop.exists("results/p/copy/out.txt"));
}

#[test]
fn it_stays_while_a_reader_has_not_run() {
    let shop = Workshop::with_stages();
    shop.pipeline(&format!("{CHAIN}  again: {{program: count, inputs: {{data: copy.out}}}}\n"));
    shop.make(&["count"]);
    assert!(shop.exists("results/p/copy/out.txt"), "`again` has not read it yet");
    shop.make(&[]);
    assert!(!shop.exists("results/p/copy/out.txt"));
    assert_eq!(calls(&shop), [1, 1, 1], "the two counts are equal jobs");
}

#[test]
fn what_is_also_a_lasting_output_stays_in_the_store() {
    let shop = Workshop::with_stages();
    shop.pipeline(concat!(
        "  source: {}\n",
        "  passing: {program: copy, temporary: true, inputs: {data: source.out}}\n",
        "  lasting: {program: copy, inputs: {data: source.out}}\n",
        "  count: {inputs: {data: passing.out}}\n",
    ));
    shop.make(&[]);
    assert_eq!(shop.result("lasting/out.txt"), "x 0\nx\n");
    assert!(shop.make(&[]).starts_with("nothing to do: 4 jobs"));
    assert_eq!(shop.calls("copy"), 1);
}
