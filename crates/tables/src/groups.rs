//! Writing a table whose row groups are encoded beside each other, by as many threads as there are.

use std::collections::HashMap;
use std::io::Write;
use std::marker::PhantomData;

use arrow_schema::SchemaRef;
use parquet::arrow::arrow_writer::ArrowColumnChunk;
use parquet::file::writer::SerializedFileWriter;

use crate::sink::{GroupSink, ParquetSink, Target, own};
use crate::write::{batch, failed, schema_with};
use crate::{Cells, Error, Provenance, Table};

/// Encodes groups of a table's rows: the same rows are the same bytes, on whatever thread.
pub struct GroupEncoder {
    table: &'static Table,
    schema: SchemaRef,
    sink: GroupSink,
}

/// Rows that are encoded and compressed.
pub struct Group(Vec<ArrowColumnChunk>);

/// Writes groups to a Parquet file, in the order in which they come.
pub struct GroupWriter<W> {
    table: &'static Table,
    file: SerializedFileWriter<Box<dyn Target>>,
    output: PhantomData<W>,
}

/// Begins a Parquet file.
///
/// # Errors
/// Where `output` can't be written to.
pub fn groups<W: Write + Send + 'static>(
    output: W,
    table: &'static Table,
    provenance: &Provenance,
) -> Result<(GroupEncoder, GroupWriter<W>), Error> {
    let schema = schema_with(table, &HashMap::new(), provenance);
    let (sink, file) = ParquetSink::new(Box::new(output), &schema)
        .and_then(ParquetSink::into_groups)
        .map_err(|error| failed(table, error))?;
    Ok((GroupEncoder { table, schema, sink }, GroupWriter { table, file, output: PhantomData }))
}

impl GroupEncoder {
    /// Encodes rows: one [`Cells`] a column, in the order of the declaration, all of one length.
    ///
    /// # Errors
    /// Where a column has another type or length than the declaration says.
    pub fn encode(&self, columns: Vec<Cells>) -> Result<Group, Error> {
        let batch = batch(self.table, &self.schema, columns)?;
        self.sink.encode(&batch).map(Group).map_err(|error| failed(self.table, error))
    }
}

impl<W: Write + Send + 'static> GroupWriter<W> {
    /// Adds a group.
    ///
    /// # Errors
    /// Where the output can't be written to.
    pub fn write(&mut self, group: Group) -> Result<(), Error> {
        let write = || {
            let mut file = self.file.next_row_group()?;
            group.0.into_iter().try_for_each(|column| column.append_to_row_group(&mut file))?;
            file.close()
        };
        write().map(|_| ()).map_err(|error| failed(self.table, error))
    }

    /// Writes what is still held back and gives the output back.
    ///
    /// # Errors
    /// Where the output can't be written to.
    pub fn finish(self) -> Result<W, Error> {
        let output = self.file.into_inner().map_err(|error| failed(self.table, error))?;
        own(output, self.table.name)
    }
}
