//! One block: which of its entries satisfy terms of rules.
//!
//! In: a block, and where gate literals of terms stand in it. Out: occurrences of rules that ask for a single entry,
//! and [`Event`]s for the others, in the order of the source.

use std::collections::BTreeMap;
use std::ops::Range;

use super::entries::{Entries, Format};
use super::{Event, Program, Rules};
use crate::detect::compile::Detector;
use crate::detect::examine::{Examined, is_handled, occurrence};
use crate::detect::fields;
use crate::detect::hits::{LineCounter, hits, lines_of};
use crate::detect::matcher::Caught;
use crate::detect::tallies::Subject;
use crate::input::block::Block;
use crate::record::reader::RecordReader;
use crate::record::time::range::Range as TimeRange;
use crate::record::time::{Clock, Zone};
use crate::record::{Record, TimeQuality};
use crate::scan::filter::{Buffers, ProbeId};

impl Rules {
    /// Takes the hits of terms out of `hits`.
    pub(in crate::detect) fn take_hits(&self, hits: &mut Vec<(usize, ProbeId)>) -> Vec<(usize, ProbeId)> {
        if self.is_empty() {
            return Vec::new();
        }
        hits.extract_if(.., |(_, probe)| self.owns(*probe)).collect()
    }

    /// Adds a hit at each line of `part` of the window that may satisfy a term without a literal.
    pub(in crate::detect) fn add_slow(
        &self,
        window: &[u8],
        part: &Range<usize>,
        hits: &mut Vec<(usize, ProbeId)>,
    ) {
        if self.slow.is_empty() {
            return;
        }
        for line in lines_of(window, part) {
            let bytes = &window[line.clone()];
            let may_hold = |term: &&usize| self.terms[**term].matcher.may_hold(bytes);
            hits.extend(
                self.slow
                    .iter()
                    .filter(may_hold)
                    .map(|term| (line.start, self.probe(*term))),
            );
        }
    }
}

/// What is needed to examine a block.
pub(in crate::detect) struct Work<'a, 'w> {
    pub(in crate::detect) detector: &'a Detector<'a>,
    pub(in crate::detect) block: &'a Block,
    pub(in crate::detect) clock: &'a Clock,
    pub(in crate::detect) file_service: Option<&'a str>,
    pub(in crate::detect) range: &'a TimeRange,
    pub(in crate::detect) lines: &'w mut LineCounter,
    pub(in crate::detect) buffers: &'w mut Buffers,
    pub(in crate::detect) found: &'w mut Examined,
}

/// What terms are tried on, and where it stands.
struct Tried<'t> {
    text: &'t [u8],
    at: Option<i64>,
    start: usize,
}

impl Work<'_, '_> {
    /// Examines the block; `hits` are those in its body, and in the records that begin there, in the order of places.
    pub(in crate::detect) fn examine(mut self, hits: Vec<(usize, ProbeId)>) {
        let rules = &self.detector.rules;
        if rules.is_empty() || (hits.is_empty() && self.block.is_last()) {
            return;
        }
        let head = self.block.head();
        // Lines without a zone are only compared with each other here.
        let clock = Clock::new(Zone::Utc, self.clock.reference);
        match Format::of(&head, &rules.stamps, &clock) {
            Some(format) => self.entries(Entries::new(self.block.text(), format, &clock), hits),
            None => self.records(&hits),
        }
    }

    fn entries(&mut self, mut entries: Entries<'_>, mut own: Vec<(usize, ProbeId)>) {
        let body = self.block.body();
        own.retain(|(place, _)| *place < body.end);
        if !self.block.is_last() && !body.is_empty() {
            let beyond = body.end..entries.reach(body.end);
            let mut further = hits(self.detector, self.block, &beyond, self.buffers, |_| {});
            own.extend(self.detector.rules.take_hits(&mut further));
        }
        let mut reader = RecordReader::new(self.block, self.clock, self.file_service);
        let mut at = 0;
        while let Some((place, _)) = own.get(at) {
            let Some(entry) = entries.at(*place) else {
                at += 1;
                continue;
            };
            let until = own[at..].partition_point(|(place, _)| *place < entry.place.end);
            let hits = &own[at..at + until.max(1)];
            at += hits.len();
            // Otherwise another block owns it.
            if body.contains(&entry.place.start) {
                let tried = Tried {
                    text: &entry.text,
                    at: entry.at,
                    start: entry.place.start,
                };
                self.take(&tried, hits, &mut reader, None);
            }
        }
    }

    /// The same for a source in none of the reference's formats: its records are the entries.
    fn records(&mut self, own: &[(usize, ProbeId)]) {
        let body = self.block.body();
        let mut reader = RecordReader::new(self.block, self.clock, self.file_service);
        let mut at = 0;
        while let Some((place, _)) = own.get(at) {
            let extent = reader.extent_at(*place);
            let until = own[at..].partition_point(|(place, _)| *place < extent.end);
            let hits = &own[at..at + until.max(1)];
            at += hits.len();
            if *place >= extent.end || !body.contains(&extent.start) {
                continue;
            }
            let start = extent.start;
            let record = reader.read(extent);
            let tried = Tried {
                text: record.text.as_bytes(),
                at: stated_time(&record),
                start,
            };
            self.take(&tried, hits, &mut reader, Some(&record));
        }
    }

    /// Tries the terms of `hits` on an entry.
    fn take(
        &mut self,
        entry: &Tried<'_>,
        hits: &[(usize, ProbeId)],
        reader: &mut RecordReader<'_>,
        record: Option<&Record>,
    ) {
        let rules = &self.detector.rules;
        let mut terms: Vec<usize> = Vec::new();
        let mut first = None;
        let mut tried: Vec<ProbeId> = Vec::new();
        for (place, probe) in hits {
            if tried.contains(probe) {
                continue;
            }
            tried.push(*probe);
            let number = (probe - rules.first) as usize;
            if rules.terms[number].matcher.holds(entry.text) {
                first = first.or(Some(*place));
                terms.push(number);
            }
        }
        let Some(first) = first else { return };
        let extent = reader.extent_at(entry.start);
        let raw = self.block.text().bytes(extent.start..extent.end);
        let line = self.lines.line_of(self.block.window(), extent.start);
        let read;
        let record = match record {
            Some(record) => record,
            None => {
                read = reader.read(extent);
                self.found.records += 1;
                &read
            }
        };
        if !self.range.covers(&record.time) {
            self.found.left_out += 1;
            return;
        }
        let above = &raw[..first.clamp(extent.start, extent.end) - extent.start];
        let caught = Caught {
            captures: Vec::new(),
            line: Some(bytecount::count(above, b'\n')),
            column: None,
        };
        let occurrence = occurrence(self.block, record, line, caught);
        let mut by_rule: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for term in terms {
            for rule in &rules.terms[term].rules {
                by_rule.entry(*rule).or_default().push(term);
            }
        }
        for (rule, terms) in by_rule {
            let program = rules.program(rule);
            let occurrence = occurrence.clone();
            if program.single {
                let subject = Subject::of(program.signature, is_handled(record));
                self.found.tallies.add(subject, occurrence);
            } else if let Some(at) = entry.at {
                let values = values(program, record);
                self.found.rule_events.push(Event {
                    rule,
                    at,
                    terms,
                    values,
                    occurrence,
                });
            }
        }
    }
}

/// The time that a record states; one that lies between others is no measure of a window.
pub(super) fn stated_time(record: &Record) -> Option<i64> {
    let stated = matches!(
        record.time.quality,
        TimeQuality::Written | TimeQuality::ZoneAssumed | TimeQuality::YearAssumed
    );
    record.time.at.filter(|_| stated)
}

/// What a record says for the names that a rule correlates by.
pub(super) fn values(program: &Program, record: &Record) -> BTreeMap<String, String> {
    let value = |name: &str| {
        record
            .field(name)
            .or_else(|| fields::value(record, field_of(name)))
    };
    let names = program.condition.all_correlations();
    let named = names
        .into_iter()
        .filter_map(|name| Some((name.clone(), value(name)?.into())));
    named.collect()
}

/// The name that this program has for what a rule calls so.
fn field_of(name: &str) -> &str {
    match name {
        "hostname" => "host",
        "unit" | "container" | "containerName" => "service",
        name => name,
    }
}
