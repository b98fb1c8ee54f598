//! The page: the claims with their verdicts, the figures with the paper's numbers beside ours, and how it was made.

use std::fmt::Write as _;

use crate::data::Claim;
use crate::escape::escape;
use crate::figures::{Figure, Number};
use crate::sources::Sources;

const STYLE: &str = include_str!("page.css");

const QUESTION: &str = "Lan and Barner claim that the first layer of a convolutional network learns the distribution of \
    its input, and that this regularises the network (Explicitly Bayesian Regularizations in Deep Learning, \
    arXiv 1910.09732). Does the distribution of its energies follow the known distribution of synthetic images more \
    closely than chance and the estimator’s own floor explain?";

/// Everything on the page.
pub struct Page<'a> {
    /// Its title.
    pub title: &'a str,
    /// Claims with their verdicts.
    pub claims: &'a [Claim],
    /// Figures in order.
    pub figures: &'a [Figure],
    /// Where the inputs came from.
    pub sources: &'a [Sources],
    /// This stage with its version.
    pub stage: &'a str,
    /// This stage's params.
    pub params: &'a [(String, String)],
}

impl Page<'_> {
    /// The page as one file.
    pub fn html(&self) -> String {
        let mut html = String::new();
        let title = escape(self.title);
        let _ = write!(
            html,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <header>\n<h1>{title}</h1>\n<p class=\"question\">{}</p>\n</header>\n",
            escape(QUESTION)
        );
        self.claims(&mut html);
        html.push_str("<section aria-labelledby=\"figures\">\n<h2 id=\"figures\">Figures</h2>\n");
        html.push_str(
            "<p>Every divergence is in nats and stands beside its null: the mean, and in brackets the range of 95 %, of \
             the same estimator over exact samples of P(X) of the same size. A divergence inside that range cannot be \
             told from that of an exact sample. Figures keep the paper’s numbers.</p>\n",
        );
        for figure in self.figures {
            draw(&mut html, figure);
        }
        html.push_str("</section>\n");
        self.sources(&mut html);
        html.push_str("</main>\n</body>\n</html>\n");
        html
    }

    fn claims(&self, html: &mut String) {
        html.push_str("<section aria-labelledby=\"claims\">\n<h2 id=\"claims\">The paper’s claims</h2>\n");
        if self.claims.is_empty() {
            html.push_str("<p>The table of claims has no rows.</p>\n</section>\n");
            return;
        }
        html.push_str(
            "<table class=\"claims\">\n<thead><tr><th scope=\"col\">Claim</th><th scope=\"col\">What the paper says</th>\
             <th scope=\"col\">Paper</th><th scope=\"col\">Found</th><th scope=\"col\">Verdict</th></tr></thead>\n\
             <tbody>\n",
        );
        for claim in self.claims {
            let place = if claim.place.is_empty() {
                String::new()
            } else {
                format!(" <span class=\"place\">{}</span>", escape(&claim.place))
            };
            let paper = if claim.paper.is_empty() { "–" } else { &claim.paper };
            let _ = writeln!(
                html,
                "<tr><th scope=\"row\">{}</th><td data-label=\"The paper says\">{}{place}</td>\
                 <td data-label=\"Paper\">{}</td><td data-label=\"Found\">{}</td>\
                 <td data-label=\"Verdict\"><strong class=\"verdict {}\">{}</strong></td></tr>",
                escape(&claim.claim),
                escape(&claim.statement),
                escape(paper),
                escape(&claim.found),
                class(&claim.verdict),
                escape(&claim.verdict),
            );
        }
        html.push_str(
            "</tbody>\n</table>\n<details>\n<summary>The rules behind the verdicts, and what stands beside them</summary>\n<dl>\n",
        );
        for claim in self.claims {
            let _ = writeln!(html, "<dt>{}</dt><dd>{}</dd>", escape(&claim.claim), escape(&claim.rule));
            if !claim.beside.is_empty() {
                let _ = writeln!(html, "<dd>Beside it: {}.</dd>", escape(&claim.beside));
            }
            let _ = writeln!(html, "<dd>Tables: <code>{}</code></dd>", escape(&claim.tables));
        }
        html.push_str("</dl>\n</details>\n</section>\n");
    }

    fn sources(&self, html: &mut String) {
        html.push_str(
            "<section aria-labelledby=\"made\">\n<h2 id=\"made\">How it was made</h2>\n\
             <p>Each input says in its own metadata which stage made it, and with which params.</p>\n",
        );
        for port in self.sources {
            let all = files(port.files.values().sum());
            let _ = writeln!(html, "<details>\n<summary><code>{}</code>: {all}</summary>", escape(port.port));
            for (source, count) in &port.files {
                let stage = source.stage.as_deref().unwrap_or("The file does not say which stage made it.");
                let of = if port.files.len() > 1 { format!(": {}", files(*count)) } else { String::new() };
                let _ = writeln!(html, "<h3>{}{of}</h3>", escape(stage));
                params(html, &source.params);
            }
            for digest in &port.digests {
                let _ = writeln!(html, "<p class=\"digest\">BLAKE3 <code>{}</code></p>", escape(digest));
            }
            html.push_str("</details>\n");
        }
        let _ = writeln!(html, "<details>\n<summary>this page</summary>\n<h3>{}</h3>", escape(self.stage));
        params(html, self.params);
        html.push_str("</details>\n</section>\n");
    }
}

fn files(count: usize) -> String {
    if count == 1 { "one file".to_owned() } else { format!("{count} files") }
}

fn params(html: &mut String, params: &[(String, String)]) {
    if params.is_empty() {
        return;
    }
    html.push_str("<ul class=\"params\">\n");
    for (name, value) in params {
        let equals = if name.is_empty() { "" } else { " = " };
        let _ = writeln!(html, "<li><code>{}{equals}{}</code></li>", escape(name), escape(value));
    }
    html.push_str("</ul>\n");
}

fn draw(html: &mut String, figure: &Figure) {
    let number = figure.number;
    let caption = match figure.caption.as_str() {
        "" => String::new(),
        words => format!("<figcaption>{}</figcaption>\n", escape(words)),
    };
    let _ = writeln!(
        html,
        "<article aria-labelledby=\"figure-{number}\">\n<h3 id=\"figure-{number}\">Figure {number}. {}</h3>\n<figure>\n\
         <div class=\"card\" tabindex=\"0\" role=\"group\" aria-label=\"Figure {number}\">\n{}</div>\n\
         {caption}</figure>",
        escape(&figure.heading),
        figure.svg,
    );
    if !figure.numbers.is_empty() {
        numbers(html, &figure.numbers);
    }
    html.push_str("</article>\n");
}

fn numbers(html: &mut String, numbers: &[Number]) {
    html.push_str(
        "<table class=\"numbers\">\n<thead><tr><th scope=\"col\">Quantity</th><th scope=\"col\">Paper</th>\
         <th scope=\"col\">Found</th><th scope=\"col\">Null</th></tr></thead>\n<tbody>\n",
    );
    for number in numbers {
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td data-label=\"Paper\">{}</td><td data-label=\"Found\">{}</td>\
             <td data-label=\"Null\">{}</td></tr>",
            escape(&number.quantity),
            escape(&number.paper),
            escape(&number.ours),
            escape(&number.null)
        );
    }
    html.push_str("</tbody>\n</table>\n");
}

/// The class of a verdict in the style sheet.
fn class(verdict: &str) -> &'static str {
    match verdict {
        "reproduced" => "reproduced",
        "not reproduced" => "not-reproduced",
        _ => "inconclusive",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_from_a_table_cannot_break_the_page() {
        let evil = || "<b onload='x'>&".to_owned();
        let claims = [Claim {
            claim: evil(),
            statement: evil(),
            place: evil(),
            paper: evil(),
            found: evil(),
            beside: evil(),
            rule: evil(),
            tables: evil(),
            verdict: evil(),
        }];
        let params = [(evil(), evil())];
        let page = Page {
            title: "<i>",
            claims: &claims,
            figures: &[],
            sources: &[],
            stage: "report",
            params: &params,
        };
        let html = page.html();
        assert!(!html.contains("<b ") && !html.contains("<i>"));
        assert!(html.contains("verdict inconclusive"));
    }

    #[test]
    fn the_page_needs_no_network_and_no_script() {
        let page = Page { title: "t", claims: &[], figures: &[], sources: &[], stage: "report", params: &[] };
        let html = page.html();
        assert!(!html.contains("<script") && !html.contains("src=") && !html.contains("@import"));
    }
}
