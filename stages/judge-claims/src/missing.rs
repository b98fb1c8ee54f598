//! Why a rule finds no row: which of the things that it asks for no row has, and what there is instead.

use std::borrow::Cow;
use std::collections::BTreeSet;

use tables::nearest;

/// The most values that are named.
const MOST_NAMED: usize = 8;

/// A text of a row.
type Of<'a, R> = Box<dyn for<'r> Fn(&'r R) -> Cow<'r, str> + 'a>;

/// One thing that a rule asks of a row.
pub(crate) struct Asked<'a, R> {
    /// The rule's field, or the param.
    pub(crate) field: &'a str,
    /// What is asked for.
    pub(crate) wanted: String,
    /// What a row has.
    pub(crate) of: Of<'a, R>,
}

impl<'a, R> Asked<'a, R> {
    pub(crate) fn new(
        field: &'a str,
        wanted: &str,
        of: impl for<'r> Fn(&'r R) -> Cow<'r, str> + 'a,
    ) -> Asked<'a, R> {
        Asked { field, wanted: wanted.to_owned(), of: Box::new(of) }
    }

    /// As in `network cnn2`.
    fn text(&self) -> String {
        format!("{} {}", self.field, or_none(&self.wanted))
    }
}

/// The rows of a table that are all that is asked for; or why there is none.
pub(crate) fn rows<'a, R>(
    table: &str,
    rows: impl IntoIterator<Item = &'a R>,
    asked: &[Asked<'_, R>],
) -> Result<Vec<&'a R>, String> {
    let mut left: Vec<&R> = rows.into_iter().collect();
    if left.is_empty() {
        return Err(format!("no row of the table {table} was given"));
    }
    for (index, one) in asked.iter().enumerate() {
        let (fit, others): (Vec<&R>, Vec<&R>) = left.iter().partition(|row| (one.of)(row) == one.wanted);
        if fit.is_empty() {
            let before: Vec<String> = asked[..index].iter().map(Asked::text).collect();
            let among =
                if before.is_empty() { String::new() } else { format!(" with {}", before.join(", ")) };
            let there: BTreeSet<Cow<'_, str>> = others.iter().map(|row| (one.of)(row)).collect();
            return Err(format!(
                "no row of {table}{among} has {}{}",
                one.text(),
                instead(&one.wanted, &there)
            ));
        }
        left = fit;
    }
    Ok(left)
}

/// What there is instead of what was asked for, and which of it may be meant.
fn instead(wanted: &str, there: &BTreeSet<Cow<'_, str>>) -> String {
    let mut named: Vec<&str> = there.iter().take(MOST_NAMED).map(|value| or_none(value)).collect();
    if there.len() > MOST_NAMED {
        named.push("...");
    }
    let meant = nearest(wanted, there.iter().map(AsRef::as_ref));
    let meant = meant.map(|value| format!("; did you mean {value}?")).unwrap_or_default();
    format!(", only {}{meant}", named.join(", "))
}

fn or_none(value: &str) -> &str {
    if value.is_empty() { "none" } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_row_has_is_named_with_what_there_is() {
        let table = [("cnn1", "real"), ("cnn2", "real"), ("cnn2", "random")];
        let asked = |network: &str, labels: &str| {
            let of_network =
                Asked::new("network", network, |row: &(&'static str, &'static str)| row.0.into());
            let of_labels = Asked::new("labels", labels, |row: &(&'static str, &'static str)| row.1.into());
            rows("summary", &table, &[of_network, of_labels])
        };
        assert_eq!(asked("cnn2", "real"), Ok(vec![&("cnn2", "real")]));
        assert_eq!(
            asked("CNN2", "real").unwrap_err(),
            "no row of summary has network CNN2, only cnn1, cnn2; did you mean cnn2?"
        );
        assert_eq!(
            asked("cnn1", "random").unwrap_err(),
            "no row of summary with network cnn1 has labels random, only real"
        );
        let none = rows::<(&str, &str)>("theory", &[], &[]);
        assert_eq!(none, Err("no row of the table theory was given".to_owned()));
    }
}
