//! One epoch of training: all images once, in an order of its own, batch by batch.

use rand::seq::SliceRandom;
use statistics::random;

use crate::engine::{Differentiation, Error};
use crate::gradient::Batch;
use crate::optimiser::State;
use crate::parameters::Parameters;

/// Images with their labels, to learn from.
#[derive(Clone, Copy)]
pub struct Examples<'a> {
    /// Pixels, image after image.
    pub images: &'a [f32],
    /// Classes, one an image.
    pub labels: &'a [u8],
}

/// Goes once through all images in batches of `batch_size`, one step a batch; the last batch may be smaller.
///
/// The order is split from `seed` by the epoch, so that an epoch can be repeated without those before it.
///
/// # Errors
/// Where a label is no class, or a gradient can't be computed.
pub fn epoch(
    engine: &mut Differentiation,
    examples: Examples<'_>,
    batch_size: usize,
    (seed, epoch): (u64, u64),
    parameters: &mut Parameters,
    state: &mut State,
) -> Result<(), Error> {
    let pixels = parameters.architecture().side.pow(2);
    let mut order: Vec<usize> = (0..examples.labels.len()).collect();
    order.shuffle(&mut random::split(seed, "order of training images", epoch));
    let chain = parameters.architecture().chain();
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for batch in order.chunks(batch_size) {
        images.clear();
        labels.clear();
        for index in batch {
            images.push(&examples.images[index * pixels..(index + 1) * pixels]);
            labels.push(examples.labels[*index]);
        }
        let batch = Batch::new(&chain, &images, &labels)?;
        let gradient = engine.gradient(parameters.values(), batch)?;
        state.step(parameters.values_mut(), &gradient.values);
    }
    Ok(())
}
