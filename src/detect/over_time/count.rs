//! `count`: the records of the window that is open, for each key.

use std::collections::VecDeque;

use super::keyed::Keyed;
use super::{Event, Outcome, within};
use crate::detect::tally::Occurrence;
use crate::signature::condition::Count;

#[derive(Debug)]
pub(in crate::detect) struct CountState {
    at_least: usize,
    nanos: i64,
    open: Keyed<Open>,
}

#[derive(Debug, Default)]
struct Open {
    waiting: VecDeque<Occurrence>,
    /// Time of the last record of a burst that has fired.
    fired_at: Option<Option<i64>>,
}

impl CountState {
    #[cfg(test)]
    pub(super) fn keys(&self) -> usize {
        self.open.len()
    }

    pub(super) fn new(count: &Count) -> CountState {
        CountState {
            at_least: count.at_least as usize,
            nanos: count.within.nanos(),
            open: Keyed::default(),
        }
    }

    pub(super) fn take(&mut self, event: Event, out: &mut Outcome) {
        // Records without the key's value belong together.
        let time = event.occurrence.sighting.time.at;
        // Lines of several writers are not always in the order of their times: what is a second window old may go.
        let old = self.nanos.saturating_mul(2);
        self.open.expire(|open| {
            let last = open
                .waiting
                .back()
                .map(|last| last.sighting.time.at)
                .or(open.fired_at);
            last.is_none_or(|last| within(last, time, old))
        });
        let (open, _) = self.open.entry(event.key.as_deref().unwrap_or_default());
        if let Some(last) = open.fired_at
            && within(last, time, self.nanos)
        {
            open.fired_at = Some(time);
            out.fired.push(event.occurrence);
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
            out.fired.extend(open.waiting.drain(..));
        }
    }
}
