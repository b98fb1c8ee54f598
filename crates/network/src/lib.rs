//! The networks of Table 1: what they are made of, what they compute, and how they learn.
//!
//! Data flows one way: an [`Architecture`] gives the shapes of [`Parameters`]; [`initialise`] fills them;
//! [`engine`] finds their gradient on a batch; [`optimiser`] moves them; [`evaluate`] and [`layers`] look at the result.

pub mod architecture;
#[cfg(any(test, feature = "burn-flex"))]
pub mod burn;
pub mod chain;
pub mod checkpoints;
pub mod energies;
pub mod engine;
pub mod epochs;
pub mod evaluate;
pub mod export;
pub mod fused;
pub mod gradient;
pub mod initialise;
pub mod layers;
pub mod optimiser;
pub mod parameters;
pub mod training;

#[cfg(test)]
mod pytorch_tests;

pub use architecture::{Architecture, Network};
pub use parameters::Parameters;
