//! Records: what a line means.
//!
//! In: the bytes round a hit, and the [`Clock`](time::Clock) of its source.
//! Out: one [`Record`] for each event, however many lines it was written in.
//! Only records that hold a hit are built, and their dated neighbours are looked at;
//! nothing here reads files.

use serde::Serialize;

pub mod boundary;
pub mod edge;
pub mod header;
mod lines;
pub(crate) mod marks;
mod parts;
pub mod reader;
pub mod shape;
pub mod time;
mod unit;

/// How bad the program itself thought the event was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Details for developers (also `trace`).
    Debug,
    /// Ordinary progress.
    Info,
    /// Ordinary but significant (syslog, nginx).
    Notice,
    /// Something to look at.
    Warning,
    /// An operation failed.
    Error,
    /// The program or system is in danger or gave up (also `fatal`, `alert`, `emerg`, `panic`).
    Critical,
}

/// How the time of a record is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeQuality {
    /// The line states date, time and zone (or counts from the epoch).
    Written,
    /// The line states date and time; the zone is that of `--timezone`.
    ZoneAssumed,
    /// The line states no year (nor, as a rule, a zone); both were assumed.
    YearAssumed,
    /// The line states no time; it lies between its dated neighbours in the source.
    Between,
    /// The line states no time, and only a later line does: it was written before that.
    Before,
    /// The line states no time, and only an earlier line does: it was written after that.
    After,
    /// Nothing is known but the position in the source.
    Unknown,
}

/// When a record was written. UTC nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// The instant, or the bound that is known: the earliest possible one, for [`TimeQuality::Before`] the latest.
    pub at: Option<i64>,
    /// For [`TimeQuality::Between`] and [`TimeQuality::Before`] the latest possible instant.
    pub until: Option<i64>,
    /// How the two are known.
    pub quality: TimeQuality,
}

/// An HTTP request as an access-log line states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path without its query string.
    pub path: String,
    /// The status that was answered, 0 to 999 (nginx logs 009 for an invalid upstream answer).
    pub status: u16,
    /// The client's address, where the line has it.
    pub client: Option<String>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// First byte of the event in its source (bytes; of the expanded content for compressed sources).
    pub offset: u64,
    /// Length in bytes, the last line end not counted.
    pub len: u64,
    /// When it was written.
    pub time: Time,
    /// The level that the program gave it.
    pub level: Option<Level>,
    /// The program, unit or container that wrote it.
    pub service: Option<String>,
    /// The host that wrote it.
    pub host: Option<String>,
    /// The request, if this is an access-log line.
    pub http: Option<Http>,
    /// What patterns are matched against: the lines without transport prefixes and colour codes
    /// (see `docs/signature-format.md`).
    pub text: String,
    /// The record as it was written (without colours), where `text` is decoded from JSON. Where that
    /// was itself carried inside JSON, the inner one.
    pub as_written: Option<String>,
    /// For each line of `text` its line in the record as it was written, from 0; empty where the two are the same.
    pub text_lines: Vec<usize>,
}

impl Record {
    /// Where line `line` of the text stands in the record as it was written, both from 0.
    #[must_use]
    pub fn written_line(&self, line: usize) -> usize {
        match self.text_lines.last() {
            Some(last) => *self.text_lines.get(line).unwrap_or(last),
            None => line,
        }
    }
}
