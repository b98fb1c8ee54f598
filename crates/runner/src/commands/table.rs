//! `runner table`: what is in a table, whatever its columns.

use super::answer;
use crate::errors::Error;
use crate::phrases::{bytes, counted};
use crate::setting::Setting;
use plan::faults::{advice, printable};
use plan::graph::Process;
use preview::{Column, Preview, Statistics, number};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The widest column of the text, in characters.
const WIDEST: usize = 56;

/// An output of a stage, as in `train.history@network=cnn2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    stage: String,
    port: String,
    cell: String,
}

impl Name {
    /// From the command line.
    pub fn parse(text: &str) -> Result<Name, Error> {
        let (output, cell) = text.split_once('@').unwrap_or((text, ""));
        let wrong = || {
            let example = "as in aggregate.summary or train.history@network=cnn2";
            Error::Usage(format!("`{text}` is no output; write STAGE.OUTPUT, {example}"))
        };
        let (stage, port) = output.split_once('.').ok_or_else(wrong)?;
        Ok(Name { stage: stage.to_owned(), port: port.to_owned(), cell: cell.to_owned() })
    }

    /// The target that makes it.
    pub fn target(&self) -> String {
        if self.cell.is_empty() { self.stage.clone() } else { format!("{}@{}", self.stage, self.cell) }
    }
}

/// The files of an output, of all cells that are named.
pub fn files(setting: &Setting, named: &[bool], name: &Name, pipeline: &Path) -> Result<Vec<PathBuf>, Error> {
    let plan = setting.plan;
    let jobs = plan.jobs.iter().zip(named).filter(|(_, named)| **named);
    let processes: Vec<&Process> =
        jobs.flat_map(|(job, _)| &job.processes).map(|process| &plan.processes[*process]).collect();
    let of_stage: Vec<&Process> =
        processes.iter().copied().filter(|process| process.stage == name.stage).collect();
    let outputs = of_stage.first().map(|process| process.outputs.as_slice()).unwrap_or_default();
    let Some(output) = outputs.iter().find(|output| output.port == name.port) else {
        let ports = outputs.iter().map(|output| output.port.as_str());
        let advice = advice(&name.port, ports);
        return Err(Error::Usage(format!("{} has no output `{}`; {advice}", name.stage, name.port)));
    };
    let (stage, port) = (&name.stage, &name.port);
    let files: Vec<&String> = match output.file {
        Some(_) => {
            let outputs = of_stage.iter().flat_map(|process| &process.outputs);
            outputs.filter(|output| output.port == *port).filter_map(|output| output.file.as_ref()).collect()
        }
        // A stream that is kept goes through a process of this name, which writes a table.
        None => {
            let keepers = processes.iter().filter(|process| process.stage == format!("{stage}.{port}"));
            keepers.flat_map(|keeper| &keeper.outputs).filter_map(|output| output.file.as_ref()).collect()
        }
    };
    if files.is_empty() {
        return Err(Error::Usage(format!(
            "{stage}.{port} is a stream, which leaves nothing on disk; `keep: [{port}]` of the stage {stage} keeps it as a table"
        )));
    }
    let paths: Vec<PathBuf> = files.into_iter().map(|file| setting.project.path(file)).collect();
    match paths.iter().find(|path| !path.exists()) {
        Some(path) => Err(Error::Usage(format!(
            "{} is not made yet; `runner {} {}` makes it",
            path.display(),
            pipeline.display(),
            name.target()
        ))),
        None => Ok(paths),
    }
}

/// The outputs of a pipeline that are tables, by their names.
pub fn names(setting: &Setting) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for process in &setting.plan.processes {
        let tables = process.outputs.iter().filter(|one| one.format == "parquet" && one.file.is_some());
        for output in tables {
            let name = format!("{}.{}", process.stage, output.port);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// Shows the files as one table.
pub fn print(paths: &[PathBuf], json: bool) -> Result<(), Error> {
    if let Some(folder) = paths.iter().find(|path| path.is_dir()) {
        return Err(Error::Usage(format!("{} is a folder; name Parquet files in it", folder.display())));
    }
    let preview = preview::preview(paths).map_err(|error| Error::Usage(error.to_string()))?;
    answer(json, &preview, || text(&preview))
}

fn text(preview: &Preview) -> String {
    let said = |key: &str| preview.metadata.get(key).map(String::as_str);
    let mut text = match (said("schema"), said("schema_version")) {
        (Some(name), Some(version)) => format!("{name} v{version}: "),
        _ => String::new(),
    };
    let _ = write!(
        text,
        "{} in {}, {}",
        counted(preview.rows, "row"),
        counted(preview.files, "file"),
        bytes(preview.bytes)
    );
    if let Some(stage) = said("stage") {
        let _ = write!(text, ", made by {stage} {}", said("stage_version").unwrap_or_default());
    }
    text = printable(&text) + "\n\n";
    let mut rows = vec![["column", "type", "shape", "unit", "empty", "values", "first"].map(str::to_owned)];
    rows.extend(preview.columns.iter().map(row));
    // A column of the text without anything to say is left out.
    let is_told: Vec<bool> = (0..7).map(|place| rows[1..].iter().any(|row| !row[place].is_empty())).collect();
    let width = |place: usize| rows.iter().map(|row| row[place].chars().count()).max().unwrap_or(0);
    for row in &rows {
        let mut line = String::new();
        for (place, cell) in row.iter().enumerate().filter(|(place, _)| is_told[*place]) {
            let _ = write!(line, "{cell:0$}  ", width(place));
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn row(column: &Column) -> [String; 7] {
    let shape = match (column.shapes.as_slice(), column.lengths) {
        ([shape], _) => format!("{shape:?}"),
        ([shape, others @ ..], _) => format!("{shape:?} and {}", counted(others.len(), "other")),
        ([], Some((least, most))) if least == most => format!("{least} long"),
        ([], Some((least, most))) => format!("{least} to {most} long"),
        ([], None) => String::new(),
    };
    let empty = if column.empty == 0 { String::new() } else { column.empty.to_string() };
    let cells = [
        column.name.clone(),
        column.kind.clone(),
        shape,
        column.unit.clone().unwrap_or_default(),
        empty,
        values(&column.statistics),
        column.first.join("; "),
    ];
    cells.map(|cell| shortened(&printable(&cell)))
}

fn shortened(cell: &str) -> String {
    let cell = cell.replace('\n', " ");
    match cell.chars().count() > WIDEST {
        true => cell.chars().take(WIDEST - 3).chain("...".chars()).collect(),
        false => cell,
    }
}

fn values(statistics: &Statistics) -> String {
    match statistics {
        Statistics::Numbers { nan: 0, least, .. } if least.is_nan() => String::new(),
        Statistics::Numbers { least, nan, .. } if least.is_nan() => format!("{nan} NaN"),
        Statistics::Numbers { least, mean, largest, nan } => {
            let nan = if *nan == 0 { String::new() } else { format!(", {nan} NaN") };
            format!("{} to {}, mean {}{nan}", number(*least), number(*largest), number(*mean))
        }
        Statistics::Words { different, commonest } => {
            let count =
                different.map_or_else(|| format!("more than {}", preview::MOST_WORDS), |n| n.to_string());
            // Where each is there once, the first values tell as much.
            let often = commonest.iter().filter(|(_, count)| *count > 1);
            let words: Vec<String> = often.map(|(word, count)| format!("{word} ({count})")).collect();
            let words = if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) };
            format!("{count} different{words}")
        }
        Statistics::Bytes { least, most } => format!("{least} to {most} bytes"),
        Statistics::None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn an_output_is_named_by_its_stage_and_port_and_perhaps_its_cell() {
        let name = Name::parse("train.history@network=cnn2,seed=1").unwrap();
        assert_eq!((name.port.as_str(), name.target().as_str()), ("history", "train@network=cnn2,seed=1"));
        assert_eq!(Name::parse("aggregate.summary").unwrap().target(), "aggregate");
        assert!(Name::parse("aggregate").is_err());
    }
}
