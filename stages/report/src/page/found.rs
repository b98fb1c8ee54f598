//! What decided a claim, taken apart: each part with what it was held against, and the parts that carry the verdict.
//!
//! `found` and `rule` are words of `judge-claims`: parts between `; `, and a part as in `WHAT NUMBER (INTERVAL): met`, which the rule
//! repeats as `WHAT at least THRESHOLD (over 10 seeds or more)`. Words of any other form are shown as they stand.

use crate::data::Claim;
use crate::words::typeset;

/// What a part says of its condition, at its end or before what it needs.
const ENDS: [&str; 3] = [": met", ": contradicted", ": open"];

/// One part of what was found.
struct Part<'a> {
    words: &'a str,
    /// What it says of its condition; empty where it says nothing.
    end: &'a str,
    /// What is measured, and what it was held against; empty where the rule has no such words.
    measure: &'a str,
    against: &'a str,
}

fn parts(claim: &Claim) -> Vec<Part<'_>> {
    let mut rules = conditions(&claim.rule);
    let part = |whole| {
        let (words, end) = str::split_at(whole, end_of(whole));
        let of = |(measure, _): &(&str, &str)| words.contains(&format!("{measure} "));
        // Each condition once: a claim may hold one measure against two thresholds.
        let (measure, against) = match rules.iter().position(of) {
            Some(at) => rules.remove(at),
            None => ("", ""),
        };
        Part { words, end, measure, against }
    };
    split(&claim.found).into_iter().map(part).collect()
}

/// Where a part's words end and what it says of its condition begins.
fn end_of(part: &str) -> usize {
    let at = |end: &&str| {
        let at = part.rfind(*end)?;
        let rest = &part[at + end.len()..];
        (rest.is_empty() || rest.starts_with(", ")).then_some(at)
    };
    ENDS.iter().find_map(at).unwrap_or(part.len())
}

/// The parts between semicolons, but for those within brackets.
fn split(found: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (at, c) in found.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ';' if depth == 0 && found[at..].starts_with("; ") => {
                parts.push(&found[from..at]);
                from = at + 2;
            }
            _ => {}
        }
    }
    parts.push(&found[from..]);
    parts
}

/// A rule's measures, each with its threshold.
fn conditions(rule: &str) -> Vec<(&str, &str)> {
    let one = |part| {
        let at = [" at least ", " at most "].into_iter().find_map(|word| str::find(part, word))?;
        let (measure, rest) = part.split_at(at);
        let end = rest.find(" (").unwrap_or(rest.len());
        Some((measure.trim_start_matches("Asked only where "), rest[..end].trim()))
    };
    rule.split("; ").flat_map(|part| part.split(". ")).filter_map(one).collect()
}

/// What was found, with the threshold of every condition and nats beside every divergence.
pub(super) fn told(claim: &Claim) -> String {
    let part = |part: &Part<'_>| {
        let needed = match part.against {
            "" => String::new(),
            against => format!(", needed {against}{}", unit(part.measure)),
        };
        format!("{}{needed}{}", with_unit(part.words, part.measure), part.end)
    };
    typeset(&parts(claim).iter().map(part).collect::<Vec<_>>().join("; "))
}

fn unit(measure: &str) -> &'static str {
    let what = measure.rsplit(": ").next().unwrap_or(measure);
    let no_unit = ["share", "correlation", "relative"].iter().any(|word| what.contains(word));
    if what.contains("KL") && !no_unit { " nats" } else { "" }
}

/// The words with the measure's unit behind its number.
fn with_unit(words: &str, measure: &str) -> String {
    let unit = unit(measure);
    let number = words.find(measure).map(|at| at + measure.len() + 1).filter(|_| !unit.is_empty());
    let is_number =
        |from: &usize| words.get(*from..).is_some_and(|rest| !rest.starts_with(char::is_alphabetic));
    let number = number.filter(is_number);
    match number.and_then(|from| Some(from + words.get(from..)?.find([' ', ','])?)) {
        Some(end) => format!("{}{unit}{}", &words[..end], &words[end..]),
        None => words.to_owned(),
    }
}

/// A sentence that answers a claim: its verdict, its statement, and the numbers that decided.
pub(super) fn sentence(claim: &Claim) -> String {
    let (verdict, end) = match claim.verdict.as_str() {
        "reproduced" => ("It holds that", ": met"),
        "not reproduced" => ("It does not hold that", ": contradicted"),
        _ => ("It stays open whether", ": open"),
    };
    let number = |part: &Part<'_>| {
        let words = with_unit(part.words, part.measure);
        let (setting, number) = words.rsplit_once(": ").unwrap_or(("", &words));
        let less = setting.find("less the same").map_or("", |at| &setting[at..]);
        let comma = if less.is_empty() { "" } else { ", " };
        format!("{number}{comma}{less}")
    };
    let has_number = |part: &&Part<'_>| part.end.starts_with(end) && !part.words.contains(" unknown");
    let decided: Vec<String> = parts(claim).iter().filter(has_number).map(number).collect();
    let numbers = if decided.is_empty() { String::new() } else { format!(": {}", decided.join("; ")) };
    typeset(&format!("{verdict} {} ({}{numbers}).", uncapitalised(&claim.statement), claim.claim))
}

/// Without the capital of a sentence; names such as CNN2 or P(X) keep theirs.
fn uncapitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(letters).collect(),
        _ => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(verdict: &str, statement: &str, found: &str, rule: &str) -> Claim {
        let [claim, place, paper, beside, tables] = ["C2", "", "", "", ""].map(str::to_owned);
        let [verdict, statement, found, rule] = [verdict, statement, found, rule].map(str::to_owned);
        Claim { claim, statement, place, paper, found, beside, rule, tables, verdict }
    }

    const FOUND: &str = "CNN2, 30 epochs: share that reaches zero 40.00 % (12.16 % to 73.76 %, 10 seeds): open; \
        CNN2, 30 epochs: median KL of F1 less its null's quantile 0.222 (0.130 to 0.345, 10 seeds), that null 0.030: contradicted";
    const RULE: &str = "CNN2, 30 epochs: share that reaches zero at least 50 % (over 10 seeds or more); \
        CNN2, 30 epochs: median KL of F1 less its null's quantile at most 0 (over 10 seeds or more). Reproduced where every one is so.";

    #[test]
    fn thresholds_stand_where_they_decide_and_divergences_are_in_nats() {
        let claim = claim("not reproduced", "", FOUND, RULE);
        let words = told(&claim).replace('\u{a0}', " ");
        assert!(words.contains("10 seeds), needed at least 50 %: open; CNN2"), "{words}");
        assert!(
            words.ends_with(
                "0.222 nats (0.130 to 0.345, 10 seeds), that null 0.030, needed at most 0 nats: contradicted"
            ),
            "{words}"
        );
    }

    #[test]
    fn one_measure_held_against_two_thresholds_tells_both() {
        let claim = claim(
            "reproduced",
            "",
            "error 90 %: met; error 90 %: met",
            "error at least 88 %; error at most 92 %. So.",
        );
        let words = told(&claim).replace('\u{a0}', " ");
        assert_eq!(words, "error 90 %, needed at least 88 %: met; error 90 %, needed at most 92 %: met");
    }

    #[test]
    fn an_answer_says_the_verdict_and_only_the_numbers_that_decided() {
        let claim = claim("not reproduced", "CNN2 is close", FOUND, RULE);
        assert_eq!(
            sentence(&claim),
            "It does not hold that CNN2 is close (C2: median KL of F1 less its null's quantile 0.222 nats (0.130 to 0.345, 10 seeds), \
             that null 0.030)."
        );
    }

    #[test]
    fn brackets_are_one_part_and_what_is_open_says_what_it_needs() {
        let found = "error 2e-9 (the worst of 6; their median 1e-9): met; KL 0.2 (1 seed): open, it needs 10";
        let claim = claim(
            "inconclusive",
            "It is",
            found,
            "error at most 1e-6 (in each); KL at most 0 (over 10 seeds). So.",
        );
        let words = told(&claim);
        assert_eq!(
            words,
            "error 2·10⁻⁹ (the worst of 6; their median 10⁻⁹), needed at most 10⁻⁶: met; KL 0.2 nats (1 seed), needed at most 0 nats: \
             open, it needs 10"
        );
        assert_eq!(sentence(&claim), "It stays open whether it is (C2: KL 0.2 nats (1 seed)).");
    }

    #[test]
    fn what_is_unknown_has_no_unit_and_no_place_in_an_answer() {
        let claim =
            claim("inconclusive", "It is", "KL unknown (no row): open", "KL at most 0 (over 10 seeds). So.");
        assert_eq!(told(&claim), "KL unknown (no row), needed at most 0 nats: open");
        assert_eq!(sentence(&claim), "It stays open whether it is (C2).");
    }

    #[test]
    fn words_of_another_form_are_shown_as_they_stand() {
        let claim = claim("inconclusive", "Pixels follow", "no row has it", "");
        assert_eq!(
            (told(&claim).as_str(), sentence(&claim).as_str()),
            ("no row has it", "It stays open whether pixels follow (C2).")
        );
    }
}
