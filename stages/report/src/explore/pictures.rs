//! Pictures of 8 bits a pixel for the page, as PNGs in base64: an image, its regions, energies, filters.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};
use stage::Error;

use crate::data::Filters;

/// Colours of the four regions, from outside to inside: steps of cividis, which differ in lightness to every eye.
pub const OF_REGIONS: [[u8; 3]; 4] = [[0, 34, 78], [87, 93, 109], [165, 156, 116], [254, 232, 56]];

/// Values as greys, `low` (and below) black and `high` (and above) white; `width` of them in a row.
pub fn grey(values: &[f32], width: usize, low: f32, high: f32) -> Result<String, Error> {
    let pixels: Vec<u8> = values.iter().map(|value| level(*value, low, high)).collect();
    picture(&pixels, width, values.len() / width.max(1), ColorType::Grayscale)
}

/// The regions of an image, each in its colour.
pub fn regions(regions: &[u8], width: usize) -> Result<String, Error> {
    let colour = |region: &u8| OF_REGIONS[usize::from(*region).min(OF_REGIONS.len() - 1)];
    let pixels: Vec<u8> = regions.iter().flat_map(colour).collect();
    picture(&pixels, width, regions.len() / width.max(1), ColorType::Rgb)
}

/// Filters side by side with gaps between and around them, from −`most` (black) to `most` (white).
pub fn filters(filters: &Filters, most: f32) -> Result<String, Error> {
    let [height, width] = filters.size;
    let count = filters.weights.len() / (height * width).max(1);
    let across = (1..).find(|side| side * side >= count).unwrap_or(1);
    let down = count.div_ceil(across);
    // One pixel before each filter, and one after the last.
    let (rows, columns) = (down * (height + 1) + 1, across * (width + 1) + 1);
    let mut pixels = vec![0; rows * columns * 2];
    for (at, weight) in filters.weights.iter().enumerate() {
        let (filter, place) = (at / (height * width), at % (height * width));
        let row = filter / across * (height + 1) + 1 + place / width;
        let column = filter % across * (width + 1) + 1 + place % width;
        let pixel = (row * columns + column) * 2;
        pixels[pixel..pixel + 2].copy_from_slice(&[level(*weight, -most, most), u8::MAX]);
    }
    picture(&pixels, columns, rows, ColorType::GrayscaleAlpha)
}

/// The grey of a value; the middle one where all values are equal.
fn level(value: f32, low: f32, high: f32) -> u8 {
    let share = (f64::from(value) - f64::from(low)) / (f64::from(high) - f64::from(low));
    let share = if share.is_nan() { 0.5 } else { share.clamp(0.0, 1.0) };
    (share * 255.0).round() as u8
}

fn picture(pixels: &[u8], width: usize, height: usize, colours: ColorType) -> Result<String, Error> {
    let bytes = encode(pixels, width, height, colours);
    bytes
        .map(|bytes| STANDARD.encode(bytes))
        .map_err(|error| Error::Failed(format!("a picture can't be encoded: {error}")))
}

fn encode(pixels: &[u8], width: usize, height: usize, colours: ColorType) -> Result<Vec<u8>, EncodingError> {
    let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, side(width), side(height));
    encoder.set_color(colours);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    encoder.set_filter(Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(base64: &str) -> (u32, u32, Vec<u8>) {
        let bytes = STANDARD.decode(base64).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        pixels.truncate(info.buffer_size());
        (info.width, info.height, pixels)
    }

    #[test]
    fn greys_span_the_stated_range_and_what_is_beyond_is_clipped() {
        let picture = grey(&[-9.0, -2.0, 0.0, 2.0, 9.0, 1.0], 3, -2.0, 2.0).unwrap();
        assert_eq!(decode(&picture), (3, 2, vec![0, 0, 128, 255, 255, 191]));
    }

    #[test]
    fn equal_values_are_one_grey_because_they_have_no_range() {
        assert_eq!(decode(&grey(&[7.0; 4], 2, 7.0, 7.0).unwrap()).2, [128; 4]);
    }

    #[test]
    fn a_region_that_is_none_of_the_four_is_no_panic() {
        let (.., pixels) = decode(&regions(&[0, 3, 200, 1], 2).unwrap());
        assert_eq!(pixels[3..6], pixels[6..9]);
    }

    #[test]
    fn between_filters_and_where_there_is_none_nothing_is_shown() {
        let three = Filters { size: [1, 2], weights: vec![-1.0, 0.0, 1.0, 1.0, -1.0, -1.0] };
        let (width, height, pixels) = decode(&filters(&three, 1.0).unwrap());
        assert_eq!((width, height), (7, 5));
        let shown: Vec<u8> = pixels.chunks(2).map(|pixel| if pixel[1] == 0 { 9 } else { pixel[0] }).collect();
        assert_eq!(
            shown,
            [[9; 7], [9, 0, 128, 9, 255, 255, 9], [9; 7], [9, 0, 0, 9, 9, 9, 9], [9; 7],].concat()
        );
    }
}
