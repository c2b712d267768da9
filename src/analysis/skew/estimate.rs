//! How far the clock of one log is ahead of another's.
//!
//! In: the samples of two logs. Out: an [`Estimate`], or why there is none. Each key that both logs have votes for the
//! differences of its times. Only the true difference is voted for by most keys; differences of events that only look the same
//! lie scattered, or, in a regular rhythm, in several places alike, and then nothing is said.

use crate::detect::keyed::{MOST_LINES, Sample};
use crate::record::keyed::{Key, Kind};
use crate::record::time::SECOND;

/// How far apart the two lines of one event are written, in nanoseconds: a request takes a while, and some logs round.
const WINDOW: i64 = 4 * SECOND;

/// Fewest keys that must agree.
const FEWEST: usize = 5;

/// Of the keys that both logs have, so many hundredths must agree, at least.
const SHARE: f64 = 0.5;

/// Another difference must have less than so much of the votes.
const RIVAL: f64 = 0.6;

/// A difference of two clocks. Nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// How far the one is ahead of the other.
    pub offset: i64,
    /// The true difference is hardly further away than this.
    pub uncertainty: i64,
    /// How many events agree.
    pub pairs: usize,
}

/// Why there is no estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// So few events are in both logs.
    Few(usize),
    /// The events of both logs fit together in more than one way, or in none.
    Ambiguous,
}

/// A difference that a key votes for.
#[derive(Debug, Clone, Copy)]
struct Vote {
    offset: i64,
    key: usize,
    weight: f64,
}

/// How far the clock of `log` is ahead of that of `other`.
pub fn estimate(log: &Sample, other: &Sample) -> Result<Estimate, Refused> {
    let (mut votes, shared) = votes(log, other);
    if shared < FEWEST {
        return Err(Refused::Few(shared));
    }
    votes.sort_by_key(|vote| vote.offset);
    let (best, score) = best(&votes, |_| true).ok_or(Refused::Few(0))?;
    let far = |offset: i64| (offset - best).abs() > 2 * WINDOW;
    let rival = self::best(&votes, far).map_or(0.0, |(_, score)| score);
    if rival > RIVAL * score || score < SHARE * shared as f64 {
        return Err(Refused::Ambiguous);
    }
    let near = votes
        .iter()
        .filter(|vote| (0..=WINDOW).contains(&(vote.offset - best)));
    let mut keys: Vec<usize> = near.clone().map(|vote| vote.key).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() < FEWEST {
        return Err(Refused::Few(keys.len()));
    }
    let offsets: Vec<i64> = near.map(|vote| vote.offset).collect();
    let part = |hundredths: usize| offsets[(offsets.len() - 1) * hundredths / 100];
    let (low, middle, high) = (part(5), part(50), part(95));
    let (ours, theirs) = (is_rounded(log), is_rounded(other));
    // A rounded time is half a second early on average.
    let bias = (i64::from(ours) - i64::from(theirs)) * SECOND / 2;
    let rounding = i64::from(ours || theirs) * SECOND;
    Ok(Estimate {
        offset: middle + bias,
        uncertainty: (high - middle).max(middle - low).max(SECOND / 10) + rounding,
        pairs: keys.len(),
    })
}

/// The votes of all keys that both logs have, and how many keys those are. A key that is too frequent tells nothing.
fn votes(log: &Sample, other: &Sample) -> (Vec<Vote>, usize) {
    let mut votes = Vec::new();
    let mut shared = 0;
    // The others say the same again, of events that have a key of their own.
    let single = |key: &Key| !matches!(key.kind(), Kind::End | Kind::Unhandled | Kind::Answered500);
    for (number, (key, ours)) in log.keys.iter().enumerate().filter(|(_, (key, _))| single(key)) {
        let Some(theirs) = other.keys.get(&key.counterpart()) else {
            continue;
        };
        if ours.count > MOST_LINES as u64 || theirs.count > MOST_LINES as u64 {
            continue;
        }
        let times = |lines: &crate::detect::keyed::Lines| -> Vec<i64> {
            lines.first.iter().filter_map(|seen| seen.at).collect()
        };
        let (ours, theirs) = (times(ours), times(theirs));
        if ours.is_empty() || theirs.is_empty() {
            continue;
        }
        shared += 1;
        let weight = 1.0 / ours.len().max(theirs.len()) as f64;
        for our in &ours {
            votes.extend(theirs.iter().filter_map(|their| {
                Some(Vote {
                    offset: our.checked_sub(*their)?,
                    key: number,
                    weight,
                })
            }));
        }
    }
    (votes, shared)
}

/// Where the window with most votes begins, among those that begin where `counts` holds.
fn best(votes: &[Vote], counts: impl Fn(i64) -> bool) -> Option<(i64, f64)> {
    let mut best: Option<(i64, f64)> = None;
    let mut score = 0.0;
    let mut end = 0;
    for (start, first) in votes.iter().enumerate() {
        while let Some(vote) = votes.get(end).filter(|vote| vote.offset - first.offset <= WINDOW) {
            score += vote.weight;
            end += 1;
        }
        if counts(first.offset) && best.is_none_or(|(_, most)| score > most + 1e-9) {
            best = Some((first.offset, score));
        }
        score -= votes[start].weight;
    }
    best
}

/// Whether all times are whole seconds.
fn is_rounded(sample: &Sample) -> bool {
    let times = sample.keys.values().flat_map(|lines| &lines.first);
    times.filter_map(|seen| seen.at).all(|at| at % SECOND == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::keyed::{Lines, Seen};

    /// A sample with these times (in seconds) for each key.
    fn sample(keys: &[(&str, &[f64])]) -> Sample {
        let lines = |times: &[f64]| Lines {
            count: times.len() as u64,
            first: times
                .iter()
                .map(|time| Seen {
                    offset: 0,
                    at: Some((time * 1e9) as i64),
                })
                .collect(),
        };
        Sample {
            keys: keys
                .iter()
                .map(|(key, times)| (Key::of(Kind::Id, &[key.as_bytes()]), lines(times)))
                .collect(),
        }
    }

    #[test]
    fn events_that_agree_give_the_difference() {
        let names = ["a", "b", "c", "d", "e", "f"];
        let times = [3.1, 17.4, 21.3, 44.9, 81.7, 99.2];
        let of = |by: f64| -> Sample {
            let times: Vec<[f64; 1]> = times.iter().map(|time| [time + by]).collect();
            let keys: Vec<(&str, &[f64])> = names
                .iter()
                .zip(&times)
                .map(|(name, time)| (*name, &time[..]))
                .collect();
            sample(&keys)
        };
        let found = estimate(&of(37.0), &of(0.0)).unwrap();
        assert!(
            (found.offset - 37 * SECOND).abs() <= found.uncertainty,
            "{found:?}"
        );
        assert_eq!(found.pairs, 6);
        let found = estimate(&of(0.0), &of(37.0)).unwrap();
        assert!(
            (found.offset + 37 * SECOND).abs() <= found.uncertainty,
            "{found:?}"
        );
    }

    #[test]
    fn few_events_and_a_regular_rhythm_tell_nothing() {
        let few = sample(&[("a", &[1.5]), ("b", &[2.5])]);
        assert_eq!(estimate(&few, &few), Err(Refused::Few(2)));
        assert_eq!(estimate(&few, &Sample::default()), Err(Refused::Few(0)));
        // The same five checks every 10 seconds, for two minutes, seen from another minute on.
        let rhythm = |from: u32| -> Vec<f64> {
            (from..from + 12)
                .map(|turn| f64::from(turn) * 10.0 + 0.5)
                .collect()
        };
        let names = ["a", "b", "c", "d", "e"];
        let of = |times: &[f64]| sample(&names.map(|name| (name, times)));
        assert_eq!(
            estimate(&of(&rhythm(0)), &of(&rhythm(3))),
            Err(Refused::Ambiguous)
        );
    }
}
