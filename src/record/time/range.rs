//! A stretch of time that a person asks for.
//!
//! In: what `--since` and `--until` say. Out: a [`Range`], and whether a record lies in it.

use super::spoken;
use super::zone::Zone;
use crate::record::{Time, TimeQuality};

/// Where a stretch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// At an instant, in UTC nanoseconds.
    At(i64),
    /// When the machine was last started, as journals tell it.
    LastBoot,
}

impl Since {
    /// Reads `--since`: `last boot`, or a time as [`until`].
    ///
    /// # Errors
    ///
    /// A sentence that says what is expected.
    pub fn parse(text: &str, zone: Zone, now: i64) -> Result<Since, String> {
        let words = text.trim().to_ascii_lowercase().replace(['-', '_'], " ");
        if words == "last boot" || words == "boot" {
            return Ok(Since::LastBoot);
        }
        spoken::parse(text, zone, now).map(Since::At)
    }
}

/// Reads `--until`: an instant in UTC nanoseconds. What states no zone is read in `zone`.
///
/// # Errors
///
/// A sentence that says what is expected.
pub fn until(text: &str, zone: Zone, now: i64) -> Result<i64, String> {
    spoken::parse(text, zone, now)
}

/// A stretch of time, both ends included. UTC nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// Its first instant, if it has one.
    pub since: Option<i64>,
    /// Its last instant, if it has one.
    pub until: Option<i64>,
}

impl Range {
    /// Whether everything lies in it.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// Whether an instant lies in it.
    #[must_use]
    pub fn has(&self, at: i64) -> bool {
        self.since.is_none_or(|since| since <= at) && self.until.is_none_or(|until| at <= until)
    }

    /// Whether a record with this time may lie in it. An undated record goes with its dated neighbours; one that has none
    /// may lie anywhere.
    #[must_use]
    pub fn covers(&self, time: &Time) -> bool {
        match (time.quality, time.at, time.until) {
            (TimeQuality::Between, Some(from), Some(to)) => {
                self.since.is_none_or(|since| since <= to) && self.until.is_none_or(|until| from <= until)
            }
            (_, Some(at), _) => self.has(at),
            (_, None, _) => true,
        }
    }

    /// The part of a log's time, from its first to its last dated record, that lies in the range.
    #[must_use]
    pub fn within(&self, first: Option<i64>, last: Option<i64>) -> (Option<i64>, Option<i64>) {
        let from = first.map(|first| self.since.map_or(first, |since| first.max(since)));
        let to = last.map(|last| self.until.map_or(last, |until| last.min(until)));
        match (from, to) {
            (Some(from), Some(to)) if from > to => (None, None),
            _ => (from, to),
        }
    }
}
