//! What is counted of the records of one log.
//!
//! In: records, in the order of the log. Out: [`Facts`]. Merging the facts of two parts that follow each other gives those
//! of the whole.

use std::collections::BTreeMap;

use crate::detect::histogram::Histogram;
use crate::detect::tally::Counts;
use crate::record::header::Format;
use crate::record::{Level, Record, TimeQuality};
use crate::report::assumed::Assumptions;

/// A silence is at least this long, in nanoseconds, ...
const SHORTEST_SILENCE: i64 = 60_000_000_000;

/// ... and so many times the usual distance between two records.
const TIMES_USUAL: i64 = 5;

/// What is counted.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Bytes read; known at the end.
    pub(super) bytes: u64,
    pub(super) lines: u64,
    pub(super) records: u64,
    pub(super) formats: BTreeMap<Format, u64>,
    pub(super) levels: BTreeMap<&'static str, u64>,
    pub(super) qualities: BTreeMap<&'static str, u64>,
    pub(super) services: Counts,
    pub(super) fields: BTreeMap<&'static str, u64>,
    /// Records with an earlier time than the dated one above.
    pub(super) back: u64,
    pub(super) messages_left_out: u64,
    /// Records outside of the range of time, and whether one of them states a time.
    pub(super) left_out: u64,
    dated_outside: bool,
    /// When dated records were written.
    times: Histogram,
    dated: u64,
    /// Times of the first and of the last dated record, in the order of the log.
    ends: Option<(i64, i64)>,
}

impl Facts {
    /// Counts the next record.
    pub(super) fn add(&mut self, record: &Record) {
        self.records += 1;
        *self.formats.entry(record.format).or_default() += 1;
        *self
            .levels
            .entry(record.level.map_or("none", Level::name))
            .or_default() += 1;
        *self
            .qualities
            .entry(quality_name(record.time.quality))
            .or_default() += 1;
        if let Some(service) = &record.service {
            self.services.add(service, 1);
        }
        for field in fields_of(record) {
            *self.fields.entry(field).or_default() += 1;
        }
        if let (Some(at), true) = (record.time.at, is_stated(record.time.quality)) {
            self.times.add(at);
            self.dated += 1;
            self.join_ends(at, at);
        }
    }

    /// Counts a record outside of the range of time.
    pub(super) fn leave_out(&mut self, record: &Record) {
        self.left_out += 1;
        self.dated_outside |= is_stated(record.time.quality);
    }

    /// Adds what was counted in the part that follows.
    pub(super) fn merge(&mut self, later: Facts) {
        self.lines += later.lines;
        self.records += later.records;
        sum(&mut self.formats, later.formats);
        sum(&mut self.levels, later.levels);
        sum(&mut self.qualities, later.qualities);
        sum(&mut self.fields, later.fields);
        for (service, count) in later.services.by_frequency() {
            self.services.add(service, count);
        }
        self.back += later.back;
        self.messages_left_out += later.messages_left_out;
        self.left_out += later.left_out;
        self.dated_outside |= later.dated_outside;
        self.times.merge(&later.times);
        self.dated += later.dated;
        if let Some((first, last)) = later.ends {
            self.join_ends(first, last);
        }
    }

    fn join_ends(&mut self, first: i64, last: i64) {
        self.ends = match self.ends {
            Some((own, above)) => {
                self.back += u64::from(first < above);
                Some((own, last))
            }
            None => Some((first, last)),
        };
    }

    /// The format of most records. One without a layout comes last: it says little.
    pub(super) fn format(&self) -> Option<Format> {
        let named = self
            .formats
            .iter()
            .max_by_key(|(format, count)| (**format != Format::Plain, **count));
        named.map(|(format, _)| *format)
    }

    /// The earliest and the latest time that a record states.
    pub(super) fn span(&self) -> (Option<i64>, Option<i64>) {
        let episodes = self.times.episodes();
        (
            episodes.iter().map(|episode| episode.first).min(),
            episodes.iter().map(|episode| episode.last).max(),
        )
    }

    /// Stretches without a dated record that are much longer than usual here.
    pub(super) fn silences(&self) -> Vec<(i64, i64)> {
        let (Some(first), Some(last)) = self.span() else {
            return Vec::new();
        };
        let usual = (last - first) / i64::try_from(self.dated).unwrap_or(i64::MAX).max(1);
        let least = SHORTEST_SILENCE.max(usual.saturating_mul(TIMES_USUAL));
        let episodes = self.times.episodes();
        let between = episodes.windows(2).map(|pair| (pair[0].last, pair[1].first));
        between.filter(|(from, to)| to - from >= least).collect()
    }

    /// What was assumed to read the times.
    pub(super) fn assumptions(&self) -> Assumptions {
        let has = |quality| self.qualities.contains_key(quality_name(quality));
        Assumptions {
            zone: has(TimeQuality::ZoneAssumed),
            year: has(TimeQuality::YearAssumed),
            messages_left_out: self.messages_left_out,
            read: self.bytes > 0,
            dated: self.dated > 0 || self.dated_outside,
        }
    }
}

fn sum<K: Ord>(counts: &mut BTreeMap<K, u64>, later: BTreeMap<K, u64>) {
    for (key, count) in later {
        *counts.entry(key).or_default() += count;
    }
}

/// Whether the record states its time itself.
fn is_stated(quality: TimeQuality) -> bool {
    matches!(
        quality,
        TimeQuality::Written | TimeQuality::ZoneAssumed | TimeQuality::YearAssumed
    )
}

fn fields_of(record: &Record) -> impl Iterator<Item = &'static str> {
    [
        ("host", record.host.is_some()),
        ("service", record.service.is_some()),
        ("pid", record.pid.is_some()),
        ("thread", record.thread.is_some()),
        ("logger", record.logger.is_some()),
        ("request_id", record.request_id.is_some()),
        ("duration", record.duration.is_some()),
        ("http", record.http.is_some()),
        ("upstream", record.upstream.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, stated)| stated.then_some(name))
}

fn quality_name(quality: TimeQuality) -> &'static str {
    match quality {
        TimeQuality::Written => "written",
        TimeQuality::ZoneAssumed => "zone-assumed",
        TimeQuality::YearAssumed => "year-assumed",
        TimeQuality::Between => "between",
        TimeQuality::Paired => "paired",
        TimeQuality::Before => "before",
        TimeQuality::After => "after",
        TimeQuality::Unknown => "unknown",
    }
}
