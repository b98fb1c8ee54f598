//! The program `export-checkpoint`: one epoch of a checkpoints table as a safetensors file for PyTorch.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use network::{checkpoints, export};

/// Writes the parameters of one epoch as a safetensors file, with the names of PyTorch's state_dict: conv1.weight,
/// conv1.bias, conv2.weight, conv2.bias, fc1.weight, fc1.bias, fc2.weight, fc2.bias.
#[derive(Parser)]
#[command(
    version,
    after_help = "Example:\n  export-checkpoint checkpoints.parquet cnn2.safetensors --epoch 30"
)]
struct Arguments {
    /// A table of checkpoints, made by `train`
    checkpoints: PathBuf,
    /// The safetensors file to write
    output: PathBuf,
    /// Epoch to export [default: the last in the table]
    #[arg(long)]
    epoch: Option<i32>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match export(&arguments) {
        Ok(epoch) => {
            println!("epoch {epoch} in {}", arguments.output.display());
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("export-checkpoint: error: {message}");
            ExitCode::from(3)
        }
    }
}

fn export(arguments: &Arguments) -> Result<i32, String> {
    let table = checkpoints::read(&arguments.checkpoints).map_err(|error| error.to_string())?;
    let chosen = match arguments.epoch {
        None => table.epochs.last(),
        Some(epoch) => table.epochs.iter().find(|(number, _)| *number == epoch),
    };
    let (epoch, parameters) = chosen.ok_or_else(|| {
        let there: Vec<String> = table.epochs.iter().map(|(epoch, _)| epoch.to_string()).collect();
        format!("{}: it has no such epoch; it has {}", arguments.checkpoints.display(), there.join(", "))
    })?;
    let about = HashMap::from([
        ("network".to_owned(), table.training.network.name().to_owned()),
        ("labels".to_owned(), table.training.labels.clone()),
        ("seed".to_owned(), table.training.seed.to_string()),
        ("epoch".to_owned(), epoch.to_string()),
    ]);
    let bytes = export::safetensors(parameters, about).map_err(|error| error.to_string())?;
    write_whole(&arguments.output, &bytes)?;
    Ok(*epoch)
}

fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: cannot write it: {error}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut file, bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
