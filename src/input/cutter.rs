//! Cuts what a reader gives into blocks.
//!
//! In: a reader. Out: the [`Block`]s of what it gives, in order. The reader is read into big buffers, each with
//! several blocks in it; only what the next block must see is copied from one buffer to the next.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use super::Source;
use super::block::{Block, HEAD, LINE_LIMIT, MARGIN, cut};
use super::buffer::{Buffer, Pool};
use super::producer::Out;
use super::stream::{Fed, Reading};

/// Largest body of a block that is read, in bytes; smaller than for maps, so that several fit into a buffer.
const BODY: usize = 1024 * 1024;

/// What is smaller leaves the buffer that it was read into, in bytes.
const SMALL: usize = 256 * 1024;

/// Bodies in a buffer.
const BODIES: usize = 4;

/// How a source was cut.
#[derive(Debug)]
pub(super) struct Cut {
    /// How many bytes went into blocks.
    pub(super) bytes: u64,
    /// What stopped the reader before the source's end.
    pub(super) failure: Option<io::Error>,
    /// Who takes the blocks wants no more.
    pub(super) stopped: bool,
}

/// Which part of a source a reader gives.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Where in the source the reader begins, in bytes.
    pub(super) start: u64,
    /// Where the first body begins, behind that; what stands before it is margin.
    pub(super) body: usize,
    /// Where the last body ends in the source, if not with the reader.
    pub(super) to: Option<u64>,
    /// The first bytes of the source, if the reader does not begin with them.
    pub(super) head: Option<Arc<[u8]>>,
}

impl Part {
    /// All of it.
    pub(super) fn all() -> Part {
        Part {
            start: 0,
            body: 0,
            to: None,
            head: None,
        }
    }
}

/// What is cut.
pub(super) trait Text: Read {
    /// The stretches, in bytes from the beginning, in which the gates of the run may stand, of what was read since the last time;
    /// nothing if that is not known. They are in order, and each begins and ends with a line.
    fn loud(&mut self) -> Option<Vec<Range<u64>>>;
}

/// A text of which only its bytes are known.
pub(super) struct Unknown<'r>(pub(super) &'r mut dyn Read);

impl Read for Unknown<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Text for Unknown<'_> {
    fn loud(&mut self) -> Option<Vec<Range<u64>>> {
        None
    }
}

/// Reads `reader` to its end and gives its blocks to `out`.
pub(super) fn cut_all(
    about: &Arc<Source>,
    reader: &mut dyn Text,
    part: &Part,
    pool: &mut Pool,
    reading: &Reading,
    out: &mut Out<'_>,
) -> Cut {
    let block_size = reading.block_size.min(BODY);
    let mut buffer_at = part.start;
    let mut bytes = empty(pool, out);
    let mut body = part.body;
    let mut head = part.head.clone();
    let mut loud = Some(Vec::new());
    loop {
        let enough = body + (BODIES - 1) * block_size + block_size + LINE_LIMIT + MARGIN;
        let (ended, failure) = fill(reader, &mut bytes, enough);
        let buffer = if ended && bytes.len() < SMALL {
            // Many small logs may wait together, which must not keep the buffers from the next one.
            let own = bytes.clone();
            pool.give_back(std::mem::take(&mut bytes));
            Buffer::new(own)
        } else {
            pool.lend(std::mem::take(&mut bytes))
        };
        loud = join(loud, reader.loud(), buffer_at);
        let buffer = buffer.behind(head.as_ref()).searched(loud.as_deref(), buffer_at);
        let buffer = Arc::new(buffer);
        let cuts = Cuts {
            about,
            buffer: &buffer,
            buffer_at,
            block_size,
            ended,
            to: part.to,
        };
        let (next, stopped) = cuts.give(body, out);
        let stopped = stopped || (!ended && reading.stop.is_asked());
        if ended || stopped || part.to == Some(buffer_at + next as u64) {
            return Cut {
                bytes: buffer_at + next as u64,
                failure,
                stopped,
            };
        }
        head.get_or_insert_with(|| Arc::from(buffer.head(HEAD)));
        let keep_from = next.saturating_sub(MARGIN);
        bytes = empty(pool, out);
        bytes.extend_from_slice(&buffer.bytes()[keep_from..]);
        buffer_at += keep_from as u64;
        body = next - keep_from;
    }
}

/// Cuts a source that is in memory. Returns how many bytes went into blocks, and whether nobody wants more.
pub(super) fn cut_held(
    about: &Arc<Source>,
    bytes: Vec<u8>,
    reading: &Reading,
    out: &mut Out<'_>,
) -> (u64, bool) {
    let cuts = Cuts {
        about,
        buffer: &Arc::new(Buffer::new(bytes)),
        buffer_at: 0,
        block_size: reading.block_size,
        ended: true,
        to: None,
    };
    let (end, stopped) = cuts.give(0, out);
    (end as u64, stopped)
}

/// A buffer that is being cut.
struct Cuts<'a> {
    about: &'a Arc<Source>,
    buffer: &'a Arc<Buffer>,
    buffer_at: u64,
    block_size: usize,
    /// The reader ends with the buffer.
    ended: bool,
    /// Where the last body ends in the source, if before the reader does.
    to: Option<u64>,
}

impl Cuts<'_> {
    /// Gives the blocks from `body` on. Returns where the next body begins, and whether to stop.
    fn give(&self, mut body: usize, out: &mut Out<'_>) -> (usize, bool) {
        loop {
            let rest = &self.buffer.bytes()[body..];
            let enough = self.ended || rest.len() >= self.block_size + LINE_LIMIT + MARGIN;
            let left = self.to.map_or(rest.len(), |to| {
                let left = to.saturating_sub(self.buffer_at + body as u64);
                usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()))
            });
            if left == 0 || !enough {
                return (body, false);
            }
            let is_last = self.ended || left < rest.len();
            let end = body + cut(&rest[..left], self.block_size, is_last);
            let at_end = self.ended && self.to.is_none();
            let block = Block::of_buffer(self.about, self.buffer, body..end, self.buffer_at, at_end);
            body = end;
            if out.push(Fed::Block(block)).is_break() {
                return (body, true);
            }
        }
    }
}

/// The stretches from `from` on of what was known and what is new.
fn join(known: Option<Vec<Range<u64>>>, new: Option<Vec<Range<u64>>>, from: u64) -> Option<Vec<Range<u64>>> {
    let (mut known, new) = (known?, new?);
    known.retain(|stretch| stretch.end > from);
    known.extend(new);
    Some(known)
}

/// A buffer to fill. The blocks that keep the others may still be with `out`.
fn empty(pool: &mut Pool, out: &mut Out<'_>) -> Vec<u8> {
    pool.try_take().unwrap_or_else(|| {
        let _ = out.flush();
        pool.take()
    })
}

/// Reads until `bytes` holds `length` bytes or the reader ends: whether it has, and what ended it too early.
fn fill(reader: &mut dyn Text, bytes: &mut Vec<u8>, length: usize) -> (bool, Option<io::Error>) {
    // In one go: the memory is used only as far as it is filled.
    bytes.reserve(length.saturating_sub(bytes.len()));
    while bytes.len() < length {
        let missing = (length - bytes.len()) as u64;
        match reader.take(missing).read_to_end(bytes) {
            Ok(0) => return (true, None),
            Ok(_) => {}
            Err(error) => return (true, Some(error)),
        }
    }
    (false, None)
}
