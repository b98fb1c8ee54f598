//! Runs that are written and read back, beside files that are damaged, of others, or unfinished.

#![allow(clippy::unwrap_used, reason = "a test whose helper fails has failed")]

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use history::{Job, Run, State, jobs, new_run_name, runs, write};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;

/// A time so many microseconds after the start of a day in 2026.
fn time(micros: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_392_000) + Duration::from_micros(micros)
}

fn run(micros: u64) -> Run {
    Run {
        run: new_run_name(time(micros), 4711),
        pipeline: "paper".to_owned(),
        started: time(micros),
        seconds: 12.5,
        jobs_done: 1,
        jobs_up_to_date: 2,
        jobs_fetched: 2,
        fetched_bytes: 1 << 33,
        jobs_failed: 3,
        jobs_not_run: 4,
        interrupted: true,
        targets: "train report".to_owned(),
        threads: 2,
        critical_path_seconds: 10.0,
        work_seconds: 20.0,
        saved_seconds: 30.0,
        runner_version: "0.1.0".to_owned(),
    }
}

/// A job with everything, one that did not run, and one of each other state.
fn some_jobs(run: &Run) -> Vec<Job> {
    let done = Job {
        run: run.run.clone(),
        job: "train@network=cnn1,seed=1".to_owned(),
        stage: "train".to_owned(),
        cell: "network=cnn1,seed=1".to_owned(),
        state: State::Done,
        reason: "param epochs: 3 -> 4".to_owned(),
        key: "0f".repeat(32),
        started: Some(run.started + Duration::from_micros(1)),
        seconds: 9.0,
        cpu_seconds: Some(17.5),
        peak_memory: Some(u64::MAX),
        threads: Some(2),
        attempts: 1,
        critical: true,
        output_bytes: 1 << 40,
        fetched_bytes: None,
    };
    let idle = Job {
        started: None,
        cpu_seconds: None,
        peak_memory: None,
        threads: None,
        critical: false,
        ..done.clone()
    };
    let others = [State::Failed, State::UpToDate, State::NotRun, State::Stopped];
    let others = others.into_iter().enumerate().map(|(number, state)| Job {
        state,
        attempts: number as u32,
        fetched_bytes: (state == State::UpToDate).then_some(7),
        ..idle.clone()
    });
    [done.clone()].into_iter().chain(others).collect()
}

#[test]
fn a_run_and_its_jobs_are_read_back_as_they_were() {
    let folder = TempDir::new().unwrap();
    let run = run(5);
    write(folder.path(), &run, &some_jobs(&run)).unwrap();
    assert_eq!(jobs(folder.path(), &run.run).unwrap(), some_jobs(&run));
    let read = runs(folder.path()).unwrap();
    assert!(read.warnings.is_empty());
    assert_eq!(read.runs, [run]);
}

#[test]
fn runs_are_listed_with_the_newest_last() {
    let folder = TempDir::new().unwrap();
    for micros in [3_000_000_000, 1, 2_000_000] {
        write(folder.path(), &run(micros), &[]).unwrap();
    }
    let read = runs(folder.path()).unwrap().runs;
    assert_eq!(read, [run(1), run(2_000_000), run(3_000_000_000)]);
}

#[test]
fn a_run_without_jobs_has_none() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), &run(1), &[]).unwrap();
    assert_eq!(jobs(folder.path(), &run(1).run).unwrap(), []);
}

#[test]
fn a_project_that_never_ran_has_an_empty_history() {
    let folder = TempDir::new().unwrap();
    let read = runs(&folder.path().join("not/there")).unwrap();
    assert!(read.runs.is_empty() && read.warnings.is_empty());
}

#[test]
fn a_file_that_cannot_be_read_is_left_out_and_named() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), &run(1), &some_jobs(&run(1))).unwrap();
    write(folder.path(), &run(2), &[]).unwrap();
    let runs_folder = folder.path().join("runs");
    let whole = fs::read(runs_folder.join(format!("{}.parquet", run(2).run))).unwrap();
    fs::write(runs_folder.join("a-cut.parquet"), &whole[..whole.len() / 2]).unwrap();
    fs::write(runs_folder.join("b-text.parquet"), "run,pipeline\n").unwrap();
    let jobs_file = folder.path().join(format!("jobs/{}.parquet", run(1).run));
    fs::copy(jobs_file, runs_folder.join("c-jobs.parquet")).unwrap();
    fs::write(runs_folder.join(".unfinished.partial"), "PAR1").unwrap();

    let read = runs(folder.path()).unwrap();
    assert_eq!(read.runs, [run(1), run(2)]);
    let warnings: Vec<String> = read.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 3);
    assert!(warnings[0].contains("a-cut.parquet: it is no Parquet file, or cut short"), "{warnings:?}");
    assert!(warnings[1].contains("b-text.parquet: it is no Parquet file, or cut short"), "{warnings:?}");
    assert!(
        warnings[2].contains("it is the table `jobs v2`, but the table `runs v2` is needed"),
        "{warnings:?}"
    );
}

#[test]
fn the_jobs_of_a_run_that_is_not_there_are_an_error_that_names_the_file() {
    let folder = TempDir::new().unwrap();
    let error = jobs(folder.path(), "20261123T000000.000000Z-1").unwrap_err().to_string();
    assert!(error.contains("jobs/20261123T000000.000000Z-1.parquet: cannot open it"), "{error}");
    let error = jobs(folder.path(), "../runs/x").unwrap_err().to_string();
    assert!(error.contains("`../runs/x` is no name of a run"), "{error}");
}

#[test]
fn what_cannot_be_written_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    assert!(write(folder.path(), &Run { run: "../x".to_owned(), ..run(1) }, &[]).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    // The file of the run can't be put where a folder stands; that of its jobs must not come alone.
    fs::write(folder.path().join("runs"), "in the way").unwrap();
    let error = write(folder.path(), &run(1), &some_jobs(&run(1))).unwrap_err().to_string();
    assert!(error.contains("runs: cannot make it"), "{error}");
    assert_eq!(fs::read_dir(folder.path().join("jobs")).unwrap().count(), 0);
}

#[test]
fn the_same_run_is_the_same_bytes() {
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let bytes = folders.map(|folder| {
        write(folder.path(), &run(1), &some_jobs(&run(1))).unwrap();
        ["runs", "jobs"].map(|table| fs::read(file(folder.path(), table)).unwrap())
    });
    assert!(bytes[0] == bytes[1]);
}

fn file(folder: &Path, table: &str) -> std::path::PathBuf {
    folder.join(table).join(format!("{}.parquet", run(1).run))
}

#[test]
fn every_column_says_what_it_means() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), &run(1), &[]).unwrap();
    for table in ["runs", "jobs"] {
        let file = File::open(file(folder.path(), table)).unwrap();
        let schema = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().schema().clone();
        assert_eq!(schema.metadata()["priorscope.schema"], table);
        assert_eq!(schema.fields().len(), if table == "runs" { 17 } else { 16 });
        assert!(schema.fields().iter().all(|field| field.metadata().contains_key("description")));
    }
}

#[test]
fn a_history_of_the_version_before_is_read_and_nothing_was_fetched_then() {
    let folder = TempDir::new().unwrap();
    let run = run(1);
    write(folder.path(), &run, &some_jobs(&run)).unwrap();
    for table in ["runs", "jobs"] {
        let path = file(folder.path(), table);
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        let batch = reader.build().unwrap().next().unwrap().unwrap();
        let schema = batch.schema();
        let kept: Vec<usize> =
            (0..schema.fields().len()).filter(|i| !schema.field(*i).name().contains("fetched")).collect();
        let batch = batch.project(&kept).unwrap();
        let mut metadata = batch.schema().metadata().clone();
        metadata.insert("priorscope.schema_version".to_owned(), "1".to_owned());
        let schema = Arc::new(batch.schema().as_ref().clone().with_metadata(metadata));
        let batch = batch.with_schema(schema.clone()).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema, None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }
    let read = runs(folder.path()).unwrap();
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    assert_eq!(read.runs, [Run { jobs_fetched: 0, fetched_bytes: 0, ..run.clone() }]);
    let old = some_jobs(&run).into_iter().map(|job| Job { fetched_bytes: None, ..job });
    assert_eq!(jobs(folder.path(), &run.run).unwrap(), old.collect::<Vec<_>>());
}
