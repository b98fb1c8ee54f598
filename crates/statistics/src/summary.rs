//! Means, spreads and quantiles.

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

/// Values shifted and scaled to mean 0 and standard deviation `sd` (of the population, `/ n`). All equal: all 0.
pub fn standardise(values: &[f32], sd: f64) -> Vec<f64> {
    let n = values.len() as f64;
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / n;
    let variance = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / n;
    let scale = if variance > 0.0 { sd / variance.sqrt() } else { 0.0 };
    values.iter().map(|value| (f64::from(*value) - mean) * scale).collect()
}

/// The Boltzmann distribution over neurons, `exp(f_k) / Σ exp(f_j)` (Eq. 9): softmax, computed from the largest.
pub fn boltzmann(activations: &[f32]) -> Vec<f64> {
    let largest = activations.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f64> =
        activations.iter().map(|f| (f64::from(*f) - f64::from(largest)).exp()).collect();
    let partition: f64 = exponentials.iter().sum();
    exponentials.iter().map(|value| value / partition).collect()
}
