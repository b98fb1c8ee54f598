//! The gradient of the loss on a batch, by burn's automatic differentiation.
//!
//! A batch is cut into shards of [`SHARD`] images. Each shard is differentiated on one thread, shards in parallel, and
//! their gradients are added in the order of the shards: the bytes do not depend on the number of threads.

use burn_autodiff::Autodiff;
use burn_backend::ops::ConvOptions;
use burn_backend::tensor::FloatTensor;
use burn_backend::{AutodiffBackend, Backend, Shape, TensorData, try_read_sync};
use burn_flex::Flex;
use rayon::prelude::*;

use crate::chain::Chain;
use crate::gradient::{Batch, Gradient};
use std::ops::Range;

/// Images that are differentiated together: a batch of 64 is four shards.
const SHARD: usize = 16;

/// Why a gradient could not be computed.
#[derive(Debug, thiserror::Error)]
#[error("burn could not compute the gradient: {0}")]
pub struct Error(String);

/// A CPU backend of burn.
#[derive(Clone, Copy, Debug)]
pub enum Cpu {
    /// In Rust, quick on every machine.
    Flex,
    /// By ndarray.
    #[cfg(feature = "burn-ndarray")]
    NdArray,
}

/// burn on one of its CPU backends.
#[derive(Clone, Debug)]
pub struct Burn {
    chain: Chain,
    cpu: Cpu,
}

impl Burn {
    /// For a chain.
    pub fn new(chain: Chain, cpu: Cpu) -> Burn {
        Burn { chain, cpu }
    }

    /// The gradient of the mean cross-entropy over a batch.
    ///
    /// # Errors
    /// Where burn fails.
    pub fn gradient(&self, parameters: &[f32], batch: Batch<'_>) -> Result<Gradient, Error> {
        let shards: Vec<Gradient> = batch
            .images()
            .par_chunks(SHARD)
            .zip(batch.labels().par_chunks(SHARD))
            .map(|(images, labels)| match self.cpu {
                Cpu::Flex => self.shard::<Autodiff<Flex>>(parameters, images, labels),
                #[cfg(feature = "burn-ndarray")]
                #[expect(deprecated, reason = "kept as a second opinion for as long as burn has it")]
                Cpu::NdArray => self.shard::<Autodiff<burn_ndarray::NdArray>>(parameters, images, labels),
            })
            .collect::<Result<_, _>>()?;
        let mut sum = Gradient::zero(parameters.len());
        for shard in &shards {
            sum.loss += shard.loss;
            sum.values.iter_mut().zip(&shard.values).for_each(|(sum, value)| *sum += value);
        }
        let images = batch.labels().len();
        sum.loss /= images as f64;
        sum.values.iter_mut().for_each(|value| *value /= images as f32);
        Ok(sum)
    }

    /// The summed cross-entropy of a shard and its gradient.
    fn shard<B: AutodiffBackend>(
        &self,
        parameters: &[f32],
        images: &[&[f32]],
        labels: &[u8],
    ) -> Result<Gradient, Error> {
        let chain = &self.chain;
        let device = B::Device::default();
        let count = labels.len();
        let constant = |values: Vec<f32>, shape: &[usize]| {
            B::float_from_data(TensorData::new(values, shape.to_vec()), &device)
        };
        let parameter = |range: &Range<usize>, shape: &[usize]| {
            B::float_set_require_grad(constant(parameters[range.clone()].to_vec(), shape), true)
        };
        let valid = || ConvOptions::new([1, 1], [0, 0], [1, 1], 1);

        // In the order in which they stand in the list of parameters.
        let mut leaves: Vec<FloatTensor<B>> = Vec::new();
        let mut planes = constant(images.concat(), &[count, chain.channels, chain.side, chain.side]);
        for layer in &chain.convolutions {
            let shape = [layer.outputs, layer.inputs, layer.kernel, layer.kernel];
            let (weight, bias) = (parameter(&layer.weight, &shape), parameter(&layer.bias, &[layer.outputs]));
            let activations = B::relu(B::conv2d(planes, weight.clone(), Some(bias.clone()), valid()));
            planes = B::max_pool2d(activations, [2, 2], [2, 2], [0, 0], [1, 1], false);
            leaves.extend([weight, bias]);
        }
        let flat = chain.linears.first().map_or(0, |layer| layer.inputs);
        let mut values = B::float_reshape(planes, Shape::from(vec![count, flat]));
        for (number, layer) in chain.linears.iter().enumerate() {
            let weight = parameter(&layer.weight, &[layer.outputs, layer.inputs]);
            let bias = parameter(&layer.bias, &[layer.outputs]);
            if number > 0 {
                values = B::relu(values);
            }
            // burn keeps a linear layer's inputs first, PyTorch and these parameters its outputs.
            values = B::linear(values, B::float_transpose(weight.clone()), Some(bias.clone()));
            leaves.extend([weight, bias]);
        }
        let labels: Vec<i64> = labels.iter().map(|label| i64::from(*label)).collect();
        let labels = B::int_from_data(TensorData::new(labels, vec![count, 1]), &device);
        let loss = B::float_neg(B::float_sum(B::float_gather(1, B::log_softmax(values, 1), labels)));

        let gradients = B::backward(loss.clone());
        let loss = numbers::<B>(loss)?.first().copied().unwrap_or(f32::NAN);
        let mut values = Vec::with_capacity(parameters.len());
        for leaf in &leaves {
            let gradient = B::grad(leaf, &gradients);
            let gradient = gradient.ok_or_else(|| Error("a parameter has no gradient".to_owned()))?;
            values.extend(numbers::<B::InnerBackend>(gradient)?);
        }
        Ok(Gradient { loss: f64::from(loss), values })
    }
}

fn numbers<B: Backend>(tensor: FloatTensor<B>) -> Result<Vec<f32>, Error> {
    let data = try_read_sync(B::float_into_data(tensor));
    let data = data.ok_or_else(|| Error("its values are not there yet".to_owned()))?;
    let data = data.map_err(|error| Error(format!("{error:?}")))?;
    data.try_to_vec::<f32>().map_err(|error| Error(format!("{error:?}")))
}
