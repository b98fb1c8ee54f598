//! A network as a chain: valid convolutions, each with ReLU and 2×2 max pooling, then linear layers with ReLU between
//! them, then softmax. This is all that an engine has to know of an architecture.

use std::ops::Range;

/// A valid convolution, ReLU, 2×2 max pooling. Its input has `inputs` planes of `side` × `side`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Channels of its input.
    pub(crate) inputs: usize,
    /// Side of its input.
    pub(crate) side: usize,
    /// Side of its filters.
    pub(crate) kernel: usize,
    /// Channels of its output.
    pub(crate) outputs: usize,
    /// Where its filters stand among the parameters: outputs × inputs × kernel × kernel.
    pub(crate) weight: Range<usize>,
    /// Where its biases stand: outputs.
    pub(crate) bias: Range<usize>,
}

/// `W f + b`, then ReLU, unless it is the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Length of its input.
    pub(crate) inputs: usize,
    /// Length of its output.
    pub(crate) outputs: usize,
    /// Where its weights stand among the parameters: outputs × inputs.
    pub(crate) weight: Range<usize>,
    /// Where its biases stand: outputs.
    pub(crate) bias: Range<usize>,
}

/// Layers in order. Their parameters stand one after another, each layer's weights before its biases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Channels of an image.
    pub(crate) channels: usize,
    /// Side of an image.
    pub(crate) side: usize,
    /// Convolutions, first to last; there may be none.
    pub(crate) convolutions: Vec<Convolution>,
    /// Linear layers, first to last; at least one.
    pub(crate) linears: Vec<Linear>,
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
    /// A layer of more numbers than can be counted.
    #[error("a layer may have {most} numbers at most")]
    TooMany {
        /// The most that it may have.
        most: usize,
    },
}

/// Gives out ranges of the lengths that are asked for, one behind another.
pub(crate) fn ranges() -> impl FnMut(usize) -> Range<usize> {
    let mut end = 0;
    move |length| {
        let start = end;
        end += length;
        start..end
    }
}

/// The product of sizes, where it is small enough for engines that count in 32 bits.
fn few(sizes: &[usize]) -> Result<usize, Error> {
    const MOST: usize = 1 << 30;
    let product = sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    product.filter(|product| *product <= MOST).ok_or(Error::TooMany { most: MOST })
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
    /// Where a size is zero, a filter larger than what it is to be laid on, or a layer has more than 2³⁰ numbers.
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
        let (mut inputs, mut left) = (channels, side);
        for &(outputs, kernel) in convolutions {
            if left <= kernel {
                return Err(Error::TooLarge { kernel, side: left });
            }
            few(&[inputs, left, left])?;
            few(&[inputs, kernel + 2, kernel + 2, outputs])?;
            let convolved = left - kernel + 1;
            (inputs, left) = (outputs, convolved / 2);
        }
        let mut inputs = few(&[inputs, left, left])?;
        for &outputs in linears {
            few(&[inputs, outputs])?;
            inputs = outputs;
        }
        Ok(Chain::of((channels, side), convolutions, linears))
    }

    /// The same for sizes that are known to fit.
    pub(crate) fn of(
        (channels, side): (usize, usize),
        convolutions: &[(usize, usize)],
        linears: &[usize],
    ) -> Chain {
        let mut range = ranges();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_layer_by_layer_weights_before_biases() {
        let chain = Chain::new((2, 9), &[(3, 2)], &[5, 4]).unwrap();
        assert_eq!(chain.convolutions[0].weight, 0..24);
        assert_eq!(chain.convolutions[0].bias, 24..27);
        assert_eq!((chain.convolutions[0].pooled(), chain.linears[0].inputs), (4, 48));
        assert_eq!(chain.linears[0].weight, 27..267);
        assert_eq!((chain.parameters(), chain.pixels(), chain.classes()), (296, 162, 4));
    }

    #[test]
    fn sizes_that_make_no_chain_are_refused() {
        assert_eq!(Chain::new((1, 8), &[(1, 3)], &[]), Err(Error::Empty));
        assert_eq!(Chain::new((1, 8), &[(0, 3)], &[2]), Err(Error::Empty));
        assert_eq!(Chain::new((1, 3), &[(1, 3)], &[2]), Err(Error::TooLarge { kernel: 3, side: 3 }));
        assert!(Chain::new((1, 4), &[(1, 3)], &[2]).is_ok());
        assert_eq!(
            Chain::new((1, 9), &[(1, usize::MAX)], &[2]),
            Err(Error::TooLarge { kernel: usize::MAX, side: 9 })
        );
        assert_eq!(Chain::new((1, 1 << 20), &[], &[2]), Err(Error::TooMany { most: 1 << 30 }));
    }
}
