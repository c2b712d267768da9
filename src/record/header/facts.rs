//! What a line says beyond its header: thread, logger, request, duration, upstream.
//!
//! In: the line that a program printed, or its JSON object. Out: [`Facts`]. They are looked for only where a
//! record is read, so that telling records apart stays cheap.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::duration;
use super::logfmt::Pairs;
use super::names::{LOGGERS, REQUESTS, THREADS};
use super::tail::tail;
use super::text::{Known, bracketed, split_at_byte, trim_blanks, utf8, word};
use super::value::{Object, Value};
use super::{Format, Header, access, bracket, json, layout, program, request, system};
use crate::record::Http;
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

impl Facts<'_> {
    /// Frees the facts from their line.
    pub(in crate::record) fn into_owned(self) -> Facts<'static> {
        let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Facts {
            thread: owned(self.thread),
            request_id: owned(self.request_id),
            logger: owned(self.logger),
            duration: self.duration,
            upstream: owned(self.upstream),
        }
    }
}

/// Whether the body of this header tells no more than thread, logger and duration.
pub(in crate::record) fn are_names_only(header: &Header<'_>) -> bool {
    use Format as F;
    if memchr(b'\r', &header.body).is_some() {
        // A line that overwrote itself is read another way.
        return false;
    }
    match header.format {
        F::PythonLogging
        | F::Log4j
        | F::Hclog
        | F::EnvLogger
        | F::Serilog
        | F::Rails
        | F::Postgresql
        | F::Mysql => true,
        F::Mongodb | F::Rabbitmq | F::Kafka | F::Elasticsearch | F::Zookeeper | F::JavaUtilLogging => true,
        F::DotnetConsole
        | F::Klog
        | F::Loguru
        | F::Tracing
        | F::ApacheError
        | F::Zap
        | F::Cassandra
        | F::Logcat => true,
        F::Plain | F::Dated => true,
        // Behind a transport whose name it has the body is plain or dated.
        F::Syslog3164 | F::Syslog5424 | F::JournalIso | F::Cri | F::DockerCompose | F::Stamped => {
            header.transport
        }
        _ => false,
    }
}

/// Nginx, with a `log_format` that says so, writes the id of a request like this.
const ID: Known = Known::new(b" id=");

/// The id of the request that the line of this header is about.
pub(in crate::record) fn request_id<'a>(header: &'a Header<'_>, clock: &Clock) -> Option<Cow<'a, str>> {
    // Most access lines have none, and need not be read again.
    let has_none = header.format == Format::AccessCombined && ID.find(&header.body).is_none();
    if has_none || are_names_only(header) {
        return None;
    }
    of_line(&header.body, clock).request_id
}

/// The facts of a line that no transport wraps.
pub(in crate::record) fn of_line<'a>(line: &'a [u8], clock: &Clock) -> Facts<'a> {
    const UPSTREAM: Known = Known::new(b"upstream: \"");
    let line = memchr(b'\n', line).map_or(line, |end| line.get(..end).unwrap_or(line));
    let format = program::read(line, clock).format;
    let behind = || {
        let (_, len) = parse_prefix(line, clock)?;
        line.get(len..)
    };
    let found = match format {
        Format::NginxError => Some(Facts {
            upstream: UPSTREAM
                .behind_last(line)
                .and_then(|rest| text(split_at_byte(rest, b'"')?.0)),
            ..Facts::default()
        }),
        Format::AccessCombined => Some(of_access(line)),
        Format::Logfmt => Some(of_pairs(line)),
        Format::HaProxy => access::haproxy(line, clock)
            .and_then(|(_, found)| found)
            .map(of_request),
        Format::Squid => behind().and_then(request::squid_request).map(of_request),
        Format::Iis => behind().and_then(request::behind_stamp).map(of_request),
        Format::AwsElb => request::aws_head(line, clock)
            .and_then(|(_, rest)| request::balancer(rest))
            .or_else(|| request::behind_stamp(behind()?))
            .map(of_request),
        Format::Envoy => bracketed(line)
            .and_then(|(_, rest)| request::quoted(rest, true))
            .map(of_request),
        Format::Gin => bracketed(line)
            .and_then(|(_, rest)| request::gin(rest))
            .map(of_request),
        Format::Rails => Some(Facts {
            duration: request::rails_completed(line),
            ..Facts::default()
        }),
        Format::RubyLogger => Some(of_ruby(line)),
        Format::Postgresql => Some(Facts {
            duration: statement_duration(line),
            ..Facts::default()
        }),
        Format::Logcat => of_logcat(line, behind()),
        Format::Lambda => behind().map(of_lambda),
        Format::Mysql => behind().map(|rest| Facts {
            thread: text(word(trim_blanks(rest)).0),
            logger: trim_blanks(rest)
                .split(|byte| *byte == b'[')
                .nth(3)
                .and_then(|inside| text(inside.split(|byte| *byte == b']').next()?)),
            ..Facts::default()
        }),
        Format::Mongodb => behind().map(of_mongodb),
        Format::Clickhouse => behind().map(of_clickhouse),
        Format::Rabbitmq => memmem::find(line, b" <").map(|at| Facts {
            thread: line.get(at + 1..).and_then(|rest| text(word(rest).0)),
            ..Facts::default()
        }),
        Format::Kafka => Some(Facts {
            logger: bracket::class_at_end(line).and_then(text),
            ..Facts::default()
        }),
        Format::Elasticsearch => Some(Facts {
            logger: line
                .split(|byte| *byte == b'[')
                .nth(3)
                .and_then(|inside| text(inside.split(|byte| *byte == b']').next()?.trim_ascii())),
            ..Facts::default()
        }),
        Format::Zookeeper => behind().map(of_zookeeper),
        Format::JavaUtilLogging => behind().map(|rest| Facts {
            logger: text(word(trim_blanks(rest)).0),
            ..Facts::default()
        }),
        Format::DotnetConsole => memmem::find(line, b": ").and_then(|at| {
            let (_, category) = layout::dotnet_head(line.get(at.checked_sub(4)?..)?)?;
            Some(Facts {
                logger: text(category),
                ..Facts::default()
            })
        }),
        Format::Klog => behind().map(|rest| Facts {
            logger: split_at_byte(rest, b']')
                .and_then(|(head, _)| text(head.rsplit(|byte| *byte == b' ').next()?)),
            ..Facts::default()
        }),
        Format::Loguru => memmem::find(line, b" - ").map(|at| Facts {
            logger: line
                .get(..at)
                .and_then(|head| head.rsplit(|byte| *byte == b'|').next())
                .and_then(|place| text(trim_blanks(place).split(|byte| *byte == b':').next()?)),
            ..Facts::default()
        }),
        Format::Tracing => behind().map(|rest| Facts {
            logger: layout::tracing_target(tail(rest).rest).and_then(text),
            ..Facts::default()
        }),
        Format::ApacheError => Some(of_apache(line)),
        Format::Zap => Some(Facts {
            logger: line.split(|byte| *byte == b'\t').nth(2).and_then(text),
            ..Facts::default()
        }),
        Format::Cassandra => Some(of_cassandra(line, clock)),
        Format::Sidekiq => behind().map(|rest| {
            let tail = tail(rest);
            Facts {
                thread: tail.thread_key.and_then(text),
                request_id: tail.job_key.and_then(text),
                ..Facts::default()
            }
        }),
        Format::PythonLogging
        | Format::Log4j
        | Format::Dated
        | Format::Plain
        | Format::Hclog
        | Format::EnvLogger
        | Format::Serilog => Some(names(line, format, clock)),
        _ => None,
    };
    found.unwrap_or_default()
}

fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    utf8(bytes).map(Cow::Borrowed)
}

fn of_request(found: request::Found<'_>) -> Facts<'_> {
    // The names live as long as the line does.
    Facts {
        duration: found.duration,
        upstream: found.upstream.map(Cow::Borrowed),
        request_id: found.request_id.map(Cow::Borrowed),
        ..Facts::default()
    }
}

/// `rt=0.012`, the `12ms` at the end that Traefik writes, and morgan's times.
fn of_access(line: &[u8]) -> Facts<'_> {
    let last = line.rsplit(|byte| *byte == b' ').next().and_then(utf8);
    const DASH: Known = Known::new(b" - ");
    let plain = || {
        let message = DASH.behind(line).unwrap_or(line);
        [line, message].into_iter().find_map(request::plain)
    };
    let traefik = last.filter(|last| last.ends_with("ms")).and_then(duration::parse);
    Facts {
        duration: duration::labelled(line).or(traefik).or_else(|| plain()?.duration),
        request_id: ID.behind_last(line).and_then(|rest| text(word(rest).0)),
        upstream: traefik.and_then(|_| text(line.rsplit(|byte| *byte == b'"').nth(1)?)),
        ..Facts::default()
    }
}

/// `E, [2026-11-28T06:44:38.885560 #8163] ERROR -- cart: [request id] message`.
fn of_ruby(line: &[u8]) -> Facts<'_> {
    let (tag, message) = ruby_message(line);
    Facts {
        logger: text(ruby_behind(line).0),
        request_id: tag.and_then(text),
        duration: request::rails_completed(message),
        ..Facts::default()
    }
}

/// Logger and what follows it.
fn ruby_behind(line: &[u8]) -> (&[u8], &[u8]) {
    let rest = memmem::find(line, b" -- ")
        .and_then(|at| line.get(at + 4..))
        .unwrap_or_default();
    split_at_byte(rest, b':').unwrap_or_default()
}

/// Request and message of a line of Ruby's Logger.
pub(super) fn ruby_message(line: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let message = trim_blanks(ruby_behind(line).1);
    let tag = bracketed(message).filter(|(tag, _)| layout::is_uuid(tag));
    match tag {
        Some((tag, rest)) => (Some(tag), trim_blanks(rest)),
        None => (None, message),
    }
}

/// `LOG:  duration: 1234.567 ms  statement: ...`.
fn statement_duration(line: &[u8]) -> Option<i64> {
    const LABEL: &[u8] = b"duration: ";
    let at = memmem::find(line, LABEL)? + LABEL.len();
    let rest = line.get(at..)?;
    let end = memmem::find(rest, b" ms")?;
    duration::parse(utf8(rest.get(..end + 3)?)?)
}

fn of_logcat<'a>(line: &'a [u8], behind: Option<&'a [u8]>) -> Option<Facts<'a>> {
    let (thread, tag) = match (behind, line) {
        (Some(rest), _) => {
            let fields = system::logcat_fields(rest)?;
            (Some(fields.thread), fields.tag)
        }
        (None, [letter, b'/', rest @ ..]) => (None, system::brief_fields(*letter, rest)?.2),
        _ => return None,
    };
    Some(Facts {
        thread: thread.and_then(text),
        logger: text(tag.trim_ascii()),
        ..Facts::default()
    })
}

/// `<tab>request id<tab>ERROR<tab>message`.
fn of_lambda(rest: &[u8]) -> Facts<'_> {
    Facts {
        request_id: rest.split(|byte| *byte == b'\t').nth(1).and_then(text),
        ..Facts::default()
    }
}

/// ` E STORAGE  [initandlisten] message`.
fn of_mongodb(rest: &[u8]) -> Facts<'_> {
    let (component, after) = word(rest.get(3..).unwrap_or_default());
    Facts {
        logger: text(component),
        thread: bracketed(trim_blanks(after)).and_then(|(thread, _)| text(thread)),
        ..Facts::default()
    }
}

/// ` [ 7 ] {query} <Error> logger: message`.
fn of_clickhouse(rest: &[u8]) -> Facts<'_> {
    let (thread, rest) = bracketed(trim_blanks(rest)).unwrap_or_default();
    let (query, rest) = rest
        .strip_prefix(b" {")
        .and_then(|rest| split_at_byte(rest, b'}'))
        .unwrap_or_default();
    let logger =
        split_at_byte(rest, b'>').and_then(|(_, rest)| Some(split_at_byte(trim_blanks(rest), b':')?.0));
    Facts {
        thread: text(thread.trim_ascii()),
        request_id: text(query),
        logger: logger.and_then(text),
        ..Facts::default()
    }
}

/// ` [myid:1] - ERROR [main:QuorumPeerMain@98] - message`.
fn of_zookeeper(rest: &[u8]) -> Facts<'_> {
    // The thread's name may have brackets of its own.
    let place = trim_blanks(tail(rest).rest)
        .strip_prefix(b"[")
        .unwrap_or_default();
    let end = memmem::find(place, b"] - ").unwrap_or(0);
    let place = place.get(..end).unwrap_or_default();
    let colon = place.iter().rposition(|byte| *byte == b':').unwrap_or(0);
    let (thread, logger) = place.split_at(colon);
    let logger = logger.strip_prefix(b":").unwrap_or(logger);
    Facts {
        thread: text(thread),
        logger: logger.split(|byte| *byte == b'@').next().and_then(text),
        ..Facts::default()
    }
}

/// `ERROR [main] 2026-11-28 06:45:38,493 CassandraDaemon.java:803 - message`.
fn of_cassandra<'a>(line: &'a [u8], clock: &Clock) -> Facts<'a> {
    let (_, rest) = word(line);
    let (thread, rest) = bracketed(trim_blanks(rest)).unwrap_or_default();
    let rest = trim_blanks(rest);
    let len = parse_prefix(rest, clock).map_or(0, |(_, len)| len);
    Facts {
        thread: text(thread),
        logger: rest.get(len..).and_then(|rest| text(word(trim_blanks(rest)).0)),
        ..Facts::default()
    }
}

/// `[stamp] [proxy:error] [pid 8286:tid 8343] message`.
fn of_apache(line: &[u8]) -> Facts<'_> {
    let module = line.split(|byte| *byte == b'[').nth(2).unwrap_or_default();
    let thread = memmem::find(line, b":tid ").and_then(|at| {
        let rest = line.get(at + 5..)?;
        text(split_at_byte(rest, b']')?.0)
    });
    Facts {
        logger: split_at_byte(module, b':').and_then(|(module, _)| text(module)),
        thread,
        ..Facts::default()
    }
}

/// Request and duration of a line of IIS, by the names of its file's `#Fields:`.
pub(in crate::record) fn of_w3c(names: &[u8], line: &[u8]) -> Option<(Http, Option<i64>)> {
    let found = request::by_fields(names, line)?;
    Some((found.http, found.duration))
}

/// The facts of a JSON object, unless a transport wrote it.
pub(in crate::record) fn of_object(object: &str) -> Option<Facts<'_>> {
    of(&Object::parse(object.as_bytes())?)
}

/// The same for an object that was parsed.
pub(super) fn of<'a>(object: &Object<'a>) -> Option<Facts<'a>> {
    (!json::is_transport(object)).then(|| Facts {
        thread: object.first(THREADS, Value::written),
        request_id: object.first(REQUESTS, Value::written),
        logger: object.text(LOGGERS),
        duration: duration::of_object(object),
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
    if let Some(fields) = program::behind_level(line, clock).and_then(program::django_fields) {
        return Facts {
            logger: text(fields.logger),
            thread: text(fields.thread),
            ..Facts::default()
        };
    }
    let (inside, rest) = match bracketed(line) {
        Some((inside, rest)) => (inside, Some(rest)),
        None => (line, None),
    };
    if let Some(rest) = program::behind_time(inside).filter(|_| format == Format::Log4j) {
        let (thread, logger) = tail(rest).names();
        return Facts {
            thread: thread.and_then(text),
            logger: logger.and_then(text),
            ..Facts::default()
        };
    }
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
    let (mut thread, mut logger) = tail.names();
    let labelled = tail.word.first().is_some_and(u8::is_ascii_lowercase);
    if labelled && logger.is_none() {
        // `[api] error: message` of winston, `[stamp][info][gc]` of Java
        (thread, logger) = (None, thread);
    }
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
    const COLONS: Known = Known::new(b"::");
    let rest = trim_blanks(rest);
    let rest = trim_blanks(rest.strip_prefix(b"-").unwrap_or(rest));
    let (first, after) = word(rest);
    let name = first.strip_suffix(b":").unwrap_or(first);
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$' | b'-' | b':');
    let is_name =
        name.first()?.is_ascii_alphabetic() && name.last()?.is_ascii_alphanumeric() && name.iter().all(plain);
    let dotted = name.contains(&b'.') || COLONS.find(name).is_some();
    let ends = first.len() > name.len()
        || [&b"- "[..], b": "]
            .iter()
            .any(|end| trim_blanks(after).starts_with(end));
    // Words that end in a colon begin messages, too.
    (is_name && (dotted || ends)).then_some(name)
}
