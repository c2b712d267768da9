//! A reader with a buffer that can be looked into without taking anything out.
//!
//! In: any reader. Out: its bytes, and how many of them were taken. An error of the reader is kept
//! and given again, so that an archive learns why its input ended after a member was told.

use std::io::{self, Read};

/// How large the buffer is at first; archives may have very many small members.
const CAPACITY: usize = 64 * 1024;

/// The most that can be looked at. The header of a zip member with the longest name fits in.
const LONGEST: usize = 192 * 1024;

/// What a format is read from.
pub(super) struct Packed<'p> {
    reader: &'p mut dyn Read,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    taken: u64,
    ended: bool,
    failure: Option<io::Error>,
    /// Whether somebody read at the end.
    starved: bool,
}

impl<'p> Packed<'p> {
    pub(super) fn new(reader: &'p mut dyn Read) -> Packed<'p> {
        Packed {
            reader,
            buffer: vec![0; CAPACITY],
            start: 0,
            end: 0,
            taken: 0,
            ended: false,
            failure: None,
            starved: false,
        }
    }

    /// The next `length` bytes, or fewer if there are no more.
    pub(super) fn peek(&mut self, length: usize) -> &[u8] {
        self.fill(length);
        &self.buffer[self.start..self.end.min(self.start + length)]
    }

    /// What the buffer holds: at least a byte, except at the end.
    pub(super) fn available(&mut self) -> &[u8] {
        self.fill(1);
        &self.buffer[self.start..self.end]
    }

    /// Takes `length` bytes that were looked at.
    pub(super) fn consume(&mut self, length: usize) {
        let length = length.min(self.end - self.start);
        self.start += length;
        self.taken += length as u64;
    }

    /// Takes `length` bytes; false if there are fewer.
    pub(super) fn skip(&mut self, mut length: u64) -> bool {
        while length > 0 {
            let step = (self.available().len() as u64).min(length);
            if step == 0 {
                return false;
            }
            self.consume(step as usize);
            length -= step;
        }
        true
    }

    /// How many bytes were taken.
    pub(super) fn offset(&self) -> u64 {
        self.taken
    }

    /// Why there are no more bytes, if that is an error of what they are read from.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.failure.as_ref().map(again)
    }

    /// Whether something was read at the end since this was asked last.
    pub(super) fn take_starved(&mut self) -> bool {
        std::mem::take(&mut self.starved)
    }

    fn fill(&mut self, length: usize) {
        let length = length.min(LONGEST);
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        if self.start + length > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while !self.ended && self.end - self.start < length {
            if self.start == self.end {
                self.start = 0;
                self.end = 0;
            }
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end += read,
                Err(error) => self.fail(error),
            }
        }
    }

    fn fail(&mut self, error: io::Error) {
        if error.kind() != io::ErrorKind::Interrupted {
            self.ended = true;
            self.failure = Some(error);
        }
    }
}

impl Read for Packed<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // Large reads go past the buffer.
        while self.start == self.end && !self.ended && buf.len() >= CAPACITY / 4 {
            match self.reader.read(buf) {
                Ok(0) => self.ended = true,
                Ok(length) => {
                    self.taken += length as u64;
                    return Ok(length);
                }
                Err(error) => self.fail(error),
            }
        }
        let available = self.available();
        let length = available.len().min(buf.len());
        buf[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        if length == 0 && !buf.is_empty() {
            self.starved = true;
            return self.failure().map_or(Ok(0), Err);
        }
        Ok(length)
    }
}

/// The same error once more.
pub(super) fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
