//! The page: the question and the answer, the figures with the paper's numbers beside ours, and how it was made. One file that needs
//! nothing else.

mod answer;
mod claims;
mod drawn;
mod found;
mod made;
mod settings;
mod terms;
mod theory;

use std::fmt::Write as _;

use crate::data::{Checked, Claim, Robust, Setting, Took};
use crate::escape::escape;
use crate::explore::Explore;
use crate::figures::Figure;
use crate::sources::Sources;
use crate::words;

const STYLE: &str = concat!(include_str!("page/page.css"), include_str!("explore/explore.css"));
const SCRIPT: &str = include_str!("page/page.js");

const QUESTION: &str = "Lan and Barner claim that the first layer of a convolutional network learns the distribution of \
    its input, and that this regularises the network (<a href=\"https://arxiv.org/abs/1910.09732\">Explicitly Bayesian \
    Regularizations in Deep Learning, arXiv 1910.09732</a>). Does the distribution of its energies follow the known distribution of synthetic images more \
    closely than chance and the estimator’s own floor explain?";

/// The figure that matters most: does the divergence fall to its null, and does the test error follow?
const FIRST: &str = "Figure 3";

const OF_CLAIMS: Heading = Heading {
    id: "claims",
    title: "The paper’s claims",
    says: "What the paper says",
    about: "<p>Each number stands with its 95 % interval over seeds or datasets, with what pure chance gives (its null), and with \
        what it was held against: met where the whole interval is on that side, contradicted where it is wholly on the other, else \
        open. A claim is reproduced where all is met, not where something is contradicted.</p>\n",
    verdicts: ["reproduced", "not reproduced", "inconclusive"],
};
const OF_CONTROLS: Heading = Heading {
    id: "controls",
    title: "The controls",
    says: "What is asked",
    about: ABOUT_CONTROLS,
    verdicts: ["holds", "fails", "open"],
};
const ABOUT_CONTROLS: &str = "<p>Does nearness to P(X) say that a layer learned it? The same questions where the answer is known: \
    pixels of other distributions, pixels in no order, networks that never learned, one random filter.</p>\n";

/// Everything on the page.
pub struct Page<'a> {
    /// Its title.
    pub title: &'a str,
    /// Claims with their verdicts.
    pub claims: &'a [Claim],
    /// What a reader of the verdicts should know.
    pub remark: &'a str,
    /// Figures in order.
    pub figures: &'a [Figure],
    /// The controls with their verdicts.
    pub controls: &'a [Claim],
    /// Numbers of the paper that another estimator than ours gave, with words about them.
    pub other_estimators: &'a [(&'static str, String)],
    /// Networks with labels, as evidence tells what it is about, and what is said of their dead trainings.
    pub dead: &'a [(String, String)],
    /// How far the paper's formulas hold.
    pub checks: &'a [Checked],
    /// The figure of the gradient step.
    pub steps: Option<&'a Figure>,
    /// For how many settings each verdict holds.
    pub robust: &'a [Robust],
    /// Every setting.
    pub settings: &'a [Setting],
    /// How long the trainings took.
    pub timings: &'a [Took],
    /// The pipeline's text, and its graph as SVG.
    pub pipeline: Option<(&'a str, &'a str)>,
    /// What makes the page again.
    pub command: &'a str,
    /// What the reader chooses among.
    pub explore: &'a Explore,
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
            QUESTION
        );
        let at = html.len();
        let first = self.figures.iter().find(|figure| figure.name == FIRST);
        answer::write(&mut html, self.claims, self.controls, first);
        claims::write(&mut html, &OF_CLAIMS, self.claims, self.other_estimators, self.dead);
        if !self.remark.is_empty() {
            let _ = writeln!(html, "<p>{}</p>", escape(self.remark));
        }
        html.push_str("<section aria-labelledby=\"figures\">\n<h2 id=\"figures\">Figures</h2>\n");
        html.push_str(
            "<p>Every divergence is in nats and stands beside its null: the mean, and in brackets the range of 95 %, of \
             the same estimator over exact samples of P(X) of the same size. A divergence inside that range cannot be \
             told from that of an exact sample. Figures keep the paper’s numbers; its Figures 6 and 7 are drawings of a network and \
             of a matrix, without data.</p>\n",
        );
        for figure in self.figures {
            let below = if figure.name == FIRST { &self.explore.epochs } else { "" };
            drawn::write(&mut html, figure, below);
        }
        html.push_str("</section>\n");
        html.push_str(&self.explore.section);
        if !self.controls.is_empty() {
            claims::write(&mut html, &OF_CONTROLS, self.controls, &[], self.dead);
        }
        theory::write(&mut html, self.checks, self.steps);
        settings::write(&mut html, self.robust, self.settings, self.claims);
        terms::write(&mut html);
        // All but the commands, the pipeline and the params, which are to be copied as they stand.
        html = words::unbroken(&html);
        made::write(&mut html, self);
        let contents = contents(&html);
        html.insert_str(at, &contents);
        let _ = write!(html, "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
        html
    }
}

/// Links to all sections, by their headings.
fn contents(html: &str) -> String {
    let headings = html.split("<h2 id=\"").skip(1).filter_map(|rest| {
        let (id, rest) = rest.split_once("\">")?;
        Some((id, rest.split_once("</h2>")?.0))
    });
    let links: String =
        headings.map(|(id, title)| format!("<li><a href=\"#{id}\">{title}</a></li>")).collect();
    format!("<nav aria-label=\"Contents\"><ul>{links}</ul></nav>\n")
}

/// What stands above a table of claims, and how their verdicts are called.
struct Heading {
    /// Its place on the page.
    id: &'static str,
    title: &'static str,
    /// The column of the statements.
    says: &'static str,
    /// HTML before the table.
    about: &'static str,
    /// For reproduced, not reproduced and inconclusive.
    verdicts: [&'static str; 3],
}

impl Heading {
    fn verdict(&self, verdict: &str) -> &'static str {
        let [holds, fails, open] = self.verdicts;
        match verdict {
            "reproduced" => holds,
            "not reproduced" => fails,
            _ => open,
        }
    }
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
    use crate::data::{Bound, Evidence, Role, Unit};

    const NOTHING: &Explore = &Explore { section: String::new(), epochs: String::new() };

    fn page<'a>(claims: &'a [Claim], params: &'a [(String, String)]) -> Page<'a> {
        Page {
            title: "<i>",
            claims,
            remark: "<i>",
            figures: &[],
            controls: claims,
            other_estimators: &[],
            dead: &[],
            checks: &[],
            steps: None,
            robust: &[],
            settings: &[],
            timings: &[],
            pipeline: None,
            command: "<i>",
            explore: NOTHING,
            sources: &[],
            stage: "report",
            params,
        }
    }

    #[test]
    fn a_claim_from_a_table_cannot_break_the_page() {
        let evil = || "<b onload='x'>&".to_owned();
        let claims = [Claim {
            claim: evil(),
            statement: evil(),
            place: evil(),
            paper: evil(),
            rule: evil(),
            tables: evil(),
            verdict: evil(),
            evidence: vec![Evidence {
                role: Role::Decides,
                quantity: evil(),
                about: evil(),
                unit: Unit::None,
                missing: evil(),
                units: evil(),
                count: 0,
                needed: 1,
                value: 0.0,
                median: 0.0,
                interval: [0.0; 2],
                null: None,
                p_value: None,
                held: Some((Bound::AtMost(0.0), evil())),
            }],
        }];
        let params = [(evil(), evil())];
        let html = page(&claims, &params).html();
        assert!(!html.contains("<b ") && !html.contains("<i>"));
        assert!(html.contains("verdict inconclusive"));
    }

    #[test]
    fn the_contents_lead_to_every_section() {
        let html = page(&[], &[]).html();
        let links = html.matches("<li><a href=\"#").count();
        assert_eq!(links, html.matches("<h2 id=").count());
        assert!(html.contains("<a href=\"#terms\">What the words mean</a>"), "{html}");
    }

    #[test]
    fn the_page_needs_no_network() {
        let html = page(&[], &[]).html();
        assert!(!html.contains("src=") && !html.contains("@import") && !html.contains("<link"));
    }
}
