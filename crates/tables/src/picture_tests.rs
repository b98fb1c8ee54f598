//! Decoding and encoding of pictures. The grey values stand as the crate image 0.25.10 decoded the same PNGs, which
//! read the digits before.

use png::BitDepth::{Eight, Four, One, Sixteen, Two};
use png::ColorType::{self, Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};

use super::*;

/// A PNG of one row.
struct Row<'a> {
    colour: ColorType,
    depth: BitDepth,
    width: u32,
    samples: &'a [u8],
    palette: &'a [u8],
    transparent: &'a [u8],
}

impl Row<'_> {
    fn png(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, 1);
        encoder.set_color(self.colour);
        encoder.set_depth(self.depth);
        if self.colour == Indexed {
            encoder.set_palette(self.palette);
        }
        if !self.transparent.is_empty() {
            encoder.set_trns(self.transparent);
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(self.samples).unwrap();
        writer.finish().unwrap();
        bytes
    }

    fn greys(&self) -> Vec<u8> {
        let grey = decode(&self.png()).unwrap();
        assert_eq!((grey.width, grey.height), (self.width as usize, 1));
        grey.pixels
    }
}

fn row(colour: ColorType, depth: BitDepth, width: u32, samples: &[u8]) -> Row<'_> {
    Row { colour, depth, width, samples, palette: &[], transparent: &[] }
}

fn sixteen_bits<const N: usize>(samples: [u16; N]) -> Vec<u8> {
    samples.into_iter().flat_map(u16::to_be_bytes).collect()
}

#[test]
fn grey_of_fewer_bits_is_spread_over_8() {
    assert_eq!(row(Grayscale, One, 8, &[0b1010_0111]).greys(), [255, 0, 255, 0, 0, 255, 255, 255]);
    assert_eq!(row(Grayscale, Two, 4, &[0b0001_1011]).greys(), [0, 85, 170, 255]);
    assert_eq!(row(Grayscale, Four, 4, &[0x01, 0x8f]).greys(), [0, 17, 136, 255]);
    assert_eq!(row(Grayscale, Eight, 4, &[0, 1, 128, 255]).greys(), [0, 1, 128, 255]);
}

#[test]
fn grey_of_16_bits_is_rounded_to_8() {
    let samples = sixteen_bits([0, 128, 129, 0x7fff, 0x8000, 0xff7e, 0xff7f, 0xffff]);
    assert_eq!(row(Grayscale, Sixteen, 8, &samples).greys(), [0, 0, 1, 127, 128, 254, 255, 255]);
}

#[test]
fn of_colours_the_luminance_counts() {
    let samples = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 12, 34, 56, 200, 100, 50, 100, 74, 226];
    assert_eq!(row(Rgb, Eight, 7, &samples).greys(), [54, 182, 18, 255, 31, 118, 90]);
    let samples =
        sixteen_bits([0xffff, 0, 0, 0, 0xffff, 0, 0, 0, 0xffff, 0x1234, 0x5678, 0x9abc, 255, 255, 255]);
    assert_eq!(row(Rgb, Sixteen, 5, &samples).greys(), [54, 182, 18, 77, 1]);
}

#[test]
fn a_grey_given_as_a_colour_stays_itself() {
    let greys: Vec<u8> = (0..=255).collect();
    let samples: Vec<u8> = greys.iter().flat_map(|grey| [*grey; 3]).collect();
    assert_eq!(row(Rgb, Eight, 256, &samples).greys(), greys);
    assert_eq!(Row { palette: &samples, ..row(Indexed, Eight, 256, &greys) }.greys(), greys);
}

#[test]
fn an_index_stands_for_its_palette_s_colour_and_one_beyond_it_for_black() {
    let row = Row { palette: &[255, 0, 0, 0, 255, 0, 9, 9, 9], ..row(Indexed, Two, 4, &[0b0001_1011]) };
    assert_eq!(row.greys(), [54, 182, 9, 0]);
    assert_eq!(Row { transparent: &[0, 128], ..row }.greys(), [54, 182, 9, 0]);
}

#[test]
fn transparency_is_ignored() {
    assert_eq!(row(GrayscaleAlpha, Eight, 2, &[7, 0, 8, 255]).greys(), [7, 8]);
    assert_eq!(row(GrayscaleAlpha, Sixteen, 2, &sixteen_bits([0x0707, 0, 0x0808, 9])).greys(), [7, 8]);
    assert_eq!(row(Rgba, Eight, 2, &[255, 0, 0, 0, 0, 255, 0, 1]).greys(), [54, 182]);
    assert_eq!(row(Rgba, Sixteen, 1, &sixteen_bits([0x1234, 0x5678, 0x9abc, 0])).greys(), [77]);
    assert_eq!(Row { transparent: &[0, 7], ..row(Grayscale, Eight, 2, &[7, 8]) }.greys(), [7, 8]);
}

#[test]
fn an_interlaced_picture_is_put_in_order() {
    // Made with Python's zlib, pass by pass.
    let bytes = [
        &b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x05\0\0\0\x03\x08\0\0\0\x01\x09\x5a\xaa\xb2\0\0\0\x1eIDAT"[..],
        b"\x78\xda\x63\x60\x60\x60\x61\x60\x62\x10\x11\x93\x60\x60\x64\x66\x10\x15\x67\xe0\xe2\xe6",
        b"\xe1\xe5\x03\0\x06\x38\0\xb5\xb6\x72\x48\x21\0\0\0\0IEND\xae\x42\x60\x82",
    ];
    let pixels = vec![0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 20, 21, 22, 23, 24];
    assert_eq!(decode(&bytes.concat()).unwrap(), Grey { width: 5, height: 3, pixels });
}

#[test]
fn what_is_no_png_is_said_to_be_none() {
    for bytes in [&b""[..], b"\x89PN", b"\xff\xd8\xff\xe0\0\x10JFIF"] {
        assert_eq!(decode(bytes).unwrap_err().to_string(), "its bytes are no PNG");
    }
}

#[test]
fn a_png_that_ends_anywhere_before_its_last_pixel_is_refused_in_words() {
    let bytes = row(Grayscale, Eight, 200, &[7; 200]).png();
    let pixels_end = bytes.len() - b"...._IEND_...".len();
    for length in SIGNATURE.len()..pixels_end - 8 {
        let sentence = decode(&bytes[..length]).unwrap_err().to_string();
        assert!(sentence.starts_with("its PNG is damaged: "), "{length}: {sentence}");
    }
}

#[test]
fn a_changed_byte_is_found_by_its_checksum() {
    let mut bytes = row(Grayscale, Eight, 3, &[1, 2, 3]).png();
    bytes[19] ^= 1;
    let sentence = decode(&bytes).unwrap_err().to_string();
    assert!(sentence.starts_with("its PNG is damaged: CRC error: "), "{sentence}");
}

#[test]
fn a_palette_that_ends_within_a_colour_is_refused() {
    let row = Row { palette: &[1, 2, 3, 4], ..row(Indexed, Eight, 1, &[0]) };
    let sentence = decode(&row.png()).unwrap_err().to_string();
    assert_eq!(sentence, "its PNG is damaged: its palette ends within a colour");
}

#[test]
fn a_few_bytes_that_claim_to_be_huge_are_refused() {
    for (width, height) in [(30_000, 30_000), (i32::MAX as u32, 1), (i32::MAX as u32, i32::MAX as u32)] {
        let mut bytes = Vec::new();
        png::Encoder::new(&mut bytes, width, height)
            .write_header()
            .unwrap()
            .write_chunk(png::chunk::IDAT, &[])
            .unwrap();
        let sentence = decode(&bytes).unwrap_err().to_string();
        assert_eq!(sentence, "its PNG takes more than 512 MiB of memory", "{width}x{height}");
    }
}

#[test]
fn what_was_encoded_is_decoded_to_the_same_picture() {
    let picture =
        Grey { width: 28, height: 14, pixels: (0..28 * 14).map(|at| (at * 7 % 256) as u8).collect() };
    let bytes = encode(&picture).unwrap();
    assert_eq!(decode(&bytes).unwrap(), picture);
    assert_eq!(encode(&picture).unwrap(), bytes);
}

#[test]
fn an_uncompressed_picture_is_read_as_any_other_is_whichever_of_its_bits_is_wrong() {
    let picture = Grey { width: 5, height: 4, pixels: (0..20).map(|at| at * 12).collect() };
    let whole = encode(&picture).unwrap();
    assert_eq!(uncompressed(&whole), Some(picture));
    for bit in 8 * SIGNATURE.len()..8 * whole.len() {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(uncompressed(&bytes), None, "bit {bit}");
    }
    for length in 0..whole.len() {
        assert_eq!(uncompressed(&whole[..length]), None, "{length} bytes");
    }
    assert_eq!(uncompressed(&[whole.as_slice(), b"more"].concat()), None);
    let compressed = row(Grayscale, Eight, 200, &[7; 200]).png();
    assert_eq!(uncompressed(&compressed), None);
    assert_eq!(decode_any(&whole).unwrap(), decode(&whole).unwrap());
}

/// A PNG of these chunks, with right checksums.
fn png_of(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    for (name, data) in chunks {
        let named = [name.as_slice(), data].concat();
        bytes.extend((data.len() as u32).to_be_bytes());
        bytes.extend(&named);
        bytes.extend(crc32fast::hash(&named).to_be_bytes());
    }
    bytes
}

#[test]
fn what_is_nearly_an_uncompressed_picture_is_read_as_the_library_reads_it() {
    let head =
        |width: u8, height: u8, format: [u8; 5]| [&[0, 0, 0, width, 0, 0, 0, height], &format[..]].concat();
    let grey = [8, 0, 0, 0, 0];
    // Two rows of two pixels; the checksum of deflate's bytes is not looked at.
    let rows = [0, 1, 2, 0, 3, 4];
    let data = |last: u8, length: u8, rows: &[u8]| {
        [&[0x78, 0x01, last, length, 0, !length, 0xff], rows, &[0, 0, 0, 0]].concat()
    };
    let whole = data(1, 6, &rows);
    let cases = [
        ("as it should be", head(2, 2, grey), whole.clone(), true),
        ("no rows", head(2, 0, grey), data(1, 0, &[]), false),
        ("no columns", head(0, 6, grey), data(1, 6, &[0; 6]), false),
        ("more rows than there are", head(2, 3, grey), whole.clone(), false),
        ("fewer rows than there are", head(2, 1, grey), whole.clone(), false),
        ("a filter", head(2, 2, grey), data(1, 6, &[0, 1, 2, 1, 3, 4]), false),
        ("a block that is not the last", head(2, 2, grey), data(0, 6, &rows), false),
        ("another length", head(2, 2, grey), data(1, 5, &rows), false),
        ("16 bits", head(1, 2, [16, 0, 0, 0, 0]), whole.clone(), false),
        ("a palette", head(2, 2, [8, 3, 0, 0, 0]), whole.clone(), false),
        ("interlaced", head(2, 2, [8, 0, 0, 0, 1]), whole, false),
    ];
    for (what, head, data, is_plain) in cases {
        let bytes = png_of(&[(b"IHDR", &head), (b"IDAT", &data), (b"IEND", &[])]);
        assert_eq!(uncompressed(&bytes).is_some(), is_plain, "{what}");
        let texts = [decode(&bytes), decode_any(&bytes)].map(|read| read.map_err(|error| error.to_string()));
        assert_eq!(texts[0], texts[1], "{what}");
    }
}

#[test]
fn a_picture_that_has_not_the_pixels_of_its_size_is_not_encoded() {
    for (width, height, pixels) in [(3, 3, 8), (3, 3, 10), (0, 0, 0), (0, 3, 0)] {
        let picture = Grey { width, height, pixels: vec![0; pixels] };
        let sentence = encode(&picture).unwrap_err().to_string();
        assert!(sentence.starts_with("it can't be encoded as PNG: "), "{sentence}");
    }
}
