//! Params: a struct's JSON Schema as command-line flags, and flags back as the struct.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema, transform::transform_subschemas};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A struct of params: every field a whole number, a number, a truth value, text, or one of an enum's words.
pub trait Params: DeserializeOwned + Serialize + JsonSchema + Default + Send + Sync + 'static {}

impl<P: DeserializeOwned + Serialize + JsonSchema + Default + Send + Sync + 'static> Params for P {}

/// The type of a param, with what it may be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Integer { minimum: i64, maximum: i64 },
    Number { minimum: f64, above: f64, maximum: f64 },
    Boolean,
    Choice(Vec<String>),
    Text,
}

/// One param, as its schema declares it.
#[derive(Clone, Debug)]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) default: Value,
    pub(crate) help: String,
}

/// The JSON Schema of the params, with every default filled in and no reference left.
pub(crate) fn schema<P: Params>() -> Value {
    with_defaults(
        generator().into_root_schema_for::<P>(),
        serde_json::to_value(P::default()).unwrap_or_default(),
    )
}

fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator()
}

fn with_defaults(mut schema: Schema, defaults: Value) -> Value {
    transform_subschemas(&mut |_: &mut Schema| {}, &mut schema);
    let mut schema = schema.to_value();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, property) in properties.iter_mut() {
            let Some(property) = property.as_object_mut() else { continue };
            if let Some(default) = defaults.get(name) {
                property.insert("default".to_owned(), default.clone());
            }
            if property.get("format").and_then(Value::as_str) == Some("uint32") {
                property.entry("maximum").or_insert_with(|| u32::MAX.into());
            }
        }
    }
    schema
}

fn words(property: &Value) -> Option<Vec<String>> {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(words) = property.get("enum").and_then(Value::as_array) {
        return words.iter().map(word).collect();
    }
    let choices = property.get("oneOf").and_then(Value::as_array)?;
    let mut all = Vec::new();
    for choice in choices {
        match (choice.get("const").and_then(Value::as_str), choice.get("enum").and_then(Value::as_array)) {
            (Some(one), _) => all.push(one.to_owned()),
            (None, Some(several)) => all.extend(several.iter().filter_map(Value::as_str).map(str::to_owned)),
            (None, None) => return None,
        }
    }
    Some(all)
}

/// The params in the order of the struct's fields.
pub(crate) fn list(schema: &Value) -> Vec<Param> {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    properties
        .iter()
        .map(|(name, property)| {
            let number = |key: &str| property.get(key).and_then(Value::as_f64);
            let whole = |key: &str| {
                property.get(key).and_then(|v| v.as_i64().or_else(|| v.as_f64().map(|float| float as i64)))
            };
            let kind = if let Some(words) = words(property) {
                Kind::Choice(words)
            } else {
                match property.get("type").and_then(Value::as_str) {
                    Some("integer") => Kind::Integer {
                        minimum: whole("minimum").unwrap_or(i64::MIN),
                        maximum: whole("maximum").unwrap_or(i64::MAX),
                    },
                    Some("number") => Kind::Number {
                        minimum: number("minimum").unwrap_or(f64::NEG_INFINITY),
                        above: number("exclusiveMinimum").unwrap_or(f64::NEG_INFINITY),
                        maximum: number("maximum").unwrap_or(f64::INFINITY),
                    },
                    Some("boolean") => Kind::Boolean,
                    _ => Kind::Text,
                }
            };
            Param {
                name: name.clone(),
                kind,
                default: property.get("default").cloned().unwrap_or(Value::Null),
                help: property
                    .get("description")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .replace('\n', " "),
            }
        })
        .collect()
}

/// A flag's text as the param's value, or what would be right.
pub(crate) fn value(kind: &Kind, text: &str) -> Result<Value, String> {
    match kind {
        Kind::Integer { minimum, maximum } => match text.parse::<i64>() {
            Ok(number) if (*minimum..=*maximum).contains(&number) => Ok(number.into()),
            _ if *maximum == i64::MAX => Err(format!("must be a whole number of at least {minimum}")),
            _ => Err(format!("must be a whole number from {minimum} to {maximum}")),
        },
        Kind::Number { minimum, above, maximum } => match text.parse::<f64>() {
            Ok(number)
                if number.is_finite() && number >= *minimum && number > *above && number <= *maximum =>
            {
                Ok(number.into())
            }
            _ => Err(format!("must be a number{}", range(*minimum, *above, *maximum))),
        },
        Kind::Boolean => {
            text.parse::<bool>().map(Value::from).map_err(|_| "must be true or false".to_owned())
        }
        Kind::Choice(words) if words.iter().any(|word| word == text) => Ok(text.into()),
        Kind::Choice(words) => Err(format!("must be one of {}", words.join(", "))),
        Kind::Text => Ok(text.into()),
    }
}

fn range(minimum: f64, above: f64, maximum: f64) -> String {
    let mut words = String::new();
    if above.is_finite() {
        words += &format!(" above {above}");
    }
    if minimum.is_finite() {
        words += &format!(" of at least {minimum}");
    }
    if maximum.is_finite() {
        words += &format!("{} at most {maximum}", if words.is_empty() { " of" } else { ", and" });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, serde::Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        /// Like blood.
        Red,
        /// Like grass.
        Green,
    }

    #[derive(Serialize, serde::Deserialize, JsonSchema)]
    struct Example {
        /// How many.
        #[schemars(range(min = 1, max = 9))]
        count: u32,
        #[schemars(extend("exclusiveMinimum" = 0))]
        rate: f64,
        colour: Colour,
        wide: bool,
    }

    impl Default for Example {
        fn default() -> Self {
            Example { count: 2, rate: 0.5, colour: Colour::Green, wide: false }
        }
    }

    #[test]
    fn a_struct_becomes_params_with_types_ranges_defaults_and_help() {
        let params = list(&schema::<Example>());
        assert_eq!(params[0].kind, Kind::Integer { minimum: 1, maximum: 9 });
        assert_eq!((params[0].default.clone(), params[0].help.as_str()), (2.into(), "How many."));
        assert!(matches!(params[1].kind, Kind::Number { above: 0.0, .. }));
        assert_eq!(params[2].kind, Kind::Choice(vec!["red".into(), "green".into()]));
        assert_eq!(params[3].kind, Kind::Boolean);
    }

    #[test]
    fn a_value_outside_its_range_is_told_what_would_be_right() {
        let params = list(&schema::<Example>());
        assert_eq!(value(&params[0].kind, "10").unwrap_err(), "must be a whole number from 1 to 9");
        assert_eq!(value(&params[1].kind, "0").unwrap_err(), "must be a number above 0");
        assert_eq!(value(&params[2].kind, "blue").unwrap_err(), "must be one of red, green");
        assert_eq!(value(&params[2].kind, "red").unwrap(), "red");
    }
}
