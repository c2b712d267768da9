//! Marks that CI systems put in front of a line, or of its message.
//!
//! In: a line that begins as one of them does. Out: a [`Header`] with `transport` set and the rest of the
//! line as its body; marks that stand for errors and warnings give the level. The end of a
//! group or section has an empty body.

use super::text::{bracketed, split_at_byte, utf8, word};
use super::{Format, Header, Stream, level, request};
use crate::record::marks::BUILDKITE;
use crate::record::parts;
use crate::record::time::{Clock, Stamp, parse_prefix, parse_whole};

fn mark<'a>(body: &'a [u8]) -> Header<'a> {
    Header {
        transport: true,
        starts_record: true,
        ..Header::new(Format::Plain, body)
    }
}

fn stamped<'a>(stamp: Option<Stamp>, body: &'a [u8]) -> Header<'a> {
    Header {
        stamp,
        transport: true,
        ..Header::new(Format::Stamped, body)
    }
}

/// `##[error]message`, `##[group]title` of GitHub Actions and Azure Pipelines.
pub(super) fn hashes(line: &[u8]) -> Option<Header<'_>> {
    let (name, body) = bracketed(line.strip_prefix(b"##")?)?;
    if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-') {
        return None;
    }
    Some(Header {
        level: level::from_word(name),
        ..mark(body)
    })
}

/// `::error file=app.py,line=1::message`, `::group::title`: a workflow command of GitHub Actions.
pub(super) fn colons(line: &[u8]) -> Option<Header<'_>> {
    const LONGEST: usize = 1024;
    let command = line.strip_prefix(b"::")?;
    let near = command.get(..LONGEST).unwrap_or(command);
    let end = memchr::memmem::find(near, b"::")?;
    let (name, _) = word(command.get(..end)?);
    let level = match name {
        b"error" | b"warning" | b"notice" | b"debug" => level::from_word(name),
        b"group" | b"endgroup" => None,
        _ => return None,
    };
    Some(Header {
        level,
        ..mark(command.get(end + 2..)?)
    })
}

/// `section_start:1732258800:name[collapsed=true]` of GitLab, and the title behind its carriage return.
pub(super) fn section<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let rest = line
        .strip_prefix(b"section_start:")
        .or_else(|| line.strip_prefix(b"section_end:"))?;
    let (seconds, name) = split_at_byte(rest, b':')?;
    let stamp = parse_whole(utf8(seconds)?, clock)?;
    let body = split_at_byte(name, b'\r').map_or(&b""[..], |(_, title)| title);
    Some(Header {
        starts_record: true,
        ..stamped(Some(stamp), body)
    })
}

/// `00O message` behind GitLab's stamp; `+` instead of the blank joins it to the line before.
pub(super) fn gitlab(rest: &[u8]) -> Option<Header<'_>> {
    parts::gitlab(rest)?;
    let (stream, body) = (rest.get(..3)?, rest.get(4..)?);
    let number = u8::from_str_radix(utf8(stream.get(..2)?)?, 16).ok()?;
    Some(Header {
        stream: Stream::numbered(number, stream.get(2) == Some(&b'E')),
        ..stamped(None, body)
    })
}

/// `[2025-11-22T07:00:00.123Z] message` of Jenkins' timestamper.
pub(super) fn jenkins<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    const STAMP: usize = "2025-11-22T07:00:00.123Z".len();
    let (inside, rest) = bracketed(line)?;
    if inside.len() != STAMP || inside.get(10) != Some(&b'T') || !inside.ends_with(b"Z") {
        return None;
    }
    let body = rest
        .strip_prefix(b" ")
        .or_else(|| rest.is_empty().then_some(rest))?;
    // An access line of Envoy has the same stamp.
    if request::quoted(rest, true).is_some() {
        return None;
    }
    let (stamp, len) = parse_prefix(inside, clock)?;
    (len == STAMP).then(|| stamped(Some(stamp), body))
}

/// `ESC _bk;t=1732258800123 BEL message` of Buildkite.
pub(super) fn buildkite<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    const LONGEST: usize = 64;
    let rest = line.strip_prefix(BUILDKITE)?;
    let digits = rest
        .iter()
        .take(LONGEST)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (millis, rest) = rest.split_at_checked(digits)?;
    let body = rest
        .strip_prefix(b"\x07")
        .or_else(|| rest.strip_prefix(b"\x1b\\"))?;
    Some(stamped(parse_whole(utf8(millis)?, clock), body))
}

#[cfg(test)]
mod tests {
    use crate::record::Level;
    use crate::record::header::{Format, Header, parse};
    use crate::record::marks;
    use crate::record::time::{Clock, Zone, format_utc};

    const CLOCK: Clock = Clock::new(Zone::Utc, 1_795_334_400_000_000_000);

    /// The body, the instant and the level of a line.
    fn read(line: &str) -> (String, String, Option<Level>) {
        let line = marks::plain(line.as_bytes());
        let header: Header<'_> = parse(&line, &CLOCK);
        assert!(header.transport);
        (
            String::from_utf8_lossy(&header.body).into_owned(),
            header
                .stamp
                .map(|stamp| format_utc(stamp.nanos))
                .unwrap_or_default(),
            header.level,
        )
    }

    #[test]
    fn marks_are_no_part_of_the_message() {
        const AT: &str = "2025-11-22T07:00:00.123Z";
        const SECOND: &str = "2024-11-22T07:00:00Z";
        for (line, body, at, level) in [
            (
                "##[error]Process completed with exit code 1.",
                "Process completed with exit code 1.",
                "",
                Some(Level::Error),
            ),
            (
                "##[warning]Node.js 16 actions are deprecated",
                "Node.js 16 actions are deprecated",
                "",
                Some(Level::Warning),
            ),
            ("##[debug]Evaluating", "Evaluating", "", Some(Level::Debug)),
            ("##[group]Run npm ci", "Run npm ci", "", None),
            ("##[endgroup]", "", "", None),
            (
                "##[command]/usr/bin/git version",
                "/usr/bin/git version",
                "",
                None,
            ),
            (
                "::error file=app.py,line=1,title=x::boom",
                "boom",
                "",
                Some(Level::Error),
            ),
            ("::group::Install", "Install", "", None),
            (
                "2025-11-22T07:00:00.1230000Z ##[section]Starting: Build",
                "Starting: Build",
                AT,
                None,
            ),
            ("[2025-11-22T07:00:00.123Z] + make", "+ make", AT, None),
            ("[2025-11-22T07:00:00.123Z] ", "", AT, None),
            (
                "\x1b[8mha:////4Ab+/w==\x1b[0m[2025-11-22T07:00:00.123Z] ERROR: boom",
                "ERROR: boom",
                AT,
                Some(Level::Error),
            ),
            (
                "\x1b_bk;t=1763794800123\x07\x1b[90m$\x1b[0m make",
                "$ make",
                AT,
                None,
            ),
            (
                "\x1b[0Ksection_start:1732258800:prepare[collapsed=true]\r\x1b[0K\x1b[36;1mPreparing\x1b[0;m",
                "Preparing",
                SECOND,
                None,
            ),
            ("section_end:1732258800:prepare\r\x1b[0K", "", SECOND, None),
            ("2025-11-22T07:00:00.123000Z 00O text", "text", AT, None),
            ("2025-11-22T07:00:00.123000Z 01E+ text", " text", AT, None),
            (
                "2025-11-22T07:00:00.123000Z 00O \x1b[0Ksection_start:1732258800:x\r\x1b[0KTitle",
                "Title",
                AT,
                None,
            ),
            ("2025-11-22T07:00:00.1230000Z 10%\r 50%\rdone", "done", AT, None),
        ] {
            assert_eq!(read(line), (body.to_owned(), at.to_owned(), level), "{line:?}");
        }
    }

    #[test]
    fn streams_of_gitlab_are_told_apart() {
        let stream = |line: &'static [u8]| parse(line, &CLOCK).stream;
        let out = stream(b"2025-11-22T07:00:00.123000Z 00O text");
        assert_eq!(out, stream(b"2025-11-22T07:00:00.123000Z 00O+text"));
        assert_ne!(out, stream(b"2025-11-22T07:00:00.123000Z 01O text"));
        assert_ne!(out, stream(b"2025-11-22T07:00:00.123000Z 00E text"));
    }

    #[test]
    fn what_only_looks_like_a_mark_is_the_programs() {
        for line in [
            "## heading",
            "##[Not a mark]",
            "::1 - - x",
            "::std::vector",
            "[2025-11-22T07:00:00Z INFO  app] started",
            "[2025-11-22T07:00:00.123] [INFO] app - started",
            "section_start:soon:x",
            "2025-11-22T07:00:00.123000Z 00X text",
        ] {
            let header = parse(line.as_bytes(), &CLOCK);
            assert!(!header.transport, "{line}");
            assert_ne!(header.format, Format::Stamped, "{line}");
        }
    }
}
