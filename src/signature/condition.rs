//! What an author writes under `[match]`, read from TOML and checked for shape.
//!
//! These types hold the words of the page; what runs is compiled from them in
//! `detect::matcher`. Strings that can be wrong inside (patterns, globs) keep
//! their place in the page, so that an error can underline them.

use std::collections::BTreeMap;

use toml::Spanned;

mod value;

use value::one_or_many;
pub use value::{
    Across, DurationRange, FieldTest, Keys, LevelName, Levels, NumberRange, OWN_FIELDS, Scalar, Span,
    StatusRange,
};

/// The whole `[match]` table.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(from = "Written")]
pub struct Match {
    /// The conditions on one record, without those over time.
    pub test: Test,
    /// So many such records within a window.
    pub count: Option<Count>,
    /// Many more such records than before.
    pub rate: Option<Rate>,
    /// Such records came regularly, and then no more.
    pub silence: Option<Silence>,
    /// A whole log was written regularly, and then no more.
    pub silent_log: Option<SilentLog>,
    /// Records in an order.
    pub sequence: Option<Sequence>,
    /// A record that never came.
    pub missing: Option<Missing>,
}

/// The same as it is written: the keys of a [`Test`], and what there is over time, side by side.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    contains: Option<Spanned<String>>,
    regex: Option<Spanned<String>>,
    #[serde(default)]
    any: Vec<Test>,
    #[serde(default)]
    all: Vec<Test>,
    #[serde(default, deserialize_with = "one_or_many")]
    not: Vec<Test>,
    service: Option<Spanned<String>>,
    host: Option<Spanned<String>>,
    level: Option<Levels>,
    min_level: Option<LevelName>,
    status: Option<StatusRange>,
    duration: Option<DurationRange>,
    #[serde(default)]
    fields: BTreeMap<String, FieldTest>,
    count: Option<Count>,
    rate: Option<Rate>,
    silence: Option<Silence>,
    silent_log: Option<SilentLog>,
    sequence: Option<Sequence>,
    missing: Option<Missing>,
}

impl From<Written> for Match {
    fn from(written: Written) -> Match {
        Match {
            test: Test {
                contains: written.contains,
                regex: written.regex,
                any: written.any,
                all: written.all,
                not: written.not,
                service: written.service,
                host: written.host,
                level: written.level,
                min_level: written.min_level,
                status: written.status,
                duration: written.duration,
                fields: written.fields,
            },
            count: written.count,
            rate: written.rate,
            silence: written.silence,
            silent_log: written.silent_log,
            sequence: written.sequence,
            missing: written.missing,
        }
    }
}

/// What is captured of a silent log.
pub const OF_SILENT_LOG: [&str; 5] = ["log", "longest_pause", "silent_for", "others", "line_every"];

impl Match {
    /// The statuses from 500 on that it asks for: it finds failed requests.
    pub fn failed_statuses(&self) -> Vec<StatusRange> {
        let any = self.test.any.iter().filter_map(|test| test.status);
        let all = self.test.status.into_iter().chain(any);
        all.filter(|status| status.from >= 500).collect()
    }
}

/// Conditions on one record; all that are present must hold.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Test {
    /// This text is in the record, case-sensitive.
    pub contains: Option<Spanned<String>>,
    /// This pattern is found in the record; named groups become captures.
    pub regex: Option<Spanned<String>>,
    /// At least one of these holds.
    #[serde(default)]
    pub any: Vec<Test>,
    /// All of these hold.
    #[serde(default)]
    pub all: Vec<Test>,
    /// None of these holds.
    #[serde(default, deserialize_with = "one_or_many")]
    pub not: Vec<Test>,
    /// A glob for the record's service.
    pub service: Option<Spanned<String>>,
    /// A glob for the record's host.
    pub host: Option<Spanned<String>>,
    /// The record's level is one of these.
    pub level: Option<Levels>,
    /// The record's level is this or worse.
    pub min_level: Option<LevelName>,
    /// The HTTP status of an access-log record.
    pub status: Option<StatusRange>,
    /// How long the request or statement took.
    pub duration: Option<DurationRange>,
    /// Keys of a JSON object in the record (nested ones with dots) or of a logfmt line, and the record's own
    /// (`pid`, `request_id`, `logger`, ...).
    #[serde(default)]
    pub fields: BTreeMap<String, FieldTest>,
}

impl Test {
    /// True if nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.contains.is_none()
            && self.regex.is_none()
            && self.any.is_empty()
            && self.all.is_empty()
            && self.not.is_empty()
            && self.service.is_none()
            && self.host.is_none()
            && self.level.is_none()
            && self.min_level.is_none()
            && self.status.is_none()
            && self.duration.is_none()
            && self.fields.is_empty()
    }
}

/// At least so many records within a window, for each value of the key.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Count {
    /// 2 or more.
    pub at_least: u32,
    /// Length of the window, both ends included.
    pub within: Span,
    /// Counted separately for each value: captures, or fields of the record.
    pub key: Option<Keys>,
    /// In one log, or over all.
    #[serde(default)]
    pub across: Across,
}

/// More records within a window than this log's own past leads one to expect.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rate {
    /// Length of the window, both ends included.
    pub within: Span,
    /// So many times the number that a window of this length had on average before; more than 1.
    pub times: f64,
    /// And so many at least, 2 or more.
    pub at_least: u32,
    /// Compared separately for each value.
    pub key: Option<Keys>,
}

/// Records that came regularly and then no more, while logs went on.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Silence {
    /// So many records must have come before, 5 or more.
    pub at_least: u32,
    /// The pause must be so many times the longest one before, 2 or more.
    pub times: u32,
    /// And this long at least.
    pub longer_than: Span,
    /// Separately for each value.
    pub key: Option<Keys>,
}

/// A log that was written regularly and ends, while others of its system go on. Its records are not looked at.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SilentLog {
    /// So many pauses between sampled lines must show its pace, 8 or more.
    pub at_least: u32,
    /// The silence must be so many times the longest of them, 2 or more.
    pub times: u32,
    /// And this long at least.
    pub longer_than: Span,
}

/// Records that come in this order within a window.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sequence {
    /// From the first to the last step, both ends included.
    pub within: Span,
    /// Two or more.
    pub steps: Vec<Test>,
    /// No such record stands between the first and the last step.
    #[serde(default, deserialize_with = "one_or_many")]
    pub not_between: Vec<Test>,
    /// Equal in all steps.
    pub key: Option<Keys>,
    /// In one log, or over all.
    #[serde(default)]
    pub across: Across,
}

/// A start whose end never came, although the log goes on.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Missing {
    /// The start.
    pub after: Test,
    /// The end that should follow.
    pub expect: Test,
    /// How long it may take, the end included.
    pub within: Span,
    /// Equal in both: the job's id.
    pub key: Option<Keys>,
    /// In one log, or over all.
    #[serde(default)]
    pub across: Across,
}

/// A run of failures that ends in success soon is handled.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Recovery {
    /// Ids of the pages whose records are the success.
    pub by: Vec<String>,
    /// From the first failure of the run to the success, both ends included.
    pub within: Span,
    /// Equal in the failures and the success: captures of both pages, or `service`.
    pub key: Keys,
}
