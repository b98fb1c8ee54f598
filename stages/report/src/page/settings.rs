//! For how many settings of what the paper leaves open each verdict holds, as bars and as a table.

use std::fmt::Write as _;

use super::class;
use crate::data::{Robust, Setting};
use crate::escape::escape;

/// The verdicts in the order of the counts.
const VERDICTS: [&str; 3] = ["reproduced", "not reproduced", "inconclusive"];

pub(super) fn write(html: &mut String, robust: &[Robust], settings: &[Setting]) {
    if robust.is_empty() && settings.is_empty() {
        return;
    }
    html.push_str(
        "<section aria-labelledby=\"settings\">\n<h2 id=\"settings\">Do the verdicts hang on what the paper leaves open?</h2>\n\
         <p>The same claims, judged again with other optimisers, rates, weights, placements of the pixels, bins, smoothing and scale \
         of the energies; C6 with other recipes.</p>\n<table class=\"robust\">\n<thead><tr><th scope=\"col\">Claim</th>\
         <th scope=\"col\">Settings</th><th scope=\"col\">Verdicts</th></tr></thead>\n<tbody>\n",
    );
    for one in robust {
        let _ = write!(
            html,
            "<tr><th scope=\"row\">{}</th><td data-label=\"Settings\">{}</td><td data-label=\"Verdicts\"><div class=\"bars\" aria-hidden=\"true\">",
            escape(&one.claim),
            one.settings()
        );
        let counted = || VERDICTS.iter().zip(one.counts).filter(|(_, count)| *count > 0);
        for (verdict, count) in counted() {
            let _ =
                write!(html, "<span class=\"bar {}\" style=\"flex-grow:{count}\"></span>", class(verdict));
        }
        html.push_str("</div><ul class=\"counts\">");
        for (verdict, count) in counted() {
            let _ = write!(html, "<li class=\"{}\">{count} {verdict}</li>", class(verdict));
        }
        html.push_str("</ul></td></tr>\n");
    }
    html.push_str("</tbody>\n</table>\n");
    let mut claims: Vec<&str> = settings.iter().map(|one| one.claim.as_str()).collect();
    claims.dedup();
    for claim in claims {
        let _ = writeln!(
            html,
            "<details>\n<summary>{0}: every setting</summary>\n<p>A setting is named after what it has otherwise than most.</p>\n\
             <table class=\"numbers\">\n<thead><tr><th scope=\"col\">Setting</th><th scope=\"col\">Verdict</th>\
             <th scope=\"col\">Found</th></tr></thead>\n<tbody>",
            escape(claim)
        );
        for one in settings.iter().filter(|one| one.claim == claim) {
            let _ = writeln!(
                html,
                "<tr><th scope=\"row\">{}</th><td data-label=\"Verdict\"><span class=\"{}\">{}</span></td><td data-label=\"Found\">{}</td></tr>",
                escape(&one.setting),
                class(&one.verdict),
                escape(&one.verdict),
                escape(&one.found)
            );
        }
        html.push_str("</tbody>\n</table>\n</details>\n");
    }
    html.push_str("</section>\n");
}
