//! C8 and the first part of C9: fully connected layers as products of experts (Eq. 10 to 20).
//!
//! The paper's f₃ → f_Y is f₅ → f_Y here, and its f₂ → f₃ is f₄ → f₅. Activations reach hundreds, so both sides of each
//! equation are computed as logarithms, in which powers are products and products sums.

use crate::findings::{
    Check, ERRORS, Findings, INACTIVE, KL, Kind, LOG_RATIO, TOTAL_VARIATION, kl, relative, relatives,
    total_variation,
};
use crate::real::{Layer, Layers, Real, log_softmax, log_sum_exp};

const EQ10: Check = Check::identity("C8", "Eq. 10", "fY", "probabilities sum to 1");
const EQ11: Check = Check::identity("C8", "Eq. 11", "fY", "softmax of weights and biases");
const EQ12: Check = Check::identity("C8", "Eq. 12", "fY", "product of powers with Z'");
const EQ13: Check = Check::identity("C8", "Eq. 13", "fY", "product of experts with Z''");
const EQ14: Check = Check::identity("C8", "Eq. 14", "f5", "experts are a probability measure");
const EQ12_RATIO: Check = Check::identity("C8", "Eq. 12", "fY", "largest Z' of a class over the smallest")
    .kind(Kind::AsPrinted, LOG_RATIO);
const EQ13_RATIO: Check = Check::identity("C8", "Eq. 13", "fY", "largest Z'' of a class over the smallest")
    .kind(Kind::AsPrinted, LOG_RATIO);
const EQ12_ONE: Check = Check::identity("C8", "Eq. 12", "fY", "one Z' for all classes, against softmax")
    .kind(Kind::AsPrinted, TOTAL_VARIATION);
const EQ13_ONE: Check = Check::identity("C8", "Eq. 13", "fY", "one Z'' for all classes, against softmax")
    .kind(Kind::AsPrinted, TOTAL_VARIATION);

const EQ15: Check = Check::identity("C9", "Eq. 15", "f5", "softmax of weights and biases");
const EQ15_RELU: Check = Check::identity("C9", "Eq. 15", "f5", "Eq. 14 without its ReLU");
const EQ15_KL: Check = EQ15_RELU.kind(Kind::Approximation, KL);
const EQ15_ERROR: Check = EQ15_RELU.kind(Kind::Approximation, ERRORS);
const EQ15_INACTIVE: Check = EQ15_RELU.kind(Kind::Approximation, INACTIVE);
const EQ16: Check = Check::identity("C9", "Eq. 16", "f5", "sums channel by channel");
const EQ17: Check = Check::identity("C9", "Eq. 17", "f5", "product over channels with Z'");
const EQ18: Check = Check::identity("C9", "Eq. 18", "f5", "product over positions of powers");
const EQ19: Check =
    Check::identity("C9", "Eq. 19", "f5", "product of experts, Z'' over all positions of Z^beta");
const EQ19_MEAN: Check =
    Check::identity("C9", "Eq. 19", "f5", "Z'' of Z^(beta |f|) with beta a channel's mean weight");
const EQ19_PRINTED: Check =
    Check::identity("C9", "Eq. 19", "f5", "Z'' of Z^(beta |f|) with beta each position's weight")
        .kind(Kind::AsPrinted, LOG_RATIO);
const EQ20: Check = Check::identity("C9", "Eq. 20", "f4", "each channel is a probability measure");

/// Eq. 10 to 14 for one image: the softmax of the logits against its product of experts.
///
/// `log Z'_Y = log Z_Y − b_yl` and `log Z''_Y = log Z'_Y − Σ_k γ_kl log Z_F5`. Both contain l, so none of them is one
/// normalising constant: their largest ratio over l is given, and how far P lies from softmax where one constant normalises
/// the products for all l.
pub fn output(network: &Real, layers: &Layers, findings: &mut Findings) {
    let (Layer { weight, bias }, f5) = (&network.f_y, &layers.f5);
    let softmax = log_softmax(&layers.f_y);
    let log_z = log_sum_exp(&layers.f_y);
    findings.largest(EQ10, [relative(log_sum_exp(&softmax), 0.0)]);
    let log_experts = log_softmax(f5);
    let log_z_f5 = log_sum_exp(f5);
    findings.largest(EQ14, [relative(log_sum_exp(&log_experts), 0.0)]);

    let rows = || weight.chunks_exact(f5.len()).zip(bias);
    let dot = |row: &[f64], values: &[f64]| row.iter().zip(values).map(|(w, f)| w * f).sum::<f64>();
    let eq11: Vec<f64> = rows().map(|(row, b)| dot(row, f5) + b - log_z).collect();
    findings.largest(EQ11, relatives(&eq11, &softmax));

    let log_z1: Vec<f64> = bias.iter().map(|b| log_z - b).collect();
    let powers: Vec<f64> = rows().map(|(row, _)| dot(row, f5)).collect();
    let eq12: Vec<f64> = powers.iter().zip(&log_z1).map(|(power, z)| power - z).collect();
    findings.largest(EQ12, relatives(&eq12, &softmax));
    findings.each(EQ12_RATIO, [range(&log_z1)]);
    findings.each(EQ12_ONE, [total_variation(&log_softmax(&powers), &softmax)]);

    let log_z2: Vec<f64> =
        rows().zip(&log_z1).map(|((row, _), z)| z - row.iter().map(|w| w * log_z_f5).sum::<f64>()).collect();
    let experts: Vec<f64> = rows().map(|(row, _)| dot(row, &log_experts)).collect();
    let eq13: Vec<f64> = experts.iter().zip(&log_z2).map(|(product, z)| product - z).collect();
    findings.largest(EQ13, relatives(&eq13, &softmax));
    findings.each(EQ13_RATIO, [range(&log_z2)]);
    findings.each(EQ13_ONE, [total_variation(&log_softmax(&experts), &softmax)]);
}

/// Eq. 15 to 20 for one image: P(F_5) by the channels of f₄.
///
/// The paper writes f₃ₖ without the ReLU that Table 1 gives it, so the identities are those of the linear f₅; how far Eq. 14
/// with ReLU lies from it is a row of its own. `β_qk` is the vector of weights from channel q to neuron k, so that
/// `log Z''_F5 = log Z'_F5 − Σ_q Σ_j β_qkj log Z_F4q` over its positions j. Print has `Z_F4q^(β_qk·|f₄q|)`, a power by a vector:
/// read with β_qk the channel's mean weight it is right; read position by position, as all other powers of Eq. 18 and 19
/// are, each position counts |f₄q| times, and the row gives by what factor P is wrong.
pub fn hidden(network: &Real, layers: &Layers, findings: &mut Findings) {
    let (Layer { weight, bias }, f4) = (&network.f5, &layers.f4.values);
    let softmax = log_softmax(&layers.phi5);
    let log_z = log_sum_exp(&layers.phi5);
    let with_relu = log_softmax(&layers.f5);
    findings.each(EQ15_KL, [kl(&with_relu, &softmax)]);
    findings.each(EQ15_ERROR, relatives(&softmax, &with_relu));
    findings.each(EQ15_INACTIVE, layers.phi5.iter().map(|phi| f64::from(u8::from(*phi <= 0.0))));

    let positions = f4.len() / network.conv2.outputs.max(1);
    let channels = || f4.chunks_exact(positions);
    let log_z_f4: Vec<f64> = channels().map(log_sum_exp).collect();
    let sums = channels().map(|f| relative(log_sum_exp(&log_softmax(f)), 0.0));
    findings.largest(EQ20, sums);

    for (k, (row, b)) in weight.chunks_exact(f4.len()).zip(bias).enumerate() {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let betas = || row.chunks_exact(positions);
        let log_z1 = log_z - b;
        let by_channel: f64 = betas().zip(channels()).map(|(beta, f)| dot(beta, f)).sum();
        let by_position: f64 = row.iter().zip(f4).map(|(beta, f)| beta * f).sum();
        let experts: f64 = betas()
            .zip(channels())
            .zip(&log_z_f4)
            .flat_map(|((beta, f), z)| beta.iter().zip(f).map(move |(beta, f)| beta * (f - z)))
            .sum();
        let log_z2 = |exponent: &dyn Fn(&[f64]) -> f64| {
            log_z1 - betas().zip(&log_z_f4).map(|(beta, z)| exponent(beta) * z).sum::<f64>()
        };
        let meant = log_z2(&|beta| beta.iter().sum());
        let count = positions as f64;
        let of_mean = log_z2(&|beta| statistics::summary::mean(beta) * count);
        let of_each = log_z2(&|beta| beta.iter().map(|beta| beta * count).sum());
        findings.largest(EQ15, [relative(by_position + b - log_z, softmax[k])]);
        findings.largest(EQ16, [relative(by_channel + b - log_z, softmax[k])]);
        findings.largest(EQ17, [relative(by_channel - log_z1, softmax[k])]);
        findings.largest(EQ18, [relative(by_position - log_z1, by_channel - log_z1)]);
        findings.largest(EQ19, [relative(experts - meant, softmax[k])]);
        findings.largest(EQ19_MEAN, [relative(experts - of_mean, softmax[k])]);
        findings.each(EQ19_PRINTED, [(experts - of_each - softmax[k]).abs()]);
    }
}

/// Largest less smallest.
pub fn range(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest - values.iter().copied().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::tests::worst;
    use crate::real::tests::example;

    fn found(change: impl Fn(&mut Real), seed: u64) -> Findings {
        let checks = |network: &Real, layers: &Layers, findings: &mut Findings| {
            output(network, layers, findings);
            hidden(network, layers, findings);
        };
        crate::findings::tests::found(checks, change, seed)
    }

    #[test]
    fn every_identity_holds_to_rounding_for_random_networks() {
        for seed in 0..20 {
            for row in found(|_| (), seed).rows() {
                assert!(row.check.kind != Kind::Identity || row.value < 1e-12, "{row:?}");
            }
        }
    }

    #[test]
    fn one_changed_weight_or_bias_breaks_the_identities_that_it_stands_in() {
        let of_output = found(|network| network.f_y.bias[1] += 0.1, 1);
        for equation in ["Eq. 11", "Eq. 12", "Eq. 13"] {
            assert!(worst(&of_output, equation, Kind::Identity) > 0.01, "{equation}");
        }
        let of_hidden = found(|network| network.f5.bias[2] = -network.f5.bias[2], 1);
        for equation in ["Eq. 15", "Eq. 16", "Eq. 17", "Eq. 19"] {
            assert!(worst(&of_hidden, equation, Kind::Identity) > 0.01, "{equation}");
        }
        assert!(worst(&of_output, "Eq. 15", Kind::Identity) < 1e-12);
    }

    #[test]
    fn powers_and_products_are_those_that_are_printed() {
        // Small enough for exponentials and powers themselves.
        let (parameters, images) = example(5, 1);
        let network = Real::of(&parameters);
        let layers = network.forward(&images[0]);
        let z_f5: f64 = layers.f5.iter().map(|f| f.exp()).sum();
        let z_y: f64 = layers.f_y.iter().map(|f| f.exp()).sum();
        for (l, row) in network.f_y.weight.chunks(layers.f5.len()).enumerate() {
            let product: f64 = row.iter().zip(&layers.f5).map(|(w, f)| (f.exp() / z_f5).powf(*w)).product();
            let z = z_y / (network.f_y.bias[l].exp() * row.iter().map(|w| z_f5.powf(*w)).product::<f64>());
            assert!((product / z - layers.f_y[l].exp() / z_y).abs() < 1e-14);
        }
        let mut findings = Findings::default();
        output(&network, &layers, &mut findings);
        let ratio = range(&network.f_y.bias);
        let rows = findings.rows();
        let row = rows.iter().find(|row| row.check == EQ12_RATIO).unwrap();
        assert!((row.value - ratio).abs() < 1e-14, "{row:?}");
    }
}
