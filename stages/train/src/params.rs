//! The params of `train`.

use network::Network;
use network::engine::Engine;
use network::initialise::Initialisation;
use network::optimiser::Optimiser;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which labels to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    /// The classes of the digits.
    Real,
    /// The dataset's random labels.
    Random,
}

impl Labels {
    /// Their name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Labels::Real => "real",
            Labels::Random => "random",
        }
    }
}

/// What can be set; the defaults are those of docs/choices.md.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Architecture of Table 1.
    pub network: Network,
    /// Labels to learn, and to be tested on.
    pub labels: Labels,
    /// Passes over the training images.
    #[schemars(range(min = 0, max = 100_000))]
    pub epochs: u32,
    /// Seed of the initial weights and of the order of images.
    pub seed: u32,
    /// Rule for steps.
    pub optimiser: Optimiser,
    /// Size of a step.
    #[schemars(range(max = 1e6), extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// Momentum of sgd; adam does not use it.
    #[schemars(range(min = 0, max = 0.9999))]
    pub momentum: f64,
    /// Images a step.
    #[schemars(range(min = 1, max = 100_000))]
    pub batch_size: u32,
    /// Factor of the pixels before they reach the network. Checkpoints hold it in the filters of f1, so that they take the raw
    /// pixels all the same.
    #[schemars(range(max = 1e6), extend("exclusiveMinimum" = 0))]
    pub input_scale: f64,
    /// How parameters are drawn before the first step.
    pub initial_weights: Initialisation,
    /// Who computes gradients; burn-flex and burn-ndarray, second opinions, are in a program that was built with
    /// `--features train/burn-flex,train/burn-ndarray`.
    pub engine: Engine,
    /// Epochs whose parameters are kept: `all`, or a list such as `0,1,last`; 0 is the untrained network.
    pub checkpoints_at: String,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            network: Network::Cnn2,
            labels: Labels::Real,
            epochs: 30,
            seed: 1,
            optimiser: Optimiser::Adam,
            learning_rate: 1e-3,
            momentum: 0.9,
            batch_size: 64,
            input_scale: 1.0,
            initial_weights: Initialisation::UniformFanIn,
            engine: Engine::Fused,
            checkpoints_at: "all".to_owned(),
        }
    }
}
