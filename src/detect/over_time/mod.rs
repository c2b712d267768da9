//! Conditions over time: so many in a window, an order, a rate, an end that never came.
//!
//! In: the [`Event`]s of one log in their order (a source, or all pieces of a rotated log), or those of all logs in the
//! order of their times. Out: the occurrences for which the condition fired, and starts of which nobody can say
//! whether their end is missing. Windows include both ends. Where a record has no time at all, nothing
//! rules out that it lies in the window, so `count` and `sequence` accept it; the others never
//! fire on it, since nothing shows how long it took.

mod count;
mod keyed;
mod missing;
mod rate;
mod sequence;
mod silence;
#[cfg(test)]
mod tests;

use super::compile::Slot;
use super::tallies::Subject;
use super::tally::{Occurrence, Sighting};
use crate::record::TimeQuality;
use crate::signature::condition::{Across, Keys, Match};

/// A record that satisfies one part of a condition over time.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) subject: Subject,
    pub(super) slot: Slot,
    pub(super) occurrence: Occurrence,
    /// The value of the condition's key: empty where it has none, nothing where the record has no such value.
    pub(super) key: Option<String>,
    /// Number of the log (of a rotated one: of its first piece's source). Set when logs are joined.
    pub(super) log: usize,
}

/// Why nobody can say whether an end is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// The log ends before the deadline: the end may still come.
    StillPossible,
    /// The start has no time of its own, so there is no deadline.
    Undated,
    /// The log says itself that messages were left out behind the start.
    Dropped,
    /// A part of the log behind the start was not read, or is gone.
    NotRead,
    /// Too many starts were open at a time; this one was no longer followed.
    TooMany,
    /// No log that is read has ever shown such an end.
    NeverSeen,
    /// A log that is else regular has nothing for a while behind the start: it was cut there, or everything stood still.
    Gap,
}

/// What conditions over time come to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Records for which the condition holds.
    pub(super) fired: Vec<Occurrence>,
    /// Starts whose end is open.
    pub(super) open: Vec<(Doubt, Occurrence)>,
}

/// What is known of the log round its events, in UTC nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LogTimes<'t> {
    /// Its first dated line.
    pub(super) first: Option<i64>,
    /// Its last dated line so far.
    pub(super) last: Option<i64>,
    /// Times of some of its lines, in their order.
    pub(super) samples: &'t [i64],
}

/// The state of one signature's condition in one log, or across all.
#[derive(Debug)]
pub(super) enum OverTime {
    Count(count::CountState),
    Rate(rate::RateState),
    Silence(silence::SilenceState),
    Sequence(sequence::SequenceState),
    Missing(missing::MissingState),
}

impl OverTime {
    /// The state for a signature with a condition over time; nothing for any other.
    pub(super) fn new(condition: &Match) -> Option<OverTime> {
        let count = condition.count.as_ref().map(count::CountState::new);
        let rate = condition.rate.as_ref().map(rate::RateState::new);
        let silence = condition.silence.as_ref().map(silence::SilenceState::new);
        let sequence = condition.sequence.as_ref().map(sequence::SequenceState::new);
        let missing = condition.missing.as_ref().map(missing::MissingState::new);
        count
            .map(OverTime::Count)
            .or(rate.map(OverTime::Rate))
            .or(silence.map(OverTime::Silence))
            .or(sequence.map(OverTime::Sequence))
            .or(missing.map(OverTime::Missing))
    }

    /// Takes the next event.
    pub(super) fn take(&mut self, event: Event, log: LogTimes<'_>, out: &mut Outcome) {
        match self {
            OverTime::Count(state) => state.take(event, out),
            OverTime::Rate(state) => state.take(event, log, out),
            OverTime::Silence(state) => state.take(event),
            OverTime::Sequence(state) => state.take(event, out),
            OverTime::Missing(state) => state.take(event, out),
        }
    }

    /// Something of log `log` is missing between the last event and the next.
    pub(super) fn lose(&mut self, log: usize, doubt: Doubt) {
        match self {
            OverTime::Missing(state) => state.lose(log, doubt),
            OverTime::Silence(state) => state.forget(),
            OverTime::Count(_) | OverTime::Rate(_) | OverTime::Sequence(_) => {}
        }
    }

    /// Something in the log was stopped or ended on purpose.
    pub(super) fn stop(&mut self) {
        if let OverTime::Silence(state) = self {
            state.forget();
        }
    }

    /// All events are taken; `logs` gives the times of each log by its number.
    pub(super) fn end<'t>(self, logs: &dyn Fn(usize) -> LogTimes<'t>, out: &mut Outcome) {
        match self {
            OverTime::Missing(state) => state.end(logs, out),
            OverTime::Sequence(state) => state.end(out),
            OverTime::Silence(state) => state.end(logs, out),
            OverTime::Count(_) | OverTime::Rate(_) => {}
        }
    }
}

/// The key of a condition over time, if it has one.
pub(super) fn key_of(condition: &Match) -> Option<&Keys> {
    let keys = [
        condition.count.as_ref().map(|count| &count.key),
        condition.rate.as_ref().map(|rate| &rate.key),
        condition.silence.as_ref().map(|silence| &silence.key),
        condition.sequence.as_ref().map(|sequence| &sequence.key),
        condition.missing.as_ref().map(|missing| &missing.key),
    ];
    keys.into_iter().flatten().find_map(Option::as_ref)
}

/// Whether the records of a condition may stand in several logs.
pub(super) fn is_across(condition: &Match) -> bool {
    let across = [
        condition.count.as_ref().map(|count| count.across),
        condition.sequence.as_ref().map(|sequence| sequence.across),
        condition.missing.as_ref().map(|missing| missing.across),
    ];
    across
        .into_iter()
        .flatten()
        .any(|across| across == Across::Sources)
}

fn within(first: Option<i64>, last: Option<i64>, nanos: i64) -> bool {
    match (first, last) {
        (Some(first), Some(last)) => last.saturating_sub(first) <= nanos,
        _ => true,
    }
}

/// So many pauses on each side of a gap say what is usual, and so many at least on both together.
const ROUND_A_GAP: usize = 8;

/// A gap is so many times longer than any of them.
const GAP_TIMES: i64 = 8;

/// And so long at least, in nanoseconds.
const SHORTEST_GAP: i64 = 30_000_000_000;

/// Whether a log has a gap behind `from` that its pace on both sides does not explain.
fn has_gap(log: LogTimes<'_>, from: i64) -> bool {
    let mut times = log.samples.to_vec();
    times.extend(
        log.last
            .filter(|last| times.last().is_some_and(|sample| sample < last)),
    );
    let pauses: Vec<i64> = times
        .windows(2)
        .map(|pair| pair[1].saturating_sub(pair[0]))
        .collect();
    (0..pauses.len()).any(|at| {
        let before = &pauses[at.saturating_sub(ROUND_A_GAP)..at];
        let behind = &pauses[at + 1..pauses.len().min(at + 1 + ROUND_A_GAP)];
        let longest = before.iter().chain(behind).copied().max().unwrap_or_default();
        before.len() + behind.len() >= ROUND_A_GAP
            && times[at + 1] > from
            && pauses[at] >= longest.saturating_mul(GAP_TIMES).max(SHORTEST_GAP)
    })
}

/// The latest instant at which a record can have been written.
fn latest(sighting: &Sighting) -> Option<i64> {
    let time = sighting.time;
    match time.quality {
        TimeQuality::After | TimeQuality::Unknown => None,
        _ => time.until.or(time.at),
    }
}

/// Where a record stands among those of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    time: Option<i64>,
    log: usize,
    source: usize,
    offset: u64,
}

impl Place {
    fn of(event: &Event) -> Place {
        let sighting = &event.occurrence.sighting;
        Place {
            time: sighting.time.at,
            log: event.log,
            source: sighting.source,
            offset: sighting.offset,
        }
    }

    fn in_log(self) -> (usize, u64) {
        (self.source, self.offset)
    }

    fn is_same_record(self, other: Place) -> bool {
        self.in_log() == other.in_log()
    }

    /// Whether this record certainly comes before the other. Across logs records of equal times have no order, not even
    /// those of one log: else it would matter which of several equal ones is looked at.
    fn is_before(self, other: Place, across: Across) -> bool {
        match across {
            Across::Log => self.in_log() < other.in_log(),
            Across::Sources => self.time < other.time,
        }
    }

    /// Whether the two are looked at together, since their order is not certain.
    fn is_beside(self, other: Place, across: Across) -> bool {
        match across {
            Across::Log => self.is_same_record(other),
            Across::Sources => self.time == other.time,
        }
    }
}
