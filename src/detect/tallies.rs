//! The tallies of all findings, told apart by what they are about, where they stand and when they were written.
//!
//! In: occurrences, in any grouping. Out: one [`Tally`] for each [`Subject`]. The number of subjects has a
//! bound for each signature: beyond it they are told apart less finely, first by time, then by log, by target and
//! by service. The result does not depend on the grouping, since each step only joins what the one before told apart.

use std::collections::BTreeMap;

use super::placed::Places;
use super::tally::{Occurrence, Tally};

/// Most tallies of one signature.
const MOST_TALLIES: usize = 96;

/// The finest step of time, in nanoseconds.
const STEP: i64 = 60_000_000_000;

/// So often the step of time is doubled before time is given up (31 days).
const DOUBLINGS: u8 = 16;

/// What makes a tally of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Number of the signature in the library.
    pub signature: usize,
    /// The program says that it went on: a stack trace below a warning or a calmer line.
    pub handled: bool,
    /// The service that the records are *about*, where the pattern captures one: two services that
    /// end unexpectedly are two findings.
    pub about: Option<String>,
    /// What the records were aimed at, where the pattern captures that: the address that refused a connection.
    pub target: Option<String>,
    /// The log in which they stand, by the number of its first source. Blocks do not know it yet.
    pub log: Option<usize>,
    /// The step of time in which they were written; nothing for those without a time.
    pub step: Option<i64>,
}

impl Subject {
    /// Everything that was found of a signature, nothing told apart.
    pub fn of(signature: usize, handled: bool) -> Subject {
        Subject {
            signature,
            handled,
            about: None,
            target: None,
            log: None,
            step: None,
        }
    }

    /// What is left of it at a coarser level.
    fn at(mut self, from: u8, to: u8) -> Subject {
        self.step = match self.step {
            Some(step) if to <= DOUBLINGS => Some(step.div_euclid(1 << (to - from))),
            _ => None,
        };
        self.log = self.log.filter(|_| to <= DOUBLINGS + 1);
        self.target = self.target.filter(|_| to <= DOUBLINGS + 2);
        self.about = self.about.filter(|_| to <= DOUBLINGS + 3);
        self
    }
}

/// Tallies by subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tallies {
    by_subject: BTreeMap<Subject, Tally>,
    /// How coarsely signatures are told apart that have many tallies: doublings of the step, then one more for each of
    /// time, log, target and service that is given up.
    levels: BTreeMap<(usize, bool), u8>,
}

impl Tallies {
    /// Adds one occurrence; its time decides on the subject's step.
    pub fn add(&mut self, subject: Subject, occurrence: Occurrence) {
        let step = occurrence.sighting.time.at.map(|at| at.div_euclid(STEP));
        let subject = self.known(Subject { step, ..subject }, 0);
        match self.by_subject.get_mut(&subject) {
            Some(tally) => tally.add(occurrence),
            None => self.insert(subject, Tally::of(occurrence)),
        }
    }

    /// Adds all of another's, which stand in `log` if that is some, else where they say.
    pub fn merge(&mut self, other: Tallies, log: Option<usize>) {
        for (key, level) in &other.levels {
            self.coarsen(*key, *level);
        }
        for (subject, tally) in other.by_subject {
            let level = other.levels.get(&(subject.signature, subject.handled));
            let log = log.or(subject.log);
            let subject = self.known(Subject { log, ..subject }, level.copied().unwrap_or_default());
            match self.by_subject.get_mut(&subject) {
                Some(known) => known.merge(tally),
                None => self.insert(subject, tally),
            }
        }
    }

    fn level(&self, signature: usize, handled: bool) -> u8 {
        self.levels
            .get(&(signature, handled))
            .copied()
            .unwrap_or_default()
    }

    fn known(&self, subject: Subject, level: u8) -> Subject {
        let own = self.level(subject.signature, subject.handled).max(level);
        subject.at(level, own)
    }

    fn insert(&mut self, subject: Subject, tally: Tally) {
        let key = (subject.signature, subject.handled);
        self.by_subject.insert(subject, tally);
        while self.of(key).count() > MOST_TALLIES {
            self.coarsen(key, self.level(key.0, key.1) + 1);
        }
    }

    /// The subjects of a signature.
    fn of(&self, (signature, handled): (usize, bool)) -> impl Iterator<Item = (&Subject, &Tally)> {
        self.by_subject
            .range(Subject::of(signature, handled)..)
            .take_while(move |(subject, _)| subject.signature == signature && subject.handled == handled)
    }

    /// Tells the tallies of a signature apart as coarsely as `level`, or more so.
    fn coarsen(&mut self, key: (usize, bool), level: u8) {
        let before = self.level(key.0, key.1);
        if level <= before {
            return;
        }
        self.levels.insert(key, level);
        let own: Vec<Subject> = self.of(key).map(|(subject, _)| subject.clone()).collect();
        for subject in own {
            if let Some(tally) = self.by_subject.remove(&subject) {
                match self.by_subject.entry(subject.at(before, level)) {
                    std::collections::btree_map::Entry::Occupied(known) => known.into_mut().merge(tally),
                    std::collections::btree_map::Entry::Vacant(free) => {
                        free.insert(tally);
                    }
                }
            }
        }
    }

    /// All tallies, in the order of their subjects.
    pub fn iter(&self) -> impl Iterator<Item = (&Subject, &Tally)> {
        self.by_subject.iter()
    }

    /// The tallies of one signature.
    pub fn of_signature(&self, signature: usize) -> impl Iterator<Item = &Tally> {
        [false, true]
            .into_iter()
            .flat_map(move |handled| self.of((signature, handled)))
            .map(|(_, tally)| tally)
    }

    /// The signatures that were found, some several times.
    pub fn signatures(&self) -> impl Iterator<Item = usize> {
        self.by_subject.keys().map(|subject| subject.signature)
    }

    /// As [`Tally::seal`].
    pub(super) fn seal(&mut self, seal: impl Fn(&mut Occurrence)) {
        for tally in self.by_subject.values_mut() {
            tally.seal(&seal);
        }
    }

    /// Moves all times back, by nanoseconds, and gives times to records without one.
    pub(super) fn set_times(&mut self, by: i64, known: Option<&Places>) {
        if by == 0 && known.is_none() {
            return;
        }
        for (subject, mut tally) in std::mem::take(&mut self.by_subject) {
            tally.shift(by);
            if let Some(known) = known {
                tally.place(known);
            }
            let level = self.level(subject.signature, subject.handled);
            let first = tally.first().sighting.time.at.filter(|_| level <= DOUBLINGS);
            let step = first.map(|at| at.div_euclid(STEP).div_euclid(1 << level));
            let subject = Subject { step, ..subject };
            match self.by_subject.get_mut(&subject) {
                Some(known) => known.merge(tally),
                None => {
                    self.by_subject.insert(subject, tally);
                }
            }
        }
    }

    /// Turns line numbers of a block into those of its source.
    pub(super) fn move_down(&mut self, lines_above: Option<u64>) {
        for tally in self.by_subject.values_mut() {
            tally.move_down(lines_above);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tally::Sighting;
    use super::*;
    use crate::digest::Digest;
    use crate::record::{Time, TimeQuality};

    fn occurrence(second: i64, about: u8) -> (Subject, Occurrence) {
        let time = Time {
            at: Some(second * 1_000_000_000),
            until: None,
            quality: TimeQuality::Written,
        };
        let sighting = Sighting {
            time,
            source: 0,
            offset: second as u64,
            line: 1,
        };
        let about = Some(format!("service-{about}"));
        let occurrence = Occurrence {
            sighting,
            bytes: 1,
            matched_line: 1,
            level: None,
            service: None,
            host: None,
            about: about.clone(),
            captures: Vec::new(),
            keys: Vec::new(),
            digest: Digest::of(b""),
            column: None,
            excerpt: Vec::new(),
        };
        let subject = Subject {
            about,
            ..Subject::of(3, false)
        };
        (subject, occurrence)
    }

    proptest! {
        #[test]
        fn grouping_does_not_matter(all in prop::collection::vec((0_i64..4_000_000, 0_u8..120), 1..400), cut in 0_usize..400) {
            let of = |all: &[(i64, u8)]| {
                let mut tallies = Tallies::default();
                for (second, about) in all {
                    let (subject, occurrence) = occurrence(*second, *about);
                    tallies.add(subject, occurrence);
                }
                tallies
            };
            let cut = cut.min(all.len());
            let mut whole = Tallies::default();
            whole.merge(of(&all), Some(7));
            let mut parts = Tallies::default();
            parts.merge(of(&all[cut..]), Some(7));
            parts.merge(of(&all[..cut]), Some(7));
            prop_assert!(whole.by_subject.len() <= MOST_TALLIES);
            prop_assert_eq!(whole, parts);
        }
    }
}
