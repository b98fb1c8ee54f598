//! What a running stage is handed beside its params: its files, its threads, and a place to show progress.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Map, Value, json};
use tables::Provenance;

use crate::digest::digest;
use crate::lineage;
use crate::port::{Direction, Format, Port};
use crate::{Declaration, Error, Output, Progress, progress};

/// One run of a stage.
pub struct Job {
    name: &'static str,
    version: &'static str,
    ports: &'static [&'static Port],
    params_json: Value,
    paths: HashMap<&'static str, Vec<PathBuf>>,
    pool: rayon::ThreadPool,
    progress: Progress,
}

impl Job {
    pub(crate) fn new(
        stage: &Declaration,
        params_json: Value,
        paths: HashMap<&'static str, Vec<PathBuf>>,
        threads: usize,
        progress: Progress,
    ) -> Result<Job, String> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| format!("can't start {threads} threads: {error}"))?;
        let (name, version, ports) = (stage.name, stage.version, stage.ports);
        no_path_twice(ports, &paths)?;
        Ok(Job { name, version, ports, params_json, paths, pool, progress })
    }

    pub(crate) fn in_pool(&self, work: &(dyn Fn() -> Result<(), Error> + Sync)) -> Result<(), Error> {
        self.pool.install(work)
    }

    /// Tells how the work ended.
    pub(crate) fn end(&self, result: Result<(), Error>) -> ExitCode {
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                self.progress.clear();
                progress::say(format_args!("{}: error: {error}", self.name));
                ExitCode::from(error.exit_code())
            }
        }
    }

    /// How many threads it works with.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Where progress is shown.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The params as JSON, for what must be compared or kept.
    pub fn params_json(&self) -> &Value {
        &self.params_json
    }

    /// The files of a port, in the order of the command line.
    pub fn paths(&self, port: &Port) -> &[PathBuf] {
        self.paths.get(port.name).map_or(&[], Vec::as_slice)
    }

    /// The one file of a port; none where it was left out.
    pub fn path(&self, port: &Port) -> Option<&Path> {
        self.paths(port).first().map(PathBuf::as_path)
    }

    /// Reads the one file of an input with `read`; its error names the port.
    ///
    /// # Errors
    /// What `read` says, as [`Error::Input`].
    pub fn read<T, E: std::fmt::Display>(
        &self,
        port: &Port,
        read: impl FnOnce(&Path) -> Result<T, E>,
    ) -> Result<T, Error> {
        let path = self.path(port).ok_or_else(|| Error::input(port.name, "no file was given"))?;
        no_pipe(port, path)?;
        read(path).map_err(|error| Error::input(port.name, error))
    }

    /// Reads every file of an input with `read`, in the order of the command line.
    ///
    /// # Errors
    /// What `read` says, as [`Error::Input`].
    pub fn read_all<T>(
        &self,
        port: &Port,
        mut read: impl FnMut(&Path) -> Result<T, tables::Error>,
    ) -> Result<Vec<T>, Error> {
        let mut of_file = |path: &PathBuf| {
            no_pipe(port, path)?;
            read(path).map_err(|error| Error::input(port.name, error))
        };
        self.paths(port).iter().map(&mut of_file).collect()
    }

    /// The text of the one file of an input, of at most so many bytes.
    ///
    /// # Errors
    /// Where it can't be read, is longer or is no UTF-8, as [`Error::Input`]; and where it is no regular file: the digest in the
    /// metadata is made by reading again, which a pipe can't be.
    pub fn text(&self, port: &Port, most_bytes: u64) -> Result<String, Error> {
        let path = self.path(port).ok_or_else(|| Error::input(port.name, "no file was given"))?;
        let wrong = |detail: String| Error::input(port.name, format!("{}: {detail}", path.display()));
        let about = path.metadata().map_err(|error| wrong(format!("can't be read: {error}")))?;
        if !about.is_file() {
            return Err(wrong("it is no regular file; write its text to one and give that".to_owned()));
        }
        if about.len() > most_bytes {
            return Err(wrong(format!("it has {} bytes; at most {most_bytes} are read", about.len())));
        }
        let bytes = std::fs::read(path).map_err(|error| wrong(format!("can't be read: {error}")))?;
        String::from_utf8(bytes).map_err(|error| {
            let line =
                error.as_bytes()[..error.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
            wrong(format!("line {line} holds bytes that are no text (UTF-8)"))
        })
    }

    /// Opens the one file of an input for what reads its bytes; `-` is standard input.
    ///
    /// # Errors
    /// Where it can't be opened, as [`Error::Input`].
    pub fn open(&self, port: &Port) -> Result<Box<dyn Read>, Error> {
        let path = self.path(port).ok_or_else(|| Error::input(port.name, "no file was given"))?;
        if path == Path::new("-") {
            return Ok(Box::new(std::io::stdin().lock()));
        }
        match File::open(path) {
            Ok(file) => Ok(Box::new(file)),
            Err(source) => {
                let path = path.to_owned();
                Err(Error::input(port.name, tables::Error::Open { path, source }))
            }
        }
    }

    /// Opens an output. It appears under its name only when it is published with [`Output::publish`].
    ///
    /// # Errors
    /// Where the folder can't be written to.
    pub fn create(&self, port: &Port) -> Result<Output, Error> {
        let path =
            self.path(port).ok_or_else(|| Error::Failed(format!("no file was given for --{}", port.name)))?;
        Output::create(path)
    }

    /// What stands in the metadata of an output: this stage, its params, the digests of its inputs, and the params of all stages
    /// that had a part in these. What came through a stream has a part in it that is not told.
    ///
    /// # Errors
    /// Where an input can't be read.
    pub fn provenance(&self) -> Result<Provenance, Error> {
        let (mut inputs, mut stages) = (Map::new(), Map::new());
        let given = |port: &&&Port| port.direction == Direction::Input && !self.paths(port).is_empty();
        for port in self.ports.iter().filter(given) {
            let digests = self
                .paths(port)
                .iter()
                .map(|path| match port.format {
                    Format::ArrowStream => Ok(json!("stream")),
                    _ => no_pipe(port, path).and_then(|()| {
                        digest(path).map(Value::from).map_err(|source| {
                            Error::input(port.name, format!("{}: can't be read: {source}", path.display()))
                        })
                    }),
                })
                .collect::<Result<Vec<_>, _>>()?;
            let entry = match (port.many, digests.as_slice()) {
                (false, [one]) => one.clone(),
                _ => Value::Array(digests),
            };
            inputs.insert(port.name.to_owned(), entry);
            if port.format == Format::Parquet {
                for path in self.paths(port) {
                    // Some ports take other things than tables, too; what is wrong with a table the stage itself says.
                    let metadata = tables::metadata(path).unwrap_or_default();
                    lineage::add_table(&mut stages, metadata.get("lineage").map_or("", String::as_str));
                }
            }
        }
        if let Value::Object(params) = &self.params_json {
            lineage::add(&mut stages, self.name, params);
        }
        Ok(Provenance {
            stage: self.name.to_owned(),
            stage_version: self.version.to_owned(),
            params: self.params_json.to_string(),
            inputs: Value::Object(inputs).to_string(),
            lineage: Value::Object(stages).to_string(),
            extra: Vec::new(),
        })
    }
}

/// A table is read several times and from several places, which a pipe can't be; one that nobody writes to is waited for forever.
fn no_pipe(port: &Port, path: &Path) -> Result<(), Error> {
    let is_pipe = |about: std::fs::Metadata| !about.is_file() && !about.is_dir();
    let is_pipe = path == Path::new("-") || path.metadata().is_ok_and(is_pipe);
    if port.format == Format::Parquet && is_pipe {
        let detail =
            format!("{}: it is no regular file; write the table to one and give that", path.display());
        return Err(Error::input(port.name, detail));
    }
    Ok(())
}

/// An output must stand alone: written where another port reads or writes, it would destroy that.
fn no_path_twice(ports: &[&Port], paths: &HashMap<&'static str, Vec<PathBuf>>) -> Result<(), String> {
    let mut seen: HashMap<PathBuf, &Port> = HashMap::new();
    for port in ports {
        for path in paths.get(port.name).into_iter().flatten().filter(|path| path.as_path() != Path::new("-"))
        {
            // A file that is not there yet has no canonical path; its folder may have one.
            let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
            let beside = folder.zip(path.file_name()).map(|(folder, name)| folder.join(name));
            let place = path.canonicalize().ok().or(beside).unwrap_or_else(|| path.clone());
            if let Some(other) = seen.insert(place, port)
                && [other.direction, port.direction].contains(&Direction::Output)
            {
                let (one, two) = (other.name.replace('_', "-"), port.name.replace('_', "-"));
                return Err(format!(
                    "--{one} and --{two} are both {}; an output needs a place of its own",
                    path.display()
                ));
            }
        }
    }
    Ok(())
}
