//! Conditions whose records may stand in several logs.
//!
//! In: the events of all logs, log by log. Out: what they come to in the order of their times. Logs are read one after
//! the other, so the events wait until all are read: [`MOST_BYTES`] of them for each signature, the earliest ones,
//! however the logs are divided and in whatever order they are read. Events without a time have no place in that
//! order and are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::Detector;
use super::over_time::{Doubt, Event, Outcome, OverTime};
use super::pace::Pace;
use super::tally::ExcerptLine;

/// Most memory that the waiting events of a signature take, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// What an event takes besides its texts, in bytes.
const EVENT_SIZE: usize = 512;

/// Events of conditions across logs.
#[derive(Debug, Default)]
pub(super) struct AcrossLogs {
    by_signature: BTreeMap<usize, Waiting>,
    /// Logs of which something is lost, and why.
    lost: BTreeMap<usize, Doubt>,
}

/// Where an event stands: time, log, source, offset, and its number among those of its record.
type Order = (i64, usize, usize, u64, usize);

#[derive(Debug, Default)]
struct Waiting {
    events: BTreeMap<Order, Event>,
    bytes: usize,
    /// The earliest time of an event that was left out.
    cut: Option<i64>,
}

/// What a condition across logs comes to.
#[derive(Debug, Default)]
pub(super) struct Decided {
    pub(super) outcome: Outcome,
    /// Events from here on were too many, in UTC nanoseconds.
    pub(super) until: Option<i64>,
}

impl AcrossLogs {
    pub(super) fn take(&mut self, event: Event) {
        let Some(time) = event.occurrence.sighting.time.at else {
            return;
        };
        let waiting = self.by_signature.entry(event.subject.signature).or_default();
        waiting.add(time, event);
    }

    /// Something of a log is lost.
    pub(super) fn lose(&mut self, log: usize, doubt: Doubt) {
        self.lost.entry(log).or_insert(doubt);
    }

    /// Moves the times of each source back by its shift, in nanoseconds.
    pub(super) fn shift(&mut self, shifts: &[i64]) {
        let shift_of = |source: usize| shifts.get(source).copied().unwrap_or(0);
        for waiting in self.by_signature.values_mut() {
            for ((time, log, source, offset, number), mut event) in std::mem::take(&mut waiting.events) {
                let by = shift_of(source);
                event.occurrence.shift(by);
                let order = (time.saturating_sub(by), log, source, offset, number);
                waiting.events.insert(order, event);
            }
        }
    }

    /// Decides all conditions; `paces` says when each log was written, in the order of the logs.
    pub(super) fn decide(self, detector: &Detector<'_>, paces: &[Pace]) -> BTreeMap<usize, Decided> {
        let times = |log: usize| {
            let at = paces.partition_point(|pace| pace.began < log);
            paces.get(at).map(Pace::log_times).unwrap_or_default()
        };
        let mut decided = BTreeMap::new();
        for (signature, waiting) in self.by_signature {
            let Some(mut state) = OverTime::new(&detector.signature(signature).condition) else {
                continue;
            };
            let mut own = Decided {
                until: waiting.cut,
                ..Decided::default()
            };
            let logs: BTreeSet<usize> = waiting.events.values().map(|event| event.log).collect();
            for event in waiting.events.into_values() {
                let log = times(event.log);
                state.take(event, log, &mut own.outcome);
            }
            for log in logs {
                if let Some(doubt) = self.lost.get(&log) {
                    state.lose(log, *doubt);
                }
            }
            if own.until.is_some() {
                // What was left out may hold every end.
                state.lose(0, Doubt::TooMany);
            }
            state.end(&times, &mut own.outcome);
            decided.insert(signature, own);
        }
        decided
    }
}

impl Waiting {
    fn add(&mut self, time: i64, event: Event) {
        let sighting = &event.occurrence.sighting;
        let place = (time, event.log, sighting.source, sighting.offset);
        let (time, log, source, offset) = place;
        let same = (time, log, source, offset, 0)..=(time, log, source, offset, usize::MAX);
        let number = self.events.range(same).count();
        self.bytes += size(&event);
        self.events.insert((time, log, source, offset, number), event);
        while self.bytes > MOST_BYTES
            && let Some(((time, ..), last)) = self.events.pop_last()
        {
            self.bytes -= size(&last);
            self.cut = Some(self.cut.map_or(time, |cut| cut.min(time)));
        }
    }
}

fn size(event: &Event) -> usize {
    let occurrence = &event.occurrence;
    let line = |line: &ExcerptLine| match line {
        ExcerptLine::Line(_, bytes) => bytes.len(),
        ExcerptLine::Gap(_) => 0,
    };
    let captures = occurrence
        .captures
        .iter()
        .map(|(name, value)| name.len() + value.len());
    EVENT_SIZE + occurrence.excerpt.iter().map(line).sum::<usize>() + captures.sum::<usize>()
}
