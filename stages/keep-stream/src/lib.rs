//! Keeps a stream: passes the bytes of an Arrow IPC stream on as they come, and writes its rows to a Parquet table.

use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::{Direction, Error, Format, Job, Output, Port, Stage};
use tables::Keeper;

const STREAM: Port =
    Port::any_table("stream", Direction::Input, Format::ArrowStream, "The stream, of any schema");
const COPY: Port = Port::any_table(
    "copy",
    Direction::Output,
    Format::ArrowStream,
    "The same bytes, passed on as they come; left out, nothing is passed on",
)
.optional();
const TABLE: Port =
    Port::any_table("table", Direction::Output, Format::Parquet, "The rows, with the stream's own metadata");

/// The stage's declaration.
pub const STAGE: Stage<Params> = Stage {
    name: "keep-stream",
    version: env!("CARGO_PKG_VERSION"),
    about: "Keeps a stream as a Parquet table, and passes it on to the next program.",
    example: "dump-activations ... --energies - | keep-stream --stream - --copy - --table energies.parquet \\\n    | estimate-distributions --energies - ...",
    ports: &[&STREAM, &COPY, &TABLE],
    run,
};

/// Nothing can be set.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {}

/// Bytes that are read before they are passed on: what a pipe holds.
const PIECE: usize = 1 << 16;

fn run(job: &Job, _: &Params) -> Result<(), Error> {
    let mut stream = job.open(&STREAM)?;
    let mut copy = job.path(&COPY).map(|_| job.create(&COPY)).transpose()?;
    let path = job.path(&STREAM).unwrap_or(Path::new("-"));
    let mut keeper = Keeper::new(path, job.create(&TABLE)?);
    let place = copy.as_ref().map(|copy| copy.path().to_owned()).unwrap_or_default();
    let told = |keeper: &Keeper<Output>| job.progress().at(keeper.rows(), 0, "rows", "");
    pass(&mut stream, copy.as_mut(), &mut keeper, told).map_err(|stop| match stop {
        Stop::Reading(source) => {
            Error::input(STREAM.name, format!("{}: can't be read: {source}", path.display()))
        }
        Stop::Passing(source) => Error::output(&place, source),
        Stop::Keeping(error) => refused(error),
    })?;
    let table = keeper.finish().map_err(refused)?;
    Output::publish(copy.into_iter().chain([table]).collect())
}

/// Why a stream is not passed on any more.
#[derive(Debug)]
enum Stop {
    Reading(std::io::Error),
    Passing(std::io::Error),
    Keeping(tables::Error),
}

/// Passes a stream on to its end, piece by piece: the next is read when the last was taken by the reader of the copy
/// and by the table, so a slow reader slows the writer, and nothing waits here but one piece. `told` hears
/// of new rows.
fn pass<W: Write + Send + 'static>(
    stream: &mut impl Read,
    mut copy: Option<&mut impl Write>,
    keeper: &mut Keeper<W>,
    told: impl Fn(&Keeper<W>),
) -> Result<(), Stop> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = match stream.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stop::Reading(error)),
        };
        let read = piece.get(..length).unwrap_or_default();
        if let Some(copy) = &mut copy {
            copy.write_all(read).and_then(|()| copy.flush()).map_err(Stop::Passing)?;
        }
        let before = keeper.rows();
        keeper.push(read).map_err(Stop::Keeping)?;
        if keeper.rows() > before {
            told(keeper);
        }
    }
}

/// A stream that can't be kept is bad input; a table that can't be written is not.
fn refused(error: tables::Error) -> Error {
    match error {
        tables::Error::Write { .. } => Error::Table(error),
        error => Error::input(STREAM.name, error),
    }
}

#[cfg(test)]
#[path = "lib_tests.rs"]
mod tests;
