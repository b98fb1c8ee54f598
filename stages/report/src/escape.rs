//! Text that comes from outside, made safe for HTML and SVG.

use std::borrow::Cow;

/// `text` with every character that means something in markup replaced, and without the control characters that XML
/// forbids. Safe between tags and inside quoted attributes.
pub fn escape(text: &str) -> Cow<'_, str> {
    let special = |c: char| matches!(c, '<' | '>' | '&' | '"' | '\'') || forbidden(c);
    if !text.contains(special) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if forbidden(c) => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// JSON as it may stand between script tags: nothing in it can end them.
pub fn json_in_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn forbidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_a_table_cannot_become_markup() {
        let text = r#"<script>alert("x" & 'y')</script>"#;
        let safe = escape(text);
        assert!(!safe.contains(['<', '>', '"', '\'']));
        assert_eq!(safe.matches('&').count(), safe.matches(';').count());
    }

    #[test]
    fn what_xml_forbids_is_replaced_because_one_such_character_would_spoil_the_whole_figure() {
        assert_eq!(escape("a\u{0}b\u{1b}c\n"), "a\u{fffd}b\u{fffd}c\n");
    }

    #[test]
    fn json_cannot_end_the_script_that_it_stands_in() {
        let json = serde_json::to_string(r#"</script><!-- & "x""#).unwrap();
        let safe = json_in_script(&json);
        assert!(!safe.contains(['<', '>', '&']));
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), r#"</script><!-- & "x""#);
    }

    #[test]
    fn plain_text_is_left_alone() {
        assert!(matches!(escape("KL[P(X)‖P̂(F1)]"), Cow::Borrowed(_)));
    }
}
