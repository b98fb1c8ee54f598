//! docs/tables.md, the dictionary of all tables, is what the catalogue and the programs say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;
use tables::catalogue::ALL;
use tables::{Kind, Table};

const OPENING: &str = "# The tables

Every table that passes between stages, with its columns. Each Parquet file says the same of itself: the schema's metadata names the
table, its version, the stage with its params and the digests of its inputs (`priorscope.*`), and each field has its `description` and
its `unit`. `runner table` shows a file with its shapes and statistics:

```sh
target/release/runner tiny.yaml
target/release/runner table tiny.yaml aggregate.summary
target/release/runner table results/tiny/dataset/dataset.parquet
```

A tensor is a fixed-size list with Arrow's extension type `arrow.fixed_shape_tensor`, row-major; where its shape hangs on the network
it is that of the file. Bytes are a fixed-size binary: one for each place of the shape, row-major. How to open them: [opening.md](opening.md).

This page is made from `crates/tables` and the programs; after a change,
`PRIORSCOPE_REMAKE=1 cargo test --release --workspace --test dictionary` makes it anew.
";

/// The ports of all programs by their table: who writes it, who reads it.
fn ports() -> BTreeMap<String, [Vec<String>; 2]> {
    let folder = tests::repository().join("stages");
    let mut stages: Vec<String> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    stages.sort();
    let mut ports: BTreeMap<String, [Vec<String>; 2]> = BTreeMap::new();
    for stage in stages {
        let output = tests::program(&stage, &folder).arg("--describe").output().unwrap();
        let described: Value = serde_json::from_slice(&output.stdout).unwrap();
        for (place, direction) in ["outputs", "inputs"].into_iter().enumerate() {
            for port in described[direction].as_array().unwrap() {
                if let Some(table) = port["schema"].as_str() {
                    let name = port["name"].as_str().unwrap().replace('_', "-");
                    ports.entry(table.to_owned()).or_default()[place].push(format!("`{stage} --{name}`"));
                }
            }
        }
    }
    ports
}

fn shape(kind: Kind) -> String {
    match kind {
        Kind::Tensor(_, []) => "by network".to_owned(),
        Kind::Tensor(_, shape) | Kind::Bytes(shape) => format!("{shape:?}"),
        Kind::List(_) => "by row".to_owned(),
        _ => String::new(),
    }
}

fn type_of(kind: Kind) -> String {
    match kind {
        Kind::Category => "category".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::Tensor(element, _) => format!("tensor of {element}"),
        Kind::List(element) => format!("list of {element}"),
        Kind::EncodedImage => "image".to_owned(),
        Kind::Bytes(_) => "bytes".to_owned(),
        other => other.to_string(),
    }
}

fn section(text: &mut String, table: &Table, [writers, readers]: &[Vec<String>; 2]) {
    let listed =
        |ports: &[String]| if ports.is_empty() { "nobody here".to_owned() } else { ports.join(", ") };
    let _ = write!(
        text,
        "\n## {}\n\n{}. Version {}. Written by {}; read by {}.\n\n",
        table.name,
        table.about,
        table.version,
        listed(writers),
        listed(readers)
    );
    text.push_str("| column | type | shape | unit | meaning |\n|---|---|---|---|---|\n");
    for column in table.columns {
        let empty = if column.nullable { "; may be empty" } else { "" };
        let about = column.about.replace('|', "\\|");
        let (kind, shape) = (type_of(column.kind), shape(column.kind));
        let _ = writeln!(text, "| `{}` | {kind} | {shape} | {} | {about}{empty} |", column.name, column.unit);
    }
}

#[test]
fn the_dictionary_of_tables_is_what_the_catalogue_and_the_programs_say() {
    let ports = ports();
    let mut text = OPENING.to_owned();
    for table in ALL {
        section(&mut text, table, ports.get(table.name).unwrap_or(&Default::default()));
    }
    let path = tests::repository().join("docs/tables.md");
    if std::env::var_os("PRIORSCOPE_REMAKE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/tables.md is stale; its opening says how to make it anew");
}
