//! Small readers of bytes that the formats share.

use std::str;

use memchr::{memchr, memchr_iter, memrchr, memrchr_iter};

/// The bytes up to the first blank, and what follows the blank.
pub(super) fn word(bytes: &[u8]) -> (&[u8], &[u8]) {
    split_at_byte(bytes, b' ').unwrap_or((bytes, &[]))
}

/// The bytes before and after the first `byte`.
pub(super) fn split_at_byte(bytes: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&other| other == byte)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// The inside of `[...]` at the start, and what follows it; only a short inside counts.
pub(super) fn bracketed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    const LONGEST: usize = 128;
    let inside = bytes.strip_prefix(b"[")?;
    let at = inside.iter().take(LONGEST).position(|&byte| byte == b']')?;
    Some((inside.get(..at)?, inside.get(at + 1..)?))
}

/// The number that `bytes` are.
pub(super) fn number(bytes: &[u8]) -> Option<u32> {
    if bytes.len() > 10 || bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0_u32, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(u32::from(digit))
    })
}

/// The number at the start of `bytes`, and what follows it.
pub(super) fn leading_number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let len = bytes
        .iter()
        .take(11)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    Some((number(bytes.get(..len)?)?, bytes.get(len..)?))
}

/// The text, if it is UTF-8 and not empty.
pub(super) fn utf8(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

/// `bytes` from the first one that is neither a blank nor a tab.
pub(super) fn trim_blanks(bytes: &[u8]) -> &[u8] {
    let blanks = bytes
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    bytes.get(blanks..).unwrap_or_default()
}

/// A text that is looked for again and again: `memmem::find` would prepare itself for it each time.
#[derive(Debug)]
pub(in crate::record) struct Known {
    text: &'static [u8],
    /// The place of its rarest byte.
    rarest: usize,
}

impl Known {
    pub(in crate::record) const fn new(text: &'static [u8]) -> Known {
        let (mut at, mut rarest) = (0, 0);
        while at < text.len() {
            if frequency(text[at]) < frequency(text[rarest]) {
                rarest = at;
            }
            at += 1;
        }
        Known { text, rarest }
    }

    /// Where it stands first.
    pub(in crate::record) fn find(&self, bytes: &[u8]) -> Option<usize> {
        let rarest = self.text.get(self.rarest)?;
        memchr_iter(*rarest, bytes).find_map(|at| self.start(bytes, at))
    }

    /// Where it stands last.
    pub(in crate::record) fn rfind(&self, bytes: &[u8]) -> Option<usize> {
        let rarest = self.text.get(self.rarest)?;
        memrchr_iter(*rarest, bytes).find_map(|at| self.start(bytes, at))
    }

    /// What follows its first place.
    pub(in crate::record) fn behind<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.find(bytes)? + self.text.len()..)
    }

    /// What follows its last place.
    pub(in crate::record) fn behind_last<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.rfind(bytes)? + self.text.len()..)
    }

    fn start(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let start = at.checked_sub(self.rarest)?;
        bytes.get(start..)?.starts_with(self.text).then_some(start)
    }
}

/// How frequent a byte is in logs, roughly.
const fn frequency(byte: u8) -> u8 {
    match byte {
        b' ' => 9,
        b'0'..=b'9' => 8,
        b'a'..=b'z' => 7,
        b'.' | b'/' | b'-' | b':' => 5,
        b'A'..=b'Z' | b'"' | b',' | b'_' => 4,
        _ => 1,
    }
}

/// How syslog daemons write a line end.
pub(super) const ESCAPED_END: Known = Known::new(b"#012");

/// `line` with the control characters that syslog daemons write as `#` and three octal digits.
pub(super) fn without_escapes(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr(b'#', rest) {
        let (before, escape) = rest.split_at(at);
        out.extend_from_slice(before);
        let (byte, len) = match escape {
            [b'#', b'0', high @ b'0'..=b'3', low @ b'0'..=b'7', ..] => ((high - b'0') * 8 + (low - b'0'), 4),
            _ => (b'#', 1),
        };
        out.push(byte);
        rest = escape.get(len..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// What is left of a line that overwrote itself: what follows the last carriage return, unless that is
/// nothing. Of several lines nothing is taken away.
pub(super) fn last_written(line: &[u8]) -> &[u8] {
    if memchr(b'\r', line).is_none() || memchr(b'\n', line).is_some() {
        return line;
    }
    let line = line.trim_ascii_end();
    memrchr(b'\r', line).map_or(line, |at| line.get(at + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_that_fit() {
        assert_eq!(number(b"22147"), Some(22147));
        for bytes in [&b""[..], b"1x", b"-1", b"4294967296", b"00000000001"] {
            assert_eq!(number(bytes), None);
        }
        assert_eq!(leading_number(b"19570#1:"), Some((19570, &b"#1:"[..])));
        assert_eq!(leading_number(b"x"), None);
    }

    #[test]
    fn a_known_text_is_found_where_it_stands() {
        for text in [&b"::"[..], b" rt=", b"a", b"Traceback (most"] {
            let known = Known::new(text);
            for bytes in [
                &b""[..],
                b"a:::b a:: rt=1 rt=2",
                b" rt",
                b"aTraceback (most",
                b"Traceback",
            ] {
                assert_eq!(known.find(bytes), memchr::memmem::find(bytes, text));
                assert_eq!(known.rfind(bytes), memchr::memmem::rfind(bytes, text));
            }
        }
    }

    #[test]
    fn brackets_close_soon_or_do_not_count() {
        assert_eq!(bracketed(b"[error] x"), Some((&b"error"[..], &b" x"[..])));
        assert_eq!(bracketed(b"[error"), None);
        assert_eq!(bracketed(&[b'['; 1000]), None);
    }
}
