//! Amounts of memory and lengths of time, as a file writes them.

use crate::value::Value;
use std::time::Duration;

/// How memory is written.
pub const MEMORY_HELP: &str =
    "write text such as 2G or 512M (K, M, G, T are powers of 1024), or a number of bytes";
/// How a time is written.
pub const TIMEOUT_HELP: &str = "write text such as 90s, 30m, 1.5h or 2d, or a number of seconds";
/// The longest timeout, in seconds: 10,000 days, which every clock can still add to now.
pub(crate) const LONGEST: f64 = 10_000.0 * 86_400.0;

/// Bytes: `2G`, `512MiB`, `1.5G` or a whole number, at least 1.
pub fn memory(value: &Value) -> Option<u64> {
    let bytes = match value {
        Value::Text(text) => {
            let (number, unit) = split(text)?;
            let letter = unit.strip_suffix("iB").or(unit.strip_suffix('B')).unwrap_or(unit);
            let power = ["K", "M", "G", "T"].iter().position(|known| *known == letter)?;
            let bytes = number * 1024_f64.powi(i32::try_from(power).ok()? + 1);
            (bytes < 2_f64.powi(63)).then_some(bytes.floor() as u64)?
        }
        value => u64::try_from(value.as_integer()?).ok()?,
    };
    (bytes > 0).then_some(bytes)
}

/// A time: `90s`, `30m`, `1.5h`, `2d` or a number of seconds, more than 0.
pub fn time(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Text(text) => {
            let (number, unit) = split(text)?;
            let units = [("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];
            number * units.iter().find(|(known, _)| *known == unit)?.1
        }
        value => value.as_number()?,
    };
    let time = (seconds <= LONGEST).then(|| Duration::try_from_secs_f64(seconds).ok())??;
    (!time.is_zero()).then_some(time)
}

/// A decimal number and the unit after it.
fn split(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at_checked(end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    (digits(whole) && digits(fraction)).then(|| number.parse().ok())?.map(|number| (number, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn memory_is_in_powers_of_1024() {
        for (value, bytes) in [
            (text("2K"), 2048),
            (text("1M"), 1 << 20),
            (text("3GB"), 3 << 30),
            (text("1TiB"), 1 << 40),
            (text("1.5K"), 1536),
            (Value::Integer(7), 7),
            (Value::Number(1e9), 1_000_000_000),
        ] {
            assert_eq!(memory(&value), Some(bytes), "{value}");
        }
        for wrong in
            ["", "2", "G", "2g", "-1G", "2 G", "1.G", ".5G", "1e3K", "2GG", "0K", "99999999999T", "2Bi"]
        {
            assert_eq!(memory(&text(wrong)), None, "{wrong}");
        }
        for wrong in [Value::Integer(0), Value::Integer(-1), Value::Number(0.5), Value::Bool(true)] {
            assert_eq!(memory(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_time_is_in_seconds() {
        for (value, seconds) in [
            (text("90s"), 90.0),
            (text("30m"), 1800.0),
            (text("1.5h"), 5400.0),
            (text("2d"), 172_800.0),
            (Value::Integer(5), 5.0),
            (Value::Number(0.25), 0.25),
        ] {
            assert_eq!(time(&value), Some(Duration::from_secs_f64(seconds)), "{value}");
        }
        for wrong in
            ["", "5", "m", "5ms", "5 m", "-5m", "0s", "0.0000000000001s", "99999999d", "1.5.2h", "infs"]
        {
            assert_eq!(time(&text(wrong)), None, "{wrong}");
        }
        for wrong in [Value::Integer(0), Value::Number(-1.0), Value::Number(1e300), Value::Bool(true)] {
            assert_eq!(time(&wrong), None, "{wrong}");
        }
    }
}
