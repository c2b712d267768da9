//! What belongs together, and what broke first.
//!
//! In: findings in parts, and the links between them. Out: incidents. The root of an incident explains the others
//! and is itself unexplained; where two candidates have equal claims, or there is none, no root is named.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, Incident, Link, Order};
use crate::report::model::Confidence;
use crate::signature::{Role, Severity};

/// An effect that begins so soon after its cause is close to it, or very close, in nanoseconds.
const CLOSE: i64 = 60_000_000_000;

/// See [`CLOSE`].
const VERY_CLOSE: i64 = 10_000_000_000;

/// The same failure, seen at two places, begins within this time, in nanoseconds.
const SAME_ONSET: i64 = 60_000_000_000;

/// Divides the findings that are causes or symptoms into incidents, the worst first.
pub(super) fn incidents(found: &[Found<'_>], links: &[Link]) -> Vec<Incident> {
    let all: Vec<usize> = (0..found.len()).collect();
    let divided: Vec<Incident> = groups(found, links, &all)
        .into_iter()
        .flat_map(|members| divide(found, links, members))
        .map(|members| incident(found, links, members))
        .collect();
    let mut incidents = with_recurrences(found, links, divided);
    let explained = |incident: &Incident| incident.links.len();
    // How many requests failed, by powers of two: about as many decide nothing.
    let failed = |incident: &Incident| {
        let answers = incident.members.iter().map(|member| &found[*member]);
        let answers = answers.filter(|found| !found.signature.condition.failed_statuses().is_empty());
        let most = answers.map(|found| found.tally.count).max();
        most.and_then(u64::checked_ilog2)
    };
    // That a log ends says least of all.
    let only_silent = |incident: &Incident| {
        let mut members = incident.members.iter();
        members.all(|member| found[*member].signature.condition.silent_log.is_some())
    };
    incidents.sort_by(|a, b| {
        let known = |incident: &Incident| incident.root.is_some();
        only_silent(a)
            .cmp(&only_silent(b))
            .then(b.severity.cmp(&a.severity))
            .then(known(b).cmp(&known(a)))
            .then(failed(b).cmp(&failed(a)))
            .then(explained(b).cmp(&explained(a)))
            .then(a.members.cmp(&b.members))
    });
    incidents
}

/// Makes one incident of those that are the same failure: it came again, or two places show it.
fn with_recurrences(found: &[Found<'_>], links: &[Link], incidents: Vec<Incident>) -> Vec<Incident> {
    let mut joined: Vec<Incident> = Vec::new();
    for incident in incidents {
        match joined
            .iter_mut()
            .find(|known| is_same_failure(found, known, &incident))
        {
            Some(known) => {
                let mut members: Vec<usize> =
                    known.members.iter().chain(&incident.members).copied().collect();
                members.sort_unstable();
                *known = self::incident(found, links, members);
            }
            None => joined.push(incident),
        }
    }
    joined
}

fn is_same_failure(found: &[Found<'_>], one: &Incident, other: &Incident) -> bool {
    let kind = |number: &usize| {
        let found = &found[*number];
        (&found.signature.id, &found.about, &found.target, found.system)
    };
    let kinds = |incident: &Incident| incident.members.iter().map(kind).collect::<BTreeSet<_>>();
    match (&one.root, &other.root) {
        (Some(a), Some(b)) => kind(a) == kind(b) || is_seen_twice(&found[*a], &found[*b]),
        (None, None) => kinds(one) == kinds(other),
        _ => false,
    }
}

/// Whether two findings are one failure with different targets: they are of one kind and begin together.
fn is_seen_twice(one: &Found<'_>, other: &Found<'_>) -> bool {
    let kind = |found: &Found<'_>| (found.signature.id.clone(), found.about.clone(), found.system);
    let first = |found: &Found<'_>| found.tally.first().sighting.time.at;
    let together = first(one)
        .zip(first(other))
        .is_some_and(|(one, other)| one.abs_diff(other) <= SAME_ONSET.unsigned_abs());
    kind(one) == kind(other) && together
}

/// Causes and symptoms, grouped by links. Two findings that begin with the same record are two
/// sides of one event, so they belong together without a link.
fn groups(found: &[Found<'_>], links: &[Link], among: &[usize]) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..found.len()).collect();
    let among: BTreeSet<usize> = among.iter().copied().collect();
    let pairs = links.iter().map(|link| (link.from, link.to));
    for (one, other) in pairs.chain(same_records(found)) {
        if !among.contains(&one) || !among.contains(&other) {
            continue;
        }
        let (keep, join) = (group[one], group[other]);
        for own in &mut group {
            if *own == join {
                *own = keep;
            }
        }
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); found.len()];
    for (number, own) in group.into_iter().enumerate() {
        if found[number].is_trouble() && among.contains(&number) {
            groups[own].push(number);
        }
    }
    groups.retain(|members| !members.is_empty());
    groups
}

/// Pairs of findings that begin with the same record.
fn same_records(found: &[Found<'_>]) -> Vec<(usize, usize)> {
    let mut first_at: BTreeMap<(usize, u64), usize> = BTreeMap::new();
    let mut pairs = Vec::new();
    for (number, own) in found.iter().enumerate().filter(|(_, own)| own.is_trouble()) {
        let first = &own.tally.first().sighting;
        let known = first_at.entry((first.source, first.offset)).or_insert(number);
        if *known != number {
            pairs.push((*known, number));
        }
    }
    pairs
}

/// Takes out of a group what has a cause of its own: a cause that the root does not explain, with the
/// effects that it alone explains. Effects of both stay with the root.
fn divide(found: &[Found<'_>], links: &[Link], members: Vec<usize>) -> Vec<Vec<usize>> {
    let Some(root) = candidates(found, links, &members).first().copied() else {
        return vec![members];
    };
    let explained = reach(links, root);
    let rest: Vec<usize> = members
        .iter()
        .copied()
        .filter(|member| *member != root && !explained.contains(member))
        .collect();
    let mut apart = Vec::new();
    for group in groups(found, links, &rest) {
        let inside = |link: &Link| group.contains(&link.from) && group.contains(&link.to);
        let has_cause = links
            .iter()
            .any(|link| inside(link) && found[link.from].role == Role::Cause);
        if has_cause {
            apart.push(group);
        }
    }
    let taken: Vec<usize> = apart.iter().flatten().copied().collect();
    let mut divided = vec![members];
    divided[0].retain(|member| !taken.contains(member));
    divided.extend(apart.into_iter().flat_map(|group| divide(found, links, group)));
    divided
}

/// The causes among `members`, the one with the strongest claim first; of equal claims the one
/// that was seen first.
fn candidates(found: &[Found<'_>], links: &[Link], members: &[usize]) -> Vec<usize> {
    let causes = members
        .iter()
        .filter(|member| found[**member].role == Role::Cause);
    by_claim(found, links, causes)
}

fn by_claim<'m>(found: &[Found<'_>], links: &[Link], members: impl Iterator<Item = &'m usize>) -> Vec<usize> {
    let mut claims: Vec<(Claim, usize)> = members
        .map(|member| (claim(found, links, *member), *member))
        .collect();
    let tally = |claimed: &(Claim, usize)| &found[claimed.1].tally;
    claims.sort_by(|a, b| {
        let begins = tally(a).first().sighting.order(&tally(b).first().sighting);
        // Of two that begin with the same record, the one that was seen more often lasted.
        let lasts = tally(b).count.cmp(&tally(a).count);
        b.0.cmp(&a.0).then(begins).then(lasts).then(a.1.cmp(&b.1))
    });
    claims.into_iter().map(|(_, member)| member).collect()
}

/// Whether both findings begin with the same record.
pub fn same_record(one: &Found<'_>, other: &Found<'_>) -> bool {
    let place = |found: &Found<'_>| {
        let first = &found.tally.first().sighting;
        (first.source, first.offset)
    };
    one.is_trouble() && other.is_trouble() && place(one) == place(other)
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
    /// How soon after its beginning the first effect begins: 2 is very close, 0 is late.
    closeness: u8,
    severity: Severity,
}

fn incident(found: &[Found<'_>], all_links: &[Link], mut members: Vec<usize>) -> Incident {
    let links: Vec<Link> = all_links
        .iter()
        .filter(|link| members.contains(&link.from) && members.contains(&link.to))
        .cloned()
        .collect();
    let candidates = candidates(found, &links, &members);
    let severity = members
        .iter()
        .map(|member| found[*member].signature.severity)
        .max()
        .unwrap_or(Severity::Info);
    let rival = rival(found, &links, &candidates);
    let root = candidates.first().copied().filter(|_| rival.is_none());
    if root.is_none() && candidates.is_empty() {
        // Without a cause the symptom that explains most comes first.
        members = by_claim(found, &links, members.iter());
    }
    let confidence = match root {
        Some(root) => {
            let alone = members
                .iter()
                .all(|member| *member == root || same_record(&found[root], &found[*member]));
            let confidence = confidence(&links, root, alone);
            // That something failed is sure; what it was, nobody has named.
            match confidence {
                Confidence::High if found[root].signature.is_catch_all() => Confidence::Medium,
                other => other,
            }
        }
        None => Confidence::None,
    };
    if let Some(root) = root {
        members.retain(|member| *member != root);
        members.insert(0, root);
    }
    Incident {
        root,
        confidence,
        candidates,
        rival,
        started: None,
        triggers: Vec::new(),
        links,
        members,
        severity,
    }
}

/// A second candidate whose claim is as good as the first one's, and which has nothing to do with it.
fn rival(found: &[Found<'_>], links: &[Link], candidates: &[usize]) -> Option<usize> {
    let (first, others) = candidates.split_first()?;
    let best = claim(found, links, *first);
    others.iter().copied().find(|other| {
        let own = claim(found, links, *other);
        let equal = own.unexplained == best.unexplained
            && own.explains == best.explains
            && own.keyed == best.keyed
            && own.closeness == best.closeness;
        let apart = found[*other].signature.id != found[*first].signature.id
            && !same_record(&found[*first], &found[*other])
            && !reach(links, *first).contains(other);
        equal && apart && best.explains > 0 && weight(own.severity) * 2 > weight(best.severity)
    })
}

/// How soon after `member` its first effect begins.
fn closeness(links: &[Link], member: usize) -> u8 {
    let delays = links
        .iter()
        .filter(|link| link.from == member)
        .filter_map(|link| match link.order {
            Order::Agrees { delay, .. } => Some(delay),
            Order::Undated => None,
        });
    match delays.min() {
        Some(delay) if delay <= VERY_CLOSE => 2,
        Some(delay) if delay <= CLOSE => 1,
        _ => 0,
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
        closeness: closeness(links, member),
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

fn confidence(links: &[Link], root: usize, alone: bool) -> Confidence {
    let own: Vec<&Link> = links.iter().filter(|link| link.from == root).collect();
    if alone {
        // Nothing to explain: the failure stands for itself.
        return Confidence::Medium;
    }
    let ordered = |link: &&&Link| link.order != Order::Undated;
    if own.iter().filter(ordered).any(|link| !link.shared.is_empty()) {
        Confidence::High
    } else if own.iter().any(|link| ordered(&link)) || own.iter().any(|link| !link.shared.is_empty()) {
        Confidence::Medium
    } else {
        Confidence::Low
    }
}

/// Leaves out links that a chain of others already tells.
pub(super) fn direct(links: Vec<Link>) -> Vec<Link> {
    let told = |link: &Link| {
        links.iter().any(|first| {
            let onwards = reach(&links, first.to);
            first.from == link.from
                && first.to != link.to
                && onwards.contains(&link.to)
                // Two findings that lead to each other tell nothing about a third.
                && !onwards.contains(&link.from)
        })
    };
    let kept: Vec<bool> = links.iter().map(|link| !told(link)).collect();
    links
        .into_iter()
        .zip(kept)
        .filter_map(|(link, kept)| kept.then_some(link))
        .collect()
}
