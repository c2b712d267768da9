//! Blocks: pieces of a source, cut at line ends, with their surroundings.
//!
//! In: the bytes of a source. Out: [`Block`]s that any thread can work on alone: each *owns*
//! its body, and *sees* up to [`MARGIN`] bytes on both sides, so that a record that
//! crosses a cut is seen whole by the block that owns its beginning.
//!
//! ```text
//!            MARGIN                 body                 MARGIN
//!   ....|===============|#############################|===============|....
//!       window start    body.start           body.end   window end
//! ```
//!
//! A line longer than [`LINE_LIMIT`] is taken as several lines of that length, counted from
//! its beginning. So cuts depend on the content alone, and the result does not depend
//! on the block size.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr, memrchr};

use super::Source;
use super::buffer::Buffer;
use super::map::{Mapped, Reread};
use super::window::Window;

/// Longest line in bytes; longer ones are read in pieces of this length.
pub const LINE_LIMIT: usize = 256 * 1024;

/// How far a block sees beyond its body, in bytes. Record boundaries are decided within
/// less than this (see `record::reader`).
pub const MARGIN: usize = 1024 * 1024;

/// How much of a source's beginning every block knows, in bytes.
pub const HEAD: usize = 16 * 1024;

/// Usual size of a body in bytes.
pub const BLOCK_SIZE: usize = 4 * 1024 * 1024;

/// Who holds the bytes of a window.
#[derive(Debug)]
enum Holder {
    /// A file that may change while it is looked at.
    Map(Arc<Mapped>, OnceCell<Reread>),
    /// Memory that several blocks share.
    Buffer(Arc<Buffer>),
}

/// A piece of a source.
#[derive(Debug)]
pub struct Block {
    /// Number of the source.
    pub source: usize,
    /// The source.
    pub about: Arc<Source>,
    holder: Holder,
    /// The window within the holder's bytes.
    window: Range<usize>,
    /// The body within the window.
    body: Range<usize>,
    /// Offset of the window in the source, in bytes.
    window_at: u64,
    /// The window ends where the source ends.
    at_end: bool,
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Holder::Map(map, _) = &self.holder {
            // With the margin above: a long line is followed back into it.
            map.release(self.window.start..self.window.start + self.body.end);
        }
    }
}

impl Block {
    /// The bytes that the block sees, for searching: those of a mapped file may change meanwhile.
    pub fn window(&self) -> &[u8] {
        let bytes = match &self.holder {
            Holder::Map(map, _) => map.bytes(),
            Holder::Buffer(buffer) => buffer.bytes(),
        };
        &bytes[self.window.clone()]
    }

    /// The bytes that the block sees, for parsing.
    pub fn text(&self) -> Window<'_> {
        match &self.holder {
            Holder::Map(map, again) => {
                Window::mapped(again.get_or_init(|| Reread::new(map, self.window.clone())))
            }
            Holder::Buffer(buffer) => Window::held(&buffer.bytes()[self.window.clone()]),
        }
    }

    /// The first [`HEAD`] bytes of the source, or as many as it has.
    pub fn head(&self) -> Vec<u8> {
        match &self.holder {
            Holder::Map(map, _) => map.bytes()[..map.bytes().len().min(HEAD)].to_vec(),
            Holder::Buffer(buffer) => buffer.head(HEAD).to_vec(),
        }
    }

    /// Where in `part` of the window gates may stand, if that is known: whole lines, as far as they lie in it.
    pub fn loud(&self, part: &Range<usize>) -> Option<Vec<Range<usize>>> {
        let Holder::Buffer(buffer) = &self.holder else {
            return None;
        };
        let at = self.window.start;
        let part = at + part.start..at + part.end;
        let loud = buffer.loud(&part)?;
        Some(loud.map(|stretch| stretch.start - at..stretch.end - at).collect())
    }

    /// The part of the window that the block owns.
    pub fn body(&self) -> Range<usize> {
        self.body.clone()
    }

    /// Offset of the window in the source, in bytes.
    pub fn window_at(&self) -> u64 {
        self.window_at
    }

    /// Whether the body begins where the reading of the source begins.
    pub fn is_first(&self) -> bool {
        self.window_at + self.body.start as u64 == self.about.plan.from
    }

    /// Whether the body ends where the reading of the source ends.
    pub fn is_last(&self) -> bool {
        let planned = self.about.plan.to == Some(self.window_at + self.body.end as u64);
        planned || (self.at_end && self.body.end == self.window.len())
    }

    pub(super) fn of_map(about: &Arc<Source>, map: &Arc<Mapped>, body: Range<usize>) -> Block {
        let length = map.bytes().len();
        let window = body.start.saturating_sub(MARGIN)..(body.end + MARGIN).min(length);
        Block {
            source: 0,
            about: Arc::clone(about),
            holder: Holder::Map(Arc::clone(map), OnceCell::new()),
            body: body.start - window.start..body.end - window.start,
            window_at: window.start as u64,
            at_end: window.end == length,
            window,
        }
    }

    /// The block with this body in a buffer that stands at `buffer_at` in the source; `ended` if the
    /// source ends with the buffer.
    pub(super) fn of_buffer(
        about: &Arc<Source>,
        buffer: &Arc<Buffer>,
        body: Range<usize>,
        buffer_at: u64,
        ended: bool,
    ) -> Block {
        let length = buffer.bytes().len();
        let window = body.start.saturating_sub(MARGIN)..(body.end + MARGIN).min(length);
        Block {
            source: 0,
            about: Arc::clone(about),
            holder: Holder::Buffer(Arc::clone(buffer)),
            body: body.start - window.start..body.end - window.start,
            window_at: buffer_at + window.start as u64,
            at_end: ended && window.end == length,
            window,
        }
    }

    /// A whole source that is already in memory, as one block.
    pub fn whole(source: usize, bytes: Vec<u8>) -> Block {
        let body = 0..bytes.len();
        Block {
            source,
            about: Arc::new(Source::stdin()),
            window: body.clone(),
            body,
            holder: Holder::Buffer(Arc::new(Buffer::new(bytes))),
            window_at: 0,
            at_end: true,
        }
    }

    /// Offset in the source of a line longer than [`LINE_LIMIT`] that lies in this body, if any.
    pub fn overlong_line(&self) -> Option<u64> {
        // Such a line covers at least one whole aligned half-limit segment; in ordinary text
        // each segment's first newline is near, so this looks at a few bytes only.
        const SEGMENT: u64 = LINE_LIMIT as u64 / 2;
        let window = self.window();
        let body_at = self.window_at + self.body.start as u64;
        let body_end = self.window_at + self.body.end as u64;
        let mut at = body_at.next_multiple_of(SEGMENT);
        while at + SEGMENT <= body_end {
            let start = (at - self.window_at) as usize;
            if memchr(b'\n', &window[start..start + SEGMENT as usize]).is_none() {
                let from = memrchr(b'\n', &window[..start]).map_or(0, |newline| newline + 1);
                let to = memchr(b'\n', &window[start..]).map_or(window.len(), |newline| start + newline);
                if to - from > LINE_LIMIT {
                    return Some(self.window_at + from as u64);
                }
            }
            at += SEGMENT;
        }
        None
    }
}

/// Length of the next body, given the bytes from its start on. `bytes` holds at least
/// `block_size + LINE_LIMIT` bytes unless the source ends with it.
pub(super) fn cut(bytes: &[u8], block_size: usize, at_end: bool) -> usize {
    if at_end && bytes.len() <= block_size {
        return bytes.len();
    }
    let within = |limit: usize| &bytes[..limit.min(bytes.len())];
    if let Some(newline) = memrchr(b'\n', within(block_size)) {
        return newline + 1;
    }
    if block_size >= LINE_LIMIT {
        // Whole pieces of an overlong line.
        return within(block_size / LINE_LIMIT * LINE_LIMIT).len();
    }
    match memchr(b'\n', within(LINE_LIMIT)) {
        Some(newline) => newline + 1,
        None => within(LINE_LIMIT).len(),
    }
}
