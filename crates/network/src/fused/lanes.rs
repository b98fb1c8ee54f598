//! Between the two layouts of a tile: lanes (an entry of every image side by side) and images (one after another).

use super::LANES;

/// Numbers of an image that are moved together.
const BLOCK: usize = 4;

/// Puts images into lanes: entry `i` of `lanes` holds number `i` of each image. Lanes without an image are zero.
#[inline(always)]
pub(super) fn from_images(images: &[&[f32]], lanes: &mut [f32]) {
    let mut all = [images.first().copied().unwrap_or_default(); LANES];
    all.iter_mut().zip(images).for_each(|(slot, image)| *slot = image);
    let whole = lanes.len() / (BLOCK * LANES) * BLOCK;
    let (blocks, rest) = lanes.split_at_mut(whole * LANES);
    for (index, entries) in blocks.chunks_exact_mut(BLOCK * LANES).enumerate() {
        let rows: [[f32; BLOCK]; LANES] =
            std::array::from_fn(|lane| four(&all[lane][index * BLOCK..index * BLOCK + BLOCK]));
        for (offset, entry) in entries.chunks_exact_mut(LANES).enumerate() {
            entry.copy_from_slice(&rows.map(|row| row[offset]));
        }
    }
    for (index, entry) in rest.chunks_exact_mut(LANES).enumerate() {
        entry.copy_from_slice(&all.map(|image| image[whole + index]));
    }
    for entry in lanes.chunks_exact_mut(LANES) {
        entry[images.len()..].fill(0.0);
    }
}

fn four(values: &[f32]) -> [f32; BLOCK] {
    [values[0], values[1], values[2], values[3]]
}

/// Takes planes out of lanes, channels last: number `place · channels + channel` of an image is its lane of entry
/// `channel · places + place`. Images begin `stride` apart.
#[inline(always)]
pub(super) fn to_images(lanes: &[f32], channels: usize, places: usize, images: &mut [f32], stride: usize) {
    let entry = |channel: usize, place: usize| {
        let start = (channel * places + place) * LANES;
        &lanes[start..start + LANES]
    };
    let whole = channels / BLOCK * BLOCK;
    for place in 0..places {
        for channel in (0..whole).step_by(BLOCK) {
            let [a, b, c, d] = [0, 1, 2, 3].map(|next| entry(channel + next, place));
            let rows: [[f32; BLOCK]; LANES] =
                std::array::from_fn(|lane| [a[lane], b[lane], c[lane], d[lane]]);
            let start = place * channels + channel;
            for (image, row) in images.chunks_exact_mut(stride).zip(rows) {
                image[start..start + BLOCK].copy_from_slice(&row);
            }
        }
        for channel in whole..channels {
            for (image, value) in images.chunks_exact_mut(stride).zip(entry(channel, place)) {
                image[place * channels + channel] = *value;
            }
        }
    }
}

/// The way back from [`to_images`].
#[inline(always)]
pub(super) fn to_lanes(images: &[f32], channels: usize, places: usize, lanes: &mut [f32], stride: usize) {
    let whole = channels / BLOCK * BLOCK;
    let image = |lane: usize| &images[lane * stride..(lane + 1) * stride];
    for place in 0..places {
        for channel in (0..whole).step_by(BLOCK) {
            let start = place * channels + channel;
            let rows: [[f32; BLOCK]; LANES] =
                std::array::from_fn(|lane| four(&image(lane)[start..start + BLOCK]));
            for offset in 0..BLOCK {
                let start = ((channel + offset) * places + place) * LANES;
                lanes[start..start + LANES].copy_from_slice(&rows.map(|row| row[offset]));
            }
        }
        for channel in whole..channels {
            for lane in 0..LANES {
                lanes[(channel * places + place) * LANES + lane] = image(lane)[place * channels + channel];
            }
        }
    }
}
