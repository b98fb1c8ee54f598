//! Step 8 of Algorithm 1 for several images at once: which values are compared doesn't depend on them, so that one instruction
//! compares those of many images.

use std::array;

use pulp::{Arch, Simd, WithSimd};
use tables::PIXELS;

/// Images that are sorted together: a multiple of the numbers in a register of any machine.
pub const LANES: usize = 16;

/// The pixels of each image in descending order; none may be NaN or -0.
pub fn sort_descending(images: &mut [[f32; PIXELS]; LANES]) {
    let mut rows = [[0.0; LANES]; PIXELS];
    for (rows, first) in tiles(&mut rows) {
        for (lane, image) in images.iter().enumerate() {
            let values = &image[first..first + TILE];
            rows.iter_mut().zip(values).for_each(|(row, value)| row[lane] = *value);
        }
    }
    Arch::new().dispatch(BitonicSort(&mut rows));
    for (rows, first) in tiles(&mut rows) {
        for (lane, image) in images.iter_mut().enumerate() {
            let values = &mut image[first..first + TILE];
            values.iter_mut().zip(&*rows).for_each(|(value, row)| *value = row[lane]);
        }
    }
}

/// Pixels of an image that are moved together: a line of the cache. Images are 4,096 bytes each, so that the same pixel of all would
/// go to the same few places of the cache and out again.
const TILE: usize = 16;

/// Some rows, and the number of the first.
fn tiles(rows: &mut [[f32; LANES]; PIXELS]) -> impl Iterator<Item = (&mut [[f32; LANES]; TILE], usize)> {
    rows.as_chunks_mut().0.iter_mut().zip((0..).step_by(TILE))
}

/// Batcher's bitonic sort (Knuth, The Art of Computer Programming 3, 5.3.4) of each lane, descending: blocks that fall and rise by
/// turns become blocks of twice the size that fall and rise by turns.
struct BitonicSort<'a>(&'a mut [[f32; LANES]; PIXELS]);

impl WithSimd for BitonicSort<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        const { assert!(PIXELS.is_power_of_two() && LANES.is_multiple_of(16)) };
        let (registers, _) = S::as_mut_simd_f32s(self.0.as_flattened_mut());
        let row = registers.len() / PIXELS;
        for power in 1..=PIXELS.ilog2() {
            for (number, block) in registers.chunks_exact_mut(row << power).enumerate() {
                if number % 2 == 0 {
                    merge::<S, true>(simd, block, row)
                } else {
                    merge::<S, false>(simd, block, row)
                }
            }
        }
    }
}

/// Sorts a block whose first half falls and whose second rises, or the other way round: its halves are compared row by row, then
/// their halves, and so on, three such steps in one passage through memory. A row has `row` registers.
#[inline(always)]
fn merge<S: Simd, const FALLING: bool>(simd: S, block: &mut [S::f32s], row: usize) {
    let mut apart = block.len() / 2;
    while apart >= 4 * row {
        compare::<S, 8, FALLING>(simd, block, apart / 4);
        apart /= 8;
    }
    if apart == 2 * row {
        compare::<S, 4, FALLING>(simd, block, row);
    } else if apart == row {
        compare::<S, 2, FALLING>(simd, block, row);
    }
}

/// The steps for rows `N / 2` times `stride` apart down to `stride`: each compares registers of `N` rows only with one another.
#[inline(always)]
fn compare<S: Simd, const N: usize, const FALLING: bool>(simd: S, block: &mut [S::f32s], stride: usize) {
    for block in block.chunks_exact_mut(N * stride) {
        for first in 0..stride {
            let mut some: [S::f32s; N] = array::from_fn(|index| block[first + index * stride]);
            for step in 0..N.ilog2() {
                let apart = (N / 2) >> step;
                for index in (0..N).filter(|index| index & apart == 0) {
                    let (a, b) = (some[index], some[index + apart]);
                    let (greater, less) = (simd.max_f32s(a, b), simd.min_f32s(a, b));
                    (some[index], some[index + apart]) =
                        if FALLING { (greater, less) } else { (less, greater) };
                }
            }
            for (index, values) in some.into_iter().enumerate() {
                block[first + index * stride] = values;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::num::f32::{INFINITE, NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    use proptest::prelude::*;

    type Images = [[f32; PIXELS]; LANES];

    /// With registers of one number, and with those of this machine.
    fn sorted(images: &Images) -> [Box<Images>; 2] {
        let mut narrow = [[0.0; LANES]; PIXELS];
        (0..PIXELS).for_each(|index| narrow[index] = array::from_fn(|lane| images[lane][index]));
        pulp::Scalar::new().vectorize(BitonicSort(&mut narrow));
        let mut wide = Box::new(*images);
        sort_descending(&mut wide);
        [Box::new(array::from_fn(|lane| array::from_fn(|index| narrow[index][lane]))), wide]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn many_images_are_sorted_as_the_library_sorts_each(
            values in prop::collection::vec(POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO | INFINITE, LANES * PIXELS),
            few in any::<bool>(),
        ) {
            // Of both signs, zeros and infinities, as they come or few different ones.
            let value = |index: usize| if few { values[index % 7] + 0.0 } else { values[index] + 0.0 };
            let images: Images = array::from_fn(|lane| array::from_fn(|index| value(lane * PIXELS + index)));
            let mut expected = images;
            expected.iter_mut().for_each(|image| image.sort_by(|a, b| b.total_cmp(a)));
            let bits = |images: &Images| images.concat().into_iter().map(f32::to_bits).collect::<Vec<_>>();
            for sorted in sorted(&images) {
                prop_assert!(bits(&sorted) == bits(&expected));
            }
        }
    }
}
