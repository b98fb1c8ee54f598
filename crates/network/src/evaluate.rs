//! Loss and error of a network over many images.

use crate::fused::{self, cross_entropy};
use crate::parameters::Parameters;

/// What a network makes of many images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean cross-entropy in nats.
    pub loss: f64,
    /// Share of images whose largest logit is not their label's.
    pub error: f64,
}

/// Mean cross-entropy and share of errors over `images` (side × side pixels each) with `labels`.
pub fn evaluate(parameters: &Parameters, images: &[f32], labels: &[u8]) -> Evaluation {
    let classes = parameters.architecture().classes;
    let logits = logits(parameters, images);
    let (mut loss, mut wrong) = (0.0, 0_usize);
    for (logits, label) in logits.chunks_exact(classes).zip(labels) {
        loss += cross_entropy(logits, usize::from(*label));
        if predicted(logits) != usize::from(*label) {
            wrong += 1;
        }
    }
    let images = labels.len() as f64;
    Evaluation { loss: loss / images, error: wrong as f64 / images }
}

/// The logits of `images` (side × side pixels each), image after image.
pub fn logits(parameters: &Parameters, images: &[f32]) -> Vec<f32> {
    fused::logits(&parameters.architecture().chain(), parameters.values(), images)
}

/// The first class with the largest logit.
fn predicted(logits: &[f32]) -> usize {
    let mut best = 0;
    for (class, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = class;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::Architecture;
    use crate::initialise::{Initialisation, initialise};
    use crate::layers::layers;
    use proptest::prelude::*;

    fn images(count: usize, side: usize, seed: u64) -> Vec<f32> {
        let mut random = statistics::random::split(seed, "images", 0);
        (0..count * side * side)
            .map(|_| 32.0 * statistics::random::standard_normal(&mut random) as f32)
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn lanes_give_the_logits_of_the_plain_formulas(
            seed in 0_u64..1000, count in 1_usize..20, channels1 in 1_usize..14, channels2 in 1_usize..14,
            kernel1 in 1_usize..4, kernel2 in 1_usize..6, side in 14_usize..20,
        ) {
            let a = Architecture { side, channels1, kernel1, channels2, kernel2, hidden: 7, classes: 3 };
            let parameters = initialise(a, Initialisation::UniformFanIn, seed);
            let images = images(count, side, seed);
            let fast = logits(&parameters, &images);
            prop_assert_eq!(fast.len(), count * 3);
            for (fast, image) in fast.chunks(3).zip(images.chunks(side * side)) {
                for (fast, plain) in fast.iter().zip(layers(&parameters, image).f_y) {
                    prop_assert!((fast - plain).abs() <= 1e-4 * (1.0 + plain.abs()), "{} {}", fast, plain);
                }
            }
        }
    }

    #[test]
    fn the_error_is_the_share_of_labels_that_the_largest_logit_misses() {
        let parameters = initialise(Architecture::of_table_1(4), Initialisation::HeNormal, 1);
        let images = images(40, 32, 1);
        let right: Vec<u8> =
            logits(&parameters, &images).chunks(10).map(|logits| predicted(logits) as u8).collect();
        assert_eq!(evaluate(&parameters, &images, &right).error, 0.0);
        let mut wrong = right.clone();
        wrong.iter_mut().take(10).for_each(|label| *label = (*label + 1) % 10);
        assert_eq!(evaluate(&parameters, &images, &wrong).error, 0.25);
    }
}
