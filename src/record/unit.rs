//! Units: what a transport wrote as one message.
//!
//! In: the lines of a window. Out: [`Unit`]s, and their bytes as one line. Most lines are a unit each.
//! The parts of a line that a transport cut are one unit, also where lines of other streams stand
//! between them; so is an entry of `journalctl -o export` with all its lines.
//!
//! Containers that share a stream write in turns. [`Units::above`] and [`Units::below`] lead from a unit to the nearest one of
//! the same container, over at most [`OTHERS`] units of others, and [`AWAY`] bytes; so the events of each are read as if it
//! had the stream for itself.
//!
//! Which unit a line belongs to depends on the content near it alone: an entry begins at most
//! [`ENTRY_LIMIT`] above its lines, the line before in a stream stands at most [`AWAY`] above, and a long
//! chain of parts is cut: the first part at or after each multiple of [`CHAIN`] bytes begins a unit, provided
//! that the chain does not begin within [`CHAIN`] bytes before it.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

use memchr::memmem::Finder;

use super::header::container_prefix;
use super::header::entry::{self, Fields};
use super::lines::Lines;
use super::marks;
use super::parts::{self, Part};
use crate::input::block::LINE_LIMIT;

/// Longest entry of the journal that is read as one, in bytes.
const ENTRY_LIMIT: usize = 128 * 1024;

/// See the module's description, in bytes.
const CHAIN: u64 = 128 * 1024;

/// How far apart the parts of a line may stand, in bytes and in lines.
const AWAY: usize = 64 * 1024;
const LINES_AWAY: usize = 16;

/// Most units of other containers between two of one.
const OTHERS: usize = 64;

/// What stands between two entries and begins the second.
const BETWEEN: &[u8] = b"\n\n__CURSOR=s=";

/// One message of a transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    /// First byte.
    pub(super) start: usize,
    /// First byte after its last line.
    pub(super) end: usize,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// One line.
    Line,
    /// The parts of a line.
    Parts(Vec<Range<usize>>),
    /// An exported entry, and where the next one may begin.
    Entry(usize),
}

impl Unit {
    /// Whether it is one line, and has the byte at `place`.
    pub(super) fn is_line_at(&self, place: usize) -> bool {
        self.kind == Kind::Line && (self.start..=self.end).contains(&place)
    }

    /// Whether lines of others stand between its own.
    pub(super) fn is_broken(&self) -> bool {
        match &self.kind {
            Kind::Parts(parts) => parts.windows(2).any(|two| two[0].end + 1 != two[1].start),
            Kind::Line | Kind::Entry(_) => false,
        }
    }
}

/// The units of one window.
#[derive(Debug)]
pub(super) struct Units<'a> {
    lines: Lines<'a>,
    between: Finder<'static>,
    /// A stretch in which no entry begins, both ends included; empty at first.
    no_entry: Cell<(usize, usize)>,
    /// Somebody else looked here, and none begins.
    known: Range<usize>,
}

impl<'a> Units<'a> {
    pub(super) fn new(lines: Lines<'a>) -> Units<'a> {
        Units {
            lines,
            between: Finder::new(BETWEEN),
            no_entry: Cell::new((1, 0)),
            known: 0..0,
        }
    }

    /// Makes use of the knowledge that no entry begins at one of these places.
    pub(super) fn know_no_entry(&mut self, places: Range<usize>) {
        self.known = places;
    }

    /// The unit that holds the byte at `place`.
    pub(super) fn at(&self, place: usize) -> Unit {
        let line = self.lines.at(place);
        self.entry_around(line.start)
            .unwrap_or_else(|| self.headed_by(self.head_of(line)))
    }

    /// The unit that begins next.
    pub(super) fn after(&self, unit: &Unit) -> Option<Unit> {
        let mut next = match &unit.kind {
            Kind::Line => self.lines.after(&(unit.start..unit.end)),
            Kind::Parts(parts) => self.lines.after(parts.first()?),
            Kind::Entry(next) => self.lines.starting_at(*next),
        }?;
        while self.continues(&next) {
            next = self.lines.after(&next)?;
        }
        Some(
            self.entry_from(next.start)
                .unwrap_or_else(|| self.headed_by(next)),
        )
    }

    /// The unit that begins before; nothing where any line begins a record, whatever stands above.
    pub(super) fn before(&self, unit: &Unit) -> Option<Unit> {
        let mut line = self.lines.before(unit.start)?;
        loop {
            if let Some(entry) = self.entry_around(line.start) {
                return Some(entry);
            }
            if !self.continues(&line) {
                return Some(self.headed_by(line));
            }
            line = self.lines.before(line.start)?;
        }
    }

    /// The nearest unit above of the same container; where no container is named, the unit before. Nothing where any line
    /// begins a record, whatever stands above.
    pub(super) fn above(&self, unit: &Unit) -> Option<Unit> {
        let mut at = self.before(unit)?;
        let Some(own) = self.container(unit) else {
            return Some(at);
        };
        for _ in 0..=OTHERS {
            if unit.start.saturating_sub(at.end) > AWAY {
                break;
            }
            if self.is_of(&at, &own) {
                return Some(at);
            }
            at = self.before(&at)?;
        }
        None
    }

    /// The nearest unit below of the same container, if `unit` is the nearest above that; where no container is named, the
    /// next unit.
    pub(super) fn below(&self, unit: &Unit) -> Option<Unit> {
        let mut at = self.after(unit)?;
        let Some(own) = self.container(unit) else {
            return Some(at);
        };
        let mut above = unit.start;
        for _ in 0..=OTHERS {
            if at.start.saturating_sub(unit.end) > AWAY || self.is_cut_off(above, &at) {
                break;
            }
            if self.is_of(&at, &own) {
                return Some(at);
            }
            above = at.start;
            at = self.after(&at)?;
        }
        None
    }

    /// The last unit of each container that writes near `place`, above it.
    pub(super) fn last_of_containers(&self, place: usize) -> Vec<usize> {
        let mut known: Vec<Cow<'a, [u8]>> = Vec::new();
        let mut last = Vec::new();
        let mut at = place.checked_sub(1).map(|before| self.at(before));
        for _ in 0..=OTHERS {
            let Some(unit) = at.filter(|unit| place.saturating_sub(unit.end) <= AWAY) else {
                break;
            };
            if let Some(container) = self
                .container(&unit)
                .filter(|container| !known.contains(container))
            {
                known.push(container);
                last.push(unit.start);
            }
            at = self.before(&unit);
        }
        last
    }

    /// The container that wrote a unit, if it is named.
    fn container(&self, unit: &Unit) -> Option<Cow<'a, [u8]>> {
        let line = self.lines.from(unit.start);
        match marks::plain(self.lines.bytes(&line)) {
            Cow::Borrowed(line) => container_prefix(line).map(Cow::Borrowed),
            Cow::Owned(line) => container_prefix(&line).map(|prefix| Cow::Owned(prefix.to_vec())),
        }
    }

    fn is_of(&self, unit: &Unit, container: &[u8]) -> bool {
        self.container(unit).is_some_and(|other| *other == *container)
    }

    /// The last line near `place` that belongs to a unit which begins before `place`.
    pub(super) fn last_interrupted(&self, place: usize) -> Option<usize> {
        let mut line = self.lines.starting_at(place)?;
        let mut last = None;
        for _ in 0..=LINES_AWAY {
            if self.continues(&line) && self.head_of(line.clone()).start < place {
                last = Some(line.start);
            }
            match self.lines.after(&line) {
                Some(below) if below.start - place <= AWAY => line = below,
                _ => break,
            }
        }
        last
    }

    /// Whether the unit begins a record because of how long lines are cut; a line begins at `above`.
    pub(super) fn is_cut_off(&self, above: usize, unit: &Unit) -> bool {
        let near = unit.start - above < LINE_LIMIT && self.lines.window().has(unit.start - 1, b"\n");
        !near && self.lines.before(unit.start).is_none()
    }

    /// Whether a multiple of `stride` lies behind `before` and not behind `unit`.
    pub(super) fn crosses(&self, stride: u64, before: usize, unit: usize) -> bool {
        self.lines.crosses(stride, before, unit)
    }

    /// The unit as one line, without what terminals and CI systems put between its letters.
    pub(super) fn bytes(&self, unit: &Unit) -> Cow<'a, [u8]> {
        let window = self.lines.window();
        match &unit.kind {
            Kind::Line => marks::plain(window.bytes(unit.start..unit.end)),
            Kind::Entry(_) => Cow::Borrowed(window.bytes(unit.start..unit.end)),
            Kind::Parts(parts) => {
                let mut lines = parts.iter().map(|part| self.lines.bytes(part));
                let first = lines.next().unwrap_or_default();
                marks::plain_text(parts::joined(first, lines))
            }
        }
    }

    /// The unit whose first line is `line`, which is no entry.
    fn headed_by(&self, line: Range<usize>) -> Unit {
        let parts = self.chain(&line);
        match parts.last() {
            Some(last) => Unit {
                start: line.start,
                end: last.end,
                kind: Kind::Parts(parts),
            },
            None => Unit {
                start: line.start,
                end: line.end,
                kind: Kind::Line,
            },
        }
    }

    /// All parts of the line that begins with `head`, if there is more than that.
    fn chain(&self, head: &Range<usize>) -> Vec<Range<usize>> {
        let mut parts: Vec<Range<usize>> = Vec::new();
        let Some(mut part) = Part::read(self.lines.bytes(head)) else {
            return parts;
        };
        let mut last = head.clone();
        while part.may_go_on() {
            let Some((next, next_part)) = self.stream_below(&last, &part) else {
                break;
            };
            if !self.continues(&next) {
                break;
            }
            if parts.is_empty() {
                parts.push(head.clone());
            }
            parts.push(next.clone());
            (last, part) = (next, next_part);
        }
        parts
    }

    /// Whether `line` belongs to the unit of a line above it.
    fn continues(&self, line: &Range<usize>) -> bool {
        let Some(part) = Part::read(self.lines.bytes(line)) else {
            return false;
        };
        let Some((before, above)) = self.stream_above(line, &part) else {
            return false;
        };
        part.follows(&above)
            && !(self.lines.crosses(CHAIN, before.start, line.start) && self.is_far_down(before, above, line))
    }

    /// Whether the chain in which `line` follows `before` begins too far above it.
    fn is_far_down(&self, mut before: Range<usize>, mut part: Part<'a>, line: &Range<usize>) -> bool {
        loop {
            if (line.start - before.start) as u64 > CHAIN {
                return true;
            }
            match self.stream_above(&before, &part) {
                Some((above, above_part)) if part.follows(&above_part) => {
                    (before, part) = (above, above_part);
                }
                _ => return false,
            }
        }
    }

    fn head_of(&self, mut line: Range<usize>) -> Range<usize> {
        while self.continues(&line) {
            let above = Part::read(self.lines.bytes(&line)).and_then(|part| self.stream_above(&line, &part));
            match above {
                Some((above, _)) => line = above,
                None => break,
            }
        }
        line
    }

    /// The nearest line above `line` in the stream of `part`.
    fn stream_above(&self, line: &Range<usize>, part: &Part<'_>) -> Option<(Range<usize>, Part<'a>)> {
        let mut above = self.lines.before(line.start)?;
        for _ in 0..=LINES_AWAY {
            if line.start - above.end > AWAY {
                break;
            }
            if let Some(found) = Part::read(self.lines.bytes(&above)).filter(|found| found.same_stream(part))
            {
                return Some((above, found));
            }
            above = self.lines.before(above.start)?;
        }
        None
    }

    /// The nearest line below `line` in its stream, if `line` is the nearest above that.
    fn stream_below(&self, line: &Range<usize>, part: &Part<'_>) -> Option<(Range<usize>, Part<'a>)> {
        let mut below = line.clone();
        for _ in 0..=LINES_AWAY {
            let above = below.start;
            below = self.lines.after(&below)?;
            let whole = self
                .lines
                .before(below.start)
                .is_some_and(|before| before.start == above);
            if !whole || below.start - line.end > AWAY {
                break;
            }
            if let Some(found) = Part::read(self.lines.bytes(&below)).filter(|found| found.same_stream(part))
            {
                return Some((below, found));
            }
        }
        None
    }

    /// The exported entry that the line at `line` belongs to.
    fn entry_around(&self, line: usize) -> Option<Unit> {
        let entry = self.entry_from(self.entry_above(line)?)?;
        match entry.kind {
            Kind::Entry(next) if line < next => Some(entry),
            _ => None,
        }
    }

    /// Where the last entry up to `line` begins.
    fn entry_above(&self, line: usize) -> Option<usize> {
        /// Most entries are shorter, so one begins here or, in most logs, nowhere.
        const NEAR: usize = 4 * 1024;
        let floor = line.saturating_sub(ENTRY_LIMIT);
        let (mut from, mut to) = self.no_entry.get();
        if !(from..=to).contains(&line) {
            if !(from..=to).contains(&floor) {
                // What is known is of no use here.
                from = line.saturating_sub(NEAR).max(floor);
                to = from;
            }
            if let Some(found) = self.last_entry(to, line) {
                return Some(found);
            }
            to = line;
        }
        if from > floor {
            if let Some(found) = self.last_entry(floor, from) {
                self.no_entry.set((from, to));
                return Some(found);
            }
            from = floor;
        }
        self.no_entry.set((from, to));
        None
    }

    /// The last entry that begins in `from..=to`.
    fn last_entry(&self, mut from: usize, mut to: usize) -> Option<usize> {
        if self.known.contains(&from) {
            from = self.known.end;
        }
        if self.known.contains(&to) {
            to = self.known.start.checked_sub(1)?;
        }
        if from > to {
            return None;
        }
        let window = self.lines.window();
        let stretch = window.bytes(from.saturating_sub(2)..(to + entry::CURSOR.len()).min(window.len()));
        let last = self
            .between
            .find_iter(stretch)
            .last()
            .map(|at| from.saturating_sub(2) + at + 2);
        last.or_else(|| (from == 0 && window.has(0, entry::CURSOR)).then_some(0))
    }

    /// The entry that begins at `start`, if one does.
    fn entry_from(&self, start: usize) -> Option<Unit> {
        let window = self.lines.window();
        let follows = start == 0
            || start
                .checked_sub(2)
                .is_some_and(|above| window.has(above, b"\n\n"));
        if !follows || !window.has(start, entry::CURSOR) {
            return None;
        }
        let near = window.bytes(start..(start + ENTRY_LIMIT).min(window.len()));
        // Whatever a length says, the next entry begins where it begins.
        let limit = self.between.find(near).map_or(near.len(), |at| at + 1);
        let entry = &near[..limit];
        let mut end = 0;
        for (_, value) in Fields::new(entry) {
            if value.end < entry.len() || start + value.end == window.len() || end == 0 {
                end = value.end;
            } else {
                break;
            }
        }
        let next = match (window.byte(start + end), window.byte(start + end + 1)) {
            (Some(b'\n'), Some(b'\n')) => end + 2,
            _ => end + 1,
        };
        Some(Unit {
            start,
            end: start + end,
            kind: Kind::Entry(start + next),
        })
    }
}
