//! What users and operators lost, counted.
//!
//! In: the analysis, what was detected, and when services were down. Out: the report's [`Impact`], in which each row cites the
//! first and the last of what was counted. `losses` says it in sentences.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{CAPTURE_WIDTH, incident_id, name};
use super::claim::Citations;
use super::counted::{
    Count, DownEnd, Downtime, Endpoint, FailedMinute, MinuteCount, NotCounted, Phase, Stretch, Traffic,
    Undated, Unfinished,
};
use super::model::{AlsoCounted, FailedRequests, Finding, Impact};
use super::visible::visible;
use crate::analysis::Analysis;
use crate::analysis::downtime::{Down, End, Service};
use crate::analysis::period::Period;
use crate::detect::collect::Detected;
use crate::detect::life::Life;
use crate::detect::requests;
use crate::detect::tally::Place;
use crate::detect::traffic::{self, Classes};
use crate::record::time::format_utc;
use crate::signature::Role;

/// Rows of failed requests that are reported.
const MOST_REQUEST_ROWS: usize = 40;

/// Logs of which all requests are reported.
const MOST_LOGS: usize = 20;

/// Endpoints of a log that are reported.
const MOST_ENDPOINTS: usize = 20;

/// Downtimes of a service that are reported.
const MOST_STRETCHES: usize = 20;

/// Values of a key of unfinished jobs that are reported.
const MOST_KEYS: usize = 12;

/// What is counted from.
pub(super) struct Counting<'a> {
    pub(super) analysis: &'a Analysis<'a>,
    pub(super) detected: &'a Detected,
    pub(super) findings: &'a [Finding],
    /// The name of the log that each source is, or is a piece of.
    pub(super) logs: &'a [String],
    /// When services were down.
    pub(super) services: &'a [Service],
    /// Logs that tell of the same requests, in pairs.
    pub(super) same: &'a [(usize, usize)],
}

/// A log, as in [`Detected::requests`].
type Log = (usize, Option<String>);

impl Counting<'_> {
    /// Counts.
    pub(super) fn impact(&self, citations: &mut Citations<'_>) -> Impact {
        let requests = &self.detected.requests;
        let worst = requests
            .iter()
            .max_by_key(|(log, requests)| (requests.total(), std::cmp::Reverse(*log)));
        let (rows, left_out) = self.failed(citations);
        let trouble = || self.analysis.found.iter().filter(|found| found.is_trouble());
        let first = trouble()
            .filter_map(|found| found.tally.first().sighting.time.at)
            .min();
        let last = trouble()
            .filter_map(|found| found.tally.last.sighting.time.at)
            .max();
        let names = |values: BTreeSet<&str>| values.into_iter().map(name).collect();
        let units = trouble().filter_map(|found| found.tally.captures.get("unit"));
        let all = worst.and_then(|(_, requests)| requests.all());
        Impact {
            failed_requests: worst.map_or(0, |(_, requests)| requests.total()),
            failed_requests_source: worst.map(|(log, _)| self.log(log)),
            failed_by_class: worst
                .map(|(_, requests)| named(&requests.classes()))
                .unwrap_or_default(),
            failed_first: all.and_then(|all| all.first).map(format_utc),
            failed_last: all.and_then(|all| all.last).map(format_utc),
            failed_by_minute: worst.map(|(_, requests)| minutes(requests)).unwrap_or_default(),
            failed_peak: worst.and_then(|(_, requests)| peak(requests)),
            requests: rows,
            requests_left_out: left_out,
            traffic: self.traffic(citations),
            undated: self.undated(citations),
            not_counted: self.not_counted(),
            restarts: self.restarts(),
            downtime: self
                .services
                .iter()
                .map(|service| downtime(service, citations))
                .collect(),
            services: names(
                trouble()
                    .flat_map(|found| found.tally.services.values())
                    .collect(),
            ),
            hosts: names(trouble().flat_map(|found| found.tally.hosts.values()).collect()),
            units: names(units.flat_map(|counts| counts.values()).collect()),
            unfinished: self.unfinished(),
            duration_seconds: first
                .zip(last)
                .and_then(|(first, last)| u64::try_from((last - first) / 1_000_000_000).ok()),
            statements: Vec::new(),
        }
    }

    /// A stream of several services is named with the service; a log of one needs no more than its name.
    pub(super) fn log(&self, (source, service): &Log) -> String {
        let detected = self.detected;
        let failed = detected.requests.keys();
        let counted = detected
            .traffic
            .keys()
            .map(|(source, service, _)| (source, service));
        let all = failed.map(|(source, service)| (source, service)).chain(counted);
        let all = all.chain(detected.undated.keys().map(|(source, service)| (source, service)));
        let services: BTreeSet<&Option<String>> = all
            .filter(|(own, _)| *own == source)
            .map(|(_, service)| service)
            .collect();
        match service {
            Some(service) if services.len() > 1 => format!("{} ({})", self.logs[*source], name(service)),
            _ => self.logs[*source].clone(),
        }
    }

    fn failed(&self, citations: &mut Citations<'_>) -> (Vec<FailedRequests>, u64) {
        let mut rows: Vec<(FailedRequests, usize, [Place; 2])> = Vec::new();
        for (log, counted) in &self.detected.requests {
            let others = counted
                .others
                .iter()
                .map(|(status, sum)| ("other endpoints", *status, sum));
            let named = counted
                .by_endpoint
                .iter()
                .map(|((endpoint, status), sum)| (endpoint.as_str(), *status, sum));
            rows.extend(named.chain(others).map(|(endpoint, status, sum)| {
                let row = FailedRequests {
                    source: self.log(log),
                    endpoint: visible(endpoint.as_bytes(), Some(CAPTURE_WIDTH)),
                    status,
                    count: sum.count,
                    first: sum.first.map(format_utc),
                    last: sum.last.map(format_utc),
                    evidence: Vec::new(),
                    also_in: Vec::new(),
                    repeats: None,
                };
                (row, log.0, sum.ends)
            }));
        }
        rows.sort_by(|(a, ..), (b, ..)| {
            let order = |row: &FailedRequests| (row.source.clone(), row.endpoint.clone(), row.status);
            b.count.cmp(&a.count).then_with(|| order(a).cmp(&order(b)))
        });
        self.mark_repeated(&mut rows);
        let left_out = rows.len().saturating_sub(MOST_REQUEST_ROWS);
        let rows = rows
            .into_iter()
            .take(MOST_REQUEST_ROWS)
            .map(|(mut row, _, ends)| {
                row.evidence = cite(&ends, citations);
                row
            });
        (rows.collect(), left_out as u64)
    }

    /// A proxy and the program behind it count the same request: the row with more of them counts, the other one is marked.
    fn mark_repeated(&self, rows: &mut [(FailedRequests, usize, [Place; 2])]) {
        for later in 1..rows.len() {
            let (before, rest) = rows.split_at_mut(later);
            let (row, log, _) = &mut rest[0];
            let is_same = |(other, other_log, _): &&mut (FailedRequests, usize, [Place; 2])| {
                let pair = [(*other_log, *log), (*log, *other_log)];
                other.repeats.is_none()
                    && (other.status, &other.endpoint) == (row.status, &row.endpoint)
                    && self.same.iter().any(|same| pair.contains(same))
            };
            if let Some((other, ..)) = before.iter_mut().find(is_same) {
                row.repeats = Some(other.source.clone());
                other.also_in.push(AlsoCounted {
                    source: row.source.clone(),
                    count: row.count,
                });
            }
        }
    }

    fn traffic(&self, citations: &mut Citations<'_>) -> Vec<Traffic> {
        let mut all: Vec<_> = self.detected.traffic.iter().collect();
        all.sort_by_key(|((source, service, incident), traffic)| {
            let during = &traffic.phases[1].classes;
            let most = std::cmp::Reverse((during.failed(), during.total()));
            (*incident, most, *source, service.clone())
        });
        let periods = |incident: usize| {
            self.analysis
                .periods
                .iter()
                .find(move |own| own.incident == incident)
        };
        let row =
            |((source, service, incident), counted): (&(usize, Option<String>, usize), &traffic::Traffic)| {
                let period = periods(*incident)?;
                let log = (*source, service.clone());
                Some(self.row(&log, period, counted, citations))
            };
        all.into_iter().filter_map(row).take(MOST_LOGS).collect()
    }

    fn row(
        &self,
        log: &Log,
        period: &Period,
        counted: &traffic::Traffic,
        citations: &mut Citations<'_>,
    ) -> Traffic {
        let pieces = (log.0..self.logs.len()).take_while(|piece| self.logs[*piece] == self.logs[log.0]);
        let pieces: Vec<usize> = pieces.collect();
        let facts = || pieces.iter().map(|piece| &self.detected.sources[*piece]);
        let begins = facts()
            .filter_map(|facts| facts.first_time)
            .min()
            .unwrap_or(i64::MIN);
        let ends = facts()
            .filter_map(|facts| facts.last_time)
            .max()
            .unwrap_or(i64::MAX);
        let mut phase = |number: usize, from: i64, to: i64| {
            let requests = &counted.phases[number];
            let (from, to) = (from.max(begins), to.min(ends.max(from)));
            (from <= to && (requests.classes.total() > 0 || begins <= to && ends >= from)).then(|| Phase {
                from: format_utc(from),
                to: format_utc(to),
                count: count(&requests.classes),
                evidence: requests
                    .ends
                    .map(|ends| cite(&ends, citations))
                    .unwrap_or_default(),
            })
        };
        let before = phase(0, period.before, period.from - 1);
        let during = phase(1, period.from, period.to);
        let after = phase(2, period.to + 1, period.after);
        let mut endpoints: Vec<_> = counted.by_endpoint.iter().collect();
        let others = "other endpoints".to_owned();
        if counted.others.iter().any(|classes| classes.total() > 0) {
            endpoints.push((&others, &counted.others));
        }
        endpoints.sort_by_key(|(endpoint, phases)| {
            (
                std::cmp::Reverse((phases[1].failed(), phases[1].total(), phases[0].total())),
                endpoint.as_str(),
            )
        });
        let left_out = endpoints.len().saturating_sub(MOST_ENDPOINTS) as u64;
        let endpoints = endpoints
            .into_iter()
            .take(MOST_ENDPOINTS)
            .map(|(endpoint, phases)| Endpoint {
                endpoint: visible(endpoint.as_bytes(), Some(CAPTURE_WIDTH)),
                before: count(&phases[0]),
                during: count(&phases[1]),
                after: count(&phases[2]),
            });
        Traffic {
            incident: incident_id(period.incident),
            source: self.log(log),
            before,
            during,
            after,
            theirs: counted.theirs,
            may_include: self.beside(period),
            minutes: counted
                .minutes
                .steps()
                .map(|(begin, classes)| MinuteCount {
                    from: format_utc(begin),
                    minutes: counted.minutes.width(),
                    count: count(classes),
                })
                .collect(),
            endpoints: endpoints.collect(),
            endpoints_left_out: left_out,
        }
    }

    /// Other incidents of the same time and system that requests failed in, so that they may be among those of this one.
    fn beside(&self, period: &Period) -> Vec<String> {
        let is_beside = |other: &&Period| {
            let incident = &self.analysis.incidents[other.incident];
            let mut own = incident
                .members
                .iter()
                .map(|member| &self.analysis.found[*member]);
            other.incident != period.incident
                && !other.systems.is_disjoint(&period.systems)
                && other.from <= period.to
                && period.from <= other.to
                && other.answers.is_empty()
                && own.any(|found| found.role == Role::Symptom && found.signature.id.starts_with("http/"))
        };
        let beside = self.analysis.periods.iter().filter(is_beside);
        beside.map(|other| incident_id(other.incident)).collect()
    }

    fn undated(&self, citations: &mut Citations<'_>) -> Vec<Undated> {
        let rows = self.detected.undated.iter().map(|(log, requests)| Undated {
            source: self.log(log),
            count: count(&requests.classes),
            evidence: requests
                .ends
                .map(|ends| cite(&ends, citations))
                .unwrap_or_default(),
        });
        rows.take(MOST_LOGS).collect()
    }

    fn not_counted(&self) -> Vec<NotCounted> {
        let rows = self
            .detected
            .not_counted
            .iter()
            .map(|(source, reason)| NotCounted {
                source: self.logs[*source].clone(),
                reason: (*reason).to_owned(),
            });
        rows.take(MOST_LOGS).collect()
    }

    fn restarts(&self) -> BTreeMap<String, u64> {
        let mut restarts: BTreeMap<String, u64> = BTreeMap::new();
        for service in self.services.iter().filter(|service| service.deaths() > 0) {
            *restarts.entry(name(&service.name)).or_default() += service.deaths();
        }
        restarts
    }

    fn unfinished(&self) -> Vec<Unfinished> {
        let rows = self
            .analysis
            .found
            .iter()
            .zip(self.findings)
            .filter_map(|(found, finding)| {
                found.signature.condition.missing.as_ref()?;
                let keys = found.tally.captures.keys().map(|key| {
                    let values = found.tally.values_of(key).into_iter().take(MOST_KEYS);
                    let values = values.map(|(value, _)| visible(value.as_bytes(), Some(CAPTURE_WIDTH)));
                    (key.clone(), values.collect())
                });
                Some(Unfinished {
                    finding: finding.id.clone(),
                    count: found.tally.count,
                    keys: keys.collect(),
                })
            });
        rows.collect()
    }
}

/// Ids of the first and the last of several records; one id if they are one.
fn cite(ends: &[Place; 2], citations: &mut Citations<'_>) -> Vec<String> {
    let mut ids: Vec<String> = ends.iter().map(|place| citations.cite(place)).collect();
    ids.dedup();
    ids
}

fn named(classes: &Classes) -> BTreeMap<&'static str, u64> {
    classes.named().collect()
}

fn count(classes: &Classes) -> Count {
    Count {
        requests: classes.total(),
        failed: classes.failed(),
        by_class: named(classes),
    }
}

fn minutes(requests: &requests::FailedRequests) -> Vec<FailedMinute> {
    let steps = requests.minutes.steps();
    steps
        .map(|(begin, count)| minute(begin, *count, requests))
        .collect()
}

fn peak(requests: &requests::FailedRequests) -> Option<FailedMinute> {
    let (begin, count) = requests.minutes.peak_by(|count| *count)?;
    Some(minute(begin, *count, requests))
}

fn minute(begin: i64, count: u64, requests: &requests::FailedRequests) -> FailedMinute {
    FailedMinute {
        from: format_utc(begin),
        minutes: requests.minutes.width(),
        count,
    }
}

/// When a service was down.
fn downtime(service: &Service, citations: &mut Citations<'_>) -> Downtime {
    let lengths = service.downs.iter().filter_map(Down::length);
    let left_out = service.downs.len().saturating_sub(MOST_STRETCHES);
    // The last one says how it ended.
    let shown = service.downs.iter().enumerate();
    let shown =
        shown.filter(|(number, _)| *number + 1 == service.downs.len() || *number + 1 < MOST_STRETCHES);
    let stretches = shown.map(|(_, down)| stretch(down, citations)).collect();
    Downtime {
        service: name(&service.name),
        host: service.host.as_deref().map(name),
        exits: service.deaths(),
        stops: service.downs.iter().filter(|down| down.deaths == 0).count() as u64,
        seconds: in_seconds(lengths.sum()),
        stretches,
        stretches_left_out: left_out as u64,
        incomplete: service.is_cut,
    }
}

fn stretch(down: &Down, citations: &mut Citations<'_>) -> Stretch {
    let lives = [Some(&down.from), Some(&down.last), down.back.as_ref()];
    let mut evidence: Vec<String> = Vec::new();
    for life in lives.into_iter().flatten() {
        let id = citations.cite(&life.place);
        if !evidence.contains(&id) {
            evidence.push(id);
        }
    }
    let time = |life: &Life| life.sighting.time.at.map(format_utc);
    Stretch {
        from: time(&down.from),
        to: down.back.as_ref().and_then(time),
        seconds: down.length().map(in_seconds),
        exits: down.deaths,
        end: match down.end {
            End::Back => DownEnd::Back,
            End::StillDown => DownEnd::StillDown,
            End::Unknown => DownEnd::Unknown,
        },
        evidence,
    }
}

/// Nanoseconds in seconds, to the millisecond.
fn in_seconds(nanos: i64) -> f64 {
    (nanos / 1_000_000) as f64 / 1000.0
}
