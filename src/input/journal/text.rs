//! JSON texts of values: escaping, and cutting where they are long.
//!
//! In: the bytes of a value. Out: the inside of a JSON string, and where a long one may be cut.

use std::io::Write as _;

/// The longest message in a line, in bytes of JSON. The rest follows in lines with the same head, so that
/// each can be read as a record. Less than [`LINE_LIMIT`](crate::input::block::LINE_LIMIT).
pub(super) const PIECE: usize = 192 << 10;

/// Adds a value as the inside of a JSON string.
pub(super) fn escape(value: &[u8], out: &mut Vec<u8>) {
    // Most values are UTF-8, which is quickly seen.
    if std::str::from_utf8(value).is_ok() {
        escape_text(value, out);
        return;
    }
    for chunk in value.utf8_chunks() {
        escape_text(chunk.valid().as_bytes(), out);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// Whether a byte may not stand in a JSON string as it is.
fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Where the first special byte is.
fn special(text: &[u8]) -> Option<usize> {
    // A loop over a fixed length without an exit becomes vector code.
    let clean = |chunk: &&[u8; 32]| !chunk.iter().fold(false, |any, byte| any | is_special(*byte));
    let start = text.as_chunks().0.iter().take_while(clean).count() * 32;
    let at = text[start..].iter().position(|byte| is_special(*byte))?;
    Some(start + at)
}

fn escape_text(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = special(rest) {
        let (plain, behind) = rest.split_at(at);
        out.extend_from_slice(plain);
        match behind[0] {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            byte => {
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
        rest = &behind[1..];
    }
    out.extend_from_slice(rest);
}

/// Where the piece of a long JSON text that begins at `start` ends: behind its last line end if it has one in its
/// second half, and never inside a character or an escape.
pub(super) fn piece_end(text: &[u8], start: usize) -> usize {
    let (mut at, mut line_end) = (start, None);
    while let Some(byte) = text.get(at) {
        let length = match byte {
            b'\\' if text.get(at + 1) == Some(&b'u') => 6,
            b'\\' => 2,
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            _ => 1,
        };
        if at + length - start > PIECE {
            return line_end.unwrap_or(at);
        }
        at += length;
        if *byte == b'\\' && text.get(at - 1) == Some(&b'n') && at - start > PIECE / 2 {
            line_end = Some(at);
        }
    }
    text.len()
}

const _: () = assert!(PIECE < crate::input::block::LINE_LIMIT);
