//! Makes the synthetic dataset: handwritten digits in, images whose pixels obey P(X) out (Algorithm 1).

pub mod algorithm1;
pub mod digits;
pub mod publish;
mod stage_params;

use std::collections::HashMap;

use rand::RngExt;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use stage::{Error, Job, Output, Port, Stage};
use statistics::distribution::Distribution;
use statistics::random;
use tables::{CLASSES, Cells, PIXELS, Writer, catalogue};

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
    digit: &'a Digit,
}

fn run(job: &Job, params: &Params) -> Result<(), Error> {
    let path = job.path(&DIGITS).ok_or_else(|| Error::input("digits", "no file was given"))?;
    let digits = digits::read(path).map_err(|error| Error::input("digits", error))?;
    let plans = plan(&digits, params)?;
    let seed = u64::from(params.seed);
    let known = Distribution::new(params.distribution, 0.0, params.variance.sqrt())
        .ok_or_else(|| Error::param("variance", "it must be a finite number above 0"))?;
    let progress = job.progress();
    let output = job.create(&DATASET)?;
    let mut writer = Writer::parquet(output, &catalogue::DATASET, &HashMap::new(), &job.provenance()?)?;
    let chunks: Vec<(usize, &[Plan<'_>])> =
        plans.chunks(ROWS).enumerate().map(|(chunk, some)| (chunk * ROWS, some)).collect();
    let generate = |(first, some): &(usize, &[Plan<'_>])| {
        let (mut pixels, mut regions) = (vec![0.0; some.len() * PIXELS], vec![0; some.len() * PIXELS]);
        let images = pixels.as_chunks_mut().0.par_iter_mut().zip(regions.as_chunks_mut().0);
        images.zip(some.par_iter().enumerate()).for_each(|((image, regions), (index, plan))| {
            let mut random = random::split(seed, "pixels", (first + index) as u64);
            algorithm1::generate(&plan.digit.grey, &known, params.placement, &mut random, image, regions);
        });
        cells(*first, some, pixels, regions, seed)
    };
    // One thread writes some images while the others make the next ones.
    let mut ready = chunks.first().map(generate);
    for (number, (first, some)) in chunks.iter().enumerate() {
        let Some(cells) = ready.take() else { break };
        let next = || chunks.get(number + 1).map(generate);
        let (written, made) = rayon::join(|| writer.write(cells), next);
        written?;
        ready = made;
        progress.at(first + some.len(), plans.len(), "images", "");
    }
    Output::publish(vec![writer.finish()?])
}

/// Images a batch: twice as many are in memory at once beside the digits.
const ROWS: usize = 500;

/// Chooses source digits. Each class's digits are shuffled; the first become training images, the next test images,
/// so no digit is in both. Classes take turns, so that the first ten images of a split show all of them.
fn plan<'a>(digits: &'a [Digit], params: &Params) -> Result<Vec<Plan<'a>>, Error> {
    let (train, test) = (params.train_per_class as usize, params.test_per_class as usize);
    let mut classes: Vec<Vec<&Digit>> = vec![Vec::new(); CLASSES];
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
        Cells::U8Tensors(regions),
        Cells::Words(plans.iter().map(|plan| plan.digit.path.clone()).collect()),
    ]
}
