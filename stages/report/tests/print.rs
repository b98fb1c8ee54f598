//! The program on small figures: what it writes, that the bytes are the same again, and what it refuses.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::path::Path;
use std::process::{Command, Output};

const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 200 100\">\
    <rect width=\"200\" height=\"100\" fill=\"#ffffff\"/><rect x=\"100\" width=\"100\" height=\"100\" fill=\"#0072b2\"/>\
    <text x=\"20\" y=\"60\" font-family=\"sans-serif\" font-size=\"20\">P̂(F1)</text></svg>";

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_export-figures")).current_dir(folder).args(arguments).output().unwrap()
}

fn refused(folder: &Path, arguments: &[&str], code: i32, says: &str) {
    let output = run(folder, arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(message.contains(says), "{message}");
}

#[test]
fn a_figure_becomes_a_png_of_its_size_on_paper_and_a_pdf_with_text() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.svg"), SVG).unwrap();
    let made = || {
        let output = run(folder.path(), &["a.svg", "out", "--width-mm", "50.8", "--dpi", "300"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        ["a.png", "a.pdf"].map(|name| std::fs::read(folder.path().join("out").join(name)).unwrap())
    };
    let [picture, document] = made();
    let mut reader = png::Decoder::new(std::io::Cursor::new(&picture)).read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), (600, 300));
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let at = |x: usize, y: usize| &pixels[(y * 600 + x) * 4..][..3];
    assert_eq!((at(10, 10), at(590, 290)), (&[255, 255, 255][..], &[0, 0x72, 0xb2][..]));
    assert!(
        pixels.chunks(4).any(|pixel| pixel[..3] == [0, 0, 0]),
        "the text is drawn with the font that comes along"
    );
    assert!(document.starts_with(b"%PDF-") && document.windows(6).any(|part| part == b"DejaVu"));
    assert_eq!(made(), [picture, document], "the same bytes again");
}

#[test]
fn all_figures_of_a_folder_are_taken_and_other_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("report")).unwrap();
    for name in ["b.svg", "a.svg", "report.html"] {
        std::fs::write(folder.path().join("report").join(name), SVG).unwrap();
    }
    let output = run(folder.path(), &["report", "."]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "./a.png\n./a.pdf\n./b.png\n./b.pdf\n");
}

#[test]
fn what_is_no_figure_or_has_no_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.svg"), "<svg").unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    refused(folder.path(), &["a.svg", "out"], 3, "a.svg: is no SVG figure");
    refused(folder.path(), &["b.svg", "out"], 3, "b.svg: can't be read");
    refused(folder.path(), &["empty", "out"], 3, "holds no .svg");
    refused(folder.path(), &["a.svg", "empty/../a.svg", "out"], 3, "would both be written to a.png");
    refused(folder.path(), &["a.svg", "out", "--dpi", "0"], 2, "it is a number above 0");
    std::fs::write(folder.path().join("a.svg"), SVG).unwrap();
    refused(folder.path(), &["a.svg", "out", "--dpi", "1e6"], 3, "pixels across are too many");
    assert!(!folder.path().join("out/a.png").exists());
}
