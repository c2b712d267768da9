//! Requests in layouts of their own: proxies, load balancers, web frameworks.
//!
//! In: a line, or what follows its stamp. Out: what was asked, how it was answered, how long it took and who was asked
//! in turn. Access lines in the layout of Apache and nginx are those of `access`.

use super::text::{leading_number, number, split_at_byte, trim_blanks, utf8, word};
use super::{Format, Header, access, duration};
use crate::record::Http;
use crate::record::time::{Clock, parse_prefix};

/// A request that a line states.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) format: Format,
    pub(super) http: Http,
    /// Nanoseconds.
    pub(super) duration: Option<i64>,
    pub(super) upstream: Option<&'a str>,
    pub(super) request_id: Option<&'a str>,
}

const MILLI: f64 = 1e6;
const SECOND: f64 = 1e9;

/// Longest line that is cut into words.
const LONGEST: usize = 8 * 1024;

/// What stands behind an ISO stamp: a line of IIS, or of a classic AWS load balancer.
pub(super) fn behind_stamp(rest: &[u8]) -> Option<Found<'_>> {
    let rest = rest.strip_prefix(b" ")?;
    if rest.len() > LONGEST {
        return None;
    }
    let (first, after) = word(rest);
    let (second, _) = word(after);
    if is_method(second) || (is_method(first) && second.starts_with(b"/")) {
        return iis(rest);
    }
    let has_port = second.first()?.is_ascii_digit() && second.contains(&b':');
    has_port.then(|| balancer(rest))?
}

/// `10.0.0.4 GET /orders - 443 - 203.0.113.9 Mozilla/5.0 - 500 0 0 123`. Without the `#Fields:` of the file, the status
/// is the first of the numbers at the end, and the last of them is the time taken.
fn iis(rest: &[u8]) -> Option<Found<'_>> {
    let words: Vec<_> = rest.split(|byte| *byte == b' ').collect();
    let method = words.iter().position(|word| is_method(word))?;
    let numbers = words
        .iter()
        .rev()
        .take_while(|word| number(word).is_some())
        .count();
    let status = words.len() - numbers;
    let client = words.get(method + 5).and_then(|client| utf8(client));
    (numbers >= 3 && status > method + 1).then_some(())?;
    Some(Found {
        format: Format::Iis,
        http: http(words[method], words.get(method + 1)?, words[status], client)?,
        duration: words.last().and_then(|taken| number(taken)).map(millis),
        upstream: None,
        request_id: None,
    })
}

/// As [`iis`], by the names of a `#Fields:` line.
pub(super) fn by_fields<'a>(names: &[u8], line: &'a [u8]) -> Option<Found<'a>> {
    let names: Vec<_> = names.trim_ascii().split(|byte| *byte == b' ').collect();
    let values: Vec<_> = line.split(|byte| *byte == b' ').collect();
    let get = |name: &[u8]| {
        let at = names.iter().position(|other| *other == name)?;
        values.get(at).copied().filter(|value| *value != b"-")
    };
    (names.len() == values.len()).then_some(())?;
    Some(Found {
        format: Format::Iis,
        http: http(
            get(b"cs-method")?,
            get(b"cs-uri-stem")?,
            get(b"sc-status")?,
            get(b"c-ip").and_then(utf8),
        )?,
        duration: get(b"time-taken").and_then(number).map(millis),
        upstream: None,
        request_id: None,
    })
}

/// `http 2026-11-22T07:34:50.123456Z app/web/50dc6 203.0.113.9:2817 10.0.0.1:80 0.000 0.001 0.000 502 - 34 366 "GET ..."`.
pub(super) fn aws<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let (stamp, rest) = aws_head(line, clock)?;
    let found = balancer(rest)?;
    Some(Header {
        stamp: Some(stamp),
        http: Some(found.http),
        starts_record: true,
        ..Header::new(Format::AwsElb, line)
    })
}

/// What stands behind the stamp of a line of an application load balancer.
pub(super) fn aws_head<'a>(line: &'a [u8], clock: &Clock) -> Option<(crate::record::time::Stamp, &'a [u8])> {
    let (kind, rest) = word(line);
    if !matches!(kind, b"http" | b"https" | b"h2" | b"grpcs" | b"ws" | b"wss") || line.len() > LONGEST {
        return None;
    }
    let (stamp, len) = parse_prefix(rest, clock)?;
    Some((stamp, rest.get(len..)?.strip_prefix(b" ")?))
}

/// `balancer client:port target:port seconds seconds seconds status target-status received sent "request" ...`.
pub(super) fn balancer(rest: &[u8]) -> Option<Found<'_>> {
    let (head, quoted) = split_at_byte(rest, b'"')?;
    let words: Vec<_> = head.split(|byte| *byte == b' ').collect();
    let [_, client, target, times @ .., status, _, received, sent, b""] = &*words else {
        return None;
    };
    number(received)?;
    number(sent)?;
    let [_, _, _] = times else {
        return None;
    };
    let mut seconds = 0.0;
    for time in times {
        // -1 where the connection broke before.
        seconds += utf8(time)?.parse::<f64>().ok()?.max(0.0);
    }
    let (request, after) = split_at_byte(quoted, b'"')?;
    let (method, path) = access::request_line(utf8(request)?)?;
    let trace = memchr::memmem::find(after, b"\"Root=")
        .and_then(|at| split_at_byte(after.get(at + 1..)?, b'"'))
        .and_then(|(trace, _)| utf8(trace));
    Some(Found {
        format: Format::AwsElb,
        http: http(
            method.as_bytes(),
            path.as_bytes(),
            status,
            utf8(access::without_port(client)),
        )?,
        duration: duration::nanos(seconds, SECOND),
        upstream: utf8(target).filter(|target| *target != "-"),
        request_id: trace,
    })
}

/// `1795848312.398      0 127.0.0.1 TCP_MISS/503 3436 GET http://127.0.0.1:18999/x - HIER_DIRECT/127.0.0.1 text/html`.
pub(super) fn squid<'a>(header: Header<'a>, rest: &[u8]) -> Header<'a> {
    match squid_request(rest) {
        Some(found) => Header {
            format: Format::Squid,
            http: Some(found.http),
            ..header
        },
        None => Header {
            level: super::tail::tail(rest).level,
            ..header
        },
    }
}

/// The request behind the stamp of a line of Squid.
pub(super) fn squid_request(rest: &[u8]) -> Option<Found<'_>> {
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let elapsed = number(words.next()?)?;
    let (client, result) = (words.next()?, words.next()?);
    let (_, status) = split_at_byte(result, b'/')?;
    number(words.next()?)?;
    let (method, url) = (words.next()?, words.next()?);
    let (_, peer) = split_at_byte(words.nth(1)?, b'/')?;
    Some(Found {
        format: Format::Squid,
        http: http(method, url, status, utf8(client))?,
        duration: Some(millis(elapsed)),
        upstream: utf8(peer).filter(|peer| *peer != "-"),
        request_id: None,
    })
}

/// What stands behind client and stamp in a line of HAProxy: `web app/a1 0/-1/-1/-1/0 503 217 - - SC-- 1/1/0/0/0 0/0 "GET
/// /orders HTTP/1.1"`. A connection that is no request has no status.
pub(super) fn haproxy<'a>(rest: &'a [u8], client: &[u8]) -> Option<Option<Found<'a>>> {
    let mut words = rest.split(|byte| *byte == b' ');
    let (_frontend, server, timers) = (words.next()?, words.next()?, words.next()?);
    let (_, name) = split_at_byte(server, b'/')?;
    let is_timer = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'/' | b'-' | b'+');
    (timers.contains(&b'/') && timers.iter().all(is_timer)).then_some(())?;
    let total = timers.rsplit(|byte| *byte == b'/').next()?;
    let total = number(total.strip_prefix(b"+").unwrap_or(total));
    let mut request = || {
        let status = words.next()?;
        let (_, quoted) = split_at_byte(rest, b'"')?;
        let (request, _) = split_at_byte(quoted, b'"')?;
        let (method, path) = access::request_line(utf8(request)?).unwrap_or(("-", "-"));
        Some(Found {
            format: Format::HaProxy,
            http: http(method.as_bytes(), path.as_bytes(), status, utf8(client))?,
            duration: total.map(millis),
            upstream: utf8(name).filter(|name| *name != "<NOSRV>"),
            request_id: None,
        })
    };
    Some(request())
}

/// What stands behind the stamp in brackets: `"GET /orders HTTP/1.1" 503 UF 0 91 12 - "-" "curl/8" "id" "host"
/// "10.0.0.1:8080"` of Envoy, `"GET /orders HTTP/1.1" 500 145` of Django's own server.
pub(super) fn quoted(rest: &[u8], is_envoy: bool) -> Option<Found<'_>> {
    let quoted = rest.strip_prefix(b" \"")?;
    let http = access::request(quoted, b"-")?;
    if !is_envoy {
        return Some(Found {
            format: Format::AccessCombined,
            http,
            duration: None,
            upstream: None,
            request_id: None,
        });
    }
    let (_, after) = split_at_byte(quoted, b'"')?;
    let texts: Vec<_> = after.split(|byte| *byte == b'"').skip(1).step_by(2).collect();
    let words: Vec<_> = after
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .collect();
    // Bytes received, bytes sent, milliseconds.
    let taken = words
        .windows(3)
        .skip(1)
        .find_map(|three| number(three[0]).and(number(three[1])).and(number(three[2])));
    let stated = |back: usize| {
        let text = texts.len().checked_sub(back).and_then(|at| texts.get(at))?;
        utf8(text).filter(|text| *text != "-")
    };
    Some(Found {
        format: Format::Envoy,
        http,
        duration: taken.map(millis),
        upstream: stated(1),
        request_id: stated(3),
    })
}

/// What stands behind `[GIN]` and the stamp: `| 500 |    12.3ms |   203.0.113.9 | GET      "/orders"`.
pub(super) fn gin(rest: &[u8]) -> Option<Found<'_>> {
    let mut columns = rest.split(|byte| *byte == b'|').skip(1).map(<[u8]>::trim_ascii);
    let (status, taken, client) = (columns.next()?, columns.next()?, columns.next()?);
    let (method, path) = word(columns.next()?);
    let path = path.trim_ascii().strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    Some(Found {
        format: Format::Gin,
        http: http(method, path, status, utf8(client))?,
        duration: utf8(taken).and_then(duration::parse),
        upstream: None,
        request_id: None,
    })
}

/// `GET /orders 503 2.426 ms - 1` and the like of morgan, `GET /orders 500 in 12ms` of Next.js.
pub(super) fn plain(line: &[u8]) -> Option<Found<'_>> {
    let (method, rest) = word(line);
    if !is_method(method) {
        return None;
    }
    let (target, rest) = word(rest);
    let rest = rest.strip_prefix(b"HTTP/1.1 ").unwrap_or(rest);
    let (status, rest) = word(rest);
    let text = utf8(rest)?;
    let taken = match text.strip_prefix("in ") {
        Some(taken) => taken.split(" (").next()?,
        // Length and time, in either order.
        None => text.split(" - ").find(|part| part.ends_with(" ms"))?,
    };
    Some(Found {
        format: Format::AccessCombined,
        http: http(method, target, status, None)?,
        duration: Some(duration::parse(taken)?),
        upstream: None,
        request_id: None,
    })
}

/// `Started GET "/orders" for 203.0.113.9 at 2026-11-22 07:34:50 +0000` and what follows of it in Rails.
pub(super) fn rails<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let header = Header {
        starts_record: true,
        ..Header::new(Format::Rails, line)
    };
    if line.starts_with(b"Started ") {
        const STAMP: &[u8] = b" at ";
        let at = memchr::memmem::rfind(line, STAMP)? + STAMP.len();
        let (stamp, _) = parse_prefix(line.get(at..)?, clock)?;
        return Some(Header {
            stamp: Some(stamp),
            ..header
        });
    }
    let http = rails_answer(line)?;
    Some(Header {
        http: Some(http),
        ..header
    })
}

/// What `Completed 500 Internal Server Error in 12ms` says: which request that was, another line does.
pub(super) fn rails_answer(message: &[u8]) -> Option<Http> {
    rails_completed(message)?;
    let (status, _) = word(message.strip_prefix(b"Completed ")?);
    http(b"-", b"-", status, None)
}

/// The nanoseconds of `Completed 500 Internal Server Error in 12ms (ActiveRecord: 0.0ms)`.
pub(super) fn rails_completed(message: &[u8]) -> Option<i64> {
    let (status, rest) = word(message.strip_prefix(b"Completed ")?);
    number(status)?;
    let at = memchr::memmem::rfind(rest, b" in ")? + 4;
    let (taken, _) = word(rest.get(at..)?);
    duration::parse(utf8(taken)?)
}

/// `5m12s       Warning   BackOff   pod/api-7d9f   Back-off restarting failed container` of `kubectl get events`.
pub(super) fn kubernetes_event(line: &[u8]) -> Option<Header<'_>> {
    use crate::record::Level;
    let (age, rest) = word(line);
    let (amount, unit) = leading_number(age)?;
    if amount == 0 || !matches!(unit, [b's' | b'm' | b'h' | b'd', ..]) {
        return None;
    }
    let (kind, rest) = word(trim_blanks(rest));
    let level = match kind {
        b"Normal" => Level::Info,
        b"Warning" => Level::Warning,
        _ => return None,
    };
    let (_reason, rest) = word(trim_blanks(rest));
    let (object, _) = word(trim_blanks(rest));
    object.contains(&b'/').then(|| Header {
        level: Some(level),
        starts_record: true,
        ..Header::new(Format::KubernetesEvents, line)
    })
}

fn is_method(word: &[u8]) -> bool {
    matches!(
        word,
        b"GET" | b"POST" | b"PUT" | b"DELETE" | b"HEAD" | b"PATCH" | b"OPTIONS" | b"CONNECT" | b"TRACE"
    )
}

fn http(method: &[u8], target: &[u8], status: &[u8], client: Option<&str>) -> Option<Http> {
    let status = number(status).and_then(|status| u16::try_from(status).ok())?;
    (status <= 999).then_some(())?;
    Some(Http {
        method: utf8(method)?.to_owned(),
        path: access::path_of(utf8(target)?).to_owned(),
        status,
        client: client.map(str::to_owned),
    })
}

fn millis(count: u32) -> i64 {
    i64::from(count) * MILLI as i64
}
