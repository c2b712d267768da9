//! Times of some lines of a log, cheap enough to be read of every log.
//!
//! In: a block. Out: the times of lines at places that depend on the content alone: close together at the beginning of
//! a log, so that small ones give enough, and the further apart the further behind it.

use memchr::memrchr;

use crate::input::block::Block;
use crate::record::edge::first_stamp;
use crate::record::time::Clock;

/// The shortest and the longest step, in bytes.
const STEPS: (u64, u64) = (512, 1 << 20);

/// So many steps lie between an offset and its double.
const STEPS_TO_DOUBLE: u64 = 64;

/// How far a dated line is looked for on each side of a place, in bytes.
const RANGE: usize = 2 << 10;

/// The times of lines at fixed places in the block's body, in UTC nanoseconds.
pub(super) fn pulse(block: &Block, clock: &Clock) -> Vec<i64> {
    let body = block.body();
    let (from, to) = (
        block.window_at() + body.start as u64,
        block.window_at() + body.end as u64,
    );
    let mut times = Vec::new();
    let mut place = from;
    while let Some(next) = next_place(place).filter(|next| *next < to) {
        times.extend(time_near(block, (next - block.window_at()) as usize, clock));
        place = next + 1;
    }
    times
}

/// The first place at or behind `offset`. Steps grow with the offset, so that neighbours are alike.
fn next_place(offset: u64) -> Option<u64> {
    let step = (offset / STEPS_TO_DOUBLE).clamp(STEPS.0, STEPS.1);
    offset.checked_next_multiple_of(1 << step.ilog2())
}

/// The time of the line that holds this byte of the window, or of the first dated one behind it.
fn time_near(block: &Block, at: usize, clock: &Clock) -> Option<i64> {
    let text = block.text();
    let before = text.bytes(at.saturating_sub(RANGE)..at);
    let start = match memrchr(b'\n', before) {
        Some(newline) => at - before.len() + newline + 1,
        None if at == before.len() && block.window_at() == 0 => 0,
        None => return None,
    };
    let end = (at + RANGE).min(block.window().len());
    first_stamp(text.bytes(start..end), clock).map(|stamp| stamp.nanos)
}
