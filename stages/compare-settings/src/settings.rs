//! In what some studies differ: the params of their lineages that are not the same for all.

use serde_json::{Map, Value};
use stage::lineage::Recipe;

/// What sets one study apart from the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The params in which it differs from what most studies have, as in `train.optimiser=sgd`; `base` where it differs in none.
    pub(crate) name: String,
    /// All params that are not the same in all studies, as a JSON object.
    pub(crate) params: String,
}

/// The setting of each study.
pub(crate) fn of(recipes: &[&Recipe]) -> Vec<Setting> {
    let mut names: Vec<&String> = recipes.iter().flat_map(|recipe| recipe.keys()).collect();
    names.sort();
    names.dedup();
    let differs = |name: &&String| recipes.iter().any(|recipe| recipe.get(*name) != recipes[0].get(*name));
    let varying: Vec<(&String, Option<&Value>)> =
        names.into_iter().filter(differs).map(|name| (name, commonest(recipes, name))).collect();
    let setting = |recipe: &&Recipe| {
        let unusual = varying.iter().filter(|(name, common)| recipe.get(*name) != *common);
        let parts: Vec<String> =
            unusual.map(|(name, _)| format!("{name}={}", text(recipe.get(*name)))).collect();
        let params: Map<String, Value> = varying
            .iter()
            .map(|(name, _)| ((*name).clone(), recipe.get(*name).cloned().unwrap_or(Value::Null)))
            .collect();
        let name = if parts.is_empty() { "base".to_owned() } else { parts.join(", ") };
        Setting { name, params: Value::Object(params).to_string() }
    };
    recipes.iter().map(setting).collect()
}

/// The value that most have; of several, the first that comes.
fn commonest<'a>(recipes: &[&'a Recipe], name: &str) -> Option<&'a Value> {
    let values: Vec<Option<&Value>> = recipes.iter().map(|recipe| recipe.get(name)).collect();
    let count = |value: &Option<&Value>| values.iter().filter(|other| *other == value).count();
    let most = values.iter().map(count).max().unwrap_or(0);
    values.iter().find(|value| count(value) == most).copied().flatten()
}

/// A value without quotes; what a study has no such param for is `none`.
fn text(value: Option<&Value>) -> String {
    match value {
        None => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

/// Two studies with one setting.
pub(crate) fn first_pair(settings: &[Setting]) -> Option<(usize, usize)> {
    let earlier = |index: usize| settings[..index].iter().position(|other| *other == settings[index]);
    (0..settings.len()).find_map(|index| Some((earlier(index)?, index)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stage::lineage::recipe;

    fn settings(lineages: &[&str]) -> Vec<Setting> {
        let recipes: Vec<Recipe> = lineages.iter().map(|lineage| recipe(lineage).unwrap()).collect();
        of(&recipes.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_setting_is_named_after_what_most_have_otherwise() {
        let settings = settings(&[
            r#"{"train": {"optimiser": "adam", "rate": 1, "seed": [1, 2]}, "bins": {"bins": 64}}"#,
            r#"{"train": {"optimiser": "adam", "rate": 2, "seed": [1, 2]}, "bins": {"bins": 64}}"#,
            r#"{"train": {"optimiser": "sgd", "rate": 1, "seed": [1, 2]}, "bins": {"bins": 32}}"#,
        ]);
        let names: Vec<&str> = settings.iter().map(|setting| setting.name.as_str()).collect();
        assert_eq!(names, ["base", "train.rate=2", "bins.bins=32, train.optimiser=sgd"]);
        assert_eq!(settings[1].params, r#"{"bins.bins":64,"train.optimiser":"adam","train.rate":2}"#);
    }

    #[test]
    fn a_param_that_only_some_have_is_told() {
        let settings = settings(&[r#"{"a": {"x": 1}}"#, r#"{"a": {"x": 1}}"#, r#"{"a": {}}"#]);
        assert_eq!(settings[2].name, "a.x=none");
        assert_eq!(first_pair(&settings), Some((0, 1)));
    }
}
