//! Files that are written by way of lists or in groups, beside what Parquet's own writer makes of the same batches.

use arrow_array::types::{Float32Type, Int32Type, UInt8Type};
use arrow_array::{FixedSizeListArray, ListArray, StringArray, UInt8Array};

use super::*;

type Optional<T> = Option<Vec<Option<T>>>;

/// Tensors of one length, some of them or of their numbers empty, of numbers that become lists and of others that don't; and all that
/// was never a tensor.
fn batch(rows: usize) -> RecordBatch {
    let floats = |length: usize| {
        let row = move |row: usize| -> Optional<f32> {
            (row % 5 != 2).then(|| (0..length).map(|at| (at % 7 != 3).then_some((row + at) as f32)).collect())
        };
        FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>((0..rows).map(row), length as i32)
    };
    let empty = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(
        (0..rows).map(|_| None::<Vec<Option<f32>>>),
        20,
    );
    let bytes = FixedSizeListArray::from_iter_primitive::<UInt8Type, _, _>(
        (0..rows).map(|row| Some(vec![Some(row as u8); 30])),
        30,
    );
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(
        (0..rows * 16).map(|row| Some(vec![Some(1); row % 3])),
    );
    let element = Arc::new(Field::new("item", lists.data_type().clone(), true));
    let nested = FixedSizeListArray::new(element, 16, Arc::new(lists), None);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("tensors", Arc::new(floats(24))),
        ("short", Arc::new(floats(3))),
        ("without", Arc::new(floats(0))),
        ("empty", Arc::new(empty)),
        ("bytes", Arc::new(bytes)),
        ("nested", Arc::new(nested)),
        ("words", Arc::new(StringArray::from_iter_values((0..rows).map(|row| row.to_string())))),
        ("numbers", Arc::new(UInt8Array::from_iter_values((0..rows).map(|row| row as u8)))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn plain(batches: &[RecordBatch]) -> Vec<u8> {
    let schema = batches[0].schema();
    let mut writer =
        ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties(&schema).unwrap())).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn by_lists(batches: &[RecordBatch]) -> Vec<u8> {
    let mut sink = ParquetSink::new(Box::new(Vec::new()), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| sink.write(batch).unwrap());
    own(sink.finish().unwrap(), "x").unwrap()
}

#[test]
fn tensors_make_the_file_that_they_would_make_without_becoming_lists() {
    let whole = batch(40);
    let parts = [whole.slice(0, 3), whole.slice(3, 0), whole.slice(3, 30), whole.slice(33, 7)];
    for batches in [&[whole][..], &parts, &[batch(0)]] {
        assert!(by_lists(batches) == plain(batches));
    }
}

#[test]
fn a_file_is_cut_into_the_row_groups_that_it_would_have_without_becoming_lists() {
    // As many rows as make more than one group: at most 1,048,576 have room in one.
    let values = (0..16 * 1_050_000).map(|at| Some((at % 11) as f32));
    let element = Arc::new(Field::new("item", DataType::Float32, true));
    let values = Arc::new(values.collect::<arrow_array::Float32Array>());
    let tensors = FixedSizeListArray::new(element, 16, values, None);
    let batch = RecordBatch::try_from_iter([("x", Arc::new(tensors) as ArrayRef)]).unwrap();
    assert!(by_lists(std::slice::from_ref(&batch)) == plain(&[batch]));
}

#[test]
fn a_batch_without_columns_is_written() {
    let schema = Arc::new(Schema::empty());
    let rows = RecordBatchOptions::new().with_row_count(Some(3));
    let batch = RecordBatch::try_new_with_options(schema, vec![], &rows).unwrap();
    assert!(by_lists(std::slice::from_ref(&batch)) == plain(&[batch]));
}

/// A group of these rows that was encoded apart, as a file.
fn apart(batch: &RecordBatch) -> Vec<u8> {
    let (sink, mut file) =
        ParquetSink::new(Box::new(Vec::new()), &batch.schema()).unwrap().into_groups().unwrap();
    let mut group = file.next_row_group().unwrap();
    for column in sink.encode(batch).unwrap() {
        column.append_to_row_group(&mut group).unwrap();
    }
    group.close().unwrap();
    own(file.into_inner().unwrap(), "x").unwrap()
}

#[test]
fn a_group_that_was_encoded_apart_is_the_one_that_would_be_written() {
    assert!(apart(&batch(40)) == plain(&[batch(40)]));
}

#[test]
fn a_group_of_many_pages_is_the_one_that_would_be_written() {
    for length in [16, 24, 1000, 1024, 1025, 70_000] {
        let rows = 5 * PAGE / (4 * length) + 3;
        let values = (0..rows * length).map(|at| Some((at % 11) as f32));
        let values = Arc::new(values.collect::<arrow_array::Float32Array>());
        let element = Arc::new(Field::new("item", DataType::Float32, false));
        let tensors = Arc::new(FixedSizeListArray::new(element, length as i32, values, None));
        assert!(rows > rows_at_once(&(tensors.clone() as ArrayRef)), "{length}");
        let batch = RecordBatch::try_from_iter([("x", tensors as ArrayRef)]).unwrap();
        assert!(apart(&batch) == plain(&[batch]), "{length}");
    }
}
