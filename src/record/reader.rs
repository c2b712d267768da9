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
use std::cell::RefCell;
use std::ops::Range;

use memchr::{memchr, memmem};

use super::boundary::{Line, Machine, certain};
use super::header::facts::{self, Facts};
use super::header::{self, Format, Header};
use super::lines::Lines;
use super::shape::shape;
use super::time::Clock;
use super::time::turns::{Turn, clock_at};
use super::unit::{Unit, Units};
use super::{Fields, Http, Record, Time, TimeQuality};
use crate::input::block::Block;
use crate::input::window::Window;
use crate::report::visible::strip_colour;

/// See the module's description, in bytes.
const STRIDE: u64 = 64 * 1024;

/// How far dated neighbours of an undated record are looked for, in bytes.
const NEIGHBOUR_RANGE: usize = 64 * 1024;

/// Units that are remembered.
const DESCRIBED: usize = 6;

/// Where a record lies in the window, in bytes; the last line end is not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Extent {
    /// First byte.
    pub start: usize,
    /// First byte after the record.
    pub end: usize,
    /// Whether lines of other records stand between its own: what [`RecordReader::extent_at`] says of those counts.
    pub interrupted: bool,
}

/// Reads the records of one block.
#[derive(Debug)]
pub struct RecordReader<'a> {
    window: Window<'a>,
    units: Units<'a>,
    window_at: u64,
    clock: &'a Clock,
    /// Where the clock changes.
    turns: &'a [Turn],
    file_service: Option<&'a str>,
    /// Units that were described last, by where they begin: a record is found in several steps.
    described: RefCell<Described<'a>>,
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
    /// The line below, if it is certain.
    next: Option<(Unit, Line)>,
}

/// Whether a certain line at `certain_at` is too far above `line` to count.
fn is_far(certain_at: usize, line: usize) -> bool {
    (line - certain_at) as u64 > STRIDE
}

impl<'a> RecordReader<'a> {
    /// A reader for `block`. `file_service` is used where a record does not name its service.
    pub fn new(block: &'a Block, clock: &'a Clock, file_service: Option<&'a str>) -> RecordReader<'a> {
        RecordReader {
            window: block.text(),
            units: Units::new(Lines::new(block.text(), block.body().start, block.window_at())),
            window_at: block.window_at(),
            clock,
            turns: &block.about.plan.turns,
            file_service,
            described: RefCell::default(),
            last: None,
            above: None,
            below: None,
        }
    }

    /// Makes use of the knowledge that no entry of `journalctl -o export` begins at one of these places, which are not looked
    /// at for that any more.
    pub fn know_no_entry(&mut self, places: Range<usize>) {
        self.units.know_no_entry(places);
    }

    /// The record that holds the byte at `place`.
    pub fn extent_at(&mut self, place: usize) -> Extent {
        let below = self.last.as_mut().and_then(|last| last.next.take());
        let last = if let Some((unit, line)) = below.filter(|(unit, _)| unit.is_line_at(place)) {
            // In a log of failures most records lie below the one that was found last.
            let start = unit.start;
            self.run_from((unit, line), (start, Some(start)), start)
        } else {
            let line = self.units.at(place);
            let (start, is_certain) = self.start_for(line.clone());
            // Going on from the record that was found last saves reading its lines again.
            let (from, certain_at) = match &self.last {
                Some(last) if last.start == start && last.extent.start <= line.start => {
                    (last.extent.start, last.certain_at)
                }
                _ => (start, is_certain.then_some(start)),
            };
            let first = self.units.at(from);
            let described = self.describe(&first);
            self.run_from((first, described), (start, certain_at), line.start)
        };
        let extent = last.extent;
        self.last = Some(last);
        extent
    }

    /// Where the first line begins that may begin a record behind the line at `place`, which `extent` holds.
    pub fn next_line(&self, place: usize, extent: Extent) -> usize {
        // Lines of others may stand in the middle of an interrupted record.
        let from = if extent.interrupted || extent.end <= place {
            place
        } else {
            extent.end
        };
        let end = self.window.first_newline(from..self.window.len());
        end.map_or(self.window.len(), |end| end + 1)
    }

    /// Where the records end that begin before the line at `end`, which begins a line.
    pub fn reach(&mut self, end: usize) -> usize {
        let mut reach = end.checked_sub(1).map_or(end, |last| self.extent_at(last).end);
        let containers = self.units.last_of_containers(end);
        for line in containers.into_iter().chain(self.units.last_interrupted(end)) {
            reach = reach.max(self.extent_at(line).end);
        }
        reach
    }

    /// Runs the machine from the record that begins with `first` to the record that holds `target`. `start` is where the
    /// machine started, and `certain_at` the last certain line up to `first`.
    fn run_from(
        &self,
        (first, mut above): (Unit, Line),
        (start, mut certain_at): (usize, Option<usize>),
        target: usize,
    ) -> Last {
        let mut next = None;
        let mut extent = Extent {
            start: first.start,
            end: first.end,
            interrupted: first.is_broken(),
        };
        let mut machine = Machine::start(above.clone());
        let mut above_at = first.start;
        let mut above_end = first.end;
        // Whether lines of others stand above the line, since the record began.
        let mut gap = false;
        let mut following = self.units.below(&first);
        while let Some(at) = following {
            let line = self.describe(&at);
            let cut_off = self.units.is_cut_off(above_at, &at);
            let is_certain = cut_off || certain(Some(&above), &line);
            let forced = !is_certain
                && self.units.crosses(STRIDE, above_at, at.start)
                && certain_at.is_none_or(|certain_at| is_far(certain_at, at.start));
            let goes_on = if forced || cut_off {
                machine = Machine::start(line.clone());
                false
            } else {
                machine.goes_on(line.clone(), || Some(self.describe(&self.units.below(&at)?)))
            };
            if !goes_on {
                if at.start > target {
                    next = (is_certain && !cut_off).then_some((at, line));
                    break;
                }
                extent.start = at.start;
                extent.interrupted = false;
            }
            gap = goes_on && (gap || at.start != above_end + 1);
            if is_certain {
                certain_at = Some(at.start);
            }
            if !goes_on || !line.is_blank() {
                extent.end = at.end;
                extent.interrupted |= at.is_broken() || gap;
            }
            above = line;
            above_at = at.start;
            above_end = at.end;
            following = self.units.below(&at);
        }
        Last {
            start,
            extent,
            certain_at,
            next,
        }
    }

    /// A line at or above `line` from which the machine may start, and whether it is certain
    /// (or else forced).
    fn start_for(&self, line: Unit) -> (usize, bool) {
        let mut forced = None;
        let mut at = line;
        let mut described = self.describe(&at);
        loop {
            let Some(before) = self.units.above(&at) else {
                // The source's beginning, a piece of an overlong line, the line behind one, or the first of a container.
                return (at.start, true);
            };
            let above = self.describe(&before);
            if certain(Some(&above), &described) {
                return (at.start, true);
            }
            if forced.is_none() && self.units.crosses(STRIDE, before.start, at.start) {
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

    fn describe(&self, unit: &Unit) -> Line {
        if let Some((line, _)) = self.described.borrow_mut().get(unit.start) {
            return line.clone();
        }
        let bytes = self.units.bytes(unit);
        let clock = self.clock_at(unit.start);
        let describe = |header: &Header<'_>| Line::new(header, shape(&header.body), bytes.len());
        let (line, header) = match bytes {
            Cow::Borrowed(line) => {
                let header = header::parse(line, &clock);
                (describe(&header), Some(header))
            }
            Cow::Owned(_) => (describe(&header::parse(&bytes, &clock)), None),
        };
        let mut described = self.described.borrow_mut();
        described.add(unit.start, line.clone(), header);
        line
    }

    /// The header of `unit`, which has these bytes.
    fn header_of<'b>(&self, unit: &Unit, bytes: &'b [u8]) -> Header<'b>
    where
        'a: 'b,
    {
        let known = self
            .described
            .borrow_mut()
            .get(unit.start)
            .and_then(|(_, header)| header.take());
        known.unwrap_or_else(|| header::parse(bytes, &self.clock_at(unit.start)))
    }

    /// Reads the record of an extent. Its number of lines is that of its line ends plus one.
    pub fn read(&mut self, extent: Extent) -> Record {
        self.read_with(extent, true)
    }

    /// The same without thread, logger and duration, where they are all that would be looked for beyond the header.
    pub fn read_keys(&mut self, extent: Extent) -> Record {
        self.read_with(extent, false)
    }

    fn read_with(&mut self, extent: Extent, all_facts: bool) -> Record {
        let raw = self.window.bytes(extent.start..extent.end);
        let first = self.units.at(extent.start);
        let bytes = self.units.bytes(&first);
        let clock = &self.clock_at(extent.start);
        let verbose = header::parse_verbose(raw, clock);
        let message_at = verbose.as_ref().map(|(_, message_at)| *message_at);
        let mut header = match verbose {
            Some((header, _)) => header,
            None => self.header_of(&first, &bytes),
        };
        let own = extent.interrupted.then(|| self.first_lines(&first));
        header::add_lines_below(&mut header, own.as_deref().unwrap_or(raw), clock);
        let time = match header.stamp {
            Some(stamp) => Time {
                at: Some(stamp.nanos),
                until: None,
                quality: stamp.quality,
            },
            None => self.time_between(extent),
        };
        let service = service_of(&header, self.file_service);
        let own = header.take_facts().map(Facts::into_owned);
        let (as_written, fields, facts) = self.as_written(raw, &bytes, &header, own);
        let mut facts = match facts {
            Some(facts) => facts,
            None if !all_facts && facts::are_names_only(&header) => Facts::default(),
            None => facts::of_line(&header.body, clock),
        };
        if header.format == Format::Iis
            && let Some((http, taken)) = facts::of_w3c(self.w3c_fields(extent.start), &header.body)
        {
            header.http = Some(http);
            facts.duration = taken;
        }
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        let (thread, logger) = (owned(facts.thread), owned(facts.logger));
        let (request_id, upstream) = (owned(facts.request_id), owned(facts.upstream));
        let duration = facts.duration;
        let (text, text_lines) = match message_at {
            Some(line) => Text::of_lines(line, &header.body).finish(),
            None => self.text_of(extent, first, &bytes, &header),
        };
        Record {
            offset: self.window_at + extent.start as u64,
            len: (extent.end - extent.start) as u64,
            format: header.format,
            time,
            level: header.level,
            service,
            host: header.host.map(|host| host.to_string()),
            pid: header.pid,
            thread,
            logger,
            request_id,
            duration,
            http: header.http,
            upstream,
            text,
            as_written,
            text_lines,
            fields,
        }
    }

    /// The first two lines of a record that holds lines of others.
    fn first_lines(&self, first: &Unit) -> Vec<u8> {
        let mut lines = self.units.bytes(first).into_owned();
        if let Some(below) = self.units.below(first) {
            lines.push(b'\n');
            lines.extend_from_slice(&self.units.bytes(&below));
        }
        lines
    }

    /// The names of the nearest `#Fields:` line above.
    fn w3c_fields(&self, start: usize) -> &'a [u8] {
        const LABEL: &[u8] = b"#Fields: ";
        let above = self.window.bytes(start.saturating_sub(NEIGHBOUR_RANGE)..start);
        let Some(at) = memmem::rfind(above, LABEL) else {
            return &[];
        };
        let names = &above[at + LABEL.len()..];
        &names[..memchr(b'\n', names).unwrap_or(names.len())]
    }

    /// The record as it was written where its text is another, where its keys are to be looked up, and the facts that
    /// an object states.
    fn as_written(
        &self,
        raw: &[u8],
        line: &[u8],
        header: &Header<'_>,
        own: Option<Facts<'static>>,
    ) -> (Option<String>, Fields, Option<Facts<'static>>) {
        let raw = || Some(String::from_utf8_lossy(&strip_colour(raw)).into_owned());
        if let Some((object, facts)) = header::whole_object(line).zip(own) {
            // Most objects are a program's own: those are read once.
            let as_written = raw();
            let fields = match as_written.as_deref() == Some(object) {
                true => Fields::AsWritten,
                false => Fields::Object(object.to_owned()),
            };
            return (as_written, fields, Some(facts));
        }
        let as_written = match header.format {
            Format::Json | Format::DockerJson => header::object_inside(line).or_else(raw),
            Format::JournalExport => header::object_inside(line),
            _ => None,
        };
        let fields = self.fields_of(line, header, as_written.as_deref());
        let facts = match (&fields, &as_written) {
            (Fields::Object(object), _) if header.format != Format::Zap => facts::of_object(object),
            (Fields::AsWritten, Some(object)) => facts::of_object(object),
            _ => None,
        };
        let facts = facts.map(Facts::into_owned);
        (as_written, fields, facts)
    }

    /// Where the record's keys are to be looked up.
    fn fields_of(&self, line: &[u8], header: &Header<'_>, as_written: Option<&str>) -> Fields {
        match header.format {
            Format::Logfmt => Fields::Pairs,
            Format::Zap => match header.body.rsplit(|byte| *byte == b'\t').next() {
                Some(object @ [b'{', ..]) => Fields::Object(String::from_utf8_lossy(object).into_owned()),
                _ => Fields::None,
            },
            Format::Json | Format::DockerJson | Format::JournalExport => {
                match header::innermost_object(line, self.clock) {
                    Some(object) if as_written == Some(&object) => Fields::AsWritten,
                    Some(object) => Fields::Object(object),
                    None => Fields::None,
                }
            }
            _ => Fields::None,
        }
    }

    /// The text of a record that begins with `first`: the bodies of all its units.
    fn text_of(
        &self,
        extent: Extent,
        first: Unit,
        bytes: &[u8],
        header: &Header<'_>,
    ) -> (String, Vec<usize>) {
        let mut text = Text::with_capacity(extent.end - extent.start);
        text.add(0, bytes, &header.body);
        let mut column = column_of(bytes, header);
        let mut line = 0;
        let mut last = first;
        // A record whose line was interrupted ends with that line.
        while let Some(unit) = (last.end < extent.end && !last.is_broken())
            .then(|| self.units.below(&last))
            .flatten()
            .filter(|unit| unit.start < extent.end)
        {
            line += bytecount::count(self.window.bytes(last.start..unit.start), b'\n');
            let bytes = self.units.bytes(&unit);
            let header = self.header_of(&unit, &bytes);
            if header.transport {
                column = column_of(&bytes, &header);
            }
            let blanks = header.body.iter().take_while(|byte| **byte == b' ').count();
            let in_column = !header.transport && blanks >= column;
            let body = &header.body[if in_column { column } else { 0 }..];
            text.add(line, &bytes, body);
            last = unit;
        }
        text.finish()
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
        let mut at = self.units.at(start);
        let mut found = None;
        while let Some(before) = self.units.before(&at).filter(|before| before.start >= floor) {
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
        let mut at = self.unit_near(end);
        if let Some((searched, found)) = &self.below
            && searched.contains(&end)
        {
            match found {
                Some((place, nanos)) => return (*place <= ceiling).then_some(*nanos),
                None => at = self.unit_near(searched.end),
            }
        }
        let mut found = None;
        let mut to = at.start;
        while let Some(next) = self.units.after(&at).filter(|next| next.start <= ceiling) {
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

    /// How stamps are read at a place in the window.
    fn clock_at(&self, place: usize) -> Clock {
        clock_at(self.clock, self.turns, self.window_at + place as u64)
    }

    fn unit_near(&self, place: usize) -> Unit {
        self.units.at(place.min(self.window.len().saturating_sub(1)))
    }

    fn stamp_of(&self, unit: &Unit) -> Option<i64> {
        if let Some((_, Some(header))) = self.described.borrow_mut().get(unit.start) {
            return header.stamp.map(|stamp| stamp.nanos);
        }
        let bytes = self.units.bytes(unit);
        header::parse(&bytes, &self.clock_at(unit.start))
            .stamp
            .map(|stamp| stamp.nanos)
    }
}

/// The service of a record that begins with this header, in a file whose name suggests `file_service`.
pub(crate) fn service_of(header: &Header<'_>, file_service: Option<&str>) -> Option<String> {
    let explicit = header.transport || matches!(header.format, Format::Json | Format::Logfmt);
    match (header.service.as_deref(), file_service) {
        (Some(service), _) if explicit => Some(service.to_owned()),
        (_, Some(service)) => Some(service.to_owned()),
        (implied, None) => implied.map(str::to_owned),
    }
}

/// The request of a line of IIS, by the names of its fields.
pub(crate) fn w3c_request(names: &[u8], line: &[u8]) -> Option<Http> {
    facts::of_w3c(names, line).map(|(http, _)| http)
}

/// Units that were described last, by where they begin.
#[derive(Debug, Default)]
struct Described<'a> {
    units: [Option<(usize, Line, Option<Header<'a>>)>; DESCRIBED],
    /// How many there were.
    count: usize,
}

impl<'a> Described<'a> {
    /// The unit that begins at `start`, and its header unless somebody took it.
    fn get(&mut self, start: usize) -> Option<(&Line, &mut Option<Header<'a>>)> {
        let mut known = self.units.iter_mut().flatten();
        let (_, line, header) = known.find(|(known, _, _)| *known == start)?;
        Some((line, header))
    }

    fn add(&mut self, start: usize, line: Line, header: Option<Header<'a>>) {
        self.units[self.count % DESCRIBED] = Some((start, line, header));
        self.count += 1;
    }
}

/// Where `journalctl` puts the further lines of a message, if this is its first; 0 if it is not.
fn column_of(bytes: &[u8], header: &Header<'_>) -> usize {
    let is_column = header.transport && header.host.is_some();
    if is_column {
        bytes.len().saturating_sub(header.body.len())
    } else {
        0
    }
}

/// The text that patterns are tried on, and where its lines stand in the record.
struct Text {
    text: String,
    lines: Vec<usize>,
}

impl Text {
    fn with_capacity(capacity: usize) -> Text {
        Text {
            text: String::with_capacity(capacity),
            lines: Vec::new(),
        }
    }

    /// Lines that stand in the record from `line` on.
    fn of_lines(line: usize, body: &[u8]) -> Text {
        let mut text = Text::with_capacity(body.len());
        text.add(line, body, body);
        text
    }

    /// Adds the body of a unit that begins in line `line` of the record and reads `bytes`.
    fn add(&mut self, mut line: usize, bytes: &[u8], body: &[u8]) {
        // Lines of a decoded message are not lines of the log.
        let place = (body.as_ptr() as usize).wrapping_sub(bytes.as_ptr() as usize);
        let as_written = place <= bytes.len() && bytes.get(place..place + body.len()) == Some(body);
        if as_written {
            line += bytecount::count(&bytes[..place], b'\n');
        }
        let mut rest = Some(body);
        let mut number = 0;
        while let Some(lines) = rest {
            let (text, below) = match memchr(b'\n', lines) {
                Some(end) => (&lines[..end], Some(&lines[end + 1..])),
                None => (lines, None),
            };
            rest = below;
            if !self.lines.is_empty() {
                self.text.push('\n');
            }
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            match str::from_utf8(text) {
                Ok(text) => self.text.push_str(text),
                Err(_) => self.text.push_str(&String::from_utf8_lossy(text)),
            }
            self.lines.push(line + if as_written { number } else { 0 });
            number += 1;
        }
    }

    fn finish(mut self) -> (String, Vec<usize>) {
        if self.lines.iter().enumerate().all(|(at, line)| at == *line) {
            self.lines.clear();
        }
        (self.text, self.lines)
    }
}
