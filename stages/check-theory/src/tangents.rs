//! Derivatives of the layers along a direction in the parameters: forward-mode differentiation in double precision.

use crate::real::{Layers, Pooled, Real};

/// The derivatives of the layers for one image along one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Tangents {
    /// Of f1, whose input x never moves.
    pub f1: Vec<f64>,
    /// Of f2 by the parameters of f1.
    pub f2: Vec<f64>,
    /// Of f3 by its own parameters, f2 held fixed (Eq. 39).
    pub f3: Vec<f64>,
    /// Of f4 by the parameters of f3, f2 held fixed.
    pub f4: Vec<f64>,
    /// Of the logits by all parameters.
    pub f_y: Vec<f64>,
}

/// The derivatives at `layers`, which `network` computed, along `direction`. ReLU has the slope 1 above 0 and 0 elsewhere;
/// pooling that of the place that it chose.
pub fn tangents(network: &Real, layers: &Layers, direction: &Real) -> Tangents {
    let f1 = masked(network.conv1.apply(&direction.f1, &layers.x), &layers.phi1);
    let f2 = chosen(&f1, &layers.f2);
    let of_parameters = network.conv2.apply(&direction.f3, &layers.f2.values);
    let of_input = network.conv2.apply(&network.f3.without_bias(), &f2);
    let f3_all = masked(sum(&of_parameters, &of_input), &layers.phi3);
    let f3 = masked(of_parameters, &layers.phi3);
    let f4_all = chosen(&f3_all, &layers.f4);
    let f4 = chosen(&f3, &layers.f4);
    let phi5 = sum(&direction.f5.apply(&layers.f4.values), &network.f5.without_bias().apply(&f4_all));
    let f5 = masked(phi5, &layers.phi5);
    let f_y = sum(&direction.f_y.apply(&layers.f5), &network.f_y.without_bias().apply(&f5));
    Tangents { f1, f2, f3, f4, f_y }
}

fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn masked(mut tangent: Vec<f64>, phi: &[f64]) -> Vec<f64> {
    let inactive = tangent.iter_mut().zip(phi).filter(|(_, phi)| **phi <= 0.0);
    inactive.for_each(|(tangent, _)| *tangent = 0.0);
    tangent
}

fn chosen(tangent: &[f64], pooled: &Pooled) -> Vec<f64> {
    pooled.choices.iter().map(|choice| choice.map_or(0.0, |place| tangent[place])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::tests::example;
    use network::Parameters;

    #[test]
    fn tangents_are_the_differences_of_the_layers() {
        const STEP: f64 = 1e-7;
        for seed in 0..5 {
            let (parameters, images) = example(seed, 1);
            let direction: Parameters = example(seed + 100, 0).0;
            let (network, direction) = (Real::of(&parameters), Real::of(&direction));
            let layers = network.forward(&images[0]);
            let ours = tangents(&network, &layers, &direction);
            let [before, after] =
                [STEP, -STEP].map(|step| network.stepped(step, &direction).forward(&images[0]));
            let differences = |a: &[f64], b: &[f64]| -> Vec<f64> {
                a.iter().zip(b).map(|(a, b)| (b - a) / (2.0 * STEP)).collect()
            };
            let alone = |step: f64| {
                let moved = network.stepped(step, &direction);
                crate::real::relu(&moved.conv2.apply(&moved.f3, &layers.f2.values))
            };
            let pairs = [
                (&ours.f1, differences(&before.f1, &after.f1)),
                (&ours.f2, differences(&before.f2.values, &after.f2.values)),
                (&ours.f3, differences(&alone(STEP), &alone(-STEP))),
                (&ours.f_y, differences(&before.f_y, &after.f_y)),
            ];
            for (tangent, difference) in pairs {
                assert!(tangent.iter().any(|value| *value != 0.0));
                for (a, b) in tangent.iter().zip(&difference) {
                    assert!((a - b).abs() < 1e-6, "{a} {b}");
                }
            }
        }
    }
}
