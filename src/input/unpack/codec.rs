//! The decoders of single streams, all in one form.
//!
//! In: compressed bytes, step by step. Out: decoded ones, how many of each, and whether the stream has ended or is damaged.

use std::io;

use bzip2::Decompress as Bunzip;
use flate2::{Decompress as Inflate, FlushDecompress};
use liblzma::stream::{Action, Status, Stream as Unxz};
use zstd::stream::raw::{DParameter, Decoder as Unzstd, InBuffer, Operation, OutBuffer};

use super::decode::Format;

/// How much memory xz data may need: twice what `xz -9` needs.
const XZ_MEMORY: u64 = 128 << 20;

/// The largest window of zstd data that is accepted, as a power of two: 128 MiB, what `zstd -d`
/// accepts without being asked and what `zstd --ultra -22` needs.
const ZSTD_WINDOW: u32 = 27;

/// How many bytes begin a zstd frame.
const ZSTD_START: usize = 5;

/// What turns bytes of one stream into others.
pub(super) enum Codec {
    Inflate(Box<Inflate>),
    /// With the number of bytes that it wants next.
    Zstd(Unzstd<'static>, usize),
    Xz(Unxz),
    Bzip2(Box<Bunzip>),
}

/// What a codec did.
#[derive(Default)]
pub(super) struct Step {
    pub(super) read: usize,
    pub(super) written: usize,
    pub(super) ended: bool,
    /// What is wrong behind what was written.
    pub(super) damage: Option<String>,
}

impl Codec {
    /// What decodes this format; not for lz4, whose decoder reads for itself.
    pub(super) fn new(format: Format) -> Result<Codec, String> {
        let codec = match format {
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

    /// Prepares for another stream.
    pub(super) fn restart(&mut self, format: Format) -> Result<(), String> {
        match self {
            // There may be many small frames, and this one has a large memory.
            Codec::Zstd(decoder, wanted) => {
                *wanted = ZSTD_START;
                decoder.reinit().map_err(|error| error.to_string())
            }
            _ => Codec::new(format).map(|fresh| *self = fresh),
        }
    }

    /// Decodes as much of `input` as fits into `output`, or a part of it.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
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
