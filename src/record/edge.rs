//! The first and the last dated line of a piece of a log.
//!
//! In: bytes from the beginning or the end of a log, and its [`Clock`]. Out: when the line was written.

use super::header;
use super::time::{Clock, Stamp};
use crate::report::visible::strip_colour;

/// How far from both ends of a log a dated line is looked for, in bytes.
pub const DATE_RANGE: usize = 64 * 1024;

/// The stamp of the first dated line.
pub fn first_stamp(bytes: &[u8], clock: &Clock) -> Option<Stamp> {
    bytes
        .split(|byte| *byte == b'\n')
        .find_map(|line| stamp(line, clock))
}

/// The stamp of the last dated line.
pub fn last_stamp(bytes: &[u8], clock: &Clock) -> Option<Stamp> {
    bytes
        .rsplit(|byte| *byte == b'\n')
        .find_map(|line| stamp(line, clock))
}

fn stamp(line: &[u8], clock: &Clock) -> Option<Stamp> {
    header::parse(&strip_colour(line), clock).stamp
}
