//! Memory that begins at a cache line, so that no entry of lanes crosses one.

use std::ops::{Deref, DerefMut};

/// Numbers of a cache line.
const LINE: usize = 16;

/// A vector of fixed length that begins at a cache line.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    numbers: Vec<f32>,
    start: usize,
    length: usize,
}

impl Buffer {
    /// `length` zeros.
    pub fn zeros(length: usize) -> Buffer {
        let numbers = vec![0.0; length + LINE];
        // Where the place is not known, as in an interpreter, any is right.
        let start = match numbers.as_ptr().align_offset(LINE * size_of::<f32>()) {
            offset if offset <= LINE => offset,
            _ => 0,
        };
        Buffer { numbers, start, length }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.numbers[self.start..self.start + self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.numbers[self.start..self.start + self.length]
    }
}
