//! Wrong rules are refused in the words of people who write YAML, and the schema is that of the rules.

use super::read;

const RULES: &str = include_str!("../../../claims.yaml");

/// What is said of the paper's rules with one thing otherwise.
fn wrong(from: &str, to: &str) -> String {
    let text = RULES.replacen(from, to, 1);
    assert_ne!(text, RULES, "{from}");
    read(&text).unwrap_err()
}

#[test]
fn a_condition_has_one_threshold_a_finite_one_and_takes_a_unit_at_least() {
    let error = wrong("at_least: 0.95", "at_most: 1\n        at_least: 0.95");
    assert!(error.contains("either `at_least` or `at_most`"), "{error}");
    assert!(error.contains("claims[0].decides") && error.contains(" at line "), "{error}");
    assert!(wrong("at_least: 0.95", "at_least: .nan").contains("a threshold is a finite number"));
}

#[test]
fn types_are_named_as_in_yaml() {
    let ends = |from: &str, to: &str, with: &str| {
        let error = wrong(from, to);
        let (said, _) = error.split_once(" at line ").unwrap_or((&error, ""));
        assert!(said.ends_with(with), "{error}");
    };
    for (number, said) in [("-1", "the number `-1`"), ("0", "the number `0`"), ("ten", "the text \"ten\"")] {
        let with = format!("needs: this is {said}, expected a whole number from 1 on");
        ends("needs: 10", &format!("needs: {number}"), &with);
    }
    ends("needs: 10", "needs: 99999999999999999999999", "expected a whole number from 1 on");
    ends("at_least: 0.95", "at_least: [1]", "at_least: this is a list, expected a number");
    ends("epochs: 30", "epochs: \"i32, expected f64\"", "expected a whole number");
    ends("network: cnn2", "network: [cnn2]", "network: this is a list, expected text");
    ends("labels: real", "labels: real, labels: real", "duplicate entry with key \"labels\"");
    let measure = "measure: {statistic: trend, of: kl_f1_mean, labels: real, epochs: 30}";
    assert!(
        wrong(measure, "measure: 3").contains("this is the number `3`, expected a map such as {statistic:")
    );
}

#[test]
fn a_misspelt_name_is_told_with_the_one_that_may_be_meant() {
    assert!(wrong("statistic: trend,", "statistic: trnd,").contains("did you mean `trend`?"));
    assert!(wrong("needs: 10", "need: 10").contains("did you mean `needs`?"));
    assert!(wrong("column: within_null", "column: within").contains("did you mean `within_null`?"));
}

#[test]
fn what_makes_no_sense_is_refused_with_the_claim_and_the_condition() {
    let first = "C1, number 1 of `decides`: ";
    let other = |more: &str| wrong("against: normal}", &format!("against: normal, {more}}}"));
    assert!(other("minus: {}").contains(&format!("{first}`minus` names what is otherwise")));
    assert!(other("minus: {against: normal}").contains("its `against` is the row's own"));
    assert!(other("epoch: last, minus: {epoch: last}").contains("its `epoch` is the row's own"));
    assert!(other("minus: {epoch: last}").contains("the row's own `epoch` is named, too"));
    assert!(other("network: \"a\\u202eb\"").contains("is not one line"));
    assert!(other("made_with: {a: {b: c}}").contains(&format!("{first}a param in `made_with` is text")));
    assert!(wrong("epochs: 30", "epochs: 0").contains("C2, number 1 of `decides`: `epochs` is 1 or more"));
    let itself =
        wrong("correlation_within_networks, of: kl_f1_mean", "correlation_within_networks, of: test_error");
    assert!(itself.contains("the test error's correlation with itself is 1"), "{itself}");
}

#[test]
fn a_claim_has_a_short_name_of_its_own_and_texts_of_one_line() {
    assert!(wrong("claim: C2", "claim: C1").contains("the claims 1 and 2 of the list are both called C1"));
    for name in ["\"\"", "\"C\\e[31m\"", &"C".repeat(33)] {
        let error = wrong("claim: C2", &format!("claim: {name}"));
        assert!(error.contains("claim 2 of the list: `claim` is its short name"), "{error}");
    }
    assert!(wrong("claim: C2", "claim: all").contains("`all` names all claims"));
    for letter in ["n", "u202e"] {
        let error = wrong("paper: the curves coincide", &format!("paper: \"a\\{letter}b\""));
        assert!(error.contains("`paper` is one line"), "{error}");
    }
}

#[test]
fn rules_without_a_claim_or_without_a_map_are_refused() {
    assert!(read("claims: []").unwrap_err().contains("name a claim"));
    assert!(read("").unwrap_err().contains("missing field `claims`"));
    assert!(read("- 1").unwrap_err().contains("expected a map with `claims`"));
    assert!(read("claims: [1]").unwrap_err().contains("expected a map with `claim`, `statement`"));
    let nothing = "claims: [{claim: A, statement: s, place: p, paper: '', decides: []}]";
    assert!(read(nothing).unwrap_err().contains("nothing decides on A"));
}

/// The schema of the rules; `PRIORSCOPE_REMAKE=1 cargo test --release -p judge-claims --lib schema` writes it.
#[test]
fn the_schema_for_editors_is_that_of_the_rules() {
    let mut schema = schemars::schema_for!(crate::rules::Rules);
    schema.insert("title".to_owned(), "Rules of priorscope's claims".into());
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../claims.schema.json");
    if std::env::var_os("PRIORSCOPE_REMAKE").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == text,
        "claims.schema.json is not that of the rules; the doc comment says how to remake it"
    );
}
