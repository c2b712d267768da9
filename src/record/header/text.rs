//! Small readers of bytes that the formats share.

use std::str;

use memchr::{memchr, memrchr};

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

/// How syslog daemons write a line end.
pub(super) const ESCAPED_END: &[u8] = b"#012";

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
    fn brackets_close_soon_or_do_not_count() {
        assert_eq!(bracketed(b"[error] x"), Some((&b"error"[..], &b" x"[..])));
        assert_eq!(bracketed(b"[error"), None);
        assert_eq!(bracketed(&[b'['; 1000]), None);
    }
}
