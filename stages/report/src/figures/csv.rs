//! What a figure draws, as CSV (RFC 4180).

use std::fmt::Write as _;

/// A table with a line of names.
pub(super) struct Csv {
    text: String,
}

impl Csv {
    pub(super) fn new(names: &[&str]) -> Csv {
        Csv { text: names.join(",") + "\n" }
    }

    /// Adds a line: its words, then its numbers. What is no number is left empty.
    pub(super) fn line(&mut self, words: &[&str], numbers: &[f64]) {
        let mut cells: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        cells.extend(
            numbers.iter().map(|number| if number.is_nan() { String::new() } else { number.to_string() }),
        );
        let _ = writeln!(self.text, "{}", cells.join(","));
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

fn quoted(word: &str) -> String {
    match word.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", word.replace('"', "\"\"")),
        false => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Csv;

    #[test]
    fn words_with_commas_are_quoted_and_what_is_no_number_is_empty() {
        let mut csv = Csv::new(&["network", "epoch", "kl"]);
        csv.line(&["a,\"b\""], &[1.0, f64::NAN]);
        assert_eq!(csv.finish(), "network,epoch,kl\n\"a,\"\"b\"\"\",1,\n");
    }
}
