//! Algorithm 1: a handwritten digit becomes an image whose 1,024 pixels are one draw of N(0, variance).
//!
//! One function a step, in the order of the paper:
//!
//! ```text
//!  grey digit ─binarise─▶ z ─central_part─▶ z_c 64×64 ─downsample─▶ z_cd 32×32 ─decompose─▶ four regions
//!  N(0, 1024) ─sample─▶ x ─sort_descending─▶ x̂ ──────────────────────────────────place─▶ image
//! ```

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statistics::random::standard_normal;
use tables::{PIXELS, SIDE};

/// A grey picture: 0 is background, 255 is ink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grey {
    /// Pixels along a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row after row.
    pub pixels: Vec<u8>,
}

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

/// Order of the sorted values inside a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// Largest first, row by row.
    Raster,
    /// In random order.
    Shuffled,
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
const THRESHOLD: f64 = 128.0;

/// All steps for one digit.
pub fn generate(digit: &Grey, variance: f64, placement: Placement, random: &mut ChaCha8Rng) -> Synthetic {
    let z = binarise(digit);
    let z_c = central_part(&z);
    let z_cd = downsample(&z_c);
    let regions = decompose(&z_cd);
    let x = sample(variance, random);
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
        return Binary::from_fn(side, |y, x| f64::from(pixel(y, x)) >= THRESHOLD);
    }
    Binary::from_fn(CENTRE, |y, x| bilinear(digit, y, x) >= THRESHOLD)
}

/// The grey of pixel (y, x) of the digit enlarged to 64×64: bilinear, centres of pixels aligned, borders repeated.
fn bilinear(digit: &Grey, y: usize, x: usize) -> f64 {
    let source = |index: usize, length: usize| {
        let place = (index as f64 + 0.5) * length as f64 / CENTRE as f64 - 0.5;
        let place = place.clamp(0.0, (length - 1) as f64);
        let low = place.floor() as usize;
        (low, (low + 1).min(length - 1), place - low as f64)
    };
    let (top, below, dy) = source(y, digit.height);
    let (left, right, dx) = source(x, digit.width);
    let grey = |y: usize, x: usize| f64::from(digit.pixels[y * digit.width + x]);
    let upper = grey(top, left) * (1.0 - dx) + grey(top, right) * dx;
    let lower = grey(below, left) * (1.0 - dx) + grey(below, right) * dx;
    upper * (1.0 - dy) + lower * dy
}

/// Step 3: the central 64×64 pixels.
pub fn central_part(z: &Binary) -> Binary {
    let margin = (z.side - CENTRE) / 2;
    Binary::from_fn(CENTRE, |y, x| z.at(margin + y, margin + x))
}

/// Step 4: 32×32, each pixel ink where at least half of its 2×2 block is.
pub fn downsample(z_c: &Binary) -> Binary {
    Binary::from_fn(SIDE, |y, x| {
        let block = [(0, 0), (0, 1), (1, 0), (1, 1)];
        block.iter().filter(|(dy, dx)| z_c.at(2 * y + dy, 2 * x + dx)).count() >= 2
    })
}

/// Steps 5 and 6: the digit's edge, decomposed into four regions by dilation and erosion with the four neighbours.
/// What lies beyond the picture is background.
pub fn decompose(z_cd: &Binary) -> Vec<Region> {
    let neighbours = |y: usize, x: usize| {
        let beside = |dy: usize, dx: usize| {
            // Offsets are one more than meant, so that they stay unsigned.
            let (y, x) = ((y + dy).checked_sub(1)?, (x + dx).checked_sub(1)?);
            (y < SIDE && x < SIDE).then(|| z_cd.at(y, x))
        };
        [beside(0, 1), beside(2, 1), beside(1, 0), beside(1, 2)].map(|ink| ink == Some(true))
    };
    (0..PIXELS)
        .map(|pixel| {
            let (y, x) = (pixel / SIDE, pixel % SIDE);
            let around = neighbours(y, x);
            match (z_cd.at(y, x), around.contains(&true), around.contains(&false)) {
                (false, false, _) => Region::Outside,
                (false, true, _) => Region::OutsideBoundary,
                (true, _, true) => Region::InsideBoundary,
                (true, _, false) => Region::Inside,
            }
        })
        .collect()
}

/// Step 7: 1,024 draws of N(0, variance).
pub fn sample(variance: f64, random: &mut ChaCha8Rng) -> Vec<f32> {
    let sd = variance.sqrt();
    (0..PIXELS).map(|_| (standard_normal(random) * sd) as f32).collect()
}

/// Step 8: in descending order.
pub fn sort_descending(mut x: Vec<f32>) -> Vec<f32> {
    x.sort_unstable_by(|a, b| b.total_cmp(a));
    x
}

/// Steps 9 and 10: the sorted values cut into four parts, one a region, and put in their places. `shuffled` keeps the
/// parts and loses the order inside each.
pub fn place(sorted: &[f32], regions: &[Region], placement: Placement, random: &mut ChaCha8Rng) -> Vec<f32> {
    let mut pixels = vec![0.0; sorted.len()];
    let mut rest = sorted;
    for region in [Region::Outside, Region::OutsideBoundary, Region::InsideBoundary, Region::Inside] {
        let mut places: Vec<usize> = (0..regions.len()).filter(|pixel| regions[*pixel] == region).collect();
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
        Binary { side, ink: (0..side * side).map(|pixel| ink(pixel / side, pixel % side)).collect() }
    }

    fn at(&self, y: usize, x: usize) -> bool {
        self.ink[y * self.side + x]
    }
}

#[cfg(test)]
#[path = "algorithm1_tests.rs"]
mod tests;
