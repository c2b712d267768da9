//! The parts of a stamp: digits, names, times of day, fractions and zones.
//!
//! In: bytes. Out: values, and the bytes behind them. What is out of range is `None`.

use super::{MAX_OFFSET, SECONDS_PER_HOUR};

/// How many digits `bytes` begins with; more than any stamp has is just "many".
pub(super) fn leading_digits(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take(14)
        .take_while(|byte| byte.is_ascii_digit())
        .count()
}

/// What is still to be read. A method that fails may have moved it.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl Cursor<'_> {
    pub(super) fn skip(&mut self, count: usize) {
        self.0 = self.0.get(count..).unwrap_or_default();
    }

    pub(super) fn eat(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    pub(super) fn eat_any(&mut self, set: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        set.contains(&first).then(|| self.0 = rest)?;
        Some(first)
    }

    /// Whether a stamp may end here: a word or number that goes on is not a stamp.
    pub(super) fn at_boundary(&self) -> bool {
        !self.0.first().is_some_and(u8::is_ascii_alphanumeric)
    }

    /// A number of exactly `N` digits (`N` <= 10; no ten digits that overflow begin a stamp).
    pub(super) fn digits<const N: usize>(&mut self) -> Option<u32> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        let mut number = 0_u32;
        for byte in head {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            number = number.checked_mul(10)?.checked_add(u32::from(digit))?;
        }
        self.0 = rest;
        Some(number)
    }

    pub(super) fn year(&mut self) -> Option<Option<i32>> {
        Some(i32::try_from(self.digits::<4>()?).ok())
    }

    /// A day of one or two digits.
    pub(super) fn day(&mut self) -> Option<u32> {
        match leading_digits(self.0) {
            1 => self.digits::<1>(),
            2 => self.digits::<2>(),
            _ => None,
        }
    }

    /// `Nov 22`, `Nov  2`.
    pub(super) fn month_and_day(&mut self) -> Option<(u32, u32)> {
        let month = self.month_name()?;
        self.eat(b' ')?;
        let _padding = self.eat(b' ');
        Some((month, self.day()?))
    }

    pub(super) fn month_name(&mut self) -> Option<u32> {
        let (name, rest) = self.0.split_first_chunk::<3>()?;
        let month = match name {
            b"Jan" => 1,
            b"Feb" => 2,
            b"Mar" => 3,
            b"Apr" => 4,
            b"May" => 5,
            b"Jun" => 6,
            b"Jul" => 7,
            b"Aug" => 8,
            b"Sep" => 9,
            b"Oct" => 10,
            b"Nov" => 11,
            b"Dec" => 12,
            _ => return None,
        };
        self.0 = rest;
        Some(month)
    }

    pub(super) fn weekday_name(&mut self) -> Option<()> {
        let (name, rest) = self.0.split_first_chunk::<3>()?;
        matches!(name, b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat" | b"Sun").then(|| self.0 = rest)
    }

    /// `hh:mm:ss`, in seconds. A leap second is the first of the next minute.
    pub(super) fn time_of_day(&mut self) -> Option<u32> {
        let hour = self.digits::<2>()?;
        let rest = self.minutes_and_seconds()?;
        (hour <= 23).then_some(hour * 3600 + rest)
    }

    /// `h:mm:ss`, in seconds.
    pub(super) fn short_time(&mut self) -> Option<u32> {
        let hour = self.digits::<1>()?;
        Some(hour * 3600 + self.minutes_and_seconds()?)
    }

    /// `h:mm:ss AM` with a blank or a narrow no-break space (Java 20 and later).
    pub(super) fn half_day_time(&mut self) -> Option<u32> {
        let hour = self.day()?;
        let rest = self.minutes_and_seconds()?;
        self.0 = self
            .0
            .strip_prefix(b" ")
            .or_else(|| self.0.strip_prefix("\u{202f}".as_bytes()))?;
        let afternoon = self.eat_any(b"AP")? == b'P';
        self.eat(b'M')?;
        (1..=12)
            .contains(&hour)
            .then_some((hour % 12 + if afternoon { 12 } else { 0 }) * 3600 + rest)
    }

    /// `:mm:ss`.
    fn minutes_and_seconds(&mut self) -> Option<u32> {
        self.eat(b':')?;
        let minute = self.digits::<2>()?;
        self.eat(b':')?;
        let second = self.digits::<2>()?;
        (minute <= 59 && second <= 60).then_some(minute * 60 + second)
    }

    /// Nanoseconds of `.123` or `,123`; none where there is no fraction.
    pub(super) fn fraction(&mut self) -> u32 {
        let [b'.' | b',', digits @ ..] = self.0 else {
            return 0;
        };
        let mut nanos = 0;
        let mut scale = 100_000_000;
        let mut len = 0;
        for digit in digits
            .iter()
            .map(|byte| byte.wrapping_sub(b'0'))
            .take_while(|digit| *digit <= 9)
        {
            nanos += u32::from(digit) * scale;
            scale /= 10;
            len += 1;
        }
        if len > 0 {
            self.skip(1 + len);
        }
        nanos
    }

    /// The zone after a time, attached or behind a blank.
    ///
    /// A name that means different offsets in different places is passed over.
    pub(super) fn zone(&mut self) -> Option<i32> {
        if let Some(east) = self.attached_zone() {
            return Some(east);
        }
        let rest = self.0.strip_prefix(b" ")?;
        if matches!(rest.first()?, b'+' | b'-') {
            let mut ahead = Cursor(rest);
            let east = ahead.offset()?;
            let long_enough = rest.len() - ahead.0.len() > 3;
            return long_enough.then(|| {
                self.0 = ahead.0;
                east
            });
        }
        self.zone_name(rest)
    }

    /// `Z`, `+02:00`, `+0200`, `+02`.
    pub(super) fn attached_zone(&mut self) -> Option<i32> {
        match self.0.first()? {
            b'Z' | b'z' => {
                self.skip(1);
                Some(0)
            }
            b'+' | b'-' => {
                let mut ahead = Cursor(self.0);
                let east = ahead.offset()?;
                self.0 = ahead.0;
                Some(east)
            }
            _ => None,
        }
    }

    fn zone_name(&mut self, rest: &[u8]) -> Option<i32> {
        let len = rest
            .iter()
            .take(5)
            .take_while(|byte| byte.is_ascii_uppercase())
            .count();
        let east = named_zone(rest.get(..len)?)?;
        if !Cursor(rest.get(len..)?).at_boundary() {
            return None;
        }
        self.skip(1 + len);
        east
    }

    /// `+02:00`, `+0200`, `+02`, with an end behind it.
    pub(super) fn offset(&mut self) -> Option<i32> {
        let sign = if self.eat_any(b"+-")? == b'-' { -1 } else { 1 };
        let hours = i32::try_from(self.digits::<2>()?).ok()?;
        let minutes = match self.0 {
            [b':', ..] => {
                self.skip(1);
                self.digits::<2>()?
            }
            [b'0'..=b'9', ..] => self.digits::<2>()?,
            _ => 0,
        };
        let east = hours * SECONDS_PER_HOUR + i32::try_from(minutes).ok()? * 60;
        // Every zone of today is a multiple of a quarter of an hour.
        (self.at_boundary() && minutes <= 45 && minutes % 15 == 0 && east <= MAX_OFFSET)
            .then_some(sign * east)
    }
}

/// Seconds east of UTC of a zone's name; nothing inside where it means different offsets in different places.
fn named_zone(name: &[u8]) -> Option<Option<i32>> {
    let hours = match name {
        b"UTC" | b"GMT" | b"WET" => 0,
        b"CET" | b"WEST" => 1,
        b"CEST" | b"EET" | b"SAST" => 2,
        b"EEST" | b"MSK" => 3,
        b"HKT" | b"SGT" | b"AWST" => 8,
        b"JST" | b"KST" => 9,
        b"AEST" => 10,
        b"AEDT" => 11,
        b"NZST" => 12,
        b"NZDT" => 13,
        b"EDT" => -4,
        b"EST" => -5,
        b"CDT" => -5,
        b"MDT" => -6,
        b"MST" | b"PDT" => -7,
        b"PST" | b"AKDT" => -8,
        b"AKST" => -9,
        b"HST" => -10,
        // British or Bangladesh, China or Chicago, India, Ireland or Israel.
        b"BST" | b"CST" | b"IST" => return Some(None),
        _ => return None,
    };
    Some(Some(hours * SECONDS_PER_HOUR))
}
