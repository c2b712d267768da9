//! Transports: prefixes that something other than the program put in front of its line.
//!
//! In: a line that is not JSON. Out: a [`Header`] with `transport` set and the rest of the line as
//! its body, or nothing if no transport wrote this line.

use std::borrow::Cow;

use super::tail::parenthesised;
use super::text::{bracketed, leading_number, number, split_at_byte, utf8, word};
use super::{Format, Header, Stream, ci, level};
use crate::record::time::{Clock, Stamp, parse_prefix};

/// The outermost transport of a line.
pub(super) fn read<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    match line.first()? {
        b'<' => with_priority(line, clock),
        b'0'..=b'9' => digits_first(line, clock).or_else(|| compose(line)),
        b'J' | b'F' | b'M' | b'A' | b'S' | b'O' | b'N' | b'D' | b'T' | b'W' => {
            syslog(line, clock).or_else(|| compose(line))
        }
        b'[' => ci::jenkins(line, clock)
            .or_else(|| pod(line))
            .or_else(|| monotonic(line)),
        b's' => ci::section(line, clock).or_else(|| compose(line)),
        b'#' => ci::hashes(line),
        b':' => ci::colons(line),
        0x1b => ci::buildkite(line, clock),
        byte if is_name_byte(*byte) => compose(line),
        _ => None,
    }
}

/// Who wrote a line, where several containers share a stream: what `docker compose logs`, `docker service logs` and
/// `kubectl logs --prefix` put in front of it.
pub(crate) fn container_prefix(line: &[u8]) -> Option<&[u8]> {
    let header = match line.first()? {
        b'[' => pod(line),
        byte if is_name_byte(*byte) => compose(line),
        _ => None,
    }?;
    line.get(..line.len() - header.body.len())
        .map(<[u8]>::trim_ascii_end)
}

/// `<34>` in front of either syslog form.
fn with_priority<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let (priority, rest) = leading_number(line.strip_prefix(b"<")?)?;
    let rest = rest.strip_prefix(b">")?;
    let mut header = syslog_5424(rest, clock).or_else(|| syslog(rest, clock))?;
    header.level = (priority <= 191).then(|| level::from_priority(priority));
    Some(header)
}

fn digits_first<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    if line.starts_with(b"1 ") {
        return syslog_5424(line, clock);
    }
    if line.get(10) == Some(&b' ') {
        return macos(line, clock);
    }
    // Transports write `2026-11-22T07:26:41...` or `1795331755.075930`; other stamps are the program's.
    if !matches!(line.get(10)?, b'T' | b'.') {
        return None;
    }
    let (stamp, len) = parse_prefix(line, clock)?;
    let rest = line.get(len..)?;
    let rest = rest
        .strip_prefix(b" ")
        .or_else(|| rest.is_empty().then_some(rest))?;
    let written = line.get(..len)?;
    let found = container(rest)
        .or_else(|| heroku(rest))
        .or_else(|| ci::gitlab(rest))
        .or_else(|| is_fixed_nanos(written).then(|| transport(Format::Stamped, rest)))
        .or_else(|| iso_syslog(written, rest))
        .or_else(|| is_fixed_nanos_elsewhere(written).then(|| transport(Format::Stamped, rest)))?;
    Some(Header {
        stamp: Some(stamp),
        ..found
    })
}

/// `stdout F message` behind the stamp of a Kubernetes container log.
fn container(rest: &[u8]) -> Option<Header<'_>> {
    let (stream, message) = word(rest);
    if !matches!(stream, b"stdout" | b"stderr") {
        return None;
    }
    let (tags, message) = word(message);
    matches!(tags, [b'F' | b'P'] | [b'F' | b'P', b':', ..]).then(|| Header {
        stream: Stream::named(stream),
        ..transport(Format::Cri, message)
    })
}

/// `app[web.1]: message`, `heroku[router]: message` behind the stamp of `heroku logs`: a dyno is a service.
fn heroku(rest: &[u8]) -> Option<Header<'_>> {
    let rest = rest
        .strip_prefix(b"app")
        .or_else(|| rest.strip_prefix(b"heroku"))?;
    let (dyno, rest) = bracketed(rest)?;
    let rest = rest.strip_prefix(b":")?;
    let message = rest.strip_prefix(b" ").unwrap_or(rest);
    Some(Header {
        service: Some(Cow::Borrowed(utf8(dyno)?)),
        ..transport(Format::Stamped, message)
    })
}

/// `2026-11-22 07:34:50.123456+0100  localhost kernel[0]: message` of `log show --style syslog`.
fn macos<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    const STAMP: usize = "2026-11-22 07:34:50.123456+0100".len();
    let rest = line.get(STAMP..)?.strip_prefix(b"  ")?;
    let (stamp, _) = parse_prefix(line, clock).filter(|(_, len)| *len == STAMP)?;
    Some(Header {
        stamp: Some(stamp),
        ..host_and_ident(Format::JournalIso, rest)?
    })
}

/// `[pod/api-7d9f/app] message` of `kubectl logs --prefix`: a pod is a host, its container a service.
fn pod(line: &[u8]) -> Option<Header<'_>> {
    let (names, message) = bracketed(line)?;
    let (pod, container) = split_at_byte(names.strip_prefix(b"pod/")?, b'/')?;
    let message = message
        .strip_prefix(b" ")
        .or_else(|| message.is_empty().then_some(message))?;
    Some(Header {
        host: Some(utf8(pod)?),
        service: Some(Cow::Borrowed(utf8(container)?)),
        ..transport(Format::Plain, message)
    })
}

/// `[   12.345678] host ident[123]: message` of `journalctl -o short-monotonic`. The kernel's own ring
/// buffer has such stamps, too, but names neither host nor process.
fn monotonic(line: &[u8]) -> Option<Header<'_>> {
    let (inside, rest) = bracketed(line)?;
    let (seconds, micros) = split_at_byte(inside, b'.')?;
    number(seconds.trim_ascii_start())?;
    number(micros).filter(|_| micros.len() == 6)?;
    let header = host_and_ident(Format::JournalIso, rest.strip_prefix(b" ")?)?;
    (header.pid.is_some() || header.service.as_deref() == Some("kernel")).then_some(header)
}

/// Whether a stamp is spelled as `kubectl logs --timestamps` does where the node's clock is not in UTC.
fn is_fixed_nanos_elsewhere(stamp: &[u8]) -> bool {
    const OFFSET: usize = "2026-11-22T07:00:00.123456789+02:00".len();
    stamp.len() == OFFSET && stamp.get(10) == Some(&b'T') && stamp.get(19) == Some(&b'.')
}

/// Whether a stamp is spelled as only `kubectl logs --timestamps`, docker and GitHub Actions do.
fn is_fixed_nanos(stamp: &[u8]) -> bool {
    const SEVEN_DIGITS: usize = "2026-11-22T07:00:00.1234567Z".len();
    const NINE_DIGITS: usize = "2026-11-22T07:00:00.123456789Z".len();
    matches!(stamp.len(), SEVEN_DIGITS | NINE_DIGITS) && stamp.get(10) == Some(&b'T') && stamp.ends_with(b"Z")
}

/// `host ident[123]: message` behind an ISO stamp.
///
/// Programs print words behind such stamps, too; so the zone must be an offset, or the process stated.
fn iso_syslog<'a>(stamp: &[u8], rest: &'a [u8]) -> Option<Header<'a>> {
    let is_iso = stamp.get(10) == Some(&b'T');
    let is_epoch = stamp.first() == Some(&b'1') && stamp.get(10) == Some(&b'.');
    if !is_iso && !is_epoch {
        return None;
    }
    let header = host_and_ident(Format::JournalIso, rest)?;
    (is_epoch || !stamp.ends_with(b"Z") || header.pid.is_some()).then_some(header)
}

/// `Nov 22 07:26:41 host ident[123]: message`, also with a weekday (`journalctl -o short-full`).
fn syslog<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    if line.first()?.is_ascii_digit() {
        return digits_first(line, clock).filter(|header| header.format == Format::JournalIso);
    }
    let (stamp, len) = parse_prefix(line, clock)?;
    let rest = line.get(len..)?;
    // Cisco devices end the stamp with a colon.
    let rest = rest.strip_prefix(b":").unwrap_or(rest).strip_prefix(b" ")?;
    // `Sun 2026-11-22 07:26:41 UTC` of `journalctl -o short-full`.
    let is_iso = line.get(4).is_some_and(u8::is_ascii_digit) && line.get(8) == Some(&b'-');
    let format = if is_iso {
        Format::JournalIso
    } else {
        Format::Syslog3164
    };
    let header = host_and_ident(format, rest).or_else(|| repeated(rest))?;
    Some(Header {
        stamp: Some(stamp),
        ..header
    })
}

/// `host last message repeated 3 times`, which has no identifier.
fn repeated(rest: &[u8]) -> Option<Header<'_>> {
    let (host, message) = word(rest);
    if !message.starts_with(b"last message repeated ") {
        return None;
    }
    Some(Header {
        host: utf8(host),
        ..transport(Format::Syslog3164, message)
    })
}

/// `host ident[123]: message`, `host ident: message`.
fn host_and_ident(format: Format, rest: &[u8]) -> Option<Header<'_>> {
    const LONGEST_IDENT: usize = 128;
    let (host, rest) = word(rest);
    let is_host = host
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':'));
    if host.is_empty() || host.ends_with(b":") || !is_host || level::from_word(host).is_some() {
        return None;
    }
    let len = rest
        .iter()
        .take(LONGEST_IDENT)
        .position(|byte| matches!(byte, b'[' | b':' | b' ' | b'\n'))?;
    let (ident, rest) = rest.split_at_checked(len)?;
    let (pid, rest) = match bracketed(rest) {
        Some((pid, rest)) => (number(pid), rest),
        None => (None, rest),
    };
    // macOS adds `(com.example.job[123])`, the job that the line is about.
    let rest = match rest.strip_prefix(b" ").and_then(parenthesised) {
        Some((_, rest)) if pid.is_some() => rest,
        _ => rest,
    };
    let rest = rest.strip_prefix(b":")?;
    let message = rest
        .strip_prefix(b" ")
        .or_else(|| rest.is_empty().then_some(rest))?;
    Some(Header {
        host: utf8(host),
        service: Some(Cow::Borrowed(utf8(ident)?)),
        pid,
        ..transport(format, message)
    })
}

/// `1 2026-11-22T07:26:41Z host app 123 ID47 [sd] message`.
fn syslog_5424<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let (stamp, rest) = word(line.strip_prefix(b"1 ")?);
    let stamp = match stamp {
        b"-" => None,
        _ => Some(whole_stamp(stamp, clock)?),
    };
    let (host, rest) = word(rest);
    let (app, rest) = word(rest);
    let (process, rest) = word(rest);
    let (_message_id, rest) = word(rest);
    let message = skip_structured_data(rest)?;
    let stated = |field| utf8(field).filter(|text| *text != "-");
    Some(Header {
        stamp,
        host: stated(host),
        service: stated(app).map(Cow::Borrowed),
        pid: number(process),
        ..transport(
            Format::Syslog5424,
            message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message),
        )
    })
}

fn whole_stamp(bytes: &[u8], clock: &Clock) -> Option<Stamp> {
    let (stamp, len) = parse_prefix(bytes, clock)?;
    (len == bytes.len()).then_some(stamp)
}

/// What follows `-` or any number of `[id name="value"]`.
fn skip_structured_data(rest: &[u8]) -> Option<&[u8]> {
    let mut rest = match rest.strip_prefix(b"-") {
        Some(rest) => rest,
        None => skip_element(rest)?,
    };
    while rest.first() == Some(&b'[') {
        rest = skip_element(rest)?;
    }
    rest.strip_prefix(b" ")
        .or_else(|| rest.is_empty().then_some(rest))
}

/// What follows one `[id name="value"]`; in a value `\` escapes.
fn skip_element(bytes: &[u8]) -> Option<&[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, &byte) in bytes.strip_prefix(b"[")?.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return bytes.get(at + 2..),
            _ => {}
        }
    }
    None
}

/// `api-1  | message`, `web (stderr) | message`.
fn compose(line: &[u8]) -> Option<Header<'_>> {
    const LONGEST_NAME: usize = 128;
    let len = line
        .iter()
        .take(LONGEST_NAME)
        .take_while(|byte| is_name_byte(**byte))
        .count();
    let (name, rest) = line.split_at_checked(len)?;
    // `docker service logs` adds the node: `api.1.x7f2@node1    | message`.
    let (name, rest) = match rest.strip_prefix(b"@") {
        Some(node) => {
            let len = node
                .iter()
                .take(LONGEST_NAME)
                .take_while(|byte| is_name_byte(**byte))
                .count();
            (name, node.get(len..)?)
        }
        None => (name, rest),
    };
    let (rest, named_stream) = match rest
        .strip_prefix(b" (stderr)")
        .or_else(|| rest.strip_prefix(b" (stdout)"))
    {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    let message = rest.get(blanks..)?.strip_prefix(b"|")?;
    // One blank is also how a table looks, unless the name is that of a replica.
    if blanks == 0 || (blanks == 1 && !named_stream && !is_replica(name)) {
        return None;
    }
    let message = message
        .strip_prefix(b" ")
        .or_else(|| message.is_empty().then_some(message))?;
    Some(Header {
        service: Some(Cow::Borrowed(utf8(name)?)),
        ..transport(Format::DockerCompose, message)
    })
}

/// `api-1`, `api_1`, `web.1`.
fn is_replica(name: &[u8]) -> bool {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let separator = name.len().checked_sub(digits + 1).and_then(|at| name.get(at));
    digits > 0 && matches!(separator, Some(b'-' | b'_' | b'.'))
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

fn transport(format: Format, message: &[u8]) -> Header<'_> {
    Header {
        transport: true,
        ..Header::new(format, message)
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn syslog_names_host_program_and_process() {
        for line in [
            "Nov 22 07:15:55 vm b[15]: plain message 531",
            "Nov 22 07:15:55.075930 vm b[15]: plain message 531",
            "2026-11-22T07:15:55+0000 vm b[15]: plain message 531",
            "2026-11-22T07:15:55Z vm b[15]: plain message 531",
            "Sun 2026-11-22 07:15:55 UTC vm b[15]: plain message 531",
            "1795331755.075930 vm b[15]: plain message 531",
            "<29>Nov 22 07:15:55 vm b[15]: plain message 531",
            "<29>1 2026-11-22T07:15:55Z vm b 15 - - plain message 531",
            "1 2026-11-22T07:15:55Z vm b 15 - - plain message 531",
        ] {
            let header = read(line);
            assert_eq!(
                (header.service.as_deref(), header.host, header.pid),
                (Some("b"), Some("vm"), Some(15)),
                "{line}"
            );
            assert_eq!(body(&header), "plain message 531", "{line}");
            assert!(header.transport && !header.starts_record, "{line}");
            assert!(
                header
                    .stamp
                    .is_some_and(|stamp| format_utc(stamp.nanos).starts_with("2026-11-22T07:15:55")),
                "{line}"
            );
        }
    }

    #[test]
    fn odd_identifiers_are_read() {
        let header = read("2026-11-23T00:25:01.070735+00:00 shop-web-1 CRON[196]: (www-data) CMD (x)");
        assert_eq!(
            (header.service.as_deref(), body(&header)),
            (Some("CRON"), "(www-data) CMD (x)")
        );
        let header = read("Nov 22 07:15:55 vm kernel: [12345.678901] Out of memory: Killed process 7");
        assert_eq!((header.service.as_deref(), header.pid), (Some("kernel"), None));
        let header = read("Nov 22 07:15:55 vm postfix/smtpd[7]: connect from unknown");
        assert_eq!(header.service.as_deref(), Some("postfix/smtpd"));
        let header = read("Nov 22 07:15:55 vm api[15]:");
        assert_eq!((header.service.as_deref(), body(&header)), (Some("api"), ""));
        let header = read("Nov 22 07:15:55 vm last message repeated 3 times");
        assert_eq!((header.service, header.host), (None, Some("vm")));
    }

    #[test]
    fn words_behind_a_stamp_are_not_a_host() {
        for line in [
            "2026-11-22T07:31:34.123456Z ERROR my_crate: listen failed",
            "2026-11-22T07:31:34Z worker queue: 5 jobs",
            "Nov 22 07:31:34 ERROR my_crate: listen failed",
            "2026-11-22 07:31:34 vm api[15]: message",
            "Nov 22 07:31:34 nothing of syslog",
        ] {
            let header = read(line);
            assert!(!header.transport && header.starts_record, "{line}");
            assert!(matches!(header.format, Format::Dated | Format::Tracing), "{line}");
            assert_eq!(header.host, None, "{line}");
        }
    }

    #[test]
    fn the_programs_own_level_counts_more_than_the_priority() {
        assert_eq!(
            read("<30>Nov 22 07:15:55 vm api[15]: started").level,
            Some(Level::Info)
        );
        assert_eq!(
            read("<30>Nov 22 07:15:55 vm api[15]: ERROR:    boom").level,
            Some(Level::Error)
        );
        assert_eq!(read("<999>Nov 22 07:15:55 vm api[15]: x").level, None);
    }

    #[test]
    fn structured_data_is_passed_over() {
        let line = "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 \
                    [exampleSDID@32473 iut=\"3\" eventSource=\"a \\\"]\\\" b\"][examplePriority@32473 class=\"high\"] \
                    \u{feff}An application event log entry...";
        let header = read(line);
        assert_eq!((header.service.as_deref(), header.pid), (Some("evntslog"), None));
        assert_eq!(body(&header), "An application event log entry...");
        assert_eq!(read("<34>1 - - - - - -").format, Format::Syslog5424);
        assert!(!read("<34>1 - - - - - [open").transport);
    }

    #[test]
    fn containers_and_ci_put_a_stamp_in_front() {
        let header = read("2025-11-22T07:00:00.123456789Z stderr F Traceback (most recent call last):");
        assert_eq!(
            (header.format, body(&header)),
            (Format::Cri, "Traceback (most recent call last):")
        );
        let header = read("2025-11-22T07:00:00.123456789Z   File \"/srv/app/bg.py\", line 5, in fire");
        assert_eq!(body(&header), "  File \"/srv/app/bg.py\", line 5, in fire");
        assert_eq!(body(&read("2025-11-22T07:00:00.1234567Z ")), "");
        assert!(!read("2025-11-22T07:00:00.123456Z six digits are a program's own").transport);
        assert!(!read("2025-11-22 07:00:00.1234567 no T and no Z").transport);
    }

    #[test]
    fn compose_prefixes_are_told_from_tables() {
        for (line, service, message) in [
            (
                "api-1  | Traceback (most recent call last):",
                "api-1",
                "Traceback (most recent call last):",
            ),
            (
                "api-1  |   File \"/srv/app/bg.py\", line 5, in fire",
                "api-1",
                "  File \"/srv/app/bg.py\", line 5, in fire",
            ),
            (
                "redis          | 1:M 22 Nov 2026 07:34:53.431 * Ready",
                "redis",
                "1:M 22 Nov 2026 07:34:53.431 * Ready",
            ),
            (
                "marzneshin-1 | (trapped) error reading bcrypt version",
                "marzneshin-1",
                "(trapped) error reading bcrypt version",
            ),
            ("web (stderr) | boom", "web", "boom"),
            ("db_1   |", "db_1", ""),
        ] {
            let header = read(line);
            assert_eq!(
                (header.service.as_deref(), body(&header)),
                (Some(service), message),
                "{line}"
            );
            assert!(header.transport, "{line}");
        }
        for line in ["name | value", "a || b", "a|b", "name  |value", "foo bar  | baz"] {
            assert!(!read(line).transport, "{line}");
        }
        assert_eq!(
            read("redis  | 1:M 22 Nov 2026 07:34:53.431 * Ready").format,
            Format::Redis
        );
    }
}
