//! Initial parameters.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statistics::random;

use crate::architecture::{Architecture, NAMES};
use crate::parameters::Parameters;

/// How the parameters are drawn before the first step. Fan-in is the number of inputs that one output reads, fan-out
/// the number of outputs that one input reaches, both times the size of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Initialisation {
    /// Weights and biases uniform on ±1/√fan_in (PyTorch's default for these layers).
    UniformFanIn,
    /// Weights uniform on ±√(6/(fan_in + fan_out)), biases zero (Glorot and Bengio, 2010; Keras' default).
    GlorotUniform,
    /// Weights normal with variance 2/fan_in, biases zero (He et al., 2015).
    HeNormal,
}

/// Draws the parameters of a network. Each tensor has its own stream, split from `seed` by its name.
pub fn initialise(architecture: Architecture, how: Initialisation, seed: u64) -> Parameters {
    let mut parameters = Parameters::zeros(architecture);
    let shapes = architecture.shapes();
    let ranges = Parameters::ranges(&architecture);
    for (index, (name, range)) in NAMES.iter().zip(ranges).enumerate() {
        // A bias follows its weight and shares its fans.
        let weight = &shapes[index - index % 2];
        let field: usize = weight[2..].iter().product();
        let (fan_in, fan_out) = ((weight[1] * field) as f64, (weight[0] * field) as f64);
        let is_bias = index % 2 == 1;
        let mut random = random::split(seed, &format!("initial {name}"), 0);
        let values = &mut parameters.values_mut()[range];
        let bound = match how {
            Initialisation::UniformFanIn => 1.0 / fan_in.sqrt(),
            Initialisation::GlorotUniform => (6.0 / (fan_in + fan_out)).sqrt(),
            Initialisation::HeNormal => 0.0,
        };
        match how {
            Initialisation::GlorotUniform | Initialisation::HeNormal if is_bias => {}
            Initialisation::UniformFanIn | Initialisation::GlorotUniform => {
                values.fill_with(|| ((2.0 * random.random::<f64>() - 1.0) * bound) as f32);
            }
            Initialisation::HeNormal => {
                let sd = (2.0 / fan_in).sqrt();
                values.fill_with(|| (random::standard_normal(&mut random) * sd) as f32);
            }
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;

    fn variance(values: &[f32]) -> f64 {
        values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / values.len() as f64
    }

    #[test]
    fn each_way_has_the_spread_that_its_formula_gives() {
        let architecture = Network::Cnn3.architecture();
        let expected = [
            (Initialisation::UniformFanIn, 1.0 / 3.0 / 500.0),
            (Initialisation::GlorotUniform, 2.0 / 1000.0),
            (Initialisation::HeNormal, 2.0 / 500.0),
        ];
        for (how, expected) in expected {
            let parameters = initialise(architecture, how, 3);
            let measured = variance(parameters.views().conv2_weight);
            assert!((measured / expected - 1.0).abs() < 0.05, "{how:?}: {measured} for {expected}");
            let bias = parameters.views().conv2_bias;
            assert_eq!(bias.iter().all(|b| *b == 0.0), how != Initialisation::UniformFanIn);
            assert!(
                how != Initialisation::UniformFanIn
                    || bias.iter().all(|b| f64::from(b.abs()) <= 500f64.sqrt().recip())
            );
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_parameters_and_another_seed_others() {
        let draw = |seed| initialise(Network::Cnn1.architecture(), Initialisation::HeNormal, seed);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
