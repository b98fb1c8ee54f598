//! Winograd's method along one side: `Aᵀ [(G g) ⊙ (Bᵀ d)]` are the outputs of a filter g of five numbers on a piece d.
//!
//! A wide piece has 8 numbers and 4 outputs; its filter is a polynomial known at the points 0, ±1, ±2, ±1/2 and ∞. A narrow
//! one has 6 numbers, 2 outputs, and does without ±1/2. A piece of N numbers has N − 4 outputs.

use pulp::Simd;

/// Numbers of a piece.
pub(super) const WIDE: usize = 8;
pub(super) const NARROW: usize = 6;

/// Length of a filter.
pub(super) const TAPS: usize = 5;

/// `G g`: the filter's polynomial at the points.
#[inline(always)]
pub(super) fn filter<S: Simd, const N: usize>(simd: S, g: [S::f32s; TAPS]) -> [S::f32s; N] {
    let constant = |value: f64| simd.splat_f32s(value as f32);
    let both = |point: f64, scale: f64| {
        let square = point * point;
        let even = simd.mul_add_f32s(constant(square), simd.mul_add_f32s(constant(square), g[4], g[2]), g[0]);
        let odd = simd.mul_f32s(constant(point), simd.mul_add_f32s(constant(square), g[3], g[1]));
        let scale = constant(scale);
        let sum = simd.mul_f32s(scale, simd.add_f32s(even, odd));
        (sum, simd.mul_f32s(scale, simd.sub_f32s(even, odd)))
    };
    let mut at = [g[TAPS - 1]; N];
    if N == WIDE {
        at[0] = g[0];
        (at[1], at[2]) = both(1.0, -2.0 / 9.0);
        (at[3], at[4]) = both(2.0, 1.0 / 90.0);
        (at[5], at[6]) = both(0.5, 32.0 / 45.0);
    } else {
        at[0] = simd.mul_f32s(constant(0.25), g[0]);
        (at[1], at[2]) = both(1.0, -1.0 / 6.0);
        (at[3], at[4]) = both(2.0, 1.0 / 24.0);
    }
    at
}

/// `Bᵀ d` of a piece.
#[inline(always)]
pub(super) fn input<S: Simd, const N: usize>(simd: S, d: [S::f32s; N]) -> [S::f32s; N] {
    let fused = |factor: f32, a, b| simd.mul_add_f32s(simd.splat_f32s(factor), a, b);
    let mut t = d;
    let mut both = |place: usize, even, odd| {
        t[place] = simd.add_f32s(even, odd);
        t[place + 1] = simd.sub_f32s(even, odd);
    };
    if N == WIDE {
        both(1, fused(-4.25, d[4], simd.add_f32s(d[2], d[6])), fused(-4.25, d[3], simd.add_f32s(d[1], d[5])));
        let odd = simd.mul_f32s(simd.splat_f32s(0.5), d[1]);
        both(3, fused(0.25, d[2], fused(-1.25, d[4], d[6])), fused(-2.5, d[3], fused(2.0, d[5], odd)));
        let odd = simd.mul_f32s(simd.splat_f32s(0.5), d[5]);
        both(5, fused(4.0, d[2], fused(-5.0, d[4], d[6])), fused(-2.5, d[3], fused(2.0, d[1], odd)));
        t[0] = fused(5.25, simd.sub_f32s(d[4], d[2]), simd.sub_f32s(d[0], d[6]));
        t[7] = fused(5.25, simd.sub_f32s(d[3], d[5]), simd.sub_f32s(d[7], d[1]));
    } else {
        both(1, fused(-4.0, d[2], d[4]), fused(-4.0, d[1], d[3]));
        let odd = simd.sub_f32s(d[3], d[1]);
        both(3, simd.sub_f32s(d[4], d[2]), simd.add_f32s(odd, odd));
        t[0] = fused(4.0, d[0], fused(-5.0, d[2], d[4]));
        t[5] = fused(4.0, d[1], fused(-5.0, d[3], d[5]));
    }
    t
}

/// `Aᵀ m` of a piece's products: the N − 4 outputs, in front.
#[inline(always)]
pub(super) fn output<S: Simd, const N: usize>(simd: S, m: [S::f32s; N]) -> [S::f32s; WIDE - 4] {
    let fused = |factor: f32, a, b| simd.mul_add_f32s(simd.splat_f32s(factor), a, b);
    let (sum, difference) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    let (sum2, difference2) = (simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
    let first = simd.add_f32s(simd.add_f32s(m[0], sum), sum2);
    if N == WIDE {
        let (half, half_difference) = (simd.add_f32s(m[5], m[6]), simd.sub_f32s(m[5], m[6]));
        [
            simd.add_f32s(first, half),
            fused(0.5, half_difference, fused(2.0, difference2, difference)),
            fused(0.25, half, fused(4.0, sum2, sum)),
            fused(0.125, half_difference, fused(8.0, difference2, simd.add_f32s(difference, m[7]))),
        ]
    } else {
        let second = fused(2.0, difference2, simd.add_f32s(difference, m[5]));
        [first, second, first, second]
    }
}
