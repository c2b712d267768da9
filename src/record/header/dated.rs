//! Lines that begin with a time stamp.
//!
//! In: a line that no transport wraps. Out: its stamp, and what stands between the stamp and the
//! message: process, level, and by both the program that prints them so.

use super::layout::{self, layout};
use super::program::uvicorn_message;
use super::tail::tail;
use super::text::{leading_number, split_at_byte, trim_blanks};
use super::{Format, Header, access, database, request, system};
use crate::record::time::{Clock, Stamp, Zone, parse_prefix};
use crate::record::{Level, TimeQuality};

/// The header of a line that begins with a stamp.
pub(super) fn read<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let (stamp, len) = parse_prefix(line, clock)?;
    let (written, rest) = line.split_at_checked(len)?;
    let header = Header {
        stamp: Some(stamp),
        starts_record: true,
        ..Header::new(Format::Dated, line)
    };
    let header = match written {
        [b'I' | b'W' | b'E' | b'F', b'0'..=b'2', ..] => klog(header, line, rest),
        [.., b'0'..=b'9'] if rest.starts_with(b": ") && len == 10 => mosquitto(header, rest),
        [b'1', .., b'0'..=b'9'] if !written.contains(&b'-') && written.contains(&b'.') => {
            request::squid(header, rest)
        }
        [_, _, _, _, b'/', ..] => slashed(header, rest),
        [_, _, b'-', _, _, b' ', ..] => system::logcat(header, rest),
        _ => general(header, written, rest),
    };
    match header.format {
        // Its clock is UTC, whatever the machine's.
        Format::Iis => Some(Header {
            stamp: in_utc(line, clock),
            ..header
        }),
        _ => Some(header),
    }
}

fn in_utc(line: &[u8], clock: &Clock) -> Option<Stamp> {
    let (stamp, _) = parse_prefix(line, &Clock::new(Zone::Utc, clock.reference))?;
    Some(Stamp {
        quality: TimeQuality::Written,
        ..stamp
    })
}

/// `I1122 07:34:50.123456   12345 file.go:12] message`.
fn klog<'a>(header: Header<'a>, line: &[u8], rest: &[u8]) -> Header<'a> {
    let level = match line.first() {
        Some(b'I') => Level::Info,
        Some(b'W') => Level::Warning,
        Some(b'E') => Level::Error,
        _ => Level::Critical,
    };
    let pid = leading_number(trim_blanks(rest)).map(|(pid, _)| pid);
    Header {
        format: Format::Klog,
        level: Some(level),
        pid,
        ..header
    }
}

/// `1795332703: message`.
fn mosquitto<'a>(header: Header<'a>, rest: &[u8]) -> Header<'a> {
    let level = match rest.get(2..) {
        Some(message) if message.starts_with(b"Error:") => Some(Level::Error),
        Some(message) if message.starts_with(b"Warning:") => Some(Level::Warning),
        _ => None,
    };
    Header {
        format: Format::Mosquitto,
        level,
        ..header
    }
}

/// `2026/11/22 07:31:34 [error] 1#1: *3 message` of nginx, `2026/11/22 07:31:34| message` of Squid; Go's log package has
/// the same stamp.
fn slashed<'a>(header: Header<'a>, rest: &[u8]) -> Header<'a> {
    if let Some(message) = rest.strip_prefix(b"| ") {
        return Header {
            format: Format::Squid,
            level: split_at_byte(message, b':').and_then(|(word, _)| super::level::from_capitals(word)),
            ..header
        };
    }
    let tail = tail(rest);
    let process = leading_number(trim_blanks(tail.rest));
    match process {
        Some((pid, after)) if tail.in_brackets && after.starts_with(b"#") => Header {
            format: Format::NginxError,
            level: tail.level,
            pid: Some(pid),
            ..header
        },
        _ => Header {
            format: Format::Go,
            level: tail.level,
            pid: tail.pid,
            ..header
        },
    }
}

/// Everything else: the layout is known by what follows the stamp.
fn general<'a>(header: Header<'a>, written: &[u8], rest: &'a [u8]) -> Header<'a> {
    let blanks = trim_blanks(rest);
    if let Some(message) = uvicorn_message(blanks) {
        let level = tail(rest).level;
        return Header {
            format: Format::Uvicorn,
            level,
            http: access::uvicorn(message),
            ..header
        };
    }
    if let Some((format, pid, level)) = database::read(written, rest) {
        return Header {
            format,
            level,
            pid: pid.or(header.pid),
            ..header
        };
    }
    if let Some(found) = request::behind_stamp(rest) {
        return Header {
            format: found.format,
            http: Some(found.http),
            ..header
        };
    }
    if let Some(found) = layout::by_first_token(written, rest) {
        return Header {
            format: found.format,
            level: found.level,
            pid: found.pid,
            service: found.service.map(std::borrow::Cow::Borrowed),
            ..header
        };
    }
    let tail = tail(rest);
    Header {
        format: layout(written, &tail),
        level: tail.level,
        pid: tail.pid,
        ..header
    }
}

#[cfg(test)]
mod tests {
    use crate::record::Level;
    use crate::record::header::{Format, parse};
    use crate::record::time::{Clock, Zone};

    const CLOCK: Clock = Clock::new(Zone::Utc, 1_795_334_400_000_000_000);

    /// Format, level and process of a line.
    fn read(line: &str) -> (Format, Option<Level>, Option<u32>) {
        let header = parse(line.as_bytes(), &CLOCK);
        assert!(header.stamp.is_some() && header.starts_record, "{line}");
        (header.format, header.level, header.pid)
    }

    #[test]
    fn the_process_is_read_where_it_is_written() {
        for (line, expected) in [
            (
                "2026-11-22 07:17:25.553 UTC [24061] ERROR:  relation \"x\" does not exist",
                (Format::Postgresql, Some(Level::Error), Some(24061)),
            ),
            (
                "2026-11-22 07:17:25.553 UTC [24061]: [3-1] user=a,db=b LOG:  connection received",
                (Format::Postgresql, Some(Level::Info), Some(24061)),
            ),
            (
                "2026-11-22 07:17:25.553 UTC [24061] [unknown]@[unknown] LOG:  could not receive data",
                (Format::Postgresql, Some(Level::Info), Some(24061)),
            ),
            (
                "2026-11-22 07:34:56.698 UTC [22579] WARNING cannot listen on 127.0.0.1:18000",
                (Format::Pgbouncer, Some(Level::Warning), Some(22579)),
            ),
            (
                "2026/11/22 07:31:34 [warn] 19570#19570: *3 upstream server temporarily disabled",
                (Format::NginxError, Some(Level::Warning), Some(19570)),
            ),
            (
                "2026-11-23 00:19:31,909 ERROR [27823] orders: request failed",
                (Format::PythonLogging, Some(Level::Error), Some(27823)),
            ),
            (
                "2026-11-22T07:31:34.123Z  INFO 1234 --- [main] o.e.Main : Started",
                (Format::Log4j, Some(Level::Info), Some(1234)),
            ),
            (
                "I1122 07:34:50.123456   12345 server.go:12] ready",
                (Format::Klog, Some(Level::Info), Some(12345)),
            ),
            (
                "F1122 07:34:50.123456       1 server.go:12] gone",
                (Format::Klog, Some(Level::Critical), Some(1)),
            ),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn a_level_counts_only_in_a_known_place() {
        for (line, level) in [
            ("2026-11-22 07:34:50 error: listen failed", Some(Level::Error)),
            ("2026-11-22 07:34:50 [ERROR] listen failed", Some(Level::Error)),
            (
                "2026-11-22 07:34:50 | WARNING  | main:run:7 - slow",
                Some(Level::Warning),
            ),
            (
                "2026-11-22 07:34:50,123 passlib.registry WARNING slow",
                Some(Level::Warning),
            ),
            (
                "2026-11-22T07:34:50.123456Z  WARN my_crate::net: slow",
                Some(Level::Warning),
            ),
            (
                "2026/11/22 07:34:50 ERROR listen failed err=x",
                Some(Level::Error),
            ),
            ("2026-11-22 07:34:50 error reading the file", None),
            ("2026-11-22 07:34:50 the job had an ERROR", None),
            ("2026/11/22 07:34:50 connection error", None),
            ("2026-11-22 07:34:50", None),
            ("2026-11-22 07:34:50 [", None),
        ] {
            assert_eq!(read(line).1, level, "{line}");
        }
    }

    #[test]
    fn levels_that_many_share_do_not_make_a_supervisord() {
        let format = |line| read(line).0;
        assert_eq!(
            format("2026-11-22 07:35:47,587 INFO supervisord started with pid 23168"),
            Format::Supervisord
        );
        assert_eq!(
            format("2026-11-22 07:35:47,587 INFO mailer: mailer started"),
            Format::PythonLogging
        );
        assert_eq!(
            format("2026-11-22 07:35:47.587 INFO supervisord started with pid 23168"),
            Format::Dated
        );
    }
}
