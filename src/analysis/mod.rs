//! Analysis: from occurrences to a story.
//!
//! In: [`Detected`] and the library. Out: an [`Analysis`]: findings in the order in which they were first
//! seen, which of them brought about which, and the incidents they make up. It says only what the
//! signatures declare and the order of records confirms; where that is not enough it names no cause.

use std::collections::{BTreeMap, BTreeSet};

use crate::detect::collect::Detected;
use crate::detect::tally::Tally;
use crate::report::model::Confidence;
use crate::signature::{Library, Role, Severity, Signature};

pub mod assess;
pub mod cause;
mod keys;

/// One signature that was found.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// What was found.
    pub signature: &'a Signature,
    /// Where and how often.
    pub tally: &'a Tally,
    /// Its part in this story: the page's, or handled.
    pub role: Role,
    /// The service that it is about, where the pattern captures one.
    pub about: Option<&'a str>,
}

impl Found<'_> {
    /// The page's severity; what was handled is low.
    pub fn severity(&self) -> Severity {
        match self.role {
            Role::Handled => self.signature.severity.min(Severity::Low),
            _ => self.signature.severity,
        }
    }

    /// Whether it is part of what went wrong, rather than of what went on.
    pub fn is_trouble(&self) -> bool {
        matches!(self.role, Role::Cause | Role::Symptom)
    }
}

/// Finding `from` brought about finding `to` (numbers in [`Analysis::found`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The cause.
    pub from: usize,
    /// The effect.
    pub to: usize,
    /// How their times agree.
    pub order: Order,
    /// What both are about, e.g. `port 8000`.
    pub shared: Vec<String>,
}

/// How the times of a cause and its effect agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One of them states no times.
    Undated,
    /// The effect follows the cause.
    Agrees {
        /// From the first record of the cause to the first that it explains, in nanoseconds.
        delay: i64,
        /// Both are dated themselves, rather than bounded by their neighbours.
        exact: bool,
        /// If earlier records of the effect are not explained: the first that is, in UTC nanoseconds.
        from: Option<i64>,
    },
}

/// Findings that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The finding that explains the others.
    pub root: Option<usize>,
    /// How sure that is.
    pub confidence: Confidence,
    /// All findings: root first, then in order.
    pub members: Vec<usize>,
    /// Causes that were considered and are not the root.
    pub ruled_out: Vec<usize>,
    /// Links among the members.
    pub links: Vec<Link>,
    /// The worst severity among the members.
    pub severity: Severity,
}

/// The story.
#[derive(Debug)]
pub struct Analysis<'a> {
    /// In the order in which they were first seen.
    pub found: Vec<Found<'a>>,
    /// The worst first.
    pub incidents: Vec<Incident>,
    /// What was looked for.
    pub library: &'a Library,
}

/// Makes the story of what was detected.
pub fn analyse<'a>(detected: &'a Detected, library: &'a Library) -> Analysis<'a> {
    let mut found: Vec<Found<'a>> = detected
        .tallies
        .iter()
        .map(|(subject, tally)| {
            let signature = &library.signatures()[subject.signature];
            let trouble = matches!(signature.role, Role::Cause | Role::Symptom);
            Found {
                signature,
                tally,
                role: if subject.handled && trouble {
                    Role::Handled
                } else {
                    signature.role
                },
                about: subject.about.as_deref(),
            }
        })
        .collect();
    found.sort_by(|a, b| {
        let first = |found: &Found<'a>| found.tally.first().sighting.clone();
        first(a)
            .order(&first(b))
            .then_with(|| a.signature.id.cmp(&b.signature.id))
            .then_with(|| a.about.cmp(&b.about))
    });
    let incidents = cause::incidents(&found);
    Analysis {
        found,
        incidents,
        library,
    }
}

impl Analysis<'_> {
    /// Which signatures were found in which sources, for page sections that depend on it.
    pub fn sources_by_id(&self) -> BTreeMap<&str, BTreeSet<usize>> {
        let mut sources: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for found in &self.found {
            let own = sources.entry(&found.signature.id).or_default();
            own.extend(found.tally.sources.keys());
        }
        sources
    }
}
