//! What the figures and the page need, read from the tables: only the rows and columns that are shown.

mod claims;
mod curves;
mod dead;
mod distributions;
mod divergences;
mod evidence;
mod explored;
mod filters;
mod images;
mod keys;
mod layers;
mod settings;
mod theory;
mod timings;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use stage::Error;
use statistics::histogram::Bins;
use statistics::null::Null;
use tables::picture::Grey;

pub use claims::Claim;
pub use curves::{Curve, Point};
pub use dead::Dead;
pub use distributions::Distribution;
pub use divergences::Divergence;
pub use evidence::{Bound, Evidence, Role, Unit};
pub use explored::Explored;
pub use filters::Filters;
pub use images::Synthetic;
pub use keys::Key;
pub use layers::{Extent, Layers};
pub use settings::{Robust, Setting};
pub use theory::{Checked, Missed};
pub use timings::Took;

use crate::params::Params;

/// The tables' files.
pub struct Paths<'a> {
    /// Handwritten digits.
    pub digits: &'a Path,
    /// Synthetic images.
    pub dataset: &'a Path,
    /// Layers of chosen images.
    pub activations: &'a [PathBuf],
    /// Distributions of chosen images.
    pub distributions: &'a [PathBuf],
    /// Divergences of all images.
    pub divergences: &'a [PathBuf],
    /// Trainings.
    pub summary: &'a Path,
    /// Networks over their seeds.
    pub spread: &'a Path,
    /// Claims with their verdicts.
    pub claims: &'a Path,
    /// The numbers behind them.
    pub evidence: &'a Path,
    /// Controls with their verdicts, where there are some.
    pub controls: Option<&'a Path>,
    /// The numbers behind them.
    pub controls_evidence: Option<&'a Path>,
    /// Checks of the paper's formulas.
    pub theory: &'a [PathBuf],
    /// Gradient steps.
    pub steps: &'a [PathBuf],
    /// Verdicts over settings.
    pub robustness: &'a [PathBuf],
    /// Verdicts by setting.
    pub sensitivity: &'a [PathBuf],
    /// How long trainings took.
    pub timings: &'a [PathBuf],
    /// Trained networks; there may be none.
    pub checkpoints: &'a [PathBuf],
}

/// Everything that is shown.
pub struct Data {
    /// Standard deviation of P(X).
    pub sd: f64,
    /// Bins of the histograms of pixels.
    pub bins: Bins,
    /// The first test image of each of the first five classes, with its KL where the tables have it.
    pub samples: Vec<(Synthetic, Option<Divergence>)>,
    /// CNN2 on real labels.
    pub real: Option<Layers>,
    /// CNN3 on random labels.
    pub random: Option<Layers>,
    /// Networks by epoch, over their seeds.
    pub curves: Vec<Curve>,
    /// The null of KL[P(X)‖P̂(F1)].
    pub null_f1: Option<Null>,
    /// The image of Figure 8.
    pub example: Option<Synthetic>,
    /// The digit that it was made from; none where the digits are no table or lack it.
    pub digit: Option<Grey>,
    /// Claims with their verdicts.
    pub claims: Vec<Claim>,
    /// Controls with their verdicts.
    pub controls: Vec<Claim>,
    /// How far the paper's formulas hold.
    pub checks: Vec<Checked>,
    /// What first order misses of gradient steps.
    pub steps: Vec<Missed>,
    /// For how many settings each verdict holds.
    pub robust: Vec<Robust>,
    /// Every setting's verdicts.
    pub settings: Vec<Setting>,
    /// How long the trainings took.
    pub timings: Vec<Took>,
    /// Trainings that say the same of every image.
    pub dead: Vec<Dead>,
    /// What a reader can choose among.
    pub explored: Explored,
}

/// Classes in Figure 1.
const SAMPLES: u8 = 5;

fn input(port: &'static str) -> impl Fn(tables::Error) -> Error {
    move |error| Error::input(port, error)
}

impl Data {
    /// Reads what is shown.
    ///
    /// # Errors
    /// Where a table is not what its port needs, or the params name an image or a seed that no table has.
    pub fn read(paths: &Paths<'_>, params: &Params) -> Result<Data, Error> {
        let shown = layers::read(paths.activations).map_err(input("activations"))?;
        check(params, &shown)?;
        let real = layers::choose(&shown, "cnn2", "real", params);
        let random = layers::choose(&shown, "cnn3", "random", params);

        let example = real.or(random).map(|row| row.image_id).or((params.image >= 0).then_some(params.image));
        let chosen_rows = explored::choose(&shown);
        let figures = [real, random].into_iter().flatten();
        let absent = |row: &&layers::Row| {
            !chosen_rows.iter().any(|known| known.key == row.key && known.image_id == row.image_id)
        };
        let rows: Vec<&layers::Row> = chosen_rows.iter().copied().chain(figures.filter(absent)).collect();
        let mut ids: BTreeSet<i32> = rows.iter().map(|row| row.image_id).collect();
        ids.extend(example);
        let images = images::read(paths.dataset, SAMPLES, &ids).map_err(input("dataset"))?;
        let example = example.and_then(|id| images.by_id(id)).or(images.samples.first()).cloned();

        let chosen: Vec<(Key, i32)> = rows.iter().map(|row| (row.key.clone(), row.image_id)).collect();
        let mut distributions =
            distributions::read(paths.distributions, &chosen).map_err(input("distributions"))?;
        let samples: BTreeSet<i32> = images.samples.iter().map(|image| image.image_id).collect();
        let divergences =
            divergences::read(paths.divergences, &chosen, &samples).map_err(input("divergences"))?;
        let mut assemble = |(at, row): (usize, &&layers::Row)| {
            let image = images.by_id(row.image_id).cloned();
            let mut distributions = std::mem::take(&mut distributions[at]);
            if let Some(image) = image.as_ref().filter(|_| !distributions.contains_key("x")) {
                let bins = distributions.get("f1").and_then(|f1| f1.bins.clone());
                let bins = bins.unwrap_or_else(|| images.default_bins.clone());
                distributions.insert("x".to_owned(), Distribution::of_pixels(&image.pixels, &bins));
            }
            Layers {
                key: row.key.clone(),
                image_id: row.image_id,
                image,
                distributions,
                divergence: divergences.chosen[at],
                e_f1: row.e_f1,
                e_f2: row.e_f2.clone(),
            }
        };
        let mut layers: Vec<Layers> = rows.iter().enumerate().map(&mut assemble).collect();
        let of = |row: Option<&layers::Row>| {
            let row = row?;
            layers.iter().find(|one| one.key == row.key && one.image_id == row.image_id).cloned()
        };
        let (real, random) = (of(real), of(random));
        layers.truncate(chosen_rows.len());
        let dead = dead::among(&layers);
        let explored = Explored::read(paths, layers, shown.len())?;
        let x = [&real, &random].into_iter().flatten().find_map(|layers| layers.distributions.get("x"));
        let digit = match &example {
            Some(example) => {
                images::find_digit(paths.digits, &example.source_digit).map_err(input("digits"))?
            }
            None => None,
        };
        Ok(Data {
            sd: images.sd,
            bins: x.and_then(|x| x.bins.clone()).unwrap_or(images.default_bins),
            samples: images
                .samples
                .into_iter()
                .map(|image| {
                    let divergence =
                        divergences.of_images.get(&image.image_id).map(|(_, divergence)| *divergence);
                    (image, divergence)
                })
                .collect(),
            real,
            random,
            curves: curves::read(paths.summary, paths.spread)?,
            null_f1: divergences.null_f1(),
            example,
            digit,
            claims: claims::read(paths.claims, Some(paths.evidence), ["claims", "evidence"])?,
            controls: match paths.controls {
                Some(path) => claims::read(path, paths.controls_evidence, ["controls", "controls_evidence"])?,
                None => Vec::new(),
            },
            checks: theory::read_checks(paths.theory).map_err(input("theory"))?,
            steps: theory::read_steps(paths.steps).map_err(input("steps"))?,
            robust: settings::read_robust(paths.robustness).map_err(input("robustness"))?,
            settings: settings::read_settings(paths.sensitivity, paths.claims)
                .map_err(input("sensitivity"))?,
            timings: timings::read(paths.timings).map_err(input("timings"))?,
            dead,
            explored,
        })
    }

    /// The curve of a network on some labels.
    pub fn curve(&self, network: &str, labels: &str) -> Option<&Curve> {
        self.curves.iter().find(|curve| curve.network == network && curve.labels == labels)
    }
}

/// An image or a seed that was asked for must be somewhere: a figure that silently shows another would mislead.
fn check(params: &Params, shown: &[layers::Row]) -> Result<(), Error> {
    let some = |numbers: BTreeSet<i64>| {
        let first: Vec<String> = numbers.iter().take(10).map(i64::to_string).collect();
        let more = if numbers.len() > first.len() { ", …" } else { "" };
        format!("{}{more}", first.join(", "))
    };
    if params.image >= 0 && !shown.iter().any(|row| row.image_id == params.image) {
        let there = some(shown.iter().map(|row| i64::from(row.image_id)).collect());
        return Err(Error::param(
            "image",
            format!("no activations of image {}; there are {there}", params.image),
        ));
    }
    if params.seed >= 0 && !shown.iter().any(|row| row.key.seed == params.seed) {
        let there = some(shown.iter().map(|row| row.key.seed).collect());
        return Err(Error::param(
            "seed",
            format!("no activations of seed {}; there are {there}", params.seed),
        ));
    }
    Ok(())
}
