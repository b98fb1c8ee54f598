//! Made-up programs: some that fit together, and some that describe themselves at random.

use crate::random::Random;

/// Names and what they answer to --describe.
pub(crate) const KNOWN: [(&str, &str); 6] = [
    (
        "train",
        r#"{"outputs": [{"name": "model", "format": "bin"}, {"name": "history", "format": "csv"}],
            "params": {"required": ["seed"], "properties": {"seed": {"type": "integer", "default": 0, "minimum": 0},
            "epochs": {"type": "integer"}, "rate": {"type": "number", "exclusiveMinimum": 0}, "fast": {"type": "boolean"},
            "network": {"enum": ["a", "b", "c"]}, "labels": {"type": "string", "default": "real"}}}}"#,
    ),
    (
        "dump",
        r#"{"inputs": [{"name": "model", "format": "bin"}],
            "outputs": [{"name": "layers", "format": "csv"},
                {"name": "energies", "schema": "energies", "schema_version": 2, "format": "arrow-stream"}]}"#,
    ),
    (
        "estimate",
        r#"{"inputs": [{"name": "energies", "schema": "energies", "schema_version": 2, "format": "arrow-stream"},
                {"name": "layers", "format": "csv", "optional": true}],
            "outputs": [{"name": "out", "format": "csv"}]}"#,
    ),
    (
        "plot",
        r#"{"inputs": [{"name": "tables", "schema": "energies", "schema_version": 2, "format": "parquet", "many": true}],
            "outputs": [{"name": "page", "format": "html"}]}"#,
    ),
    (
        "join",
        r#"{"inputs": [{"name": "data", "format": "csv", "many": true}], "outputs": [{"name": "out", "format": "csv"}],
            "params": {"properties": {"seed": {"type": "integer", "default": 1}}}}"#,
    ),
    (
        "keep-stream",
        r#"{"inputs": [{"name": "stream", "format": "arrow-stream"}],
            "outputs": [{"name": "copy", "format": "arrow-stream"}, {"name": "table", "format": "parquet"}]}"#,
    ),
];

/// A random answer: often wrong, sometimes with schemas that point in circles.
pub(crate) fn random(random: &mut Random) -> String {
    let ports = |what: &str, random: &mut Random| {
        let port = |random: &mut Random| {
            let name = random.pick(&[
                "x", "y", "data", "out", "energies", "table", "copy", "stream", "", "../x", "-x", "X",
            ]);
            let format = random.pick(&["csv", "parquet", "arrow-stream", "arrow-stream", "", "a/b"]);
            let schema = random.pick(&["null", "\"energies\"", "\"s\"", "3"]);
            let (many, optional) = (random.one_in(2), random.one_in(3));
            format!(
                r#"{{"name": "{name}", "format": "{format}", "schema": {schema}, "schema_version": {}, "many": {many}, "optional": {optional}}}"#,
                random.pick(&["1", "2", "null"])
            )
        };
        let list: Vec<String> = (0..random.below(4)).map(|_| port(random)).collect();
        format!(r#""{what}": [{}]"#, list.join(", "))
    };
    let (inputs, outputs) = (ports("inputs", random), ports("outputs", random));
    let params: Vec<String> = (0..random.below(5))
        .map(|i| {
            let name = random.pick(&["seed", "epochs", "network", "exclude", "include", "x", "a/b", "p"]);
            let kind = random.pick(&[
                r#"{"type": "integer", "minimum": 3, "maximum": 1}"#,
                r#"{"type": ["null", "number"], "default": 1e308}"#,
                r#"{"type": "string", "default": 3}"#,
                r#"{"type": "boolean", "default": null}"#,
                r##"{"$ref": "#/$defs/Loop"}"##,
                r##"{"anyOf": [{"$ref": "#/properties/seed"}, {"type": "integer"}]}"##,
                r#"{"enum": ["a", 1, "b"]}"#,
                r#"{"oneOf": [{"const": "a"}, {}]}"#,
                r#"{"type": "object"}"#,
                "3",
            ]);
            let name = if random.one_in(4) { format!("{name}{i}") } else { name.to_owned() };
            format!(r#""{name}": {kind}"#)
        })
        .collect();
    let loops = r##"{"anyOf": [{"$ref": "#/$defs/Loop"}, {"$ref": "#/$defs/Loop"}]}"##;
    format!(
        r#"{{{inputs}, {outputs}, "params": {{"required": ["seed", "x"], "properties": {{{}}}, "$defs": {{"Loop": {loops}}}}}}}"#,
        params.join(", ")
    )
}
