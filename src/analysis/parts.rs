//! Findings in parts: what is told apart before it is known what belongs together.
//!
//! In: tallies. Out: one [`Found`] for each cause or symptom, system, log, target and stretch of time; and, when the
//! incidents are known, one [`Found`] for all parts of a signature in the same incident. So a symptom that two systems
//! show, or one system twice a day for different reasons, is two findings, and any other is one.

use std::collections::BTreeMap;

use super::cause::direct;
use super::{Found, Incident, Link, Order};
use crate::detect::collect::Detected;
use crate::detect::tallies::Subject;
use crate::detect::tally::Tally;
use crate::signature::{Library, Role, Signature};

/// A pause longer than this makes two parts, in nanoseconds.
const PAUSE: i64 = 600_000_000_000;

/// Records of one failure that a program says in two ways stand no further apart than this, in lines.
const BESIDE_LINES: u64 = 5;

/// The same in nanoseconds.
const BESIDE: i64 = 2_000_000_000;

/// Most parts of causes and symptoms; beyond it they are told apart less finely.
const MOST_PARTS: usize = 1_500;

/// Everything that was found, causes and symptoms in parts, in the order in which it was first seen.
pub(super) fn parts<'a>(detected: &Detected, library: &'a Library, systems: &[usize]) -> Vec<Found<'a>> {
    let mut parts = Vec::new();
    for detail in [Detail::Targets, Detail::Times, Detail::Systems, Detail::None] {
        parts = with_detail(detected, library, systems, detail);
        if parts.iter().filter(|part| part.is_trouble()).count() <= MOST_PARTS {
            break;
        }
    }
    sort(&mut parts);
    parts
}

/// How finely parts are told apart, finest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    Targets,
    Times,
    Systems,
    None,
}

fn with_detail<'a>(
    detected: &Detected,
    library: &'a Library,
    systems: &[usize],
    detail: Detail,
) -> Vec<Found<'a>> {
    let mut by_key: BTreeMap<Key, Vec<&Tally>> = BTreeMap::new();
    for (subject, tally) in detected.tallies.iter() {
        let key = Key::of(subject, &library.signatures()[subject.signature], systems, detail);
        by_key.entry(key).or_default().push(tally);
    }
    join_untargeted(&mut by_key);
    let mut parts = Vec::new();
    for (key, tallies) in by_key {
        let signature = &library.signatures()[key.signature];
        let role = role(signature, key.handled);
        let trouble = matches!(role, Role::Cause | Role::Symptom);
        let pause = if trouble && detail <= Detail::Times {
            PAUSE
        } else {
            i64::MAX
        };
        for tally in stretches(tallies, pause) {
            parts.push(Found {
                signature,
                tally,
                role,
                about: key.about.clone(),
                target: key.target.clone(),
                system: key.system,
            });
        }
    }
    parts
}

/// Some programs say one failure in two records, one with its target and one without (Flask: "Address already in use",
/// "Port 8000 is in use"). What names no target joins what does, if the one stands beside the other and no other target does.
fn join_untargeted(by_key: &mut BTreeMap<Key, Vec<&Tally>>) {
    let untargeted: Vec<Key> = by_key
        .keys()
        .filter(|key| key.target.is_none())
        .cloned()
        .collect();
    for key in untargeted {
        let with_target = |other: &&Key| {
            let alike = Key {
                target: None,
                ..(*other).clone()
            };
            other.target.is_some() && alike == key
        };
        let own = &by_key[&key];
        let beside = |other: &&Key| stand_together(own, &by_key[*other]);
        let mut fitting = by_key.keys().filter(with_target).filter(beside);
        if let (Some(one), None) = (fitting.next().cloned(), fitting.next()) {
            let joined = by_key.remove(&key).unwrap_or_default();
            by_key.entry(one).or_default().extend(joined);
        }
    }
}

/// Whether each of one kind begins within a few lines and seconds of one of the other, in the same log.
fn stand_together(untargeted: &[&Tally], targeted: &[&Tally]) -> bool {
    untargeted.iter().all(|own| {
        let own = &own.first().sighting;
        targeted.iter().any(|other| {
            let other = &other.first().sighting;
            let times = own.time.at.zip(other.time.at);
            own.source == other.source
                && own.line.abs_diff(other.line) <= BESIDE_LINES
                && times.is_none_or(|(own, other)| own.abs_diff(other) <= BESIDE.unsigned_abs())
        })
    })
}

/// What makes a part of its own, apart from time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    signature: usize,
    handled: bool,
    about: Option<String>,
    target: Option<String>,
    system: usize,
    log: Option<usize>,
}

impl Key {
    fn of(subject: &Subject, signature: &Signature, systems: &[usize], detail: Detail) -> Key {
        let role = role(signature, subject.handled);
        let trouble = matches!(role, Role::Cause | Role::Symptom);
        let system = subject.log.and_then(|log| systems.get(log)).copied();
        // One failure is often logged by both sides, but a burst of requests is counted in its log.
        let log = subject
            .log
            .filter(|_| role == Role::Symptom && signature.condition.count.is_some());
        Key {
            signature: subject.signature,
            handled: subject.handled && role == Role::Handled,
            about: subject.about.clone(),
            target: subject
                .target
                .clone()
                .filter(|_| trouble && detail == Detail::Targets),
            system: system
                .filter(|_| trouble && detail <= Detail::Systems)
                .unwrap_or_default(),
            log: log.filter(|_| detail <= Detail::Times),
        }
    }
}

fn role(signature: &Signature, handled: bool) -> Role {
    match signature.role {
        Role::Cause | Role::Symptom if handled => Role::Handled,
        role => role,
    }
}

/// Joins the tallies of one key, except over long pauses. Those without a time go with the first.
fn stretches(mut tallies: Vec<&Tally>, pause: i64) -> Vec<Tally> {
    let span = |tally: &Tally| (tally.first().sighting.time.at, tally.last.sighting.time.at);
    tallies.sort_by_key(|tally| span(tally));
    let mut stretches: Vec<Tally> = Vec::new();
    let mut until: Option<i64> = None;
    for tally in tallies {
        let (first, last) = span(tally);
        let goes_on = first
            .zip(until)
            .is_none_or(|(first, until)| first.saturating_sub(until) <= pause);
        match stretches.last_mut() {
            Some(stretch) if goes_on => stretch.merge(tally.clone()),
            _ => stretches.push(tally.clone()),
        }
        until = until.max(last);
    }
    stretches
}

fn sort(found: &mut [Found<'_>]) {
    found.sort_by(compare);
}

fn compare(a: &Found<'_>, b: &Found<'_>) -> std::cmp::Ordering {
    let first = |found: &Found<'_>| found.tally.first().sighting.clone();
    first(a)
        .order(&first(b))
        .then_with(|| a.signature.id.cmp(&b.signature.id))
        .then_with(|| a.about.cmp(&b.about))
        .then_with(|| a.target.cmp(&b.target))
}

/// Joins the parts of a signature within each incident, and tells everything by new numbers.
pub(super) fn joined<'a>(parts: Vec<Found<'a>>, incidents: Vec<Incident>) -> (Vec<Found<'a>>, Vec<Incident>) {
    let mut place = vec![usize::MAX; parts.len()];
    for (number, incident) in incidents.iter().enumerate() {
        incident.members.iter().for_each(|member| place[*member] = number);
    }
    let mut groups: BTreeMap<(usize, &str, Role, Option<String>), Vec<usize>> = BTreeMap::new();
    for (number, part) in parts.iter().enumerate() {
        let key = (
            place[number],
            part.signature.id.as_str(),
            part.role,
            part.about.clone(),
        );
        groups.entry(key).or_default().push(number);
    }
    let groups: Vec<Vec<usize>> = groups.into_values().collect();
    let mut found: Vec<(Found<'a>, usize)> = groups
        .iter()
        .enumerate()
        .filter_map(|(number, group)| Some((whole(&parts, group)?, number)))
        .collect();
    found.sort_by(|a, b| compare(&a.0, &b.0).then(a.1.cmp(&b.1)));
    let mut numbers = vec![0; parts.len()];
    for (new, (_, group)) in found.iter().enumerate() {
        groups[*group].iter().for_each(|part| numbers[*part] = new);
    }
    let found: Vec<Found<'a>> = found.into_iter().map(|(found, _)| found).collect();
    let incidents = incidents
        .into_iter()
        .map(|incident| renumbered(incident, &numbers, &found))
        .collect();
    (found, incidents)
}

/// All parts together.
fn whole<'a>(parts: &[Found<'a>], group: &[usize]) -> Option<Found<'a>> {
    let (first, others) = group.split_first()?;
    let mut whole = parts[*first].clone();
    for other in others {
        whole.tally.merge(parts[*other].tally.clone());
        whole.target = whole
            .target
            .filter(|target| parts[*other].target.as_ref() == Some(target));
    }
    Some(whole)
}

fn renumbered(incident: Incident, numbers: &[usize], found: &[Found<'_>]) -> Incident {
    let unique = |old: Vec<usize>| -> Vec<usize> {
        let mut new: Vec<usize> = Vec::new();
        for number in old.into_iter().map(|old| numbers[old]) {
            if !new.contains(&number) {
                new.push(number);
            }
        }
        new
    };
    let new = |old: usize| numbers[old];
    let mut links: Vec<Link> = Vec::new();
    for link in incident.links {
        let link = Link {
            from: numbers[link.from],
            to: numbers[link.to],
            ..link
        };
        match links
            .iter_mut()
            .find(|known| (known.from, known.to) == (link.from, link.to))
        {
            Some(known) => {
                known.shared.extend(link.shared);
                known.shared.sort();
                known.shared.dedup();
                known.order = earlier(known.order, link.order);
            }
            None if link.from != link.to => links.push(link),
            None => {}
        }
    }
    // Where both have dated records, and the order of none agrees, those without a time say nothing.
    let is_dated = |number: usize| found[number].tally.first().sighting.time.at.is_some();
    links.retain(|link| link.order != Order::Undated || !is_dated(link.from) || !is_dated(link.to));
    links.sort_by_key(|link| (link.from, link.to));
    let mut members = unique(incident.members);
    // The root, or what came first, leads.
    members[1..].sort_unstable();
    Incident {
        root: incident.root.map(new),
        rival: incident.rival.map(new),
        members,
        candidates: unique(incident.candidates),
        links: direct(links),
        ..incident
    }
}

/// The order of two links between the same findings: dated comes before undated, a whole effect before a part of it.
fn earlier(one: Order, other: Order) -> Order {
    match (one, other) {
        (Order::Undated, other) => other,
        (one, Order::Undated) => one,
        (Order::Agrees { from: Some(a), .. }, Order::Agrees { from: Some(b), .. }) if b < a => other,
        (Order::Agrees { from: Some(_), .. }, Order::Agrees { from: None, .. }) => other,
        (
            Order::Agrees {
                from: None, delay: a, ..
            },
            Order::Agrees {
                from: None, delay: b, ..
            },
        ) if b < a => other,
        (one, _) => one,
    }
}
