//! The section in which a reader chooses a training, an epoch and an image. Without a script it shows the first choice.

use std::fmt::Write as _;

use stage::Error;

use super::json;
use super::pictures::OF_REGIONS;
use super::views::Views;
use crate::data::Data;
use crate::escape::escape;
use crate::figures::prior;
use crate::style;

const SCRIPT: &str = include_str!("explore.js");

/// What can be chosen: the control's name and its label.
const CONTROLS: [(&str, &str); 4] =
    [("network", "Network"), ("seed", "Seed"), ("epoch", "Epoch"), ("image", "Test image")];

/// The pictures: what a script calls them, their headings, what they are in words.
const PICTURES: [(&str, &str, &str); 4] = [
    ("x", "Image x", "The synthetic image"),
    ("regions", "Its regions", "The four regions of the image"),
    ("filters", "Filters of f1", "The filters of the first layer"),
    ("e_f1", "Energies E_F1", "The energies of F1 as a picture"),
];

pub(super) fn write(data: &Data, views: &Views) -> Result<String, Error> {
    let Some(start) = views.start() else { return Ok(String::new()) };
    let prior = prior(data.sd);
    let mut html = format!(
        "<section class=\"explore\" aria-labelledby=\"explore\">\n<h2 id=\"explore\">Explore one image in one network</h2>\n\
         <p>The activations keep every layer of some test images at some epochs. The energies of F1 are minus the \
         sum of the channels of f1 before its ReLU (Eq. 7); the claim is that they are distributed as its pixels are.{}</p>\n\
         <form class=\"choose\" autocomplete=\"off\" hidden>\n",
        left_out(data.explored.left_out)
    );
    for (name, label) in CONTROLS {
        let _ = writeln!(html, "<label>{label} <select name=\"{name}\"></select></label>");
    }
    let _ = write!(
        html,
        "</form>\n<p class=\"shown\" role=\"status\" aria-live=\"polite\">{}</p>\n<div class=\"pictures\">\n",
        escape(start.says)
    );
    for ((name, heading, alt), picture) in PICTURES.into_iter().zip(start.pictures) {
        let (source, says) = match picture {
            Some(picture) => {
                (format!(" src=\"data:image/png;base64,{}\"", picture.png), escape(&picture.says))
            }
            None => (" hidden".to_owned(), "not in the tables".into()),
        };
        let legend = if name == "regions" { swatches() } else { String::new() };
        let _ = writeln!(
            html,
            "<figure data-view=\"{name}\"><h3>{}</h3><img alt=\"{alt}\"{source}>\
             <figcaption>{legend}<span class=\"says\">{says}</span></figcaption></figure>",
            heading.replace("E_F1", "E<sub>F1</sub>"),
        );
    }
    html.push_str("</div>\n<div class=\"plots\" hidden>\n");
    let of_f1 = format!("Bars: energies of F1; line: density of P(X) = {prior}.");
    for (name, heading, legend) in [
        ("f1", "P̂(F1)", of_f1.as_str()),
        ("f2", "P̂(F2 | F1)", ""),
        ("f3", "P(F3 | F2)", ""),
        ("fy", "P(FY | F3)", "The outlined bar is the label."),
    ] {
        let _ = writeln!(
            html,
            "<figure data-view=\"{name}\"><h3>{heading}</h3><svg viewBox=\"0 0 360 210\" role=\"img\"></svg>\
             <figcaption><span class=\"says\"></span> <span class=\"legend\">{}</span></figcaption></figure>",
            escape(legend)
        );
    }
    html.push_str(
        "</div>\n<noscript><p>With a script the page shows every other choice, and the distributions of its layers. Figures 2 \
         and 4 show them for one image each.</p></noscript>\n",
    );
    html.push_str(&json("explore-data", views)?);
    let _ = write!(html, "<script>\n{SCRIPT}</script>\n</section>\n");
    Ok(html)
}

fn left_out(rows: usize) -> String {
    match rows {
        0 => String::new(),
        _ => format!(" Not on the page, to keep it small, are {rows} more rows of the activations."),
    }
}

/// The colours of the four regions.
fn swatches() -> String {
    let swatch = |colour: &[u8; 3]| {
        let [red, green, blue] = *colour;
        format!("<i style=\"background:{}\"></i>", style::hex((red, green, blue)))
    };
    let all: String = OF_REGIONS.iter().map(swatch).collect();
    format!("<span class=\"swatches\" aria-hidden=\"true\">{all}</span> ")
}
