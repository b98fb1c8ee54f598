//! Small streams of energies and small tables of layers, written here and read as the stage reads them.

use super::*;
use tables::{Provenance, Table};

fn batch(table: &'static Table, rest: Vec<Cells>) -> Batch {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = file.reopen().unwrap();
    let shapes = HashMap::from([("f1", vec![1]), ("f2", vec![1])]);
    let mut writer = Writer::parquet(output, table, &shapes, &Provenance::default()).unwrap();
    let mut cells = vec![
        Cells::Same("cnn2".to_owned(), 1),
        Cells::Same("real".to_owned(), 1),
        Cells::I64(vec![4]),
        Cells::I32(vec![5]),
        Cells::I32(vec![6]),
    ];
    cells.extend(rest);
    writer.write(cells).unwrap();
    writer.finish().unwrap();
    Reader::open(file.path(), table, &[]).unwrap().next().unwrap().unwrap()
}

fn histogram() -> Histogram {
    Histogram::new(Bins::new(-128.0, 128.0, 4).unwrap())
}

#[test]
fn energies_are_counted_raw_and_standardised() {
    // Half the energies at 1,000, half at 1,002: raw all beyond the last edge, standardised at -32 and 32.
    let values = (0..900).map(|index| if index % 2 == 0 { 1000.0 } else { 1002.0 }).collect();
    let batch = batch(&catalogue::ENERGIES, vec![Cells::F32Tensors(values)]);
    let counted = energies(&batch, 32.0, &histogram()).unwrap().remove(0);
    assert_eq!(counted.raw, [0, 0, 0, 900]);
    assert_eq!(counted.standardised, [0, 450, 450, 0]);
    let training = &counted.training;
    assert_eq!((training.network.as_str(), training.labels.as_str(), training.seed), ("cnn2", "real", 4));
    assert_eq!((counted.epochs, counted.images), (vec![5], vec![6]));
}

#[test]
fn energies_that_are_no_numbers_are_refused_with_their_row() {
    let mut values = vec![0.0; 900];
    values[3] = f32::INFINITY;
    let batch = batch(&catalogue::ENERGIES, vec![Cells::F32Tensors(values)]);
    let error = energies(&batch, 32.0, &histogram()).err().unwrap().to_string();
    assert!(error.contains("column `e_f1`, row 0: element 3 is inf"), "{error}");
}

#[test]
fn neurons_get_boltzmann_distributions_and_f2_a_histogram() {
    let tensor = |length: usize, value: f32| Cells::F32Tensors(vec![value; length]);
    let logits = Cells::F32Tensors((0..10).map(|class| if class == 3 { 2f32.ln() } else { 0.0 }).collect());
    let layer_cells = vec![
        tensor(900, 0.0),
        tensor(121, -10.0),
        tensor(1, 0.0),
        tensor(1, 0.0),
        tensor(20 * 121, 0.0),
        tensor(20 * 25, 0.0),
        tensor(20, 0.0),
        logits,
    ];
    let (_, rows) = layers(&batch(&catalogue::ACTIVATIONS, layer_cells), &histogram()).unwrap().remove(0);
    let of = |variable| rows.iter().find(|row| row.variable == variable).unwrap();
    assert_eq!(of("f2").counts, [0, 121, 0, 0]);
    assert_eq!(of("f3").probabilities, [0.05; 20]);
    assert!((of("fy").probabilities[3] - 2.0 / 11.0).abs() < 1e-6);
}
