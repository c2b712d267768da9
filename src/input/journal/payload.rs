//! The text of data objects: `NAME=value`, as it was before it was compressed.
//!
//! In: a [`Data`] object. Out: its bytes, at most [`LIMIT`] of them, in a buffer that is used again and grows
//! with what is decoded, never by what a length in the file promises.

use std::io::{self, Read};

use liblzma::bufread::XzDecoder;
use liblzma::stream::Stream;
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::file::{Data, u64_at};

/// The most that is decoded of a field, in bytes.
pub(super) const LIMIT: usize = 16 << 20;

/// The most memory that a decoder may use besides its result: in bytes for XZ, as a power of two for ZSTD.
/// journald compresses with less.
const XZ_MEMORY: u64 = 16 << 20;
const ZSTD_WINDOW: u32 = 24;

/// LZ4 makes nothing smaller than this part.
const LZ4_RATIO: usize = 255;

/// Says how a payload is compressed.
mod flag {
    pub(super) const XZ: u8 = 1;
    pub(super) const LZ4: u8 = 2;
    pub(super) const ZSTD: u8 = 4;
}

/// Decodes data objects.
#[derive(Default)]
pub(super) struct Payloads {
    buffer: Vec<u8>,
    zstd: Option<Decoder<'static>>,
}

/// What was decoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payload<'a> {
    /// `NAME=value`, or the beginning of it.
    pub(super) text: &'a [u8],
    /// Whether that is all of it.
    pub(super) is_whole: bool,
}

impl Payloads {
    /// The text of a data object, if it can be decoded.
    pub(super) fn read(&mut self, data: Data<'_>) -> Option<Payload<'_>> {
        self.buffer.clear();
        let is_whole = match data.flags {
            0 => {
                let part = data.payload.get(..LIMIT).unwrap_or(data.payload);
                self.buffer.extend_from_slice(part);
                part.len() == data.payload.len()
            }
            flag::XZ => self.read_xz(data.payload).ok()?,
            flag::LZ4 => self.read_lz4(data.payload)?,
            flag::ZSTD => self.read_zstd(data.payload).ok()?,
            _ => return None,
        };
        Some(Payload {
            text: &self.buffer,
            is_whole,
        })
    }

    /// How many bytes were decoded last.
    pub(super) fn decoded(&self) -> usize {
        self.buffer.len()
    }

    fn read_xz(&mut self, payload: &[u8]) -> io::Result<bool> {
        let stream = Stream::new_stream_decoder(XZ_MEMORY, 0)?;
        let reader = XzDecoder::new_stream(payload, stream);
        reader.take(LIMIT as u64 + 1).read_to_end(&mut self.buffer)?;
        let is_whole = self.buffer.len() <= LIMIT;
        self.buffer.truncate(LIMIT);
        Ok(is_whole)
    }

    /// The length of the text, and then a block without any frame.
    fn read_lz4(&mut self, payload: &[u8]) -> Option<bool> {
        let block = payload.get(8..)?;
        let length = usize::try_from(u64_at(payload, 0)?).ok()?;
        if length > LIMIT || length / LZ4_RATIO > block.len() {
            return None;
        }
        self.buffer.resize(length, 0);
        let read = lz4_flex::block::decompress_into(block, &mut self.buffer).ok()?;
        (read == length).then_some(true)
    }

    fn read_zstd(&mut self, payload: &[u8]) -> io::Result<bool> {
        const FIRST: usize = 64 << 10;
        let decoder = match &mut self.zstd {
            Some(decoder) => {
                decoder.reinit()?;
                decoder
            }
            none => {
                let mut decoder = Decoder::new()?;
                decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW))?;
                none.insert(decoder)
            }
        };
        let mut input = InBuffer::around(payload);
        loop {
            let filled = self.buffer.len();
            if filled >= LIMIT {
                return Ok(false);
            }
            if filled == self.buffer.capacity() {
                self.buffer.reserve_exact(filled.max(FIRST).min(LIMIT - filled));
            }
            let before = input.pos();
            let mut output = OutBuffer::around_pos(&mut self.buffer, filled);
            if decoder.run(&mut input, &mut output)? == 0 {
                return Ok(true);
            }
            if self.buffer.len() == filled && input.pos() == before {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
