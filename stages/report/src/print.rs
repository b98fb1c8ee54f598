//! Figures as files: an SVG as PNG at print size and as PDF, drawn with a font that comes along, so that the bytes are the same on
//! every machine.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use krilla::Document;
use krilla::geom::Size;
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt, SvgSettings};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read.
    #[error("{0}: can't be read: {1}")]
    Read(PathBuf, std::io::Error),
    /// A file is no SVG.
    #[error("{0}: is no SVG figure: {1}")]
    Svg(PathBuf, String),
    /// A folder holds no figure.
    #[error(
        "{0}: holds no .svg; give a report's folder, such as results/paper/report, or the files themselves"
    )]
    Empty(PathBuf),
    /// Two figures would be written to one file.
    #[error("{0} and {1} would both be written to {2}; export them to two folders")]
    Twice(PathBuf, PathBuf, PathBuf),
    /// A size that no picture can have.
    #[error("{0}: {1} pixels across are too many; lower --dpi or --width-mm")]
    Size(PathBuf, f32),
    /// A picture can't be made.
    #[error("{0}: can't be drawn: {1}")]
    Draw(PathBuf, String),
    /// A file can't be written.
    #[error("{0}: can't be written: {1}")]
    Write(PathBuf, std::io::Error),
}

/// How large a figure is printed.
#[derive(Clone, Copy, Debug)]
pub struct Print {
    /// Width on paper, in millimetres.
    pub width_mm: f32,
    /// Pixels of the PNG to an inch on paper.
    pub dpi: f32,
}

const MM_PER_INCH: f32 = 25.4;
const POINTS_PER_INCH: f32 = 72.0;
/// The most pixels along one side of a PNG.
const MOST_PIXELS: f32 = 20_000.0;

/// Writes NAME.png and NAME.pdf for every NAME.svg among the files and folders to a folder, which is made if it is not there.
/// Returns what was written.
///
/// # Errors
/// Where something can't be read, drawn or written. Files that were written before stay.
pub fn export(figures: &[PathBuf], folder: &Path, print: Print) -> Result<Vec<PathBuf>, Error> {
    let files = files(figures)?;
    std::fs::create_dir_all(folder).map_err(|error| Error::Write(folder.to_owned(), error))?;
    let fonts = fonts();
    let mut written: Vec<PathBuf> = Vec::new();
    for file in &files {
        let svg = std::fs::read_to_string(file).map_err(|error| Error::Read(file.clone(), error))?;
        let options =
            Options { fontdb: Arc::clone(&fonts), font_family: FAMILY.to_owned(), ..Options::default() };
        let tree =
            Tree::from_str(&svg, &options).map_err(|error| Error::Svg(file.clone(), error.to_string()))?;
        let name = folder.join(file.file_stem().unwrap_or_default());
        for (ending, bytes) in [("png", png(&tree, print, file)?), ("pdf", pdf(&tree, print, file)?)] {
            let path = name.with_extension(ending);
            write(&path, &bytes).map_err(|error| Error::Write(path.clone(), error))?;
            written.push(path);
        }
    }
    Ok(written)
}

/// The SVGs among files and in folders, in order of their names.
fn files(figures: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for figure in figures {
        if !figure.is_dir() {
            files.push(figure.clone());
            continue;
        }
        let entries = std::fs::read_dir(figure).map_err(|error| Error::Read(figure.clone(), error))?;
        let before = files.len();
        for entry in entries {
            let path = entry.map_err(|error| Error::Read(figure.clone(), error))?.path();
            if path.extension().is_some_and(|ending| ending == "svg") {
                files.push(path);
            }
        }
        if files.len() == before {
            return Err(Error::Empty(figure.clone()));
        }
    }
    files.sort_by(|a, b| a.file_stem().cmp(&b.file_stem()));
    match files.windows(2).find(|pair| pair[0].file_stem() == pair[1].file_stem()) {
        Some(pair) => {
            let name = Path::new(pair[0].file_stem().unwrap_or_default()).with_extension("png");
            Err(Error::Twice(pair[0].clone(), pair[1].clone(), name))
        }
        None => Ok(files),
    }
}

const FAMILY: &str = "DejaVu Sans";

/// The one font of all figures, whatever the machine has.
fn fonts() -> Arc<Database> {
    let mut fonts = Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.load_font_data(dejavu::sans::bold().to_vec());
    fonts.set_sans_serif_family(FAMILY);
    Arc::new(fonts)
}

fn png(tree: &Tree, print: Print, file: &Path) -> Result<Vec<u8>, Error> {
    let width = (print.width_mm / MM_PER_INCH * print.dpi).round();
    let scale = width / tree.size().width();
    let height = (tree.size().height() * scale).ceil();
    if !(1.0..=MOST_PIXELS).contains(&width) || height > MOST_PIXELS {
        return Err(Error::Size(file.to_owned(), width.max(height)));
    }
    let wrong = |detail: &str| Error::Draw(file.to_owned(), detail.to_owned());
    let mut pixels = Pixmap::new(width as u32, height as u32).ok_or_else(|| wrong("it has no size"))?;
    resvg::render(tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| wrong(&error.to_string()))
}

fn pdf(tree: &Tree, print: Print, file: &Path) -> Result<Vec<u8>, Error> {
    let wrong = |detail: &str| Error::Draw(file.to_owned(), detail.to_owned());
    let width = print.width_mm / MM_PER_INCH * POINTS_PER_INCH;
    let height = width / tree.size().width() * tree.size().height();
    let page = PageSettings::from_wh(width, height).ok_or_else(|| wrong("it has no size"))?;
    let size = Size::from_wh(width, height).ok_or_else(|| wrong("it has no size"))?;
    let mut document = Document::new();
    let mut page = document.start_page_with(page);
    let mut surface = page.surface();
    surface.draw_svg(tree, size, SvgSettings::default()).ok_or_else(|| wrong("PDF can't hold it"))?;
    surface.finish();
    page.finish();
    document.finish().map_err(|error| wrong(&format!("{error:?}")))
}

/// A file appears whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut unfinished = tempfile::NamedTempFile::new_in(folder)?;
    unfinished.write_all(bytes)?;
    unfinished.as_file().sync_all()?;
    // A temporary file is its maker's alone, and a finished one everyone's.
    use std::os::unix::fs::PermissionsExt;
    unfinished.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    unfinished.persist(path)?;
    Ok(())
}
