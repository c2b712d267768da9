//! `sequence`: chains of records that have come some steps far, for each key.
//!
//! A record takes the chain on that began last, of those that wait for it: for a window it is the best one, so
//! that no sequence is overlooked. A record that stands in a chain that has fired stands in no other.

use super::keyed::Keyed;
use super::{Event, Outcome, Place, within};
use crate::detect::compile::Slot;
use crate::detect::tally::Occurrence;
use crate::signature::condition::{Across, Sequence};

/// Most chains that are open at a time for one key; the one that began first gives way.
const MOST_CHAINS: usize = 32;

#[derive(Debug)]
pub(in crate::detect) struct SequenceState {
    steps: usize,
    nanos: i64,
    across: Across,
    open: Keyed<Vec<Chain>>,
    /// Events whose order is not certain: those of one record or, across logs, of one instant.
    group: Vec<Event>,
}

/// The first steps of a sequence. There is always one.
#[derive(Debug, Clone)]
struct Chain(Vec<(Place, Occurrence)>);

impl Chain {
    fn first(&self) -> Option<Place> {
        self.0.first().map(|(place, _)| *place)
    }

    fn last(&self) -> Option<Place> {
        self.0.last().map(|(place, _)| *place)
    }

    fn holds(&self, place: Place) -> bool {
        self.0.iter().any(|(own, _)| own.is_same_record(place))
    }
}

impl SequenceState {
    pub(super) fn new(sequence: &Sequence) -> SequenceState {
        SequenceState {
            steps: sequence.steps.len(),
            nanos: sequence.within.nanos(),
            across: sequence.across,
            open: Keyed::default(),
            group: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, event: Event, out: &mut Outcome) {
        let place = Place::of(&event);
        let beside = |other: &Event| place.is_beside(Place::of(other), self.across);
        if !self.group.iter().all(beside) {
            self.decide(out);
        }
        self.group.push(event);
    }

    pub(super) fn end(mut self, out: &mut Outcome) {
        self.decide(out);
    }

    /// Decides what the events of the group mean.
    fn decide(&mut self, out: &mut Outcome) {
        let group = std::mem::take(&mut self.group);
        let (between, steps): (Vec<Event>, Vec<Event>) =
            group.into_iter().partition(|event| event.slot == Slot::Between);
        let mut keys: Vec<String> = steps.iter().filter_map(|event| event.key.clone()).collect();
        for event in &between {
            match &event.key {
                Some(key) => keys.push(key.clone()),
                // Without the key's value it stands between the steps of all.
                None => keys.extend(self.open.keys()),
            }
        }
        keys.sort();
        keys.dedup();
        for key in keys {
            let of_key = |event: &&Event| event.key.as_ref() == Some(&key);
            let steps: Vec<&Event> = steps.iter().filter(of_key).collect();
            let ruled_out = between
                .iter()
                .filter(|event| event.key.is_none() || of_key(event));
            let ruled_out: Vec<Place> = ruled_out.map(Place::of).collect();
            self.decide_key(&key, &steps, &ruled_out, out);
        }
    }

    fn decide_key(&mut self, key: &str, steps: &[&Event], ruled_out: &[Place], out: &mut Outcome) {
        if let Some(step) = steps.first() {
            let (now, old) = (step.occurrence.sighting.time.at, self.nanos.saturating_mul(2));
            self.open.expire(|chains| {
                let begun = chains.iter().filter_map(Chain::first);
                begun.into_iter().any(|first| within(first.time, now, old))
            });
        }
        let mut chains = match steps.is_empty() {
            true => self.open.get_mut(key).map(std::mem::take).unwrap_or_default(),
            false => std::mem::take(self.open.entry(key).0),
        };
        for step in 0..self.steps {
            for event in steps.iter().filter(|event| event.slot == Slot::Step(step)) {
                self.step(step, event, &mut chains);
            }
        }
        let stands_between = |chain: &Chain, last: Option<Place>| {
            chain.first().is_some_and(|first| {
                ruled_out.iter().any(|place| {
                    let behind =
                        |last: Place| place.is_same_record(last) || last.is_before(*place, self.across);
                    !place.is_same_record(first)
                        && !place.is_before(first, self.across)
                        && !last.is_some_and(behind)
                })
            })
        };
        let mut at = 0;
        while let Some(chain) = chains.get(at) {
            if chain.0.len() < self.steps {
                at += 1;
                continue;
            }
            let chain = chains.remove(at);
            if stands_between(&chain, chain.last()) {
                continue;
            }
            chains.retain(|other| !chain.0.iter().any(|(place, _)| other.holds(*place)));
            out.fired
                .extend(chain.0.into_iter().map(|(_, occurrence)| occurrence));
            at = 0;
        }
        chains.retain(|chain| !stands_between(chain, None));
        let too_many = chains.len().saturating_sub(MOST_CHAINS);
        chains.drain(..too_many);
        if chains.is_empty() {
            self.open.remove(key);
        } else if let Some(open) = self.open.get_mut(key) {
            *open = chains;
        }
    }

    /// Lets a record be a step: the first of a new chain, or the next of the chain that began last.
    fn step(&self, step: usize, event: &Event, chains: &mut Vec<Chain>) {
        let place = Place::of(event);
        let record = (place, event.occurrence.clone());
        chains.retain(|chain| {
            chain
                .first()
                .is_some_and(|first| within(first.time, place.time, self.nanos))
        });
        if step == 0 {
            chains.push(Chain(vec![record]));
            return;
        }
        let waits = |chain: &&mut Chain| {
            let follows = |last: Place| !last.is_same_record(place) && !place.is_before(last, self.across);
            chain.0.len() == step && chain.last().is_some_and(follows)
        };
        // Chains stand in the order in which they began.
        if let Some(chain) = chains.iter_mut().rev().find(waits) {
            chain.0.push(record);
        }
    }
}
