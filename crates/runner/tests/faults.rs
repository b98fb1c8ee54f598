//! What is wrong with a pipeline is said before anything starts, with its place and what would be right.

mod workshop;
use workshop::Workshop;

/// Runs a wrong pipeline and returns what was said; nothing may have run.
fn said(shop: &Workshop) -> String {
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(!shop.exists("results") && !shop.exists(".priorscope"));
    ran.err
}

fn says(stages: &str, parts: &[&str]) {
    let shop = Workshop::with_stages();
    shop.pipeline(stages);
    let said = said(&shop);
    for part in parts {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[test]
fn an_unknown_param_names_the_nearest() {
    says(
        "  source:\n    params: {sed: 1}\n",
        &[
            "stage `source` has no param `sed`",
            " --> p.yaml:4:14",
            "4 |     params: {sed: 1}",
            "did you mean `seed`?",
        ],
    );
    says("  source: {matrix: {wrod: [a, b]}}\n", &["no param `wrod`", "p.yaml:3:21", "did you mean `word`?"]);
}

#[test]
fn a_typo_in_a_key_names_the_nearest() {
    says("  source:\n    parms: {}\n", &["unknown key `parms`", "p.yaml:4:5", "did you mean `params`?"]);
}

#[test]
fn a_wrong_type_shows_the_value() {
    says(
        "  source: {params: {seed: many}}\n",
        &["param `seed`: `many` is text, not a whole number", "p.yaml:3:27"],
    );
    says(
        "  source: {params: {word: 1}}\n",
        &["`1` is a whole number, not text", "write it in quotes: \"1\""],
    );
}

#[test]
fn a_cycle_is_named_in_full() {
    says(
        "  a: {program: copy, inputs: {data: c.out}}\n  b: {program: copy, inputs: {data: a.out}}\n  c: {program: copy, inputs: {data: b.out}}\n",
        &["in a cycle: a -> b -> c -> a"],
    );
}

#[test]
fn two_writers_of_one_folder_are_refused() {
    says(
        "  source: {matrix: [{word: [seed1]}, {seed: [1]}]}\n",
        &["source@word=seed1 and source@seed=1 would both write seed1"],
    );
    says("  source: {}\n  source: {}\n", &["the key `source` stands here twice", "p.yaml:4:3"]);
}

#[test]
fn unknown_stages_ports_and_files() {
    says(
        "  copy: {inputs: {data: sorce.out}}\n  source: {}\n",
        &["there is no file sorce.out", "`source.out`?"],
    );
    says(
        "  copy: {inputs: {data: source.oot}}\n  source: {}\n",
        &["has no output `oot`", "did you mean `out`?"],
    );
    says(
        "  copy: {inputs: {date: source.out}}\n  source: {}\n",
        &["has no input `date`", "needs the input `data`"],
    );
    says(
        "  copy: {each: sauce, inputs: {data: source.out}}\n  source: {}\n",
        &["no stage `sauce`", "`source`?"],
    );
    says(
        "  nowhere: {}\n",
        &["program `nowhere` cannot be used: it is neither beside the runner nor on PATH"],
    );
}

#[test]
fn many_cells_for_one_port_say_what_to_do() {
    let stages = "  source: {matrix: {seed: [1, 2]}}\n  copy: {inputs: {data: source.out}}\n";
    says(stages, &["`data` takes one file, and 2 cells of `source` fit", "say `each: source`"]);
    let stages = "  source: {matrix: {seed: [1, 2]}}\n  copy: {inputs: {data: \"source.out[seed=3]\"}}\n";
    says(stages, &["no cell of `source` fits", "seed: 1, 2"]);
}

#[test]
fn paths_stay_inside_the_folder() {
    for path in ["../secret", "/etc/passwd", "a/../../b"] {
        says(&format!("  copy: {{inputs: {{data: {path}}}}}\n"), &["is not inside the pipeline's folder"]);
    }
    says("  copy: {inputs: {data: results/p/x.txt}}\n", &["write STAGE.PORT"]);
    let shop = Workshop::with_stages();
    std::os::unix::fs::symlink("/etc/passwd", shop.path("link.txt")).unwrap();
    shop.pipeline("  copy: {inputs: {data: link.txt}}\n");
    assert!(said(&shop).contains("leads out of the pipeline's folder"));
    shop.make(&["--allow-outside"]);
}

#[test]
fn what_is_optional_is_a_file_of_a_port_that_there_is() {
    says("  copy: {optional: {data: in.txt}}\n", &["needs the input `data`"]);
    says("  count: {inputs: {data: a.txt}, optional: {dta: b.txt}}\n", &["has no input `dta`", "data"]);
    let stages = "  source: {}\n  count: {inputs: {data: source.out}, optional: {data: source.out}}\n";
    says(stages, &["an output of a stage is always there", "under `inputs`"]);
    says("  count: {optional: {data: results/p/x.txt}}\n", &["write STAGE.PORT"]);
}

#[test]
fn paths_may_lead_outside_where_the_flag_allows_it_but_never_to_results() {
    let shop = Workshop::with_stages();
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("in.txt"), "1\n").unwrap();
    let absolute = other.path().join("in.txt");
    shop.pipeline(&format!("  copy: {{inputs: {{data: \"{}\"}}}}\n", absolute.display()));
    let refused = shop.run(&[]);
    assert!(refused.code == 3 && refused.err.contains("--allow-outside"), "{}", refused.err);
    shop.make(&["--allow-outside"]);
    let own = shop.path("results/p/copy/out.txt");
    let folder = shop.path("").canonicalize().unwrap();
    let around = format!("../{}/results/p/copy/out.txt", folder.file_name().unwrap().to_str().unwrap());
    for path in [own.to_str().unwrap(), &around] {
        shop.pipeline(&format!("  copy: {{inputs: {{data: \"{path}\"}}}}\n"));
        let refused = shop.run(&["--allow-outside"]);
        assert!(refused.code == 3 && refused.err.contains("the runner's own"), "{}", refused.err);
    }
}

#[test]
fn results_are_not_written_through_a_link() {
    let (shop, other) = (Workshop::with_stages(), Workshop::new());
    std::os::unix::fs::symlink(other.path(""), shop.path("results")).unwrap();
    shop.pipeline("  source: {}\n");
    let ran = shop.run(&[]);
    assert!(ran.code == 1 && ran.err.contains("leads out"), "{}", ran.err);
    assert!(!other.exists("p"));
}

#[test]
fn ports_must_fit() {
    let shop = Workshop::with_stages();
    shop.stage("dump", &[], &["rows~"], "", "");
    shop.pipeline("  dump: {}\n  copy: {inputs: {data: dump.rows}}\n");
    let said = said(&shop);
    assert!(
        said.contains("it reads text version 1 as txt, and is given text version 1 as arrow-stream"),
        "{said}"
    );
}

#[test]
fn all_faults_come_at_once_in_the_order_of_the_file() {
    let shop = Workshop::with_stages();
    shop.pipeline(
        "  source: {params: {seed: x, wurd: y}, extra: 1}\n  copy: {}\n  count: {inputs: {data: no.txt}}\n",
    );
    let said = said(&shop);
    let found: Vec<&str> = said.lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!(found.len(), 5, "{said}");
    assert!(found[0].contains("`seed`") && found[4].contains("no.txt"), "{said}");
}

#[test]
fn the_number_of_cells_is_bounded() {
    let list = (0..400).map(|i| format!("a{i}")).collect::<Vec<_>>().join(", ");
    says(
        &format!("  source: {{matrix: {{word: [{list}], other: [{list}]}}}}\n"),
        &["more than 100000 cells"],
    );
}

#[test]
fn a_program_that_cannot_describe_itself_is_named() {
    let shop = Workshop::with_stages();
    shop.write("bin/mute", "#!/bin/sh\necho 'no idea' >&2; exit 1\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(shop.path("bin/mute"), mode).unwrap();
    shop.pipeline("  source: {program: mute}\n");
    let said = said(&shop);
    assert!(
        said.contains("it failed to answer --describe: no idea") && said.contains("p.yaml:3:21"),
        "{said}"
    );
}

#[test]
fn a_wrong_set_is_wrong_usage() {
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {}\n");
    for (set, part) in
        [("source.sed=1", "`seed`?"), ("sauce.seed=1", "`source`?"), ("seed", "write STAGE.PARAM=VALUE")]
    {
        let ran = shop.run(&["--set", set]);
        assert!(ran.code == 2 && ran.err.contains(part), "{}", ran.err);
    }
}

#[test]
fn two_pipelines_of_one_folder_that_have_one_name_are_told_apart() {
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {}\n");
    shop.make(&[]);
    shop.write("other.yaml", "name: p\nstages:\n  source: {params: {word: y}}\n");
    let other = |name| workshop::ran(shop.command_with(name, &[]).output().unwrap());
    let ran = other("other.yaml");
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("p.yaml of this folder is named p, too"), "{}", ran.err);
    assert!(ran.err.contains("share its results with other.yaml"), "{}", ran.err);
    assert_eq!(shop.result("source/out.txt"), "x 0\n");
    // The same file by another name is no other pipeline, and neither is one that got another name.
    std::os::unix::fs::symlink("p.yaml", shop.path("link.yaml")).unwrap();
    assert!(other("link.yaml").out.starts_with("nothing to do"));
    std::fs::rename(shop.path("p.yaml"), shop.path("moved.yaml")).unwrap();
    assert!(other("moved.yaml").out.starts_with("nothing to do"));
    shop.write("moved.yaml", "name: q\nstages:\n  source: {}\n");
    assert_eq!(other("other.yaml").code, 0);
    assert_eq!(shop.result("source/out.txt"), "y 0\n");
}
