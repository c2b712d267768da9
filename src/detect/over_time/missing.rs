//! `missing`: the starts whose end has not come, by key.
//!
//! An end that comes late is an end, too. What is open when the log ends is missing only if the log went on
//! beyond the deadline and nothing of it is lost behind the start.

use std::collections::BTreeMap;

use super::keyed::Keyed;
use super::{Doubt, Event, LogTimes, Outcome, Place, has_gap, latest};
use crate::detect::compile::Slot;
use crate::detect::tally::Occurrence;
use crate::signature::condition::{Across, Missing};

/// How far behind the deadline the log must go on, in nanoseconds: lines of several writers are not always in the
/// order of their times.
const SLACK: i64 = 2_000_000_000;

#[derive(Debug)]
pub(in crate::detect) struct MissingState {
    nanos: i64,
    across: Across,
    open: Keyed<Option<Start>>,
    /// Logs with at least one end.
    ends: BTreeMap<usize, u64>,
    /// Events whose order is not certain: those of one record or, across logs, of one instant.
    group: Vec<Event>,
    /// Starts that gave way to others since the last event.
    given_up: Vec<Occurrence>,
}

#[derive(Debug)]
struct Start {
    occurrence: Occurrence,
    place: Place,
    /// What was lost behind it.
    doubt: Option<Doubt>,
}

impl MissingState {
    pub(super) fn new(missing: &Missing) -> MissingState {
        MissingState {
            nanos: missing.within.nanos(),
            across: missing.across,
            open: Keyed::default(),
            ends: BTreeMap::new(),
            group: Vec::new(),
            given_up: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, event: Event, out: &mut Outcome) {
        let place = Place::of(&event);
        let beside = |other: &Event| place.is_beside(Place::of(other), self.across);
        if !self.group.iter().all(beside) {
            self.decide();
        }
        self.group.push(event);
        self.tell_given_up(out);
    }

    pub(super) fn lose(&mut self, log: usize, doubt: Doubt) {
        let across = self.across;
        // Whatever is still in the group came before.
        self.decide();
        for start in self.open.values_mut().flatten() {
            if across == Across::Sources || start.place.log == log {
                start.doubt.get_or_insert(doubt);
            }
        }
    }

    fn tell_given_up(&mut self, out: &mut Outcome) {
        let gone = self.given_up.drain(..);
        out.open.extend(gone.map(|start| (Doubt::TooMany, start)));
    }

    /// Starts first: an end of the same instant may be theirs.
    fn decide(&mut self) {
        let group = std::mem::take(&mut self.group);
        let (starts, ends): (Vec<Event>, Vec<Event>) =
            group.into_iter().partition(|event| event.slot == Slot::After);
        for event in starts {
            // Without the key's value nothing tells which end is its own.
            let Some(key) = event.key.clone() else { continue };
            let place = Place::of(&event);
            let (open, gone) = self.open.entry(&key);
            open.get_or_insert_with(|| Start {
                place,
                occurrence: event.occurrence,
                doubt: None,
            });
            self.given_up.extend(gone.flatten().map(|start| start.occurrence));
        }
        for event in ends {
            let place = Place::of(&event);
            *self.ends.entry(place.log).or_default() += 1;
            let Some(key) = event.key else { continue };
            let own = self.open.get_mut(&key).and_then(|start| start.as_ref());
            if own.is_some_and(|start| !place.is_before(start.place, self.across)) {
                self.open.remove(&key);
            }
        }
    }

    pub(super) fn end<'t>(mut self, logs: &dyn Fn(usize) -> LogTimes<'t>, out: &mut Outcome) {
        self.decide();
        self.tell_given_up(out);
        let (across, nanos) = (self.across, self.nanos);
        let ends = self.ends;
        for start in self.open.into_values().flatten() {
            // Across logs the end may come in any log that shows ends.
            let last = match across {
                Across::Log => logs(start.place.log).last,
                Across::Sources => ends.keys().map(|log| logs(*log).last).min().flatten(),
            };
            let doubt = match (start.doubt, latest(&start.occurrence.sighting), last) {
                (Some(doubt), _, _) => Some(doubt),
                (None, _, _) if across == Across::Sources && ends.is_empty() => Some(Doubt::NeverSeen),
                (None, None, _) => Some(Doubt::Undated),
                (None, Some(began), Some(last))
                    if last.saturating_sub(began) > nanos.saturating_add(SLACK) =>
                {
                    // The end may have stood in any of these.
                    let own = std::iter::once(&start.place.log);
                    let mut cut = own.chain(ends.keys().filter(|_| across == Across::Sources));
                    cut.any(|log| has_gap(logs(*log), began)).then_some(Doubt::Gap)
                }
                (None, Some(_), _) => Some(Doubt::StillPossible),
            };
            match doubt {
                Some(doubt) => out.open.push((doubt, start.occurrence)),
                None => out.fired.push(start.occurrence),
            }
        }
    }
}
