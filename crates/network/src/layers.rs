//! What every layer computes for one image, written as the formulas stand in the paper; and the energies.

use crate::energies::EnergyFilter;
use crate::parameters::Parameters;

/// The layers of Table 1 and the energies of Eq. 7 for one image; each row-major, channel by channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Layers {
    /// `E_F1 = −Σₙ φ₁ⁿ(x)` (Eq. 7), side1 × side1.
    pub e_f1: Vec<f32>,
    /// `E_F2 = −Σₖ φ₃ᵏ(f₂)` (Eq. 7), side3 × side3.
    pub e_f2: Vec<f32>,
    /// Convolution and ReLU, channels1 × side1 × side1.
    pub f1: Vec<f32>,
    /// 2×2 max pooling, channels1 × side2 × side2.
    pub f2: Vec<f32>,
    /// Convolution and ReLU, channels2 × side3 × side3.
    pub f3: Vec<f32>,
    /// 2×2 max pooling, channels2 × side4 × side4.
    pub f4: Vec<f32>,
    /// Linear and ReLU, hidden.
    pub f5: Vec<f32>,
    /// Logits, classes.
    pub f_y: Vec<f32>,
}

/// All layers for one image of side × side pixels.
pub fn layers(parameters: &Parameters, image: &[f32]) -> Layers {
    let a = parameters.architecture();
    let views = parameters.views();
    let phi1 = convolve(image, 1, a.side, views.conv1_weight, views.conv1_bias, a.kernel1);
    let f1 = relu(phi1);
    let e_f1 = EnergyFilter::of_f1(parameters).energies(image);
    let f2 = pool(&f1, a.side1());
    let phi3 = convolve(&f2, a.channels1, a.side2(), views.conv2_weight, views.conv2_bias, a.kernel2);
    let e_f2 = EnergyFilter::of_f2(parameters).energies(&f2);
    let f3 = relu(phi3);
    let f4 = pool(&f3, a.side3());
    let f5 = relu(linear(&f4, views.fc1_weight, views.fc1_bias));
    let f_y = linear(&f5, views.fc2_weight, views.fc2_bias);
    Layers { e_f1, e_f2, f1, f2, f3, f4, f5, f_y }
}

/// The linear channels `φⁿ(f) = Σ_q S⁽ⁿ'q⁾ ∘ f^q + bⁿ·1` of a valid convolution (Eq. 3). As in every framework, ∘ is
/// the cross-correlation. `input` is channels × side × side; the result outputs × (side − kernel + 1)².
pub(crate) fn convolve(
    input: &[f32],
    channels: usize,
    side: usize,
    weight: &[f32],
    bias: &[f32],
    kernel: usize,
) -> Vec<f32> {
    let out = side - kernel + 1;
    let mut result = Vec::with_capacity(bias.len() * out * out);
    for (filters, bias) in weight.chunks_exact(channels * kernel * kernel).zip(bias) {
        for y in 0..out {
            for x in 0..out {
                let mut sum = *bias;
                for (filter, plane) in
                    filters.chunks_exact(kernel * kernel).zip(input.chunks_exact(side * side))
                {
                    for (dy, row) in filter.chunks_exact(kernel).enumerate() {
                        let start = (y + dy) * side + x;
                        for (weight, value) in row.iter().zip(&plane[start..start + kernel]) {
                            sum += weight * value;
                        }
                    }
                }
                result.push(sum);
            }
        }
    }
    result
}

fn relu(mut values: Vec<f32>) -> Vec<f32> {
    values.iter_mut().for_each(|value| *value = value.max(0.0));
    values
}

/// 2×2 max pooling of planes of side × side; an odd last row and column are left out.
fn pool(planes: &[f32], side: usize) -> Vec<f32> {
    let mut pooled = Vec::with_capacity(planes.len() / 4);
    for plane in planes.chunks_exact(side * side) {
        for y in 0..side / 2 {
            for x in 0..side / 2 {
                let top = 2 * y * side + 2 * x;
                let below = top + side;
                pooled.push(plane[top].max(plane[top + 1]).max(plane[below]).max(plane[below + 1]));
            }
        }
    }
    pooled
}

/// `W f + b`, W with outputs first.
fn linear(input: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let rows = weight.chunks_exact(input.len()).zip(bias);
    rows.map(|(row, bias)| row.iter().zip(input).fold(*bias, |sum, (weight, value)| sum + weight * value))
        .collect()
}
