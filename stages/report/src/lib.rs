//! Draws the paper's figures from the tables, and writes a page with every claim, its evidence and how it was made.

pub mod data;
pub mod density;
pub mod escape;
pub mod explore;
pub mod figures;
pub mod page;
pub mod panel;
mod params;
pub mod print;
pub mod scale;
pub mod sheet;
pub mod sources;
pub mod style;
pub mod words;

use std::io::Write;

use stage::{Direction, Error, Format, Job, Output, Port, Stage};
use tables::catalogue;

use data::{Data, Paths};
use page::Page;
pub use params::Params;

const DIGITS: Port = Port::input("digits", &catalogue::DIGITS, "The handwritten digits behind the dataset");
const DATASET: Port = Port::input("dataset", &catalogue::DATASET, "The synthetic images");
const ACTIVATIONS: Port =
    Port::input("activations", &catalogue::ACTIVATIONS, "Layers of chosen images, a file a training").many();
const DISTRIBUTIONS: Port =
    Port::input("distributions", &catalogue::DISTRIBUTIONS, "Their distributions, a file a training").many();
const DIVERGENCES: Port =
    Port::input("divergences", &catalogue::DIVERGENCES, "Divergences of the test images, a file a training")
        .many();
const SUMMARY: Port = Port::input("summary", &catalogue::SUMMARY, "Every training by epoch");
const SPREAD: Port = Port::input("spread", &catalogue::SPREAD, "Every network by epoch, over its seeds");
const CLAIMS: Port = Port::input("claims", &catalogue::CLAIMS, "The paper's claims with their verdicts");
const EVIDENCE: Port = Port::input("evidence", &catalogue::EVIDENCE, "The numbers behind those verdicts");
const CONTROLS: Port =
    Port::input("controls", &catalogue::CLAIMS, "The controls with their verdicts").optional();
const CONTROLS_EVIDENCE: Port =
    Port::input("controls_evidence", &catalogue::EVIDENCE, "The numbers behind the controls' verdicts")
        .optional();
const THEORY: Port =
    Port::input("theory", &catalogue::THEORY, "How far the paper's formulas hold, a file a training")
        .many()
        .optional();
const STEPS: Port =
    Port::input("steps", &catalogue::STEPS, "What first order misses of gradient steps, a file a training")
        .many()
        .optional();
const ROBUSTNESS: Port =
    Port::input("robustness", &catalogue::ROBUSTNESS, "For how many settings each verdict holds")
        .many()
        .optional();
const SENSITIVITY: Port =
    Port::input("sensitivity", &catalogue::SENSITIVITY, "Every claim's verdict with every setting")
        .many()
        .optional();
const TIMINGS: Port =
    Port::input("timings", &catalogue::TIMINGS, "How long trainings took, a file a training")
        .many()
        .optional();
const PIPELINE: Port =
    Port::any_table("pipeline", Direction::Input, Format::Yaml, "The pipeline that made all this").optional();
const CHECKPOINTS: Port =
    Port::input("checkpoints", &catalogue::CHECKPOINTS, "Trained networks, a file a training")
        .many()
        .optional();
const REPORT: Port = Port::document("report", Format::Html, "The page, in one file");
const FIGURE_1: Port =
    Port::document("figure_1", Format::Svg, "Synthetic images and their pixels' distributions");
const FIGURE_2: Port = Port::document("figure_2", Format::Svg, "Layers of CNN2 on real labels");
const FIGURE_3: Port =
    Port::document("figure_3", Format::Svg, "Divergence and test error by epoch and network");
const FIGURE_4: Port = Port::document("figure_4", Format::Svg, "Layers of CNN3 on random labels");
const FIGURE_5: Port = Port::document("figure_5", Format::Svg, "Errors of CNN3 on random labels by epoch");
const FIGURE_8: Port =
    Port::document("figure_8", Format::Svg, "A digit, its regions and its synthetic image");

const INPUTS: [&Port; 18] = [
    &DIGITS,
    &DATASET,
    &ACTIVATIONS,
    &DISTRIBUTIONS,
    &DIVERGENCES,
    &SUMMARY,
    &SPREAD,
    &CLAIMS,
    &EVIDENCE,
    &CONTROLS,
    &CONTROLS_EVIDENCE,
    &THEORY,
    &STEPS,
    &ROBUSTNESS,
    &SENSITIVITY,
    &TIMINGS,
    &PIPELINE,
    &CHECKPOINTS,
];
/// The most bytes of a pipeline's text.
const MOST_BYTES: u64 = 1 << 20;
const FIGURES: [&Port; 6] = [&FIGURE_1, &FIGURE_2, &FIGURE_3, &FIGURE_4, &FIGURE_5, &FIGURE_8];

/// The stage's declaration.
pub const STAGE: Stage<Params> = Stage {
    name: "report",
    version: env!("CARGO_PKG_VERSION"),
    about: "Draws the paper's figures from the tables, and writes a page with every claim and its evidence.",
    example: "report --digits data/digits.parquet --dataset dataset.parquet --activations a.parquet \
              --distributions d.parquet --divergences k.parquet --summary summary.parquet --spread spread.parquet \
              --claims claims.parquet --evidence evidence.parquet --report report.html --figure-1 1.svg --figure-2 2.svg --figure-3 3.svg \
              --figure-4 4.svg --figure-5 5.svg --figure-8 8.svg",
    ports: &[
        &DIGITS,
        &DATASET,
        &ACTIVATIONS,
        &DISTRIBUTIONS,
        &DIVERGENCES,
        &SUMMARY,
        &SPREAD,
        &CLAIMS,
        &EVIDENCE,
        &CONTROLS,
        &CONTROLS_EVIDENCE,
        &THEORY,
        &STEPS,
        &ROBUSTNESS,
        &SENSITIVITY,
        &TIMINGS,
        &PIPELINE,
        &CHECKPOINTS,
        &REPORT,
        &FIGURE_1,
        &FIGURE_2,
        &FIGURE_3,
        &FIGURE_4,
        &FIGURE_5,
        &FIGURE_8,
    ],
    run,
};

fn run(job: &Job, params: &Params) -> Result<(), Error> {
    let one = |port: &Port| job.path(port).ok_or_else(|| Error::input(port.name, "no file was given"));
    let paths = Paths {
        digits: one(&DIGITS)?,
        dataset: one(&DATASET)?,
        activations: job.paths(&ACTIVATIONS),
        distributions: job.paths(&DISTRIBUTIONS),
        divergences: job.paths(&DIVERGENCES),
        summary: one(&SUMMARY)?,
        spread: one(&SPREAD)?,
        claims: one(&CLAIMS)?,
        evidence: one(&EVIDENCE)?,
        controls: job.path(&CONTROLS),
        controls_evidence: job.path(&CONTROLS_EVIDENCE),
        theory: job.paths(&THEORY),
        steps: job.paths(&STEPS),
        robustness: job.paths(&ROBUSTNESS),
        sensitivity: job.paths(&SENSITIVITY),
        timings: job.paths(&TIMINGS),
        checkpoints: job.paths(&CHECKPOINTS),
    };
    let digests = sources::digests(job)?;
    sources::check(job, &digests, &SUMMARY, &[(&CLAIMS, &EVIDENCE), (&CONTROLS, &CONTROLS_EVIDENCE)])?;
    let data = Data::read(&paths, params)?;
    let figures = figures::draw(&data)?;
    let steps = figures::draw_steps(&data)?;
    let pipeline = match job.path(&PIPELINE) {
        Some(_) => Some(pipeline(job)?),
        None => None,
    };
    let given: Vec<&Port> = INPUTS.into_iter().filter(|port| !job.paths(port).is_empty()).collect();
    let sources = sources::read(job, &digests, &given)?;
    let page = Page {
        title: &params.title,
        claims: &data.claims,
        remark: &params.remark,
        figures: &figures,
        controls: &data.controls,
        other_estimators: &figures::layers::other_estimators(&data),
        dead: &figures::layers::dead_subjects(&data),
        checks: &data.checks,
        steps: steps.as_ref(),
        robust: &data.robust,
        settings: &data.settings,
        timings: &data.timings,
        pipeline: pipeline.as_ref().map(|(text, graph)| (text.as_str(), graph.as_str())),
        command: &params.command,
        explore: &explore::write(&data)?,
        sources: &sources,
        stage: concat!("report ", env!("CARGO_PKG_VERSION")),
        params: &sources::params(&job.params_json().to_string()),
    };
    let mut outputs = vec![write(job, &REPORT, &page.html())?];
    for (port, figure) in FIGURES.into_iter().zip(&figures) {
        outputs.push(write(job, port, &figure.svg)?);
    }
    Output::publish(outputs)
}

/// The text of the pipeline, and its graph.
fn pipeline(job: &Job) -> Result<(String, String), Error> {
    let text = job.text(&PIPELINE, MOST_BYTES)?;
    let mut faults = Vec::new();
    let read = plan::read(&text, &[], &mut faults).filter(|_| faults.is_empty());
    let pipeline = read.ok_or_else(|| {
        let why =
            faults.first().map_or_else(|| "it is no pipeline".to_owned(), |fault| fault.message.clone());
        let path = job.path(&PIPELINE).map(|path| path.display().to_string()).unwrap_or_default();
        Error::input(PIPELINE.name, format!("{path}: it is no pipeline: {why}"))
    })?;
    let graph = figures::graph::draw(&pipeline);
    Ok((text, graph))
}

fn write(job: &Job, port: &Port, text: &str) -> Result<Output, Error> {
    let mut output = job.create(port)?;
    output
        .write_all(text.as_bytes())
        .map_err(|source| Error::Output { path: output.path().to_owned(), source })?;
    Ok(output)
}
