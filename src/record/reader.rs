//! Finds and reads the record that holds a given byte.
//!
//! In: a block's window and places in it. Out: [`Extent`]s of records, and the
//! [`Record`] of an extent with its time, level, service and text. Lines are
//! parsed only round the places asked for.
//!
//! Boundaries depend on the source's content alone. Reading starts at the nearest
//! *certain* line above the place (see [`boundary`](super::boundary)). In a run without one,
//! the first line at or after each multiple of [`STRIDE`] bytes begins a record, provided that
//! no certain line stands within [`STRIDE`] bytes before it.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memrchr};

use super::boundary::{Line, Machine, certain};
use super::header::{self, Format, Header};
use super::shape::shape;
use super::time::Clock;
use super::{Record, Time, TimeQuality};
use crate::input::block::{Block, LINE_LIMIT};
use crate::report::visible::strip_colour;

/// See the module's description, in bytes.
const STRIDE: u64 = 64 * 1024;

/// How far dated neighbours of an undated record are looked for, in bytes.
const NEIGHBOUR_RANGE: usize = 64 * 1024;

/// Where a record lies in the window, in bytes; the last line end is not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Extent {
    /// First byte.
    pub start: usize,
    /// First byte after the record.
    pub end: usize,
}

/// Reads the records of one block.
#[derive(Debug)]
pub struct RecordReader<'a> {
    window: &'a [u8],
    body: Range<usize>,
    window_at: u64,
    clock: &'a Clock,
    file_service: Option<&'a str>,
    /// The record that was found last.
    last: Option<Last>,
    /// Where a date was last looked for upwards from, and the nearest one (place, time).
    above: Option<(usize, Option<Dated>)>,
    /// The stretch where a date was last looked for downwards, and the nearest one.
    below: Option<(Range<usize>, Option<Dated>)>,
}

/// Place of a dated line and its time in UTC nanoseconds.
type Dated = (usize, i64);

/// A record that was found, and what is needed to go on from it.
#[derive(Debug)]
struct Last {
    /// The line that the machine started from.
    start: usize,
    extent: Extent,
    /// The last certain line up to the record.
    certain_at: Option<usize>,
}

/// Whether a certain line at `certain_at` is too far above `line` to count.
fn is_far(certain_at: usize, line: usize) -> bool {
    (line - certain_at) as u64 > STRIDE
}

impl<'a> RecordReader<'a> {
    /// A reader for `block`. `file_service` is used where a record does not name its service.
    pub fn new(block: &'a Block, clock: &'a Clock, file_service: Option<&'a str>) -> RecordReader<'a> {
        RecordReader {
            window: block.window(),
            body: block.body(),
            window_at: block.window_at(),
            clock,
            file_service,
            last: None,
            above: None,
            below: None,
        }
    }

    /// The record that holds the byte at `place`.
    pub fn extent_at(&mut self, place: usize) -> Extent {
        let line = self.line_at(place);
        let (start, is_certain) = self.start_for(line.start);
        // Going on from the record that was found last saves reading its lines again.
        let (from, certain_at) = match &self.last {
            Some(last) if last.start == start && last.extent.start <= line.start => {
                (last.extent.start, last.certain_at)
            }
            _ => (start, is_certain.then_some(start)),
        };
        let (extent, certain_at) = self.run_from(from, certain_at, line.start);
        self.last = Some(Last {
            start,
            extent,
            certain_at,
        });
        extent
    }

    /// Runs the machine from the record start `from` to the record that holds `target`.
    /// `certain_at` is the last certain line up to `from`, and is returned for that record.
    fn run_from(&self, from: usize, mut certain_at: Option<usize>, target: usize) -> (Extent, Option<usize>) {
        let first = self.line_from(from);
        let mut extent = Extent {
            start: first.start,
            end: first.end,
        };
        let mut above = self.describe(&first);
        let mut machine = Machine::start(above.clone());
        let mut above_at = first.start;
        let mut following = self.line_after(&first).map(|at| (self.describe(&at), at));
        while let Some((line, at)) = following {
            following = self.line_after(&at).map(|at| (self.describe(&at), at));
            let is_certain = certain(Some(&above), &line);
            let forced = !is_certain
                && self.crosses_stride(above_at, at.start)
                && certain_at.is_none_or(|certain_at| is_far(certain_at, at.start));
            let goes_on = if forced {
                machine = Machine::start(line.clone());
                false
            } else {
                machine.goes_on(line.clone(), following.as_ref().map(|(line, _)| line))
            };
            if !goes_on {
                if at.start > target {
                    break;
                }
                extent.start = at.start;
            }
            if is_certain {
                certain_at = Some(at.start);
            }
            if !goes_on || !line.is_blank() {
                extent.end = at.end;
            }
            above = line;
            above_at = at.start;
        }
        (extent, certain_at)
    }

    /// A line at or above `line` from which the machine may start, and whether it is certain
    /// (or else forced).
    fn start_for(&self, line: usize) -> (usize, bool) {
        let mut forced = None;
        let mut at = self.line_at(line);
        let mut described = self.describe(&at);
        loop {
            let Some(before) = self.line_before(&at) else {
                // The source's beginning, a piece of an overlong line, or the line behind one.
                return (at.start, true);
            };
            let above = self.describe(&before);
            if certain(Some(&above), &described) {
                return (at.start, true);
            }
            if forced.is_none() && self.crosses_stride(before.start, at.start) {
                forced = Some(at.start);
            }
            if let Some(forced) = forced
                && is_far(before.start, forced)
            {
                return (forced, false);
            }
            at = before;
            described = above;
        }
    }

    /// Whether the line at `line` is the first that begins at or after a multiple of the stride.
    fn crosses_stride(&self, before: usize, line: usize) -> bool {
        let stride = |at: usize| (self.window_at + at as u64) / STRIDE;
        stride(before) != stride(line)
    }

    fn describe(&self, line: &Range<usize>) -> Line {
        let bytes = strip_colour(&self.window[line.clone()]);
        let header = header::parse(&bytes, self.clock);
        Line::new(&header, shape(&header.body))
    }

    /// The line that holds the byte at `place`, without its line end.
    fn line_at(&self, place: usize) -> Range<usize> {
        // The body begins at a line or at a piece of an overlong one.
        let anchor = if place >= self.body.start {
            self.body.start
        } else {
            0
        };
        let line = memrchr(b'\n', &self.window[anchor..place]).map_or(anchor, |at| anchor + at + 1);
        let start = line + (place - line) / LINE_LIMIT * LINE_LIMIT;
        self.line_from(start)
    }

    fn line_from(&self, start: usize) -> Range<usize> {
        let limit = (start + LINE_LIMIT).min(self.window.len());
        let end = memchr(b'\n', &self.window[start..limit]).map_or(limit, |at| start + at);
        start..end
    }

    fn line_after(&self, line: &Range<usize>) -> Option<Range<usize>> {
        let next = match self.window.get(line.end) {
            Some(b'\n') => line.end + 1,
            // The next piece of an overlong line.
            Some(_) => line.end,
            None => return None,
        };
        (next < self.window.len()).then(|| self.line_from(next))
    }

    /// The line above; nothing at the source's beginning, at a piece of an overlong line and
    /// behind an overlong line, all of which begin a record.
    fn line_before(&self, line: &Range<usize>) -> Option<Range<usize>> {
        let end = line.start.checked_sub(1)?;
        if self.window[end] != b'\n' {
            return None;
        }
        let floor = end.saturating_sub(LINE_LIMIT);
        match memrchr(b'\n', &self.window[floor..end]) {
            Some(at) => Some(floor + at + 1..end),
            None if floor == 0 => Some(0..end),
            None => None,
        }
    }

    /// Reads the record of an extent. Its number of lines is that of its line ends plus one.
    pub fn read(&mut self, extent: Extent) -> Record {
        let raw = &self.window[extent.start..extent.end];
        let first_line = self.line_from(extent.start);
        let head = strip_colour(&self.window[first_line.start..first_line.end.min(extent.end)]);
        let header = header::parse(&head, self.clock);
        let time = match header.stamp {
            Some(stamp) => Time {
                at: Some(stamp.nanos),
                until: None,
                quality: stamp.quality,
            },
            None => self.time_between(extent),
        };
        let explicit = header.transport || matches!(header.format, Format::Json | Format::Logfmt);
        let implied = header.service.as_deref();
        let service = match (implied, self.file_service) {
            (Some(service), _) if explicit => Some(service.to_owned()),
            (_, Some(service)) => Some(service.to_owned()),
            (implied, None) => implied.map(str::to_owned),
        };
        let text = record_text(raw, self.clock);
        let as_written = (header.format == Format::Json || header.format == Format::DockerJson)
            .then(|| String::from_utf8_lossy(&strip_colour(raw)).into_owned());
        Record {
            offset: self.window_at + extent.start as u64,
            len: (extent.end - extent.start) as u64,
            time,
            level: header.level,
            service,
            host: header.host.map(|host| host.to_string()),
            http: header.http,
            text,
            as_written,
        }
    }

    /// The time of an undated record, bounded by its dated neighbours.
    fn time_between(&mut self, extent: Extent) -> Time {
        let at = self.dated_above(extent.start);
        let until = self.dated_below(extent.end);
        match (at, until) {
            // Writers that share a file may be out of order.
            (Some(one), Some(other)) => Time {
                at: Some(one.min(other)),
                until: Some(one.max(other)),
                quality: TimeQuality::Between,
            },
            (Some(at), None) => Time {
                at: Some(at),
                until: None,
                quality: TimeQuality::After,
            },
            (None, Some(until)) => Time {
                at: Some(until),
                until: Some(until),
                quality: TimeQuality::Before,
            },
            (None, None) => Time {
                at: None,
                until: None,
                quality: TimeQuality::Unknown,
            },
        }
    }

    fn dated_above(&mut self, start: usize) -> Option<i64> {
        let floor = start.saturating_sub(NEIGHBOUR_RANGE);
        let mut at = self.line_at(start);
        let mut found = None;
        while let Some(before) = self.line_before(&at).filter(|before| before.start >= floor) {
            if let Some((known_from, known)) = self.above
                && (before.start..=at.start).contains(&known_from)
            {
                found = known.filter(|(place, _)| *place >= floor);
                break;
            }
            if let Some(nanos) = self.stamp_of(&before) {
                found = Some((before.start, nanos));
                break;
            }
            at = before;
        }
        self.above = Some((start, found));
        found.map(|(_, nanos)| nanos)
    }

    fn dated_below(&mut self, end: usize) -> Option<i64> {
        let ceiling = end + NEIGHBOUR_RANGE;
        let mut at = self.line_at(end.min(self.window.len().saturating_sub(1)));
        if let Some((searched, found)) = &self.below
            && searched.contains(&end)
        {
            match found {
                Some((place, nanos)) => return (*place <= ceiling).then_some(*nanos),
                None => at = self.line_at(searched.end.min(self.window.len().saturating_sub(1))),
            }
        }
        let mut found = None;
        let mut to = at.start;
        while let Some(next) = self.line_after(&at).filter(|next| next.start <= ceiling) {
            to = next.start;
            if let Some(nanos) = self.stamp_of(&next) {
                found = Some((next.start, nanos));
                break;
            }
            at = next;
        }
        self.below = Some((end..to, found));
        found.map(|(_, nanos)| nanos)
    }

    fn stamp_of(&self, line: &Range<usize>) -> Option<i64> {
        let bytes = strip_colour(&self.window[line.clone()]);
        header::parse(&bytes, self.clock).stamp.map(|stamp| stamp.nanos)
    }
}

/// The text that patterns are tried on: the bodies of all lines.
fn record_text(raw: &[u8], clock: &Clock) -> String {
    let mut text = String::with_capacity(raw.len());
    for (number, line) in raw.split(|byte| *byte == b'\n').enumerate() {
        if number > 0 {
            text.push('\n');
        }
        let line: Cow<'_, [u8]> = strip_colour(line);
        let header: Header<'_> = header::parse(&line, clock);
        text.push_str(&String::from_utf8_lossy(&header.body));
    }
    text
}
