//! logfmt lines: `time=2026-11-22T07:34:50Z level=error msg="listen failed"`.
//!
//! In: a line whose first key is one that only loggers put first. Out: its [`Header`]; the body is
//! the line itself.

use std::borrow::Cow;

use super::text::{number, utf8};
use super::{Format, Header, access, duration, level};
use crate::record::Http;
use crate::record::time::{Clock, parse_whole};

/// More pairs than this are not read.
const MAX_PAIRS: usize = 64;

/// The header of a logfmt line.
pub(super) fn read<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let (first, _, _) = pair(line)?;
    if !matches!(
        first,
        b"time" | b"ts" | b"t" | b"timestamp" | b"level" | b"lvl" | b"at" | b"severity" | b"@timestamp"
    ) {
        return None;
    }
    let mut header = Header {
        starts_record: true,
        ..Header::new(Format::Logfmt, line)
    };
    let mut request = Request::default();
    for (key, value) in Pairs(line).take(MAX_PAIRS) {
        match key {
            b"time" | b"ts" | b"t" | b"timestamp" | b"@timestamp" => {
                header.stamp = header.stamp.or_else(|| parse_whole(utf8(value)?, clock));
            }
            b"level" | b"lvl" | b"at" | b"severity" => {
                header.level = header.level.or_else(|| level::from_word(value))
            }
            b"service" | b"app" | b"service.name" | b"container" => {
                // Heroku's router says by `service=12ms` how long it took.
                let named = utf8(value).filter(|value| duration::parse(value).is_none());
                header.service = header.service.or_else(|| named.map(Cow::Borrowed));
            }
            b"host" | b"hostname" => header.host = header.host.or_else(|| utf8(value)),
            b"pid" => header.pid = number(value),
            _ => request.add(key, value),
        }
    }
    if header.level.is_none() && header.stamp.is_none() {
        return None;
    }
    if request.method.is_some() {
        // The host that was asked, not the one that wrote the line.
        header.host = None;
    }
    header.http = request.http();
    Some(header)
}

/// What a line says of a request.
#[derive(Default)]
struct Request<'a> {
    method: Option<&'a str>,
    path: Option<&'a str>,
    status: Option<u16>,
    client: Option<&'a str>,
}

impl<'a> Request<'a> {
    fn add(&mut self, key: &[u8], value: &'a [u8]) {
        match key {
            b"method" => self.method = utf8(value),
            b"path" | b"url" | b"uri" => self.path = utf8(value),
            b"status" | b"status_code" => {
                self.status = number(value).and_then(|status| u16::try_from(status).ok())
            }
            b"remote_addr" | b"client_ip" | b"fwd" => self.client = utf8(value),
            _ => {}
        }
    }

    fn http(&self) -> Option<Http> {
        Some(Http {
            method: self.method?.to_owned(),
            path: access::path_of(self.path?).to_owned(),
            status: self.status.filter(|status| *status <= 999)?,
            client: self.client.map(str::to_owned),
        })
    }
}

/// The pairs of a line, keys and values, up to the first thing that is none.
#[derive(Debug, Clone)]
pub(super) struct Pairs<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value, rest) = pair(self.0)?;
        self.0 = rest;
        Some((key, value))
    }
}

/// The next `key=value` or `key="value"` (without its quotes), and what follows it.
fn pair(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let bytes = bytes.trim_ascii_start();
    let len = bytes
        .iter()
        .take(64)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@' | b'/'))
        .count();
    let (key, rest) = bytes.split_at_checked(len).filter(|(key, _)| !key.is_empty())?;
    let rest = rest.strip_prefix(b"=")?;
    if let Some(quoted) = rest.strip_prefix(b"\"") {
        let close = closing_quote(quoted)?;
        return Some((key, quoted.get(..close)?, quoted.get(close + 1..)?));
    }
    let end = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
    let (value, after) = rest.split_at_checked(end)?;
    Some((key, value, after))
}

fn closing_quote(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    bytes.iter().position(|&byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

#[cfg(test)]
mod tests {
    use crate::record::Level;
    use crate::record::header::{Format, parse};
    use crate::record::time::{Clock, Zone, format_utc};

    const CLOCK: Clock = Clock::new(Zone::Utc, 1_795_334_400_000_000_000);

    #[test]
    fn pairs_give_time_level_and_service() {
        for line in [
            r#"time="2026-11-22T07:34:50Z" level=error msg="listen \"tcp\" failed" service=api"#,
            "ts=2026-11-22T07:34:50Z caller=main.go:7 level=error service=api msg=failed",
            "level=error ts=1795332890 service=api msg=failed",
        ] {
            let header = parse(line.as_bytes(), &CLOCK);
            assert_eq!(
                (header.format, header.level, header.service.as_deref()),
                (Format::Logfmt, Some(Level::Error), Some("api"))
            );
            assert_eq!(
                header.stamp.map(|stamp| format_utc(stamp.nanos)).as_deref(),
                Some("2026-11-22T07:34:50Z"),
                "{line}"
            );
            assert_eq!(&*header.body, line.as_bytes());
            assert!(header.starts_record && !header.transport);
        }
    }

    #[test]
    fn a_request_may_be_among_the_pairs() {
        let line = br#"at=info method=GET path="/orders?x=1" host=example.org fwd="203.0.113.9" dyno=web.1 status=503 bytes=0"#;
        let http = parse(line, &CLOCK).http.expect("a request");
        assert_eq!(
            (http.method.as_str(), http.path.as_str(), http.status),
            ("GET", "/orders", 503)
        );
        assert_eq!(http.client.as_deref(), Some("203.0.113.9"));
    }

    #[test]
    fn assignments_are_not_logfmt() {
        for line in [
            "time=soon",
            "level=",
            "PATH=/usr/bin level=error",
            "t=1",
            "time=\"open",
            "x",
        ] {
            assert_eq!(parse(line.as_bytes(), &CLOCK).format, Format::Plain, "{line}");
        }
    }
}
