//! Lines that begin with a bracket.
//!
//! In: a line that no transport wraps. Out: the header of gunicorn, Celery, Apache, env_logger,
//! Jenkins and of anything else that puts its stamp or its level in brackets.

use super::tail::{parenthesised, tail};
use super::text::{bracketed, number, split_at_byte, trim_blanks};
use super::{Format, Header, level, program, request, system};
use crate::record::time::{Clock, parse_prefix};
use crate::record::{Level, TimeQuality};

/// The header of a line that begins with `[`.
pub(super) fn read<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let (inside, rest) = bracketed(line)?;
    let header = Header {
        starts_record: true,
        ..Header::new(Format::Plain, line)
    };
    if let Some((stamp, len)) = parse_prefix(inside, clock) {
        let header = Header {
            stamp: Some(stamp),
            ..header
        };
        return match inside.get(len..)? {
            [] => Some(stamp_only(header, inside, rest)),
            // `Europe/Berlin` of PHP
            [b' ', zone @ ..] if zone.contains(&b'/') && !zone.contains(&b' ') => {
                Some(stamp_only(header, inside, rest))
            }
            after => Some(stamp_and_level(header, after)),
        };
    }
    if inside == b"GIN" {
        return gin(header, rest, clock);
    }
    if let Some(header) = without_date(&header, inside, rest) {
        return Some(header);
    }
    let Some(level) = level::from_bracket(inside) else {
        return system::dmesg(line);
    };
    let blanks = trim_blanks(rest);
    let stamp = parse_prefix(blanks, clock).map(|(stamp, _)| stamp);
    // `[ALERT]    (8375) : backend 'app' has no server available!`
    let process = parenthesised(blanks).filter(|(_, rest)| rest.starts_with(b" : "));
    let pid = process.and_then(|(pid, _)| number(pid));
    let format = match stamp {
        Some(_) => Format::Dated,
        None if pid.is_some() => Format::HaProxy,
        None => Format::Plain,
    };
    Some(Header {
        format,
        stamp,
        level: Some(level),
        pid,
        ..header
    })
}

/// `[GIN] 2026/11/22 - 07:34:50 | 500 |  12.3ms | ...`.
fn gin<'a>(header: Header<'a>, rest: &[u8], clock: &Clock) -> Option<Header<'a>> {
    let rest = rest.strip_prefix(b" ")?;
    let (stamp, len) = parse_prefix(rest, clock)?;
    Some(Header {
        format: Format::Gin,
        stamp: Some(stamp),
        http: Some(request::gin(rest.get(len..)?)?.http),
        ..header
    })
}

/// `[07:34:50 ERR] message` of Serilog, `[07:34:50.123] ERROR (7): message` of pino-pretty,
/// `[0.012s][info][gc] message` of Java.
fn without_date<'a>(header: &Header<'a>, inside: &[u8], rest: &[u8]) -> Option<Header<'a>> {
    inside.first().filter(|byte| byte.is_ascii_digit())?;
    let (format, level, pid) = if let Some(after) = program::behind_time(inside) {
        match after.trim_ascii() {
            [] => {
                let tail = tail(rest);
                let process = parenthesised(trim_blanks(tail.rest)).and_then(|(pid, _)| number(pid));
                (Format::TimeOnly, tail.level?, process)
            }
            word => (Format::Serilog, level::from_capitals(word)?, None),
        }
    } else {
        let seconds = inside.strip_suffix(b"s")?;
        let is_number = seconds.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
        let (word, _) = bracketed(rest).filter(|_| is_number)?;
        (Format::TimeOnly, level::from_bracket(word)?, None)
    };
    Some(Header {
        format,
        level: Some(level),
        pid,
        ..header.clone()
    })
}

/// The logger of `[passlib.handlers.bcrypt:WARNING] message`.
pub(super) fn logger(line: &[u8]) -> Option<&[u8]> {
    let (inside, _) = bracketed(line)?;
    let (logger, level) = split_at_byte(inside, b':')?;
    (level::from_capitals(level).is_some() && !logger.is_empty()).then_some(logger)
}

/// `[stamp] [22147] [INFO]`, `[Sun Nov 22 07:31:34 2026] [core:error] [pid 1:tid 2]`, `[stamp] INFO`.
fn stamp_only<'a>(header: Header<'a>, stamp: &[u8], rest: &[u8]) -> Header<'a> {
    let is_iso = stamp.get(10) == Some(&b'T');
    if let Some(found) = request::quoted(rest, is_iso) {
        return Header {
            format: found.format,
            http: Some(found.http),
            ..header
        };
    }
    if let Some((format, level)) = php(stamp, rest) {
        return Header {
            format,
            level,
            ..header
        };
    }
    let found = tail(rest);
    let states_zone = header
        .stamp
        .is_some_and(|stamp| stamp.quality == TimeQuality::Written);
    let is_ctime = stamp.first().is_some_and(u8::is_ascii_uppercase);
    let comma = stamp.contains(&b',');
    let format = match (found.level, found.pid) {
        (Some(_), _) if is_ctime && is_bracket(rest) => Format::ApacheError,
        // gunicorn states the zone; a program that copies its layout has Python's default stamp.
        (Some(_), Some(_)) if is_bracket(rest) && states_zone => Format::Gunicorn,
        (Some(_), _) if comma && is_iso && rest.starts_with(b"[") => Format::Elasticsearch,
        (Some(_), _) if comma && class_at_end(rest).is_some() => Format::Kafka,
        (Some(_), _) if comma => Format::PythonLogging,
        _ => Format::Dated,
    };
    Header {
        format,
        level: found.level,
        pid: found.pid,
        ..header
    }
}

/// `message (kafka.server.KafkaServer)`: the class that Kafka puts at the end.
pub(super) fn class_at_end(rest: &[u8]) -> Option<&[u8]> {
    let inside = rest.strip_suffix(b")")?;
    let open = memchr::memrchr(b'(', inside)?;
    let class = inside.get(open + 1..)?;
    let named =
        class.starts_with(b"kafka.") || class.starts_with(b"org.apache.") || class == b"state.change.logger";
    (named && !class.contains(&b' ')).then_some(class)
}

/// `[22-Nov-2026 07:34:50 UTC] PHP Warning:  message`, `[22-Nov-2026 07:34:50] NOTICE: fpm is running, pid 7`.
fn php(stamp: &[u8], rest: &[u8]) -> Option<(Format, Option<Level>)> {
    let [_, _, b'-', _, _, _, b'-', ..] = stamp else {
        return None;
    };
    let rest = rest.strip_prefix(b" ")?;
    if let Some(rest) = rest.strip_prefix(b"PHP ") {
        return Some((Format::Php, php_level(rest)));
    }
    let (pool, _) = match rest.strip_prefix(b"[pool ") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let word = rest.split(|byte| *byte == b':').next()?;
    match word {
        b"NOTICE" | b"WARNING" | b"ERROR" | b"ALERT" | b"DEBUG" => {
            Some((Format::PhpFpm, level::from_capitals(word)))
        }
        _ if pool => {
            let (_, rest) = bracketed(rest)?;
            Some((Format::PhpFpm, tail(rest).level))
        }
        _ => None,
    }
}

/// `Fatal error:  Uncaught ...`, `Warning:  ...`, `Parse error:  ...` of PHP.
pub(super) fn php_level(rest: &[u8]) -> Option<Level> {
    let (kind, _) = split_at_byte(rest.get(..32).unwrap_or(rest), b':')?;
    Some(match kind {
        b"Fatal error" | b"Parse error" | b"Core error" | b"Compile error" => Level::Critical,
        b"Recoverable fatal error" => Level::Error,
        b"Warning" | b"Core warning" => Level::Warning,
        b"Notice" | b"Deprecated" => Level::Notice,
        _ => return None,
    })
}

/// `[stamp: ERROR/MainProcess]` (Celery), `[stamp INFO  crate::module]` (env_logger).
fn stamp_and_level<'a>(header: Header<'a>, after: &[u8]) -> Header<'a> {
    if let Some(level) = after.strip_prefix(b": ").and_then(level::from_bracket) {
        return Header {
            format: Format::PythonLogging,
            level: Some(level),
            ..header
        };
    }
    let level = tail(after).level;
    let format = match level {
        Some(_) => Format::EnvLogger,
        None => Format::Dated,
    };
    Header {
        format,
        level,
        ..header
    }
}

fn is_bracket(rest: &[u8]) -> bool {
    rest.starts_with(b" [")
}
