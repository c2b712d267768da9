//! Undated logs that are placed in time by what they share with dated ones.
//!
//! In: [`Detected`], with samples of what several logs say. Out: for each source, the places whose times are known so, and
//! for each log from which others. A program that writes no times still says which process it is, which requests it answered
//! and that it failed over one; a supervisor or an access log says when.
//!
//! What is counted is paired only if both logs have the same number of it, the first with the first, the last with the
//! last. Everything must hang together: what stands later in the log was written later. What contradicts that is left
//! out, with what it contradicts, unless one of the two is certain. So a log that only seems to belong to another stays without
//! times.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::system;
use crate::detect::collect::Detected;
use crate::detect::keyed::REACH;
use crate::detect::placed::{Anchor, Places};
use crate::input::Source;
use crate::record::keyed::{Key, Kind};
use crate::record::time::SECOND;

/// How far apart the two logs write about the same answer, in nanoseconds.
const ANSWER: i64 = SECOND;

/// The same for two lines of one request.
const REQUEST: i64 = 4 * SECOND;

/// How long after its start a program says which process it is, in nanoseconds.
const START: i64 = 30 * SECOND;

/// Two times that differ by less do not contradict each other's order, in nanoseconds.
const SLACK: i64 = SECOND;

/// What is known of undated logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairing {
    /// By source.
    pub places: BTreeMap<usize, Places>,
    /// A row for each log that was placed.
    pub logs: Vec<Paired>,
}

/// A log without times of its own that others give times to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paired {
    /// Number of the log's first source.
    pub source: usize,
    /// Those of the logs that tell its times.
    pub with: BTreeSet<usize>,
    /// How many of its lines have a counterpart.
    pub pairs: usize,
}

/// Pairs undated logs with dated ones. `shifts` says how far the clock of each source is ahead, in nanoseconds.
pub fn pair(detected: &Detected, sources: &[Arc<Source>], shifts: &[i64]) -> Pairing {
    let logs = logs(detected, sources, shifts);
    let systems = system::systems(sources.iter().map(Arc::as_ref));
    let mut pairing = Pairing::default();
    let undated = |log: &Log| {
        detected.sources[log.sources.clone()]
            .iter()
            .all(|facts| !facts.dated)
    };
    for (number, log) in logs.iter().enumerate().filter(|(_, log)| undated(log)) {
        let others = || {
            let same = |other: &&Log| systems[other.sources.start] == systems[log.sources.start];
            let others = logs.iter().enumerate().filter(move |(other, _)| *other != number);
            others.map(|(_, other)| other).filter(same)
        };
        let pins = consistent(pins(log, others));
        let places: BTreeMap<usize, Places> = log
            .sources
            .clone()
            .map(|source| (source, places(log, &pins, source)))
            .collect();
        // A start alone places nothing but itself.
        let tells = pins.iter().any(|pin| pin.key.kind() != Kind::Start) || places.values().any(Places::tell);
        if !tells {
            continue;
        }
        pairing.places.extend(places);
        pairing.logs.push(Paired {
            source: log.sources.start,
            with: pins.iter().map(|pin| pin.from_log).collect(),
            pairs: pins.iter().map(|pin| pin.place).collect::<BTreeSet<_>>().len(),
        });
    }
    pairing
}

/// The places of one source that are known.
fn places(log: &Log, pins: &[Pin], source: usize) -> Places {
    let own = pins.iter().filter(|pin| pin.place.0 == source);
    let mut anchors: Vec<Anchor> = own.map(|pin| pin.anchor).collect();
    anchors.extend(ends(log, pins, source));
    Places::new(anchors)
}

/// One log: a source, or the pieces of a set.
struct Log {
    sources: Range<usize>,
    keys: BTreeMap<Key, Lines>,
    /// Only a part of it was sampled.
    cut: bool,
    /// Its times are whole seconds.
    rounded: bool,
}

/// The lines of a key.
#[derive(Default)]
struct Lines {
    count: u64,
    /// The first ones: source and offset, and when they were written.
    first: Vec<((usize, u64), Option<i64>)>,
}

impl Lines {
    fn all_dated(&self) -> bool {
        self.first.iter().all(|(_, at)| at.is_some())
    }

    fn none_dated(&self) -> bool {
        self.first.iter().all(|(_, at)| at.is_none())
    }
}

/// A line of an undated log, and when another log says that it was written.
#[derive(Debug, Clone, Copy)]
struct Pin {
    key: Key,
    place: (usize, u64),
    anchor: Anchor,
    from_log: usize,
}

fn logs(detected: &Detected, sources: &[Arc<Source>], shifts: &[i64]) -> Vec<Log> {
    let mut logs: Vec<Log> = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        let same = number > 0 && source.set.is_some() && sources[number - 1].set == source.set;
        if !same {
            logs.push(Log {
                sources: number..number,
                keys: BTreeMap::new(),
                cut: false,
                rounded: true,
            });
        }
        let Some(log) = logs.last_mut() else { continue };
        log.sources.end = number + 1;
        let read = detected.sources.get(number).map_or(0, |facts| facts.bytes);
        log.cut |= read > REACH || source.plan.left_out > 0;
        let shift = shifts.get(number).copied().unwrap_or(0);
        let sample = detected.samples.get(&number);
        for (key, lines) in sample.into_iter().flat_map(|sample| &sample.keys) {
            let own = log.keys.entry(*key).or_default();
            let whole = own.first.len() as u64 == own.count;
            own.count += lines.count;
            let first = lines.first.iter().take_while(|_| whole);
            own.first.extend(first.map(|seen| {
                let at = seen.at.map(|at| at.saturating_sub(shift));
                ((number, seen.offset), at)
            }));
        }
    }
    for log in &mut logs {
        let times = log.keys.values().flat_map(|lines| &lines.first);
        log.rounded = times.filter_map(|(_, at)| *at).all(|at| at % SECOND == 0);
    }
    logs
}

/// All pairs of undated lines of `log` with lines of `others`.
fn pins<'a, I: Iterator<Item = &'a Log>>(log: &Log, others: impl Fn() -> I) -> Vec<Pin> {
    let mut pins = Vec::new();
    for (key, lines) in log.keys.iter().filter(|(_, lines)| lines.none_dated()) {
        let theirs = match key.kind() {
            Kind::Unhandled => {
                // Of two programs that failed, nobody can say which of them an answer is of.
                if others().any(|other| other.keys.contains_key(key)) {
                    continue;
                }
                key.counterpart()
            }
            Kind::Request if key.is_failure() => *key,
            Kind::Start | Kind::Id => *key,
            Kind::Request | Kind::Answered500 | Kind::End | Kind::Complaint | Kind::Refused => continue,
        };
        let candidates = || {
            others().filter_map(|other| {
                let theirs = other.keys.get(&theirs).filter(|theirs| theirs.all_dated())?;
                Some((other, theirs))
            })
        };
        let agrees = |other: &Log, theirs: &Lines| {
            let whole = matches!(key.kind(), Kind::Start | Kind::Id) || !(log.cut || other.cut);
            whole && theirs.count == lines.count
        };
        // A failure may be behind the answers of any log.
        let all = key.kind() != Kind::Unhandled || candidates().all(|(other, theirs)| agrees(other, theirs));
        for (other, theirs) in candidates().filter(|(other, theirs)| all && agrees(other, theirs)) {
            pins.extend(in_order(*key, lines, theirs, other));
        }
    }
    pins
}

/// The first with the first, and so on.
fn in_order(key: Key, lines: &Lines, theirs: &Lines, other: &Log) -> Vec<Pin> {
    let mut times: Vec<i64> = theirs.first.iter().filter_map(|(_, at)| *at).collect();
    times.sort_unstable();
    let rounding = i64::from(other.rounded) * SECOND;
    let (before, after) = match key.kind() {
        Kind::Start => (0, START),
        Kind::Id => (REQUEST, REQUEST),
        _ => (ANSWER, ANSWER),
    };
    let pin = |((place, _), at): (&((usize, u64), Option<i64>), i64)| Pin {
        key,
        place: *place,
        anchor: Anchor {
            offset: place.1,
            from: at.saturating_sub(before),
            to: at.saturating_add(after + rounding),
        },
        from_log: other.sources.start,
    };
    lines.first.iter().zip(times).map(pin).collect()
}

/// Where processes ended in `source`: each before the next one was started, which may have said a few things before it says
/// which it is.
fn ends(log: &Log, pins: &[Pin], source: usize) -> Vec<Anchor> {
    let is_end = |key: &Key| key.kind() == Kind::End;
    let ends = log.keys.iter().filter(|(key, _)| is_end(key));
    let places = ends.flat_map(|(_, lines)| &lines.first);
    let anchor = |(place, _): &((usize, u64), Option<i64>)| {
        let starts = pins.iter().filter(|pin| pin.key.kind() == Kind::Start);
        let next = starts
            .filter(|pin| pin.place > *place)
            .min_by_key(|pin| pin.place)?;
        Some(Anchor {
            offset: place.1,
            from: i64::MIN,
            to: next.anchor.from.saturating_add(SLACK),
        })
    };
    places
        .filter(|(place, _)| place.0 == source)
        .filter_map(anchor)
        .collect()
}

/// Without what contradicts the order of the log.
fn consistent(pins: Vec<Pin>) -> Vec<Pin> {
    let is_certain = |pin: &Pin| matches!(pin.key.kind(), Kind::Start | Kind::Id);
    let (certain, counted): (Vec<Pin>, Vec<Pin>) = pins.into_iter().partition(is_certain);
    let certain = without(&certain, &contradicted(&certain, |_| true));
    let mut all = certain.clone();
    all.extend(&counted);
    let counted = without(&counted, &contradicted(&all, is_certain));
    let mut all = certain;
    all.extend(without(&counted, &contradicted(&counted, |_| true)));
    all
}

fn without(pins: &[Pin], keys: &BTreeSet<Key>) -> Vec<Pin> {
    let left = pins.iter().filter(|pin| !keys.contains(&pin.key));
    left.copied().collect()
}

/// The keys of pins that lie before or behind a witness against the order of their times.
fn contradicted(pins: &[Pin], is_witness: impl Fn(&Pin) -> bool) -> BTreeSet<Key> {
    let mut pins: Vec<&Pin> = pins.iter().collect();
    pins.sort_by_key(|pin| pin.place);
    let mut keys = BTreeSet::new();
    let mut latest = i64::MIN;
    for place in pins.chunk_by(|one, other| one.place == other.place) {
        let witnesses = place.iter().filter(|pin| is_witness(pin));
        latest = witnesses.fold(latest, |latest, pin| latest.max(pin.anchor.from));
        let late = |pin: &&&Pin| latest > pin.anchor.to.saturating_add(SLACK);
        keys.extend(place.iter().filter(late).map(|pin| pin.key));
    }
    let mut earliest = i64::MAX;
    for place in pins.chunk_by(|one, other| one.place == other.place).rev() {
        let witnesses = place.iter().filter(|pin| is_witness(pin));
        earliest = witnesses.fold(earliest, |earliest, pin| earliest.min(pin.anchor.to));
        let early = |pin: &&&Pin| earliest < pin.anchor.from.saturating_sub(SLACK);
        keys.extend(place.iter().filter(early).map(|pin| pin.key));
    }
    keys
}
