//! The gradient of the loss on a batch, by burn's automatic differentiation.
//!
//! A batch is cut into shards of [`SHARD`] images. Each shard is differentiated on one thread, shards in parallel, and
//! their gradients are added in the order of the shards: the bytes do not depend on the number of threads.

use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::module::{conv2d, linear, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use rayon::prelude::*;

use crate::chain::Chain;
use crate::gradient::{Batch, Gradient};

/// Images that are differentiated together: a batch of 64 is four shards.
const SHARD: usize = 16;

/// Why a gradient could not be computed.
#[derive(Debug, thiserror::Error)]
#[error("burn could not compute the gradient: {0}")]
pub struct Error(String);

/// burn on one of its CPU backends.
#[derive(Clone, Debug)]
pub struct Burn {
    chain: Chain,
    device: Device,
}

impl Burn {
    /// With its CPU backend flex.
    pub fn flex(chain: Chain) -> Burn {
        Burn { chain, device: Device::flex().autodiff() }
    }

    /// With ndarray.
    #[expect(deprecated, reason = "kept as a second opinion for as long as burn has it")]
    pub fn ndarray(chain: Chain) -> Burn {
        Burn { chain, device: Device::ndarray().autodiff() }
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
            .map(|(images, labels)| self.shard(parameters, images, labels))
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
    fn shard(&self, parameters: &[f32], images: &[&[f32]], labels: &[u8]) -> Result<Gradient, Error> {
        let Burn { chain, device } = self;
        let count = labels.len();
        let leaf = |range: &std::ops::Range<usize>| parameters[range.clone()].to_vec();
        let weight4 = |range, shape: [usize; 4]| {
            Tensor::<4>::from_data(TensorData::new(leaf(range), shape), device).require_grad()
        };
        let weight2 = |range, shape: [usize; 2]| {
            Tensor::<2>::from_data(TensorData::new(leaf(range), shape), device).require_grad()
        };
        let bias = |range: &std::ops::Range<usize>| {
            Tensor::<1>::from_data(TensorData::new(leaf(range), [range.len()]), device).require_grad()
        };
        let valid = || ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        let halve = |planes| max_pool2d(planes, MaxPoolOptions::new([2, 2]));

        let mut planes: Tensor<4> = Tensor::from_data(
            TensorData::new(images.concat(), [count, chain.channels, chain.side, chain.side]),
            device,
        );
        let mut convolutions = Vec::new();
        for layer in &chain.convolutions {
            let shape = [layer.outputs, layer.inputs, layer.kernel, layer.kernel];
            let (weight, bias) = (weight4(&layer.weight, shape), bias(&layer.bias));
            planes = halve(relu(conv2d(planes, weight.clone(), Some(bias.clone()), valid())));
            convolutions.push((weight, bias));
        }
        let flat = chain.linears.first().map_or(0, |layer| layer.inputs);
        let mut values: Tensor<2> = planes.reshape([count, flat]);
        let mut linears = Vec::new();
        for (number, layer) in chain.linears.iter().enumerate() {
            let (weight, bias) = (weight2(&layer.weight, [layer.outputs, layer.inputs]), bias(&layer.bias));
            if number > 0 {
                values = relu(values);
            }
            // burn keeps a linear layer's inputs first, PyTorch and these parameters its outputs.
            values = linear(values, weight.clone().transpose(), Some(bias.clone()));
            linears.push((weight, bias));
        }
        let labels: Vec<i64> = labels.iter().map(|label| i64::from(*label)).collect();
        let labels: Tensor<2, Int> = Tensor::from_data(TensorData::new(labels, [count, 1]), device);
        let loss = log_softmax(values, 1).gather(1, labels).sum().neg();

        let gradients = loss.backward();
        let loss = numbers(loss)?.first().copied().unwrap_or(f32::NAN);
        let mut values = Vec::with_capacity(parameters.len());
        for (weight, bias) in &convolutions {
            values.extend(gradient_of(weight, &gradients)?);
            values.extend(gradient_of(bias, &gradients)?);
        }
        for (weight, bias) in &linears {
            values.extend(gradient_of(weight, &gradients)?);
            values.extend(gradient_of(bias, &gradients)?);
        }
        Ok(Gradient { loss: f64::from(loss), values })
    }
}

fn gradient_of<const D: usize>(tensor: &Tensor<D>, gradients: &Gradients) -> Result<Vec<f32>, Error> {
    numbers(tensor.grad(gradients).ok_or_else(|| Error("a parameter has no gradient".to_owned()))?)
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Error> {
    tensor.into_data().try_to_vec::<f32>().map_err(|error| Error(format!("{error:?}")))
}
