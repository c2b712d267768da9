//! What is kept of a signature's occurrences, however many there are.
//!
//! In: occurrences, in any grouping. Out: a [`Tally`]: exact count, first and last, services,
//! captures, and the first few samples. Merging tallies gives the same result in every grouping,
//! and its size has a bound.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::histogram::Histogram;
use super::placed::Places;
use crate::digest::Digest;
use crate::record::{Level, Time};

/// First occurrences that are kept as evidence (and the last one).
const SAMPLES: usize = 3;

/// Distinct values that are counted one by one.
const MOST_VALUES: usize = 64;

/// Where and when something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// When.
    pub time: Time,
    /// Number of the source.
    pub source: usize,
    /// First byte of the record in its source.
    pub offset: u64,
    /// First line of the record, from 1; 0 if lines are not counted, since reading began in the middle.
    pub line: u64,
}

impl Sighting {
    /// The total order of events: time, source, offset. Records without any time come last.
    pub fn order(&self, other: &Sighting) -> Ordering {
        let key = |sighting: &Sighting| {
            (
                sighting.time.at.is_none(),
                sighting.time.at,
                sighting.source,
                sighting.offset,
            )
        };
        key(self).cmp(&key(other))
    }

    /// As [`order`](Sighting::order), but records without any time come first.
    fn order_of_last(&self, other: &Sighting) -> Ordering {
        let key = |sighting: &Sighting| (sighting.time.at, sighting.source, sighting.offset);
        key(self).cmp(&key(other))
    }
}

/// Bytes of a source that are cited: those from a record's first to its last, also where lines of others stand between its
/// own, without the last line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number of the source.
    pub source: usize,
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub bytes: u64,
    /// Number of the first line, from 1; 0 if lines are not counted.
    pub line: u64,
    /// What the bytes were; known when the block that read them is done.
    pub digest: Digest,
}

impl Place {
    /// Whether it stands before `other` in the log (and its pieces).
    pub fn is_before(&self, other: &Place) -> bool {
        (self.source, self.offset) < (other.source, other.offset)
    }
}

/// A line of an excerpt, as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExcerptLine {
    /// Number of the line, from 1 (0 if lines are not counted), and its bytes (shortened).
    Line(u64, Vec<u8>),
    /// So many lines are left out here.
    Gap(u64),
}

/// One occurrence, with what a reader must see of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// Where and when.
    pub sighting: Sighting,
    /// Length of the record in bytes.
    pub bytes: u64,
    /// What its bytes were; known when the block that read them is done.
    pub digest: Digest,
    /// The line in which the signature's literal stands, from 1.
    pub matched_line: u64,
    /// The level that the program gave it.
    pub level: Option<Level>,
    /// Who wrote it, or whom it is about (captured).
    pub service: Option<String>,
    /// The host that wrote it, where the line names it.
    pub host: Option<String>,
    /// Whom it is about, if the pattern captured that.
    pub about: Option<String>,
    /// What the patterns caught.
    pub captures: Vec<(String, String)>,
    /// What the record itself is tied to: `request ID`, `upstream ADDRESS`, `pid NUMBER`.
    pub keys: Vec<String>,
    /// Where in that line it stands, in bytes.
    pub(super) column: Option<usize>,
    /// The lines to show; known when the block that read them is done.
    pub excerpt: Vec<ExcerptLine>,
}

/// Values with their counts, the frequent ones kept apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<String, u64>);

impl Counts {
    pub(crate) fn add(&mut self, value: &str, count: u64) {
        if let Some(known) = self.0.get_mut(value) {
            *known += count;
            return;
        }
        self.0.insert(value.to_owned(), count);
        // The values that come first in the order of the text stay. Such a value is never
        // dropped from a part either, so its count is exact in every grouping.
        if self.0.len() > MOST_VALUES {
            self.0.pop_last();
        }
    }

    /// The most frequent first; equal counts in the order of the text.
    pub fn by_frequency(&self) -> Vec<(&str, u64)> {
        let mut values: Vec<_> = self
            .0
            .iter()
            .map(|(value, count)| (value.as_str(), *count))
            .collect();
        values.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        values
    }

    /// The values in the order of the text.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Turns the number of a line in a block into that in its source, where so many lines stand above the block; 0 if nobody
/// counted them.
pub(super) fn move_line(line: &mut u64, lines_above: Option<u64>) {
    *line = lines_above.map_or(0, |above| *line + above);
}

/// `127.0.0.1:8000` of `http://127.0.0.1:8000/login`.
pub(crate) fn authority(address: &str) -> &str {
    if address.contains(".sock") {
        return address;
    }
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// All occurrences of one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Exact number of records.
    pub count: u64,
    /// The first few, in the total order.
    pub samples: Vec<Occurrence>,
    /// The last one.
    pub last: Occurrence,
    /// Who wrote them, or whom they are about.
    pub services: Counts,
    /// The hosts that wrote them.
    pub hosts: Counts,
    /// Name to values.
    pub captures: BTreeMap<String, Counts>,
    /// What the records themselves are tied to, see [`Occurrence::keys`].
    pub keys: Counts,
    /// Numbers of the sources with at least one.
    pub sources: BTreeMap<usize, u64>,
    /// When they were written, as far as dated.
    pub times: Histogram,
    /// Where those stand of which nothing is known but that; meaningless for records of several sources.
    places: Histogram,
}

impl Tally {
    /// A tally of one.
    pub fn of(occurrence: Occurrence) -> Tally {
        let mut tally = Tally {
            count: 0,
            samples: Vec::new(),
            last: occurrence.clone(),
            services: Counts::default(),
            hosts: Counts::default(),
            captures: BTreeMap::new(),
            keys: Counts::default(),
            sources: BTreeMap::new(),
            times: Histogram::default(),
            places: Histogram::of_places(),
        };
        tally.add(occurrence);
        tally
    }

    /// The values of a capture, the most frequent first; of equal counts the first occurrence's, then in
    /// the order of the text.
    pub fn values_of(&self, name: &str) -> Vec<(&str, u64)> {
        let mut values = self
            .captures
            .get(name)
            .map(Counts::by_frequency)
            .unwrap_or_default();
        let own = self.first().captures.iter().find(|(known, _)| known == name);
        if let (Some((_, own)), Some(most)) = (own, values.first().map(|(_, count)| *count))
            && let Some(at) = values
                .iter()
                .position(|(value, count)| value == own && *count == most)
        {
            values[..=at].rotate_right(1);
        }
        values
    }

    /// The first occurrence.
    pub fn first(&self) -> &Occurrence {
        // There is always one: tallies are made of occurrences.
        self.samples.first().unwrap_or(&self.last)
    }

    /// Adds one occurrence.
    pub fn add(&mut self, occurrence: Occurrence) {
        self.count += 1;
        if let Some(service) = &occurrence.service {
            self.services.add(service, 1);
        }
        if let Some(host) = &occurrence.host {
            self.hosts.add(host, 1);
        }
        for (name, value) in &occurrence.captures {
            match self.captures.get_mut(name) {
                Some(counts) => counts.add(value, 1),
                None => self.captures.entry(name.clone()).or_default().add(value, 1),
            }
        }
        for key in &occurrence.keys {
            self.keys.add(key, 1);
        }
        *self.sources.entry(occurrence.sighting.source).or_default() += 1;
        match occurrence.sighting.time.at {
            Some(at) => self.times.add(at),
            None => self.places.add(occurrence.sighting.offset as i64),
        }
        let is_last = occurrence.sighting.order_of_last(&self.last.sighting).is_gt();
        match (is_last, self.place_of(&occurrence) < SAMPLES) {
            (true, true) => {
                self.last = occurrence.clone();
                self.keep(occurrence);
            }
            (true, false) => self.last = occurrence,
            (false, true) => self.keep(occurrence),
            (false, false) => {}
        }
    }

    /// Adds another tally of the same signature.
    pub fn merge(&mut self, other: Tally) {
        self.count += other.count;
        for (service, count) in &other.services.0 {
            self.services.add(service, *count);
        }
        for (host, count) in &other.hosts.0 {
            self.hosts.add(host, *count);
        }
        for (name, counts) in &other.captures {
            let own = self.captures.entry(name.clone()).or_default();
            for (value, count) in &counts.0 {
                own.add(value, *count);
            }
        }
        for (key, count) in &other.keys.0 {
            self.keys.add(key, *count);
        }
        self.times.merge(&other.times);
        self.places.merge(&other.places);
        for (source, count) in other.sources {
            *self.sources.entry(source).or_default() += count;
        }
        if other.last.sighting.order_of_last(&self.last.sighting).is_gt() {
            self.last = other.last;
        }
        for sample in other.samples {
            self.keep(sample);
        }
    }

    /// Where `occurrence` stands among the samples.
    fn place_of(&self, occurrence: &Occurrence) -> usize {
        self.samples
            .partition_point(|known| known.sighting.order(&occurrence.sighting).is_le())
    }

    /// Keeps `occurrence` if it is among the first few.
    fn keep(&mut self, occurrence: Occurrence) {
        let at = self.place_of(&occurrence);
        if at < SAMPLES {
            self.samples.insert(at, occurrence);
            self.samples.truncate(SAMPLES);
        }
    }
}

impl Occurrence {
    /// The bytes of the record.
    pub fn place(&self) -> Place {
        Place {
            source: self.sighting.source,
            offset: self.sighting.offset,
            bytes: self.bytes,
            line: self.sighting.line,
            digest: self.digest,
        }
    }

    /// What the record was aimed at, if a pattern caught that: an address, or an exit code, which tells
    /// what ended.
    pub fn target(&self) -> Option<String> {
        let caught = |name: &str| self.captures.iter().find(|(known, _)| known == name);
        let value = |name: &str| caught(name).map(|(_, value)| value.clone());
        let address = || value("upstream").map(|upstream| authority(&upstream).to_owned());
        let port = || {
            let host = value("host").unwrap_or_default();
            value("port").map(|port| format!("{host}:{port}"))
        };
        address().or_else(port).or_else(|| value("exit_code"))
    }

    /// Moves its time back, by nanoseconds.
    pub(super) fn shift(&mut self, by: i64) {
        self.sighting.time.move_back(by);
    }

    /// Turns line numbers of a block into those of its source; see [`move_line`].
    pub(super) fn move_down(&mut self, lines_above: Option<u64>) {
        move_line(&mut self.sighting.line, lines_above);
        move_line(&mut self.matched_line, lines_above);
        for line in &mut self.excerpt {
            if let ExcerptLine::Line(number, _) = line {
                move_line(number, lines_above);
            }
        }
    }
}

impl Tally {
    /// Notes by `seal` what the bytes of the kept occurrences were.
    pub(super) fn seal(&mut self, seal: impl Fn(&mut Occurrence)) {
        self.samples.iter_mut().chain([&mut self.last]).for_each(seal);
    }

    /// Moves all times back, by nanoseconds.
    pub(super) fn shift(&mut self, by: i64) {
        for occurrence in self.samples.iter_mut().chain([&mut self.last]) {
            occurrence.shift(by);
        }
        self.times = self.times.shifted(by);
    }

    /// Gives times to the records of one source that have none.
    pub(super) fn place(&mut self, known: &Places) {
        for occurrence in self.samples.iter_mut().chain([&mut self.last]) {
            let sighting = &mut occurrence.sighting;
            if sighting.time.at.is_none() {
                sighting.time = known.time(sighting.offset, sighting.offset + occurrence.bytes.max(1));
            }
        }
        // Where one of them ends is not known of most of them.
        let at = |place: i64| known.time(place as u64, place as u64 + 1).at;
        let places = std::mem::replace(&mut self.places, Histogram::of_places());
        self.times.merge(&places.placed(at));
        self.samples.sort_by(|a, b| a.sighting.order(&b.sighting));
        let of_last = |a: &&Occurrence, b: &&Occurrence| a.sighting.order_of_last(&b.sighting);
        if let Some(last) = self.samples.iter().max_by(of_last)
            && last.sighting.order_of_last(&self.last.sighting).is_gt()
        {
            self.last = last.clone();
        }
    }

    /// As [`Occurrence::move_down`], for a tally of one block.
    pub(super) fn move_down(&mut self, lines_above: Option<u64>) {
        for occurrence in self.samples.iter_mut().chain([&mut self.last]) {
            occurrence.move_down(lines_above);
        }
    }
}
