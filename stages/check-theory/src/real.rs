//! What the layers compute for one image in double precision, with each value before ReLU and each choice of pooling.
//!
//! Written apart from the engines, and slower: here rounding must be far below what is looked for.

use network::Parameters;

/// The shapes of a valid convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Channels of its input.
    pub inputs: usize,
    /// Side of its input.
    pub side: usize,
    /// Side of its filters.
    pub kernel: usize,
    /// Channels of its output.
    pub outputs: usize,
}

impl Convolution {
    /// Side of its output.
    pub fn out(&self) -> usize {
        self.side - self.kernel + 1
    }

    /// The linear channels `φⁿ(f) = Σ_q S⁽ⁿ'q⁾ ∘ f^q + bⁿ·1` (Eq. 3), outputs × out². As in every framework, ∘ is the
    /// cross-correlation. The filters of `layer` are outputs × inputs × kernel²; `input` is inputs × side².
    pub fn apply(&self, layer: &Layer, input: &[f64]) -> Vec<f64> {
        let (kernel, side, out) = (self.kernel, self.side, self.out());
        let mut result = Vec::with_capacity(self.outputs * out * out);
        for (filters, bias) in layer.weight.chunks_exact(self.inputs * kernel * kernel).zip(&layer.bias) {
            for y in 0..out {
                let start = result.len();
                result.resize(start + out, *bias);
                let row = &mut result[start..];
                let planes = filters.chunks_exact(kernel * kernel).zip(input.chunks_exact(side * side));
                for (filter, plane) in planes {
                    for (tap, weight) in filter.iter().enumerate() {
                        let from = (y + tap / kernel) * side + tap % kernel;
                        let values = &plane[from..from + out];
                        row.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
                    }
                }
            }
        }
        result
    }
}

/// Weights, outputs first, and biases of one layer; or their derivatives.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Outputs × inputs of one output.
    pub weight: Vec<f64>,
    /// Outputs.
    pub bias: Vec<f64>,
}

impl Layer {
    fn of(weight: &[f32], bias: &[f32]) -> Layer {
        Layer { weight: real(weight), bias: real(bias) }
    }

    /// `W f + b`.
    pub fn apply(&self, input: &[f64]) -> Vec<f64> {
        let rows = self.weight.chunks_exact(input.len().max(1)).zip(&self.bias);
        rows.map(|(row, bias)| row.iter().zip(input).fold(*bias, |sum, (weight, value)| sum + weight * value))
            .collect()
    }

    /// The same weights without biases: what a layer does to a change of its input.
    pub fn without_bias(&self) -> Layer {
        Layer { weight: self.weight.clone(), bias: vec![0.0; self.bias.len()] }
    }

    /// `θ − α g` (Eq. 35).
    fn stepped(&self, step: f64, gradient: &Layer) -> Layer {
        let less = |values: &[f64], by: &[f64]| values.iter().zip(by).map(|(v, g)| v - step * g).collect();
        Layer { weight: less(&self.weight, &gradient.weight), bias: less(&self.bias, &gradient.bias) }
    }
}

/// The parameters of a network in double precision; or a gradient of the same shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Real {
    /// The shapes of f1.
    pub conv1: Convolution,
    /// The shapes of f3.
    pub conv2: Convolution,
    /// Filters and biases of f1.
    pub f1: Layer,
    /// Filters and biases of f3.
    pub f3: Layer,
    /// Weights and biases of f5.
    pub f5: Layer,
    /// Weights and biases of fY.
    pub f_y: Layer,
}

/// All layers for one image, row-major, channel by channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Layers {
    /// The image.
    pub x: Vec<f64>,
    /// f1 before ReLU.
    pub phi1: Vec<f64>,
    /// After ReLU.
    pub f1: Vec<f64>,
    /// After pooling.
    pub f2: Pooled,
    /// f3 before ReLU.
    pub phi3: Vec<f64>,
    /// After ReLU.
    pub f3: Vec<f64>,
    /// After pooling.
    pub f4: Pooled,
    /// f5 before ReLU.
    pub phi5: Vec<f64>,
    /// After ReLU.
    pub f5: Vec<f64>,
    /// Logits.
    pub f_y: Vec<f64>,
}

/// Planes after 2×2 max pooling.
#[derive(Clone, Debug, PartialEq)]
pub struct Pooled {
    /// The largest of each four.
    pub values: Vec<f64>,
    /// Where it stood in the planes; none where all four were 0.
    pub choices: Vec<Option<usize>>,
}

impl Real {
    /// Parameters, or a gradient, in double precision.
    pub fn of(parameters: &Parameters) -> Real {
        let (a, views) = (parameters.architecture(), parameters.views());
        Real {
            conv1: Convolution { inputs: 1, side: a.side, kernel: a.kernel1, outputs: a.channels1 },
            conv2: Convolution {
                inputs: a.channels1,
                side: a.side2(),
                kernel: a.kernel2,
                outputs: a.channels2,
            },
            f1: Layer::of(views.conv1_weight, views.conv1_bias),
            f3: Layer::of(views.conv2_weight, views.conv2_bias),
            f5: Layer::of(views.fc1_weight, views.fc1_bias),
            f_y: Layer::of(views.fc2_weight, views.fc2_bias),
        }
    }

    /// `θ − α g` for all parameters (Eq. 35).
    pub fn stepped(&self, step: f64, gradient: &Real) -> Real {
        Real {
            f1: self.f1.stepped(step, &gradient.f1),
            f3: self.f3.stepped(step, &gradient.f3),
            f5: self.f5.stepped(step, &gradient.f5),
            f_y: self.f_y.stepped(step, &gradient.f_y),
            ..*self
        }
    }

    /// All layers for an image of side².
    pub fn forward(&self, x: &[f64]) -> Layers {
        let phi1 = self.conv1.apply(&self.f1, x);
        let f1 = relu(&phi1);
        let f2 = pool(&f1, self.conv1.out());
        let phi3 = self.conv2.apply(&self.f3, &f2.values);
        let f3 = relu(&phi3);
        let f4 = pool(&f3, self.conv2.out());
        let phi5 = self.f5.apply(&f4.values);
        let f5 = relu(&phi5);
        let f_y = self.f_y.apply(&f5);
        Layers { x: x.to_vec(), phi1, f1, f2, phi3, f3, f4, phi5, f5, f_y }
    }
}

/// Single precision in double.
pub fn real(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

/// `σ(φ) = max(φ, 0)`.
pub fn relu(phi: &[f64]) -> Vec<f64> {
    phi.iter().map(|value| value.max(0.0)).collect()
}

/// 2×2 max pooling of planes of side² that are 0 or more; an odd last row and column are left out. Of equal values the first
/// is chosen.
pub fn pool(planes: &[f64], side: usize) -> Pooled {
    let mut pooled = Pooled { values: Vec::new(), choices: Vec::new() };
    for plane in 0..planes.len() / (side * side) {
        for y in 0..side / 2 {
            for x in 0..side / 2 {
                let top = plane * side * side + 2 * y * side + 2 * x;
                let (mut value, mut choice) = (0.0, None);
                for place in [top, top + 1, top + side, top + side + 1] {
                    if planes[place] > value {
                        (value, choice) = (planes[place], Some(place));
                    }
                }
                pooled.values.push(value);
                pooled.choices.push(choice);
            }
        }
    }
    pooled
}

/// `log Σ exp(v)`, without overflow.
pub fn log_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() {
        return largest;
    }
    largest + libm::log(values.iter().map(|value| libm::exp(value - largest)).sum())
}

/// The logarithms of a Boltzmann distribution with the energies −v: `v − log Σ exp(v)`.
pub fn log_softmax(values: &[f64]) -> Vec<f64> {
    let log_z = log_sum_exp(values);
    values.iter().map(|value| value - log_z).collect()
}

#[cfg(test)]
#[path = "real_tests.rs"]
pub(crate) mod tests;
