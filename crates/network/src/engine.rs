//! Who computes gradients.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(any(test, feature = "burn-flex"))]
use crate::burn::{self, Burn, Cpu};
use crate::chain::Chain;
use crate::fused::Fused;
use crate::gradient::{self, Batch, Gradient};

/// Who computes gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Our own kernels, for whatever a chain can be.
    Fused,
    /// burn with its CPU backend flex, several times slower; in programs built with the feature `burn-flex`.
    #[cfg(any(test, feature = "burn-flex"))]
    BurnFlex,
    /// burn with ndarray, some hundred times slower; in programs built with the feature `burn-ndarray`.
    #[cfg(feature = "burn-ndarray")]
    BurnNdarray,
}

/// An engine at work on one chain.
#[derive(Debug)]
pub enum Differentiation {
    /// By [`Engine::Fused`].
    Fused(Box<Fused>),
    /// By burn on one of its backends.
    #[cfg(any(test, feature = "burn-flex"))]
    Burn(Burn),
}

/// Why there is no gradient.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was given is no batch.
    #[error(transparent)]
    Batch(#[from] gradient::Error),
    /// burn failed.
    #[cfg(any(test, feature = "burn-flex"))]
    #[error(transparent)]
    Burn(#[from] burn::Error),
}

impl Engine {
    /// Prepares the engine for a chain.
    pub fn prepare(self, chain: Chain) -> Differentiation {
        match self {
            Engine::Fused => Differentiation::Fused(Box::new(Fused::new(chain))),
            #[cfg(any(test, feature = "burn-flex"))]
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
            #[cfg(any(test, feature = "burn-flex"))]
            Differentiation::Burn(burn) => Ok(burn.gradient(parameters, batch)?),
        }
    }
}
