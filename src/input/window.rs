//! What is parsed of a block: bytes that nobody changes any more.
//!
//! In: a block's window. Out: the same bytes, owned. The bytes of a mapped file may change
//! while they are looked at, so they are only searched; the neighbourhood of a hit is read from the file
//! again, piece by piece as it is asked for. ("The map proposes, read disposes.")

use std::ops::Range;

use memchr::{memchr, memrchr};

use super::map::Mapped;

/// How much is read at once, in bytes. A hit needs one or two pieces.
const PIECE: usize = 32 * 1024;

/// A block's window, for parsing.
#[derive(Debug)]
pub struct Window<'a>(Bytes<'a>);

#[derive(Debug)]
enum Bytes<'a> {
    Held(&'a [u8]),
    Read(Copy<'a>),
}

/// A copy of a part of a mapped file, as far as it has been asked for.
#[derive(Debug)]
struct Copy<'a> {
    map: &'a Mapped,
    /// Offset in the file.
    at: u64,
    bytes: Vec<u8>,
    /// Which pieces of `bytes` have been read.
    read: Vec<bool>,
}

impl<'a> Window<'a> {
    /// Bytes that nobody changes.
    pub(super) fn held(bytes: &'a [u8]) -> Window<'a> {
        Window(Bytes::Held(bytes))
    }

    /// The bytes of `range` of a mapped file.
    pub(super) fn mapped(map: &'a Mapped, range: &Range<usize>) -> Window<'a> {
        Window(Bytes::Read(Copy {
            map,
            at: range.start as u64,
            bytes: map.spare(range.len()),
            read: vec![false; range.len().div_ceil(PIECE)],
        }))
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        match &self.0 {
            Bytes::Held(bytes) => bytes.len(),
            Bytes::Read(copy) => copy.bytes.len(),
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of `range`.
    pub fn bytes(&mut self, range: Range<usize>) -> &[u8] {
        match &mut self.0 {
            Bytes::Held(bytes) => &bytes[range],
            Bytes::Read(copy) => copy.bytes(range),
        }
    }

    /// The byte at `place`.
    pub fn byte(&mut self, place: usize) -> Option<u8> {
        (place < self.len()).then(|| self.bytes(place..place + 1)[0])
    }

    /// The place of the first line end in `range`.
    pub fn first_newline(&mut self, range: Range<usize>) -> Option<usize> {
        if let Bytes::Held(bytes) = &self.0 {
            return memchr(b'\n', &bytes[range.clone()]).map(|at| range.start + at);
        }
        let mut from = range.start;
        while from < range.end {
            let to = (from / PIECE * PIECE + PIECE).min(range.end);
            if let Some(at) = memchr(b'\n', self.bytes(from..to)) {
                return Some(from + at);
            }
            from = to;
        }
        None
    }

    /// The place of the last line end in `range`.
    pub fn last_newline(&mut self, range: Range<usize>) -> Option<usize> {
        if let Bytes::Held(bytes) = &self.0 {
            return memrchr(b'\n', &bytes[range.clone()]).map(|at| range.start + at);
        }
        let mut to = range.end;
        while to > range.start {
            let from = ((to - 1) / PIECE * PIECE).max(range.start);
            if let Some(at) = memrchr(b'\n', self.bytes(from..to)) {
                return Some(from + at);
            }
            to = from;
        }
        None
    }
}

impl Copy<'_> {
    fn bytes(&mut self, range: Range<usize>) -> &[u8] {
        let pieces = range.start / PIECE..range.end.div_ceil(PIECE);
        for piece in pieces {
            if !self.read[piece] {
                let start = piece * PIECE;
                let end = (start + PIECE).min(self.bytes.len());
                self.map
                    .read(self.at + start as u64, &mut self.bytes[start..end]);
                self.read[piece] = true;
            }
        }
        &self.bytes[range]
    }
}

impl Drop for Copy<'_> {
    fn drop(&mut self) {
        self.map.give_back(std::mem::take(&mut self.bytes));
    }
}
