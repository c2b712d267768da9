//! `rate`: so many more records in a window than the log's past leads one to expect, for each key.

use std::collections::VecDeque;

use super::keyed::Keyed;
use super::{Event, LogTimes, Outcome};
use crate::detect::tally::Occurrence;
use crate::signature::condition::Rate;

/// Most records of one window that are counted for one key.
const MOST_TIMES: usize = 100_000;

#[derive(Debug)]
pub(in crate::detect) struct RateState {
    nanos: i64,
    times: f64,
    at_least: usize,
    by_key: Keyed<Window>,
}

#[derive(Debug, Default)]
struct Window {
    /// Times of its records.
    times: VecDeque<i64>,
    /// The last ones, so many as must come at least.
    waiting: VecDeque<Occurrence>,
    /// Records before it.
    before: u64,
    /// It has fired, and has been full since.
    fired: bool,
}

impl RateState {
    pub(super) fn new(rate: &Rate) -> RateState {
        RateState {
            nanos: rate.within.nanos(),
            times: rate.times,
            at_least: rate.at_least as usize,
            by_key: Keyed::default(),
        }
    }

    pub(super) fn take(&mut self, event: Event, log: LogTimes<'_>, out: &mut Outcome) {
        let (Some(time), Some(began)) = (event.occurrence.sighting.time.at, log.first) else {
            return;
        };
        let (window, _) = self.by_key.entry(event.key.as_deref().unwrap_or_default());
        window.times.push_back(time);
        while let Some(first) = window.times.front()
            && (time.saturating_sub(*first) > self.nanos || window.times.len() > MOST_TIMES)
        {
            window.times.pop_front();
            window.before += 1;
        }
        window.fired &= window.times.len() >= self.at_least;
        if window.fired {
            out.fired.push(event.occurrence);
            return;
        }
        window.waiting.push_back(event.occurrence);
        while window.waiting.len() > self.at_least {
            window.waiting.pop_front();
        }
        let past = time.saturating_sub(self.nanos).saturating_sub(began);
        // A past shorter than one window says little.
        if window.times.len() < self.at_least || past < self.nanos {
            return;
        }
        let expected = window.before as f64 * (self.nanos as f64 / past as f64);
        if window.times.len() as f64 >= self.times * expected {
            window.fired = true;
            out.fired.extend(window.waiting.drain(..));
        }
    }
}
