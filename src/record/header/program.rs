//! What a program prints in front of its own message.
//!
//! In: a line that no transport wraps. Out: its [`Header`]; the body is the line itself.

use std::borrow::Cow;

use super::tail::tail;
use super::text::{bracketed, leading_number, number, split_at_byte, trim_blanks, utf8, word};
use super::{Format, Header, access, bracket, dated, facts, layout, level, logfmt, request, system};
use crate::record::Level;
use crate::record::time::{Clock, parse_prefix, parse_whole};

/// The header of a line that no transport wraps.
pub(super) fn read<'a>(line: &'a [u8], clock: &Clock) -> Header<'a> {
    let found = match line.first() {
        Some(b'0'..=b'9') => dated::read(line, clock)
            .or_else(|| redis(line, clock))
            .or_else(|| access::read(line, clock))
            .or_else(|| time_only(line))
            .or_else(|| request::kubernetes_event(line)),
        Some(b'[') => bracket::read(line, clock),
        Some(b'a'..=b'z') => small_words(line, clock),
        Some(b'A'..=b'Z') => words(line, clock),
        Some(b':' | b'-') => access::read(line, clock),
        Some(b'@') => dated::read(line, clock),
        Some(b'=') => erlang_report(line, clock),
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

/// A line that begins with a capital.
fn words<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let own = match line {
        [_, b'/', ..] => system::logcat_brief(line),
        [_, b',', b' ', b'[', ..] => ruby(line, clock),
        [b'S', b't', ..] | [b'C', b'o', ..] => request::rails(line, clock),
        [b'E', b'v', ..] => system::windows_event(line),
        [b'E' | b'W' | b'I' | b'C' | b'V' | b'A', b'a'..=b'z', ..] => system::windows_row(line, clock),
        _ => None,
    };
    own.or_else(|| dated::read(line, clock).map(java_util_logging))
        .or_else(|| level_first(line, clock))
        .or_else(|| logfmt::read(line, clock))
        .or_else(|| plain_request(line))
        .or_else(|| access::read(line, clock))
}

/// A line that begins with a small letter.
fn small_words<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let own = match line.first_chunk::<5>()? {
        b"type=" | b"node=" => system::auditd(line, clock),
        b"http " | b"https" | b"h2 20" | b"grpcs" | b"ws 20" | b"wss 2" => request::aws(line, clock),
        b"kern " | b"daemo" | b"user " | b"syslo" => system::dmesg_decoded(line, clock),
        [_, _, _, _, b':'] => dotnet(line),
        _ => None,
    };
    own.or_else(|| level_first(line, clock))
        .or_else(|| logfmt::read(line, clock))
        .or_else(|| access::read(line, clock))
}

/// `GET /orders 503 2.426 ms - 1`.
fn plain_request(line: &[u8]) -> Option<Header<'_>> {
    let found = request::plain(line)?;
    Some(Header {
        http: Some(found.http),
        starts_record: true,
        ..Header::new(found.format, line)
    })
}

/// `Nov 22, 2026 7:34:50 AM org.example.Main run`; level and message stand in the next line.
fn java_util_logging(header: Header<'_>) -> Header<'_> {
    let is_head = header.format == Format::Dated && header.level.is_none() && is_java_head(&header.body);
    let format = if is_head {
        Format::JavaUtilLogging
    } else {
        header.format
    };
    Header { format, ..header }
}

/// `=ERROR REPORT==== 28-Nov-2026::06:45:38 ===`.
fn erlang_report<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let (word, rest) = split_at_byte(line.strip_prefix(b"=")?, b' ')?;
    let level = match word {
        b"CRASH" | b"SUPERVISOR" => Level::Error,
        b"PROGRESS" => Level::Info,
        _ => level::from_capitals(word)?,
    };
    let (stamp, _) = parse_prefix(rest.strip_prefix(b"REPORT==== ")?, clock)?;
    Some(Header {
        stamp: Some(stamp),
        level: Some(level),
        starts_record: true,
        ..Header::new(Format::ErlangReport, line)
    })
}

/// Whether a line begins with the date of java.util.logging, `Nov 22, 2026 7:34:50 AM`.
pub(in crate::record) fn is_java_head(line: &[u8]) -> bool {
    matches!(line, [b'A'..=b'Z', _, _, b' ', day, b',', b' ', b'2', ..] | [b'A'..=b'Z', _, _, b' ', day, _, b',', b' ', b'2', ..]
        if day.is_ascii_digit())
}

/// `fail: Microsoft.AspNetCore.Server.Kestrel[13]`.
fn dotnet(line: &[u8]) -> Option<Header<'_>> {
    let (level, _) = layout::dotnet_head(line)?;
    Some(Header {
        level: Some(level),
        starts_record: true,
        ..Header::new(Format::DotnetConsole, line)
    })
}

/// `E, [2026-11-22T07:34:50.123456 #1234] ERROR -- : message`.
fn ruby<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let [letter, b',', b' ', rest @ ..] = line else {
        return None;
    };
    let level = level::from_letter(*letter).or((*letter == b'U').then_some(Level::Critical))?;
    let (inside, _) = bracketed(rest)?;
    let (stamp, len) = parse_prefix(inside, clock)?;
    let pid = inside
        .get(len..)?
        .trim_ascii()
        .strip_prefix(b"#")
        .and_then(number);
    Some(Header {
        stamp: Some(stamp),
        level: Some(level),
        pid,
        http: request::rails_answer(facts::ruby_message(line).1),
        starts_record: true,
        ..Header::new(Format::RubyLogger, line)
    })
}

/// `07:34:50.123 [main] ERROR logger - message` of logback, `07:34:50.123 [error] message` of Elixir,
/// `7:34AM ERR message` of zerolog: the date is not written.
fn time_only(line: &[u8]) -> Option<Header<'_>> {
    let rest = behind_time(line).filter(|rest| rest.starts_with(b" "))?;
    let tail = tail(rest);
    let level = tail.level?;
    let format = match tail.word.first() {
        Some(b'a'..=b'z') if tail.in_brackets && !tail.named => Format::Elixir,
        _ if tail.bracket.is_some() || layout::is_java(trim_blanks(tail.rest)) => Format::Log4j,
        _ => Format::TimeOnly,
    };
    Some(Header {
        level: Some(level),
        pid: tail.pid,
        starts_record: true,
        ..Header::new(format, line)
    })
}

/// What follows `07:34:50`, `07:34:50.123` or `7:34AM`.
pub(super) fn behind_time(line: &[u8]) -> Option<&[u8]> {
    let two = |at: usize| {
        let digits = line.get(at..at + 2)?;
        digits.iter().all(u8::is_ascii_digit).then_some(())
    };
    let hour = line
        .iter()
        .take(2)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    (line.get(hour)? == &b':').then_some(())?;
    two(hour + 1)?;
    match line.get(hour + 3)? {
        b':' => {
            two(hour + 4)?;
            let rest = line.get(hour + 6..)?;
            let fraction = rest
                .iter()
                .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
                .count();
            rest.get(fraction..)
        }
        b'A' | b'P' => line.get(hour + 4..)?.strip_prefix(b"M"),
        _ => None,
    }
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
        // winston's simple format
        b"info" | b"warn" | b"debug" if line.get(len) == Some(&b':') => level::from_word(word),
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
        [b'[', b'0'..=b'9', ..] if len == 4 => {
            let (inside, rest) = bracketed(rest)?;
            number(inside)?;
            rest.starts_with(b" ").then_some(Header {
                format: Format::Logrus,
                ..header
            })
        }
        [b' ', ..] => {
            // `INFO  [main] 2026-11-28 07:34:50,123 CassandraDaemon.java:123 - message`
            let (thread, rest) = match bracketed(trim_blanks(rest)) {
                Some((_, rest)) => (true, trim_blanks(rest)),
                None => (false, trim_blanks(rest)),
            };
            let (stamp, len) = parse_prefix(rest, clock)?;
            let comma = rest.get(..len)?.contains(&b',');
            let behind = rest.get(len..)?;
            let format = match (thread, comma) {
                (true, true) if is_java_place(behind) => Format::Cassandra,
                (true, _) => Format::Log4j,
                (false, true) => Format::PythonLogging,
                (false, false) => Format::Dated,
            };
            let pid = django_fields(behind).map(|fields| fields.pid);
            Some(Header {
                stamp: Some(stamp),
                format,
                pid,
                ..header
            })
        }
        _ => None,
    }
}

/// What follows level and stamp in `ERROR 2026-11-28 06:43:35,079 ...`.
pub(super) fn behind_level<'a>(line: &'a [u8], clock: &Clock) -> Option<&'a [u8]> {
    let (level, rest) = word(line);
    level::from_capitals(level)?;
    let (_, len) = parse_prefix(rest, clock)?;
    rest.get(len..)
}

/// What Django's verbose formatter puts before the message.
pub(super) struct DjangoFields<'a> {
    pub(super) logger: &'a [u8],
    pub(super) pid: u32,
    pub(super) thread: &'a [u8],
}

/// Reads ` py 7569 140061102406528 message`: module, process, thread.
pub(super) fn django_fields(rest: &[u8]) -> Option<DjangoFields<'_>> {
    let (logger, rest) = word(rest.strip_prefix(b" ")?);
    let (pid, rest) = word(rest);
    let (thread, _) = word(rest);
    let is_thread = thread.len() > 9 && thread.iter().all(u8::is_ascii_digit);
    Some(DjangoFields {
        logger,
        pid: number(pid).filter(|_| is_thread)?,
        thread,
    })
}

/// ` CassandraDaemon.java:803 - message`.
fn is_java_place(rest: &[u8]) -> bool {
    let place = word(trim_blanks(rest)).0;
    memchr::memmem::find(place, b".java:").is_some()
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
