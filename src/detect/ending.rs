//! The last record of a log, and whether it says itself that there will be no more.
//!
//! In: the last block of a source. Out: an [`Ending`], for conditions on logs that fall silent.

use memchr::memrchr;

use super::examine::occurrence;
use super::hits::LineCounter;
use super::matcher::Caught;
use super::tally::Occurrence;
use crate::input::block::Block;
use crate::record::reader::RecordReader;
use crate::record::time::range::Range;

/// A log shorter than this shows no pace, in bytes.
const SHORTEST: u64 = 2 << 10;

/// How far back lines like the last one are looked for, in bytes.
const BACK: usize = 16 << 10;

/// A line with such a word may be the last one on purpose, unless lines like it came before.
const LAST_WORDS: &[&str] = &[
    "aborted",
    "bye",
    "cancelled",
    "closed",
    "closing",
    "complete",
    "completed",
    "done",
    "end",
    "ended",
    "exit",
    "exited",
    "exiting",
    "failed",
    "finished",
    "goodbye",
    "killed",
    "passed",
    "quit",
    "quitting",
    "received",
    "rotated",
    "rotating",
    "shutdown",
    "shutting",
    "sigint",
    "signal",
    "sigterm",
    "stop",
    "stopped",
    "stopping",
    "succeeded",
    "success",
    "successfully",
    "summary",
    "terminated",
    "terminating",
    "total",
];

/// How a source ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Its last record.
    pub last: Occurrence,
    /// The record may say that it is the last one.
    pub is_said: bool,
}

/// How the source ends whose last block this is; nothing if that is not known, or outside of `range`.
pub(super) fn ending(
    block: &Block,
    reader: &mut RecordReader<'_>,
    lines: &mut LineCounter,
    range: &Range,
) -> Option<Ending> {
    let (text, body) = (block.text(), block.body());
    if block.window_at() + (body.end as u64) < SHORTEST {
        return None;
    }
    let near = text.bytes(body.end.saturating_sub(BACK).max(body.start)..body.end);
    let blank = near.iter().rev().take_while(|byte| byte.is_ascii_whitespace());
    let end = near.len() - blank.count();
    let last = body.end - near.len() + end.checked_sub(1)?;
    let extent = reader.extent_at(last);
    if extent.start < body.start || extent.start >= body.end || extent.end <= extent.start {
        return None;
    }
    let record = reader.read_keys(extent);
    if record.time.at.is_none() || !range.covers(&record.time) {
        return None;
    }
    let line = lines.line_of(block.window(), extent.start);
    Some(Ending {
        last: occurrence(block, &record, line, Caught::default()),
        is_said: says_so(&near[..end]),
    })
}

/// Whether the last line of `near` is unlike all above it and has a word of farewell.
fn says_so(near: &[u8]) -> bool {
    let start = memrchr(b'\n', near).map_or(0, |newline| newline + 1);
    let (above, last) = near.split_at(start);
    has_last_word(last) && !above.split(|byte| *byte == b'\n').any(|line| alike(line, last))
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let letters = line.split(|byte| !byte.is_ascii_alphabetic());
    letters.filter(|word| !word.is_empty())
}

fn has_last_word(line: &[u8]) -> bool {
    words(line).any(|word| {
        LAST_WORDS
            .iter()
            .any(|last| word.eq_ignore_ascii_case(last.as_bytes()))
    })
}

fn alike(one: &[u8], other: &[u8]) -> bool {
    words(one).eq(words(other))
}

#[cfg(test)]
mod tests {
    use super::says_so;

    #[test]
    fn a_line_like_others_is_no_farewell() {
        let jobs = b"10:00:00 job 1 finished in 5 ms\n10:00:10 job 2 finished in 4 ms\n10:00:20 job 3 finished in 7 ms";
        assert!(!says_so(jobs));
        let exit = b"10:00:00 job 1 finished in 5 ms\n10:00:10 all jobs finished, exiting";
        assert!(says_so(exit));
        assert!(!says_so(b"10:00:00 tick\n10:00:10 tock"));
    }
}
