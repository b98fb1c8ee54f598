//! What `pass` asks for and gives away, counted.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;

use super::*;
use tables::{Cells, Provenance, Writer, catalogue};

/// A stream of 200 images' energies: 720,000 bytes and more.
fn energies() -> Vec<u8> {
    let mut writer =
        Writer::stream(Vec::new(), &catalogue::ENERGIES, &HashMap::new(), &Provenance::default()).unwrap();
    for epoch in 0..20 {
        let cells = vec![
            Cells::Same("cnn1".to_owned(), 10),
            Cells::Same("real".to_owned(), 10),
            Cells::I64(vec![1; 10]),
            Cells::I32(vec![epoch; 10]),
            Cells::I32((0..10).collect()),
            Cells::F32Tensors(vec![0.5; 9000]),
        ];
        writer.write(cells).unwrap();
    }
    writer.finish().unwrap()
}

/// Gives what is asked for, but not more than `most` at once, and counts it.
struct Counted<'a> {
    rest: &'a [u8],
    given: &'a Cell<usize>,
    most: usize,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.most.min(buffer.len());
        let length = self.rest.read(&mut buffer[..most])?;
        self.given.set(self.given.get() + length);
        Ok(length)
    }
}

/// Takes a few bytes at a time, and notes how many more were read than it has taken.
struct Slow<'a> {
    taken: Vec<u8>,
    given: &'a Cell<usize>,
    most_waiting: usize,
}

impl Write for Slow<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.most_waiting = self.most_waiting.max(self.given.get() - self.taken.len());
        let length = buffer.len().min(1000);
        self.taken.extend_from_slice(&buffer[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stream_is_read_no_further_than_a_piece_beyond_what_its_reader_took() {
    let (stream, given) = (energies(), Cell::new(0));
    let mut slow = Slow { taken: Vec::new(), given: &given, most_waiting: 0 };
    let mut keeper = Keeper::new(Path::new("-"), io::sink());
    let mut counted = Counted { rest: &stream, given: &given, most: usize::MAX };
    pass(&mut counted, Some(&mut slow), &mut keeper, |_| ()).unwrap();
    assert!(slow.taken == stream);
    assert_eq!(slow.most_waiting, PIECE);
    assert_eq!(keeper.rows(), 200);
}

#[test]
fn the_reader_of_the_copy_gets_a_damaged_piece_before_it_is_refused() {
    let mut stream = energies();
    stream.truncate(1000);
    stream.extend([0xaa; 1000]);
    let mut copy = Vec::new();
    let mut keeper = Keeper::new(Path::new("-"), io::sink());
    let stop = pass(&mut stream.as_slice(), Some(&mut copy), &mut keeper, |_| ());
    assert!(matches!(stop, Err(Stop::Keeping(_))) || keeper.finish().is_err());
    assert!(copy == stream);
}

#[test]
fn progress_is_told_when_rows_have_come_and_not_with_every_piece() {
    let (stream, given) = (energies(), Cell::new(0));
    let mut counted = Counted { rest: &stream, given: &given, most: 1000 };
    let mut keeper = Keeper::new(Path::new("-"), io::sink());
    let told = RefCell::new(Vec::new());
    let none: Option<&mut Vec<u8>> = None;
    pass(&mut counted, none, &mut keeper, |keeper| told.borrow_mut().push(keeper.rows())).unwrap();
    assert!(told.into_inner().into_iter().eq((10..=200).step_by(10)));
}
