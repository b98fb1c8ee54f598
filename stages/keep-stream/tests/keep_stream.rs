//! The program between a writer and a reader: whole streams, streams that are cut, readers that are gone, full or slow.

#![allow(clippy::unwrap_used, reason = "a test whose helper fails has failed")]

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arrow_array::{RecordBatch, StringArray};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_select::concat::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use tables::{Cells, Provenance, Reader, Writer, catalogue};

/// Energies as `dump-activations` streams them: `batches` of 36 KiB each.
fn energies(batches: i32) -> Vec<u8> {
    let made = Provenance { stage: "dump-activations".to_owned(), ..Provenance::default() };
    let mut writer = Writer::stream(Vec::new(), &catalogue::ENERGIES, &HashMap::new(), &made).unwrap();
    for epoch in 0..batches {
        let cells = vec![
            Cells::Same("cnn1".to_owned(), 10),
            Cells::Same("real".to_owned(), 10),
            Cells::I64(vec![1; 10]),
            Cells::I32(vec![epoch; 10]),
            Cells::I32((0..10).collect()),
            Cells::F32Tensors((0..9000).map(|value| (value * epoch) as f32).collect()),
        ];
        writer.write(cells).unwrap();
    }
    writer.finish().unwrap()
}

fn program(folder: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_keep-stream"));
    program.current_dir(folder).args(["--stream=-", "--table=table.parquet", "--progress=events"]);
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    program
}

/// Feeds a program from another thread, in pieces of `length` bytes, until it takes no more.
fn feed(child: &mut Child, stream: &[u8], length: usize, taken: &Arc<AtomicUsize>) {
    let (mut stdin, stream, taken) = (child.stdin.take().unwrap(), stream.to_vec(), taken.clone());
    std::thread::spawn(move || {
        for piece in stream.chunks(length) {
            if stdin.write_all(piece).is_err() {
                return;
            }
            taken.fetch_add(piece.len(), Ordering::SeqCst);
        }
    });
}

fn run(program: &mut Command, stream: &[u8], length: usize) -> Output {
    let mut child = program.spawn().unwrap();
    feed(&mut child, stream, length, &Arc::default());
    child.wait_with_output().unwrap()
}

/// Checks that a program ended with this exit code, said this, and left no file behind.
fn failed(folder: &Path, output: &Output, code: i32, says: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.lines().last().unwrap().contains(says), "{said}");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "no file is left");
}

#[test]
fn the_copy_is_the_same_bytes_and_the_table_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let stream = energies(5);
    let output = run(program(folder.path()).arg("--copy=-"), &stream, 1 << 16);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && output.stdout == stream, "{said}");
    let event: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!((&event["event"], &event["unit"]), (&"progress".into(), &"rows".into()));

    let path = folder.path().join("table.parquet");
    let table = Reader::open(&path, &catalogue::ENERGIES, &[]).unwrap();
    assert_eq!(table.metadata("stage"), Some("dump-activations"));
    let rows = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap().build().unwrap();
    let kept: Vec<RecordBatch> = rows.map(Result::unwrap).collect();
    let given: Vec<RecordBatch> =
        StreamReader::try_new(stream.as_slice(), None).unwrap().map(Result::unwrap).collect();
    let schema = given[0].schema();
    let [kept, given] = [kept, given].map(|all| concat_batches(&schema, &all).unwrap());
    assert_eq!(kept, given);
}

#[test]
fn the_table_has_the_same_bytes_whatever_the_pieces_of_the_pipe() {
    let stream = energies(5);
    let tables = [1000, 1 << 16, usize::MAX].map(|length| {
        let folder = tempfile::tempdir().unwrap();
        assert!(run(&mut program(folder.path()), &stream, length).status.success());
        fs::read(folder.path().join("table.parquet")).unwrap()
    });
    assert!(tables[0] == tables[1] && tables[1] == tables[2]);
}

#[test]
fn a_stream_of_any_schema_is_kept_and_without_a_copy_nothing_is_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let words = Arc::new(StringArray::from(vec![Some("one"), None])) as _;
    let batch = RecordBatch::try_from_iter_with_nullable([("word", words, true)]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    let output = run(&mut program(folder.path()), &writer.into_inner().unwrap(), 100);
    assert!(output.status.success() && output.stdout.is_empty());
    let table = File::open(folder.path().join("table.parquet")).unwrap();
    let mut rows = ParquetRecordBatchReaderBuilder::try_new(table).unwrap().build().unwrap();
    assert_eq!(rows.next().unwrap().unwrap(), batch);
}

#[test]
fn a_copy_may_be_a_file_and_the_stream_too() {
    let folder = tempfile::tempdir().unwrap();
    let stream = energies(2);
    fs::write(folder.path().join("stream.arrow"), &stream).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_keep-stream"));
    program.args(["--stream=stream.arrow", "--copy=copy.arrow", "--table=table.parquet"]);
    assert!(program.current_dir(folder.path()).status().unwrap().success());
    assert!(fs::read(folder.path().join("copy.arrow")).unwrap() == stream);
    assert!(folder.path().join("table.parquet").exists());
}

#[test]
fn a_stream_whose_writer_was_killed_leaves_no_table() {
    let stream = energies(5);
    let without_its_end = stream.len() - 8;
    for length in [without_its_end, without_its_end / 2, 0] {
        let folder = tempfile::tempdir().unwrap();
        let output = run(program(folder.path()).arg("--copy=-"), &stream[..length], 1 << 16);
        failed(folder.path(), &output, 3, "without its end-of-stream marker");
        assert!(output.stdout == stream[..length]);
    }
}

#[test]
fn what_is_no_stream_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&mut program(folder.path()), b"image,label\n1,2\n", 100);
    failed(folder.path(), &output, 3, "input --stream: -: it is no Arrow IPC stream");
    let mut program = Command::new(env!("CARGO_BIN_EXE_keep-stream"));
    program.args(["--stream=missing.arrow", "--table=table.parquet"]);
    let output = program.current_dir(folder.path()).output().unwrap();
    failed(folder.path(), &output, 3, "input --stream: missing.arrow: cannot open it");
}

#[test]
fn a_reader_that_is_gone_ends_it_with_a_broken_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = program(folder.path()).arg("--copy=-").spawn().unwrap();
    drop(child.stdout.take());
    feed(&mut child, &energies(50), 1 << 16, &Arc::default());
    failed(folder.path(), &child.wait_with_output().unwrap(), 1, "Broken pipe");
}

#[test]
fn a_full_device_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = run(program(folder.path()).arg("--copy=-").stdout(full), &energies(5), 1 << 16);
    failed(folder.path(), &output, 1, "cannot write it: No space left on device");
}

/// The stream is thirty times as long as what two pipes and one piece hold.
#[test]
fn a_reader_that_does_not_read_stops_the_writer() {
    const PIPE: usize = 1 << 16;
    let folder = tempfile::tempdir().unwrap();
    let stream = energies(200);
    assert!(stream.len() > 30 * 3 * PIPE);
    let mut child = program(folder.path()).arg("--copy=-").spawn().unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    feed(&mut child, &stream, 4096, &taken);
    let mut last = usize::MAX;
    while last != taken.load(Ordering::SeqCst) {
        last = taken.load(Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(300));
    }
    assert!(last <= 3 * PIPE, "{last} bytes are on the way");
    let mut copy = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut copy).unwrap();
    assert!(child.wait().unwrap().success() && copy == stream);
}

#[test]
fn it_describes_ports_of_any_schema() {
    let output = Command::new(env!("CARGO_BIN_EXE_keep-stream")).arg("--describe").output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let ports = |side: &str| -> Vec<(String, String, bool)> {
        let ports = answer[side].as_array().unwrap().iter();
        let text = |port: &Value, key: &str| port[key].as_str().unwrap().to_owned();
        ports
            .inspect(|port| assert!(port["schema"].is_null() && port["schema_version"].is_null()))
            .map(|port| (text(port, "name"), text(port, "format"), port["optional"].as_bool().unwrap()))
            .collect()
    };
    let port = |name: &str, format: &str, optional| (name.to_owned(), format.to_owned(), optional);
    assert_eq!(answer["name"], "keep-stream");
    assert_eq!(ports("inputs"), [port("stream", "arrow-stream", false)]);
    assert_eq!(ports("outputs"), [port("copy", "arrow-stream", true), port("table", "parquet", false)]);
    assert!(answer["params"]["properties"].as_object().is_none_or(|params| params.is_empty()));
}
