//! Grey pictures and PNG: what the bytes of an encoded image show, and the bytes for a picture.

use std::io::Cursor;

use png::{BitDepth, ColorType, Compression, Filter, Limits, Transformations};

/// A grey picture. In a digit 0 is background and 255 is ink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grey {
    /// Pixels along a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row after row.
    pub pixels: Vec<u8>,
}

/// Why a picture could not be decoded or encoded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are something else.
    #[error("its bytes are no PNG")]
    NoPng,
    /// The bytes begin as a PNG and don't go on as one.
    #[error("its PNG is damaged: {0}")]
    Damaged(png::DecodingError),
    /// Its palette is not a list of red, green and blue.
    #[error("its PNG is damaged: its palette ends within a colour")]
    Palette,
    /// A few bytes can claim to be a huge picture.
    #[error("its PNG takes more than {} MiB of memory", LIMIT >> 20)]
    TooLarge,
    /// The encoder refused it.
    #[error("it can't be encoded as PNG: {0}")]
    Encoding(#[from] png::EncodingError),
}

impl From<png::DecodingError> for Error {
    fn from(error: png::DecodingError) -> Error {
        match error {
            png::DecodingError::LimitsExceeded => Error::TooLarge,
            error => Error::Damaged(error),
        }
    }
}

/// Bytes that the decoded samples may take, and the same again for what the decoder works with.
const LIMIT: usize = 512 << 20;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Weights of red, green and blue in the luminance: of Rec. 709's primaries under the white (0.31272, 0.32903), in single
/// precision. Rounded to 0.2126, 0.7152 and 0.0722 they would change the grey of one colour in 280.
const LUMINANCE: [f32; 3] = [0.212_647_84, 0.715_179_2, 0.072_173_04];

/// Decodes a PNG of any colour type and depth to 8-bit grey: of colours the luminance; transparency is ignored.
///
/// # Errors
/// Where the bytes are no whole PNG, or one that would take too much memory.
pub fn decode(bytes: &[u8]) -> Result<Grey, Error> {
    if !bytes.starts_with(SIGNATURE) {
        return Err(Error::NoPng);
    }
    uncompressed(bytes).map_or_else(|| decode_any(bytes), Ok)
}

/// Of any colour type and depth, by the library.
fn decode_any(bytes: &[u8]) -> Result<Grey, Error> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: LIMIT });
    // Palettes become colours, samples of 1, 2 and 4 bits become 8.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info()?;
    // On such a palette png 0.18.1 panics.
    let palette = reader.info().palette.as_deref().unwrap_or_default();
    if reader.info().color_type == ColorType::Indexed && !palette.len().is_multiple_of(3) {
        return Err(Error::Palette);
    }
    let size = reader.output_buffer_size().filter(|size| *size <= LIMIT).ok_or(Error::TooLarge)?;
    let mut samples = vec![0; size];
    let frame = reader.next_frame(&mut samples)?;
    let (channels, wide) = (frame.color_type.samples(), frame.bit_depth == BitDepth::Sixteen);
    let each = |grey: fn(&[u8]) -> u8| {
        let pixel = if wide { 2 * channels } else { channels };
        samples.chunks_exact(pixel).map(grey).collect()
    };
    let pixels = match (channels, wide) {
        (1, false) => samples,
        (2, false) => each(|pixel| pixel[0]),
        (1 | 2, true) => each(|pixel| ((u32::from(sixteen(pixel, 0)) + 128) / 257) as u8),
        (_, false) => each(|pixel| luminance([0, 1, 2].map(|at| f32::from(pixel[at]) * (1.0 / 255.0)))),
        (_, true) => {
            each(|pixel| luminance([0, 1, 2].map(|at| f32::from(sixteen(pixel, at)) * (1.0 / 65535.0))))
        }
    };
    Ok(Grey { width: frame.width as usize, height: frame.height as usize, pixels })
}

/// The picture of a PNG as [`encode`] writes it, 8-bit grey whose rows stand there as they are: the library takes longer to set itself
/// up than so few pixels take. None for any other, and for one that is damaged.
fn uncompressed(bytes: &[u8]) -> Option<Grey> {
    let (head, rest) = chunk(bytes.strip_prefix(SIGNATURE)?, b"IHDR")?;
    let (data, rest) = chunk(rest, b"IDAT")?;
    let (_, rest) = chunk(rest, b"IEND")?;
    // Width, height, 8 bits of grey, not interlaced.
    let (width, head) = head.split_first_chunk()?;
    let (height, format) = head.split_first_chunk()?;
    let [width, height] = [width, height].map(|bytes| u32::from_be_bytes(*bytes) as usize);
    // One block of deflate, the last, that stores its bytes; their number and its complement; the bytes; their checksum, which that
    // of the chunk has in it.
    let stored = data.strip_prefix(&[0x78, 0x01, 0x01])?;
    let (length, rows) = stored.split_first_chunk::<4>()?;
    let (rows, _) = rows.split_last_chunk::<4>()?;
    let [low, high] = u16::try_from(rows.len()).ok()?.to_le_bytes();
    // A row begins with the number of its filter: 0 for none.
    let line = width.checked_add(1)?;
    let is_plain = *length == [low, high, !low, !high]
        && format == [8, 0, 0, 0, 0]
        && rest.is_empty()
        && width > 0
        && height > 0
        && rows.len() == line.checked_mul(height)?
        && rows.chunks_exact(line).all(|row| row[0] == 0);
    is_plain.then(|| {
        let mut pixels = Vec::with_capacity(width * height);
        rows.chunks_exact(line).for_each(|row| pixels.extend_from_slice(&row[1..]));
        Grey { width, height, pixels }
    })
}

/// What is in the chunk of that name that the bytes begin with, and what comes after it; none where its checksum is wrong.
fn chunk<'a>(bytes: &'a [u8], name: &[u8; 4]) -> Option<(&'a [u8], &'a [u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (named, rest) =
        rest.split_at_checked((u32::from_be_bytes(*length) as usize).checked_add(name.len())?)?;
    let (checksum, rest) = rest.split_first_chunk()?;
    let is_sound = crc32fast::hash(named) == u32::from_be_bytes(*checksum);
    named.strip_prefix(name).filter(|_| is_sound).map(|data| (data, rest))
}

fn sixteen(pixel: &[u8], channel: usize) -> u16 {
    u16::from_be_bytes([pixel[2 * channel], pixel[2 * channel + 1]])
}

fn luminance(rgb: [f32; 3]) -> u8 {
    let sum = rgb.into_iter().zip(LUMINANCE).fold(0.0, |sum, (value, weight)| sum + value * weight);
    (sum * 255.0).round() as u8
}

/// Encodes a picture as a PNG of 8-bit grey; the same picture gives the same bytes. They are not compressed: a table of digits is,
/// all together, and becomes smaller and is read faster than if each had codes of its own.
///
/// # Errors
/// Where it has no pixels, or not as many as its width and height say.
pub fn encode(picture: &Grey) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width as u32, picture.height as u32);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::NoCompression);
    encoder.set_filter(Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&picture.pixels)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
