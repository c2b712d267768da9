//! The tallies of all findings, told apart by what they are about.
//!
//! In: occurrences, in any grouping. Out: one [`Tally`] for each [`Subject`]. The number of subjects has a
//! bound, and the result does not depend on the grouping.

use std::collections::{BTreeMap, BTreeSet};

use super::tally::{Occurrence, Tally};
use crate::digest::Digest;

/// Most services that the findings of one signature are told apart by.
const MOST_SERVICES: usize = 32;

/// What makes a finding of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Number of the signature in the library.
    pub signature: usize,
    /// The program says that it went on: a stack trace below a warning or a calmer line.
    pub handled: bool,
    /// The service that the records are *about*, where the pattern captures one: two services that
    /// end unexpectedly are two findings.
    pub about: Option<String>,
}

/// Tallies by subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tallies {
    by_subject: BTreeMap<Subject, Tally>,
    /// Signatures that are about too many services to tell them apart.
    joined: BTreeSet<(usize, bool)>,
}

impl Tallies {
    /// Adds one occurrence.
    pub fn add(&mut self, subject: Subject, occurrence: Occurrence) {
        let subject = self.known(subject);
        match self.by_subject.get_mut(&subject) {
            Some(tally) => tally.add(occurrence),
            None => self.insert(subject, Tally::of(occurrence)),
        }
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: Tallies) {
        for (signature, handled) in other.joined {
            self.join(signature, handled);
        }
        for (subject, tally) in other.by_subject {
            let subject = self.known(subject);
            match self.by_subject.get_mut(&subject) {
                Some(known) => known.merge(tally),
                None => self.insert(subject, tally),
            }
        }
    }

    fn known(&self, mut subject: Subject) -> Subject {
        if self.joined.contains(&(subject.signature, subject.handled)) {
            subject.about = None;
        }
        subject
    }

    fn insert(&mut self, subject: Subject, tally: Tally) {
        let (signature, handled) = (subject.signature, subject.handled);
        self.by_subject.insert(subject, tally);
        let services = self
            .by_subject
            .keys()
            .filter(|known| known.signature == signature && known.handled == handled && known.about.is_some())
            .count();
        if services > MOST_SERVICES {
            self.join(signature, handled);
        }
    }

    fn join(&mut self, signature: usize, handled: bool) {
        if !self.joined.insert((signature, handled)) {
            return;
        }
        let own = |subject: &Subject| subject.signature == signature && subject.handled == handled;
        let apart: Vec<Subject> = self
            .by_subject
            .keys()
            .filter(|subject| own(subject))
            .cloned()
            .collect();
        for subject in apart {
            if let Some(tally) = self.by_subject.remove(&subject) {
                let joined = Subject {
                    about: None,
                    ..subject
                };
                match self.by_subject.get_mut(&joined) {
                    Some(known) => known.merge(tally),
                    None => {
                        self.by_subject.insert(joined, tally);
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
        self.by_subject
            .iter()
            .filter(move |(subject, _)| subject.signature == signature)
            .map(|(_, tally)| tally)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_subject.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.by_subject.is_empty()
    }

    /// As [`Tally::seal`].
    pub(super) fn seal(&mut self, digest_of: impl Fn(u64, u64) -> Digest) {
        for tally in self.by_subject.values_mut() {
            tally.seal(&digest_of);
        }
    }

    /// Turns line numbers of a block into those of its source.
    pub(super) fn move_down(&mut self, lines_above: u64) {
        for tally in self.by_subject.values_mut() {
            tally.move_down(lines_above);
        }
    }
}
