//! Writing a table whose row groups may be encoded on several threads at once.

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

impl GroupEncoder {
    /// Encodes rows, which become one row group: one [`Cells`] a column, in the order of the declaration, all of one length.
    ///
    /// # Errors
    /// Where a column has another type or length than the declaration says.
    pub fn encode(&self, columns: Vec<Cells>) -> Result<Group, Error> {
        let batch = batch(self.table, &self.schema, columns)?;
        self.sink.encode(&batch).map(Group).map_err(|error| failed(self.table, error))
    }
}

impl<W: Write + Send + 'static> GroupWriter<W> {
    /// Begins a Parquet file; with what encodes its groups.
    ///
    /// # Errors
    /// Where `output` can't be written to.
    pub fn parquet(
        output: W,
        table: &'static Table,
        provenance: &Provenance,
    ) -> Result<(GroupEncoder, Self), Error> {
        let schema = schema_with(table, &HashMap::new(), provenance);
        let (sink, file) = ParquetSink::new(Box::new(output), &schema)
            .and_then(ParquetSink::into_groups)
            .map_err(|error| failed(table, error))?;
        Ok((GroupEncoder { table, schema, sink }, GroupWriter { table, file, output: PhantomData }))
    }

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

    /// Writes the file's footer and gives the output back.
    ///
    /// # Errors
    /// Where the output can't be written to.
    pub fn finish(self) -> Result<W, Error> {
        let output = self.file.into_inner().map_err(|error| failed(self.table, error))?;
        own(output, self.table.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PIXELS, catalogue};

    #[test]
    fn bytes_that_are_no_whole_rows_are_refused() {
        let (encoder, _) =
            GroupWriter::parquet(Vec::new(), &catalogue::DATASET, &Provenance::default()).unwrap();
        let word = || Cells::Words(vec!["train".to_owned()]);
        let encode = |bytes: usize| {
            let (pixels, regions) = (Cells::F32Tensors(vec![0.0; PIXELS]), Cells::Bytes(vec![0; bytes]));
            let label = || Cells::U8(vec![0]);
            encoder.encode(vec![Cells::I32(vec![0]), word(), label(), label(), pixels, regions, word()])
        };
        assert!(encode(PIXELS).is_ok());
        let sentence = encode(PIXELS + 5).err().unwrap().to_string();
        assert!(sentence.contains("1029 bytes for rows of 1024"), "{sentence}");
        assert!(encode(2 * PIXELS).is_err());
    }
}
