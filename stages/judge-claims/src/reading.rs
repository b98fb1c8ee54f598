//! From the text of a file of rules to the rules, or to a sentence in the words of people who write YAML. Nothing outside
//! knows serde_yaml.

mod measure;

use tables::nearest;

use crate::rules::{Claim, Measure, Rules};

/// The longest name of a claim, in characters.
const LONGEST_ID: usize = 32;
/// The longest text of a claim, in characters.
const LONGEST_TEXT: usize = 1000;

/// Reads the rules.
///
/// # Errors
/// A sentence with the place, where it is known, and what would be right.
pub(crate) fn read(text: &str) -> Result<Rules, String> {
    let rules: Rules = serde_yaml::from_str(text).map_err(|error| in_words(&error.to_string()))?;
    if rules.claims.is_empty() {
        return Err("`claims` is an empty list; name a claim".to_owned());
    }
    for (index, claim) in rules.claims.iter().enumerate() {
        check(claim).map_err(|wrong| format!("claim {} of the list: {wrong}", index + 1))?;
        if let Some(first) = rules.claims[..index].iter().position(|other| other.id == claim.id) {
            return Err(format!(
                "the claims {} and {} of the list are both called {}; give each a name of its own",
                first + 1,
                index + 1,
                claim.id
            ));
        }
    }
    Ok(rules)
}

fn check(claim: &Claim) -> Result<(), String> {
    let of_name = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    if claim.id == "all" {
        return Err("`all` names all claims (`--only all`); give this one another name".to_owned());
    }
    if claim.id.is_empty() || claim.id.chars().count() > LONGEST_ID || !claim.id.chars().all(of_name) {
        return Err(format!(
            "`claim` is its short name: up to {LONGEST_ID} letters, digits, `-`, `_` and `.`"
        ));
    }
    for (name, text) in [("statement", &claim.statement), ("place", &claim.place), ("paper", &claim.paper)] {
        if !is_line(text) {
            return Err(format!("`{name}` is one line of up to {LONGEST_TEXT} characters"));
        }
    }
    if claim.decides.is_empty() {
        return Err(format!("nothing decides on {}; `decides` needs a condition", claim.id));
    }
    let of = |conditions: &'static str, measures: Vec<&Measure>| {
        measures.into_iter().enumerate().try_for_each(|(index, measure)| {
            measure::check(measure)
                .map_err(|wrong| format!("{}, number {} of `{conditions}`: {wrong}", claim.id, index + 1))
        })
    };
    of("supposes", claim.supposes.iter().map(|condition| &condition.measure).collect())?;
    of("decides", claim.decides.iter().map(|condition| &condition.measure).collect())?;
    of("beside", claim.beside.iter().collect())
}

/// Whether a text is one line that shows as it is written: without control characters, and without those that turn the order of
/// what follows.
fn is_line(text: &str) -> bool {
    let turns = |letter| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().count() <= LONGEST_TEXT && !text.chars().any(|letter| letter.is_control() || turns(letter))
}

/// What stands there, as serde and YAML call it.
const FOUND: [(&str, &str); 9] = [
    ("invalid type: sequence", "this is a list"),
    ("invalid type: map", "this is a map"),
    ("invalid type: unit value", "nothing stands here"),
    ("invalid type: integer", "this is the number"),
    ("invalid type: floating point", "this is the number"),
    ("invalid type: string", "this is the text"),
    ("invalid type: boolean", "this is"),
    ("invalid value: integer", "this is the number"),
    ("invalid type: number", "this is the number"),
];

/// What is expected, as serde and YAML call it.
const EXPECTED: [(&str, &str); 8] = [
    ("a nonzero usize", "a whole number from 1 on"),
    ("a YAML mapping", "a map such as {statistic: test_error, network: cnn2, labels: real, epochs: 30}"),
    ("i32", "a whole number"),
    ("f64", "a number"),
    ("a string", "text"),
    ("a sequence", "a list"),
    ("string or map", "a word"),
    ("a boolean", "true or false"),
];

/// What serde says of Rust's types, said of YAML; with the name that may be meant.
fn in_words(said: &str) -> String {
    // What a file holds is quoted between the two, so that none of it is taken for serde's.
    let Some((found, expected)) = said.rsplit_once(", expected ") else { return said.to_owned() };
    let found = FOUND
        .iter()
        .find_map(|(serde, yaml)| {
            let (path, rest) = found.split_once(serde)?;
            (path.is_empty() || path.ends_with(": ")).then(|| format!("{path}{yaml}{rest}"))
        })
        .unwrap_or_else(|| found.to_owned());
    let expected = EXPECTED
        .iter()
        .find_map(|(serde, yaml)| expected.strip_prefix(serde).map(|rest| format!("{yaml}{rest}")))
        .unwrap_or_else(|| expected.to_owned());
    let quoted =
        |text: &str| -> Vec<String> { text.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let names = quoted(&expected);
    let meant = match quoted(&found).last() {
        Some(wrong) if found.contains("unknown ") => nearest(wrong, names.iter().map(String::as_str)),
        _ => None,
    };
    let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("{found}, expected {expected}{meant}")
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
