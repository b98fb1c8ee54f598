//! What decided a claim: each number with its interval, its null and what it was held against.

use std::fmt::Write as _;

use crate::data::{Bound, Claim, Evidence, Role, Unit};
use crate::escape::escape;
use crate::words::{self, typeset};

/// The numbers that carry a verdict, as a list.
pub(super) fn list(html: &mut String, claim: &Claim) {
    html.push_str("<ul class=\"found\">");
    for one in claim.evidence.iter().filter(|one| one.role != Role::Beside) {
        item(html, one);
    }
    html.push_str("</ul>");
}

/// The numbers that stand beside it, as a list; nothing where there are none.
pub(super) fn beside(html: &mut String, claim: &Claim) {
    let beside: Vec<&Evidence> = claim.evidence.iter().filter(|one| one.role == Role::Beside).collect();
    if beside.is_empty() {
        return;
    }
    html.push_str("<dd>Beside it:<ul class=\"found\">");
    beside.into_iter().for_each(|one| item(html, one));
    html.push_str("</ul></dd>\n");
}

fn item(html: &mut String, one: &Evidence) {
    let supposes = if one.role == Role::Supposes { "Only where this is so: " } else { "" };
    let _ = write!(
        html,
        "<li>{supposes}<b>{}</b> {}<span class=\"of\">{} – {}{}</span>",
        escape(&number(one.unit, one.value)),
        escape(&over(one)),
        escape(&capitalised(&typeset(&one.quantity))),
        escape(&typeset(&one.about)),
        escape(&by_chance(one)),
    );
    if let Some((bound, verdict)) = &one.held {
        let _ = write!(
            html,
            "<span class=\"needed {}\">{}: {}{}</span>",
            super::class(verdict),
            escape(&needed(*bound, one.unit)),
            outcome(verdict),
            escape(&lacking(one)),
        );
    }
    html.push_str("</li>");
}

/// What became of one condition.
fn outcome(verdict: &str) -> &'static str {
    match verdict {
        "reproduced" => "met",
        "not reproduced" => "contradicted",
        _ => "open",
    }
}

fn needed(bound: Bound, unit: Unit) -> String {
    let (words, value) = match bound {
        Bound::AtLeast(value) => ("at least", value),
        Bound::AtMost(value) => ("at most", value),
    };
    let value = match unit {
        // As it was written, which has few digits.
        Unit::Share => typeset(&format!("{} %", (1e12 * value).round() / 1e10)),
        Unit::Nats => typeset(&format!("{value} nats")),
        Unit::None if value != 0.0 && value.abs() < 0.001 => typeset(&format!("{value:e}")),
        Unit::None => typeset(&format!("{value}")),
    };
    format!("needed {words} {value}")
}

/// How many units are missing for an answer.
fn lacking(one: &Evidence) -> String {
    if one.count < one.needed { format!(", it takes {} {}", one.needed, one.units) } else { String::new() }
}

/// A number with its unit.
fn number(unit: Unit, value: f64) -> String {
    match unit {
        _ if value.is_nan() => "unknown".to_owned(),
        Unit::Nats => format!("{} nats", words::nats(value)),
        Unit::Share => words::percent(value),
        Unit::None => plain(value),
    }
}

fn plain(value: f64) -> String {
    if value == 0.0 || (0.001..1000.0).contains(&value.abs()) {
        return typeset(&format!("{value:.3}"));
    }
    typeset(&format!("{value:.1e}"))
}

/// Its interval and over how many it is, in brackets, or why there is no number.
fn over(one: &Evidence) -> String {
    if !one.missing.is_empty() {
        return format!("({})", one.missing);
    }
    let units = counted(one.count, &one.units);
    let bare = |value| match one.unit {
        Unit::Nats => words::nats(value),
        Unit::Share => words::percent(value),
        Unit::None => plain(value),
    };
    let [low, high] = one.interval;
    if one.is_of_checkpoints() {
        return format!("(the worst of {units}, their median {})", bare(one.median));
    }
    match (low.is_nan(), low == high && one.count > 1) {
        (true, _) => format!("({units})"),
        // No spread is no certainty: a correlation over three networks has few values that it can take.
        (_, true) => format!("(the same in all {units})"),
        _ => format!("({} to {}, {units})", bare(low), bare(high)),
    }
}

fn counted(count: usize, units: &str) -> String {
    match count {
        1 => format!("1 {}", units.trim_end_matches('s')),
        _ => format!("{count} {units}"),
    }
}

fn by_chance(one: &Evidence) -> String {
    let mut text = match (&one.null, one.unit) {
        (Some(null), Unit::Share) => format!("; exact samples have {}", words::percent(null.mean)),
        (Some(null), _) => format!("; its null {}", words::null(null)),
        (None, _) => String::new(),
    };
    if let Some(p) = one.p_value {
        let _ = write!(text, "; Page’s test that it falls p = {p:.2}");
    }
    text
}

/// A sentence that answers a claim: its verdict, its statement, and the first number that carries the verdict.
pub(super) fn sentence(claim: &Claim) -> String {
    let (verdict, end) = match claim.verdict.as_str() {
        "reproduced" => ("It holds that", ""),
        "not reproduced" => ("It does not hold that", "; contradicted"),
        _ => ("It stays open whether", "; open"),
    };
    let carries = |one: &&Evidence| {
        one.role != Role::Beside && one.held.as_ref().is_some_and(|(_, verdict)| *verdict == claim.verdict)
    };
    let known = |one: &Evidence| {
        let bound = one.held.as_ref().map_or(String::new(), |(bound, _)| needed(*bound, one.unit));
        // As in `less the same at the first epoch`, without which a difference would be told as what it is of.
        let less =
            one.about.find("less the same").map_or(String::new(), |at| format!(", {}", &one.about[at..]));
        format!(": {}{less} {} {}, {bound}", typeset(&one.quantity), number(one.unit, one.value), over(one))
    };
    let numbers = claim.evidence.iter().find(carries).filter(|one| one.missing.is_empty()).map(known);
    let statement = uncapitalised(&claim.statement);
    let numbers = numbers.map_or_else(String::new, |numbers| format!("{end}{numbers}"));
    format!("{verdict} {statement} ({}{numbers}).", claim.claim)
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
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
    use statistics::null::Null;

    fn divergence(verdict: &str) -> Evidence {
        Evidence {
            role: Role::Decides,
            quantity: "median KL of F1 less its null's 97.5 % quantile".to_owned(),
            about: "CNN2 on real labels, 30 epochs".to_owned(),
            unit: Unit::Nats,
            missing: String::new(),
            units: "seeds".to_owned(),
            count: 10,
            needed: 10,
            value: 0.222,
            median: 0.2,
            interval: [0.13, 0.345],
            null: Some(Null { mean: 0.03, low: 0.021, high: 0.041 }),
            p_value: None,
            held: Some((Bound::AtMost(0.0), verdict.to_owned())),
        }
    }

    fn claim(verdict: &str, evidence: Vec<Evidence>) -> Claim {
        let [place, paper, rule, tables] = ["", "", "", ""].map(str::to_owned);
        let [claim, statement] = ["C2", "CNN2 is close"].map(str::to_owned);
        Claim { claim, statement, place, paper, rule, tables, verdict: verdict.to_owned(), evidence }
    }

    fn told(evidence: Vec<Evidence>) -> String {
        let mut html = String::new();
        list(&mut html, &claim("not reproduced", evidence));
        html.replace('\u{a0}', " ")
    }

    #[test]
    fn a_number_stands_with_its_unit_interval_null_and_what_it_was_held_against() {
        let html = told(vec![divergence("not reproduced")]);
        assert!(html.contains("<b>0.222 nats</b> (0.130 to 0.345, 10 seeds)"), "{html}");
        assert!(html.contains("30 epochs; its null 0.030 (0.021–0.041)"), "{html}");
        assert!(html.contains("needed at most 0 nats: contradicted"), "{html}");
    }

    #[test]
    fn a_share_is_in_percent_and_says_what_exact_samples_have() {
        let null = Some(Null { mean: 0.975, low: f64::NAN, high: f64::NAN });
        let share =
            Evidence { unit: Unit::Share, value: 0.4, interval: [0.1216, 0.7376], null, ..divergence("") };
        let html =
            told(vec![Evidence { held: Some((Bound::AtLeast(0.5), "inconclusive".to_owned())), ..share }]);
        assert!(html.contains("<b>40.0 %</b> (12.2 % to 73.8 %, 10 seeds)"), "{html}");
        assert!(
            html.contains("exact samples have 97.5 %") && html.contains("at least 50 %: open<"),
            "{html}"
        );
    }

    #[test]
    fn seeds_that_agree_have_no_interval_and_too_few_say_how_many_it_takes() {
        let same = Evidence { count: 5, value: -0.5, interval: [-0.5, -0.5], ..divergence("inconclusive") };
        let html = told(vec![Evidence { unit: Unit::None, ..same }]);
        assert!(html.contains("<b>−0.500</b> (the same in all 5 seeds)"), "{html}");
        assert!(html.contains("open, it takes 10 seeds"), "{html}");
    }

    #[test]
    fn of_checkpoints_the_worst_is_told_and_tiny_numbers_are_powers_of_ten() {
        let error = Evidence {
            unit: Unit::None,
            units: "checkpoints".to_owned(),
            count: 66,
            value: 7.8e-14,
            median: 1e-14,
            interval: [0.0, 7.8e-14],
            null: None,
            held: Some((Bound::AtMost(1e-9), "reproduced".to_owned())),
            ..divergence("")
        };
        let html = told(vec![error]);
        assert!(
            html.contains("<b>7.8·10⁻¹⁴</b> (the worst of 66 checkpoints, their median 1.0·10⁻¹⁴)"),
            "{html}"
        );
        assert!(html.contains("needed at most 10⁻⁹: met"), "{html}");
    }

    #[test]
    fn an_answer_says_the_verdict_and_the_number_that_carries_it() {
        let mut open = divergence("inconclusive");
        open.quantity = "share".to_owned();
        let claim = claim("not reproduced", vec![open, divergence("not reproduced")]);
        assert_eq!(
            sentence(&claim),
            "It does not hold that CNN2 is close (C2; contradicted: median KL of F1 less its null's 97.5\u{a0}% quantile 0.222 nats (0.130 to 0.345, \
             10 seeds), needed at most 0 nats)."
        );
    }

    #[test]
    fn a_difference_says_from_what() {
        let about = "f1, CNN2, last epoch, less the same at the first epoch".to_owned();
        let claim = claim("inconclusive", vec![Evidence { about, ..divergence("inconclusive") }]);
        let sentence = sentence(&claim);
        assert!(sentence.contains("quantile, less the same at the first epoch 0.222 nats"), "{sentence}");
    }

    #[test]
    fn what_is_unknown_says_why_and_has_no_place_in_an_answer() {
        let unknown = Evidence {
            missing: "no row".to_owned(),
            value: f64::NAN,
            count: 0,
            null: None,
            ..divergence("inconclusive")
        };
        assert!(told(vec![unknown.clone()]).contains("<b>unknown</b> (no row)"));
        let claim = claim("inconclusive", vec![unknown]);
        assert_eq!(sentence(&claim), "It stays open whether CNN2 is close (C2).");
    }
}
