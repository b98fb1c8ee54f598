//! What lies in results/, what a user may do to it, and what a dry run leaves alone.

mod workshop;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use workshop::Workshop;

fn made() -> Workshop {
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {params: {word: hello}}\n  copy: {inputs: {data: source.out}}\n");
    shop.make(&[]);
    shop
}

#[test]
fn results_are_read_only_links_into_the_store() {
    let shop = made();
    let metadata = fs::metadata(shop.path("results/p/copy/out.txt")).unwrap();
    assert_eq!((metadata.nlink(), metadata.permissions().mode() & 0o777), (2, 0o444));
}

#[test]
fn a_removed_result_comes_back_without_a_run() {
    let shop = made();
    fs::remove_dir_all(shop.path("results")).unwrap();
    assert!(shop.make(&[]).starts_with("nothing to run: 2 jobs up to date, 2 results put in place"));
    assert_eq!(shop.result("copy/out.txt"), "hello 0\nx\n");
    assert!(shop.make(&[]).starts_with("nothing to do"));
}

#[test]
fn a_replaced_result_is_kept_beside_the_restored_one() {
    let shop = made();
    for version in ["mine", "mine again"] {
        fs::remove_file(shop.path("results/p/source/out.txt")).unwrap();
        shop.write("results/p/source/out.txt", version);
        let out = shop.make(&[]);
        assert!(out.contains("source/out.txt was edited: kept your version as out.txt.edited"), "{out}");
        assert_eq!(shop.result("source/out.txt"), "hello 0\n");
    }
    assert_eq!(
        (shop.result("source/out.txt.edited"), shop.result("source/out.txt.edited2")),
        ("mine".into(), "mine again".into())
    );
    assert_eq!(shop.calls("source"), 1);
}

#[test]
fn a_result_edited_through_its_link_is_kept_and_made_again() {
    let shop = made();
    let path = shop.path("results/p/source/out.txt");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&path, "spoilt").unwrap();
    let out = shop.make(&[]);
    assert!(out.contains("was edited"), "{out}");
    assert_eq!(
        (shop.result("source/out.txt"), shop.result("source/out.txt.edited")),
        ("hello 0\n".into(), "spoilt".into())
    );
    assert_eq!((shop.calls("source"), shop.calls("copy")), (2, 1));
}

#[test]
fn what_is_wrong_in_results_is_seen_before_a_run_puts_it_right() {
    let shop = made();
    assert_eq!(shop.command_of("status", &["--check"]).code, 0);
    fs::remove_file(shop.path("results/p/source/out.txt")).unwrap();
    fs::remove_file(shop.path("results/p/copy/out.txt")).unwrap();
    shop.write("results/p/copy/out.txt", "mine");
    let before = shop.snapshot();
    let status = shop.command_of("status", &["--check"]);
    assert_eq!(status.code, 1);
    for said in [
        "source: results/p/source/out.txt is not in place",
        "copy: results/p/copy/out.txt was edited",
        "nothing to run, 2 results to put in place",
    ] {
        assert!(status.out.contains(said), "{}", status.out);
    }
    let shown = shop.make(&["--dry-run", "--explain"]);
    assert!(shown.contains("# keep copy: results/p/copy/out.txt was edited\n"), "{shown}");
    assert_eq!(before, shop.snapshot());
    shop.make(&[]);
    assert_eq!(shop.command_of("status", &["--check"]).code, 0);
}

#[test]
fn a_dry_run_shows_what_can_be_pasted_and_changes_nothing() {
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {params: {word: \"a b\", seed: -1}}\n  copy: {inputs: {data: source.out}}\n");
    let before = shop.snapshot();
    let out = shop.make(&["--dry-run", "--threads", "2"]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines,
        [
            "# run source: never made",
            "source --out=results/p/source/out.txt --seed=-1 '--word=a b' --threads=2",
            "# run copy: after source, unless that makes the same bytes as before",
            "copy --data=results/p/source/out.txt --out=results/p/copy/out.txt --seed=0 --word=x --threads=2",
            "# 2 to run, 0 up to date",
        ]
    );
    assert_eq!(before, shop.snapshot());
    shop.make(&[]);
    let before = shop.snapshot();
    let out = shop.make(&["--dry-run", "--set", "source.seed=2"]);
    assert!(out.contains("# run source: param seed: -1 -> 2"), "{out}");
    assert_eq!(shop.make(&["--dry-run"]), "# 0 to run, 2 up to date\n");
    assert_eq!(before, shop.snapshot());
}

#[test]
fn the_pipeline_may_stand_in_another_folder() {
    let shop = Workshop::with_stages();
    shop.write("deep/p.yaml", "name: p\nstages:\n  source: {}\n");
    fs::rename(shop.path("deep/p.yaml"), shop.path("deep/q.yaml")).unwrap();
    assert!(shop.command_with("deep/q.yaml", &[]).output().unwrap().status.success());
    assert_eq!(shop.read("deep/results/p/source/out.txt"), "x 0\n");
    assert!(!shop.exists("results"));
}
