//! Writing a table: columns of plain vectors in, a Parquet file or an Arrow IPC stream out, with its provenance.

use std::collections::HashMap;
use std::io::Write;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, DictionaryArray, FixedSizeBinaryArray, FixedSizeListArray, Float32Array,
    Float64Array, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray, UInt8Array,
    UInt16Array,
};
use arrow_buffer::OffsetBuffer;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::Error;
use crate::kind::{Kind, Table, encoded_image_fields};
use crate::sink::{ParquetSink, Target, own};

pub(crate) const PREFIX: &str = "priorscope.";
pub(crate) const SCHEMA: &str = "priorscope.schema";
pub(crate) const SCHEMA_VERSION: &str = "priorscope.schema_version";

/// Who made a file, from what: kept in the file's own metadata.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// The stage's name.
    pub stage: String,
    /// The stage's version.
    pub stage_version: String,
    /// Its params, as a JSON object.
    pub params: String,
    /// The digests of its inputs by port, as a JSON object.
    pub inputs: String,
    /// The params of every stage that had a part in it, by stage, as a JSON object; several values of one are a list. Empty where
    /// nobody knows.
    pub lineage: String,
    /// Further entries that other tools look for, by their full key.
    pub extra: Vec<(String, String)>,
}

/// The values of one column, for the rows of one batch.
pub enum Cells {
    /// 8-bit numbers.
    U8(Vec<u8>),
    /// 32-bit numbers.
    I32(Vec<i32>),
    /// 64-bit numbers.
    I64(Vec<i64>),
    /// 64-bit floats.
    F64(Vec<f64>),
    /// Words, for a category or a text column.
    Words(Vec<String>),
    /// The same word in every row.
    Same(String, usize),
    /// Float tensors, row after row.
    F32Tensors(Vec<f32>),
    /// The bytes of every row, row after row.
    Bytes(Vec<u8>),
    /// Lists of counts.
    U16Lists(Vec<Vec<u16>>),
    /// Lists of counts that have the same length in each of so many rows, row after row.
    U16Rows(Vec<u16>, usize),
    /// Lists of floats.
    F32Lists(Vec<Vec<f32>>),
    /// Encoded images: bytes and path.
    Images(Vec<(Vec<u8>, String)>),
}

/// Writes a table batch by batch.
pub struct Writer<W> {
    table: &'static Table,
    schema: SchemaRef,
    sink: Sink,
    output: PhantomData<W>,
}

enum Sink {
    Parquet(ParquetSink),
    Stream(Box<StreamWriter<Box<dyn Target>>>),
}

pub(crate) fn failed(table: &Table, detail: impl std::fmt::Display) -> Error {
    Error::Write { table: table.name.to_owned(), detail: detail.to_string() }
}

impl<W: Write + Send + 'static> Writer<W> {
    /// A Parquet file. `shapes` gives the shapes of the tensors that the declaration leaves to the network.
    ///
    /// # Errors
    /// Where `output` can't be written to.
    pub fn parquet(
        output: W,
        table: &'static Table,
        shapes: &HashMap<&str, Vec<usize>>,
        provenance: &Provenance,
    ) -> Result<Self, Error> {
        let schema = schema_with(table, shapes, provenance);
        let sink = Sink::parquet(Box::new(output), table, &schema)?;
        Ok(Writer { table, schema, sink, output: PhantomData })
    }

    /// An Arrow IPC stream.
    ///
    /// # Errors
    /// Where `output` can't be written to.
    pub fn stream(
        output: W,
        table: &'static Table,
        shapes: &HashMap<&str, Vec<usize>>,
        provenance: &Provenance,
    ) -> Result<Self, Error> {
        let schema = schema_with(table, shapes, provenance);
        let sink = Sink::stream(Box::new(output), table, &schema)?;
        Ok(Writer { table, schema, sink, output: PhantomData })
    }

    /// Adds rows: one [`Cells`] a column, in the order of the declaration, all of one length.
    ///
    /// # Errors
    /// Where a column has another type or length than the declaration says, or the output can't be written to.
    pub fn write(&mut self, columns: Vec<Cells>) -> Result<(), Error> {
        let batch = batch(self.table, &self.schema, columns)?;
        self.sink.write(&batch).map_err(|detail| failed(self.table, detail))
    }

    /// Writes what is still held back and gives the output back.
    ///
    /// # Errors
    /// Where the output can't be written to.
    pub fn finish(self) -> Result<W, Error> {
        let output = self.sink.finish().map_err(|detail| failed(self.table, detail))?;
        own(output, self.table.name)
    }
}

impl Sink {
    fn parquet(output: Box<dyn Target>, table: &Table, schema: &SchemaRef) -> Result<Sink, Error> {
        ParquetSink::new(output, schema).map(Sink::Parquet).map_err(|error| failed(table, error))
    }

    fn stream(output: Box<dyn Target>, table: &Table, schema: &SchemaRef) -> Result<Sink, Error> {
        let writer = StreamWriter::try_new(output, schema);
        writer.map(|writer| Sink::Stream(Box::new(writer))).map_err(|error| failed(table, error))
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), String> {
        match self {
            Sink::Parquet(writer) => writer.write(batch).map_err(|error| error.to_string()),
            Sink::Stream(writer) => writer.write(batch).map_err(|error| error.to_string()),
        }
    }

    fn finish(self) -> Result<Box<dyn Target>, String> {
        match self {
            Sink::Parquet(writer) => writer.finish().map_err(|error| error.to_string()),
            Sink::Stream(mut writer) => {
                writer.finish().and_then(|()| writer.into_inner()).map_err(|error| error.to_string())
            }
        }
    }
}

pub(crate) fn batch(table: &Table, schema: &SchemaRef, columns: Vec<Cells>) -> Result<RecordBatch, Error> {
    let fields = schema.fields();
    if fields.len() != columns.len() {
        return Err(failed(table, format!("{} columns for {}", columns.len(), fields.len())));
    }
    let arrays = columns
        .into_iter()
        .zip(fields.iter().zip(table.columns))
        .map(|(cells, (field, column))| {
            array(cells, field, column.kind).map_err(|detail| failed(table, detail))
        })
        .collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(schema.clone(), arrays).map_err(|error| failed(table, error))
}

pub(crate) fn schema_with(
    table: &Table,
    shapes: &HashMap<&str, Vec<usize>>,
    provenance: &Provenance,
) -> SchemaRef {
    let mut metadata = HashMap::from([
        (SCHEMA.to_owned(), table.name.to_owned()),
        (SCHEMA_VERSION.to_owned(), table.version.to_string()),
        (format!("{PREFIX}stage"), provenance.stage.clone()),
        (format!("{PREFIX}stage_version"), provenance.stage_version.clone()),
        (format!("{PREFIX}params"), provenance.params.clone()),
        (format!("{PREFIX}inputs"), provenance.inputs.clone()),
    ]);
    if !provenance.lineage.is_empty() {
        metadata.insert(format!("{PREFIX}lineage"), provenance.lineage.clone());
    }
    metadata.extend(provenance.extra.iter().cloned());
    let schema: Schema = table.schema(shapes);
    Arc::new(schema.with_metadata(metadata))
}

fn tensor(values: ArrayRef, field: &Field) -> Result<ArrayRef, String> {
    let DataType::FixedSizeList(element, length) = field.data_type() else {
        return Err(format!("column `{}` is no tensor", field.name()));
    };
    FixedSizeListArray::try_new(element.clone(), *length, values, None)
        .map(|list| Arc::new(list) as ArrayRef)
        .map_err(|error| format!("column `{}`: {error}", field.name()))
}

fn list(
    values: ArrayRef,
    lengths: impl IntoIterator<Item = usize>,
    field: &Field,
) -> Result<ArrayRef, String> {
    let DataType::List(element) = field.data_type() else {
        return Err(format!("column `{}` is no list", field.name()));
    };
    ListArray::try_new(element.clone(), OffsetBuffer::from_lengths(lengths), values, None)
        .map(|list| Arc::new(list) as ArrayRef)
        .map_err(|error| format!("column `{}`: {error}", field.name()))
}

fn array(cells: Cells, field: &Field, kind: Kind) -> Result<ArrayRef, String> {
    Ok(match cells {
        Cells::U8(values) => Arc::new(UInt8Array::from(values)),
        Cells::I32(values) => Arc::new(Int32Array::from(values)),
        Cells::I64(values) => Arc::new(Int64Array::from(values)),
        Cells::F64(values) => Arc::new(Float64Array::from(values)),
        Cells::Words(words) if kind == Kind::Text => Arc::new(StringArray::from(words)),
        Cells::Words(words) => {
            Arc::new(words.iter().map(String::as_str).collect::<DictionaryArray<Int32Type>>())
        }
        Cells::Same(word, rows) => {
            let keys = Int32Array::from(vec![0; rows]);
            let words = Arc::new(StringArray::from(vec![word]));
            let words = DictionaryArray::try_new(keys, words);
            Arc::new(words.map_err(|error| format!("column `{}`: {error}", field.name()))?)
        }
        Cells::F32Tensors(values) => tensor(Arc::new(Float32Array::from(values)), field)?,
        Cells::Bytes(values) => {
            let DataType::FixedSizeBinary(length) = field.data_type() else {
                return Err(format!("column `{}` has no bytes", field.name()));
            };
            if !values.len().is_multiple_of(usize::try_from(*length).unwrap_or(0)) {
                return Err(format!(
                    "column `{}`: {} bytes for rows of {length}",
                    field.name(),
                    values.len()
                ));
            }
            let bytes = FixedSizeBinaryArray::try_new(*length, values.into(), None);
            Arc::new(bytes.map_err(|error| format!("column `{}`: {error}", field.name()))?)
        }
        Cells::U16Lists(lists) => {
            let lengths: Vec<usize> = lists.iter().map(Vec::len).collect();
            list(Arc::new(UInt16Array::from(lists.concat())), lengths, field)?
        }
        Cells::U16Rows(values, rows) => {
            let length = values.len() / rows.max(1);
            let lengths = std::iter::repeat_n(length, rows);
            list(Arc::new(UInt16Array::from(values)), lengths, field)?
        }
        Cells::F32Lists(lists) => {
            let lengths: Vec<usize> = lists.iter().map(Vec::len).collect();
            list(Arc::new(Float32Array::from(lists.concat())), lengths, field)?
        }
        Cells::Images(images) => {
            let bytes = BinaryArray::from_iter(images.iter().map(|(bytes, _)| Some(bytes)));
            let paths = StringArray::from_iter(images.iter().map(|(_, path)| Some(path)));
            let arrays: Vec<ArrayRef> = vec![Arc::new(bytes), Arc::new(paths)];
            let images = StructArray::try_new(encoded_image_fields(), arrays, None);
            Arc::new(images.map_err(|error| format!("column `{}`: {error}", field.name()))?)
        }
    })
}
