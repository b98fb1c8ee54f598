//! Everything that a reader can choose to see: by network, seed, epoch and image.

use serde::Serialize;
use stage::Error;

use super::pictures;
use super::plots::{Plot, Shared};
use crate::data::{Data, Extent, Filters, Layers};
use crate::figures::layers::{label, lie, lines, peak, shown};
use crate::sheet::{GREYEST, greys};
use crate::words;

/// All views, as the page's script reads them: choices within choices.
#[derive(Serialize)]
pub struct Views {
    /// Networks with their labels.
    pub choices: Vec<Choice<Choice<Epoch>>>,
    images: Vec<Image>,
    shared: Shared,
    /// What is shown at first: places of the network, the seed, the epoch and the image.
    start: [usize; 4],
}

/// One choice, and what can be chosen within it.
#[derive(Serialize)]
pub struct Choice<T> {
    name: String,
    choices: Vec<T>,
}

/// One epoch of one training.
#[derive(Serialize)]
pub struct Epoch {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    filters: Option<Picture>,
    choices: Vec<View>,
}

/// One image in one network at one epoch.
#[derive(Serialize)]
pub struct View {
    name: String,
    /// Its place among the images.
    image: usize,
    /// What is shown, in a sentence.
    says: String,
    e_f1: Picture,
    #[serde(skip_serializing_if = "Option::is_none")]
    f1: Option<Plot>,
    #[serde(skip_serializing_if = "Option::is_none")]
    f2: Option<Plot>,
    #[serde(skip_serializing_if = "Option::is_none")]
    f3: Option<Plot>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fy: Option<Plot>,
}

/// One image of the dataset; it stands here once for all networks.
#[derive(Serialize)]
struct Image {
    #[serde(skip)]
    image_id: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<Picture>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regions: Option<Picture>,
}

/// A PNG in base64, and what it shows in words.
#[derive(Serialize)]
pub struct Picture {
    /// The PNG.
    pub png: String,
    /// The words.
    pub says: String,
}

/// What is shown at first, without a script too.
pub struct Start<'a> {
    /// What is shown, in a sentence.
    pub says: &'a str,
    /// The image, its regions, the filters and the energies of F1, as far as the tables have them.
    pub pictures: [Option<&'a Picture>; 4],
}

impl Views {
    /// What is shown at first; none where there is nothing to show.
    pub fn start(&self) -> Option<Start<'_>> {
        let [network, seed, epoch, image] = self.start;
        let epoch = self.choices.get(network)?.choices.get(seed)?.choices.get(epoch)?;
        let view = epoch.choices.get(image)?;
        let image = self.images.get(view.image)?;
        let pictures = [image.x.as_ref(), image.regions.as_ref(), epoch.filters.as_ref(), Some(&view.e_f1)];
        Some(Start { says: &view.says, pictures })
    }
}

/// One image in one network at one epoch, with its energies of F1.
type Row<'a> = (&'a Layers, &'a [f32]);

/// Makes every view.
pub(super) fn read(data: &Data) -> Result<Views, Error> {
    let rows: Vec<Row<'_>> =
        data.explored.layers.iter().zip(data.explored.energies.iter().map(Vec::as_slice)).collect();
    let mut maker = Maker { data, images: Vec::new(), shared: Shared::default() };
    let first = data.real.as_ref().or(data.random.as_ref());
    let mut start = [0; 4];
    let mut choices = Vec::new();
    for of_network in
        rows.chunk_by(|a, b| (&a.0.key.network, &a.0.key.labels) == (&b.0.key.network, &b.0.key.labels))
    {
        let mut seeds = Vec::new();
        for of_seed in of_network.chunk_by(|a, b| a.0.key.seed == b.0.key.seed) {
            let mut epochs = Vec::new();
            for of_epoch in of_seed.chunk_by(|a, b| a.0.key.epoch == b.0.key.epoch) {
                let is_first = |row: &Row<'_>| {
                    first.is_some_and(|first| first.key == row.0.key && first.image_id == row.0.image_id)
                };
                if let Some(image) = of_epoch.iter().position(is_first) {
                    start = [choices.len(), seeds.len(), epochs.len(), image];
                }
                epochs.push(maker.epoch(of_epoch)?);
            }
            let name = of_seed.first().map_or_else(String::new, |row| row.0.key.seed.to_string());
            seeds.push(Choice { name, choices: epochs });
        }
        let name = of_network.first().map_or_else(String::new, |row| {
            format!("{}, {} labels", words::network(&row.0.key.network), row.0.key.labels)
        });
        choices.push(Choice { name, choices: seeds });
    }
    Ok(Views { choices, images: maker.images, shared: maker.shared, start })
}

struct Maker<'a> {
    data: &'a Data,
    images: Vec<Image>,
    shared: Shared,
}

impl Maker<'_> {
    fn epoch(&mut self, rows: &[Row<'_>]) -> Result<Epoch, Error> {
        let key = rows.first().map(|row| &row.0.key);
        let filters = key.and_then(|key| self.data.explored.filters.get(key)).map(filters).transpose()?;
        let choices =
            rows.iter().map(|(layers, energies)| self.view(layers, energies)).collect::<Result<_, _>>()?;
        Ok(Epoch { name: key.map_or_else(String::new, |key| key.epoch.to_string()), filters, choices })
    }

    fn view(&mut self, layers: &Layers, energies: &[f32]) -> Result<View, Error> {
        let key = &layers.key;
        let mut says = format!(
            "{}; image {}",
            words::training(&key.network, &key.labels, key.seed, key.epoch),
            layers.image_id
        );
        let mut name = layers.image_id.to_string();
        if let Some(image) = &layers.image {
            name += &format!(": class {}", image.label);
            says += &format!(" of class {}", image.label);
            if key.labels == "random" {
                says += &format!(", random label {}", image.random_label);
            }
        }
        Ok(View {
            name,
            image: self.image(layers)?,
            says,
            e_f1: energies_of_f1(energies, &layers.e_f1)?,
            f1: self.histogram(layers, "f1", "energy of F1", Some(self.data.sd)),
            f2: self.histogram(layers, "f2", "energy of F2", None),
            f3: self.probabilities(layers, "f3"),
            fy: self.probabilities(layers, "fy"),
        })
    }

    fn image(&mut self, layers: &Layers) -> Result<usize, Error> {
        if let Some(known) = self.images.iter().position(|known| known.image_id == layers.image_id) {
            return Ok(known);
        }
        let (x, regions) = match &layers.image {
            Some(image) => (
                Some(Picture {
                    png: pictures::grey(&image.pixels, tables::SIDE, -GREYEST, GREYEST)?,
                    says: greys(image.pixels.iter()),
                }),
                Some(Picture {
                    png: pictures::regions(&image.regions, tables::SIDE)?,
                    says: "from dark to light: outside, outside-boundary, inside-boundary, inside".to_owned(),
                }),
            ),
            None => (None, None),
        };
        self.images.push(Image { image_id: layers.image_id, x, regions });
        Ok(self.images.len() - 1)
    }

    fn histogram(&mut self, layers: &Layers, variable: &str, title: &str, sd: Option<f64>) -> Option<Plot> {
        let (density, range) = shown(layers, variable)?;
        let says = lines(layers, variable).join("; ");
        Some(self.shared.histogram(title, &density, range, sd, says))
    }

    fn probabilities(&mut self, layers: &Layers, variable: &str) -> Option<Plot> {
        let found = layers.distributions.get(variable).filter(|found| !found.probabilities.is_empty())?;
        let (title, first, marked) =
            if variable == "fy" { ("class", 0.0, label(layers)) } else { ("neuron", 1.0, None) };
        let says = peak(found, variable, marked);
        Some(self.shared.probabilities(title, &found.probabilities, first, marked, says))
    }
}

fn energies_of_f1(energies: &[f32], extent: &Extent) -> Result<Picture, Error> {
    // Energies are those of a square: a filter moves as far down as across.
    let side = energies.len().isqrt();
    let png = pictures::grey(energies, side, extent.low as f32, extent.high as f32)?;
    Ok(Picture { png, says: format!("{}; the least is black, the largest white", lie(extent)) })
}

fn filters(filters: &Filters) -> Result<Picture, Error> {
    let most = filters.weights.iter().fold(0.0_f32, |most, weight| most.max(weight.abs()));
    let [height, width] = filters.size;
    let count = filters.weights.len() / (height * width).max(1);
    let bound = words::signed(f64::from(most), 2);
    let are = if count == 1 { "one filter".to_owned() } else { format!("{count} filters") };
    Ok(Picture {
        png: pictures::filters(filters, most)?,
        says: format!("{are} of {height}×{width}, grey from −{bound} (black) to {bound} (white)"),
    })
}
