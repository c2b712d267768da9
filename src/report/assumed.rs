//! What had to be assumed to read the times of a log, in sentences.
//!
//! In: what the pieces of one log left open. Out: sentences for the report (Markdown), once a log.

use std::sync::Arc;

use crate::analysis::pairing::Paired;
use crate::input::Source;
use crate::input::plan::Plan;
use crate::record::time::range::Range;
use crate::record::time::{Zone, format_utc};
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

/// What `--since` and `--until` left out, which is no loss.
pub fn of_range(range: &Range, records: u64, sources: &[Arc<Source>]) -> Option<String> {
    let stretch = match (range.since, range.until) {
        (None, None) => return None,
        (Some(since), None) => format!("since {}", format_utc(since)),
        (None, Some(until)) => format!("until {}", format_utc(until)),
        (Some(since), Some(until)) => format!("from {} to {}", format_utc(since), format_utc(until)),
    };
    let bytes: u64 = sources.iter().map(|source| source.plan.left_out).sum();
    Some(format!(
        "Only what was logged {stretch} counts, as asked for by `--since` or `--until`: {bytes} bytes were not read, and \
         {records} records that were looked at lie outside. Records without any time nearby are included."
    ))
}

/// What a log without times has in common with others.
pub fn of_pairing(paired: &Paired, logs: &[String]) -> String {
    let with: Vec<String> = paired.with.iter().map(|log| span(&logs[*log])).collect();
    let lines = match paired.pairs {
        1 => "1 line of it has its counterpart".to_owned(),
        count => format!("{count} lines of it have their counterparts"),
    };
    format!(
        "Records of {} that state no times are placed by what other logs say (marked `≈`): {lines} in {} (the same process \
         starts, requests, or as many answers 500 as failures), and what stands between two of them was written between them.",
        span(&logs[paired.source]),
        with.join(", "),
    )
}

/// What a look at a source's times said.
pub fn of_plan(source: &str, plan: &Plan, zone: &Zone) -> Vec<String> {
    let source = span(source);
    let mut sentences = Vec::new();
    if plan.left_out > 0 {
        let end = plan.to.map_or("its end".to_owned(), |to| format!("byte {to}"));
        let mut sentence = format!(
            "{source} was read from byte {} to {end}: its times rise, and what is outside of that was left out by \
             `--since` or `--until`.",
            plan.from
        );
        if plan.from > 0 {
            sentence.push_str(&format!(
                " Its lines are not counted, since that would mean to read what is above: places are given in bytes \
                 (`tail -c +{} FILE` begins with the first line that was read).",
                plan.from + 1
            ));
        }
        sentences.push(sentence);
    }
    let years = plan.turns.iter().filter(|turn| !turn.second).count();
    if years > 1 && plan.folded.is_empty() {
        sentences.push(format!(
            "{source} states no year and runs over more than one: a New Year was counted wherever its times go back by \
             most of a year."
        ));
    }
    for folded in &plan.folded {
        let when = folded.fold.shown();
        sentences.push(match folded.back_at {
            Some(at) => format!(
                "{source} runs through an hour that {zone} has twice ({when}): its times go back at byte {at}, and what \
                 follows is read as the second."
            ),
            None => format!(
                "{source} runs through an hour that {zone} has twice ({when}), and its order does not tell which: it is \
                 read as the first, so these times may be {} min too early.",
                folded.fold.by / 60
            ),
        });
    }
    sentences
}
