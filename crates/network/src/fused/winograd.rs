//! Forward through a convolution with filters of side 5 in a third of the multiplications (Winograd, "Arithmetic
//! Complexity of Computations", 1980; Lavin and Gray, arXiv 1509.09308).
//!
//! The four positions of a pooled entry read a patch d of 6 × 6 numbers. With filters g of 5 × 5 they are
//! `Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`, summed over channels before A is applied: 36 multiplications a channel in place of 100.
//! The interpolation points are 0, ±1, ±2 and ∞. A row of pooled entries goes through three steps:
//!
//! ```text
//!  patches ─Bᵀ·B─▶ transformed [36][inputs][entries] ─G g Gᵀ─▶ products [36][outputs][entries] ─Aᵀ·A─▶ positions, pooled
//! ```

use pulp::Simd;

use super::LANES;
use super::forward::{BLOCK, blocks, pool};
use crate::chain::Convolution;

/// Side of a patch, and numbers of one.
const SIDE: usize = 6;
const POINTS: usize = SIDE * SIDE;

/// Registers of entries that are multiplied together, with four outputs, where there are 32 registers, and where there are 16.
const MOST: usize = 5;
const FEW: usize = 3;

/// Whether a convolution is computed this way: its transformations pay where many channels share them.
pub(super) fn fits(layer: &Convolution) -> bool {
    layer.kernel == 5 && layer.inputs >= 8 && layer.outputs >= 8
}

/// Numbers that [`relu_pool`] needs to work in.
pub(super) fn scratch(layer: &Convolution) -> usize {
    let columns = 2 * layer.pooled() + 4;
    (POINTS * (layer.inputs + layer.outputs) * layer.pooled() + SIDE * columns) * LANES
}

/// `G g`: the filter's polynomial at the points.
fn filter_transform(g: [f32; 5]) -> [f32; SIDE] {
    let (even, odd) = (g[0] + g[2] + g[4], g[1] + g[3]);
    let (even2, odd2) = (g[0] + 4.0 * g[2] + 16.0 * g[4], 2.0 * g[1] + 8.0 * g[3]);
    [g[0] / 4.0, (even + odd) / -6.0, (even - odd) / -6.0, (even2 + odd2) / 24.0, (even2 - odd2) / 24.0, g[4]]
}

/// The transformed filters `G g Gᵀ`, in the order in which they are read: [36][blocks of outputs][inputs][block].
pub(super) fn pack(layer: &Convolution, weight: &[f32], packed: &mut Vec<f32>) {
    let Convolution { inputs, outputs, .. } = *layer;
    packed.clear();
    packed.resize(POINTS * inputs * outputs, 0.0);
    let plane = inputs * outputs;
    for (first, block) in blocks(outputs) {
        for offset in 0..block {
            for input in 0..inputs {
                let filter = &weight[((first + offset) * inputs + input) * 25..][..25];
                let mut rows = [[0.0; 5]; SIDE];
                for dx in 0..5 {
                    let column =
                        [filter[dx], filter[5 + dx], filter[10 + dx], filter[15 + dx], filter[20 + dx]];
                    for (row, value) in rows.iter_mut().zip(filter_transform(column)) {
                        row[dx] = value;
                    }
                }
                let place = first * inputs + input * block + offset;
                for (y, row) in rows.into_iter().enumerate() {
                    for (x, value) in filter_transform(row).into_iter().enumerate() {
                        packed[(y * SIDE + x) * plane + place] = value;
                    }
                }
            }
        }
    }
}

/// Convolution, ReLU and 2×2 max pooling of a tile; as [`super::forward::relu_pool`], with the filters of [`pack`].
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "what a convolution reads and writes")]
pub(super) fn relu_pool<S: Simd, const TRAIN: bool>(
    simd: S,
    layer: &Convolution,
    input: &[f32],
    packed: &[f32],
    bias: &[f32],
    scratch: &mut [f32],
    output: &mut [f32],
    winners: &mut [u8],
) {
    let pooled = layer.pooled();
    let (transformed, scratch) = scratch.split_at_mut(POINTS * layer.inputs * pooled * LANES);
    let (products, columns) = scratch.split_at_mut(POINTS * layer.outputs * pooled * LANES);
    for row in 0..pooled {
        transform(simd, layer, row, input, columns, transformed);
        multiply(simd, layer, packed, transformed, products);
        for (channel, bias) in bias.iter().enumerate() {
            for column in 0..pooled {
                let products = &products[(channel * pooled + column) * LANES..];
                let entry = ((channel * pooled + row) * pooled + column) * LANES;
                let output = &mut output[entry..entry + LANES];
                let winners = if TRAIN { &mut winners[entry..entry + LANES] } else { &mut winners[..0] };
                positions::<S, TRAIN>(simd, layer, products, *bias, output, winners);
            }
        }
    }
}

/// `Bᵀ d` of six registers.
#[inline(always)]
fn input_transform<S: Simd>(simd: S, d: [S::f32s; SIDE]) -> [S::f32s; SIDE] {
    let [d0, d1, d2, d3, d4, d5] = d;
    let fused = |factor: f32, a, b| simd.mul_add_f32s(simd.splat_f32s(factor), a, b);
    let (even, odd) = (fused(-4.0, d2, d4), fused(-4.0, d1, d3));
    let (even2, odd2) = (simd.sub_f32s(d4, d2), simd.sub_f32s(d3, d1));
    [
        fused(4.0, d0, fused(-5.0, d2, d4)),
        simd.add_f32s(even, odd),
        simd.sub_f32s(even, odd),
        fused(2.0, odd2, even2),
        fused(-2.0, odd2, even2),
        fused(4.0, d1, fused(-5.0, d3, d5)),
    ]
}

/// `Aᵀ m` of six registers.
#[inline(always)]
fn output_transform<S: Simd>(simd: S, m: [S::f32s; SIDE]) -> [S::f32s; 2] {
    let [m0, m1, m2, m3, m4, m5] = m;
    let (sum, difference) = (simd.add_f32s(m1, m2), simd.sub_f32s(m1, m2));
    let (sum2, difference2) = (simd.add_f32s(m3, m4), simd.sub_f32s(m3, m4));
    [
        simd.add_f32s(simd.add_f32s(m0, sum), sum2),
        simd.add_f32s(simd.mul_add_f32s(simd.splat_f32s(2.0), difference2, difference), m5),
    ]
}

/// `Bᵀ d B` of all patches of a row of pooled entries. Neighbours share four of their six columns.
#[inline(always)]
fn transform<S: Simd>(
    simd: S,
    layer: &Convolution,
    row: usize,
    input: &[f32],
    columns: &mut [f32],
    transformed: &mut [f32],
) {
    let (side, pooled) = (layer.side, layer.pooled());
    let width = LANES / S::F32_LANES;
    let count = (2 * pooled + 4) * width;
    let (columns, _) = S::as_mut_simd_f32s(columns);
    let (transformed, _) = S::as_mut_simd_f32s(transformed);
    let plane = layer.inputs * pooled * width;
    let zero = simd.splat_f32s(0.0);
    for channel in 0..layer.inputs {
        let start = (channel * side + 2 * row) * side * LANES;
        let (lines, _) = S::as_simd_f32s(&input[start..start + SIDE * side * LANES]);
        for column in 0..count {
            let mut d = [zero; SIDE];
            for (dy, d) in d.iter_mut().enumerate() {
                *d = lines[dy * side * width + column];
            }
            for (dy, value) in input_transform(simd, d).into_iter().enumerate() {
                columns[dy * count + column] = value;
            }
        }
        let target = &mut transformed[channel * pooled * width..];
        for (dy, line) in columns.chunks_exact(count).enumerate().take(SIDE) {
            for entry in 0..pooled {
                for register in 0..width {
                    let mut d = [zero; SIDE];
                    let patch = &line[2 * entry * width + register..][..5 * width + 1];
                    for (dx, d) in d.iter_mut().enumerate() {
                        *d = patch[dx * width];
                    }
                    for (dx, value) in input_transform(simd, d).into_iter().enumerate() {
                        target[(dy * SIDE + dx) * plane + entry * width + register] = value;
                    }
                }
            }
        }
    }
}

/// For each of the 36 points: outputs × inputs times inputs × entries.
#[inline(always)]
fn multiply<S: Simd>(
    simd: S,
    layer: &Convolution,
    packed: &[f32],
    transformed: &[f32],
    products: &mut [f32],
) {
    let Convolution { inputs, outputs, .. } = *layer;
    let entries = layer.pooled() * LANES / S::F32_LANES;
    let planes = packed.chunks_exact(inputs * outputs);
    let (transformed, _) = S::as_simd_f32s(transformed);
    let (products, _) = S::as_mut_simd_f32s(products);
    let planes = planes
        .zip(transformed.chunks_exact(inputs * entries))
        .zip(products.chunks_exact_mut(outputs * entries));
    for ((filters, values), products) in planes {
        for (first, block) in blocks(outputs) {
            let filters = &filters[first * inputs..(first + block) * inputs];
            let products = &mut products[first * entries..(first + block) * entries];
            match block {
                BLOCK => product_of::<S, BLOCK>(simd, filters, values, products, entries),
                2 => product_of::<S, 2>(simd, filters, values, products, entries),
                _ => product_of::<S, 1>(simd, filters, values, products, entries),
            }
        }
    }
}

#[inline(always)]
fn product_of<S: Simd, const B: usize>(
    simd: S,
    filters: &[f32],
    values: &[S::f32s],
    products: &mut [S::f32s],
    entries: usize,
) {
    let mut first = 0;
    let most = if S::REGISTER_COUNT < 32 { FEW } else { MOST };
    while first < entries {
        match most.min(entries - first) {
            MOST => block_of::<S, B, MOST>(simd, filters, values, products, entries, first),
            4 => block_of::<S, B, 4>(simd, filters, values, products, entries, first),
            3 => block_of::<S, B, 3>(simd, filters, values, products, entries, first),
            2 => block_of::<S, B, 2>(simd, filters, values, products, entries, first),
            _ => block_of::<S, B, 1>(simd, filters, values, products, entries, first),
        }
        first += most;
    }
}

/// B outputs and Q registers of entries: B·Q sums in registers, B + Q loads a channel.
#[inline(always)]
fn block_of<S: Simd, const B: usize, const Q: usize>(
    simd: S,
    filters: &[f32],
    values: &[S::f32s],
    products: &mut [S::f32s],
    entries: usize,
    first: usize,
) {
    let mut sums = [[simd.splat_f32s(0.0); Q]; B];
    for (weights, values) in filters.chunks_exact(B).zip(values.chunks_exact(entries)) {
        let values = &values[first..first + Q];
        for (sums, weight) in sums.iter_mut().zip(weights) {
            let weight = simd.splat_f32s(*weight);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = simd.mul_add_f32s(weight, *value, *sum);
            }
        }
    }
    for (sums, products) in sums.iter().zip(products.chunks_exact_mut(entries)) {
        products[first..first + Q].copy_from_slice(sums);
    }
}

/// `Aᵀ m A` of one pooled entry of one channel, its bias, ReLU and pooling.
#[inline(always)]
fn positions<S: Simd, const TRAIN: bool>(
    simd: S,
    layer: &Convolution,
    products: &[f32],
    bias: f32,
    output: &mut [f32],
    winners: &mut [u8],
) {
    let plane = layer.outputs * layer.pooled() * LANES;
    let zero = simd.splat_f32s(0.0);
    let bias = simd.splat_f32s(bias);
    let mut won = [0_u32; LANES];
    for register in 0..LANES / S::F32_LANES {
        let mut upper = [zero; SIDE];
        let mut lower = [zero; SIDE];
        for dx in 0..SIDE {
            let mut m = [zero; SIDE];
            for (dy, m) in m.iter_mut().enumerate() {
                let (lanes, _) = S::as_simd_f32s(&products[(dy * SIDE + dx) * plane..][..LANES]);
                *m = lanes[register];
            }
            [upper[dx], lower[dx]] = output_transform(simd, m);
        }
        let ([p, q], [r, s]) = (output_transform(simd, upper), output_transform(simd, lower));
        // Not `map`: what it calls is not compiled for the machine's registers.
        let (p, q) = (simd.add_f32s(p, bias), simd.add_f32s(q, bias));
        let positions = [p, q, simd.add_f32s(r, bias), simd.add_f32s(s, bias)];
        pool::<S, TRAIN>(simd, positions, register, output, &mut won);
    }
    if TRAIN {
        winners.iter_mut().zip(won).for_each(|(narrow, wide)| *narrow = wide as u8);
    }
}
