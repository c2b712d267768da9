//! Access lines: one request, one line.
//!
//! In: a line or message that may be one. Out: the request, and the stamp in its brackets.

use memchr::memchr;

use super::text::{number, utf8};
use super::{Format, Header};
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
    let open = memchr(b'"', rest.get(..LONGEST_MIDDLE).unwrap_or(rest))?;
    let stamp = bracketed_stamp(rest.get(..open)?, clock)?;
    let http = request(rest.get(open + 1..)?, without_port(client))?;
    let header = Header::new(Format::AccessCombined, line);
    Some(Header { stamp: Some(stamp), http: Some(http), starts_record: true, ..header })
}

/// `127.0.0.1:60464 - "GET /bt HTTP/1.1" 200 OK`: the message of uvicorn.
pub(super) fn uvicorn(message: &[u8]) -> Option<Http> {
    let (client, rest) = client(message)?;
    request(rest.strip_prefix(b"- \"")?, before_last_colon(client))
}

/// `GET /p?q`, `GET /p?q HTTP/1.1` or anything that a client may send, and no status.
pub(super) fn request_line(text: &str) -> Option<(&str, &str)> {
    let mut words = text.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let is_method = (3..=20).contains(&method.len()) && method.bytes().all(|byte| byte.is_ascii_uppercase());
    is_method.then(|| (method, path_of(target)))
}

/// The path of a URL or request target, without its query.
pub(super) fn path_of(target: &str) -> &str {
    let target = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => rest.find('/').map_or("/", |at| rest.get(at..).unwrap_or("/")),
        _ => target,
    };
    target.split(['?', '#']).next().unwrap_or(target)
}

/// The first word, if it may be a client; behind the virtual host, if there is one.
fn client(line: &[u8]) -> Option<(&[u8], &[u8])> {
    const LONGEST: usize = 256;
    let at = memchr(b' ', line.get(..LONGEST).unwrap_or(line))?;
    let (first, rest) = (line.get(..at)?, line.get(at + 1..)?);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'-' | b'_' | b'%');
    if first.is_empty() || !first.iter().all(is_name) {
        return None;
    }
    let has_port = first.iter().rev().take_while(|byte| byte.is_ascii_digit()).count() > 0 && first.contains(&b':');
    if has_port && rest.first()?.is_ascii_hexdigit() {
        return client(rest);
    }
    Some((first, rest))
}

/// The stamp in the last brackets before the request.
fn bracketed_stamp(middle: &[u8], clock: &Clock) -> Option<Stamp> {
    let inside = middle.strip_suffix(b"] ")?;
    let open = inside.iter().rposition(|byte| *byte == b'[')?;
    let inside = inside.get(open + 1..)?;
    let (stamp, len) = parse_prefix(inside, clock)?;
    (len == inside.len()).then_some(stamp)
}

/// `GET /p HTTP/1.1" 200 ...`: the request up to its quote, and the status behind it.
fn request(rest: &[u8], client: &[u8]) -> Option<Http> {
    let close = closing_quote(rest)?;
    let (status, after) = rest.get(close..)?.strip_prefix(b"\" ")?.split_at_checked(3)?;
    if after.first().is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b',') {
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
fn without_port(client: &[u8]) -> &[u8] {
    if client.iter().filter(|byte| **byte == b':').count() == 1 { before_last_colon(client) } else { client }
}

fn before_last_colon(client: &[u8]) -> &[u8] {
    let at = client.iter().rposition(|byte| *byte == b':').unwrap_or(client.len());
    client.get(..at).unwrap_or(client)
}
