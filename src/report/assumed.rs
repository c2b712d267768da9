//! What had to be assumed to read the times of a log, in sentences.
//!
//! In: what the pieces of one log left open. Out: sentences for the report (Markdown), once a log.

use crate::record::time::Zone;
use crate::render::escape::span;

/// What a log, or a piece of it, leaves open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Assumptions {
    /// A line states no zone.
    pub zone: bool,
    /// A line states no year.
    pub year: bool,
    /// So many messages were left out by `journalctl -o json`, since they were long.
    pub messages_left_out: u64,
    /// There was something to read.
    pub read: bool,
    /// A line states a time.
    pub dated: bool,
}

impl Assumptions {
    /// Of two pieces together.
    #[must_use]
    pub fn and(self, other: Assumptions) -> Assumptions {
        Assumptions {
            zone: self.zone || other.zone,
            year: self.year || other.year,
            messages_left_out: self.messages_left_out + other.messages_left_out,
            read: self.read || other.read,
            dated: self.dated || other.dated,
        }
    }
}

/// The sentences about one log.
pub fn sentences(log: &str, assumed: Assumptions, zone: &Zone) -> Vec<String> {
    let log = span(log);
    let mut sentences = Vec::new();
    if assumed.year {
        sentences.push(format!(
            "{log} states no year: the latest year that fits the file's age was taken, in {zone}."
        ));
    } else if assumed.zone {
        sentences.push(format!(
            "{log} states no time zone: {zone} was taken (change it with `--timezone`)."
        ));
    }
    match assumed.messages_left_out {
        0 => {}
        1 => sentences.push(format!(
            "{log} leaves out 1 message, since it is longer than 4096 bytes: run journalctl with `--all`."
        )),
        count => sentences.push(format!(
            "{log} leaves out {count} messages, since they are longer than 4096 bytes: run journalctl with `--all`."
        )),
    }
    if assumed.read && !assumed.dated {
        sentences.push(format!(
            "{log} states no times: its records are in the order of their lines."
        ));
    }
    sentences
}
