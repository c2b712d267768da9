//! The second reading: all requests of the logs in which an incident shows.
//!
//! In: what was detected, the time of each incident, and the logs. Out: [`Detected::traffic`] and what goes with it. A scan reads
//! closely what may be a failure, so it does not know how many requests there were. Where there is an incident, the access
//! logs of its system are read once more, and only the lines about its time are parsed. What cannot be read twice, or is not what it
//! was, is not counted, and says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::ThreadPool;

use crate::analysis::period::{Answers, Period};
use crate::detect::collect::Detected;
use crate::detect::traffic::count::{count, gates};
use crate::detect::traffic::{Asked, Counted, Stretch, Theirs, Traffic};
use crate::input::Source;
use crate::input::block::Block;
use crate::input::stream::{Fed, Feed, Reading};
use crate::pipeline::{self, Worked};
use crate::record::header::Format;
use crate::record::time::SECOND;

/// Why a log's requests were not counted.
const CANNOT: &str = "it cannot be read twice";
const CHANGED: &str = "it was not the same any more when its requests were counted";
const LEFT: &str = "its requests were not counted to the end";
const NAMES: &str = "another log has the same name";
const RARE: &str = "fewer than one in 10,000 of its lines is a failed request, so it was not read twice";

/// A log that is no access log is read twice only if one in so many of its lines is a failed request.
const LINES_FOR_ONE: u64 = 10_000;

/// The logs as they were read first.
pub(crate) struct First<'a> {
    /// What was named or found: an archive is one.
    pub(crate) listed: &'a [Arc<Source>],
    /// What was read, by number.
    pub(crate) sources: &'a [Arc<Source>],
    /// The system of each.
    pub(crate) systems: &'a [usize],
    /// How far the clock of each is ahead, in nanoseconds.
    pub(crate) shifts: &'a [i64],
}

/// Counts.
pub(crate) fn recount(
    pool: &ThreadPool,
    reading: Reading,
    first: &First<'_>,
    periods: &[Period],
    detected: &mut Detected,
) {
    let logs = logs(first.sources);
    let rare = with_rare_failures(&logs, detected);
    let mut asked: BTreeMap<&str, Asked> = BTreeMap::new();
    let mut twice: BTreeSet<&str> = BTreeSet::new();
    let mut origins = BTreeSet::new();
    for (number, source) in first.sources.iter().enumerate() {
        let Some(of) = asked_of(number, logs[number], first, periods, detected) else {
            continue;
        };
        if reading.stop.is_asked() {
            detected.not_counted.insert(logs[number], LEFT);
        } else if rare.contains(&logs[number]) {
            detected.not_counted.insert(logs[number], RARE);
        } else if let Some(path) = source.file_on_disk() {
            origins.insert(path);
            if asked.insert(&source.name, of).is_some() {
                twice.insert(&source.name);
            }
        } else {
            detected.not_counted.insert(logs[number], CANNOT);
        }
    }
    let again = |source: &&Arc<Source>| source.file_on_disk().is_some_and(|path| origins.contains(path));
    let again: Vec<Arc<Source>> = first.listed.iter().filter(again).map(Arc::clone).collect();
    if again.is_empty() {
        return;
    }
    let (zone, now) = (reading.zone, reading.now);
    let gates = gates();
    let Ok(feed) = Feed::new(again, reading) else {
        let own = asked.values().map(|asked| (logs[asked.source], LEFT));
        return detected.not_counted.extend(own);
    };
    let work = |block: &Block| {
        let source = &block.about;
        let asked = asked.get(source.name.as_str())?;
        let clock = source.clock(zone, now);
        Some(count(block, &gates, &clock, source.service.as_deref(), asked))
    };
    let mut joined = Joined {
        asked: &asked,
        logs: &logs,
        current: None,
        done: BTreeSet::new(),
        detected,
    };
    pipeline::run(pool, feed, work, |fed| joined.take(fed));
    let done = joined.done;
    for (name, asked) in &asked {
        let log = logs[asked.source];
        if twice.contains(name) {
            detected.not_counted.insert(log, NAMES);
        } else if !done.contains(&asked.source) {
            detected.not_counted.entry(log).or_insert(CHANGED);
        }
    }
    let (not_counted, shift_of) = (&detected.not_counted, |log: usize| first.shifts.get(log).copied());
    detected
        .traffic
        .retain(|(log, ..), _| !not_counted.contains_key(log));
    detected
        .undated
        .retain(|(log, _), _| !not_counted.contains_key(log));
    drop_explained(periods, detected);
    for ((log, ..), traffic) in &mut detected.traffic {
        traffic.shift(shift_of(*log).unwrap_or(0));
    }
}

/// Drops what was counted of an incident that lies beside a worse one in whose time no fewer requests failed: they are that one's;
/// and of one all whose failures others explain.
fn drop_explained(periods: &[Period], detected: &mut Detected) {
    let failed = |traffic: &Traffic| traffic.phases[1].classes.failed();
    let own: Vec<_> = detected
        .traffic
        .iter()
        .map(|((log, service, incident), traffic)| (*log, service.clone(), *incident, failed(traffic)))
        .collect();
    let times = |incident: usize| periods.iter().find(|period| period.incident == incident);
    let claims = |incident: usize, log: usize| {
        let mut answers = times(incident).into_iter().flat_map(|period| &period.answers);
        answers.any(|answers| answers.sources.contains(&log))
    };
    let overlap = |one: usize, other: usize| {
        let pair = times(one).zip(times(other));
        pair.is_some_and(|(one, other)| one.from <= other.to && other.from <= one.to)
    };
    detected.traffic.retain(|(log, service, incident), traffic| {
        let count = failed(traffic);
        if count == 0 && traffic.theirs > 0 {
            return false;
        }
        count == 0
            || claims(*incident, *log)
            || !own.iter().any(|(other_log, other_service, other, more)| {
                (other_log, other_service) == (log, service)
                    && other < incident
                    && *more >= count
                    && overlap(*other, *incident)
            })
    });
}

/// For each source the one with which its log began: pieces of a rotated log follow each other.
fn logs(sources: &[Arc<Source>]) -> Vec<usize> {
    let mut logs: Vec<usize> = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        let above = number
            .checked_sub(1)
            .filter(|above| source.set.is_some() && sources[*above].set == source.set);
        logs.push(above.map_or(number, |above| logs[above]));
    }
    logs
}

/// Logs, by their first source, that are no access logs and have very few failed requests for their length: what a second
/// reading would count is hardly about them, and in a long log it costs more than all the rest.
fn with_rare_failures(logs: &[usize], detected: &Detected) -> BTreeSet<usize> {
    let mut lines: BTreeMap<usize, u64> = BTreeMap::new();
    let mut access = BTreeSet::new();
    for (log, facts) in logs.iter().zip(&detected.sources) {
        *lines.entry(*log).or_default() += facts.lines;
        if facts.format.is_some_and(Format::is_access) {
            access.insert(*log);
        }
    }
    let mut failed: BTreeMap<usize, u64> = BTreeMap::new();
    for ((log, _), requests) in &detected.requests {
        *failed.entry(*log).or_default() += requests.total();
    }
    let is_rare = |log: &usize| {
        let failed = failed.get(log).copied().unwrap_or(0);
        !access.contains(log) && failed.saturating_mul(LINES_FOR_ONE) < lines[log]
    };
    lines.keys().copied().filter(is_rare).collect()
}

/// What is asked of a source, if it may have requests about an incident of its system.
fn asked_of(
    number: usize,
    log: usize,
    first: &First<'_>,
    periods: &[Period],
    detected: &Detected,
) -> Option<Asked> {
    let facts = &detected.sources[number];
    let is_access = facts.format.is_some_and(Format::is_access);
    let failed = detected.requests.keys().any(|(began, _)| *began == log);
    if !is_access && !failed {
        return None;
    }
    let shift = first.shifts.get(number).copied().unwrap_or(0);
    let system = first.systems[number];
    let near = |period: &&Period| {
        let late = facts.first_time.is_some_and(|first| first > period.after);
        let early = facts.last_time.is_some_and(|last| last < period.before);
        period.systems.contains(&system) && !late && !early
    };
    let explains = |period: &Period| -> Vec<Theirs> {
        let own = period.answers.iter();
        let own = own.filter(|answers| answers.sources.contains(&number));
        let each = |answers: &Answers| {
            let (from, to) = (answers.from - SECOND + shift, answers.to + SECOND + shift);
            let statuses = answers.statuses.clone().into_iter();
            statuses
                .map(move |status| (status, from, to))
                .collect::<Vec<Theirs>>()
        };
        own.flat_map(each).collect()
    };
    let theirs = |period: &Period| -> Vec<Theirs> {
        let own = explains(period);
        let others = periods.iter().filter(|other| other.incident != period.incident);
        let others = others.flat_map(explains);
        others
            .filter(|(status, ..)| own.iter().all(|(own, ..)| own != status))
            .collect()
    };
    let stretch = |period: &Period| Stretch {
        incident: period.incident,
        theirs: theirs(period),
        before: period.before + shift,
        from: period.from + shift,
        to: period.to + shift,
        after: period.after + shift,
    };
    let stretches: Vec<Stretch> = periods.iter().filter(near).map(stretch).collect();
    (!stretches.is_empty()).then(|| Asked {
        source: number,
        stretches,
        read: (first.sources[number].plan.from, facts.bytes),
        turns: first.sources[number].plan.turns.clone(),
        ends: [facts.head, facts.tail],
    })
}

/// Joins what was counted, source by source.
struct Joined<'a> {
    asked: &'a BTreeMap<&'a str, Asked>,
    logs: &'a [usize],
    /// What was counted of the current source so far; nothing if it is not asked for, or was lost.
    current: Option<(&'a Asked, Counted)>,
    /// Sources that were counted.
    done: BTreeSet<usize>,
    detected: &'a mut Detected,
}

impl Joined<'_> {
    fn take(&mut self, fed: Fed<Worked<Option<Counted>>>) {
        match fed {
            Fed::Begin(source) => {
                let asked = self.asked.get(source.name.as_str());
                self.current = asked.map(|asked| (asked, Counted::default()));
            }
            Fed::Block(Ok(Some(counted))) => {
                if let Some((_, sum)) = &mut self.current {
                    sum.merge(counted);
                }
            }
            Fed::Block(Ok(None)) | Fed::Hole { .. } | Fed::NotRead(_) => {}
            Fed::Block(Err(_)) => self.current = None,
            Fed::End(_) => self.end(),
        }
    }

    fn end(&mut self) {
        let Some((asked, counted)) = self.current.take() else {
            return;
        };
        if counted.found_ends < asked.ends.iter().flatten().count() {
            return;
        }
        self.done.insert(asked.source);
        let log = self.logs[asked.source];
        for ((service, incident), traffic) in &counted.traffic {
            let key = (log, service.clone(), *incident);
            self.detected.traffic.entry(key).or_default().merge(traffic);
        }
        for (service, requests) in &counted.undated {
            let key = (log, service.clone());
            self.detected.undated.entry(key).or_default().merge(requests);
        }
    }
}
