//! The calendar: days since 1970 to year, month, day, and back.
//!
//! The arithmetic is Howard Hinnant's `days_from_civil` and `civil_from_days`: the year begins
//! in March, so that the leap day is its last.

/// Seconds in a day; leap seconds are not counted.
pub(super) const SECONDS_PER_DAY: i64 = 86_400;

/// The years whose instants fit into nanoseconds, and in which computers kept logs.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2261;

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i32,
    /// 1 to 12.
    pub(super) month: u32,
    /// 1 to 31.
    pub(super) day: u32,
}

impl Date {
    /// The date that is so many days after 1970-01-01.
    pub(super) fn from_days(days: i64) -> Self {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * march_month + 2) / 5 + 1) as u32;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        } as u32;
        let year = (year_of_era + era * 400) as i32 + i32::from(month <= 2);
        Self { year, month, day }
    }

    /// This date, if the calendar has it.
    pub(super) fn checked(self) -> Option<Self> {
        let valid = YEARS.contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=self.days_in_month()).contains(&self.day);
        valid.then_some(self)
    }

    /// Seconds from 1970-01-01 00:00:00 to this second of this day.
    pub(super) fn at_second(self, second_of_day: u32) -> i64 {
        self.days() * SECONDS_PER_DAY + i64::from(second_of_day)
    }

    fn days(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let march_month = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * march_month + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    fn days_in_month(self) -> u32 {
        match self.month {
            4 | 6 | 9 | 11 => 30,
            2 if self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0) => 29,
            2 => 28,
            _ => 31,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree_over_three_centuries() {
        let mut expected = Date {
            year: 1970,
            month: 1,
            day: 1,
        };
        for days in 0..106_000 {
            assert_eq!(Date::from_days(days), expected);
            assert_eq!(expected.days(), days);
            expected.day += 1;
            if expected.day > expected.days_in_month() {
                (expected.month, expected.day) = (expected.month + 1, 1);
            }
            if expected.month > 12 {
                (expected.year, expected.month) = (expected.year + 1, 1);
            }
        }
        assert_eq!(expected.year, 2260);
    }

    #[test]
    fn dates_that_no_calendar_has_are_refused() {
        for (year, month, day) in [
            (2026, 2, 29),
            (2026, 13, 1),
            (2026, 0, 1),
            (2026, 1, 0),
            (2026, 4, 31),
            (1969, 1, 1),
            (2262, 1, 1),
        ] {
            assert_eq!(Date { year, month, day }.checked(), None);
        }
        assert!(
            Date {
                year: 2028,
                month: 2,
                day: 29
            }
            .checked()
            .is_some()
        );
        assert!(
            Date {
                year: 2100,
                month: 2,
                day: 29
            }
            .checked()
            .is_none()
        );
    }
}
