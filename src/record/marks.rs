//! What terminals and CI systems put between the letters of a line.
//!
//! In: a line, or a message that was decoded. Out: the same without colours, cursor movements, links
//! and the notes of Jenkins. Line ends stay, so lines keep their numbers.

use std::borrow::Cow;

use memchr::{memchr, memmem};

/// Longest parameters of a colour or cursor code, in bytes.
const LONGEST_CODE: usize = 64;

/// Longest text of a link, title or note, in bytes.
const LONGEST_STRING: usize = 16 * 1024;

/// Buildkite's time of the line; it stays where it begins one, since it is a header.
pub(super) const BUILDKITE: &[u8] = b"\x1b_bk;t=";

/// `line` without codes.
pub(crate) fn plain(line: &[u8]) -> Cow<'_, [u8]> {
    match memchr(0x1b, line) {
        Some(first) => Cow::Owned(without_codes(line, first)),
        None => Cow::Borrowed(line),
    }
}

/// As [`plain`], for a text that may have been decoded.
pub(super) fn plain_text(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    match memchr(0x1b, &text) {
        Some(first) => Cow::Owned(without_codes(&text, first)),
        None => text,
    }
}

fn without_codes(line: &[u8], first: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let (head, mut rest) = line.split_at(first);
    out.extend_from_slice(head);
    while let Some(escape) = memchr(0x1b, rest) {
        let (text, code) = rest.split_at(escape);
        out.extend_from_slice(text);
        let keep = out.is_empty() && code.starts_with(BUILDKITE);
        let len = length(code);
        let kept = if keep { len } else { usize::from(len == 0) };
        out.extend_from_slice(&code[..kept]);
        rest = &code[len.max(1)..];
    }
    out.extend_from_slice(rest);
    out
}

/// Length of the code at the start of `bytes`, which is an escape; 0 if it is none.
fn length(bytes: &[u8]) -> usize {
    match bytes.get(1) {
        Some(b'[') if bytes.starts_with(b"\x1b[8mha:") => console_note(bytes),
        Some(b'[') => control_sequence(bytes),
        Some(b'_' | b']' | b'P' | b'^') => string(bytes),
        Some(b'(' | b')') if bytes.get(2).is_some_and(u8::is_ascii_alphanumeric) => 3,
        _ => 0,
    }
}

/// `ESC [ 1 ; 31 m`, `ESC [ 0 K`.
fn control_sequence(bytes: &[u8]) -> usize {
    let parameters = bytes[2..]
        .iter()
        .take(LONGEST_CODE)
        .take_while(|byte| matches!(byte, 0x20..=0x3f))
        .count();
    match bytes.get(2 + parameters) {
        Some(0x40..=0x7e) => parameters + 3,
        _ => 0,
    }
}

/// `ESC ] 8 ; ; address BEL`, `ESC _ bk;t=1732258800123 BEL`; `ESC \` ends them, too.
fn string(bytes: &[u8]) -> usize {
    let near = &bytes[2..bytes.len().min(LONGEST_STRING)];
    let end = near.iter().position(|byte| matches!(byte, 0x07 | 0x1b | b'\n'));
    match end.map(|end| (end, &near[end..])) {
        Some((end, [0x07, ..])) => end + 3,
        Some((end, [0x1b, b'\\', ..])) => end + 4,
        _ => 0,
    }
}

/// `ESC [ 8 m ha:////AAAA... ESC [ 0 m`, which Jenkins hides in front of a text.
fn console_note(bytes: &[u8]) -> usize {
    const END: &[u8] = b"\x1b[0m";
    let near = &bytes[..bytes.len().min(LONGEST_STRING)];
    let near = &near[..memchr(b'\n', near).unwrap_or(near.len())];
    memmem::find(near, END).map_or(4, |end| end + END.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_go_and_letters_stay() {
        for (line, expected) in [
            (&b"no codes"[..], &b"no codes"[..]),
            (b"\x1b[1;31mERROR\x1b[0m: boom", b"ERROR: boom"),
            (b"\x1b[0Ksection_end:1:x\r\x1b[0K", b"section_end:1:x\r"),
            (b"\x1b[2K\x1b[1A50%", b"50%"),
            (
                b"\x1b]8;;https://example.org\x07link\x1b]8;;\x1b\\ end",
                b"link end",
            ),
            (
                b"\x1b[8mha:////4AbC+/==\x1b[0m[Pipeline] stage",
                b"[Pipeline] stage",
            ),
            (b"a\x1b_bk;t=1732258800123\x07b", b"ab"),
            (
                b"\x1b_bk;t=1732258800123\x07\x1b[90m$\x1b[0m make",
                b"\x1b_bk;t=1732258800123\x07$ make",
            ),
            (b"\x1b(Bplain", b"plain"),
            (b"\x1b[31", b"\x1b[31"),
            (b"\x1bZ \x1b", b"\x1bZ \x1b"),
            (b"\x1b]never closed", b"\x1b]never closed"),
        ] {
            assert_eq!(
                String::from_utf8_lossy(&plain(line)),
                String::from_utf8_lossy(expected)
            );
        }
    }

    proptest! {
        #[test]
        fn garbage_keeps_its_line_ends(text in "[\\x1b\\[\\]_m0;8ha:\\n\\x07\\\\]{0,60}") {
            let plain = plain(text.as_bytes());
            let count = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
            prop_assert_eq!(count(&plain), count(text.as_bytes()));
        }
    }
}
