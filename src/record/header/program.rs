//! What a program prints in front of its own message.
//!
//! In: a line that no transport wraps. Out: its [`Header`]; the body is the line itself.

use std::borrow::Cow;

use super::text::{leading_number, number, split_at_byte, trim_blanks, utf8};
use super::{Format, Header, access, bracket, dated, level, logfmt};
use crate::record::Level;
use crate::record::time::{Clock, parse_prefix, parse_whole};

/// The header of a line that no transport wraps.
pub(super) fn read<'a>(line: &'a [u8], clock: &Clock) -> Header<'a> {
    let found = match line.first() {
        Some(b'0'..=b'9') => dated::read(line, clock)
            .or_else(|| redis(line, clock))
            .or_else(|| access::read(line, clock)),
        Some(b'[') => bracket::read(line, clock),
        Some(b'a'..=b'z' | b'A'..=b'Z') => words(line, clock),
        Some(b':' | b'-') => access::read(line, clock),
        _ => None,
    };
    match found {
        Some(header) => {
            let service = header
                .service
                .or_else(|| header.format.service().map(Cow::Borrowed));
            Header { service, ..header }
        }
        None => Header::new(Format::Plain, line),
    }
}

/// A line that begins with a letter.
fn words<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    dated::read(line, clock)
        .or_else(|| level_first(line, clock))
        .or_else(|| logfmt::read(line, clock))
        .or_else(|| access::read(line, clock))
}

/// `INFO:     message`, `WARNING:logger:message`, `ERROR: message`, `INFO 2026-11-22 07:35:04,463 message`.
fn level_first<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    const LONGEST: usize = 12;
    let len = line
        .iter()
        .take(LONGEST)
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    let (word, rest) = line.split_at_checked(len)?;
    let level = level::from_capitals(word).or_else(|| match word {
        b"error" | b"warning" | b"fatal" => level::from_word(word),
        _ => None,
    })?;
    let header = Header {
        level: Some(level),
        starts_record: true,
        ..Header::new(Format::Plain, line)
    };
    match rest {
        [b':', b' ', ..] => Some(colon_and_blank(header, word, line)),
        [b':', message @ ..] => python_default(header, message, clock),
        [b' ', ..] => {
            let (stamp, len) = parse_prefix(trim_blanks(rest), clock)?;
            let comma = trim_blanks(rest).get(..len)?.contains(&b',');
            let format = if comma {
                Format::PythonLogging
            } else {
                Format::Dated
            };
            Some(Header {
                stamp: Some(stamp),
                format,
                ..header
            })
        }
        _ => None,
    }
}

/// `INFO:     message` of uvicorn, `ERROR: message` of anything else.
fn colon_and_blank<'a>(header: Header<'a>, word: &[u8], line: &'a [u8]) -> Header<'a> {
    if let Some(message) = uvicorn_message(line) {
        return Header {
            format: Format::Uvicorn,
            http: access::uvicorn(message),
            ..header
        };
    }
    // java.util.logging prints its date in the line above.
    let goes_on = matches!(word, b"SEVERE" | b"CONFIG" | b"FINE" | b"FINER" | b"FINEST");
    Header {
        starts_record: !goes_on,
        ..header
    }
}

/// The message of `INFO:     message`: the level, a colon, and blanks up to ten characters.
pub(super) fn uvicorn_message(line: &[u8]) -> Option<&[u8]> {
    const WIDTH: usize = 10;
    let (prefix, message) = line.split_at_checked(WIDTH)?;
    let (word, blanks) = split_at_byte(prefix, b':')?;
    let padded =
        !blanks.is_empty() && blanks.iter().all(|byte| *byte == b' ') && message.first() != Some(&b' ');
    (padded
        && matches!(
            word,
            b"TRACE" | b"DEBUG" | b"INFO" | b"WARNING" | b"ERROR" | b"CRITICAL"
        ))
    .then_some(message)
}

/// `logger:message` behind the level and its colon.
fn python_default<'a>(header: Header<'a>, rest: &[u8], clock: &Clock) -> Option<Header<'a>> {
    const LONGEST_LOGGER: usize = 128;
    let head = rest.get(..LONGEST_LOGGER).unwrap_or(rest);
    let (logger, _) = split_at_byte(head, b':')?;
    if logger.is_empty() || logger.contains(&b' ') {
        return None;
    }
    let http = rest
        .get(logger.len() + 1..)
        .and_then(|message| access::read(message, clock)?.http);
    Some(Header {
        format: Format::PythonLogging,
        http,
        ..header
    })
}

/// `22541:M 22 Nov 2026 07:34:53.431 # message`, `22541:signal-handler (1795332893) message`.
fn redis<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let (pid, rest) = leading_number(line)?;
    let header = Header {
        pid: Some(pid),
        starts_record: true,
        ..Header::new(Format::Redis, line)
    };
    if let Some(rest) = rest.strip_prefix(b":signal-handler (") {
        let stamp = split_at_byte(rest, b')').and_then(|(seconds, _)| parse_whole(utf8(seconds)?, clock));
        return Some(Header { stamp, ..header });
    }
    let [b':', b'C' | b'M' | b'S' | b'X', b' ', rest @ ..] = rest else {
        return None;
    };
    let (stamp, len) = parse_prefix(rest, clock)?;
    let level = match rest.get(len..)? {
        [b' ', b'.', b' ', ..] => Some(Level::Debug),
        [b' ', b'-', b' ', ..] => Some(Level::Info),
        [b' ', b'*', b' ', ..] => Some(Level::Notice),
        [b' ', b'#', b' ', ..] => Some(Level::Warning),
        _ => None,
    };
    Some(Header {
        stamp: Some(stamp),
        level,
        ..header
    })
}

/// The process in `[22147]`, `[pid 1:tid 2]` or `[pid 1]`.
pub(super) fn bracketed_pid(inside: &[u8]) -> Option<u32> {
    let inside = inside.strip_prefix(b"pid ").unwrap_or(inside);
    let digits = inside.split(|&byte| byte == b':').next()?;
    number(digits)
}
