//! The energies E_F1 and E_F2 (Eq. 7), each by one filter in place of a layer's many.
//!
//! Eq. 7 is linear in the filters, so that of N filters over Q inputs one is left, with a part for each input:
//!
//! ```text
//!   E = −Σₙ (Σ_q S⁽ⁿ'q⁾ ∘ f^q + bⁿ)  =  Σ_q (−Σₙ S⁽ⁿ'q⁾) ∘ f^q − Σₙ bⁿ
//! ```

use pulp::{Arch, Scalar, Simd, WithSimd};

use crate::parameters::Parameters;

/// A filter and bias that give a layer's energies at once.
#[derive(Clone, Debug)]
pub struct EnergyFilter {
    /// Pixels along a side of each input.
    side: usize,
    kernel: usize,
    /// inputs × kernel × kernel.
    filter: Vec<f32>,
    bias: f32,
}

impl EnergyFilter {
    /// The sum of the filters of f1, with the energy's sign; its input is the image.
    pub fn of_f1(parameters: &Parameters) -> EnergyFilter {
        let (a, views) = (parameters.architecture(), parameters.views());
        EnergyFilter::sum(1, a.side, a.kernel1, views.conv1_weight, views.conv1_bias)
    }

    /// The sum of the filters of f3, with the energy's sign; its inputs are the channels of f2.
    pub fn of_f2(parameters: &Parameters) -> EnergyFilter {
        let (a, views) = (parameters.architecture(), parameters.views());
        EnergyFilter::sum(a.channels1, a.side2(), a.kernel2, views.conv2_weight, views.conv2_bias)
    }

    fn sum(inputs: usize, side: usize, kernel: usize, weight: &[f32], bias: &[f32]) -> EnergyFilter {
        let mut filter = vec![0.0_f64; inputs * kernel * kernel];
        for channel in weight.chunks_exact(filter.len()) {
            filter.iter_mut().zip(channel).for_each(|(sum, weight)| *sum -= f64::from(*weight));
        }
        let bias = -bias.iter().map(|bias| f64::from(*bias)).sum::<f64>();
        let filter = filter.iter().map(|weight| *weight as f32).collect();
        EnergyFilter { side, kernel, filter, bias: bias as f32 }
    }

    /// Energies along a side.
    pub fn side(&self) -> usize {
        self.side - self.kernel + 1
    }

    /// How many energies an image has.
    pub fn count(&self) -> usize {
        self.side() * self.side()
    }

    /// The energies of one image, row by row. `inputs` is inputs × side × side.
    pub fn energies(&self, inputs: &[f32]) -> Vec<f32> {
        let mut energies = vec![0.0; self.count()];
        self.fill(inputs, &mut energies);
        energies
    }

    /// The same into `energies`. Products are added tap by tap, so the bits do not depend on the machine.
    pub fn fill(&self, inputs: &[f32], energies: &mut [f32]) {
        Arch::new().dispatch(Fill { filter: self, inputs, energies });
    }
}

/// Filling in energies, as the machine's vectors do it.
struct Fill<'a> {
    filter: &'a EnergyFilter,
    inputs: &'a [f32],
    energies: &'a mut [f32],
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Loops of known length are faster; a row that is shorter than a vector is done number by number.
        match self.filter.kernel {
            _ if self.filter.side() < S::F32_LANES => self.rows::<Scalar, 0>(Scalar),
            3 => self.rows::<S, 3>(simd),
            5 => self.rows::<S, 5>(simd),
            _ => self.rows::<S, 0>(simd),
        }
    }
}

/// Vectors that are computed together: each weight serves all of them, and no sum waits for its last addition.
const TOGETHER: usize = 4;

impl Fill<'_> {
    /// A row is so many vectors; the last one overlaps with that before it where the vectors don't divide the row.
    /// K is the side of the filter, or 0 for any.
    #[inline(always)]
    fn rows<S: Simd, const K: usize>(self, simd: S) {
        let Fill { filter, inputs, energies } = self;
        let out = filter.side();
        let in_row = out.div_ceil(S::F32_LANES);
        let last = out * in_row - 1;
        for first in (0..=last).step_by(TOGETHER) {
            // At the end, the last vector is computed again.
            let (mut from, mut to) = ([0; TOGETHER], [0; TOGETHER]);
            for next in 0..TOGETHER {
                let vector = (first + next).min(last);
                let (y, x) = (vector / in_row, (vector % in_row * S::F32_LANES).min(out - S::F32_LANES));
                (from[next], to[next]) = (y * filter.side + x, y * out + x);
            }
            let sums = sums::<S, K>(simd, filter, inputs, from);
            for next in 0..TOGETHER {
                let place = &mut energies[to[next]..to[next] + S::F32_LANES];
                S::as_mut_simd_f32s(place).0[0] = sums[next];
            }
        }
    }
}

#[inline(always)]
fn sums<S: Simd, const K: usize>(
    simd: S,
    filter: &EnergyFilter,
    inputs: &[f32],
    from: [usize; TOGETHER],
) -> [S::f32s; TOGETHER] {
    let (side, kernel) = (filter.side, if K == 0 { filter.kernel } else { K });
    let mut sums = [simd.splat_f32s(filter.bias); TOGETHER];
    let planes = inputs.chunks_exact(side * side);
    for (taps, plane) in filter.filter.chunks_exact(kernel * kernel).zip(planes) {
        for dy in 0..kernel {
            for dx in 0..kernel {
                let weight = simd.splat_f32s(taps[dy * kernel + dx]);
                for next in 0..TOGETHER {
                    let start = from[next] + dy * side + dx;
                    let (values, _) = S::as_simd_f32s(&plane[start..start + S::F32_LANES]);
                    sums[next] = simd.add_f32s(sums[next], simd.mul_f32s(weight, values[0]));
                }
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::architecture::Architecture;
    use crate::initialise::{Initialisation, initialise};
    use crate::layers::{convolve, layers};

    /// Minus the sum over channels, as Eq. 7 stands in the paper.
    fn directly(channels: &[f32], side: usize) -> Vec<f64> {
        let mut energy = vec![0.0; side * side];
        for channel in channels.chunks_exact(side * side) {
            energy.iter_mut().zip(channel).for_each(|(energy, phi)| *energy -= f64::from(*phi));
        }
        energy
    }

    fn check(summed: &[f32], direct: &[f64], terms: usize) -> Result<(), TestCaseError> {
        prop_assert_eq!(summed.len(), direct.len());
        for (summed, direct) in summed.iter().zip(direct) {
            let error = (f64::from(*summed) - direct).abs();
            prop_assert!(error <= 1e-5 * (32 * terms) as f64, "{} for {}", summed, direct);
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_summed_filters_give_the_energies_of_the_direct_sum(
            seed in 0_u64..1000, channels in 1_usize..24, kernel1 in 1_usize..8, kernel2 in 1_usize..6, side in 16_usize..40,
        ) {
            let architecture = Architecture { side, kernel1, kernel2, ..Architecture::of_table_1(channels) };
            prop_assume!(architecture.side2() > kernel2);
            let parameters = initialise(architecture, Initialisation::UniformFanIn, seed);
            let mut random = statistics::random::split(seed, "image", 0);
            let image: Vec<f32> =
                (0..side * side).map(|_| 32.0 * statistics::random::standard_normal(&mut random) as f32).collect();
            let layers = layers(&parameters, &image);
            let (a, views) = (&architecture, parameters.views());
            let phi1 = convolve(&image, 1, side, views.conv1_weight, views.conv1_bias, kernel1);
            check(&layers.e_f1, &directly(&phi1, a.side1()), channels)?;
            let phi3 = convolve(&layers.f2, channels, a.side2(), views.conv2_weight, views.conv2_bias, kernel2);
            check(&layers.e_f2, &directly(&phi3, a.side3()), a.channels2)?;
        }

        #[test]
        fn every_width_of_vector_adds_in_the_same_order(seed in 0_u64..1000, side in 4_usize..40, kernel in 1_usize..5) {
            let mut random = statistics::random::split(seed, "image", 0);
            let mut some = |count: usize| -> Vec<f32> {
                (0..count).map(|_| statistics::random::standard_normal(&mut random) as f32).collect()
            };
            let (image, filter) = (some(side * side), some(kernel * kernel));
            let filter = EnergyFilter { side, kernel, filter, bias: 0.5 };
            let out = filter.side();
            let plain = (0..out * out).map(|place| {
                let mut sum = filter.bias;
                for tap in 0..kernel * kernel {
                    let at = (place / out + tap / kernel) * side + place % out + tap % kernel;
                    sum += filter.filter[tap] * image[at];
                }
                sum
            });
            prop_assert_eq!(filter.energies(&image), plain.collect::<Vec<f32>>());
        }
    }
}
