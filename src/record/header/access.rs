//! Access lines: one request, one line.
//!
//! In: a line or message that may be one. Out: the request, and the stamp in its brackets. Where only that is wanted of very many
//! lines, [`common`] reads those in the usual layout by their bytes.

use memchr::{memchr, memchr2};

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

/// Length of `22/Nov/2026:07:31:34 +0000`.
const STAMP: usize = 26;

/// The stamp that was read last: most lines have the same one as the line before. It states year and zone, so it means the same in
/// every line.
#[derive(Debug, Default)]
pub(crate) struct LastStamp {
    written: [u8; STAMP],
    nanos: Option<i64>,
}

impl LastStamp {
    fn read(&mut self, written: &[u8; STAMP], clock: &Clock) -> Option<i64> {
        if self.written != *written {
            self.written = *written;
            let stamp = parse_prefix(written, clock).filter(|(_, len)| *len == STAMP);
            self.nanos = stamp.map(|(stamp, _)| stamp.nanos);
        }
        self.nanos
    }
}

/// The request of a line in the usual layout.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Common<'a> {
    /// UTC nanoseconds.
    pub(crate) stamp: i64,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// Method and path as they stand in the line.
    pub(crate) written: &'a [u8],
    pub(crate) status: u16,
}

/// The request of `127.0.0.1 - frank [22/Nov/2026:07:31:34 +0000] "GET /p?q HTTP/1.1" 200 123`, as [`parse`](super::parse) reads it,
/// by its bytes alone: nothing if there is none, and `None` for what is written in any other way, which may be a request as well.
pub(crate) fn common<'a>(line: &'a [u8], clock: &Clock, last: &mut LastStamp) -> Option<Option<Common<'a>>> {
    const LONGEST_USER: usize = 64;
    let rest = behind_ipv4(line)?.strip_prefix(b" - ")?;
    let is_user = |byte: &&u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'@');
    let user = rest.iter().take(LONGEST_USER).take_while(is_user).count();
    let rest = rest.get(user..)?.strip_prefix(b" [").filter(|_| user > 0)?;
    let (written, rest) = rest.split_first_chunk::<STAMP>()?;
    let rest = rest.strip_prefix(b"] \"")?;
    let is_stamp = written
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/: +-".contains(byte));
    if !is_stamp
        || written[2] != b'/'
        || memchr2(b'\r', 0x1b, line.strip_suffix(b"\r").unwrap_or(line)).is_some()
    {
        return None;
    }
    let close = closing_quote(rest)?;
    let request = rest.get(..close)?;
    let status = status_behind(rest, close);
    let method = request
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase())
        .count();
    let target = request
        .get(method..)?
        .strip_prefix(b" /")
        .filter(|_| (3..=20).contains(&method))?;
    let ends = target.iter().position(|byte| matches!(byte, b' ' | b'?' | b'#'));
    let length = method + 2 + ends.unwrap_or(target.len());
    let written_request = request.get(..length)?;
    let (method, path) = utf8(written_request)?.split_at_checked(method)?;
    let (Some(status), Some(stamp)) = (status, last.read(written, clock)) else {
        return Some(None);
    };
    Some(Some(Common {
        stamp,
        method,
        path: path.get(1..)?,
        written: written_request,
        status,
    }))
}

/// What follows four numbers with dots between them.
fn behind_ipv4(line: &[u8]) -> Option<&[u8]> {
    let mut rest = line;
    for part in 0..4 {
        if part > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let digits = rest
            .iter()
            .take(4)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        rest = rest.get(digits..).filter(|_| (1..=3).contains(&digits))?;
    }
    Some(rest)
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
    let status = status_behind(rest, close)?;
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

/// The status behind the quote at `close`.
fn status_behind(rest: &[u8], close: usize) -> Option<u16> {
    let (status, after) = rest.get(close..)?.strip_prefix(b"\" ")?.split_at_checked(3)?;
    let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
    let status = number(status).filter(|_| after.first().is_none_or(ends))?;
    u16::try_from(status).ok()
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
    use proptest::prelude::*;

    use super::{LastStamp, common};
    use crate::record::header::{Format, parse};
    use crate::record::time::{Clock, Zone};
    use crate::report::visible::strip_colour;

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

    proptest! {
        /// What is read by the bytes is what a header says, in lines that are nearly access lines, too.
        #[test]
        fn the_usual_layout_reads_the_same_by_its_bytes(
            client in prop_oneof!["[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}", "[0-9.:]{1,12}", "[a-z]{1,4}\\.[a-z0-9]{1,4}"],
            user in prop_oneof!["-", "[a-z@.]{0,4}", "GET", "\\[x\\]"],
            day in 0..40,
            zone in prop_oneof![Just("+0000"), Just("-0730"), Just("+0803"), Just("+9999"), Just("UTC")],
            request in prop_oneof![
                "[A-Z]{2,5} /[a-z/?#]{0,6} HTTP/1\\.1", "[A-Z]{3} [a-z:/]{0,9}", "-", "", "\\PC{0,9}", "GET /\\\\\"x HTTP/1\\.0",
            ],
            status in prop_oneof!["[0-9]{3}", "[0-9]{2,4}", "[0-9]{3},"],
            end in prop_oneof![Just(" 7"), Just(""), Just(" 7 \"-\" \"curl | 8\"\r"), Just(" \x1b[0m"), Just(" \r7")],
        ) {
            let line = format!("{client} - {user} [{day:02}/Nov/2026:00:16:59 {zone}] \"{request}\" {status}{end}");
            let coloured = strip_colour(line.as_bytes());
            let header = parse(&coloured, &CLOCK);
            if let Some(found) = common(line.as_bytes(), &CLOCK, &mut LastStamp::default()) {
                let found = found.map(|found| (found.stamp, found.method.to_owned(), found.path.to_owned(), found.status));
                let http = header.http.as_ref();
                let nanos = header.stamp.map_or(0, |stamp| stamp.nanos);
                let expected = http.map(|http| (nanos, http.method.clone(), http.path.clone(), http.status));
                prop_assert_eq!(found, expected, "{}", line);
                if http.is_some() {
                    prop_assert_eq!((header.format, header.service, header.transport), (Format::AccessCombined, None, false));
                }
            }
        }
    }

    #[test]
    fn the_usual_layout_is_known() {
        let line = br#"203.0.113.9 - frank [23/Nov/2026:00:16:59 +0000] "GET /orders/7?x=1 HTTP/1.1" 502 150 "-" "curl/8.5""#;
        let found = common(line, &CLOCK, &mut LastStamp::default()).flatten();
        let found = found.map(|found| (found.method, found.path, found.status));
        assert_eq!(found, Some(("GET", "/orders/7", 502)));
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
