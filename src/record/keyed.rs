//! What another log may say too: the request, connection or process start that a line is about.
//!
//! In: one line. Out: its keys, and when it was written. The same key in two logs is the same event, or another one that looks
//! just like it. Nothing else of the line is read, and most lines are ruled out by a few searches.

use memchr::memmem::Finder;

use super::header::{self, Format, Known, facts};
use super::time::{Clock, Stamp};
use crate::report::visible::strip_colour;

/// Texts of which one stands in every line that has a key.
const GATES: &[&str] = &[
    "HTTP/",
    "method",
    "equest",
    "race",
    "orrelation",
    "server process [",
    " pid",
];

/// Shortest id that is taken to be unique, in bytes.
const SHORTEST_ID: usize = 8;

/// What a line is about, in a form that two logs share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(u64);

impl Key {
    /// The key of texts, the first of which says of what kind it is. The same on every machine.
    pub(crate) fn of(parts: &[&[u8]]) -> Key {
        // FNV-1a, and a last step that spreads it.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in parts.iter().flat_map(|part| part.iter().chain(&[0])) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash ^= hash >> 32;
        Key(hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1 | 1 << 63)
    }

    /// Failed requests come first: they are kept before all others.
    fn of_failure(self) -> Key {
        Key(self.0 & !(1 << 63))
    }

    /// Whether it is that of a failed request.
    pub fn is_failure(self) -> bool {
        self.0 >> 63 == 0
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

/// Reads the keys of lines.
#[derive(Debug)]
pub struct Keys {
    gates: Vec<Finder<'static>>,
}

impl Default for Keys {
    fn default() -> Keys {
        Keys {
            gates: GATES.iter().map(|gate| Finder::new(*gate)).collect(),
        }
    }
}

impl Keys {
    /// The keys of `line`, if it has any.
    pub fn of(&self, line: &[u8], clock: &Clock) -> Option<Keyed> {
        if !self.gates.iter().any(|gate| gate.find(line).is_some()) {
            return None;
        }
        let line = strip_colour(line);
        let header = header::parse(&line, clock);
        let mut keys = Vec::new();
        if let Some(http) = &header.http {
            let key = Key::of(&[
                b"http",
                http.method.as_bytes(),
                http.path.as_bytes(),
                &http.status.to_be_bytes(),
            ]);
            let failed = http.status < 100 || (500..600).contains(&http.status);
            keys.push(if failed { key.of_failure() } else { key });
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
        let facts = match &object {
            _ if own.is_some() => own,
            Some(object) => facts::of_object(object),
            None if facts::are_names_only(&header) => None,
            None => Some(facts::of_line(&header.body, clock)),
        };
        if let Some(id) = facts
            .and_then(|facts| facts.request_id)
            .filter(|id| is_unique(id))
        {
            keys.push(Key::of(&[b"id", id.as_bytes()]));
        }
        if let Some(pid) = started(&header.body) {
            keys.push(Key::of(&[b"pid", pid]));
        }
        (!keys.is_empty()).then_some(Keyed {
            stamp: header.stamp,
            keys,
        })
    }
}

/// Whether an id is hardly given twice.
fn is_unique(id: &str) -> bool {
    id.len() >= SHORTEST_ID && id.bytes().filter(u8::is_ascii_digit).count() >= 2
}

/// The number of a process that is said to start: `Started server process [48]`, `spawned: 'api' with pid 48`,
/// `Booting worker with pid: 48`.
fn started(body: &[u8]) -> Option<&[u8]> {
    const BEFORE: [Known; 3] = [
        Known::new(b"Started server process ["),
        Known::new(b" with pid "),
        Known::new(b" with pid: "),
    ];
    BEFORE.iter().find_map(|before| {
        let rest = before.behind(body)?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest.get(..digits).filter(|digits| !digits.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::time::Zone;

    fn keys(line: &str) -> Vec<Key> {
        let clock = Clock::new(Zone::Utc, 1_795_500_000_000_000_000);
        Keys::default()
            .of(line.as_bytes(), &clock)
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
                r#"{"time":"2026-11-23T00:23:27.590Z","request_id":"8f3a1c20-77","msg":"a"}"#,
                "time=2026-11-23T00:23:27Z level=info msg=b request_id=8f3a1c20-77",
            ),
            (
                "2026-11-23 00:18:33,879 INFO spawned: 'api' with pid 48",
                "INFO:     Started server process [48]",
            ),
        ] {
            assert_eq!(keys(one).len(), 1, "{one}");
            assert_eq!(keys(one), keys(other), "{one}\n{other}");
        }
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
