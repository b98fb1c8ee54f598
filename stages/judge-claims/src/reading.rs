//! From the text of a file of rules to the rules, or to a sentence in the words of people who write YAML. The only module that
//! knows serde_yaml.

use tables::nearest;

use crate::rules::{Claim, Estimate, Measure, Number, Otherwise, OverNetworks, Rules, Subject, Trainings};

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
    if claim.id.is_empty() || claim.id.chars().count() > LONGEST_ID || !claim.id.chars().all(of_name) {
        return Err(format!(
            "`claim` is its short name: up to {LONGEST_ID} letters, digits, `-`, `_` and `.`"
        ));
    }
    for (name, text) in [("statement", &claim.statement), ("place", &claim.place), ("paper", &claim.paper)] {
        if text.chars().count() > LONGEST_TEXT || text.chars().any(char::is_control) {
            return Err(format!("`{name}` is one line of up to {LONGEST_TEXT} characters"));
        }
    }
    if claim.decides.is_empty() {
        return Err(format!("nothing decides on {}; `decides` needs a condition", claim.id));
    }
    for (index, condition) in claim.decides.iter().enumerate() {
        check_measure(&condition.measure)
            .map_err(|wrong| format!("{}, condition {}: {wrong}", claim.id, index + 1))?;
    }
    for (index, measure) in claim.beside.iter().enumerate() {
        check_measure(measure)
            .map_err(|wrong| format!("{}, number {} of `beside`: {wrong}", claim.id, index + 1))?;
    }
    Ok(())
}

fn check_measure(measure: &Measure) -> Result<(), &'static str> {
    let correlates =
        matches!(measure, Measure::CorrelationWithinNetworks(_) | Measure::CorrelationBetweenNetworks(_));
    match measure.subject() {
        Subject::OneNetwork(Trainings { epochs, .. }) | Subject::AllNetworks(OverNetworks { epochs, .. })
            if *epochs < 1 =>
        {
            Err("`epochs` is 1 or more")
        }
        Subject::AllNetworks(over) if correlates && over.of == Number::TestError => Err(
            "the test error's correlation with itself is 1; `of` is kl_f1_mean or kl_f1_standardised_mean",
        ),
        Subject::Estimates(estimate) => check_estimate(estimate),
        _ => Ok(()),
    }
}

fn check_estimate(estimate: &Estimate) -> Result<(), &'static str> {
    if estimate.minus == Some(Otherwise::default()) {
        return Err("`minus` names what is otherwise: against, network or epoch");
    }
    let is_plain = |value: &serde_json::Value| value.is_string() || value.is_number() || value.is_boolean();
    match estimate.made_with.values().all(is_plain) {
        true => Ok(()),
        false => Err("a param in `made_with` is text, a number, true or false"),
    }
}

/// What stands there, as serde and YAML call it.
const FOUND: [(&str, &str); 8] = [
    ("invalid type: sequence", "this is a list"),
    ("invalid type: map", "this is a map"),
    ("invalid type: unit value", "nothing stands here"),
    ("invalid type: integer", "this is the number"),
    ("invalid type: floating point", "this is the number"),
    ("invalid type: string", "this is the text"),
    ("invalid type: boolean", "this is"),
    ("invalid value: integer", "this is the number"),
];

/// What is expected, as serde and YAML call it.
const EXPECTED: [(&str, &str); 7] = [
    ("usize", "a whole number from 0 on"),
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
