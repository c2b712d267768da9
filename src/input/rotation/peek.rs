//! A look at the beginning of a piece, to put it in order and to tell copies.
//!
//! In: the path of a regular file. Out: the time of its first dated line, and its first bytes. Every file is
//! closed again before the next is opened.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;

use crate::input::stream::Trouble;
use crate::input::unpack::{Input, Limits, Member, NoFile, Sink, is_packed, unpack};
use crate::record::edge::{DATE_RANGE, first_stamp, last_stamp};
use crate::record::time::Clock;

/// First bytes by which copies are told, in bytes.
pub(super) const START: usize = 1024;

/// What the beginning of a piece says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Peek {
    /// Its first bytes, unpacked; nothing if they cannot be.
    pub(super) start: Vec<u8>,
    /// Time of its first dated line, in UTC nanoseconds.
    pub(super) first: Option<i64>,
    /// Whether it is compressed.
    pub(super) packed: bool,
    /// Size of the file in bytes.
    pub(super) size: u64,
}

/// Looks at the beginning of the file at `path`; nothing if it is no regular file or cannot be read.
pub(super) fn peek(path: &Path, clock: &Clock) -> Option<Peek> {
    let (file, size) = open(path)?;
    let mut head = Vec::new();
    Read::by_ref(&mut file.take(DATE_RANGE as u64))
        .read_to_end(&mut head)
        .ok()?;
    let packed = is_packed(&head);
    if packed {
        head = unpacked(path).unwrap_or_default();
    }
    // A log that was truncated while its writer went on begins with zeros.
    let zeros = head.iter().take_while(|byte| **byte == 0).count();
    let first = first_stamp(&head[zeros..], clock).map(|stamp| stamp.nanos);
    head.truncate(START);
    Some(Peek {
        start: head,
        first,
        packed,
        size,
    })
}

/// Time of the last dated line of a plain file, in UTC nanoseconds.
pub(super) fn last_time(path: &Path, clock: &Clock) -> Option<i64> {
    let (mut file, size) = open(path)?;
    let from = size.saturating_sub(DATE_RANGE as u64);
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut tail = Vec::new();
    file.take(DATE_RANGE as u64).read_to_end(&mut tail).ok()?;
    last_stamp(&tail, clock).map(|stamp| stamp.nanos)
}

/// Whether the file `long` begins with all that `short` holds.
pub(super) fn is_beginning(short: &Path, long: &Path) -> io::Result<bool> {
    const CHUNK: u64 = 256 * 1024;
    let (mut short, mut long) = (File::open(short)?, File::open(long)?);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    loop {
        ours.clear();
        theirs.clear();
        Read::by_ref(&mut short).take(CHUNK).read_to_end(&mut ours)?;
        if ours.is_empty() {
            return Ok(true);
        }
        Read::by_ref(&mut long)
            .take(ours.len() as u64)
            .read_to_end(&mut theirs)?;
        if ours != theirs {
            return Ok(false);
        }
    }
}

/// Opens a regular file. A named pipe would wait for its writer.
fn open(path: &Path) -> Option<(File, u64)> {
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_file() {
        return None;
    }
    Some((File::open(path).ok()?, metadata.len()))
}

/// The first 64 KiB of the first log in a packed file. What could be unpacked before damage counts.
fn unpacked(path: &Path) -> Option<Vec<u8>> {
    let (file, _) = open(path)?;
    let mut head = Head::default();
    let _ = unpack(Input::File(file), Vec::new(), &Limits::default(), &mut head);
    Some(head.0)
}

/// Takes the beginning of the first log, and wants no more.
#[derive(Default)]
struct Head(Vec<u8>);

impl Sink for Head {
    fn log(&mut self, _: &Member, bytes: &mut dyn Read) -> ControlFlow<()> {
        // After damage, the bytes before it are there.
        let _ = bytes.take(DATE_RANGE as u64).read_to_end(&mut self.0);
        ControlFlow::Break(())
    }

    fn no_file(&mut self, _: &str, _: NoFile) {}

    fn not_read(&mut self, _: &Member, _: Trouble) {}
}
