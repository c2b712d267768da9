//! Joins what was found in single blocks.
//!
//! In: [`Examined`] values in the order of sources and blocks. Out: [`Detected`], the occurrences of every
//! signature over all sources, the failed requests, and what there is to say about each source. Conditions over time
//! and failed requests run on through the pieces of a rotated log; those across logs are decided at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::across::AcrossLogs;
use super::compile::{Detector, Signal};
use super::cre::log::Logs;
use super::ending::Ending;
use super::examine::{Assumed, Examined};
use super::keyed::Sample;
use super::life::{Life, MOST_EVENTS};
use super::over_time::{self, Doubt, Event, LogTimes, Outcome, OverTime};
use super::pace::Pace;
use super::placed::{Clocks, Places};
use super::recovery::Runs;
use super::requests::FailedRequests;
use super::tallies::{Subject, Tallies};
use super::tally::{Occurrence, Place, Tally};
use super::traffic::{Requests, Traffic};
use crate::record::header::Format;
use crate::record::time::range::Range;

/// What was found in all sources.
#[derive(Debug, Default)]
pub struct Detected {
    /// All occurrences.
    pub tallies: Tallies,
    /// What there is to say about each source, by its number.
    pub sources: Vec<SourceFacts>,
    /// Failed requests by source number (of a rotated log: its first piece's) and the service that logged them.
    pub requests: BTreeMap<(usize, Option<String>), FailedRequests>,
    /// What became of services, log by log, and the sources with which logs began that hold more of that.
    pub lives: (Vec<Life>, BTreeSet<usize>),
    /// All requests about each incident, by the log (as in `requests`) and the number of the incident; counted by a second
    /// reading.
    pub traffic: BTreeMap<(usize, Option<String>, usize), Traffic>,
    /// Requests of those logs whose lines state no time.
    pub undated: BTreeMap<(usize, Option<String>), Requests>,
    /// Logs with requests that were not read a second time, by the source with which they began, and why.
    pub not_counted: BTreeMap<usize, &'static str>,
    /// What several logs say, by source number.
    pub samples: BTreeMap<usize, Sample>,
    /// Occurrences in the sources that have a sample, apart until it is known how their clocks stand to each other.
    apart: BTreeMap<usize, Tallies>,
    /// Records that were read closely.
    pub records: u64,
    /// Starts of which nobody can say whether their end is missing, by signature and why.
    pub open: BTreeMap<(usize, Doubt), Tally>,
    /// How sources end: the first 2000 that say it.
    pub endings: BTreeMap<usize, Ending>,
    /// When each log was written, as far as sampled.
    pub paces: Vec<Pace>,
    /// Signatures whose records across logs were too many, and the time (UTC nanoseconds) up to which they were compared.
    pub cut_short: BTreeMap<usize, i64>,
    /// Records with a candidate that lie outside of the range of time.
    pub left_out: u64,
    /// Entries that CRE rules over time could not use: too far out of order, or too many.
    pub entries_left_out: u64,
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
    /// Whether a line near its beginning or end is dated, also outside of the range of time.
    pub dated: bool,
    /// What was assumed to read its times.
    pub assumed: Assumed,
    /// Offset of a line that was too long to be read in one piece.
    pub overlong_line: Option<u64>,
    /// Its first bytes.
    pub head: Option<Place>,
    /// The last bytes that were read.
    pub tail: Option<Place>,
}

/// Takes results in the order of sources and blocks.
#[derive(Debug)]
pub struct Collector<'a> {
    detector: &'a Detector<'a>,
    range: Range,
    detected: Detected,
    current: SourceFacts,
    /// What was found in the current source.
    tallies: Tallies,
    sample: Sample,
    log: Log,
    across: AcrossLogs,
    /// For each source the one with which its log began.
    began: Vec<usize>,
    /// Signatures that were found in sources that have ended.
    found: BTreeSet<usize>,
    /// CRE rules with conditions over time.
    rules: Logs<'a>,
}

/// Most sources of which the last record is kept.
const MOST_ENDINGS: usize = 2_000;

/// Most sampled times that are kept of a log; of more, every second one.
const MOST_SAMPLES: usize = 4_096;

/// The log that is read: a source, or the pieces of a set so far.
#[derive(Debug, Default)]
struct Log {
    set: Option<Arc<str>>,
    /// Number of the source with which it began, and of the last one.
    sources: Option<(usize, usize)>,
    /// Conditions over time that have seen an event in it.
    over_time: BTreeMap<usize, OverTime>,
    /// Runs of failures that may be overcome.
    runs: BTreeMap<usize, Runs>,
    /// Its first dated line, in UTC nanoseconds.
    first_time: Option<i64>,
    /// Its last dated line so far, in UTC nanoseconds.
    last_time: Option<i64>,
    /// Times of some of its lines, in their order.
    samples: Vec<i64>,
    /// What became of services in it: how many times.
    lives: usize,
    /// Something of it was lost, or not read.
    lost: bool,
}

impl Log {
    fn number(&self) -> usize {
        self.sources.map_or(0, |(began, _)| began)
    }

    fn times(&self) -> LogTimes<'_> {
        LogTimes {
            first: self.first_time,
            last: self.last_time,
            samples: &self.samples,
        }
    }

    fn sample(&mut self, times: Vec<i64>) {
        self.samples.extend(times);
        while self.samples.len() > MOST_SAMPLES {
            let mut number = 0;
            self.samples.retain(|_| {
                number += 1;
                number % 2 == 0
            });
        }
    }

    /// Something of this log is lost at this place.
    fn lose(&mut self, doubt: Doubt) {
        self.lost = true;
        let number = self.number();
        self.over_time
            .values_mut()
            .for_each(|state| state.lose(number, doubt));
    }
}

impl<'a> Collector<'a> {
    /// A collector that has seen nothing, for logs of which only `range` counts.
    pub fn new(detector: &'a Detector<'a>, range: Range) -> Collector<'a> {
        Collector {
            detector,
            range,
            detected: Detected::default(),
            current: SourceFacts::default(),
            tallies: Tallies::default(),
            sample: Sample::default(),
            log: Log::default(),
            across: AcrossLogs::default(),
            began: Vec::new(),
            found: BTreeSet::new(),
            rules: Logs::default(),
        }
    }

    /// The next source begins, a piece of `set` if that is some. Sources are numbered from 0 on in this order.
    pub fn begin(&mut self, set: Option<&Arc<str>>) {
        self.current = SourceFacts::default();
        let source = self.detected.sources.len();
        match &mut self.log.sources {
            Some((_, last)) if set.is_some() && self.log.set.as_ref() == set => *last = source,
            _ => {
                self.end_log();
                self.late();
                self.log.sources = Some((source, source));
                self.log.set = set.cloned();
            }
        }
        self.began.push(self.log.number());
    }

    /// So far nobody looked at a stretch of zeros at `at` in the current source: a line that is too long.
    pub fn skip(&mut self, at: u64) {
        self.current.overlong_line.get_or_insert(at);
        self.lose(Doubt::NotRead);
    }

    fn lose(&mut self, doubt: Doubt) {
        self.log.lose(doubt);
        self.across.lose(self.log.number(), doubt);
    }

    /// Takes the result of the next block of the current source.
    pub fn take(&mut self, examined: Examined) {
        let facts = &mut self.current;
        let lines_above = (!examined.from_middle).then_some(facts.lines);
        facts.lines += examined.lines;
        facts.format = facts.format.or(examined.format);
        facts.first_time = facts.first_time.or(examined.first_time);
        facts.last_time = examined.last_time.or(facts.last_time);
        facts.overlong_line = facts.overlong_line.or(examined.overlong_line);
        facts.head = facts.head.or(examined.head);
        facts.tail = examined.tail.or(facts.tail);
        facts.assumed.zone |= examined.assumed.zone;
        facts.assumed.year |= examined.assumed.year;
        facts.assumed.messages_left_out += examined.assumed.messages_left_out;
        self.detected.records += examined.records;
        self.detected.left_out += examined.left_out;
        let mut tallies = examined.tallies;
        tallies.move_down(lines_above);
        let began = self.began.last().copied().unwrap_or_default();
        self.tallies.merge(tallies, Some(began));
        self.sample.merge(examined.sample);
        self.log.first_time = self.log.first_time.or(self.current.first_time);
        self.log.sample(examined.samples);
        for mut event in examined.events {
            event.occurrence.move_down(lines_above);
            event.log = self.log.number();
            self.take_event(event);
        }
        let mut fired = Vec::new();
        for mut event in examined.rule_events {
            event.occurrence.move_down(lines_above);
            self.rules.take(&self.detector.rules, event, &mut fired);
        }
        self.add_of_rules(fired);
        let (lives, cut) = examined.lives;
        for mut life in lives {
            life.move_down(lines_above);
            if self.log.lives < MOST_EVENTS {
                self.detected.lives.0.push(life);
            }
            self.log.lives += 1;
        }
        if cut || self.log.lives > MOST_EVENTS {
            self.detected.lives.1.insert(began);
        }
        if let Some(mut ending) = examined.ending
            && self.detected.endings.len() < MOST_ENDINGS
        {
            ending.last.move_down(lines_above);
            self.detected.endings.insert(self.detected.sources.len(), ending);
        }
        for (service, mut requests) in examined.requests {
            requests.move_down(lines_above);
            let known = self.detected.requests.entry((began, service)).or_default();
            known.merge(requests);
        }
    }

    fn take_event(&mut self, event: Event) {
        let signature = event.subject.signature;
        let mut decided = Vec::new();
        for failed in &self.detector.recovers[signature] {
            if let Some(runs) = self.log.runs.get_mut(failed) {
                runs.succeed(&event.occurrence, &mut decided);
            }
        }
        self.tally(decided);
        match self.detector.signals[signature] {
            Some(Signal::Loss) => return self.lose(Doubt::Dropped),
            Some(Signal::Stop) => return self.log.over_time.values_mut().for_each(OverTime::stop),
            None => {}
        }
        if let Some(recovery) = &self.detector.signature(signature).recovery {
            let runs = self
                .log
                .runs
                .entry(signature)
                .or_insert_with(|| Runs::new(recovery));
            let mut decided = Vec::new();
            runs.fail(event.subject, event.occurrence, &mut decided);
            return self.tally(decided);
        }
        let condition = &self.detector.signature(signature).condition;
        if over_time::is_across(condition) {
            return self.across.take(event);
        }
        let subject = event.subject.clone();
        let mut outcome = Outcome::default();
        let times = LogTimes {
            first: self.log.first_time,
            last: self.log.last_time,
            samples: &[],
        };
        if !self.log.over_time.contains_key(&signature)
            && let Some(state) = OverTime::new(condition)
        {
            self.log.over_time.insert(signature, state);
        }
        if let Some(state) = self.log.over_time.get_mut(&signature) {
            state.take(event, times, &mut outcome);
        }
        self.add(&subject, outcome);
    }

    /// The current source has ended after `bytes` bytes; `lost` if that was not all of it.
    pub fn end(&mut self, bytes: u64, lost: bool) {
        let current = std::mem::take(&mut self.current);
        let (first_time, last_time) = self.range.within(current.first_time, current.last_time);
        let facts = SourceFacts {
            bytes,
            first_time,
            last_time,
            dated: current.first_time.is_some() || current.last_time.is_some(),
            ..current
        };
        self.log.last_time = facts.last_time.or(self.log.last_time);
        if lost {
            self.lose(Doubt::NotRead);
        }
        if self.log.set.is_none() {
            self.end_log();
        }
        self.put_away();
        self.detected.sources.push(facts);
    }

    /// Puts away what the end of a log brought: it belongs to the last source.
    fn late(&mut self) {
        let tallies = std::mem::take(&mut self.tallies);
        self.found.extend(tallies.signatures());
        let last = self.detected.sources.len().checked_sub(1);
        let apart = last.and_then(|last| self.detected.apart.get_mut(&last));
        apart.unwrap_or(&mut self.detected.tallies).merge(tallies, None);
    }

    /// Puts away what was found in the source that has ended (or, at the end of a log, late in its last one).
    fn put_away(&mut self) {
        let tallies = std::mem::take(&mut self.tallies);
        self.found.extend(tallies.signatures());
        let sample = std::mem::take(&mut self.sample);
        let source = self.detected.sources.len();
        if sample.keys.is_empty() {
            self.detected.tallies.merge(tallies, None);
        } else {
            self.detected.samples.insert(source, sample);
            self.detected.apart.insert(source, tallies);
        }
    }

    fn end_log(&mut self) {
        let mut log = std::mem::take(&mut self.log);
        let Some((began, last)) = log.sources else {
            return;
        };
        let ends = (log.first_time.into_iter(), log.last_time.into_iter());
        let times = ends.0.chain(log.samples.iter().copied()).chain(ends.1);
        self.detected.paces.push(Pace {
            began,
            last,
            times: times.collect(),
            lost: log.lost,
            ends: (log.first_time.is_some(), log.last_time.is_some()),
        });
        let mut decided = Vec::new();
        for runs in std::mem::take(&mut log.runs).into_values() {
            runs.end(&mut decided);
        }
        self.tally(decided);
        for (signature, state) in std::mem::take(&mut log.over_time) {
            let mut outcome = Outcome::default();
            state.end(&|_| log.times(), &mut outcome);
            self.add(&self.subject_of(signature), outcome);
        }
        let mut fired = Vec::new();
        self.rules.end_log(&mut fired);
        self.add_of_rules(fired);
    }

    fn add_of_rules(&mut self, fired: Vec<(usize, Occurrence)>) {
        let subject = |rule| Subject::of(self.detector.rules.program(rule).signature, false);
        let fired = fired
            .into_iter()
            .map(|(rule, occurrence)| (subject(rule), occurrence));
        self.tally(fired.collect());
    }

    fn tally(&mut self, decided: Vec<(Subject, Occurrence)>) {
        for (subject, occurrence) in decided {
            let log = self.began.get(occurrence.sighting.source).copied();
            self.tallies.add(Subject { log, ..subject }, occurrence);
        }
    }

    /// The subject of what fires without an event.
    fn subject_of(&self, signature: usize) -> Subject {
        Subject::of(signature, false)
    }

    fn add(&mut self, subject: &Subject, outcome: Outcome) {
        for occurrence in outcome.fired {
            let subject = Subject {
                about: occurrence.about.clone().filter(|_| subject.about.is_some()),
                target: occurrence.target().filter(|_| subject.target.is_some()),
                log: self.began.get(occurrence.sighting.source).copied(),
                ..subject.clone()
            };
            self.tallies.add(subject, occurrence);
        }
        for (doubt, occurrence) in outcome.open {
            match self.detected.open.get_mut(&(subject.signature, doubt)) {
                Some(tally) => tally.add(occurrence),
                None => {
                    let tally = Tally::of(occurrence);
                    self.detected.open.insert((subject.signature, doubt), tally);
                }
            }
        }
    }

    /// Number of findings in the sources that have ended.
    pub fn findings(&self) -> usize {
        self.found.len()
    }

    /// Everything that was found. `clocks` says what logs say about each other's times, which are set by that.
    pub fn finish(mut self, clocks: impl FnOnce(&Detected) -> Clocks) -> Detected {
        self.end_log();
        self.late();
        // Clocks are set before times of several logs are compared.
        let Clocks { shifts, places } = clocks(&self.detected);
        self.detected.set_times(&shifts, &places);
        let mut across = std::mem::take(&mut self.across);
        across.shift(&shifts);
        self.rules.shift(&shifts);
        for (signature, decided) in across.decide(self.detector, &self.detected.paces) {
            self.detected
                .cut_short
                .extend(decided.until.map(|until| (signature, until)));
            self.add(&self.subject_of(signature), decided.outcome);
        }
        let mut fired = Vec::new();
        self.rules.end(&self.detector.rules, &mut fired);
        self.add_of_rules(fired);
        self.detected.entries_left_out = self.rules.left_out();
        self.detected
            .tallies
            .merge(std::mem::take(&mut self.tallies), None);
        self.detected
    }
}

impl Detected {
    /// Moves the times of each source back by its shift, in nanoseconds, gives times to records that have none, and joins what
    /// was apart.
    fn set_times(&mut self, shifts: &[i64], places: &BTreeMap<usize, Places>) {
        let shift_of = |source: usize| shifts.get(source).copied().unwrap_or(0);
        for (source, mut tallies) in std::mem::take(&mut self.apart) {
            tallies.set_times(shift_of(source), places.get(&source));
            self.tallies.merge(tallies, None);
        }
        for (number, facts) in self.sources.iter_mut().enumerate() {
            for time in [&mut facts.first_time, &mut facts.last_time]
                .into_iter()
                .flatten()
            {
                *time = time.saturating_sub(shift_of(number));
            }
        }
        for pace in &mut self.paces {
            let shift = shift_of(pace.began);
            pace.times
                .iter_mut()
                .for_each(|time| *time = time.saturating_sub(shift));
        }
        for ((source, _), requests) in &mut self.requests {
            requests.shift(shift_of(*source));
        }
        for (source, ending) in &mut self.endings {
            ending.last.shift(shift_of(*source));
        }
        for life in &mut self.lives.0 {
            life.shift(shift_of(life.sighting.source));
        }
    }
}
