//! The program `pack-digits`: makes data/digits.parquet from MNIST's IDX files (or from NIST SD19's folders).

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use generate_dataset::digits::{self, Digit};
use generate_dataset::publish;
use tables::picture::{self, Grey};
use tables::{CLASSES, Cells, Provenance, Writer, catalogue};

/// Packs handwritten digits into one Parquet file, which `generate-dataset`, Hugging Face datasets, DuckDB and pandas
/// read. Takes the first digits of each class; of equal pictures only the first. The same source gives the same bytes.
#[derive(Parser)]
#[command(version, after_help = "Example:\n  pack-digits mnist/ data/digits.parquet")]
struct Arguments {
    /// A folder with MNIST's four IDX files (plain or gzipped), or the folder by_class of NIST SD19
    source: PathBuf,
    /// The Parquet file to write
    output: PathBuf,
    /// Digits a class
    #[arg(long, default_value_t = 2200)]
    per_class: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match pack(&arguments.source, &arguments.output, arguments.per_class) {
        Ok(count) => {
            println!("{count} digits in {}", arguments.output.display());
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("pack-digits: error: {message}");
            ExitCode::from(3)
        }
    }
}

/// Digits whose PNGs are in memory at once.
const ROWS: usize = 4096;

fn pack(source: &Path, output: &Path, per_class: usize) -> Result<usize, String> {
    let digits = digits::read(source, |grey| grey).map_err(|error| error.to_string())?;
    let chosen = choose(&digits, per_class)?;
    let provenance = Provenance {
        stage: "pack-digits".to_owned(),
        stage_version: env!("CARGO_PKG_VERSION").to_owned(),
        params: serde_json::json!({ "per_class": per_class }).to_string(),
        inputs: "{}".to_owned(),
        lineage: String::new(),
        extra: vec![("huggingface".to_owned(), features().to_string())],
    };
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file =
        tempfile::NamedTempFile::new_in(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut writer =
        Writer::parquet(file, &catalogue::DIGITS, &HashMap::new(), &provenance).map_err(|e| e.to_string())?;
    for some in chosen.chunks(ROWS) {
        let images = some.iter().map(|digit| Ok((png(digit)?, digit.path.clone())));
        let images = images.collect::<Result<Vec<_>, String>>()?;
        let labels = some.iter().map(|digit| i64::from(digit.label)).collect();
        writer.write(vec![Cells::Images(images), Cells::I64(labels)]).map_err(|error| error.to_string())?;
    }
    let file = writer.finish().map_err(|error| error.to_string())?;
    file.as_file().sync_all().map_err(|error| format!("{}: {error}", output.display()))?;
    file.persist(output).map_err(|error| format!("{}: {error}", output.display()))?;
    Ok(chosen.len())
}

/// The first `per_class` digits of each class in the order of the source, none of them twice.
fn choose(digits: &[Digit<Grey>], per_class: usize) -> Result<Vec<&Digit<Grey>>, String> {
    let mut seen = HashSet::new();
    let mut counts = [0; CLASSES];
    let mut chosen = Vec::new();
    for digit in digits {
        let count = &mut counts[usize::from(digit.label)];
        if *count < per_class && seen.insert(&digit.picture.pixels) {
            *count += 1;
            chosen.push(digit);
        }
    }
    match counts.iter().position(|count| *count < per_class) {
        None => Ok(chosen),
        Some(class) => Err(format!(
            "the source has {} different digits of class {class}, not {per_class}",
            counts[class]
        )),
    }
}

fn png(digit: &Digit<Grey>) -> Result<Vec<u8>, String> {
    picture::encode(&digit.picture).map_err(|error| format!("{}: {error}", digit.path))
}

/// What Hugging Face datasets look for in a Parquet file: that `image` is to be decoded and `label` is a class.
fn features() -> serde_json::Value {
    serde_json::json!({"info": {"features": {
        "image": {"_type": "Image"},
        "label": publish::class_label(),
    }}})
}
