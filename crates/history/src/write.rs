//! Writing a run: two files, each of which appears whole or not at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::{Error, Job, Run, columns, name};

/// Adds a run and its jobs to the history in `folder`, which is made if it is not there. Both files are written beside
/// their places before either appears.
///
/// # Errors
/// Where the run's name can't name a file, or the folder can't be written to.
pub fn write(folder: &Path, run: &Run, jobs: &[Job]) -> Result<(), Error> {
    name::check(&run.run)?;
    // A single row is smaller, and read five times as fast, when nothing of it is compressed.
    let plain = WriterProperties::builder().set_dictionary_enabled(false).build();
    let jobs = write_beside(folder, columns::JOBS, &run.run, columns::jobs(), job_columns(jobs), zstd())?;
    let runs = write_beside(folder, columns::RUNS, &run.run, columns::runs(), run_columns(run), plain)?;
    // The jobs first: a run that is seen has its jobs.
    jobs.publish()?;
    runs.publish()
}

/// A file that is written and not yet in its place. Dropped there, it is removed.
struct Written {
    beside: PathBuf,
    place: PathBuf,
}

impl Written {
    fn publish(self) -> Result<(), Error> {
        fs::rename(&self.beside, &self.place).map_err(Error::system(&self.place, "write"))
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // After it was published there is nothing to remove.
        let _ = fs::remove_file(&self.beside);
    }
}

/// The compression of most columns of the tables that pass between stages.
fn zstd() -> WriterProperties {
    let level = ZstdLevel::try_new(3).unwrap_or_default();
    WriterProperties::builder().set_compression(Compression::ZSTD(level)).build()
}

fn write_beside(
    folder: &Path,
    table: &str,
    run: &str,
    schema: SchemaRef,
    columns: Vec<ArrayRef>,
    properties: WriterProperties,
) -> Result<Written, Error> {
    let folder = folder.join(table);
    fs::create_dir_all(&folder).map_err(Error::system(&folder, "make"))?;
    let place = folder.join(format!("{run}.parquet"));
    // Its ending keeps it out of queries over `*.parquet`.
    let written = Written { beside: folder.join(format!(".{run}.partial")), place };
    let file = File::create(&written.beside).map_err(Error::system(&written.beside, "write"))?;
    let write = || {
        let batch = RecordBatch::try_new(schema.clone(), columns)?;
        let mut writer = ArrowWriter::try_new(file, schema, Some(properties))?;
        writer.write(&batch)?;
        writer.close()
    };
    write().map_err(|error: ParquetError| Error::table(&written.place, error))?;
    Ok(written)
}

/// Microseconds since 1970; of what no file can hold, the nearest that it can.
fn micros(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
    }
}

fn texts<'a>(words: impl IntoIterator<Item = &'a String>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(words))
}

fn times(times: impl IntoIterator<Item = Option<SystemTime>>) -> ArrayRef {
    let micros: TimestampMicrosecondArray = times.into_iter().map(|time| time.map(micros)).collect();
    Arc::new(micros.with_timezone("UTC"))
}

fn run_columns(run: &Run) -> Vec<ArrayRef> {
    let text = |text: &String| texts([text]);
    let count = |count: u32| Arc::new(UInt32Array::from(vec![count])) as ArrayRef;
    let seconds = |seconds: f64| Arc::new(Float64Array::from(vec![seconds])) as ArrayRef;
    vec![
        text(&run.run),
        text(&run.pipeline),
        times([Some(run.started)]),
        seconds(run.seconds),
        count(run.jobs_done),
        count(run.jobs_up_to_date),
        count(run.jobs_fetched),
        Arc::new(UInt64Array::from(vec![run.fetched_bytes])),
        count(run.jobs_failed),
        count(run.jobs_not_run),
        Arc::new(BooleanArray::from(vec![run.interrupted])),
        text(&run.targets),
        count(run.threads),
        seconds(run.critical_path_seconds),
        seconds(run.work_seconds),
        seconds(run.saved_seconds),
        text(&run.runner_version),
    ]
}

fn job_columns(jobs: &[Job]) -> Vec<ArrayRef> {
    let text = |text: fn(&Job) -> &String| texts(jobs.iter().map(text));
    let states: DictionaryArray<Int32Type> = jobs.iter().map(|job| job.state.word()).collect();
    vec![
        text(|job| &job.run),
        text(|job| &job.job),
        text(|job| &job.stage),
        text(|job| &job.cell),
        Arc::new(states),
        text(|job| &job.reason),
        text(|job| &job.key),
        times(jobs.iter().map(|job| job.started)),
        Arc::new(Float64Array::from_iter_values(jobs.iter().map(|job| job.seconds))),
        Arc::new(jobs.iter().map(|job| job.cpu_seconds).collect::<Float64Array>()),
        Arc::new(jobs.iter().map(|job| job.peak_memory).collect::<UInt64Array>()),
        Arc::new(jobs.iter().map(|job| job.threads).collect::<UInt32Array>()),
        Arc::new(UInt32Array::from_iter_values(jobs.iter().map(|job| job.attempts))),
        Arc::new(jobs.iter().map(|job| Some(job.critical)).collect::<BooleanArray>()),
        Arc::new(UInt64Array::from_iter_values(jobs.iter().map(|job| job.output_bytes))),
        Arc::new(jobs.iter().map(|job| job.fetched_bytes).collect::<UInt64Array>()),
    ]
}
