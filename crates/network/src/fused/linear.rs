//! Linear layers, forward and backward.

use pulp::Simd;

use super::LANES;
use super::backward::stride;
use super::forward::{BLOCK, blocks};
use crate::chain::Linear;

/// `W f + b`; `input` is inputs × LANES, `output` outputs × LANES.
#[inline(always)]
pub(super) fn forward<S: Simd>(
    simd: S,
    layer: &Linear,
    input: &[f32],
    weight: &[f32],
    bias: &[f32],
    output: &mut [f32],
) {
    for (first, block) in blocks(layer.outputs) {
        let end = first + block;
        let (rows, bias) = (&weight[first * layer.inputs..end * layer.inputs], &bias[first..end]);
        let out = &mut output[first * LANES..end * LANES];
        match block {
            BLOCK => neurons::<S, BLOCK>(simd, input, rows, bias, out),
            2 => neurons::<S, 2>(simd, input, rows, bias, out),
            _ => neurons::<S, 1>(simd, input, rows, bias, out),
        }
    }
}

#[inline(always)]
fn neurons<S: Simd, const B: usize>(simd: S, input: &[f32], rows: &[f32], bias: &[f32], output: &mut [f32]) {
    let width = LANES / S::F32_LANES;
    let inputs = input.len() / LANES;
    let (input, _) = S::as_simd_f32s(input);
    let (output, _) = S::as_mut_simd_f32s(output);
    for register in 0..width {
        let mut sums = [simd.splat_f32s(0.0); B];
        for (sum, bias) in sums.iter_mut().zip(bias) {
            *sum = simd.splat_f32s(*bias);
        }
        for index in 0..inputs {
            let value = input[index * width + register];
            for (neuron, sum) in sums.iter_mut().enumerate() {
                *sum = simd.mul_add_f32s(simd.splat_f32s(rows[neuron * inputs + index]), value, *sum);
            }
        }
        for (neuron, sum) in sums.into_iter().enumerate() {
            output[neuron * width + register] = sum;
        }
    }
}

/// Adds the gradient of a linear layer: `upstream` outputs × LANES, `inputs` image after image.
#[inline(always)]
pub(super) fn to_weights(
    layer: &Linear,
    images: usize,
    upstream: &[f32],
    inputs: &[f32],
    weight: &mut [f32],
    bias: &mut [f32],
) {
    let pixels = stride(layer.inputs);
    let rows = weight.chunks_exact_mut(layer.inputs).zip(bias);
    for ((row, bias), upstream) in rows.zip(upstream.chunks_exact(LANES)) {
        *bias += upstream[..images].iter().sum::<f32>();
        let mut image = 0;
        let at = |image: usize| &inputs[image * pixels..][..layer.inputs];
        while image + 4 <= images {
            let (a, b, c, d) = (at(image), at(image + 1), at(image + 2), at(image + 3));
            let (p, q, r, s) =
                (upstream[image], upstream[image + 1], upstream[image + 2], upstream[image + 3]);
            for ((((sum, a), b), c), d) in row.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *sum = d.mul_add(s, c.mul_add(r, b.mul_add(q, a.mul_add(p, *sum))));
            }
            image += 4;
        }
        for (image, upstream) in upstream[..images].iter().enumerate().skip(image) {
            row.iter_mut().zip(at(image)).for_each(|(sum, value)| *sum = value.mul_add(*upstream, *sum));
        }
    }
}

/// The gradient of a linear layer's inputs, `Wᵀ upstream`: inputs × LANES from outputs × LANES.
#[inline(always)]
pub(super) fn to_inputs<S: Simd>(
    simd: S,
    layer: &Linear,
    weight: &[f32],
    upstream: &[f32],
    downstream: &mut [f32],
) {
    let width = LANES / S::F32_LANES;
    let (upstream, _) = S::as_simd_f32s(upstream);
    for (block, out) in downstream.chunks_mut(BLOCK * LANES).enumerate() {
        let count = out.len() / LANES;
        let (out, _) = S::as_mut_simd_f32s(out);
        for register in 0..width {
            let mut sums = [simd.splat_f32s(0.0); BLOCK];
            for (neuron, row) in weight.chunks_exact(layer.inputs).enumerate() {
                let value = upstream[neuron * width + register];
                let weights = &row[block * BLOCK..block * BLOCK + count];
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum = simd.mul_add_f32s(simd.splat_f32s(*weight), value, *sum);
                }
            }
            for (index, sum) in sums.into_iter().enumerate().take(count) {
                out[index * width + register] = sum;
            }
        }
    }
}
