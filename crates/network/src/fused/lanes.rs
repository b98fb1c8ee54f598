//! Between the two layouts of a tile: lanes (an entry of every image side by side) and images (one after another).
//!
//! Both ways transpose squares of numbers, as wide as a register.

use pulp::Simd;
use pulp::bytemuck::{cast_slice, cast_slice_mut};

use super::LANES;

/// Numbers of the widest register.
const WIDEST: usize = 16;

/// Transposes squares of S::F32_LANES numbers: what stood in lane `j` of register `i` then stands in lane `i` of register `j`.
struct Square<S: Simd> {
    simd: S,
    rows: [S::f32s; WIDEST],
    /// For each step, by its number of lanes' logarithm, the lanes whose number has this bit.
    odd: [S::m32s; 4],
}

impl<S: Simd> Square<S> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        let mut numbers = [0_u32; WIDEST];
        for (number, slot) in numbers.iter_mut().enumerate() {
            *slot = number as u32;
        }
        let (numbers, _) = S::as_simd_u32s(&numbers);
        let none = simd.splat_u32s(0);
        let has = |bit: u32| simd.less_than_u32s(none, simd.and_u32s(numbers[0], simd.splat_u32s(bit)));
        let odd = [has(1), has(2), has(4), has(8)];
        Square { simd, rows: [simd.splat_f32s(0.0); WIDEST], odd }
    }

    #[inline(always)]
    fn transpose(&mut self) {
        if S::F32_LANES < WIDEST {
            self.transpose_one_by_one();
            return;
        }
        let mut rows = self.rows;
        self.exchange::<1, 0>(&mut rows);
        self.exchange::<2, 1>(&mut rows);
        self.exchange::<4, 2>(&mut rows);
        self.exchange::<8, 3>(&mut rows);
        self.rows = rows;
    }

    /// Where registers are narrower, rotating them takes longer than moving each number: AVX2 rotates halves only.
    #[inline(always)]
    fn transpose_one_by_one(&mut self) {
        let rows = self.rows;
        let (from, to): (&[f32], &mut [f32]) =
            (cast_slice(&rows[..S::F32_LANES]), cast_slice_mut(&mut self.rows[..S::F32_LANES]));
        for row in 0..S::F32_LANES {
            for lane in 0..S::F32_LANES {
                to[lane * S::F32_LANES + row] = from[row * S::F32_LANES + lane];
            }
        }
    }

    /// Exchanges the lanes with STEP's bit of each register without it for the other lanes of its partner. STEP is known to
    /// the compiler: else every rotation would be looked up.
    #[inline(always)]
    fn exchange<const STEP: usize, const BIT: usize>(&self, rows: &mut [S::f32s; WIDEST]) {
        let (simd, odd) = (self.simd, self.odd[BIT]);
        for row in 0..WIDEST {
            if row & STEP == 0 {
                let (a, b) = (rows[row], rows[row + STEP]);
                rows[row] = simd.select_f32s(odd, simd.rotate_right_f32s(b, STEP), a);
                rows[row + STEP] = simd.select_f32s(odd, b, simd.rotate_left_f32s(a, STEP));
            }
        }
    }
}

/// Where a number of an image, channels last, stands in lanes: number `place · channels + channel` in entry
/// `channel · places + place`.
struct ChannelsLast {
    channels: usize,
    places: usize,
    channel: usize,
    place: usize,
}

impl ChannelsLast {
    fn new(channels: usize, places: usize) -> ChannelsLast {
        ChannelsLast { channels, places, channel: 0, place: 0 }
    }

    /// The next number's entry.
    #[inline(always)]
    fn next(&mut self) -> usize {
        let entry = self.channel * self.places + self.place;
        self.channel += 1;
        if self.channel == self.channels {
            (self.channel, self.place) = (0, self.place + 1);
        }
        entry
    }
}

/// Takes planes out of lanes, channels last. Images begin `stride` apart, at least a
/// register's width more than they are long.
#[inline(always)]
pub(super) fn to_images<S: Simd>(
    simd: S,
    lanes: &[f32],
    channels: usize,
    places: usize,
    images: &mut [f32],
    stride: usize,
) {
    let mut square = Square::new(simd);
    let (lanes, _) = S::as_simd_f32s(lanes);
    let width = LANES / S::F32_LANES;
    for register in 0..width {
        let mut numbers = ChannelsLast::new(channels, places);
        let images = &mut images[register * S::F32_LANES * stride..];
        let length = channels * places;
        for first in (0..length).step_by(S::F32_LANES) {
            for row in 0..S::F32_LANES {
                square.rows[row] = if first + row < length {
                    lanes[numbers.next() * width + register]
                } else {
                    simd.splat_f32s(0.0)
                };
            }
            square.transpose();
            for row in 0..S::F32_LANES {
                let start = row * stride + first;
                let (image, _) = S::as_mut_simd_f32s(&mut images[start..start + S::F32_LANES]);
                image[0] = square.rows[row];
            }
        }
    }
}

/// The way back from [`to_images`].
#[inline(always)]
pub(super) fn to_lanes<S: Simd>(
    simd: S,
    images: &[f32],
    channels: usize,
    places: usize,
    lanes: &mut [f32],
    stride: usize,
) {
    let mut square = Square::new(simd);
    let (lanes, _) = S::as_mut_simd_f32s(lanes);
    let width = LANES / S::F32_LANES;
    for register in 0..width {
        let mut numbers = ChannelsLast::new(channels, places);
        let images = &images[register * S::F32_LANES * stride..];
        let length = channels * places;
        for first in (0..length).step_by(S::F32_LANES) {
            for row in 0..S::F32_LANES {
                let start = row * stride + first;
                let (image, _) = S::as_simd_f32s(&images[start..start + S::F32_LANES]);
                square.rows[row] = image[0];
            }
            square.transpose();
            for row in 0..S::F32_LANES.min(length - first) {
                lanes[numbers.next() * width + register] = square.rows[row];
            }
        }
    }
}

/// Puts images into lanes: entry `i` of `lanes` holds number `i` of each image. Lanes without an image are zero.
#[inline(always)]
pub(super) fn from_images<S: Simd>(simd: S, images: &[&[f32]], lanes: &mut [f32]) {
    let mut square = Square::new(simd);
    let width = LANES / S::F32_LANES;
    let whole = lanes.len() / LANES / S::F32_LANES * S::F32_LANES;
    let (squares, rest) = lanes.split_at_mut(whole * LANES);
    let (squares, _) = S::as_mut_simd_f32s(squares);
    for register in 0..width {
        for first in (0..whole).step_by(S::F32_LANES) {
            for row in 0..S::F32_LANES {
                square.rows[row] = match images.get(register * S::F32_LANES + row) {
                    Some(image) => S::as_simd_f32s(&image[first..first + S::F32_LANES]).0[0],
                    None => simd.splat_f32s(0.0),
                };
            }
            square.transpose();
            for row in 0..S::F32_LANES {
                squares[(first + row) * width + register] = square.rows[row];
            }
        }
    }
    for (index, entry) in rest.chunks_exact_mut(LANES).enumerate() {
        entry.fill(0.0);
        entry.iter_mut().zip(images).for_each(|(value, image)| *value = image[whole + index]);
    }
}
