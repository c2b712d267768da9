//! What a line says beyond its header: thread, logger, request, duration, upstream.
//!
//! In: the line that a program printed, or its JSON object. Out: [`Facts`]. They are looked for only where a
//! record is read, so that telling records apart stays cheap.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::dated::tail;
use super::duration;
use super::logfmt::Pairs;
use super::names::{LOGGERS, REQUESTS, THREADS};
use super::text::{bracketed, split_at_byte, trim_blanks, utf8, word};
use super::value::{Object, Value};
use super::{Format, bracket, json, program};
use crate::record::time::{Clock, parse_prefix};

/// What a line says beyond its header.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::record) struct Facts<'a> {
    pub(in crate::record) thread: Option<Cow<'a, str>>,
    pub(in crate::record) request_id: Option<Cow<'a, str>>,
    pub(in crate::record) logger: Option<Cow<'a, str>>,
    /// Nanoseconds.
    pub(in crate::record) duration: Option<i64>,
    pub(in crate::record) upstream: Option<Cow<'a, str>>,
}

/// The facts of a line that no transport wraps.
pub(in crate::record) fn of_line<'a>(line: &'a [u8], clock: &Clock) -> Facts<'a> {
    let line = memchr(b'\n', line).map_or(line, |end| line.get(..end).unwrap_or(line));
    let format = program::read(line, clock).format;
    match format {
        Format::NginxError => Facts {
            upstream: quoted_behind(line, b"upstream: \""),
            ..Facts::default()
        },
        Format::AccessCombined => Facts {
            duration: duration::labelled(line),
            ..Facts::default()
        },
        Format::Logfmt => of_pairs(line),
        Format::PythonLogging | Format::Log4j | Format::Dated | Format::Plain => names(line, format, clock),
        _ => Facts::default(),
    }
}

/// The facts of a JSON object, unless a transport wrote it.
pub(in crate::record) fn of_object(object: &str) -> Option<Facts<'_>> {
    if json::transport(object.as_bytes()).is_some() {
        return None;
    }
    let object = Object::parse(object.as_bytes())?;
    Some(Facts {
        thread: object.first(THREADS, Value::written),
        request_id: object.first(REQUESTS, Value::written),
        logger: object.text(LOGGERS),
        duration: duration::of_object(&object),
        upstream: object.text(&["upstream_addr", "upstream"]),
    })
}

fn of_pairs(line: &[u8]) -> Facts<'_> {
    let named = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| Pairs(line).find(|(key, _)| key == &name.as_bytes()))
            .and_then(|(_, value)| utf8(value))
            .map(Cow::Borrowed)
    };
    Facts {
        thread: named(THREADS),
        request_id: named(REQUESTS),
        logger: named(LOGGERS),
        duration: duration::of_pairs(line),
        upstream: None,
    }
}

fn quoted_behind<'a>(line: &'a [u8], label: &[u8]) -> Option<Cow<'a, str>> {
    let at = memmem::rfind(line, label)? + label.len();
    let (value, _) = split_at_byte(line.get(at..)?, b'"')?;
    utf8(value).map(Cow::Borrowed)
}

/// Thread and logger of what Java's and Python's loggers print.
fn names<'a>(line: &'a [u8], format: Format, clock: &Clock) -> Facts<'a> {
    if let Some((level, rest)) = split_at_byte(line, b':')
        && format == Format::PythonLogging
        && level.iter().all(u8::is_ascii_uppercase)
    {
        // `WARNING:logger:message`
        let logger = split_at_byte(rest, b':').and_then(|(logger, _)| utf8(logger));
        return Facts {
            logger: logger.map(Cow::Borrowed),
            ..Facts::default()
        };
    }
    let (inside, rest) = match bracketed(line) {
        Some((inside, rest)) => (inside, Some(rest)),
        None => (line, None),
    };
    let Some((_, len)) = parse_prefix(inside, clock) else {
        return bracket::logger(line).map_or_else(Facts::default, |logger| Facts {
            logger: utf8(logger).map(Cow::Borrowed),
            ..Facts::default()
        });
    };
    let inside = inside.get(len..).unwrap_or_default();
    // In `[stamp INFO  logger] message` the logger stands in the brackets.
    let tail = tail(if inside.is_empty() {
        rest.unwrap_or_default()
    } else {
        inside
    });
    let (thread, logger) = tail.names();
    let as_text = |bytes: Option<&'a [u8]>| bytes.and_then(utf8).map(Cow::Borrowed);
    Facts {
        thread: as_text(thread),
        logger: as_text(logger),
        ..Facts::default()
    }
}

/// The logger at the start of what follows a level: `logger: `, `logger - `, `org.example.Main `,
/// `my_crate::net: `.
pub(super) fn leading_logger(rest: &[u8]) -> Option<&[u8]> {
    let rest = trim_blanks(rest);
    let rest = trim_blanks(rest.strip_prefix(b"-").unwrap_or(rest));
    let (first, after) = word(rest);
    let name = first.strip_suffix(b":").unwrap_or(first);
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$' | b'-' | b':');
    let is_name =
        name.first()?.is_ascii_alphabetic() && name.last()?.is_ascii_alphanumeric() && name.iter().all(plain);
    let dotted = name.contains(&b'.') || memmem::find(name, b"::").is_some();
    let ends = first.len() > name.len()
        || [&b"- "[..], b": "]
            .iter()
            .any(|end| trim_blanks(after).starts_with(end));
    // Words that end in a colon begin messages, too.
    (is_name && (dotted || ends)).then_some(name)
}
