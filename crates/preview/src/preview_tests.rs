//! Tables that were written for it, as they are shown.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::{Float32Type, Int32Type};
use arrow_array::{
    ArrayRef, DictionaryArray, FixedSizeListArray, Float64Array, LargeListArray, ListArray, RecordBatch,
};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;

use super::*;

/// Writes a table with a column of words, of numbers, of 2×1 tensors and of lists.
fn write(path: &Path, words: &[&str], numbers: &[Option<f64>], shape: &str) {
    let tensor = Arc::new(Field::new("item", DataType::Float32, true));
    let lists: Vec<Option<Vec<Option<i32>>>> = (0..words.len()).map(|row| Some(vec![Some(7); row])).collect();
    let tensors: Vec<Option<Vec<Option<f32>>>> =
        words.iter().map(|_| Some(vec![Some(1.0), Some(-3.0)])).collect();
    let columns: Vec<(Field, ArrayRef)> = vec![
        (
            Field::new(
                "word",
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                true,
            ),
            Arc::new(words.iter().copied().collect::<DictionaryArray<Int32Type>>()),
        ),
        (
            Field::new("number", DataType::Float64, true)
                .with_metadata(HashMap::from([("unit".to_owned(), "nats".to_owned())])),
            Arc::new(Float64Array::from(numbers.to_vec())),
        ),
        (
            Field::new("tensor", DataType::FixedSizeList(tensor, 2), true).with_metadata(HashMap::from([
                ("ARROW:extension:name".to_owned(), "arrow.fixed_shape_tensor".to_owned()),
                ("ARROW:extension:metadata".to_owned(), format!("{{\"shape\": {shape}}}")),
            ])),
            Arc::new(FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(tensors, 2)),
        ),
        (
            Field::new("list", DataType::List(Arc::new(Field::new_list_field(DataType::Int32, true))), true),
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists)),
        ),
    ];
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let said = HashMap::from([("priorscope.schema".to_owned(), "example".to_owned())]);
    let schema = Arc::new(Schema::new(fields).with_metadata(said));
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), schema.clone(), None).unwrap();
    writer.write(&RecordBatch::try_new(schema, arrays).unwrap()).unwrap();
    writer.close().unwrap();
}

#[test]
fn every_column_is_shown_with_its_type_shape_unit_and_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("example.parquet");
    write(&path, &["b", "a", "b"], &[Some(1.5), None, Some(f64::NAN)], "[2, 1]");
    let shown = preview(&[path]).unwrap();
    assert_eq!((shown.rows, shown.files, shown.metadata["schema"].as_str()), (3, 1, "example"));
    let [word, number, tensor, list] = shown.columns.as_slice() else { panic!("four columns") };
    assert_eq!(word.kind, "category");
    let commonest = vec![("b".to_owned(), 2), ("a".to_owned(), 1)];
    assert_eq!(word.statistics, Statistics::Words { different: Some(2), commonest });
    assert_eq!((number.unit.as_deref(), number.empty), (Some("nats"), 1));
    assert_eq!(number.statistics, Statistics::Numbers { least: 1.5, mean: 1.5, largest: 1.5, nan: 1 });
    assert_eq!(number.first, ["1.500", "none", "NaN"]);
    assert_eq!((tensor.kind.as_str(), tensor.shapes.as_slice()), ("float32", &[vec![2, 1]][..]));
    assert_eq!(tensor.statistics, Statistics::Numbers { least: -3.0, mean: -1.0, largest: 1.0, nan: 0 });
    assert_eq!((list.kind.as_str(), list.lengths), ("int32", Some((0, 2))));
}

#[test]
fn files_of_one_table_are_shown_together_and_their_tensors_may_differ_in_shape() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.parquet", "b.parquet"].map(|name| folder.path().join(name));
    write(&paths[0], &["a"], &[Some(1.0)], "[2, 1]");
    write(&paths[1], &["b", "b"], &[Some(2.0), Some(6.0)], "[1, 2]");
    let shown = preview(&paths).unwrap();
    assert_eq!((shown.rows, shown.files), (3, 2));
    assert_eq!(
        shown.columns[1].statistics,
        Statistics::Numbers { least: 1.0, mean: 3.0, largest: 6.0, nan: 0 }
    );
    assert_eq!(shown.columns[2].shapes, [vec![2, 1], vec![1, 2]]);
}

#[test]
fn what_is_no_table_or_another_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [text, one, other] = ["a.txt", "a.parquet", "b.parquet"].map(|name| folder.path().join(name));
    std::fs::write(&text, "text").unwrap();
    write(&one, &["a"], &[Some(1.0)], "[2, 1]");
    let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Float64, true)]));
    let mut writer = ArrowWriter::try_new(File::create(&other).unwrap(), schema.clone(), None).unwrap();
    let array: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    writer.write(&RecordBatch::try_new(schema, vec![array]).unwrap()).unwrap();
    writer.close().unwrap();
    assert!(preview(&[text]).unwrap_err().to_string().contains("no Parquet file, or cut short"));
    assert!(preview(&[one, other]).unwrap_err().to_string().contains("other columns"));
    assert!(preview(&[]).is_err());
}

#[test]
fn lists_with_long_offsets_as_polars_writes_them_are_shown_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lists.parquet");
    let rows = vec![Some(vec![Some(1), Some(5)]), Some(vec![Some(3)])];
    let lists: ArrayRef = Arc::new(LargeListArray::from_iter_primitive::<Int32Type, _, _>(rows));
    let schema = Arc::new(Schema::new(vec![Field::new("list", lists.data_type().clone(), true)]));
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema.clone(), None).unwrap();
    writer.write(&RecordBatch::try_new(schema, vec![lists]).unwrap()).unwrap();
    writer.close().unwrap();
    let shown = preview(&[path]).unwrap();
    let list = &shown.columns[0];
    assert_eq!((list.kind.as_str(), list.lengths), ("int32", Some((1, 2))));
    assert_eq!(list.statistics, Statistics::Numbers { least: 1.0, mean: 3.0, largest: 5.0, nan: 0 });
    assert_eq!(list.first, ["1, 5", "3"]);
}
