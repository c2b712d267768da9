//! The lines of a window, as its line ends cut them.
//!
//! In: a block's window. Out: places of lines, without their line ends. A line longer than
//! [`LINE_LIMIT`] is taken as several of that length, counted from its beginning. Nothing is parsed.

use std::ops::Range;

use crate::input::block::LINE_LIMIT;
use crate::input::window::Window;

/// The lines of one window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines<'a> {
    window: Window<'a>,
    /// Where the block's body begins: at a line, or at a piece of an overlong one.
    body_start: usize,
    /// Offset of the window in the source, in bytes.
    window_at: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(window: Window<'a>, body_start: usize, window_at: u64) -> Lines<'a> {
        Lines {
            window,
            body_start,
            window_at,
        }
    }

    pub(super) fn window(&self) -> Window<'a> {
        self.window
    }

    pub(super) fn bytes(&self, line: &Range<usize>) -> &'a [u8] {
        self.window.bytes(line.clone())
    }

    /// Whether a multiple of `stride` lies behind `before` and not behind `line`.
    pub(super) fn crosses(&self, stride: u64, before: usize, line: usize) -> bool {
        let number = |at: usize| (self.window_at + at as u64) / stride;
        number(before) != number(line)
    }

    /// The line that holds the byte at `place`, without its line end.
    pub(super) fn at(&self, place: usize) -> Range<usize> {
        let anchor = if place >= self.body_start {
            self.body_start
        } else {
            0
        };
        let line = self
            .window
            .last_newline(anchor..place)
            .map_or(anchor, |at| at + 1);
        let start = line + (place - line) / LINE_LIMIT * LINE_LIMIT;
        self.from(start)
    }

    /// The line that begins at `start`.
    pub(super) fn from(&self, start: usize) -> Range<usize> {
        let limit = (start + LINE_LIMIT).min(self.window.len());
        let end = self.window.first_newline(start..limit).unwrap_or(limit);
        start..end
    }

    /// The line below.
    pub(super) fn after(&self, line: &Range<usize>) -> Option<Range<usize>> {
        let next = match self.window.byte(line.end) {
            Some(b'\n') => line.end + 1,
            // The next piece of an overlong line.
            Some(_) => line.end,
            None => return None,
        };
        self.starting_at(next)
    }

    /// The line that begins at `start`, if the window goes on there.
    pub(super) fn starting_at(&self, start: usize) -> Option<Range<usize>> {
        (start < self.window.len()).then(|| self.from(start))
    }

    /// The line above; nothing at the source's beginning, at a piece of an overlong line and
    /// behind an overlong line, all of which begin a record.
    pub(super) fn before(&self, line: usize) -> Option<Range<usize>> {
        let end = line.checked_sub(1)?;
        if self.window.byte(end) != Some(b'\n') {
            return None;
        }
        let floor = end.saturating_sub(LINE_LIMIT);
        match self.window.last_newline(floor..end) {
            Some(at) => Some(at + 1..end),
            None if floor == 0 => Some(0..end),
            None => None,
        }
    }
}
