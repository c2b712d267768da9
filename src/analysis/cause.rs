//! Which finding brought about which, and what broke first.
//!
//! In: findings. Out: incidents. A link needs a declaration (`leads-to`) and an order that
//! agrees with it; a shared key (port, service, client, path) strengthens it. Time alone never makes a link.

use std::collections::BTreeSet;

use super::keys::keys;
use super::{Found, Incident, Link, Order};
use crate::detect::histogram::Episode;
use crate::record::TimeQuality;
use crate::report::model::Confidence;
use crate::signature::{Role, Severity};

/// How much later than its effect a cause may seem to be, in nanoseconds: some logs are written in whole
/// seconds, and an access line precedes the traceback of its own request.
const SLACK: i64 = 2_000_000_000;

/// How long after the last sign of a cause an effect may begin, in nanoseconds.
const REACH_OF_CAUSE: i64 = 600_000_000_000;

/// How long after a symptom has begun a further symptom may follow from it, in nanoseconds, unless both
/// share a key. Two symptoms of one service in one log are often strangers to each other.
const REACH_OF_SYMPTOM: i64 = 30_000_000_000;

/// The same for an effect that names its service, when the cause does not share it.
const REACH_OF_STRANGER: i64 = 10_000_000_000;

/// What goes on this long before its supposed effect begins, and [`AFTERWARDS`] after it has ended, is
/// background noise, in nanoseconds.
const BEFOREHAND: i64 = 30_000_000_000;

/// See [`BEFOREHAND`].
const AFTERWARDS: i64 = 10_000_000_000;

/// So many records make a background.
const BACKGROUND: u64 = 5;

/// Divides the findings that are causes or symptoms into incidents, the worst first.
pub fn incidents(found: &[Found<'_>]) -> Vec<Incident> {
    let links = links(found);
    let all: Vec<usize> = (0..found.len()).collect();
    let mut incidents: Vec<Incident> = groups(found, &links, &all)
        .into_iter()
        .flat_map(|members| divide(found, &links, members))
        .map(|members| incident(found, &links, members))
        .collect();
    let explained = |incident: &Incident| incident.links.len();
    incidents.sort_by(|a, b| {
        let known = |incident: &Incident| incident.root.is_some();
        b.severity
            .cmp(&a.severity)
            .then(known(b).cmp(&known(a)))
            .then(explained(b).cmp(&explained(a)))
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
            // What happens to one service is not what happens to another.
            if cause.about.is_some() && effect.about.is_some() && cause.about != effect.about {
                continue;
            }
            let shared: Vec<String> = keys[from].intersection(&keys[to]).cloned().collect();
            // What never came has a reason of its own for each case: only a key tells which.
            let absent = effect.signature.condition.missing.is_some();
            if absent && shared.iter().all(|key| key.starts_with("service ")) {
                continue;
            }
            let Some(order) = order(cause, effect, !shared.is_empty()) else {
                continue;
            };
            links.push(Link {
                from,
                to,
                order,
                shared,
            });
        }
    }
    without_strangers(found, links)
}

/// Where an effect names the service that it is about, and a cause in that service is linked to it, causes in
/// other services are not.
fn without_strangers(found: &[Found<'_>], links: Vec<Link>) -> Vec<Link> {
    let in_service = |link: &Link| link.shared.iter().any(|key| key.starts_with("service "));
    let is_cause = |link: &Link| found[link.from].role == Role::Cause;
    let explained: BTreeSet<usize> = links
        .iter()
        .filter(|link| found[link.to].about.is_some() && is_cause(link) && in_service(link))
        .map(|link| link.to)
        .collect();
    links
        .into_iter()
        .filter(|link| !explained.contains(&link.to) || !is_cause(link) || !link.shared.is_empty())
        .collect()
}

/// Whether the cause's page says that it can bring about the effect. A glob stands for symptoms only:
/// that a whole family of causes should follow from another cause is never meant.
fn declares(cause: &Found<'_>, effect: &Found<'_>) -> bool {
    let symptom = effect.role == Role::Symptom;
    cause
        .signature
        .leads_to
        .iter()
        .any(|pattern| (symptom || !pattern.is_glob()) && pattern.matches(&effect.signature.id))
}

/// How the times of two findings agree with `cause` having brought about `effect`; nothing if they
/// speak against it. Single episodes are compared: an effect may well have been seen earlier for
/// another reason.
fn order(cause: &Found<'_>, effect: &Found<'_>, keyed: bool) -> Option<Order> {
    let lasting = keyed || cause.role == Role::Cause;
    let until = |cause: &Episode| {
        if effect.about.is_some() && !keyed {
            cause.last + REACH_OF_STRANGER
        } else if lasting {
            cause.last + REACH_OF_CAUSE
        } else {
            cause.first + REACH_OF_SYMPTOM
        }
    };
    let (causes, effects) = (cause.tally.times.episodes(), effect.tally.times.episodes());
    if causes.is_empty() || effects.is_empty() {
        return Some(Order::Undated);
    }
    let fits = |cause: &Episode, effect: &Episode| {
        cause.first <= effect.first + SLACK && effect.first <= until(cause) && !is_background(cause, effect)
    };
    let explained = |effect: &&Episode| causes.iter().any(|cause| fits(cause, effect));
    let from = effects.iter().find(explained)?;
    let exact = |found: &Found<'_>| {
        matches!(
            found.tally.first().sighting.time.quality,
            TimeQuality::Written | TimeQuality::ZoneAssumed | TimeQuality::YearAssumed
        )
    };
    Some(Order::Agrees {
        delay: from.first - causes.first()?.first,
        exact: exact(cause) && exact(effect),
        from: (Some(from) != effects.first()).then_some(from.first),
    })
}

/// Whether `cause` went on as well long before `effect` began and after it had ended.
fn is_background(cause: &Episode, effect: &Episode) -> bool {
    cause.count >= BACKGROUND
        && cause.first + BEFOREHAND < effect.first
        && effect.last + AFTERWARDS < cause.last
}

/// Causes and symptoms, grouped by links. Two findings that begin with the same record are two
/// sides of one event, so they belong together without a link.
fn groups(found: &[Found<'_>], links: &[Link], among: &[usize]) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..found.len()).collect();
    let pairs = links.iter().map(|link| (link.from, link.to));
    let same = (0..found.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
    let same = same.filter(|(one, other)| same_record(&found[*one], &found[*other]));
    for (one, other) in pairs.chain(same) {
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
    claims.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
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
    let root = candidates.first().copied();
    if root.is_none() {
        // Without a cause the symptom that explains most comes first.
        members = by_claim(found, &links, members.iter());
    }
    let confidence = match root {
        Some(root) => {
            let alone = members
                .iter()
                .all(|member| *member == root || same_record(&found[root], &found[*member]));
            confidence(&links, root, alone)
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
        ruled_out: candidates.into_iter().skip(1).collect(),
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
fn direct(links: Vec<Link>) -> Vec<Link> {
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
