//! A look at the times in a plain file before it is read.
//!
//! In: a file that can be read anywhere. Out: a [`Plan`]: which part of it lies in the range of time that is asked for, and
//! where the reading of its stamps changes (a New Year that is not written, an hour that occurs twice). A few hundred places
//! are looked at, and what lies between two of them is found by bisection.
//!
//! A part is left out only of big files whose times rise, as far as the places tell.

use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use crate::record::TimeQuality;
use crate::record::header;
use crate::record::time::range::Range;
use crate::record::time::turns::{Folded, HALF_YEAR, Turn, clock_at};
use crate::record::time::zone::Fold;
use crate::record::time::{Clock, SECOND, Stamp};
use crate::report::visible::strip_colour;

/// Smaller files are read whole, in bytes: that takes no time, and lines are counted from the beginning.
const SEEK_FROM: u64 = 32 << 20;

/// What is less is not worth to be left out at one end, in bytes.
const WORTH: u64 = 4 << 20;

/// Places that are looked at to tell whether the times of a file rise, and bytes between two of them at least.
const PLACES: u64 = 1024;
const DISTANCE: u64 = 256 << 10;

/// Places that are looked at for turns.
const FEW_PLACES: u64 = 64;

/// How much is read at a place at first, and at most, in bytes.
const PROBE: u64 = 2 << 10;
const PROBE_LIMIT: u64 = 64 << 10;

/// How much too early a line of an ordered log may stand, in nanoseconds.
const SLACK: i64 = 60_000_000_000;

const DAY: i64 = 86_400 * SECOND;

/// How a source is to be read. The default reads all of it in one way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Where reading begins, in bytes; at a line's beginning.
    pub from: u64,
    /// Where reading ends, if not at the end; at a line's beginning.
    pub to: Option<u64>,
    /// Where stamps are to be read in another way.
    pub turns: Vec<Turn>,
    /// Hours that occur twice in the zone, and in the log.
    pub folded: Vec<Folded>,
    /// Bytes that were read to make the plan.
    pub looked_at: u64,
    /// Bytes that are not read since they lie outside of the range of time.
    pub left_out: u64,
}

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) clock: &'a Clock,
    pub(super) range: &'a Range,
    /// Whether a part may be left out.
    pub(super) may_seek: bool,
}

/// Looks at the times of `file`, which has `size` bytes. What cannot be read now is told when it is read.
pub(super) fn plan(file: &mut (impl Read + Seek), size: u64, wanted: &Wanted<'_>) -> Plan {
    let mut look = Look {
        file,
        size,
        clock: *wanted.clock,
        turns: Vec::new(),
        looked_at: 0,
    };
    let Some(first) = look.dated_from(0) else {
        return Plan::default();
    };
    let seek = wanted.may_seek && size >= SEEK_FROM && !wanted.range.is_all();
    let by_order = match first.stamp.quality {
        TimeQuality::YearAssumed => true,
        TimeQuality::ZoneAssumed => wanted.clock.zone.has_folds(),
        _ => false,
    };
    if !seek && !by_order {
        return Plan::default();
    }
    let mut plan = Plan::default();
    let mut points = look.points(if seek { PLACES } else { FEW_PLACES });
    if points
        .iter()
        .any(|point| point.stamp.quality == TimeQuality::YearAssumed)
    {
        look.find_years(&points);
        if !look.turns.is_empty() {
            points = look.points(FEW_PLACES);
        }
    }
    if is_ordered(&points) {
        if by_order {
            plan.folded = look.find_folds(&points);
        }
        if seek {
            let (from, to) = look.part(&points, wanted.range);
            plan.from = if from >= WORTH { from } else { 0 };
            plan.to = to.filter(|to| size - to >= WORTH).map(|to| to.max(plan.from));
            plan.left_out = plan.from + plan.to.map_or(0, |to| size - to);
        }
    }
    plan.looked_at = look.looked_at;
    plan.turns = look.turns;
    plan
}

/// A dated line.
#[derive(Debug, Clone, Copy)]
struct Point {
    /// Where it begins.
    at: u64,
    stamp: Stamp,
}

impl Point {
    fn nanos(&self) -> i64 {
        self.stamp.nanos
    }
}

/// Whether no line stands much too late.
fn is_ordered(points: &[Point]) -> bool {
    let mut latest = i64::MIN;
    points.iter().all(|point| {
        latest = latest.max(point.nanos());
        point.nanos() >= latest.saturating_sub(SLACK).saturating_sub(3600 * SECOND)
    })
}

/// A file that is looked at.
struct Look<'a, F> {
    file: &'a mut F,
    size: u64,
    clock: Clock,
    turns: Vec<Turn>,
    looked_at: u64,
}

impl<F: Read + Seek> Look<'_, F> {
    /// The first dated line that begins at `at` or behind it, and not too far away.
    fn dated_from(&mut self, at: u64) -> Option<Point> {
        // With the byte before: a line may begin exactly here.
        let start = at.saturating_sub(1);
        self.file.seek(SeekFrom::Start(start)).ok()?;
        let mut bytes = Vec::new();
        let mut wanted = PROBE;
        let mut parsed = None;
        loop {
            let read = Read::by_ref(self.file)
                .take(wanted - bytes.len() as u64)
                .read_to_end(&mut bytes)
                .ok()?;
            self.looked_at += read as u64;
            let ended = (bytes.len() as u64) < wanted || start + bytes.len() as u64 >= self.size;
            match self.first_dated(&bytes, start, at, ended, &mut parsed) {
                ControlFlow::Break(point) => return Some(point),
                ControlFlow::Continue(()) if ended || wanted >= PROBE_LIMIT => return None,
                ControlFlow::Continue(()) => wanted *= 2,
            }
        }
    }

    /// The first dated line among those of `bytes` that have not been looked at; `seen` says where those begin.
    fn first_dated(
        &self,
        bytes: &[u8],
        start: u64,
        at: u64,
        ended: bool,
        seen: &mut Option<usize>,
    ) -> ControlFlow<Point> {
        let mut line = match *seen {
            Some(seen) => seen,
            None if at == 0 => 0,
            None => match memchr::memchr(b'\n', bytes) {
                Some(end) => end + 1,
                None => return ControlFlow::Continue(()),
            },
        };
        while line < bytes.len() {
            let end = match memchr::memchr(b'\n', &bytes[line..]) {
                Some(length) => line + length,
                None if ended => bytes.len(),
                None => break,
            };
            let place = start + line as u64;
            let clock = clock_at(&self.clock, &self.turns, place);
            if let Some(stamp) = header::parse(&strip_colour(&bytes[line..end]), &clock).stamp {
                return ControlFlow::Break(Point { at: place, stamp });
            }
            line = end + 1;
        }
        *seen = Some(line);
        ControlFlow::Continue(())
    }

    /// Dated lines all over the file, in its order.
    fn points(&mut self, most: u64) -> Vec<Point> {
        let least = if most == PLACES { DISTANCE } else { 1 };
        let step = (self.size / most).max(least);
        self.points_within(0, self.size, step)
    }

    fn points_within(&mut self, from: u64, to: u64, step: u64) -> Vec<Point> {
        let mut points: Vec<Point> = Vec::new();
        let mut at = from;
        while at < to {
            if let Some(point) = self.dated_from(at).filter(|point| point.at < to)
                && points.last().is_none_or(|last| last.at < point.at)
            {
                points.push(point);
            }
            at += step.max(1);
        }
        points
    }

    /// The last dated line between `from` and `found` for which `is_behind` does not hold, and the first for which it
    /// does, if it holds for no line before the first such. It holds for `found`, if that is a dated line.
    fn bisect(&mut self, from: u64, found: u64, is_behind: impl Fn(&Point) -> bool) -> (u64, u64) {
        let (mut before, mut found) = (from, found);
        let (mut low, mut high) = (from, found);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.dated_from(middle).filter(|point| point.at < found) {
                None => high = middle,
                Some(point) if is_behind(&point) => {
                    found = point.at;
                    high = middle;
                }
                Some(point) => {
                    before = before.max(point.at);
                    low = point.at + 1;
                }
            }
        }
        (before, found)
    }

    /// Finds the New Years that are not written: times go back by most of a year there, since each line was read in the
    /// latest year that fits the file's age.
    fn find_years(&mut self, points: &[Point]) {
        let latest = Turn {
            from: 0,
            reference: self.clock.reference,
            second: false,
        };
        let mut turns = vec![latest];
        for pair in points.windows(2).rev() {
            let (before, after) = (pair[0].nanos(), pair[1].nanos());
            if before.saturating_sub(after) <= HALF_YEAR {
                continue;
            }
            let middle = after + (before - after) / 2;
            let (_, wrap) = self.bisect(pair[0].at, pair[1].at, |point| point.nanos() < middle);
            // The part behind is later than all before it.
            let behind = turns.last().map_or(self.clock, |turn| Clock {
                reference: turn.reference,
                ..self.clock
            });
            let plain = std::mem::replace(&mut self.clock, behind);
            let first = self.dated_from(wrap);
            self.clock = plain;
            let Some(first) = first else {
                continue;
            };
            if let Some(turn) = turns.last_mut() {
                turn.from = wrap;
            }
            turns.push(Turn {
                from: 0,
                // A clock takes what is up to a day later for the same year: here it must be earlier.
                reference: first.nanos().saturating_sub(DAY).saturating_sub(SECOND),
                second: false,
            });
        }
        if turns.len() > 1 {
            turns.reverse();
            self.turns = turns;
        }
    }

    /// Finds the hours that occur twice in the log: times go back there.
    fn find_folds(&mut self, points: &[Point]) -> Vec<Folded> {
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return Vec::new();
        };
        const HOURS: i64 = 3 * 3600;
        let folds = self
            .clock
            .zone
            .folds(first.nanos() / SECOND - HOURS, last.nanos() / SECOND + HOURS);
        folds
            .into_iter()
            .filter_map(|fold| self.find_fold(points, fold))
            .collect()
    }

    fn find_fold(&mut self, points: &[Point], fold: Fold) -> Option<Folded> {
        // Both hours are read as the first of them.
        let (start, end) = ((fold.at - fold.by) * SECOND, fold.at * SECOND);
        let size = self.size;
        let (_, from) = self.first_from(points, start, 0, size);
        let (_, to) = self.first_from(points, end, from, size);
        let inside = self.points_within(from, to, ((to - from) / FEW_PLACES).max(1));
        let ambiguous = |point: &&Point| point.stamp.quality != TimeQuality::Written;
        inside.iter().find(ambiguous)?;
        let half = fold.by * SECOND / 2;
        let drop = inside
            .windows(2)
            .find(|pair| pair[0].nanos() - pair[1].nanos() > half);
        let back_at = drop.map(|pair| {
            let middle = pair[1].nanos() + (pair[0].nanos() - pair[1].nanos()) / 2;
            self.bisect(pair[0].at, pair[1].at, |point| point.nanos() < middle)
                .1
        });
        if let Some(back_at) = back_at {
            for (from, second) in [(back_at, true), (to, false)] {
                let reference = clock_at(&self.clock, &self.turns, from).reference;
                let at = self.turns.partition_point(|turn| turn.from <= from);
                self.turns.insert(
                    at,
                    Turn {
                        from,
                        reference,
                        second,
                    },
                );
            }
        }
        Some(Folded { fold, back_at })
    }

    /// The last dated line before a time, and the first at or behind it, at `floor` or behind; `size` if there is none.
    fn first_from(&mut self, points: &[Point], nanos: i64, floor: u64, size: u64) -> (u64, u64) {
        let at = points.partition_point(|point| point.nanos() < nanos);
        let low = at
            .checked_sub(1)
            .and_then(|at| points.get(at))
            .map_or(0, |point| point.at);
        let high = points.get(at).map_or(size, |point| point.at);
        if high <= floor {
            return (floor, floor);
        }
        self.bisect(low.max(floor), high, |point| point.nanos() >= nanos)
    }

    /// The part in which records of the range can stand.
    fn part(&mut self, points: &[Point], range: &Range) -> (u64, Option<u64>) {
        let size = self.size;
        let early = |since: i64| since.saturating_sub(SLACK);
        let from = match range.since.map(early) {
            Some(since) if points.first().is_some_and(|first| first.nanos() < since) => {
                self.first_from(points, since, 0, size).0
            }
            _ => 0,
        };
        let to = range.until.map(|until| {
            let late = until.saturating_add(SLACK);
            self.first_from(points, late.saturating_add(1), 0, size).1
        });
        (from, to.filter(|to| *to < size))
    }
}
