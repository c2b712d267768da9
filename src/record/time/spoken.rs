//! Times as people say them: `2h ago`, `yesterday 14:00`, `2026-11-22 07:30`.
//!
//! In: a text, the zone of what states none, and the time of the run. Out: an instant, or what was expected.

use super::stamp::{parse_rfc3339, parse_whole};
use super::zone::Zone;
use super::{Clock, SECOND, from_epoch};

/// The instant that `text` means, in UTC nanoseconds.
pub(super) fn parse(text: &str, zone: Zone, now: i64) -> Result<i64, String> {
    let said = text.trim();
    relative(said, now)
        .or_else(|| day(said, zone, now))
        .or_else(|| counted(said))
        .or_else(|| absolute(said, zone, now))
        .ok_or_else(|| {
            format!(
                "'{text}' is no time that is understood: expected a date and time such as '2026-11-22 07:30', 2026-11-22, \
                 07:30 (today), 2026-11-22T07:30:00+01:00 or @1795332703; or 'now', 'today', 'yesterday 14:00', '2h ago', \
                 -90min"
            )
        })
}

/// `now`, `-2h`, `2h ago`, `1 day 3 hours ago`, `in 5 minutes`.
fn relative(said: &str, now: i64) -> Option<i64> {
    let words = said.to_ascii_lowercase();
    if words == "now" {
        return Some(now);
    }
    let (sign, spans) = if let Some(spans) = words.strip_suffix(" ago") {
        (-1, spans)
    } else if let Some(spans) = words.strip_prefix('-') {
        (-1, spans)
    } else if let Some(spans) = words.strip_prefix('+') {
        (1, spans)
    } else {
        (1, words.strip_prefix("in ")?)
    };
    now.checked_add(sign * spans_of(spans)?)
}

/// `2h`, `1h30m`, `1 day 3 hours`, in nanoseconds.
fn spans_of(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut sum: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: i64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?.trim_start();
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let seconds = match rest.get(..letters)? {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
            "d" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 7 * 86_400,
            _ => return None,
        };
        sum = sum.checked_add(count.checked_mul(seconds)?)?;
        rest = rest.get(letters..)?.trim_start_matches([' ', ',']);
    }
    sum.checked_mul(SECOND)
}

/// `today`, `yesterday 14:00`, `07:30`.
fn day(said: &str, zone: Zone, now: i64) -> Option<i64> {
    let words = said.to_ascii_lowercase();
    let (first, rest) = words.split_once([' ', ',']).unwrap_or((&words, ""));
    let (days, time) = match first {
        "today" => (0, rest),
        "yesterday" => (-1, rest),
        "tomorrow" => (1, rest),
        _ if words.contains(':') => (0, words.as_str()),
        _ => return None,
    };
    let time = time.trim().trim_start_matches("at ").trim();
    let seconds = if time.is_empty() { 0 } else { time_of_day(time)? };
    let midnight = zone.midnight(now.div_euclid(SECOND), days);
    let shown = midnight.checked_add(seconds)?;
    zone.utc_seconds(shown, false).checked_mul(SECOND)
}

/// `07:30`, `7:30`, `07:30:15`.
fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let mut part = |most: i64| -> Option<i64> {
        let text = parts.next()?;
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| digits && *number <= most)
    };
    let hour = part(23)?;
    let minute = part(59)?;
    let second = part(59);
    (text.split(':').count() == if second.is_some() { 3 } else { 2 })
        .then_some(hour * 3600 + minute * 60 + second.unwrap_or(0))
}

/// `@1795332703`, and bare counts from 1970.
fn counted(said: &str) -> Option<i64> {
    let digits = said.strip_prefix('@').unwrap_or(said);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().and_then(from_epoch)
}

/// A date with or without time, as logs write them.
fn absolute(said: &str, zone: Zone, now: i64) -> Option<i64> {
    let clock = Clock::new(zone, now);
    let read = |text: &str| parse_whole(text, &clock).map(|stamp| stamp.nanos);
    if let Some(nanos) = parse_rfc3339(said).or_else(|| read(said)) {
        return Some(nanos);
    }
    // Seconds, or the whole time of day, may be left out.
    let (date, zone) = match said.strip_suffix(['Z', 'z']) {
        Some(date) => (date, "Z"),
        None => (said, ""),
    };
    [":00", " 00:00:00"]
        .iter()
        .find_map(|rest| read(&format!("{date}{rest}{zone}")))
}

#[cfg(test)]
mod tests {
    use super::super::format_utc;
    use super::*;

    /// 2026-11-22T08:15:00Z.
    const NOW: i64 = 1_795_335_300 * SECOND;

    #[test]
    fn every_spelling_is_understood() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        for (said, instant) in [
            ("now", "2026-11-22T08:15:00Z"),
            ("today", "2026-11-21T23:00:00Z"),
            ("yesterday", "2026-11-20T23:00:00Z"),
            ("Yesterday 14:00", "2026-11-21T13:00:00Z"),
            ("yesterday at 14:00", "2026-11-21T13:00:00Z"),
            ("07:30", "2026-11-22T06:30:00Z"),
            ("7:30:15", "2026-11-22T06:30:15Z"),
            ("-2h", "2026-11-22T06:15:00Z"),
            ("2h ago", "2026-11-22T06:15:00Z"),
            ("2 hours ago", "2026-11-22T06:15:00Z"),
            ("-1h30m", "2026-11-22T06:45:00Z"),
            ("1 day, 3 hours ago", "2026-11-21T05:15:00Z"),
            ("-90min", "2026-11-22T06:45:00Z"),
            ("+5m", "2026-11-22T08:20:00Z"),
            ("@1795332703", "2026-11-22T07:31:43Z"),
            ("1795332703", "2026-11-22T07:31:43Z"),
            ("1795332703123", "2026-11-22T07:31:43.123Z"),
            ("2026-11-22", "2026-11-21T23:00:00Z"),
            ("2026/11/22", "2026-11-21T23:00:00Z"),
            ("2026-11-22 07:30", "2026-11-22T06:30:00Z"),
            ("2026-11-22T07:30", "2026-11-22T06:30:00Z"),
            ("2026-11-22T07:30Z", "2026-11-22T07:30:00Z"),
            ("2026-11-22 07:30:15", "2026-11-22T06:30:15Z"),
            ("2026-11-22 07:30:15,250", "2026-11-22T06:30:15.250Z"),
            ("2026-11-22T07:30:15Z", "2026-11-22T07:30:15Z"),
            ("2026-11-22T07:30:15+05:30", "2026-11-22T02:00:15Z"),
            ("2026-07-01 12:00", "2026-07-01T10:00:00Z"),
            ("Nov 22 07:30:00", "2026-11-22T06:30:00Z"),
            ("22/Nov/2026:07:31:34 +0000", "2026-11-22T07:31:34Z"),
        ] {
            let read = parse(said, zone, NOW).map(format_utc);
            assert_eq!(read.as_deref(), Ok(instant), "{said}");
        }
    }

    #[test]
    fn the_time_of_a_day_whose_clocks_change_is_the_walls() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let now = parse_rfc3339("2026-10-25T20:00:00Z").unwrap();
        let read = |said| parse(said, zone, now).map(format_utc);
        assert_eq!(read("07:30").as_deref(), Ok("2026-10-25T06:30:00Z"));
        assert_eq!(read("today").as_deref(), Ok("2026-10-24T22:00:00Z"));
    }

    #[test]
    fn what_is_no_time_says_what_is_expected() {
        for said in [
            "",
            "soon",
            "2h",
            "-",
            "-2",
            "-2x",
            "25:00",
            "7:5:5:5",
            "2026-13-01",
            "2026-11-22 25:00",
            "99999999999999999999",
            "-99999999999999999999h",
            "-9999999999999w",
        ] {
            let message = parse(said, Zone::Utc, NOW).unwrap_err();
            assert!(message.contains("expected a date and time"), "{said}: {message}");
        }
    }
}
