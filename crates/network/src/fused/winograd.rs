//! Forward through a convolution with filters of side 5 in a fifth to a third of the multiplications (Winograd,
//! "Arithmetic Complexity of Computations", 1980; Lavin and Gray, arXiv 1509.09308).
//!
//! Four by four positions, two by two pooled entries, read a patch d of 8 × 8 numbers. With filters g of 5 × 5 they are
//! `Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`, summed over channels before A is applied: 64 multiplications a channel in place of 400.
//! Where a side has an odd number of pooled entries, the last is a narrow piece of 6 numbers for 2 positions:
//!
//! ```text
//!   pooled entries of a side of 5        a grid goes through three steps
//!   ┌───────┬───────┬───┐
//!   │ 8 × 8 │ 8 × 8 │8×6│                patches ─Bᵀ·B─▶ transformed [points][inputs][tiles]
//!   ├───────┼───────┼───┤                                    │ G g Gᵀ
//!   │ 8 × 8 │ 8 × 8 │8×6│                                    ▼
//!   ├───────┼───────┼───┤                pooled ◀─Aᵀ·A─ products [points][outputs][tiles]
//!   │ 6 × 8 │ 6 × 8 │6×6│
//!   └───────┴───────┴───┘
//! ```

mod points;

use pulp::Simd;

use super::LANES;
use super::backward::shares;
use super::forward::{BLOCK, blocks, has_vectors, pool};
use crate::chain::Convolution;
use points::{NARROW, TAPS, WIDE};

/// Registers of tiles that are multiplied together, with four outputs, where there are 32 registers, and where there are 16; one
/// without vectors.
const MOST: usize = 5;
const FEW: usize = 3;

/// Whether a convolution is computed this way: its transformations pay where many channels share them.
pub(super) fn fits(layer: &Convolution) -> bool {
    layer.kernel == TAPS && layer.inputs >= 4 && layer.outputs >= 8
}

/// Pieces of one width along a side of pooled entries.
#[derive(Clone, Copy)]
struct Run {
    /// The first pooled entry.
    first: usize,
    pieces: usize,
    /// Numbers of a piece.
    numbers: usize,
}

/// How a side of pooled entries is cut.
fn runs(pooled: usize) -> impl Iterator<Item = Run> + Clone {
    let wide = Run { first: 0, pieces: pooled / 2, numbers: WIDE };
    let narrow = Run { first: pooled / 2 * 2, pieces: pooled % 2, numbers: NARROW };
    [wide, narrow].into_iter().filter(|run| run.pieces > 0)
}

/// Tiles of one size: runs of rows and of columns.
#[derive(Clone, Copy)]
struct Grid {
    rows: Run,
    columns: Run,
}

impl Grid {
    fn points(&self) -> usize {
        self.rows.numbers * self.columns.numbers
    }

    /// Rows of tiles that are worked on together: so many that registers are filled, so few that they stay in cache.
    fn rows_at_once(&self) -> usize {
        (MOST / self.columns.pieces).clamp(1, self.rows.pieces)
    }

    fn tiles_at_once(&self) -> usize {
        self.rows_at_once() * self.columns.pieces
    }
}

/// The grids that a plane of pooled entries is cut into.
fn grids(layer: &Convolution) -> impl Iterator<Item = Grid> {
    let columns = runs(layer.pooled());
    runs(layer.pooled()).flat_map(move |rows| columns.clone().map(move |columns| Grid { rows, columns }))
}

/// Numbers of one point's filters, up to whole registers of any machine.
fn plane(layer: &Convolution) -> usize {
    (layer.inputs * layer.outputs).next_multiple_of(LANES)
}

/// Numbers that [`relu_pool`] needs to work in.
pub(super) fn scratch(layer: &Convolution) -> usize {
    let tiles = grids(layer).map(|grid| grid.points() * grid.tiles_at_once()).max().unwrap_or(0);
    (tiles * (layer.inputs + layer.outputs) + WIDE * (2 * layer.pooled() + 4)) * LANES
}

/// The transformed filters `G g Gᵀ` of each grid, in the order in which they are read: [points][blocks of outputs][inputs][block].
#[inline(always)]
pub(super) fn pack<S: Simd>(simd: S, layer: &Convolution, weight: &[f32], packed: &mut Vec<f32>) {
    let plane = plane(layer);
    let points: usize = grids(layer).map(|grid| grid.points()).sum();
    packed.resize((points + TAPS * TAPS) * plane, 0.0);
    let (mut targets, taps) = packed.split_at_mut(points * plane);
    for (first, block) in blocks(layer.outputs) {
        for offset in 0..block {
            let filters = &weight[(first + offset) * layer.taps()..][..layer.taps()];
            for (input, filter) in filters.chunks_exact(TAPS * TAPS).enumerate() {
                let place = first * layer.inputs + input * block + offset;
                filter
                    .iter()
                    .zip(taps[place..].iter_mut().step_by(plane))
                    .for_each(|(tap, slot)| *slot = *tap);
            }
        }
    }
    for grid in grids(layer) {
        let (target, rest) = targets.split_at_mut(grid.points() * plane);
        match (grid.rows.numbers, grid.columns.numbers) {
            (WIDE, WIDE) => filters::<S, WIDE, WIDE>(simd, plane, taps, target),
            (WIDE, _) => filters::<S, WIDE, NARROW>(simd, plane, taps, target),
            (_, WIDE) => filters::<S, NARROW, WIDE>(simd, plane, taps, target),
            _ => filters::<S, NARROW, NARROW>(simd, plane, taps, target),
        }
        targets = rest;
    }
}

/// `G g Gᵀ` of all filters, whose taps lie as [25][plane], for tiles of Y × X numbers.
#[inline(always)]
fn filters<S: Simd, const Y: usize, const X: usize>(
    simd: S,
    plane: usize,
    taps: &[f32],
    transformed: &mut [f32],
) {
    let registers = plane / S::F32_LANES;
    let (taps, _) = S::as_simd_f32s(taps);
    let (transformed, _) = S::as_mut_simd_f32s(transformed);
    for register in 0..registers {
        let zero = simd.splat_f32s(0.0);
        let mut rows = [[zero; TAPS]; Y];
        for dx in 0..TAPS {
            let mut column = [zero; TAPS];
            for (dy, tap) in column.iter_mut().enumerate() {
                *tap = taps[(dy * TAPS + dx) * registers + register];
            }
            for (row, value) in rows.iter_mut().zip(points::filter::<S, Y>(simd, column)) {
                row[dx] = value;
            }
        }
        for (y, row) in rows.into_iter().enumerate() {
            for (x, value) in points::filter::<S, X>(simd, row).into_iter().enumerate() {
                transformed[(y * X + x) * registers + register] = value;
            }
        }
    }
}

/// Convolution, ReLU and 2×2 max pooling of a tile of images; as [`super::forward::relu_pool`], with the filters of [`pack`].
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "what a convolution reads and writes")]
pub(super) fn relu_pool<S: Simd>(
    simd: S,
    layer: &Convolution,
    input: &[f32],
    mut packed: &[f32],
    bias: &[f32],
    scratch: &mut [f32],
    output: &mut [f32],
    winners: &mut [u8],
) {
    for grid in grids(layer) {
        let (filters, rest) = packed.split_at(grid.points() * plane(layer));
        let pass = Pass { layer, grid, input, filters, bias };
        match (grid.rows.numbers, grid.columns.numbers) {
            (WIDE, WIDE) => pass.run::<S, WIDE, WIDE>(simd, scratch, output, winners),
            (WIDE, _) => pass.run::<S, WIDE, NARROW>(simd, scratch, output, winners),
            (_, WIDE) => pass.run::<S, NARROW, WIDE>(simd, scratch, output, winners),
            _ => pass.run::<S, NARROW, NARROW>(simd, scratch, output, winners),
        }
        packed = rest;
    }
}

/// One grid's way from the input to its pooled entries. Its tiles have Y × X numbers.
struct Pass<'a> {
    layer: &'a Convolution,
    grid: Grid,
    input: &'a [f32],
    filters: &'a [f32],
    bias: &'a [f32],
}

impl Pass<'_> {
    #[inline(always)]
    fn run<S: Simd, const Y: usize, const X: usize>(
        &self,
        simd: S,
        scratch: &mut [f32],
        output: &mut [f32],
        winners: &mut [u8],
    ) {
        let Pass { layer, grid, .. } = self;
        let most = grid.tiles_at_once();
        let (transformed, scratch) = scratch.split_at_mut(Y * X * layer.inputs * most * LANES);
        let (products, columns) = scratch.split_at_mut(Y * X * layer.outputs * most * LANES);
        let mut first = 0;
        while first < grid.rows.pieces {
            let rows = grid.rows_at_once().min(grid.rows.pieces - first);
            let tiles = rows * grid.columns.pieces;
            let transformed = &mut transformed[..Y * X * layer.inputs * tiles * LANES];
            let products = &mut products[..Y * X * layer.outputs * tiles * LANES];
            self.transform::<S, Y, X>(simd, first..first + rows, columns, transformed);
            multiply(simd, layer, self.filters, transformed, products, tiles);
            for channel in 0..layer.outputs {
                for tile in 0..tiles {
                    let row = first + tile / grid.columns.pieces;
                    let place = (channel, row, tile % grid.columns.pieces);
                    let products = &products[(channel * tiles + tile) * LANES..];
                    self.positions::<S, Y, X>(simd, place, products, tiles, output, winners);
                }
            }
            first += rows;
        }
    }

    /// `Bᵀ d B` of some rows of tiles. Neighbours share four columns.
    #[inline(always)]
    fn transform<S: Simd, const Y: usize, const X: usize>(
        &self,
        simd: S,
        rows: std::ops::Range<usize>,
        columns: &mut [f32],
        transformed: &mut [f32],
    ) {
        let Pass { layer, grid, input, .. } = self;
        let side = layer.side;
        let width = LANES / S::F32_LANES;
        let count = ((X - 4) * grid.columns.pieces + 4) * width;
        let tiles = rows.len() * grid.columns.pieces;
        let plane = layer.inputs * tiles * width;
        let (columns, _) = S::as_mut_simd_f32s(columns);
        let (transformed, _) = S::as_mut_simd_f32s(transformed);
        let zero = simd.splat_f32s(0.0);
        for channel in 0..layer.inputs {
            for (number, row) in rows.clone().enumerate() {
                let top = 2 * grid.rows.first + (Y - 4) * row;
                let start = (channel * side + top) * side + 2 * grid.columns.first;
                let (lines, _) = S::as_simd_f32s(&input[start * LANES..]);
                for column in 0..count {
                    let mut d = [zero; Y];
                    for (dy, d) in d.iter_mut().enumerate() {
                        *d = lines[dy * side * width + column];
                    }
                    for (dy, value) in points::input(simd, d).into_iter().enumerate() {
                        columns[dy * count + column] = value;
                    }
                }
                let target = &mut transformed[(channel * tiles + number * grid.columns.pieces) * width..];
                for (dy, line) in columns.chunks_exact(count).enumerate().take(Y) {
                    for piece in 0..grid.columns.pieces {
                        for register in 0..width {
                            let mut d = [zero; X];
                            let patch = &line[(X - 4) * piece * width + register..][..(X - 1) * width + 1];
                            for (dx, d) in d.iter_mut().enumerate() {
                                *d = patch[dx * width];
                            }
                            for (dx, value) in points::input(simd, d).into_iter().enumerate() {
                                target[(dy * X + dx) * plane + piece * width + register] = value;
                            }
                        }
                    }
                }
            }
        }
    }

    /// `Aᵀ m A` of one tile of one channel, its bias, ReLU and pooling.
    #[inline(always)]
    fn positions<S: Simd, const Y: usize, const X: usize>(
        &self,
        simd: S,
        (channel, row, column): (usize, usize, usize),
        products: &[f32],
        tiles: usize,
        output: &mut [f32],
        winners: &mut [u8],
    ) {
        let Pass { layer, grid, bias, .. } = self;
        let plane = layer.outputs * tiles * LANES;
        let zero = simd.splat_f32s(0.0);
        let bias = simd.splat_f32s(bias[channel]);
        let (height, width) = ((Y - 4) / 2, (X - 4) / 2);
        let pooled = layer.pooled();
        let corner = (channel * pooled + grid.rows.first + height * row) * pooled
            + grid.columns.first
            + width * column;
        let mut won = [[[0_u32; LANES]; 2]; 2];
        for register in 0..LANES / S::F32_LANES {
            let mut rows = [[zero; X]; WIDE - 4];
            for dx in 0..X {
                let mut m = [zero; Y];
                for (dy, m) in m.iter_mut().enumerate() {
                    let (lanes, _) = S::as_simd_f32s(&products[(dy * X + dx) * plane..][..LANES]);
                    *m = lanes[register];
                }
                for (row, value) in rows.iter_mut().zip(points::output(simd, m)) {
                    row[dx] = value;
                }
            }
            for y in 0..height {
                let above = points::output(simd, rows[2 * y]);
                let below = points::output(simd, rows[2 * y + 1]);
                for x in 0..width {
                    let entry = (corner + y * pooled + x) * LANES;
                    let positions = [
                        simd.add_f32s(above[2 * x], bias),
                        simd.add_f32s(above[2 * x + 1], bias),
                        simd.add_f32s(below[2 * x], bias),
                        simd.add_f32s(below[2 * x + 1], bias),
                    ];
                    let output = &mut output[entry..entry + LANES];
                    let won = (!winners.is_empty()).then_some(&mut won[y][x]);
                    pool(simd, positions, register, output, won);
                }
            }
        }
        if !winners.is_empty() {
            for (y, won) in won.iter().enumerate().take(height) {
                for (x, won) in won.iter().enumerate().take(width) {
                    let entry = (corner + y * pooled + x) * LANES;
                    let narrow = &mut winners[entry..entry + LANES];
                    narrow.iter_mut().zip(won).for_each(|(narrow, wide)| *narrow = *wide as u8);
                }
            }
        }
    }
}

/// For each point: outputs × inputs times inputs × tiles.
#[inline(always)]
fn multiply<S: Simd>(
    simd: S,
    layer: &Convolution,
    packed: &[f32],
    transformed: &[f32],
    products: &mut [f32],
    tiles: usize,
) {
    let Convolution { inputs, outputs, .. } = *layer;
    let entries = tiles * LANES / S::F32_LANES;
    let (transformed, _) = S::as_simd_f32s(transformed);
    let (products, _) = S::as_mut_simd_f32s(products);
    let planes = packed.chunks_exact(plane(layer));
    let planes = planes
        .zip(transformed.chunks_exact(inputs * entries))
        .zip(products.chunks_exact_mut(outputs * entries));
    for ((filters, values), products) in planes {
        for (first, block) in blocks(outputs) {
            let filters = &filters[first * inputs..(first + block) * inputs];
            let products = &mut products[first * entries..(first + block) * entries];
            match block {
                BLOCK => product_of::<S, BLOCK>(simd, filters, values, products, entries),
                2 => product_of::<S, 2>(simd, filters, values, products, entries),
                _ => product_of::<S, 1>(simd, filters, values, products, entries),
            }
        }
    }
}

#[inline(always)]
fn product_of<S: Simd, const B: usize>(
    simd: S,
    filters: &[f32],
    values: &[S::f32s],
    products: &mut [S::f32s],
    entries: usize,
) {
    let most = match (has_vectors::<S>(), S::REGISTER_COUNT) {
        (true, 32..) => MOST,
        (true, _) => FEW,
        (false, _) => 1,
    };
    let mut first = 0;
    for some in shares(entries, most) {
        match some {
            MOST if most >= MOST => block_of::<S, B, MOST>(simd, filters, values, products, entries, first),
            4 if most >= 4 => block_of::<S, B, 4>(simd, filters, values, products, entries, first),
            3 if most >= 3 => block_of::<S, B, 3>(simd, filters, values, products, entries, first),
            2 if most >= 2 => block_of::<S, B, 2>(simd, filters, values, products, entries, first),
            _ => block_of::<S, B, 1>(simd, filters, values, products, entries, first),
        }
        first += some;
    }
}

/// B outputs and Q registers of tiles: B·Q sums in registers, B + Q loads a channel.
#[inline(always)]
fn block_of<S: Simd, const B: usize, const Q: usize>(
    simd: S,
    filters: &[f32],
    values: &[S::f32s],
    products: &mut [S::f32s],
    entries: usize,
    first: usize,
) {
    let mut sums = [[simd.splat_f32s(0.0); Q]; B];
    for (weights, values) in filters.chunks_exact(B).zip(values.chunks_exact(entries)) {
        let values = &values[first..first + Q];
        for (sums, weight) in sums.iter_mut().zip(weights) {
            let weight = simd.splat_f32s(*weight);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = simd.mul_add_f32s(weight, *value, *sum);
            }
        }
    }
    for (sums, products) in sums.iter().zip(products.chunks_exact_mut(entries)) {
        products[first..first + Q].copy_from_slice(sums);
    }
}
