//! A figure on the page: its picture, its caption, its numbers, and what can be saved of it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::escape::escape;
use crate::figures::{Figure, Number};

/// Writes a figure, with `below` between its picture and its caption.
pub(super) fn write(html: &mut String, figure: &Figure, below: &str) {
    let (name, id) = (escape(&figure.name), figure.id());
    let caption = match figure.caption.as_str() {
        "" => String::new(),
        words => format!("<figcaption>{}</figcaption>\n", escape(words)),
    };
    let _ = writeln!(
        html,
        "<article aria-labelledby=\"{id}\">\n<h3 id=\"{id}\">{name}. {}</h3>\n<figure>\n\
         <div class=\"card\" tabindex=\"0\" role=\"group\" aria-label=\"{name}\">\n{}</div>\n\
         {below}{caption}</figure>",
        escape(&figure.heading),
        figure.svg,
    );
    if !figure.csv.is_empty() {
        save(html, figure);
    }
    if !figure.numbers.is_empty() {
        numbers(html, &figure.about, &figure.numbers);
    }
    html.push_str("</article>\n");
}

/// What can be saved: the data without a script, the pictures with one.
fn save(html: &mut String, figure: &Figure) {
    let data = STANDARD.encode(&figure.csv);
    let name = figure.id();
    let _ = write!(
        html,
        "<p class=\"save\">Save <a download=\"{name}.csv\" href=\"data:text/csv;base64,{data}\">the data (CSV)</a>"
    );
    for kind in ["svg", "png"] {
        let _ = write!(
            html,
            " <button type=\"button\" data-save=\"{kind}\" data-name=\"{name}\" hidden>{}</button>",
            kind.to_uppercase()
        );
    }
    html.push_str("</p>\n");
}

fn numbers(html: &mut String, about: &str, numbers: &[Number]) {
    html.push_str("<table class=\"numbers\">\n");
    if !about.is_empty() {
        let _ = writeln!(html, "<caption>{}</caption>", escape(about));
    }
    html.push_str(
        "<thead><tr><th scope=\"col\">Quantity</th><th scope=\"col\">Paper</th>\
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
