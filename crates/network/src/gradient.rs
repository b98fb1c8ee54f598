//! A batch, and the gradient of its loss: what every engine takes and gives.

/// Images with their labels.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The numbers of each image: channels × side × side.
    pub images: &'a [&'a [f32]],
    /// Classes, one an image.
    pub labels: &'a [u8],
}

/// A loss and its gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// Mean cross-entropy over the batch, in nats.
    pub loss: f64,
    /// Its derivative by every parameter, in the parameters' order.
    pub values: Vec<f32>,
}

impl Gradient {
    /// The loss of nothing, which is zero.
    pub fn zero(parameters: usize) -> Gradient {
        Gradient { loss: 0.0, values: vec![0.0; parameters] }
    }
}
