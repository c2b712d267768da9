//! Access lines: one request, one line.
//!
//! In: a line or message that may be one. Out: the request, and the stamp in its brackets.

use memchr::memchr;

use super::text::{bracketed, number, utf8};
use super::{Format, Header, request};
use crate::record::Http;
use crate::record::time::{Clock, Stamp, parse_prefix};

/// Between the client and the request stand two names and a stamp at most.
const LONGEST_MIDDLE: usize = 256;

/// `127.0.0.1 - frank [22/Nov/2026:07:31:34 +0000] "GET /p?q HTTP/1.1" 200 123`, and the like.
pub(super) fn read<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let (client, rest) = client(line)?;
    if !matches!(rest.first()?, b'-' | b'[' | b'a'..=b'z' | b'A'..=b'Z') {
        return None;
    }
    if let Some((stamp, found)) = haproxy(line, clock) {
        return Some(Header {
            stamp: Some(stamp),
            http: found.map(|found| found.http),
            starts_record: true,
            ..Header::new(Format::HaProxy, line)
        });
    }
    if let Some(found) = rest.strip_prefix(b"- ").and_then(request::plain) {
        let client = utf8(without_port(client)).map(str::to_owned);
        return Some(Header {
            http: Some(Http { client, ..found.http }),
            starts_record: true,
            ..Header::new(Format::AccessCombined, line)
        });
    }
    let open = memchr(b'"', rest.get(..LONGEST_MIDDLE).unwrap_or(rest))?;
    let stamp = bracketed_stamp(rest.get(..open)?, clock)?;
    let http = request(rest.get(open + 1..)?, without_port(client))?;
    let header = Header::new(Format::AccessCombined, line);
    Some(Header {
        stamp: Some(stamp),
        http: Some(http),
        starts_record: true,
        ..header
    })
}

/// `127.0.0.1:34366 [28/Nov/2026:06:45:00.350] web app/a1 0/-1/-1/-1/0 503 217 ...`.
pub(super) fn haproxy<'a>(line: &'a [u8], clock: &Clock) -> Option<(Stamp, Option<request::Found<'a>>)> {
    let (client, rest) = client(line)?;
    let (inside, rest) = bracketed(rest)?;
    let (stamp, len) = parse_prefix(inside, clock)?;
    let rest = rest.strip_prefix(b" ").filter(|rest| !rest.starts_with(b"\""))?;
    let found = request::haproxy(rest, without_port(client)).filter(|_| len == inside.len())?;
    Some((stamp, found))
}

/// `127.0.0.1:60464 - "GET /bt HTTP/1.1" 200 OK`: the message of uvicorn.
pub(super) fn uvicorn(message: &[u8]) -> Option<Http> {
    let (client, rest) = client(message)?;
    request(rest.strip_prefix(b"- \"")?, before_last_colon(client))
}

/// `GET /p?q`, `GET /p?q HTTP/1.1` or anything that a client may send, and no status.
pub(in crate::record) fn request_line(text: &str) -> Option<(&str, &str)> {
    let mut words = text.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let is_method = (3..=20).contains(&method.len()) && method.bytes().all(|byte| byte.is_ascii_uppercase());
    is_method.then(|| (method, path_of(target)))
}

/// The path of a URL or request target, without its query.
pub(super) fn path_of(target: &str) -> &str {
    let of_url = (!target.starts_with('/')).then(|| target.split_once("://"));
    let target = match of_url.flatten() {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find('/').map_or("/", |at| rest.get(at..).unwrap_or("/"))
        }
        _ => target,
    };
    target.split(['?', '#']).next().unwrap_or(target)
}

/// The first word, if it may be a client; behind the virtual host, if there is one.
fn client(line: &[u8]) -> Option<(&[u8], &[u8])> {
    const LONGEST: usize = 256;
    let at = memchr(b' ', line.get(..LONGEST).unwrap_or(line))?;
    let (first, rest) = (line.get(..at)?, line.get(at + 1..)?);
    let is_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'-' | b'_' | b'%');
    if first.is_empty() || !first.iter().all(is_name) {
        return None;
    }
    let has_port = first
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count()
        > 0
        && first.contains(&b':');
    if has_port && rest.first()?.is_ascii_hexdigit() {
        return client(rest);
    }
    Some((first, rest))
}

/// The stamp in the last brackets before the request.
fn bracketed_stamp(middle: &[u8], clock: &Clock) -> Option<Stamp> {
    let Some(inside) = middle.strip_suffix(b"] ") else {
        // PHP-FPM writes `-  28/Nov/2026:06:45:31 +0000`.
        let inside = middle.strip_suffix(b" ")?;
        let inside = inside.get(memchr(b'/', inside)?.checked_sub(2)?..)?;
        let (stamp, len) = parse_prefix(inside, clock)?;
        return (len == inside.len()).then_some(stamp);
    };
    let open = inside.iter().rposition(|byte| *byte == b'[')?;
    let inside = inside.get(open + 1..)?;
    let (stamp, len) = parse_prefix(inside, clock)?;
    (len == inside.len()).then_some(stamp)
}

/// `GET /p HTTP/1.1" 200 ...`: the request up to its quote, and the status behind it.
pub(super) fn request(rest: &[u8], client: &[u8]) -> Option<Http> {
    let close = closing_quote(rest)?;
    let (status, after) = rest.get(close..)?.strip_prefix(b"\" ")?.split_at_checked(3)?;
    if after
        .first()
        .is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b',')
    {
        return None;
    }
    let status = u16::try_from(number(status)?).ok()?;
    let text = String::from_utf8_lossy(rest.get(..close)?);
    // Noise on the port: it was answered, but nobody can say what was asked.
    let (method, path) = request_line(&text).unwrap_or(("-", "-"));
    Some(Http {
        method: method.to_owned(),
        path: path.to_owned(),
        status,
        client: utf8(client).filter(|client| *client != "-").map(str::to_owned),
    })
}

/// Where the quote is that ends the request; Apache escapes those within.
fn closing_quote(rest: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr(b'"', rest.get(from..)?)?;
        if at == 0 || rest.get(at - 1) != Some(&b'\\') {
            return Some(at);
        }
        from = at + 1;
    }
}

/// `127.0.0.1` of `127.0.0.1:60464`; an IPv6 address has more than one colon and is left alone.
pub(super) fn without_port(client: &[u8]) -> &[u8] {
    if client.iter().filter(|byte| **byte == b':').count() == 1 {
        before_last_colon(client)
    } else {
        client
    }
}

fn before_last_colon(client: &[u8]) -> &[u8] {
    let at = client
        .iter()
        .rposition(|byte| *byte == b':')
        .unwrap_or(client.len());
    client.get(..at).unwrap_or(client)
}

#[cfg(test)]
mod tests {
    use crate::record::header::{Format, parse};
    use crate::record::time::{Clock, Zone};

    const CLOCK: Clock = Clock::new(Zone::Utc, 1_795_334_400_000_000_000);

    /// Method, path, status and client of a line.
    fn request(line: &str) -> Option<(String, String, u16, Option<String>)> {
        let http = parse(line.as_bytes(), &CLOCK).http?;
        Some((http.method, http.path, http.status, http.client))
    }

    #[test]
    fn requests_are_read_from_every_kind_of_access_line() {
        for (line, method, path, status, client) in [
            (
                r#"127.0.0.1 [2026-11-22T07:31:34+00:00] "GET /two HTTP/1.1" 502 us=502, 502 ut=0.000, 0.000"#,
                "GET",
                "/two",
                502,
                "127.0.0.1",
            ),
            (
                r#"203.0.113.80 - - [23/Nov/2026:00:16:59 +0000] "POST /prompts/193/run HTTP/1.1" 200 47 "-" "Mozilla/5.0""#,
                "POST",
                "/prompts/193/run",
                200,
                "203.0.113.80",
            ),
            (
                r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?a=b HTTP/1.0" 200 2326"#,
                "GET",
                "/apache_pb.gif",
                200,
                "127.0.0.1",
            ),
            (
                r#"shop.example.org:443 203.0.113.9 - - [23/Nov/2026:00:16:59 +0000] "GET / HTTP/1.1" 200 47"#,
                "GET",
                "/",
                200,
                "203.0.113.9",
            ),
            (
                r#"2001:db8::7 - - [23/Nov/2026:00:16:59 +0000] "GET / HTTP/2.0" 499 0"#,
                "GET",
                "/",
                499,
                "2001:db8::7",
            ),
            (
                r#"::1 - - [23/Nov/2026:00:16:59 +0000] "GET / HTTP/2.0" 200 0"#,
                "GET",
                "/",
                200,
                "::1",
            ),
            (
                r#"127.0.0.1:46120 - - [22/Nov/2026:07:31:34] "GET /a" 500 123"#,
                "GET",
                "/a",
                500,
                "127.0.0.1",
            ),
            (
                r#"127.0.0.1 - - [22/Nov/2026 07:31:34] "GET /x%20y?q HTTP/1.1" 404 -"#,
                "GET",
                "/x%20y",
                404,
                "127.0.0.1",
            ),
            (
                r#"INFO:     127.0.0.1:46120 - "GET /a?b=1 HTTP/1.1" 500 Internal Server Error"#,
                "GET",
                "/a",
                500,
                "127.0.0.1",
            ),
            (
                r#"2026-11-22 07:35:04,463 INFO:     127.0.0.1:46120 - "GET /a HTTP/1.1" 200 OK"#,
                "GET",
                "/a",
                200,
                "127.0.0.1",
            ),
            (
                r#"INFO:werkzeug:127.0.0.1 - - [22/Nov/2026 07:31:34] "GET / HTTP/1.1" 200 -"#,
                "GET",
                "/",
                200,
                "127.0.0.1",
            ),
            (
                r#"203.0.113.9 - - [23/Nov/2026:00:16:59 +0000] "\x16\x03\x01\x00" 400 157 "-" "-""#,
                "-",
                "-",
                400,
                "203.0.113.9",
            ),
            (
                r#"203.0.113.9 - - [23/Nov/2026:00:16:59 +0000] "GET /a\"b HTTP/1.1" 009 0"#,
                "GET",
                r#"/a\"b"#,
                9,
                "203.0.113.9",
            ),
            (
                r#"203.0.113.9 - - [23/Nov/2026:00:16:59 +0000] "GET http://example.org/p?q HTTP/1.1" 200 0"#,
                "GET",
                "/p",
                200,
                "203.0.113.9",
            ),
        ] {
            let expected = (
                method.to_owned(),
                path.to_owned(),
                status,
                Some(client.to_owned()),
            );
            assert_eq!(request(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_is_no_access_line_has_no_request() {
        for line in [
            r#"127.0.0.1 said [hello] "GET / HTTP/1.1" 200 7"#,
            r#"127.0.0.1 - - [23/Nov/2026:00:16:59 +0000] "GET / HTTP/1.1" 2000 7"#,
            r#"127.0.0.1 - - [23/Nov/2026:00:16:59 +0000] "GET / HTTP/1.1" 20"#,
            r#"127.0.0.1 - - [23/Nov/2026:00:16:59 +0000] "GET / HTTP/1.1"#,
            r#"could not [23/Nov/2026:00:16:59 +0000] "GET / HTTP/1.1 200"#,
            "127.0.0.1",
            "",
        ] {
            assert_eq!(request(line), None, "{line}");
        }
    }

    #[test]
    fn an_access_line_begins_a_record_and_has_no_level() {
        let header = parse(
            br#"::1 - - [23/Nov/2026:00:16:59 +0000] "GET / HTTP/2.0" 502 0"#,
            &CLOCK,
        );
        assert_eq!((header.format, header.level), (Format::AccessCombined, None));
        assert!(header.starts_record && header.stamp.is_some());
    }
}
