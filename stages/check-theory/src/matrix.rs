//! C12: a convolution is a multiplication by a matrix (Eq. 45, Fig. 7).

use rand::RngExt;
use statistics::random;

use crate::findings::{Check, Findings, of_largest};
use crate::real::{Convolution, Layer, Layers, Real};

const RANDOM: Check = Check::identity("C12", "Eq. 45", "", "random shapes: convolution = matrix product");
const CONV1: Check = Check::identity("C12", "Eq. 45", "f1", "convolution = matrix product");
const CONV2: Check = Check::identity("C12", "Eq. 45", "f3", "convolution = matrix product");

/// The matrix W of one filter on a plane of side²: out² × side², row-major, with out = side − kernel + 1.
///
/// Doubly blocked Toeplitz: block (y, v) of out × side numbers is the Toeplitz matrix of the filter's row v − y, whose row x has
/// that row's weights from column x on; other blocks are zero.
pub fn toeplitz(filter: &[f64], kernel: usize, side: usize) -> Vec<f64> {
    let out = side - kernel + 1;
    let mut matrix = vec![0.0; out * out * side * side];
    for (place, row) in matrix.chunks_exact_mut(side * side).enumerate() {
        let (y, x) = (place / out, place % out);
        let blocks = row.chunks_exact_mut(side).skip(y);
        for (block, weights) in blocks.zip(filter.chunks_exact(kernel)) {
            block[x..x + kernel].copy_from_slice(weights);
        }
    }
    matrix
}

/// `W f` for a matrix of as many columns as f has numbers.
pub fn multiply(matrix: &[f64], f: &[f64]) -> Vec<f64> {
    let rows = matrix.chunks_exact(f.len().max(1));
    rows.map(|row| row.iter().zip(f).map(|(weight, value)| weight * value).sum()).collect()
}

/// `Σ_n W^(k,n) f^n + b^k·1` for each channel k, as [`Convolution::apply`] gives it by sliding the filters.
pub fn apply(shape: &Convolution, layer: &Layer, input: &[f64]) -> Vec<f64> {
    let (taps, plane) = (shape.kernel * shape.kernel, shape.side * shape.side);
    let mut result = Vec::new();
    for (filters, bias) in layer.weight.chunks_exact(shape.inputs * taps).zip(&layer.bias) {
        let mut sum = vec![*bias; shape.out() * shape.out()];
        for (filter, f) in filters.chunks_exact(taps).zip(input.chunks_exact(plane)) {
            let product = multiply(&toeplitz(filter, shape.kernel, shape.side), f);
            sum.iter_mut().zip(product).for_each(|(sum, value)| *sum += value);
        }
        result.extend(sum);
    }
    result
}

/// Both convolutions of a network for one image; errors relative to the largest output.
pub fn convolutions(network: &Real, layers: &Layers, findings: &mut Findings) {
    let by_matrix = apply(&network.conv1, &network.f1, &layers.x);
    findings.largest(CONV1, of_largest(&by_matrix, &layers.phi1));
    let by_matrix = apply(&network.conv2, &network.f3, &layers.f2.values);
    findings.largest(CONV2, of_largest(&by_matrix, &layers.phi3));
}

/// `cases` convolutions of random shapes (1 to 4 channels in and out, filters of side 1 to 5, planes up to 10 wider than these)
/// with random numbers from −1 to 1.
pub fn random_shapes(seed: u64, epoch: u64, cases: u32, findings: &mut Findings) {
    let mut random = random::split(seed, "random convolutions", epoch);
    for _ in 0..cases {
        let kernel = random.random_range(1..=5);
        let shape = Convolution {
            inputs: random.random_range(1..=4),
            side: kernel + random.random_range(0..=10),
            kernel,
            outputs: random.random_range(1..=4),
        };
        let mut numbers =
            |count: usize| -> Vec<f64> { (0..count).map(|_| 2.0 * random.random::<f64>() - 1.0).collect() };
        let layer = Layer {
            weight: numbers(shape.outputs * shape.inputs * kernel * kernel),
            bias: numbers(shape.outputs),
        };
        let input = numbers(shape.inputs * shape.side * shape.side);
        let errors = of_largest(&apply(&shape, &layer, &input), &shape.apply(&layer, &input));
        findings.largest(RANDOM, errors);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::Kind;
    use crate::findings::tests::worst;
    use crate::real::tests::example;

    #[test]
    fn the_matrix_is_doubly_blocked_toeplitz() {
        let matrix = toeplitz(&[1.0, 2.0, 3.0, 4.0], 2, 3);
        let rows = [
            [1.0, 2.0, 0.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 2.0, 0.0, 3.0, 4.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 1.0, 2.0, 0.0, 3.0, 4.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 0.0, 3.0, 4.0],
        ];
        assert_eq!(matrix, rows.concat());
    }

    #[test]
    fn random_convolutions_are_matrix_products() {
        let mut findings = Findings::default();
        random_shapes(3, 0, 50, &mut findings);
        assert!(worst(&findings, "Eq. 45", Kind::Identity) < 1e-14);
        let mut others = Findings::default();
        random_shapes(3, 1, 50, &mut others);
        assert_ne!(findings, others);
    }

    #[test]
    fn a_matrix_of_another_filter_is_seen() {
        let (parameters, images) = example(2, 1);
        let mut network = Real::of(&parameters);
        let layers = network.forward(&images[0]);
        let mut findings = Findings::default();
        convolutions(&network, &layers, &mut findings);
        assert!(worst(&findings, "Eq. 45", Kind::Identity) < 1e-14);
        network.f3.weight[3] += 0.01;
        convolutions(&network, &layers, &mut findings);
        assert!(worst(&findings, "Eq. 45", Kind::Identity) > 1e-4);
    }
}
