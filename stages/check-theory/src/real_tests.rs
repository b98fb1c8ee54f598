//! The layers against those of the network crate in single precision, and closed forms.

use super::*;
use network::initialise::{Initialisation, initialise};
use network::layers::layers;
use network::{Architecture, Network};
use rand::RngExt;
use statistics::random;

/// A network of few channels with random weights, and images of pixels between −1 and 1.
pub(crate) fn example(seed: u64, images: usize) -> (Parameters, Vec<Vec<f64>>) {
    let architecture =
        Architecture { side: 12, channels1: 3, kernel1: 3, channels2: 4, kernel2: 2, hidden: 6, classes: 5 };
    let mut random = random::split(seed, "images", 0);
    let mut image = || (0..144).map(|_| f64::from((2.0 * random.random::<f64>() - 1.0) as f32)).collect();
    let images = (0..images).map(|_| image()).collect();
    (initialise(architecture, Initialisation::UniformFanIn, seed), images)
}

#[test]
fn layers_are_those_of_the_network_to_single_precision() {
    let parameters = initialise(Network::Cnn2.architecture(), Initialisation::UniformFanIn, 4);
    let mut random = random::split(4, "image", 0);
    let image: Vec<f32> = (0..1024).map(|_| (random::standard_normal(&mut random) * 32.0) as f32).collect();
    let (single, double) = (layers(&parameters, &image), Real::of(&parameters).forward(&real(&image)));
    let pairs = [
        (&single.f1, &double.f1),
        (&single.f2, &double.f2.values),
        (&single.f3, &double.f3),
        (&single.f4, &double.f4.values),
        (&single.f5, &double.f5),
        (&single.f_y, &double.f_y),
    ];
    for (single, double) in pairs {
        assert_eq!(single.len(), double.len());
        for (a, b) in single.iter().zip(double) {
            assert!((f64::from(*a) - b).abs() < 1e-4, "{a} {b}");
        }
    }
}

#[test]
fn pooling_names_the_place_of_the_largest_and_none_where_all_are_inactive() {
    let pooled = pool(&[0.0, 1.0, 0.0, 0.0, 3.0, 2.0, 0.0, 0.0, 0.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0], 4);
    assert_eq!(pooled.values, [3.0, 0.0, 9.0, 9.0]);
    assert_eq!(pooled.choices, [Some(4), None, Some(9), Some(10)]);
}

#[test]
fn a_softmax_of_large_numbers_does_not_overflow() {
    let p = log_softmax(&[1000.0, 1000.0 + 3f64.ln()]);
    assert!((p[0] - 0.25f64.ln()).abs() < 1e-12 && (p[1] - 0.75f64.ln()).abs() < 1e-12, "{p:?}");
    assert_eq!(log_sum_exp(&[]), f64::NEG_INFINITY);
}
