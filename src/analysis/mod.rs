//! Analysis: from occurrences to a story.
//!
//! In: [`Detected`], the sources and the library. Out: an [`Analysis`]: findings in the order in which they were first
//! seen, which of them brought about which, and the incidents they make up. It says only what the
//! signatures declare and the order of records confirms; where that is not enough it names no cause.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::detect::collect::Detected;
use crate::detect::tally::{Occurrence, Tally};
use crate::input::Source;
use crate::report::model::Confidence;
use crate::signature::{Library, Role, Severity, Signature};

pub mod assess;
pub mod cause;
pub mod downtime;
mod keys;
mod links;
pub mod pairing;
mod parts;
pub mod period;
pub mod recovery;
pub mod silence;
pub mod silent;
pub mod skew;
mod system;
mod trigger;
pub mod wrapping;

/// One signature that was found: all that belongs to one incident.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// What was found.
    pub signature: &'a Signature,
    /// Where and how often.
    pub tally: Tally,
    /// Its part in this story: the page's, or handled.
    pub role: Role,
    /// The service that it is about, where the pattern captures one.
    pub about: Option<String>,
    /// What all its records were aimed at, where the pattern captures one: the address that refused a connection.
    pub target: Option<String>,
    /// The system that its logs belong to.
    pub system: usize,
}

impl Found<'_> {
    /// The page's severity; what was handled is low.
    pub fn severity(&self) -> Severity {
        match self.role {
            Role::Handled => self.signature.severity.min(Severity::Low),
            _ => self.signature.severity,
        }
    }

    /// The records of it that are kept, in the order of time.
    pub fn kept(&self) -> Vec<&Occurrence> {
        let Tally { samples, last, .. } = &self.tally;
        let has_last = samples.iter().any(|one| one.sighting == last.sighting);
        samples.iter().chain((!has_last).then_some(last)).collect()
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
    /// Causes that were considered, the one with the strongest claim first.
    pub candidates: Vec<usize>,
    /// If none of them is the root: the one whose claim is as good as the first one's.
    pub rival: Option<usize>,
    /// The first record of its root and of what that explains, or else of any of it, in UTC nanoseconds: a symptom may
    /// have been seen earlier for another reason.
    pub started: Option<i64>,
    /// Changes just before it, the nearest first. They are no causes: nothing but time speaks for them.
    pub triggers: Vec<Trigger>,
    /// Links among the members.
    pub links: Vec<Link>,
    /// The worst severity among the members.
    pub severity: Severity,
}

/// A deploy, restart, stop or change of configuration just before an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The finding that it belongs to (a number in [`Analysis::found`]).
    pub found: usize,
    /// Its record.
    pub occurrence: Occurrence,
    /// How long before the first record of the incident, in nanoseconds; below 0 for one within the same second.
    pub before: i64,
    /// It is a deploy or a change of configuration, rather than a start or stop that may be an effect itself.
    pub planned: bool,
}

/// The story.
#[derive(Debug)]
pub struct Analysis<'a> {
    /// In the order in which they were first seen.
    pub found: Vec<Found<'a>>,
    /// The worst first.
    pub incidents: Vec<Incident>,
    /// The time of each of the worst.
    pub periods: Vec<period::Period>,
    /// What was looked for.
    pub library: &'a Library,
}

/// Makes the story of what was detected in `sources`.
pub fn analyse<'a>(detected: &Detected, library: &'a Library, sources: &[Arc<Source>]) -> Analysis<'a> {
    let systems = system::systems(sources.iter().map(Arc::as_ref));
    let parts = parts::parts(detected, library, &systems);
    let links = links::links(&parts, &bound_ports(detected, library));
    let incidents = cause::incidents(&parts, &links);
    let (found, mut incidents) = parts::joined(parts, incidents);
    for incident in &mut incidents {
        incident.started = started(&found, incident);
    }
    trigger::add(&found, &mut incidents, detected, library, &systems);
    let periods = period::periods(&found, &incidents, detected, &systems);
    Analysis {
        found,
        incidents,
        periods,
        library,
    }
}

/// When an incident began.
fn started(found: &[Found<'_>], incident: &Incident) -> Option<i64> {
    let explained = incident
        .root
        .map(|root| cause::reach(&incident.links, root))
        .filter(|explained| !explained.is_empty());
    let is_own = |member: usize| {
        let explained = explained.as_ref();
        explained.is_none_or(|explained| incident.root == Some(member) || explained.contains(&member))
    };
    let first = |member: usize| found[member].tally.first().sighting.time.at;
    let explained_from = |member: usize| {
        let links = incident.links.iter();
        let own: Vec<Option<i64>> = links
            .filter(|link| link.to == member && is_own(link.from))
            .map(|link| match link.order {
                Order::Agrees { from, .. } => from,
                Order::Undated => None,
            })
            .collect();
        // One that explains it whole decides.
        let parts: Option<Vec<i64>> = own.into_iter().collect();
        parts?.into_iter().min()
    };
    let own = incident.members.iter().copied().filter(|member| is_own(*member));
    own.filter_map(|member| explained_from(member).or_else(|| first(member)))
        .min()
}

/// The ports on which the programs listen that wrote each log, as they said when they were ready.
fn bound_ports(detected: &Detected, library: &Library) -> BTreeMap<usize, BTreeSet<String>> {
    let mut bound: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (subject, tally) in detected.tallies.iter() {
        let signature = &library.signatures()[subject.signature];
        // Where several programs share a log, it is not known whose port it is.
        if !signature.tags.iter().any(|tag| tag == "ready") || tally.services.values().count() > 1 {
            continue;
        }
        let values = |name: &str| {
            tally
                .captures
                .get(name)
                .into_iter()
                .flat_map(|counts| counts.values())
        };
        let ports = values("port").chain(values("address").filter_map(keys::port_of));
        let ports: BTreeSet<String> = ports.map(str::to_owned).collect();
        for source in tally.sources.keys() {
            bound.entry(*source).or_default().extend(ports.iter().cloned());
        }
    }
    bound
}

impl Analysis<'_> {
    /// Whether signature `id` was found in a log of `found` (pieces of one log have one name in `logs`),
    /// and not about another client, job, process, container or port than `found`.
    pub fn found_together(&self, found: &Found<'_>, id: &str, logs: &[String]) -> bool {
        let own: BTreeSet<&String> = found.tally.sources.keys().map(|source| &logs[*source]).collect();
        self.found.iter().any(|other| {
            let in_own_log = |source: &usize| own.contains(&logs[*source]);
            other.signature.id == id
                && other.tally.sources.keys().any(in_own_log)
                && !about_different(found, other)
        })
    }
}

/// Whether both name a client, job, process, container or port, and none that is the same.
fn about_different(one: &Found<'_>, other: &Found<'_>) -> bool {
    ["client", "job", "pid", "container", "port"].iter().any(|name| {
        let named = |found: &Found<'_>| {
            found
                .tally
                .captures
                .get(*name)
                .map(|counts| counts.values().map(str::to_owned).collect())
        };
        let (one, other): (Option<BTreeSet<String>>, Option<BTreeSet<String>>) = (named(one), named(other));
        one.zip(other).is_some_and(|(one, other)| one.is_disjoint(&other))
    })
}
