//! Compressed data to what it holds.
//!
//! In: gzip, zstd, xz, bzip2 or lz4 data, told by its first bytes, or one stream of a zip member. Out: the
//! decoded bytes of all streams (members, frames) that stand one after the other. Damage and data that
//! is cut off give an error that names the place, after everything that could be decoded.

use std::io::{self, Read};

use lz4_flex::frame::FrameDecoder;

use super::Budget;
use super::codec::Codec;
use super::packed::{Packed, again};
use crate::input::stream::Trouble;

/// A compressed format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Gzip,
    Zstd,
    Xz,
    Bzip2,
    Lz4,
    /// Deflate without a header, in zip archives only.
    Deflate,
}

/// What begins a frame of zstd or lz4 that holds no data; its first byte is 0x50 to 0x5f.
const SKIPPABLE: &[u8] = b"\x2a\x4d\x18";

fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, rest @ ..] if rest.starts_with(SKIPPABLE))
}

impl Format {
    /// What these first bytes begin.
    pub(super) fn of(head: &[u8]) -> Option<Format> {
        let all = [Format::Gzip, Format::Zstd, Format::Xz, Format::Bzip2, Format::Lz4];
        all.into_iter().find(|format| format.begins(head))
    }

    /// Whether these bytes begin a stream of this format.
    fn begins(self, head: &[u8]) -> bool {
        match self {
            Format::Gzip => head.starts_with(b"\x1f\x8b\x08"),
            Format::Zstd => head.starts_with(b"\x28\xb5\x2f\xfd") || is_skippable(head),
            Format::Xz => head.starts_with(b"\xfd7zXZ\0"),
            // A text may begin with `BZh9`; the first block or the end follows.
            Format::Bzip2 => match head {
                [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] => {
                    rest.starts_with(b"1AY&SY") || rest.starts_with(b"\x17\x72\x45\x38\x50\x90")
                }
                _ => false,
            },
            Format::Lz4 => head.starts_with(b"\x04\x22\x4d\x18") || head.starts_with(LZ4_LEGACY),
            Format::Deflate => false,
        }
    }

    /// The time that a gzip header has, in UTC nanoseconds.
    pub(super) fn modified(self, head: &[u8]) -> Option<i64> {
        let seconds = head.get(4..8)?.try_into().ok().map(u32::from_le_bytes)?;
        (self == Format::Gzip && seconds != 0).then(|| i64::from(seconds) * 1_000_000_000)
    }

    fn name(self) -> &'static str {
        match self {
            Format::Gzip => "gzip",
            Format::Zstd => "zstd",
            Format::Xz => "xz",
            Format::Bzip2 => "bzip2",
            Format::Lz4 => "lz4",
            Format::Deflate => "deflate",
        }
    }
}

const LZ4_LEGACY: &[u8] = b"\x02\x21\x4c\x18";

/// What reads a stream.
enum Engine<'d, 'p> {
    Codec(&'d mut Packed<'p>, Codec),
    /// This decoder reads for itself.
    Lz4(FrameDecoder<OneFrame<'d, 'p>>),
    /// There is no decoder, for want of memory.
    Nothing,
}

impl<'p> Engine<'_, 'p> {
    fn input(&mut self) -> Option<&mut Packed<'p>> {
        match self {
            Engine::Codec(input, _) => Some(input),
            Engine::Lz4(decoder) => Some(decoder.get_mut().input),
            Engine::Nothing => None,
        }
    }

    /// Prepares for another stream.
    fn restart(&mut self, format: Format) -> Result<(), String> {
        if let Engine::Codec(_, codec) = self {
            return codec.restart(format);
        }
        // This decoder keeps the buffers of the first frame, which may not fit the next.
        *self = match std::mem::replace(self, Engine::Nothing) {
            Engine::Lz4(decoder) => Engine::Lz4(FrameDecoder::new(OneFrame::new(decoder.into_inner().input))),
            other => other,
        };
        Ok(())
    }
}

/// The bytes of a frame of lz4 data. One of the form of before 2013 (and of the Linux kernel) has no end mark: it ends where another begins.
struct OneFrame<'d, 'p> {
    input: &'d mut Packed<'p>,
    /// How many bytes there are to the length of the next block, in a frame of the old form.
    block: Option<u64>,
}

impl<'d, 'p> OneFrame<'d, 'p> {
    fn new(input: &'d mut Packed<'p>) -> OneFrame<'d, 'p> {
        let is_legacy = input.peek(LZ4_LEGACY.len()) == LZ4_LEGACY;
        OneFrame {
            input,
            block: is_legacy.then_some(LZ4_LEGACY.len() as u64),
        }
    }
}

impl Read for OneFrame<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(left) = &mut self.block else {
            return self.input.read(buf);
        };
        if *left == 0 {
            let head = self.input.peek(8);
            if Format::Lz4.begins(head) || is_skippable(head) {
                return Ok(0);
            }
            let length = head.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
            *left = 4 + u64::from(length);
        }
        let wanted = (buf.len() as u64).min(*left) as usize;
        let read = self.input.read(&mut buf[..wanted])?;
        *left -= read as u64;
        Ok(read)
    }
}

enum State {
    /// In a stream.
    Inside,
    /// A stream has ended.
    Between,
    Ended,
    Failed(io::Error),
}

/// The decoded bytes of everything that follows in a [`Packed`].
pub(super) struct Decoder<'d, 'p> {
    engine: Engine<'d, 'p>,
    format: Format,
    budget: &'d Budget,
    state: State,
    /// Whether other streams may follow the first.
    many: bool,
    /// How many bytes were given.
    decoded: u64,
    /// Where the data begins in its input.
    begin: u64,
    note: Option<Trouble>,
}

impl<'d, 'p> Decoder<'d, 'p> {
    /// All streams up to the end of `input`.
    pub(super) fn new(format: Format, input: &'d mut Packed<'p>, budget: &'d Budget) -> Decoder<'d, 'p> {
        Decoder::start(format, input, budget, true)
    }

    /// One stream; `input` stands behind it afterwards. Not for lz4.
    pub(super) fn one_stream(
        format: Format,
        input: &'d mut Packed<'p>,
        budget: &'d Budget,
    ) -> Decoder<'d, 'p> {
        Decoder::start(format, input, budget, false)
    }

    fn start(format: Format, input: &'d mut Packed<'p>, budget: &'d Budget, many: bool) -> Decoder<'d, 'p> {
        let begin = input.offset();
        let mut state = State::Inside;
        let engine = if format == Format::Lz4 {
            Engine::Lz4(FrameDecoder::new(OneFrame::new(input)))
        } else {
            match Codec::new(format) {
                Ok(codec) => Engine::Codec(input, codec),
                Err(reason) => {
                    state = State::Failed(io::Error::other(reason));
                    Engine::Nothing
                }
            }
        };
        Decoder {
            engine,
            format,
            budget,
            state,
            many,
            decoded: 0,
            begin,
            note: None,
        }
    }

    /// What there is to say about bytes behind the data, once it was read to its end.
    pub(super) fn note(&mut self) -> Option<Trouble> {
        self.note.take()
    }

    /// How many bytes were given.
    pub(super) fn decoded(&self) -> u64 {
        self.decoded
    }

    /// Decodes into `output`; 0 at the end of a stream.
    fn step(&mut self, output: &mut [u8]) -> io::Result<usize> {
        match &mut self.engine {
            Engine::Codec(input, codec) => loop {
                let step = codec.step(input.available(), output);
                input.consume(step.read);
                if step.ended {
                    self.state = State::Between;
                }
                if let Some(reason) = &step.damage {
                    self.state = State::Failed(self.damaged(step.written, reason));
                    if step.written == 0 {
                        return Err(self.failure());
                    }
                    return Ok(step.written);
                }
                if step.written > 0 || step.ended {
                    return Ok(step.written);
                }
                if step.read == 0 {
                    let cut_off = input.available().is_empty();
                    return Err(if cut_off {
                        self.cut_off()
                    } else {
                        self.damaged(0, "it makes no sense")
                    });
                }
            },
            Engine::Lz4(decoder) => {
                let legacy = decoder.get_ref().block.is_some();
                decoder.get_mut().input.take_starved();
                let result = decoder.read(output);
                let starved = decoder.get_mut().input.take_starved();
                match result {
                    Ok(0) if starved && !legacy => Err(self.cut_off()),
                    Ok(0) => {
                        self.state = State::Between;
                        Ok(0)
                    }
                    Err(_) if starved => Err(self.cut_off()),
                    Err(error) => Err(self.damaged(0, &error.to_string())),
                    written => written,
                }
            }
            Engine::Nothing => Ok(0),
        }
    }

    fn failure(&self) -> io::Error {
        match &self.state {
            State::Failed(error) => again(error),
            _ => io::Error::other("the decoder has stopped"),
        }
    }

    fn place(&mut self) -> u64 {
        let begin = self.begin;
        self.engine.input().map_or(0, |input| input.offset() - begin)
    }

    /// `written` bytes are given after this was said.
    fn damaged(&mut self, written: usize, reason: &str) -> io::Error {
        let (name, place) = (self.format.name(), self.place());
        let decoded = self.decoded + written as u64;
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "the {name} data cannot be decoded further at byte {place}, after {decoded} decoded bytes: {reason}"
            ),
        )
    }

    /// There are no more bytes, but there should be.
    fn cut_off(&mut self) -> io::Error {
        // What ended the input is the reason, if that is known.
        if let Some(failure) = self.engine.input().and_then(|input| input.failure()) {
            return failure;
        }
        let (name, place, decoded) = (self.format.name(), self.place(), self.decoded);
        io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("the {name} data is cut off at byte {place}, after {decoded} decoded bytes"),
        )
    }

    /// Looks for another stream behind the one that has ended.
    fn next_stream(&mut self) -> State {
        if !self.many {
            return State::Ended;
        }
        let format = self.format;
        let Some(input) = self.engine.input() else {
            return State::Ended;
        };
        let zeros = skip_zeros(input);
        if format == Format::Lz4 {
            skip_skippable(input);
        }
        let head = input.peek(16);
        if head.is_empty() {
            if let Some(failure) = input.failure() {
                return State::Failed(failure);
            }
            // xz pads its streams itself.
            if zeros > 0 && format != Format::Xz {
                self.note = Some(Trouble {
                    offset: None,
                    reason: format!("zero bytes follow the {} data; nothing is missing", format.name()),
                    bytes: Some(zeros),
                    lost: false,
                });
            }
            return State::Ended;
        }
        if !format.begins(head) {
            let place = self.place();
            self.note = Some(Trouble {
                offset: None,
                reason: format!(
                    "what follows the {} data from byte {place} on is something else; it was not read",
                    format.name()
                ),
                bytes: None,
                lost: true,
            });
            return State::Ended;
        }
        match self.engine.restart(format) {
            Ok(()) => State::Inside,
            Err(reason) => State::Failed(io::Error::other(reason)),
        }
    }
}

/// Skips zeros, and tells how many.
fn skip_zeros(input: &mut Packed<'_>) -> u64 {
    let begin = input.offset();
    loop {
        let available = input.available();
        let zeros = available.iter().take_while(|byte| **byte == 0).count();
        let more = zeros > 0 && zeros == available.len();
        input.consume(zeros);
        if !more {
            return input.offset() - begin;
        }
    }
}

fn skip_skippable(input: &mut Packed<'_>) {
    while is_skippable(input.peek(8)) {
        let length = match input.peek(8) {
            [_, _, _, _, length @ ..] => length.try_into().map_or(0, u32::from_le_bytes),
            _ => 0,
        };
        input.skip(8 + u64::from(length));
    }
}

impl Read for Decoder<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state {
                State::Inside => {}
                State::Between => {
                    self.state = self.next_stream();
                    continue;
                }
                State::Ended => return Ok(0),
                State::Failed(_) => return Err(self.failure()),
            }
            // Without room left, one byte more tells whether the data ends here.
            let room = self.budget.room().min(buf.len() as u64) as usize;
            let mut probe = [0];
            let result = if room == 0 {
                self.step(&mut probe)
            } else {
                self.step(&mut buf[..room])
            };
            match result {
                Ok(0) => {}
                Ok(_) if room == 0 => self.state = State::Failed(self.budget.refuse()),
                Ok(length) => {
                    self.decoded += length as u64;
                    self.budget.charge(length as u64);
                    return Ok(length);
                }
                Err(error) => self.state = State::Failed(error),
            }
        }
    }
}
