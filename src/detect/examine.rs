//! One block: from bytes to what was found in them.
//!
//! In: a [`Block`] and the compiled library. Out: an [`Examined`] value, which depends on nothing
//! but the source's content and the block's place in it. Any thread may do this for any block.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use memchr::memmem;

use super::compile::{Detector, REQUESTS_PROBE, Slot};
use super::cre;
use super::ending::{Ending, ending};
use super::fields;
use super::hits::{LineCounter, begins_line, hits};
use super::keyed::{self, Sample};
use super::life::{Life, MOST_EVENTS};
use super::matcher::Caught;
use super::named::is_only_named;
use super::over_time::{self, Event};
use super::pulse::pulse;
use super::requests::{self, FailedRequests};
use super::tallies::{Subject, Tallies};
use super::tally::{ExcerptLine, Occurrence, Place, Sighting};
use super::torn;
use crate::digest::Digest;
use crate::input::block::Block;
use crate::record::edge::{DATE_RANGE, first_stamp, last_stamp};
use crate::record::header::{self, Format};
use crate::record::reader::{Extent, RecordReader};
use crate::record::time::Clock;
use crate::record::time::range::Range as TimeRange;
use crate::record::time::turns::clock_at;
use crate::record::{Level, Record};
use crate::report::visible::strip_colour;
use crate::scan::filter::{Buffers, ProbeId};
use crate::signature::condition::Keys;

/// Records of up to this many lines are shown whole.
const WHOLE_EXCERPT: usize = 12;

/// Lines shown at the beginning and end of a longer record, and on each side of the matched line.
const EXCERPT_EDGE: usize = 3;

/// Longest line of an excerpt in bytes.
const EXCERPT_LINE: usize = 2_000;

/// Lines at the beginning of a source that decide what its format is called.
const FORMAT_LINES: usize = 64;

/// Bytes at both ends of a source by which it is known again.
const END_BYTES: usize = 512;

/// What was found in one block.
#[derive(Debug, Default)]
pub struct Examined {
    /// Line ends in the body, plus one for a last line without.
    pub lines: u64,
    /// Reading began in the middle of the source, so that nobody knows how many lines stand above.
    pub from_middle: bool,
    /// Records that were read.
    pub records: u64,
    /// Records that were read, and lie outside of the range of time.
    pub left_out: u64,
    /// Occurrences, for conditions on single records.
    pub(super) tallies: Tallies,
    /// Records for conditions over time, in the order of the source.
    pub(super) events: Vec<Event>,
    /// Times of some of its lines, in their order, in UTC nanoseconds.
    pub(super) samples: Vec<i64>,
    /// Entries for CRE rules with conditions over time, in the order of the source.
    pub(super) rule_events: Vec<cre::Event>,
    /// Failed requests by the service that logged them: one stream may hold several.
    pub(super) requests: BTreeMap<Option<String>, FailedRequests>,
    /// What became of services, in the order of the source, and whether there was more.
    pub(super) lives: (Vec<Life>, bool),
    /// The format of the source's first lines, in its first block.
    pub format: Option<Format>,
    /// First dated line near the source's beginning, in its first block.
    pub first_time: Option<i64>,
    /// Last dated line near the source's end, in its last block.
    pub last_time: Option<i64>,
    /// Whether a zone, and a year, had to be assumed for any record.
    pub assumed: Assumed,
    /// How the source ends, in its last block.
    pub(super) ending: Option<Ending>,
    /// What other logs may say too.
    pub(super) sample: Sample,
    /// Offset of an overlong line.
    pub overlong_line: Option<u64>,
    /// The source's first bytes, in its first block.
    pub head: Option<Place>,
    /// The last bytes up to the end of the body.
    pub tail: Option<Place>,
}

/// What was assumed to read times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Assumed {
    /// A line states no zone.
    pub zone: bool,
    /// A line states no year.
    pub year: bool,
    /// So many messages were left out by `journalctl -o json`, since they were long.
    pub messages_left_out: u64,
}

/// Examines one block. `alone` says that there is no other log with which its own could be compared.
pub fn examine(
    detector: &Detector<'_>,
    block: &Block,
    clock: &Clock,
    range: &TimeRange,
    alone: bool,
) -> Examined {
    // What is searched may change meanwhile; what is parsed does not.
    let (window, text) = (block.window(), block.text());
    let body = block.body();
    let file_service = block.about.service.as_deref();
    let mut reader = RecordReader::new(block, clock, file_service);
    let mut found = Examined {
        overlong_line: block.overlong_line(),
        from_middle: block.about.plan.from > 0,
        ..Examined::default()
    };
    let mut lines = LineCounter::new(body.start);
    let mut buffers = Buffers::default();
    let mut hits = hits(detector, block, &body, &mut buffers, |piece| lines.count(piece));
    if !take(torn::ENTRY, &mut hits) {
        reader.know_no_entry(body.clone());
    }
    if take(torn::LEFT_OUT, &mut hits) {
        found.assumed.messages_left_out = header::messages_left_out(&window[body.clone()]);
    }
    let open = block.is_last() && body.end > body.start && window[body.end - 1] != b'\n';
    found.lines = lines.counted + u64::from(open);
    if let Some(beyond) = beyond(&mut reader, window, &body) {
        // The last record goes on behind the body: its hits there count here.
        let mut behind = self::hits(detector, block, &beyond, &mut buffers, |_| {});
        behind.retain(|(_, probe)| !torn::is_of_log(*probe));
        hits.extend(behind);
    }
    let of_rules = detector.rules.take_hits(&mut hits);
    let mut at = 0;
    while let Some((place, _)) = hits.get(at) {
        let extent = reader.extent_at(*place);
        if *place >= extent.end {
            // In a line without a message, which belongs to no record.
            at += 1;
            continue;
        }
        let until = hits[at..].partition_point(|(place, _)| *place < extent.end.max(extent.start + 1));
        let mut until = at + until.max(1);
        if extent.interrupted {
            // Hits in the lines of other records come after its own.
            let near = hits[at..until].to_vec();
            let (own, others): (Vec<_>, Vec<_>) = near
                .into_iter()
                .partition(|(place, _)| reader.extent_at(*place) == extent);
            until = at + own.len();
            hits.splice(at..until + others.len(), own.into_iter().chain(others));
        }
        let own = &hits[at..until];
        at = until;
        if extent.start < body.start || extent.start >= body.end {
            // Another block owns it.
            continue;
        }
        let raw = text.bytes(extent.start..extent.end);
        let own = detector.worth_reading(raw, is_whole(window, &extent), own);
        if own.is_empty() {
            continue;
        }
        let record = match detector.ask_for_facts(&own) {
            true => reader.read(extent),
            false => reader.read_keys(extent),
        };
        if !range.covers(&record.time) {
            found.left_out += 1;
            continue;
        }
        found.records += 1;
        let own = with_text(detector, &record, own, &mut buffers);
        let line = lines.line_of(window, extent.start);
        found.take(detector, block, &record, line, &own);
    }
    found.samples = pulse(block, clock);
    if !alone {
        found.sample = keyed::sample(detector.keyed(), block, clock, &mut buffers);
    }
    let turned = |place: usize| clock_at(clock, &block.about.plan.turns, block.window_at() + place as u64);
    cre::examine::Work {
        detector,
        block,
        clock,
        file_service,
        range,
        lines: &mut lines,
        buffers: &mut buffers,
        found: &mut found,
    }
    .examine(of_rules);
    if block.is_first() {
        let near = text.bytes(body.start..window.len().min(body.start + DATE_RANGE));
        (found.format, found.first_time) = beginning(near, &turned(body.start), &mut found.assumed);
    }
    if block.is_last() {
        let near = text.bytes(body.end.saturating_sub(DATE_RANGE)..body.end);
        found.last_time = last_stamp(near, &turned(body.end)).map(|stamp| stamp.nanos);
        if detector.asks_for_silent_logs {
            found.ending = ending(block, &mut reader, &mut lines, range);
        }
    }
    found.seal(block);
    found
}

/// How many gate literals stand in the body of a block; the first half of what [`examine`] does.
pub fn gate_places(detector: &Detector<'_>, block: &Block) -> usize {
    let mut ends = 0;
    let mut buffers = Buffers::default();
    hits(detector, block, &block.body(), &mut buffers, |piece| {
        ends += bytecount::count(piece, b'\n');
    })
    .len()
}

/// Takes the hits of a probe out of `hits`, and tells whether there are any.
fn take(probe: ProbeId, hits: &mut Vec<(usize, ProbeId)>) -> bool {
    let all = hits.len();
    hits.retain(|(_, hit)| *hit != probe);
    hits.len() < all
}

/// Whether line ends, or the window's beginning, stand on both sides of it.
fn is_whole(window: &[u8], extent: &Extent) -> bool {
    begins_line(window, extent.start) && window.get(extent.end) == Some(&b'\n')
}

/// The probes of the hits, and those whose gates are found in the record's text only.
fn with_text(
    detector: &Detector<'_>,
    record: &Record,
    hits: Vec<ProbeId>,
    buffers: &mut Buffers,
) -> Vec<ProbeId> {
    let mut probes = hits;
    if probes.iter().any(|probe| torn::is_in_pieces(*probe)) {
        let text = record.text.as_bytes();
        detector.filter.find(text, buffers, |_, probe| probes.push(probe));
    }
    probes
}

/// The part of the body's last records that lies behind the body, if any.
fn beyond(reader: &mut RecordReader<'_>, window: &[u8], body: &Range<usize>) -> Option<Range<usize>> {
    if body.end == window.len() || body.is_empty() {
        return None;
    }
    let reach = reader.reach(body.end);
    (reach > body.end).then_some(body.end..reach)
}

impl Examined {
    /// Notes what the bytes were that the report may cite.
    fn seal(&mut self, block: &Block) {
        let (text, body, at) = (block.text(), block.body(), block.window_at());
        let raw_of = |offset: u64, bytes: u64| {
            let start = (offset - at) as usize;
            text.bytes(start..start + bytes as usize)
        };
        let digest_of = |offset, bytes| Digest::of(raw_of(offset, bytes));
        let seal = |occurrence: &mut Occurrence| {
            let raw = raw_of(occurrence.sighting.offset, occurrence.bytes);
            occurrence.digest = Digest::of(raw);
            occurrence.excerpt = excerpt(raw, occurrence);
        };
        self.tallies.seal(seal);
        let events = self.events.iter_mut().map(|event| &mut event.occurrence);
        let of_rules = self.rule_events.iter_mut().map(|event| &mut event.occurrence);
        let ending = self.ending.iter_mut().map(|ending| &mut ending.last);
        events.chain(of_rules).chain(ending).for_each(seal);
        for requests in self.requests.values_mut() {
            requests.seal(digest_of);
        }
        for life in &mut self.lives.0 {
            life.place.digest = digest_of(life.place.offset, life.place.bytes);
        }
        let place = |part: Range<usize>| {
            let (offset, bytes) = (at + part.start as u64, part.len() as u64);
            Place {
                source: block.source,
                offset,
                bytes,
                line: 0,
                digest: digest_of(offset, bytes),
            }
        };
        self.head = block
            .is_first()
            .then(|| place(body.start..text.len().min(body.start + END_BYTES)));
        self.tail = Some(place(body.end.saturating_sub(END_BYTES)..body.end));
    }

    /// Tries on `record` the conditions whose gates were hit in it.
    fn take(
        &mut self,
        detector: &Detector<'_>,
        block: &Block,
        record: &Record,
        line: u64,
        probes: &[ProbeId],
    ) {
        if requests::is_failed(record) {
            self.requests
                .entry(record.service.clone())
                .or_default()
                .add(record, place(block, record, line));
        }
        let mut tried: Vec<ProbeId> = vec![REQUESTS_PROBE];
        let mut holding: Vec<(usize, Slot, Caught)> = Vec::new();
        for id in probes {
            if tried.contains(id) {
                continue;
            }
            tried.push(*id);
            let Some(probe) = detector.probe(*id) else {
                continue;
            };
            let mut caught = Caught::default();
            if probe.matcher().holds(record, &mut caught)
                && !(detector.is_trouble(probe.signature) && is_only_named(record, caught.line))
            {
                holding.push((probe.signature, probe.slot, caught));
            }
        }
        if holding.is_empty() {
            return;
        }
        holding.sort_by_key(|(signature, slot, _)| (*signature, *slot));
        detector.suppress(&mut holding);
        for (signature, slot, caught) in holding {
            let occurrence = occurrence(block, record, line, caught);
            if slot == Slot::Found
                && let Some(turn) = detector.turns[signature].filter(|_| !is_handled(record))
            {
                self.live(Life::of(turn, signature, &occurrence));
            }
            let trouble = detector.is_trouble(signature);
            let subject = Subject {
                about: occurrence.about.clone().filter(|_| trouble),
                target: occurrence.target().filter(|_| trouble),
                ..Subject::of(signature, is_handled(record))
            };
            // Whether it was overcome is known later.
            let counts = slot == Slot::Found && detector.signature(signature).recovery.is_none();
            if slot != Slot::Found || detector.is_followed(signature) {
                let key = key(detector, record, signature, &occurrence);
                if counts {
                    self.tallies.add(subject.clone(), occurrence.clone());
                }
                self.events.push(Event {
                    subject,
                    slot,
                    key,
                    occurrence,
                    log: 0,
                });
            } else if counts {
                self.tallies.add(subject, occurrence);
            }
        }
    }

    fn live(&mut self, life: Option<Life>) {
        let (lives, cut) = &mut self.lives;
        *cut |= life.is_some() && lives.len() == MOST_EVENTS;
        lives.extend(life.filter(|_| lives.len() < MOST_EVENTS));
    }
}

/// Whether the program itself says that it went on: it logged a stack trace as a warning or less.
pub(super) fn is_handled(record: &Record) -> bool {
    let calm = record.level.is_some_and(|level| level <= Level::Warning);
    let has = |text: &str| memmem::find(record.text.as_bytes(), text.as_bytes()).is_some();
    let trace = || has("\n\tat ") || has("Traceback (most recent call last)");
    calm && trace()
}

fn place(block: &Block, record: &Record, line: u64) -> Place {
    Place {
        source: block.source,
        offset: record.offset,
        bytes: record.len,
        line,
        digest: Digest::default(),
    }
}

/// The value of the key of a signature's condition over time.
pub(super) fn key(
    detector: &Detector<'_>,
    record: &Record,
    signature: usize,
    occurrence: &Occurrence,
) -> Option<String> {
    let Some(Keys(names)) = over_time::key_of(&detector.signature(signature).condition) else {
        return Some(String::new());
    };
    let value = |name: &String| {
        let captured = occurrence.captures.iter().find(|(known, _)| known == name);
        let captured = captured.map(|(_, value)| Cow::Borrowed(value.as_str()));
        // Whom the record is about comes before who wrote it.
        let about = (name == "service").then_some(occurrence.service.as_deref());
        captured
            .or(about.flatten().map(Cow::Borrowed))
            .or_else(|| fields::value(record, name))
    };
    let values: Option<Vec<Cow<'_, str>>> = names.iter().map(value).collect();
    Some(values?.join("\n"))
}

pub(super) fn occurrence(block: &Block, record: &Record, line: u64, caught: Caught) -> Occurrence {
    const NAMES_A_SERVICE: &[&str] = &["service", "unit", "container"];
    let matched = record.written_line(caught.line.unwrap_or(0));
    let about = caught
        .captures
        .iter()
        .find(|(name, _)| NAMES_A_SERVICE.contains(&name.as_str()))
        .map(|(_, value)| value.clone());
    Occurrence {
        sighting: Sighting {
            time: record.time,
            source: block.source,
            offset: record.offset,
            line,
        },
        bytes: record.len,
        digest: Digest::default(),
        matched_line: line + matched as u64,
        level: record.level,
        service: about.clone().or_else(|| record.service.clone()),
        host: record.host.clone(),
        about,
        captures: caught.captures,
        keys: keys(record),
        column: caught.column,
        excerpt: Vec::new(),
    }
}

/// What the record itself is tied to, apart from what a pattern caught.
fn keys(record: &Record) -> Vec<String> {
    let request = record.request_id.as_ref().map(|id| format!("request {id}"));
    let upstream = record
        .upstream
        .as_ref()
        .map(|address| format!("upstream {address}"));
    let process = record.pid.map(|pid| format!("pid {pid}"));
    request.into_iter().chain(upstream).chain(process).collect()
}

/// The lines of a record that a reader must see: all of a short one; of a long one its
/// beginning, its end, and what stands round the matched line.
fn excerpt(raw: &[u8], occurrence: &Occurrence) -> Vec<ExcerptLine> {
    let (first, column) = (occurrence.sighting.line, occurrence.column);
    let matched = (occurrence.matched_line - first) as usize;
    let lines: Vec<&[u8]> = raw.split(|byte| *byte == b'\n').collect();
    let shown = |number: usize| {
        lines.len() <= WHOLE_EXCERPT
            || number < EXCERPT_EDGE
            || number + EXCERPT_EDGE >= lines.len()
            || number.abs_diff(matched) <= EXCERPT_EDGE
    };
    let mut excerpt = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if shown(number) {
            let from = match column {
                Some(column) if number == matched && column > EXCERPT_LINE / 2 => column - EXCERPT_LINE / 8,
                _ => 0,
            };
            let line = &line[from.min(line.len())..];
            let mut shown = if from > 0 {
                "… ".as_bytes().to_vec()
            } else {
                Vec::new()
            };
            shown.extend_from_slice(&line[..line.len().min(EXCERPT_LINE)]);
            excerpt.push(ExcerptLine::Line(first + number as u64, shown));
        } else if let Some(ExcerptLine::Gap(left_out)) = excerpt.last_mut() {
            *left_out += 1;
        } else {
            excerpt.push(ExcerptLine::Gap(1));
        }
    }
    excerpt
}

/// The most frequent format among the first lines, and the first date.
fn beginning(near: &[u8], clock: &Clock, assumed: &mut Assumed) -> (Option<Format>, Option<i64>) {
    let mut formats: BTreeMap<&'static str, (usize, Format)> = BTreeMap::new();
    let first = first_stamp(near, clock);
    if let Some(stamp) = first {
        assumed.note(stamp.quality);
    }
    for line in near.split(|byte| *byte == b'\n').take(FORMAT_LINES) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let line = strip_colour(line);
        let header = header::parse(&line, clock);
        if let Some(stamp) = header.stamp {
            assumed.note(stamp.quality);
        }
        formats
            .entry(header.format.name())
            .or_insert((0, header.format))
            .0 += 1;
    }
    // A line without a header says little: any named format comes first.
    let format = formats
        .into_values()
        .max_by_key(|(count, format)| (*format != Format::Plain, *count))
        .map(|(_, format)| format);
    (format, first.map(|stamp| stamp.nanos))
}

impl Assumed {
    fn note(&mut self, quality: crate::record::TimeQuality) {
        use crate::record::TimeQuality as Q;
        self.zone |= quality == Q::ZoneAssumed;
        self.year |= quality == Q::YearAssumed;
    }
}
