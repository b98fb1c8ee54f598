//! NIST Special Database 19, `by_class`: a folder a class, named by the character's code in hexadecimal, with PNG
//! pictures at any depth below it.

use std::path::{Path, PathBuf};

use tables::CLASSES;
use tables::picture::{self, Grey};

use super::{Digit, Error};

/// The folder of a digit: `30` for 0 to `39` for 9.
pub(super) fn folder(class: usize) -> String {
    format!("{:x}", usize::from(b'0') + class)
}

/// Reads the classes 0 to 9, each in the order of its files' paths. SD19 prints black ink on white paper; here ink
/// is 255.
pub(super) fn read<P>(by_class: &Path, keep: impl Fn(Grey) -> P) -> Result<Vec<Digit<P>>, Error> {
    let mut digits = Vec::new();
    for class in 0..CLASSES {
        let folder = by_class.join(folder(class));
        if !folder.is_dir() {
            return Err(Error::content(&folder, format!("the folder of the digit {class} is missing")));
        }
        for path in pictures(&folder)? {
            let bytes = std::fs::read(&path).map_err(|source| Error::io(&path, source))?;
            let picture = picture::decode(&bytes).map_err(|error| Error::content(&path, error))?;
            let pixels = picture.pixels.iter().map(|grey| 255 - grey).collect();
            let picture = keep(Grey { pixels, ..picture });
            let place = path.strip_prefix(by_class).unwrap_or(&path).to_string_lossy().into_owned();
            digits.push(Digit { label: class as u8, picture, path: place });
        }
    }
    Ok(digits)
}

fn pictures(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|source| Error::io(&folder, source))?;
        for entry in entries {
            let path = entry.map_err(|source| Error::io(&folder, source))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree as SD19's `by_class`: `3c/hsf_0/hsf_0_00000.png`, black on white.
    fn tree(classes: usize) -> tempfile::TempDir {
        let by_class = tempfile::tempdir().unwrap();
        for class in 0..classes {
            let folder = by_class.path().join(folder(class)).join("hsf_0");
            std::fs::create_dir_all(&folder).unwrap();
            let pixel = |x: usize, y: usize| {
                if x.abs_diff(64) < 4 + class && y.abs_diff(64) < 20 { 0 } else { 255 }
            };
            let pixels = (0..128 * 128).map(|at| pixel(at % 128, at / 128)).collect();
            let png = picture::encode(&Grey { width: 128, height: 128, pixels }).unwrap();
            std::fs::write(folder.join("hsf_0_00000.png"), png).unwrap();
        }
        by_class
    }

    #[test]
    fn folders_in_hexadecimal_are_classes_and_black_is_ink() {
        let by_class = tree(10);
        let digits = super::super::read(by_class.path(), |grey| grey).unwrap();
        assert_eq!(digits.iter().map(|digit| digit.label).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
        assert_eq!(digits[3].path, "33/hsf_0/hsf_0_00000.png");
        let grey = &digits[3].picture;
        assert_eq!((grey.width, grey.pixels[64 * 128 + 64], grey.pixels[0]), (128, 255, 0));
    }

    #[test]
    fn a_missing_class_is_named() {
        let by_class = tree(9);
        let error = read(by_class.path(), |grey| grey).unwrap_err().to_string();
        assert!(error.ends_with("39: the folder of the digit 9 is missing"), "{error}");
    }
}
