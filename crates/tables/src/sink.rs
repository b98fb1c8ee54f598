//! A Parquet file that is being written: how the columns of ours are encoded and compressed.

use std::any::Any;
use std::io::Write;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, LargeListArray, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};
use parquet::arrow::add_encoded_arrow_schema_to_metadata;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriter, ArrowWriterOptions,
    compute_leaves,
};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{DEFAULT_WRITE_BATCH_SIZE, EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use crate::Error;

/// An output of any type: so that the writers of Parquet and Arrow are compiled once, and not again for each.
pub(crate) trait Target: Write + Send + Any {}

impl<W: Write + Send + Any> Target for W {}

/// A table's output as what it was before its type was forgotten.
pub(crate) fn own<W: 'static>(output: Box<dyn Target>, table: &str) -> Result<W, Error> {
    let output: Box<dyn Any> = output;
    let changed = "the output has become another";
    let error = |_| Error::Write { table: table.to_owned(), detail: changed.to_owned() };
    output.downcast().map(|output| *output).map_err(error)
}

/// A Parquet file that is being written.
pub(crate) struct ParquetSink {
    pub(crate) writer: Box<ArrowWriter<Box<dyn Target>>>,
    /// That of the batches, but with lists for tensors.
    schema: SchemaRef,
}

impl ParquetSink {
    /// Begins a file of this schema.
    pub(crate) fn new(output: Box<dyn Target>, schema: &SchemaRef) -> Result<ParquetSink, ParquetError> {
        let mut properties = properties(schema)?;
        add_encoded_arrow_schema_to_metadata(schema, &mut properties);
        let lists = Arc::new(Schema::new(schema.fields().iter().map(list).collect::<Vec<_>>()));
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(output, lists.clone(), options)?;
        Ok(ParquetSink { writer: Box::new(writer), schema: lists })
    }

    /// Adds rows.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        let columns = batch.columns().iter().map(as_list).collect();
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        self.writer.write(&RecordBatch::try_new_with_options(self.schema.clone(), columns, &rows)?)
    }

    /// Writes what is still held back, and gives the output back.
    pub(crate) fn finish(self) -> Result<Box<dyn Target>, ParquetError> {
        self.writer.into_inner()
    }

    /// What encodes row groups, and the file that they are added to.
    pub(crate) fn into_groups(
        self,
    ) -> Result<(GroupSink, SerializedFileWriter<Box<dyn Target>>), ParquetError> {
        let (file, factory) = self.writer.into_serialized_writer()?;
        Ok((GroupSink { factory, schema: self.schema }, file))
    }
}

/// Encodes row groups, which don't depend on each other and have as many rows as they are given.
pub(crate) struct GroupSink {
    factory: ArrowRowGroupWriterFactory,
    /// That of the batches, but with lists for tensors.
    schema: SchemaRef,
}

impl GroupSink {
    /// The columns of these rows, which become one row group.
    pub(crate) fn encode(&self, batch: &RecordBatch) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
        // A group's number is for encryption alone.
        let mut writers = self.factory.create_column_writers(0)?;
        let mut rest = writers.as_mut_slice();
        for (field, column) in self.schema.fields().iter().zip(batch.columns()) {
            let (lists, rows) = (as_list(column), rows_at_once(column));
            let mut leaves = 0;
            for first in (0..lists.len().max(1)).step_by(rows) {
                let some = compute_leaves(field, &lists.slice(first, rows.min(lists.len() - first)))?;
                rest.iter_mut().zip(&some).try_for_each(|(writer, leaf)| writer.write(leaf))?;
                leaves = some.len();
            }
            rest = &mut rest[leaves..];
        }
        writers.into_iter().map(ArrowColumnWriter::close).collect()
    }
}

/// How many rows of a column are encoded at once: of tensors about those of a page, for the writer keeps an index of ten bytes for each
/// of their numbers until they are encoded. Where none is missing, pages end where they would if all were encoded at once.
fn rows_at_once(column: &ArrayRef) -> usize {
    match column.data_type() {
        tensor @ DataType::FixedSizeList(_, length) if is_tensor(tensor) => {
            let numbers = usize::try_from(*length).unwrap_or(1);
            // A page may end after as many rows as hold so many numbers.
            let batch = DEFAULT_WRITE_BATCH_SIZE.div_ceil(numbers);
            let page = PAGE / size_of::<f32>() / numbers;
            (page / batch).max(1) * batch
        }
        _ => column.len().max(1),
    }
}

/// Whether a column is written as lists of any length. A file is the same with either, for Parquet has only lists; but of lists its
/// writer marks the beginnings alone, where of tensors it looks at every number. Not for numbers that it casts, and not for few of
/// them: each time that it cuts lists, it casts all their numbers, and a list takes eight bytes of its own.
fn is_tensor(data_type: &DataType) -> bool {
    matches!(data_type, DataType::FixedSizeList(element, length)
        if *element.data_type() == DataType::Float32 && *length >= 16)
}

/// The field of a tensor as that of a list.
fn list(field: &FieldRef) -> FieldRef {
    match field.data_type() {
        tensor @ DataType::FixedSizeList(element, _) if is_tensor(tensor) => {
            Arc::new(field.as_ref().clone().with_data_type(DataType::LargeList(element.clone())))
        }
        _ => field.clone(),
    }
}

/// A column of tensors as one of lists, of the same numbers in memory.
fn as_list(column: &ArrayRef) -> ArrayRef {
    match column.as_any().downcast_ref().filter(|_| is_tensor(column.data_type())) {
        Some(tensors) => Arc::new(LargeListArray::from(arrow_array::FixedSizeListArray::clone(tensors))),
        None => column.clone(),
    }
}

/// Encoded bytes of a row group: it is held in memory until it is whole, and others read as many at once as they have cores.
pub(crate) const ROW_GROUP: usize = 16 << 20;

/// About how many bytes a page has before it is compressed: it stays near the core while it is encoded.
const PAGE: usize = 256 << 10;

/// How a file's columns are encoded and compressed, and where they are cut but for groups that are encoded apart.
fn properties(schema: &Schema) -> Result<WriterProperties, ParquetError> {
    let mut properties = WriterProperties::builder()
        .set_max_row_group_bytes(Some(ROW_GROUP))
        .set_data_page_size_limit(PAGE)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?));
    for (path, encoding, compression) in schema.fields().iter().filter_map(|field| of_many_numbers(field)) {
        // A dictionary would be built, found too large and thrown away.
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path.clone(), encoding)
            .set_column_compression(path.clone(), compression)
            .set_column_statistics_enabled(path, EnabledStatistics::None);
    }
    Ok(properties.build())
}

/// Columns of single numbers that are another in every row.
const DIFFERENT: [&str; 2] = ["kl_f1", "kl_f1_standardised"];

/// The Parquet column of a field that holds many numbers, and how it is encoded and compressed.
fn of_many_numbers(field: &Field) -> Option<(ColumnPath, Encoding, Compression)> {
    let zstd = Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default());
    let whole = || ColumnPath::from(vec![field.name().clone()]);
    let inside = |element: &Field| {
        ColumnPath::from(vec![field.name().clone(), "list".to_owned(), element.name().clone()])
    };
    // The first bytes of all numbers, the second bytes and so on, put together, are what compresses: counts have zeros above, floats
    // their exponents.
    let split = |path, compression| Some((path, Encoding::BYTE_STREAM_SPLIT, compression));
    match field.data_type() {
        DataType::FixedSizeList(element, _) => match element.data_type() {
            // What is written and read the most: quickly compressed, at the price of 3 % of its size.
            DataType::Float32 if field.name() == "pixels" => split(inside(element), Compression::SNAPPY),
            DataType::Float32 => split(inside(element), zstd),
            _ => None,
        },
        DataType::List(element) if *element.data_type() == DataType::UInt16 => split(inside(element), zstd),
        DataType::Float64 if DIFFERENT.contains(&field.name().as_str()) => split(whole(), zstd),
        DataType::FixedSizeBinary(length) if *length >= 256 => Some((whole(), Encoding::PLAIN, zstd)),
        _ => None,
    }
}

#[cfg(test)]
#[path = "sink_tests.rs"]
mod tests;
