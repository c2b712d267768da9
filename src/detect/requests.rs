//! Failed requests, counted from access-log records.
//!
//! In: records with an HTTP status. Out: counts by endpoint and status. A request failed if
//! it was answered with 500 to 599, or with no valid status at all (nginx logs 009).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::compile::REQUESTS_PROBE;
use super::histogram::Histogram;
use super::minutes::Minutes;
use super::tally::{Place, move_line};
use super::traffic::Classes;
use crate::digest::Digest;
use crate::record::{Record, TimeQuality};
use crate::scan::filter::ProbeId;

/// Most endpoints that are counted one by one in each source; the rest is counted together.
pub(super) const MOST_ENDPOINTS: usize = 2_000;

/// Texts of which every failed request's line contains one: the beginning of the status behind the request's
/// quote, or behind its key in JSON, in JSON within JSON, and in logfmt.
pub(super) fn gates() -> impl Iterator<Item = String> {
    const BEHIND_QUOTE: &[&str] = &["\" 50", "\" 51", "\" 52", "\" 53", "\" 59", "\" 009"];
    const KEYS_END: &[&str] = &["status", "code"];
    const BETWEEN: &[&str] = &[
        "=",
        "=\"",
        "\":",
        "\": ",
        "\":\"",
        "\": \"",
        "\\\":",
        "\\\": ",
        "\\\":\\\"",
        "\\\": \\\"",
    ];
    const STATUSES_BEGIN: &[&str] = &["5", "009"];
    let pairs = KEYS_END
        .iter()
        .flat_map(|key| BETWEEN.iter().map(move |between| format!("{key}{between}")));
    let behind_key =
        pairs.flat_map(|before| STATUSES_BEGIN.iter().map(move |begin| format!("{before}{begin}")));
    let numbers = NUMBERS.iter().map(|number| format!(" {number} "));
    let of_squid = USUAL.iter().map(|number| format!("/{number} "));
    BEHIND_QUOTE
        .iter()
        .map(|gate| (*gate).to_owned())
        .chain(numbers)
        .chain(of_squid)
        .chain(behind_key)
}

/// Statuses of failures that servers answer with, and those that proxies of their own invent (Cloudflare's 520 to 530).
const NUMBERS: &[u16] = &[
    500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 521, 522, 523, 524, 525, 526, 530, 598, 599,
];

/// Those of them that are usual.
const USUAL: &[u16] = &[500, 501, 502, 503, 504];

/// Whether a gate like ` 502 ` at `place` was hit by a number that is no status: a size, a count, a port. Proxies write the status
/// behind timers, a path, seconds or a bar; IIS before two other numbers.
pub(super) fn is_other_number(window: &[u8], place: usize, probe: ProbeId) -> bool {
    /// How much of the line before it is looked at, in bytes.
    const NEAR: usize = 64;
    const GATE: usize = " 502 ".len();
    let is_number = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    let Some([b' ', b'5', _, _, b' ']) = window
        .get(place..place + GATE)
        .filter(|_| probe == REQUESTS_PROBE)
    else {
        return false;
    };
    let before = &window[place.saturating_sub(NEAR)..place];
    let Some(blank) = before.iter().rposition(u8::is_ascii_whitespace) else {
        return false;
    };
    let word = &before[blank + 1..];
    let is_usual = |byte: &u8| matches!(byte, b'/' | b'|' | b'.' | b'-' | b'"');
    let behind = &window[place + GATE..window.len().min(place + GATE + NEAR)];
    let mut behind = behind.split(u8::is_ascii_whitespace);
    let mut is_iis = || behind.next().is_some_and(is_number) && behind.next().is_some_and(is_number);
    !(word.is_empty() || word.iter().any(is_usual) || word == b"Completed" || is_iis())
}

/// How often, and from when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Number of requests.
    pub count: u64,
    /// UTC nanoseconds of the first dated one.
    pub first: Option<i64>,
    /// UTC nanoseconds of the last dated one.
    pub last: Option<i64>,
    /// The first and the last one in the log.
    pub ends: [Place; 2],
}

/// Failed requests of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRequests {
    /// `(GET /path, status)` to its count.
    pub by_endpoint: BTreeMap<(String, u16), Counted>,
    /// Endpoints beyond the most that are counted one by one, by status.
    pub others: BTreeMap<u16, Counted>,
    /// When they were answered, as far as their lines state a time.
    pub minutes: Minutes,
    /// The same by seconds, as far as it takes to see pauses.
    pub times: Histogram,
}

impl Default for FailedRequests {
    fn default() -> FailedRequests {
        FailedRequests {
            by_endpoint: BTreeMap::new(),
            others: BTreeMap::new(),
            minutes: Minutes::default(),
            times: Histogram::by_seconds(),
        }
    }
}

impl FailedRequests {
    /// Counts `record`, which is a failed request and stands at `place`.
    pub(super) fn add(&mut self, record: &Record, place: Place) {
        let Some(http) = &record.http else { return };
        let counted = Counted {
            count: 1,
            first: record.time.at,
            last: record.time.at,
            ends: [place; 2],
        };
        let endpoint = endpoint_of(&http.method, &http.path);
        self.add_counted(endpoint, http.status, counted);
        let stated = matches!(
            record.time.quality,
            TimeQuality::Written | TimeQuality::ZoneAssumed | TimeQuality::YearAssumed
        );
        if let Some(time) = record.time.at.filter(|_| stated) {
            self.minutes.add(time, &1);
            self.times.add(time);
        }
    }

    /// Adds the counts of a later part of the same source.
    pub(super) fn merge(&mut self, later: FailedRequests) {
        for ((endpoint, status), counted) in later.by_endpoint {
            self.add_counted(endpoint, status, counted);
        }
        for (status, counted) in later.others {
            sum(self.others.entry(status), counted);
        }
        self.minutes.merge(&later.minutes);
        self.times.merge(&later.times);
    }

    fn add_counted(&mut self, endpoint: String, status: u16, counted: Counted) {
        sum(self.by_endpoint.entry((endpoint, status)), counted);
        // The endpoints that come first in the order of the text stay, so that the result
        // does not depend on how the source was cut.
        if self.by_endpoint.len() > MOST_ENDPOINTS
            && let Some(((_, status), counted)) = self.by_endpoint.pop_last()
        {
            sum(self.others.entry(status), counted);
        }
    }

    /// Notes what the bytes of the cited records were: `digest_of` is given an offset and a length.
    pub(super) fn seal(&mut self, digest_of: impl Fn(u64, u64) -> Digest) {
        for place in self.places() {
            place.digest = digest_of(place.offset, place.bytes);
        }
    }

    /// Turns line numbers of a block into those of its source.
    pub(super) fn move_down(&mut self, lines_above: Option<u64>) {
        for place in self.places() {
            move_line(&mut place.line, lines_above);
        }
    }

    fn places(&mut self) -> impl Iterator<Item = &mut Place> {
        let counted = self.by_endpoint.values_mut().chain(self.others.values_mut());
        counted.flat_map(|counted| &mut counted.ends)
    }

    /// Moves all times back, by nanoseconds.
    pub(super) fn shift(&mut self, by: i64) {
        for counted in self.by_endpoint.values_mut().chain(self.others.values_mut()) {
            for time in [&mut counted.first, &mut counted.last].into_iter().flatten() {
                *time = time.saturating_sub(by);
            }
        }
        self.minutes.shift(by);
        self.times = self.times.shifted(by);
    }

    /// All of them together, however they are told apart; `None` if there are none.
    pub fn all(&self) -> Option<Counted> {
        let mut all: BTreeMap<(), Counted> = BTreeMap::new();
        for counted in self.by_endpoint.values().chain(self.others.values()) {
            sum(all.entry(()), *counted);
        }
        all.remove(&())
    }

    /// Counts by the status's class.
    pub fn classes(&self) -> Classes {
        let named = self
            .by_endpoint
            .iter()
            .map(|((_, status), counted)| (status, counted));
        let mut classes = Classes::default();
        for (status, counted) in named.chain(&self.others) {
            classes += &Classes::of(*status).times(counted.count);
        }
        classes
    }

    /// Number of all failed requests.
    pub fn total(&self) -> u64 {
        let counted = self.by_endpoint.values().chain(self.others.values());
        counted.map(|counted| counted.count).sum()
    }
}

fn sum<K: Ord>(entry: Entry<'_, K, Counted>, counted: Counted) {
    entry
        .and_modify(|sum| {
            sum.count += counted.count;
            sum.first = [sum.first, counted.first].into_iter().flatten().min();
            sum.last = [sum.last, counted.last].into_iter().flatten().max();
            if counted.ends[0].is_before(&sum.ends[0]) {
                sum.ends[0] = counted.ends[0];
            }
            if sum.ends[1].is_before(&counted.ends[1]) {
                sum.ends[1] = counted.ends[1];
            }
        })
        .or_insert(counted);
}

/// Whether `record` is a failed request.
pub(super) fn is_failed(record: &Record) -> bool {
    let status = record.http.as_ref().map(|http| http.status);
    status.is_some_and(|status| status < 100 || (500..600).contains(&status))
}

/// What is counted together: `GET /orders/{id}`.
pub(super) fn endpoint_of(method: &str, path: &str) -> String {
    format!("{method} {}", template(path))
}

/// The path with what looks like an id replaced, so that one endpoint is one row.
fn template(path: &str) -> String {
    let part = |part: &str| {
        let hex = part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let digits = part.bytes().any(|byte| byte.is_ascii_digit());
        let name = part.trim_end_matches(|c: char| c.is_ascii_digit());
        if number || (hex && digits) {
            "{id}".to_owned()
        } else if name.len() < part.len() && name.ends_with(['-', '_']) {
            format!("{name}{{id}}")
        } else {
            part.to_owned()
        }
    };
    let file = |whole: &str| match whole.rsplit_once('.') {
        Some((stem, ending))
            if !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') =>
        {
            format!("{{id}}.{ending}")
        }
        _ => part(whole),
    };
    path.split('/').map(file).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::{gates, template};
    use crate::record::header::STATUSES;

    #[test]
    fn every_failed_request_passes_a_gate() {
        let passes = |line: &str| {
            let line = line.to_ascii_lowercase();
            gates().any(|gate| line.contains(&gate))
        };
        assert!(passes(r#"10.0.0.1 - - [x] "GET / HTTP/1.1" 502 157"#));
        assert!(passes(
            r#"web shop/app1 0/0/0/8/8 503 159 - - ---- 2/2/1/1/0 0/0 "GET / HTTP/1.1""#
        ));
        assert!(passes(r#"{"log":"\"GET / HTTP/1.1\" 500 Internal"}"#));
        for key in STATUSES {
            let key = key.rsplit('.').next().unwrap_or(key);
            for line in [
                format!("{key}=503"),
                format!("{key}=\"503\""),
                format!("{{\"{key}\":503}}"),
                format!("{{\"{key}\": \"503\"}}"),
                format!("{{\"log\":\"{{\\\"{key}\\\": \\\"503\\\"}}\"}}"),
            ] {
                assert!(passes(&line), "{line}");
            }
        }
    }

    #[test]
    fn ids_in_paths_do_not_make_endpoints() {
        assert_eq!(template("/orders/12345/items"), "/orders/{id}/items");
        assert_eq!(
            template("/jobs/3f2c9a10-7b1e-4f6a-9a55-0f2d6c1b7e44"),
            "/jobs/{id}"
        );
        assert_eq!(template("/cart/user-79/items"), "/cart/user-{id}/items");
        assert_eq!(template("/invoices/2026-111.pdf"), "/invoices/{id}.pdf");
        assert_eq!(template("/api/v1/added"), "/api/v1/added");
        assert_eq!(template("/"), "/");
    }
}
