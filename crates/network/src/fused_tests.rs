//! The engine against burn's differentiation, against differences of the loss in double precision, and against itself
//! on other registers and threads.

use super::*;
use crate::burn::{Burn, Cpu};
use proptest::prelude::*;
use rand::RngExt;
use statistics::random;

/// Parameters, images and labels for a chain.
struct Example {
    chain: Chain,
    parameters: Vec<f32>,
    images: Vec<f32>,
    labels: Vec<u8>,
}

impl Example {
    fn new(chain: Chain, images: usize, seed: u64) -> Example {
        let mut random = random::split(seed, "example", 0);
        let mut uniform = |bound: f64| ((2.0 * random.random::<f64>() - 1.0) * bound) as f32;
        let mut parameters = vec![0.0; chain.parameters()];
        let of_convolutions = chain.convolutions.iter().map(|l| (l.weight.start..l.bias.end, l.taps()));
        for (range, inputs) in
            of_convolutions.chain(chain.linears.iter().map(|l| (l.weight.start..l.bias.end, l.inputs)))
        {
            parameters[range].fill_with(|| uniform(1.0 / (inputs as f64).sqrt()));
        }
        let pixels = (0..images * chain.pixels()).map(|_| uniform(1.0)).collect();
        let labels = (0..images).map(|image| (image * 7 % chain.classes()) as u8).collect();
        Example { chain, parameters, images: pixels, labels }
    }

    fn images(&self) -> Vec<&[f32]> {
        self.images.chunks(self.chain.pixels()).collect()
    }

    fn gradient_on(&self, arch: Arch) -> Gradient {
        let mut fused = Fused::on(arch, self.chain.clone());
        fused.gradient(&self.parameters, self.batch(&self.images(), 0..self.labels.len()))
    }

    fn batch<'a>(&'a self, images: &'a [&'a [f32]], range: Range<usize>) -> Batch<'a> {
        Batch::new(&self.chain, &images[range.clone()], &self.labels[range]).unwrap()
    }

    fn gradient(&self) -> Gradient {
        self.gradient_on(Arch::new())
    }

    fn gradient_of_burn(&self, images: Range<usize>) -> Gradient {
        let all = self.images();
        let batch = self.batch(&all, images);
        Burn::new(self.chain.clone(), Cpu::Flex).gradient(&self.parameters, batch).unwrap()
    }

    /// The largest difference from burn's gradient, relative to the largest value of any; of the losses too.
    fn difference_from_burn(&self) -> (f32, f64) {
        let (ours, theirs) = (self.gradient(), self.gradient_of_burn(0..self.labels.len()));
        let of_loss = (ours.loss - theirs.loss).abs() / (1.0 + theirs.loss);
        (difference(&ours.values, &theirs.values) / largest(&theirs.values), of_loss)
    }

    /// The same, relative to the mean over images of the largest value of an image's own gradient: what images that cancel
    /// each other leave may be small beside what either has.
    fn difference_before_images_cancel(&self) -> f32 {
        let images = self.labels.len();
        let of_image = |image: usize| largest(&self.gradient_of_burn(image..image + 1).values);
        let scale = (0..images).map(of_image).sum::<f32>() / images as f32;
        difference(&self.gradient().values, &self.gradient_of_burn(0..images).values) / scale
    }

    /// How many decisions of each image are a matter of rounding.
    fn close(&self) -> Vec<usize> {
        let at: Vec<f64> = self.parameters.iter().map(|value| f64::from(*value)).collect();
        forward(self, &at).close
    }

    /// The images of which no decision is close; none if there is no such image.
    fn of_clear_images(&self) -> Option<Example> {
        let clear: Vec<usize> = self
            .close()
            .into_iter()
            .enumerate()
            .filter(|(_, close)| *close == 0)
            .map(|(image, _)| image)
            .collect();
        let all = self.images();
        let images = clear.iter().flat_map(|image| all[*image]).copied().collect();
        let labels: Vec<u8> = clear.iter().map(|image| self.labels[*image]).collect();
        let (chain, parameters) = (self.chain.clone(), self.parameters.clone());
        (!clear.is_empty()).then_some(Example { chain, parameters, images, labels })
    }

    /// Two sums in other orders may disagree on a winner or a sign that is a matter of rounding. So where gradients differ,
    /// those of all images without such a decision must not.
    fn agrees_with_burn(&self) -> Result<(), TestCaseError> {
        let (of_gradient, of_loss) = self.difference_from_burn();
        prop_assert!(of_loss <= 1e-5, "the loss differs by {of_loss}");
        if of_gradient > 1e-4 {
            let Some(clear) = self.of_clear_images() else {
                return Err(TestCaseError::reject("every image has a decision that rounding takes"));
            };
            let left = clear.difference_before_images_cancel();
            prop_assert!(left <= 1e-4, "differs by {of_gradient}, and by {left} where no decision is close");
        }
        Ok(())
    }
}

/// The largest difference.
fn difference(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs()))
}

/// The largest value, of either sign.
fn largest(values: &[f32]) -> f32 {
    values.iter().fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()))
}

/// Any chain whose planes are large enough for its filters.
fn chains() -> impl Strategy<Value = Chain> {
    let convolutions = prop::collection::vec((1_usize..9, 1_usize..7), 0..4);
    let linears = prop::collection::vec(1_usize..8, 1..4);
    (1_usize..4, 1_usize..24, convolutions, linears)
        .prop_filter_map("filters fit", |(channels, side, convolutions, linears)| {
            Chain::new((channels, side), &convolutions, &linears).ok()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn gradients_are_those_of_burn_for_any_chain_and_batch(chain in chains(), images in 1_usize..40, seed in 0_u64..1000) {
        Example::new(chain, images, seed).agrees_with_burn()?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn filters_of_side_five_with_fewer_multiplications_give_the_same_gradients(
        side in 9_usize..40, first in 8_usize..24, second in 8_usize..24, images in 1_usize..20, seed in 0_u64..1000,
    ) {
        let chain = Chain::new((1, side), &[(first, 2), (second, 5)], &[6]);
        prop_assume!(chain.is_ok());
        let chain = chain.unwrap();
        prop_assert!(winograd::fits(&chain.convolutions[1]));
        Example::new(chain, images, seed).agrees_with_burn()?;
    }
}

/// What comes of a forward pass in double precision, as the formulas stand.
struct Forward {
    /// The mean cross-entropy.
    loss: f64,
    /// How many winners of a pooling and signs of a ReLU are decided by less than single precision can tell, by image.
    close: Vec<usize>,
}

/// What single precision cannot tell apart, as a share of the sizes of a sum's terms. A sum of 500 terms of either sign is
/// about a tenth of their sizes, and Winograd's method with tiles of 8 × 8 numbers is seldom off by 1e-5 of it.
const CLOSE: f64 = 3e-6;

/// A sum of terms, and the sum of their sizes.
#[derive(Clone, Copy)]
struct Sum {
    value: f64,
    size: f64,
}

impl Sum {
    fn of(bias: f64, terms: impl Iterator<Item = f64>) -> Sum {
        let start = Sum { value: bias, size: bias.abs() };
        terms.fold(start, |sum, term| Sum { value: sum.value + term, size: sum.size + term.abs() })
    }
}

fn loss(example: &Example, parameters: &[f64]) -> f64 {
    forward(example, parameters).loss
}

fn forward(example: &Example, parameters: &[f64]) -> Forward {
    let chain = &example.chain;
    let of_image = |(image, label): (&[f32], &u8)| {
        let mut close = 0;
        let mut values: Vec<f64> = image.iter().map(|pixel| f64::from(*pixel)).collect();
        for layer in &chain.convolutions {
            let pooled = layer.pooled();
            let phi = |output: usize, y: usize, x: usize| {
                let term = |tap: usize| {
                    let (dy, dx) = (tap / layer.kernel % layer.kernel, tap % layer.kernel);
                    let channel = tap / (layer.kernel * layer.kernel);
                    let weight = parameters[layer.weight.start + output * layer.taps() + tap];
                    weight * values[(channel * layer.side + y + dy) * layer.side + x + dx]
                };
                Sum::of(parameters[layer.bias.start + output], (0..layer.taps()).map(term))
            };
            let entry = |index: usize| {
                let (output, y, x) =
                    (index / (pooled * pooled), 2 * (index / pooled % pooled), 2 * (index % pooled));
                // The largest of the four and of ReLU's 0, and whether the next one is close below it.
                let sums = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(a, b)| phi(output, y + a, x + b));
                let size = sums.iter().fold(0.0_f64, |size, sum| size.max(sum.size));
                let mut values: Vec<f64> = sums.iter().map(|sum| sum.value).chain([0.0]).collect();
                values.sort_by(f64::total_cmp);
                (values[4], values[4] - values[3] < CLOSE * size)
            };
            let (largest, are_close): (Vec<f64>, Vec<bool>) =
                (0..layer.outputs * pooled * pooled).map(entry).unzip();
            close += are_close.into_iter().filter(|is_close| *is_close).count();
            values = largest;
        }
        for (number, layer) in chain.linears.iter().enumerate() {
            let neuron = |output: usize| {
                let row = &parameters[layer.weight.start + output * layer.inputs..][..layer.inputs];
                let terms = row.iter().zip(&values).map(|(weight, value)| weight * value);
                Sum::of(parameters[layer.bias.start + output], terms)
            };
            let is_last = number + 1 == chain.linears.len();
            let sums: Vec<Sum> = (0..layer.outputs).map(neuron).collect();
            if !is_last {
                close += sums.iter().filter(|sum| sum.value.abs() < CLOSE * sum.size).count();
            }
            let relu = |sum: &Sum| if is_last { sum.value } else { sum.value.max(0.0) };
            values = sums.iter().map(relu).collect();
        }
        let log_sum = values.iter().map(|logit| logit.exp()).sum::<f64>().ln();
        (log_sum - values[usize::from(*label)], close)
    };
    let (losses, close): (Vec<f64>, Vec<usize>) =
        example.images().into_iter().zip(&example.labels).map(of_image).unzip();
    Forward { loss: losses.iter().sum::<f64>() / losses.len() as f64, close }
}

#[test]
fn a_winner_that_only_rounding_decides_is_found_and_excuses_no_other_image() {
    let example = Example::new(Chain::new((1, 13), &[(10, 2), (19, 5)], &[6]).unwrap(), 8, 791);
    assert!((1..8).contains(&example.close()[0]), "{:?}", example.close());
    let clear = example.of_clear_images().unwrap();
    assert!((4..8).contains(&clear.labels.len()), "{:?}", example.close());
    assert!(clear.difference_from_burn().0 <= 1e-4);
    example.agrees_with_burn().unwrap();
}

#[test]
fn gradients_are_the_differences_of_the_loss_in_double_precision() {
    const STEP: f64 = 1e-6;
    let chains = [
        ((1, 14), vec![(3, 3), (5, 3)], vec![7, 3], 19),
        ((2, 12), vec![(6, 5)], vec![4], 5),
        ((1, 9), vec![], vec![5, 4], 3),
        ((1, 20), vec![(5, 2), (3, 4)], vec![3], 18),
        ((3, 11), vec![(2, 4), (3, 1), (4, 1)], vec![6, 5, 3], 4),
    ];
    for (image, convolutions, linears, images) in chains {
        let example = Example::new(Chain::new(image, &convolutions, &linears).unwrap(), images, 3);
        let gradient = example.gradient();
        let at: Vec<f64> = example.parameters.iter().map(|value| f64::from(*value)).collect();
        let here = loss(&example, &at);
        assert!((gradient.loss - here).abs() < 1e-6, "{} for {here}", gradient.loss);
        let scale = gradient.values.iter().fold(0.0_f64, |scale, value| scale.max(f64::from(value.abs())));
        let mut kinks = 0;
        for (index, value) in gradient.values.iter().enumerate() {
            let beside = |step: f64| {
                let mut moved = at.clone();
                moved[index] += step;
                loss(&example, &moved)
            };
            let (up, down) = (beside(STEP), beside(-STEP));
            // Where a winner or a ReLU switches within the step, the loss has no derivative.
            if (up + down - 2.0 * here).abs() > 1e-4 * STEP * scale {
                kinks += 1;
                continue;
            }
            let difference = (up - down) / (2.0 * STEP);
            assert!(
                (difference - f64::from(*value)).abs() < 1e-4 * scale,
                "{index}: {value} for {difference}"
            );
        }
        assert!(kinks * 50 < gradient.values.len(), "{kinks} of {} have a kink", gradient.values.len());
    }
}

/// Every kind of register that this machine has.
fn machines() -> Vec<Arch> {
    #[allow(unused_mut, reason = "other machines add to it")]
    let mut machines = vec![Arch::Scalar, Arch::new()];
    #[cfg(target_arch = "x86_64")]
    {
        machines.extend(pulp::x86::V3::try_new().map(Arch::V3));
        machines.extend(pulp::x86::V4::try_new().map(Arch::V4));
    }
    machines
}

#[test]
fn the_bits_are_the_same_on_registers_of_any_width() {
    for (image, convolutions, linears) in
        [((1, 32), vec![(12, 3), (20, 5)], vec![20, 10]), ((2, 13), vec![(3, 3), (7, 3)], vec![5])]
    {
        let example = Example::new(Chain::new(image, &convolutions, &linears).unwrap(), 21, 1);
        let [first, others @ ..] = &machines()[..] else { panic!("no machine") };
        let (gradient, logits) = (example.gradient_on(*first), example.logits_on(*first));
        for other in others {
            assert_eq!(example.gradient_on(*other), gradient, "{other:?}");
            assert_eq!(example.logits_on(*other), logits, "{other:?}");
        }
    }
}

impl Example {
    fn logits_on(&self, arch: Arch) -> Vec<f32> {
        super::logits_on(arch, &self.chain, &self.parameters, &self.images)
    }
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let chain = Chain::new((1, 32), &[(4, 3), (20, 5)], &[20, 10]).unwrap();
    let example = Example::new(chain, 100, 5);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| example.gradient())
    };
    let one = on(1);
    assert_eq!(on(2), one);
    assert_eq!(on(7), one);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn what_an_engine_did_before_leaves_no_trace(
        chain in chains(), before in 1_usize..50, between in 1_usize..50, images in 1_usize..50, seed in 0_u64..1000,
    ) {
        let example = Example::new(chain.clone(), 50, seed);
        let all = example.images();
        let mut used = Fused::new(chain.clone());
        used.gradient(&example.parameters, example.batch(&all, 0..before));
        used.gradient(&example.parameters, example.batch(&all, 0..between));
        let batch = example.batch(&all, 50 - images..50);
        let fresh = Fused::new(chain).gradient(&example.parameters, batch);
        prop_assert_eq!(used.gradient(&example.parameters, batch), fresh);
    }

    #[test]
    fn the_bits_of_any_chain_are_the_same_on_registers_of_any_width(chain in chains(), images in 1_usize..20) {
        let example = Example::new(chain, images, 1);
        let (gradient, logits) = (example.gradient(), example.logits_on(Arch::new()));
        for machine in machines() {
            prop_assert_eq!(&example.gradient_on(machine), &gradient, "{:?}", machine);
            prop_assert_eq!(&example.logits_on(machine), &logits, "{:?}", machine);
        }
    }
}

/// FNV-1a over the bits of gradient, loss and logits of one of the paper's networks, whose weights and images come from whole
/// numbers alone.
fn digest(channels: usize) -> u64 {
    let chain = Chain::new((1, 32), &[(channels, 3), (20, 5)], &[20, 10]).unwrap();
    let mut state = 1_u64;
    let mut value = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % 2_000_001) as f32 / 1e6 - 1.0
    };
    let parameters: Vec<f32> = (0..chain.parameters()).map(|_| 0.3 * value()).collect();
    let images: Vec<f32> = (0..40 * chain.pixels()).map(|_| value()).collect();
    let labels = (0..40).map(|image| image * 7 % 10).collect();
    let example = Example { chain, parameters, images, labels };
    let gradient = example.gradient();
    let logits = logits(&example.chain, &example.parameters, &example.images);
    let values = gradient.values.iter().chain(&logits).map(|value| u64::from(value.to_bits()));
    let bits = values.chain([gradient.loss.to_bits()]);
    bits.fold(0xcbf2_9ce4_8422_2325, |hash, bits| (hash ^ bits).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn the_bits_are_the_same_on_every_machine() {
    // As x86-64 with AVX2 gave them, and the NEON of an emulated aarch64.
    assert_eq!(
        [4, 12, 20].map(digest),
        [16_732_023_612_114_147_050, 5_252_423_745_138_828_442, 10_339_911_815_152_659_295]
    );
}
