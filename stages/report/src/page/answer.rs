//! The first screen: how many claims hold, which, and the one figure that matters.

use std::fmt::Write as _;

use super::{class, found};
use crate::data::Claim;
use crate::escape::escape;
use crate::figures::Figure;

/// The questions, each with the claims that say so.
const QUESTIONS: [(&str, &[&str]); 2] = [
    ("Does the first layer learn P(X)?", &["C2", "K2"]),
    ("Does the divergence go with the test error?", &["C3", "C5"]),
];
/// The control by which a layer that learned nothing is as near to P(X).
const CALIBRATION: &str = "K5";

pub(super) fn write(html: &mut String, claims: &[Claim], controls: &[Claim], figure: Option<&Figure>) {
    html.push_str(
        "<section class=\"answer\" aria-labelledby=\"answer\">\n<h2 id=\"answer\">The answer</h2>\n",
    );
    let _ = writeln!(html, "<p class=\"lead\">{}</p>", sentence(claims));
    for (question, names) in QUESTIONS {
        let of = |name: &&str| claims.iter().chain(controls).find(|claim| claim.claim == *name);
        let found: Vec<&Claim> = names.iter().filter_map(of).collect();
        if !found.is_empty() {
            let sentences: Vec<String> = found.iter().map(|claim| found::sentence(claim)).collect();
            let _ = writeln!(
                html,
                "<p><strong>{question} {}</strong> {}</p>",
                conclusion(&found),
                escape(&sentences.join(" "))
            );
        }
    }
    let calibration =
        controls.iter().find(|claim| claim.claim == CALIBRATION && claim.verdict == "reproduced");
    if let Some(claim) = calibration {
        let _ = writeln!(
            html,
            "<p>Nearness alone is no sign of learning. {}</p>",
            escape(&found::sentence(claim))
        );
    }
    html.push_str("<ul class=\"verdicts\">\n");
    for claim in claims {
        let _ = writeln!(
            html,
            "<li class=\"{0}\"><a href=\"#claim-{1}\"><span class=\"name\">{1}</span> <strong class=\"verdict\">{2}</strong> \
             <span class=\"says\">{3}</span></a></li>",
            class(&claim.verdict),
            escape(&claim.claim),
            escape(&claim.verdict),
            escape(&claim.statement),
        );
    }
    html.push_str("</ul>\n");
    if let Some(figure) = figure {
        let (name, id) = (escape(&figure.name), figure.id());
        let _ = writeln!(
            html,
            "<p class=\"look\">What matters most, {name}: {}. <a href=\"#{id}\">Its numbers</a></p>\n\
             <div class=\"card\" tabindex=\"0\" role=\"group\" aria-label=\"{name}, first look\">\n{}</div>",
            escape(&figure.heading),
            figure.svg
        );
    }
    html.push_str("</section>\n");
}

/// What claims that say so come to.
fn conclusion(claims: &[&Claim]) -> &'static str {
    let all = |verdict: &str| claims.iter().all(|claim| claim.verdict == verdict);
    let any = |verdict: &str| claims.iter().any(|claim| claim.verdict == verdict);
    match () {
        () if all("reproduced") => "Yes, by all that was asked.",
        () if all("not reproduced") => "Nothing here says so.",
        () if any("reproduced") => "Only in part.",
        () if any("not reproduced") => "Not shown: nothing that was asked holds.",
        () => "Open.",
    }
}

/// As in "Of the paper's 12 claims 4 are reproduced, 6 are not, and 2 stay open."
fn sentence(claims: &[Claim]) -> String {
    let count = |verdict: &str| claims.iter().filter(|claim| claim.verdict == verdict).count();
    let be = |number: usize| if number == 1 { "is" } else { "are" };
    let (held, not) = (count("reproduced"), count("not reproduced"));
    let open = claims.len() - held - not;
    let stay = if open == 1 { "stays" } else { "stay" };
    match claims.len() {
        0 => "The table of claims has no rows.".to_owned(),
        all => format!(
            "Of {all} claims {held} {} reproduced, {not} {} not, and {open} {stay} open.",
            be(held),
            be(not)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(verdict: &str) -> Claim {
        let none = String::new;
        Claim {
            claim: none(),
            statement: none(),
            place: none(),
            paper: none(),
            rule: none(),
            tables: none(),
            verdict: verdict.to_owned(),
            evidence: Vec::new(),
        }
    }

    #[test]
    fn the_answer_draws_a_conclusion_from_the_verdicts() {
        let of = |verdicts: &[&str]| {
            let claims: Vec<Claim> = verdicts.iter().map(|verdict| claim(verdict)).collect();
            conclusion(&claims.iter().collect::<Vec<_>>())
        };
        assert_eq!(of(&["reproduced", "reproduced"]), "Yes, by all that was asked.");
        assert_eq!(of(&["not reproduced", "not reproduced"]), "Nothing here says so.");
        assert_eq!(of(&["reproduced", "inconclusive"]), "Only in part.");
        assert_eq!(of(&["inconclusive", "not reproduced"]), "Not shown: nothing that was asked holds.");
        assert_eq!(of(&["inconclusive"]), "Open.");
    }

    #[test]
    fn the_answer_counts_the_verdicts() {
        let claims = ["reproduced", "not reproduced", "not reproduced", "inconclusive"].map(claim);
        assert_eq!(sentence(&claims), "Of 4 claims 1 is reproduced, 2 are not, and 1 stays open.");
        assert_eq!(sentence(&[]), "The table of claims has no rows.");
    }
}
