//! Loss and error of a network over many images, fast.
//!
//! Sixteen images go through the network side by side, one a lane:
//!
//! ```text
//!   a plane of f1, row-major            one entry of it
//!   ┌────┬────┬────┬─                   ┌─────┬─────┬─   ─┬──────┐
//!   │ 0,0│ 0,1│ 0,2│ …     each  ──▶    │img 0│img 1│  …  │img 15│   one or two vector registers
//!   ├────┼────┼────┼─                   └─────┴─────┴─   ─┴──────┘
//! ```
//!
//! No operation crosses lanes, and every multiply-add is fused. So each image's sums are taken in one fixed order,
//! whatever the width of the machine's registers: AVX2, AVX-512 and NEON give the same bits. A convolution is computed
//! for the four positions of a pooled entry at once, which share every weight; positions that are never pooled are
//! not computed.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::parameters::Parameters;

/// What a network makes of many images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean cross-entropy in nats.
    pub loss: f64,
    /// Share of images whose largest logit is not their label's.
    pub error: f64,
}

const LANES: usize = 16;

/// Mean cross-entropy and share of errors over `images` (side × side pixels each) with `labels`.
pub fn evaluate(parameters: &Parameters, images: &[f32], labels: &[u8]) -> Evaluation {
    let classes = parameters.architecture().classes;
    let logits = logits(parameters, images);
    let (mut loss, mut wrong) = (0.0, 0_usize);
    for (logits, label) in logits.chunks_exact(classes).zip(labels) {
        loss += cross_entropy(logits, usize::from(*label));
        if predicted(logits) != usize::from(*label) {
            wrong += 1;
        }
    }
    let images = labels.len() as f64;
    Evaluation { loss: loss / images, error: wrong as f64 / images }
}

/// The logits of `images` (side × side pixels each), image after image.
pub fn logits(parameters: &Parameters, images: &[f32]) -> Vec<f32> {
    let pixels = parameters.architecture().side.pow(2);
    let arch = pulp::Arch::new();
    let tiles: Vec<Vec<f32>> =
        images.par_chunks(LANES * pixels).map(|images| arch.dispatch(Tile { parameters, images })).collect();
    tiles.concat()
}

/// `−ln softmax(f_Y)[label]` in nats.
fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - largest).exp()).sum();
    sum.ln() - f64::from(logits[label] - largest)
}

/// The first class with the largest logit.
fn predicted(logits: &[f32]) -> usize {
    let mut best = 0;
    for (class, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = class;
        }
    }
    best
}

/// Up to sixteen images.
struct Tile<'a> {
    parameters: &'a Parameters,
    images: &'a [f32],
}

impl WithSimd for Tile<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let a = self.parameters.architecture();
        let views = self.parameters.views();
        let pixels = a.side * a.side;
        let mut x = vec![0.0; pixels * LANES];
        for (lane, image) in self.images.chunks_exact(pixels).enumerate() {
            for (entry, value) in x.chunks_exact_mut(LANES).zip(image) {
                entry[lane] = *value;
            }
        }
        let first = Convolution { channels: 1, side: a.side, kernel: a.kernel1 };
        let second = Convolution { channels: a.channels1, side: a.side2(), kernel: a.kernel2 };
        let f2 = first.relu_pool(simd, &x, views.conv1_weight, views.conv1_bias);
        let f4 = second.relu_pool(simd, &f2, views.conv2_weight, views.conv2_bias);
        let mut f5 = linear(simd, &f4, views.fc1_weight, views.fc1_bias);
        f5.iter_mut().for_each(|value| *value = value.max(0.0));
        let f_y = linear(simd, &f5, views.fc2_weight, views.fc2_bias);
        let count = self.images.len() / pixels;
        (0..count).flat_map(|lane| f_y.iter().skip(lane).step_by(LANES).copied()).collect()
    }
}

/// A valid convolution: channels and side of its input, side of its filters.
#[derive(Clone, Copy)]
struct Convolution {
    channels: usize,
    side: usize,
    kernel: usize,
}

/// Channels that are computed together: each value that is loaded serves all of them.
const BLOCK: usize = 4;

impl Convolution {
    /// Side of the pooled output.
    fn pooled(self) -> usize {
        let side = self.side - self.kernel + 1;
        side / 2
    }

    #[inline(always)]
    fn relu_pool<S: Simd>(self, simd: S, input: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
        let pooled = self.pooled();
        let taps = self.channels * self.kernel * self.kernel;
        let mut output = vec![0.0; bias.len() * pooled * pooled * LANES];
        let plane = pooled * pooled * LANES;
        let whole = bias.len() / BLOCK * BLOCK;
        let (blocks, rest) = output.split_at_mut(whole * plane);
        for (block, output) in blocks.chunks_exact_mut(BLOCK * plane).enumerate() {
            let first = block * BLOCK;
            self.channels_together::<S, BLOCK>(simd, input, &weight[first * taps..], &bias[first..], output);
        }
        for (index, output) in rest.chunks_exact_mut(plane).enumerate() {
            let first = whole + index;
            self.channels_together::<S, 1>(simd, input, &weight[first * taps..], &bias[first..], output);
        }
        output
    }

    /// B channels of the pooled output, from their filters and biases.
    #[inline(always)]
    fn channels_together<S: Simd, const B: usize>(
        self,
        simd: S,
        input: &[f32],
        weight: &[f32],
        bias: &[f32],
        output: &mut [f32],
    ) {
        let Convolution { channels, side, kernel } = self;
        let pooled = self.pooled();
        let taps = channels * kernel * kernel;
        let (input, _) = S::as_simd_f32s(input);
        let (output, _) = S::as_mut_simd_f32s(output);
        // How many registers hold the sixteen lanes.
        let width = LANES / S::F32_LANES;
        let zero = simd.splat_f32s(0.0);
        for place in 0..pooled * pooled {
            let corner = (2 * (place / pooled)) * side + 2 * (place % pooled);
            for register in 0..width {
                let mut sums = [[zero; 4]; B];
                for (sums, bias) in sums.iter_mut().zip(bias) {
                    *sums = [simd.splat_f32s(*bias); 4];
                }
                let mut tap = 0;
                for channel in 0..channels {
                    for dy in 0..kernel {
                        let start = (channel * side * side + corner + dy * side) * width + register;
                        let upper = &input[start..start + (kernel * width) + 1];
                        let lower = &input[start + side * width..start + (side + kernel) * width + 1];
                        for dx in 0..kernel {
                            let values = [
                                upper[dx * width],
                                upper[(dx + 1) * width],
                                lower[dx * width],
                                lower[(dx + 1) * width],
                            ];
                            for (b, sums) in sums.iter_mut().enumerate() {
                                let weight = simd.splat_f32s(weight[b * taps + tap]);
                                for (sum, value) in sums.iter_mut().zip(values) {
                                    *sum = simd.mul_add_f32s(weight, value, *sum);
                                }
                            }
                            tap += 1;
                        }
                    }
                }
                for (b, [p, q, r, s]) in sums.into_iter().enumerate() {
                    let largest = simd.max_f32s(simd.max_f32s(p, q), simd.max_f32s(r, s));
                    output[(b * pooled * pooled + place) * width + register] = simd.max_f32s(largest, zero);
                }
            }
        }
    }
}

/// Neurons that are computed together, so that one's multiply-add need not wait for its own last.
const NEURONS: usize = 5;

#[inline(always)]
fn linear<S: Simd>(simd: S, input: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let mut output: Vec<f32> = bias.iter().flat_map(|bias| [*bias; LANES]).collect();
    let (values, _) = S::as_simd_f32s(input);
    let (sums, _) = S::as_mut_simd_f32s(&mut output);
    let width = LANES / S::F32_LANES;
    let length = values.len() / width;
    for (sums, rows) in sums.chunks_mut(NEURONS * width).zip(weight.chunks(NEURONS * length)) {
        for (index, values) in values.chunks_exact(width).enumerate() {
            for (neuron, sums) in sums.chunks_exact_mut(width).enumerate() {
                let weight = simd.splat_f32s(rows[neuron * length + index]);
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum = simd.mul_add_f32s(weight, *value, *sum);
                }
            }
        }
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::Architecture;
    use crate::initialise::{Initialisation, initialise};
    use crate::layers::layers;
    use proptest::prelude::*;

    fn images(count: usize, side: usize, seed: u64) -> Vec<f32> {
        let mut random = statistics::random::split(seed, "images", 0);
        (0..count * side * side)
            .map(|_| 32.0 * statistics::random::standard_normal(&mut random) as f32)
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn lanes_give_the_logits_of_the_plain_formulas(
            seed in 0_u64..1000, count in 1_usize..20, channels1 in 1_usize..6, channels2 in 1_usize..6,
            kernel1 in 1_usize..4, kernel2 in 1_usize..4, side in 14_usize..20,
        ) {
            let a = Architecture { side, channels1, kernel1, channels2, kernel2, hidden: 7, classes: 3 };
            let parameters = initialise(a, Initialisation::UniformFanIn, seed);
            let images = images(count, side, seed);
            let fast = logits(&parameters, &images);
            prop_assert_eq!(fast.len(), count * 3);
            for (fast, image) in fast.chunks(3).zip(images.chunks(side * side)) {
                for (fast, plain) in fast.iter().zip(layers(&parameters, image).f_y) {
                    prop_assert!((fast - plain).abs() <= 1e-4 * (1.0 + plain.abs()), "{} {}", fast, plain);
                }
            }
        }
    }

    #[test]
    fn the_error_is_the_share_of_labels_that_the_largest_logit_misses() {
        let parameters = initialise(Architecture::of_table_1(4), Initialisation::HeNormal, 1);
        let images = images(40, 32, 1);
        let right: Vec<u8> =
            logits(&parameters, &images).chunks(10).map(|logits| predicted(logits) as u8).collect();
        assert_eq!(evaluate(&parameters, &images, &right).error, 0.0);
        let mut wrong = right.clone();
        wrong.iter_mut().take(10).for_each(|label| *label = (*label + 1) % 10);
        assert_eq!(evaluate(&parameters, &images, &wrong).error, 0.25);
    }
}
