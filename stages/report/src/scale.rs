//! Axes: whether linear or logarithmic, from where to where, and which ticks.

use crate::words;

/// Largest over smallest value from which an axis is logarithmic: beyond it a linear axis flattens what is small.
const LOG_FROM: f64 = 20.0;

/// One axis of a panel. Its places are the values themselves, or their decadic logarithms.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it shows, with its unit.
    pub title: String,
    /// Whether it is logarithmic.
    pub log: bool,
    /// Its lowest place.
    pub low: f64,
    /// Its highest place.
    pub high: f64,
    /// Places with a tick.
    pub ticks: Vec<f64>,
    decimals: usize,
    /// Whether its labels are powers of ten.
    powers: bool,
    /// What a label's number is multiplied with; it then stands in the title.
    factor: f64,
}

impl Axis {
    /// A linear axis from `low` to `high` with about `ticks` ticks.
    pub fn linear(title: &str, low: f64, high: f64, ticks: usize) -> Axis {
        let high = if high > low && (high - low).is_finite() { high } else { low + 1.0 };
        let step = nice_step((high - low) / ticks.max(1) as f64);
        let first = (low / step - 1e-9).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        let ticks = (first..=last).map(|tick| tick as f64 * step).collect();
        // Long labels would run into the title.
        let power = high.abs().max(low.abs()).log10().floor();
        let factor = if step < 0.000_999 { 10f64.powf(power) } else { 1.0 };
        let title = if factor < 1.0 {
            format!("{title} (×{})", words::power_of_ten(&(power as i32).to_string()))
        } else {
            title.to_owned()
        };
        let decimals = (-(step / factor).log10() - 1e-9).ceil().max(0.0) as usize;
        Axis { title, log: false, low, high, ticks, decimals, powers: false, factor }
    }

    /// A linear axis from 0 with whole numbers only: epochs.
    pub fn whole(title: &str, high: f64) -> Axis {
        let mut axis = Axis::linear(title, 0.0, high.max(1.0), 6);
        axis.ticks.retain(|tick| tick.fract() == 0.0);
        axis.decimals = 0;
        axis
    }

    /// An axis for values that are not negative: linear from 0, or logarithmic where they spread over more than a
    /// factor of 20 and none is 0.
    pub fn fitting(title: &str, values: impl Iterator<Item = f64> + Clone) -> Axis {
        let finite = values.filter(|value| value.is_finite());
        let smallest = finite.clone().fold(f64::INFINITY, f64::min);
        let largest = finite.fold(f64::NEG_INFINITY, f64::max);
        if spans_decades(smallest, largest) {
            return Axis::logarithmic(title, smallest, largest);
        }
        Axis::linear(title, 0.0, if largest > 0.0 { largest * 1.05 } else { 1.0 }, 5)
    }

    fn logarithmic(title: &str, smallest: f64, largest: f64) -> Axis {
        let (low, high) = (smallest.log10() - 0.08, largest.log10() + 0.08);
        let powers = high - low > 3.0;
        let digits: &[f64] = if powers { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let decades = low.floor() as i32..=high.ceil() as i32;
        let ticks =
            decades.flat_map(|decade| digits.iter().map(move |digit| f64::from(decade) + digit.log10()));
        let ticks = ticks.filter(|tick| (low..=high).contains(tick)).collect();
        Axis {
            title: format!("{title}, log scale"),
            log: true,
            low,
            high,
            ticks,
            decimals: 0,
            powers,
            factor: 1.0,
        }
    }

    /// Where a value stands; none where it cannot be shown.
    pub fn place(&self, value: f64) -> Option<f64> {
        let place = if self.log { value.log10() } else { value };
        place.is_finite().then_some(place)
    }

    /// The text beside the tick at `place`.
    pub fn label(&self, place: f64) -> String {
        if !self.log {
            return words::signed(place / self.factor, self.decimals);
        }
        let decade = (place + 1e-9).floor();
        if (-4.0..5.0).contains(&decade) && !self.powers {
            return words::signed(10f64.powf(place), (-decade).max(0.0) as usize);
        }
        let digit = 10f64.powf(place - decade).round();
        let power = words::power_of_ten(&(decade as i32).to_string());
        if digit == 1.0 { power } else { format!("{digit}·{power}") }
    }
}

/// Whether values from `smallest` to `largest` need a logarithmic axis.
pub fn spans_decades(smallest: f64, largest: f64) -> bool {
    smallest > 0.0 && largest.is_finite() && largest / smallest > LOG_FROM
}

/// 1, 2 or 5 times a power of ten, next above `rough`.
fn nice_step(rough: f64) -> f64 {
    let decade = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0].into_iter().find(|digit| digit * decade >= rough * (1.0 - 1e-9)).unwrap_or(10.0) * decade
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_is_logarithmic_only_where_a_linear_one_would_hide_the_small_values() {
        assert!(!Axis::fitting("", [0.1, 2.0].into_iter()).log);
        assert!(Axis::fitting("", [0.1, 2.01].into_iter()).log);
    }

    #[test]
    fn a_zero_keeps_the_axis_linear_because_it_has_no_logarithm() {
        assert!(!Axis::fitting("", [0.0, 0.9].into_iter()).log);
    }

    #[test]
    fn nothing_to_show_still_gives_an_axis() {
        let axis = Axis::fitting("", std::iter::empty());
        assert!(axis.low < axis.high && !axis.ticks.is_empty());
        let flat = Axis::linear("", 3.0, 3.0, 4);
        assert!(flat.low < flat.high);
    }

    #[test]
    fn ticks_are_round_numbers_with_just_enough_decimals() {
        let axis = Axis::linear("", 0.0, 0.0131, 3);
        let labels: Vec<String> = axis.ticks.iter().map(|tick| axis.label(*tick)).collect();
        assert_eq!(labels, ["0.000", "0.005", "0.010"]);
        let axis = Axis::linear("", -128.0, 128.0, 5);
        let labels: Vec<String> = axis.ticks.iter().map(|tick| axis.label(*tick)).collect();
        assert_eq!(labels, ["−100", "0", "100"]);
    }

    #[test]
    fn a_power_of_ten_goes_into_the_title_before_labels_grow_into_it() {
        let axis = Axis::linear("density", 0.0, 0.000_34, 3);
        let labels: Vec<String> = axis.ticks.iter().map(|tick| axis.label(*tick)).collect();
        assert_eq!(labels, ["0", "2"]);
        assert_eq!(axis.title, "density (×10⁻⁴)");
    }

    #[test]
    fn logarithmic_ticks_are_labelled_with_the_values_themselves() {
        let axis = Axis::fitting("", [0.02, 1.3].into_iter());
        let labels: Vec<String> = axis.ticks.iter().map(|tick| axis.label(*tick)).collect();
        assert_eq!(labels, ["0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
        assert_eq!(axis.label(6.0), "10⁶");
        assert_eq!(axis.label(-6.0), "10⁻⁶");
        let wide = Axis::fitting("", [2e-6, 3.0].into_iter());
        let labels: Vec<String> = wide.ticks.iter().map(|tick| wide.label(*tick)).collect();
        assert_eq!(labels, ["10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰"], "never two ways on one axis");
    }
}
