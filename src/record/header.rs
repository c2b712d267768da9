//! Headers: what the first bytes of one line say.
//!
//! In: one line, without its line end and without colour codes, or an exported journal entry, and
//! the [`Clock`] of its source. Out: a [`Header`]: which format it is, when it was written, how bad it is, by whom,
//! and the body that is left when the transport's prefix is gone.
//!
//! A line is read in layers, from the outside in: a transport (syslog, journald, docker,
//! Kubernetes, CI) wraps what a program printed, and another transport may wrap that. The
//! layouts are told apart by their first byte, and nothing is allocated, unless the line is
//! JSON or an access line. One line is looked at, never its neighbours.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::marks::plain_text;
use super::time::{Clock, Stamp, parse_whole};
use super::{Http, Level};
pub(super) use text::Known;
use text::utf8;
use value::Object;

pub(crate) mod access;
mod bracket;
mod ci;
mod database;
mod dated;
mod duration;
pub(super) mod entry;
pub(super) mod facts;
mod format;
mod json;
mod layout;
mod level;
mod logfmt;
mod names;
mod program;
mod request;
pub(crate) mod stated;
mod system;
mod tail;
mod text;
mod transport;
mod value;

pub(super) use access::request_line;
pub use format::Format;
pub(super) use program::is_java_head;
pub(crate) use transport::container_prefix;

#[cfg(test)]
pub(crate) use names::STATUSES;

/// Transports that may wrap each other in one line.
const MAX_LAYERS: u32 = 5;

/// Which of a program's outputs a line came from; the default is one that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Stream(u16);

impl Stream {
    /// Standard output or error, by its name.
    fn named(name: &[u8]) -> Self {
        Self(match name {
            b"stdout" => 1,
            b"stderr" => 2,
            _ => 0,
        })
    }

    /// A stream that has a number and is an output or an error stream.
    fn numbered(number: u8, is_error: bool) -> Self {
        Self(4 + u16::from(number) * 2 + u16::from(is_error))
    }
}

/// What the first bytes of a line say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Header<'a> {
    /// The layout of what the program wrote; where that has none, the transport's.
    /// A line that is one JSON object as a whole stays [`Json`](Format::Json) or
    /// [`DockerJson`](Format::DockerJson), whatever its message looks like; so does a journal entry.
    pub format: Format,
    /// When the line was written: the transport's word counts more than the program's.
    pub stamp: Option<Stamp>,
    /// How bad it is: the program's word counts more than the transport's.
    pub level: Option<Level>,
    /// The transport's identifier, else what the program says of itself, else (in a line
    /// without a transport) the only program that prints this format.
    pub service: Option<Cow<'a, str>>,
    /// The host that the transport names.
    pub host: Option<&'a str>,
    /// The process that the transport names; in a line without a transport, that the program names.
    pub pid: Option<u32>,
    /// The stream that the transport names.
    pub stream: Stream,
    /// The request of an access line.
    pub http: Option<Http>,
    /// The line without its transport prefixes; for a JSON object its message and its errors.
    pub body: Cow<'a, [u8]>,
    /// Whether a transport prefix was removed.
    pub transport: bool,
    /// Whether the program's own part states a time or a level in a known place, or is an
    /// access line or a JSON object: it begins a record. The transport's time does not count,
    /// since every line of a traceback has one.
    pub starts_record: bool,
    /// The object that the line is, if its program wrote it and no transport carries it: what else it says is looked up there.
    object: Option<Object<'a>>,
}

/// Reads the header of one line (no line end, no colour codes).
#[must_use]
pub fn parse<'a>(line: &'a [u8], clock: &Clock) -> Header<'a> {
    read_layers(without_edges(line), clock, MAX_LAYERS)
}

/// The JSON object that a program wrote, where docker's json-file or a journal entry carries it as text.
#[must_use]
pub fn object_inside(line: &[u8]) -> Option<String> {
    let outer = match without_edges(line) {
        line @ [b'{', .., b'}'] => json::transport(line)?,
        line => entry::read(line)?,
    };
    let body = String::from_utf8(plain_text(outer.body).into_owned()).ok()?;
    json::is_object(body.as_bytes()).then_some(body)
}

/// Adds what programs that write an event in several lines say below the first.
pub(super) fn add_lines_below<'a>(header: &mut Header<'a>, lines: &'a [u8], clock: &Clock) {
    match header.format {
        Format::JavaUtilLogging | Format::DockerJson
            if header.level.is_none() && is_java_head(&header.body) =>
        {
            let second = lines.split(|byte| *byte == b'\n').nth(1).unwrap_or_default();
            header.level = parse(second, clock).level;
        }
        Format::WindowsEvent if header.stamp.is_none() => {
            let event = system::windows_lines(lines);
            header.stamp = event.date.and_then(|date| parse_whole(date, clock));
            header.level = event.level.or(header.level);
            header.service = event.source.map(Cow::Borrowed).or(header.service.take());
            header.host = event.host.or(header.host);
        }
        _ => {}
    }
}

/// The object that a line is, as it is written.
pub(super) fn whole_object(line: &[u8]) -> Option<&str> {
    utf8(without_edges(line))
}

/// A line that is one JSON object as its program wrote it, and what it says; nothing if it is none.
pub(super) fn own_object(line: &[u8]) -> Option<(&str, facts::Facts<'_>)> {
    let object = utf8(without_edges(line)).filter(|line| line.starts_with('{'))?;
    Some((object, facts::of_object(object)?))
}

/// The text of the innermost JSON object of a line, whatever transports wrap it.
pub(super) fn innermost_object(line: &[u8], clock: &Clock) -> Option<String> {
    let mut line = Cow::Borrowed(without_edges(line));
    let mut found = None;
    for _ in 0..=MAX_LAYERS {
        let is_object = json::is_object(&line);
        if is_object {
            found = utf8(&line).map(str::to_owned);
        }
        let outer = match is_object {
            true => json::transport(&line),
            false => entry::read(&line).or_else(|| transport::read(&line, clock)),
        };
        let Some(outer) = outer.filter(|outer| outer.transport) else {
            break;
        };
        line = Cow::Owned(plain_text(outer.body).into_owned());
    }
    found
}

/// What a JSON object says under this name, which may be a path with dots.
pub(super) fn member<'a>(object: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let found = || Object::parse(object.as_bytes())?.get(name)?.written();
    may_have(object, name).then(found).flatten()
}

/// Whether a JSON object in `text` may have a member of this name. Most have none of the names that are asked for, and that is known
/// much sooner than what they say. An escape may be anything.
#[must_use]
pub fn may_have(text: &str, name: &str) -> bool {
    let key = name.rsplit('.').next().unwrap_or(name);
    let text = text.as_bytes();
    memmem::find(text, key.as_bytes()).is_some() || memchr(b'\\', text).is_some()
}

/// What a logfmt line says under this key.
pub(super) fn pair<'a>(line: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let (_, value) = logfmt::Pairs(line.as_bytes()).find(|(key, _)| *key == name.as_bytes())?;
    utf8(value).map(Cow::Borrowed)
}

/// How many messages of these lines `journalctl -o json` left out, since they were long and it was not
/// told `--all`. Lines that do not begin with such an entry have none.
#[must_use]
pub fn messages_left_out(lines: &[u8]) -> u64 {
    let first = lines.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if !first.starts_with(b"{") || memmem::find(first, b"\"__REALTIME_TIMESTAMP\"").is_none() {
        return 0;
    }
    // Inside a text the quotes would be escaped.
    let count = |name: &str| memmem::find_iter(lines, name).count() as u64;
    count("\"MESSAGE\":null") + count("\"MESSAGE\" : null")
}

/// The header of an entry of `journalctl -o verbose`, all lines of it, and the line in which its message
/// begins, from 0; nothing if it is none.
#[must_use]
pub fn parse_verbose<'a>(lines: &'a [u8], clock: &Clock) -> Option<(Header<'a>, usize)> {
    let head = memchr(b'\n', lines).map_or(Some(lines), |end| lines.get(..end))?;
    let stamp = entry::is_verbose(head).then(|| parse(head, clock).stamp)?;
    let (header, message_at) = entry::read_verbose(lines);
    let header = Header { stamp, ..header };
    Some((header.unwrap_layer(clock, MAX_LAYERS), message_at))
}

/// `line` without what is no part of it: zeros that a truncation left behind, a byte order mark,
/// the separator of JSON sequences, and carriage returns at the end.
fn without_edges(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r'] = line {
        line = rest;
    }
    match line {
        [0, ..] => {
            let zeros = line.iter().take_while(|byte| **byte == 0).count();
            line.get(zeros..).unwrap_or_default()
        }
        [0xef, 0xbb, 0xbf, rest @ ..] | [0x1e, rest @ ..] => rest,
        _ => line,
    }
}

fn read_layers<'a>(line: &'a [u8], clock: &Clock, layers: u32) -> Header<'a> {
    let outer = match line {
        [b'{', .., b'}'] => json::read(line, clock),
        [b'_', b'_', ..] => entry::read(line).or_else(|| transport::read(line, clock)),
        _ => transport::read(line, clock),
    };
    match outer {
        Some(outer) if outer.transport && layers > 0 => outer.unwrap_layer(clock, layers - 1),
        Some(outer) => outer,
        None => program::read(text::last_written(line), clock),
    }
}

impl<'a> Header<'a> {
    /// A header that says nothing but that this is the body.
    fn new(format: Format, body: &'a [u8]) -> Self {
        Self {
            format,
            body: Cow::Borrowed(body),
            ..Self::default()
        }
    }

    /// Adds what the body of this transport says.
    fn unwrap_layer(mut self, clock: &Clock, layers: u32) -> Self {
        let whole_line = matches!(
            self.format,
            Format::Json | Format::DockerJson | Format::JournalExport
        );
        let mut body = std::mem::take(&mut self.body);
        if whole_line {
            body = plain_text(body);
        } else if self.host.is_some() && text::ESCAPED_END.find(&body).is_some() {
            body = Cow::Owned(text::without_escapes(&body));
        }
        let inner = match body {
            Cow::Borrowed(body) => read_layers(body, clock, layers),
            Cow::Owned(body) => read_layers(&body, clock, layers).into_owned(),
        };
        if !whole_line && !matches!(inner.format, Format::Plain | Format::Dated) {
            self.format = inner.format;
        }
        // What only some lines of a traceback say must not tell the lines apart.
        if inner.transport || matches!(inner.format, Format::Json | Format::Logfmt) {
            self.service = self.service.or(inner.service);
            self.pid = self.pid.or(inner.pid);
        }
        if self.stream == Stream::default() {
            self.stream = inner.stream;
        }
        self.stamp = self.stamp.or(inner.stamp);
        self.level = inner.level.or(self.level);
        self.host = self.host.or(inner.host);
        self.http = inner.http.or(self.http);
        self.body = inner.body;
        self.starts_record |= inner.starts_record;
        self
    }

    /// Frees the header from its line. The host is lost: it borrows only.
    fn into_owned(self) -> Header<'static> {
        Header {
            service: self.service.map(|service| Cow::Owned(service.into_owned())),
            host: None,
            body: Cow::Owned(self.body.into_owned()),
            format: self.format,
            stamp: self.stamp,
            level: self.level,
            pid: self.pid,
            stream: self.stream,
            http: self.http,
            transport: self.transport,
            starts_record: self.starts_record,
            object: None,
        }
    }

    /// The header of a line of this format of which nothing else is known.
    pub(crate) fn of(format: Format) -> Header<'static> {
        Header::new(format, &[])
    }

    /// What the line's own object says beyond the header; it says so once.
    pub(super) fn take_facts(&mut self) -> Option<facts::Facts<'a>> {
        let object = self.object.take()?;
        facts::of(&object)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::time::{Zone, format_utc};

    /// 2026-11-22T08:00:00Z, on a clock an hour ahead.
    const CLOCK: Clock = Clock::new(Zone::Fixed(3600), 1_795_334_400_000_000_000);

    /// A line of each program: its format, level, service and time.
    type Line = (
        &'static str,
        &'static str,
        Option<Level>,
        &'static str,
        &'static str,
    );

    #[rustfmt::skip]
    const LINES: &[Line] = &[
        ("Traceback (most recent call last):", "plain", None, "", ""),
        (" * Serving Flask app 'fl'", "plain", None, "", ""),
        ("Error: listen EADDRINUSE: address already in use 127.0.0.1:18000", "plain", None, "", ""),
        ("exit status 1", "plain", None, "", ""),
        ("[INFO] Starting granian (main PID: 22334)", "plain", Some(Level::Info), "", ""),
        ("[passlib.handlers.bcrypt:WARNING] (trapped) error reading bcrypt version", "plain", Some(Level::Warning), "", ""),
        ("ERROR: Could not find a version that satisfies the requirement nosuch", "plain", Some(Level::Error), "", ""),
        ("error: could not compile `incident` (lib test) due to 1 previous error", "plain", Some(Level::Error), "", ""),
        ("##[error]Process completed with exit code 1.", "plain", Some(Level::Error), "", ""),
        ("Nov 22 07:15:55 vm b[15]: plain message 531", "syslog-3164", None, "b", "2026-11-22T06:15:55Z"),
        ("Nov 22 07:15:55.075930 vm b[15]: plain message 531", "syslog-3164", None, "b", "2026-11-22T06:15:55.075930Z"),
        ("Sun 2026-11-22 07:15:55 UTC vm b[15]: plain message 531", "journal-iso", None, "b", "2026-11-22T07:15:55Z"),
        ("2026-11-22T07:15:55+0000 vm b[15]: plain message 531", "journal-iso", None, "b", "2026-11-22T07:15:55Z"),
        ("2026-11-22T07:15:55.075930+0000 vm b[15]: plain message 531", "journal-iso", None, "b", "2026-11-22T07:15:55.075930Z"),
        ("1795331755.075930 vm b[15]: plain message 531", "journal-iso", None, "b", "2026-11-22T07:15:55.075930Z"),
        ("2026-11-23T00:26:01.130718+00:00 shop-web-1 backup: backup finished: 0 errors, 0 failed files", "journal-iso", None, "backup", "2026-11-23T00:26:01.130718Z"),
        ("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed for lonvick on /dev/pts/8", "syslog-5424", Some(Level::Critical), "su", "2003-10-11T22:14:15.003Z"),
        ("2026-11-22 07:35:25,808 WARNING passlib.handlers.bcrypt (trapped) error reading bcrypt version", "python-logging", Some(Level::Warning), "", "2026-11-22T06:35:25.808Z"),
        ("2026-11-23 00:19:31,909 ERROR [27823] orders: request 58382512 GET /orders/184 failed", "python-logging", Some(Level::Error), "", "2026-11-22T23:19:31.909Z"),
        ("2026-11-23 00:18:34,014 INFO [worker] worker started, gateway 10.20.0.9:2525", "python-logging", Some(Level::Info), "", "2026-11-22T23:18:34.014Z"),
        ("2026-11-22 07:35:04,463 - passlib.registry - DEBUG - registered 'bcrypt' handler", "python-logging", Some(Level::Debug), "", "2026-11-22T06:35:04.463Z"),
        ("WARNING:passlib.handlers.bcrypt:(trapped) error reading bcrypt version", "python-logging", Some(Level::Warning), "", ""),
        ("[2026-11-22 07:25:35,545: ERROR/MainProcess] consumer: Cannot connect to redis://:**@127.0.0.1:18379/0: Error 111", "python-logging", Some(Level::Error), "", "2026-11-22T06:25:35.545Z"),
        ("[2026-11-23 00:24:10,047] [128] [INFO] shop loaded, crash reporting disabled", "python-logging", Some(Level::Info), "", "2026-11-22T23:24:10.047Z"),
        ("2026-11-22 07:34:40,941 CRITICAL Listen failure: Couldn't listen on 127.0.0.1:18000", "python-logging", Some(Level::Critical), "", "2026-11-22T06:34:40.941Z"),
        ("INFO:     Started server process [14186]", "uvicorn", Some(Level::Info), "uvicorn", ""),
        ("ERROR:    [Errno 98] Address already in use", "uvicorn", Some(Level::Error), "uvicorn", ""),
        ("INFO:     127.0.0.1:60464 - \"GET /bt HTTP/1.1\" 200 OK", "uvicorn", Some(Level::Info), "uvicorn", ""),
        ("2026-11-22 07:35:04,463 INFO:     Started server process [14186]", "uvicorn", Some(Level::Info), "uvicorn", "2026-11-22T06:35:04.463Z"),
        ("[2026-11-22 07:34:29 +0000] [22147] [ERROR] Connection in use: ('127.0.0.1', 18000)", "gunicorn", Some(Level::Error), "gunicorn", "2026-11-22T07:34:29Z"),
        ("2026/11/22 07:34:50 [emerg] 22526#22526: bind() to 127.0.0.1:18000 failed (98: Address already in use)", "nginx-error", Some(Level::Critical), "nginx", "2026-11-22T06:34:50Z"),
        ("127.0.0.1 [2026-11-22T07:31:34+00:00] \"GET /refused HTTP/1.1\" 502 us=502 ut=0.000", "access-combined", None, "", "2026-11-22T07:31:34Z"),
        ("192.0.2.10 - - [23/Nov/2026:00:18:38 +0000] \"GET /healthz HTTP/1.1\" 200 33 \"-\" \"UptimeProbe/2.1\"", "access-combined", None, "", "2026-11-23T00:18:38Z"),
        ("2026-11-22 07:35:47,579 CRIT Supervisor is running as root.  Privileges were not dropped", "supervisord", Some(Level::Critical), "supervisord", "2026-11-22T06:35:47.579Z"),
        ("2026-11-22 07:35:48,591 INFO spawnerr: can't find command '/nonexistent/uvicorn'", "supervisord", Some(Level::Info), "supervisord", "2026-11-22T06:35:48.591Z"),
        ("2026-11-22 07:35:48,623 WARN exited: webmagic-api (exit status 1; not expected)", "supervisord", Some(Level::Warning), "supervisord", "2026-11-22T06:35:48.623Z"),
        ("{\"ts\": \"2026-11-23T00:18:38.015Z\", \"level\": \"info\", \"logger\": \"shop.admin\", \"msg\": \"admin login attempt\"}", "json", Some(Level::Info), "", "2026-11-23T00:18:38.015Z"),
        ("{\"log\":\"ready\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-22T07:26:41.123456789Z\"}", "docker-json", None, "", "2026-11-22T07:26:41.123456789Z"),
        ("marzneshin-1 | (trapped) error reading bcrypt version", "docker-compose", None, "marzneshin-1", ""),
        ("2025-11-22T07:00:00.123456789Z stdout F text", "cri", None, "", "2025-11-22T07:00:00.123456789Z"),
        ("2025-11-22T07:00:00.1234567Z ##[error]Process completed with exit code 1.", "stamped", Some(Level::Error), "", "2025-11-22T07:00:00.123456700Z"),
        ("2026-11-22 07:17:25.553 UTC [24061] ERROR:  prepared statement \"__asyncpg_stmt_1__\" already exists", "postgresql", Some(Level::Error), "postgresql", "2026-11-22T07:17:25.553Z"),
        ("2026-11-23 00:18:30.997 UTC [26071] orders@orders ERROR:  duplicate key value violates unique constraint", "postgresql", Some(Level::Error), "postgresql", "2026-11-23T00:18:30.997Z"),
        ("2026-11-22 07:17:25.553 UTC [24061] STATEMENT:  select $1::int", "postgresql", None, "postgresql", "2026-11-22T07:17:25.553Z"),
        ("2026-11-22 07:34:56.690 UTC [22579] LOG kernel file descriptor limit: 1024 (hard: 20000)", "pgbouncer", Some(Level::Info), "pgbouncer", "2026-11-22T07:34:56.690Z"),
        ("2026-11-22 07:34:56.698 UTC [22579] FATAL nowhere to listen on", "pgbouncer", Some(Level::Critical), "pgbouncer", "2026-11-22T07:34:56.698Z"),
        ("22541:M 22 Nov 2026 07:34:53.431 # Failed listening on port 18000 (TCP), aborting.", "redis", Some(Level::Warning), "redis", "2026-11-22T06:34:53.431Z"),
        ("1382:signal-handler (1795393616) Received SIGTERM scheduling shutdown...", "redis", None, "redis", "2026-11-23T00:26:56Z"),
        ("1795332703: mosquitto version 2.0.11 starting", "mosquitto", None, "mosquitto", "2026-11-22T07:31:43Z"),
        ("1795332893: Error: Address already in use", "mosquitto", Some(Level::Error), "mosquitto", "2026-11-22T07:34:53Z"),
        ("[Sun Nov 22 07:31:34.123456 2026] [core:error] [pid 35708:tid 4328636416] [client 72.15.99.187:34112] File does not exist", "apache-error", Some(Level::Error), "apache", "2026-11-22T06:31:34.123456Z"),
        ("[Wed Oct 11 14:32:52 2000] [error] [client 127.0.0.1] client denied by server configuration", "apache-error", Some(Level::Error), "apache", "2000-10-11T13:32:52Z"),
        ("2026-11-23 00:25:56.228 INFO  [main] org.example.orders.Main - orders 3.8.1 starting", "log4j", Some(Level::Info), "", "2026-11-22T23:25:56.228Z"),
        ("2026-11-23 00:26:39.479 [pool-1-thread-2] ERROR org.example.orders.Main - database not available", "log4j", Some(Level::Error), "", "2026-11-22T23:26:39.479Z"),
        ("2026-11-22T07:31:34.123Z ERROR 1234 --- [main] o.s.b.SpringApplication : Application run failed", "log4j", Some(Level::Error), "", "2026-11-22T07:31:34.123Z"),
        ("22-Nov-2026 07:34:50.123 SEVERE [main] org.apache.catalina.core.StandardService.initInternal Failed", "log4j", Some(Level::Error), "", "2026-11-22T06:34:50.123Z"),
        ("2026/11/22 07:34:50 listen tcp 127.0.0.1:18000: bind: address already in use", "go", None, "", "2026-11-22T06:34:50Z"),
        ("E1122 07:34:50.123456   12345 server.go:12] listen tcp 127.0.0.1:18000: bind: address already in use", "klog", Some(Level::Error), "", "2026-11-22T06:34:50.123456Z"),
        ("time=2026-11-22T07:34:50.123Z level=ERROR msg=\"listen failed\" err=\"address already in use\"", "logfmt", Some(Level::Error), "", "2026-11-22T07:34:50.123Z"),
        ("2026-11-23T00:24:10.394Z INFO catalog connected to PostgreSQL", "dated", Some(Level::Info), "", "2026-11-23T00:24:10.394Z"),
        ("2026-11-23T00:20:33Z deploy[98]: release 2.4.0 on shop-web-1: switching /srv/shop/current", "dated", None, "", "2026-11-23T00:20:33Z"),
        ("[2026-11-23T00:28:57.043+0000][info][gc] Using G1", "dated", Some(Level::Info), "", "2026-11-23T00:28:57.043Z"),
        ("Nov 22, 2026 7:34:50 AM org.apache.catalina.core.StandardService startInternal", "java-util-logging", None, "", "2026-11-22T06:34:50Z"),
    ];

    #[test]
    fn a_line_of_each_program_is_understood() {
        for (line, format, level, service, instant) in LINES {
            let header = parse(line.as_bytes(), &CLOCK);
            assert_eq!(header.format.name(), *format, "{line}");
            assert_eq!(header.level, *level, "{line}");
            assert_eq!(header.service.as_deref().unwrap_or_default(), *service, "{line}");
            let stamp = header
                .stamp
                .map(|stamp| format_utc(stamp.nanos))
                .unwrap_or_default();
            assert_eq!(stamp, *instant, "{line}");
        }
    }

    #[test]
    fn the_body_of_a_line_without_transport_is_the_line() {
        for (line, ..) in LINES.iter().filter(|(line, ..)| !line.starts_with('{')) {
            let header = parse(line.as_bytes(), &CLOCK);
            let body = String::from_utf8_lossy(&header.body);
            assert!(line.ends_with(&*body), "{line}");
            assert_eq!(header.transport, body.len() < line.len(), "{line}");
        }
    }

    #[test]
    fn a_record_starts_where_the_program_says_so() {
        let starts = |line: &str| parse(line.as_bytes(), &CLOCK).starts_record;
        assert!(starts("ERROR:    Exception in ASGI application"));
        assert!(starts("api-1  | ERROR:    Exception in ASGI application"));
        assert!(starts(
            "Nov 22 07:15:55 vm api[15]: 2026-11-22 07:15:55,076 ERROR boom"
        ));
        assert!(!starts(
            "Nov 22 07:15:55 vm api[15]: Traceback (most recent call last):"
        ));
        assert!(!starts(
            "2025-11-22T07:00:00.1234567Z   File \"/srv/app/bg.py\", line 5, in fire"
        ));
        assert!(!starts("RuntimeError: create_task blew up"));
        // The date of java.util.logging stands in the line above.
        assert!(!starts("SEVERE: Failed to initialize component"));
    }

    #[test]
    fn transports_nest() {
        let line = b"2025-11-22T07:00:00.1234567Z api-1  | {\"level\":50,\"pid\":7,\"msg\":\"boom\",\"err\":{\"stack\":\"Error: boom\\n    at f\"}}";
        let header = parse(line, &CLOCK);
        assert_eq!(header.format, Format::Json);
        assert_eq!(header.service.as_deref(), Some("api-1"));
        assert_eq!((header.level, header.pid), (Some(Level::Error), Some(7)));
        assert_eq!(&*header.body, b"boom\nError: boom\n    at f");
        let stamp = header.stamp.map(|stamp| format_utc(stamp.nanos));
        assert_eq!(stamp.as_deref(), Some("2025-11-22T07:00:00.123456700Z"));
        assert!(header.transport && header.starts_record);
    }

    #[test]
    fn what_only_some_lines_of_an_event_say_is_not_taken_for_its_writer() {
        let head = parse(
            b"2025-11-22T07:00:00.1234567Z ERROR:    Exception in ASGI application",
            &CLOCK,
        );
        let next = parse(
            b"2025-11-22T07:00:00.1234567Z Traceback (most recent call last):",
            &CLOCK,
        );
        assert_eq!((head.service, head.pid), (next.service, next.pid));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_line() {
        let header = parse(b"\xef\xbb\xbf2025-11-22T07:00:00.1234567Z Runner version", &CLOCK);
        assert_eq!(
            (header.format, &*header.body),
            (Format::Stamped, &b"Runner version"[..])
        );
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes, &CLOCK);
        }

        #[test]
        fn text_that_looks_like_headers_never_panics(
            text in "[<\\[{]?[0-9]{0,13}[-:/. |TZ]{0,3}(Nov|Sun|INFO|[A-Za-z]{0,4})[\\[\\](){}\":=|# -]{0,4}[0-9a-z \"\\\\\\[\\]:.-]{0,40}[}\"]?",
        ) {
            let header = parse(text.as_bytes(), &CLOCK);
            let whole = header.body.len() == text.len();
            prop_assert!(whole || header.transport || header.format == Format::Json, "{}", text);
        }

        #[test]
        fn damaged_lines_never_panic(
            index in 0..LINES.len(), prefix in 0..LINES.len(), cut in 0_usize..160, at in 0_usize..160, byte in any::<u8>(),
        ) {
            let mut line = LINES[index].0.as_bytes().to_vec();
            line.truncate(cut);
            if let Some(damaged) = line.get_mut(at) {
                *damaged = byte;
            }
            let _ = parse(&line, &CLOCK);
            let mut wrapped = LINES[prefix].0.as_bytes()[..LINES[prefix].0.len() / 2].to_vec();
            wrapped.extend_from_slice(&line);
            let _ = parse(&wrapped, &CLOCK);
        }
    }
}
