//! The gradient of the loss on a batch, by burn's automatic differentiation.
//!
//! A batch is cut into shards of [`SHARD`] images. Each shard is differentiated on one thread, shards in parallel, and
//! their gradients are added in the order of the shards: the bytes do not depend on the number of threads.

use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::module::{conv2d, linear, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::architecture::TENSORS;
use crate::parameters::Parameters;

/// Who computes gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// burn with its CPU backend flex.
    BurnFlex,
    /// burn with ndarray, a second opinion some ten times slower.
    BurnNdarray,
}

/// Images that are differentiated together: a batch of 64 is four shards.
pub const SHARD: usize = 16;

/// Why a gradient could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The library that computes gradients failed.
    #[error("burn could not compute the gradient: {0}")]
    Burn(String),
}

/// A loss and its gradient.
#[derive(Clone, Debug)]
pub struct Gradient {
    /// Mean cross-entropy over the batch, in nats.
    pub loss: f64,
    /// Its derivative by every parameter.
    pub values: Vec<f32>,
}

impl Engine {
    fn device(self) -> Device {
        match self {
            Engine::BurnFlex => Device::flex(),
            #[expect(deprecated, reason = "kept as a second opinion for as long as burn has it")]
            Engine::BurnNdarray => Device::ndarray(),
        }
        .autodiff()
    }

    /// The gradient of the mean cross-entropy over `images` (side × side pixels each) with `labels`.
    ///
    /// # Errors
    /// Where burn fails.
    pub fn gradient(self, parameters: &Parameters, images: &[f32], labels: &[u8]) -> Result<Gradient, Error> {
        let pixels = parameters.architecture().side.pow(2);
        let device = self.device();
        let shards: Vec<Gradient> = images
            .par_chunks(SHARD * pixels)
            .zip(labels.par_chunks(SHARD))
            .map(|(images, labels)| shard(&device, parameters, images, labels))
            .collect::<Result<_, _>>()?;
        let mut sum = Gradient { loss: 0.0, values: vec![0.0; parameters.values().len()] };
        for shard in &shards {
            sum.loss += shard.loss;
            sum.values.iter_mut().zip(&shard.values).for_each(|(sum, value)| *sum += value);
        }
        let images = labels.len() as f64;
        sum.loss /= images;
        sum.values.iter_mut().for_each(|value| *value /= images as f32);
        Ok(sum)
    }
}

/// The summed cross-entropy of a shard and its gradient.
fn shard(device: &Device, parameters: &Parameters, images: &[f32], labels: &[u8]) -> Result<Gradient, Error> {
    let a = parameters.architecture();
    let count = labels.len();
    let shapes = a.shapes();
    let views = parameters.views();
    fn leaf<const D: usize>(values: &[f32], shape: &[usize], device: &Device) -> Tensor<D> {
        Tensor::<D>::from_data(TensorData::new(values.to_vec(), shape.to_vec()), device).require_grad()
    }
    let conv1_weight: Tensor<4> = leaf(views.conv1_weight, &shapes[0], device);
    let conv1_bias: Tensor<1> = leaf(views.conv1_bias, &shapes[1], device);
    let conv2_weight: Tensor<4> = leaf(views.conv2_weight, &shapes[2], device);
    let conv2_bias: Tensor<1> = leaf(views.conv2_bias, &shapes[3], device);
    let fc1_weight: Tensor<2> = leaf(views.fc1_weight, &shapes[4], device);
    let fc1_bias: Tensor<1> = leaf(views.fc1_bias, &shapes[5], device);
    let fc2_weight: Tensor<2> = leaf(views.fc2_weight, &shapes[6], device);
    let fc2_bias: Tensor<1> = leaf(views.fc2_bias, &shapes[7], device);

    let x: Tensor<4> =
        Tensor::from_data(TensorData::new(images.to_vec(), [count, 1, a.side, a.side]), device);
    let labels: Vec<i64> = labels.iter().map(|label| i64::from(*label)).collect();
    let labels: Tensor<2, Int> = Tensor::from_data(TensorData::new(labels, [count, 1]), device);

    let valid = || ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
    let halve = |planes| max_pool2d(planes, MaxPoolOptions::new([2, 2]));
    let f1 = relu(conv2d(x, conv1_weight.clone(), Some(conv1_bias.clone()), valid()));
    let f3 = relu(conv2d(halve(f1), conv2_weight.clone(), Some(conv2_bias.clone()), valid()));
    let f4: Tensor<2> = halve(f3).reshape([count, a.flat()]);
    // burn keeps a linear layer's inputs first, PyTorch and these parameters its outputs.
    let f5 = relu(linear(f4, fc1_weight.clone().transpose(), Some(fc1_bias.clone())));
    let f_y = linear(f5, fc2_weight.clone().transpose(), Some(fc2_bias.clone()));
    let loss = log_softmax(f_y, 1).gather(1, labels).sum().neg();

    let gradients = loss.backward();
    let loss = numbers(loss)?.first().copied().unwrap_or(f32::NAN);
    let parts: [Vec<f32>; TENSORS] = [
        gradient_of(&conv1_weight, &gradients)?,
        gradient_of(&conv1_bias, &gradients)?,
        gradient_of(&conv2_weight, &gradients)?,
        gradient_of(&conv2_bias, &gradients)?,
        gradient_of(&fc1_weight, &gradients)?,
        gradient_of(&fc1_bias, &gradients)?,
        gradient_of(&fc2_weight, &gradients)?,
        gradient_of(&fc2_bias, &gradients)?,
    ];
    Ok(Gradient { loss: f64::from(loss), values: parts.concat() })
}

fn gradient_of<const D: usize>(tensor: &Tensor<D>, gradients: &Gradients) -> Result<Vec<f32>, Error> {
    let gradient =
        tensor.grad(gradients).ok_or_else(|| Error::Burn("a parameter has no gradient".to_owned()))?;
    numbers(gradient)
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Error> {
    tensor.into_data().try_to_vec::<f32>().map_err(|error| Error::Burn(format!("{error:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;
    use crate::initialise::{Initialisation, initialise};

    fn batch(count: usize) -> (Parameters, Vec<f32>, Vec<u8>) {
        let parameters = initialise(Network::Cnn1.architecture(), Initialisation::UniformFanIn, 1);
        let mut random = statistics::random::split(1, "batch", 0);
        let images = (0..count * 1024)
            .map(|_| 32.0 * statistics::random::standard_normal(&mut random) as f32)
            .collect();
        (parameters, images, (0..count).map(|index| (index % 10) as u8).collect())
    }

    #[test]
    fn both_backends_agree() {
        let (parameters, images, labels) = batch(20);
        let [flex, ndarray] = [Engine::BurnFlex, Engine::BurnNdarray]
            .map(|engine| engine.gradient(&parameters, &images, &labels).unwrap());
        assert!((flex.loss - ndarray.loss).abs() < 1e-5);
        let scale = flex.values.iter().fold(0.0_f32, |scale, value| scale.max(value.abs()));
        for (a, b) in flex.values.iter().zip(&ndarray.values) {
            assert!((a - b).abs() < 1e-5 * scale, "{a} {b}");
        }
    }

    #[test]
    fn the_bytes_do_not_depend_on_the_number_of_threads() {
        let (parameters, images, labels) = batch(50);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Engine::BurnFlex.gradient(&parameters, &images, &labels).unwrap().values)
        };
        let one = with(1);
        assert!(one.iter().any(|value| *value != 0.0));
        assert_eq!(one, with(2));
        assert_eq!(one, with(3));
    }
}
