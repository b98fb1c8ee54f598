//! Computes layers and energies: checkpoints and a dataset in, activations of some images and energies of all out.

use std::collections::HashMap;

use network::checkpoints::{self, Checkpoints, Training};
use network::energies::EnergyFilter;
use network::layers::{Layers, layers};
use network::{Architecture, Parameters};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::{Error, Job, Output, Port, Stage};
use tables::dataset::{self, Dataset};
use tables::{Cells, PIXELS, Provenance, Writer, catalogue};

const DATASET: Port = Port::input("dataset", &catalogue::DATASET, "Images to send through the networks");
const CHECKPOINTS: Port = Port::input("checkpoints", &catalogue::CHECKPOINTS, "The networks, one an epoch");
const ACTIVATIONS: Port =
    Port::output("activations", &catalogue::ACTIVATIONS, "All layers of the kept images at the kept epochs");
const ENERGIES: Port =
    Port::output_stream("energies", &catalogue::ENERGIES, "E_F1 of all test images at all epochs");

/// The stage's declaration.
pub const STAGE: Stage<Params> = Stage {
    name: "dump-activations",
    version: env!("CARGO_PKG_VERSION"),
    about: "Computes the layers of some test images, and the energies of F1 of all of them, at every epoch.",
    example: "dump-activations --dataset dataset.parquet --checkpoints checkpoints.parquet \\\n    --activations activations.parquet --energies energies.arrow",
    ports: &[&DATASET, &CHECKPOINTS, &ACTIVATIONS, &ENERGIES],
    run,
};

/// What can be set.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Test images whose layers are kept: `first:N`, `all`, or a list of image ids; the first ten show every class once.
    pub keep_images: String,
    /// Epochs at which they are kept: `all`, or a list such as `0,1,last`.
    pub keep_epochs: String,
}

impl Default for Params {
    fn default() -> Self {
        Params { keep_images: "first:10".to_owned(), keep_epochs: "0,last".to_owned() }
    }
}

/// Images a batch of the stream: few enough to stay in the cache from where they are computed to where they are counted.
const ROWS: usize = 100;

fn run(job: &Job, params: &Params) -> Result<(), Error> {
    let provenance = job.provenance()?;
    let test = job.read(&DATASET, dataset::read_test)?;
    let checkpoints = job.read(&CHECKPOINTS, checkpoints::read)?;
    let kept = checkpoints.at(&params.keep_epochs).map_err(|detail| Error::param("keep_epochs", detail))?;
    let Checkpoints { training, epochs } = &checkpoints;
    let images = choose_images(&params.keep_images, &test.image_ids)
        .map_err(|detail| Error::param("keep_images", detail))?;

    let activations = job.create(&ACTIVATIONS)?;
    let energies = job.create(&ENERGIES)?;
    let mut energies = Writer::stream(energies, &catalogue::ENERGIES, &HashMap::new(), &provenance)?;
    for (done, (epoch, parameters)) in epochs.iter().enumerate() {
        write_energies(&mut energies, training, *epoch, parameters, &test)?;
        job.progress().at(done + 1, epochs.len(), "epochs", "");
    }
    let activations = write_activations(activations, training, &kept, &test, &images, &provenance)?;
    Output::publish(vec![activations, energies.finish()?])
}

/// Where the chosen test images stand in the dataset.
fn choose_images(text: &str, ids: &[i32]) -> Result<Vec<usize>, String> {
    let text = text.trim();
    if text == "all" {
        return Ok((0..ids.len()).collect());
    }
    if let Some(count) = text.strip_prefix("first:") {
        let number = count.trim().parse().ok().filter(|count| *count > 0);
        let count: usize = number.ok_or_else(|| format!("`{count}` is no number of images"))?;
        return Ok((0..count.min(ids.len())).collect());
    }
    let place = |item: &str| {
        let id = item.trim();
        let number: i32 = id.parse().map_err(|_| {
            format!("`{id}` is no image id; write `first:10`, `all`, or a list such as `10000,10017`")
        })?;
        ids.iter().position(|known| *known == number).ok_or_else(|| format!("there is no test image {id}"))
    };
    text.split(',').map(place).collect()
}

/// E_F1 of all test images in one network.
fn write_energies(
    writer: &mut Writer<Output>,
    training: &Training,
    epoch: i32,
    parameters: &Parameters,
    test: &Dataset,
) -> Result<(), Error> {
    let filter = EnergyFilter::of_f1(parameters);
    let batches = test.pixels.chunks(ROWS * PIXELS).zip(test.image_ids.chunks(ROWS));
    for (images, ids) in batches {
        let mut energies = vec![0.0; ids.len() * filter.count()];
        let pairs = energies.par_chunks_exact_mut(filter.count()).zip(images.par_chunks_exact(PIXELS));
        pairs.with_min_len(AT_ONCE).for_each(|(energies, image)| filter.fill(image, energies));
        let mut cells: Vec<Cells> = training.cells(ids.len()).into();
        cells.push(Cells::I32(vec![epoch; ids.len()]));
        cells.push(Cells::I32(ids.to_vec()));
        cells.push(Cells::F32Tensors(energies));
        writer.write(cells)?;
    }
    Ok(())
}

/// Images that a thread takes at once; fewer are not worth its waking up.
const AT_ONCE: usize = 50;

/// All layers of the chosen test images in the kept networks.
fn write_activations(
    output: Output,
    training: &Training,
    kept: &[&(i32, Parameters)],
    test: &Dataset,
    images: &[usize],
    provenance: &Provenance,
) -> Result<Output, Error> {
    let architecture = training.network.architecture();
    let mut writer = Writer::parquet(output, &catalogue::ACTIVATIONS, &shapes(&architecture), provenance)?;
    for (epoch, parameters) in kept {
        let all: Vec<Layers> =
            images.par_iter().map(|image| layers(parameters, test.image(*image))).collect();
        let tensors = |layer: fn(&Layers) -> &Vec<f32>| {
            Cells::F32Tensors(all.iter().flat_map(|layers| layer(layers).iter().copied()).collect())
        };
        let mut cells: Vec<Cells> = training.cells(images.len()).into();
        cells.push(Cells::I32(vec![*epoch; images.len()]));
        cells.push(Cells::I32(images.iter().map(|image| test.image_ids[*image]).collect()));
        cells.extend([
            tensors(|layers| &layers.e_f1),
            tensors(|layers| &layers.e_f2),
            tensors(|layers| &layers.f1),
            tensors(|layers| &layers.f2),
            tensors(|layers| &layers.f3),
            tensors(|layers| &layers.f4),
            tensors(|layers| &layers.f5),
            tensors(|layers| &layers.f_y),
        ]);
        writer.write(cells)?;
    }
    Ok(writer.finish()?)
}

/// The shapes that depend on the network's channels.
fn shapes(a: &Architecture) -> HashMap<&'static str, Vec<usize>> {
    HashMap::from([
        ("f1", vec![a.channels1, a.side1(), a.side1()]),
        ("f2", vec![a.channels1, a.side2(), a.side2()]),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_chosen_by_number_or_by_id() {
        let ids = [10, 11, 12];
        assert_eq!(choose_images("first:2", &ids), Ok(vec![0, 1]));
        assert_eq!(choose_images("first:9", &ids), Ok(vec![0, 1, 2]));
        assert_eq!(choose_images("12, 10", &ids), Ok(vec![2, 0]));
        assert_eq!(choose_images("all", &ids), Ok(vec![0, 1, 2]));
        assert_eq!(choose_images("13", &ids).unwrap_err(), "there is no test image 13");
        assert!(choose_images("ten", &ids).unwrap_err().contains("`ten` is no image id"));
    }
}
