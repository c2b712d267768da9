//! What the reference engine takes for one entry.
//!
//! In: a block, and a place in it. Out: the [`Entry`] there: its time, and the text that terms are tried on. The format is
//! told once for each source, from its first bytes. A source in none of the reference's formats is read as records.

use std::borrow::Cow;
use std::ops::Range;

use regex::bytes::Regex;
use serde::Deserialize;

use super::stamps::{Stamps, stated};
use crate::input::block::LINE_LIMIT;
use crate::input::window::Window;
use crate::record::time::{Clock, parse_rfc3339};

/// How far the undated lines of an entry reach, in bytes.
const REACH: usize = 64 * 1024;

/// How the lines of a source are read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Format<'a> {
    /// `{"log":"text\n","stream":"stdout","time":"2026-01-02T15:04:05Z"}`
    Docker,
    /// `2026-01-02T15:04:05Z stdout F text`
    Cri,
    /// `2026-01-02T15:04:05Z text`, of which only the text is looked at.
    Rfc3339,
    /// One from the list; the stamp is part of the text.
    Listed(&'a Regex),
}

impl<'a> Format<'a> {
    /// The format of a source that begins with `head`; nothing if it is none of the reference's.
    pub(super) fn of(head: &[u8], stamps: &'a Stamps, clock: &Clock) -> Option<Format<'a>> {
        if let Some((first, _)) = head
            .iter()
            .position(|byte| *byte == b'\n')
            .map(|at| head.split_at(at))
        {
            let of_line = [Format::Docker, Format::Cri, Format::Rfc3339];
            let format = of_line
                .into_iter()
                .find(|format| format.read(first, clock).is_some());
            if format.is_some() {
                return format;
            }
        }
        stamps.format_of(head, clock).map(Format::Listed)
    }

    /// The time and the text of a line; nothing if it has no stamp.
    fn read<'l>(&self, line: &'l [u8], clock: &Clock) -> Option<(i64, Cow<'l, [u8]>)> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match self {
            Format::Docker => docker(line),
            Format::Cri => cri(line),
            Format::Rfc3339 => rfc3339(line).map(|(at, text)| (at, text.into())),
            Format::Listed(format) => Some((stated(format, line, clock)?, line.into())),
        }
    }

    /// Whether lines without a stamp belong to the line above.
    fn glues(&self) -> bool {
        matches!(self, Format::Rfc3339 | Format::Listed(_))
    }
}

fn docker(line: &[u8]) -> Option<(i64, Cow<'_, [u8]>)> {
    #[derive(Deserialize)]
    struct Line<'l> {
        log: String,
        stream: Cow<'l, str>,
        time: Cow<'l, str>,
    }
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let written = !line.log.is_empty() && matches!(&*line.stream, "stdout" | "stderr");
    let at = parse_rfc3339(&line.time)?;
    written.then(|| (at, line.log.into_bytes().into()))
}

fn cri(line: &[u8]) -> Option<(i64, Cow<'_, [u8]>)> {
    let (at, rest) = rfc3339(line)?;
    let rest = rest.strip_prefix(b"stdout ").or(rest.strip_prefix(b"stderr "))?;
    let tag = rest.iter().position(|byte| *byte == b' ')?;
    Some((at, rest[tag + 1..].into()))
}

fn rfc3339(line: &[u8]) -> Option<(i64, &[u8])> {
    let blank = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let at = parse_rfc3339(std::str::from_utf8(&line[..blank]).ok()?)?;
    Some((at, line.get(blank + 1..).unwrap_or_default()))
}

/// One entry.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it stands in the window.
    pub(super) place: Range<usize>,
    /// When, in UTC nanoseconds, if it is dated.
    pub(super) at: Option<i64>,
    pub(super) text: Vec<u8>,
}

/// The entries of a window, to be asked for in the order of places.
pub(super) struct Entries<'a> {
    window: Window<'a>,
    format: Format<'a>,
    clock: &'a Clock,
    /// A stretch without any stamp, too far from the one above.
    headless: Range<usize>,
    /// What has been looked at of a line last: where it begins, and whether it has a stamp.
    last: Option<(usize, bool)>,
}

impl<'a> Entries<'a> {
    pub(super) fn new(window: Window<'a>, format: Format<'a>, clock: &'a Clock) -> Entries<'a> {
        Entries {
            window,
            format,
            clock,
            headless: 0..0,
            last: None,
        }
    }

    /// The entry that has this place; nothing for a line that belongs to none, or is too long.
    pub(super) fn at(&mut self, place: usize) -> Option<Entry> {
        let mut line = self.line_at(place)?;
        let asked = line.start;
        while !self.has_stamp(&line) {
            let far = asked - line.start > REACH || self.headless.contains(&line.start);
            if !self.format.glues() || far || line.start == 0 {
                self.headless = if self.headless.end >= line.start && !self.headless.is_empty() {
                    self.headless.start..asked + 1
                } else {
                    line.start..asked + 1
                };
                return None;
            }
            line = self.line_at(line.start - 1)?;
        }
        let (at, text) = self.format.read(self.window.bytes(line.clone()), self.clock)?;
        let mut text = text.into_owned();
        let mut end = line.end;
        if self.format.glues() {
            end = self.glue(&line, &mut text);
        }
        Some(Entry {
            place: line.start..end,
            at: Some(at),
            text,
        })
    }

    /// Adds the undated lines below `first`; returns where they end.
    fn glue(&mut self, first: &Range<usize>, text: &mut Vec<u8>) -> usize {
        let mut end = first.end;
        while let Some(next) = self.line_from(end + 1) {
            if next.start - first.start > REACH || self.has_stamp(&next) {
                break;
            }
            let line = self.window.bytes(next.clone());
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if std::str::from_utf8(line).is_ok() {
                text.extend_from_slice(line);
            }
            end = next.end;
        }
        end
    }

    /// Where the entry ends that goes on behind `end`, where lines begin.
    pub(super) fn reach(&mut self, end: usize) -> usize {
        let mut reach = end;
        if !self.format.glues() {
            return reach;
        }
        while let Some(next) = self.line_from(reach) {
            if next.start - end > REACH || self.has_stamp(&next) {
                break;
            }
            reach = (next.end + 1).min(self.window.len());
        }
        reach
    }

    fn has_stamp(&mut self, line: &Range<usize>) -> bool {
        if let Some((start, known)) = self.last
            && start == line.start
        {
            return known;
        }
        let has = self
            .format
            .read(self.window.bytes(line.clone()), self.clock)
            .is_some();
        self.last = Some((line.start, has));
        has
    }

    fn line_at(&self, place: usize) -> Option<Range<usize>> {
        let near = place.saturating_sub(LINE_LIMIT);
        let start = match self.window.last_newline(near..place) {
            Some(newline) => newline + 1,
            None if near == 0 => 0,
            None => return None,
        };
        self.line_from(start).filter(|line| line.end >= place)
    }

    /// The line that begins at `start`, without its end.
    fn line_from(&self, start: usize) -> Option<Range<usize>> {
        if start >= self.window.len() {
            return None;
        }
        let far = self.window.len().min(start + LINE_LIMIT);
        match self.window.first_newline(start..far) {
            Some(newline) => Some(start..newline),
            None if far == self.window.len() => Some(start..far),
            None => None,
        }
    }
}
