//! Zones: which instant it is when a clock on the wall shows something.
//!
//! In: a zone's name, offset or `local`, and a wall clock's seconds. Out: UTC seconds. Named zones are those of the IANA
//! database that is built in, so that they give the same answer on every machine.

use std::fmt;

use chrono::{DateTime, Local, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::civil::{Date, SECONDS_PER_DAY};
use super::stamp;

/// Two years and some days: nobody asks for the folds of more.
const MOST_DAYS: i64 = 800;

/// The zone that stamps without one are read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Coordinated universal time.
    Utc,
    /// The zone of the machine that this program runs on, summer time included.
    Local,
    /// So many seconds east of Greenwich.
    Fixed(i32),
    /// A zone of the IANA database, summer time included.
    Named(Tz),
}

/// An hour (or another stretch) that a zone's clocks show twice, since they are put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    /// The instant at which they are put back, in UTC seconds.
    pub at: i64,
    /// By how many seconds.
    pub by: i64,
    /// Seconds east of UTC before.
    east: i64,
}

impl Zone {
    /// Reads `UTC`, `Z`, `local`, `+02:00`, `-0530`, `+02`, `Europe/Berlin` or `CET`.
    ///
    /// # Errors
    ///
    /// A sentence that says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        if ["utc", "z", "gmt"]
            .iter()
            .any(|name| text.eq_ignore_ascii_case(name))
        {
            return Ok(Self::Utc);
        }
        if text.eq_ignore_ascii_case("local") {
            return Ok(Self::Local);
        }
        stamp::parse_offset(text.as_bytes())
            .map(Self::Fixed)
            .or_else(|| named(text).map(Self::Named))
            .ok_or_else(|| {
                format!(
                    "unknown time zone '{text}': expected UTC, local, an offset such as +02:00 or -0530, or a name such \
                     as Europe/Berlin"
                )
            })
    }

    /// The UTC second at which clocks in this zone show `wall` (seconds since 1970 on that clock): of two the first,
    /// or the second if that is asked for. What is skipped in spring is read as if it had not been.
    pub(super) fn utc_seconds(self, wall: i64, second: bool) -> i64 {
        let local = |offset: fn(&NaiveDateTime, Self) -> (i32, i32)| {
            let Some(shown) = DateTime::from_timestamp(wall, 0).map(|at| at.naive_utc()) else {
                return wall;
            };
            let (first, last) = offset(&shown, self);
            wall - i64::from(if second { last } else { first })
        };
        match self {
            Self::Utc => wall,
            Self::Fixed(east) => wall - i64::from(east),
            Self::Local => local(|shown, _| offsets(&Local, shown)),
            Self::Named(_) => local(|shown, zone| match zone {
                Self::Named(zone) => offsets(&zone, shown),
                _ => (0, 0),
            }),
        }
    }

    /// Seconds east of UTC at an instant in UTC seconds.
    fn east_at(self, utc: i64) -> i64 {
        let Some(at) = DateTime::from_timestamp(utc, 0).map(|at| at.naive_utc()) else {
            return 0;
        };
        i64::from(match self {
            Self::Utc => 0,
            Self::Fixed(east) => east,
            Self::Local => Local.offset_from_utc_datetime(&at).fix().local_minus_utc(),
            Self::Named(zone) => zone.offset_from_utc_datetime(&at).fix().local_minus_utc(),
        })
    }

    /// What clocks show here at the beginning of the day, so many days after the one of an instant in UTC seconds.
    pub(super) fn midnight(self, utc: i64, days: i64) -> i64 {
        let wall = utc.saturating_add(self.east_at(utc));
        let day = wall.div_euclid(SECONDS_PER_DAY).saturating_add(days);
        day.saturating_mul(SECONDS_PER_DAY)
    }

    /// Whether its clocks may be put back.
    pub fn has_folds(self) -> bool {
        matches!(self, Self::Local | Self::Named(_))
    }

    /// The folds between two instants in UTC seconds; of a long stretch, those at its end.
    pub fn folds(self, from: i64, to: i64) -> Vec<Fold> {
        if !self.has_folds() {
            return Vec::new();
        }
        let mut folds = Vec::new();
        let mut at = from.max(to.saturating_sub(MOST_DAYS * SECONDS_PER_DAY));
        while at < to {
            let next = at.saturating_add(SECONDS_PER_DAY).min(to);
            let (before, after) = (self.east_at(at), self.east_at(next));
            if after < before {
                let (mut low, mut high) = (at, next);
                while high - low > 1 {
                    let middle = low + (high - low) / 2;
                    if self.east_at(middle) == before {
                        low = middle;
                    } else {
                        high = middle;
                    }
                }
                folds.push(Fold {
                    at: high,
                    by: before - after,
                    east: before,
                });
            }
            at = next;
        }
        folds
    }
}

impl Fold {
    /// The day and the two times of day between which clocks go twice: `2026-10-25, 02:00 to 03:00`.
    pub fn shown(&self) -> String {
        let end = self.at + self.east;
        let Date { year, month, day } = Date::from_days((end - self.by).div_euclid(SECONDS_PER_DAY));
        let time = |wall: i64| {
            let second = wall.rem_euclid(SECONDS_PER_DAY);
            format!("{:02}:{:02}", second / 3600, second / 60 % 60)
        };
        format!(
            "{year:04}-{month:02}-{day:02}, {} to {}",
            time(end - self.by),
            time(end)
        )
    }
}

/// The zone of the IANA database with this name, in any case.
fn named(text: &str) -> Option<Tz> {
    text.parse().ok().or_else(|| {
        chrono_tz::TZ_VARIANTS
            .iter()
            .find(|zone| zone.name().eq_ignore_ascii_case(text))
            .copied()
    })
}

/// Seconds east of UTC of the clocks that show `shown`: the first time, and the last.
fn offsets(zone: &impl TimeZone, shown: &NaiveDateTime) -> (i32, i32) {
    let found = zone.offset_from_local_datetime(shown);
    // A clock never shows the hour that is skipped in spring; any answer near it will do.
    let near = || zone.offset_from_utc_datetime(shown);
    let first = found.clone().earliest().unwrap_or_else(near);
    let last = found.latest().unwrap_or_else(near);
    (first.fix().local_minus_utc(), last.fix().local_minus_utc())
}

/// The name of this machine's zone, if it says one.
fn local_name() -> Option<String> {
    let set = std::env::var("TZ").ok().filter(|name| !name.is_empty());
    let name = match set {
        Some(name) => name.trim_start_matches(':').to_owned(),
        None => {
            let link = std::fs::read_link("/etc/localtime").ok()?;
            link.to_str()?.split_once("zoneinfo/")?.1.to_owned()
        }
    };
    named(&name).map(|zone| zone.name().to_owned())
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utc => f.write_str("UTC"),
            Self::Fixed(east) => write_offset(f, *east),
            Self::Named(zone) => f.write_str(zone.name()),
            Self::Local => match local_name() {
                Some(name) => write!(f, "local time ({name}, this machine's zone)"),
                None => {
                    f.write_str("local time (UTC")?;
                    write_offset(f, Local::now().offset().local_minus_utc())?;
                    f.write_str(", this machine's zone)")
                }
            },
        }
    }
}

fn write_offset(f: &mut fmt::Formatter<'_>, east: i32) -> fmt::Result {
    let sign = if east < 0 { '-' } else { '+' };
    let minutes = east.unsigned_abs() / 60;
    write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::super::{MAX_OFFSET, SECONDS_PER_HOUR, parse_rfc3339};
    use super::*;

    fn seconds(text: &str) -> i64 {
        parse_rfc3339(text).unwrap() / 1_000_000_000
    }

    #[test]
    fn zones_are_read_and_shown() {
        for (text, zone, shown) in [
            ("UTC", Zone::Utc, "UTC"),
            ("Z", Zone::Utc, "UTC"),
            ("+02:00", Zone::Fixed(7200), "+02:00"),
            ("+02", Zone::Fixed(7200), "+02:00"),
            ("-0530", Zone::Fixed(-19800), "-05:30"),
            ("Europe/Berlin", Zone::Named(Tz::Europe__Berlin), "Europe/Berlin"),
            (
                "america/new_york",
                Zone::Named(Tz::America__New_York),
                "America/New_York",
            ),
            ("CET", Zone::Named(Tz::CET), "CET"),
        ] {
            assert_eq!(Zone::parse(text), Ok(zone), "{text}");
            assert_eq!(zone.to_string(), shown);
        }
        assert_eq!(Zone::parse("local"), Ok(Zone::Local));
        assert!(Zone::Local.to_string().starts_with("local time ("));
    }

    #[test]
    fn an_unknown_zone_says_what_is_expected() {
        for text in ["", "Berlin", "+2", "+25:00", "+02:0", "+02:00x", "2:00"] {
            let message = Zone::parse(text).unwrap_err();
            assert!(
                message.contains("expected UTC, local, an offset such as +02:00"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_named_zone_knows_summer_time_and_both_readings_of_a_fold() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let utc = |wall, second| berlin.utc_seconds(seconds(wall), second);
        assert_eq!(
            utc("2026-07-01T12:00:00Z", false),
            seconds("2026-07-01T10:00:00Z")
        );
        assert_eq!(
            utc("2026-12-01T12:00:00Z", false),
            seconds("2026-12-01T11:00:00Z")
        );
        assert_eq!(
            utc("2026-10-25T02:30:00Z", false),
            seconds("2026-10-25T00:30:00Z")
        );
        assert_eq!(utc("2026-10-25T02:30:00Z", true), seconds("2026-10-25T01:30:00Z"));
        let folds = berlin.folds(seconds("2025-12-01T00:00:00Z"), seconds("2026-12-01T00:00:00Z"));
        assert_eq!(folds.len(), 1);
        assert_eq!(
            (folds[0].at, folds[0].by),
            (seconds("2026-10-25T01:00:00Z"), 3600)
        );
        assert_eq!(folds[0].shown(), "2026-10-25, 02:00 to 03:00");
        assert_eq!(Zone::Utc.folds(0, i64::MAX), []);
    }

    #[test]
    fn a_day_begins_at_midnight_of_its_zone() {
        let now = seconds("2026-11-22T23:30:00Z");
        let midnight = |zone, days| Zone::parse(zone).unwrap().midnight(now, days);
        assert_eq!(midnight("UTC", 0), seconds("2026-11-22T00:00:00Z"));
        assert_eq!(midnight("Europe/Berlin", 0), seconds("2026-11-23T00:00:00Z"));
        assert_eq!(midnight("Europe/Berlin", -1), seconds("2026-11-22T00:00:00Z"));
    }

    #[test]
    fn the_offset_is_asked_for_any_instant() {
        for zone in [Zone::Local, Zone::Named(Tz::Asia__Kathmandu)] {
            for wall in [0, 1_795_332_703, i64::MAX, i64::MIN] {
                let off = wall.wrapping_sub(zone.utc_seconds(wall, false));
                assert!(off.abs() <= i64::from(MAX_OFFSET + SECONDS_PER_HOUR));
            }
        }
    }
}
