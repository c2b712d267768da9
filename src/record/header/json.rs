//! Lines that are one JSON object.
//!
//! In: a line from `{` to `}`. Out: a [`Header`] whose body is the message followed by the texts of
//! its error, or nothing if the line is no JSON after all. Docker's json-file and `journalctl -o json`
//! are transports; anything else was written by the program.

use std::borrow::Cow;

use super::value::{Object, Value};
use super::{Format, Header, access, level};
use crate::record::time::{self, Clock, Stamp};
use crate::record::{Http, Level, TimeQuality};

const TIMES: [&str; 10] =
    ["time", "timestamp", "ts", "@timestamp", "t.$date", "t", "asctime", "date", "datetime", "eventTime"];
const LEVELS: [&str; 9] =
    ["level", "lvl", "severity", "levelname", "log.level", "log_level", "loglevel", "level_name", "s"];
const MESSAGES: [&str; 9] =
    ["msg", "message", "MESSAGE", "event", "log", "@message", "short_message", "fields.message", "text"];
const ERRORS: [&str; 16] = [
    "err",
    "error",
    "exception",
    "exc_info",
    "exc_text",
    "stack",
    "stack_trace",
    "stacktrace",
    "stack_info",
    "traceback",
    "error.stack_trace",
    "error.stack",
    "exception.stacktrace",
    "fields.error",
    "full_message",
    "thrown",
];
const SERVICES: [&str; 12] = [
    "service",
    "service.name",
    "service_name",
    "app",
    "application",
    "app_name",
    "container",
    "container_name",
    "container.name",
    "kubernetes.container_name",
    "SYSLOG_IDENTIFIER",
    "_SYSTEMD_UNIT",
];
const HOSTS: [&str; 6] = ["hostname", "host", "host.name", "_HOSTNAME", "HOSTNAME", "kubernetes.host"];
const PIDS: [&str; 5] = ["pid", "process.pid", "process", "process_id", "PID"];
const METHODS: [&str; 9] = [
    "method",
    "req.method",
    "request.method",
    "http.request.method",
    "httpRequest.requestMethod",
    "http_method",
    "request_method",
    "RequestMethod",
    "http.method",
];
const PATHS: [&str; 16] = [
    "path",
    "url",
    "uri",
    "req.url",
    "request.uri",
    "request.url",
    "request.path",
    "url.path",
    "url.original",
    "httpRequest.requestUrl",
    "http_path",
    "request_uri",
    "request_path",
    "RequestPath",
    "http.url",
    "http.target",
];
const STATUSES: [&str; 11] = [
    "status",
    "res.statusCode",
    "status_code",
    "statusCode",
    "response.status",
    "http.response.status_code",
    "httpRequest.status",
    "http_status",
    "DownstreamStatus",
    "http.status_code",
    "response.status_code",
];
const CLIENTS: [&str; 9] = [
    "remote_addr",
    "client_ip",
    "req.remoteAddress",
    "request.remote_ip",
    "client.ip",
    "httpRequest.remoteIp",
    "remote_ip",
    "ClientHost",
    "ip",
];

/// The header of a line that is one JSON object.
pub(super) fn read<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let object = Object::parse(line)?;
    let header = docker(&object, clock).or_else(|| journal(&object)).unwrap_or_else(|| program(&object, line, clock));
    Some(header)
}

/// `{"log":"message\n","stream":"stdout","time":"..."}`.
fn docker<'a>(object: &Object<'a>, clock: &Clock) -> Option<Header<'a>> {
    let message = object.get("log")?.text()?;
    let _stream = object.get("stream")?.text()?;
    let stamp = stamp(object.get("time")?, clock);
    Some(Header {
        format: Format::DockerJson,
        stamp,
        service: object.text(&["attrs.tag"]),
        body: line_of(message.clone()),
        transport: true,
        ..Header::default()
    })
}

/// A text without its line end.
fn line_of(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    let len = text.trim_end_matches(['\n', '\r']).len();
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..len).unwrap_or(text).as_bytes()),
        Cow::Owned(mut text) => {
            text.truncate(len);
            Cow::Owned(text.into_bytes())
        }
    }
}

/// An entry of `journalctl -o json`, in which numbers are texts and odd messages are lists of bytes.
fn journal<'a>(object: &Object<'a>) -> Option<Header<'a>> {
    let received = object.get("__REALTIME_TIMESTAMP")?.integer()?;
    // `journalctl -o short` shows when the message was sent, too, where that is known.
    let micros = object.get("_SOURCE_REALTIME_TIMESTAMP").and_then(Value::integer).unwrap_or(received);
    let body = match object.get("MESSAGE") {
        Some(Value::Text(text)) => line_of(text.clone()),
        Some(Value::List(bytes)) => Cow::Owned(bytes.iter().filter_map(byte).collect()),
        _ => Cow::Borrowed(&b""[..]),
    };
    let priority = object.get("PRIORITY").and_then(Value::integer).and_then(|priority| u32::try_from(priority).ok());
    Some(Header {
        format: Format::Json,
        stamp: micros.checked_mul(1000).map(written),
        level: priority.map(level::from_priority),
        service: object.text(&["SYSLOG_IDENTIFIER", "CONTAINER_NAME", "_SYSTEMD_UNIT", "_COMM"]),
        host: host(object),
        pid: pid(object, &["_PID", "SYSLOG_PID"]),
        body,
        transport: true,
        ..Header::default()
    })
}

fn byte(value: &Value<'_>) -> Option<u8> {
    value.integer().and_then(|byte| u8::try_from(byte).ok())
}

/// Anything else: what a program's own JSON logger writes.
fn program<'a>(object: &Object<'a>, line: &'a [u8], clock: &Clock) -> Header<'a> {
    Header {
        format: Format::Json,
        stamp: object.first(&TIMES, |value| stamp(value, clock)),
        level: object.first(&LEVELS, level_of).or_else(|| object.first(&["PRIORITY"], level_of)),
        service: service(object),
        host: host(object),
        pid: pid(object, &PIDS),
        http: http(object),
        body: body(object).unwrap_or(Cow::Borrowed(line)),
        transport: false,
        starts_record: true,
    }
}

fn written(nanos: i64) -> Stamp {
    Stamp { nanos, quality: TimeQuality::Written }
}

fn stamp(value: &Value<'_>, clock: &Clock) -> Option<Stamp> {
    match value {
        Value::Text(text) => time::parse_whole(text, clock),
        Value::Integer(count) => time::from_epoch(*count).map(written),
        Value::Float(count) => time::from_epoch_float(*count).map(written),
        _ => None,
    }
}

fn level_of(value: &Value<'_>) -> Option<Level> {
    match value {
        Value::Integer(number) => level::from_number(*number),
        Value::Text(text) if text.len() == 1 => match text.as_bytes() {
            b"I" => Some(Level::Info),
            b"W" => Some(Level::Warning),
            b"E" => Some(Level::Error),
            b"F" => Some(Level::Critical),
            b"D" => Some(Level::Debug),
            _ => level::from_number(text.parse().ok()?),
        },
        Value::Text(text) => {
            level::from_word(text.trim_ascii().as_bytes()).or_else(|| level::from_number(text.parse().ok()?))
        }
        _ => None,
    }
}

fn service<'a>(object: &Object<'a>) -> Option<Cow<'a, str>> {
    object.text(&SERVICES).or_else(|| object.get("t.$date").map(|_| Cow::Borrowed("mongodb")))
}

fn host<'a>(object: &Object<'a>) -> Option<&'a str> {
    object.first(&HOSTS, |value| match value {
        Value::Text(Cow::Borrowed(host)) if !host.is_empty() => Some(*host),
        _ => None,
    })
}

fn pid(object: &Object<'_>, names: &[&str]) -> Option<u32> {
    object.first(names, |value| value.integer().and_then(|pid| u32::try_from(pid).ok()))
}

/// The request, if both what was asked and how it was answered are there.
fn http(object: &Object<'_>) -> Option<Http> {
    let status = object.first(&STATUSES, |value| value.integer().and_then(|status| u16::try_from(status).ok()))?;
    let named = object.text(&METHODS).zip(object.text(&PATHS));
    let (method, path) = match &named {
        Some((method, path)) => (method.as_ref(), access::path_of(path)),
        // nginx has no other variable for the whole.
        None => access::request_line(object.get("request")?.text()?)?,
    };
    (status <= 999).then(|| Http {
        method: method.to_owned(),
        path: path.to_owned(),
        status,
        client: object.text(&CLIENTS).map(Cow::into_owned),
    })
}

/// The message and then, each on lines of their own, the errors that it does not repeat.
fn body<'a>(object: &Object<'a>) -> Option<Cow<'a, [u8]>> {
    let message = object.text(&MESSAGES);
    let errors: Vec<_> = ERRORS.iter().filter_map(|name| error_text(object.get(name)?)).collect();
    let mut parts = message.into_iter().chain(errors);
    let mut text = parts.next()?;
    for part in parts {
        if !text.contains(part.as_ref()) {
            let text = text.to_mut();
            text.push('\n');
            text.push_str(&part);
        }
    }
    Some(line_of(text))
}

/// The text of an error: itself, its stack, or its kind and message.
fn error_text<'a>(error: &Value<'a>) -> Option<Cow<'a, str>> {
    const KINDS: [&str; 5] = ["type", "name", "exc_type", "class", "kind"];
    const WORDS: [&str; 5] = ["message", "msg", "exc_value", "value", "error"];
    const STACKS: [&str; 6] = ["stack", "stack_trace", "stacktrace", "stackTrace", "traceback", "backtrace"];
    match error {
        Value::Text(text) if !text.is_empty() => Some(text.clone()),
        Value::List(list) => {
            let texts: Vec<_> = list.iter().filter_map(error_text).collect();
            (!texts.is_empty()).then(|| Cow::Owned(texts.join("\n")))
        }
        Value::Object(object) => {
            let words = match (object.text(&KINDS), object.text(&WORDS)) {
                (Some(kind), Some(words)) => Some(Cow::Owned(format!("{kind}: {words}"))),
                (kind, words) => words.or(kind),
            };
            match (words, object.text(&STACKS)) {
                (Some(words), Some(stack)) if !stack.contains(words.as_ref()) => {
                    Some(Cow::Owned(format!("{words}\n{stack}")))
                }
                (words, stack) => stack.or(words),
            }
        }
        _ => None,
    }
}
