//! Reading a table: a file is checked against its declaration when it is opened, and comes as typed batches.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, DictionaryArray, FixedSizeBinaryArray, FixedSizeListArray,
    Int32Array, ListArray, PrimitiveArray, RecordBatch, StringArray, StructArray,
};
use arrow_buffer::{ArrowNativeType, OffsetBuffer, ScalarBuffer};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_ipc::reader::StreamReader;
use arrow_schema::ArrowError;
use arrow_schema::{DataType, Field, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicate, ArrowPredicateFn, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowFilter,
};
use parquet::file::metadata::PageIndexPolicy;
use parquet::schema::types::SchemaDescriptor;

use crate::kind::{Column, Kind, Table, shape_of};
use crate::{Error, nearest, write};

/// Reads a table batch by batch, from a Parquet file, an Arrow IPC stream in a file, or standard input (`-`).
pub struct Reader {
    path: PathBuf,
    columns: Vec<&'static Column>,
    source: Source,
    schema: SchemaRef,
    rows_before: usize,
    /// After an error nothing comes: Parquet's reader would say some again and again.
    ended: bool,
}

enum Source {
    Parquet(ParquetRecordBatchReader),
    Stream(Box<StreamReader<Box<dyn Read + Send>>>),
}

/// Numbers of a column as they lie in the batch; they stay there as long as somebody holds them, and nothing is copied.
pub type Numbers<T> = ScalarBuffer<T>;

/// The lists of a column.
#[derive(Clone, Debug)]
pub struct Lists<T: ArrowNativeType> {
    offsets: OffsetBuffer<i32>,
    values: Numbers<T>,
}

impl<T: ArrowNativeType> Lists<T> {
    /// The list in a row.
    pub fn row(&self, row: usize) -> &[T] {
        &self.values[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }
}

/// Which rows are read: those whose value in `column` is among some. Parquet's other rows are not decoded, and pages
/// without a wanted row are not even read; so a row's number in the file is not known any more.
#[derive(Clone, Debug)]
pub enum Only<'a> {
    /// Those with one of these numbers, in ascending order.
    Numbers(&'static str, &'a [i32]),
    /// Those with this word.
    Word(&'static str, &'static str),
}

/// Some rows of a table, with every column that was asked for in its declared type.
pub struct Batch {
    path: PathBuf,
    first_row: usize,
    rows: usize,
    columns: HashMap<&'static str, (ArrayRef, Vec<usize>)>,
}

impl Reader {
    /// Opens `path` as `table` and checks its schema; only `columns` are read, all of them where it is empty.
    ///
    /// # Errors
    /// Where the file can't be opened, is no Parquet and no Arrow stream, is another table, or lacks a column of the
    /// right type.
    pub fn open(path: &Path, table: &'static Table, columns: &[&str]) -> Result<Reader, Error> {
        Reader::open_only(path, table, columns, &[])
    }

    /// The same, for the rows that fit every one of `only`. A stream gives all its rows.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn open_only(
        path: &Path,
        table: &'static Table,
        columns: &[&str],
        only: &[Only<'_>],
    ) -> Result<Reader, Error> {
        let wanted: Vec<&'static Column> = table
            .columns
            .iter()
            .filter(|column| columns.is_empty() || columns.contains(&column.name))
            .collect();
        let (source, schema) = if path == Path::new("-") {
            open_stream(path, Box::new(std::io::stdin()))?
        } else {
            open_file(path, &wanted, only)?
        };
        check_identity(path, &schema, table)?;
        for column in &wanted {
            check_column(path, &schema, column)?;
        }
        Ok(Reader { path: path.to_owned(), columns: wanted, source, schema, rows_before: 0, ended: false })
    }

    /// The shape of a tensor column.
    ///
    /// # Errors
    /// Where the column is no tensor, or carries no shape and has none declared.
    pub fn shape(&self, name: &str) -> Result<Vec<usize>, Error> {
        let column = self.columns.iter().find(|column| column.name == name);
        let field = self.schema.field_with_name(name).ok();
        match (column, field) {
            (Some(column), Some(field)) => tensor_shape(&self.path, column, field),
            _ => Err(missing(&self.path, &self.schema, name, "fixed_shape_tensor")),
        }
    }

    /// What the file's metadata says under `key`, without our prefix: `params`, `inputs`, `stage`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.schema.metadata().get(&format!("{}{key}", write::PREFIX)).map(String::as_str)
    }

    fn next_batch(&mut self) -> Option<Result<RecordBatch, arrow_schema::ArrowError>> {
        match &mut self.source {
            Source::Parquet(reader) => reader.next(),
            Source::Stream(reader) => reader.next(),
        }
    }

    fn check_batch(&mut self, batch: &RecordBatch) -> Result<Batch, Error> {
        let mut columns = HashMap::new();
        for column in &self.columns {
            let field = self
                .schema
                .field_with_name(column.name)
                .map_err(|_| missing(&self.path, &self.schema, column.name, &column.kind.to_string()))?;
            let array = batch
                .column_by_name(column.name)
                .ok_or_else(|| missing(&self.path, &self.schema, column.name, &column.kind.to_string()))?;
            let shape = match column.kind {
                Kind::Tensor(..) => tensor_shape(&self.path, column, field)?,
                _ => Vec::new(),
            };
            let array = self.canonical(array, column, &shape)?;
            columns.insert(column.name, (array, shape));
        }
        let first_row = self.rows_before;
        self.rows_before += batch.num_rows();
        Ok(Batch { path: self.path.clone(), first_row, rows: batch.num_rows(), columns })
    }

    /// The array in the declared type, without empty values where none are allowed.
    fn canonical(&self, array: &ArrayRef, column: &Column, shape: &[usize]) -> Result<ArrayRef, Error> {
        if !column.nullable
            && array.null_count() > 0
            && let Some(row) = (0..array.len()).find(|row| array.is_null(*row))
        {
            let row = self.rows_before + row;
            return Err(Error::value(&self.path, column.name, row, "it is empty (null)", "give it a value"));
        }
        let target = column.field(Some(shape).filter(|shape| !shape.is_empty())).data_type().clone();
        if *array.data_type() == target || column.kind == Kind::EncodedImage {
            return Ok(array.clone());
        }
        let options = CastOptions { safe: false, ..CastOptions::default() };
        cast_with_options(array, &target, &options).map_err(|error| Error::WrongType {
            path: self.path.clone(),
            column: column.name.to_owned(),
            found: format!("{} ({error})", array.data_type()),
            expected: column.kind.to_string(),
        })
    }
}

impl Iterator for Reader {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        // Both formats' readers panic at some of the lengths and places that a damaged file may claim.
        let read = catch_unwind(AssertUnwindSafe(|| self.next_batch()));
        let damaged =
            |detail: &str| Error::damaged(&self.path, format!("it can't be read to its end: {detail}"));
        let batch = match read.map_err(|_| damaged("a part of it is damaged")) {
            Ok(None) => None,
            Ok(Some(Ok(batch))) => Some(self.check_batch(&batch)),
            Ok(Some(Err(error))) => Some(Err(damaged(&error.to_string()))),
            Err(error) => Some(Err(error)),
        };
        self.ended = !matches!(batch, Some(Ok(_)));
        batch
    }
}

/// What the metadata of a table's file says of it, by key without our prefix; empty for a file of another tool.
///
/// # Errors
/// Where the file can't be opened, or is no Parquet and no Arrow stream.
pub fn metadata(path: &Path) -> Result<HashMap<String, String>, Error> {
    let (_, schema) = open_file(path, &[], &[])?;
    let ours =
        |(key, value): (&String, &String)| Some((key.strip_prefix(write::PREFIX)?.to_owned(), value.clone()));
    Ok(schema.metadata().iter().filter_map(ours).collect())
}

const BATCH_ROWS: usize = 4096;

fn open_file(path: &Path, wanted: &[&Column], only: &[Only<'_>]) -> Result<(Source, SchemaRef), Error> {
    let open = |source| Error::Open { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(open)?;
    let mut magic = [0; 4];
    let length = file.metadata().map_err(open)?.len();
    if length < 12 {
        return Err(Error::damaged(path, format!("it has {length} bytes, too few for a Parquet file")));
    }
    file.read_exact(&mut magic).map_err(open)?;
    file.seek(SeekFrom::Start(0)).map_err(open)?;
    if magic == [0xff; 4] {
        return open_stream(path, Box::new(BufReader::new(file)));
    }
    if &magic != b"PAR1" {
        return Err(Error::damaged(path, "it is neither a Parquet file nor an Arrow IPC stream"));
    }
    // The page index tells which pages hold a row; it is of use only where rows are chosen.
    let index = if only.is_empty() { PageIndexPolicy::Skip } else { PageIndexPolicy::Optional };
    let options = ArrowReaderOptions::new().with_page_index_policy(index);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|error| {
        Error::damaged(path, format!("it is a Parquet file that is damaged or cut short: {error}"))
    })?;
    let schema = builder.schema().clone();
    let names =
        wanted.iter().map(|column| column.name).filter(|name| schema.column_with_name(name).is_some());
    let roots = names.filter_map(|name| schema.index_of(name).ok());
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let known = |only: &&Only<'_>| schema.column_with_name(only.column()).is_some();
    let only = only.iter().filter(known).map(|only| only.predicate(builder.parquet_schema()));
    let filter = RowFilter::new(only.collect());
    let reader = builder
        .with_row_filter(filter)
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|error| Error::damaged(path, error))?;
    Ok((Source::Parquet(reader), schema))
}

impl Only<'_> {
    fn column(&self) -> &'static str {
        match self {
            Only::Numbers(column, _) | Only::Word(column, _) => column,
        }
    }

    fn predicate(&self, schema: &SchemaDescriptor) -> Box<dyn ArrowPredicate> {
        let mask = ProjectionMask::columns(schema, [self.column()]);
        match self {
            Only::Numbers(_, wanted) => {
                let wanted = wanted.to_vec();
                Box::new(ArrowPredicateFn::new(mask, move |batch| {
                    fits::<Int32Array>(&batch, &DataType::Int32, |numbers| {
                        numbers.iter().map(|n| n.map(|n| wanted.binary_search(&n).is_ok())).collect()
                    })
                }))
            }
            Only::Word(_, wanted) => {
                let wanted = *wanted;
                Box::new(ArrowPredicateFn::new(mask, move |batch| {
                    fits::<StringArray>(&batch, &DataType::Utf8, |words| {
                        words.iter().map(|word| word.map(|word| word == wanted)).collect()
                    })
                }))
            }
        }
    }
}

/// Which rows of a batch of one column are wanted.
fn fits<A: Array + 'static>(
    batch: &RecordBatch,
    data_type: &DataType,
    of: impl Fn(&A) -> BooleanArray,
) -> Result<BooleanArray, ArrowError> {
    let cast = cast_with_options(
        batch.column(0),
        data_type,
        &CastOptions { safe: false, ..CastOptions::default() },
    )?;
    let array = cast.as_any().downcast_ref::<A>();
    array.map(of).ok_or_else(|| ArrowError::CastError(format!("a column is no {data_type}")))
}

fn open_stream(path: &Path, input: Box<dyn Read + Send>) -> Result<(Source, SchemaRef), Error> {
    let reader = StreamReader::try_new(input, None)
        .map_err(|error| Error::damaged(path, format!("it is no Arrow IPC stream: {error}")))?;
    let schema = reader.schema();
    Ok((Source::Stream(Box::new(reader)), schema))
}

/// A file that says which table it is must be the right one; one that says nothing (made by another tool) is judged
/// by its columns alone.
fn check_identity(path: &Path, schema: &SchemaRef, table: &Table) -> Result<(), Error> {
    let metadata = schema.metadata();
    let Some(name) = metadata.get(write::SCHEMA) else { return Ok(()) };
    let version = metadata.get(write::SCHEMA_VERSION).map_or("?", String::as_str);
    if name == table.name && version == table.version.to_string() {
        return Ok(());
    }
    Err(Error::WrongTable {
        path: path.to_owned(),
        found: format!("{name} v{version}"),
        expected: format!("{} v{}", table.name, table.version),
    })
}

fn missing(path: &Path, schema: &SchemaRef, name: &str, expected: &str) -> Error {
    let names = schema.fields().iter().map(|field| field.name().as_str());
    Error::MissingColumn {
        path: path.to_owned(),
        column: name.to_owned(),
        expected: expected.to_owned(),
        nearest: nearest(name, names).map(str::to_owned),
    }
}

fn tensor_shape(path: &Path, column: &Column, field: &Field) -> Result<Vec<usize>, Error> {
    let declared = match column.kind {
        Kind::Tensor(_, declared) => declared,
        _ => &[],
    };
    let wrong = |found: String| Error::WrongType {
        path: path.to_owned(),
        column: column.name.to_owned(),
        found,
        expected: column.kind.to_string(),
    };
    match shape_of(field) {
        Some(shape) if declared.is_empty() || shape == declared => Ok(shape),
        Some(shape) => Err(wrong(format!("a tensor of shape {shape:?}"))),
        None if declared.is_empty() => Err(wrong(format!("{}, without a shape", field.data_type()))),
        None => Ok(declared.to_vec()),
    }
}

fn check_column(path: &Path, schema: &SchemaRef, column: &'static Column) -> Result<(), Error> {
    let Ok(field) = schema.field_with_name(column.name) else {
        return Err(missing(path, schema, column.name, &column.kind.to_string()));
    };
    let found = field.data_type();
    let fits = match column.kind {
        Kind::I64 => found.is_integer(),
        Kind::Number(element) => {
            let expected = element.data_type();
            (expected.is_integer() && found.is_integer()) || (expected.is_floating() && found.is_floating())
        }
        Kind::Category | Kind::Text => match found {
            DataType::Dictionary(_, value) => is_text(value),
            other => is_text(other),
        },
        Kind::EncodedImage => matches!(found, DataType::Struct(fields)
            if fields.iter().any(|f| f.name() == "bytes") && fields.iter().any(|f| f.name() == "path")),
        Kind::Bytes(shape) => match found {
            DataType::FixedSizeBinary(length) => {
                usize::try_from(*length).ok() == Some(shape.iter().product())
            }
            other => matches!(other, DataType::Binary | DataType::LargeBinary),
        },
        Kind::List(element) => matches!(found, DataType::List(item) | DataType::LargeList(item)
            if *item.data_type() == element.data_type()),
        Kind::Tensor(element, declared) => {
            let product = declared.iter().product::<usize>();
            match found {
                DataType::FixedSizeList(item, length) => {
                    let length = usize::try_from(*length).unwrap_or(0);
                    *item.data_type() == element.data_type() && (declared.is_empty() || length == product)
                }
                DataType::List(item) | DataType::LargeList(item) => {
                    *item.data_type() == element.data_type() && !declared.is_empty()
                }
                _ => false,
            }
        }
    };
    if fits {
        return Ok(());
    }
    Err(Error::WrongType {
        path: path.to_owned(),
        column: column.name.to_owned(),
        found: found.to_string(),
        expected: column.kind.to_string(),
    })
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// A column of encoded images.
pub struct EncodedImages {
    bytes: BinaryArray,
    paths: StringArray,
}

impl EncodedImages {
    /// The bytes of the image in a row of the batch.
    pub fn bytes(&self, row: usize) -> &[u8] {
        self.bytes.value(row)
    }

    /// Its path; empty where it has none.
    pub fn path(&self, row: usize) -> &str {
        if self.paths.is_null(row) { "" } else { self.paths.value(row) }
    }
}

impl Batch {
    /// Rows in this batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// An error about a value of this batch; `row` counts from the batch's first.
    pub fn bad_value(
        &self,
        column: &str,
        row: usize,
        found: impl ToString,
        expected: impl ToString,
    ) -> Error {
        Error::value(&self.path, column, self.first_row + row, found, expected)
    }

    fn array<A: Array + 'static>(&self, name: &str) -> Result<&A, Error> {
        self.columns.get(name).and_then(|(array, _)| array.as_any().downcast_ref::<A>()).ok_or_else(|| {
            Error::damaged(&self.path, format!("column `{name}` was not read as its declared type"))
        })
    }

    fn numbers<T: ArrowPrimitiveType>(&self, name: &str) -> Result<Numbers<T::Native>, Error> {
        Ok(self.array::<PrimitiveArray<T>>(name)?.values().clone())
    }

    /// A column of 8-bit numbers.
    pub fn u8s(&self, name: &str) -> Result<Numbers<u8>, Error> {
        self.numbers::<UInt8Type>(name)
    }

    /// A column of 32-bit numbers.
    pub fn i32s(&self, name: &str) -> Result<Numbers<i32>, Error> {
        self.numbers::<Int32Type>(name)
    }

    /// A column of 64-bit numbers.
    pub fn i64s(&self, name: &str) -> Result<Numbers<i64>, Error> {
        self.numbers::<Int64Type>(name)
    }

    /// A column of 64-bit floats.
    pub fn f64s(&self, name: &str) -> Result<Numbers<f64>, Error> {
        self.numbers::<Float64Type>(name)
    }

    /// A column of words or text, one a row.
    pub fn texts(&self, name: &str) -> Result<Vec<&str>, Error> {
        if let Ok(dictionary) = self.array::<DictionaryArray<Int32Type>>(name) {
            let words = dictionary.downcast_dict::<StringArray>().ok_or_else(|| {
                Error::damaged(&self.path, format!("column `{name}` holds no text in its dictionary"))
            })?;
            return Ok(words.into_iter().map(Option::unwrap_or_default).collect());
        }
        Ok(self.array::<StringArray>(name)?.iter().map(Option::unwrap_or_default).collect())
    }

    /// The values of a float tensor column, row after row, and its shape.
    pub fn f32_tensors(&self, name: &str) -> Result<(Numbers<f32>, Vec<usize>), Error> {
        self.tensors::<Float32Type>(name)
    }

    /// A column of bytes, row after row.
    pub fn bytes(&self, name: &str) -> Result<&[u8], Error> {
        Ok(self.array::<FixedSizeBinaryArray>(name)?.value_data())
    }

    fn tensors<T: ArrowPrimitiveType>(&self, name: &str) -> Result<(Numbers<T::Native>, Vec<usize>), Error> {
        let list = self.array::<FixedSizeListArray>(name)?;
        let shape = self.columns.get(name).map(|(_, shape)| shape.clone()).unwrap_or_default();
        let length = list.value_length() as usize;
        let values = list
            .values()
            .as_any()
            .downcast_ref::<PrimitiveArray<T>>()
            .ok_or_else(|| Error::damaged(&self.path, format!("column `{name}` holds other numbers")))?;
        if values.null_count() > 0
            && let Some(place) = (0..values.len()).find(|place| values.is_null(*place))
        {
            return Err(self.bad_value(
                name,
                place / length.max(1),
                "an element is empty (null)",
                "give it a value",
            ));
        }
        let start = list.value_offset_at(0);
        Ok((values.values().slice(start, list.len() * length), shape))
    }

    /// The values of a float tensor column; NaN and infinities are errors that name the row.
    pub fn finite_f32_tensors(&self, name: &str) -> Result<(Numbers<f32>, Vec<usize>), Error> {
        let (values, shape) = self.f32_tensors(name)?;
        let length = shape.iter().product::<usize>().max(1);
        let finite = |values: &[f32]| values.iter().fold(true, |all, value| all & value.is_finite());
        match values.chunks(length).position(|row| !finite(row)) {
            None => Ok((values, shape)),
            Some(row) => {
                let row_of = &values[row * length..];
                let bad = row_of.iter().enumerate().find(|(_, value)| !value.is_finite());
                let found =
                    bad.map(|(place, value)| format!("element {place} is {value}")).unwrap_or_default();
                Err(self.bad_value(name, row, found, "every element must be a finite number"))
            }
        }
    }

    /// A column of lists of 16-bit counts.
    pub fn u16_lists(&self, name: &str) -> Result<Lists<u16>, Error> {
        self.lists::<UInt16Type>(name)
    }

    /// A column of lists of floats.
    pub fn f32_lists(&self, name: &str) -> Result<Lists<f32>, Error> {
        self.lists::<Float32Type>(name)
    }

    fn lists<T: ArrowPrimitiveType>(&self, name: &str) -> Result<Lists<T::Native>, Error> {
        let list = self.array::<ListArray>(name)?;
        let values = list.values().as_any().downcast_ref::<PrimitiveArray<T>>();
        let values = values
            .ok_or_else(|| Error::damaged(&self.path, format!("column `{name}` holds other numbers")))?;
        Ok(Lists { offsets: list.offsets().clone(), values: values.values().clone() })
    }

    /// A column of encoded images.
    pub fn encoded_images(&self, name: &str) -> Result<EncodedImages, Error> {
        let images = self.array::<StructArray>(name)?;
        let column = |field: &str, data_type: DataType| {
            let array = images
                .column_by_name(field)
                .ok_or_else(|| Error::damaged(&self.path, format!("column `{name}.{field}` is missing")))?;
            cast_with_options(array, &data_type, &CastOptions { safe: false, ..CastOptions::default() })
                .map_err(|error| Error::damaged(&self.path, format!("column `{name}.{field}`: {error}")))
        };
        let (bytes, paths) = (column("bytes", DataType::Binary)?, column("path", DataType::Utf8)?);
        let (Some(bytes), Some(paths)) =
            (bytes.as_any().downcast_ref::<BinaryArray>(), paths.as_any().downcast_ref::<StringArray>())
        else {
            return Err(Error::damaged(
                &self.path,
                format!("column `{name}` was not read as its declared type"),
            ));
        };
        if let Some(row) = (0..bytes.len()).find(|row| bytes.is_null(*row)) {
            return Err(self.bad_value(name, row, "its bytes are empty (null)", "give it an encoded image"));
        }
        Ok(EncodedImages { bytes: bytes.clone(), paths: paths.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::{Cells, PIXELS, Provenance, Writer, catalogue};

    /// What another tool wrote that has binaries of any length alone.
    fn regions(length: usize) -> Result<Vec<u8>, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values([vec![1; PIXELS], vec![2; length]]));
        let batch = RecordBatch::try_from_iter([("regions", bytes)]).unwrap();
        let mut writer = ArrowWriter::try_new(file.reopen().unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let batch = Reader::open(file.path(), &catalogue::DATASET, &["regions"])?.next().unwrap()?;
        batch.bytes("regions").map(<[u8]>::to_vec)
    }

    #[test]
    fn bytes_of_another_tool_are_read_where_each_row_has_as_many_as_it_should() {
        assert_eq!(regions(PIXELS).unwrap(), [[1; PIXELS], [2; PIXELS]].concat());
        let sentence = regions(PIXELS - 1).unwrap_err().to_string();
        assert!(sentence.contains("regions") && sentence.contains("fixed_size_binary"), "{sentence}");
    }

    /// A table of digits, as a Parquet file or as a stream.
    fn digits(is_stream: bool) -> Vec<u8> {
        let begin = if is_stream { Writer::stream } else { Writer::parquet };
        let (table, provenance) = (&catalogue::DIGITS, Provenance::default());
        let mut writer = begin(Vec::new(), table, &HashMap::new(), &provenance).unwrap();
        let images = (0..300_u32).map(|row| (row.pow(3).to_le_bytes().repeat(20), format!("{row}.png")));
        writer.write(vec![Cells::Images(images.collect()), Cells::I64((0..300).collect())]).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn a_damaged_byte_is_another_value_or_one_error_at_the_end() {
        let mut errors = 0;
        for is_stream in [false, true] {
            let whole = digits(is_stream);
            for place in (0..whole.len()).step_by(13) {
                let file = tempfile::NamedTempFile::new().unwrap();
                let mut damaged = whole.clone();
                damaged[place] ^= 1 << (place % 8);
                std::fs::write(file.path(), damaged).unwrap();
                let Ok(reader) = Reader::open(file.path(), &catalogue::DIGITS, &[]) else { continue };
                let batches: Vec<_> = reader.take(100).collect();
                assert!(batches.len() < 100, "byte {place} has no end");
                assert!(batches.iter().rev().skip(1).all(Result::is_ok), "byte {place}");
                errors += usize::from(batches.iter().any(Result::is_err));
            }
        }
        assert!(errors > 10, "{errors}");
    }
}
