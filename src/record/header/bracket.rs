//! Lines that begin with a bracket.
//!
//! In: a line that no transport wraps. Out: the header of gunicorn, Celery, Apache, env_logger,
//! Jenkins and of anything else that puts its stamp or its level in brackets.

use super::dated::tail;
use super::text::{bracketed, split_at_byte, trim_blanks};
use super::{Format, Header, level};
use crate::record::TimeQuality;
use crate::record::time::{Clock, parse_prefix};

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
            after => Some(stamp_and_level(header, after)),
        };
    }
    let level = level::from_bracket(inside)?;
    let stamp = parse_prefix(trim_blanks(rest), clock).map(|(stamp, _)| stamp);
    let format = if stamp.is_some() {
        Format::Dated
    } else {
        Format::Plain
    };
    Some(Header {
        format,
        stamp,
        level: Some(level),
        ..header
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
    let found = tail(rest);
    let states_zone = header
        .stamp
        .is_some_and(|stamp| stamp.quality == TimeQuality::Written);
    let is_ctime = stamp.first().is_some_and(u8::is_ascii_uppercase);
    let format = match (found.level, found.pid) {
        (Some(_), _) if is_ctime && is_bracket(rest) => Format::ApacheError,
        // gunicorn states the zone; a program that copies its layout has Python's default stamp.
        (Some(_), Some(_)) if is_bracket(rest) && states_zone => Format::Gunicorn,
        (Some(_), _) if stamp.contains(&b',') => Format::PythonLogging,
        _ => Format::Dated,
    };
    Header {
        format,
        level: found.level,
        pid: found.pid,
        ..header
    }
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
    Header {
        format: Format::Dated,
        level: tail(after).level,
        ..header
    }
}

fn is_bracket(rest: &[u8]) -> bool {
    rest.starts_with(b" [")
}
