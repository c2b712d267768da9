//! The stamps of the reference engine.
//!
//! In: lines. Out: the first of its formats that one of them has, and the time that a line states in it. The list and
//! its order are the reference's, with what they leave out: a zone or a fraction that a format does not
//! name is not read, so that windows come out the same.

use std::sync::OnceLock;

use regex::bytes::{Captures, Regex, RegexBuilder};

use crate::record::time::{Clock, Zone, parse_rfc3339, parse_whole};

/// Lines at the beginning of a source that are tried.
const LINES: usize = 51;

/// `<Y>` and so on are the parts of a date, `<R>` is a whole one with a zone; see [`PARTS`].
const FORMATS: &[&str] = &[
    r#""time":(?P<epoch>\d{16,19})"#,
    r"^<R>",
    r"^<Y>-<M>-<D> <T>,(?P<f>\d{5})",
    r"^<Y>-<M>-<D> <T>\.(?P<f>\d{6})(?P<z>[+-]\d{4})",
    r"^<Y>-<M>-<D> <T>\.(?P<f>\d{3})",
    r"^<Y>-<M>-<D> <T>",
    r"^<N> +<D> <T>\.(?P<f>\d{6})",
    r"^<N> +<D> <T>",
    r"^[IWEF]<M><D> <T>\.(?P<f>\d{6})",
    r"^\[<Y>-<M>-<D> <T>,(?P<f>\d{3})\]",
    r"^<Y>/<M>/<D> <T>",
    r"^<M>/<D>/<Y>, <T>",
    r"^<D> <N> <Y> <T>\.(?P<f>\d{3})",
    r"^<Y> <N> <D> <T>\.(?P<f>\d{3})",
    r"^<D>/<N>/<Y>:<T>\.(?P<f>\d{3})",
    r"^<M>/<D>/<Y> <T> (?P<half>AM|PM)",
    r"^<Y> <N> <D> <T>",
    r#""timestamp"\s*:\s*"<R>""#,
    r#""ts"\s*:\s*"<R>""#,
    r"^\[\d+\] <Y>/<M>/<D> <T>\.(?P<f>\d{6})",
    r#""creationTimestamp":"(?P<r>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)""#,
    r"^<Y>-<M>-<D>T<T>\.(?P<f>\d{3})(?P<z>[+-]\d{4})\t",
    r#""ts":(?P<seconds>\d+\.\d+)"#,
    r"ts=(?P<r>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z)",
    r#""timestamp":"(?P<r>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)""#,
    r"/Date\((?P<epoch>\d+)\)",
    r#"time="<R>""#,
];

/// What stands for what in [`FORMATS`].
const PARTS: &[(&str, &str)] = &[
    ("<Y>", r"(?P<y>\d{4})"),
    ("<M>", r"(?P<m>\d\d)"),
    ("<D>", r"(?P<d>\d\d?)"),
    ("<N>", r"(?P<n>[A-Z][a-z]{2})"),
    ("<T>", r"(?P<h>\d\d?):(?P<i>\d\d):(?P<s>\d\d)"),
    (
        "<R>",
        r"(?P<r>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))",
    ),
];

const MONTHS: &[&str] = &[
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The formats, compiled when a source is first asked about.
#[derive(Debug, Default)]
pub(super) struct Stamps(OnceLock<Vec<Regex>>);

impl Stamps {
    /// The first format that a line among the first of `head` has.
    pub(super) fn format_of(&self, head: &[u8], clock: &Clock) -> Option<&Regex> {
        let formats = self
            .0
            .get_or_init(|| FORMATS.iter().filter_map(|format| compiled(format)).collect());
        let lines: Vec<&[u8]> = head.split(|byte| *byte == b'\n').take(LINES).collect();
        formats
            .iter()
            .find(|format| lines.iter().any(|line| stated(format, line, clock).is_some()))
    }
}

fn compiled(format: &str) -> Option<Regex> {
    let pattern = PARTS.iter().fold(format.to_owned(), |pattern, (part, means)| {
        pattern.replace(part, means)
    });
    RegexBuilder::new(&pattern).unicode(false).build().ok()
}

/// The time that a line states in a format, in UTC nanoseconds. 1970 is none.
pub(super) fn stated(format: &Regex, line: &[u8], clock: &Clock) -> Option<i64> {
    let found = format.captures(line)?;
    let part = |name: &str| part(&found, name);
    if let Some(text) = part("r") {
        return parse_rfc3339(text);
    }
    let nanos = if let Some(count) = part("epoch") {
        of_epoch(count)?
    } else if let Some(seconds) = part("seconds") {
        (seconds.parse::<f64>().ok()? * 1e6) as i64 * 1000
    } else {
        parse_rfc3339(&calendar(&found, clock)?)?
    };
    (nanos != 0).then_some(nanos)
}

fn part<'t>(found: &Captures<'t>, name: &str) -> Option<&'t str> {
    std::str::from_utf8(found.name(name)?.as_bytes()).ok()
}

/// Seconds, milliseconds, microseconds or nanoseconds, told apart by the number of digits.
fn of_epoch(count: &str) -> Option<i64> {
    let scale = match count.len() {
        ..=10 => 1_000_000_000,
        11..=13 => 1_000_000,
        14..=16 => 1000,
        _ => 1,
    };
    count.parse::<i64>().ok()?.checked_mul(scale)
}

/// The parts of a date in RFC 3339; what has no zone is taken as UTC.
fn calendar(found: &Captures<'_>, clock: &Clock) -> Option<String> {
    let part = |name: &str| part(found, name);
    let number = |name: &str| part(name)?.parse::<u32>().ok();
    let month = match part("n") {
        Some(name) => 1 + u32::try_from(MONTHS.iter().position(|month| *month == name)?).ok()?,
        None => number("m")?,
    };
    let (day, minute, second) = (number("d")?, number("i")?, number("s")?);
    let hour = match (number("h")?, part("half")) {
        (hour, None) => hour,
        (12, Some("AM")) => 0,
        (12, Some(_)) => 12,
        (hour, Some("PM")) => hour + 12,
        (hour, Some(_)) => hour,
    };
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    let year = match part("y") {
        Some(year) => year.to_owned(),
        None => year_of(month, day, &time, clock)?,
    };
    let zone = match part("z") {
        Some(zone) => format!("{}:{}", &zone[..3], &zone[3..]),
        None => "Z".to_owned(),
    };
    let fraction = part("f").map(|digits| format!(".{digits}")).unwrap_or_default();
    Some(format!("{year}-{month:02}-{day:02}T{time}{fraction}{zone}"))
}

/// The year of a line that states none: as everywhere in this program, the latest that is not in the future.
fn year_of(month: u32, day: u32, time: &str, clock: &Clock) -> Option<String> {
    let name = MONTHS.get(month.checked_sub(1)? as usize)?;
    let clock = Clock::new(Zone::Utc, clock.reference);
    let nanos = parse_whole(&format!("{name} {day:>2} {time}"), &clock)?.nanos;
    let stamp = crate::record::time::format_utc(nanos);
    stamp.get(..4).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::time::format_utc;

    #[test]
    fn each_format_is_read_as_the_reference_reads_it() {
        let stamps = Stamps::default();
        // 2026-06-01.
        let clock = Clock::new(Zone::Utc, 1_780_272_000_000_000_000);
        for (line, expected) in [
            (r#"{"time":1744570895480541}"#, "2025-04-13 19:01:35.480541"),
            ("2026-01-01T10:00:00.5+02:00 x", "2026-01-01 08:00:00.5"),
            ("2026-01-01 10:00:00.123456+0200 x", "2026-01-01 08:00:00.123456"),
            ("2026-01-01 10:00:00.123456+02:00 x", "2026-01-01 10:00:00.123"),
            ("2026-01-01 10:00:00,123 x", "2026-01-01 10:00:00"),
            ("Jan  2 15:04:05 host x", "2026-01-02 15:04:05"),
            ("Dec 12 15:04:05 host x", "2025-12-12 15:04:05"),
            ("I0102 15:04:05.000001 1 x", "2026-01-02 15:04:05.000001"),
            ("[2026-01-02 15:04:05,250] x", "2026-01-02 15:04:05.25"),
            ("2026/01/02 15:04:05 [error] x", "2026-01-02 15:04:05"),
            ("01/02/2026, 15:04:05 x", "2026-01-02 15:04:05"),
            ("02 Jan 2026 15:04:05.250 x", "2026-01-02 15:04:05.25"),
            ("01/02/2026 03:04:05 PM x", "2026-01-02 15:04:05"),
            (
                r#"{"a":1, "timestamp" : "2026-01-02T15:04:05Z"}"#,
                "2026-01-02 15:04:05",
            ),
            (
                "[12] 2026/01/02 15:04:05.000002 [INF] x",
                "2026-01-02 15:04:05.000002",
            ),
            (r#"{"level":"info","ts":1767366245.25}"#, "2026-01-02 15:04:05.25"),
            (r#"level=info time="2026-01-02T15:04:05Z""#, "2026-01-02 15:04:05"),
            ("2026-01-02T15:04:05.250+0000\tx", "2026-01-02 15:04:05.25"),
        ] {
            let format = stamps.format_of(line.as_bytes(), &clock).unwrap();
            let read = format_utc(stated(format, line.as_bytes(), &clock).unwrap());
            let read = read.replace('T', " ");
            assert!(read.starts_with(expected), "{line}: {read}");
        }
        assert!(stamps.format_of(b"a line\nand another", &clock).is_none());
    }

    #[test]
    fn the_order_of_formats_comes_before_that_of_lines() {
        let stamps = Stamps::default();
        let clock = Clock::new(Zone::Utc, 0);
        let head = b"2026-01-01 00:00:00 x\n{\"time\":1744570895480541}\n";
        let format = stamps.format_of(head, &clock).unwrap();
        assert!(stated(format, b"2026-01-01 00:00:00 x", &clock).is_none());
    }
}
