//! Numbers as words of a figure or a page.

use statistics::null::Null;

/// A divergence in nats: three decimals while it is small, fewer as it grows.
pub fn nats(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "unknown".to_owned() } else { "∞".to_owned() };
    }
    let decimals = match value.abs() {
        size if size < 1.0 => 3,
        size if size < 10.0 => 2,
        size if size < 100.0 => 1,
        _ => 0,
    };
    signed(value, decimals)
}

/// A share as percent: `2.1 %`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let decimals = if percent == 0.0 || percent >= 10.0 {
        1
    } else if percent < 0.1 {
        3
    } else {
        2
    };
    format!("{}\u{a0}%", signed(percent, decimals))
}

/// A number with a real minus sign.
pub fn signed(value: f64, decimals: usize) -> String {
    // A format's precision is 16 bits wide.
    let decimals = decimals.min(300);
    let text = format!("{value:.decimals$}");
    let negative_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    if negative_zero { text.replace('-', "") } else { text.replace('-', "−") }
}

/// Words of other stages as the page sets them: a real minus, powers of ten, no break before a percent sign, and a number of which only zeros
/// are told as 0. A p-value keeps its zeros: it is never 0.
pub fn typeset(text: &str) -> String {
    let mut set = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let joined = set
            .chars()
            .next_back()
            .is_some_and(|last| last.is_alphanumeric() || matches!(last, '_' | '.' | '-'));
        let length = if joined { 0 } else { length_of_number(rest) };
        if length == 0 {
            let length = next.len_utf8();
            // As in exp[-E].
            set.push_str(if next == '-' && set.ends_with('[') { "−" } else { &rest[..length] });
            rest = &rest[length..];
            continue;
        }
        let is_p = set.ends_with("p = ");
        number(&mut set, &rest[..length], is_p);
        rest = &rest[length..];
        if let Some(after) = rest.strip_prefix(" %") {
            set.push_str("\u{a0}%");
            rest = after;
        }
    }
    set
}

/// Bytes of the number that a text begins with, with its sign and its power of ten; 0 where it begins with none.
fn length_of_number(text: &str) -> usize {
    let unsigned = text.trim_start_matches('-');
    let sign = text.len() - unsigned.len();
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(unsigned);
    if sign > 1 || whole == 0 {
        return 0;
    }
    let mut end = sign + whole;
    if let Some(decimals) = text[end..].strip_prefix('.').map(digits).filter(|count| *count > 0) {
        end += 1 + decimals;
    }
    if let Some(power) = text[end..].strip_prefix('e') {
        let unsigned = power.strip_prefix('-').unwrap_or(power);
        let digits = digits(unsigned);
        end += if digits > 0 { 1 + power.len() - unsigned.len() + digits } else { 0 };
    }
    // Digits that letters follow are part of a name.
    if text[end..].starts_with(|c: char| c.is_alphabetic() || c == '_') { 0 } else { end }
}

fn number(set: &mut String, number: &str, is_p: bool) {
    let (digits, power) = number.split_once('e').unwrap_or((number, ""));
    let is_zero = digits.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    match (digits, power) {
        (_, "") if is_zero && !is_p => set.push('0'),
        (_, "") => set.push_str(&digits.replace('-', "−")),
        ("1", _) => set.push_str(&power_of_ten(power)),
        _ => set.push_str(&format!("{}·{}", digits.replace('-', "−"), power_of_ten(power))),
    }
}

/// `-14` as 10⁻¹⁴.
pub fn power_of_ten(power: &str) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = |c: char| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    format!("10{}", power.chars().map(raised).collect::<String>())
}

/// A number before a percent sign never ends a line.
pub fn unbroken(text: &str) -> String {
    let mut parts = text.split(" %");
    let mut set = parts.next().unwrap_or("").to_owned();
    for part in parts {
        set.push_str(if set.ends_with(|c: char| c.is_ascii_digit()) { "\u{a0}%" } else { " %" });
        set.push_str(part);
    }
    set
}

/// A null: its mean and 95 % range.
pub fn null(null: &Null) -> String {
    format!("{} ({}–{})", nats(null.mean), nats(null.low), nats(null.high))
}

/// A null, and by how much a divergence exceeds its mean.
pub fn null_and_excess(divergence: f64, of: &Null) -> String {
    format!("{}; excess {}", null(of), nats(divergence - of.mean))
}

/// A mean over seeds with its 95 % interval, where it has one.
pub fn over_seeds(write: fn(f64) -> String, mean: f64, [low, high]: [f64; 2], seeds: i32) -> String {
    if low.is_finite() {
        format!("{} ({} to {}, {seeds} seeds)", write(mean), write(low), write(high))
    } else {
        write(mean)
    }
}

/// A network's name as the paper writes it.
pub fn network(name: &str) -> String {
    name.to_uppercase()
}

/// The network, its labels, its seed and the epoch, in words.
pub fn training(network_name: &str, labels: &str, seed: i64, epoch: i32) -> String {
    format!("{}, {labels} labels, seed {seed}, epoch {epoch}", network(network_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_follow_the_size_because_a_kl_runs_from_thousandths_to_hundreds() {
        assert_eq!(nats(0.027_4), "0.027");
        assert_eq!(nats(4.567), "4.57");
        assert_eq!(nats(123.4), "123");
        assert_eq!(nats(f64::INFINITY), "∞");
    }

    #[test]
    fn shares_become_percent() {
        assert_eq!(percent(0.0), "0.0\u{a0}%");
        assert_eq!(percent(0.0214), "2.14\u{a0}%");
        assert_eq!(percent(0.9), "90.0\u{a0}%");
    }

    #[test]
    fn words_of_other_stages_get_a_real_minus_and_a_zero_without_decimals() {
        assert_eq!(typeset("mean -0.000 (-0.000 to 0.001, 10 datasets)"), "mean 0 (0 to 0.001, 10 datasets)");
        assert_eq!(
            typeset("-0.500 (−0.7 to -0.1), p = 0.00, exp[-E]"),
            "−0.500 (−0.7 to −0.1), p = 0.00, exp[−E]"
        );
        assert_eq!(typeset("12.16 % of 7.8e-14, 1e-9, 6.2e3"), "12.16\u{a0}% of 7.8·10⁻¹⁴, 10⁻⁹, 6.2·10³");
        let names =
            "equal-width 64, f1_standardised, generate-dataset.variance 1024, 0.03125, cnn2, epochs30-seed1";
        assert_eq!(typeset(names), names);
        assert_eq!(unbroken("95 % of 5 %, and % alone"), "95\u{a0}% of 5\u{a0}%, and % alone");
    }

    #[test]
    fn a_null_stands_with_its_range_and_with_what_is_beyond_it() {
        let null = Null { mean: 0.03, low: 0.02, high: 0.04 };
        assert_eq!(null_and_excess(0.25, &null), "0.030 (0.020–0.040); excess 0.220");
        assert_eq!(null_and_excess(0.01, &null), "0.030 (0.020–0.040); excess −0.020");
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(signed(-0.000_1, 2), "0.00");
        assert_eq!(signed(-1.5, 1), "−1.5");
    }
}
