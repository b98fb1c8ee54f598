//! C10: elimination of a serial Bayesian network's variables (Eq. 32 to 34), by enumeration of all its states.
//!
//! The network is a small one of the checkpoint's own weights, so that trained and untrained weights are both looked at: x is the
//! middle patch of the image under one filter of f1; F_1 has the first three channels of f1 there, F_2 the first three of f3
//! with the middle weight of each filter, F_Y all classes with the weights that fY gives its first three inputs. Each neuron of F_1
//! and F_2 takes one of five levels, evenly from 0 to the layer's largest activation over the images.

use crate::findings::{
    Check, Findings, KL, Kind, OTHER_CLASS, TOTAL_VARIATION, kl, of_largest, total_variation,
};
use crate::real::{Layer, Layers, Real, log_softmax, log_sum_exp, relu};

/// Neurons of F_1 and F_2.
const NEURONS: usize = 3;
/// Levels of each.
const LEVELS: usize = 5;

const NESTED: [Check; 2] = [
    Check::identity(
        "C10",
        "Eq. 33",
        "",
        "layers are functions: sum over the joint = one variable after another",
    ),
    Check::identity(
        "C10",
        "Eq. 33",
        "",
        "layers are random: sum over the joint = one variable after another",
    ),
];
const ONE: [Check; 2] = [
    Check::identity("C10", "Eq. 33", "", "layers are functions: each integral is 1"),
    Check::identity("C10", "Eq. 33", "", "layers are random: each integral is 1"),
];
const OUTSIDE: [Check; 2] = [
    Check::identity("C10", "Eq. 33", "", "layers are functions: P(F_Y|F_I) = P(F_Y|X)"),
    Check::identity("C10", "Eq. 33", "", "layers are random: P(F_Y|F_I) taken out of its integral")
        .kind(Kind::AsPrinted, TOTAL_VARIATION),
];
const FUNCTIONS: Check =
    Check::identity("C10", "Eq. 34", "", "layers are functions: P(F_Y|X) = softmax of the network");
const RANDOM: Check = Check::identity(
    "C10",
    "Eq. 34",
    "",
    "layers are random, small discretised network: P(F_Y|X), against its softmax",
);
const NEURON: Check = Check::identity(
    "C10",
    "Eq. 34",
    "",
    "layers are one random neuron, small discretised network: P(F_Y|X), against its softmax",
);
const SIGN: Check =
    Check::identity("C10", "Eq. 34", "", "exp[-f_Y] as printed, against softmax of the network");

/// What a layer given the one before it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// A function: all mass on the state next to its activations.
    Function,
    /// A random variable: `P(F_i = s|f_{i−1}) = exp⟨s, φ_i(f_{i−1})⟩ / Z`, a Boltzmann distribution over its states.
    Random,
}

/// The small network; its weights, outputs first.
struct Small {
    layers: [Layer; 3],
    patches: Vec<Vec<f64>>,
    /// All states of F_1 and of F_2.
    states: [Vec<Vec<f64>>; 2],
}

impl Small {
    fn of(network: &Real, images: &[Layers]) -> Small {
        let (conv1, conv2) = (&network.conv1, &network.conv2);
        let (n1, n2) = (conv1.outputs.min(NEURONS), conv2.outputs.min(NEURONS));
        let (taps1, taps2) = (conv1.kernel * conv1.kernel, conv2.kernel * conv2.kernel);
        let first =
            Layer { weight: network.f1.weight[..n1 * taps1].to_vec(), bias: network.f1.bias[..n1].to_vec() };
        let middle = |q: usize| (0..n1).map(move |n| (q * conv2.inputs + n) * taps2 + taps2 / 2);
        let second = Layer {
            weight: (0..n2).flat_map(middle).map(|place| network.f3.weight[place]).collect(),
            bias: network.f3.bias[..n2].to_vec(),
        };
        let inputs = network.f_y.weight.len() / network.f_y.bias.len().max(1);
        let rows = network.f_y.weight.chunks_exact(inputs.max(1));
        let output = Layer {
            weight: rows.flat_map(|row| (0..n2).map(|k| row.get(k).copied().unwrap_or(0.0))).collect(),
            bias: network.f_y.bias.clone(),
        };
        let patch = |layers: &Layers| -> Vec<f64> {
            let (start, kernel) = (conv1.out() / 2, conv1.kernel);
            let rows = layers.x.chunks_exact(conv1.side).skip(start).take(kernel);
            rows.flat_map(|row| row[start..start + kernel].iter().copied()).collect()
        };
        let patches: Vec<Vec<f64>> = images.iter().map(patch).collect();
        let f1: Vec<Vec<f64>> = patches.iter().map(|x| relu(&first.apply(x))).collect();
        let f2: Vec<Vec<f64>> = f1.iter().map(|f| relu(&second.apply(f))).collect();
        let states = [states(&f1, n1), states(&f2, n2)];
        Small { layers: [first, second, output], patches, states }
    }

    /// P(F_i|f_{i−1}) over the states of F_1 (`layer` 0) or F_2 (1).
    fn given(&self, reading: Reading, layer: usize, input: &[f64]) -> Vec<f64> {
        let (phi, states) = (self.layers[layer].apply(input), &self.states[layer]);
        match reading {
            Reading::Random => exponentials(&log_softmax(&products(states, &phi))),
            Reading::Function => {
                let f = relu(&phi);
                let nearest = nearest(states, &f);
                (0..states.len()).map(|place| f64::from(u8::from(place == nearest))).collect()
            }
        }
    }

    /// log P(F_Y|f_2).
    fn output(&self, f2: &[f64]) -> Vec<f64> {
        log_softmax(&self.layers[2].apply(f2))
    }

    /// The logarithm of softmax of the network whose layers are rounded to their levels.
    fn rounded(&self, x: &[f64]) -> Vec<f64> {
        let mut f = x.to_vec();
        for (layer, states) in self.layers.iter().zip(&self.states) {
            let active = relu(&layer.apply(&f));
            f.clone_from(&states[nearest(states, &active)]);
        }
        self.output(&f)
    }

    /// The logarithm of softmax of the network as it is.
    fn exact(&self, x: &[f64]) -> Vec<f64> {
        let f1 = relu(&self.layers[0].apply(x));
        self.output(&relu(&self.layers[1].apply(&f1)))
    }

    /// log P(F_Y|X) where F_i is one of its neurons, with the probabilities of Eq. 9, and the next layer reads that neuron's
    /// activation, all others being 0.
    fn by_neurons(&self, x: &[f64]) -> Vec<f64> {
        let mut joint = vec![Vec::new(); self.layers[2].bias.len()];
        let alone = |f: &[f64], n: usize| (0..f.len()).map(|m| if m == n { f[m] } else { 0.0 }).collect();
        let f1 = relu(&self.layers[0].apply(x));
        for (n, p1) in log_softmax(&f1).into_iter().enumerate() {
            let only: Vec<f64> = alone(&f1, n);
            let f2 = relu(&self.layers[1].apply(&only));
            for (k, p2) in log_softmax(&f2).into_iter().enumerate() {
                let only: Vec<f64> = alone(&f2, k);
                joint.iter_mut().zip(self.output(&only)).for_each(|(terms, p)| terms.push(p1 + p2 + p));
            }
        }
        joint.iter().map(|terms| log_sum_exp(terms)).collect()
    }
}

/// All states of `count` neurons, with levels from 0 to the largest of `activations`; to 1 where none is active.
fn states(activations: &[Vec<f64>], count: usize) -> Vec<Vec<f64>> {
    let largest = activations.iter().flatten().copied().fold(0.0, f64::max);
    let step = if largest > 0.0 { largest } else { 1.0 } / (LEVELS - 1) as f64;
    let level = |state: usize, neuron: usize| state / LEVELS.pow(neuron as u32) % LEVELS;
    let state = |state| (0..count).map(|neuron| level(state, neuron) as f64 * step).collect();
    (0..LEVELS.pow(count as u32)).map(state).collect()
}

/// The state next to some activations; of two as near, the first.
fn nearest(states: &[Vec<f64>], f: &[f64]) -> usize {
    let distance = |state: &[f64]| state.iter().zip(f).map(|(s, f)| (s - f) * (s - f)).sum::<f64>();
    let distances = states.iter().enumerate().map(|(place, state)| (place, distance(state)));
    distances.min_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(place, _)| place)
}

/// `⟨s, φ⟩` for every state s.
fn products(states: &[Vec<f64>], phi: &[f64]) -> Vec<f64> {
    states.iter().map(|state| state.iter().zip(phi).map(|(s, phi)| s * phi).sum()).collect()
}

fn exponentials(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| libm::exp(*value)).collect()
}

fn logarithms(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| libm::log(*value)).collect()
}

/// The small network's P(F_Y|X) for all images, and Eq. 34's sign for the whole network.
///
/// Eq. 32's joint is enumerated and summed, as the first line of Eq. 33; its second line is summed from F_1 on. Eq. 33 takes
/// P(F_Y|F_I) out of the integral over F_I, which is right only where the mass of F_I is on one state: for each reading,
/// the total variation between P(F_Y|F_I) and P(F_Y|X) is given, in the mean over F_I.
pub fn check(network: &Real, images: &[Layers], findings: &mut Findings) {
    for layers in images {
        let softmax = log_softmax(&layers.f_y);
        let printed = log_softmax(&layers.f_y.iter().map(|f| -f).collect::<Vec<_>>());
        findings.each(SIGN.kind(Kind::AsPrinted, TOTAL_VARIATION), [total_variation(&printed, &softmax)]);
        let is_other = largest(&printed) != largest(&softmax);
        findings.each(SIGN.kind(Kind::AsPrinted, OTHER_CLASS), [f64::from(u8::from(is_other))]);
    }
    let small = Small::of(network, images);
    for (index, reading) in [Reading::Function, Reading::Random].into_iter().enumerate() {
        let second: Vec<Vec<f64>> = small.states[0].iter().map(|f1| small.given(reading, 1, f1)).collect();
        let output: Vec<Vec<f64>> = small.states[1].iter().map(|f2| small.output(f2)).collect();
        let of_output: Vec<Vec<f64>> = output.iter().map(|log_p| exponentials(log_p)).collect();
        let integrals = second.iter().map(|p| (p.iter().sum::<f64>() - 1.0).abs());
        findings.largest(ONE[index], integrals);
        for x in &small.patches {
            let first = small.given(reading, 0, x);
            findings.largest(ONE[index], [(first.iter().sum::<f64>() - 1.0).abs()]);
            let joint = joint(&first, &second, &of_output);
            let before = mixture(&first, &second);
            let eliminated = mixture(&before, &of_output);
            findings.largest(NESTED[index], of_largest(&joint, &eliminated));
            let log_p = logarithms(&eliminated);
            let reachable = before.iter().zip(&output).filter(|(p, _)| **p > 0.0);
            let outside: f64 = reachable.map(|(p, given)| p * total_variation(given, &log_p)).sum();
            findings.each(OUTSIDE[index], [outside]);
            let rounded = small.rounded(x);
            match reading {
                Reading::Function => {
                    findings.largest(FUNCTIONS, of_largest(&eliminated, &exponentials(&rounded)));
                }
                Reading::Random => compare(RANDOM, &log_p, &rounded, findings),
            }
        }
    }
    for x in &small.patches {
        compare(NEURON, &small.by_neurons(x), &small.exact(x), findings);
    }
}

/// KL[softmax‖P] and the total variation.
fn compare(check: Check, log_p: &[f64], softmax: &[f64], findings: &mut Findings) {
    findings.each(check.kind(Kind::Approximation, KL), [kl(softmax, log_p)]);
    findings.each(check.kind(Kind::Approximation, TOTAL_VARIATION), [total_variation(log_p, softmax)]);
}

/// `Σ_{s1} Σ_{s2} P(F_1 = s1) P(F_2 = s2|s1) P(F_Y|s2)`, term by term.
fn joint(first: &[f64], second: &[Vec<f64>], output: &[Vec<f64>]) -> Vec<f64> {
    let mut sum = vec![0.0; output.first().map_or(0, Vec::len)];
    for (p1, given) in first.iter().zip(second) {
        for (p2, given) in given.iter().zip(output) {
            sum.iter_mut().zip(given).for_each(|(sum, p)| *sum += p1 * p2 * p);
        }
    }
    sum
}

/// `Σ_s P(s) P(·|s)`.
fn mixture(weights: &[f64], given: &[Vec<f64>]) -> Vec<f64> {
    let mut sum = vec![0.0; given.first().map_or(0, Vec::len)];
    for (weight, given) in weights.iter().zip(given) {
        sum.iter_mut().zip(given).for_each(|(sum, p)| *sum += weight * p);
    }
    sum
}

fn largest(values: &[f64]) -> usize {
    let places = values.iter().enumerate();
    places.max_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(place, _)| place)
}

#[cfg(test)]
#[path = "elimination_tests.rs"]
mod tests;
