//! All requests of an access log about the time of an incident, by status class, endpoint and minute.
//!
//! In: a block of a log that is read a second time, and what is asked of that log ([`Asked`]). Out: [`Counted`]. Only lines
//! of the stretches that are asked for are parsed, and what is kept of them has a bound; the result does not depend on how
//! the log was cut. A line counts if it states a request and its status, whatever else it is.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::ops::{AddAssign, Range};

use memchr::{memchr, memchr_iter, memmem};

use super::hits::lines_of;
use super::minutes::Minutes;
use super::requests::{MOST_ENDPOINTS, endpoint_of};
use super::tally::Place;
use crate::digest::Digest;
use crate::input::block::{Block, LINE_LIMIT};
use crate::record::header::{self, Format, Header};
use crate::record::time::Clock;
use crate::record::time::turns::{Turn, clock_at};
use crate::record::{Http, reader};
use crate::report::visible::strip_colour;
use crate::signature::condition::StatusRange;

/// A minute, in nanoseconds.
const MINUTE: i64 = 60_000_000_000;

/// Paths of which a block remembers the endpoint.
const MOST_KNOWN: usize = 4_096;

/// How far above a line of IIS the names of its fields may stand, in bytes: as for records.
const FIELDS_RANGE: usize = 64 * 1024;

/// Requests by the first digit of their status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Classes([u64; 7]);

/// The classes' names: below 100, 100 to 199, ..., 500 to 599, more.
const CLASSES: [&str; 7] = ["invalid", "1xx", "2xx", "3xx", "4xx", "5xx", "other"];

impl Classes {
    /// One request that was answered with `status`.
    pub fn of(status: u16) -> Classes {
        let mut classes = Classes::default();
        classes.0[usize::from(status / 100).min(6)] = 1;
        classes
    }

    /// So many times each.
    pub fn times(mut self, count: u64) -> Classes {
        self.0.iter_mut().for_each(|own| *own *= count);
        self
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Those that failed: 500 to 599, and no valid status.
    pub fn failed(&self) -> u64 {
        self.0[0] + self.0[5]
    }

    /// Classes with a request, by name.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let named = CLASSES.into_iter().zip(self.0);
        named.filter(|(_, count)| *count > 0)
    }
}

impl AddAssign<&Classes> for Classes {
    fn add_assign(&mut self, other: &Classes) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own += other;
        }
    }
}

/// Failed requests that another incident explains: of which status, from when to when.
pub type Theirs = (StatusRange, i64, i64);

/// A stretch of time with what lies before and after it, in UTC nanoseconds by the log's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Number of the incident.
    pub incident: usize,
    /// What others explain is not counted.
    pub theirs: Vec<Theirs>,
    /// Where "before" begins.
    pub before: i64,
    /// Where "during" begins.
    pub from: i64,
    /// The last instant of "during".
    pub to: i64,
    /// The last instant of "after".
    pub after: i64,
}

impl Stretch {
    fn is_theirs(&self, status: u16, time: i64) -> bool {
        let mut theirs = self.theirs.iter();
        theirs.any(|(range, from, to)| {
            (range.from..=range.to).contains(&status) && (*from..=*to).contains(&time)
        })
    }

    /// 0 before, 1 during, 2 after.
    fn phase(&self, time: i64) -> Option<usize> {
        let within = (self.before..=self.after).contains(&time);
        within.then(|| usize::from(time >= self.from) + usize::from(time > self.to))
    }
}

/// What is asked of a source.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its number.
    pub source: usize,
    /// The stretches that matter.
    pub stretches: Vec<Stretch>,
    /// Where the first reading began, and how many bytes it read: what was added since does not count.
    pub read: (u64, u64),
    /// How its stamps were read.
    pub turns: Vec<Turn>,
    /// What was read first, and last; the log is another one if this is not found again.
    pub ends: [Option<Place>; 2],
}

/// Some requests of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests {
    /// How many.
    pub classes: Classes,
    /// The first and the last one in the log.
    pub ends: Option<[Place; 2]>,
    /// The earliest and the latest time of them, in UTC nanoseconds.
    pub times: Option<[i64; 2]>,
}

impl Requests {
    fn add(&mut self, classes: Classes, ends: [Place; 2], times: Option<[i64; 2]>) {
        self.classes += &classes;
        if let Some([first, last]) = times {
            let [earliest, latest] = self.times.get_or_insert([first, last]);
            (*earliest, *latest) = ((*earliest).min(first), (*latest).max(last));
        }
        let known = self.ends.get_or_insert(ends);
        if ends[0].is_before(&known[0]) {
            known[0] = ends[0];
        }
        if known[1].is_before(&ends[1]) {
            known[1] = ends[1];
        }
    }

    /// Adds those of another part of the log.
    pub fn merge(&mut self, other: &Requests) {
        if let Some(ends) = other.ends {
            self.add(other.classes, ends, other.times);
        }
    }
}

/// The requests of a log about one incident.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Before, during and after it.
    pub phases: [Requests; 3],
    /// Failed requests during it that another incident explains; they are counted nowhere else here.
    pub theirs: u64,
    /// In each minute.
    pub minutes: Minutes<Classes>,
    /// The same three for each endpoint.
    pub by_endpoint: BTreeMap<String, [Classes; 3]>,
    /// The three for all other endpoints, which are too many.
    pub others: [Classes; 3],
}

impl Traffic {
    fn add(&mut self, phase: usize, time: i64, status: u16, endpoint: &str, place: Place) {
        let classes = Classes::of(status);
        self.phases[phase].add(classes, [place; 2], Some([time; 2]));
        self.minutes.add(time, &classes);
        let mut added = [Classes::default(); 3];
        added[phase] = classes;
        self.add_endpoint(endpoint, &added);
    }

    fn add_endpoint(&mut self, endpoint: &str, added: &[Classes; 3]) {
        match self.by_endpoint.get_mut(endpoint) {
            Some(known) => add_all(known, added),
            None => {
                self.by_endpoint.insert(endpoint.to_owned(), *added);
            }
        }
        // As for failed requests: those that come first in the order of the text stay.
        if self.by_endpoint.len() > MOST_ENDPOINTS
            && let Some((_, last)) = self.by_endpoint.pop_last()
        {
            add_all(&mut self.others, &last);
        }
    }

    /// Adds those of another part of the log.
    pub fn merge(&mut self, other: &Traffic) {
        for (own, other) in self.phases.iter_mut().zip(&other.phases) {
            own.merge(other);
        }
        self.theirs += other.theirs;
        self.minutes.merge(&other.minutes);
        for (endpoint, added) in &other.by_endpoint {
            self.add_endpoint(endpoint, added);
        }
        add_all(&mut self.others, &other.others);
    }

    /// Moves its times back, by nanoseconds.
    pub fn shift(&mut self, by: i64) {
        self.minutes.shift(by);
        let times = self.phases.iter_mut().filter_map(|phase| phase.times.as_mut());
        for time in times.flatten() {
            *time = time.saturating_sub(by);
        }
    }
}

fn add_all(own: &mut [Classes; 3], other: &[Classes; 3]) {
    for (own, other) in own.iter_mut().zip(other) {
        *own += other;
    }
}

/// What was counted in a source, or a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// By the service that logged them and the number of the incident.
    pub traffic: BTreeMap<(Option<String>, usize), Traffic>,
    /// Requests whose lines state no time, by service.
    pub undated: BTreeMap<Option<String>, Requests>,
    /// Lines read.
    pub lines: u64,
    /// How many of the ends that were asked for were found again.
    pub found_ends: usize,
}

impl Counted {
    /// Adds what was counted in the next part of the source.
    pub fn merge(&mut self, mut later: Counted) {
        let above = self.lines;
        later.places(|place| place.line += above);
        for (key, traffic) in &later.traffic {
            self.traffic.entry(key.clone()).or_default().merge(traffic);
        }
        for (service, requests) in &later.undated {
            self.undated.entry(service.clone()).or_default().merge(requests);
        }
        self.lines += later.lines;
        self.found_ends += later.found_ends;
    }

    fn places(&mut self, mut change: impl FnMut(&mut Place)) {
        let phases = self.traffic.values_mut().flat_map(|traffic| &mut traffic.phases);
        let all = phases.chain(self.undated.values_mut());
        all.filter_map(|requests| requests.ends.as_mut())
            .flatten()
            .for_each(&mut change);
    }
}

/// Counts the requests whose lines begin in a block. The block holds its bytes: they do not change.
pub fn count(block: &Block, clock: &Clock, file_service: Option<&str>, asked: &Asked) -> Counted {
    let (text, body, window_at) = (block.text(), block.body(), block.window_at());
    let window = text.bytes(0..text.len());
    let mut counted = Counted {
        lines: memchr_iter(b'\n', &window[body.clone()]).count() as u64,
        ..Counted::default()
    };
    let mut known = Known::default();
    let mut minute = Minute::default();
    let mut fields = Fields::above(window, body.start);
    for (line_number, line) in (1..).zip(lines_of(window, &body)) {
        let start = line.start;
        let offset = window_at + start as u64;
        if offset >= asked.read.0 + asked.read.1 {
            break;
        }
        // The rest of a line that is too long is no line.
        if start > 0 && window[start - 1] != b'\n' || line.len() > LINE_LIMIT {
            continue;
        }
        let bytes = &window[line.clone()];
        if fields.is_label(bytes, start) || minute.is_unwanted(bytes, asked) {
            continue;
        }
        let clock = clock_at(clock, &asked.turns, offset);
        let coloured = strip_colour(bytes);
        let mut header = header::parse(&coloured, &clock);
        minute.learn(bytes, header.stamp.map(|stamp| stamp.nanos), asked);
        if header.format == Format::Iis {
            fields.apply(&mut header, start);
        }
        let Some(http) = header.http.take() else { continue };
        let service = reader::service_of(&header, file_service);
        let place = Place {
            source: asked.source,
            offset,
            bytes: (line.len() - bytes.iter().rev().take_while(|byte| **byte == b'\r').count()) as u64,
            line: line_number,
            digest: Digest::default(),
        };
        let time = header.stamp.map(|stamp| stamp.nanos);
        counted.add(asked, time, service, http, place, &mut known);
    }
    counted.seal(window, window_at);
    counted.found_ends = asked
        .ends
        .iter()
        .flatten()
        .filter(|end| is_found(window, &body, window_at, end))
        .count();
    counted
}

impl Counted {
    fn add(
        &mut self,
        asked: &Asked,
        time: Option<i64>,
        service: Option<String>,
        http: Http,
        place: Place,
        known: &mut Known,
    ) {
        let Some(time) = time else {
            let undated = self.undated.entry(service).or_default();
            return undated.add(Classes::of(http.status), [place; 2], None);
        };
        let phases = asked.stretches.iter().filter_map(|stretch| {
            let theirs = stretch.is_theirs(http.status, time);
            Some((stretch.incident, stretch.phase(time)?, theirs))
        });
        let phases: Vec<(usize, usize, bool)> = phases.collect();
        if phases.is_empty() {
            return;
        }
        let status = http.status;
        let endpoint = known.endpoint(http);
        for (incident, phase, theirs) in phases {
            let traffic = self.traffic.entry((service.clone(), incident)).or_default();
            if theirs {
                traffic.theirs += u64::from(phase == 1);
                continue;
            }
            traffic.add(phase, time, status, endpoint, place);
        }
    }

    /// Notes what the bytes were of the requests that may be cited.
    fn seal(&mut self, window: &[u8], window_at: u64) {
        self.places(|place| {
            let start = (place.offset - window_at) as usize;
            place.digest = Digest::of(&window[start..start + place.bytes as usize]);
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

/// Endpoints of paths that were seen.
#[derive(Default)]
struct Known(HashMap<(String, String), String>);

impl Known {
    fn endpoint(&mut self, http: Http) -> &str {
        if self.0.len() > MOST_KNOWN {
            self.0.clear();
        }
        match self.0.entry((http.method, http.path)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let endpoint = endpoint_of(&new.key().0, &new.key().1);
                new.insert(endpoint)
            }
        }
    }
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

const FIELDS: &[u8] = b"#Fields: ";

impl<'a> Fields<'a> {
    /// The nearest ones above `start`.
    fn above(window: &'a [u8], start: usize) -> Fields<'a> {
        let from = start.saturating_sub(FIELDS_RANGE);
        let above = memmem::rfind(&window[from..start], FIELDS).map(|at| {
            let names = &window[from + at + FIELDS.len()..];
            (from + at, &names[..memchr(b'\n', names).unwrap_or(names.len())])
        });
        Fields { above }
    }

    /// Takes a line that names the fields.
    fn is_label(&mut self, line: &'a [u8], start: usize) -> bool {
        let names = line.strip_prefix(FIELDS);
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
