//! Where every input came from: the stage that made it, its version and its params, from the file's own metadata.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};
use stage::{Error, Job, Port};
use tables::Reader;

/// How an input file was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The stage that made it with its version; none where the file does not say.
    pub stage: Option<String>,
    /// Its params with their values.
    pub params: Vec<(String, String)>,
}

/// The files of one port.
pub struct Sources {
    /// The port.
    pub port: &'static str,
    /// How its files were made, and the digests of those made in that way; in an order that is not that of the command line.
    pub files: BTreeMap<Source, Vec<String>>,
}

/// The digests of all inputs by port, each text or, of a port of many files, a list in their order.
pub type Digests = Map<String, Value>;

/// The digests of all inputs, for which every one of them is read.
///
/// # Errors
/// Where a file can't be read.
pub fn digests(job: &Job) -> Result<Digests, Error> {
    Ok(serde_json::from_str(&job.provenance()?.inputs).unwrap_or_default())
}

/// Reads the metadata of every input.
///
/// # Errors
/// Where a file can't be read.
pub fn read(job: &Job, digests: &Digests, ports: &[&'static Port]) -> Result<Vec<Sources>, Error> {
    let of_port = |port: &'static Port| {
        let mut files: BTreeMap<Source, Vec<String>> = BTreeMap::new();
        // In the order of the files.
        let of_files: Vec<String> = match digests.get(port.name) {
            Some(Value::Array(all)) => all.iter().map(text).collect(),
            Some(one) => vec![text(one)],
            None => Vec::new(),
        };
        for (path, digest) in job.paths(port).iter().zip(of_files) {
            let source = source(path, port).map_err(|error| Error::input(port.name, error))?;
            files.entry(source).or_default().push(digest);
        }
        files.values_mut().for_each(|digests| digests.sort());
        Ok(Sources { port: port.name, files })
    };
    ports.iter().copied().map(of_port).collect()
}

/// Whether verdicts and the numbers behind them are of one run, and of the trainings that are shown: by the digests of inputs that
/// every table carries.
///
/// # Errors
/// Where they are not.
pub fn check(
    job: &Job,
    digests: &Digests,
    summary: &Port,
    pairs: &[(&'static Port, &'static Port)],
) -> Result<(), Error> {
    let made = |port: &'static Port, path: &Path| -> Result<[String; 2], Error> {
        let Some(table) = port.table else { return Ok([String::new(), String::new()]) };
        let reader = Reader::open(path, table, &["claim"]).map_err(|error| Error::input(port.name, error))?;
        Ok(["inputs", "params"].map(|name| reader.metadata(name).unwrap_or_default().to_owned()))
    };
    for &(claims, evidence) in pairs {
        let (Some(of_claims), Some(of_evidence)) = (job.path(claims), job.path(evidence)) else {
            if job.path(evidence).is_some() {
                return Err(Error::input(
                    evidence.name,
                    format!("give {}, too, which it stands behind", claims.name),
                ));
            }
            continue;
        };
        if made(claims, of_claims)? != made(evidence, of_evidence)? {
            let what = format!(
                "{} is not of the run of judge-claims that made {}: they were made from other inputs or with other params",
                of_evidence.display(),
                of_claims.display()
            );
            return Err(Error::input(evidence.name, what));
        }
    }
    let Some(&(claims, _)) = pairs.first() else { return Ok(()) };
    if let Some(path) = job.path(claims) {
        let [inputs, _] = made(claims, path)?;
        let judged: Map<String, Value> = serde_json::from_str(&inputs).unwrap_or_default();
        let both = judged.get(summary.name).zip(digests.get(summary.name));
        if both.is_some_and(|(judged, shown)| judged != shown) {
            let what =
                format!("{} was judged from another summary than the one that is given", path.display());
            return Err(Error::input(claims.name, what));
        }
    }
    Ok(())
}

fn source(path: &Path, port: &Port) -> Result<Source, tables::Error> {
    let unknown = Source { stage: None, params: Vec::new() };
    let Some(table) = port.table.filter(|_| !path.is_dir()) else { return Ok(unknown) };
    let columns: Vec<&str> = table.columns.iter().take(1).map(|column| column.name).collect();
    let reader = Reader::open(path, table, &columns)?;
    let Some(name) = reader.metadata("stage").filter(|name| !name.is_empty()) else { return Ok(unknown) };
    let stage = match reader.metadata("stage_version") {
        Some(version) if !version.is_empty() => format!("{name} {version}"),
        _ => name.to_owned(),
    };
    Ok(Source { stage: Some(stage), params: params(reader.metadata("params").unwrap_or_default()) })
}

/// A JSON object as names and values; anything else as one value without a name.
pub fn params(json: &str) -> Vec<(String, String)> {
    match serde_json::from_str::<Map<String, Value>>(json) {
        Ok(params) => params.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        Err(_) if json.is_empty() => Vec::new(),
        Err(_) => vec![(String::new(), json.to_owned())],
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn params_become_names_and_values_and_what_is_no_json_is_shown_as_it_stands() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(params(r#"{"seed":1,"labels":"real"}"#), [pair("seed", "1"), pair("labels", "real")]);
        assert_eq!(params("not json"), [pair("", "not json")]);
        assert_eq!(params(""), []);
    }
}
