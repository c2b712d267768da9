//! A bounded sample of the keyed lines of each log, by which logs are compared with each other.
//!
//! In: blocks. Out: a [`Sample`] for each log. Two logs keep the same keys, since those with the smallest numbers stay; of
//! each key the first lines stay. So the result does not depend on how a log was cut. Only the beginning of a
//! log is looked at, so that the scan of big logs costs no more for it. Who scans one log alone needs no sample.

use std::collections::BTreeMap;

use memchr::{memchr, memrchr};

use crate::input::block::Block;
use crate::record::keyed::{GATES, Key, keys_of};
use crate::record::time::Clock;
use crate::record::time::turns::clock_at;
use crate::scan::filter::{Buffers, Filter, Wanted};
use crate::scan::gate::Beside;

/// How much of a log is looked at, in bytes from where its reading begins.
pub const REACH: u64 = 4 << 20;

/// Logs that are looked at.
pub const MOST_SOURCES: usize = 256;

/// Keys that are kept of a log.
const MOST_KEYS: usize = 512;

/// Lines that are kept of a key.
pub const MOST_LINES: usize = 48;

/// A line of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// When it was written, in UTC nanoseconds, if it says so.
    pub at: Option<i64>,
}

/// The lines of one key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// The first ones.
    pub first: Vec<Seen>,
    /// How many there are.
    pub count: u64,
}

/// The sample of one log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// By key.
    pub keys: BTreeMap<Key, Lines>,
}

impl Sample {
    fn add(&mut self, key: Key, seen: Seen) {
        if self.keys.len() >= MOST_KEYS && self.keys.last_key_value().is_some_and(|(last, _)| key > *last) {
            return;
        }
        let lines = self.keys.entry(key).or_default();
        lines.count += 1;
        if lines.first.len() < MOST_LINES {
            lines.first.push(seen);
        }
        if self.keys.len() > MOST_KEYS {
            self.keys.pop_last();
        }
    }

    /// Adds the sample of the part that follows.
    pub(crate) fn merge(&mut self, later: Sample) {
        for (key, lines) in later.keys {
            let own = self.keys.entry(key).or_default();
            own.count += lines.count;
            own.first.extend(lines.first);
            own.first.truncate(MOST_LINES);
        }
        while self.keys.len() > MOST_KEYS {
            self.keys.pop_last();
        }
    }
}

/// What finds the lines that may have a key.
pub(super) fn gates() -> Filter {
    Filter::new(GATES.iter().map(|gate| Wanted {
        beside: Beside {
            exact: true,
            ..Beside::default()
        },
        ..Wanted::alone(*gate, 0)
    }))
}

/// The sample of the lines that begin in the body of `block`.
pub(super) fn sample(gates: &Filter, block: &Block, clock: &Clock, buffers: &mut Buffers) -> Sample {
    let mut sample = Sample::default();
    let plan = &block.about.plan;
    let (body, window_at) = (block.body(), block.window_at());
    let end = (plan.from + REACH).saturating_sub(window_at).min(body.end as u64);
    let Ok(end) = usize::try_from(end) else {
        return sample;
    };
    if block.source >= MOST_SOURCES || end <= body.start {
        return sample;
    }
    // What is searched may change meanwhile; what is parsed does not.
    let (window, text) = (block.window(), block.text());
    let rest = memchr(b'\n', &window[end - 1..]);
    let last_end = rest.map_or(window.len(), |length| end - 1 + length);
    let mut places = Vec::new();
    gates.find(&window[body.start..last_end], buffers, |place, _| {
        places.push(body.start + place);
    });
    places.sort_unstable();
    let mut at = body.start;
    for place in places {
        if place < at {
            continue;
        }
        let above = memrchr(b'\n', &window[at..place]);
        let start = above.map_or(at, |newline| at + newline + 1);
        let to = text.first_newline(place..text.len()).unwrap_or(text.len());
        let offset = window_at + start as u64;
        let clock = clock_at(clock, &plan.turns, offset);
        if let Some(keyed) = keys_of(text.bytes(start..to), &clock) {
            let at = keyed.stamp.map(|stamp| stamp.nanos);
            keyed
                .keys
                .into_iter()
                .for_each(|key| sample.add(key, Seen { offset, at }));
        }
        at = to + 1;
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::time::Zone;

    #[test]
    fn cutting_does_not_matter_and_the_sample_is_bounded() {
        let line = |number: u32| {
            let (path, second) = (number % 2_000, number / 100 % 60);
            format!("1.2.3.4 - - [23/Nov/2026:00:23:{second:02} +0000] \"GET /x/{path} HTTP/1.1\" 200 3\n")
        };
        let clock = Clock::new(Zone::Utc, 1_795_500_000_000_000_000);
        let gates = gates();
        let of = |numbers: std::ops::Range<u32>| {
            let text: String = numbers.map(line).collect();
            let block = Block::whole(0, text.into_bytes());
            sample(&gates, &block, &clock, &mut Buffers::default())
        };
        let without_offsets = |mut sample: Sample| {
            let lines = sample.keys.values_mut().flat_map(|lines| &mut lines.first);
            lines.for_each(|seen| seen.offset = 0);
            sample
        };
        let whole = without_offsets(of(0..30_000));
        assert_eq!(whole.keys.len(), MOST_KEYS);
        assert!(whole.keys.values().all(|lines| lines.count == 15));
        for cut in [1, 777, 15_000] {
            let mut joined = of(0..cut);
            joined.merge(of(cut..30_000));
            assert_eq!(without_offsets(joined), whole);
        }
    }
}
