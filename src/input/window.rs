//! What is parsed of a block: bytes that nobody changes any more.
//!
//! In: a block's window. Out: the same bytes, owned. The bytes of a mapped file may change
//! while they are looked at, so they are only searched; the neighbourhood of a hit is read from the file
//! again, piece by piece as it is asked for. ("The map proposes, read disposes.")

use std::ops::Range;

use memchr::{memchr, memrchr};

use super::map::{PIECE, Reread};

/// A block's window, for parsing.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a>(Bytes<'a>);

#[derive(Debug, Clone, Copy)]
enum Bytes<'a> {
    Held(&'a [u8]),
    Mapped(&'a Reread),
}

impl<'a> Window<'a> {
    /// Bytes that nobody changes.
    pub(super) fn held(bytes: &'a [u8]) -> Window<'a> {
        Window(Bytes::Held(bytes))
    }

    /// Bytes that are read again when they are asked for.
    pub(super) fn mapped(bytes: &'a Reread) -> Window<'a> {
        Window(Bytes::Mapped(bytes))
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        match self.0 {
            Bytes::Held(bytes) => bytes.len(),
            Bytes::Mapped(bytes) => bytes.len(),
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The bytes of `range`.
    pub fn bytes(self, range: Range<usize>) -> &'a [u8] {
        match self.0 {
            Bytes::Held(bytes) => &bytes[range],
            Bytes::Mapped(bytes) => bytes.bytes(range),
        }
    }

    /// The byte at `place`.
    pub fn byte(self, place: usize) -> Option<u8> {
        (place < self.len()).then(|| self.bytes(place..place + 1)[0])
    }

    /// Whether `text` stands at `place`.
    pub fn has(self, place: usize, text: &[u8]) -> bool {
        place + text.len() <= self.len() && self.bytes(place..place + text.len()) == text
    }

    /// The place of the first line end in `range`.
    pub fn first_newline(self, range: Range<usize>) -> Option<usize> {
        let mut from = range.start;
        while from < range.end {
            let to = self.end_of_piece(from).min(range.end);
            if let Some(at) = memchr(b'\n', self.bytes(from..to)) {
                return Some(from + at);
            }
            from = to;
        }
        None
    }

    /// The place of the last line end in `range`.
    pub fn last_newline(self, range: Range<usize>) -> Option<usize> {
        let mut to = range.end;
        while to > range.start {
            let from = self.start_of_piece(to - 1).max(range.start);
            if let Some(at) = memrchr(b'\n', self.bytes(from..to)) {
                return Some(from + at);
            }
            to = from;
        }
        None
    }

    /// What is searched in one go ends here, so that no more is read than is needed.
    fn end_of_piece(self, place: usize) -> usize {
        match self.0 {
            Bytes::Held(bytes) => bytes.len(),
            Bytes::Mapped(_) => place / PIECE * PIECE + PIECE,
        }
    }

    fn start_of_piece(self, place: usize) -> usize {
        match self.0 {
            Bytes::Held(_) => 0,
            Bytes::Mapped(_) => place / PIECE * PIECE,
        }
    }
}
