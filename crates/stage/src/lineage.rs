//! The recipe of a table: the params of every stage that had a part in it, read from the tables that it was made from.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tables::Provenance;

/// Every param of every stage behind a table, by `STAGE.PARAM`; several values of one are an array.
pub type Recipe = BTreeMap<String, Value>;

/// The recipe in a table's metadata `lineage`; none where that is no object of objects.
pub fn recipe(lineage: &str) -> Option<Recipe> {
    let stages: Map<String, Value> = serde_json::from_str(lineage).ok()?;
    let mut recipe = Recipe::new();
    for (stage, params) in stages {
        let Value::Object(params) = params else { return None };
        recipe.extend(params.into_iter().map(|(param, value)| (format!("{stage}.{param}"), value)));
    }
    Some(recipe)
}

/// Adds the params of one stage: where a param has several values, among several files, all of them are listed in the order in
/// which they come.
pub(crate) fn add(lineage: &mut Map<String, Value>, stage: &str, params: &Map<String, Value>) {
    let known = lineage.entry(stage).or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(known) = known else { return };
    for (name, value) in params {
        let given = match value {
            Value::Array(values) => values.clone(),
            one => vec![one.clone()],
        };
        for value in given {
            match known.get_mut(name) {
                None => {
                    known.insert(name.clone(), value);
                }
                Some(Value::Array(values)) if values.contains(&value) => {}
                Some(Value::Array(values)) => values.push(value),
                Some(one) if *one == value => {}
                Some(one) => *one = Value::Array(vec![one.clone(), value]),
            }
        }
    }
}

/// Adds the lineage of a table, as its metadata says it; a table without one has nothing to add.
pub(crate) fn add_table(lineage: &mut Map<String, Value>, of_table: &str) {
    let Ok(Value::Object(stages)) = serde_json::from_str(of_table) else { return };
    for (stage, params) in &stages {
        if let Value::Object(params) = params {
            add(lineage, stage, params);
        }
    }
}

/// Adds the lineage of a stream, which is known once it is opened, to the provenance of what is made from it.
pub fn add_stream(provenance: &mut Provenance, of_stream: &str) {
    let mut stages = Map::new();
    add_table(&mut stages, &provenance.lineage);
    add_table(&mut stages, of_stream);
    provenance.lineage = Value::Object(stages).to_string();
}

/// The first param that both recipes know and that is not the same in them, with its two values: what is made with one of them is
/// of another study than what is made with the other.
pub fn first_difference<'a>(one: &'a Recipe, other: &'a Recipe) -> Option<(&'a str, &'a Value, &'a Value)> {
    let pairs = one.iter().filter_map(|(param, value)| Some((param.as_str(), value, other.get(param)?)));
    pairs.into_iter().find(|(_, one, other)| one != other)
}

/// What is to be said where the images behind a table were not drawn from the N(0, `variance`) that they are held against; nothing
/// where they were, or where the lineage does not tell.
pub fn drawn_otherwise(lineage: &str, variance: f64) -> Option<String> {
    let recipe = recipe(lineage)?;
    let family = recipe.get("generate-dataset.distribution").and_then(Value::as_str).unwrap_or("normal");
    let drawn = recipe.get("generate-dataset.variance").and_then(Value::as_f64).unwrap_or(variance);
    let advice = if family != "normal" {
        "this stage knows normal distributions only, compare-estimators the others, too".to_owned()
    } else if drawn != variance {
        format!("give --variance {drawn} here, too, and in a pipeline to every stage that has this param")
    } else {
        return None;
    };
    Some(format!(
        "the images are drawn from {family} with variance {drawn} and held against N(0, {variance}): {advice}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_against_another_distribution_than_it_was_drawn_from_is_told() {
        let lineage = |family: &str, variance: u32| {
            format!(r#"{{"generate-dataset":{{"distribution":"{family}","variance":{variance}}}}}"#)
        };
        assert_eq!(drawn_otherwise(&lineage("normal", 1024), 1024.0), None);
        assert_eq!(drawn_otherwise(r#"{"train":{"seed":1}}"#, 1024.0), None);
        let told = drawn_otherwise(&lineage("normal", 256), 1024.0).unwrap();
        assert!(told.contains("variance 256 and held against N(0, 1024): give --variance 256"), "{told}");
        let told = drawn_otherwise(&lineage("laplace", 1024), 1024.0).unwrap();
        assert!(told.contains("from laplace") && told.contains("compare-estimators"), "{told}");
    }

    #[test]
    fn a_streams_lineage_is_added_to_that_of_the_tables() {
        let mut provenance = Provenance { lineage: r#"{"a":{"x":1}}"#.to_owned(), ..Provenance::default() };
        add_stream(&mut provenance, r#"{"train":{"seed":3},"a":{"x":1}}"#);
        assert_eq!(provenance.lineage, r#"{"a":{"x":1},"train":{"seed":3}}"#);
    }

    #[test]
    fn two_recipes_differ_where_both_know_a_param_and_its_values_differ() {
        let of = |text: &str| recipe(text).unwrap();
        let (one, other) = (of(r#"{"a":{"x":1,"y":2}}"#), of(r#"{"a":{"x":1,"z":3}}"#));
        assert_eq!(first_difference(&one, &other), None);
        let third = of(r#"{"a":{"x":1,"y":4}}"#);
        assert_eq!(first_difference(&one, &third), Some(("a.y", &2.into(), &4.into())));
    }

    #[test]
    fn a_param_that_differs_between_tables_has_all_its_values_and_one_that_does_not_has_one() {
        let mut lineage = Map::new();
        for seed in ["1", "2", "1"] {
            add_table(&mut lineage, &format!(r#"{{"train": {{"seed": {seed}, "network": "cnn1"}}}}"#));
        }
        add_table(&mut lineage, r#"{"train": {"seed": [2, 3]}, "generate-dataset": {"seed": 7}}"#);
        let text = Value::Object(lineage).to_string();
        assert_eq!(text, r#"{"train":{"seed":[1,2,3],"network":"cnn1"},"generate-dataset":{"seed":7}}"#);
    }

    #[test]
    fn what_is_no_lineage_is_no_recipe() {
        assert_eq!(recipe(""), None);
        assert_eq!(recipe(r#"{"train": 3}"#), None);
        assert_eq!(recipe(r#"{"train": {"seed": 3}}"#).unwrap()["train.seed"], Value::from(3));
    }

    #[test]
    fn what_is_no_lineage_adds_nothing() {
        let mut lineage = Map::new();
        for text in ["", "[1]", r#"{"train": 3}"#] {
            add_table(&mut lineage, text);
        }
        assert!(lineage.is_empty());
    }
}
