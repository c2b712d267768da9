//! Logs that stopped while others of their system went on, as findings.
//!
//! In: what was detected. Out: tallies for the pages that ask for it (`silent-log`), each with the last record of a log. That a log
//! ends says little, so much must come together: it had a steady pace, another log of the system was there before and
//! goes on all the time, and nothing explains the end: no stop, no death, no farewell, no other failure at its end, no
//! log that takes over, no loss, no clock that is set differently.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::system::systems;
use crate::detect::collect::Detected;
use crate::detect::ending::Ending;
use crate::detect::explain::words::span;
use crate::detect::life::Turn;
use crate::detect::pace::Pace;
use crate::detect::tallies::Subject;
use crate::input::Source;
use crate::input::rotation::live_name;
use crate::record::time::range::Range;
use crate::signature::condition::{OF_SILENT_LOG, SilentLog};
use crate::signature::{Library, Role};

/// So many of the last pauses show the pace of a log.
const LAST_PAUSES: usize = 32;

/// None of them is so many times longer than the usual one.
const STEADY: i64 = 4;

/// The silence is at most so many times as long as the time before it.
const MOST_SILENCE: i64 = 4;

/// Times that are a clock's difference agree so well, in nanoseconds.
const SAME: i64 = 120_000_000_000;

/// A log that stopped.
struct Stopped<'d> {
    pace: &'d Pace,
    ending: &'d Ending,
    /// When its last line was written, and until when the other goes on, in UTC nanoseconds.
    silent: (i64, i64),
    /// The longest of its last pauses, in nanoseconds.
    longest: i64,
    /// The first source of a log that goes on.
    other: usize,
}

/// What is looked at.
struct Looking<'d> {
    detected: &'d Detected,
    library: &'d Library,
    sources: &'d [Arc<Source>],
    systems: Vec<usize>,
}

/// Adds what the pages ask for. `sources` have been read whole, but for what lies outside of `range`.
pub fn add(detected: &mut Detected, library: &Library, sources: &[Arc<Source>], range: &Range) {
    let looking = Looking {
        detected,
        library,
        sources,
        systems: systems(sources.iter().map(Arc::as_ref)),
    };
    let mut found = Vec::new();
    for (number, signature) in library.signatures().iter().enumerate() {
        let Some(wanted) = &signature.condition.silent_log else {
            continue;
        };
        let stopped = detected
            .paces
            .iter()
            .filter_map(|pace| looking.stopped(pace, wanted));
        found.extend(stopped.map(|stopped| {
            let mut last = stopped.ending.last.clone();
            last.captures = looking.captures(&stopped, range);
            let subject = Subject {
                about: last.service.clone(),
                log: Some(stopped.pace.began),
                ..Subject::of(number, false)
            };
            last.about.clone_from(&subject.about);
            (subject, last)
        }));
    }
    for (subject, last) in found {
        detected.tallies.add(subject, last);
    }
}

impl<'d> Looking<'d> {
    fn stopped(&self, pace: &'d Pace, wanted: &SilentLog) -> Option<Stopped<'d>> {
        let ending = self.detected.endings.get(&pace.last)?;
        let facts = self.detected.sources.get(pace.last)?;
        let format = facts.format.unwrap_or_default();
        // Requests come from outside; that none come says nothing of the program.
        if ending.is_said || pace.lost || format.is_access() || self.is_a_piece(pace.last) {
            return None;
        }
        let longest = steady(pace, wanted.at_least as usize)?;
        let (first, last) = (*pace.times.first()?, *pace.times.last()?);
        let pause = longest
            .saturating_mul(i64::from(wanted.times))
            .max(wanted.longer_than.nanos());
        let others = self.detected.paces.iter().filter(|other| {
            other.began != pace.began
                && self.systems.get(other.began) == self.systems.get(pace.began)
                && !is_same_moved(pace, other)
        });
        let others: Vec<&Pace> = others.collect();
        let (until, other) = others
            .iter()
            .filter_map(|other| Some((*other.times.last()?, *other)))
            .filter(|(until, other)| other.goes_on(last, *until) && other.goes_on(first, last))
            .max_by_key(|(until, other)| (*until, std::cmp::Reverse(other.began)))?;
        let (active, silent) = (last.saturating_sub(first), until.saturating_sub(last));
        if silent < pause || active < wanted.longer_than.nanos() || silent / MOST_SILENCE > active {
            return None;
        }
        let near = last.saturating_sub(pause)..=last.saturating_add(pause);
        let takes_over = |other: &&Pace| {
            let begins = other.times.first();
            begins.is_some_and(|begins| *begins > first && near.contains(begins))
        };
        if others.iter().any(takes_over) || self.is_explained(pace, ending, &near) {
            return None;
        }
        Some(Stopped {
            pace,
            ending,
            silent: (last, until),
            longest,
            other: other.began,
        })
    }

    /// Whether it is a piece of a rotated log of which a later one is not here, or was packed away.
    fn is_a_piece(&self, source: usize) -> bool {
        let name = &self.sources[source].name;
        let file = name.rsplit('/').next().unwrap_or(name);
        live_name(file) != file
    }

    /// Whether something else was found at its end.
    fn is_explained(&self, pace: &Pace, ending: &Ending, near: &RangeInclusive<i64>) -> bool {
        let is_near = |at: Option<i64>| at.is_some_and(|at| near.contains(&at));
        let system = self.systems.get(pace.began);
        let lives = self.detected.lives.0.iter();
        let mut ended = lives.filter(|life| matches!(life.turn, Turn::Died | Turn::Stopped));
        if ended.any(|life| is_near(life.sighting.time.at)) {
            return true;
        }
        self.detected.tallies.iter().any(|(subject, tally)| {
            let signature = &self.library.signatures()[subject.signature];
            let stops = signature
                .tags
                .iter()
                .any(|tag| tag == "stop" || tag == "shutdown");
            let trouble = matches!(signature.role, Role::Cause | Role::Symptom);
            let about_it = subject.about.is_some() && subject.about == ending.last.service;
            tally.samples.iter().chain([&tally.last]).any(|one| {
                let source = one.sighting.source;
                let own = (pace.began..=pace.last).contains(&source);
                let of_system = self.systems.get(source) == system;
                let matters = (stops && of_system) || (trouble && (own || (of_system && about_it)));
                matters && is_near(one.sighting.time.at)
            })
        })
    }

    fn captures(&self, stopped: &Stopped<'_>, range: &Range) -> Vec<(String, String)> {
        let Stopped { pace, longest, .. } = stopped;
        let name = |source: usize| self.sources.get(source).map(|source| source.name.clone());
        let lines: u64 = self.detected.sources[pace.began..=pace.last]
            .iter()
            .map(|facts| facts.lines)
            .sum();
        let active = stopped.silent.0 - pace.times.first().copied().unwrap_or_default();
        // Lines outside of the range are counted, too.
        let every = (*range == Range::default() && lines > 1).then(|| active / (lines as i64 - 1));
        let values = [
            name(pace.last),
            Some(span(*longest)),
            Some(span(stopped.silent.1 - stopped.silent.0)),
            name(stopped.other),
            every.map(span),
        ];
        let named = OF_SILENT_LOG.iter().zip(values);
        named
            .filter_map(|(name, value)| Some(((*name).to_owned(), value?)))
            .collect()
    }
}

/// The longest of the last pauses, if there are enough and they are alike.
fn steady(pace: &Pace, at_least: usize) -> Option<i64> {
    let pauses = pace.pauses()?;
    // The last line stands closer to the last sample than samples stand to one another.
    let sampled = &pauses[..pauses.len().checked_sub(1)?];
    let mut last = sampled[sampled.len().saturating_sub(LAST_PAUSES)..].to_vec();
    last.sort_unstable();
    let (usual, longest) = (*last.get(last.len() / 2)?, *last.last()?);
    (last.len() >= at_least && longest > 0 && longest <= usual.saturating_mul(STEADY)).then_some(longest)
}

/// Whether both seem to cover the same time by clocks that differ: one begins as much earlier as it ends.
fn is_same_moved(own: &Pace, other: &Pace) -> bool {
    let difference = |own: Option<&i64>, other: Option<&i64>| Some(other?.saturating_sub(*own?));
    let begins = difference(own.times.first(), other.times.first());
    let ends = difference(own.times.last(), other.times.last());
    begins
        .zip(ends)
        .is_some_and(|(begins, ends)| ends.abs_diff(begins) <= SAME.max(ends / 10).unsigned_abs())
}
