//! How the page was made: the command, the pipeline and its graph, times, and every input's stage, params and digest.

use std::fmt::Write as _;

use super::Page;
use crate::data::Took;
use crate::escape::escape;
use crate::words;

/// What a reader needs to do it.
const ABOUT: &str = "runner and the stages are built by <code>cargo build --release</code> from the source of priorscope (Rust, \
    licensed under MIT or Apache 2.0). The digits are MNIST’s, by Yann LeCun, Corinna Cortes and Christopher J. C. Burges \
    (CC BY-SA 3.0). Engine fused trains with kernels of priorscope’s own, held against burn’s and PyTorch’s gradients. The rules of \
    the verdicts stand in claims.yaml.";

pub(super) fn write(html: &mut String, page: &Page<'_>) {
    html.push_str("<section aria-labelledby=\"made\">\n<h2 id=\"made\">How it was made</h2>\n");
    let _ = writeln!(
        html,
        "<p>This makes the same page again, {}, and repeats only what changed:</p>\n<pre><code>{}</code></pre>\n\
         <p>{ABOUT} This page is of version {}.</p>",
        if page.timings.is_empty() { "byte for byte" } else { "but for the times" },
        escape(page.command),
        env!("CARGO_PKG_VERSION"),
    );
    if !page.controls.is_empty() {
        html.push_str("<p>The controls were made by <code>runner controls.yaml</code>.</p>\n");
    }
    if !page.settings.is_empty() {
        html.push_str("<p>The other settings were made by <code>runner sensitivity.yaml</code>.</p>\n");
    }
    if let Some((text, graph)) = page.pipeline {
        let _ = writeln!(
            html,
            "<div class=\"card plain\" tabindex=\"0\" role=\"group\" aria-label=\"Graph of the pipeline\">\n{graph}</div>\n\
             <details>\n<summary>the pipeline</summary>\n<pre tabindex=\"0\"><code>{}</code></pre>\n</details>",
            escape(text)
        );
    }
    times(html, page.timings);
    html.push_str("<p>Each input says in its own metadata which stage made it, and with which params.</p>\n");
    for port in page.sources {
        let all = files(port.files.values().map(Vec::len).sum());
        let _ = writeln!(html, "<details>\n<summary><code>{}</code>: {all}</summary>", escape(port.port));
        for (source, digests) in &port.files {
            let stage = source.stage.as_deref().unwrap_or("The file does not say which stage made it.");
            let of = if port.files.len() > 1 { format!(": {}", files(digests.len())) } else { String::new() };
            let _ = writeln!(html, "<h3>{}{of}</h3>", escape(stage));
            params(html, &source.params);
            for digest in digests {
                let _ = writeln!(html, "<p class=\"digest\">BLAKE3 <code>{}</code></p>", escape(digest));
            }
        }
        html.push_str("</details>\n");
    }
    let _ = writeln!(html, "<details>\n<summary>this page</summary>\n<h3>{}</h3>", escape(page.stage));
    params(html, page.params);
    html.push_str("</details>\n</section>\n");
}

/// How long the trainings took, a table for each machine and number of threads.
fn times(html: &mut String, timings: &[Took]) {
    for took in timings.chunk_by(|one, next| (&one.machine, one.threads) == (&next.machine, next.threads)) {
        let threads = match took[0].threads {
            1 => "one thread".to_owned(),
            threads => format!("{threads} threads"),
        };
        let _ = writeln!(
            html,
            "<p>On {}, {threads} each:</p>\n<table class=\"numbers\">\n<thead><tr><th scope=\"col\">Trained</th>\
             <th scope=\"col\">Trainings</th><th scope=\"col\">Seconds an epoch</th><th scope=\"col\">All, minutes</th>\
             </tr></thead>\n<tbody>",
            escape(&took[0].machine)
        );
        for took in took {
            let _ = writeln!(
                html,
                "<tr><th scope=\"row\">{}, {} labels</th><td data-label=\"Trainings\">{}</td>\
                 <td data-label=\"Seconds an epoch\">{:.2}</td><td data-label=\"All, minutes\">{:.1}</td></tr>",
                escape(&words::network(&took.network)),
                escape(&took.labels),
                took.trainings,
                took.seconds / took.epochs.max(1) as f64,
                took.seconds / 60.0
            );
        }
        html.push_str("</tbody>\n</table>\n");
    }
    if !timings.is_empty() {
        html.push_str("<p><code>runner history</code> tells of every job, its time and its memory.</p>\n");
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
