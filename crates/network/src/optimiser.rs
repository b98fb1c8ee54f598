//! Steps from gradients to parameters.

use pulp::Arch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rule for steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Optimiser {
    /// Adam (Kingma and Ba, 2015) with β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
    Adam,
    /// Stochastic gradient descent with momentum: `v ← μ v + g`, `θ ← θ − η v`.
    Sgd,
}

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f32 = 1e-8;

/// What an optimiser remembers from step to step.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    optimiser: Optimiser,
    learning_rate: f32,
    momentum: f32,
    /// Steps taken.
    pub steps: u64,
    /// Adam's mean of gradients, or SGD's velocity.
    pub first: Vec<f32>,
    /// Adam's mean of squared gradients; all zero for SGD.
    pub second: Vec<f32>,
}

impl State {
    /// Before the first step. `momentum` is SGD's μ; Adam has its own.
    pub fn new(optimiser: Optimiser, learning_rate: f32, momentum: f32, parameters: usize) -> State {
        let zeros = vec![0.0; parameters];
        State { optimiser, learning_rate, momentum, steps: 0, first: zeros.clone(), second: zeros }
    }

    /// Moves `parameters` by one step against `gradient`.
    ///
    /// Adam: `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`,
    /// `θ ← θ − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)`.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32]) {
        self.steps += 1;
        let step = self.steps as f64;
        let (learning_rate, momentum) = (self.learning_rate, self.momentum);
        let moments = self.first.iter_mut().zip(&mut self.second);
        let all = parameters.iter_mut().zip(gradient).zip(moments);
        // Dispatched, these loops are compiled for the machine's registers; each number's operations stay the same.
        match self.optimiser {
            Optimiser::Sgd => Arch::new().dispatch(
                #[inline(always)]
                || {
                    for ((parameter, gradient), (velocity, _)) in all {
                        *velocity = momentum * *velocity + gradient;
                        *parameter -= learning_rate * *velocity;
                    }
                },
            ),
            Optimiser::Adam => {
                let rate = (f64::from(learning_rate) / (1.0 - libm::pow(BETA1, step))) as f32;
                let root = (1.0 - libm::pow(BETA2, step)).sqrt() as f32;
                // In single precision 1 − 0.999 would be off by five parts in 100,000.
                let (keep, new, new_mean) = (BETA2 as f32, (1.0 - BETA2) as f32, (1.0 - BETA1) as f32);
                Arch::new().dispatch(
                    #[inline(always)]
                    || {
                        for ((parameter, gradient), (mean, square)) in all {
                            *mean += new_mean * (gradient - *mean);
                            *square = keep * *square + new * gradient * gradient;
                            *parameter -= rate * (*mean / (square.sqrt() / root + EPSILON));
                        }
                    },
                );
            }
        }
    }
}
