//! Compressed data to what it holds.
//!
//! In: gzip, zstd, xz, bzip2 or lz4 data, told by its first bytes, or one stream of a zip member. Out: the
//! decoded bytes of all streams (members, frames) that stand one after the other. Damage and data that
//! is cut off give an error that names the place, after everything that could be decoded.

use std::io::{self, Read};

use bzip2::Decompress as Bunzip;
use flate2::{Decompress as Inflate, FlushDecompress};
use liblzma::stream::{Action, Status, Stream as Unxz};
use lz4_flex::frame::FrameDecoder;
use zstd::stream::raw::{DParameter, Decoder as Unzstd, InBuffer, Operation, OutBuffer};

use super::Budget;
use super::packed::{Packed, again};
use crate::input::stream::Trouble;

/// The largest window of zstd data that is accepted, as a power of two: 128 MiB, what `zstd -d`
/// accepts without being asked and what `zstd --ultra -22` needs.
const ZSTD_WINDOW: u32 = 27;

/// How much memory xz data may need: twice what `xz -9` needs.
const XZ_MEMORY: u64 = 128 << 20;

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

    fn codec(self) -> Result<Codec, String> {
        let codec = match self {
            Format::Gzip => Codec::Inflate(Box::new(Inflate::new_gzip(15))),
            Format::Deflate => Codec::Inflate(Box::new(Inflate::new(false))),
            Format::Zstd => {
                let mut decoder = Unzstd::new().map_err(|error| error.to_string())?;
                decoder
                    .set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW))
                    .map_err(|error| error.to_string())?;
                Codec::Zstd(decoder, ZSTD_START)
            }
            Format::Xz => {
                let stream = Unxz::new_stream_decoder(XZ_MEMORY, 0).map_err(|error| error.to_string())?;
                Codec::Xz(stream)
            }
            Format::Bzip2 => Codec::Bzip2(Box::new(Bunzip::new(false))),
            Format::Lz4 => return Err("lz4 is read by frames".to_owned()),
        };
        Ok(codec)
    }
}

const LZ4_LEGACY: &[u8] = b"\x02\x21\x4c\x18";

/// How many bytes begin a zstd frame.
const ZSTD_START: usize = 5;

/// What turns bytes of one stream into others.
enum Codec {
    Inflate(Box<Inflate>),
    /// With the number of bytes that it wants next.
    Zstd(Unzstd<'static>, usize),
    Xz(Unxz),
    Bzip2(Box<Bunzip>),
}

/// What a codec did.
#[derive(Default)]
struct Step {
    read: usize,
    written: usize,
    ended: bool,
    /// What is wrong behind what was written.
    damage: Option<String>,
}

impl Codec {
    /// Prepares for another stream.
    fn restart(&mut self, format: Format) -> Result<(), String> {
        match self {
            // There may be many small frames, and this one has a large memory.
            Codec::Zstd(decoder, wanted) => {
                *wanted = ZSTD_START;
                decoder.reinit().map_err(|error| error.to_string())
            }
            _ => format.codec().map(|fresh| *self = fresh),
        }
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        match self {
            Codec::Inflate(inflate) => {
                let before = (inflate.total_in(), inflate.total_out());
                let status = inflate.decompress(input, output, FlushDecompress::None);
                Step {
                    read: (inflate.total_in() - before.0) as usize,
                    written: (inflate.total_out() - before.1) as usize,
                    ended: matches!(status, Ok(flate2::Status::StreamEnd)),
                    damage: status.err().map(|error| error.to_string()),
                }
            }
            Codec::Zstd(decoder, wanted) => {
                // One block at a time: what was decoded before a bad one in the same call would be lost.
                let mut input = InBuffer::around(&input[..input.len().min(*wanted)]);
                let mut output = OutBuffer::around(output);
                let status = decoder.run(&mut input, &mut output);
                *wanted = status.as_ref().map_or(0, |wanted| *wanted).max(1);
                Step {
                    read: input.pos(),
                    written: output.pos(),
                    ended: matches!(status, Ok(0)),
                    damage: status.err().map(explain_zstd),
                }
            }
            Codec::Xz(stream) => {
                let before = (stream.total_in(), stream.total_out());
                let status = stream.process(input, output, Action::Run);
                Step {
                    read: (stream.total_in() - before.0) as usize,
                    written: (stream.total_out() - before.1) as usize,
                    ended: matches!(status, Ok(Status::StreamEnd)),
                    damage: status.err().map(explain_xz),
                }
            }
            Codec::Bzip2(decoder) => {
                let before = (decoder.total_in(), decoder.total_out());
                let status = decoder.decompress(input, output);
                Step {
                    read: (decoder.total_in() - before.0) as usize,
                    written: (decoder.total_out() - before.1) as usize,
                    ended: matches!(status, Ok(bzip2::Status::StreamEnd)),
                    damage: status.err().map(|error| error.to_string()),
                }
            }
        }
    }
}

fn explain_zstd(error: io::Error) -> String {
    let text = error.to_string();
    if text.contains("too much memory") {
        "it needs a window of more than 128 MiB; unpack it with: zstd -d --long=31 FILE".to_owned()
    } else {
        text
    }
}

fn explain_xz(error: liblzma::stream::Error) -> String {
    match error {
        liblzma::stream::Error::MemLimit => {
            "it needs more than 128 MiB of memory; unpack it with: xz -dk FILE".to_owned()
        }
        error => error.to_string(),
    }
}

/// What reads a stream.
enum Engine<'d, 'p> {
    Codec(&'d mut Packed<'p>, Codec),
    /// This decoder reads for itself. A frame of the legacy form has no end mark.
    Lz4(FrameDecoder<&'d mut Packed<'p>>, Legacy),
    /// There is no decoder, for want of memory.
    Nothing,
}

impl<'p> Engine<'_, 'p> {
    fn input(&mut self) -> Option<&mut Packed<'p>> {
        match self {
            Engine::Codec(input, _) => Some(input),
            Engine::Lz4(decoder, _) => Some(decoder.get_mut()),
            Engine::Nothing => None,
        }
    }

    /// Prepares for another stream.
    fn restart(&mut self, format: Format, legacy: Legacy) -> Result<(), String> {
        if let Engine::Codec(_, codec) = self {
            return codec.restart(format);
        }
        // This decoder keeps the buffers of the first frame, which may not fit the next.
        *self = match std::mem::replace(self, Engine::Nothing) {
            Engine::Lz4(decoder, _) => Engine::Lz4(FrameDecoder::new(decoder.into_inner()), legacy),
            other => other,
        };
        Ok(())
    }
}

/// Whether lz4 data has the form of before 2013 (and of the Linux kernel).
type Legacy = bool;

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
            let legacy = input.peek(4) == LZ4_LEGACY;
            Engine::Lz4(FrameDecoder::new(input), legacy)
        } else {
            match format.codec() {
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
            Engine::Lz4(decoder, legacy) => {
                let legacy = *legacy;
                decoder.get_mut().take_starved();
                let result = decoder.read(output);
                let starved = decoder.get_mut().take_starved();
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
        let legacy = head.starts_with(LZ4_LEGACY);
        match self.engine.restart(format, legacy) {
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
