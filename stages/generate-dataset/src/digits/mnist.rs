//! MNIST's IDX files, plain or gzipped.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use tables::CLASSES;
use tables::picture::Grey;

use super::{Digit, Error};

/// The parts of MNIST and the names of their files.
const PARTS: [(&str, &str); 2] = [("train", "train"), ("test", "t10k")];

/// Reads the training part, then the test part.
pub(super) fn read<P>(folder: &Path, keep: impl Fn(Grey) -> P) -> Result<Vec<Digit<P>>, Error> {
    let mut digits = Vec::new();
    for (part, prefix) in PARTS {
        let (images_path, images) = open(folder, &format!("{prefix}-images-idx3-ubyte"))?;
        let (labels_path, labels) = open(folder, &format!("{prefix}-labels-idx1-ubyte"))?;
        let (shape, pixels) = parse(&images_path, &images, 3)?;
        let (count, labels) = parse(&labels_path, &labels, 1)?;
        let (width, height) = (shape[2], shape[1]);
        if shape[0] != count[0] {
            let detail = format!("it has {} labels for {} images", count[0], shape[0]);
            return Err(Error::content(&labels_path, detail));
        }
        if width == 0 || height == 0 {
            return Err(Error::content(
                &images_path,
                format!("its images have {height} rows of {width} pixels"),
            ));
        }
        for (index, (pixels, label)) in pixels.chunks_exact(width * height).zip(labels).enumerate() {
            if usize::from(*label) >= CLASSES {
                let detail = format!("label {index} is {label}; labels are 0 to 9");
                return Err(Error::content(&labels_path, detail));
            }
            let picture = keep(Grey { width, height, pixels: pixels.to_vec() });
            digits.push(Digit { label: *label, picture, path: format!("mnist/{part}/{index:05}.png") });
        }
    }
    Ok(digits)
}

fn open(folder: &Path, name: &str) -> Result<(PathBuf, Vec<u8>), Error> {
    let (plain, gzipped) = (folder.join(name), folder.join(format!("{name}.gz")));
    let mut bytes = Vec::new();
    if plain.is_file() {
        let read = File::open(&plain).and_then(|mut file| file.read_to_end(&mut bytes));
        read.map_err(|source| Error::io(&plain, source))?;
        return Ok((plain, bytes));
    }
    if gzipped.is_file() {
        let read = File::open(&gzipped).and_then(|file| GzDecoder::new(file).read_to_end(&mut bytes));
        read.map_err(|source| Error::io(&gzipped, source))?;
        return Ok((gzipped, bytes));
    }
    let detail =
        format!("the folder holds neither {name} nor {name}.gz (MNIST), nor folders 30 to 39 (NIST SD19)");
    Err(Error::content(folder, detail))
}

/// The shape and the bytes of an IDX file of unsigned bytes: two zeros, type 8, the number of axes, their lengths as
/// big-endian 32-bit numbers, the values.
fn parse<'a>(path: &Path, bytes: &'a [u8], axes: usize) -> Result<(Vec<usize>, &'a [u8]), Error> {
    let header = 4 + 4 * axes;
    if bytes.len() < header || bytes[..4] != [0, 0, 8, axes as u8] {
        return Err(Error::content(path, format!("it is no IDX file of unsigned bytes with {axes} axes")));
    }
    let lengths = bytes[4..header].chunks_exact(4);
    let shape: Vec<usize> = lengths.map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize).collect();
    let expected = shape.iter().try_fold(1usize, |product, length| product.checked_mul(*length));
    if expected != Some(bytes.len() - header) {
        let detail = format!("its header promises {shape:?} values, but {} follow", bytes.len() - header);
        return Err(Error::content(path, detail));
    }
    Ok((shape, &bytes[header..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idx(shape: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, shape.len() as u8];
        bytes.extend(shape.iter().flat_map(|length| length.to_be_bytes()));
        bytes.extend(values);
        bytes
    }

    #[test]
    fn plain_and_gzipped_files_are_read_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: Vec<u8>| std::fs::write(folder.path().join(name), bytes).unwrap();
        write("train-images-idx3-ubyte", idx(&[2, 1, 2], &[1, 2, 3, 4]));
        write("train-labels-idx1-ubyte", idx(&[2], &[7, 8]));
        write("t10k-images-idx3-ubyte", idx(&[1, 1, 2], &[5, 6]));
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, &idx(&[1], &[9])).unwrap();
        write("t10k-labels-idx1-ubyte.gz", gzip.finish().unwrap());
        let digits = read(folder.path(), |grey| grey.pixels).unwrap();
        let summary: Vec<_> = digits.iter().map(|d| (d.label, d.picture.clone(), d.path.as_str())).collect();
        let expected = [
            (7, vec![1, 2], "mnist/train/00000.png"),
            (8, vec![3, 4], "mnist/train/00001.png"),
            (9, vec![5, 6], "mnist/test/00000.png"),
        ];
        assert_eq!(summary, expected);
    }

    #[test]
    fn a_file_that_is_cut_short_is_named() {
        let bytes = idx(&[2, 1, 2], &[1, 2, 3]);
        let error = parse(Path::new("train-images-idx3-ubyte"), &bytes, 3).unwrap_err().to_string();
        assert_eq!(error, "train-images-idx3-ubyte: its header promises [2, 1, 2] values, but 3 follow");
    }
}
