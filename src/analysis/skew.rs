//! Clocks that differ from log to log: found, said, and taken out before anything is compared.
//!
//! In: [`Detected`], with samples of what several logs say. Out: a [`Skew`]: a row for each log that says how its clock stands
//! to the others', and by how much each source is to be moved. What is not known stays as it is.
//!
//! Logs that could be compared make groups. In each, the clock that most logs agree with counts; among equals one that
//! states its zone, then the first. The others are moved to it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::detect::collect::Detected;
use crate::detect::keyed::Sample;
use crate::input::Source;
use crate::record::header::Format;

pub mod estimate;

use crate::record::time::SECOND;
use estimate::{Estimate, Refused, estimate};

/// Differences below this are not worth a correction, in nanoseconds.
const LEAST: i64 = 2 * SECOND;

/// Zones are whole multiples of this, in nanoseconds, and none is further away than the second.
const ZONE_STEP: i64 = 900 * SECOND;
const ZONE_MOST: i64 = 14 * 3600 * SECOND;

/// A difference that is this close to one of zones is one, in nanoseconds.
const ZONE_SLACK: i64 = 3 * SECOND;

/// How the clock of a log stands to another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Number of the log's first source.
    pub source: usize,
    /// That of the log whose clock counts, if there is one.
    pub against: Option<usize>,
    /// What was found.
    pub verdict: Verdict,
    /// Whether its times were moved.
    pub applied: bool,
    /// It tells nothing itself; this is what is known of the log beside it, which the same program writes (number of its
    /// first source).
    pub beside: Option<usize>,
}

/// What a comparison found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The clocks show the same.
    Agrees(Estimate),
    /// The log is ahead of the other (behind it, if the offset is negative).
    Differs {
        /// By how much.
        estimate: Estimate,
        /// It is as much as two zones differ.
        zone: bool,
    },
    /// The logs do not tell.
    Unknown(Option<Refused>),
}

/// What is known of all clocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skew {
    /// A row for each dated log, if there are several.
    pub compared: Vec<Compared>,
    /// How far the clock of each source is ahead, in nanoseconds: what was subtracted from its times.
    pub shifts: Vec<i64>,
    /// Logs that tell of the same requests at the same times, in pairs (numbers of their first sources).
    pub same: Vec<(usize, usize)>,
}

/// One log: a source, or the pieces of a set.
struct Log {
    sources: std::ops::Range<usize>,
    sample: Sample,
    /// It states its zone.
    zone: bool,
    dated: bool,
    /// It is the error log of a server: of one clock with the server's access log.
    of_errors: bool,
}

/// Two logs that were compared: how far the first is ahead of the second.
struct Edge {
    logs: (usize, usize),
    estimate: Estimate,
}

/// Compares the clocks of all logs.
pub fn compare(detected: &Detected, sources: &[Arc<Source>]) -> Skew {
    let logs = logs(detected, sources);
    let mut skew = Skew {
        compared: Vec::new(),
        shifts: vec![0; sources.len()],
        same: Vec::new(),
    };
    let dated = logs.iter().filter(|log| log.dated).count();
    if dated < 2 {
        return skew;
    }
    let (edges, refused) = edges(&logs);
    let first = |log: usize| logs[log].sources.start;
    skew.same = edges
        .iter()
        .map(|edge| (first(edge.logs.0), first(edge.logs.1)))
        .collect();
    let mut known: Vec<Option<(usize, Estimate)>> = vec![None; logs.len()];
    let mut is_reference = vec![false; logs.len()];
    for group in groups(&edges, logs.len()) {
        let reference = reference(&group, &edges, &logs);
        is_reference[reference] = true;
        for (log, estimate) in against(reference, &edges, logs.len()) {
            known[log] = Some((reference, estimate));
        }
    }
    let beside: Vec<Option<usize>> = (0..logs.len())
        .map(|log| {
            known[log]
                .is_none()
                .then(|| beside(log, &logs, &known, sources))?
        })
        .collect();
    for (number, log) in logs.iter().enumerate() {
        if !log.dated || is_reference[number] {
            continue;
        }
        let (against, verdict) = match known[beside[number].unwrap_or(number)] {
            Some((reference, estimate)) => (Some(logs[reference].sources.start), verdict(estimate)),
            None => (None, Verdict::Unknown(refused[number])),
        };
        if let Verdict::Differs { estimate, .. } = verdict {
            skew.shifts[log.sources.clone()].fill(estimate.offset);
        }
        skew.compared.push(Compared {
            source: log.sources.start,
            against,
            applied: matches!(verdict, Verdict::Differs { .. }),
            verdict,
            beside: beside[number].map(|beside| logs[beside].sources.start),
        });
    }
    skew
}

/// The access log beside an error log, if its clock is wrong: one program writes both. If the two clocks are those of different
/// zones, that is no reason, since only one of the logs may state its zone.
fn beside(
    log: usize,
    logs: &[Log],
    known: &[Option<(usize, Estimate)>],
    sources: &[Arc<Source>],
) -> Option<usize> {
    let name = |log: &Log| {
        let source = &sources[log.sources.start];
        source.set.as_deref().unwrap_or(&source.name).to_owned()
    };
    if !logs[log].of_errors {
        return None;
    }
    let own = name(&logs[log]);
    let (folder, base) = own.rsplit_once('/').unwrap_or(("", &own));
    let wanted = base.replacen("error", "access", 1);
    let is_beside = |other: &&usize| {
        let other = name(&logs[**other]);
        let (other_folder, other) = other.rsplit_once('/').unwrap_or(("", &other));
        base != wanted && other_folder == folder && other == wanted
    };
    let others: Vec<usize> = (0..logs.len()).collect();
    let other = *others.iter().find(is_beside)?;
    let (_, estimate) = known[other]?;
    matches!(verdict(estimate), Verdict::Differs { zone: false, .. }).then_some(other)
}

impl Skew {
    /// The same, but that nothing is moved.
    #[must_use]
    pub fn only_said(mut self) -> Skew {
        self.shifts.fill(0);
        self.compared.iter_mut().for_each(|row| row.applied = false);
        self
    }
}

fn logs(detected: &Detected, sources: &[Arc<Source>]) -> Vec<Log> {
    let mut logs: Vec<Log> = Vec::new();
    for (number, (source, facts)) in sources.iter().zip(&detected.sources).enumerate() {
        let sample = detected.samples.get(&number).cloned().unwrap_or_default();
        let (zone, dated) = (
            !facts.assumed.zone && !facts.assumed.year,
            facts.first_time.is_some(),
        );
        let same = number > 0 && source.set.is_some() && sources[number - 1].set == source.set;
        match logs.last_mut().filter(|_| same) {
            Some(log) => {
                log.sources.end = number + 1;
                log.sample.merge(sample);
                log.zone &= zone;
                log.dated |= dated;
            }
            None => logs.push(Log {
                sources: number..number + 1,
                sample,
                zone,
                dated,
                of_errors: matches!(facts.format, Some(Format::NginxError | Format::ApacheError)),
            }),
        }
    }
    logs
}

/// All comparisons that tell something; and for each log why others tell nothing, the nearest miss first.
fn edges(logs: &[Log]) -> (Vec<Edge>, Vec<Option<Refused>>) {
    let mut edges = Vec::new();
    let mut refused: Vec<Option<Refused>> = vec![None; logs.len()];
    let with_keys: Vec<usize> = (0..logs.len())
        .filter(|log| !logs[*log].sample.keys.is_empty())
        .collect();
    for (at, log) in with_keys.iter().enumerate() {
        for other in &with_keys[at + 1..] {
            match estimate(&logs[*log].sample, &logs[*other].sample) {
                Ok(estimate) => edges.push(Edge {
                    logs: (*log, *other),
                    estimate,
                }),
                Err(why) => {
                    for log in [*log, *other] {
                        refused[log] = refused[log].max(Some(why));
                    }
                }
            }
        }
    }
    edges.sort_by_key(|edge| (edge.estimate.uncertainty, edge.logs));
    (edges, refused)
}

/// Logs that hang together, by rising numbers.
fn groups(edges: &[Edge], logs: usize) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..logs).collect();
    for edge in edges {
        let (one, other) = (group[edge.logs.0], group[edge.logs.1]);
        let (low, high) = (one.min(other), one.max(other));
        group
            .iter_mut()
            .filter(|number| **number == high)
            .for_each(|number| *number = low);
    }
    let members = |number: usize| -> Vec<usize> { (0..logs).filter(|log| group[*log] == number).collect() };
    (0..logs)
        .map(members)
        .filter(|members| members.len() > 1)
        .collect()
}

/// The log whose clock counts in a group.
fn reference(group: &[usize], edges: &[Edge], logs: &[Log]) -> usize {
    // That the two logs of a server agree says nothing for its clock.
    let agreeing = |log: usize| {
        let of_errors = |edge: &Edge| logs[edge.logs.0].of_errors || logs[edge.logs.1].of_errors;
        let own = |edge: &&Edge| (edge.logs.0 == log || edge.logs.1 == log) && !of_errors(edge);
        edges
            .iter()
            .filter(own)
            .filter(|edge| matches!(verdict(edge.estimate), Verdict::Agrees(_)))
            .count()
    };
    let best = group
        .iter()
        .max_by_key(|log| (agreeing(**log), logs[**log].zone, std::cmp::Reverse(**log)));
    best.copied().unwrap_or_default()
}

/// How far each log is ahead of the reference, over the most certain comparisons.
fn against(reference: usize, edges: &[Edge], logs: usize) -> Vec<(usize, Estimate)> {
    let mut found: Vec<Option<Estimate>> = vec![None; logs];
    found[reference] = Some(Estimate {
        offset: 0,
        uncertainty: 0,
        pairs: usize::MAX,
    });
    let mut queue = VecDeque::from([reference]);
    while let Some(log) = queue.pop_front() {
        let Some(own) = found[log] else { continue };
        for edge in edges {
            // How far `next` is ahead of `log`.
            let (next, ahead) = match edge.logs {
                (one, other) if other == log => (one, edge.estimate.offset),
                (one, other) if one == log => (other, -edge.estimate.offset),
                _ => continue,
            };
            if found[next].is_none() {
                found[next] = Some(Estimate {
                    offset: own.offset + ahead,
                    uncertainty: own.uncertainty + edge.estimate.uncertainty,
                    pairs: own.pairs.min(edge.estimate.pairs),
                });
                queue.push_back(next);
            }
        }
    }
    let others = found.into_iter().enumerate().filter(|(log, _)| *log != reference);
    others
        .filter_map(|(log, estimate)| Some((log, estimate?)))
        .collect()
}

fn verdict(estimate: Estimate) -> Verdict {
    if estimate.offset.abs() < LEAST.max(2 * estimate.uncertainty) {
        return Verdict::Agrees(estimate);
    }
    let steps = (estimate.offset + estimate.offset.signum() * ZONE_STEP / 2) / ZONE_STEP;
    let exact = steps * ZONE_STEP;
    let zone = steps != 0
        && exact.abs() <= ZONE_MOST
        && (steps % 2 == 0 || steps % 4 == 3 || steps % 4 == -3)
        && (estimate.offset - exact).abs() <= ZONE_SLACK.min(estimate.uncertainty + SECOND);
    Verdict::Differs {
        estimate: Estimate {
            offset: if zone { exact } else { estimate.offset },
            ..estimate
        },
        zone,
    }
}
