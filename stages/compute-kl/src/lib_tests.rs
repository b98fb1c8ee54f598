//! Small tables of distributions, written here and read as the stage reads them.

use super::*;
use statistics::divergence::kl_of_counts;
use tables::Provenance;

/// A row: image, variable, counts over four bins on [-128, 128].
type Row = (i32, &'static str, [u16; 4]);

fn table(seeds: &[i64], rows: &[Row]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = file.reopen().unwrap();
    let mut writer =
        Writer::parquet(output, &catalogue::DISTRIBUTIONS, &HashMap::new(), &Provenance::default()).unwrap();
    let n = rows.len();
    let cells = vec![
        Cells::Same("cnn1".to_owned(), n),
        Cells::Same("real".to_owned(), n),
        Cells::I64(seeds.to_vec()),
        Cells::I32(vec![3; n]),
        Cells::I32(rows.iter().map(|row| row.0).collect()),
        Cells::Words(rows.iter().map(|row| row.1.to_owned()).collect()),
        Cells::U16Lists(rows.iter().map(|row| row.2.to_vec()).collect()),
        Cells::F32Lists(vec![Vec::new(); n]),
        Cells::F64(vec![-128.0; n]),
        Cells::F64(vec![128.0; n]),
    ];
    writer.write(cells).unwrap();
    writer.finish().unwrap();
    file
}

const ROWS: [Row; 3] =
    [(7, "x", [1, 5, 6, 0]), (7, "f1", [2, 2, 2, 2]), (7, "f1_standardised", [0, 4, 4, 0])];

#[test]
fn every_image_gets_the_divergence_that_the_formula_gives() {
    let file = table(&[1; 3], &ROWS);
    for (empty, smoothing) in
        [(Empty::Pseudocount, Smoothing::Pseudocount(0.5)), (Empty::Floor, Smoothing::Floor(1e-10))]
    {
        let found = read(file.path(), &Params { smoothing: empty, ..Params::default() }).unwrap();
        let p = probabilities(
            &Bins::new(-128.0, 128.0, 4).unwrap(),
            &Distribution::new(Family::Normal, 0.0, 32.0).unwrap(),
        );
        let expected = ROWS.map(|row| kl_of_counts(&p, &row.2.map(u32::from), smoothing));
        let rows = join(&found, file.path()).unwrap();
        assert_eq!((rows.len(), rows[0].0, rows[0].1), (1, 3, 7));
        for (ours, expected) in rows[0].2.into_iter().zip(expected) {
            assert!((ours - expected).abs() < 1e-12, "{ours} for {expected}");
        }
        assert!(found.null_x.low < found.null_x.mean && found.null_x.mean < found.null_x.high);
    }
}

#[test]
fn histograms_of_another_size_are_refused_with_their_row() {
    let file = table(&[1; 3], &[ROWS[0], ROWS[1], (8, "f1", [2, 2, 2, 3])]);
    let error = read(file.path(), &Params::default()).err().unwrap().to_string();
    assert!(error.contains("column `counts`, row 2: counts of 9 values, where others count 8"), "{error}");
}

#[test]
fn a_second_training_in_the_file_is_refused() {
    let file = table(&[1, 1, 2], &ROWS);
    let error = read(file.path(), &Params::default()).err().unwrap().to_string();
    assert!(error.contains("row 2: another training begins"), "{error}");
}

#[test]
fn a_table_without_energies_is_refused() {
    let file = table(&[1], &ROWS[..1]);
    let error = read(file.path(), &Params::default()).err().unwrap().to_string();
    assert!(error.contains("no histogram of x or none of f1"), "{error}");
}

#[test]
fn an_image_that_lacks_a_variable_or_has_one_twice_is_named() {
    let file = table(&[1; 2], &[ROWS[0], ROWS[1]]);
    let found = read(file.path(), &Params::default()).unwrap();
    let error = join(&found, file.path()).err().unwrap().to_string();
    assert!(error.contains("image 7 at epoch 3 needs a row of each"), "{error}");
    let file = table(&[1; 4], &[ROWS[0], ROWS[1], ROWS[2], ROWS[1]]);
    let error = read(file.path(), &Params::default()).err().unwrap().to_string();
    assert!(error.contains("column `variable`, row 3: `f1` of image 7 at epoch 3 again"), "{error}");
}
