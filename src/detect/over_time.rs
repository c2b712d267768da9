//! Conditions over time: so many in a window, an order, an end that never came.
//!
//! In: the [`Event`]s of one log in their order (a source, or all pieces of a rotated log). Out: the occurrences for which the
//! condition fired. Windows include both ends. Where a record has no time at all, nothing
//! rules out that it lies in the window, so `count` and `sequence` accept it; `missing` never
//! fires on it, since nothing shows that the deadline passed.

use std::collections::{BTreeMap, VecDeque};

use super::compile::Slot;
use super::examine::Event;
use super::tally::Occurrence;
use crate::signature::condition::{Count, Match, Missing, Sequence};

/// Most keys that one condition follows at a time in one log.
const MOST_KEYS: usize = 10_000;

/// The state of one signature's condition in one log.
#[derive(Debug)]
pub(super) enum OverTime {
    Count(CountState),
    Sequence(SequenceState),
    Missing(MissingState),
}

impl OverTime {
    /// The state for a signature with a condition over time; nothing for any other.
    pub(super) fn new(condition: &Match) -> Option<OverTime> {
        if let Some(count) = &condition.count {
            return Some(OverTime::Count(CountState::new(count)));
        }
        if let Some(sequence) = &condition.sequence {
            return Some(OverTime::Sequence(SequenceState::new(sequence)));
        }
        let missing = condition.missing.as_ref()?;
        Some(OverTime::Missing(MissingState::new(missing)))
    }

    /// Takes the next event; occurrences for which the condition has fired go to `fired`.
    pub(super) fn take(&mut self, event: Event, fired: &mut Vec<Occurrence>) {
        match self {
            OverTime::Count(state) => state.take(event, fired),
            OverTime::Sequence(state) => state.take(event, fired),
            OverTime::Missing(state) => state.take(event),
        }
    }

    /// The log has ended; its last dated record is of `last_time`.
    pub(super) fn end(self, last_time: Option<i64>, fired: &mut Vec<Occurrence>) {
        if let OverTime::Missing(state) = self {
            state.end(last_time, fired);
        }
    }
}

/// The value of the event's key; without a key all events belong together.
fn key_of(key: Option<&str>, event: &Event) -> String {
    let Some(key) = key else { return String::new() };
    let captured = event.occurrence.captures.iter().find(|(name, _)| name == key);
    if let Some((_, value)) = captured {
        return value.clone();
    }
    if key == "service" {
        return event.occurrence.service.clone().unwrap_or_default();
    }
    let field = event.fields.iter().find(|(name, _)| *name == key);
    field.map(|(_, value)| value.clone()).unwrap_or_default()
}

fn within(first: Option<i64>, last: Option<i64>, nanos: i64) -> bool {
    match (first, last) {
        (Some(first), Some(last)) => last.saturating_sub(first) <= nanos,
        _ => true,
    }
}

/// `count`: the records of the window that is open, for each key.
#[derive(Debug)]
pub(super) struct CountState {
    at_least: usize,
    nanos: i64,
    key: Option<String>,
    open: BTreeMap<String, Open>,
}

#[derive(Debug, Default)]
struct Open {
    waiting: VecDeque<Occurrence>,
    /// Time of the last record of a burst that has fired.
    fired_at: Option<Option<i64>>,
}

impl CountState {
    fn new(count: &Count) -> CountState {
        CountState {
            at_least: count.at_least as usize,
            nanos: count.within.nanos(),
            key: count.key.clone(),
            open: BTreeMap::new(),
        }
    }

    fn take(&mut self, event: Event, fired: &mut Vec<Occurrence>) {
        let key = key_of(self.key.as_deref(), &event);
        if !self.open.contains_key(&key) && self.open.len() >= MOST_KEYS {
            self.open.pop_first();
        }
        let open = self.open.entry(key).or_default();
        let time = event.occurrence.sighting.time.at;
        if let Some(last) = open.fired_at
            && within(last, time, self.nanos)
        {
            open.fired_at = Some(time);
            fired.push(event.occurrence);
            return;
        }
        open.fired_at = None;
        open.waiting.push_back(event.occurrence);
        while let Some(first) = open.waiting.front()
            && !within(first.sighting.time.at, time, self.nanos)
        {
            open.waiting.pop_front();
        }
        if open.waiting.len() >= self.at_least {
            open.fired_at = Some(time);
            fired.extend(open.waiting.drain(..));
        }
    }
}

/// `sequence`: how far each key has come.
#[derive(Debug)]
pub(super) struct SequenceState {
    steps: usize,
    nanos: i64,
    key: Option<String>,
    open: BTreeMap<String, Vec<Occurrence>>,
}

impl SequenceState {
    fn new(sequence: &Sequence) -> SequenceState {
        SequenceState {
            steps: sequence.steps.len(),
            nanos: sequence.within.nanos(),
            key: sequence.key.clone(),
            open: BTreeMap::new(),
        }
    }

    fn take(&mut self, event: Event, fired: &mut Vec<Occurrence>) {
        let Slot::Step(step) = event.slot else { return };
        let key = key_of(self.key.as_deref(), &event);
        if !self.open.contains_key(&key) && self.open.len() >= MOST_KEYS {
            self.open.pop_first();
        }
        let open = self.open.entry(key).or_default();
        let sighting = &event.occurrence.sighting;
        if let Some(first) = open.first()
            && !within(first.sighting.time.at, sighting.time.at, self.nanos)
        {
            open.clear();
        }
        // One record is one step, however many it could be.
        let new = open.last().is_none_or(|last| {
            (last.sighting.source, last.sighting.offset) != (sighting.source, sighting.offset)
        });
        if step == open.len() && new {
            open.push(event.occurrence);
        }
        if open.len() == self.steps {
            fired.append(open);
        }
    }
}

/// `missing`: the starts whose end has not come, by key.
#[derive(Debug)]
pub(super) struct MissingState {
    nanos: i64,
    key: Option<String>,
    open: BTreeMap<String, Occurrence>,
}

impl MissingState {
    fn new(missing: &Missing) -> MissingState {
        MissingState {
            nanos: missing.within.nanos(),
            key: missing.key.clone(),
            open: BTreeMap::new(),
        }
    }

    fn take(&mut self, event: Event) {
        let key = key_of(self.key.as_deref(), &event);
        match event.slot {
            Slot::After if self.open.len() < MOST_KEYS => {
                self.open.entry(key).or_insert(event.occurrence);
            }
            Slot::Expected => {
                self.open.remove(&key);
            }
            _ => {}
        }
    }

    fn end(self, last_time: Option<i64>, fired: &mut Vec<Occurrence>) {
        let overdue = |occurrence: &Occurrence| {
            let started = occurrence.sighting.time.at;
            started
                .zip(last_time)
                .is_some_and(|(started, last)| last.saturating_sub(started) > self.nanos)
        };
        fired.extend(self.open.into_values().filter(overdue));
    }
}
