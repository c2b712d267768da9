//! Lines that are one JSON object.
//!
//! In: a line from `{` to `}`. Out: a [`Header`] whose body is the message followed by the texts of
//! its error, or nothing if the line is no JSON after all. Docker's json-file and `journalctl -o json`
//! are transports; anything else was written by the program. Colour codes inside a message are dropped.

use std::borrow::Cow;

use super::entry::Entry;
use super::names::{
    CLIENTS, ERRORS, HOSTS, LEVELS, MESSAGES, METHODS, PATHS, PIDS, SERVICES, STATUSES, TIMES,
};
use super::value::{Object, Value};
use super::{Format, Header, Stream, access, level};
use crate::record::marks::plain_text;
use crate::record::time::{self, Clock, Stamp};
use crate::record::{Http, Level, TimeQuality};

/// The header of a line that is one JSON object.
pub(super) fn read<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let object = Object::parse(line)?;
    let transport = docker(&object, clock).or_else(|| journal(&object));
    Some(transport.unwrap_or_else(|| {
        let header = program(&object, line, clock);
        Header {
            object: Some(object),
            ..header
        }
    }))
}

/// The outer header of a line that docker or journald wrote; its time is not read.
pub(super) fn transport(line: &[u8]) -> Option<Header<'_>> {
    const NO_CLOCK: Clock = Clock::new(time::Zone::Utc, 0);
    let object = Object::parse(line)?;
    docker(&object, &NO_CLOCK).or_else(|| journal(&object))
}

/// Whether docker or journald wrote this object.
pub(super) fn is_transport(object: &Object<'_>) -> bool {
    let is_text = |name| object.get(name).is_some_and(|value| value.text().is_some());
    let stamp = || object.get("__REALTIME_TIMESTAMP").and_then(Value::integer);
    (is_text("log") && is_text("stream") && object.get("time").is_some()) || stamp().is_some()
}

/// Whether a text is one JSON object.
pub(super) fn is_object(text: &[u8]) -> bool {
    text.starts_with(b"{") && Object::parse(text).is_some()
}

/// `{"log":"message\n","stream":"stdout","time":"..."}`.
fn docker<'a>(object: &Object<'a>, clock: &Clock) -> Option<Header<'a>> {
    let message = object.get("log")?.text()?;
    let stream = object.get("stream")?.text()?;
    let stamp = stamp(object.get("time")?, clock);
    Some(Header {
        format: Format::DockerJson,
        stamp,
        stream: Stream::named(stream.as_bytes()),
        service: object.text(&["attrs.tag"]),
        body: line_of(bytes_of(message.clone())),
        transport: true,
        ..Header::default()
    })
}

/// A text as bytes.
fn bytes_of(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// A text without its line end.
pub(super) fn line_of(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let ends = text.iter().rev().take_while(|byte| matches!(byte, b'\n' | b'\r'));
    let len = text.len() - ends.count();
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..len).unwrap_or(text)),
        Cow::Owned(mut text) => {
            text.truncate(len);
            Cow::Owned(text)
        }
    }
}

/// An entry of `journalctl -o json`, in which numbers are texts. A message that is no text is a list of
/// bytes, a message of several fields a list of messages, and a long one nothing (without `--all`).
fn journal<'a>(object: &Object<'a>) -> Option<Header<'a>> {
    object.get("__REALTIME_TIMESTAMP")?.integer()?;
    let mut entry = Entry::default();
    for (name, value) in object.members() {
        if name == "MESSAGE" {
            add_message(&mut entry, value);
        } else if let Some(value) = first_text(value) {
            entry.set(name, value);
        }
    }
    Some(entry.header(Format::Json))
}

fn add_message<'a>(entry: &mut Entry<'a>, value: &Value<'a>) {
    match value {
        Value::Text(text) => entry.add_message(bytes_of(text.clone())),
        Value::List(bytes) if bytes.iter().all(|value| byte(value).is_some()) => {
            entry.add_message(Cow::Owned(bytes.iter().filter_map(byte).collect()));
        }
        Value::List(messages) => messages.iter().for_each(|message| add_message(entry, message)),
        _ => {}
    }
}

/// The text of a field, or the first text of a repeated one. Numbers are texts here as a rule.
fn first_text<'a>(value: &Value<'a>) -> Option<Cow<'a, str>> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(Cow::Owned(number.to_string())),
        Value::List(list) => list.first()?.text().cloned(),
        _ => None,
    }
}

fn byte(value: &Value<'_>) -> Option<u8> {
    match value {
        Value::Integer(byte) => u8::try_from(*byte).ok(),
        _ => None,
    }
}

/// Anything else: what a program's own JSON logger writes.
fn program<'a>(object: &Object<'a>, line: &'a [u8], clock: &Clock) -> Header<'a> {
    Header {
        format: Format::Json,
        stamp: object.first(TIMES, |value| stamp(value, clock)),
        level: object
            .first(LEVELS, level_of)
            .or_else(|| object.first(&["PRIORITY"], level_of))
            .or_else(|| event_level(object)),
        service: service(object),
        host: host(object),
        pid: pid(object, PIDS),
        http: http(object),
        body: body(object).unwrap_or(Cow::Borrowed(line)),
        starts_record: true,
        ..Header::default()
    }
}

pub(super) fn written(nanos: i64) -> Stamp {
    Stamp {
        nanos,
        quality: TimeQuality::Written,
    }
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
        Value::Text(text) if text.len() == 1 => {
            let letter = text.as_bytes().first().copied()?;
            level::from_letter(letter).or_else(|| level::from_number(text.parse().ok()?))
        }
        Value::Text(text) => {
            level::from_word(text.trim_ascii().as_bytes()).or_else(|| level::from_number(text.parse().ok()?))
        }
        _ => None,
    }
}

/// The kind of an event of Kubernetes.
fn event_level(object: &Object<'_>) -> Option<Level> {
    object.get("kind")?.text().filter(|kind| *kind == "Event")?;
    match object.get("type")?.text()?.as_ref() {
        "Normal" => Some(Level::Info),
        "Warning" => Some(Level::Warning),
        _ => None,
    }
}

fn service<'a>(object: &Object<'a>) -> Option<Cow<'a, str>> {
    object
        .text(SERVICES)
        .or_else(|| object.get("t.$date").map(|_| Cow::Borrowed("mongodb")))
}

fn host<'a>(object: &Object<'a>) -> Option<&'a str> {
    object.first(HOSTS, |value| match value {
        Value::Text(Cow::Borrowed(host)) if !host.is_empty() => Some(*host),
        _ => None,
    })
}

fn pid(object: &Object<'_>, names: &[&str]) -> Option<u32> {
    object.first(names, |value| {
        value.integer().and_then(|pid| u32::try_from(pid).ok())
    })
}

/// The request, if both what was asked and how it was answered are there.
fn http(object: &Object<'_>) -> Option<Http> {
    let status = object.first(STATUSES, |value| {
        value.integer().and_then(|status| u16::try_from(status).ok())
    })?;
    let named = object.text(METHODS).zip(object.text(PATHS));
    let (method, path) = match &named {
        Some((method, path)) => (method.as_ref(), access::path_of(path)),
        // nginx has no other variable for the whole.
        None => access::request_line(object.get("request")?.text()?)?,
    };
    (status <= 999).then(|| Http {
        method: method.to_owned(),
        path: path.to_owned(),
        status,
        client: object.text(CLIENTS).map(Cow::into_owned),
    })
}

/// The message and then, each on lines of their own, the errors that it does not repeat.
fn body<'a>(object: &Object<'a>) -> Option<Cow<'a, [u8]>> {
    let message = object.text(MESSAGES);
    let errors: Vec<_> = ERRORS
        .iter()
        .filter_map(|name| error_text(object.get(name)?))
        .collect();
    let mut parts = message.into_iter().chain(errors);
    let mut text = parts.next()?;
    for part in parts {
        if !text.contains(part.as_ref()) {
            let text = text.to_mut();
            text.push('\n');
            text.push_str(&part);
        }
    }
    Some(plain_text(line_of(bytes_of(text))))
}

/// The text of an error: itself, its stack, or its kind and message.
fn error_text<'a>(error: &Value<'a>) -> Option<Cow<'a, str>> {
    const KINDS: [&str; 5] = ["type", "name", "exc_type", "class", "kind"];
    const WORDS: [&str; 5] = ["message", "msg", "exc_value", "value", "error"];
    const STACKS: [&str; 6] = [
        "stack",
        "stack_trace",
        "stacktrace",
        "stackTrace",
        "traceback",
        "backtrace",
    ];
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use crate::record::Level;
    use crate::record::header::{Format, Header, parse};
    use crate::record::time::{Clock, Zone, format_utc};

    const CLOCK: Clock = Clock::new(Zone::Utc, 1_795_334_400_000_000_000);

    fn read(line: &str) -> Header<'_> {
        parse(line.as_bytes(), &CLOCK)
    }

    fn body<'a>(header: &'a Header<'_>) -> &'a str {
        std::str::from_utf8(&header.body).expect("the lines here are UTF-8")
    }

    fn instant(header: &Header<'_>) -> Option<String> {
        header.stamp.map(|stamp| format_utc(stamp.nanos))
    }

    #[test]
    fn pino_writes_numbers_and_an_error_object() {
        let header = read(
            r#"{"level":50,"time":1795393450112,"pid":119,"hostname":"shop-web-1","name":"notify","err":{"type":"Error","message":"connect ECONNREFUSED 127.0.0.1:6379","stack":"Error: connect ECONNREFUSED 127.0.0.1:6379\n    at TCPConnectWrap.afterConnect"},"msg":"redis error"}"#,
        );
        assert_eq!(header.level, Some(Level::Error));
        assert_eq!(
            (header.pid, header.host, header.service.as_deref()),
            (Some(119), Some("shop-web-1"), None)
        );
        assert_eq!(instant(&header).as_deref(), Some("2026-11-23T00:24:10.112Z"));
        assert_eq!(
            body(&header),
            "redis error\nError: connect ECONNREFUSED 127.0.0.1:6379\n    at TCPConnectWrap.afterConnect"
        );
        assert!(header.starts_record && !header.transport);
    }

    #[test]
    fn requests_have_many_names() {
        for line in [
            r#"{"req":{"id":1,"method":"GET","url":"/health?x=1","remoteAddress":"::1"},"res":{"statusCode":503},"msg":"request completed"}"#,
            r#"{"level":"info","ts":1795393450.112,"request":{"remote_ip":"::1","method":"GET","host":"x","uri":"/health"},"status":503}"#,
            r#"{"request":"GET /health HTTP/1.1","status":"503","remote_addr":"::1"}"#,
            r#"{"http":{"request":{"method":"GET"},"response":{"status_code":503}},"url":{"path":"/health"},"client":{"ip":"::1"}}"#,
            r#"{"httpRequest":{"requestMethod":"GET","requestUrl":"https://example.org/health?a","status":503,"remoteIp":"::1"}}"#,
        ] {
            let http = read(line).http.expect(line);
            assert_eq!(
                (http.method.as_str(), http.path.as_str(), http.status),
                ("GET", "/health", 503),
                "{line}"
            );
            assert_eq!(http.client.as_deref(), Some("::1"), "{line}");
        }
        assert_eq!(
            read(r#"{"method":"GET","path":"/x","msg":"no status"}"#).http,
            None
        );
        assert_eq!(read(r#"{"status":"ok","errors":[]}"#).http, None);
    }

    #[test]
    fn times_are_texts_or_counts() {
        for (time, expected) in [
            ("\"2026-11-23T00:18:38.015Z\"", "2026-11-23T00:18:38.015Z"),
            ("\"2026-11-22 07:35:04,463\"", "2026-11-22T07:35:04.463Z"),
            ("1795393450.112", "2026-11-23T00:24:10.112Z"),
            ("1795393450", "2026-11-23T00:24:10Z"),
            ("1795393450112", "2026-11-23T00:24:10.112Z"),
            ("1795393450112345", "2026-11-23T00:24:10.112345Z"),
            ("1795393450112345678", "2026-11-23T00:24:10.112345678Z"),
            ("\"1795393450\"", "2026-11-23T00:24:10Z"),
        ] {
            let line = format!("{{\"@timestamp\":{time}}}");
            assert_eq!(instant(&read(&line)).as_deref(), Some(expected), "{line}");
        }
        assert_eq!(instant(&read(r#"{"time":"yesterday","t":7}"#)), None);
        assert_eq!(
            instant(&read(r#"{"time":0.25,"ts":"2026-11-23T00:18:38Z"}"#)).as_deref(),
            Some("2026-11-23T00:18:38Z")
        );
    }

    #[test]
    fn levels_are_words_or_numbers() {
        for (level, expected) in [
            (r#""level":"warning""#, Level::Warning),
            (r#""severity":"CRITICAL""#, Level::Critical),
            (r#""levelname":"ERROR""#, Level::Error),
            (r#""log.level":"error""#, Level::Error),
            (r#""log":{"level":"error"}"#, Level::Error),
            (r#""level":60"#, Level::Critical),
            (r#""level":3"#, Level::Error),
            (r#""s":"W""#, Level::Warning),
        ] {
            let line = format!("{{{level}}}");
            assert_eq!(read(&line).level, Some(expected), "{line}");
        }
        assert_eq!(read(r#"{"level":{"a":1},"lvl":null}"#).level, None);
    }

    #[test]
    fn docker_wraps_lines_that_are_read_again() {
        let header = read(
            r#"{"log":"{\"level\":50,\"service\":\"cart\",\"msg\":\"boom\"}\n","stream":"stderr","time":"2026-11-22T07:26:41.123456789Z"}"#,
        );
        assert_eq!(
            (header.format, header.level),
            (Format::DockerJson, Some(Level::Error))
        );
        assert_eq!((header.service.as_deref(), body(&header)), (Some("cart"), "boom"));
        assert!(header.transport && header.starts_record);

        let header = read(
            r#"{"log":"  File \"/srv/app/bg.py\", line 5, in fire\r\n","stream":"stderr","time":"2026-11-22T07:26:41Z"}"#,
        );
        assert_eq!(body(&header), "  File \"/srv/app/bg.py\", line 5, in fire");
        assert!(header.transport && !header.starts_record);
    }

    #[test]
    fn journal_entries_are_a_transport() {
        let header = read(
            r#"{"_BOOT_ID":"eb21bbb6af644098ab64d45d1715e11f","__REALTIME_TIMESTAMP":"1795331755080848","_PID":"15","_HOSTNAME":"vm","MESSAGE":"plain message 531","PRIORITY":"2","_SOURCE_REALTIME_TIMESTAMP":"1795331755075930","BLOB":[236,230,47],"_COMM":"python3","TAG":["one","two"],"SYSLOG_IDENTIFIER":"b"}"#,
        );
        assert_eq!(instant(&header).as_deref(), Some("2026-11-22T07:15:55.075930Z"));
        assert_eq!(
            (header.service.as_deref(), header.host, header.pid),
            (Some("b"), Some("vm"), Some(15))
        );
        assert_eq!(
            (header.level, body(&header)),
            (Some(Level::Critical), "plain message 531")
        );
        assert!(header.transport);

        let header = read(r#"{"__REALTIME_TIMESTAMP":"1795331755080848","MESSAGE":[98,111,111,109,255]}"#);
        assert_eq!(&*header.body, b"boom\xff");
        let header = read(r#"{"__REALTIME_TIMESTAMP":"1795331755080848","MESSAGE":null}"#);
        assert_eq!(&*header.body, b"");
        let header = read(
            r#"{"__REALTIME_TIMESTAMP":"1795331755080848","MESSAGE":["one",[116,119,111]],"UNIT":"api.service","PRIORITY":"6","_TRANSPORT":"stdout"}"#,
        );
        assert_eq!(body(&header), "one\ntwo");
        // What a program just prints has no level of its own.
        assert_eq!(
            (header.service.as_deref(), header.level),
            (Some("api.service"), None)
        );
    }

    #[test]
    fn errors_follow_the_message_once() {
        for (line, expected) in [
            (r#"{"msg":"failed: boom","error":"boom"}"#, "failed: boom"),
            (r#"{"message":"failed","error":"boom"}"#, "failed\nboom"),
            (
                r#"{"event":"failed","exception":"Traceback (most recent call last):\nValueError: x"}"#,
                "failed\nTraceback (most recent call last):\nValueError: x",
            ),
            (
                r#"{"event":"failed","exception":[{"exc_type":"ValueError","exc_value":"x","frames":[]}]}"#,
                "failed\nValueError: x",
            ),
            (
                r#"{"message":"failed","error":{"type":"java.lang.X","message":"y","stack_trace":"java.lang.X: y\n\tat z"}}"#,
                "failed\njava.lang.X: y\n\tat z",
            ),
            (r#"{"error":{"message":"only this"}}"#, "only this"),
            (
                r#"{"fields":{"message":"from tracing"},"target":"x"}"#,
                "from tracing",
            ),
            (
                r#"{"msg":"fine","error":null,"err":false,"exc_info":true}"#,
                "fine",
            ),
            (r#"{"database":false}"#, r#"{"database":false}"#),
        ] {
            assert_eq!(body(&read(line)), expected, "{line}");
        }
    }

    #[test]
    fn what_is_not_escaped_is_not_copied() {
        let header = read(r#"{"msg":"plain","service":"cart"}"#);
        assert!(matches!(
            (&header.body, &header.service),
            (Cow::Borrowed(_), Some(Cow::Borrowed("cart")))
        ));
    }

    #[test]
    fn what_is_no_json_is_a_line() {
        for line in ["{", "{}}", "{'level': 'error'}", "{\"a\":1", "{ goroutine 7 }"] {
            let header = read(line);
            assert_eq!((header.format, body(&header)), (Format::Plain, line));
            assert!(!header.starts_record);
        }
    }
}
