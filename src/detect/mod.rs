//! Detection: which signatures hold on which records.
//!
//! In: blocks, and the library. Out: for each signature that was found one [`Tally`](tally::Tally) with its
//! exact count and a few samples.
//!
//! [`mod@examine`] works on one block alone, on any thread; [`collect`] joins its
//! results in the order of sources and blocks, and decides the conditions over time.

mod across;
pub mod collect;
pub mod compile;
pub mod cre;
pub mod ending;
pub mod examine;
pub mod explain;
mod fields;
pub mod histogram;
mod hits;
pub mod keyed;
pub mod life;
pub mod matcher;
pub mod minutes;
mod named;
pub mod over_time;
pub mod pace;
pub mod placed;
mod pulse;
mod recovery;
pub mod requests;
pub mod tallies;
pub mod tally;
mod torn;
pub mod traffic;

use crate::input::block::Block;
use crate::record::time::range::Range;
use crate::record::time::{Clock, Zone};
use collect::{Collector, Detected};
use compile::Detector;
use examine::examine;

/// Detects in a text that is already in memory, as one source, with UTC for lines without a zone.
pub fn detect_text(detector: &Detector<'_>, text: &str) -> Detected {
    let clock = Clock::new(Zone::Utc, i64::MAX / 2);
    let block = Block::whole(0, text.as_bytes().to_vec());
    let mut collector = Collector::new(detector, Range::default());
    collector.begin(None);
    collector.take(examine(detector, &block, &clock, &Range::default(), true));
    collector.end(text.len() as u64, false);
    collector.finish(|_| placed::Clocks::default())
}
