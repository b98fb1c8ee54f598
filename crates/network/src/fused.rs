//! Our own engine: a whole tile of images goes forward and backward through a [`Chain`] while its numbers stay in cache.
//!
//! Sixteen images are a tile. On the way forward they lie side by side in lanes:
//!
//! ```text
//!   a plane of f1, row by row           one entry of it
//!   ┌────┬────┬────┬─                   ┌─────┬─────┬─   ─┬──────┐
//!   │ 0,0│ 0,1│ 0,2│ …     each  ──▶    │img 0│img 1│  …  │img 15│   one, two or four vector registers
//!   ├────┼────┼────┼─                   └─────┴─────┴─   ─┴──────┘
//! ```
//!
//! `forward` computes the four positions of a pooled entry for four channels at once: sixteen sums in registers, eight
//! loads for sixteen multiply-adds; two channels where there are but sixteen registers, one where a register holds one
//! number. Convolution, ReLU and pooling are one pass, nothing is unfolded into a matrix, and positions that are never
//! pooled (an odd last row and column) are not computed. Filters of side 5 with many channels,
//! most of the work, take a fifth to a third of these multiplications (`winograd`). What remains is the pooled value and
//! which of the four positions won it.
//!
//! On the way back only winners that ReLU let pass have a gradient, one position in four at most, and another one in every
//! image. There the images lie one after another, channels last, so that a patch is `kernel` runs of numbers:
//!
//! ```text
//!   f2 of one image, [row][column][channel]             the patch of a winner, kernel 5, N channels
//!   ┌──────────────┬──────────────┬──────────           row y     ├── 5·N numbers ──┤
//!   │ N channels   │ N channels   │ …                   row y + 1 ├── 5·N numbers ──┤   …
//!   └──────────────┴──────────────┴──────────
//! ```
//!
//! `backward` adds to a filter's gradient, run by run, value × patch, sums in registers over all winners of an image; and
//! to the inputs' gradient value × filter, for the rows that the four positions of a pooled entry can reach, sums in
//! registers over all filters. The first convolution, whose patches are too short for that, is done in lanes (`first`).
//!
//! Each number is a sum in one fixed order: tiles are added in order, no operation depends on the width of the registers,
//! and every multiply-add is fused. So the bits depend neither on the number of threads nor on the machine's registers.

mod backward;
mod buffer;
mod first;
mod forward;
mod lanes;
mod linear;
mod winograd;

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::chain::{Chain, Convolution, ranges};
use crate::gradient::{Batch, Gradient};
use buffer::Buffer;

/// Images of a tile.
const LANES: usize = 16;

/// The engine for one chain, with the memory that it works in: about 2 MB a thread and, for Table 1, 0.1 MB a tile.
#[derive(Debug)]
pub struct Fused {
    chain: Chain,
    arch: Arch,
    layout: Vec<Layout>,
    filters: Filters,
    /// One for each thread.
    workspaces: Vec<Workspace>,
    /// One for each tile of a batch.
    sums: Vec<Sum>,
}

/// Where the gradients of a layer stand in a tile's gradient.
#[derive(Debug)]
struct Layout {
    weight: Range<usize>,
    bias: Range<usize>,
}

/// The filters of all convolutions, as the ways forward and back read them.
#[derive(Debug, Default)]
struct Filters {
    forward: Vec<Vec<f32>>,
    backward: Vec<Vec<f32>>,
}

impl Filters {
    fn new(chain: &Chain) -> Filters {
        let empty = vec![Vec::new(); chain.convolutions.len()];
        Filters { forward: empty.clone(), backward: empty }
    }

    /// Takes the filters for both ways.
    fn take(&mut self, arch: Arch, chain: &Chain, parameters: &[f32]) {
        let Filters { forward, backward } = self;
        rayon::join(
            || arch.dispatch(PackForward { chain, parameters, packed: forward }),
            || {
                // The first convolution's inputs are the images, which need no gradient.
                for (layer, packed) in chain.convolutions.iter().zip(backward).skip(1) {
                    backward::pack(layer, &parameters[layer.weight.clone()], packed);
                }
            },
        );
    }
}

/// Takes the filters for the way forward.
struct PackForward<'a> {
    chain: &'a Chain,
    parameters: &'a [f32],
    packed: &'a mut [Vec<f32>],
}

impl WithSimd for PackForward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let PackForward { chain, parameters, packed } = self;
        for (layer, packed) in chain.convolutions.iter().zip(packed) {
            let weight = &parameters[layer.weight.clone()];
            if winograd::fits(layer) {
                winograd::pack(simd, layer, weight, packed);
            } else {
                forward::pack::<S>(layer, weight, packed);
            }
        }
    }
}

impl Fused {
    /// Prepares the engine.
    pub fn new(chain: Chain) -> Fused {
        Fused::on(Arch::new(), chain)
    }

    /// Prepares it for a machine with these instructions.
    fn on(arch: Arch, chain: Chain) -> Fused {
        let mut range = ranges();
        let mut layout = |weight, bias| Layout { weight: range(weight), bias: range(bias) };
        let convolutions = chain.convolutions.iter().map(|c| (backward::gradient_length(c), c.outputs));
        let linears = chain.linears.iter().map(|l| (l.weight.len(), l.outputs));
        let layout = convolutions.chain(linears).map(|(weight, bias)| layout(weight, bias)).collect();
        let filters = Filters::new(&chain);
        Fused { chain, arch, layout, filters, workspaces: Vec::new(), sums: Vec::new() }
    }

    /// The gradient of the mean cross-entropy over a batch.
    pub fn gradient(&mut self, parameters: &[f32], batch: Batch<'_>) -> Gradient {
        let Fused { chain, arch, layout, filters, workspaces, sums } = self;
        filters.take(*arch, chain, parameters);
        let (chain, filters, layout): (&Chain, &Filters, &[Layout]) = (chain, filters, layout);
        let (images, labels) = (batch.images(), batch.labels());
        let tiles = images.len().div_ceil(LANES);
        let share = tiles.div_ceil(rayon::current_num_threads());
        let workers = tiles.div_ceil(share);
        workspaces.resize_with(workers.max(workspaces.len()), || Workspace::new(chain));
        sums.resize_with(tiles.max(sums.len()), || Sum::new(layout));
        let work = images.par_chunks(share * LANES).zip(labels.par_chunks(share * LANES));
        let work = work.zip(sums[..tiles].par_chunks_mut(share)).zip(workspaces);
        work.for_each(|(((images, labels), sums), workspace)| {
            for ((images, labels), sum) in images.chunks(LANES).zip(labels.chunks(LANES)).zip(sums) {
                let layers = &mut workspace.layers;
                arch.dispatch(Forward { chain, parameters, filters, layers, images });
                sum.loss = softmax(chain.classes(), layers.logits(), labels, &mut workspace.upstream);
                arch.dispatch(Backward { chain, layout, parameters, filters, workspace, sum, images });
            }
        });
        let mut gradient = Gradient::zero(chain.parameters());
        let Some((first, rest)) = sums[..tiles].split_first_mut() else { return gradient };
        for sum in rest {
            first.loss += sum.loss;
            first.gradient.iter_mut().zip(&sum.gradient).for_each(|(sum, value)| *sum += value);
        }
        gradient.loss = first.loss / labels.len() as f64;
        let scale = 1.0 / labels.len() as f32;
        let (of_convolutions, of_linears) = layout.split_at(chain.convolutions.len());
        for (layer, place) in chain.convolutions.iter().zip(of_convolutions) {
            let weight = &first.gradient[place.weight.clone()];
            backward::unpack(layer, weight, scale, &mut gradient.values[layer.weight.clone()]);
            scaled(&first.gradient[place.bias.clone()], scale, &mut gradient.values[layer.bias.clone()]);
        }
        for (layer, place) in chain.linears.iter().zip(of_linears) {
            scaled(&first.gradient[place.weight.clone()], scale, &mut gradient.values[layer.weight.clone()]);
            scaled(&first.gradient[place.bias.clone()], scale, &mut gradient.values[layer.bias.clone()]);
        }
        gradient
    }
}

fn scaled(values: &[f32], scale: f32, target: &mut [f32]) {
    target.iter_mut().zip(values).for_each(|(target, value)| *target = value * scale);
}

/// The logits of `images` (channels × side × side numbers each), image after image.
pub fn logits(chain: &Chain, parameters: &[f32], images: &[f32]) -> Vec<f32> {
    logits_on(Arch::new(), chain, parameters, images)
}

fn logits_on(arch: Arch, chain: &Chain, parameters: &[f32], images: &[f32]) -> Vec<f32> {
    let mut filters = Filters::new(chain);
    arch.dispatch(PackForward { chain, parameters, packed: &mut filters.forward });
    let layers = || Layers::new(chain);
    let tiles = images.par_chunks(LANES * chain.pixels()).map_init(layers, |layers, images| {
        let images: Vec<&[f32]> = images.chunks_exact(chain.pixels()).collect();
        arch.dispatch(Forward { chain, parameters, filters: &filters, layers, images: &images });
        let logits = layers.logits();
        (0..images.len()).flat_map(|lane| logits.iter().skip(lane).step_by(LANES).copied()).collect()
    });
    tiles.collect::<Vec<Vec<f32>>>().concat()
}

/// What the layers of a tile hold, in lanes.
#[derive(Debug)]
struct Layers {
    /// The images, and each layer's output after its ReLU and pooling: channels × side² × LANES, neurons × LANES.
    values: Vec<Buffer>,
    /// Which position won each pooled entry of each convolution; empty where there is no way back.
    winners: Vec<Vec<u8>>,
    /// What a convolution works in.
    scratch: Buffer,
}

impl Layers {
    /// For the way forward alone.
    fn new(chain: &Chain) -> Layers {
        let pooled = chain.convolutions.iter().map(pooled_entries);
        let lengths =
            [chain.pixels()].into_iter().chain(pooled).chain(chain.linears.iter().map(|l| l.outputs));
        let scratch = chain.convolutions.iter().filter(|layer| winograd::fits(layer)).map(winograd::scratch);
        let scratch = scratch.max().unwrap_or_default();
        Layers {
            values: lengths.map(|length| Buffer::zeros(length * LANES)).collect(),
            winners: vec![Vec::new(); chain.convolutions.len()],
            scratch: Buffer::zeros(scratch),
        }
    }

    /// For both ways.
    fn with_winners(chain: &Chain) -> Layers {
        let winners = chain.convolutions.iter().map(|layer| vec![0; pooled_entries(layer) * LANES]);
        Layers { winners: winners.collect(), ..Layers::new(chain) }
    }

    fn logits(&self) -> &[f32] {
        self.values.last().map_or(&[], |values| values)
    }

    /// From images to logits; winners are kept for the way back, where there are places for them.
    #[inline(always)]
    fn forward<S: Simd>(
        &mut self,
        simd: S,
        chain: &Chain,
        parameters: &[f32],
        filters: &Filters,
        images: &[&[f32]],
    ) {
        lanes::from_images(simd, images, &mut self.values[0]);
        let mut values = self.values.iter_mut();
        let Some(mut input) = values.next() else { return };
        for ((layer, filters), winners) in
            chain.convolutions.iter().zip(&filters.forward).zip(&mut self.winners)
        {
            let Some(output) = values.next() else { return };
            let bias = &parameters[layer.bias.clone()];
            if winograd::fits(layer) {
                let scratch = &mut self.scratch;
                winograd::relu_pool(simd, layer, input, filters, bias, scratch, output, winners);
            } else {
                forward::relu_pool(simd, layer, input, filters, bias, output, winners);
            }
            input = output;
        }
        for (number, layer) in chain.linears.iter().enumerate() {
            let Some(output) = values.next() else { return };
            let (weight, bias) = (&parameters[layer.weight.clone()], &parameters[layer.bias.clone()]);
            linear::forward(simd, layer, input, weight, bias, output);
            if number + 1 < chain.linears.len() {
                output.iter_mut().for_each(|value| *value = if *value > 0.0 { *value } else { 0.0 });
            }
            input = output;
        }
    }
}

fn pooled_entries(layer: &Convolution) -> usize {
    layer.outputs * layer.pooled() * layer.pooled()
}

/// A tile's way forward.
struct Forward<'a> {
    chain: &'a Chain,
    parameters: &'a [f32],
    filters: &'a Filters,
    layers: &'a mut Layers,
    images: &'a [&'a [f32]],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Forward { chain, parameters, filters, layers, images } = self;
        layers.forward(simd, chain, parameters, filters, images);
    }
}

/// What a thread works in.
#[derive(Debug)]
struct Workspace {
    layers: Layers,
    /// Derivatives by the outputs and by the inputs of the layer at hand, in lanes.
    upstream: Buffer,
    downstream: Buffer,
    /// The same, and the inputs themselves, image after image.
    upstream_images: Buffer,
    downstream_images: Buffer,
    input_images: Buffer,
    entries: backward::Entries,
}

impl Workspace {
    fn new(chain: &Chain) -> Workspace {
        let layers = Layers::with_winners(chain);
        let longest = layers.values.iter().map(|values| values.len()).max().unwrap_or_default() / LANES;
        let lanes = || Buffer::zeros(longest * LANES);
        let images = || Buffer::zeros(backward::stride(longest) * LANES);
        Workspace {
            layers,
            upstream: lanes(),
            downstream: lanes(),
            upstream_images: images(),
            downstream_images: images(),
            input_images: images(),
            entries: backward::Entries::default(),
        }
    }
}

/// What a tile adds to a batch's gradient.
#[derive(Debug)]
struct Sum {
    /// Summed over the tile's images, in the layout of [`Layout`].
    gradient: Vec<f32>,
    /// Summed cross-entropy, nats.
    loss: f64,
}

impl Sum {
    fn new(layout: &[Layout]) -> Sum {
        Sum { gradient: vec![0.0; layout.last().map_or(0, |layout| layout.bias.end)], loss: 0.0 }
    }
}

/// A tile's way back, from the derivatives by the logits in its workspace.
struct Backward<'a> {
    chain: &'a Chain,
    layout: &'a [Layout],
    parameters: &'a [f32],
    filters: &'a Filters,
    workspace: &'a mut Workspace,
    sum: &'a mut Sum,
    images: &'a [&'a [f32]],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        self.sum.gradient.fill(0.0);
        self.linears(simd);
        self.convolutions(simd);
    }
}

impl Backward<'_> {
    /// Backward through the linear layers; leaves the derivatives by the first one's inputs in `upstream`.
    #[inline(always)]
    fn linears<S: Simd>(&mut self, simd: S) {
        let Backward { chain, layout, parameters, images, .. } = *self;
        let (work, sum) = (&mut *self.workspace, &mut *self.sum);
        let before = chain.convolutions.len();
        for (number, layer) in chain.linears.iter().enumerate().rev() {
            let input = &work.layers.values[before + number];
            let stride = backward::stride(layer.inputs);
            lanes::to_images(simd, input, layer.inputs, 1, &mut work.input_images[..stride * LANES], stride);
            let upstream = &work.upstream[..layer.outputs * LANES];
            let (weight, bias) = gradient_of(&layout[before + number], &mut sum.gradient);
            linear::to_weights(layer, images.len(), upstream, &work.input_images, weight, bias);
            if before + number == 0 {
                return;
            }
            let downstream = &mut work.downstream[..layer.inputs * LANES];
            linear::to_inputs(simd, layer, &parameters[layer.weight.clone()], upstream, downstream);
            if number > 0 {
                let dead = input.iter().map(|input| *input <= 0.0);
                downstream.iter_mut().zip(dead).filter(|(_, dead)| *dead).for_each(|(value, _)| *value = 0.0);
            }
            std::mem::swap(&mut work.upstream, &mut work.downstream);
        }
    }

    /// Backward through the convolutions.
    #[inline(always)]
    fn convolutions<S: Simd>(&mut self, simd: S) {
        let Backward { chain, layout, filters, images, .. } = *self;
        let (work, sum) = (&mut *self.workspace, &mut *self.sum);
        let mut is_in_lanes = true;
        for (number, layer) in chain.convolutions.iter().enumerate().rev() {
            let (pixels, places) = (layer.side * layer.side, layer.pooled() * layer.pooled());
            let (input, winners) = (&work.layers.values[number], &work.layers.winners[number]);
            let (weight, bias) = gradient_of(&layout[number], &mut sum.gradient);
            let stride = backward::stride(layer.outputs * places);
            if number == 0 && first::fits(layer) {
                let upstream = &mut work.upstream[..layer.outputs * places * LANES];
                if !is_in_lanes {
                    // What an earlier tile left must not count as the gradient of images that this one lacks.
                    work.upstream_images[images.len() * stride..LANES * stride].fill(0.0);
                    lanes::to_lanes(simd, &work.upstream_images, layer.outputs, places, upstream, stride);
                }
                first::to_filters(simd, layer, input, winners, upstream, weight, bias);
                return;
            }
            if is_in_lanes {
                let images = &mut work.upstream_images[..stride * LANES];
                lanes::to_images(simd, &work.upstream, layer.outputs, places, images, stride);
                is_in_lanes = false;
            }
            let stride = backward::stride(layer.inputs * pixels);
            lanes::to_images(
                simd,
                input,
                layer.inputs,
                pixels,
                &mut work.input_images[..stride * LANES],
                stride,
            );
            let step = backward::Step {
                layer,
                images: images.len(),
                inputs: &work.input_images,
                winners,
                upstream: &work.upstream_images,
            };
            let downstream =
                (number > 0).then_some((&filters.backward[number][..], &mut work.downstream_images[..]));
            backward::convolution(simd, &step, &mut work.entries, weight, bias, downstream);
            std::mem::swap(&mut work.upstream_images, &mut work.downstream_images);
        }
    }
}

/// The gradient of a layer's weights and of its biases.
fn gradient_of<'a>(layout: &Layout, gradient: &'a mut [f32]) -> (&'a mut [f32], &'a mut [f32]) {
    gradient[layout.weight.start..layout.bias.end].split_at_mut(layout.weight.len())
}

/// The summed cross-entropy `−ln softmax(f_Y)[label]` in nats, and its derivative by the logits, `softmax(f_Y) − 1[label]`,
/// zero in lanes without an image.
fn softmax(classes: usize, logits: &[f32], labels: &[u8], derivative: &mut [f32]) -> f64 {
    derivative[..classes * LANES].fill(0.0);
    let mut loss = 0.0;
    for (lane, label) in labels.iter().enumerate() {
        let label = usize::from(*label);
        let logits: Vec<f32> = logits.iter().skip(lane).step_by(LANES).copied().collect();
        let (log_sum, largest) = log_sum(&logits);
        loss += log_sum - f64::from(logits[label] - largest);
        for (class, logit) in logits.iter().enumerate() {
            let probability = libm::exp(f64::from(logit - largest) - log_sum);
            derivative[class * LANES + lane] = (probability - f64::from(u8::from(class == label))) as f32;
        }
    }
    loss
}

/// `ln Σ exp(f − max f)`, and max f.
fn log_sum(logits: &[f32]) -> (f64, f32) {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| libm::exp(f64::from(logit - largest))).sum();
    (libm::log(sum), largest)
}

/// `−ln softmax(f_Y)[label]` in nats.
pub(crate) fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    let (log_sum, largest) = log_sum(logits);
    log_sum - f64::from(logits[label] - largest)
}

#[cfg(test)]
#[path = "fused_tests.rs"]
mod tests;
