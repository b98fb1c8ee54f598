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
    format!("{} %", signed(percent, decimals))
}

/// A number with a real minus sign.
pub fn signed(value: f64, decimals: usize) -> String {
    // A format's precision is 16 bits wide.
    let decimals = decimals.min(300);
    let text = format!("{value:.decimals$}");
    let negative_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    if negative_zero { text.replace('-', "") } else { text.replace('-', "−") }
}

/// A null: its mean and 95 % range.
pub fn null(null: &Null) -> String {
    format!("{} ({}–{})", nats(null.mean), nats(null.low), nats(null.high))
}

/// A null, and by how much a divergence exceeds its mean.
pub fn null_and_excess(divergence: f64, of: &Null) -> String {
    format!("{}; excess {}", null(of), nats(divergence - of.mean))
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
        assert_eq!(percent(0.0), "0.0 %");
        assert_eq!(percent(0.0214), "2.14 %");
        assert_eq!(percent(0.9), "90.0 %");
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
