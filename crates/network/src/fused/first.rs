//! Backward through the first convolution, all images of a tile at once.

use pulp::Simd;

use super::LANES;
use super::backward::padded;
use super::forward::DEAD;
use crate::chain::Convolution;

/// Whether a first convolution is done this way: a row of its filters is no longer than five numbers.
pub(super) fn fits(layer: &Convolution) -> bool {
    layer.kernel * layer.inputs <= 5
}

/// The gradient of the filters and biases of a convolution of few channels, such as the first, all images at once: the
/// winner's pixel is selected lane by lane. It costs a multiply-add and two selections a tap, where [`super::backward`] would
/// spend most of a register on nothing. `inputs` and `upstream` are in lanes.
#[inline(always)]
pub(super) fn to_filters<S: Simd>(
    simd: S,
    layer: &Convolution,
    inputs: &[f32],
    winners: &[u8],
    upstream: &[f32],
    weight: &mut [f32],
    bias: &mut [f32],
) {
    match layer.kernel {
        1 => to_filters_of::<S, 1, 2>(simd, layer, inputs, winners, upstream, weight, bias),
        2 => to_filters_of::<S, 2, 3>(simd, layer, inputs, winners, upstream, weight, bias),
        3 => to_filters_of::<S, 3, 4>(simd, layer, inputs, winners, upstream, weight, bias),
        4 => to_filters_of::<S, 4, 5>(simd, layer, inputs, winners, upstream, weight, bias),
        _ => to_filters_of::<S, 5, 6>(simd, layer, inputs, winners, upstream, weight, bias),
    }
}

/// For filters of side K; K1 is K + 1.
#[inline(always)]
fn to_filters_of<S: Simd, const K: usize, const K1: usize>(
    simd: S,
    layer: &Convolution,
    inputs: &[f32],
    winners: &[u8],
    upstream: &[f32],
    weight: &mut [f32],
    bias: &mut [f32],
) {
    let (side, pooled) = (layer.side, layer.pooled());
    let width = LANES / S::F32_LANES;
    let zero = simd.splat_f32s(0.0);
    let number = [simd.splat_u32s(1), simd.splat_u32s(2), simd.splat_u32s(u32::from(DEAD))];
    let none = simd.splat_u32s(0);
    let (inputs, _) = S::as_simd_f32s(inputs);
    let planes =
        winners.chunks_exact(pooled * pooled * LANES).zip(upstream.chunks_exact(pooled * pooled * LANES));
    let row = padded(K * layer.inputs);
    for (channel, (winners, upstream)) in planes.enumerate() {
        let (upstream, _) = S::as_simd_f32s(upstream);
        let mut total = [0.0_f32; LANES];
        for input in 0..layer.inputs {
            let plane = &inputs[input * side * side * width..(input + 1) * side * side * width];
            let mut totals = [[[0.0_f32; LANES]; K]; K];
            for register in 0..width {
                let mut sums = [[zero; K]; K];
                let mut sum = zero;
                for place in 0..pooled * pooled {
                    let corner = 2 * (place / pooled) * side + 2 * (place % pooled);
                    let mut wide = [0_u32; LANES];
                    let narrow = &winners[place * LANES..(place + 1) * LANES];
                    wide.iter_mut().zip(narrow).for_each(|(wide, narrow)| *wide = u32::from(*narrow));
                    let (winner, _) = S::as_simd_u32s(&wide);
                    let winner = winner[register];
                    let alive = simd.less_than_u32s(winner, number[2]);
                    let lower = simd.less_than_u32s(number[0], winner);
                    let right = simd.less_than_u32s(none, simd.and_u32s(winner, number[0]));
                    let value = simd.select_f32s(alive, upstream[place * width + register], zero);
                    sum = simd.add_f32s(sum, value);
                    let mut above = [zero; K1];
                    for (dx, above) in above.iter_mut().enumerate() {
                        *above = plane[(corner + dx) * width + register];
                    }
                    for (dy, sums) in sums.iter_mut().enumerate() {
                        let line = &plane[(corner + (dy + 1) * side) * width..][..K * width + width];
                        let mut below = [zero; K1];
                        let mut chosen = [zero; K1];
                        for dx in 0..K1 {
                            below[dx] = line[dx * width + register];
                            chosen[dx] = simd.select_f32s(lower, below[dx], above[dx]);
                        }
                        for (dx, sum) in sums.iter_mut().enumerate() {
                            let pixel = simd.select_f32s(right, chosen[dx + 1], chosen[dx]);
                            *sum = simd.mul_add_f32s(value, pixel, *sum);
                        }
                        above = below;
                    }
                }
                for (totals, sums) in totals.iter_mut().flatten().zip(sums.iter().flatten()) {
                    let (totals, _) = S::as_mut_simd_f32s(totals);
                    totals[register] = *sums;
                }
                let (total, _) = S::as_mut_simd_f32s(&mut total);
                total[register] = sum;
            }
            for (dy, totals) in totals.iter().enumerate() {
                for (dx, lanes) in totals.iter().enumerate() {
                    weight[(channel * K + dy) * row + dx * layer.inputs + input] += lanes.iter().sum::<f32>();
                }
            }
        }
        bias[channel] += total.iter().sum::<f32>();
    }
}
