//! What the report counts, as data: requests about an incident, downtime, jobs without an end, recovery.
//!
//! Part of the [`model`](super::model): fields are added over time, never renamed. Times are RFC 3339 in UTC.

use std::collections::BTreeMap;

use serde::Serialize;

/// All requests of one log about the time of one incident.
#[derive(Debug, Clone, Serialize)]
pub struct Traffic {
    /// The incident's id.
    pub incident: String,
    /// The log they were counted in.
    pub source: String,
    /// As long before the incident as it went on (10 minutes to a day), as far as the log goes back.
    pub before: Option<Phase>,
    /// From its first sign to its last.
    pub during: Option<Phase>,
    /// As long after it, as far as the log goes.
    pub after: Option<Phase>,
    /// Failed requests during it that are not counted here, since another incident explains their status.
    pub theirs: u64,
    /// Other incidents that went on at the same time and may have failed requests of their own among these.
    pub may_include: Vec<String>,
    /// All three by minute, in the order of time; minutes without a request are left out.
    pub minutes: Vec<MinuteCount>,
    /// Those that failed most in the incident, then the most frequent ones.
    pub endpoints: Vec<Endpoint>,
    /// Endpoints left out for length.
    pub endpoints_left_out: u64,
}

/// The requests of a stretch of time.
#[derive(Debug, Clone, Serialize)]
pub struct Phase {
    /// Its beginning.
    pub from: String,
    /// Its end.
    pub to: String,
    /// How many.
    #[serde(flatten)]
    pub count: Count,
    /// Ids of the first and the last one in `cited`.
    pub evidence: Vec<String>,
}

/// A number of requests.
#[derive(Debug, Clone, Serialize)]
pub struct Count {
    /// All of them.
    pub requests: u64,
    /// Those answered with 500 to 599, or with no valid status.
    pub failed: u64,
    /// By the status's class: `2xx`, ... , `invalid` below 100, `other` from 600 on.
    pub by_class: BTreeMap<&'static str, u64>,
}

/// Requests of a minute, or of a longer step where there are too many minutes.
#[derive(Debug, Clone, Serialize)]
pub struct MinuteCount {
    /// When it begins.
    pub from: String,
    /// Its length: 1, or a power of 2.
    pub minutes: u64,
    /// How many.
    #[serde(flatten)]
    pub count: Count,
}

/// Failed requests of a minute, or of a longer step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedMinute {
    /// When it begins.
    pub from: String,
    /// Its length: 1, or a power of 2.
    pub minutes: u64,
    /// How many.
    pub count: u64,
}

/// Requests to one endpoint.
#[derive(Debug, Clone, Serialize)]
pub struct Endpoint {
    /// `GET /path`, with ids replaced.
    pub endpoint: String,
    /// Before the incident.
    pub before: Count,
    /// During it.
    pub during: Count,
    /// After it.
    pub after: Count,
}

/// Requests whose lines state no time: nobody can say which were about the incident.
#[derive(Debug, Clone, Serialize)]
pub struct Undated {
    /// The log.
    pub source: String,
    /// All of the log's.
    #[serde(flatten)]
    pub count: Count,
    /// Ids of the first and the last one in `cited`.
    pub evidence: Vec<String>,
}

/// A log in which only failed requests were counted.
#[derive(Debug, Clone, Serialize)]
pub struct NotCounted {
    /// The log.
    pub source: String,
    /// Why.
    pub reason: String,
}

/// When a service was down.
#[derive(Debug, Clone, Serialize)]
pub struct Downtime {
    /// The service.
    pub service: String,
    /// Its host, where several hosts run it.
    pub host: Option<String>,
    /// How many times it died; records of the same death count once.
    pub exits: u64,
    /// How many times it was stopped on purpose.
    pub stops: u64,
    /// Sum of all stretches whose beginning and end are stated, in seconds.
    pub seconds: f64,
    /// The stretches, in the order of time.
    pub stretches: Vec<Stretch>,
    /// Stretches left out for length; they count in the sums.
    pub stretches_left_out: u64,
    /// The logs hold more starts and stops than were kept, so there was more than this.
    pub incomplete: bool,
}

/// One downtime.
#[derive(Debug, Clone, Serialize)]
pub struct Stretch {
    /// The death, or the stop.
    pub from: Option<String>,
    /// The record that says that it is back.
    pub to: Option<String>,
    /// Its length, if both are stated.
    pub seconds: Option<f64>,
    /// How many times the service died in it: several where restarts failed; 0 for a stop on purpose.
    pub exits: u64,
    /// How it ended.
    pub end: DownEnd,
    /// Ids of the records of its beginning, its last death, and its end in `cited`.
    pub evidence: Vec<String>,
}

/// How a downtime ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DownEnd {
    /// The service said that it was back.
    Back,
    /// It was down when the logs ended.
    StillDown,
    /// The logs do not say.
    Unknown,
}

/// Starts without the end that should follow.
#[derive(Debug, Clone, Serialize)]
pub struct Unfinished {
    /// Finding id.
    pub finding: String,
    /// How many.
    pub count: u64,
    /// The captured values by which they are told apart (at most 12 of each): the job's id.
    pub keys: BTreeMap<String, Vec<String>>,
}

/// Whether an incident was over before the logs ended.
#[derive(Debug, Clone, Serialize)]
pub struct Recovery {
    /// What the logs show.
    pub state: RecoveryState,
    /// The last sign of the incident: a record of a finding, or a failed request.
    pub at: Option<String>,
    /// From the first sign to the last, in seconds; the time to recover, only if it was over.
    pub seconds: Option<f64>,
    /// The same in words, with what shows it (Markdown).
    pub text: String,
}

/// What the logs show of a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecoveryState {
    /// It was over.
    Recovered,
    /// It went on when the logs ended.
    NotRecovered,
    /// They do not decide it.
    NotKnown,
}
