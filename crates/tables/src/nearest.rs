//! The name that a misspelt one may be meant for.

/// How alike two names are (Jaro and Winkler, from 0 to 1) that may be meant for each other.
const ALIKE: f64 = 0.8;

/// Of some names the one that is most like `wrong`, whatever its case; none where none is like it.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let scored = names.into_iter().map(|name| (strsim::jaro_winkler(&name.to_lowercase(), &wrong), name));
    let near = scored.filter(|(likeness, _)| *likeness > ALIKE).max_by(|a, b| a.0.total_cmp(&b.0));
    near.map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_pen_is_seen_and_another_word_is_not() {
        let networks = ["cnn1", "cnn2", "single"];
        assert_eq!(nearest("CNN2", networks), Some("cnn2"));
        assert_eq!(nearest("singel", networks), Some("single"));
        assert_eq!(nearest("resnet", networks), None);
        assert_eq!(nearest("cnn2", []), None);
    }
}
