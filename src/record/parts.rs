//! Lines that a transport cut into parts.
//!
//! In: one line. Out: the [`Part`] that it is, if its transport cuts long lines: Kubernetes (`P` and `F`),
//! docker's json-file (a `log` without a line end), GitLab (`+` joins a line to the one before). The
//! parts of one line stand in one stream; lines of other streams may stand between them.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memmem};

/// Longest line that is looked at, in bytes: parts are 16 KiB, and JSON may make them longer.
const LONGEST: usize = 128 * 1024;

/// How far from the start of a line its stream is looked for, in bytes.
const LONGEST_HEAD: usize = 192;

/// A line that may be a part of a longer one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// Whose line it is: what stands before the stamp, and the stream.
    key: (&'a [u8], &'a [u8]),
    kind: Kind,
    /// Where the program's text stands in the line.
    text: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The line says whether it goes on.
    Ahead { open: bool },
    /// The line says whether it continues the one before.
    Behind { joins: bool },
}

impl<'a> Part<'a> {
    /// What `line` is, if it is one of the transports' above.
    pub(super) fn read(line: &'a [u8]) -> Option<Part<'a>> {
        match line {
            _ if line.len() > LONGEST => None,
            [b'{', b'"', b'l', ..] => docker(line),
            [b'[', ..] if line.starts_with(b"[pod/") => {
                let prefix = memmem::find(&line[..line.len().min(LONGEST_HEAD)], b"] ")? + 2;
                stamped(line, prefix)
            }
            [b'0'..=b'9', ..] => stamped(line, 0),
            _ => None,
        }
    }

    /// Whether the other line belongs to the same stream.
    pub(super) fn same_stream(&self, other: &Part<'_>) -> bool {
        self.key == other.key
    }

    /// Whether this line continues the line before it in its stream.
    pub(super) fn follows(&self, before: &Part<'_>) -> bool {
        self.same_stream(before)
            && match self.kind {
                Kind::Ahead { .. } => before.kind == (Kind::Ahead { open: true }),
                Kind::Behind { joins } => joins,
            }
    }

    /// Whether a later line may continue this one.
    pub(super) fn may_go_on(&self) -> bool {
        self.kind != (Kind::Ahead { open: false })
    }
}

/// The first line with the texts of the others at the end of its own.
pub(super) fn joined<'a>(first: &'a [u8], others: impl Iterator<Item = &'a [u8]>) -> Cow<'a, [u8]> {
    let Some(part) = Part::read(first) else {
        return Cow::Borrowed(first);
    };
    let (head, tail) = first.split_at(part.text.end);
    let mut line = head.to_vec();
    for other in others {
        if let Some(part) = Part::read(other) {
            line.extend_from_slice(&other[part.text]);
        }
    }
    line.extend_from_slice(tail);
    Cow::Owned(line)
}

/// `2025-11-22T07:00:00.123456789Z stdout P text`, `2024-05-30T14:30:00.000000Z 00O+text`.
fn stamped(line: &[u8], prefix: usize) -> Option<Part<'_>> {
    const SHORTEST_STAMP: usize = "2026-11-22T07:26:41Z".len();
    const LONGEST_STAMP: usize = "2026-11-22T07:26:41.123456789+02:00".len();
    if *line.get(prefix + 10)? != b'T' {
        return None;
    }
    let near = line.get(prefix + SHORTEST_STAMP..)?;
    let blank = memchr(b' ', &near[..near.len().min(LONGEST_STAMP - SHORTEST_STAMP + 1)])?;
    let at = prefix + SHORTEST_STAMP + blank + 1;
    let (owner, rest) = (&line[..prefix], &line[at..]);
    let stream = at..at + 6;
    if rest.starts_with(b"stdout ") || rest.starts_with(b"stderr ") {
        let tags = rest.get(7..)?;
        let len = memchr(b' ', &tags[..tags.len().min(LONGEST_HEAD)]).unwrap_or(tags.len());
        let open = match &tags[..len] {
            [b'P'] | [b'P', b':', ..] => true,
            [b'F'] | [b'F', b':', ..] => false,
            _ => return None,
        };
        let text = (at + 7 + len + 1).min(line.len());
        return Some(Part {
            key: (owner, &line[stream]),
            kind: Kind::Ahead { open },
            text: text..line.len(),
        });
    }
    let joins = gitlab(rest)?;
    Some(Part {
        key: (owner, &rest[..3]),
        kind: Kind::Behind { joins },
        text: at + 4..line.len(),
    })
}

/// Whether `00O text` joins the line before (`+` instead of the blank); nothing if it is no such line.
pub(super) fn gitlab(rest: &[u8]) -> Option<bool> {
    match rest {
        [one, two, b'O' | b'E', mark @ (b' ' | b'+'), ..]
            if one.is_ascii_hexdigit() && two.is_ascii_hexdigit() =>
        {
            Some(*mark == b'+')
        }
        _ => None,
    }
}

/// `{"log":"text\n","stream":"stdout","time":"2026-11-22T07:26:41Z"}`.
fn docker(line: &[u8]) -> Option<Part<'_>> {
    const LOG: &[u8] = b"{\"log\":\"";
    const STREAM: &[u8] = b"\",\"stream\":\"";
    if !line.starts_with(LOG) || !line.ends_with(b"}") {
        return None;
    }
    // An unescaped quote ends the text, so the first of these does.
    let end = memmem::find(line, STREAM).filter(|end| *end >= LOG.len())?;
    let stream = &line[end + STREAM.len()..];
    let stream = &stream[..memchr(b'"', stream)?];
    let text = &line[LOG.len()..end];
    Some(Part {
        key: (&[], stream),
        kind: Kind::Ahead {
            open: !ends_line(text),
        },
        text: LOG.len()..end,
    })
}

/// Whether the last character of a JSON text is an escaped line end.
fn ends_line(text: &[u8]) -> bool {
    let Some(before) = text.strip_suffix(b"n") else {
        return text.ends_with(b"\\u000a");
    };
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
    backslashes % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(line: &str) -> Part<'_> {
        Part::read(line.as_bytes()).expect(line)
    }

    #[test]
    fn a_part_continues_only_its_own_stream() {
        let open = part("2025-11-22T07:00:00.123456789Z stdout P {\"level\":");
        let last = part("2025-11-22T07:00:00.123456999+02:00 stdout F 50}");
        let other = part("2025-11-22T07:00:00.123456789Z stderr F x");
        assert!(last.follows(&open) && !other.follows(&open) && !last.follows(&other));
        assert!(open.may_go_on() && !last.may_go_on());
        assert!(!part("[pod/a/b] 2025-11-22T07:00:00Z stdout F x").follows(&open));
    }

    #[test]
    fn a_docker_text_without_a_line_end_is_open() {
        for (text, open) in [
            ("whole\\n", false),
            ("first", true),
            ("", true),
            ("backslash \\\\n", true),
            ("backslash \\\\\\n", false),
        ] {
            let line = format!(
                "{{\"log\":\"{text}\",\"stream\":\"stdout\",\"attrs\":{{\"tag\":\"a\"}},\"time\":\"2026-11-22T07:26:41Z\"}}"
            );
            assert_eq!(part(&line).may_go_on(), open, "{line}");
        }
    }

    #[test]
    fn the_first_line_takes_the_texts_of_the_others() {
        let lines = [
            "2025-11-22T07:00:00Z stdout P one, ",
            "2025-11-22T07:00:01Z stdout F two",
        ];
        assert_eq!(
            &*joined(lines[0].as_bytes(), [lines[1].as_bytes()].into_iter()),
            b"2025-11-22T07:00:00Z stdout P one, two"
        );
        let lines = [
            r#"{"log":"{\"a\":","stream":"stdout","time":"t"}"#,
            r#"{"log":"1}\n","stream":"stdout","time":"t"}"#,
        ];
        assert_eq!(
            &*joined(lines[0].as_bytes(), [lines[1].as_bytes()].into_iter()),
            br#"{"log":"{\"a\":1}\n","stream":"stdout","time":"t"}"#
        );
        let lines = [
            "2024-05-30T14:30:00.000000Z 00O one, ",
            "2024-05-30T14:30:00.000001Z 00O+two",
        ];
        assert_eq!(
            &*joined(lines[0].as_bytes(), [lines[1].as_bytes()].into_iter()),
            b"2024-05-30T14:30:00.000000Z 00O one, two"
        );
    }

    #[test]
    fn other_lines_are_whole() {
        for line in [
            "",
            "2025-11-22T07:00:00.1234567Z Runner version",
            "2025-11-22T07:00:00Z stdout X text",
            "2026-11-22 07:35:04,463 WARNING x",
            "{\"log\":\"x\"}",
            "{\"level\":50}",
            "[pod/a/b] text",
            "1795332703: mosquitto",
        ] {
            assert_eq!(Part::read(line.as_bytes()), None, "{line}");
        }
    }
}
