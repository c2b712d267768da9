//! The stamps that programs print, read byte by byte.
//!
//! In: bytes. Out: the instant at their very start and how many of them it took. A layout is
//! chosen by the first byte and the number of leading digits, then read in one pass.

use super::civil::Date;
use super::cursor::{Cursor, leading_digits};
use super::{Clock, SECOND, Stamp, TimeQuality, epoch_scale, from_epoch};

/// The time stamp at the very start of `bytes`, and its length.
///
/// Understood are ISO 8601 (also without separators), the slashed dates of nginx and Go, RFC 3164 with and without
/// a year, the dates of access logs, Redis, Tomcat, Apache, ctime, java.util.logging, klog, RFC 2822,
/// Android, MySQL, ClickHouse, Windows, svlogd and `journalctl -o short-full`, TAI64N, and counts of seconds
/// (10 digits) or milliseconds (13) from 1970. `docs/formats.md` shows one of each.
#[must_use]
pub fn parse_prefix(bytes: &[u8], clock: &Clock) -> Option<(Stamp, usize)> {
    let mut cursor = Cursor(bytes);
    let stamp = match bytes.first()? {
        b'0'..=b'9' => match leading_digits(bytes) {
            4 => year_first(&mut cursor)?.resolve(clock)?,
            1 | 2 => short_first(&mut cursor)?.resolve(clock)?,
            6 | 8 => joined(&mut cursor)?.resolve(clock)?,
            10 => epoch_seconds(&mut cursor)?,
            13 => epoch_millis(&mut cursor)?,
            _ => return None,
        },
        b'A'..=b'Z' => name_first(&mut cursor)?.resolve(clock)?,
        b'@' => tai64n(&mut cursor)?,
        _ => return None,
    };
    cursor
        .at_boundary()
        .then(|| (stamp, bytes.len() - cursor.0.len()))
}

/// The instant of a text that is one stamp and nothing else, or a bare count from 1970.
#[must_use]
pub fn parse_whole(text: &str, clock: &Clock) -> Option<Stamp> {
    let text = text.trim_ascii();
    if text.len() >= 10 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().and_then(from_epoch).map(Stamp::written);
    }
    let (stamp, len) = parse_prefix(text.as_bytes(), clock)?;
    (len == text.len()).then_some(stamp)
}

/// The UTC nanoseconds of an RFC 3339 date and time, which has a zone.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let mut cursor = Cursor(text.as_bytes());
    let mut parts = year_first_date(&mut cursor, b'-')?;
    cursor.eat_any(b"Tt ")?;
    parts.clock_time(&mut cursor)?;
    let east = cursor.attached_zone()?;
    cursor
        .0
        .is_empty()
        .then(|| parts.nanos_at(parts.wall()? - i64::from(east)))?
}

/// Seconds east of UTC of an offset such as `+02:00`, `-0530` or `+02`.
pub(super) fn parse_offset(bytes: &[u8]) -> Option<i32> {
    let mut cursor = Cursor(bytes);
    let east = cursor.offset()?;
    cursor.0.is_empty().then_some(east)
}

impl Stamp {
    /// An instant that the line states in full.
    pub(super) const fn written(nanos: i64) -> Self {
        Self {
            nanos,
            quality: TimeQuality::Written,
        }
    }
}

/// What a stamp states.
#[derive(Debug, Clone, Copy, Default)]
struct Parts {
    year: Option<i32>,
    month: u32,
    day: u32,
    second_of_day: u32,
    nanos: u32,
    /// Seconds east of UTC.
    zone: Option<i32>,
}

impl Parts {
    /// Reads `hh:mm:ss` and a fraction; MariaDB writes ` h:mm:ss`.
    fn clock_time(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        if let [b' ', b'0'..=b'9', b':', ..] = cursor.0 {
            cursor.skip(1);
            self.second_of_day = cursor.short_time()?;
            return Some(());
        }
        self.second_of_day = cursor.time_of_day()?;
        self.nanos = cursor.fraction();
        Some(())
    }

    fn resolve(mut self, clock: &Clock) -> Option<Stamp> {
        let year_assumed = self.year.is_none();
        if year_assumed {
            self.year = Some(clock.year_of(self.month, self.day, self.second_of_day)?);
        }
        let wall = self.wall()?;
        let (seconds, quality) = match self.zone {
            _ if year_assumed => (clock.utc_seconds(wall), TimeQuality::YearAssumed),
            Some(east) => (wall - i64::from(east), TimeQuality::Written),
            None => (clock.utc_seconds(wall), TimeQuality::ZoneAssumed),
        };
        Some(Stamp {
            nanos: self.nanos_at(seconds)?,
            quality,
        })
    }

    /// What the clock on the wall showed, in seconds since it showed the first second of 1970.
    fn wall(&self) -> Option<i64> {
        let date = Date {
            year: self.year?,
            month: self.month,
            day: self.day,
        }
        .checked()?;
        Some(date.at_second(self.second_of_day))
    }

    fn nanos_at(&self, seconds: i64) -> Option<i64> {
        seconds.checked_mul(SECOND)?.checked_add(i64::from(self.nanos))
    }
}

/// `2026-11-22T07:34:50`, `2026/11/22 07:34:50`, `2026 Nov 22 07:34:50`.
fn year_first(cursor: &mut Cursor<'_>) -> Option<Parts> {
    let mut parts = match cursor.0.get(4)? {
        b'-' => year_first_date(cursor, b'-')?,
        b'/' => year_first_date(cursor, b'/')?,
        b'.' => year_first_date(cursor, b'.')?,
        b' ' => {
            let year = cursor.year()?;
            cursor.eat(b' ')?;
            let (month, day) = cursor.month_and_day()?;
            Parts {
                year,
                month,
                day,
                ..Parts::default()
            }
        }
        _ => return None,
    };
    // `2026/11/22 - 07:34:50` of gin, `2026-11-22_07:34:50` of svlogd
    match cursor.0.strip_prefix(b" - ") {
        Some(rest) => cursor.0 = rest,
        None => cursor.eat_any(b"T _").map(drop)?,
    }
    parts.clock_time(cursor)?;
    parts.zone = cursor.zone();
    Some(parts)
}

/// `2026-11-22`, with `-` or another separator.
fn year_first_date(cursor: &mut Cursor<'_>, separator: u8) -> Option<Parts> {
    let year = cursor.year()?;
    cursor.eat(separator)?;
    let month = cursor.digits::<2>()?;
    cursor.eat(separator)?;
    let day = cursor.digits::<2>()?;
    Some(Parts {
        year,
        month,
        day,
        ..Parts::default()
    })
}

/// A stamp that begins with one or two digits: a day, or a month.
fn short_first(cursor: &mut Cursor<'_>) -> Option<Parts> {
    let digits = leading_digits(cursor.0);
    let behind = cursor.0.get(digits + 1)?;
    match cursor.0.get(digits)? {
        b'-' | b'/' | b' ' if behind.is_ascii_alphabetic() => day_first(cursor),
        b'-' if digits == 2 => month_and_day(cursor),
        b'/' => slashed(cursor),
        b'.' if digits == 2 => dotted(cursor),
        _ => None,
    }
}

/// `11-22 07:34:50.123` of Android.
fn month_and_day(cursor: &mut Cursor<'_>) -> Option<Parts> {
    let month = cursor.digits::<2>()?;
    cursor.eat(b'-')?;
    let day = cursor.digits::<2>()?;
    cursor.eat(b' ')?;
    let mut parts = Parts {
        month,
        day,
        ..Parts::default()
    };
    parts.clock_time(cursor)?;
    Some(parts)
}

/// `11/22/2026 7:34:50 AM` of Windows. Without AM or PM the month comes first only where it cannot come second:
/// `22/11/2026 07:34:50`, `11/22/2026 07:34:50`; `11/12/2026` may be either.
fn slashed(cursor: &mut Cursor<'_>) -> Option<Parts> {
    let first = cursor.day()?;
    cursor.eat(b'/')?;
    let second = cursor.day()?;
    cursor.eat(b'/')?;
    let year = cursor.year()?;
    let _comma = cursor.eat(b',');
    cursor.eat(b' ')?;
    let mut ahead = Cursor(cursor.0);
    let half_day = ahead.half_day_time();
    let (month, day) = match half_day {
        Some(_) => (first, second),
        None if first > 12 => (second, first),
        None if second > 12 => (first, second),
        None => return None,
    };
    let mut parts = Parts {
        year,
        month,
        day,
        ..Parts::default()
    };
    match half_day {
        Some(second_of_day) => {
            parts.second_of_day = second_of_day;
            cursor.0 = ahead.0;
        }
        None => {
            parts.clock_time(cursor)?;
            parts.zone = cursor.zone();
        }
    }
    Some(parts)
}

/// `22.11.2026 07:34:50`.
fn dotted(cursor: &mut Cursor<'_>) -> Option<Parts> {
    let day = cursor.digits::<2>()?;
    cursor.eat(b'.')?;
    let month = cursor.digits::<2>()?;
    cursor.eat(b'.')?;
    let year = cursor.year()?;
    let _comma = cursor.eat(b',');
    cursor.eat_any(b" T")?;
    let mut parts = Parts {
        year,
        month,
        day,
        ..Parts::default()
    };
    parts.clock_time(cursor)?;
    parts.zone = cursor.zone();
    Some(parts)
}

/// `20261122T073450Z`, `20261122 07:34:50`, and `261122  7:34:50` of old MySQL.
fn joined(cursor: &mut Cursor<'_>) -> Option<Parts> {
    let short = leading_digits(cursor.0) == 6;
    let year = if short {
        i32::try_from(2000 + cursor.digits::<2>()?).ok()
    } else {
        cursor.year()?
    };
    let month = cursor.digits::<2>()?;
    let day = cursor.digits::<2>()?;
    let separator = cursor.eat_any(if short { b" " } else { b"T " })?;
    let mut parts = Parts {
        year,
        month,
        day,
        ..Parts::default()
    };
    if separator == b'T' && leading_digits(cursor.0) == 6 {
        let (hour, minute) = (cursor.digits::<2>()?, cursor.digits::<2>()?);
        let second = cursor.digits::<2>()?;
        (hour <= 23 && minute <= 59 && second <= 60).then_some(())?;
        parts.second_of_day = hour * 3600 + minute * 60 + second;
        parts.nanos = cursor.fraction();
    } else {
        parts.clock_time(cursor)?;
    }
    parts.zone = cursor.zone();
    Some(parts)
}

/// `22/Nov/2026:07:31:34 +0000`, `22-Nov-2026 07:34:50.123`, `22 Nov 2026 07:34:53.402`.
fn day_first(cursor: &mut Cursor<'_>) -> Option<Parts> {
    let day = cursor.day()?;
    let separator = cursor.eat_any(b"/- ")?;
    let month = cursor.month_name()?;
    cursor.eat(separator)?;
    let year = cursor.year()?;
    match (separator, cursor.0.strip_prefix(b"::")) {
        // Erlang's error reports
        (b'-', Some(rest)) => cursor.0 = rest,
        (b'/', _) => cursor.eat_any(b": ").map(drop)?,
        _ => cursor.eat(b' ')?,
    }
    let mut parts = Parts {
        year,
        month,
        day,
        ..Parts::default()
    };
    parts.clock_time(cursor)?;
    parts.zone = cursor.zone();
    Some(parts)
}

/// A stamp that begins with a month, a weekday or a klog severity.
fn name_first(cursor: &mut Cursor<'_>) -> Option<Parts> {
    match cursor.0 {
        [b'I' | b'W' | b'E' | b'F', b'0' | b'1' | b'2', ..] => klog(cursor),
        [b'S', b'u' | b'a', ..] | [b'M', b'o', ..] | [b'F', b'r', ..] | [b'T' | b'W', ..] => {
            weekday_first(cursor)
        }
        _ => month_first(cursor),
    }
}

/// `Nov 22 07:00:00`, `Nov 22 2026 07:00:00`, `Nov 22, 2026 7:34:50 AM`.
fn month_first(cursor: &mut Cursor<'_>) -> Option<Parts> {
    let (month, day) = cursor.month_and_day()?;
    let mut parts = Parts {
        month,
        day,
        ..Parts::default()
    };
    if cursor.eat(b',').is_some() {
        cursor.eat(b' ')?;
        parts.year = cursor.year()?;
        cursor.eat(b' ')?;
        parts.second_of_day = cursor.half_day_time()?;
        return Some(parts);
    }
    cursor.eat(b' ')?;
    if leading_digits(cursor.0) == 4 {
        parts.year = cursor.year()?;
        cursor.eat(b' ')?;
    }
    parts.clock_time(cursor)?;
    if parts.year.is_some() {
        parts.zone = cursor.zone();
    }
    Some(parts)
}

/// `Sun Nov 22 07:31:34.123456 2026`, `Sun Nov 22 07:31:34 UTC 2026`, `Sun 2026-11-22 07:31:34 UTC`,
/// `Sun, 22 Nov 2026 07:31:34 +0000`.
fn weekday_first(cursor: &mut Cursor<'_>) -> Option<Parts> {
    cursor.weekday_name()?;
    if cursor.eat(b',').is_some() {
        cursor.eat(b' ')?;
        return day_first(cursor);
    }
    cursor.eat(b' ')?;
    if cursor.0.first()?.is_ascii_digit() {
        return year_first(cursor);
    }
    let (month, day) = cursor.month_and_day()?;
    cursor.eat(b' ')?;
    let mut parts = Parts {
        month,
        day,
        ..Parts::default()
    };
    parts.clock_time(cursor)?;
    parts.zone = cursor.zone();
    cursor.eat(b' ')?;
    parts.year = cursor.year()?;
    Some(parts)
}

/// `I1122 07:34:50.123456`, `I20261122 07:34:50.123456` of glog.
fn klog(cursor: &mut Cursor<'_>) -> Option<Parts> {
    cursor.skip(1);
    if leading_digits(cursor.0) == 8 {
        return joined(cursor);
    }
    let month = cursor.digits::<2>()?;
    let day = cursor.digits::<2>()?;
    cursor.eat(b' ')?;
    let mut parts = Parts {
        month,
        day,
        ..Parts::default()
    };
    parts.clock_time(cursor)?;
    Some(parts)
}

/// `1795332703: `, `1795332703.123 `.
fn epoch_seconds(cursor: &mut Cursor<'_>) -> Option<Stamp> {
    let seconds = i64::from(cursor.digits::<10>()?);
    if !matches!(cursor.0, [b':' | b' ', ..] | [b'.', b'0'..=b'9', ..]) || epoch_scale(seconds)? != SECOND {
        return None;
    }
    let nanos = seconds.checked_mul(SECOND)?;
    Some(Stamp::written(nanos + i64::from(cursor.fraction())))
}

/// `@400000006b029b24075bca00` of svlogd, s6 and multilog.
fn tai64n(cursor: &mut Cursor<'_>) -> Option<Stamp> {
    /// The label of 1970, and the ten seconds that TAI was ahead of UTC when leap seconds began.
    const EPOCH: u64 = (1 << 62) + 10;
    let hex = |digits: Option<&[u8]>| u64::from_str_radix(std::str::from_utf8(digits?).ok()?, 16).ok();
    let (seconds, nanos) = (hex(cursor.0.get(1..17))?, hex(cursor.0.get(17..25))?);
    let seconds = i64::try_from(seconds.checked_sub(EPOCH)?).ok()?;
    let nanos = i64::try_from(nanos).ok().filter(|nanos| *nanos < SECOND)?;
    cursor.skip(25);
    (epoch_scale(seconds)? == SECOND)
        .then(|| seconds.checked_mul(SECOND))?
        .map(|whole| Stamp::written(whole + nanos))
}

/// `1795332703123 `.
fn epoch_millis(cursor: &mut Cursor<'_>) -> Option<Stamp> {
    let seconds = i64::from(cursor.digits::<10>()?);
    let millis = i64::from(cursor.digits::<3>()?);
    if !matches!(cursor.0, [b':' | b' ' | b',' | b'\t', ..]) {
        return None;
    }
    from_epoch(seconds * 1000 + millis).map(Stamp::written)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::time::{Zone, format_utc};
    use TimeQuality::{Written, YearAssumed, ZoneAssumed};

    /// 2026-11-22T08:00:00Z.
    const REFERENCE: i64 = 1_795_334_400 * SECOND;
    const CLOCK: Clock = Clock::new(Zone::Fixed(3600), REFERENCE);

    /// What is written (up to `|`, which ends the stamp), the instant, and how it is known.
    #[rustfmt::skip]
    const STAMPS: &[(&str, &str, TimeQuality)] = &[
        ("2026-11-22T07:31:34+00:00|]", "2026-11-22T07:31:34Z", Written),
        ("2026-11-22T07:31:34Z| INFO", "2026-11-22T07:31:34Z", Written),
        ("2026-11-22T07:26:41.123456+02:00| host", "2026-11-22T05:26:41.123456Z", Written),
        ("2026-11-22T07:26:41+0200| host", "2026-11-22T05:26:41Z", Written),
        ("2026-11-22 07:26:41-05| host", "2026-11-22T12:26:41Z", Written),
        ("2025-11-22T07:00:00.1234567Z| x", "2025-11-22T07:00:00.123456700Z", Written),
        ("2026-11-22 07:35:04,463| DEBUG passlib", "2026-11-22T06:35:04.463Z", ZoneAssumed),
        ("2026-11-22 07:35:47,579| CRIT Supervisor", "2026-11-22T06:35:47.579Z", ZoneAssumed),
        ("2026-11-22 07:17:25.553 UTC| [24061] ERROR:", "2026-11-22T07:17:25.553Z", Written),
        ("2026-11-22 07:17:25.553 CET| [24061] ERROR:", "2026-11-22T06:17:25.553Z", Written),
        ("2026-11-22 07:17:25.553 CST| [24061] ERROR:", "2026-11-22T06:17:25.553Z", ZoneAssumed),
        ("2026-11-22 07:17:25 PDT|: x", "2026-11-22T14:17:25Z", Written),
        ("2026-11-22 07:34:29 +0000|] [22147]", "2026-11-22T07:34:29Z", Written),
        ("2026-11-22 07:34:29| -12 degrees", "2026-11-22T06:34:29Z", ZoneAssumed),
        ("2026-11-22 07:34:29|, and more", "2026-11-22T06:34:29Z", ZoneAssumed),
        ("2026/11/22 07:34:50| [emerg] 22526#22526:", "2026-11-22T06:34:50Z", ZoneAssumed),
        ("2026/11/22 07:34:50.123456| main.go:7: x", "2026-11-22T06:34:50.123456Z", ZoneAssumed),
        ("Nov 22 07:26:41| host api[123]:", "2026-11-22T06:26:41Z", YearAssumed),
        ("Nov  2 07:26:41.123456| host api[123]:", "2026-11-02T06:26:41.123456Z", YearAssumed),
        ("Nov 22 2026 07:00:00| host", "2026-11-22T06:00:00Z", ZoneAssumed),
        ("2026 Nov 22 07:00:00| host", "2026-11-22T06:00:00Z", ZoneAssumed),
        ("22/Nov/2026:07:31:34 +0000|]", "2026-11-22T07:31:34Z", Written),
        ("22/Nov/2026 07:31:34|] \"GET", "2026-11-22T06:31:34Z", ZoneAssumed),
        ("22 Nov 2026 07:34:53.402| # oO0", "2026-11-22T06:34:53.402Z", ZoneAssumed),
        ("22-Nov-2026 07:34:50.123| INFO", "2026-11-22T06:34:50.123Z", ZoneAssumed),
        ("Sun Nov 22 07:31:34.123456 2026|] [core:error]", "2026-11-22T06:31:34.123456Z", ZoneAssumed),
        ("Sun Nov 22 07:31:34 UTC 2026|", "2026-11-22T07:31:34Z", Written),
        ("Sun 2026-11-22 07:26:41 UTC| host", "2026-11-22T07:26:41Z", Written),
        ("Sun, 22 Nov 2026 07:31:34 +0000|", "2026-11-22T07:31:34Z", Written),
        ("1795332703|: mosquitto version", "2026-11-22T07:31:43Z", Written),
        ("1795332703.123| x", "2026-11-22T07:31:43.123Z", Written),
        ("1795332703123| x", "2026-11-22T07:31:43.123Z", Written),
        ("I1122 07:34:50.123456|   12345 main.go:7] x", "2026-11-22T06:34:50.123456Z", YearAssumed),
        ("Nov 22, 2026 7:34:50 AM| org.apache", "2026-11-22T06:34:50Z", ZoneAssumed),
        ("Nov 22, 2026 12:34:50\u{202f}PM| org.apache", "2026-11-22T11:34:50Z", ZoneAssumed),
        ("2026-12-31 23:59:60 UTC|", "2027-01-01T00:00:00Z", Written),
        ("2026-11-28  6:40:12| 0 [Note]", "2026-11-28T05:40:12Z", ZoneAssumed),
        ("261122  7:34:50| [ERROR] Aborting", "2026-11-22T06:34:50Z", ZoneAssumed),
        ("20261122T073450Z|", "2026-11-22T07:34:50Z", Written),
        ("20261122 07:34:50.5|", "2026-11-22T06:34:50.500Z", ZoneAssumed),
        ("2026.11.22 07:34:50.123456| [ 7 ] {}", "2026-11-22T06:34:50.123456Z", ZoneAssumed),
        ("2026-11-22_07:34:50.12345| x", "2026-11-22T06:34:50.123450Z", ZoneAssumed),
        ("2026/11/22 - 07:34:50| | 500 |", "2026-11-22T06:34:50Z", ZoneAssumed),
        ("11-22 07:34:50.123|  1234  5678 E Tag", "2026-11-22T06:34:50.123Z", YearAssumed),
        ("11/22/2026 7:34:50 AM|", "2026-11-22T06:34:50Z", ZoneAssumed),
        ("11/12/2026 7:34:50 PM|", "2026-11-12T18:34:50Z", ZoneAssumed),
        ("22/11/2026 07:34:50|", "2026-11-22T06:34:50Z", ZoneAssumed),
        ("22.11.2026 07:34:50|", "2026-11-22T06:34:50Z", ZoneAssumed),
        ("22-Nov-2026::07:34:50| ===", "2026-11-22T06:34:50Z", ZoneAssumed),
        ("I20261122 07:34:50.123456|   12345 main.cc:7] x", "2026-11-22T06:34:50.123456Z", ZoneAssumed),
        ("@400000006b029b24075bca00| x", "2026-11-22T07:34:50.123456Z", Written),
    ];

    #[test]
    fn every_style_is_read_to_its_end() {
        for (written, instant, quality) in STAMPS {
            let len = written.find('|').unwrap();
            let (stamp, found) = parse_prefix(written.replace('|', "").as_bytes(), &CLOCK).expect(written);
            assert_eq!(
                (format_utc(stamp.nanos).as_str(), stamp.quality, found),
                (*instant, *quality, len),
                "{written}"
            );
        }
    }

    #[test]
    fn what_is_no_stamp_is_none() {
        for text in [
            "",
            "2",
            "2026",
            "2026-",
            "2026-11-22",
            "2026-11-22 07:34",
            "2026-13-22 07:34:50",
            "2026-02-29 07:34:50",
            "2026-11-22 24:00:00",
            "2026-11-22 99:99:99",
            "2026-11-22 07:34:501",
            "2026-11-22Z07:34:50",
            "Nov 31 07:00:00",
            "Now 22 07:00:00",
            "Nov 22",
            "Sun Nov 22 07:31:34",
            "22/Foo/2026:07:31:34",
            "1795332703",
            "1795332703x",
            "9999999999: x",
            "179533270: x",
            "17953327031: x",
            "I1332 07:34:50",
            "Info: x",
            "E",
            "Nov 22, 2026 13:00:00 AM",
            "٢٠٢٦-11-22 07:34:50",
            "127.0.0.1 - -",
            "0000-00-00 00:00:00",
            "9999-12-31 23:59:59",
            "11/12/2026 07:34:50",
            "31/31/2026 07:34:50",
            "13-22 07:34:50.123",
            "269922 07:34:50",
            "20261322T073450Z",
            "20261122T997450Z",
            "@4000000000000000",
            "@40000000zzzz98ef075bca00",
            "@ffffffffffffffffffffffff",
            "10.0.0.1 - -",
            "12345678901234567890",
        ] {
            assert_eq!(parse_prefix(text.as_bytes(), &CLOCK), None, "{text}");
        }
    }

    #[test]
    fn a_missing_year_is_the_latest_that_is_not_in_the_future() {
        for (text, instant) in [
            ("Nov 23 08:59:59 h", "2026-11-23T07:59:59Z"),
            ("Nov 23 09:00:01 h", "2025-11-23T08:00:01Z"),
            ("Dec 31 23:00:00 h", "2025-12-31T22:00:00Z"),
            ("Jan  1 00:30:00 h", "2025-12-31T23:30:00Z"),
            ("Feb 29 12:00:00 h", "2024-02-29T11:00:00Z"),
        ] {
            let (stamp, _) = parse_prefix(text.as_bytes(), &CLOCK).expect(text);
            assert_eq!(format_utc(stamp.nanos), instant, "{text}");
        }
        let new_year = parse_rfc3339("2027-01-01T00:10:00Z").unwrap();
        let clock = Clock::new(Zone::Utc, new_year);
        let (stamp, _) = parse_prefix(b"Dec 31 23:59:58 host", &clock).unwrap();
        assert_eq!(format_utc(stamp.nanos), "2026-12-31T23:59:58Z");
    }

    #[test]
    fn rfc3339_wants_a_zone_and_nothing_else() {
        assert_eq!(parse_rfc3339("1970-01-01T00:00:01Z"), Some(SECOND));
        assert_eq!(parse_rfc3339("1970-01-01 01:00:00.5+01:00"), Some(500_000_000));
        for text in [
            "1970-01-01T00:00:01",
            "1970-01-01T00:00:01Z ",
            "1970-01-01",
            "",
            "1970-01-01T00:00:01 UTC",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn a_whole_text_is_a_stamp_or_a_count() {
        let nanos = |text| parse_whole(text, &CLOCK).map(|stamp| format_utc(stamp.nanos));
        assert_eq!(
            nanos("1795332703123456").as_deref(),
            Some("2026-11-22T07:31:43.123456Z")
        );
        assert_eq!(
            nanos("2026-11-22 07:35:04,463").as_deref(),
            Some("2026-11-22T06:35:04.463Z")
        );
        assert_eq!(nanos("2026-11-22T07:31:34Z and more"), None);
        assert_eq!(nanos("12345678901234567890123"), None);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64), reference in any::<i64>()) {
            for zone in [Zone::Utc, Zone::Local, Zone::Fixed(i32::MIN)] {
                let _ = parse_prefix(&bytes, &Clock::new(zone, reference));
            }
        }

        #[test]
        fn damaged_stamps_never_panic(
            index in 0..STAMPS.len(), cut in 0_usize..64, at in 0_usize..64, byte in any::<u8>(), reference in any::<i64>(),
        ) {
            let mut bytes = STAMPS[index].0.replace('|', "").into_bytes();
            bytes.truncate(cut);
            if let Some(damaged) = bytes.get_mut(at) {
                *damaged = byte;
            }
            if let Some((_, len)) = parse_prefix(&bytes, &Clock::new(Zone::Utc, reference)) {
                prop_assert!(len <= bytes.len());
            }
            let _ = parse_rfc3339(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn what_is_formatted_reads_back(nanos in 0_i64..=i64::MAX) {
            prop_assume!(nanos < 9_214_646_400_000_000_000); // 2262
            prop_assert_eq!(parse_rfc3339(&format_utc(nanos)), Some(nanos));
        }
    }
}
