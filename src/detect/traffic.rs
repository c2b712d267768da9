//! All requests of an access log about the time of an incident, by status class, endpoint and minute.
//!
//! In: requests of a log that is read a second time, and what is asked of that log ([`Asked`]). Out: [`Counted`]. What is kept of
//! them has a bound, and the result does not depend on how the log was cut. [`count`] finds the requests of a block.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::minutes::Minutes;
use super::requests::MOST_ENDPOINTS;
use super::tally::Place;
use crate::record::time::turns::Turn;
use crate::signature::condition::StatusRange;

pub mod count;
mod sums;

/// Requests by the first digit of their status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Classes([u64; 7]);

/// The classes' names: below 100, 100 to 199, ..., 500 to 599, more.
const CLASSES: [&str; 7] = ["invalid", "1xx", "2xx", "3xx", "4xx", "5xx", "other"];

impl Classes {
    /// One request that was answered with `status`.
    pub fn of(status: u16) -> Classes {
        let mut classes = Classes::default();
        classes.0[usize::from(status / 100).min(6)] = 1;
        classes
    }

    /// So many times each.
    pub fn times(mut self, count: u64) -> Classes {
        self.0.iter_mut().for_each(|own| *own *= count);
        self
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Those that failed: 500 to 599, and no valid status.
    pub fn failed(&self) -> u64 {
        self.0[0] + self.0[5]
    }

    /// Classes with a request, by name.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let named = CLASSES.into_iter().zip(self.0);
        named.filter(|(_, count)| *count > 0)
    }
}

impl AddAssign<&Classes> for Classes {
    fn add_assign(&mut self, other: &Classes) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own += other;
        }
    }
}

/// Failed requests that another incident explains: of which status, from when to when.
pub type Theirs = (StatusRange, i64, i64);

/// A stretch of time with what lies before and after it, in UTC nanoseconds by the log's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Number of the incident.
    pub incident: usize,
    /// What others explain is not counted.
    pub theirs: Vec<Theirs>,
    /// Where "before" begins.
    pub before: i64,
    /// Where "during" begins.
    pub from: i64,
    /// The last instant of "during".
    pub to: i64,
    /// The last instant of "after".
    pub after: i64,
}

impl Stretch {
    fn is_theirs(&self, status: u16, time: i64) -> bool {
        let mut theirs = self.theirs.iter();
        theirs.any(|(range, from, to)| {
            (range.from..=range.to).contains(&status) && (*from..=*to).contains(&time)
        })
    }

    /// 0 before, 1 during, 2 after.
    fn phase(&self, time: i64) -> Option<usize> {
        let within = (self.before..=self.after).contains(&time);
        within.then(|| usize::from(time >= self.from) + usize::from(time > self.to))
    }
}

/// What is asked of a source.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its number.
    pub source: usize,
    /// The stretches that matter.
    pub stretches: Vec<Stretch>,
    /// Where the first reading began, and how many bytes it read: what was added since does not count.
    pub read: (u64, u64),
    /// How its stamps were read.
    pub turns: Vec<Turn>,
    /// What was read first, and last; the log is another one if this is not found again.
    pub ends: [Option<Place>; 2],
}

/// Some requests of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests {
    /// How many.
    pub classes: Classes,
    /// The first and the last one in the log.
    pub ends: Option<[Place; 2]>,
    /// The earliest and the latest time of them, in UTC nanoseconds.
    pub times: Option<[i64; 2]>,
}

impl Requests {
    fn add(&mut self, classes: Classes, ends: [Place; 2], times: Option<[i64; 2]>) {
        self.classes += &classes;
        if let Some([first, last]) = times {
            let [earliest, latest] = self.times.get_or_insert([first, last]);
            (*earliest, *latest) = ((*earliest).min(first), (*latest).max(last));
        }
        let known = self.ends.get_or_insert(ends);
        if ends[0].is_before(&known[0]) {
            known[0] = ends[0];
        }
        if known[1].is_before(&ends[1]) {
            known[1] = ends[1];
        }
    }

    /// Adds those of another part of the log.
    pub fn merge(&mut self, other: &Requests) {
        if let Some(ends) = other.ends {
            self.add(other.classes, ends, other.times);
        }
    }
}

/// The requests of a log about one incident.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Before, during and after it.
    pub phases: [Requests; 3],
    /// Failed requests during it that another incident explains; they are counted nowhere else here.
    pub theirs: u64,
    /// In each minute.
    pub minutes: Minutes<Classes>,
    /// The same three for each endpoint.
    pub by_endpoint: BTreeMap<String, [Classes; 3]>,
    /// The three for all other endpoints, which are too many.
    pub others: [Classes; 3],
}

impl Traffic {
    fn add_endpoint(&mut self, endpoint: &str, added: &[Classes; 3]) {
        match self.by_endpoint.get_mut(endpoint) {
            Some(known) => add_all(known, added),
            None => {
                self.by_endpoint.insert(endpoint.to_owned(), *added);
            }
        }
        // As for failed requests: those that come first in the order of the text stay.
        if self.by_endpoint.len() > MOST_ENDPOINTS
            && let Some((_, last)) = self.by_endpoint.pop_last()
        {
            add_all(&mut self.others, &last);
        }
    }

    /// Adds those of another part of the log.
    pub fn merge(&mut self, other: &Traffic) {
        for (own, other) in self.phases.iter_mut().zip(&other.phases) {
            own.merge(other);
        }
        self.theirs += other.theirs;
        self.minutes.merge(&other.minutes);
        for (endpoint, added) in &other.by_endpoint {
            self.add_endpoint(endpoint, added);
        }
        add_all(&mut self.others, &other.others);
    }

    /// Moves its times back, by nanoseconds.
    pub fn shift(&mut self, by: i64) {
        self.minutes.shift(by);
        let times = self.phases.iter_mut().filter_map(|phase| phase.times.as_mut());
        for time in times.flatten() {
            *time = time.saturating_sub(by);
        }
    }
}

fn add_all(own: &mut [Classes; 3], other: &[Classes; 3]) {
    for (own, other) in own.iter_mut().zip(other) {
        *own += other;
    }
}

/// What was counted in a source, or a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// By the service that logged them and the number of the incident.
    pub traffic: BTreeMap<(Option<String>, usize), Traffic>,
    /// Requests whose lines state no time, by service.
    pub undated: BTreeMap<Option<String>, Requests>,
    /// Lines read.
    pub lines: u64,
    /// How many of the ends that were asked for were found again.
    pub found_ends: usize,
}

impl Counted {
    /// Adds what was counted in the next part of the source.
    pub fn merge(&mut self, mut later: Counted) {
        let above = self.lines;
        later.places(|place| place.line += above);
        for (key, traffic) in &later.traffic {
            self.traffic.entry(key.clone()).or_default().merge(traffic);
        }
        for (service, requests) in &later.undated {
            self.undated.entry(service.clone()).or_default().merge(requests);
        }
        self.lines += later.lines;
        self.found_ends += later.found_ends;
    }

    fn places(&mut self, mut change: impl FnMut(&mut Place)) {
        let phases = self.traffic.values_mut().flat_map(|traffic| &mut traffic.phases);
        let all = phases.chain(self.undated.values_mut());
        all.filter_map(|requests| requests.ends.as_mut())
            .flatten()
            .for_each(&mut change);
    }
}
