//! Forward through a convolution, ReLU and pooling at once.

use pulp::Simd;

use super::LANES;
use crate::chain::Convolution;

/// Which of the four positions of a pooled entry was the largest, 0 to 3, row by row; or that none was above zero.
pub(super) const DEAD: u8 = 4;

/// Channels, or neurons, that are computed together: each value that is loaded serves all of them.
pub(super) const BLOCK: usize = 4;

/// The filters in the order in which [`relu_pool`] reads them: blocks of channels, and in a block tap by tap.
pub(super) fn pack<S: Simd>(layer: &Convolution, weight: &[f32], packed: &mut Vec<f32>) {
    packed.clear();
    let taps = layer.taps();
    for (first, block) in blocks_of(layer.outputs, at_once::<S>()) {
        for tap in 0..taps {
            packed.extend((first..first + block).map(|channel| weight[channel * taps + tap]));
        }
    }
}

/// Channels of which [`relu_pool`] computes four positions each at once: as many sums as there are registers for; one without
/// vectors.
const fn at_once<S: Simd>() -> usize {
    match (has_vectors::<S>(), S::REGISTER_COUNT) {
        (true, 32..) => BLOCK,
        (true, _) => 2,
        (false, _) => 1,
    }
}

/// Whether a register holds several numbers. Where it does not, all is slow in any case, and fewer of the ways that differ in
/// speed only are compiled.
pub(super) const fn has_vectors<S: Simd>() -> bool {
    S::F32_LANES > 1
}

/// The blocks of a number of channels: where each begins, and how many it has: 4, at the end also 2 or 1.
pub(super) fn blocks(channels: usize) -> impl Iterator<Item = (usize, usize)> {
    blocks_of(channels, BLOCK)
}

/// The same with at most so many channels a block.
fn blocks_of(channels: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let block = match channels - first {
            4.. => BLOCK,
            2..4 => 2,
            _ => 1,
        };
        let item = (first, block.min(most));
        first += item.1;
        (item.0 < channels).then_some(item)
    })
}

/// ReLU and pooling of one register of four positions, and the position that won (argmax), where there is a place for it. What
/// is no number counts as dead.
#[inline(always)]
pub(super) fn pool<S: Simd>(
    simd: S,
    [p, q, r, s]: [S::f32s; 4],
    register: usize,
    output: &mut [f32],
    won: Option<&mut [u32; LANES]>,
) {
    let zero = simd.splat_f32s(0.0);
    let number = |number: u8| simd.splat_u32s(u32::from(number));
    let (right, right_below) = (simd.less_than_f32s(p, q), simd.less_than_f32s(r, s));
    let (above, below) = (simd.select_f32s(right, q, p), simd.select_f32s(right_below, s, r));
    let lower = simd.less_than_f32s(above, below);
    let largest = simd.select_f32s(lower, below, above);
    let alive = simd.less_than_f32s(zero, largest);
    let (output, _) = S::as_mut_simd_f32s(output);
    output[register] = simd.select_f32s(alive, largest, zero);
    if let Some(won) = won {
        let above = simd.select_u32s(right, number(1), number(0));
        let below = simd.select_u32s(right_below, number(3), number(2));
        let winner = simd.select_u32s(lower, below, above);
        let (won, _) = S::as_mut_simd_u32s(won);
        won[register] = simd.select_u32s(alive, winner, number(DEAD));
    }
}

/// Convolution, ReLU and 2×2 max pooling of a tile, and who won each pooled entry, where there are places for them.
///
/// `input` is inputs × side² × LANES, `output` outputs × pooled² × LANES, and so is `winners`, unless it is empty.
#[inline(always)]
pub(super) fn relu_pool<S: Simd>(
    simd: S,
    layer: &Convolution,
    input: &[f32],
    packed: &[f32],
    bias: &[f32],
    output: &mut [f32],
    winners: &mut [u8],
) {
    match layer.kernel {
        3 if has_vectors::<S>() => relu_pool_of::<S, 3>(simd, layer, input, packed, bias, output, winners),
        5 if has_vectors::<S>() => relu_pool_of::<S, 5>(simd, layer, input, packed, bias, output, winners),
        _ => relu_pool_of::<S, 0>(simd, layer, input, packed, bias, output, winners),
    }
}

/// The same for filters of side K, or of any side where K is 0: loops of known length are faster.
#[inline(always)]
fn relu_pool_of<S: Simd, const K: usize>(
    simd: S,
    layer: &Convolution,
    input: &[f32],
    packed: &[f32],
    bias: &[f32],
    output: &mut [f32],
    winners: &mut [u8],
) {
    let plane = layer.pooled() * layer.pooled() * LANES;
    let taps = layer.taps();
    for (first, block) in blocks_of(layer.outputs, at_once::<S>()) {
        let end = first + block;
        let (filters, bias) = (&packed[first * taps..end * taps], &bias[first..end]);
        let out = &mut output[first * plane..end * plane];
        let won = if winners.is_empty() { &mut [] } else { &mut winners[first * plane..end * plane] };
        match block {
            BLOCK if at_once::<S>() == BLOCK => {
                block_of::<S, K, BLOCK>(simd, layer, input, filters, bias, out, won)
            }
            2 if at_once::<S>() >= 2 => block_of::<S, K, 2>(simd, layer, input, filters, bias, out, won),
            _ => block_of::<S, K, 1>(simd, layer, input, filters, bias, out, won),
        }
    }
}

/// B channels. The four positions of a pooled entry share every weight, and each value serves B channels: 4·B sums stay
/// in registers while 4 values and B weights are read per tap.
#[inline(always)]
fn block_of<S: Simd, const K: usize, const B: usize>(
    simd: S,
    layer: &Convolution,
    input: &[f32],
    filters: &[f32],
    bias: &[f32],
    output: &mut [f32],
    winners: &mut [u8],
) {
    let kernel = if K == 0 { layer.kernel } else { K };
    let (side, pooled) = (layer.side, layer.pooled());
    let plane = pooled * pooled * LANES;
    // How many registers hold the lanes.
    let width = LANES / S::F32_LANES;
    let zero = simd.splat_f32s(0.0);
    let (input, _) = S::as_simd_f32s(input);
    for place in 0..pooled * pooled {
        let corner = 2 * (place / pooled) * side + 2 * (place % pooled);
        let mut won = [[0_u32; LANES]; B];
        for register in 0..width {
            let mut sums = [[zero; 4]; B];
            for (sums, bias) in sums.iter_mut().zip(bias) {
                *sums = [simd.splat_f32s(*bias); 4];
            }
            let mut taps = filters.chunks_exact(B);
            for channel in 0..layer.inputs {
                for dy in 0..kernel {
                    let start = (channel * side * side + corner + dy * side) * width + register;
                    let upper = &input[start..start + kernel * width + 1];
                    let lower = &input[start + side * width..start + (side + kernel) * width + 1];
                    for (dx, weights) in (0..kernel).zip(&mut taps) {
                        let values = [
                            upper[dx * width],
                            upper[(dx + 1) * width],
                            lower[dx * width],
                            lower[(dx + 1) * width],
                        ];
                        for (sums, weight) in sums.iter_mut().zip(weights) {
                            let weight = simd.splat_f32s(*weight);
                            for (sum, value) in sums.iter_mut().zip(values) {
                                *sum = simd.mul_add_f32s(weight, value, *sum);
                            }
                        }
                    }
                }
            }
            for (channel, (sums, won)) in sums.into_iter().zip(&mut won).enumerate() {
                let entry = channel * plane + place * LANES;
                let won = (!winners.is_empty()).then_some(won);
                pool(simd, sums, register, &mut output[entry..entry + LANES], won);
            }
        }
        if !winners.is_empty() {
            for (channel, won) in won.iter().enumerate() {
                let entry = channel * plane + place * LANES;
                let narrow = &mut winners[entry..entry + LANES];
                narrow.iter_mut().zip(won).for_each(|(narrow, wide)| *narrow = *wide as u8);
            }
        }
    }
}
