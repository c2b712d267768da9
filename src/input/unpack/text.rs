//! UTF-16 to UTF-8.
//!
//! In: bytes that begin with a byte order mark. Out: the same text in UTF-8, without the mark. What
//! is no character (half of a surrogate pair) becomes U+FFFD.

use std::io::{self, Read};

use super::packed::Packed;

/// Which byte of a unit comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// The order that the byte order mark of a text shows.
    pub(super) fn of(head: &[u8]) -> Option<ByteOrder> {
        match head {
            // The mark of UTF-32, which nobody writes.
            [0xff, 0xfe, 0, 0, ..] => None,
            [0xff, 0xfe, ..] => Some(ByteOrder::Little),
            [0xfe, 0xff, ..] => Some(ByteOrder::Big),
            _ => None,
        }
    }

    fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            ByteOrder::Little => u16::from_le_bytes(bytes),
            ByteOrder::Big => u16::from_be_bytes(bytes),
        }
    }
}

/// How many characters are converted at a time.
const STEP: usize = 32 * 1024;

/// Gives UTF-8.
pub(super) struct Utf16<'t, 'p> {
    input: &'t mut Packed<'p>,
    order: ByteOrder,
    text: String,
    /// How much of `text` was given.
    given: usize,
    /// Half of a pair whose other half was not seen yet.
    high: Option<u16>,
}

impl<'t, 'p> Utf16<'t, 'p> {
    /// `input` stands before the byte order mark.
    pub(super) fn new(input: &'t mut Packed<'p>, order: ByteOrder) -> Utf16<'t, 'p> {
        input.consume(2);
        Utf16 {
            input,
            order,
            text: String::new(),
            given: 0,
            high: None,
        }
    }

    /// Converts more; false at the end.
    fn convert(&mut self) -> io::Result<bool> {
        self.text.clear();
        self.given = 0;
        let order = self.order;
        let bytes = match self.input.available() {
            [_] => self.input.peek(2),
            available => available,
        };
        let bytes = &bytes[..bytes.len().min(2 * STEP)];
        let (units, odd) = bytes.as_chunks::<2>();
        for unit in units {
            push(&mut self.text, &mut self.high, order.unit(*unit));
        }
        let length = 2 * units.len();
        if length > 0 {
            self.input.consume(length);
            return Ok(true);
        }
        let odd = !odd.is_empty();
        if self.high.take().is_some() {
            self.text.push(char::REPLACEMENT_CHARACTER);
            return Ok(true);
        }
        match self.input.failure() {
            Some(failure) => Err(failure),
            None if odd => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the UTF-16 text is cut off in the middle of a character",
            )),
            None => Ok(false),
        }
    }
}

fn push(text: &mut String, high: &mut Option<u16>, unit: u16) {
    if let Some(first) = high.take() {
        if let Some(Ok(character)) = char::decode_utf16([first, unit]).next() {
            text.push(character);
            return;
        }
        text.push(char::REPLACEMENT_CHARACTER);
    }
    match unit {
        0xd800..=0xdbff => *high = Some(unit),
        // Only the second half of a pair is no character.
        _ => text.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)),
    }
}

impl Read for Utf16<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() {
            if buf.is_empty() || !self.convert()? {
                return Ok(0);
            }
        }
        let rest = &self.text.as_bytes()[self.given..];
        let length = rest.len().min(buf.len());
        buf[..length].copy_from_slice(&rest[..length]);
        self.given += length;
        Ok(length)
    }
}
