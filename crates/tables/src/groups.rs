//! Writing a table whose row groups may be encoded on several threads at once.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// Writes groups to a Parquet file in the order of their numbers, whenever they come and from whatever thread.
pub struct GroupWriter<W> {
    table: &'static Table,
    file: Mutex<SerializedFileWriter<Box<dyn Target>>>,
    waiting: Mutex<Waiting>,
    output: PhantomData<fn() -> W>,
}

/// Groups that are not written yet.
#[derive(Default)]
struct Waiting {
    /// Number of the next to be written.
    next: usize,
    groups: BTreeMap<usize, Group>,
}

/// As many groups may wait for a slow disk.
const WAITING: usize = 16;

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
        let (file, waiting) = (Mutex::new(file), Mutex::default());
        Ok((GroupEncoder { table, schema, sink }, GroupWriter { table, file, waiting, output: PhantomData }))
    }

    /// Adds the group of this number, from 0; it is written after all before it.
    ///
    /// # Errors
    /// Where the output can't be written to.
    pub fn write(&self, number: usize, group: Group) -> Result<(), Error> {
        let mut waiting = lock(&self.waiting);
        waiting.groups.insert(number, group);
        let many = waiting.groups.len() > WAITING;
        drop(waiting);
        // Who comes while another thread writes leaves its group to that one, or to the next that comes.
        let file = if many { Some(lock(&self.file)) } else { self.file.try_lock().ok() };
        file.map_or(Ok(()), |mut file| self.write_ready(&mut file))
    }

    /// Writes the groups whose turn it is.
    fn write_ready(&self, file: &mut SerializedFileWriter<Box<dyn Target>>) -> Result<(), Error> {
        loop {
            let Some(group) = lock(&self.waiting).take() else { return Ok(()) };
            let write = || {
                let mut file = file.next_row_group()?;
                group.0.into_iter().try_for_each(|column| column.append_to_row_group(&mut file))?;
                file.close()
            };
            write().map_err(|error| failed(self.table, error))?;
        }
    }

    /// Writes the file's footer and gives the output back.
    ///
    /// # Errors
    /// Where the output can't be written to.
    pub fn finish(self) -> Result<W, Error> {
        self.write_ready(&mut lock(&self.file))?;
        if let Some(number) = lock(&self.waiting).groups.keys().next() {
            return Err(failed(self.table, format!("group {number} came without one before it")));
        }
        let file = self.file.into_inner().unwrap_or_else(PoisonError::into_inner);
        let output = file.into_inner().map_err(|error| failed(self.table, error))?;
        own(output, self.table.name)
    }
}

impl Waiting {
    /// The next, if it came.
    fn take(&mut self) -> Option<Group> {
        let group = self.groups.remove(&self.next)?;
        self.next += 1;
        Some(group)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn row(row: usize) -> Vec<Cells> {
        let words = || Cells::Words(vec![row.to_string()]);
        let label = || Cells::U8(vec![(row % 10) as u8]);
        let (pixels, regions) =
            (Cells::F32Tensors(vec![row as f32; PIXELS]), Cells::Bytes(vec![row as u8; PIXELS]));
        vec![Cells::I32(vec![row as i32]), words(), label(), label(), pixels, regions, words()]
    }

    /// The file of as many groups of one row, written in this order by as many threads.
    fn file(order: &[usize], threads: usize) -> Result<Vec<u8>, Error> {
        let (encoder, writer) =
            GroupWriter::parquet(Vec::new(), &catalogue::DATASET, &Provenance::default()).unwrap();
        std::thread::scope(|scope| {
            for some in order.chunks(order.len().div_ceil(threads)) {
                let write =
                    |number: &usize| writer.write(*number, encoder.encode(row(*number)).unwrap()).unwrap();
                scope.spawn(move || some.iter().for_each(write));
            }
        });
        writer.finish()
    }

    #[test]
    fn groups_are_written_in_the_order_of_their_numbers_whenever_they_come() {
        let in_order: Vec<usize> = (0..40).collect();
        let expected = file(&in_order, 1).unwrap();
        let backwards: Vec<usize> = in_order.iter().rev().copied().collect();
        assert!(file(&backwards, 1).unwrap() == expected);
        for threads in 2..5 {
            assert!(file(&in_order, threads).unwrap() == expected);
            assert!(file(&backwards, threads).unwrap() == expected);
        }
    }

    #[test]
    fn a_file_without_one_of_its_groups_is_not_finished() {
        let sentence = file(&[0, 1, 3, 4], 1).unwrap_err().to_string();
        assert!(sentence.contains("group 3 came without one before it"), "{sentence}");
    }
}
