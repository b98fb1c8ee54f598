//! Streams that are kept whole, in every piece size; and streams that are cut, damaged or not of ours.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, DictionaryArray, FixedSizeListArray, Float32Array, Int64Array, ListArray, RecordBatch,
    StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, Schema, UnionFields, UnionMode};
use arrow_select::concat::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::NamedTempFile;

use super::*;
use crate::sink::ROW_GROUP;
use crate::{Cells, Provenance, Writer, catalogue};

/// Rows of two epochs of energies, written by a stage as a stream or as a file.
fn write_energies<W: Write + Send + 'static>(mut writer: Writer<W>) -> W {
    for epoch in 0..2 {
        let rows = 3;
        writer
            .write(vec![
                Cells::Same("cnn2".to_owned(), rows),
                Cells::Same("real".to_owned(), rows),
                Cells::I64(vec![1; rows]),
                Cells::I32(vec![epoch; rows]),
                Cells::I32((0..rows as i32).collect()),
                Cells::F32Tensors((0..rows * 900).map(|value| value as f32 / 7.0).collect()),
            ])
            .unwrap();
    }
    writer.finish().unwrap()
}

fn provenance() -> Provenance {
    Provenance {
        stage: "dump-activations".to_owned(),
        stage_version: "3".to_owned(),
        params: r#"{"keep_images":"all"}"#.to_owned(),
        inputs: r#"{"dataset":"4f"}"#.to_owned(),
        lineage: r#"{"train":{"seed":1}}"#.to_owned(),
        extra: vec![("other.tool".to_owned(), "its entry".to_owned())],
    }
}

fn energies() -> Vec<u8> {
    let stream = Writer::stream(Vec::new(), &catalogue::ENERGIES, &HashMap::new(), &provenance());
    write_energies(stream.unwrap())
}

/// Keeps a stream that comes in pieces of `length` bytes.
fn keep(stream: &[u8], length: usize) -> Result<Vec<u8>, Error> {
    let mut keeper = Keeper::new(Path::new("-"), Vec::new());
    stream.chunks(length).try_for_each(|piece| keeper.push(piece))?;
    keeper.finish()
}

fn why(stream: &[u8]) -> String {
    keep(stream, 1 << 16).unwrap_err().to_string()
}

#[test]
fn a_kept_stream_is_the_file_that_its_writer_would_have_written() {
    let file = Writer::parquet(Vec::new(), &catalogue::ENERGIES, &HashMap::new(), &provenance());
    let file = write_energies(file.unwrap());
    for length in [1, 7, 4096, usize::MAX] {
        assert!(keep(&energies(), length).unwrap() == file, "pieces of {length} bytes");
    }
}

fn nested(from: i64) -> RecordBatch {
    let words: DictionaryArray<Int32Type> =
        [Some("a"), None, Some(if from == 0 { "b" } else { "c" })].into_iter().collect();
    let fields = vec![Field::new("x", DataType::Int64, true), Field::new("y", DataType::Utf8, true)];
    let pairs: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![Some(from), None, Some(from + 2)])),
        Arc::new(StringArray::from(vec![None, Some("ä"), Some("")])),
    ];
    let lists =
        ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]);
    let times = TimestampMicrosecondArray::from(vec![None, Some(1), Some(-1)]).with_timezone("UTC");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("words", Arc::new(words)),
        ("pairs", Arc::new(StructArray::new(fields.into(), pairs, None))),
        ("lists", Arc::new(lists)),
        ("times", Arc::new(times)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn stream_of(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn rows_of(parquet: Vec<u8>) -> Vec<RecordBatch> {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), parquet).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.reopen().unwrap()).unwrap();
    reader.build().unwrap().map(Result::unwrap).collect()
}

#[test]
fn any_schema_reads_back_equal_with_its_empty_values_and_changing_words() {
    let batches = [nested(0), nested(10)];
    let schema = batches[0].schema();
    let kept = rows_of(keep(&stream_of(&batches), 100).unwrap());
    let [kept, given] = [&kept[..], &batches].map(|all| concat_batches(&schema, all).unwrap());
    // The numbers behind the words of a dictionary may differ; the words may not.
    let words = |batch: &RecordBatch| arrow_cast::cast(batch.column(0), &DataType::Utf8).unwrap();
    assert_eq!(&words(&kept), &words(&given));
    assert_eq!(kept.columns()[1..], given.columns()[1..]);
}

#[test]
fn a_stream_without_rows_becomes_a_table_without_rows() {
    let schema = Schema::new(vec![Field::new("x", DataType::Int64, false)]);
    let stream = StreamWriter::try_new(Vec::new(), &schema).unwrap().into_inner().unwrap();
    assert_eq!(rows_of(keep(&stream, 100).unwrap()).len(), 0);
}

#[test]
fn a_type_that_parquet_lacks_is_named() {
    let word = Arc::new(Field::new("word", DataType::Utf8, true));
    let union = UnionFields::try_new([0], [word]).unwrap();
    let union = Field::new("either", DataType::Union(union, UnionMode::Dense), false);
    let schema = Schema::new(vec![Field::new("outer", DataType::Struct(vec![union].into()), true)]);
    let stream = StreamWriter::try_new(Vec::new(), &schema).unwrap().into_inner().unwrap();
    assert!(why(&stream).contains("field `either` is a union, which Parquet lacks"));
}

#[test]
fn a_stream_that_is_cut_anywhere_is_refused() {
    let stream = energies();
    for length in 0..stream.len() {
        assert!(keep(&stream[..length], 4096).is_err(), "cut after {length} bytes");
    }
    let between_batches = stream.len() - 8;
    assert!(why(&stream[..between_batches]).contains("without its end-of-stream marker"));
}

#[test]
fn a_stream_that_goes_on_after_its_end_is_refused() {
    let twice = [energies(), energies()].concat();
    assert!(why(&twice).contains("it goes on after its end-of-stream marker"));
}

#[test]
fn what_is_no_stream_is_refused_at_its_first_bytes() {
    for garbage in [&b"image,label\n1,2\n"[..], b"PAR1", b"\xff\xff\xffx"] {
        assert!(why(garbage).contains("it is no Arrow IPC stream"), "{garbage:?}");
    }
    assert!(why(b"\xff\xff\xff\xff\0\0\0\0").contains("it ends before its schema"));
}

#[test]
fn a_damaged_byte_is_an_error_or_another_value_but_never_a_panic() {
    let stream = stream_of(&[nested(0)]);
    let mut refused = 0;
    for place in 0..stream.len() {
        for flip in [1, 0x80, 0xff] {
            let mut damaged = stream.clone();
            damaged[place] ^= flip;
            refused += usize::from(keep(&damaged, 4096).is_err());
        }
    }
    assert!(refused > 100);
}

#[test]
fn a_batch_that_never_ends_is_refused_before_it_fills_the_memory() {
    let mut keeper = Keeper::new(Path::new("-"), Vec::new());
    keeper.most = 1000;
    let stream = energies();
    let error = stream.chunks(500).find_map(|piece| keeper.push(piece).err()).unwrap().to_string();
    assert!(error.contains("1000 bytes came without a whole record batch"), "{error}");
}

#[test]
fn what_is_held_back_of_a_long_stream_is_one_row_group() {
    let (rows, width) = (256, 1024);
    let element = Arc::new(Field::new("item", DataType::Float32, true));
    let tensor = DataType::FixedSizeList(element.clone(), width);
    let schema = Arc::new(Schema::new(vec![Field::new("x", tensor, false)]));
    let mut writer = StreamWriter::try_new(Vec::new(), &schema).unwrap();
    let mut keeper = Keeper::new(Path::new("-"), io::sink());
    let (mut state, mut most, mut groups) = (1_u64, 0, 0);
    for _ in 0..40 {
        let noise = (0..rows * width).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f32::from_bits((state >> 34) as u32)
        });
        let values = Arc::new(Float32Array::from_iter_values(noise));
        let column = Arc::new(FixedSizeListArray::new(element.clone(), width, values, None));
        writer.write(&RecordBatch::try_new(schema.clone(), vec![column]).unwrap()).unwrap();
        keeper.push(&std::mem::take(writer.get_mut())).unwrap();
        let Sink::Writing(file) = &keeper.sink else { panic!("nothing is written") };
        most = most.max(file.writer.memory_size());
        groups = file.writer.flushed_row_groups().len();
    }
    assert_eq!(groups, 2);
    assert!(most < ROW_GROUP + ROW_GROUP / 4, "{most}");
}
