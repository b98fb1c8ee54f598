//! What a program answers to --describe: its ports and params, and the checks of values against them.

use crate::value::{NOT_FINITE, Value};
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::HashSet;

/// A program's ports and params.
#[derive(Clone, Debug)]
pub struct Description {
    /// Files and streams that it reads.
    pub inputs: Vec<Port>,
    /// Files and streams that it writes.
    pub outputs: Vec<Port>,
    /// Its params, sorted by name.
    pub params: Vec<Param>,
}

/// The format of a port that is a stream and never a file.
pub const STREAM: &str = "arrow-stream";

/// An input or an output of a program.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Port {
    /// Names the flag and, for an output, the file.
    pub name: String,
    /// The table's name; none for what is no table.
    #[serde(default)]
    pub schema: Option<String>,
    /// The version of the table's columns.
    #[serde(default)]
    pub schema_version: Option<u32>,
    /// The file's ending, or [`STREAM`].
    pub format: String,
    /// Takes more than one file.
    #[serde(default)]
    pub many: bool,
    /// May be left out.
    #[serde(default)]
    pub optional: bool,
}

impl Port {
    /// Whether the port is a pipe.
    pub fn is_stream(&self) -> bool {
        self.format == STREAM
    }

    /// As shown when two ports do not fit.
    pub fn label(&self) -> String {
        let version = self.schema_version.map(|v| format!(" version {v}")).unwrap_or_default();
        format!("{}{version} as {}", self.schema.as_deref().unwrap_or("no table"), self.format)
    }

    /// Whether what this port writes is what the other reads.
    pub fn fits(&self, other: &Port) -> bool {
        let parts = |port: &Port| (port.schema.clone(), port.schema_version, port.format.clone());
        parts(self) == parts(other)
    }
}

/// A param of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name in pipeline.yaml.
    pub name: String,
    /// The values that it takes.
    pub kind: Kind,
    /// The value where none is given.
    pub default: Option<Value>,
    /// Must be given.
    pub required: bool,
}

/// The values that a param takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Whole numbers within bounds.
    Integer(Bounds),
    /// Numbers within bounds.
    Number(Bounds),
    /// true or false.
    Boolean,
    /// Text: any, or one of these where there are some.
    Text(Vec<String>),
}

/// Bounds of a number, as in JSON Schema.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    minimum: Option<f64>,
    maximum: Option<f64>,
    exclusive_minimum: Option<f64>,
    exclusive_maximum: Option<f64>,
}

impl Bounds {
    fn holds(&self, x: f64) -> bool {
        self.minimum.is_none_or(|m| x >= m)
            && self.maximum.is_none_or(|m| x <= m)
            && self.exclusive_minimum.is_none_or(|m| x > m)
            && self.exclusive_maximum.is_none_or(|m| x < m)
    }

    fn text(&self) -> String {
        let side = |sign: &str, bound: Option<f64>| bound.map(|b| format!("{sign} {}", Value::Number(b)));
        let sides = [
            side(">=", self.minimum),
            side(">", self.exclusive_minimum),
            side("<=", self.maximum),
            side("<", self.exclusive_maximum),
        ];
        sides.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }
}

impl Kind {
    /// Names the type in a key, so that the text `1` and the number 1 differ.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Integer(_) => "integer",
            Kind::Number(_) => "number",
            Kind::Boolean => "boolean",
            Kind::Text(_) => "string",
        }
    }

    /// Checks a value; the error says what is wrong and what would be right.
    pub fn check(&self, value: &Value) -> Result<(), (String, String)> {
        let wrong_type = |wanted: &str| {
            let what = match value {
                Value::Integer(_) => "too large for a number to be exact".to_owned(),
                Value::Number(x) if x.fract() == 0.0 => "too large for a whole number".to_owned(),
                Value::Text(text) if NOT_FINITE.contains(&text.as_str()) => "no finite number".to_owned(),
                _ => format!("{}, not {wanted}", value.kind()),
            };
            Err((format!("`{value}` is {what}"), String::new()))
        };
        let out_of_bounds = |bounds: &Bounds| Err((format!("`{value}` is out of range"), bounds.text()));
        match self {
            Kind::Integer(bounds) => match value.as_integer() {
                Some(i) if bounds.holds(i as f64) => Ok(()),
                Some(_) => out_of_bounds(bounds),
                None => wrong_type("a whole number"),
            },
            Kind::Number(bounds) => match value.as_number() {
                Some(x) if bounds.holds(x) => Ok(()),
                Some(_) => out_of_bounds(bounds),
                None => wrong_type("a number"),
            },
            Kind::Boolean => match value {
                Value::Bool(_) => Ok(()),
                _ => Err((format!("`{value}` is {}", value.kind()), "write true or false".to_owned())),
            },
            Kind::Text(choices) => match value {
                Value::Text(text) if text.contains('\0') => {
                    Err(("a param cannot have a NUL in it".to_owned(), String::new()))
                }
                Value::Text(text) if choices.is_empty() || choices.contains(text) => Ok(()),
                Value::Text(text) => {
                    let help = crate::faults::advice(text, choices.iter().map(String::as_str));
                    Err((format!("`{text}` is none of the choices"), help))
                }
                _ => {
                    let message = format!("`{value}` is {}, not text", value.kind());
                    Err((message, format!("write it in quotes: \"{value}\"")))
                }
            },
        }
    }
}

/// The most schemas that are looked at for the params of a program.
const MOST_SCHEMAS: usize = 100_000;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    inputs: Vec<Port>,
    #[serde(default)]
    outputs: Vec<Port>,
    #[serde(default)]
    params: Json,
}

/// Reads a program's answer; the error is a sentence about the program.
pub fn read(json: &str) -> Result<Description, String> {
    let wrong = |e: serde_json::Error| format!("its answer cannot be read: {e}");
    let answer: Json = serde_json::from_str(json).map_err(wrong)?;
    if !answer.is_object() {
        return Err("its answer is no JSON object".to_owned());
    }
    let answer: Answer = serde_json::from_value(answer).map_err(wrong)?;
    // The flags that the runner gives to every program.
    let mut names: HashSet<String> = ["threads", "progress", "describe"].map(str::to_owned).into();
    for port in answer.inputs.iter().chain(&answer.outputs) {
        for (what, name) in [("port", &port.name), ("format", &port.format)] {
            if !is_plain(name) {
                return Err(format!("it describes a {what} with the name `{name}`"));
            }
        }
        if !names.insert(port.name.clone()) {
            return Err(format!(
                "it describes a port `{}`, which is another port's or flag's name",
                port.name
            ));
        }
    }
    let mut params = Vec::new();
    let required = answer.params["required"].as_array().into_iter().flatten();
    let required: HashSet<&str> = required.filter_map(Json::as_str).collect();
    let mut left = MOST_SCHEMAS;
    for (name, schema) in answer.params["properties"].as_object().into_iter().flatten() {
        if !is_plain(name) {
            return Err(format!("it describes a param with the name `{name}`"));
        }
        if !names.insert(name.clone()) {
            return Err(format!("its param `{name}` has the name of a port or of a flag of every program"));
        }
        let kind = kind(schema, &answer.params, 0, &mut left).ok_or_else(|| {
            format!("the type of its param `{name}` is not integer, number, boolean or string")
        })?;
        let default = schema.get("default").and_then(scalar);
        if let Some(Err((wrong, _))) = default.as_ref().map(|default| kind.check(default)) {
            return Err(format!("the default of its param `{name}` is wrong: {wrong}"));
        }
        let required = required.contains(name.as_str());
        params.push(Param { name: name.clone(), kind, default, required });
    }
    params.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Description { inputs: answer.inputs, outputs: answer.outputs, params })
}

/// Whether a name may stand in a flag and in the name of a file or a folder.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    !name.is_empty() && name.len() <= 64 && !name.starts_with('-') && name.chars().all(plain)
}

fn scalar(json: &Json) -> Option<Value> {
    match json {
        Json::Bool(b) => Some(Value::Bool(*b)),
        Json::Number(n) if n.is_i64() || n.is_u64() => {
            n.as_i64().map(i128::from).or(n.as_u64().map(i128::from)).map(Value::Integer)
        }
        Json::Number(n) => n.as_f64().map(Value::Number),
        Json::String(s) => Some(Value::Text(s.clone())),
        _ => None,
    }
}

/// The kind in a property's schema, following what generators of schemas wrap around it.
/// `left` is how many more schemas may be looked at: references can make a small answer endless.
fn kind(schema: &Json, root: &Json, depth: usize, left: &mut usize) -> Option<Kind> {
    if depth > 4 {
        return None;
    }
    *left = left.checked_sub(1)?;
    if let Some(reference) = schema["$ref"].as_str() {
        return kind(root.pointer(reference.strip_prefix('#')?)?, root, depth + 1, left);
    }
    for wrapper in ["allOf", "anyOf"] {
        if let Some(parts) = schema[wrapper].as_array() {
            return parts.iter().find_map(|part| kind(part, root, depth + 1, left));
        }
    }
    let texts = |list: &Json| -> Option<Vec<String>> {
        Some(list.as_array()?.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect())
    };
    let consts = || -> Option<Vec<String>> {
        Some(
            schema["oneOf"]
                .as_array()?
                .iter()
                .filter_map(|v| v["const"].as_str().map(str::to_owned))
                .collect(),
        )
    };
    let choices = texts(&schema["enum"]).or_else(consts);
    let bound = |name: &str| schema[name].as_f64();
    let bounds = Bounds {
        minimum: bound("minimum"),
        maximum: bound("maximum"),
        exclusive_minimum: bound("exclusiveMinimum"),
        exclusive_maximum: bound("exclusiveMaximum"),
    };
    let named = match &schema["type"] {
        Json::String(name) => Some(name.as_str()),
        Json::Array(names) => names.iter().filter_map(Json::as_str).find(|name| *name != "null"),
        _ => None,
    };
    match named {
        Some("integer") => Some(Kind::Integer(bounds)),
        Some("number") => Some(Kind::Number(bounds)),
        Some("boolean") => Some(Kind::Boolean),
        Some("string") => Some(Kind::Text(choices.unwrap_or_default())),
        Some(_) => None,
        None => choices.filter(|list| !list.is_empty()).map(Kind::Text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r##"{"name": "train", "inputs": [{"name": "dataset", "schema": "dataset", "schema_version": 1, "format": "parquet"}],
        "outputs": [{"name": "page", "schema": null, "schema_version": null, "format": "html"}],
        "params": {"type": "object", "required": ["seed"], "properties": {
            "seed": {"type": "integer", "minimum": 0},
            "rate": {"type": "number", "exclusiveMinimum": 0, "default": 0.5},
            "network": {"oneOf": [{"const": "cnn1"}, {"const": "cnn2"}], "default": "cnn1"},
            "engine": {"$ref": "#/$defs/Engine"}, "limit": {"type": ["integer", "null"]}},
            "$defs": {"Engine": {"type": "string", "enum": ["flex"]}}}}"##;

    #[test]
    fn an_answer_is_read_and_its_params_sorted() {
        let description = read(ANSWER).unwrap();
        let names: Vec<&str> = description.params.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["engine", "limit", "network", "rate", "seed"]);
        assert_eq!(description.params[0].kind, Kind::Text(vec!["flex".into()]));
        assert_eq!(description.params[3].default, Some(Value::Number(0.5)));
        assert!(description.params[4].required);
    }

    #[test]
    fn values_are_checked_against_their_kind() {
        let description = read(ANSWER).unwrap();
        let check = |i: usize, value: Value| description.params[i].kind.check(&value);
        assert!(check(4, Value::Integer(3)).is_ok() && check(4, Value::Number(1e3)).is_ok());
        assert_eq!(check(4, Value::Integer(-1)).unwrap_err().1, ">= 0");
        assert!(check(4, Value::Number(1.5)).is_err());
        assert!(check(3, Value::Integer(0)).is_err() && check(3, Value::Integer(1)).is_ok());
        let (message, help) = check(2, Value::Text("cnn3x".into())).unwrap_err();
        assert_eq!(
            (message.as_str(), help.as_str()),
            ("`cnn3x` is none of the choices", "did you mean `cnn1`?")
        );
    }

    #[test]
    fn a_program_cannot_name_a_file_outside_its_folder() {
        assert!(read(r#"{"outputs": [{"name": "../x", "format": "parquet"}]}"#).is_err());
        assert!(read(r#"{"params": {"properties": {"../x": {"type": "integer"}}}}"#).is_err());
        assert!(read("not json").is_err());
    }

    #[test]
    fn references_that_branch_without_end_are_given_up() {
        let part = vec![r##"{"$ref": "#/$defs/A"}"##; 2000].join(", ");
        let text = format!(
            r##"{{"params": {{"properties": {{"x": {{"$ref": "#/$defs/A"}}}}, "$defs": {{"A": {{"anyOf": [{part}]}}}}}}}}"##
        );
        assert!(read(&text).unwrap_err().contains("the type of its param `x`"));
    }
}
