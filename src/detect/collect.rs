//! Joins what was found in single blocks.
//!
//! In: [`Examined`] values in the order of sources and blocks. Out: [`Detected`], the occurrences of every
//! signature over all sources, the failed requests, and what there is to say about each source.

use std::collections::BTreeMap;

use super::compile::Detector;
use super::examine::{Assumed, Examined};
use super::over_time::OverTime;
use super::requests::FailedRequests;
use super::tallies::{Subject, Tallies};
use super::tally::Occurrence;
use crate::record::header::Format;

/// What was found in all sources.
#[derive(Debug, Default)]
pub struct Detected {
    /// All occurrences.
    pub tallies: Tallies,
    /// What there is to say about each source, by its number.
    pub sources: Vec<SourceFacts>,
    /// Failed requests by source number and the service that logged them.
    pub requests: BTreeMap<(usize, Option<String>), FailedRequests>,
    /// Records that were read closely.
    pub records: u64,
}

/// What there is to say about one source.
#[derive(Debug, Clone, Default)]
pub struct SourceFacts {
    /// Bytes read.
    pub bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// The format of its first lines.
    pub format: Option<Format>,
    /// First dated line near its beginning, in UTC nanoseconds.
    pub first_time: Option<i64>,
    /// Last dated line near its end, in UTC nanoseconds.
    pub last_time: Option<i64>,
    /// What was assumed to read its times.
    pub assumed: Assumed,
    /// Offset of a line that was too long to be read in one piece.
    pub overlong_line: Option<u64>,
}

/// Takes results in the order of sources and blocks.
#[derive(Debug)]
pub struct Collector<'a> {
    detector: &'a Detector<'a>,
    detected: Detected,
    current: SourceFacts,
    /// Conditions over time that have seen an event in the current source.
    over_time: BTreeMap<usize, OverTime>,
}

impl<'a> Collector<'a> {
    /// A collector that has seen nothing.
    pub fn new(detector: &'a Detector<'a>) -> Collector<'a> {
        Collector {
            detector,
            detected: Detected::default(),
            current: SourceFacts::default(),
            over_time: BTreeMap::new(),
        }
    }

    /// The next source begins. Sources are numbered from 0 on in this order.
    pub fn begin(&mut self) {
        self.current = SourceFacts::default();
    }

    /// So far nobody looked at a stretch of zeros at `at` in the current source: a line that is too long.
    pub fn skip(&mut self, at: u64) {
        self.current.overlong_line.get_or_insert(at);
    }

    /// Takes the result of the next block of the current source.
    pub fn take(&mut self, examined: Examined) {
        let source = self.detected.sources.len();
        let facts = &mut self.current;
        let lines_above = facts.lines;
        facts.lines += examined.lines;
        facts.format = facts.format.or(examined.format);
        facts.first_time = facts.first_time.or(examined.first_time);
        facts.last_time = examined.last_time.or(facts.last_time);
        facts.overlong_line = facts.overlong_line.or(examined.overlong_line);
        facts.assumed.zone |= examined.assumed.zone;
        facts.assumed.year |= examined.assumed.year;
        self.detected.records += examined.records;
        let mut tallies = examined.tallies;
        tallies.move_down(lines_above);
        self.detected.tallies.merge(tallies);
        let mut fired = Vec::new();
        for mut event in examined.events {
            event.occurrence.move_down(lines_above);
            let subject = event.subject.clone();
            let signature = subject.signature;
            let condition = &self.detector.signature(signature).condition;
            if !self.over_time.contains_key(&signature)
                && let Some(state) = OverTime::new(condition)
            {
                self.over_time.insert(signature, state);
            }
            if let Some(state) = self.over_time.get_mut(&signature) {
                state.take(event, &mut fired);
            }
            self.add_fired(&subject, &mut fired);
        }
        for (service, requests) in examined.requests {
            let known = self.detected.requests.entry((source, service)).or_default();
            known.merge(requests);
        }
    }

    /// The current source has ended after `bytes` bytes.
    pub fn end(&mut self, bytes: u64) {
        let facts = SourceFacts {
            bytes,
            ..std::mem::take(&mut self.current)
        };
        let last_time = facts.last_time;
        self.detected.sources.push(facts);
        let mut fired = Vec::new();
        for (signature, state) in std::mem::take(&mut self.over_time) {
            state.end(last_time, &mut fired);
            let subject = Subject {
                signature,
                handled: false,
                about: None,
            };
            self.add_fired(&subject, &mut fired);
        }
    }

    fn add_fired(&mut self, subject: &Subject, fired: &mut Vec<Occurrence>) {
        for occurrence in fired.drain(..) {
            let subject = Subject {
                about: occurrence.about.clone().filter(|_| subject.about.is_some()),
                ..subject.clone()
            };
            self.detected.tallies.add(subject, occurrence);
        }
    }

    /// Number of findings so far.
    pub fn findings(&self) -> usize {
        self.detected.tallies.len()
    }

    /// Everything that was found.
    pub fn finish(self) -> Detected {
        self.detected
    }
}
