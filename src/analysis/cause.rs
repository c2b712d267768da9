//! Which finding brought about which, and what broke first.
//!
//! In: findings. Out: incidents. A link needs a declaration (`leads-to`) and an order that
//! agrees with it; a shared key (port, service, client, path) strengthens it. Time alone never makes a link.

use std::collections::BTreeSet;

use super::keys::keys;
use super::{Found, Incident, Link};
use crate::record::TimeQuality;
use crate::report::model::Confidence;
use crate::signature::{Role, Severity};

/// How much later than its effect a cause may seem to be, in nanoseconds: some logs are written in whole
/// seconds, and an access line precedes the traceback of its own request.
const SLACK: i64 = 5_000_000_000;

/// How long after the last sign of a cause an effect may begin, in nanoseconds.
const REACH: i64 = 3_600_000_000_000;

/// Divides the findings that are causes or symptoms into incidents, the worst first.
pub fn incidents(found: &[Found<'_>]) -> Vec<Incident> {
    let links = links(found);
    let mut incidents: Vec<Incident> = groups(found, &links)
        .into_iter()
        .map(|members| incident(found, &links, members))
        .collect();
    let size = |incident: &Incident| incident.members.len();
    incidents.sort_by(|a, b| {
        let known = |incident: &Incident| incident.root.is_some();
        b.severity
            .cmp(&a.severity)
            .then(known(b).cmp(&known(a)))
            .then(size(b).cmp(&size(a)))
            .then(a.members.cmp(&b.members))
    });
    incidents
}

fn links(found: &[Found<'_>]) -> Vec<Link> {
    let keys: Vec<BTreeSet<String>> = found.iter().map(keys).collect();
    let mut links = Vec::new();
    for (from, cause) in found.iter().enumerate() {
        for (to, effect) in found.iter().enumerate() {
            if from == to || !cause.is_trouble() || !effect.is_trouble() || !declares(cause, effect) {
                continue;
            }
            let (earliest, latest) = span(cause);
            let (_, effect_latest) = first_span(effect);
            let (effect_earliest, _) = first_span(effect);
            let too_early = earliest
                .zip(effect_latest)
                .is_some_and(|(cause, effect)| effect + SLACK < cause);
            let too_late = latest
                .zip(effect_earliest)
                .is_some_and(|(cause, effect)| effect > cause + REACH);
            if too_early || too_late {
                continue;
            }
            links.push(Link {
                from,
                to,
                delay: earliest.zip(effect_earliest).map(|(cause, effect)| effect - cause),
                shared: keys[from].intersection(&keys[to]).cloned().collect(),
            });
        }
    }
    links
}

/// Whether the cause's page says that it can bring about the effect. A glob stands for symptoms only:
/// that a whole family of causes should follow from another cause is never meant.
fn declares(cause: &Found<'_>, effect: &Found<'_>) -> bool {
    let symptom = effect.signature.role == Role::Symptom;
    cause
        .signature
        .leads_to
        .iter()
        .any(|pattern| (symptom || !pattern.is_glob()) && pattern.matches(&effect.signature.id))
}

/// Earliest time of the first record, and latest time of the last.
fn span(found: &Found<'_>) -> (Option<i64>, Option<i64>) {
    let first = found.tally.first().sighting.time;
    let last = found.tally.last.sighting.time;
    (first.at, last.until.or(last.at))
}

/// Earliest and latest time of the first record.
fn first_span(found: &Found<'_>) -> (Option<i64>, Option<i64>) {
    let first = found.tally.first().sighting.time;
    (first.at, first.until.or(first.at))
}

/// Causes and symptoms, grouped by links.
fn groups(found: &[Found<'_>], links: &[Link]) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..found.len()).collect();
    for link in links {
        let (keep, join) = (group[link.from], group[link.to]);
        for own in &mut group {
            if *own == join {
                *own = keep;
            }
        }
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); found.len()];
    for (number, own) in group.into_iter().enumerate() {
        if found[number].is_trouble() {
            groups[own].push(number);
        }
    }
    groups.retain(|members| !members.is_empty());
    groups
}

/// How much an effect weighs when causes are compared.
fn weight(severity: Severity) -> u32 {
    match severity {
        Severity::Info => 0,
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 4,
        Severity::Critical => 6,
    }
}

/// What speaks for a candidate: strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    /// Nothing else explains it.
    unexplained: bool,
    /// Weight of what it explains.
    explains: u32,
    /// Its links that a shared key confirms.
    keyed: usize,
    severity: Severity,
}

fn incident(found: &[Found<'_>], all_links: &[Link], mut members: Vec<usize>) -> Incident {
    let links: Vec<Link> = all_links
        .iter()
        .filter(|link| members.contains(&link.from))
        .cloned()
        .collect();
    let mut candidates: Vec<(Claim, usize)> = members
        .iter()
        .filter(|member| found[**member].signature.role == Role::Cause)
        .map(|member| (claim(found, &links, *member), *member))
        .collect();
    // Of equal claims the one that was seen first.
    candidates.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let severity = members
        .iter()
        .map(|member| found[*member].signature.severity)
        .max()
        .unwrap_or(Severity::Info);
    let root = candidates.first().map(|(_, member)| *member);
    let confidence = match root {
        Some(root) => confidence(found, &links, root, members.len()),
        None => Confidence::None,
    };
    if let Some(root) = root {
        members.retain(|member| *member != root);
        members.insert(0, root);
    }
    Incident {
        root,
        confidence,
        ruled_out: candidates.iter().skip(1).map(|(_, member)| *member).collect(),
        links: direct(links),
        members,
        severity,
    }
}

fn claim(found: &[Found<'_>], links: &[Link], member: usize) -> Claim {
    let reached = reach(links, member);
    // A cause that this one brings about itself does not explain it.
    let explained = links
        .iter()
        .any(|link| link.to == member && !reached.contains(&link.from) && found[link.from].is_trouble());
    Claim {
        unexplained: !explained,
        explains: reached
            .iter()
            .map(|number| weight(found[*number].signature.severity))
            .sum(),
        keyed: links
            .iter()
            .filter(|link| link.from == member && !link.shared.is_empty())
            .count(),
        severity: found[member].signature.severity,
    }
}

/// Everything that `from` brought about, directly or not.
pub fn reach(links: &[Link], from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        for link in links.iter().filter(|link| link.from == next) {
            if link.to != from && reached.insert(link.to) {
                open.push(link.to);
            }
        }
    }
    reached
}

fn confidence(found: &[Found<'_>], links: &[Link], root: usize, members: usize) -> Confidence {
    let own: Vec<&Link> = links.iter().filter(|link| link.from == root).collect();
    if members == 1 {
        // Nothing to explain: the failure stands for itself.
        return Confidence::Medium;
    }
    let dated = |number: usize| found[number].tally.first().sighting.time.quality != TimeQuality::Unknown;
    let ordered = |link: &&&Link| dated(link.from) && dated(link.to);
    if own.iter().filter(ordered).any(|link| !link.shared.is_empty()) {
        Confidence::High
    } else if own.iter().any(|link| ordered(&link)) || own.iter().any(|link| !link.shared.is_empty()) {
        Confidence::Medium
    } else {
        Confidence::Low
    }
}

/// Leaves out links that a chain of two others already tells.
fn direct(links: Vec<Link>) -> Vec<Link> {
    let told = |link: &Link| {
        links.iter().any(|first| {
            first.from == link.from
                && first.to != link.to
                && links
                    .iter()
                    .any(|second| second.from == first.to && second.to == link.to)
                // Two findings that lead to each other tell nothing about a third.
                && !links.iter().any(|back| back.from == first.to && back.to == link.from)
        })
    };
    let kept: Vec<bool> = links.iter().map(|link| !told(link)).collect();
    links
        .into_iter()
        .zip(kept)
        .filter_map(|(link, kept)| kept.then_some(link))
        .collect()
}
