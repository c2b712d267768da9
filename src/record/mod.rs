//! Records: what a line means.
//!
//! In: the bytes round a hit, and the [`Clock`](time::Clock) of its source.
//! Out: one [`Record`] for each event, however many lines it was written in.
//! Only records that hold a hit are built, and their dated neighbours are looked at;
//! nothing here reads files.

use std::borrow::Cow;

use serde::Serialize;

pub mod boundary;
pub mod edge;
pub mod exception;
pub mod header;
pub mod keyed;
mod lines;
pub(crate) mod marks;
mod parts;
pub mod reader;
pub mod shape;
pub mod time;
mod unit;

pub use exception::Exception;

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

impl Level {
    /// The name as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Notice => "notice",
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Critical => "critical",
        }
    }
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
    /// The line states no time; it lies between events of its source whose times another log tells.
    Paired,
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
    /// For [`TimeQuality::Between`], [`TimeQuality::Paired`] and [`TimeQuality::Before`] the latest possible instant.
    pub until: Option<i64>,
    /// How the two are known.
    pub quality: TimeQuality,
}

impl Time {
    /// Moves it back, by nanoseconds.
    pub(crate) fn move_back(&mut self, by: i64) {
        for bound in [&mut self.at, &mut self.until].into_iter().flatten() {
            *bound = bound.saturating_sub(by);
        }
    }
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
    /// The layout of its first line.
    pub format: header::Format,
    /// When it was written.
    pub time: Time,
    /// The level that the program gave it.
    pub level: Option<Level>,
    /// The program, unit or container that wrote it.
    pub service: Option<String>,
    /// The host that wrote it.
    pub host: Option<String>,
    /// The process that wrote it.
    pub pid: Option<u32>,
    /// The thread that wrote it, by its name or number.
    pub thread: Option<String>,
    /// The logger, module or component of the program.
    pub logger: Option<String>,
    /// The request, trace or correlation that it belongs to.
    pub request_id: Option<String>,
    /// How long the request or statement took, in nanoseconds.
    pub duration: Option<i64>,
    /// The request, if this is an access-log line.
    pub http: Option<Http>,
    /// The server that a proxy had asked: `http://127.0.0.1:8000/orders`.
    pub upstream: Option<String>,
    /// What patterns are matched against: the lines without transport prefixes and colour codes
    /// (see `docs/signature-format.md`).
    pub text: String,
    /// The record as it was written (without colours), where `text` is decoded from JSON. Where that
    /// was itself carried inside JSON, the inner one.
    pub as_written: Option<String>,
    /// For each line of `text` its line in the record as it was written, from 0; empty where the two are the same.
    pub text_lines: Vec<usize>,
    /// Where [`Record::field`] looks.
    fields: Fields,
}

/// What has keys in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fields {
    /// Nothing.
    None,
    /// The object that [`Record::as_written`] is.
    AsWritten,
    /// This JSON object.
    Object(String),
    /// The pairs of a logfmt line, which is the text's first.
    Pairs,
}

impl Record {
    /// What a JSON or logfmt line says under this key: texts as they are, numbers and truth values as they
    /// are written, nothing of lists, objects and other formats. Names with dots lead into objects.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        match &self.fields {
            Fields::None => None,
            Fields::AsWritten => header::member(self.as_written.as_deref()?, name),
            Fields::Object(object) => header::member(object, name),
            Fields::Pairs => header::pair(self.text.lines().next()?, name),
        }
    }

    /// The exception that the event is about, if its text shows one.
    #[must_use]
    pub fn exception(&self) -> Option<Exception<'_>> {
        exception::find(&self.text)
    }

    /// Where line `line` of the text stands in the record as it was written, both from 0.
    #[must_use]
    pub fn written_line(&self, line: usize) -> usize {
        match self.text_lines.last() {
            Some(last) => *self.text_lines.get(line).unwrap_or(last),
            None => line,
        }
    }
}
