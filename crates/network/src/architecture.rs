//! The shapes of a network: two valid convolutions, each with ReLU and 2×2 max pooling, then two linear layers.

use crate::chain::Chain;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A network of Table 1, or the control beside them. They differ in the channels of f1 only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// 4 channels.
    Cnn1,
    /// 12 channels.
    Cnn2,
    /// 20 channels.
    Cnn3,
    /// One channel, none of the paper's: untrained, its f1 is one random filter.
    Single,
}

impl Network {
    /// All of them.
    pub const ALL: [Network; 4] = [Network::Cnn1, Network::Cnn2, Network::Cnn3, Network::Single];

    /// Its name in tables and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Network::Cnn1 => "cnn1",
            Network::Cnn2 => "cnn2",
            Network::Cnn3 => "cnn3",
            Network::Single => "single",
        }
    }

    /// The network of that name.
    pub fn from_name(name: &str) -> Option<Network> {
        Network::ALL.into_iter().find(|network| network.name() == name)
    }

    /// Its shapes, as Table 1 gives them.
    pub fn architecture(self) -> Architecture {
        Architecture::of_table_1(match self {
            Network::Cnn1 => 4,
            Network::Cnn2 => 12,
            Network::Cnn3 => 20,
            Network::Single => 1,
        })
    }
}

/// The sizes from which every shape of a network follows. Images are square with one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// Pixels along a side of x: 32.
    pub side: usize,
    /// Channels N of f1: 4, 12 or 20 in Table 1.
    pub channels1: usize,
    /// Side of the filters of f1: 3.
    pub kernel1: usize,
    /// Channels K of f3: 20.
    pub channels2: usize,
    /// Side of the filters of f3: 5.
    pub kernel2: usize,
    /// Neurons of f5: 20.
    pub hidden: usize,
    /// Neurons of fY: 10.
    pub classes: usize,
}

/// How many parameter tensors a network has.
pub const TENSORS: usize = 8;

/// The parameter tensors in order, as PyTorch's `state_dict` names them.
pub const NAMES: [&str; TENSORS] = [
    "conv1.weight",
    "conv1.bias",
    "conv2.weight",
    "conv2.bias",
    "fc1.weight",
    "fc1.bias",
    "fc2.weight",
    "fc2.bias",
];

impl Architecture {
    /// Table 1 with `channels1` channels in f1.
    pub const fn of_table_1(channels1: usize) -> Architecture {
        Architecture { side: 32, channels1, kernel1: 3, channels2: 20, kernel2: 5, hidden: 20, classes: 10 }
    }

    /// Side of f1 (30): a valid convolution loses `kernel − 1`.
    pub const fn side1(&self) -> usize {
        self.side - self.kernel1 + 1
    }

    /// Side of f2 (15): half of f1, an odd last row and column are not pooled.
    pub const fn side2(&self) -> usize {
        self.side1() / 2
    }

    /// Side of f3 (11).
    pub const fn side3(&self) -> usize {
        self.side2() - self.kernel2 + 1
    }

    /// Side of f4 (5).
    pub const fn side4(&self) -> usize {
        self.side3() / 2
    }

    /// Length of f4, flattened channel by channel (500).
    pub const fn flat(&self) -> usize {
        self.channels2 * self.side4() * self.side4()
    }

    /// Its layers, as engines see them.
    pub fn chain(&self) -> Chain {
        let convolutions = [(self.channels1, self.kernel1), (self.channels2, self.kernel2)];
        Chain::of((1, self.side), &convolutions, &[self.hidden, self.classes])
    }

    /// Shapes of the parameter tensors, in the order of [`NAMES`]; weights as PyTorch lays them out, outputs first.
    pub fn shapes(&self) -> [Vec<usize>; TENSORS] {
        [
            vec![self.channels1, 1, self.kernel1, self.kernel1],
            vec![self.channels1],
            vec![self.channels2, self.channels1, self.kernel2, self.kernel2],
            vec![self.channels2],
            vec![self.hidden, self.flat()],
            vec![self.hidden],
            vec![self.classes, self.hidden],
            vec![self.classes],
        ]
    }

    /// How many parameters there are in all.
    pub fn parameters(&self) -> usize {
        self.shapes().iter().map(|shape| shape.iter().product::<usize>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_those_of_table_1() {
        for (network, channels) in [(Network::Cnn1, 4), (Network::Cnn2, 12), (Network::Cnn3, 20)] {
            let a = network.architecture();
            assert_eq!((a.side1(), a.side2(), a.side3(), a.side4()), (30, 15, 11, 5));
            assert_eq!((a.channels1, a.flat()), (channels, 500));
            assert_eq!(Network::from_name(network.name()), Some(network));
        }
    }
}
