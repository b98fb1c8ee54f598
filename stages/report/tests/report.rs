//! The program on small tables: what it draws, what it says where data is missing, and that its bytes are the same
//! again.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod example;
#[path = "example/more.rs"]
mod more;

use std::path::Path;
use std::process::{Command, Output};

use example::{Example, FIGURES};

fn run(folder: &Path, files: &[(&str, &[&str])], more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_report"));
    command.current_dir(folder).args(["--report", "report.html"]).args(more);
    for number in FIGURES {
        command.args([format!("--figure-{number}"), format!("{number}.svg")]);
    }
    for (port, names) in files {
        for name in *names {
            command.arg(format!("--{port}")).arg(name);
        }
    }
    command.output().unwrap()
}

const ALL: [(&str, &[&str]); 9] = [
    ("digits", &["digits.parquet"]),
    ("dataset", &["dataset.parquet"]),
    ("activations", &["a-real.parquet", "a-random.parquet"]),
    ("distributions", &["d-real.parquet", "d-random.parquet"]),
    ("divergences", &["k-real.parquet", "k-random.parquet"]),
    ("summary", &["summary.parquet"]),
    ("spread", &["spread.parquet"]),
    ("claims", &["claims.parquet"]),
    ("evidence", &["evidence.parquet"]),
];

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Whether every tag is closed in order, every attribute quoted and every ampersand an entity: what makes XML
/// well-formed, as far as a figure can get it wrong.
fn check_well_formed(svg: &str) {
    let mut open = Vec::new();
    for piece in svg.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("every tag ends");
        assert!(!text.contains('>'), "stray > after {tag:.60}");
        for after in text.split('&').skip(1) {
            assert!(after.contains(';'), "bare & in {text:.60}");
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "tags are closed in order");
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes come in pairs in {tag:.60}");
        if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap());
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
    assert!(svg.starts_with("<svg xmlns=") && !svg.contains("NaN") && !svg.contains("inf\""));
}

#[test]
fn every_figure_and_the_page_appear_and_say_the_numbers_with_their_nulls() {
    let folder = tempfile::tempdir().unwrap();
    Example::default().write(folder.path());
    let output = run(folder.path(), &ALL, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for number in FIGURES {
        let svg = read(folder.path(), &format!("{number}.svg"));
        check_well_formed(&svg);
        assert!(!svg.contains("nothing to show"), "figure {number}");
    }
    let html = read(folder.path(), "report.html");
    for words in [
        "0.53",
        "0.49",
        "0.66",
        "0.47",
        "can’t be the same estimator",
        "0.027 (0.021–0.034)",
        "0.027 (0.020–0.040)",
        "<b>0.028 nats</b> (0.021 to 0.034, 10 seeds)",
        "needed at most 0.05 nats: contradicted",
        "&lt;C1&gt;",
        "train 0.1.0",
        "CNN3 (20)",
    ] {
        assert!(html.contains(words), "{words}");
    }
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
}

#[test]
fn what_else_there_is_has_a_section_each_and_without_it_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    Example::default().write(folder.path());
    more::write_more(folder.path());
    let sections = ["controls", "theory", "settings"].map(|name| format!("<h2 id=\"{name}\">"));
    assert!(run(folder.path(), &ALL, &[]).status.success());
    let without = read(folder.path(), "report.html");
    assert!(sections.iter().all(|section| !without.contains(section)));
    assert!(without.contains("byte for byte"));
    let names =
        ["theory", "steps", "robustness", "sensitivity", "timings"].map(|name| format!("{name}.parquet"));
    let mut more: Vec<&str> = vec!["--controls", "claims.parquet", "--pipeline", "p.yaml"];
    let output = run(folder.path(), &ALL, &more);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(3) && message.contains("give the evidence behind controls"),
        "{message}"
    );
    more.extend(["--controls-evidence", "evidence.parquet"]);
    let options = ["--theory", "--steps", "--robustness", "--sensitivity", "--timings"];
    more.extend(options.iter().zip(&names).flat_map(|(option, name)| [*option, name]));
    let output = run(folder.path(), &ALL, &more);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let html = read(folder.path(), "report.html");
    assert!(sections.iter().all(|section| html.contains(section)));
    for words in [
        "2.5·10⁻¹⁴",
        "fY: &lt;both sides&gt;",
        "train.optimiser=&lt;sgd&gt;",
        "1 reproduced",
        "3 to 5 seeds",
        "2 inconclusive",
        "On &lt;Abacus&gt;, 2 cores, 2 threads each:",
    ] {
        assert!(html.contains(words), "{words}");
    }
    for words in
        ["id=\"steps\"", "class=\"stage\"", "train.history", "<td data-label=\"Seconds an epoch\">16.00"]
    {
        assert!(html.contains(words), "{words}");
    }
}

#[test]
fn a_pipeline_file_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    Example::default().write(folder.path());
    std::fs::write(folder.path().join("p.yaml"), "name: p\nstages: 3\n").unwrap();
    let output = run(folder.path(), &ALL, &["--pipeline", "p.yaml"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(!folder.path().join("report.html").exists());
}

#[test]
fn verdicts_and_the_numbers_behind_them_are_of_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let example = Example::default();
    example.write(folder.path());
    example.evidence(folder.path(), r#"{"summary":"of another run"}"#);
    let output = run(folder.path(), &ALL, &[]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(3) && message.contains("is not of the run"), "{message}");
    let alone = run(
        folder.path(),
        &ALL[..8],
        &["--evidence", "evidence.parquet", "--controls-evidence", "evidence.parquet"],
    );
    assert_eq!(alone.status.code(), Some(3));
}

#[test]
fn the_order_of_files_changes_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    Example::default().write(folder.path());
    assert!(run(folder.path(), &ALL, &[]).status.success());
    let first: Vec<String> = FIGURES.iter().map(|n| read(folder.path(), &format!("{n}.svg"))).collect();
    let page = read(folder.path(), "report.html");
    let mut turned = ALL;
    turned[2].1 = &["a-random.parquet", "a-real.parquet"];
    turned[3].1 = &["d-random.parquet", "d-real.parquet"];
    turned[4].1 = &["k-random.parquet", "k-real.parquet"];
    assert!(run(folder.path(), &turned, &[]).status.success());
    let second: Vec<String> = FIGURES.iter().map(|n| read(folder.path(), &format!("{n}.svg"))).collect();
    assert_eq!(first, second);
    assert!(page == read(folder.path(), "report.html"));
}

#[test]
fn a_figure_without_data_says_so_and_the_others_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    Example { random: false, ..Example::default() }.write(folder.path());
    let mut files = ALL;
    files[2].1 = &["a-real.parquet"];
    files[3].1 = &["d-real.parquet"];
    files[4].1 = &["k-real.parquet"];
    let output = run(folder.path(), &files, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for number in [4, 5] {
        let svg = read(folder.path(), &format!("{number}.svg"));
        check_well_formed(&svg);
        assert!(svg.contains("nothing to show"), "figure {number}");
    }
    assert!(!read(folder.path(), "2.svg").contains("nothing to show"));
}

#[test]
fn energies_far_outside_the_bins_are_told_as_shares() {
    let folder = tempfile::tempdir().unwrap();
    Example { spread: 40.0, ..Example::default() }.write(folder.path());
    assert!(run(folder.path(), &ALL, &[]).status.success());
    let svg = read(folder.path(), "2.svg");
    check_well_formed(&svg);
    assert!(svg.contains('◂') && svg.contains('▸'));
    assert!(read(folder.path(), "report.html").contains("The outer bins are open to infinity"));
}

/// The data that a figure's link saves.
fn csv(folder: &Path, figure: &str) -> String {
    use base64::Engine as _;
    let page = read(folder, "report.html");
    let link = format!("download=\"{figure}.csv\" href=\"data:text/csv;base64,");
    let data = page.split_once(&link).unwrap().1.split_once('"').unwrap().0;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(data).unwrap()).unwrap()
}

#[test]
fn what_is_saved_is_what_is_drawn_and_what_its_table_says() {
    let folder = tempfile::tempdir().unwrap();
    Example { spread: 40.0, ..Example::default() }.write(folder.path());
    assert!(run(folder.path(), &ALL, &[]).status.success());
    let saved = csv(folder.path(), "figure-2");
    let rows = |start: &str| saved.lines().filter(|line| line.starts_with(start)).collect::<Vec<_>>();
    assert_eq!(rows("f2,drawn,").len(), 24, "panel D has bins of its own");
    assert_eq!((rows("f2,table,").len(), rows("f1,table,").len()), (64, 0));
    let counts = |rows: Vec<&str>| -> f64 {
        rows.iter().map(|row| row.split(',').nth(5).unwrap().parse::<f64>().unwrap()).sum()
    };
    assert_eq!((counts(rows("f2,drawn,")), counts(rows("f2,table,"))), (121.0, 121.0));
    for figure in ["figure-3", "figure-5"] {
        let saved = csv(folder.path(), figure);
        let names: Vec<&str> = saved.lines().next().unwrap().split(',').collect();
        let last: Vec<&str> = saved.lines().last().unwrap().split(',').collect();
        for name in ["kl_f1_low_95", "test_error_high_95", "null_kl_f1_low_95", "null_kl_f1_high_95"] {
            let at = names.iter().position(|known| *known == name).unwrap();
            assert!(last[at].parse::<f64>().is_ok(), "{figure}: {name}");
        }
    }
}

#[test]
fn an_image_that_no_table_has_is_an_error_that_names_those_there_are() {
    let folder = tempfile::tempdir().unwrap();
    Example::default().write(folder.path());
    let output = run(folder.path(), &ALL, &["--image", "77"]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(message.contains("no activations of image 77; there are 3"), "{message}");
    assert!(!folder.path().join("report.html").exists());
}
