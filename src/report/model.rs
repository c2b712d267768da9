//! The report as data. The JSON output *is* this model; every other output is rendered from it.
//!
//! Fields are added over time, never renamed; [`SCHEMA_VERSION`] counts incompatible changes.
//! Times are RFC 3339 in UTC, or null where the logs do not say.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::claim::Claim;
use super::counted::{Downtime, FailedMinute, NotCounted, Recovery, Traffic, Undated, Unfinished};
use crate::analysis::assess::Assessment;
use crate::record::{Level, TimeQuality};
use crate::signature::capture::Kind;
use crate::signature::{Role, Severity};

/// Version of the JSON report's shape.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that a reader sees.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Which program wrote this, and when and where it ran.
    pub generated: Generated,
    /// Whether the scan was stopped (by a signal) before everything was read; `not_read` says what was not.
    pub interrupted: bool,
    /// One line that says what happened.
    pub title: String,
    /// What was read.
    pub sources: Vec<SourceSummary>,
    /// The first and last dated record among all sources.
    pub window: Window,
    /// The stretch of time that was asked for (`--since`, `--until`), if one was.
    pub range: Option<TimeRange>,
    /// How the clock of each dated log stands to that of another, if there are several.
    pub skew: Vec<SkewRow>,
    /// What broke, why, and since when, for somebody who will read nothing else; one that begins in bold begins a line (Markdown).
    pub summary: Vec<String>,
    /// The worst first.
    pub incidents: Vec<Incident>,
    /// In the order in which they were first seen.
    pub findings: Vec<Finding>,
    /// Counted from the logs.
    pub impact: Impact,
    /// In the order of time, folded to what a person can read.
    pub timeline: Vec<TimelineRow>,
    /// How many rows are left out of it, those that tell least.
    pub timeline_left_out: u64,
    /// What is left out, in a sentence; empty if nothing is.
    pub timeline_note: String,
    /// Errors that no signature knows.
    pub unknown: Vec<serde_json::Value>,
    /// What the logs leave open: neither found nor ruled out.
    pub open_questions: Vec<OpenQuestion>,
    /// What was found and not read, or not to its end.
    pub not_read: Vec<NotRead>,
    /// What had to be assumed to read the logs (zones, years), once a source.
    pub assumptions: Vec<String>,
    /// What to do now, most urgent first.
    pub next_actions: Vec<String>,
    /// What only people can tell (Markdown).
    pub blanks: Vec<String>,
    /// What was looked at, in numbers.
    pub stats: Stats,
    /// All bytes that the report cites.
    pub cited: Vec<Cited>,
    /// What each sentence of the report rests on.
    pub claims: Vec<Claim>,
}

/// Bytes of a source that the report cites. Offsets are those of the expanded text of what is compressed, or in an archive
/// or binary journal. What is cited of a record goes from its first to its last byte, also where lines of other records stand
/// between its own; the last line end is not part of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cited {
    /// `E1`, `E2`, ...
    pub id: String,
    /// Name of the source.
    pub source: String,
    /// Number of the first line, from 1; in a binary journal, of the entry; 0 if lines are not counted.
    pub line: u64,
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes as they stood in the source, in hexadecimal digits.
    pub sha256: String,
}

/// Bytes by which a source is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub bytes: u64,
    /// Their SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// Where the report comes from.
#[derive(Debug, Clone, Serialize)]
pub struct Generated {
    /// `incident`.
    pub by: &'static str,
    /// The program's version.
    pub version: &'static str,
    /// When the report was made (`SOURCE_DATE_EPOCH` where set).
    pub at: String,
    /// The host it was made on.
    pub host: String,
    /// How many signatures were looked for.
    pub signatures: usize,
}

/// One log that was read.
#[derive(Debug, Clone, Serialize)]
pub struct SourceSummary {
    /// `S1`, `S2`, ... in the order of reading.
    pub id: String,
    /// As it was named or found; `-` is standard input.
    pub name: String,
    /// The rotated log that it is a piece of, by the path of its live file. Pieces follow each other, oldest first.
    pub set: Option<String>,
    /// The format of most lines at its beginning, e.g. `nginx-access`.
    pub format: &'static str,
    /// Bytes read.
    pub bytes: u64,
    /// Where reading began, in bytes. More than 0 only with `--since`; then lines are not counted (0 wherever one is named).
    pub read_from: u64,
    /// Bytes that were not read, since they lie outside of `--since` and `--until`.
    pub bytes_left_out: u64,
    /// Lines read.
    pub lines: u64,
    /// Time of its first dated record.
    pub first_time: Option<String>,
    /// Time of its last dated record.
    pub last_time: Option<String>,
    /// Its first bytes.
    pub head: Option<Sealed>,
    /// The last bytes that were read of it.
    pub tail: Option<Sealed>,
}

/// The stretch of time that was asked for. What lies outside of it is left out, which is no loss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimeRange {
    /// Its first instant.
    pub since: Option<String>,
    /// Its last instant.
    pub until: Option<String>,
    /// Bytes that were not read, since they lie outside of it.
    pub bytes_left_out: u64,
    /// Records that held a candidate, were read and lie outside of it.
    pub records_left_out: u64,
}

/// How the clock of one log stands to another's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SkewRow {
    /// The log.
    pub source: String,
    /// The log whose clock counts; null if none can be compared with.
    pub against: Option<String>,
    /// `agrees`, `differs`, or `unknown`.
    pub verdict: &'static str,
    /// How far the log's clock is ahead (negative: behind), in seconds.
    pub offset_seconds: Option<f64>,
    /// The true offset is hardly further away than this, in seconds.
    pub uncertainty_seconds: Option<f64>,
    /// Events that both logs tell of.
    pub pairs: u64,
    /// What the offset looks like, if it is one of zones: `UTC+05:30 against UTC`.
    pub zone: Option<String>,
    /// Whether the log's times were moved by the offset.
    pub applied: bool,
    /// Why nothing is known, or how it is known.
    pub reason: String,
}

/// A span of time.
#[derive(Debug, Clone, Serialize)]
pub struct Window {
    /// First dated record.
    pub from: Option<String>,
    /// Last dated record.
    pub to: Option<String>,
    /// The zone that was assumed for lines without one.
    pub assumed_zone: String,
}

/// One signature that was found, with all its occurrences.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// `F1`, `F2`, ... in the order of `first_seen`.
    pub id: String,
    /// The signature's id.
    pub signature: String,
    /// The version of its page: the beginning of the SHA-256 of its text.
    pub signature_version: String,
    /// The signature's title.
    pub title: String,
    /// What it means, in one breath (Markdown).
    pub meaning: String,
    /// How bad.
    pub severity: Severity,
    /// Its part in the story.
    pub role: Role,
    /// The rules that severity and confidence follow from.
    pub assessment: Assessment,
    /// Exact number of records.
    pub count: u64,
    /// Time of the first one, or the earliest it can have been.
    pub first_seen: Option<String>,
    /// Time of the last one.
    pub last_seen: Option<String>,
    /// How `first_seen` is known.
    pub time_quality: TimeQuality,
    /// Who wrote the records.
    pub services: Vec<String>,
    /// Names to values with their counts, most frequent first.
    pub captures: BTreeMap<String, Vec<CapturedValue>>,
    /// The failures that it only passes on, if it is a wrapper and something confirms that.
    pub points_to: Vec<PointsTo>,
    /// First occurrences and the last one.
    pub evidence: Vec<Evidence>,
    /// Why programs print this (Markdown).
    pub cause: String,
    /// What users see of it (Markdown).
    pub impact: String,
    /// Numbered steps (Markdown), captured values filled in.
    pub fix: Vec<String>,
    /// How to prove that it is fixed (Markdown).
    pub verify: Vec<String>,
    /// How to keep it from coming back (Markdown).
    pub prevent: Vec<String>,
    /// Where to read more (Markdown).
    pub references: Vec<String>,
}

/// What a wrapper points to.
#[derive(Debug, Clone, Serialize, PartialEq)]
pub struct PointsTo {
    /// The finding that it passes on.
    pub finding: String,
    /// What both name, such as `pid 42` or `service api`; null where the order in one log says it.
    pub shared: Option<String>,
    /// How long before it was logged, in seconds, if both are dated.
    pub seconds_before: Option<f64>,
}

impl Finding {
    /// The most frequent value of a capture, and whether more than half of its records have it.
    pub fn usual(&self, capture: &str) -> Option<(&str, bool)> {
        let values = self.captures.get(capture)?;
        let all: u64 = values.iter().map(|value| value.count).sum();
        let first = values.first()?;
        Some((&first.value, 2 * first.count > all))
    }
}

/// A value that a pattern captured.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct CapturedValue {
    /// As it stands in the log, made visible.
    pub value: String,
    /// In how many records.
    pub count: u64,
    /// What the signature's page says about this value, if anything.
    pub meaning: Option<String>,
    /// What the name of the capture says that it is.
    pub kind: Kind,
    /// Whether the value is of that kind; else it fills no command.
    pub fits: bool,
}

/// Starts of which nobody can say whether their end is missing. No finding, and never a cause.
#[derive(Debug, Clone, Serialize)]
pub struct OpenQuestion {
    /// `Q1`, `Q2`, ...
    pub id: String,
    /// The id of the signature that would be found if the end is missing.
    pub signature: String,
    /// That signature's title.
    pub title: String,
    /// What can be said.
    pub state: OpenState,
    /// Why no more can be said, in words.
    pub because: String,
    /// What would answer it.
    pub answer: String,
    /// The question in a sentence (Markdown).
    pub text: String,
    /// Exact number of such starts.
    pub count: u64,
    /// What the starts captured, as in a finding.
    pub captures: BTreeMap<String, Vec<CapturedValue>>,
    /// The first of them.
    pub evidence: Vec<Evidence>,
}

/// What can be said about an end that was not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenState {
    /// The log ends before the deadline.
    StillPossible,
    /// The log was cut, sampled or rate-limited behind the start, or does not say when it was.
    CannotTell,
}

/// One record that shows a finding.
#[derive(Debug, Clone, Serialize)]
pub struct Evidence {
    /// `E1`, `E2`, ...; the id of its bytes in `cited`.
    pub id: String,
    /// Name of the source.
    pub source: String,
    /// First line of the record, from 1; 0 if lines of the source are not counted (see `read_from` there).
    pub line: u64,
    /// First byte of the record.
    pub offset: u64,
    /// Length of the record in bytes.
    pub bytes: u64,
    /// SHA-256 of these bytes as they stood in the source, in hexadecimal digits. It does not depend on what is shown.
    pub sha256: String,
    /// Line number of the line that matched, from 1; 0 if lines are not counted.
    pub matched_line: u64,
    /// When, as far as known.
    pub time: Option<String>,
    /// The latest it can have been, for an undated record between dated ones.
    pub until: Option<String>,
    /// How the time is known.
    pub time_quality: TimeQuality,
    /// By how many seconds the time was moved from what the line states, since the log's clock differs; 0 if it was not.
    pub moved_seconds: f64,
    /// The level that the program gave it.
    pub level: Option<Level>,
    /// The service that wrote it.
    pub service: Option<String>,
    /// The excerpt, made visible, with the matched line in it: lines joined by `\n`, long records shortened in the middle.
    pub text: String,
    /// Number of the excerpt's lines; -1 marks a line that stands for lines left out, 0 that lines are not counted.
    pub line_numbers: Vec<i64>,
}

/// Findings that belong together.
#[derive(Debug, Clone, Serialize)]
pub struct Incident {
    /// `I1`, `I2`, ...
    pub id: String,
    /// The finding that explains the others and is itself unexplained; null when the logs do not show it.
    pub root_cause: Option<String>,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why, in sentences (Markdown).
    pub reasons: Vec<String>,
    /// Finding ids, root cause first, then in the order of time.
    pub findings: Vec<String>,
    /// Which finding brought about which.
    pub edges: Vec<Edge>,
    /// The causes that were considered, the strongest claim first.
    pub candidates: Vec<Candidate>,
    /// Deploys, restarts, stops and changes of configuration in the ten minutes before, the nearest first. Only the time speaks for them.
    pub triggers: Vec<TriggerCandidate>,
    /// First record of any of its findings.
    pub started: Option<String>,
    /// Last record of any of its findings.
    pub ended: Option<String>,
    /// The worst severity among its findings.
    pub severity: Severity,
    /// Whether it was over before the logs ended.
    pub recovery: Recovery,
}

/// How sure the named root cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A declared link, confirmed by order and by a shared key.
    High,
    /// A declared link, confirmed by order or by a shared key; or a failure that stands alone; or a failure of which no
    /// page knows more than that it happened.
    Medium,
    /// The only candidate, without a link to the symptoms; or the order is not known.
    Low,
    /// No root cause is named.
    None,
}

/// A cause that was considered.
#[derive(Debug, Clone, Serialize)]
pub struct Candidate {
    /// Finding id.
    pub finding: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Ids of the findings that it explains, directly or not.
    pub explains: Vec<String>,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is named as the root cause.
    RootCause,
    /// The root cause brought it about.
    FollowsFromRoot,
    /// It begins with the same record as the root cause.
    SameEvent,
    /// It explains fewer, or less severe, findings.
    ExplainsLess,
    /// It explains as much, and began later.
    CameLater,
    /// It explains as much, with fewer shared keys or less closeness in time.
    WeakerLink,
    /// Nothing decides between it and another, so no root cause is named.
    EquallyGood,
}

/// A change just before an incident.
#[derive(Debug, Clone, Serialize)]
pub struct TriggerCandidate {
    /// Finding id of the lifecycle event.
    pub finding: String,
    /// Name of the source.
    pub source: String,
    /// Line in the source, from 1.
    pub line: u64,
    /// When.
    pub time: Option<String>,
    /// The service that was changed, as far as known.
    pub service: Option<String>,
    /// How long before the first record of the incident.
    pub seconds_before: u64,
    /// The same in words (Markdown).
    pub text: String,
    /// Id of the record in `cited`.
    pub evidence: String,
}

/// One finding brought about another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Edge {
    /// Finding id of the cause.
    pub from: String,
    /// Finding id of the effect.
    pub to: String,
    /// What confirms it, in words.
    pub because: String,
    /// What both are about, such as `port 8000`.
    pub shared: Vec<String>,
    /// Whether the order in time could be checked.
    pub dated: bool,
}

impl Edge {
    /// How sure it is, in words: a page's word alone confirms nothing.
    pub(crate) fn led_to(&self) -> &'static str {
        match self.dated || !self.shared.is_empty() {
            true => "led to",
            false => "may have led to",
        }
    }
}

/// What users and operators lost, counted.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Impact {
    /// Failed requests (status 500 to 599, and invalid ones), a row for each source, endpoint and status; the most frequent first.
    pub requests: Vec<FailedRequests>,
    /// Sum of all failed requests in the source that saw most of them (proxies and applications count the same request twice).
    pub failed_requests: u64,
    /// The source of `failed_requests`.
    pub failed_requests_source: Option<String>,
    /// Rows of `requests` left out for length.
    pub requests_left_out: u64,
    /// `failed_requests` by the status's class: `5xx`, or `invalid` for no valid status.
    pub failed_by_class: BTreeMap<&'static str, u64>,
    /// Time of the first of `failed_requests`.
    pub failed_first: Option<String>,
    /// Time of the last of them.
    pub failed_last: Option<String>,
    /// `failed_requests` by minute, in the order of time; only those whose line states a time.
    pub failed_by_minute: Vec<FailedMinute>,
    /// The first of the minutes with the most of them.
    pub failed_peak: Option<FailedMinute>,
    /// All requests before, during and after each incident, a row for each log that shows them; by incident, the log with most
    /// failed requests first.
    pub traffic: Vec<Traffic>,
    /// Requests of those logs whose lines state no time.
    pub undated: Vec<Undated>,
    /// Logs of which only failed requests are known, and why.
    pub not_counted: Vec<NotCounted>,
    /// Unexpected exits by service, each counted once, however many programs tell of it.
    pub restarts: BTreeMap<String, u64>,
    /// When services were down.
    pub downtime: Vec<Downtime>,
    /// Services that wrote causes or symptoms.
    pub services: Vec<String>,
    /// Hosts that wrote them, where their lines name a host.
    pub hosts: Vec<String>,
    /// Units of the service manager that they name.
    pub units: Vec<String>,
    /// What was started and never finished.
    pub unfinished: Vec<Unfinished>,
    /// From the first to the last record of any cause or symptom, in seconds.
    pub duration_seconds: Option<u64>,
    /// What these numbers say, in sentences (Markdown).
    pub statements: Vec<String>,
}

/// Failed requests to one endpoint with one status.
#[derive(Debug, Clone, Serialize)]
pub struct FailedRequests {
    /// The access log (or other source) they were counted in.
    pub source: String,
    /// `GET /path`.
    pub endpoint: String,
    /// HTTP status.
    pub status: u16,
    /// How many.
    pub count: u64,
    /// Time of the first.
    pub first: Option<String>,
    /// Time of the last.
    pub last: Option<String>,
    /// Ids of the first and the last one in `cited`.
    pub evidence: Vec<String>,
    /// Other logs in which the same requests are, as that of a program behind a proxy.
    pub also_in: Vec<AlsoCounted>,
    /// The log of the row that counts the same requests, if there is one: this row adds none.
    pub repeats: Option<String>,
}

/// A log with requests that another one has, too.
#[derive(Debug, Clone, Serialize)]
pub struct AlsoCounted {
    /// The log.
    pub source: String,
    /// How many of them it has.
    pub count: u64,
}

/// What a row of the timeline is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowKind {
    /// The first record of a cause or symptom, perhaps the only one.
    First,
    /// A further change (deploy, configuration).
    Change,
    /// The minute with the most records.
    Peak,
    /// A service is back, or a failure is not seen again.
    Recovery,
    /// A failure goes on when its log ends.
    NotRecovered,
    /// The last record.
    Last,
    /// A log all but stops, and goes on later.
    Gap,
    /// A log ends well before others.
    Ends,
    /// A start, stop, restart, or change.
    Lifecycle,
    /// The program went on.
    Handled,
}

/// One row of the timeline.
#[derive(Debug, Clone, Serialize)]
pub struct TimelineRow {
    /// When, or the earliest it can have been.
    pub time: Option<String>,
    /// The latest it can have been, if it lies between dated neighbours.
    pub until: Option<String>,
    /// How the time is known.
    pub time_quality: TimeQuality,
    /// Name of the source.
    pub source: String,
    /// Line in the source, from 1; 0 for a row that is about more than one line, and where lines are not counted.
    pub line: u64,
    /// By how many seconds the time was moved from what the line states, since the log's clock differs; 0 if it was not.
    pub moved_seconds: f64,
    /// What kind of row it is.
    pub kind: RowKind,
    /// What happened: the finding's title and whether it is the first or last time.
    pub what: String,
    /// The record's most telling line, made visible and shortened.
    pub text: String,
    /// Finding id.
    pub finding: Option<String>,
    /// Id of the record in `cited`.
    pub evidence: Option<String>,
}

/// Something that was found and not read, or not to its end.
#[derive(Debug, Clone, Serialize)]
pub struct NotRead {
    /// `N1`, `N2`, ...; empty until the report is made.
    pub id: String,
    /// Path or name.
    pub source: String,
    /// Why, and what to do about it.
    pub reason: String,
    /// Where reading stopped, in bytes.
    pub offset: u64,
    /// How many bytes were not read, if known.
    pub bytes: Option<u64>,
    /// True if a log may have been missed (exit code 3); false for what is plainly not a log.
    pub lost: bool,
}

/// What was looked at, in numbers.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Stats {
    /// Bytes read.
    pub bytes: u64,
    /// Bytes that were read beforehand, to find out where in a log the times are that matter.
    pub index_bytes: u64,
    /// Sources read.
    pub sources: u64,
    /// Lines read.
    pub lines: u64,
    /// Records that held a candidate and were read closely.
    pub records: u64,
    /// Signatures with a condition that requires no literal text, so that every line was looked at for it.
    pub slow_signatures: u64,
}
