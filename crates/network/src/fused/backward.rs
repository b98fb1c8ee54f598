//! Backward through a convolution, image by image: only the position that won its pooled entry, and only where ReLU let it
//! pass, has a gradient, so a channel of f3 needs 25 of its 121 positions.

use pulp::Simd;

use super::LANES;
use super::forward::DEAD;
use crate::chain::Convolution;

/// Numbers that may be read beyond the end of a row.
pub(super) const SLACK: usize = 16;

/// Registers of a row that are summed together at most.
const MOST: usize = 8;

/// Where the images of a tile begin in a buffer of `length` numbers each.
pub(super) const fn stride(length: usize) -> usize {
    length + SLACK
}

/// Length rounded up to whole registers of any machine.
pub(super) const fn padded(length: usize) -> usize {
    length.next_multiple_of(SLACK)
}

/// Length of a gradient of the filters in the layout [outputs][kernel][padded(kernel · inputs)].
pub(super) fn gradient_length(layer: &Convolution) -> usize {
    layer.outputs * layer.kernel * padded(layer.kernel * layer.inputs)
}

/// Takes a gradient in that layout, times `scale`, to the parameters' own: outputs × inputs × kernel × kernel.
pub(super) fn unpack(layer: &Convolution, packed: &[f32], scale: f32, gradient: &mut [f32]) {
    let Convolution { kernel, inputs, .. } = *layer;
    let row = padded(kernel * inputs);
    for (filter, rows) in gradient.chunks_exact_mut(layer.taps()).zip(packed.chunks_exact(kernel * row)) {
        for (channel, plane) in filter.chunks_exact_mut(kernel * kernel).enumerate() {
            for (line, row) in plane.chunks_exact_mut(kernel).zip(rows.chunks_exact(row)) {
                for (value, packed) in line.iter_mut().zip(row[channel..].iter().step_by(inputs)) {
                    *value = packed * scale;
                }
            }
        }
    }
}

/// The filters as [`to_inputs`] reads them: row by row of the filter, this row of all filters, with zeros before and after
/// it. So a row can be laid over the kernel + 1 columns of a patch, from the left or from the right, without a branch.
pub(super) fn pack(layer: &Convolution, weight: &[f32], packed: &mut Vec<f32>) {
    let Convolution { kernel, inputs, outputs, .. } = *layer;
    let row = inputs + padded((kernel + 1) * inputs);
    packed.clear();
    packed.resize(kernel * outputs * row, 0.0);
    for (dy, plane) in packed.chunks_exact_mut(outputs * row).enumerate() {
        for (row, filter) in plane.chunks_exact_mut(row).zip(weight.chunks_exact(layer.taps())) {
            for (dx, pixel) in row[inputs..].chunks_exact_mut(inputs).enumerate().take(kernel) {
                for (channel, value) in pixel.iter_mut().enumerate() {
                    *value = filter[(channel * kernel + dy) * kernel + dx];
                }
            }
        }
    }
}

/// A gradient that is not zero, and where its patch or its row of weights begins.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    start: u32,
    value: f32,
}

/// The gradients of a convolution's positions that are not zero.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// For each place, where the patch of each position begins, and one for the dead.
    corners: Vec<[u32; 5]>,
    /// Of one image, by filter: up to places each.
    by_filter: Vec<Entry>,
    /// How many each filter has.
    lengths: Vec<usize>,
    /// Of all images, by place and image: those whose winner is in the upper row from the front, the others from the end.
    by_place: Vec<Entry>,
    /// How many stand at the front, and where the others begin.
    bounds: Vec<(usize, usize)>,
}

/// What a convolution's backward reads.
pub(super) struct Step<'a> {
    /// The convolution.
    pub layer: &'a Convolution,
    /// Images of the tile.
    pub images: usize,
    /// Its inputs, channels last, image after image.
    pub inputs: &'a [f32],
    /// Winners, outputs × pooled² × LANES.
    pub winners: &'a [u8],
    /// The loss's derivative by its pooled outputs, channels last, image after image.
    pub upstream: &'a [f32],
}

impl Step<'_> {
    fn places(&self) -> usize {
        self.layer.pooled() * self.layer.pooled()
    }

    /// Where the patch of each of the four positions of a pooled entry begins in an image.
    fn corners(&self, place: usize) -> [usize; 4] {
        let Convolution { side, inputs, .. } = *self.layer;
        let pooled = self.layer.pooled();
        let corner = 2 * (place / pooled) * side + 2 * (place % pooled);
        let corner = corner * inputs;
        [corner, corner + inputs, corner + side * inputs, corner + (side + 1) * inputs]
    }
}

/// Adds the gradients of filters and biases, and writes that of the inputs, channels last, where `downstream` is given
/// with the filters of [`pack`].
#[inline(always)]
pub(super) fn convolution<S: Simd>(
    simd: S,
    step: &Step<'_>,
    entries: &mut Entries,
    weight: &mut [f32],
    bias: &mut [f32],
    downstream: Option<(&[f32], &mut [f32])>,
) {
    let places = step.places();
    let outputs = step.layer.outputs;
    entries.corners.clear();
    entries.corners.extend((0..places).map(|place| {
        let [p, q, r, s] = step.corners(place);
        [p as u32, q as u32, r as u32, s as u32, 0]
    }));
    entries.by_filter.resize(outputs * places, Entry::default());
    entries.lengths.resize(outputs, 0);
    if downstream.is_some() {
        entries.by_place.resize(places * LANES * outputs, Entry::default());
        entries.bounds.resize(places * LANES, (0, 0));
    }
    for image in 0..step.images {
        match downstream {
            Some(_) => collect::<true>(step, image, entries, bias),
            None => collect::<false>(step, image, entries, bias),
        }
        to_filters(simd, step, image, entries, weight);
    }
    if let Some((packed, downstream)) = downstream {
        to_inputs(simd, step, entries, packed, downstream);
    }
}

/// Finds the entries of an image, filter by filter and, where BY_PLACE, place by place: those of the upper row from the front,
/// the others from the end. Without branches: half of them may be dead, in no order that could be foreseen.
#[inline(always)]
fn collect<const BY_PLACE: bool>(step: &Step<'_>, image: usize, entries: &mut Entries, bias: &mut [f32]) {
    let (places, outputs) = (step.places(), step.layer.outputs);
    let row = step.layer.inputs + padded((step.layer.kernel + 1) * step.layer.inputs);
    let upstream = &step.upstream[image * stride(places * outputs)..][..places * outputs];
    let Entries { corners, by_filter, lengths, by_place, bounds } = entries;
    lengths.fill(0);
    for (place, (upstream, corners)) in upstream.chunks_exact(outputs).zip(corners).enumerate() {
        let cell = place * LANES + image;
        let of_place = if BY_PLACE { &mut by_place[cell * outputs..][..outputs] } else { &mut [] };
        let (mut front, mut back) = (0, outputs);
        let mut left = step.layer.inputs;
        let filters = by_filter.chunks_exact_mut(places).zip(&mut *lengths).zip(&mut *bias);
        let winners = step.winners[cell..].iter().step_by(places * LANES);
        for ((value, winner), ((of_filter, length), bias)) in upstream.iter().zip(winners).zip(filters) {
            let (value, is_alive, winner) = entry(*value, *winner);
            *bias += value;
            // A dead one is written where the next is going to be.
            of_filter[*length] = Entry { start: corners[winner], value };
            *length += usize::from(is_alive);
            if BY_PLACE {
                let is_lower = winner >= 2;
                let start = if winner & 1 == 0 { left } else { left - step.layer.inputs } as u32;
                of_place[if is_lower { back - 1 } else { front }] = Entry { start, value };
                front += usize::from(is_alive && !is_lower);
                back -= usize::from(is_alive && is_lower);
                left += row;
            }
        }
        if BY_PLACE {
            bounds[cell] = (front, back);
        }
    }
}

/// The gradient of a winner, which is zero where it is dead; whether it is not; and the winner, DEAD at most: told to the
/// compiler, so that it need not check the corners' bounds. In whole numbers, which it does not make branches of.
#[inline(always)]
fn entry(upstream: f32, winner: u8) -> (f32, bool, usize) {
    let is_alive = (winner < DEAD) & (upstream.to_bits() << 1 != 0);
    let value = f32::from_bits(upstream.to_bits() & u32::from(is_alive).wrapping_neg());
    (value, is_alive, usize::from(winner.min(DEAD)))
}

/// Adds the gradient of the filters: for each entry, its value times its patch.
#[inline(always)]
fn to_filters<S: Simd>(simd: S, step: &Step<'_>, image: usize, entries: &Entries, weight: &mut [f32]) {
    let Convolution { side, inputs, kernel, .. } = *step.layer;
    let length = kernel * inputs;
    let registers = length.div_ceil(S::F32_LANES);
    let pixels = stride(side * side * inputs);
    let image = &step.inputs[image * pixels..(image + 1) * pixels];
    let filters = weight.chunks_exact_mut(kernel * padded(length));
    let parts: Vec<usize> = shares(registers, MOST).collect();
    let lists = entries.by_filter.chunks_exact(step.places()).zip(&entries.lengths);
    for (filter, (list, length)) in filters.zip(lists) {
        let list = &list[..*length];
        let rows = Rows { image, row: side * inputs, list };
        let mut first = 0;
        for &some in &parts {
            rows.add_all(simd, filter, kernel, first * S::F32_LANES, some);
            first += some;
        }
    }
}

/// Cuts a number of registers into parts of at most `most` that are as even as can be.
pub(super) fn shares(registers: usize, most: usize) -> impl Iterator<Item = usize> {
    let parts = registers.div_ceil(most).max(1);
    (0..parts).map(move |part| (registers * (part + 1)) / parts - (registers * part) / parts)
}

/// Entries of one filter and one image, to be added to rows of the filter's gradient.
struct Rows<'a> {
    image: &'a [f32],
    /// Length of a row of the image.
    row: usize,
    list: &'a [Entry],
}

impl Rows<'_> {
    /// All rows of a filter, `registers` of each from number `first` of the row on. Where a row has few registers, several
    /// rows are summed together, so that no multiply-add has to wait for the one before it.
    #[inline(always)]
    fn add_all<S: Simd>(&self, simd: S, filter: &mut [f32], kernel: usize, first: usize, registers: usize) {
        match registers {
            1 => self.add_by::<S, 5, 1>(simd, filter, kernel, first),
            2 => self.add_by::<S, 5, 2>(simd, filter, kernel, first),
            3 => self.add_by::<S, 3, 3>(simd, filter, kernel, first),
            4 => self.add_by::<S, 3, 4>(simd, filter, kernel, first),
            5 => self.add_by::<S, 2, 5>(simd, filter, kernel, first),
            6 => self.add_by::<S, 2, 6>(simd, filter, kernel, first),
            7 => self.add_by::<S, 1, 7>(simd, filter, kernel, first),
            _ => self.add_by::<S, 1, MOST>(simd, filter, kernel, first),
        }
    }

    #[inline(always)]
    fn add_by<S: Simd, const R: usize, const V: usize>(
        &self,
        simd: S,
        filter: &mut [f32],
        kernel: usize,
        first: usize,
    ) {
        let mut dy = 0;
        while dy + R <= kernel {
            self.add::<S, R, V>(simd, filter, kernel, dy, first);
            dy += R;
        }
        while dy < kernel {
            self.add::<S, 1, V>(simd, filter, kernel, dy, first);
            dy += 1;
        }
    }

    /// R rows from `dy` on, V registers of each.
    #[inline(always)]
    fn add<S: Simd, const R: usize, const V: usize>(
        &self,
        simd: S,
        filter: &mut [f32],
        kernel: usize,
        dy: usize,
        first: usize,
    ) {
        let length = filter.len() / kernel;
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for (row, sums) in sums.iter_mut().enumerate() {
            let start = (dy + row) * length + first;
            let (values, _) = S::as_simd_f32s(&filter[start..start + V * S::F32_LANES]);
            sums.copy_from_slice(values);
        }
        for entry in self.list {
            let value = simd.splat_f32s(entry.value);
            for (row, sums) in sums.iter_mut().enumerate() {
                let start = entry.start as usize + (dy + row) * self.row + first;
                let (patch, _) = S::as_simd_f32s(&self.image[start..start + V * S::F32_LANES]);
                for (sum, patch) in sums.iter_mut().zip(patch) {
                    *sum = simd.mul_add_f32s(value, *patch, *sum);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            let start = (dy + row) * length + first;
            let (values, _) = S::as_mut_simd_f32s(&mut filter[start..start + V * S::F32_LANES]);
            values.copy_from_slice(sums);
        }
    }
}

/// Writes the gradient of the inputs: the patch of a pooled entry, kernel + 1 rows and columns, gets the sum over filters
/// of value times filter. One row of the patch is summed in registers for all images, while the filters' rows that it
/// needs stay in the nearest cache.
#[inline(always)]
fn to_inputs<S: Simd>(simd: S, step: &Step<'_>, entries: &Entries, packed: &[f32], downstream: &mut [f32]) {
    let Convolution { side, inputs, kernel, outputs, .. } = *step.layer;
    let length = (kernel + 1) * inputs;
    let registers = length.div_ceil(S::F32_LANES);
    let plane = outputs * (inputs + padded(length));
    let parts: Vec<usize> = shares(registers, MOST).collect();
    let pixels = stride(side * side * inputs);
    downstream[..step.images * pixels].fill(0.0);
    for place in 0..step.places() {
        let [corner, ..] = step.corners(place);
        for dy in 0..=kernel {
            let rows = |dy: usize| packed.get(dy * plane..(dy + 1) * plane).unwrap_or_default();
            let upper = if dy < kernel { rows(dy) } else { &[] };
            let lower = if dy > 0 { rows(dy - 1) } else { &[] };
            for image in 0..step.images {
                let cell = place * LANES + image;
                let list = &entries.by_place[cell * outputs..][..outputs];
                let (front, back) = entries.bounds[cell];
                let upper = (upper, if upper.is_empty() { &[] } else { &list[..front] });
                let lower = (lower, if lower.is_empty() { &[] } else { &list[back..] });
                let start = image * pixels + corner + dy * side * inputs;
                let mut first = 0;
                for &some in &parts {
                    let target = &mut downstream[start + first..][..some * S::F32_LANES];
                    match some {
                        1 => add_rows::<S, 1>(simd, target, upper, lower, first),
                        2 => add_rows::<S, 2>(simd, target, upper, lower, first),
                        3 => add_rows::<S, 3>(simd, target, upper, lower, first),
                        4 => add_rows::<S, 4>(simd, target, upper, lower, first),
                        5 => add_rows::<S, 5>(simd, target, upper, lower, first),
                        6 => add_rows::<S, 6>(simd, target, upper, lower, first),
                        7 => add_rows::<S, 7>(simd, target, upper, lower, first),
                        _ => add_rows::<S, MOST>(simd, target, upper, lower, first),
                    }
                    first += some * S::F32_LANES;
                }
            }
        }
    }
}

/// Adds the entries' values times V registers of their rows to `target`.
#[inline(always)]
fn add_rows<S: Simd, const V: usize>(
    simd: S,
    target: &mut [f32],
    upper: (&[f32], &[Entry]),
    lower: (&[f32], &[Entry]),
    first: usize,
) {
    let (target, _) = S::as_mut_simd_f32s(target);
    let mut sums = [simd.splat_f32s(0.0); V];
    sums.copy_from_slice(target);
    for (rows, list) in [upper, lower] {
        for entry in list {
            let start = entry.start as usize + first;
            let value = simd.splat_f32s(entry.value);
            let (row, _) = S::as_simd_f32s(&rows[start..start + V * S::F32_LANES]);
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum = simd.mul_add_f32s(value, *weight, *sum);
            }
        }
    }
    target.copy_from_slice(&sums);
}
