//! The program `export-figures`: the report's figures as PNG at print size and as PDF.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use report::print::{Print, export};

/// Turns figures (SVG) into PNG at print size and PDF with text that can be selected.
///
/// The font, DejaVu Sans, comes along and is embedded, so that figures look the same everywhere.
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:\n  export-figures results/paper/report figures\n  \
                  export-figures results/paper/report/figure_3.svg . --width-mm 85 --dpi 600"
)]
struct Arguments {
    /// Figures, or folders that hold some
    #[arg(required = true)]
    figures: Vec<PathBuf>,
    /// The folder to write NAME.png and NAME.pdf to; it is made if it is not there
    folder: PathBuf,
    /// Width on paper, in millimetres: two columns of most journals have 170, one has 85
    #[arg(long, default_value_t = 170.0, value_parser = positive)]
    width_mm: f32,
    /// Pixels of the PNG to an inch on paper
    #[arg(long, default_value_t = 400.0, value_parser = positive)]
    dpi: f32,
}

fn positive(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|number: &f32| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "it is a number above 0".to_owned())
}

fn main() -> ExitCode {
    let Arguments { figures, folder, width_mm, dpi } = Arguments::parse();
    match export(&figures, &folder, Print { width_mm, dpi }) {
        Ok(files) => {
            files.iter().for_each(|file| println!("{}", file.display()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("export-figures: error: {error}");
            ExitCode::from(3)
        }
    }
}
