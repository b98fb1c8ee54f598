//! One value of a param or an axis, and its one canonical text: what is hashed, shown and passed on.

use std::cmp::Ordering;
use std::fmt;

/// How YAML writes the numbers that are none here; they are read as text.
pub const NOT_FINITE: [&str; 3] = [".nan", ".inf", "-.inf"];

/// A checked scalar from pipeline.yaml or from a default.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// true or false.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// A finite number with a fraction or an exponent.
    Number(f64),
    /// Anything else.
    Text(String),
}

impl Value {
    /// What a person would call it in an error message.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Bool(_) => "a boolean",
            Value::Integer(_) => "a whole number",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
        }
    }

    /// The value as a floating-point number, if it is one exactly.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Integer(i) => {
                let number = *i as f64;
                (number as i128 == *i).then_some(number)
            }
            Value::Number(x) => Some(*x),
            _ => None,
        }
    }

    /// The value as a whole number, if it is one exactly (`1e3` is).
    pub fn as_integer(&self) -> Option<i128> {
        match self {
            Value::Integer(i) => Some(*i),
            Value::Number(x) if x.fract() == 0.0 && x.abs() < 9.0e15 => Some(*x as i128),
            _ => None,
        }
    }

    /// Whether it is text, and its canonical text: values that are equal in both are one value, as 1 and 1.0
    /// are.
    pub fn identity(&self) -> (bool, String) {
        (matches!(self, Value::Text(_)), self.to_string())
    }

    /// Orders numbers by size and everything else by text, so that many inputs come in one order however
    /// the file lists them.
    pub fn order(&self, other: &Value) -> Ordering {
        match (self.as_number(), other.as_number()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => self.to_string().cmp(&other.to_string()),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(b) => write!(f, "{b}"),
            Value::Integer(i) => write!(f, "{i}"),
            Value::Number(_) if self.as_integer().is_some() => {
                write!(f, "{}", self.as_integer().unwrap_or_default())
            }
            Value::Number(x) => write!(f, "{x:?}"),
            Value::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_text() {
        for (value, text) in [
            (Value::Number(1.0), "1"),
            (Value::Integer(1), "1"),
            (Value::Number(-0.0), "0"),
            (Value::Number(0.001), "0.001"),
            (Value::Number(1e-7), "1e-7"),
            (Value::Number(1e3), "1000"),
            (Value::Number(1e300), "1e300"),
            (Value::Integer(-5), "-5"),
        ] {
            assert_eq!(value.to_string(), text);
        }
    }

    #[test]
    fn a_whole_number_too_large_for_a_float_is_no_number() {
        assert_eq!(Value::Integer((1 << 53) + 1).as_number(), None);
        assert_eq!(Value::Integer(1 << 53).as_number(), Some(9007199254740992.0));
    }

    #[test]
    fn numbers_are_ordered_by_size() {
        let mut values = [Value::Integer(10), Value::Integer(9), Value::Text("a".into())];
        values.sort_by(Value::order);
        assert_eq!(values[0], Value::Integer(9));
        assert_eq!(values[2], Value::Text("a".into()));
    }
}
