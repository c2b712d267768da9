//! Lines that were measured and not written, since nothing that a run looks for is in them.
//!
//! In: where such lines stand in a text, and who can write them. Out: a part of the text as it is, for those who look at it
//! nevertheless. In the text itself such a line is zeros and a line end.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::buffer::Buffer;

/// Who can write the lines of a text.
pub(super) trait Writer: Send + Sync {
    /// Someone who writes them, for one thread.
    fn tell(self: Arc<Self>) -> Box<dyn Tell>;
}

/// Writes lines.
pub(super) trait Tell: Send {
    /// Adds the line that was measured at `at` to be `length` bytes, with its line end.
    fn tell(&mut self, at: u64, length: usize, out: &mut Vec<u8>);
}

/// The lines that are not written in a stretch of a text, in order.
#[derive(Clone)]
pub(super) struct Unwritten {
    writer: Arc<dyn Writer>,
    lines: Vec<Line>,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// Where it begins in the text, in bytes.
    place: u64,
    length: usize,
    /// What it is made of, as its writer numbers it.
    at: u64,
}

impl Line {
    fn end(&self) -> u64 {
        self.place + self.length as u64
    }
}

impl Unwritten {
    /// No lines.
    pub(super) fn by(writer: Arc<dyn Writer>) -> Unwritten {
        Unwritten {
            writer,
            lines: Vec::new(),
        }
    }

    /// Adds a line behind the others.
    pub(super) fn push(&mut self, place: u64, length: usize, at: u64) {
        self.lines.push(Line { place, length, at });
    }

    /// Adds those that follow.
    pub(super) fn extend(&mut self, later: Unwritten) {
        self.lines.extend(later.lines);
    }

    /// Forgets those that end before `place`.
    pub(super) fn forget_before(&mut self, place: u64) {
        let gone = self.lines.partition_point(|line| line.end() <= place);
        self.lines.drain(..gone);
    }

    /// All of them, which are no longer here.
    pub(super) fn take(&mut self) -> Unwritten {
        Unwritten {
            writer: Arc::clone(&self.writer),
            lines: std::mem::take(&mut self.lines),
        }
    }

    /// Those that lie in this part of the text, in whole or in part.
    fn in_part(&self, part: &Range<u64>) -> &[Line] {
        let from = self.lines.partition_point(|line| line.end() <= part.start);
        let lines = &self.lines[from..];
        &lines[..lines.partition_point(|line| line.place < part.end)]
    }

    /// Whether all lines in this part are written.
    pub(super) fn is_whole(&self, part: &Range<u64>) -> bool {
        self.in_part(part).is_empty()
    }
}

impl fmt::Debug for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unwritten")
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}

/// A part of a buffer, in which lines are written when they are asked for.
pub(super) struct Retold {
    buffer: Arc<Buffer>,
    /// Where the part begins in the buffer.
    start: usize,
    teller: RefCell<Box<dyn Tell>>,
}

impl Retold {
    /// The part of `buffer` that begins at `start`; nothing if all of the buffer is written.
    pub(super) fn new(buffer: &Arc<Buffer>, start: usize) -> Option<Retold> {
        let unwritten = buffer.unwritten()?;
        Some(Retold {
            teller: RefCell::new(Arc::clone(&unwritten.writer).tell()),
            buffer: Arc::clone(buffer),
            start,
        })
    }

    /// Puts what stands at `at` of the part into `into`.
    pub(super) fn read(&self, at: usize, into: &mut [u8]) {
        let from = self.start + at;
        into.copy_from_slice(&self.buffer.bytes()[from..from + into.len()]);
        let Some(unwritten) = self.buffer.unwritten() else {
            return;
        };
        let begin = self.buffer.at() + from as u64;
        let part = begin..begin + into.len() as u64;
        let mut teller = self.teller.borrow_mut();
        let mut text = Vec::new();
        for line in unwritten.in_part(&part) {
            text.clear();
            teller.tell(line.at, line.length, &mut text);
            let (from, to) = (line.place.max(part.start), line.end().min(part.end));
            let own = (from - line.place) as usize..(to - line.place) as usize;
            into[(from - part.start) as usize..(to - part.start) as usize].copy_from_slice(&text[own]);
        }
    }
}

impl fmt::Debug for Retold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retold")
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}
