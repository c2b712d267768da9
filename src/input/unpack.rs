//! Takes an input apart: compression is undone, archives are opened, UTF-16 becomes UTF-8.
//!
//! In: a file or a stream. Out: its logs, one after the other, to a [`Sink`]. What something is
//! is told by its first bytes, never by its name. Everything is streamed: nothing is written to
//! disk, and memory depends neither on the size of an input nor on a length that stands in it.
//! What could be decoded before damage or a [limit](Limits) is delivered, then an error says why
//! there is no more.

mod codec;
mod decode;
mod packed;
mod pieces;
mod tar;
#[cfg(test)]
mod tests;
mod text;
mod zip;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::ops::ControlFlow;
use std::time::UNIX_EPOCH;

use self::decode::{Decoder, Format};
use self::packed::Packed;
use self::text::{ByteOrder, Utf16};
use super::stream::Trouble;

/// What an input holds: one log or many.
pub(super) enum Input {
    /// A file; a zip archive in it is read by its directory.
    File(File),
    /// Anything else that can be read once.
    Stream(Box<dyn Read + Send>),
}

/// How far an input may be unpacked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How many bytes all decoders of one input may give together.
    pub expanded: u64,
    /// How many bytes they may give for each byte of the input. This counts only from a 64th of
    /// `expanded` on, since a log that repeats one line is legitimately small when compressed.
    pub ratio: u64,
    /// How many archives may stand in one another; compression alone does not count.
    pub nesting: usize,
}

/// A log worth reading is not larger than 1 TiB. One that compresses better than 2000:1 over more
/// than 16 GiB has no timestamps: it is one line over and over, and so are its first 16 GiB.
impl Default for Limits {
    fn default() -> Limits {
        Limits {
            expanded: 1 << 40,
            ratio: 2000,
            nesting: 3,
        }
    }
}

/// One log in an input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Member {
    /// Empty for the input itself, else the path in the archive (parts of nested archives joined
    /// by `/`), as it is written there: not escaped.
    pub name: String,
    /// When it was last changed, in UTC nanoseconds, if known.
    pub modified: Option<i64>,
    /// How many bytes it has, if known beforehand.
    pub size: Option<u64>,
    /// The path of the live log in the archive, if this is a piece of it that stands behind the older ones.
    pub set: Option<String>,
}

/// What is in archives besides files and folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoFile {
    /// A symbolic link.
    Link,
    /// A named pipe or a device.
    Special,
}

/// Takes what an input holds.
pub(super) trait Sink {
    /// A log. The sink reads `bytes` to the end, or as far as it wants; an `Err` from `bytes` is
    /// damage or a limit: what came before is kept.
    fn log(&mut self, member: &Member, bytes: &mut dyn Read) -> ControlFlow<()>;
    /// Something with this name in an archive that is no file, so that nothing can be read of it.
    fn no_file(&mut self, name: &str, what: NoFile);
    /// Something that is not read, or not to its end. What `bytes` of a log said is not said again.
    fn not_read(&mut self, member: &Member, trouble: Trouble);
}

/// Takes `input` apart. Its logs go to `sink` one after the other, in the order of the archive.
///
/// `head_already_read` stands before what a stream still has; a regular file is read from its
/// beginning in any case.
pub(super) fn unpack(
    input: Input,
    head_already_read: Vec<u8>,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let mut member = Member::default();
    let mut stream: Box<dyn Read> = match input {
        Input::File(mut file) => match file.metadata() {
            Ok(metadata) if metadata.is_file() && file.rewind().is_ok() => {
                member.size = Some(metadata.len()).filter(|size| *size > 0);
                let modified = metadata.modified().ok();
                let since_1970 = modified.and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
                member.modified = since_1970.and_then(|age| i64::try_from(age.as_nanos()).ok());
                let budget = Budget::new(*limits, metadata.len());
                return Walk::new(&budget, sink).file(&member, file);
            }
            _ => Box::new(file),
        },
        Input::Stream(stream) => stream,
    };
    let mut stream = head_already_read.as_slice().chain(&mut stream);
    let budget = Budget::new(*limits, u64::MAX);
    let mut metered = Metered::new(&mut stream, &budget);
    Walk::new(&budget, sink).peel(&member, &mut metered, Depth::default())
}

/// How many first bytes tell what something is: a tar header.
const HEAD: usize = 512;

/// Whether these first bytes (512 are enough) are something that [`unpack`] takes apart.
pub(super) fn is_packed(head: &[u8]) -> bool {
    !matches!(Kind::of(head), Kind::Plain)
}

/// What something is.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Plain,
    Utf16(ByteOrder),
    Compressed(Format),
    Tar,
    Zip,
}

impl Kind {
    fn of(head: &[u8]) -> Kind {
        if let Some(format) = Format::of(head) {
            Kind::Compressed(format)
        } else if zip::begins(head) {
            Kind::Zip
        } else if let Some(order) = ByteOrder::of(head) {
            Kind::Utf16(order)
        } else if tar::seems_to_begin(head) {
            Kind::Tar
        } else {
            Kind::Plain
        }
    }
}

/// How many layers of compression may stand in one another, without an archive between them.
const COATS: usize = 3;

/// How deep something stands in its input.
#[derive(Debug, Clone, Copy, Default)]
struct Depth {
    archives: usize,
    /// Layers of compression since the innermost archive.
    coats: usize,
}

/// How many notes an input may give; an archive may have been made to give millions.
const NOTES: usize = 1000;

/// One input on its way through [`unpack`].
struct Walk<'w> {
    budget: &'w Budget,
    sink: &'w mut dyn Sink,
    notes: usize,
}

impl<'w> Walk<'w> {
    fn new(budget: &'w Budget, sink: &'w mut dyn Sink) -> Walk<'w> {
        Walk {
            budget,
            sink,
            notes: 0,
        }
    }

    /// The input itself, if it is a file.
    fn file(&mut self, member: &Member, mut file: File) -> ControlFlow<()> {
        let mut head = Vec::with_capacity(HEAD);
        // An error comes up again when the file is read.
        let _ = Read::by_ref(&mut file).take(HEAD as u64).read_to_end(&mut head);
        if matches!(Kind::of(&head), Kind::Zip) {
            return match self.budget.limits.nesting {
                0 => self.too_deep(member),
                _ => zip::walk_file(self, file),
            };
        }
        let mut stream = head.as_slice().chain(&mut file);
        let mut metered = Metered::new(&mut stream, self.budget);
        self.peel(member, &mut metered, Depth::default())
    }

    /// Takes off what `reader` is wrapped in, layer by layer, and gives what is inside to the sink.
    fn peel(&mut self, member: &Member, reader: &mut dyn Read, depth: Depth) -> ControlFlow<()> {
        let mut packed = Packed::new(reader);
        let kind = Kind::of(packed.peek(HEAD));
        match kind {
            Kind::Plain => {
                let in_archive = depth.archives > 0;
                if in_archive && packed.peek(1).is_empty() && packed.failure().is_none() {
                    return ControlFlow::Continue(());
                }
                self.sink.log(member, &mut packed)
            }
            Kind::Utf16(order) => {
                let member = Member {
                    size: None,
                    ..member.clone()
                };
                self.sink.log(&member, &mut Utf16::new(&mut packed, order))
            }
            Kind::Compressed(_) if depth.coats == COATS => self.too_deep(member),
            Kind::Compressed(format) => self.decode(member, &mut packed, format, depth),
            Kind::Tar | Kind::Zip if depth.archives == self.budget.limits.nesting => self.too_deep(member),
            Kind::Tar => tar::walk(self, member, &mut packed, depth),
            Kind::Zip => zip::walk_stream(self, member, &mut packed, depth),
        }
    }

    fn decode(
        &mut self,
        member: &Member,
        packed: &mut Packed<'_>,
        format: Format,
        depth: Depth,
    ) -> ControlFlow<()> {
        let member = Member {
            size: None,
            modified: member.modified.or_else(|| format.modified(packed.peek(HEAD))),
            ..member.clone()
        };
        let depth = Depth {
            coats: depth.coats + 1,
            ..depth
        };
        let mut decoder = Decoder::new(format, packed, self.budget);
        let flow = self.peel(&member, &mut decoder, depth);
        if let Some(trouble) = decoder.note() {
            self.not_read(&member, trouble);
        }
        flow
    }

    fn too_deep(&mut self, member: &Member) -> ControlFlow<()> {
        let reason = "packed in too many layers; unpack the outer ones and scan the folder".to_owned();
        let bytes = member.size;
        self.not_read(
            member,
            Trouble {
                offset: None,
                reason,
                bytes,
                lost: true,
            },
        );
        ControlFlow::Continue(())
    }

    /// Says that something is not read, as long as not too much was said.
    fn not_read(&mut self, member: &Member, trouble: Trouble) {
        self.notes += 1;
        if self.notes < NOTES {
            self.sink.not_read(member, trouble);
        } else if self.notes == NOTES {
            let reason =
                format!("more than {NOTES} parts are damaged or not readable; only the first are named here");
            self.sink.not_read(
                &Member::default(),
                Trouble {
                    offset: None,
                    reason,
                    bytes: None,
                    lost: true,
                },
            );
        }
    }
}

/// What all decoders of an input may still give.
struct Budget {
    limits: Limits,
    /// How many bytes the input has at most.
    longest: u64,
    /// Bytes read from the input.
    input: Cell<u64>,
    /// Bytes that decoders gave.
    expanded: Cell<u64>,
    /// Whether somebody was refused.
    spent: Cell<bool>,
}

impl Budget {
    fn new(limits: Limits, longest: u64) -> Budget {
        Budget {
            limits,
            longest,
            input: Cell::new(0),
            expanded: Cell::new(0),
            spent: Cell::new(false),
        }
    }

    /// How many bytes may still come.
    fn room(&self) -> u64 {
        // What is read twice, as members of a zip file that overlap, is worth nothing.
        let input = self.input.get().min(self.longest);
        let earned = input.saturating_mul(self.limits.ratio);
        let allowed = earned.max(self.limits.expanded / 64).min(self.limits.expanded);
        allowed.saturating_sub(self.expanded.get())
    }

    fn charge(&self, bytes: u64) {
        self.expanded.set(self.expanded.get().saturating_add(bytes));
    }

    /// Marks the budget as spent, and says so.
    fn refuse(&self) -> io::Error {
        self.spent.set(true);
        let input = self.input.get().min(self.longest);
        let expanded = self.expanded.get();
        let limit = if expanded >= self.limits.expanded {
            format!("{expanded} bytes for one input")
        } else {
            format!("{expanded} bytes for {input} packed ones")
        };
        io::Error::other(format!(
            "limit on unpacked size reached: {limit}; what came before was read; if this is a log, \
             unpack it and scan the file"
        ))
    }
}

/// Counts what is read from the input.
struct Metered<'m> {
    inner: &'m mut dyn Read,
    budget: &'m Budget,
}

impl<'m> Metered<'m> {
    fn new(inner: &'m mut dyn Read, budget: &'m Budget) -> Metered<'m> {
        Metered { inner, budget }
    }
}

impl Read for Metered<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buf)?;
        let input = &self.budget.input;
        input.set(input.get().saturating_add(length as u64));
        Ok(length)
    }
}

/// Reads exactly as many bytes as an archive says that a member has; fewer are an error.
struct Exact<'e> {
    inner: &'e mut dyn Read,
    length: u64,
    left: u64,
}

impl<'e> Exact<'e> {
    fn new(inner: &'e mut dyn Read, length: u64) -> Exact<'e> {
        Exact {
            inner,
            length,
            left: length,
        }
    }
}

impl Read for Exact<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let wanted = (buf.len() as u64).min(self.left) as usize;
        if wanted == 0 {
            return Ok(0);
        }
        let length = self.inner.read(&mut buf[..wanted])?;
        if length == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!(
                    "the archive is cut off: it has {} of the {} bytes of this member",
                    self.length - self.left,
                    self.length
                ),
            ));
        }
        self.left -= length as u64;
        Ok(length)
    }
}

/// The name of a member of an archive.
fn member_name(archive: &str, path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path.strip_prefix(b"./").unwrap_or(path));
    if archive.is_empty() {
        path.into_owned()
    } else {
        format!("{archive}/{path}")
    }
}

/// A step's file in a CI archive whose job's file is read.
fn repeated(size: Option<u64>) -> Trouble {
    Trouble {
        offset: None,
        reason: "its lines also stand in the file of its job, which is read".to_owned(),
        bytes: size,
        lost: false,
    }
}
