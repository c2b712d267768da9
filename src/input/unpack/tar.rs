//! Tar archives: ustar, pax and GNU, read as a stream.
//!
//! In: the bytes of an archive. Out: its files, to the walk. Where an archive is damaged, the next header is
//! looked for; archives that stand one after the other are read as one.

use std::cell::Cell;
use std::io::{self, Read};
use std::ops::ControlFlow;

use tar::{Archive, Entry, EntryType};

use super::packed::Packed;
use super::pieces::Seen;
use super::{Depth, Exact, HEAD, Member, NoFile, Walk, member_name, repeated};
use crate::input::ci_archive::JobFiles;
use crate::input::stream::Trouble;

/// How many bytes may stand before a file: long names, attributes, the parts of a sparse file.
const HEADERS: u64 = 1024 * 1024;

/// Whether these first bytes are the header of a tar archive, if only by its magic number: its checksum may be damaged.
pub(super) fn seems_to_begin(head: &[u8]) -> bool {
    let magic = head.get(257..263);
    begins(head) || matches!(magic, Some(b"ustar\0" | b"ustar ") if head[..100].contains(&0))
}

/// Whether these first bytes are the header of a tar archive: its checksum is right.
fn begins(head: &[u8]) -> bool {
    let Some(block) = head.get(..HEAD) else {
        return false;
    };
    // A log may have the right number there by chance, but no zeros.
    if !block.contains(&0) {
        return false;
    }
    let written = block[148..156].trim_ascii_start();
    let digits = written.iter().take_while(|byte| matches!(byte, b'0'..=b'7'));
    let mut written = 0;
    for digit in digits {
        written = written * 8 + u32::from(digit - b'0');
    }
    // The checksum itself counts as spaces.
    let sum: u32 = block[..148]
        .iter()
        .chain(&block[156..])
        .map(|byte| u32::from(*byte))
        .sum();
    sum + 8 * u32::from(b' ') == written
}

/// What the tar reader reads from. It keeps long names in memory, so it gets a bounded number
/// of bytes between two files.
struct Gate<'g, 'p> {
    input: &'g mut Packed<'p>,
    allowance: &'g Cell<u64>,
}

impl Read for Gate<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let allowed = self.allowance.get();
        if allowed == 0 {
            return Err(io::Error::other("its headers are longer than 1 MiB"));
        }
        let length = (buf.len() as u64).min(allowed) as usize;
        let read = self.input.read(&mut buf[..length])?;
        self.allowance.set(allowed - read as u64);
        Ok(read)
    }
}

/// How one archive ended.
enum End {
    /// At the zeros that mark its end.
    Mark,
    /// At the end of its input.
    Nothing,
    Damage(String),
    /// The sink wants no more, or the limits are reached.
    Stop(ControlFlow<()>),
}

/// Gives the files of the archive to the walk.
pub(super) fn walk(
    walk: &mut Walk<'_>,
    archive: &Member,
    input: &mut Packed<'_>,
    depth: Depth,
) -> ControlFlow<()> {
    let depth = Depth {
        archives: depth.archives + 1,
        coats: 0,
    };
    let mut found = Found::default();
    loop {
        let begin = input.offset();
        let end = one_archive(walk, archive, input, depth, &mut found);
        let place = input.offset();
        let skipped = match &end {
            End::Stop(flow) => return *flow,
            _ => to_next_header(input, begin),
        };
        let at_end = input.peek(1).is_empty();
        let failure = input.failure().filter(|_| at_end);
        let trouble = match (&end, failure) {
            (_, Some(error)) => Some((
                format!("the rest of the tar archive could not be read: {error}"),
                None,
            )),
            (End::Damage(reason), None) => Some((
                format!("the tar archive is damaged before byte {place}: {reason}; files may be missing"),
                Some(skipped).filter(|skipped| *skipped > 0),
            )),
            (End::Nothing, None) if at_end => Some((
                format!(
                    "the tar archive ends at byte {place} without an end mark; it may be cut off, and files missing"
                ),
                None,
            )),
            _ if skipped > 0 => Some((
                format!(
                    "what follows the tar archive from byte {place} on is something else; it was not read"
                ),
                Some(skipped),
            )),
            _ => None,
        };
        if let Some((reason, bytes)) = trouble {
            walk.not_read(
                archive,
                Trouble {
                    offset: None,
                    reason,
                    bytes,
                    lost: true,
                },
            );
        }
        if at_end {
            found.seen.say(walk, archive);
            return ControlFlow::Continue(());
        }
    }
}

/// What was found in an archive so far.
#[derive(Default)]
struct Found {
    jobs: JobFiles,
    seen: Seen,
}

fn one_archive(
    walk: &mut Walk<'_>,
    archive: &Member,
    input: &mut Packed<'_>,
    depth: Depth,
    found: &mut Found,
) -> End {
    let allowance = Cell::new(HEADERS);
    let mut files = Archive::new(Gate {
        input,
        allowance: &allowance,
    });
    let entries = match files.entries() {
        Ok(entries) => entries,
        Err(error) => return End::Damage(error.to_string()),
    };
    let mut entries = entries.into_iter();
    loop {
        allowance.set(HEADERS);
        match entries.next() {
            // Less than a block is what fills the one before.
            None if HEADERS - allowance.get() >= HEAD as u64 => return End::Mark,
            None => return End::Nothing,
            Some(Err(error)) => return End::Damage(error.to_string()),
            Some(Ok(mut entry)) => {
                allowance.set(u64::MAX);
                let flow = file(walk, archive, &mut entry, depth, found);
                if flow.is_break() {
                    return End::Stop(flow);
                }
                if let Err(error) = drain(walk, &mut entry) {
                    return End::Damage(error.to_string());
                }
            }
        }
    }
}

/// One file of the archive.
fn file<R: Read>(
    walk: &mut Walk<'_>,
    archive: &Member,
    entry: &mut Entry<'_, R>,
    depth: Depth,
    found: &mut Found,
) -> ControlFlow<()> {
    let kind = entry.header().entry_type();
    let is_file = kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse();
    let sparse = sparse(entry);
    let path = match &sparse {
        Some(sparse) => sparse.name.clone(),
        None => entry.path_bytes().into_owned(),
    };
    let name = member_name(&archive.name, &path);
    if let Some(why) = no_file(kind) {
        walk.sink.no_file(&name, why);
        return ControlFlow::Continue(());
    }
    if !is_file || path.ends_with(b"/") || entry.size() == 0 {
        return ControlFlow::Continue(());
    }
    let seconds = entry.header().mtime().ok().filter(|seconds| *seconds != 0);
    let map = match &sparse {
        Some(sparse) if sparse.has_map => skip_map(entry).unwrap_or(0),
        _ => 0,
    };
    let size = entry.size() - map;
    let member = Member {
        modified: seconds.and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(1_000_000_000)),
        size: Some(size),
        name,
        set: None,
    };
    found.seen.add(&member);
    let jobs = &mut found.jobs;
    if jobs.have_step(&member.name) {
        walk.not_read(&member, repeated(member.size));
        return ControlFlow::Continue(());
    }
    jobs.see(&member.name);
    let mut bytes = Charged::new(walk, entry);
    let flow = walk.peel(&member, &mut Exact::new(&mut bytes, size), depth);
    if sparse.is_some() {
        let reason = "a sparse file: its holes were left out, so places in it count without them";
        let trouble = Trouble {
            offset: None,
            reason: reason.to_owned(),
            bytes: None,
            lost: false,
        };
        walk.not_read(&member, trouble);
    }
    flow
}

/// What something in an archive is that is no file.
fn no_file(kind: EntryType) -> Option<NoFile> {
    match kind {
        EntryType::Symlink => Some(NoFile::Link),
        EntryType::Fifo | EntryType::Char | EntryType::Block => Some(NoFile::Special),
        _ => None,
    }
}

/// A sparse file as pax headers tell of it.
struct Sparse {
    /// Its name; the header has a made-up one.
    name: Vec<u8>,
    /// A list of its parts stands before them.
    has_map: bool,
}

fn sparse<R: Read>(entry: &mut Entry<'_, R>) -> Option<Sparse> {
    let mut found = None;
    let mut has_map = false;
    for extension in entry.pax_extensions().ok()??.flatten() {
        match extension.key_bytes() {
            b"GNU.sparse.name" => found = Some(extension.value_bytes().to_vec()),
            b"GNU.sparse.major" => has_map = extension.value_bytes() != b"0",
            _ => {}
        }
    }
    found.map(|name| Sparse { name, has_map })
}

/// Reads over the list of parts before a sparse file, and tells its length: decimal numbers, one a line, the first of which says of how many
/// parts two follow, filled up to a block.
fn skip_map(entry: &mut impl Read) -> Option<u64> {
    let (mut lines, mut wanted, mut length) = (0_u64, 1_u64, 0_u64);
    let mut number = 0_u64;
    while lines < wanted {
        let mut block = [0; HEAD];
        entry.read_exact(&mut block).ok()?;
        length += HEAD as u64;
        for byte in block {
            match byte {
                b'0'..=b'9' => number = number.saturating_mul(10).saturating_add(u64::from(byte - b'0')),
                b'\n' => {
                    lines += 1;
                    if lines == 1 {
                        wanted = number.saturating_mul(2).saturating_add(1);
                    }
                    number = 0;
                }
                _ => break,
            }
            if lines == wanted {
                break;
            }
        }
        if length > HEADERS {
            break;
        }
    }
    Some(length)
}

/// Reads over what the sink left.
fn drain<R: Read>(walk: &Walk<'_>, entry: &mut Entry<'_, R>) -> io::Result<()> {
    io::copy(&mut Charged::new(walk, entry), &mut io::sink()).map(|_| ())
}

/// The bytes of a file. Those of a sparse one count as unpacked, since its holes are not in the archive.
struct Charged<'c, 'e, R: Read> {
    entry: &'c mut Entry<'e, R>,
    budget: Option<&'c super::Budget>,
}

impl<'c, 'e, R: Read> Charged<'c, 'e, R> {
    fn new<'w: 'c>(walk: &Walk<'w>, entry: &'c mut Entry<'e, R>) -> Charged<'c, 'e, R> {
        let budget = walk.budget;
        let budget = entry.header().entry_type().is_gnu_sparse().then_some(budget);
        Charged { entry, budget }
    }
}

impl<R: Read> Read for Charged<'_, '_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(budget) = self.budget else {
            return self.entry.read(buf);
        };
        let room = budget.room().min(buf.len() as u64) as usize;
        if room == 0 {
            let mut probe = [0];
            return match self.entry.read(&mut probe)? {
                0 => Ok(0),
                _ => Err(budget.refuse()),
            };
        }
        let length = self.entry.read(&mut buf[..room])?;
        budget.charge(length as u64);
        Ok(length)
    }
}

/// Moves to the next header, and tells how many bytes other than zeros were passed over on the way.
fn to_next_header(input: &mut Packed<'_>, begin: u64) -> u64 {
    let odd = (input.offset() - begin) % HEAD as u64;
    if odd > 0 {
        input.skip(HEAD as u64 - odd);
    }
    let mut skipped = 0;
    loop {
        let block = input.peek(HEAD);
        if block.is_empty() || begins(block) {
            return skipped;
        }
        if block.iter().any(|byte| *byte != 0) {
            skipped += block.len() as u64;
        }
        let length = block.len();
        input.consume(length);
    }
}
