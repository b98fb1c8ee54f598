//! Means, spreads and quantiles.

use pulp::{Arch, Simd, WithSimd};

/// The arithmetic mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The sample standard deviation, `√(Σ(x − x̄)² / (n − 1))`; 0 of fewer than two values.
pub fn sd(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// The quantile `share` (0 to 1) of values in ascending order, linear between neighbours (NumPy's default; type 7 of
/// Hyndman and Fan, 1996); NaN of nothing.
pub fn quantile_of_sorted(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

/// Where values lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Their mean; NaN of nothing, not finite where a value is not.
    pub mean: f64,
    /// Their standard deviation as a population, `√(Σ(x − x̄)² / n)`.
    pub sd: f64,
}

impl Moments {
    /// What `x − mean` is multiplied by to have the standard deviation `sd`; 0 where all values are equal.
    pub fn scale_to(&self, sd: f64) -> f64 {
        if self.sd > 0.0 { sd / self.sd } else { 0.0 }
    }
}

/// Sums that are kept side by side, so that vectors of any width add in the same order.
const LANES: usize = 16;

/// Mean and standard deviation, summed in double precision in an order that is fixed whatever the machine.
pub fn moments(values: &[f32]) -> Moments {
    Arch::new().dispatch(Sums { values })
}

/// The sums behind the moments, as the machine's vectors do them.
struct Sums<'a> {
    values: &'a [f32],
}

impl WithSimd for Sums<'_> {
    type Output = Moments;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Moments {
        let n = self.values.len() as f64;
        let mean = sum_of(self.values, |value| value) / n;
        let squares = sum_of(self.values, |value| (value - mean) * (value - mean));
        Moments { mean, sd: (squares / n).sqrt() }
    }
}

#[inline(always)]
fn sum_of(values: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let (rows, rest) = values.as_chunks::<LANES>();
    for row in rows {
        for lane in 0..LANES {
            sums[lane] += of(f64::from(row[lane]));
        }
    }
    sums.iter_mut().zip(rest).for_each(|(sum, value)| *sum += of(f64::from(*value)));
    sums.iter().sum()
}

/// Values shifted and scaled to mean 0 and standard deviation `sd` (of the population, `/ n`). All equal: all 0.
pub fn standardise(values: &[f32], sd: f64) -> Vec<f64> {
    let moments = moments(values);
    let scale = moments.scale_to(sd);
    values.iter().map(|value| (f64::from(*value) - moments.mean) * scale).collect()
}

/// The Boltzmann distribution over neurons, `exp(f_k) / Σ exp(f_j)` (Eq. 9): softmax, computed from the largest.
pub fn boltzmann(activations: &[f32]) -> Vec<f64> {
    let largest = activations.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f64> =
        activations.iter().map(|f| (f64::from(*f) - f64::from(largest)).exp()).collect();
    let partition: f64 = exponentials.iter().sum();
    exponentials.iter().map(|value| value / partition).collect()
}
