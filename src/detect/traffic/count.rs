//! The requests of a block that is read a second time.
//!
//! In: a [`Block`] and what is asked of its log. Out: [`Counted`]. A line counts if it states a request and its status, whatever
//! else it is. Where few lines do, those that may are found by the [`Filter`]. Lines in the usual layout of access logs are read by
//! their bytes, the others by their header, and those of minutes that nobody asks for not at all.

use std::ops::Range;

use memchr::{memchr, memmem, memrchr};

use super::sums::{Answer, Service, Sums};
use super::{Asked, Counted, Stretch};
use crate::detect::hits::lines_of;
use crate::detect::minutes::MINUTE;
use crate::detect::tally::Place;
use crate::digest::Digest;
use crate::input::block::{Block, LINE_LIMIT};
use crate::record::header::access::{Common, LastStamp, common};
use crate::record::header::stated::{GATES, may_state};
use crate::record::header::{self, Format, Header};
use crate::record::reader;
use crate::record::time::Clock;
use crate::record::time::turns::clock_at;
use crate::report::visible::strip_colour;
use crate::scan::filter::{Buffers, Filter, Wanted};
use crate::scan::gate::Beside;

/// How far above a line of IIS the names of its fields may stand, in bytes: as for records.
const FIELDS_RANGE: usize = 64 * 1024;

/// Lines by which a block's way of reading is chosen.
const SAMPLED: usize = 32;

/// One of so many of them that states a request is much.
const DENSE: usize = 4;

/// What finds the lines that may state a request.
pub(crate) fn gates() -> Filter {
    let gates = GATES.iter().copied().chain([FIELDS]);
    Filter::new(gates.map(|gate| Wanted {
        beside: Beside {
            exact: true,
            ..Beside::default()
        },
        ..Wanted::alone(gate.to_owned(), 0)
    }))
}

/// Counts the requests whose lines begin in a block. `gates` are the [`gates`].
pub fn count(
    block: &Block,
    gates: &Filter,
    clock: &Clock,
    file_service: Option<&str>,
    asked: &Asked,
) -> Counted {
    let part = Part::of(block);
    let mut work = Work {
        part: &part,
        clock,
        file_service,
        asked,
        minute: Minute::default(),
        fields: Fields::above(part.bytes, part.body.start),
        last: LastStamp::default(),
        usual: None,
        sums: Sums::new(asked),
    };
    let mut lines = Lines {
        at: part.body.start,
        above: 0,
    };
    match part.is_dense(clock) {
        true => work.read_all(&mut lines),
        false => work.read_found(gates, &mut lines),
    }
    let mut counted = work.sums.finish();
    counted.lines = lines.number_of(part.bytes, part.body.end) - 1;
    counted.seal(&part);
    let ends = asked.ends.iter().flatten();
    counted.found_ends = ends
        .filter(|end| is_found(part.bytes, &part.body, part.at, end))
        .count();
    counted
}

/// The body of a block with what stands above it, in memory that does not change.
struct Part<'a> {
    bytes: &'a [u8],
    /// Where the bytes begin in the source.
    at: u64,
    /// The body within the bytes.
    body: Range<usize>,
}

impl<'a> Part<'a> {
    fn of(block: &'a Block) -> Part<'a> {
        let (text, body) = (block.text(), block.body());
        let from = body.start.saturating_sub(FIELDS_RANGE);
        // A body that does not end with a line ends in one that is too long, or with the log.
        let is_whole = body.end.checked_sub(1).and_then(|last| text.byte(last)) == Some(b'\n');
        let beyond = if is_whole { 0 } else { LINE_LIMIT + 1 };
        Part {
            bytes: text.bytes(from..text.len().min(body.end + beyond)),
            at: block.window_at() + from as u64,
            body: body.start - from..body.end - from,
        }
    }

    /// Where gates stand in the body, in their order.
    fn places(&self, gates: &Filter) -> impl Iterator<Item = usize> + use<> {
        let start = self.body.start;
        let mut marks = vec![0_u64; self.body.len().div_ceil(64)];
        gates.find(
            &self.bytes[self.body.clone()],
            &mut Buffers::default(),
            |place, _| {
                marks[place / 64] |= 1 << (place % 64);
            },
        );
        marks.into_iter().enumerate().flat_map(move |(word, mut bits)| {
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(start + word * 64 + bit)
            })
        })
    }

    /// Whether so many of its first lines state requests that looking for them first would cost more than it saves. What is
    /// counted is the same either way.
    fn is_dense(&self, clock: &Clock) -> bool {
        let near = self.body.start..self.body.end.min(self.body.start + LINE_LIMIT);
        let states = |line: Range<usize>| {
            let line = strip_colour(&self.bytes[line]);
            header::parse(&line, clock).http.is_some()
        };
        let lines: Vec<bool> = lines_of(self.bytes, &near).take(SAMPLED).map(states).collect();
        let dense = lines.iter().filter(|states| **states).count();
        dense * DENSE >= lines.len()
    }

    /// The line round `place`, without its end; no line end stands between `from` and its beginning but the one before it.
    fn line_at(&self, place: usize, from: usize) -> Range<usize> {
        let start = memrchr(b'\n', &self.bytes[from..place]).map_or(from, |above| from + above + 1);
        let end = memchr(b'\n', &self.bytes[place..]).map_or(self.bytes.len(), |length| place + length);
        start..end
    }

    /// Whether a line is too long, or the rest of one that is, which is no line.
    fn is_passed_over(&self, line: &Range<usize>) -> bool {
        let begins = line.start == 0 || self.bytes[line.start - 1] == b'\n';
        !begins || line.len() > LINE_LIMIT
    }
}

/// Numbers lines in the order of their places.
struct Lines {
    at: usize,
    above: u64,
}

impl Lines {
    fn number_of(&mut self, bytes: &[u8], start: usize) -> u64 {
        self.above += bytecount::count(&bytes[self.at..start], b'\n') as u64;
        self.at = start;
        self.above + 1
    }
}

/// The lines of a block are read in their order.
struct Work<'a> {
    part: &'a Part<'a>,
    clock: &'a Clock,
    file_service: Option<&'a str>,
    asked: &'a Asked,
    minute: Minute,
    fields: Fields<'a>,
    last: LastStamp,
    /// The service of lines in the usual layout.
    usual: Option<Service>,
    sums: Sums<'a>,
}

impl<'a> Work<'a> {
    /// Reads each line.
    fn read_all(&mut self, lines: &mut Lines) {
        let part = self.part;
        for line in lines_of(part.bytes, &part.body) {
            if self.is_beyond(&line) {
                break;
            }
            let bytes = &part.bytes[line.clone()];
            if !part.is_passed_over(&line)
                && !self.fields.is_label(bytes, line.start)
                && !self.minute.is_unwanted(bytes, self.asked)
            {
                self.take(&line, lines);
            }
        }
    }

    /// Reads the lines in which gates stand.
    fn read_found(&mut self, gates: &Filter, lines: &mut Lines) {
        let part = self.part;
        let mut line = part.body.start..part.body.start;
        let mut is_done = false;
        for place in part.places(gates) {
            if place >= line.end {
                line = part.line_at(place, line.end);
                is_done = part.is_passed_over(&line);
                if self.is_beyond(&line) {
                    break;
                }
            }
            if !is_done && self.may_matter(&line, place - line.start) {
                is_done = true;
                self.take(&line, lines);
            }
        }
    }

    /// Whether the line was added after the first reading.
    fn is_beyond(&self, line: &Range<usize>) -> bool {
        let (from, length) = self.asked.read;
        self.part.at + line.start as u64 >= from + length
    }

    /// Whether the line is worth reading for the gate that stands at `place` in it.
    fn may_matter(&mut self, line: &Range<usize>, place: usize) -> bool {
        let bytes = &self.part.bytes[line.clone()];
        !self.fields.is_label(bytes, line.start)
            && may_state(bytes, place)
            && !self.minute.is_unwanted(bytes, self.asked)
    }

    /// Counts the request of a line, if it states one.
    fn take(&mut self, line: &Range<usize>, lines: &mut Lines) {
        let (part, asked) = (self.part, self.asked);
        let bytes = &part.bytes[line.clone()];
        // Where times are read in turns, a stamp does not say the same everywhere.
        let usual = match asked.turns.is_empty() {
            true => common(bytes, self.clock, &mut self.last),
            false => None,
        };
        if let Some(found) = usual {
            if let Some(found) = found {
                self.minute.learn(bytes, Some(found.stamp), asked);
                let place = part.place(line, lines, asked);
                self.add_usual(&found, place);
            }
            return;
        }
        let clock = clock_at(self.clock, &asked.turns, part.at + line.start as u64);
        let coloured = strip_colour(bytes);
        let mut header = header::parse(&coloured, &clock);
        let time = header.stamp.map(|stamp| stamp.nanos);
        self.minute.learn(bytes, time, asked);
        if header.format == Format::Iis {
            self.fields.apply(&mut header, line.start);
        }
        let Some(http) = header.http.take() else { return };
        let service = self.sums.service(reader::service_of(&header, self.file_service));
        let place = part.place(line, lines, asked);
        let answer = Answer {
            method: &http.method,
            path: &http.path,
            written: None,
            status: http.status,
        };
        self.sums.add(service, time, answer, place);
    }

    fn add_usual(&mut self, found: &Common<'a>, place: Place) {
        let service = match self.usual {
            Some(known) => known,
            None => {
                let service = reader::service_of(&Header::of(Format::AccessCombined), self.file_service);
                *self.usual.insert(self.sums.service(service))
            }
        };
        let answer = Answer {
            method: found.method,
            path: found.path,
            written: Some(found.written),
            status: found.status,
        };
        self.sums.add(service, Some(found.stamp), answer, place);
    }
}

impl Part<'_> {
    fn place(&self, line: &Range<usize>, lines: &mut Lines, asked: &Asked) -> Place {
        let bytes = &self.bytes[line.clone()];
        Place {
            source: asked.source,
            offset: self.at + line.start as u64,
            bytes: (line.len() - bytes.iter().rev().take_while(|byte| **byte == b'\r').count()) as u64,
            line: lines.number_of(self.bytes, line.start),
            digest: Digest::default(),
        }
    }
}

impl Counted {
    /// Notes what the bytes were of the requests that may be cited.
    fn seal(&mut self, part: &Part<'_>) {
        self.places(|place| {
            let start = (place.offset - part.at) as usize;
            place.digest = Digest::of(&part.bytes[start..start + place.bytes as usize]);
        });
    }
}

/// Whether `end` stands where it stood; only the block that holds its last byte says so.
fn is_found(window: &[u8], body: &Range<usize>, window_at: u64, end: &Place) -> bool {
    let Some(start) = end.offset.checked_sub(window_at) else {
        return false;
    };
    let (start, length) = (start as usize, end.bytes as usize);
    let last = start + length.max(1) - 1;
    body.contains(&last)
        && window
            .get(start..start + length)
            .is_some_and(|bytes| Digest::of(bytes) == end.digest)
}

/// What is known of a minute: lines of one minute follow each other.
#[derive(Default)]
struct Minute {
    key: Vec<u8>,
    is_unwanted: bool,
}

impl Minute {
    /// Whether no line of this one's minute is asked for, as far as known.
    fn is_unwanted(&self, line: &[u8], asked: &Asked) -> bool {
        self.is_unwanted
            && asked.turns.is_empty()
            && stamp_of(line)
                .is_some_and(|(minute, zone)| self.key.strip_prefix(minute).is_some_and(|rest| rest == zone))
    }

    fn learn(&mut self, line: &[u8], time: Option<i64>, asked: &Asked) {
        self.is_unwanted = false;
        if let (Some(time), Some((minute, zone))) = (time, stamp_of(line)) {
            self.key.clear();
            self.key.extend_from_slice(minute);
            self.key.extend_from_slice(zone);
            // A minute on both sides, since a line may state two times that are not quite the same.
            let near = time - 2 * MINUTE..=time + 2 * MINUTE;
            let wanted = |stretch: &Stretch| stretch.before <= *near.end() && stretch.after >= *near.start();
            self.is_unwanted = !asked.stretches.iter().any(wanted);
        }
    }
}

/// Date, hour and minute, and the zone, of a line that begins with an ISO time, or has one like
/// `[28/Nov/2026:07:02:49 +0000]` near its beginning.
fn stamp_of(line: &[u8]) -> Option<(&[u8], &[u8])> {
    const ISO: usize = "2026-11-28T07:02".len();
    const COMMON: usize = "[28/Nov/2026:07:02".len();
    const ZONE: usize = " +0000]".len();
    if let [b'1' | b'2', _, _, _, b'-', ..] = line {
        let rest = line.get(ISO + 3..)?;
        let fraction = rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
            .count();
        let zone = &rest[fraction..rest.len().min(fraction + ZONE)];
        let end = memchr(b' ', zone).unwrap_or(zone.len());
        return Some((&line[..ISO], &zone[..end]));
    }
    if !line.first()?.is_ascii_alphanumeric() {
        return None;
    }
    let open = memchr(b'[', &line[..line.len().min(200)])?;
    let date = line.get(open..open + COMMON + 3 + ZONE)?;
    let is_common = date[3] == b'/' && date[COMMON] == b':';
    is_common
        .then(|| date.split_at(COMMON))
        .map(|(minute, rest)| (minute, &rest[3..]))
}

/// The names of the fields of the lines of IIS that follow.
struct Fields<'a> {
    /// Where they stand, and the names.
    above: Option<(usize, &'a [u8])>,
}

const FIELDS: &str = "#Fields: ";

impl<'a> Fields<'a> {
    /// The nearest ones above `start`.
    fn above(window: &'a [u8], start: usize) -> Fields<'a> {
        let from = start.saturating_sub(FIELDS_RANGE);
        let above = memmem::rfind(&window[from..start], FIELDS.as_bytes()).map(|at| {
            let names = &window[from + at + FIELDS.len()..];
            (from + at, &names[..memchr(b'\n', names).unwrap_or(names.len())])
        });
        Fields { above }
    }

    /// Takes a line that names the fields.
    fn is_label(&mut self, line: &'a [u8], start: usize) -> bool {
        let names = line.strip_prefix(FIELDS.as_bytes());
        if let Some(names) = names {
            self.above = Some((start, names));
        }
        names.is_some()
    }

    fn apply(&self, header: &mut Header<'_>, start: usize) {
        let near = self.above.filter(|(at, _)| start - at <= FIELDS_RANGE);
        if let Some((_, names)) = near
            && let Some(http) = reader::w3c_request(names, &header.body)
        {
            header.http = Some(http);
        }
    }
}
