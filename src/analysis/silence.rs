//! Logs that fall silent during an incident, while others go on.
//!
//! In: sampled times of each log, the incidents. Out: [`Silence`]s. A log is only known by samples, so it must have kept a much
//! faster pace for at least as long as it was silent, on both sides of a gap; what is quiet by habit says nothing.

use super::Incident;
use crate::detect::pace::Pace;

/// Shortest silence, in nanoseconds.
const SHORTEST: i64 = 60_000_000_000;

/// So many times the longest other pause of the log.
const MUCH_LONGER: i64 = 4;

/// Pauses on each side of a gap (before an end: twice as many).
const FEWEST: usize = 4;

/// How far from an incident a silence still matters, in nanoseconds.
const NEAR: i64 = 600_000_000_000;

/// A log that all but stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Number of the first source of its log.
    pub began: usize,
    /// Number of its last source.
    pub last: usize,
    /// From when, in UTC nanoseconds.
    pub from: i64,
    /// Until when; for a log that ends, until when another goes on.
    pub until: i64,
    /// It does not go on.
    pub ends: bool,
    /// The longest pause between its other samples, in nanoseconds.
    pub pause: i64,
    /// The first source of the log that goes on.
    pub other: usize,
}

/// All silences, in the order of the logs.
pub fn silences(paces: &[Pace], incidents: &[Incident], ended: &[Option<i64>]) -> Vec<Silence> {
    let matters = |silence: &Silence| {
        incidents.iter().zip(ended).any(|(incident, ended)| {
            let from = incident.started.unwrap_or(i64::MAX);
            let to = ended.unwrap_or(from);
            silence.from <= to.saturating_add(NEAR) && silence.until >= from.saturating_sub(NEAR)
        })
    };
    let found = paces.iter().flat_map(|pace| [gap(pace, paces), end(pace, paces)]);
    found.flatten().filter(matters).collect()
}

/// The pauses between its samples, if there are enough.
fn pauses(pace: &Pace) -> Option<Vec<i64>> {
    pace.pauses().filter(|pauses| pauses.len() >= 2 * FEWEST)
}

fn gap(pace: &Pace, paces: &[Pace]) -> Option<Silence> {
    let pauses = pauses(pace)?;
    let (at, longest) = pauses.iter().enumerate().max_by_key(|(_, pause)| **pause)?;
    let others = pauses.iter().enumerate().filter(|(other, _)| *other != at);
    let pause = others.map(|(_, pause)| *pause).max()?;
    let active = pauses.iter().sum::<i64>() - longest;
    let inside = at >= FEWEST && at + FEWEST < pauses.len();
    if !inside || *longest < SHORTEST || *longest / MUCH_LONGER < pause || active < *longest {
        return None;
    }
    let (from, until) = (pace.times[at], pace.times[at + 1]);
    Some(Silence {
        began: pace.began,
        last: pace.last,
        from,
        until,
        ends: false,
        pause,
        other: goes_on(pace, paces, from, until)?,
    })
}

fn end(pace: &Pace, paces: &[Pace]) -> Option<Silence> {
    let pauses = pauses(pace)?;
    let pause = pauses.iter().copied().max()?;
    let from = *pace.times.last()?;
    let until = paces.iter().filter_map(|other| other.times.last()).max()?;
    let longest = until - from;
    let active: i64 = pauses.iter().sum();
    if longest < SHORTEST || longest / MUCH_LONGER < pause || active < longest {
        return None;
    }
    Some(Silence {
        began: pace.began,
        last: pace.last,
        from,
        until: *until,
        ends: true,
        pause,
        other: goes_on(pace, paces, from, *until)?,
    })
}

/// Another log that was written all the time behind `from`.
fn goes_on(own: &Pace, paces: &[Pace], from: i64, until: i64) -> Option<usize> {
    let mut others = paces.iter().filter(|pace| pace.began != own.began);
    let other = others.find(|pace| pace.goes_on(from + 1, until))?;
    Some(other.began)
}
