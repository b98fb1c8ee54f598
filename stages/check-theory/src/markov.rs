//! The second part of C9: convolutional layers as Markov random fields (Eq. 21 to 31).
//!
//! The paper's f₁ and f₂ are the convolutional layers f₁ and f₃ here. Partition functions sum over the positions of a channel,
//! as those of Eq. 8 and 20 do.

use crate::findings::{Check, ERRORS, Findings, INACTIVE, KL, Kind, LOG_RATIO, kl, relative, relatives};
use crate::matrix::{multiply, toeplitz};
use crate::poe::range;
use crate::real::{Convolution, Layer, Layers, Real, log_softmax, log_sum_exp};

/// The checks of one convolutional layer.
struct Checks {
    error: Check,
    kl: Check,
    inactive: Check,
    active: Check,
    product: Check,
    energy: Check,
    printed: Check,
    with_relu: Check,
}

/// `equation` is that of the layer's product.
const fn checks(layer: &'static str, equation: &'static str) -> Checks {
    const C9: &str = "C9";
    let without = Check::identity(C9, "Eq. 23", layer, "P of a channel without ReLU, against Eq. 22");
    Checks {
        error: without.kind(Kind::Approximation, ERRORS),
        kl: without.kind(Kind::Approximation, KL),
        inactive: Check::identity(C9, "Eq. 23", layer, "units at which ReLU changes the value")
            .kind(Kind::Approximation, INACTIVE),
        active: Check::identity(
            C9,
            "Eq. 23",
            layer,
            "P of a channel given that it is active, against Eq. 22",
        ),
        product: Check::identity(C9, equation, layer, "product of linear experts = exp of the channels' sum"),
        energy: Check::identity(C9, equation, layer, "exp of the channels' sum = exp[-E] / Z with Eq. 7"),
        printed: Check::identity(C9, equation, layer, "the same Z on both sides of the product")
            .kind(Kind::AsPrinted, LOG_RATIO),
        with_relu: Check::identity(C9, equation, layer, "product of experts with ReLU, against exp[-E] / Z")
            .kind(Kind::Approximation, KL),
    }
}

const F1: Checks = checks("f1", "Eq. 31");
const F3: Checks = checks("f3", "Eq. 25");

const EQ26: Check = Check::identity("C9", "Eq. 26", "f3", "the bias moved into Z'");
const EQ27: Check = Check::identity("C9", "Eq. 27", "f3", "matrix product in place of the convolution");
const EQ28: Check = Check::identity("C9", "Eq. 28", "f3", "product of matrix powers");
const EQ29: Check = Check::identity("C9", "Eq. 29", "f3", "product of the experts of f2 with Z''");
const EQ29_SAME: Check = Check::identity("C9", "Eq. 29", "f3", "Z'' is the same at every position");

/// Eq. 22 to 25, and 31, for one image: both convolutional layers.
pub fn channels(network: &Real, layers: &Layers, findings: &mut Findings) {
    let e_f1 = energy(&network.conv1, &network.f1, &layers.x);
    layer(&F1, &layers.phi1, &layers.f1, &e_f1, findings);
    let e_f2 = energy(&network.conv2, &network.f3, &layers.f2.values);
    layer(&F3, &layers.phi3, &layers.f3, &e_f2, findings);
}

/// Linear channels `phi`, the same after ReLU, and their energies.
///
/// From Eq. 22 to 23 the ReLU is dropped: rows say how far `P_σ ∝ exp σ(φ)` and `P ∝ exp φ` lie apart, over the positions of a
/// channel, as KL[P_σ‖P] and the largest |P/P_σ − 1|. Active units have the same ratios in both, so that, given that a unit is
/// active, P is exact. Eq. 25 and 31 write one Z before the product of experts and before the exponential; the experts have
/// their own Z_q, so both differ by the product of these.
fn layer(checks: &Checks, phi: &[f64], f: &[f64], energy: &[f64], findings: &mut Findings) {
    let positions = energy.len();
    let zeros = vec![0.0; positions];
    let (mut sum, mut experts, mut with_relu) = (zeros.clone(), zeros.clone(), zeros);
    let mut log_zs = 0.0;
    for (phi, f) in phi.chunks_exact(positions).zip(f.chunks_exact(positions)) {
        let (linear, rectified) = (log_softmax(phi), log_softmax(f));
        findings.each(checks.kl, [kl(&rectified, &linear)]);
        findings.each(checks.error, relatives(&linear, &rectified).max_by(f64::total_cmp));
        let active: Vec<usize> = (0..positions).filter(|place| phi[*place] > 0.0).collect();
        findings.one(checks.inactive, positions, 1.0 - active.len() as f64 / positions as f64);
        let given = |values: &[f64]| log_softmax(&active.iter().map(|i| values[*i]).collect::<Vec<_>>());
        findings.largest(checks.active, relatives(&given(&linear), &given(&rectified)));
        add(&mut sum, phi);
        add(&mut experts, &linear);
        add(&mut with_relu, &rectified);
        log_zs += log_sum_exp(phi);
    }
    let of_sum = log_softmax(&sum);
    let of_energy = log_softmax(&energy.iter().map(|energy| -energy).collect::<Vec<_>>());
    findings.largest(checks.product, relatives(&log_softmax(&experts), &of_sum));
    findings.largest(checks.energy, relatives(&of_sum, &of_energy));
    findings.each(checks.printed, [log_zs.abs()]);
    findings.each(checks.with_relu, [kl(&log_softmax(&with_relu), &of_energy)]);
}

fn add(sums: &mut [f64], values: &[f64]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

/// The energies `−Σₙ φⁿ(f)` of Eq. 7, out², by one filter in place of the layer's many.
fn energy(shape: &Convolution, layer: &Layer, input: &[f64]) -> Vec<f64> {
    let mut weight = vec![0.0; layer.weight.len() / shape.outputs];
    for filters in layer.weight.chunks_exact(weight.len()) {
        weight.iter_mut().zip(filters).for_each(|(sum, value)| *sum -= value);
    }
    let filter = Layer { weight, bias: vec![-layer.bias.iter().sum::<f64>()] };
    Convolution { outputs: 1, ..*shape }.apply(&filter, input)
}

/// Eq. 26 to 29 for one image: a channel of f₃ as a product of the channels of f₂.
///
/// `log Z'_q = log Z_q − b^q` and `log Z''_q = log Z'_q − Σₙ Σⱼ W^(q,n)_ij log Z_F2n`, which could depend on the position i.
/// For a valid convolution it does not: every row of W has all weights of the filter.
pub fn experts(network: &Real, layers: &Layers, findings: &mut Findings) {
    let (shape, f2) = (&network.conv2, &layers.f2.values);
    let (taps, plane) = (shape.kernel * shape.kernel, shape.side * shape.side);
    let positions = shape.out() * shape.out();
    let log_z_f2: Vec<f64> = f2.chunks_exact(plane).map(log_sum_exp).collect();
    let log_experts: Vec<f64> = f2.chunks_exact(plane).flat_map(log_softmax).collect();
    let convolved = shape.apply(&network.f3.without_bias(), f2);
    let channels = layers.phi3.chunks_exact(positions).zip(convolved.chunks_exact(positions));
    let parameters = network.f3.weight.chunks_exact(shape.inputs * taps).zip(&network.f3.bias);
    for ((phi, convolved), (filters, bias)) in channels.zip(parameters) {
        let channel = log_softmax(phi);
        let log_z1 = log_sum_exp(phi) - bias;
        let (mut products, mut of_experts) = (vec![0.0; positions], vec![0.0; positions]);
        let (mut powers, mut log_z2) = (vec![-log_z1; positions], vec![log_z1; positions]);
        let inputs = f2.chunks_exact(plane).zip(log_experts.chunks_exact(plane)).zip(&log_z_f2);
        for (filter, ((f, expert), z)) in filters.chunks_exact(taps).zip(inputs) {
            let matrix = toeplitz(filter, shape.kernel, shape.side);
            add(&mut products, &multiply(&matrix, f));
            add(&mut of_experts, &multiply(&matrix, expert));
            for (place, row) in matrix.chunks_exact(plane).enumerate() {
                powers[place] = row.iter().zip(f).fold(powers[place], |sum, (power, f)| sum + power * f);
                log_z2[place] -= row.iter().map(|power| power * z).sum::<f64>();
            }
        }
        let by_z1 = |values: &[f64]| values.iter().map(|value| value - log_z1).collect::<Vec<_>>();
        let by_z2: Vec<f64> = of_experts.iter().zip(&log_z2).map(|(product, z)| product - z).collect();
        findings.largest(EQ26, relatives(&by_z1(convolved), &channel));
        findings.largest(EQ27, relatives(&by_z1(&products), &channel));
        findings.largest(EQ28, relatives(&powers, &channel));
        findings.largest(EQ29, relatives(&by_z2, &channel));
        findings.largest(EQ29_SAME, [relative(range(&log_z2), 0.0)]);
    }
}

#[cfg(test)]
#[path = "markov_tests.rs"]
mod tests;
