//! Makes the synthetic dataset: handwritten digits in, images whose pixels obey P(X) out (Algorithm 1).

pub mod digits;
pub mod publish;
mod stage_params;

use std::sync::atomic::{AtomicUsize, Ordering};

use algorithm1::{Image, LANES, Mask};
use rand::RngExt;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use stage::{Error, Job, Output, Port, Stage};
use statistics::distribution::Distribution;
use statistics::random;
use tables::{CLASSES, Cells, GroupWriter, PIXELS, catalogue};

use digits::Digit;
pub use stage_params::Params;

const DIGITS: Port = Port::input(
    "digits",
    &catalogue::DIGITS,
    "Handwritten digits: a Parquet file, a folder with MNIST's IDX files, or the folder by_class of NIST SD19",
);
const DATASET: Port = Port::output("dataset", &catalogue::DATASET, "The synthetic images");

/// The stage's declaration.
pub const STAGE: Stage<Params> = Stage {
    name: "generate-dataset",
    version: env!("CARGO_PKG_VERSION"),
    about: "Makes synthetic images that obey a known distribution, from handwritten digits (Algorithm 1).",
    example: "generate-dataset --digits data/digits.parquet --dataset dataset.parquet --seed 1",
    ports: &[&DIGITS, &DATASET],
    run,
};

const SPLITS: [&str; 2] = ["train", "test"];

/// One image to be made: from which digit, for which split.
struct Plan<'a> {
    split: &'static str,
    digit: &'a Digit<Mask>,
}

fn run(job: &Job, params: &Params) -> Result<(), Error> {
    let digits = job.read(&DIGITS, |path| digits::read(path, |grey| algorithm1::digit(&grey)))?;
    let plans = plan(&digits, params)?;
    let seed = u64::from(params.seed);
    let known = Distribution::new(params.distribution, 0.0, params.variance.sqrt())
        .ok_or_else(|| Error::param("variance", "it must be a finite number above 0"))?;
    let progress = job.progress();
    let output = job.create(&DATASET)?;
    let (encoder, writer) = GroupWriter::parquet(output, &catalogue::DATASET, &job.provenance()?)?;
    let make = |first: usize, some: &[Plan<'_>]| {
        let (mut pixels, mut regions) = (vec![0.0; some.len() * PIXELS], vec![0; some.len() * PIXELS]);
        let places = pixels.as_chunks_mut().0.iter_mut().zip(regions.as_chunks_mut().0);
        let images = some.iter().zip(places).enumerate().map(|(index, (plan, (pixels, regions)))| {
            let random = random::split(seed, "pixels", (first + index) as u64);
            Image { z_cd: &plan.digit.picture, random, pixels, regions }
        });
        let mut images: Vec<Image<'_>> = images.collect();
        algorithm1::generate(&mut images, &known, params.placement);
        encoder.encode(cells(first, some, pixels, regions, seed))
    };
    let made = AtomicUsize::new(0);
    plans.chunks(ROWS).enumerate().par_bridge().try_for_each(|(number, some)| {
        writer.write(number, make(number * ROWS, some)?)?;
        let made = made.fetch_add(some.len(), Ordering::Relaxed) + some.len();
        progress.at(made, plans.len(), "images", "");
        Ok::<(), Error>(())
    })?;
    Output::publish(vec![writer.finish()?])
}

/// Images a row group. Each thread makes one, and some wait to be written.
const ROWS: usize = 32 * LANES;

/// Chooses source digits. Each class's digits are shuffled; the first become training images, the next test images,
/// so no digit is in both. Classes take turns, so that the first ten images of a split show all of them.
fn plan<'a>(digits: &'a [Digit<Mask>], params: &Params) -> Result<Vec<Plan<'a>>, Error> {
    let (train, test) = (params.train_per_class as usize, params.test_per_class as usize);
    let mut classes: Vec<Vec<&Digit<Mask>>> = vec![Vec::new(); CLASSES];
    for digit in digits {
        classes[usize::from(digit.label)].push(digit);
    }
    for (class, digits) in classes.iter_mut().enumerate() {
        if digits.len() < train + test {
            let detail = format!(
                "there are {} digits of class {class}, but {train} training and {test} test images need {}",
                digits.len(),
                train + test
            );
            return Err(Error::input("digits", detail));
        }
        digits.shuffle(&mut random::split(u64::from(params.seed), "choice of digits", class as u64));
    }
    let mut plans = Vec::with_capacity((train + test) * CLASSES);
    for (split, range) in SPLITS.into_iter().zip([0..train, train..train + test]) {
        for index in range {
            plans.extend(classes.iter().map(|digits| Plan { split, digit: digits[index] }));
        }
    }
    Ok(plans)
}

fn cells(first: usize, plans: &[Plan<'_>], pixels: Vec<f32>, regions: Vec<u8>, seed: u64) -> Vec<Cells> {
    let random_label = |index: usize| {
        let mut random = random::split(seed, "random label", (first + index) as u64);
        random.random_range(0..CLASSES as u8)
    };
    vec![
        Cells::I32((first..first + plans.len()).map(|id| id as i32).collect()),
        Cells::Words(plans.iter().map(|plan| plan.split.to_owned()).collect()),
        Cells::U8(plans.iter().map(|plan| plan.digit.label).collect()),
        Cells::U8((0..plans.len()).map(random_label).collect()),
        Cells::F32Tensors(pixels),
        Cells::Bytes(regions),
        Cells::Words(plans.iter().map(|plan| plan.digit.path.clone()).collect()),
    ]
}
