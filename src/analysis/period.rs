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
use crate::record::time::SECOND;
use crate::signature::condition::StatusRange;

/// Most incidents that are counted for, the worst ones.
const MOST_PERIODS: usize = 8;

/// A minute in which requests failed goes on with what ended so long before it, in nanoseconds.
const GOES_ON: i64 = 120 * SECOND;

/// What is compared with before and after is as long as the incident, but not shorter or longer than this, in
/// nanoseconds, and ends where another incident with failed requests is.
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
    /// The failed requests that its findings are about.
    pub answers: Vec<Answers>,
    /// Where the time before it begins that it is compared with.
    pub before: i64,
    /// The last instant of the time after it that it is compared with.
    pub after: i64,
}

/// Failed requests that a finding is about: those of these statuses, in these sources, in this time (UTC nanoseconds).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// Numbers of the sources.
    pub sources: BTreeSet<usize>,
    /// How they were answered.
    pub statuses: Vec<StatusRange>,
    /// The first one.
    pub from: i64,
    /// The last one.
    pub to: i64,
}

fn answers(found: &[Found<'_>], incident: &Incident) -> Vec<Answers> {
    let own = incident.members.iter().map(|member| &found[*member]);
    own.filter_map(|found| {
        let statuses = found.signature.condition.failed_statuses();
        let (first, last) = (found.tally.first().sighting.time, found.tally.last.sighting.time);
        (!statuses.is_empty()).then_some(Answers {
            sources: found.tally.sources.keys().copied().collect(),
            statuses,
            // Earlier ones are not explained by it.
            from: first.at?.max(incident.started?),
            to: last.until.or(last.at)?,
        })
    })
    .collect()
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
    let explained: Vec<Vec<Answers>> = incidents
        .iter()
        .map(|incident| answers(found, incident))
        .collect();
    for (number, incident) in incidents.iter().enumerate().take(MOST_PERIODS) {
        let is_other = |(other, _): &(usize, &Vec<Answers>)| *other != number;
        let others = explained.iter().enumerate().filter(is_other);
        let others: Vec<&Answers> = others.flat_map(|(_, answers)| answers).collect();
        if let Some(mut period) = period(number, incident, found, detected, systems, (&periods, &others)) {
            period.answers = explained[number].clone();
            periods.push(period);
        }
    }
    let failing: Vec<Period> = periods
        .iter()
        .filter(|period| has_failed(period, detected, systems))
        .cloned()
        .collect();
    for period in &mut periods {
        let others = failing
            .iter()
            .filter(|other| !other.systems.is_disjoint(&period.systems));
        for other in others {
            if other.to < period.from {
                period.before = period.before.max(other.to + 1);
            } else if other.from > period.to {
                period.after = period.after.min(other.from - 1);
            }
        }
    }
    periods
}

/// Whether requests failed in its time.
fn has_failed(period: &Period, detected: &Detected, systems: &[usize]) -> bool {
    let requests = detected.requests.iter();
    let mut own = requests.filter(|((began, _), _)| period.systems.contains(&systems[*began]));
    own.any(|(_, requests)| requests.times.last_until(period.to) >= Some(period.from))
}

/// The time of one incident, beside `worse` ones and what others are about: what fails in that time is theirs.
fn period(
    number: usize,
    incident: &Incident,
    found: &[Found<'_>],
    detected: &Detected,
    systems: &[usize],
    (worse, others): (&[Period], &[&Answers]),
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
    let worse = worse.iter().filter(|worse| !worse.systems.is_disjoint(&own));
    let worse: Vec<(i64, i64)> = worse.map(|worse| (worse.from, worse.to)).collect();
    let to = requests
        .map(|((began, _), requests)| {
            let others = others.iter().filter(|answers| answers.sources.contains(began));
            let mut theirs: Vec<(i64, i64)> = others.map(|answers| (answers.from, answers.to)).collect();
            theirs.extend(&worse);
            goes_on(requests, from, ended.max(first), &theirs)
        })
        .max();
    let last = to.unwrap_or(ended).max(ended).max(first);
    let to = last.div_euclid(SECOND) * SECOND + SECOND - 1;
    let span = (to - from).clamp(SHORTEST, LONGEST);
    Some(Period {
        incident: number,
        systems: own,
        from,
        to,
        first,
        last,
        answers: Vec::new(),
        before: from - span,
        after: to + span,
    })
}

/// Until when requests fail without a long pause behind `ended`, more of them in a minute than ever before `from`.
fn goes_on(requests: &FailedRequests, from: i64, ended: i64, theirs: &[(i64, i64)]) -> i64 {
    let step = requests.minutes.step();
    let steps = || requests.minutes.steps();
    let before = steps().filter(|(begin, _)| begin + step <= from);
    let usual = before.map(|(_, count)| *count).max().unwrap_or(0);
    let mut until = ended;
    for (begin, count) in steps() {
        let is_theirs = theirs
            .iter()
            .any(|(from, to)| begin <= *to && begin + step > *from);
        if !is_theirs && *count > usual && begin + step > from && begin <= until.saturating_add(GOES_ON) {
            until = until.max(requests.times.last_until(begin + step - 1).unwrap_or(until));
        }
    }
    until
}
