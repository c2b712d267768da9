//! Which finding can have brought about which other.
//!
//! In: findings in parts. Out: links. A link needs a declaration (`leads-to` of the cause's page), an order in time that
//! agrees within a bound, and logs of one system; a shared key (port, service, request, client, path) strengthens it.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::{keys, own_ports};
use super::{Found, Link, Order};
use crate::detect::histogram::Episode;
use crate::record::TimeQuality;
use crate::signature::select::LeadsTo;
use crate::signature::{Role, Signature};

/// How much later than its effect a cause may seem to be, in nanoseconds: some logs are written in whole
/// seconds, and an access line precedes the traceback of its own request.
pub(super) const SLACK: i64 = 2_000_000_000;

/// How long after the last sign of a cause an effect may begin, in nanoseconds.
const REACH_OF_CAUSE: i64 = 600_000_000_000;

/// How long after a symptom has begun a further symptom may follow from it, in nanoseconds, unless both
/// share a key. Two symptoms of one service in one log are often strangers to each other.
const REACH_OF_SYMPTOM: i64 = 10_000_000_000;

/// The same for an effect that names its service, when the cause does not share it.
const REACH_OF_STRANGER: i64 = 10_000_000_000;

/// What goes on this long before its supposed effect begins, and [`AFTERWARDS`] after it has ended, is
/// background noise, in nanoseconds.
const BEFOREHAND: i64 = 30_000_000_000;

/// The same for a symptom that shares nothing with its supposed effect.
const BEFOREHAND_OF_STRANGER: i64 = 5_000_000_000;

/// See [`BEFOREHAND`].
const AFTERWARDS: i64 = 10_000_000_000;

/// An effect has grown if this many times as many records came since the cause as before.
const GROWTH: u64 = 3;

/// So many records make a background.
const BACKGROUND: u64 = 5;

/// All links between causes and symptoms. `bound` says on which ports the writer of each log listens.
pub(super) fn links(found: &[Found<'_>], bound: &BTreeMap<usize, BTreeSet<String>>) -> Vec<Link> {
    let keys: Vec<BTreeSet<String>> = found.iter().map(keys).collect();
    let ports: Vec<BTreeSet<String>> = found.iter().map(|found| own_ports(found, bound)).collect();
    let mut declared: BTreeMap<(&str, &str), Option<&LeadsTo>> = BTreeMap::new();
    let trouble: Vec<usize> = (0..found.len())
        .filter(|number| found[*number].is_trouble())
        .collect();
    let mut links = Vec::new();
    for from in &trouble {
        for to in &trouble {
            let (cause, effect) = (&found[*from], &found[*to]);
            let pair = (cause.signature.id.as_str(), effect.signature.id.as_str());
            let declares = || declares(cause.signature, effect);
            if from == to || cause.system != effect.system {
                continue;
            }
            let Some(declared) = *declared.entry(pair).or_insert_with(declares) else {
                continue;
            };
            let told = keys[*from].intersection(&keys[*to]);
            // A proxy names the port on which the other listens.
            let upstream = keys[*from].intersection(&ports[*to]);
            let listens = ports[*from].intersection(&keys[*to]);
            let shared: BTreeSet<String> = told.chain(upstream).chain(listens).cloned().collect();
            let shared: Vec<String> = shared.into_iter().collect();
            links.extend(link(found, (*from, *to), declared, shared));
        }
    }
    without_strangers(found, links)
}

fn link(
    found: &[Found<'_>],
    (from, to): (usize, usize),
    declared: &LeadsTo,
    shared: Vec<String>,
) -> Option<Link> {
    let (cause, effect) = (&found[from], &found[to]);
    // What happens to one service is not what happens to another.
    if cause.about.is_some() && effect.about.is_some() && cause.about != effect.about {
        return None;
    }
    // What never came has a reason of its own for each case: only a key tells which.
    let absent = effect.signature.condition.missing.is_some();
    if absent && shared.iter().all(|key| is_general(key)) {
        return None;
    }
    // A service that both write in says little where neither is about it.
    let about = cause.about.is_some() || effect.about.is_some() || cause.role == Role::Cause;
    let keyed = shared.iter().any(|key| about || !is_general(key));
    // That a record came late is only believed of what names the same thing, and of what a program says of others: the same
    // program's own records came before.
    let late = cause.signature.late.map_or(0, |late| late.nanos());
    let named = shared
        .iter()
        .any(|key| !key.starts_with("service ") || cause.role == Role::Symptom);
    let late = if named { late } else { 0 };
    let order = order(cause, effect, declared, keyed, late.max(lasted(cause)))?;
    Some(Link {
        from,
        to,
        order,
        shared,
    })
}

/// For how long the failure had gone on when its first record was written, as that says itself, in nanoseconds: a slow statement is
/// logged when it has ended.
fn lasted(cause: &Found<'_>) -> i64 {
    let captures = &cause.tally.first().captures;
    let lasted = captures.iter().find(|(name, _)| name == "lasted_ms");
    let millis = lasted.and_then(|(_, value)| value.parse::<f64>().ok());
    (millis.unwrap_or(0.0).clamp(0.0, 86_400_000.0) * 1e6) as i64
}

/// Whether a key says whose record it is rather than what it is about.
fn is_general(key: &str) -> bool {
    key.starts_with("service ") || key.starts_with("pid ")
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
    // One that shares a key comes before strangers that were over when the effect began.
    let keyed: BTreeSet<usize> = links
        .iter()
        .filter(|link| is_cause(link) && link.shared.iter().any(|key| !is_general(key)))
        .map(|link| link.to)
        .collect();
    let is_stranger = |link: &Link| link.shared.is_empty() && is_cause(link);
    links
        .iter()
        .filter(|link| !explained.contains(&link.to) || !is_stranger(link))
        .filter(|link| !keyed.contains(&link.to) || !is_stranger(link) || !was_over(found, link))
        .cloned()
        .collect()
}

/// Whether the cause was not seen any more for long when the effect began.
fn was_over(found: &[Found<'_>], link: &Link) -> bool {
    let last = found[link.from].tally.last.sighting.time;
    let began = match link.order {
        Order::Agrees { from: Some(from), .. } => Some(from),
        _ => found[link.to].tally.first().sighting.time.at,
    };
    began
        .zip(last.until.or(last.at))
        .is_some_and(|(began, last)| last + BEFOREHAND < began)
}

/// Where the cause's page says that it can bring about the effect; its own id counts before a glob. A glob stands for
/// symptoms only: that a whole family of causes should follow from another cause is never meant.
fn declares<'a>(cause: &'a Signature, effect: &Found<'_>) -> Option<&'a LeadsTo> {
    let symptom = effect.role == Role::Symptom;
    let fits = |declared: &&LeadsTo| {
        (symptom || !declared.to.is_glob()) && declared.to.matches(&effect.signature.id)
    };
    let fitting = cause.leads_to.iter().filter(fits);
    fitting.min_by_key(|declared| declared.to.is_glob())
}

/// How the times of two findings agree with `cause` having brought about `effect`; nothing if they
/// speak against it. Single episodes are compared: an effect may well have been seen earlier for
/// another reason. The cause may be recorded so `late`, in nanoseconds.
fn order(cause: &Found<'_>, effect: &Found<'_>, declared: &LeadsTo, keyed: bool, late: i64) -> Option<Order> {
    let lasting = keyed || cause.role == Role::Cause;
    let until = |cause: &Episode| {
        if let Some(within) = declared.within {
            cause.last.saturating_add(within.nanos())
        } else if effect.about.is_some() && !keyed {
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
    let beforehand = if lasting {
        BEFOREHAND
    } else {
        BEFOREHAND_OF_STRANGER
    };
    let fits = |cause: &&Episode, effect: &Episode| {
        cause.first <= effect.first + SLACK.max(late)
            && effect.first <= until(cause)
            && !is_background(cause, effect, beforehand)
    };
    let whole = effects.iter().find_map(|effect| {
        let nearest = causes.iter().rev().find(|cause| fits(cause, effect))?;
        Some((effect.first, nearest.first))
    });
    let (from, nearest) = whole.or_else(|| grown(cause, effect, &causes, &effects, keyed))?;
    let exact = |found: &Found<'_>| {
        matches!(
            found.tally.first().sighting.time.quality,
            TimeQuality::Written | TimeQuality::ZoneAssumed | TimeQuality::YearAssumed
        )
    };
    Some(Order::Agrees {
        delay: from.saturating_sub(nearest),
        exact: exact(cause) && exact(effect),
        from: effects
            .first()
            .is_some_and(|first| first.first != from)
            .then_some(from),
    })
}

/// An effect that was seen now and then before, and much more often since the cause: a program is started once in an
/// orderly way, and then again and again. Gives the first record since, and the beginning of the cause.
fn grown(
    cause: &Found<'_>,
    effect: &Found<'_>,
    causes: &[Episode],
    effects: &[Episode],
    keyed: bool,
) -> Option<(i64, i64)> {
    let began = causes.first()?.first;
    let within = effects
        .iter()
        .any(|effect| effect.first < began && began <= effect.last);
    let (before, since) = effect.tally.times.around(began - SLACK);
    let grew = since.count >= BACKGROUND.max(GROWTH * before);
    let counted = effect.signature.condition.count.is_some() || cause.role == Role::Cause;
    (keyed && counted && within && grew).then_some((since.first, began))
}

/// Whether `cause` went on as well long before `effect` began and after it had ended.
fn is_background(cause: &Episode, effect: &Episode, beforehand: i64) -> bool {
    cause.count >= BACKGROUND
        && cause.first + beforehand < effect.first
        && effect.last + AFTERWARDS < cause.last
}
