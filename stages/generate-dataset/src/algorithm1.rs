//! Algorithm 1: a handwritten digit becomes an image whose 1,024 pixels are one draw of P(X), in the paper N(0, 1024).
//!
//! One function a step, in the order of the paper:
//!
//! ```text
//!  grey digit ─binarise─▶ z ─central_part─▶ z_c 64×64 ─downsample─▶ z_cd 32×32 ─decompose─▶ four regions
//!        P(X) ─sample─▶ x ─sort_descending─▶ x̂ ──────────────────────────────────place─▶ image
//! ```

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statistics::distribution::Distribution;
use statistics::random::draw;
use tables::picture::Grey;
use tables::{PIXELS, SIDE};

/// A black-and-white picture, row after row; true is ink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    side: usize,
    ink: Vec<bool>,
}

/// Where a pixel lies with respect to the digit's edge. The order is that of the sorted values: the largest go outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// Not touched by the dilated digit.
    Outside = 0,
    /// In the dilated digit, not in the digit.
    OutsideBoundary = 1,
    /// In the digit, not in the eroded digit.
    InsideBoundary = 2,
    /// In the eroded digit.
    Inside = 3,
}

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

/// An image of the dataset.
#[derive(Clone, Debug)]
pub struct Synthetic {
    /// 32 × 32 pixels.
    pub pixels: Vec<f32>,
    /// 32 × 32 regions.
    pub regions: Vec<Region>,
}

/// Side of the central part z_c.
const CENTRE: usize = 64;

/// Grey of at least this is ink.
const THRESHOLD: f32 = 128.0;

/// All steps for one digit.
pub fn generate(
    digit: &Grey,
    known: &Distribution,
    placement: Placement,
    random: &mut ChaCha8Rng,
) -> Synthetic {
    let z = binarise(digit);
    let z_c = central_part(&z);
    let z_cd = downsample(&z_c);
    let regions = decompose(&z_cd);
    let x = sample(known, random);
    let sorted = sort_descending(x);
    let pixels = place(&sorted, &regions, placement, random);
    Synthetic { pixels, regions }
}

/// Step 2: binarises a digit. A digit smaller than 64×64 (MNIST's 28×28) is first enlarged to 64×64.
pub fn binarise(digit: &Grey) -> Binary {
    if digit.width >= CENTRE && digit.height >= CENTRE {
        let side = digit.width.min(digit.height);
        let (top, left) = ((digit.height - side) / 2, (digit.width - side) / 2);
        let pixel = |y: usize, x: usize| digit.pixels[(top + y) * digit.width + left + x];
        return Binary::from_fn(side, |y, x| f32::from(pixel(y, x)) >= THRESHOLD);
    }
    let mut ink = Vec::with_capacity(CENTRE * CENTRE);
    enlarge(digit, |greys| ink.extend(greys.iter().map(|grey| *grey >= THRESHOLD)));
    Binary { side: CENTRE, ink }
}

/// Where a pixel of the enlarged digit lies between two of the digit's own.
struct Between {
    low: usize,
    high: usize,
    /// How far it is from `low`, 0 to 1, in steps of 1/128.
    share: f32,
}

impl Between {
    fn mix(&self, low: f32, high: f32) -> f32 {
        low * (1.0 - self.share) + high * self.share
    }
}

/// The greys of the digit enlarged to 64×64, row by row: bilinear, centres of pixels aligned, borders repeated. First along
/// rows, then along columns. Nothing is rounded: a grey has 8 bits and each of two shares 7, 22 of 24 together.
fn enlarge(digit: &Grey, mut row_is: impl FnMut(&[f32; CENTRE])) {
    let between = |length: usize| -> [Between; CENTRE] {
        std::array::from_fn(|index| {
            let place = (index as f64 + 0.5) * length as f64 / CENTRE as f64 - 0.5;
            let place = place.clamp(0.0, (length - 1) as f64);
            let low = place as usize;
            Between { low, high: (low + 1).min(length - 1), share: (place - low as f64) as f32 }
        })
    };
    let columns = between(digit.width);
    let widen = |row: &[u8]| -> [f32; CENTRE] {
        if row.iter().all(|grey| *grey == 0) {
            return [0.0; CENTRE];
        }
        std::array::from_fn(|x| {
            columns[x].mix(f32::from(row[columns[x].low]), f32::from(row[columns[x].high]))
        })
    };
    let wide: Vec<[f32; CENTRE]> = digit.pixels.chunks_exact(digit.width).map(widen).collect();
    for y in between(digit.height) {
        let (upper, lower) = (&wide[y.low], &wide[y.high]);
        row_is(&std::array::from_fn(|x| y.mix(upper[x], lower[x])));
    }
}

/// Step 3: the central 64×64 pixels.
pub fn central_part(z: &Binary) -> Binary {
    let margin = (z.side - CENTRE) / 2;
    let mut ink = Vec::with_capacity(CENTRE * CENTRE);
    for row in z.ink.chunks_exact(z.side).skip(margin).take(CENTRE) {
        ink.extend_from_slice(&row[margin..margin + CENTRE]);
    }
    Binary { side: CENTRE, ink }
}

/// Step 4: 32×32, each pixel ink where at least half of its 2×2 block is.
pub fn downsample(z_c: &Binary) -> Binary {
    let mut ink = Vec::with_capacity(PIXELS);
    for rows in z_c.ink.chunks_exact(2 * z_c.side) {
        let (upper, lower) = rows.split_at(z_c.side);
        let blocks = upper.chunks_exact(2).zip(lower.chunks_exact(2));
        ink.extend(blocks.map(|(upper, lower)| {
            [upper[0], upper[1], lower[0], lower[1]].map(u8::from).iter().sum::<u8>() >= 2
        }));
    }
    Binary { side: SIDE, ink }
}

/// Steps 5 and 6: the digit's edge, decomposed into four regions by dilation and erosion with the four neighbours.
/// What lies beyond the picture is background.
pub fn decompose(z_cd: &Binary) -> Vec<Region> {
    const { assert!(SIDE <= u32::BITS as usize, "a row is the bits of a number") };
    const BY_BITS: [Region; 4] =
        [Region::Outside, Region::OutsideBoundary, Region::InsideBoundary, Region::Inside];
    // A row is the bits of a number, the first pixel the lowest, between two rows of background.
    let mut rows = [0_u32; SIDE + 2];
    for (bits, ink) in rows[1..].iter_mut().zip(z_cd.ink.chunks_exact(SIDE)) {
        *bits = ink.iter().rev().fold(0, |bits, ink| bits << 1 | u32::from(*ink));
    }
    let mut regions = Vec::with_capacity(PIXELS);
    for near in rows.windows(3) {
        let (above, here, below) = (near[0], near[1], near[2]);
        let (left, right) = (here << 1, here >> 1);
        let dilated = here | above | below | left | right;
        let eroded = here & above & below & left & right;
        // Of a digit's pixel the second bit of its region is set; the first where it is eroded, or dilated only.
        let first = (dilated & !here) | eroded;
        regions.extend((0..SIDE).map(|x| BY_BITS[((here >> x & 1) << 1 | (first >> x & 1)) as usize]));
    }
    regions
}

/// Step 7: 1,024 draws of P(X), in the paper N(0, 1024).
pub fn sample(known: &Distribution, random: &mut ChaCha8Rng) -> Vec<f32> {
    (0..PIXELS).map(|_| draw(known, random) as f32).collect()
}

/// Step 8: in descending order.
pub fn sort_descending(x: Vec<f32>) -> Vec<f32> {
    // Whole numbers in the opposite order of the floats: they sort faster.
    const SIGN: u32 = 1 << 31;
    let key = |value: f32| match value.to_bits() {
        bits if bits & SIGN == 0 => !(bits | SIGN),
        bits => bits,
    };
    let value = |key: u32| f32::from_bits(if key & SIGN == 0 { !key & !SIGN } else { key });
    let mut keys: Vec<u32> = x.into_iter().map(key).collect();
    keys.sort_unstable();
    keys.into_iter().map(value).collect()
}

/// Steps 9 and 10: the sorted values cut into four parts, one a region, and put in their places. `shuffled` keeps the
/// parts and loses the order inside each; `anywhere` loses all order.
pub fn place(sorted: &[f32], regions: &[Region], placement: Placement, random: &mut ChaCha8Rng) -> Vec<f32> {
    if placement == Placement::Anywhere {
        let mut pixels = sorted.to_vec();
        pixels.shuffle(random);
        return pixels;
    }
    let mut places: [Vec<usize>; 4] = std::array::from_fn(|_| Vec::with_capacity(regions.len()));
    for (pixel, region) in regions.iter().enumerate() {
        places[*region as usize].push(pixel);
    }
    let mut pixels = vec![0.0; sorted.len()];
    let mut rest = sorted;
    for mut places in places {
        if placement == Placement::Shuffled {
            places.shuffle(random);
        }
        let (part, others) = rest.split_at(places.len());
        for (place, value) in places.into_iter().zip(part) {
            pixels[place] = *value;
        }
        rest = others;
    }
    pixels
}

impl Binary {
    /// A picture of side × side from what `ink(y, x)` says.
    pub fn from_fn(side: usize, ink: impl Fn(usize, usize) -> bool) -> Binary {
        let mut all = Vec::with_capacity(side * side);
        for y in 0..side {
            all.extend((0..side).map(|x| ink(y, x)));
        }
        Binary { side, ink: all }
    }
}

#[cfg(test)]
#[path = "algorithm1_tests.rs"]
mod tests;
