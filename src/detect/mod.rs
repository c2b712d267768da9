//! Detection: which signatures hold on which records.
//!
//! In: blocks, and the library. Out: for each signature that was found one [`Tally`](tally::Tally) with its
//! exact count and a few samples.
//!
//! [`examine`] works on one block alone, on any thread; [`collect`] joins its
//! results in the order of sources and blocks, and decides the conditions over time.

pub mod collect;
pub mod compile;
pub mod examine;
pub mod matcher;
mod over_time;
pub mod requests;
pub mod tally;
