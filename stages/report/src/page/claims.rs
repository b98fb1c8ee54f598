//! Every claim with what was found, and the rules behind the verdicts.

use std::fmt::Write as _;

use super::{Heading, class, found};
use crate::data::Claim;
use crate::escape::escape;
use crate::words::typeset;

/// A section; `others` are numbers of the paper with what is said beside a claim that names one, `dead` networks with labels and
/// what is said where a claim is about them.
pub(super) fn write(
    html: &mut String,
    heading: &Heading,
    claims: &[Claim],
    others: &[(&str, String)],
    dead: &[(String, String)],
) {
    let Heading { id, title, says, about, .. } = heading;
    let _ = write!(html, "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n{about}");
    if claims.is_empty() {
        html.push_str("<p>The table of claims has no rows.</p>\n</section>\n");
        return;
    }
    let _ = writeln!(
        html,
        "<table class=\"claims\">\n<thead><tr><th scope=\"col\">Claim</th><th scope=\"col\">{says}</th>\
         <th scope=\"col\">Paper</th><th scope=\"col\">Found</th><th scope=\"col\">Verdict</th></tr></thead>\n\
         <tbody>"
    );
    for claim in claims {
        let place = if claim.place.is_empty() {
            String::new()
        } else {
            format!(" <span class=\"place\">{}</span>", escape(&claim.place))
        };
        let paper = if claim.paper.is_empty() { "–" } else { &claim.paper };
        let _ = write!(
            html,
            "<tr id=\"claim-{0}\"><th scope=\"row\">{0}</th><td data-label=\"{says}\">{1}{place}</td>\
             <td data-label=\"Paper\">{2}</td><td data-label=\"Found\">",
            escape(&claim.claim),
            escape(&claim.statement),
            escape(paper),
        );
        found::list(html, claim);
        let _ = writeln!(
            html,
            "{}{}</td><td data-label=\"Verdict\"><strong class=\"verdict {}\">{}</strong></td></tr>",
            of_paper(claim, others),
            of_dead(claim, dead),
            class(&claim.verdict),
            heading.verdict(&claim.verdict),
        );
    }
    html.push_str(
        "</tbody>\n</table>\n<details>\n<summary>The rules behind the verdicts, and what stands beside them</summary>\n<dl>\n",
    );
    for claim in claims {
        let _ = writeln!(html, "<dt>{}</dt><dd>{}</dd>", escape(&claim.claim), escape(&typeset(&claim.rule)));
        found::beside(html, claim);
        let _ = writeln!(html, "<dd>Tables: <code>{}</code></dd>", escape(&claim.tables));
    }
    html.push_str("</dl>\n</details>\n</section>\n");
}

/// What is said where a number that decides is over dead trainings, too.
fn of_dead(claim: &Claim, dead: &[(String, String)]) -> String {
    let is_over = |subject: &str| claim.evidence.iter().any(|one| one.about.starts_with(subject));
    let said = dead.iter().filter(|(subject, _)| is_over(subject));
    said.map(|(_, words)| format!("<p class=\"beside\">{}</p>", escape(words.trim_start()))).collect()
}

/// What is said where the paper's own figure has one of the numbers.
fn of_paper(claim: &Claim, others: &[(&str, String)]) -> String {
    let named = |number: &str| claim.paper.split([' ', ',', ';']).any(|word| word == number);
    let said = others.iter().filter(|(number, _)| named(number));
    said.map(|(_, words)| format!("<p class=\"beside\">{}</p>", escape(words))).collect()
}
