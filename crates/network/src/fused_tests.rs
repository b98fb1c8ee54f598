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

    fn gradient_of_burn(&self) -> Gradient {
        let images = self.images();
        let batch = self.batch(&images, 0..images.len());
        Burn::new(self.chain.clone(), Cpu::Flex).gradient(&self.parameters, batch).unwrap()
    }

    fn gradient(&self) -> Gradient {
        self.gradient_on(Arch::new())
    }

    fn agrees_with_burn(&self) -> Result<(), TestCaseError> {
        let (ours, theirs) = (self.gradient(), self.gradient_of_burn());
        prop_assert!((ours.loss - theirs.loss).abs() <= 1e-5 * (1.0 + theirs.loss));
        let difference = difference(&ours.values, &theirs.values);
        if difference > 1e-4 {
            // Two sums in other orders may disagree on a winner or a sign that is a matter of rounding, and each such
            // decision moves no more than an image's share.
            let at: Vec<f64> = self.parameters.iter().map(|value| f64::from(*value)).collect();
            let close = forward(self, &at).close;
            let moved = close as f32 / self.labels.len() as f32;
            prop_assert!(difference <= moved, "differs by {difference}, with {close} close decisions");
        }
        Ok(())
    }
}

/// The largest difference, relative to the largest value.
fn difference(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    let scale = theirs.iter().fold(f32::MIN_POSITIVE, |scale, value| scale.max(value.abs()));
    ours.iter().zip(theirs).fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs())) / scale
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
    /// How many winners of a pooling and signs of a ReLU are decided by less than single precision can tell.
    close: usize,
}

/// What single precision cannot tell apart, as a share of a layer's largest value.
const CLOSE: f64 = 3e-6;

/// How many of a layer's decisions are close, given by how far each is from being taken otherwise.
fn close(values: &[f64], gaps: &[f64]) -> usize {
    let scale = values.iter().fold(0.0_f64, |scale, value| scale.max(value.abs()));
    gaps.iter().filter(|gap| **gap < CLOSE * scale).count()
}

fn loss(example: &Example, parameters: &[f64]) -> f64 {
    forward(example, parameters).loss
}

fn forward(example: &Example, parameters: &[f64]) -> Forward {
    let chain = &example.chain;
    let mut all_close = 0;
    let of_image = |(image, label): (&[f32], &u8)| {
        let mut values: Vec<f64> = image.iter().map(|pixel| f64::from(*pixel)).collect();
        for layer in &chain.convolutions {
            let pooled = layer.pooled();
            let phi = |output: usize, y: usize, x: usize| {
                let mut sum = parameters[layer.bias.start + output];
                for tap in 0..layer.taps() {
                    let (dy, dx) = (tap / layer.kernel % layer.kernel, tap % layer.kernel);
                    let channel = tap / (layer.kernel * layer.kernel);
                    let weight = parameters[layer.weight.start + output * layer.taps() + tap];
                    sum += weight * values[(channel * layer.side + y + dy) * layer.side + x + dx];
                }
                sum
            };
            let entry = |index: usize| {
                let (output, y, x) =
                    (index / (pooled * pooled), 2 * (index / pooled % pooled), 2 * (index % pooled));
                // The largest of the four and of ReLU's 0, and how far the next one is below it.
                let mut sums =
                    [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(a, b)| phi(output, y + a, x + b)).to_vec();
                sums.push(0.0);
                sums.sort_by(f64::total_cmp);
                (sums[4], sums[4] - sums[3])
            };
            let (largest, gaps): (Vec<f64>, Vec<f64>) =
                (0..layer.outputs * pooled * pooled).map(entry).unzip();
            all_close += close(&largest, &gaps);
            values = largest;
        }
        for (number, layer) in chain.linears.iter().enumerate() {
            let neuron = |output: usize| {
                let row = &parameters[layer.weight.start + output * layer.inputs..][..layer.inputs];
                let sum = row.iter().zip(&values).map(|(weight, value)| weight * value).sum::<f64>();
                sum + parameters[layer.bias.start + output]
            };
            let is_last = number + 1 == chain.linears.len();
            let sums: Vec<f64> = (0..layer.outputs).map(neuron).collect();
            if !is_last {
                all_close += close(&sums, &sums.iter().map(|sum| sum.abs()).collect::<Vec<f64>>());
            }
            values = sums.into_iter().map(|v| if is_last { v } else { v.max(0.0) }).collect();
        }
        values.iter().map(|logit| logit.exp()).sum::<f64>().ln() - values[usize::from(*label)]
    };
    let images = example.images();
    let loss =
        images.into_iter().zip(&example.labels).map(of_image).sum::<f64>() / example.labels.len() as f64;
    Forward { loss, close: all_close }
}

#[test]
fn a_winner_that_only_rounding_decides_is_found() {
    let example = Example::new(Chain::new((1, 13), &[(10, 2), (19, 5)], &[6]).unwrap(), 1, 791);
    let at: Vec<f64> = example.parameters.iter().map(|value| f64::from(*value)).collect();
    assert!((1..4).contains(&forward(&example, &at).close), "{}", forward(&example, &at).close);
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
