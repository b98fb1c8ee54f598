//! The distributions that pixels are drawn from: densities, cumulative distributions and quantiles, also far out in the tails.

use std::f64::consts::{PI, SQRT_2};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The shape of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// The normal distribution, density `exp(−z²/2) / √(2π)`.
    Normal,
    /// Laplace's, density `exp(−√2 |z|) / √2`.
    Laplace,
    /// The uniform one, density `1 / (2√3)` for `|z| ≤ √3`.
    Uniform,
}

impl Family {
    /// Its name in tables and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Family::Normal => "normal",
            Family::Laplace => "laplace",
            Family::Uniform => "uniform",
        }
    }
}

/// A distribution with a mean and a standard deviation above zero; `z = (x − mean) / sd` has the density of its family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distribution {
    family: Family,
    mean: f64,
    sd: f64,
}

impl Distribution {
    /// None where a number is not finite or `sd` is not above zero.
    pub fn new(family: Family, mean: f64, sd: f64) -> Option<Distribution> {
        (mean.is_finite() && sd.is_finite() && sd > 0.0).then_some(Distribution { family, mean, sd })
    }

    /// N(0, 1).
    pub const STANDARD_NORMAL: Distribution = Distribution { family: Family::Normal, mean: 0.0, sd: 1.0 };

    /// Its shape.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Its mean.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Its standard deviation.
    pub fn sd(&self) -> f64 {
        self.sd
    }

    fn standard(&self, x: f64) -> f64 {
        (x - self.mean) / self.sd
    }

    /// The density at x.
    pub fn density(&self, x: f64) -> f64 {
        self.log_density(x).exp()
    }

    /// The logarithm of the density at x, in nats; minus infinity where it is 0.
    pub fn log_density(&self, x: f64) -> f64 {
        let z = self.standard(x);
        let log = match self.family {
            Family::Normal => -0.5 * z * z - LOG_ROOT_TAU,
            Family::Laplace => -SQRT_2 * z.abs() - 0.5 * 2_f64.ln(),
            Family::Uniform if z.abs() <= ROOT_3 => -(2.0 * ROOT_3).ln(),
            Family::Uniform => f64::NEG_INFINITY,
        };
        log - self.sd.ln()
    }

    /// `P(X ≤ x)`.
    pub fn cdf(&self, x: f64) -> f64 {
        let z = self.standard(x);
        match self.family {
            Family::Normal => normal_cdf(z),
            Family::Laplace if z > 0.0 => 1.0 - 0.5 * (-SQRT_2 * z).exp(),
            Family::Laplace => 0.5 * (SQRT_2 * z).exp(),
            Family::Uniform => (0.5 + z / (2.0 * ROOT_3)).clamp(0.0, 1.0),
        }
    }

    /// `ln P(X ≤ x)` in nats, with all digits in the tail; minus infinity where it is 0.
    pub fn log_cdf(&self, x: f64) -> f64 {
        self.log_below(self.standard(x))
    }

    /// `ln P(X > x)` in nats: all three families are symmetric.
    pub fn log_survival(&self, x: f64) -> f64 {
        self.log_below(-self.standard(x))
    }

    fn log_below(&self, z: f64) -> f64 {
        match self.family {
            Family::Normal => normal_log_cdf(z),
            Family::Laplace if z > 0.0 => (-0.5 * (-SQRT_2 * z).exp()).ln_1p(),
            Family::Laplace => SQRT_2 * z - 2_f64.ln(),
            Family::Uniform => (0.5 + z / (2.0 * ROOT_3)).clamp(0.0, 1.0).ln(),
        }
    }

    /// The x with `P(X ≤ x) = share`; where the family is unbounded, infinite at 0 and 1; NaN outside.
    pub fn quantile(&self, share: f64) -> f64 {
        if !(0.0..=1.0).contains(&share) {
            return f64::NAN;
        }
        let lower = share.min(1.0 - share);
        let z = match self.family {
            Family::Normal => normal_quantile(lower),
            Family::Laplace => (2.0 * lower).ln() / SQRT_2,
            Family::Uniform => ROOT_3 * (2.0 * lower - 1.0),
        };
        self.mean + self.sd * if share > 0.5 { -z } else { z }
    }

    /// The part of the mean that lies below x, `∫_{−∞}^x t · density(t) dt`.
    pub fn partial_mean(&self, x: f64) -> f64 {
        // The same as above −x, by symmetry.
        let z = -self.standard(x).abs();
        let below = match self.family {
            Family::Normal => -(-0.5 * z * z - LOG_ROOT_TAU).exp(),
            Family::Laplace if z.is_infinite() => 0.0,
            Family::Laplace => 0.5 * (SQRT_2 * z).exp() * (z - 1.0 / SQRT_2),
            Family::Uniform => ((z * z).min(3.0) - 3.0) / (4.0 * ROOT_3),
        };
        self.mean * self.cdf(x) + self.sd * below
    }

    /// The differential entropy in nats: `½ ln(2πe)`, `1 + ½ ln 2` or `ln(2√3)`, and `ln sd`.
    pub fn entropy(&self) -> f64 {
        let standard = match self.family {
            Family::Normal => 0.5 + LOG_ROOT_TAU,
            Family::Laplace => 1.0 + 0.5 * 2_f64.ln(),
            Family::Uniform => (2.0 * ROOT_3).ln(),
        };
        standard + self.sd.ln()
    }
}

const ROOT_3: f64 = 1.732_050_807_568_877_2;

/// `ln √(2π)`.
const LOG_ROOT_TAU: f64 = 0.918_938_533_204_672_8;

fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// Below this, `erfc` is too near to the smallest numbers, and its asymptotic series has all digits.
const TAIL: f64 = -30.0;

/// `ln Φ(z)`; in the tail by `Φ(z) ~ φ(z)/(−z) · (1 − 1/z² + 3/z⁴ − 15/z⁶ + 105/z⁸)` (Abramowitz and Stegun, 26.2.12).
fn normal_log_cdf(z: f64) -> f64 {
    if z > 0.0 {
        return (-0.5 * libm::erfc(z / SQRT_2)).ln_1p();
    }
    if z > TAIL {
        return normal_cdf(z).ln();
    }
    let inverse = 1.0 / (z * z);
    let series = -inverse * (1.0 - inverse * (3.0 - inverse * (15.0 - inverse * 105.0)));
    -0.5 * z * z - (-z).ln() - LOG_ROOT_TAU + series.ln_1p()
}

/// The z with `Φ(z) = share`, for shares up to a half: from a rational approximation (Abramowitz and Stegun, 26.2.23, error
/// below 4.5e-4), Newton's method on `ln Φ`.
fn normal_quantile(share: f64) -> f64 {
    if share == 0.0 {
        return f64::NEG_INFINITY;
    }
    let log = share.ln();
    let t = (-2.0 * log).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = above / below - t;
    for _ in 0..3 {
        let value = normal_log_cdf(z);
        // The derivative of ln Φ is φ / Φ.
        z -= (value - log) * (value + 0.5 * z * z).exp() * (2.0 * PI).sqrt();
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FAMILIES: [Family; 3] = [Family::Normal, Family::Laplace, Family::Uniform];

    #[test]
    fn tails_are_finite_and_meet_the_middle() {
        let normal = Distribution::STANDARD_NORMAL;
        let near = (normal.log_cdf(TAIL.next_up()) - normal.log_cdf(TAIL)).abs();
        assert!(near < 1e-9, "{near}");
        for family in [Family::Normal, Family::Laplace] {
            let wide = Distribution::new(family, 0.0, 1.0).unwrap();
            assert!(wide.log_cdf(-1e100).is_finite());
            assert_eq!(wide.log_survival(-1e100), 0.0);
        }
    }

    #[test]
    fn a_distribution_without_width_is_refused() {
        for (mean, sd) in [(0.0, 0.0), (0.0, -1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert_eq!(Distribution::new(Family::Normal, mean, sd), None);
        }
    }

    #[test]
    fn what_is_no_share_has_no_quantile() {
        for family in FAMILIES {
            let wide = Distribution::new(family, 1.0, 2.0).unwrap();
            assert!([-0.1, 1.1, f64::NAN].iter().all(|share| wide.quantile(*share).is_nan()));
            assert!((wide.quantile(0.5) - 1.0).abs() < 1e-15);
        }
        let normal = Distribution::STANDARD_NORMAL;
        assert_eq!((normal.quantile(0.0), normal.quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
    }

    /// Sums over the places of a fine grid, whose ends are far out.
    fn integral(of: &Distribution, to: f64, f: impl Fn(f64) -> f64) -> f64 {
        let from = of.mean() - 40.0 * of.sd();
        let step = (to - from) / 200_000.0;
        (0..200_000).map(|index| from + (f64::from(index) + 0.5) * step).map(|x| step * f(x)).sum()
    }

    #[test]
    fn moments_entropy_and_parts_of_the_mean_are_integrals_of_the_density() {
        for family in FAMILIES {
            let p = Distribution::new(family, 3.0, 1.7).unwrap();
            let end = 3.0 + 40.0 * 1.7;
            assert!((integral(&p, end, |x| p.density(x)) - 1.0).abs() < 1e-4, "{family:?}");
            assert!((integral(&p, end, |x| x * p.density(x)) - 3.0).abs() < 1e-3, "{family:?}");
            let variance = integral(&p, end, |x| (x - 3.0).powi(2) * p.density(x));
            assert!((variance.sqrt() - 1.7).abs() < 1e-3, "{family:?}: {variance}");
            let entropy = integral(&p, end, |x| {
                let density = p.density(x);
                if density > 0.0 { -density * density.ln() } else { 0.0 }
            });
            assert!((entropy - p.entropy()).abs() < 1e-3, "{family:?}: {entropy}");
            for x in [-3.0, 1.0, 2.9, 3.5, 5.0, 9.0] {
                let part = integral(&p, x, |t| t * p.density(t));
                assert!((part - p.partial_mean(x)).abs() < 1e-3, "{family:?} at {x}: {part}");
                let below = integral(&p, x, |t| p.density(t));
                assert!((below - p.cdf(x)).abs() < 1e-3, "{family:?} at {x}: {below}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_quantile_is_where_the_cumulative_distribution_is(
            family in prop::sample::select(&FAMILIES), share in 1e-12_f64..0.999, mean in -9.0_f64..9.0, sd in 0.1_f64..99.0,
        ) {
            let p = Distribution::new(family, mean, sd).unwrap();
            let found = p.cdf(p.quantile(share));
            prop_assert!((found / share - 1.0).abs() < 1e-6 && (found - share).abs() < 1e-9, "{} for {}", found, share);
            prop_assert!((p.log_cdf(p.quantile(share)) - share.ln()).abs() < 1e-6);
            prop_assert!((p.log_survival(p.quantile(share)) - (1.0 - share).ln()).abs() < 1e-6);
        }
    }
}
