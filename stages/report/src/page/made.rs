//! How the page was made: every input's stage, params and digest.

use std::fmt::Write as _;

use super::Page;
use crate::escape::escape;

pub(super) fn write(html: &mut String, page: &Page<'_>) {
    html.push_str(
        "<section aria-labelledby=\"made\">\n<h2 id=\"made\">How it was made</h2>\n\
         <p>Each input says in its own metadata which stage made it, and with which params.</p>\n",
    );
    for port in page.sources {
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
    let _ = writeln!(html, "<details>\n<summary>this page</summary>\n<h3>{}</h3>", escape(page.stage));
    params(html, page.params);
    html.push_str("</details>\n</section>\n");
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
