//! The program `export-dataset`: a dataset in the form of Hugging Face's hub, with a card and Croissant metadata.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use generate_dataset::publish;

/// Writes a folder with a Parquet file for each split, a dataset card (README.md) and Croissant metadata (croissant.json), as Hugging
/// Face's hub and `datasets.load_dataset` take it.
#[derive(Parser)]
#[command(version, after_help = "Example:\n  export-dataset dataset.parquet synthetic-digits/")]
struct Arguments {
    /// A dataset, made by `generate-dataset`
    dataset: PathBuf,
    /// The folder to make
    folder: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match publish::publish(&arguments.dataset, &arguments.folder) {
        Ok(images) => {
            println!("{images} images in {}", arguments.folder.display());
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("export-dataset: error: {message}");
            ExitCode::from(3)
        }
    }
}
