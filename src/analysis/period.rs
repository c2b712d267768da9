//! The time of each incident, for what is counted about it.
//!
//! In: incidents, and when requests failed. Out: a [`Period`] for each of the worst. It goes from the first sign of the incident to
//! the last: the last record of a finding, or a request that failed right behind it more often than before.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Found, Incident, system};
use crate::detect::collect::Detected;
use crate::detect::requests::FailedRequests;
use crate::input::Source;

/// Most incidents that are counted for, the worst ones.
const MOST_PERIODS: usize = 8;

/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;

/// A minute in which requests failed goes on with what ended so long before it, in nanoseconds.
const GOES_ON: i64 = 120 * SECOND;

/// What is compared with before and after is as long as the incident, but not shorter or longer than this, in
/// nanoseconds.
const SHORTEST: i64 = 600 * SECOND;
const LONGEST: i64 = 86_400 * SECOND;

/// The time of an incident. UTC nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Its number.
    pub incident: usize,
    /// The systems that it shows in.
    pub systems: BTreeSet<usize>,
    /// The beginning of the second of its first sign: access logs are written in whole seconds.
    pub from: i64,
    /// The last instant of the second of its last sign.
    pub to: i64,
    /// Its first sign itself.
    pub first: i64,
    /// Its last sign itself.
    pub last: i64,
}

impl Period {
    /// How much before and after it is looked at, in nanoseconds.
    pub fn span(&self) -> i64 {
        (self.to - self.from).clamp(SHORTEST, LONGEST)
    }
}

/// The system of each source, by its number.
pub fn systems(sources: &[Arc<Source>]) -> Vec<usize> {
    system::systems(sources.iter().map(Arc::as_ref))
}

/// The periods of the worst incidents that are dated.
pub(super) fn periods(
    found: &[Found<'_>],
    incidents: &[Incident],
    detected: &Detected,
    systems: &[usize],
) -> Vec<Period> {
    let mut periods: Vec<Period> = Vec::new();
    for (number, incident) in incidents.iter().enumerate().take(MOST_PERIODS) {
        periods.extend(period(number, incident, found, detected, systems, &periods));
    }
    periods
}

/// The time of one incident, beside `worse` ones: what fails in their time is theirs.
fn period(
    number: usize,
    incident: &Incident,
    found: &[Found<'_>],
    detected: &Detected,
    systems: &[usize],
    worse: &[Period],
) -> Option<Period> {
    let members = || incident.members.iter().map(|member| &found[*member]);
    let last = |found: &Found<'_>| {
        let time = found.tally.last.sighting.time;
        time.until.or(time.at)
    };
    let first = incident.started?;
    let ended = members()
        .filter(|found| found.is_trouble())
        .filter_map(last)
        .max()?;
    let own: BTreeSet<usize> = members().map(|found| found.system).collect();
    let requests = detected.requests.iter();
    let requests = requests.filter(|((began, _), _)| own.contains(&systems[*began]));
    let from = first.div_euclid(SECOND) * SECOND;
    let worse: Vec<&Period> = worse
        .iter()
        .filter(|worse| !worse.systems.is_disjoint(&own))
        .collect();
    let to = requests
        .map(|(_, requests)| goes_on(requests, from, ended.max(first), &worse))
        .max();
    let to = to.unwrap_or(ended).max(ended).max(first);
    Some(Period {
        incident: number,
        systems: own,
        from,
        to: to.div_euclid(SECOND) * SECOND + SECOND - 1,
        first,
        last: to,
    })
}

/// Until when requests fail without a long pause behind `ended`, more of them in a minute than ever before `from`.
fn goes_on(requests: &FailedRequests, from: i64, ended: i64, worse: &[&Period]) -> i64 {
    let step = requests.minutes.step();
    let steps = || requests.minutes.steps();
    let before = steps().filter(|(begin, _)| begin + step <= from);
    let usual = before.map(|(_, count)| *count).max().unwrap_or(0);
    let last = requests.all().and_then(|all| all.last).unwrap_or(i64::MAX);
    let mut until = ended;
    for (begin, count) in steps() {
        let is_theirs = worse
            .iter()
            .any(|worse| begin <= worse.to && begin + step > worse.from);
        if !is_theirs && *count > usual && begin + step > from && begin <= until.saturating_add(GOES_ON) {
            until = until.max((begin + step - 1).min(last));
        }
    }
    until
}
