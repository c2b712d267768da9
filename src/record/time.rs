//! Time: wall clocks of many programs in, UTC nanoseconds out.
//!
//! In: bytes that may begin with a time stamp, and the [`Clock`] of the source that they
//! come from. Out: a [`Stamp`], which says how the instant is known, and the stamp's length.
//! The way back, [`format_utc`], is the one spelling of time in every report.
//!
//! Nothing here allocates on the way in, and garbage is `None`, never a panic. This is the
//! only module that knows chrono, and it asks it for one thing: the offset of a zone at a time.

use super::TimeQuality;

mod civil;
mod cursor;
pub mod range;
mod spoken;
mod stamp;
pub mod turns;
pub mod zone;

pub use stamp::{parse_prefix, parse_rfc3339, parse_whole};

pub use zone::Zone;

use civil::{Date, SECONDS_PER_DAY};

/// A second, in nanoseconds.
pub(crate) const SECOND: i64 = 1_000_000_000;
const SECONDS_PER_HOUR: i32 = 3600;
/// No place on earth is further from UTC than this.
const MAX_OFFSET: i32 = 14 * SECONDS_PER_HOUR;

/// How the zones and years that the stamps of one source leave out are filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The zone of stamps that state none.
    pub zone: Zone,
    /// The latest plausible instant, in UTC nanoseconds: when the file was last written, or now.
    pub reference: i64,
    /// Of an hour that the zone's clocks show twice, the second is meant.
    pub second: bool,
}

impl Clock {
    /// A clock in `zone` for a source that was last written at `reference`.
    #[must_use]
    pub const fn new(zone: Zone, reference: i64) -> Self {
        Self {
            zone,
            reference,
            second: false,
        }
    }

    /// The UTC second at which clocks of the zone show `wall` (seconds since 1970 on that clock).
    fn utc_seconds(&self, wall: i64) -> i64 {
        self.zone.utc_seconds(wall, self.second)
    }

    /// The latest year in which this date is not later than a day after the reference.
    fn year_of(&self, month: u32, day: u32, second_of_day: u32) -> Option<i32> {
        let latest = self.reference.div_euclid(SECOND) + SECONDS_PER_DAY;
        // West of Greenwich the wall clock may still show the year before, east the year after.
        let newest = Date::from_days((latest + SECONDS_PER_DAY).div_euclid(SECONDS_PER_DAY)).year;
        // Eight years always hold a 29th of February.
        (newest - 8..=newest).rev().find(|&year| {
            Date { year, month, day }
                .checked()
                .is_some_and(|date| self.utc_seconds(date.at_second(second_of_day)) <= latest)
        })
    }
}

/// An instant that a line states, and how it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// UTC nanoseconds since 1970.
    pub nanos: i64,
    /// [`Written`](TimeQuality::Written), [`ZoneAssumed`](TimeQuality::ZoneAssumed) or
    /// [`YearAssumed`](TimeQuality::YearAssumed).
    pub quality: TimeQuality,
}

/// An instant counted from 1970 in seconds, milliseconds, microseconds or nanoseconds, told
/// apart by size. `None` where the number is no instant between 2001 and 2100 in any of them.
#[must_use]
pub fn from_epoch(count: i64) -> Option<i64> {
    let scale = epoch_scale(count)?;
    count.checked_mul(scale)
}

/// As [`from_epoch`], with a fraction; exact to the microsecond, as far as a double goes.
#[must_use]
pub fn from_epoch_float(count: f64) -> Option<i64> {
    if !(0.0..1e19).contains(&count) {
        return None;
    }
    let whole = count.trunc() as i64;
    let scale = epoch_scale(whole)?;
    let micros = (count.fract() * scale as f64 / 1e3).round() as i64;
    whole.checked_mul(scale)?.checked_add(micros * 1000)
}

/// RFC 3339 in UTC, as short as the instant allows: no fraction, or one of 3, 6 or 9 digits.
#[must_use]
pub fn format_utc(nanos: i64) -> String {
    let seconds = nanos.div_euclid(SECOND);
    let fraction = nanos.rem_euclid(SECOND);
    let Date { year, month, day } = Date::from_days(seconds.div_euclid(SECONDS_PER_DAY));
    let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY);
    let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    let date_time = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if fraction == 0 {
        format!("{date_time}Z")
    } else if fraction % 1_000_000 == 0 {
        format!("{date_time}.{:03}Z", fraction / 1_000_000)
    } else if fraction % 1000 == 0 {
        format!("{date_time}.{:06}Z", fraction / 1000)
    } else {
        format!("{date_time}.{fraction:09}Z")
    }
}

/// Nanoseconds in one unit of a count from 1970 of this size.
fn epoch_scale(count: i64) -> Option<i64> {
    /// 2001-09-09, when the count reached ten digits, to 2100.
    const PLAUSIBLE: std::ops::Range<i64> = 1_000_000_000..4_102_444_800;
    [1, 1000, 1_000_000, SECOND]
        .into_iter()
        .find(|per_second| PLAUSIBLE.contains(&(count / per_second)))
        .map(|per_second| SECOND / per_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_short_as_it_can_be() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_795_332_703_000_000_000, "2026-11-22T07:31:43Z"),
            (1_795_332_703_120_000_000, "2026-11-22T07:31:43.120Z"),
            (1_795_332_703_123_456_000, "2026-11-22T07:31:43.123456Z"),
            (1_795_332_703_123_456_789, "2026-11-22T07:31:43.123456789Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
        ] {
            assert_eq!(format_utc(nanos), text);
        }
    }

    #[test]
    fn counts_are_told_apart_by_size() {
        let seconds = 1_795_332_703_000_000_000;
        assert_eq!(from_epoch(1_795_332_703), Some(seconds));
        assert_eq!(from_epoch(1_795_332_703_123), Some(seconds + 123_000_000));
        assert_eq!(from_epoch(1_795_332_703_123_456), Some(seconds + 123_456_000));
        assert_eq!(from_epoch(1_795_332_703_123_456_789), Some(seconds + 123_456_789));
        for count in [0, 7, -1, i64::MIN, 999_999_999, i64::MAX] {
            assert_eq!(from_epoch(count), None, "{count}");
        }
        assert_eq!(
            from_epoch_float(1_795_332_703.123_456),
            Some(seconds + 123_456_000)
        );
        assert_eq!(from_epoch_float(1_795_332_703_123.5), Some(seconds + 123_500_000));
        assert_eq!(from_epoch_float(f64::NAN), None);
    }
}
