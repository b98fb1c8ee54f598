//! The shape of pipeline.yaml as a JSON Schema, with which editors complete, explain and check it.
//!
//! These types are never made: they only say what [`crate::read`] takes. Tests keep the two together.

#![allow(dead_code, reason = "the types describe a file and hold nothing")]

use crate::quantities::LONGEST;
use crate::reader::MOST_RETRIES;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A name of a pipeline, a stage or a variable.
const NAME: &str = "^[a-z0-9][a-z0-9_-]{0,63}$";
/// One variable and nothing else.
const VARIABLE: &str = r"^\$\{[a-z0-9][a-z0-9_-]{0,63}\}$";
/// Text with a variable in it.
const WITH_VARIABLE: &str = r"\$\{";

/// The JSON Schema of pipeline.yaml, of draft 2020-12.
pub fn json_schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(unwrap_description));
    settings.into_generator().into_root_schema_for::<File>().into()
}

/// Comments break their lines for readers of the source; an editor breaks them by itself.
fn unwrap_description(schema: &mut Schema) {
    if let Some(serde_json::Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

/// Stages, each a call of a program for every cell of its matrix, and what each reads of the others.
#[derive(JsonSchema)]
#[schemars(
    title = "pipeline.yaml",
    deny_unknown_fields,
    example = serde_json::json!({
        "name": "tiny",
        "stages": {
            "dataset": {"program": "generate-dataset", "inputs": {"digits": "data/digits.parquet"}},
            "train": {"matrix": {"seed": [1, 2, 3]}, "inputs": {"dataset": "dataset.dataset"}}
        }
    })
)]
struct File {
    /// The pipeline's name: its results go to results/NAME.
    name: Name,
    /// Values that stand where `${name}` stands. A value that is exactly `${name}` keeps the variable's type;
    /// within a longer text it is put in as text. `$${` is a plain `${`. Keys are not filled in.
    #[schemars(
        extend("propertyNames" = {"pattern": NAME}),
        example = serde_json::json!({"epochs": 30, "seeds": [1, 2, 3]})
    )]
    variables: Option<BTreeMap<String, OneOrMany>>,
    /// The stages by name. A stage's results go to results/NAME/STAGE.
    #[schemars(extend("propertyNames" = {"pattern": NAME}, "minProperties" = 1))]
    stages: BTreeMap<String, Option<Stage>>,
}

/// A program, its params, where its inputs come from, and how it is run.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    transform = nothing_required,
    extend("dependentRequired" = {"over": ["each"]})
)]
struct Stage {
    /// The program that the stage runs, found beside the runner, then on PATH. Left out: the stage's own
    /// name.
    #[schemars(example = &"generate-dataset")]
    program: Program,
    /// Another stage whose cells this one repeats: one job for every cell of it, joined to it.
    #[schemars(example = &"train")]
    each: String,
    /// Axes of the stage under `each` that are taken out: one job for all of its cells that differ in these
    /// only.
    #[schemars(example = serde_json::json!(["seed"]))]
    over: Axes,
    /// The cells of the stage: a product of lists, or a list of such products, whose union is taken. Each
    /// axis is a param.
    #[schemars(example = serde_json::json!({"network": ["cnn1", "cnn2"], "seed": [1, 2, 3]}))]
    matrix: Matrix,
    /// Input ports of the program, each with a file beside the pipeline, with `STAGE.PORT`, with
    /// `STAGE.PORT[axis=value]`, or with a list of those.
    #[schemars(
        example = serde_json::json!({"dataset": "dataset.dataset", "histories": "train.history[labels=real]"})
    )]
    inputs: Option<BTreeMap<String, References>>,
    /// Optional input ports of the program, each with a file, or a list of files, that is read if it is there,
    /// such as a result of another pipeline: `results/NAME/...`.
    #[schemars(example = serde_json::json!({"controls": "results/controls/judge/claims.parquet"}))]
    optional: Option<BTreeMap<String, References>>,
    /// Params of the program.
    #[schemars(example = serde_json::json!({"seed": 1}))]
    params: Option<BTreeMap<String, Scalar>>,
    /// Threads of one job. Left out: an even share.
    #[schemars(example = 2)]
    threads: Threads,
    /// Memory that one job needs: text with K, M, G or T (powers of 1024), or a number of bytes.
    #[schemars(example = &"2G")]
    memory: Memory,
    /// The time after which a job is killed and has failed: text with s, m, h or d, or a number of seconds.
    #[schemars(example = &"30m")]
    timeout: Timeout,
    /// How often a job is tried again after a failure. Left out: never.
    #[schemars(example = 2)]
    retries: Retries,
    /// Outputs that are dropped once all their readers are done, and remade only if one must run again;
    /// `true` for all files of the stage.
    #[schemars(example = serde_json::json!(["checkpoints"]))]
    temporary: Temporary,
    /// Streams of the stage that are also kept as Parquet tables.
    #[schemars(example = serde_json::json!(["energies"]))]
    keep: Ports,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Matrix {
    /// A product of lists.
    One(Block),
    /// Products of lists, whose union is taken.
    #[schemars(extend("minItems" = 1))]
    Many(Vec<Block>),
}

/// A product of lists: every combination is a cell.
#[derive(JsonSchema)]
#[schemars(extend("minProperties" = 1), transform = nothing_required)]
struct Block {
    /// Cells that are left out: those that have all the values of an item.
    #[schemars(example = serde_json::json!([{"network": "cnn3", "seed": [2, 3]}]))]
    exclude: Vec<SomeCells>,
    /// Cells besides those of the product.
    #[schemars(example = serde_json::json!([{"network": "cnn3", "epochs": 200, "seed": 1}]))]
    include: Vec<SomeCells>,
    #[schemars(flatten)]
    axes: BTreeMap<String, Axis>,
}

/// Axes, each with a value or a list of values, of which the product is taken.
#[derive(JsonSchema)]
#[schemars(transparent, extend("minProperties" = 1))]
struct SomeCells(BTreeMap<String, AxisValues>);

/// The values of an axis.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Axis {
    #[schemars(extend("minItems" = 1))]
    List(Vec<AxisValue>),
    Variable(Variable),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum AxisValues {
    One(AxisValue),
    #[schemars(extend("minItems" = 1))]
    Many(Vec<AxisValue>),
}

/// A file beside the pipeline, `STAGE.PORT` or `STAGE.PORT[axis=value]`, or a list of those.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum References {
    One(String),
    #[schemars(extend("minItems" = 1))]
    Many(Vec<String>),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum OneOrMany {
    One(Scalar),
    Many(Vec<Scalar>),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Temporary {
    All(bool),
    Some(Ports),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Ports {
    #[schemars(extend("uniqueItems" = true))]
    List(Vec<String>),
    Variable(Variable),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Axes {
    #[schemars(extend("minItems" = 1, "uniqueItems" = true))]
    List(Vec<String>),
    Variable(Variable),
}

/// Makes every key one that may be left out.
fn nothing_required(schema: &mut Schema) {
    schema.remove("required");
}

/// Types of one value, each with the schema that it has.
macro_rules! values {
    ($($name:ident: $schema:tt)*) => {$(
        struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

values! {
    Name: {"anyOf": [{"type": "string", "pattern": NAME}, {"type": "string", "pattern": WITH_VARIABLE}]}
    Program: {"anyOf": [
        {"type": "string", "pattern": "^[A-Za-z0-9_+][A-Za-z0-9_.+-]*$"},
        {"type": "string", "pattern": WITH_VARIABLE}
    ]}
    Variable: {"type": "string", "pattern": VARIABLE}
    Scalar: {"type": ["boolean", "number", "string"]}
    AxisValue: {"anyOf": [
        {"type": ["boolean", "number"]},
        {"type": "string", "pattern": "^[A-Za-z0-9_+-][A-Za-z0-9_.+-]{0,63}$"},
        {"type": "string", "pattern": WITH_VARIABLE}
    ]}
    Threads: {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": VARIABLE}]}
    Retries: {"anyOf": [
        {"type": "integer", "minimum": 0, "maximum": MOST_RETRIES},
        {"type": "string", "pattern": VARIABLE}
    ]}
    Memory: {"anyOf": [
        {"type": "integer", "minimum": 1},
        {"type": "string", "pattern": "^[0-9]+([.][0-9]+)?[KMGT](i?B)?$"},
        {"type": "string", "pattern": WITH_VARIABLE}
    ]}
    Timeout: {"anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST},
        {"type": "string", "pattern": "^[0-9]+([.][0-9]+)?[smhd]$"},
        {"type": "string", "pattern": WITH_VARIABLE}
    ]}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{EXCLUDE, INCLUDE};
    use crate::reader::{STAGE_KEYS, TOP_KEYS};
    use serde_json::Value;

    fn keys(object: &Value) -> Vec<&str> {
        object["properties"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn the_schema_has_the_keys_that_are_read() {
        let schema = json_schema();
        assert_eq!(keys(&schema), TOP_KEYS);
        assert_eq!(keys(&schema["$defs"]["Stage"]), STAGE_KEYS);
        assert_eq!(keys(&schema["$defs"]["Block"]), [EXCLUDE, INCLUDE]);
    }

    #[test]
    fn only_a_name_and_stages_must_be_there() {
        let schema = json_schema();
        assert_eq!(schema["required"], serde_json::json!(["name", "stages"]));
        for object in [&schema, &schema["$defs"]["Stage"]] {
            assert_eq!(object["additionalProperties"], false);
        }
        assert_eq!(schema["$defs"]["Stage"]["required"], Value::Null);
        assert_eq!(schema["$defs"]["Block"]["required"], Value::Null);
        assert_eq!(schema["$defs"]["Stage"]["dependentRequired"], serde_json::json!({"over": ["each"]}));
    }

    #[test]
    fn every_key_is_explained() {
        let schema = json_schema();
        for object in [&schema, &schema["$defs"]["Stage"], &schema["$defs"]["Block"]] {
            for (key, property) in object["properties"].as_object().unwrap() {
                assert!(property["description"].as_str().is_some_and(|text| text.len() > 10), "{key}");
            }
        }
    }

    #[test]
    fn the_file_beside_the_pipelines_is_this_schema() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipeline.schema.json");
        let right = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
        assert!(
            std::fs::read_to_string(file).is_ok_and(|text| text == right),
            "remake it: target/release/runner schema > pipeline.schema.json"
        );
    }
}
