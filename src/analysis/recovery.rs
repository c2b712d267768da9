//! Whether an incident was over before its logs ended.
//!
//! In: incidents with their periods, all requests about them, and when services were down. Out: a [`Recovery`] for each incident.
//! Over is said only where something shows it: requests that failed are answered, in such a number that at the rate of before several
//! would have failed; a service says that it is back; a log goes on for longer than the failure ever paused. Not over is
//! said only where the failure goes on to the end of all logs, or a service is still down.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::downtime::{End, Service};
use super::period::Period;
use super::{Analysis, Found};
use crate::detect::collect::Detected;
use crate::detect::life::Turn;
use crate::detect::tally::Place;
use crate::detect::traffic::{Requests, Traffic};
use crate::input::Source;
use crate::signature::Role;

/// A log must go on for so long without a failure, in nanoseconds.
pub const QUIET: i64 = 30_000_000_000;

/// Requests must be answered for so long, in nanoseconds.
const CALM: i64 = 10_000_000_000;

/// What occurs within so long before the end of a log goes on to it, in nanoseconds: access logs are written in whole
/// seconds.
const TO_THE_END: i64 = 2_000_000_000;

/// So many failures are to be expected among the requests since, at the incident's rate.
const EXPECTED: u64 = 5;

/// Fewer records do not show how often a failure occurs.
const FEWEST: u64 = 3;

/// What the logs show of a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was over.
    Recovered,
    /// It was not.
    NotRecovered,
    /// They do not decide it.
    NotKnown,
}

/// Something that speaks for a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// Requests are answered again.
    Answered {
        /// The log, as in [`Detected::traffic`].
        log: (usize, Option<String>),
        /// Those behind the incident.
        since: Requests,
    },
    /// Requests fail as long as the log tells of any.
    Failing {
        /// The log, as in [`Detected::traffic`].
        log: (usize, Option<String>),
        /// The incident's.
        during: Requests,
    },
    /// A service says that it is back.
    Back {
        /// Its name.
        service: String,
        /// Its record.
        place: Place,
        /// Its time, in UTC nanoseconds.
        at: i64,
    },
    /// A service that died is not back.
    Down {
        /// Its name.
        service: String,
        /// The record of its last death.
        place: Place,
    },
    /// A finding is not seen again while its log goes on.
    GoesOn {
        /// Its number.
        found: usize,
        /// The last source of the log.
        log: usize,
        /// For how long, in nanoseconds.
        quiet: i64,
    },
    /// A finding is seen up to the end of all logs.
    Ongoing {
        /// Its number.
        found: usize,
    },
}

/// What is known of an incident's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// In a word.
    pub state: State,
    /// The last sign of it, in UTC nanoseconds.
    pub last: Option<i64>,
    /// From the first sign to the last, in nanoseconds.
    pub took: Option<i64>,
    /// What shows it.
    pub because: Vec<Because>,
}

/// What is known of each incident's end, by its number.
pub fn recoveries(
    analysis: &Analysis<'_>,
    detected: &Detected,
    sources: &[Arc<Source>],
    systems: &[usize],
    services: &[Service],
) -> Vec<Recovery> {
    let look = Look {
        analysis,
        detected,
        sources,
        systems,
        services,
    };
    (0..analysis.incidents.len())
        .map(|number| look.at(number))
        .collect()
}

struct Look<'a> {
    analysis: &'a Analysis<'a>,
    detected: &'a Detected,
    sources: &'a [Arc<Source>],
    systems: &'a [usize],
    services: &'a [Service],
}

impl Look<'_> {
    fn at(&self, number: usize) -> Recovery {
        let period = self
            .analysis
            .periods
            .iter()
            .find(|period| period.incident == number);
        let Some(period) = period else {
            return Recovery {
                state: State::NotKnown,
                last: None,
                took: None,
                because: Vec::new(),
            };
        };
        let (state, because) = self.judge(period);
        Recovery {
            state,
            last: Some(period.last),
            took: Some((period.last - period.first).max(0)),
            because,
        }
    }

    fn judge(&self, period: &Period) -> (State, Vec<Because>) {
        let members: Vec<usize> = self.analysis.incidents[period.incident]
            .members
            .iter()
            .copied()
            .filter(|member| self.analysis.found[*member].is_trouble())
            .collect();
        let mut against = self.down(period, &members);
        against.extend(members.iter().filter_map(|member| self.ongoing(period, *member)));
        let mut answered = Vec::new();
        let mut is_open = false;
        for ((log, service, incident), traffic) in &self.detected.traffic {
            if *incident != period.incident || !has_failed(traffic) {
                continue;
            }
            let log = (*log, service.clone());
            let [_, during, after] = &traffic.phases;
            let (all, failed) = (during.classes.total(), during.classes.failed());
            let expected = after.classes.total() * failed;
            if expected < all && self.fails_to_the_end(&log) {
                let during = during.clone();
                against.push(Because::Failing { log, during });
            } else if expected >= EXPECTED * all && self.is_calm(period, &log, traffic) {
                let since = after.clone();
                answered.push(Because::Answered { log, since });
            } else {
                // Too few requests since then decide nothing.
                is_open |= after.classes.failed() > 0 || after.classes.total() == 0;
            }
        }
        if !against.is_empty() {
            return (State::NotRecovered, against);
        }
        if is_open {
            return (State::NotKnown, Vec::new());
        }
        if !answered.is_empty() {
            answered.extend(self.back(&members));
            return (State::Recovered, answered);
        }
        self.by_findings(&members)
    }

    /// Where no log counts requests: each finding must have ended, and what has no rate must be seen working again.
    fn by_findings(&self, members: &[usize]) -> (State, Vec<Because>) {
        let mut because = Vec::new();
        let has_symptom = members
            .iter()
            .any(|member| self.found(*member).role == Role::Symptom);
        for member in members {
            let quiet = || {
                let may = has_symptom || self.found(*member).role == Role::Symptom;
                self.goes_on(*member).filter(|_| may)
            };
            match self.back(&[*member]).into_iter().next().or_else(quiet) {
                Some(one) => add(&mut because, one),
                None => return (State::NotKnown, Vec::new()),
            }
        }
        (State::Recovered, because)
    }

    fn found(&self, member: usize) -> &Found<'_> {
        &self.analysis.found[member]
    }

    /// No more requests fail than before, and for longer than the failure ever paused.
    fn is_calm(&self, period: &Period, log: &(usize, Option<String>), traffic: &Traffic) -> bool {
        let [before, _, after] = &traffic.phases;
        let (all, failed) = (after.classes.total(), after.classes.failed());
        let usual = (before.classes.failed(), before.classes.total());
        // Of three quarters of them, the rate of before is no lower: two single failures prove nothing. Without a before, none is usual.
        let more = failed > 1 && (usual.1 == 0 || 3 * failed * usual.1 > 4 * usual.0 * all);
        let pause = self
            .detected
            .requests
            .get(log)
            .and_then(|requests| requests.times.longest_pause(period.first, period.last));
        let quiet = after.times.map_or(0, |[_, last]| last - period.last);
        !more && quiet > CALM.max(pause.unwrap_or(0))
    }

    /// No longer since the last failed request than usual between two, when the log ends.
    fn fails_to_the_end(&self, log: &(usize, Option<String>)) -> bool {
        let quiet = || {
            let requests = self.detected.requests.get(log)?;
            let all = requests.all()?;
            let (first, last) = (all.first?, all.last?);
            let gaps = i64::try_from(all.count.checked_sub(1)?).ok()?;
            let usual = (last - first).checked_div(gaps).unwrap_or(0);
            let (_, end) = end_of(log.0, self.detected, self.sources)?;
            Some(end - last <= usual.max(TO_THE_END))
        };
        quiet().unwrap_or(false)
    }

    /// Services of the findings that died in it and are not back.
    fn down(&self, period: &Period, members: &[usize]) -> Vec<Because> {
        let names: BTreeSet<&str> = members
            .iter()
            .flat_map(|member| self.found(*member).tally.services.values())
            .collect();
        let own = |service: &&Service| {
            period.systems.contains(&service.system) && names.contains(service.name.as_str())
        };
        let down = |service: &Service| {
            let down = service
                .downs
                .last()
                .filter(|down| down.end == End::StillDown && down.deaths > 0)?;
            let began = down.last.sighting.time.at?;
            (began >= period.from && began <= period.to).then(|| Because::Down {
                service: service.name.clone(),
                place: down.last.place,
            })
        };
        self.services.iter().filter(own).filter_map(down).collect()
    }

    /// Services of these findings that say that they are back behind the last record.
    fn back(&self, members: &[usize]) -> Vec<Because> {
        let mut back: Vec<Because> = Vec::new();
        for member in members {
            let found = self.found(*member);
            let last = &found.tally.last;
            let (Some(at), Some(service)) =
                (last.sighting.time.until.or(last.sighting.time.at), &last.service)
            else {
                continue;
            };
            let name = |name: &str| name.strip_suffix(".service").unwrap_or(name).to_owned();
            let own = self.detected.lives.0.iter().filter(|life| {
                life.turn == Turn::Ready
                    && name(&life.service) == name(service)
                    && self.systems[life.sighting.source] == found.system
            });
            let later = own.filter_map(|life| Some((life.sighting.time.at?, life.place)));
            let first = later
                .filter(|(ready, _)| *ready > at)
                .min_by_key(|(ready, place)| (*ready, place.source, place.offset));
            if let Some((ready, place)) = first {
                let one = Because::Back {
                    service: name(service),
                    place,
                    at: ready,
                };
                add(&mut back, one);
            }
        }
        back
    }

    fn goes_on(&self, member: usize) -> Option<Because> {
        let found = self.found(member);
        let (log, quiet) = quiet(found, self.detected, self.sources)?;
        is_long(found, quiet).then_some(Because::GoesOn {
            found: member,
            log,
            quiet,
        })
    }

    /// It is seen up to the end of all logs of its system.
    fn ongoing(&self, period: &Period, member: usize) -> Option<Because> {
        let found = self.found(member);
        let tally = &found.tally;
        let (first, last) = (tally.first().sighting.time.at?, tally.last.sighting.time.at?);
        let own = self.detected.sources.iter().zip(self.systems);
        let end = own
            .filter(|(_, system)| period.systems.contains(system))
            .filter_map(|(facts, _)| facts.last_time)
            .max()?;
        let gaps = i64::try_from(tally.count.checked_sub(1)?).ok()?;
        let usual = (last - first).checked_div(gaps)?;
        let goes_on = found.role == Role::Symptom && tally.count >= FEWEST && end - last <= usual;
        (goes_on && self.back(&[member]).is_empty()).then_some(Because::Ongoing { found: member })
    }
}

/// Adds what speaks for a state. Of a service that came back after several findings, the last return tells.
fn add(because: &mut Vec<Because>, one: Because) {
    let same = because.iter_mut().find(|known| match (known, &one) {
        (Because::Back { service: known, .. }, Because::Back { service, .. }) => known == service,
        _ => false,
    });
    match (same, &one) {
        (Some(Because::Back { at: known, .. }), Because::Back { at, .. }) if *known >= *at => {}
        (Some(known), _) => *known = one,
        (None, _) => because.push(one),
    }
}

/// How long the log of a finding's last record goes on behind it: the log's last source, and nanoseconds.
pub fn quiet(found: &Found<'_>, detected: &Detected, sources: &[Arc<Source>]) -> Option<(usize, i64)> {
    let last = &found.tally.last.sighting;
    let (log, end) = end_of(last.source, detected, sources)?;
    Some((log, end - last.time.until.or(last.time.at)?))
}

/// Whether a finding is over if its log goes on for so long: longer than it ever paused.
pub fn is_long(found: &Found<'_>, quiet: i64) -> bool {
    let pause = found.tally.times.longest_pause(i64::MIN, i64::MAX);
    quiet > QUIET.max(pause.unwrap_or(0))
}

/// The last source of a log, and its last time.
fn end_of(source: usize, detected: &Detected, sources: &[Arc<Source>]) -> Option<(usize, i64)> {
    let set = &sources[source].set;
    let pieces = sources.iter().enumerate();
    let pieces = pieces.filter(|(number, other)| *number == source || (set.is_some() && other.set == *set));
    pieces
        .filter_map(|(number, _)| Some((number, detected.sources[number].last_time?)))
        .max_by_key(|(number, time)| (*time, *number))
}

/// Whether requests failed in the incident, more of them than before.
fn has_failed(traffic: &Traffic) -> bool {
    let [before, during, _] = &traffic.phases;
    let rate = |requests: &Requests| (requests.classes.failed(), requests.classes.total().max(1));
    let ((failed_before, before), (failed, during)) = (rate(before), rate(during));
    failed > 0 && failed.saturating_mul(before) > failed_before.saturating_mul(during)
}
