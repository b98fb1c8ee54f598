//! The first screen: how many claims hold, which, and the one figure that matters.

use std::fmt::Write as _;

use super::{class, found};
use crate::data::Claim;
use crate::escape::escape;
use crate::figures::Figure;

/// The questions, each with the claims that answer it.
const QUESTIONS: [(&str, &[&str]); 2] = [
    ("Does the first layer learn P(X)?", &["C2", "K2", "K5"]),
    ("Does the divergence go with the test error?", &["C3", "C5"]),
];

pub(super) fn write(html: &mut String, claims: &[Claim], controls: &[Claim], figure: Option<&Figure>) {
    html.push_str(
        "<section class=\"answer\" aria-labelledby=\"answer\">\n<h2 id=\"answer\">The answer</h2>\n",
    );
    let _ = writeln!(html, "<p class=\"lead\">{}</p>", sentence(claims));
    for (question, names) in QUESTIONS {
        let of = |name: &&str| claims.iter().chain(controls).find(|claim| claim.claim == *name);
        let sentences: Vec<String> = names.iter().filter_map(of).map(found::sentence).collect();
        if !sentences.is_empty() {
            let _ = writeln!(html, "<p><strong>{question}</strong> {}</p>", escape(&sentences.join(" ")));
        }
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
    fn the_answer_counts_the_verdicts() {
        let claims = ["reproduced", "not reproduced", "not reproduced", "inconclusive"].map(claim);
        assert_eq!(sentence(&claims), "Of 4 claims 1 is reproduced, 2 are not, and 1 stays open.");
        assert_eq!(sentence(&[]), "The table of claims has no rows.");
    }
}
