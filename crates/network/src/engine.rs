//! Who computes gradients.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::burn::{self, Burn, Cpu};
use crate::chain::Chain;
use crate::fused::Fused;
use crate::gradient::{self, Batch, Gradient};

/// Who computes gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Our own kernels, for chains of convolution, ReLU and pooling, then linear layers: all networks of Table 1.
    Fused,
    /// burn with its CPU backend flex, several times slower.
    BurnFlex,
    /// burn with ndarray, a second opinion some hundred times slower; in programs built with the feature `burn-ndarray`.
    #[cfg(feature = "burn-ndarray")]
    BurnNdarray,
}

/// An engine at work on one chain.
#[derive(Debug)]
pub enum Differentiation {
    /// By [`Engine::Fused`].
    Fused(Box<Fused>),
    /// By burn on one of its backends.
    Burn(Burn),
}

/// Why there is no gradient.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was given is no batch.
    #[error(transparent)]
    Batch(#[from] gradient::Error),
    /// burn failed.
    #[error(transparent)]
    Burn(#[from] burn::Error),
}

impl Engine {
    /// Prepares the engine for a chain.
    pub fn prepare(self, chain: Chain) -> Differentiation {
        match self {
            Engine::Fused => Differentiation::Fused(Box::new(Fused::new(chain))),
            Engine::BurnFlex => Differentiation::Burn(Burn::new(chain, Cpu::Flex)),
            #[cfg(feature = "burn-ndarray")]
            Engine::BurnNdarray => Differentiation::Burn(Burn::new(chain, Cpu::NdArray)),
        }
    }
}

impl Differentiation {
    /// The gradient of the mean cross-entropy over a batch. The bytes do not depend on the number of threads.
    ///
    /// # Errors
    /// Where burn fails.
    pub fn gradient(&mut self, parameters: &[f32], batch: Batch<'_>) -> Result<Gradient, Error> {
        match self {
            Differentiation::Fused(fused) => Ok(fused.gradient(parameters, batch)),
            Differentiation::Burn(burn) => Ok(burn.gradient(parameters, batch)?),
        }
    }
}
