//! Zip archives.
//!
//! In: a file, read by its directory, or a stream, read member by member as it comes. Out: the files of the
//! archive, to the walk. A file whose directory is missing (a download that was cut off) is read as a
//! stream is.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::ops::ControlFlow;

use flate2::Crc;
use rawzip::extra_fields::{ExtraFieldId, ExtraFields};
use rawzip::time::{UtcDateTime, ZipDateTimeKind};
use rawzip::{
    CompressionMethod, FileReader, ZipArchive, ZipArchiveEntryWayfinder, ZipFileHeaderRecord, ZipLocator,
};

use super::decode::{Decoder, Format};
use super::packed::Packed;
use super::pieces::Seen;
use super::{Depth, Exact, Member, Metered, NoFile, Walk, member_name, repeated};
use crate::input::ci_archive::JobFiles;
use crate::input::stream::Trouble;

mod sets;

use sets::{Kind, Sets};

const LOCAL: &[u8] = b"PK\x03\x04";
const DIRECTORY: &[u8] = b"PK\x01\x02";
const EMPTY: &[u8] = b"PK\x05\x06";
const ZIP64_END: &[u8] = b"PK\x06\x06";
/// Begins some archives, and what stands behind a member whose length was not known.
const DESCRIPTOR: &[u8] = b"PK\x07\x08";

/// Whether these first bytes are those of a zip archive.
pub(super) fn begins(head: &[u8]) -> bool {
    [LOCAL, EMPTY, DESCRIPTOR]
        .iter()
        .any(|magic| head.starts_with(magic))
}

/// What is known of a member before it is read.
#[derive(Default)]
struct Header {
    member: Member,
    method: u16,
    encrypted: bool,
    /// In the archive, if known.
    packed: Option<u64>,
    crc: Option<u32>,
}

impl Header {
    /// Why it cannot be read, if it cannot.
    fn refusal(&self) -> Option<String> {
        if self.encrypted {
            return Some("encrypted; unpack the archive with its password and scan the folder".to_owned());
        }
        let method = CompressionMethod::new(self.method);
        (method != CompressionMethod::STORE && self.format().is_none()).then(|| {
            let name = method.name().unwrap_or("unknown");
            let number = self.method;
            format!(
                "compressed by method {number} ({name}) of zip, which is not read; unpack the archive \
                 with 7z and scan the folder"
            )
        })
    }

    /// What it is compressed with, if with anything.
    fn format(&self) -> Option<Format> {
        match CompressionMethod::new(self.method) {
            CompressionMethod::DEFLATE => Some(Format::Deflate),
            CompressionMethod::BZIP2 => Some(Format::Bzip2),
            CompressionMethod::ZSTD | CompressionMethod::ZSTD_DEPRECATED => Some(Format::Zstd),
            CompressionMethod::XZ => Some(Format::Xz),
            _ => None,
        }
    }
}

/// The input itself. It is not in another archive.
pub(super) fn walk_file(walk: &mut Walk<'_>, file: File) -> ControlFlow<()> {
    let mut buffer = vec![0; rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
    let (mut file, reason) = match ZipLocator::new().locate_in_file(file, &mut buffer) {
        Ok(archive) => match by_directory(walk, &archive, &mut buffer) {
            Ok(flow) => return flow,
            Err(reason) => (archive.into_inner().into_inner(), reason),
        },
        Err((file, error)) => (file, error.to_string()),
    };
    if let Err(error) = file.rewind() {
        let reason = format!("could not be read: {error}");
        note(walk, "", reason, true);
        return ControlFlow::Continue(());
    }
    let mut metered = Metered::new(&mut file, walk.budget);
    let mut input = Packed::new(&mut metered);
    let (flow, directory) = members(walk, "", &mut input, Depth::default());
    if directory && flow.is_continue() {
        let reason = format!("the directory of the zip archive is damaged ({reason}); its members were read");
        note(walk, "", reason, true);
    }
    flow
}

fn note(walk: &mut Walk<'_>, name: &str, reason: String, lost: bool) {
    let member = Member {
        name: name.to_owned(),
        ..Member::default()
    };
    walk.not_read(
        &member,
        Trouble {
            offset: None,
            reason,
            bytes: None,
            lost,
        },
    );
}

/// Reads the members that the directory names; an `Err` if it names none because it is damaged.
fn by_directory(
    walk: &mut Walk<'_>,
    archive: &ZipArchive<FileReader>,
    buffer: &mut [u8],
) -> Result<ControlFlow<()>, String> {
    let depth = Depth {
        archives: 1,
        coats: 0,
    };
    let mut jobs = JobFiles::default();
    let mut seen = Seen::default();
    let mut entries = archive.entries(buffer);
    // Nothing was given out yet, so a directory that is damaged anywhere need not be used.
    while let Some(entry) = entries.next_entry().map_err(|error| error.to_string())? {
        let member = from_directory(&entry).member;
        if !is_empty(&entry) {
            jobs.see(&member.name);
        }
        seen.add(&member);
    }
    let mut sets = Sets::find(&seen.pieces(), archive, buffer);
    let mut entries = archive.entries(buffer);
    for number in 0.. {
        let entry = match entries.next_entry() {
            Ok(Some(entry)) => entry,
            Ok(None) => break,
            Err(error) => {
                let reason = format!("the rest of the zip archive could not be read: {error}");
                note(walk, "", reason, true);
                break;
            }
        };
        let given = match sets.take(number) {
            Some(pieces) => pieces,
            None => vec![(from_directory(&entry), entry.wayfinder(), Kind::of(&entry))],
        };
        for (header, place, kind) in given {
            let flow = match kind {
                Kind::Link => {
                    walk.sink.no_file(&header.member.name, NoFile::Link);
                    continue;
                }
                Kind::Nothing => continue,
                Kind::File => by_place(walk, archive, &header, place, depth, &mut jobs),
            };
            if flow.is_break() || stop(walk, "") {
                return Ok(flow);
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Reads the member that stands at this place in the archive.
fn by_place(
    walk: &mut Walk<'_>,
    archive: &ZipArchive<FileReader>,
    header: &Header,
    place: ZipArchiveEntryWayfinder,
    depth: Depth,
    jobs: &mut JobFiles,
) -> ControlFlow<()> {
    if jobs.have_step(&header.member.name) {
        walk.not_read(&header.member, repeated(header.member.size));
        return ControlFlow::Continue(());
    }
    match archive.get_entry(place) {
        Ok(entry) => {
            let mut reader = entry.reader();
            let mut metered = Metered::new(&mut reader, walk.budget);
            let mut region = Exact::new(&mut metered, header.packed.unwrap_or(0));
            read_member(walk, header, &mut region, depth)
        }
        Err(error) => {
            let reason = format!("its place in the zip archive could not be read: {error}");
            note(walk, &header.member.name, reason, true);
            ControlFlow::Continue(())
        }
    }
}

/// Whether the archive says that a member has no bytes.
fn is_empty(entry: &ZipFileHeaderRecord<'_>) -> bool {
    entry.uncompressed_size_hint() == 0 && entry.crc32() == 0
}

/// Whether the limits are reached, so that the rest is not read.
fn stop(walk: &mut Walk<'_>, archive: &str) -> bool {
    let spent = walk.budget.spent.get();
    if spent {
        let reason = "the rest of the zip archive was not read, since the limit on unpacked size is reached";
        note(walk, archive, reason.to_owned(), true);
    }
    spent
}

fn from_directory(entry: &ZipFileHeaderRecord<'_>) -> Header {
    let time = match entry.last_modified() {
        ZipDateTimeKind::Utc(time) => Some(time),
        // In a zone that nobody knows; it still tells the year and nearly the day. GitHub writes day 0.
        ZipDateTimeKind::Local(time) => UtcDateTime::from_components(
            time.year(),
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second(),
            0,
        ),
    };
    let seconds = time.map(|time| time.to_unix());
    Header {
        member: Member {
            name: member_name("", entry.file_path().as_bytes()),
            modified: seconds.and_then(|seconds| seconds.checked_mul(1_000_000_000)),
            size: Some(entry.uncompressed_size_hint()),
            set: None,
        },
        method: entry.compression_method().as_u16(),
        encrypted: entry.flags().is_encrypted(),
        packed: Some(entry.compressed_size_hint()),
        crc: Some(entry.crc32()),
    }
}

/// Gives a member whose packed bytes are exactly `region` to the walk.
fn read_member(walk: &mut Walk<'_>, header: &Header, region: &mut dyn Read, depth: Depth) -> ControlFlow<()> {
    if let Some(reason) = header.refusal() {
        walk.not_read(
            &header.member,
            Trouble {
                offset: None,
                reason,
                bytes: header.packed,
                lost: true,
            },
        );
        return ControlFlow::Continue(());
    }
    let Some(format) = header.format() else {
        return walk.peel(&header.member, &mut Checked::new(region, header), depth);
    };
    let mut packed = Packed::new(region);
    let mut decoder = Decoder::one_stream(format, &mut packed, walk.budget);
    walk.peel(&header.member, &mut Checked::new(&mut decoder, header), depth)
}

/// Compares a member with the length and the checksum that the archive has for it.
struct Checked<'c> {
    inner: &'c mut dyn Read,
    crc: Crc,
    length: u64,
    expected: Option<u32>,
    expected_length: Option<u64>,
}

impl<'c> Checked<'c> {
    fn new(inner: &'c mut dyn Read, header: &Header) -> Checked<'c> {
        Checked {
            inner,
            crc: Crc::new(),
            length: 0,
            expected: header.crc,
            expected_length: header.crc.and(header.member.size),
        }
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buf)?;
        self.crc.update(&buf[..length]);
        self.length += length as u64;
        if length == 0 && !buf.is_empty() {
            let right = self.expected.is_none_or(|crc| crc == self.crc.sum())
                && self.expected_length.is_none_or(|length| length == self.length);
            if !right {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!(
                        "the {} bytes of this member do not have the checksum and length that the zip \
                         archive says; some of them are wrong or missing",
                        self.length
                    ),
                ));
            }
        }
        Ok(length)
    }
}

/// An archive that comes as a stream.
pub(super) fn walk_stream(
    walk: &mut Walk<'_>,
    archive: &Member,
    input: &mut Packed<'_>,
    depth: Depth,
) -> ControlFlow<()> {
    members(walk, &archive.name, input, depth).0
}

/// Reads one member after the other; tells also whether the directory behind them was reached.
fn members(
    walk: &mut Walk<'_>,
    archive: &str,
    input: &mut Packed<'_>,
    depth: Depth,
) -> (ControlFlow<()>, bool) {
    let depth = Depth {
        archives: depth.archives + 1,
        coats: 0,
    };
    let mut jobs = JobFiles::default();
    let mut seen = Seen::default();
    loop {
        if input.peek(4) == DESCRIPTOR {
            input.consume(4);
        }
        let signature = input.peek(4);
        if [DIRECTORY, EMPTY, ZIP64_END].contains(&signature) {
            let name = archive.to_owned();
            let archive = Member {
                name,
                ..Member::default()
            };
            seen.say(walk, &archive);
            return (ControlFlow::Continue(()), true);
        }
        let place = input.offset();
        let header = local_header(archive, input);
        if let Some(header) = &header {
            seen.add(&header.member);
        }
        let result = match &header {
            Some(header) => member(walk, header, input, depth, &mut jobs),
            None => Err("no member begins there".to_owned()),
        };
        match result {
            Ok(ControlFlow::Break(())) => return (ControlFlow::Break(()), false),
            Ok(ControlFlow::Continue(())) if stop(walk, archive) => break,
            Ok(ControlFlow::Continue(())) => {}
            Err(reason) => {
                let reason = input.failure().map_or(reason, |failure| failure.to_string());
                let reason = if input.peek(1).is_empty() && input.failure().is_none() {
                    format!(
                        "the zip archive is cut off at byte {}; members may be missing",
                        input.offset()
                    )
                } else {
                    format!("the zip archive could not be read further than byte {place}: {reason}")
                };
                note(walk, archive, reason, true);
                break;
            }
        }
    }
    (ControlFlow::Continue(()), false)
}

/// Reads a member and what stands behind it; an `Err` if the next one cannot be found.
fn member(
    walk: &mut Walk<'_>,
    header: &Header,
    input: &mut Packed<'_>,
    depth: Depth,
    jobs: &mut JobFiles,
) -> Result<ControlFlow<()>, String> {
    let skipped = header.member.name.ends_with('/') || header.packed == Some(0);
    let is_step = jobs.have_step(&header.member.name);
    if is_step {
        walk.not_read(&header.member, repeated(header.member.size));
    } else if !skipped {
        jobs.see(&header.member.name);
    }
    if let Some(length) = header.packed {
        let mut region = Exact::new(input, length);
        let mut flow = ControlFlow::Continue(());
        if !skipped && !is_step {
            flow = read_member(walk, header, &mut region, depth);
        }
        let left = region.left;
        if flow.is_continue() && !input.skip(left) {
            return Err("its end is missing".to_owned());
        }
        if header.crc.is_none() {
            skip_descriptor(input, length);
        }
        return Ok(flow);
    }
    // Its length stands behind it, so only its own end can tell. Folders are written in this way, too.
    if header.method == 0 && !header.encrypted && skip_descriptor(input, 0) == Some((0, 0)) {
        return Ok(ControlFlow::Continue(()));
    }
    if let Some(reason) = header.refusal() {
        note(walk, &header.member.name, reason, true);
    }
    let Some(format) = header.format().filter(|_| !header.encrypted) else {
        return Err(
            "the length of a member stands behind it; save the archive as a file and scan that".to_owned(),
        );
    };
    let begin = input.offset();
    let mut decoder = Decoder::one_stream(format, input, walk.budget);
    let mut checked = Checked::new(&mut decoder, header);
    let mut flow = ControlFlow::Continue(());
    if !skipped && !is_step {
        flow = walk.peel(&header.member, &mut checked, depth);
    }
    if flow.is_break() {
        return Ok(flow);
    }
    let drained = io::copy(&mut checked, &mut io::sink());
    let crc = checked.crc.sum();
    drained.map_err(|error| error.to_string())?;
    let decoded = decoder.decoded();
    let found = skip_descriptor(input, input.offset() - begin);
    if found != Some((crc, decoded)) && input.peek(1).is_empty() {
        return Err("its end is missing".to_owned());
    }
    if found != Some((crc, decoded)) {
        let reason = "its checksum is not the one that the zip archive says; some of it is wrong";
        note(walk, &header.member.name, reason.to_owned(), true);
    }
    Ok(flow)
}

/// The header before a member, which is taken.
fn local_header(archive: &str, input: &mut Packed<'_>) -> Option<Header> {
    let fixed: [u8; 30] = input.peek(30).try_into().ok()?;
    if !fixed.starts_with(LOCAL) {
        return None;
    }
    let short = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
    let long = |at: usize| u32::from(short(at)) | u32::from(short(at + 2)) << 16;
    let (name, extra) = (usize::from(short(26)), usize::from(short(28)));
    let length = 30 + name + extra;
    let all = input.peek(length);
    let (path, extra) = all.get(30..length)?.split_at(name);
    let (mut packed, mut size) = (u64::from(long(18)), u64::from(long(22)));
    let mut modified = None;
    for (id, value) in ExtraFields::new(extra) {
        match id {
            ExtraFieldId::ZIP64 => {
                let mut wide = value.as_chunks::<8>().0.iter().copied().map(u64::from_le_bytes);
                for field in [&mut size, &mut packed] {
                    if *field == u64::from(u32::MAX) {
                        *field = wide.next().unwrap_or(*field);
                    }
                }
            }
            ExtraFieldId::EXTENDED_TIMESTAMP => {
                if let [1 | 3 | 5 | 7, a, b, c, d, ..] = value {
                    modified = Some(i64::from(i32::from_le_bytes([*a, *b, *c, *d])) * 1_000_000_000);
                }
            }
            _ => {}
        }
    }
    let flags = short(6);
    let length_behind = flags & 8 != 0;
    let header = Header {
        member: Member {
            name: member_name(archive, path),
            modified,
            size: (!length_behind).then_some(size),
            set: None,
        },
        method: short(8),
        encrypted: flags & 1 != 0,
        packed: (!length_behind || packed > 0).then_some(packed),
        crc: (!length_behind).then(|| long(14)),
    };
    input.consume(length);
    Some(header)
}

/// Takes what stands behind a member whose length was not known before: checksum and lengths, which are
/// written in four ways. Tells the checksum and the unpacked length.
fn skip_descriptor(input: &mut Packed<'_>, packed: u64) -> Option<(u32, u64)> {
    let bytes = input.peek(24);
    let marked = if bytes.starts_with(DESCRIPTOR) { 4 } else { 0 };
    let crc = u32::from_le_bytes(bytes.get(marked..marked + 4)?.try_into().ok()?);
    let lengths = &bytes[marked + 4..];
    let wide = lengths.as_chunks::<8>().0;
    let narrow = lengths.as_chunks::<4>().0;
    let wide = match wide {
        [first, second, ..] if u64::from_le_bytes(*first) == packed => Some(u64::from_le_bytes(*second)),
        _ => None,
    };
    let narrow = match narrow {
        [first, second, ..] if u64::from(u32::from_le_bytes(*first)) == packed & 0xffff_ffff => {
            Some(u64::from(u32::from_le_bytes(*second)))
        }
        _ => None,
    };
    // Two short lengths may look like a long one; another header follows in any case.
    let is_narrow = lengths.get(8..10) == Some(b"PK");
    let (taken, unpacked) = match (wide, narrow) {
        (_, Some(unpacked)) if is_narrow => (8, unpacked),
        (Some(unpacked), _) => (16, unpacked),
        (None, Some(unpacked)) => (8, unpacked),
        (None, None) => return None,
    };
    input.consume(marked + 4 + taken);
    Some((crc, unpacked))
}
