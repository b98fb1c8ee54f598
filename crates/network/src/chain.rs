//! A network as a chain: valid convolutions, each with ReLU and 2×2 max pooling, then linear layers with ReLU between
//! them, then softmax. This is all that an engine has to know of an architecture.

use std::ops::Range;

/// A valid convolution, ReLU, 2×2 max pooling. Its input has `inputs` planes of `side` × `side`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Channels of its input.
    pub inputs: usize,
    /// Side of its input.
    pub side: usize,
    /// Side of its filters.
    pub kernel: usize,
    /// Channels of its output.
    pub outputs: usize,
    /// Where its filters stand among the parameters: outputs × inputs × kernel × kernel.
    pub weight: Range<usize>,
    /// Where its biases stand: outputs.
    pub bias: Range<usize>,
}

/// `W f + b`, then ReLU, unless it is the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Length of its input.
    pub inputs: usize,
    /// Length of its output.
    pub outputs: usize,
    /// Where its weights stand among the parameters: outputs × inputs.
    pub weight: Range<usize>,
    /// Where its biases stand: outputs.
    pub bias: Range<usize>,
}

/// Layers in order. Their parameters stand one after another, each layer's weights before its biases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Channels of an image.
    pub channels: usize,
    /// Side of an image.
    pub side: usize,
    /// Convolutions, first to last; there may be none.
    pub convolutions: Vec<Convolution>,
    /// Linear layers, first to last; at least one.
    pub linears: Vec<Linear>,
}

/// Sizes that make no chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing to compute.
    #[error("every size must be at least 1, and there must be a linear layer")]
    Empty,
    /// A filter, or the pooling after it, is larger than its input.
    #[error("a filter of side {kernel} on a plane of side {side} leaves nothing to pool")]
    TooLarge {
        /// Side of the filter.
        kernel: usize,
        /// Side of the plane.
        side: usize,
    },
}

impl Convolution {
    /// Multiply-adds of one output: inputs × kernel².
    pub fn taps(&self) -> usize {
        self.inputs * self.kernel * self.kernel
    }

    /// Side of the output after pooling; an odd last row and column of the convolution are left out.
    pub fn pooled(&self) -> usize {
        let convolved = self.side - self.kernel + 1;
        convolved / 2
    }
}

impl Chain {
    /// A chain for images of `channels` × `side` × `side`, from each convolution's channels and filter's side, and each
    /// linear layer's outputs.
    ///
    /// # Errors
    /// Where a size is zero, or a filter larger than what it is to be laid on.
    pub fn new(
        (channels, side): (usize, usize),
        convolutions: &[(usize, usize)],
        linears: &[usize],
    ) -> Result<Chain, Error> {
        let sizes = convolutions
            .iter()
            .flat_map(|(outputs, kernel)| [*outputs, *kernel])
            .chain(linears.iter().copied());
        if linears.is_empty() || sizes.chain([channels, side]).any(|size| size == 0) {
            return Err(Error::Empty);
        }
        let mut left = side;
        for &(_, kernel) in convolutions {
            if left < kernel + 1 {
                return Err(Error::TooLarge { kernel, side: left });
            }
            let convolved = left - kernel + 1;
            left = convolved / 2;
        }
        Ok(Chain::of((channels, side), convolutions, linears))
    }

    /// The same for sizes that are known to fit.
    pub(crate) fn of(
        (channels, side): (usize, usize),
        convolutions: &[(usize, usize)],
        linears: &[usize],
    ) -> Chain {
        let mut end = 0;
        let mut range = |length: usize| {
            let start = end;
            end += length;
            start..end
        };
        let mut chain = Chain { channels, side, convolutions: Vec::new(), linears: Vec::new() };
        let (mut inputs, mut side) = (channels, side);
        for &(outputs, kernel) in convolutions {
            let weight = range(outputs * inputs * kernel * kernel);
            let layer = Convolution { inputs, side, kernel, outputs, weight, bias: range(outputs) };
            (inputs, side) = (outputs, layer.pooled());
            chain.convolutions.push(layer);
        }
        let mut inputs = inputs * side * side;
        for &outputs in linears {
            let weight = range(outputs * inputs);
            chain.linears.push(Linear { inputs, outputs, weight, bias: range(outputs) });
            inputs = outputs;
        }
        chain
    }

    /// How many parameters there are in all.
    pub fn parameters(&self) -> usize {
        self.linears.last().map_or(0, |layer| layer.bias.end)
    }

    /// Numbers of one image.
    pub fn pixels(&self) -> usize {
        self.channels * self.side * self.side
    }

    /// Classes: the outputs of the last layer.
    pub fn classes(&self) -> usize {
        self.linears.last().map_or(0, |layer| layer.outputs)
    }
}
