//! Algorithm 1: a handwritten digit becomes an image whose 1,024 pixels are one draw of P(X), in the paper N(0, 1024).
//!
//! One function a step, in the order of the paper, but that the central part is cut before it is binarised, which comes to the same:
//!
//! ```text
//!  grey digit ─binarise_centre─▶ z_c 64×64 ─downsample─▶ z_cd 32×32 ─decompose─▶ four regions
//!        P(X) ─sample─▶ x ─sort_descending─▶ x̂ ───────────────────────────────────place─▶ image
//! ```

mod sort;

use std::array;

use pulp::{Arch, Simd, WithSimd};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statistics::distribution::Distribution;
use statistics::random::draw;
use tables::picture::Grey;
use tables::{PIXELS, SIDE};

pub use sort::LANES;
use sort::{Rows, images_of, sort_descending};

/// The black-and-white picture z_c: a row is the bits of a number, the first pixel the lowest; 1 is ink.
pub type Centre = [u64; CENTRE];

/// The digit z_cd, kept like [`Centre`].
pub type Mask = [u32; SIDE];

/// Where each pixel lies with respect to the digit's edge, in the order of the sorted values, of which the largest go outside: 0 is not
/// touched by the dilated digit, 1 in that and not in the digit, 2 in the digit and not in the eroded one, 3 in the eroded digit. Made by
/// [`decompose`] alone.
pub type Regions = [u8; PIXELS];

/// Where the sorted values go: inside each region in some order, as in the paper, or anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// Largest first, row by row.
    Raster,
    /// In random order.
    Shuffled,
    /// In random order over the whole image, whatever the regions: white noise.
    Anywhere,
}

/// Side of the central part z_c.
const CENTRE: usize = 64;

/// Grey of at least this is ink.
const THRESHOLD: u8 = 128;

/// An image to be made.
pub struct Image<'a> {
    /// The digit that gives its regions.
    pub z_cd: &'a Mask,
    /// Where its draws come from.
    pub random: ChaCha8Rng,
    /// The image itself, row by row.
    pub pixels: &'a mut [f32; PIXELS],
    /// The regions of its pixels.
    pub regions: &'a mut Regions,
}

/// Steps 2 to 4: the digit z_cd of a picture.
pub fn digit(picture: &Grey) -> Mask {
    downsample(&binarise_centre(picture))
}

/// Steps 5 to 10 for some images, whose draws are sorted side by side.
pub fn generate(images: &mut [Image<'_>], known: &Distribution, placement: Placement) {
    let (mut rows, mut x) = ([[0.0; LANES]; PIXELS], [[0.0; PIXELS]; LANES]);
    for some in images.chunks_mut(LANES) {
        sample(known, some, &mut rows);
        sort_descending(&mut rows);
        images_of(&rows, &mut x);
        Arch::new().dispatch(Place { x: &x, images: some, placement });
    }
}

/// Steps 6, 9 and 10 for images that were sorted together: here so that the compiler may use all instructions of the machine.
struct Place<'a, 'b> {
    /// Their sorted values.
    x: &'a [[f32; PIXELS]; LANES],
    images: &'a mut [Image<'b>],
    placement: Placement,
}

impl WithSimd for Place<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (x, image) in self.x.iter().zip(self.images) {
            *image.regions = decompose(image.z_cd);
            place(x, image.regions, self.placement, &mut image.random, image.pixels);
        }
    }
}

/// Steps 2 and 3: the central 64×64 pixels, binarised. A digit smaller than that (MNIST's 28×28) is first enlarged to it.
pub fn binarise_centre(digit: &Grey) -> Centre {
    if digit.width < CENTRE || digit.height < CENTRE {
        return Arch::new().dispatch(BinariseEnlarged(digit));
    }
    let side = digit.width.min(digit.height);
    let margin = |length: usize| (length - side) / 2 + (side - CENTRE) / 2;
    let (top, left) = (margin(digit.height), margin(digit.width));
    array::from_fn(|y| {
        let row = &digit.pixels[(top + y) * digit.width + left..];
        bits(&array::from_fn(|x| row[x] >= THRESHOLD))
    })
}

/// The first is the lowest.
#[inline(always)]
fn bits(row: &[bool; CENTRE]) -> u64 {
    // Multiplied by this, eight bytes of 0 or 1 stand side by side in the highest byte, the first lowest.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = row.as_chunks::<8>();
    eights.iter().rev().fold(0, |bits, eight| {
        let bytes = u64::from_le_bytes(eight.map(u8::from));
        bits << 8 | bytes.wrapping_mul(GATHER) >> 56
    })
}

/// In how many parts the way from one pixel of a digit to the next is divided, so that those of the enlarged digit lie on them.
const PARTS: u16 = 2 * CENTRE as u16;

/// How many units of the enlarged digit's greys make one grey level: each is a mean, by [`PARTS`] along rows and again along columns.
const UNITS: u32 = PARTS as u32 * PARTS as u32;

/// Between which of a digit's own pixels those of the enlarged digit lie, along a row or a column.
struct Between {
    /// The one before each.
    before: [usize; CENTRE],
    /// How far each is from that to the next, in parts: 0 at the last, which has no next.
    share: [u16; CENTRE],
}

/// Of a row or column of this length: bilinear, centres of pixels aligned, borders repeated.
fn between(length: usize) -> Between {
    // (index + ½) · length / 64 − ½, in parts.
    let parts: [usize; CENTRE] = array::from_fn(|index| {
        ((2 * index + 1) * length).saturating_sub(CENTRE).min((length - 1) * usize::from(PARTS))
    });
    Between {
        before: parts.map(|parts| parts / usize::from(PARTS)),
        share: parts.map(|parts| (parts % usize::from(PARTS)) as u16),
    }
}

/// The digit enlarged to 64×64, binarised.
struct BinariseEnlarged<'a>(&'a Grey);

impl WithSimd for BinariseEnlarged<'_> {
    type Output = Centre;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Centre {
        const INK: u32 = THRESHOLD as u32 * UNITS;
        enlarge(self.0, 0, |row| bits(&row.map(|grey| grey >= INK)))
    }
}

/// What `row_is` says of each row of the digit enlarged to 64×64, whose greys come in units of 1/[`UNITS`], and `blank` of a row
/// between two without ink. First along rows, then along columns, in whole numbers, so that nothing is rounded.
#[inline(always)]
fn enlarge<T: Copy>(digit: &Grey, blank: T, row_is: impl Fn(&[u32; CENTRE]) -> T) -> [T; CENTRE] {
    let columns = between(digit.width);
    // A byte never leads beyond a line of so many pixels, so that it needs no check. After the last comes one more, which has no part
    // in any.
    const FEW: usize = 1 << u8::BITS;
    let (mut line, before) = ([0; FEW + 1], columns.before.map(|before| before as u8));
    let mut widen = |row: &[u8]| -> [u16; CENTRE] {
        let pairs: [[u8; 2]; CENTRE] = if row.len() <= FEW {
            line[..row.len()].copy_from_slice(row);
            array::from_fn(|x| [line[usize::from(before[x])], line[usize::from(before[x]) + 1]])
        } else {
            columns.before.map(|before| [row[before], *row.get(before + 1).unwrap_or(&0)])
        };
        array::from_fn(|x| {
            let ([before, after], share) = (pairs[x].map(u16::from), columns.share[x]);
            before * (PARTS - share) + after * share
        })
    };
    let inked = |row: &[u8]| row.iter().any(|grey| *grey > 0);
    let rows = digit.pixels.chunks_exact(digit.width);
    let wide: Vec<Option<[u16; CENTRE]>> = rows.map(|row| inked(row).then(|| widen(row))).collect();
    let rows = between(digit.height);
    array::from_fn(|y| {
        const BLANK: [u16; CENTRE] = [0; CENTRE];
        let (before, share) = (rows.before[y], rows.share[y]);
        let (upper, lower) = match (&wide[before], wide.get(before + 1).unwrap_or(&None)) {
            (None, None) => return blank,
            (upper, lower) => (upper.as_ref().unwrap_or(&BLANK), lower.as_ref().unwrap_or(&BLANK)),
        };
        let (above, below) = (u32::from(PARTS - share), u32::from(share));
        row_is(&array::from_fn(|x| u32::from(upper[x]) * above + u32::from(lower[x]) * below))
    })
}

/// Step 4: 32×32, each pixel ink where at least half of its 2×2 block is.
pub fn downsample(z_c: &Centre) -> Mask {
    let (pairs, _) = z_c.as_chunks::<2>();
    array::from_fn(|y| {
        let [upper, lower] = pairs[y];
        let both = |row: u64| row & row >> 1;
        let any = |row: u64| row | row >> 1;
        every_second(both(upper) | both(lower) | any(upper) & any(lower))
    })
}

/// The bits 0, 2, 4 and so on, side by side.
fn every_second(row: u64) -> u32 {
    const STEPS: [(u32, u64); 5] = [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
        (8, 0x0000_ffff_0000_ffff),
        (16, 0x0000_0000_ffff_ffff),
    ];
    let apart = row & 0x5555_5555_5555_5555;
    STEPS.iter().fold(apart, |row, (by, mask)| (row | row >> by) & mask) as u32
}

/// Steps 5 and 6: the digit's edge, decomposed into four regions by dilation and erosion with the four neighbours.
/// What lies beyond the picture is background.
#[inline(always)]
pub fn decompose(z_cd: &Mask) -> Regions {
    const { assert!(SIDE == u32::BITS as usize && CENTRE == u64::BITS as usize, "a row is the bits of a number") };
    let mut regions = [0; PIXELS];
    for (y, (here, row)) in z_cd.iter().zip(regions.as_chunks_mut::<SIDE>().0).enumerate() {
        let above = if y == 0 { 0 } else { z_cd[y - 1] };
        let below = z_cd.get(y + 1).unwrap_or(&0);
        let (left, right) = (here << 1, here >> 1);
        let dilated = here | above | below | left | right;
        let eroded = here & above & below & left & right;
        // The two bits of the regions' numbers.
        let (low, high) = (dilated & !here | eroded, here);
        for (eight, first) in row.as_chunks_mut::<8>().0.iter_mut().zip((0..).step_by(8)) {
            *eight = (spread(low >> first) | spread(high >> first) << 1).to_le_bytes();
        }
    }
    regions
}

/// The eight lowest bits as bytes of 0 or 1, the lowest first.
#[inline(always)]
fn spread(bits: u32) -> u64 {
    // Multiplied by this, seven bits stand every seven places, so that each is once at the beginning of its byte.
    const SPREAD: u64 = 0x0002_0408_1020_4081;
    const LOWEST: u64 = 0x0101_0101_0101_0101;
    let (seven, last) = (u64::from(bits & 0x7f), u64::from(bits >> 7 & 1));
    (seven * SPREAD) & LOWEST | last << 56
}

/// Step 7: for each image 1,024 draws of P(X), in the paper N(0, 1024).
fn sample(known: &Distribution, images: &mut [Image<'_>], rows: &mut Rows) {
    for (lane, image) in images.iter_mut().enumerate() {
        for row in &mut *rows {
            // With 0, -0 becomes 0: which of the two comes first, a sort need not say.
            row[lane] = draw(known, &mut image.random) as f32 + 0.0;
        }
    }
}

/// Steps 9 and 10: the sorted values cut into four parts, one a region, and put in their places. `shuffled` keeps the
/// parts and loses the order inside each; `anywhere` loses all order.
#[inline(always)]
pub fn place(
    sorted: &[f32; PIXELS],
    regions: &Regions,
    placement: Placement,
    random: &mut ChaCha8Rng,
    image: &mut [f32; PIXELS],
) {
    match placement {
        Placement::Raster => place_in_rows(sorted, regions, image),
        Placement::Shuffled => {
            let mut places: [Vec<usize>; 4] = Default::default();
            regions.iter().enumerate().for_each(|(place, region)| places[usize::from(*region)].push(place));
            places.iter_mut().for_each(|places| places.shuffle(random));
            places.concat().into_iter().zip(sorted).for_each(|(place, value)| image[place] = *value);
        }
        Placement::Anywhere => {
            *image = *sorted;
            image.shuffle(random);
        }
    }
}

/// Each region's values row by row, in the order of its part.
#[inline(always)]
fn place_in_rows(sorted: &[f32; PIXELS], regions: &Regions, image: &mut [f32; PIXELS]) {
    const { assert!(PIXELS <= u16::MAX as usize && PIXELS.is_multiple_of(STEP)) };
    const STEP: usize = 8;
    const BITS: u32 = u16::BITS;
    let mut sizes = [0; 3];
    for (size, region) in sizes.iter_mut().zip(0..) {
        let mut columns = [0; SIDE];
        for row in regions.as_chunks::<SIDE>().0 {
            columns.iter_mut().zip(row).for_each(|(count, other)| *count += u8::from(*other == region));
        }
        *size = columns.iter().map(|count| u64::from(*count)).sum();
    }
    let [outside, touched, edge] = sizes;
    // Which of the sorted values is the next of each region, in 16 bits of one number: so that there is no branch for each pixel, which
    // the machine would often guess wrong.
    let mut next =
        outside << BITS | (outside + touched) << (2 * BITS) | (outside + touched + edge) << (3 * BITS);
    let mut take = |region: u8, count: usize| {
        let shift = BITS * u32::from(region);
        let first = usize::from((next >> shift) as u16);
        next += (count as u64) << shift;
        first
    };
    for (places, regions) in image.as_chunks_mut::<STEP>().0.iter_mut().zip(regions.as_chunks::<STEP>().0) {
        if *regions == [regions[0]; STEP] {
            let first = take(regions[0], STEP);
            places.copy_from_slice(&sorted[first..first + STEP]);
        } else {
            places.iter_mut().zip(regions).for_each(|(place, region)| *place = sorted[take(*region, 1)]);
        }
    }
}

#[cfg(test)]
#[path = "lib_tests.rs"]
mod tests;
