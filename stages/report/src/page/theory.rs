//! The paper's derivations: each check over all checkpoints, and the figure of the gradient step.

use std::fmt::Write as _;

use super::drawn;
use crate::data::Checked;
use crate::escape::escape;
use crate::figures::Figure;
use crate::words;

pub(super) fn write(html: &mut String, checks: &[Checked], steps: Option<&Figure>) {
    if checks.is_empty() && steps.is_none() {
        return;
    }
    html.push_str(
        "<section aria-labelledby=\"theory\">\n<h2 id=\"theory\">The paper’s derivations</h2>\n\
         <p>Each equation of §6 is evaluated on both sides in double precision, in trained networks and untrained ones. An \
         identity must hold to rounding; an approximation, or an equation with a slip as it is printed, says how far apart \
         its sides lie. The small discretised network of C10 has a checkpoint’s own weights: one patch of the image, three \
         neurons in F1 and in F2 with five levels each, all classes, so that all its states can be summed.</p>\n",
    );
    if let Some(figure) = steps {
        drawn::write(html, figure, "");
    }
    let mut claims: Vec<&str> = checks.iter().map(|check| check.claim.as_str()).collect();
    claims.dedup();
    for claim in claims {
        let of_claim: Vec<&Checked> = checks.iter().filter(|check| check.claim == claim).collect();
        let _ = writeln!(
            html,
            "<details>\n<summary>{}: {} checks</summary>\n<table class=\"numbers\">\n<thead><tr><th scope=\"col\">Check</th>\
             <th scope=\"col\">Equation</th><th scope=\"col\">Kind</th><th scope=\"col\">Figure</th><th scope=\"col\">Median</th>\
             <th scope=\"col\">Least to largest</th><th scope=\"col\">Checkpoints</th></tr></thead>\n<tbody>",
            escape(claim),
            of_claim.len()
        );
        for check in of_claim {
            let _ = writeln!(
                html,
                "<tr><th scope=\"row\">{}</th><td data-label=\"Equation\">{}</td><td data-label=\"Kind\">{}</td>\
                 <td data-label=\"Figure\">{}</td><td data-label=\"Median\">{}</td><td data-label=\"Least to largest\">{} to {}</td>\
                 <td data-label=\"Checkpoints\">{}</td></tr>",
                escape(&words::typeset(&check.check)),
                escape(&check.equation),
                escape(&check.kind),
                escape(&check.statistic.replace('_', " ")),
                figure(check.median),
                figure(check.least),
                figure(check.largest),
                check.checkpoints,
            );
        }
        html.push_str("</tbody>\n</table>\n</details>\n");
    }
    html.push_str("</section>\n");
}

/// Three digits, and powers of ten where a number is small or large.
fn figure(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if (0.001..1000.0).contains(&size) => format!("{value:.3}"),
        _ if value.is_nan() => "unknown".to_owned(),
        _ => words::typeset(&format!("{value:.1e}")),
    }
}
