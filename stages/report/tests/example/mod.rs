//! Small tables as the pipeline would make them, with numbers that are easy to tell apart.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use statistics::histogram::{Bins, counts};
use statistics::random::{split, standard_normal};
use tables::picture::{self, Grey};
use tables::{Cells, Provenance, Table, Writer, catalogue};

/// The figures of the report.
pub const FIGURES: [u8; 6] = [1, 2, 3, 4, 5, 8];

/// What the tables hold.
pub struct Example {
    /// Whether there is a training on random labels.
    pub random: bool,
    /// Standard deviation of the energies, in those of P(X).
    pub spread: f64,
    /// Epochs of the trainings.
    pub epochs: i32,
}

impl Default for Example {
    fn default() -> Self {
        Example { random: true, spread: 1.4, epochs: 30 }
    }
}

/// Writes a table into a folder.
pub fn write(folder: &Path, name: &str, table: &'static Table, columns: Vec<Cells>) {
    write_from(folder, name, table, columns, "{}");
}

/// The same, made from inputs with these digests.
pub fn write_from(folder: &Path, name: &str, table: &'static Table, columns: Vec<Cells>, inputs: &str) {
    let channels = 12;
    let shapes = HashMap::from([("f1", vec![channels, 30, 30]), ("f2", vec![channels, 15, 15])]);
    let provenance = Provenance {
        stage: "train".to_owned(),
        stage_version: "0.1.0".to_owned(),
        params: r#"{"variance":1024.0,"seed":1,"labels":"<real>"}"#.to_owned(),
        inputs: inputs.to_owned(),
        ..Provenance::default()
    };
    let file = File::create(folder.join(name)).unwrap();
    let mut writer = Writer::parquet(file, table, &shapes, &provenance).unwrap();
    writer.write(columns).unwrap();
    writer.finish().unwrap();
}

fn normals(count: usize, sd: f64, seed: u64) -> Vec<f32> {
    let mut random = split(seed, "example", 0);
    (0..count).map(|_| (standard_normal(&mut random) * sd) as f32).collect()
}

impl Example {
    /// Writes every table into a folder.
    pub fn write(&self, folder: &Path) {
        let pixels = (0..784_usize)
            .map(|at| if (at % 28).abs_diff(14) + (at / 28).abs_diff(14) < 9 { 255 } else { 0 })
            .collect();
        let png = picture::encode(&Grey { width: 28, height: 28, pixels }).unwrap();
        write(
            folder,
            "digits.parquet",
            &catalogue::DIGITS,
            vec![Cells::Images(vec![(png, "digit/3".to_owned())]), Cells::I64(vec![3])],
        );
        let region = |at: usize| match (at % 32).abs_diff(16) + (at / 32).abs_diff(16) {
            0..=6 => 3_u8,
            7 => 2,
            8 => 1,
            _ => 0,
        };
        write(
            folder,
            "dataset.parquet",
            &catalogue::DATASET,
            vec![
                Cells::I32((0..6).collect()),
                Cells::Words(["test"; 6].map(str::to_owned).to_vec()),
                Cells::U8((0..6).collect()),
                Cells::U8((0..6).rev().collect()),
                Cells::F32Tensors(normals(6 * 1024, 32.0, 1)),
                Cells::Bytes((0..6).flat_map(|_| (0..1024).map(region)).collect()),
                Cells::Words((0..6).map(|id| format!("digit/{id}")).collect()),
            ],
        );
        self.layers(folder, "real", "cnn2");
        if self.random {
            self.layers(folder, "random", "cnn3");
        }
        self.by_epoch(folder);
        let text = |words: &str| Cells::Words(vec![words.to_owned(); 3]);
        write(
            folder,
            "claims.parquet",
            &catalogue::CLAIMS,
            vec![
                Cells::Words(["<C1>", "<C2>", "<C3>"].map(str::to_owned).to_vec()),
                text("Each synthetic image's pixels follow N(0, 1024)"),
                text("Figure 1"),
                text("KL 0.53"),
                text("KL 0.028, null 0.027 (0.021 to 0.034)"),
                text("KL of the shape 0.033"),
                text("Within the null's 95 % range."),
                Cells::Words(["reproduced", "not reproduced", "inconclusive"].map(str::to_owned).to_vec()),
                text("summary"),
                text("seeds"),
                Cells::I32(vec![10; 3]),
                Cells::I32(vec![10; 3]),
            ],
        );
        self.evidence(folder, "{}");
    }

    /// The numbers behind its claims, made from inputs with these digests.
    pub fn evidence(&self, folder: &Path, inputs: &str) {
        let text = |words: &str| Cells::Words(vec![words.to_owned(); 3]);
        let number = |value: f64| Cells::F64(vec![value; 3]);
        write_from(
            folder,
            "evidence.parquet",
            &catalogue::EVIDENCE,
            vec![
                Cells::Words(["<C1>", "<C2>", "<C3>"].map(str::to_owned).to_vec()),
                text("decides"),
                text("excess_f1"),
                text("mean KL of <F1> less its null's mean"),
                text("CNN2 on real labels, 3 epochs"),
                text("nats"),
                text(""),
                text("seeds"),
                Cells::I32(vec![10; 3]),
                Cells::I32(vec![10; 3]),
                number(0.028),
                number(0.028),
                number(0.021),
                number(0.034),
                number(0.027),
                number(0.02),
                number(0.04),
                number(f64::NAN),
                text("at most"),
                number(0.05),
                Cells::Words(["reproduced", "not reproduced", "inconclusive"].map(str::to_owned).to_vec()),
                text("summary"),
            ],
            inputs,
        );
    }

    fn layers(&self, folder: &Path, labels: &str, network: &str) {
        let key = |rows: usize, epoch: i32| {
            vec![
                Cells::Same(network.to_owned(), rows),
                Cells::Same(labels.to_owned(), rows),
                Cells::I64(vec![1; rows]),
                Cells::I32(vec![epoch; rows]),
                Cells::I32(vec![3; rows]),
            ]
        };
        let e_f1 = normals(900, 32.0 * self.spread, 2);
        let e_f2 = normals(121, 50.0 * self.spread, 3);
        let mut columns = key(1, self.epochs);
        columns.extend([e_f1.clone(), e_f2.clone()].map(Cells::F32Tensors));
        for size in [12 * 900, 12 * 225, 20 * 121, 20 * 25, 20, 10] {
            columns.push(Cells::F32Tensors(vec![0.0; size]));
        }
        write(folder, &format!("a-{labels}.parquet"), &catalogue::ACTIVATIONS, columns);

        let bins = Bins::new(-128.0, 128.0, 64).unwrap();
        let histogram =
            |values: &[f32]| counts(values, &bins).into_iter().map(|count| count as u16).collect();
        let standardised: Vec<f32> = e_f1.iter().map(|e| e / self.spread as f32).collect();
        let x = normals(1024, 32.0, 4);
        let mut columns = key(6, self.epochs);
        columns
            .push(Cells::Words(["x", "f1", "f1_standardised", "f2", "f3", "fy"].map(str::to_owned).to_vec()));
        columns.push(Cells::U16Lists(vec![
            histogram(&x),
            histogram(&e_f1),
            histogram(&standardised),
            histogram(&e_f2),
            vec![],
            vec![],
        ]));
        let f3: Vec<f32> = (0..20).map(|neuron| if neuron % 3 == 0 { 0.1 } else { 0.02 }).collect();
        let fy: Vec<f32> = (0..10).map(|class| if class == 3 { 0.91 } else { 0.01 }).collect();
        columns.push(Cells::F32Lists(vec![vec![], vec![], vec![], vec![], f3, fy]));
        columns.push(Cells::F64(vec![-128.0, -128.0, -128.0, -128.0, 0.0, 0.0]));
        columns.push(Cells::F64(vec![128.0, 128.0, 128.0, 128.0, 0.0, 0.0]));
        write(folder, &format!("d-{labels}.parquet"), &catalogue::DISTRIBUTIONS, columns);

        let images: Vec<i32> = (0..6).collect();
        let mut columns = key(images.len(), self.epochs);
        columns[4] = Cells::I32(images.clone());
        let nulls = [0.027, 0.021, 0.034, 0.031, 0.024, 0.039, 0.030, 0.023, 0.038];
        for value in [0.028, 0.31 * self.spread, 0.033].into_iter().chain(nulls) {
            columns.push(Cells::F64(images.iter().map(|image| value + 1e-6 * f64::from(*image)).collect()));
        }
        write(folder, &format!("k-{labels}.parquet"), &catalogue::DIVERGENCES, columns);
    }

    /// The summary and the spread: falling divergences and errors, three seeds.
    fn by_epoch(&self, folder: &Path) {
        let mut trainings = vec![("cnn1", "real", 4.0), ("cnn2", "real", 12.0), ("cnn3", "real", 20.0)];
        if self.random {
            trainings.push(("cnn3", "random", 20.0));
        }
        let rows: Vec<(&str, &str, i32, f64)> = trainings
            .iter()
            .flat_map(|(network, labels, channels)| {
                (0..=self.epochs).map(move |epoch| (*network, *labels, epoch, *channels))
            })
            .collect();
        let words = |of: fn(&(&str, &str, i32, f64)) -> String| Cells::Words(rows.iter().map(of).collect());
        let numbers = |of: &dyn Fn(f64, f64) -> f64| {
            Cells::F64(rows.iter().map(|(_, _, epoch, channels)| of(f64::from(*epoch), *channels)).collect())
        };
        let kl = |epoch: f64, channels: f64| 8.0 / channels + 3.0 * (-epoch / 6.0).exp();
        let error = |epoch: f64, channels: f64| 0.02 + 0.1 / channels + 0.8 * (-epoch / 3.0).exp();
        let epochs = || Cells::I32(rows.iter().map(|row| row.2).collect());
        let mut summary = vec![
            words(|row| row.0.to_owned()),
            words(|row| row.1.to_owned()),
            Cells::I64(vec![1; rows.len()]),
            epochs(),
            Cells::I32(vec![10_000; rows.len()]),
        ];
        summary.extend((0..22).map(|_| numbers(&|_, _| 0.031)));
        summary.extend((0..2).map(|_| numbers(&|_, _| 0.0)));
        summary.push(numbers(&error));
        write(folder, "summary.parquet", &catalogue::SUMMARY, summary);
        let spread = vec![
            words(|row| row.0.to_owned()),
            words(|row| row.1.to_owned()),
            epochs(),
            Cells::I32(vec![3; rows.len()]),
            numbers(&kl),
            numbers(&|_, _| 0.1),
            numbers(&|epoch, channels| kl(epoch, channels) * 0.7),
            numbers(&|epoch, channels| kl(epoch, channels) * 1.5),
            numbers(&|epoch, channels| kl(epoch, channels) * 0.8),
            numbers(&|epoch, channels| kl(epoch, channels) * 1.3),
            numbers(&|_, _| 0.031),
            numbers(&|_, _| 0.024),
            numbers(&|_, _| 0.039),
            numbers(&|epoch, channels| kl(epoch, channels) - 0.031),
            numbers(&|epoch, _| 0.9 * (-epoch / 9.0).exp()),
            numbers(&|epoch, _| 0.8 * (-epoch / 9.0).exp()),
            numbers(&|epoch, _| 0.95 * (-epoch / 9.0).exp()),
            numbers(&error),
            numbers(&|_, _| 0.01),
            numbers(&|epoch, channels| error(epoch, channels) * 0.9),
            numbers(&|epoch, channels| error(epoch, channels) * 1.1),
            numbers(&|epoch, channels| error(epoch, channels) * 0.95),
            numbers(&|epoch, channels| error(epoch, channels) * 1.05),
        ];
        write(folder, "spread.parquet", &catalogue::SPREAD, spread);
    }
}
