//! The fast path: which lines of raw bytes are worth a closer look.
//!
//! In: the bytes of a block, and the gate literals of everything that is looked for.
//! Out: places where a gate literal stands. It parses nothing and allocates nothing
//! per line; whether a signature really holds is decided in `detect` on the record.

pub mod anatomy;
pub mod beside;
mod everywhere;
pub mod filter;
pub mod gate;
mod grams;
mod kernel;
pub mod pattern;
mod rarity;
pub mod required;
mod sampled;
