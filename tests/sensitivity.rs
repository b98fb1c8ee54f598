//! sensitivity.yaml, in small: every setting is judged, and the settings are told apart.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

use std::collections::BTreeSet;

use tables::{Reader, catalogue};
use tests::Project;

/// Of sensitivity.yaml, two ways of training on few images, with one seed.
fn small() -> Project {
    let yaml = std::fs::read_to_string(tests::repository().join("sensitivity.yaml")).unwrap();
    let lines = yaml.lines().filter(|line| {
        let more = line.contains("glorot_uniform") || line.contains("batch_size: [16]");
        !more
    });
    let yaml: String = lines.map(|line| format!("{line}\n")).collect();
    let yaml = yaml
        .replace("seeds: [1, 2, 3, 4, 5]", "seeds: [1]")
        .replace("placement: [raster, shuffled]", "placement: [raster]")
        .replace("params: {seed: 1}", "params: {seed: 1, train_per_class: 10, test_per_class: 10}")
        .replace("learning_rate: [0.001, 0.0003, 0.003]", "learning_rate: [0.001]")
        .replace("epochs: [30]", "epochs: [2]")
        .replace("epochs: [200]", "epochs: [2]")
        .replace("\"50,100,150,160,170,180,190,last\"", "last");
    assert!(yaml.contains("seeds: [1]\n"), "one seed is enough here");
    Project::new(&yaml)
}

/// Columns of text of a table, row by row.
fn texts(project: &Project, name: &str, columns: [&str; 2]) -> Vec<[String; 2]> {
    let path = project.path().join("results/sensitivity").join(name);
    let mut rows = Vec::new();
    for batch in Reader::open(&path, &catalogue::SENSITIVITY, &columns).unwrap() {
        let batch = batch.unwrap();
        let [one, two] = columns.map(|column| batch.texts(column).unwrap());
        rows.extend((0..batch.rows()).map(|row| [one[row].to_owned(), two[row].to_owned()]));
    }
    rows
}

#[test]
fn every_setting_has_a_verdict_on_every_claim_that_is_asked_and_a_name_of_its_own() {
    let project = small();
    project.run(&[]).ok();
    let rows = texts(&project, "settings/sensitivity.parquet", ["setting", "claim"]);
    let settings: BTreeSet<&String> = rows.iter().map(|[setting, _]| setting).collect();
    // Adam and SGD; 64 and 256 bins; pseudocount and floor; raw and standardised energies.
    assert_eq!((settings.len(), rows.len()), (16, 16 * 4), "{settings:?}");
    let named = |parts: &[&str]| {
        settings.iter().any(|setting| {
            parts.iter().all(|part| setting.contains(part)) && setting.matches('=').count() == parts.len()
        })
    };
    assert!(named(&[]), "one is the base: {settings:?}");
    for part in
        ["train.optimiser=", "estimate-distributions.bins=", "compute-kl.smoothing=", "aggregate.energies="]
    {
        assert!(named(&[part]), "{part} {settings:?}");
    }
    let recipes = texts(&project, "recipes/sensitivity.parquet", ["setting", "claim"]);
    let recipes: BTreeSet<&String> = recipes.iter().map(|[setting, _]| setting).collect();
    assert_eq!(recipes.len(), 6, "{recipes:?}");
}
