//! Reading the history back: all runs, and the jobs of one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, TimestampMicrosecondType, UInt32Type, UInt64Type};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::{Error, Job, Run, State, columns, name};

/// The runs of a history.
#[derive(Debug, Default)]
pub struct Runs {
    /// The runs that could be read, the newest last.
    pub runs: Vec<Run>,
    /// What is wrong with each file that could not be read.
    pub warnings: Vec<Error>,
}

/// Reads all runs in `folder`. A file that can't be read is left out, and named in a warning. A folder that is not
/// there holds no run.
///
/// # Errors
/// Where the folder can't be listed.
pub fn runs(folder: &Path) -> Result<Runs, Error> {
    let mut found = Runs::default();
    for path in files(&folder.join(columns::RUNS))? {
        match read(&path, columns::RUNS, run_rows) {
            Ok(runs) => found.runs.extend(runs),
            Err(error) => found.warnings.push(error),
        }
    }
    found.runs.sort_by(|a, b| a.run.cmp(&b.run));
    Ok(found)
}

/// Reads the jobs of a run, in the order in which they were written.
///
/// # Errors
/// Where `run` is no name of a run, or its file can't be read.
pub fn jobs(folder: &Path, run: &str) -> Result<Vec<Job>, Error> {
    name::check(run)?;
    read(&folder.join(columns::JOBS).join(format!("{run}.parquet")), columns::JOBS, job_rows)
}

/// The Parquet files of a folder by their names; not those that are being written.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let list =
        || -> io::Result<Vec<PathBuf>> { fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect() };
    let mut paths = match list() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(Error::system(folder, "read"))?,
    };
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    paths.sort();
    Ok(paths)
}

/// Reads a file of the table, batch by batch.
fn read<T>(
    path: &Path,
    table: &str,
    rows: impl Fn(&RecordBatch) -> Result<Vec<T>, String>,
) -> Result<Vec<T>, Error> {
    let damaged = |detail: String| Error::damaged(path, detail);
    let file = File::open(path).map_err(Error::system(path, "open"))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(|error| damaged(format!("it is no Parquet file, or cut short: {error}")))?;
    check_identity(reader.schema(), table).map_err(damaged)?;
    let mut all = Vec::new();
    for batch in reader.build().map_err(|error| damaged(error.to_string()))? {
        let batch = batch.map_err(|error| damaged(format!("it can't be read to its end: {error}")))?;
        all.extend(rows(&batch).map_err(damaged)?);
    }
    Ok(all)
}

/// A file that says which table it is must be the right one; one that another tool has written anew and that says
/// nothing is judged by its columns alone.
fn check_identity(schema: &Schema, table: &str) -> Result<(), String> {
    let entry = |key: &str| schema.metadata().get(key).map(String::as_str);
    let Some(name) = entry(columns::SCHEMA) else { return Ok(()) };
    let (version, right) = (entry(columns::SCHEMA_VERSION).unwrap_or("?"), columns::VERSION);
    if name == table && [right, columns::BEFORE].contains(&version) {
        return Ok(());
    }
    Err(format!("it is the table `{name} v{version}`, but the table `{table} v{right}` is needed here"))
}

/// A column in the type that is asked for.
fn column(batch: &RecordBatch, name: &str, data_type: &DataType) -> Result<ArrayRef, String> {
    let array = batch.column_by_name(name).ok_or_else(|| format!("column `{name}` is missing"))?;
    cast(array, data_type)
        .map_err(|_| format!("column `{name}` is {}, but must be {data_type}", array.data_type()))
}

/// The values of a column in which none is empty.
fn whole<T>(name: &str, values: impl Iterator<Item = Option<T>>) -> Result<Vec<T>, String> {
    let value = |(row, value): (usize, Option<T>)| {
        value.ok_or_else(|| format!("column `{name}`, row {row}: it is empty (null); give it a value"))
    };
    values.enumerate().map(value).collect()
}

fn texts(batch: &RecordBatch, name: &str) -> Result<Vec<String>, String> {
    let array = column(batch, name, &DataType::Utf8)?;
    whole(name, array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)))
}

fn booleans(batch: &RecordBatch, name: &str) -> Result<Vec<bool>, String> {
    whole(name, column(batch, name, &DataType::Boolean)?.as_boolean().iter())
}

fn maybe_numbers<T: ArrowPrimitiveType>(
    batch: &RecordBatch,
    name: &str,
) -> Result<Vec<Option<T::Native>>, String> {
    Ok(column(batch, name, &T::DATA_TYPE)?.as_primitive::<T>().iter().collect())
}

/// The numbers of a column that the version before does not have, when nothing could be fetched.
fn later_numbers<T: ArrowPrimitiveType>(
    batch: &RecordBatch,
    name: &str,
) -> Result<Vec<Option<T::Native>>, String> {
    match batch.column_by_name(name) {
        None => Ok(vec![None; batch.num_rows()]),
        Some(_) => maybe_numbers::<T>(batch, name),
    }
}

fn numbers<T: ArrowPrimitiveType>(batch: &RecordBatch, name: &str) -> Result<Vec<T::Native>, String> {
    whole(name, maybe_numbers::<T>(batch, name)?.into_iter())
}

fn maybe_times(batch: &RecordBatch, name: &str) -> Result<Vec<Option<SystemTime>>, String> {
    let micros = column(batch, name, &columns::timestamp())?;
    let time = |(row, micros): (usize, Option<i64>)| {
        let Some(micros) = micros else { return Ok(None) };
        let distance = Duration::from_micros(micros.unsigned_abs());
        let time =
            if micros < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
        time.map(Some).ok_or_else(|| format!("column `{name}`, row {row}: {micros} is no time"))
    };
    micros.as_primitive::<TimestampMicrosecondType>().iter().enumerate().map(time).collect()
}

fn states(batch: &RecordBatch, name: &str) -> Result<Vec<State>, String> {
    let state = |(row, word): (usize, String)| {
        State::of_word(&word).ok_or_else(|| {
            let words = State::ALL.map(State::word).join(", ");
            format!("column `{name}`, row {row}: `{word}`; it must be one of {words}")
        })
    };
    texts(batch, name)?.into_iter().enumerate().map(state).collect()
}

/// The rows of a batch; its columns are all of one length.
fn run_rows(batch: &RecordBatch) -> Result<Vec<Run>, String> {
    let run = texts(batch, "run")?;
    let pipeline = texts(batch, "pipeline")?;
    let started = whole("started", maybe_times(batch, "started")?.into_iter())?;
    let seconds = numbers::<Float64Type>(batch, "seconds")?;
    let jobs_done = numbers::<UInt32Type>(batch, "jobs_done")?;
    let jobs_up_to_date = numbers::<UInt32Type>(batch, "jobs_up_to_date")?;
    let jobs_fetched = later_numbers::<UInt32Type>(batch, "jobs_fetched")?;
    let fetched_bytes = later_numbers::<UInt64Type>(batch, "fetched_bytes")?;
    let jobs_failed = numbers::<UInt32Type>(batch, "jobs_failed")?;
    let jobs_not_run = numbers::<UInt32Type>(batch, "jobs_not_run")?;
    let interrupted = booleans(batch, "interrupted")?;
    let targets = texts(batch, "targets")?;
    let threads = numbers::<UInt32Type>(batch, "threads")?;
    let critical_path_seconds = numbers::<Float64Type>(batch, "critical_path_seconds")?;
    let work_seconds = numbers::<Float64Type>(batch, "work_seconds")?;
    let saved_seconds = numbers::<Float64Type>(batch, "saved_seconds")?;
    let runner_version = texts(batch, "runner_version")?;
    let row = |row: usize| Run {
        run: run[row].clone(),
        pipeline: pipeline[row].clone(),
        started: started[row],
        seconds: seconds[row],
        jobs_done: jobs_done[row],
        jobs_up_to_date: jobs_up_to_date[row],
        jobs_fetched: jobs_fetched[row].unwrap_or_default(),
        fetched_bytes: fetched_bytes[row].unwrap_or_default(),
        jobs_failed: jobs_failed[row],
        jobs_not_run: jobs_not_run[row],
        interrupted: interrupted[row],
        targets: targets[row].clone(),
        threads: threads[row],
        critical_path_seconds: critical_path_seconds[row],
        work_seconds: work_seconds[row],
        saved_seconds: saved_seconds[row],
        runner_version: runner_version[row].clone(),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// The rows of a batch; its columns are all of one length.
fn job_rows(batch: &RecordBatch) -> Result<Vec<Job>, String> {
    let run = texts(batch, "run")?;
    let job = texts(batch, "job")?;
    let stage = texts(batch, "stage")?;
    let cell = texts(batch, "cell")?;
    let state = states(batch, "state")?;
    let reason = texts(batch, "reason")?;
    let key = texts(batch, "key")?;
    let started = maybe_times(batch, "started")?;
    let seconds = numbers::<Float64Type>(batch, "seconds")?;
    let cpu_seconds = maybe_numbers::<Float64Type>(batch, "cpu_seconds")?;
    let peak_memory = maybe_numbers::<UInt64Type>(batch, "peak_memory")?;
    let threads = maybe_numbers::<UInt32Type>(batch, "threads")?;
    let attempts = numbers::<UInt32Type>(batch, "attempts")?;
    let critical = booleans(batch, "critical")?;
    let output_bytes = numbers::<UInt64Type>(batch, "output_bytes")?;
    let fetched_bytes = later_numbers::<UInt64Type>(batch, "fetched_bytes")?;
    let row = |row: usize| Job {
        run: run[row].clone(),
        job: job[row].clone(),
        stage: stage[row].clone(),
        cell: cell[row].clone(),
        state: state[row],
        reason: reason[row].clone(),
        key: key[row].clone(),
        started: started[row],
        seconds: seconds[row],
        cpu_seconds: cpu_seconds[row],
        peak_memory: peak_memory[row],
        threads: threads[row],
        attempts: attempts[row],
        critical: critical[row],
        output_bytes: output_bytes[row],
        fetched_bytes: fetched_bytes[row],
    };
    Ok((0..batch.num_rows()).map(row).collect())
}
