//! What another log may say too: the request, connection or process start that a line is about.
//!
//! In: one line. Out: its keys, and when it was written. The same key in two logs is the same event, or another one that looks
//! just like it. Nothing else of the line is read, and lines without one of the [`GATES`] have no key.
//!
//! That a program failed over a request, and that a request was answered 500, are two sides of one event, and have
//! keys that lead from one to the other.

use memchr::memchr_iter;

use super::Http;
use super::header::{self, Format, Known, facts};
use super::time::{Clock, Stamp};
use crate::report::visible::strip_colour;

/// Texts of which one stands in every line that has a key.
pub const GATES: &[&str] = &[
    "HTTP/",
    "method",
    "equest",
    "race",
    "orrelation",
    "server process [",
    " pid",
    "ASGI application",
    "startup failed",
    "Internal Server Error: /",
];

/// Shortest id that is taken to be unique, in bytes.
const SHORTEST_ID: usize = 8;

/// What a line is about, in a form that two logs share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(u64);

/// What sort of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A request, by method, path and status: there may be many.
    Request,
    /// The start of a process.
    Start,
    /// The end of any process.
    End,
    /// One request by its id, or one connection by the client's port.
    Id,
    /// A program failed over a request.
    Unhandled,
    /// A request was answered 500.
    Answered500,
    /// An error log says something of a request.
    Complaint,
    /// A request was refused, or failed.
    Refused,
}

/// Where the kind stands in a key.
const KIND: u64 = 0b111;

/// The highest bit: not a failed request.
const ORDINARY: u64 = 1 << 63;

impl Key {
    /// The key of texts, the first of which says of what kind it is. The same on every machine.
    pub(crate) fn of(kind: Kind, parts: &[&[u8]]) -> Key {
        // FNV-1a, and a last step that spreads it.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in parts.iter().flat_map(|part| part.iter().chain(&[0])) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash ^= hash >> 32;
        Key(hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) | ORDINARY).with(kind)
    }

    /// Failed requests come first: they are kept before all others.
    fn of_failure(self) -> Key {
        Key(self.0 & !ORDINARY)
    }

    /// Whether it is that of a failed request.
    pub fn is_failure(self) -> bool {
        self.0 & ORDINARY == 0
    }

    fn with(self, kind: Kind) -> Key {
        Key(self.0 & !KIND | kind as u64)
    }

    /// What sort of thing it is.
    pub fn kind(self) -> Kind {
        const KINDS: [Kind; 8] = [
            Kind::Request,
            Kind::Start,
            Kind::End,
            Kind::Id,
            Kind::Unhandled,
            Kind::Answered500,
            Kind::Complaint,
            Kind::Refused,
        ];
        let kind = |kind: &Kind| *kind as u64 == self.0 & KIND;
        KINDS.into_iter().find(kind).unwrap_or(Kind::Request)
    }

    /// That a program failed over a request (for this path, if that is known).
    fn unhandled(path: Option<&[u8]>) -> Key {
        Key::of(Kind::Unhandled, &[b"500", path.unwrap_or_default()]).of_failure()
    }

    /// The key that the other side has of the same event.
    pub fn counterpart(self) -> Key {
        match self.kind() {
            Kind::Unhandled => self.with(Kind::Answered500),
            Kind::Answered500 => self.with(Kind::Unhandled),
            Kind::Complaint => self.with(Kind::Refused),
            Kind::Refused => self.with(Kind::Complaint),
            Kind::Request | Kind::Start | Kind::End | Kind::Id => self,
        }
    }
}

/// A line with keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyed {
    /// When it was written, if it says so.
    pub stamp: Option<Stamp>,
    /// What it is about.
    pub keys: Vec<Key>,
}

/// The keys of a line with one of the [`GATES`], if it has any.
pub fn keys_of(line: &[u8], clock: &Clock) -> Option<Keyed> {
    let line = strip_colour(line);
    let header = header::parse(&line, clock);
    let mut keys = Vec::new();
    if let Some(http) = &header.http {
        let (method, path) = (http.method.as_bytes(), http.path.as_bytes());
        let key = Key::of(Kind::Request, &[method, path, &http.status.to_be_bytes()]);
        let failed = http.status < 100 || (500..600).contains(&http.status);
        keys.push(if failed { key.of_failure() } else { key });
        if let Some(client) = http.client.as_deref().filter(|_| failed || http.status >= 400) {
            keys.push(Key::of(Kind::Refused, &[client.as_bytes(), method, path]));
        }
        keys.extend(connection(&line, http));
        if http.status == 500 {
            keys.extend([None, Some(path)].map(|path| Key::unhandled(path).counterpart()));
        }
    } else {
        keys.extend(unhandled(&header.body));
        keys.extend(complaint(&header.body));
    }
    let own = match header.format {
        Format::Json => header::own_object(&line).map(|(_, facts)| facts),
        _ => None,
    };
    let object = match header.format {
        Format::Json | Format::DockerJson | Format::JournalExport if own.is_none() => {
            header::innermost_object(&line, clock)
        }
        _ => None,
    };
    let id = match &object {
        _ if own.is_some() => own.and_then(|facts| facts.request_id),
        Some(object) => facts::of_object(object).and_then(|facts| facts.request_id),
        None => facts::request_id(&header, clock),
    };
    if let Some(id) = id.filter(|id| is_unique(id)) {
        keys.push(Key::of(Kind::Id, &[id.as_bytes()]));
    }
    if let Some(pid) = started(&header.body) {
        keys.push(Key::of(Kind::Start, &[pid]));
    } else if is_end(&header.body) {
        keys.push(Key::of(Kind::End, &[]));
    }
    (!keys.is_empty()).then_some(Keyed {
        stamp: header.stamp,
        keys,
    })
}

/// Whether an id is hardly given twice.
fn is_unique(id: &str) -> bool {
    id.len() >= SHORTEST_ID && id.bytes().filter(u8::is_ascii_digit).count() >= 2
}

/// Whether a program says, without saying more about the request than its path, that it failed over it: uvicorn's
/// `Exception in ASGI application`, Django's `Internal Server Error: /orders/`.
fn unhandled(body: &[u8]) -> Option<Key> {
    const ASGI: Known = Known::new(b"Exception in ASGI application");
    const DJANGO: Known = Known::new(b"Internal Server Error: /");
    // A level may stand before it.
    let near = &body[..body.len().min(64)];
    if ASGI.find(near).is_some() {
        return Some(Key::unhandled(None));
    }
    // The path begins with the slash.
    let path = &body[near.len() - DJANGO.behind(near)?.len() - 1..];
    let end = path.iter().position(u8::is_ascii_whitespace);
    Some(Key::unhandled(Some(&path[..end.unwrap_or(path.len())])))
}

/// The connection of a request, where the line has the client's port: `127.0.0.1:54321 - "GET / HTTP/1.1" 200`,
/// `"remote_addr":"192.0.2.1","remote_port":"54321"`.
fn connection(line: &[u8], http: &Http) -> Option<Key> {
    const NAMED: [Known; 4] = [
        Known::new(b"remote_port\""),
        Known::new(b"client_port\""),
        Known::new(b"remote_port="),
        Known::new(b"client_port="),
    ];
    let client = http.client.as_deref()?.as_bytes();
    let mut places = memchr_iter(*client.first()?, line);
    let behind = places.find_map(|at| line[at..].strip_prefix(client));
    let beside = behind.filter(|rest| rest.starts_with(b":"));
    let rest = beside.or_else(|| NAMED.iter().find_map(|name| name.behind(line)))?;
    let sign = |byte: &u8| matches!(byte, b':' | b'"' | b' ');
    let port = &rest[rest.iter().take_while(|byte| sign(byte)).count()..];
    let digits = port.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // Short ones are those of servers.
    let port = port.get(..digits).filter(|_| digits == 5)?;
    Some(Key::of(Kind::Id, &[client, port]))
}

/// The request that a line of nginx's error log is about: `client: 192.0.2.1, server: _, request: "GET / HTTP/1.1", ...`.
fn complaint(body: &[u8]) -> Option<Key> {
    const CLIENT: Known = Known::new(b" client: ");
    const REQUEST: Known = Known::new(b", request: \"");
    let client = CLIENT.behind(body)?;
    let client = &client[..memchr::memchr(b',', client)?];
    let request = REQUEST.behind(body)?;
    let request = std::str::from_utf8(&request[..memchr::memchr(b'"', request)?]).ok()?;
    let (method, path) = header::request_line(request)?;
    Some(Key::of(
        Kind::Complaint,
        &[client, method.as_bytes(), path.as_bytes()],
    ))
}

/// Whether a process says that it ends: the next one is started after that.
fn is_end(body: &[u8]) -> bool {
    const ENDS: [Known; 2] = [
        Known::new(b"Finished server process ["),
        Known::new(b"Application startup failed. Exiting."),
    ];
    ENDS.iter().any(|end| end.find(body).is_some())
}

/// The number of a process that is said to start: `Started server process [48]`, `spawned: 'api' with pid 48`,
/// `Booting worker with pid: 48`.
fn started(body: &[u8]) -> Option<&[u8]> {
    const BEFORE: [Known; 3] = [
        Known::new(b"Started server process ["),
        Known::new(b" with pid "),
        Known::new(b" with pid: "),
    ];
    // A process may also be killed by its number.
    const STARTS: [Known; 3] = [
        Known::new(b"tarted "),
        Known::new(b"spawned"),
        Known::new(b"ooting "),
    ];
    let number = BEFORE.iter().find_map(|before| {
        let rest = before.behind(body)?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest.get(..digits).filter(|digits| !digits.is_empty())
    });
    number.filter(|_| STARTS.iter().any(|start| start.find(body).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::time::Zone;

    fn keys(line: &str) -> Vec<Key> {
        let clock = Clock::new(Zone::Utc, 1_795_500_000_000_000_000);
        keys_of(line.as_bytes(), &clock)
            .map(|keyed| keyed.keys)
            .unwrap_or_default()
    }

    #[test]
    fn the_same_event_has_the_same_key_in_two_logs() {
        for (one, other) in [
            (
                "203.0.113.80 - - [23/Nov/2026:00:23:27 +0000] \"GET /cart/user-286 HTTP/1.1\" 200 30 \"-\" \"x\"",
                r#"{"level":30,"time":"2026-11-23T00:23:27.590Z","method":"GET","url":"/cart/user-286","status":200,"msg":"request"}"#,
            ),
            (
                "192.0.2.10 - - [23/Nov/2026:00:18:38 +0000] \"POST /login?x=1 HTTP/1.1\" 500 33 \"-\" \"x\"",
                "INFO:     127.0.0.1:43648 - \"POST /login HTTP/1.1\" 500 Internal Server Error",
            ),
            (
                "192.0.2.10:51234 - - [23/Nov/2026:00:18:38 +0000] \"GET /a HTTP/1.1\" 200 33 \"-\" \"x\"",
                "INFO:     192.0.2.10:51234 - \"GET /a HTTP/1.1\" 200 OK",
            ),
            (
                r#"{"time":"2026-11-23T00:23:27.590Z","request_id":"8f3a1c20-77","msg":"a"}"#,
                "time=2026-11-23T00:23:27Z level=info msg=b request_id=8f3a1c20-77",
            ),
            (
                "2026-11-23 00:18:33,879 INFO spawned: 'api' with pid 48",
                "INFO:     Started server process [48]",
            ),
        ] {
            let other_keys = keys(other);
            assert!(
                keys(one).iter().any(|key| other_keys.contains(key)),
                "{one}\n{other}"
            );
        }
    }

    #[test]
    fn a_failure_of_the_program_leads_to_the_answer() {
        let answered = keys("1.2.3.4 - - [23/Nov/2026:00:23:27 +0000] \"GET /orders/?x=1 HTTP/1.1\" 500 3");
        for line in [
            "ERROR:    Exception in ASGI application",
            "Internal Server Error: /orders/",
        ] {
            let key = keys(line)[0];
            assert_eq!(key.kind(), Kind::Unhandled, "{line}");
            assert!(
                key.is_failure() && answered.contains(&key.counterpart()),
                "{line}"
            );
        }
        assert!(!answered.contains(&keys("Internal Server Error: /other")[0].counterpart()));
    }

    #[test]
    fn what_an_error_log_says_of_a_request_leads_to_its_access_line() {
        let error = keys(
            "2026/11/23 00:19:59 [error] 54#54: *481 connect() failed (111: Connection refused) while connecting to upstream, \
             client: 203.0.113.104, server: _, request: \"GET /api/products/47?x=1 HTTP/1.1\", upstream: \
             \"http://127.0.0.1:8000/api/products/47\", host: \"shop\"",
        );
        let line = |client, status| {
            format!(
                "{client} - - [23/Nov/2026:00:19:59 +0000] \"GET /api/products/47?x=1 HTTP/1.1\" {status} 157 \"-\" \"x\""
            )
        };
        assert_eq!(error.len(), 1);
        assert!(keys(&line("203.0.113.104", 502)).contains(&error[0].counterpart()));
        assert!(!keys(&line("203.0.113.105", 502)).contains(&error[0].counterpart()));
        assert!(!keys(&line("203.0.113.104", 200)).contains(&error[0].counterpart()));
    }

    #[test]
    fn failed_requests_come_first_and_others_have_no_key() {
        let line = |status| format!("1.2.3.4 - - [23/Nov/2026:00:23:27 +0000] \"GET / HTTP/1.1\" {status} 3");
        assert!(keys(&line(500))[0].is_failure() && !keys(&line(200))[0].is_failure());
        assert!(keys(&line(500)) < keys(&line(200)));
        for other in [
            "",
            "2026-11-23 00:18:33,879 INFO a request came",
            "request_id=7",
            "with pid x",
        ] {
            assert_eq!(keys(other), [], "{other}");
        }
    }
}
