//! For how many settings of what the paper leaves open each verdict holds, as bars and as a table.

use std::fmt::Write as _;

use super::class;
use crate::data::{Claim, Robust, Setting};
use crate::escape::escape;
use crate::sources;
use crate::words::typeset;

/// The verdicts in the order of the counts.
const VERDICTS: [&str; 3] = ["reproduced", "not reproduced", "inconclusive"];

pub(super) fn write(html: &mut String, robust: &[Robust], settings: &[Setting], claims: &[Claim]) {
    if robust.is_empty() && settings.is_empty() {
        return;
    }
    html.push_str(
        "<section aria-labelledby=\"settings\">\n<h2 id=\"settings\">Do the verdicts hang on what the paper leaves open?</h2>\n\
         <p>The same claims, judged again with other optimisers, rates, weights, placements of the pixels, bins, smoothing and scale \
         of the energies; C6 with other recipes.</p>\n<table class=\"robust\">\n<thead><tr><th scope=\"col\">Claim</th>\
         <th scope=\"col\">Settings</th><th scope=\"col\">Each over</th><th scope=\"col\">Verdicts</th></tr></thead>\n<tbody>\n",
    );
    for one in robust {
        let _ = write!(
            html,
            "<tr><th scope=\"row\">{}</th><td data-label=\"Settings\">{}</td><td data-label=\"Each over\">{}</td><td data-label=\"Verdicts\"><div class=\"bars\" aria-hidden=\"true\">",
            escape(&one.claim),
            one.settings(),
            escape(&units(&one.claim, settings, claims))
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
    let mut named: Vec<&str> = settings.iter().map(|one| one.claim.as_str()).collect();
    named.dedup();
    for claim in named {
        let _ = writeln!(
            html,
            "<details class=\"long\">\n<summary>{0}: every setting</summary>\n<p>A setting is named after what it has otherwise than base, \
             which is what most have, or of values that equally many have the first: {2}.{1}</p>\n\
             <table class=\"numbers\">\n<thead><tr><th scope=\"col\">Setting</th><th scope=\"col\">Verdict</th>\
             <th scope=\"col\">Found (KL in nats)</th></tr></thead>\n<tbody>",
            escape(claim),
            where_own(claim, settings),
            escape(&base(claim, settings)),
        );
        for one in settings.iter().filter(|one| one.claim == claim) {
            let _ = writeln!(
                html,
                "<tr><th scope=\"row\">{}{}</th><td data-label=\"Verdict\"><span class=\"{}\">{}</span></td><td data-label=\"Found\">{}</td></tr>",
                escape(&one.setting),
                mark(one),
                class(&one.verdict),
                escape(&one.verdict),
                escape(&typeset(&one.found))
            );
        }
        html.push_str("</tbody>\n</table>\n</details>\n");
    }
    html.push_str("</section>\n");
}

/// Which row is most settings', and which the page's own.
fn mark(one: &Setting) -> &'static str {
    match (one.is_base(), one.own) {
        (true, true) => " <strong class=\"mark\">what most have, and this page’s own</strong>",
        (true, false) => " <strong class=\"mark\">what most have</strong>",
        (false, true) => " <strong class=\"mark\">this page’s own</strong>",
        (false, false) => "",
    }
}

/// The params of the setting that has what most have.
fn base(claim: &str, settings: &[Setting]) -> String {
    let params = settings.iter().find(|one| one.claim == claim && one.is_base()).map(|one| &one.params);
    match params.map(|params| sources::params(params)) {
        Some(params) if !params.is_empty() => {
            params.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
        }
        _ => "no setting has that in everything".to_owned(),
    }
}

fn where_own(claim: &str, settings: &[Setting]) -> &'static str {
    let is_there = settings.iter().any(|one| one.claim == claim && one.own);
    if is_there { "" } else { " This page’s own setting is not among them." }
}

/// Over how many seeds, datasets or checkpoints a claim was judged in each setting, and how many the page's rule needs where
/// these are more.
fn units(claim: &str, settings: &[Setting], claims: &[Claim]) -> String {
    let of_claim = || settings.iter().filter(|one| one.claim == claim);
    let counts = || of_claim().map(|one| one.count);
    let (Some(few), Some(many), Some(one)) = (counts().min(), counts().max(), of_claim().next()) else {
        return "–".to_owned();
    };
    let each = if few == many { many.to_string() } else { format!("{few} to {many}") };
    let units = if many == 1 { one.units.trim_end_matches('s') } else { &one.units };
    let rule = claims.iter().find(|known| known.claim == claim).map(|known| &known.evidence);
    let needed = rule.into_iter().flatten().map(|one| one.needed).max();
    match needed {
        Some(needed) if needed > many => format!("{each} {units}; the page’s rule needs {needed}"),
        _ => format!("{each} {units}"),
    }
}
