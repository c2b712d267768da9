//! Times, numbers, sizes and lists of names as people read them, for sentences and tables.
//!
//! In: values of the report. Out: Markdown. Names from outside stand in code spans.

use super::model::{Evidence, Finding};
use crate::record::TimeQuality;
use crate::render::escape::{cell, span};

/// Behind a time before which something was written.
pub(crate) const AT_THE_LATEST: &str = " at the latest";

/// How many names of one kind are listed in a line.
const LISTED: usize = 5;

/// `2026-11-22 07:26:41` for an RFC 3339 time in UTC; anything else becomes a span.
pub(crate) fn time(rfc3339: &str) -> String {
    match parts(rfc3339) {
        Some((date, clock)) => format!("{date} {clock}"),
        None => cell(rfc3339, None),
    }
}

/// Date and time of day, to the second, of an RFC 3339 time in UTC.
pub(crate) fn parts(rfc3339: &str) -> Option<(&str, &str)> {
    let (date, clock) = rfc3339.split_once('T')?;
    let shape = |text: &str, like: &str| {
        text.len() == like.len()
            && text.bytes().zip(like.bytes()).all(|(byte, like)| {
                if like == b'0' {
                    byte.is_ascii_digit()
                } else {
                    byte == like
                }
            })
    };
    let clock = clock.get(..8)?;
    (shape(date, "0000-00-00") && shape(clock, "00:00:00")).then_some((date, clock))
}

/// `07:26:41` for an RFC 3339 time.
pub(crate) fn clock(time: &str) -> &str {
    parts(time).map_or(time, |(_, clock)| clock)
}

/// `2026-11-22 07:26:41 to 07:31:02 UTC`; one time where both are the same to the second.
pub(crate) fn stretch(from: &str, to: &str) -> String {
    match (parts(from), parts(to)) {
        (Some(from), Some(to)) if from == to => format!("{} {} UTC", from.0, from.1),
        (Some((day, from)), Some((same, to))) if day == same => format!("{day} {from} to {to} UTC"),
        _ => format!("{} to {} UTC", time(from), time(to)),
    }
}

/// A time in words: `≈ A to B` between dated neighbours, `no time` where nothing is known. Without dates if `clock_only`,
/// which only makes sense where the date stands beside it.
pub(crate) fn when(at: Option<&str>, until: Option<&str>, quality: TimeQuality, clock_only: bool) -> String {
    let show = |at: &str| match parts(at) {
        Some((_, clock)) if clock_only => clock.to_owned(),
        _ => time(at),
    };
    let later = |from: &str, to: &str| match (parts(from), parts(to)) {
        (Some((day, _)), Some((same, clock))) if day == same => clock.to_owned(),
        _ => show(to),
    };
    match (at, until, quality) {
        (None, None, _) | (_, _, TimeQuality::Unknown) => "no time".to_owned(),
        (Some(at), _, TimeQuality::Before) => format!("≈ before {}", show(at)),
        (Some(at), _, TimeQuality::After) => format!("≈ after {}", show(at)),
        (Some(from), Some(to), TimeQuality::Between | TimeQuality::Paired) if from != to => {
            format!("≈ {} to {}", show(from), later(from, to))
        }
        (Some(at), _, TimeQuality::Between | TimeQuality::Paired) => format!("≈ {}", show(at)),
        (Some(at), _, _) => show(at),
        (None, Some(until), _) => format!("before {}", show(until)),
    }
}

/// A time, with a mark if it is not the one that the log states: its clock differs.
pub(crate) fn moved(time: String, seconds: f64) -> String {
    if seconds == 0.0 {
        time
    } else {
        format!("{time} ⇄")
    }
}

/// When a finding was seen first and last.
pub(crate) fn first_and_last(finding: &Finding) -> (String, String) {
    let first = when(finding.first_seen.as_deref(), None, finding.time_quality, false);
    let is_last = |last: &&Evidence| {
        let times = [&last.time, &last.until];
        finding.last_seen.is_some() && times.contains(&&finding.last_seen)
    };
    let last = match finding.evidence.last().filter(is_last) {
        Some(last) => when(last.time.as_deref(), None, last.time_quality, false),
        None => finding
            .last_seen
            .as_deref()
            .map_or_else(|| "no time".to_owned(), time),
    };
    (first, last)
}

/// Where and when a record was written, and by whom.
pub(crate) fn caption(evidence: &Evidence) -> String {
    let Evidence { time, until, .. } = evidence;
    let at = when(time.as_deref(), until.as_deref(), evidence.time_quality, false);
    let mut facts = vec![place(evidence), moved(at, evidence.moved_seconds)];
    facts.extend(evidence.level.map(|level| format!("level {}", level.name())));
    let service = evidence.service.as_deref();
    facts.extend(service.map(|service| format!("service {}", span(service))));
    if evidence.matched_line != evidence.line {
        facts.push(format!("matched at line {}", evidence.matched_line));
    }
    facts.join(", ")
}

/// Where a record stands: its line, or where lines are not counted, its first byte.
fn place(evidence: &Evidence) -> String {
    match evidence.line {
        0 => format!("{} at byte {}", span(&evidence.source), evidence.offset),
        line => span(&format!("{}:{line}", evidence.source)),
    }
}

/// `4 min 21 s`: the two greatest units.
pub(crate) fn duration(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let first = units.iter().position(|(size, _)| seconds >= *size).unwrap_or(3);
    let mut rest = seconds;
    let mut out: Vec<String> = Vec::new();
    for (size, unit) in units.iter().skip(first).take(2) {
        if rest / size > 0 || out.is_empty() {
            out.push(format!("{} {unit}", rest / size));
        }
        rest %= size;
    }
    out.join(" ")
}

/// `12,345`.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 record`, `1,200 records`.
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// `1.5 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    let mut unit = "bytes";
    let mut tenths = u128::from(bytes) * 10;
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if tenths < 10_240 {
            break;
        }
        unit = next;
        tenths /= 1024;
    }
    match (unit, bytes) {
        ("bytes", 1) => "1 byte".to_owned(),
        ("bytes", _) => format!("{bytes} bytes"),
        _ => format!("{}.{} {unit}", tenths / 10, tenths % 10),
    }
}

/// Names in code spans, the first ones of many.
pub(crate) fn spans(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().map(|name| span(name)).collect();
    some_of(&shown)
}

/// What follows a value that most records have, or that only stands for others.
pub(super) fn others(most: bool) -> &'static str {
    if most { "" } else { " and others" }
}

/// The first few of a list.
pub(crate) fn some_of(items: &[String]) -> String {
    let shown = items[..items.len().min(LISTED)].join(", ");
    match items.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(number(999), "999");
        assert_eq!(size(1), "1 byte");
        assert_eq!(size(1023), "1023 bytes");
        assert_eq!(size(1_572_864), "1.5 MiB");
        assert_eq!(duration(0), "0 s");
        assert_eq!(duration(261), "4 min 21 s");
        assert_eq!(duration(90_000), "1 d 1 h");
        assert_eq!(duration(3_600), "1 h");
        assert_eq!(time("2026-11-22T07:26:41.5Z"), "2026-11-22 07:26:41");
        assert_eq!(time("`|\n"), "`\\x60\\x7C\\x0A`");
    }

    #[test]
    fn times_in_words() {
        let (a, b) = (Some("2026-11-22T07:26:41.120Z"), Some("2026-11-22T07:26:46.120Z"));
        let next_day = Some("2026-11-23T00:00:01Z");
        assert_eq!(when(a, b, TimeQuality::Between, true), "≈ 07:26:41 to 07:26:46");
        assert_eq!(
            when(a, b, TimeQuality::Between, false),
            "≈ 2026-11-22 07:26:41 to 07:26:46"
        );
        assert_eq!(
            when(a, next_day, TimeQuality::Between, false),
            "≈ 2026-11-22 07:26:41 to 2026-11-23 00:00:01"
        );
        assert_eq!(when(a, None, TimeQuality::Written, true), "07:26:41");
        assert_eq!(when(None, b, TimeQuality::Between, true), "before 07:26:46");
        assert_eq!(when(None, None, TimeQuality::Unknown, true), "no time");
        assert_eq!(
            stretch("2026-11-22T07:26:41Z", "2026-11-22T07:26:41.9Z"),
            "2026-11-22 07:26:41 UTC"
        );
    }
}
