//! Where in a log the reading of its stamps changes: another year, or the second of an hour that occurs twice.
//!
//! In: the log's clock, and what its stamps say at sampled places. Out: [`Turn`]s. They are found before the log is read,
//! so that any part of it can be read alone.

use super::zone::Fold;
use super::{Clock, SECOND};

/// Half a year in nanoseconds: times that go back by more have gone over a New Year that is not written.
pub const HALF_YEAR: i64 = 182 * 86_400 * SECOND;

/// From a place in a log on its stamps are read otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The place, in bytes from the log's beginning.
    pub from: u64,
    /// As [`Clock::reference`].
    pub reference: i64,
    /// As [`Clock::second`].
    pub second: bool,
}

/// The clock that counts at `place`.
#[must_use]
pub fn clock_at(clock: &Clock, turns: &[Turn], place: u64) -> Clock {
    let last = turns.partition_point(|turn| turn.from <= place);
    match last.checked_sub(1).and_then(|last| turns.get(last)) {
        Some(turn) => Clock {
            zone: clock.zone,
            reference: turn.reference,
            second: turn.second,
        },
        None => *clock,
    }
}

/// What there is to say about a fold that a log runs through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folded {
    /// Which.
    pub fold: Fold,
    /// Where the log's times go back, if they do: what follows is read as the second.
    pub back_at: Option<u64>,
}
