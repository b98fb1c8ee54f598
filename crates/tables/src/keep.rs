//! Keeping a stream: the bytes of an Arrow IPC stream of any schema in, as they come, and its rows as Parquet out.

use std::io::Write;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::{DataType, Field, SchemaRef};
use parquet::errors::ParquetError;

use crate::sink::{ParquetSink, Target, own};
use crate::{Error, write};

/// How a message of the stream begins.
const MARKER: u8 = 0xff;
const MARKER_LENGTH: usize = 4;
/// Bytes of the stream that may pass without a whole record batch, all of which are held back.
const BATCH_BYTES: usize = 1 << 30;

/// Writes the rows of a stream to a Parquet file, with the schema, metadata and compression that the stream's own
/// writer would have given it. The file depends on the stream's bytes alone, not on the pieces in which they come.
///
/// At most one row group (16 MiB encoded) and one record batch (1 GiB) are held in memory.
pub struct Keeper<W> {
    path: PathBuf,
    decoder: StreamDecoder,
    sink: Sink,
    output: PhantomData<W>,
    rows: usize,
    bytes: usize,
    since_batch: usize,
    most: usize,
}

/// The Parquet file can't be begun before the schema has come.
enum Sink {
    Waiting(Option<Box<dyn Target>>),
    Writing(ParquetSink),
}

impl<W: Write + Send + 'static> Keeper<W> {
    /// Keeps in `output` the stream that errors call `path`.
    pub fn new(path: &Path, output: W) -> Self {
        Keeper {
            path: path.to_owned(),
            decoder: StreamDecoder::new(),
            sink: Sink::Waiting(Some(Box::new(output))),
            output: PhantomData,
            rows: 0,
            bytes: 0,
            since_batch: 0,
            most: BATCH_BYTES,
        }
    }

    /// The rows that have come.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    /// [`Error::Damaged`] where they are no Arrow IPC stream, go on after its end, hold a type that Parquet lacks, or
    /// hold a record batch of more than 1 GiB; [`Error::Write`] where the output can't be written to.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let head = MARKER_LENGTH.saturating_sub(self.bytes);
        if bytes.iter().take(head).any(|byte| *byte != MARKER) {
            return Err(self.damaged("it is no Arrow IPC stream, which begins with the bytes ff ff ff ff"));
        }
        self.bytes += bytes.len();
        self.since_batch += bytes.len();
        let mut rest = Buffer::from(bytes);
        while !rest.is_empty() {
            let batch = self.decode(&mut rest)?;
            if let Some(schema) = self.decoder.schema() {
                self.begin(schema)?;
            }
            if let (Some(batch), Sink::Writing(writer)) = (batch, &mut self.sink) {
                let written = writer.write(&batch);
                written.map_err(|error| self.refused(error))?;
                self.rows += batch.num_rows();
                self.since_batch = rest.len();
            }
        }
        if self.since_batch > self.most {
            let most = self.most;
            return Err(self
                .damaged(format!("{most} bytes came without a whole record batch; write smaller batches")));
        }
        Ok(())
    }

    /// Writes what is still held back, once the last bytes have been taken, and gives the output back.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the stream ended before its end-of-stream marker; [`Error::Write`] where the output
    /// can't be written to.
    pub fn finish(mut self) -> Result<W, Error> {
        if !self.has_ended() {
            return Err(self.damaged(format!(
                "it ends after {} bytes without its end-of-stream marker; what writes it was cut short",
                self.bytes
            )));
        }
        let (path, name) = (self.path.clone(), self.table());
        match self.sink {
            Sink::Writing(writer) => {
                let output = writer.finish().map_err(|error| refused(&path, name.clone(), error))?;
                own(output, &name)
            }
            Sink::Waiting(_) => Err(Error::damaged(&path, "it ends before its schema")),
        }
    }

    fn decode(&mut self, rest: &mut Buffer) -> Result<Option<RecordBatch>, Error> {
        // The decoder panics at some of the lengths and places that a damaged message may claim.
        let decoded = catch_unwind(AssertUnwindSafe(|| self.decoder.decode(rest)));
        match decoded {
            Ok(Ok(batch)) => Ok(batch),
            Ok(Err(_)) if self.has_ended() => Err(self.damaged("it goes on after its end-of-stream marker")),
            Ok(Err(error)) => Err(self.damaged(format!("it can't be read to its end: {error}"))),
            Err(_) => Err(self.damaged("it can't be read to its end: a message in it is damaged")),
        }
    }

    /// Whether the end-of-stream marker was the last that came. Between two messages the decoder calls a stream
    /// finished, too; but only after the marker does it refuse another byte. Not to be pushed to afterwards.
    fn has_ended(&mut self) -> bool {
        self.decoder.finish().is_ok() && self.decoder.decode(&mut Buffer::from([0_u8])).is_err()
    }

    fn begin(&mut self, schema: SchemaRef) -> Result<(), Error> {
        let Sink::Waiting(output) = &mut self.sink else { return Ok(()) };
        let Some(output) = output.take() else { return Ok(()) };
        // The one type at which Parquet's writer panics.
        let is_union = |field: &&&Field| matches!(field.data_type(), DataType::Union(..));
        if let Some(field) = schema.flattened_fields().iter().find(is_union) {
            let name = field.name();
            return Err(
                self.damaged(format!("field `{name}` is a union, which Parquet lacks; make it a struct"))
            );
        }
        let writer = ParquetSink::new(output, &schema);
        self.sink = Sink::Writing(writer.map_err(|error| self.refused(error))?);
        Ok(())
    }

    /// The table that the stream says it is.
    fn table(&self) -> String {
        let schema = self.decoder.schema();
        let name = schema.as_ref().and_then(|schema| schema.metadata().get(write::SCHEMA));
        name.map_or("of the stream", String::as_str).to_owned()
    }

    fn damaged(&self, detail: impl std::fmt::Display) -> Error {
        Error::damaged(&self.path, detail)
    }

    fn refused(&self, error: ParquetError) -> Error {
        refused(&self.path, self.table(), error)
    }
}

/// The output's fault, or that of a stream which Parquet can't hold.
fn refused(path: &Path, table: String, error: ParquetError) -> Error {
    match error {
        ParquetError::External(source) if source.is::<std::io::Error>() => {
            Error::Write { table, detail: source.to_string() }
        }
        other => Error::damaged(path, format!("it can't be kept as Parquet: {other}")),
    }
}

#[cfg(test)]
#[path = "keep_tests.rs"]
mod tests;
