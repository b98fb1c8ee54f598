//! The columns of the two tables, with what they mean; the description, and the unit of a number, travel in each file
//! as field metadata, as in the tables of the stages.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// The metadata entry that names the table.
pub(crate) const SCHEMA: &str = "priorscope.schema";
/// The metadata entry with the version of its columns.
pub(crate) const SCHEMA_VERSION: &str = "priorscope.schema_version";
/// Raised whenever a column is added, removed, or changes its meaning.
pub(crate) const VERSION: &str = "2";
/// The version before, which lacks the columns of what was fetched: nothing was.
pub(crate) const BEFORE: &str = "1";
/// The table of runs.
pub(crate) const RUNS: &str = "runs";
/// The table of jobs.
pub(crate) const JOBS: &str = "jobs";

/// Microseconds since 1970 in UTC.
pub(crate) fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// One of a few words.
pub(crate) fn category() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

fn always(name: &str, data_type: DataType, unit: &str, about: &str) -> Field {
    let mut metadata = HashMap::from([("description".to_owned(), about.to_owned())]);
    if !unit.is_empty() {
        metadata.insert("unit".to_owned(), unit.to_owned());
    }
    Field::new(name, data_type, false).with_metadata(metadata)
}

fn maybe(name: &str, data_type: DataType, unit: &str, about: &str) -> Field {
    always(name, data_type, unit, about).with_nullable(true)
}

fn schema(table: &str, fields: Vec<Field>) -> SchemaRef {
    let entries = [(SCHEMA, table), (SCHEMA_VERSION, VERSION)];
    let metadata = entries.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Arc::new(Schema::new(fields).with_metadata(metadata))
}

/// One run a row.
pub(crate) fn runs() -> SchemaRef {
    use DataType::{Boolean, Float64, UInt32, UInt64, Utf8};
    let fields = vec![
        always("run", Utf8, "", "Start in UTC and process of the run: sorts by time"),
        always("pipeline", Utf8, "", "Name of the pipeline"),
        always("started", timestamp(), "", "When the run began"),
        always("seconds", Float64, "s", "Wall time of the run"),
        always("jobs_done", UInt32, "jobs", "Jobs that ran and did their work"),
        always("jobs_up_to_date", UInt32, "jobs", "Jobs whose work an earlier run had done"),
        always(
            "jobs_fetched",
            UInt32,
            "jobs",
            "Those of the jobs up to date that came from the shared cache",
        ),
        always("fetched_bytes", UInt64, "bytes", "What came from the shared cache"),
        always("jobs_failed", UInt32, "jobs", "Jobs that failed"),
        always("jobs_not_run", UInt32, "jobs", "Jobs that were wanted and did not run"),
        always("interrupted", Boolean, "", "Whether the user stopped the run"),
        always("targets", Utf8, "", "Targets, separated by spaces; empty where all jobs were wanted"),
        always("threads", UInt32, "threads", "Threads that the run might use; 0 on a cluster"),
        always("critical_path_seconds", Float64, "s", "Sum of the seconds along the critical path"),
        always("work_seconds", Float64, "s", "Sum of the seconds of the jobs that ran"),
        always("saved_seconds", Float64, "s", "Sum of what the jobs that were up to date took when they ran"),
        always("runner_version", Utf8, "", "Version of the runner"),
    ];
    schema(RUNS, fields)
}

/// One job of one run a row.
pub(crate) fn jobs() -> SchemaRef {
    use DataType::{Boolean, Float64, UInt32, UInt64, Utf8};
    let fields = vec![
        always("run", Utf8, "", "The run, as in the table of runs"),
        always("job", Utf8, "", "Name of the job: train@network=cnn1,seed=1"),
        always("stage", Utf8, "", "Its stage"),
        always("cell", Utf8, "", "Its cell: network=cnn1,seed=1; empty for a stage without cells"),
        always("state", category(), "", "done, failed, up to date, not run or stopped"),
        always("reason", Utf8, "", "Why it ran"),
        always("key", Utf8, "", "Its key in hexadecimal digits; empty where it has none"),
        maybe("started", timestamp(), "", "When it began; null where it did not run"),
        always("seconds", Float64, "s", "Wall time; of a job that was up to date what it took when it ran"),
        maybe("cpu_seconds", Float64, "s", "Time of all processors together; null where it is not known"),
        maybe("peak_memory", UInt64, "bytes", "Most memory at once; null where it is not known"),
        maybe("threads", UInt32, "threads", "Threads that it was given; null where it did not run"),
        always("attempts", UInt32, "", "How often it was started"),
        always("critical", Boolean, "", "Whether it is on the critical path of the run"),
        always("output_bytes", UInt64, "bytes", "Size of its outputs"),
        maybe(
            "fetched_bytes",
            UInt64,
            "bytes",
            "What came from the shared cache; null where it did not come from there",
        ),
    ];
    schema(JOBS, fields)
}
