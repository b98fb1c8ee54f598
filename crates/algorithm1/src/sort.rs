//! Step 8 of Algorithm 1 for several images at once: which values are compared doesn't depend on them, so that one instruction
//! compares those of many images.

use std::array;

use pulp::{Arch, Simd, WithSimd};
use tables::PIXELS;

/// Images that are sorted together: a multiple of the numbers in a register of any machine.
pub const LANES: usize = 16;

/// The first pixels of some images side by side, then their second ones, and so on.
pub type Rows = [[f32; LANES]; PIXELS];

/// The pixels of each image in descending order; none may be NaN or -0.
pub fn sort_descending(rows: &mut Rows) {
    Arch::new().dispatch(BitonicSort(rows));
}

/// The images one after the other.
pub fn images_of(rows: &Rows, images: &mut [[f32; PIXELS]; LANES]) {
    for (rows, first) in rows.as_chunks::<TILE>().0.iter().zip((0..).step_by(TILE)) {
        for (lane, image) in images.iter_mut().enumerate() {
            let values = &mut image[first..first + TILE];
            values.iter_mut().zip(rows).for_each(|(value, row)| *value = row[lane]);
        }
    }
}

/// Pixels of an image that are moved together: a line of the cache. Images are 4,096 bytes each, so that the same pixel of all would
/// go to the same few places of the cache and out again.
const TILE: usize = 16;

/// Batcher's bitonic sort (Knuth, The Art of Computer Programming 3, 5.3.4) of each lane, descending: blocks that fall and rise by
/// turns become blocks of twice the size that fall and rise by turns.
struct BitonicSort<'a>(&'a mut Rows);

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
        let mut narrow: Box<Rows> =
            Box::new(array::from_fn(|index| array::from_fn(|lane| images[lane][index])));
        let mut wide = narrow.clone();
        pulp::Scalar::new().vectorize(BitonicSort(&mut narrow));
        sort_descending(&mut wide);
        [narrow, wide].map(|rows| {
            let mut images = Box::new([[f32::NAN; PIXELS]; LANES]);
            images_of(&rows, &mut images);
            images
        })
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
