//! Lines that begin with a time stamp.
//!
//! In: a line that no transport wraps. Out: its stamp, and what stands between the stamp and the
//! message: process, level, and by both the program that prints them so.

use super::facts::leading_logger;
use super::program::{bracketed_pid, uvicorn_message};
use super::text::{bracketed, leading_number, trim_blanks, word};
use super::{Format, Header, access, level};
use crate::record::Level;
use crate::record::time::{Clock, parse_prefix};

/// Tokens between the stamp and the level; whatever comes later is the message.
const MAX_TOKENS: usize = 6;

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
        [b'I' | b'W' | b'E' | b'F', b'0' | b'1', ..] => klog(header, line, rest),
        [.., b'0'..=b'9'] if rest.starts_with(b": ") && len == 10 => mosquitto(header, rest),
        [_, _, _, _, b'/', ..] => slashed(header, rest),
        _ => general(header, written, rest),
    };
    Some(header)
}

/// What stands between the stamp and the message.
#[derive(Debug, Default)]
pub(super) struct Tail<'a> {
    pub(super) level: Option<Level>,
    pub(super) pid: Option<u32>,
    /// The level as it was written.
    word: &'a [u8],
    /// What follows the level.
    rest: &'a [u8],
    /// A bracket that is neither a number nor a level: a thread or a logger.
    bracket: Option<&'a [u8]>,
    /// The name before the level.
    name: &'a [u8],
    /// The level stood in brackets.
    in_brackets: bool,
    /// A name stood before the level.
    named: bool,
    /// ` - ` stood between the fields.
    dashes: bool,
}

/// Reads `[22147] [INFO]`, ` - logger - ERROR - `, ` INFO 1234 --- [main] `, ` UTC [1] a@b LOG:  `.
pub(super) fn tail(mut rest: &[u8]) -> Tail<'_> {
    let mut tail = Tail::default();
    for _ in 0..MAX_TOKENS {
        rest = trim_blanks(rest);
        if let Some((inside, after)) = bracketed(rest) {
            rest = after;
            if let Some(pid) = bracketed_pid(inside) {
                tail.pid = tail.pid.or(Some(pid));
            } else if let Some(level) = level::from_bracket(inside) {
                tail.in_brackets = true;
                tail.set(level, inside, after);
                break;
            } else {
                tail.bracket = tail.bracket.or(Some(inside));
            }
            continue;
        }
        let len = rest
            .iter()
            .position(|byte| matches!(byte, b' ' | b'\t'))
            .unwrap_or(rest.len());
        let Some((token, after)) = rest.split_at_checked(len) else {
            break;
        };
        match token {
            b"" => break,
            b"-" | b"--" | b"---" | b"|" | b":" => tail.dashes |= token == b"-",
            _ => match bare_level(token, tail.named) {
                Some((level, word)) => {
                    tail.set(level, word, rest.get(word.len()..).unwrap_or_default());
                    break;
                }
                None if tail.named => break,
                None => {
                    tail.named = true;
                    tail.name = token;
                }
            },
        }
        rest = after;
    }
    tail
}

impl<'a> Tail<'a> {
    /// Thread and logger, as far as the place of a name tells which it is.
    pub(super) fn names(&self) -> (Option<&'a [u8]>, Option<&'a [u8]>) {
        let Some(_) = self.level else {
            return (None, None);
        };
        let rest = trim_blanks(self.rest);
        // `INFO 1234 --- [main] logger : message`, `WARNING [1234] logger: message`
        let rest = match leading_number(rest) {
            Some((_, after)) => after.strip_prefix(b" --- ").unwrap_or(rest),
            None => rest,
        };
        let (behind, rest) = match bracketed(rest) {
            Some((inside, after)) => (Some(inside.trim_ascii()), after),
            None => (None, rest),
        };
        let behind = behind.filter(|inside| bracketed_pid(inside).is_none());
        let before = Some(self.name).filter(|name| !name.is_empty() && self.dashes);
        let thread = self.bracket.or(behind).map(<[u8]>::trim_ascii);
        (thread, before.or_else(|| leading_logger(rest)))
    }

    fn set(&mut self, level: Level, word: &'a [u8], rest: &'a [u8]) {
        self.level = Some(level);
        self.word = word;
        self.rest = rest;
        if self.pid.is_none() {
            self.pid = pid_after_level(rest);
        }
    }
}

/// A level that stands as a word: in capitals, or directly behind the stamp with a colon.
fn bare_level(token: &[u8], named: bool) -> Option<(Level, &[u8])> {
    let end = token
        .iter()
        .position(|byte| matches!(byte, b':' | b',' | b'|'))
        .unwrap_or(token.len());
    let word = token.get(..end)?;
    let level = if end < token.len() && !named {
        level::from_word(word)
    } else {
        level::from_capitals(word)
    };
    Some((level?, word))
}

/// `INFO 1234 --- [main]` (Spring Boot), `WARNING [1234] logger:`.
fn pid_after_level(rest: &[u8]) -> Option<u32> {
    let rest = trim_blanks(rest);
    if let Some((inside, _)) = bracketed(rest) {
        return bracketed_pid(inside);
    }
    let (pid, after) = leading_number(rest)?;
    after.starts_with(b" --- ").then_some(pid)
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

/// `2026/11/22 07:31:34 [error] 1#1: *3 message` of nginx; Go's log package has the same stamp.
fn slashed<'a>(header: Header<'a>, rest: &[u8]) -> Header<'a> {
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

/// Everything else: the layout is known by the tail.
fn general<'a>(header: Header<'a>, written: &[u8], rest: &[u8]) -> Header<'a> {
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
    if let Some((format, pid, level)) = database(written, rest) {
        return Header {
            format,
            level,
            pid: Some(pid),
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

/// `[24061] ERROR:  message` is PostgreSQL, also with names before the level; `[22579] LOG message`
/// behind the name of a zone is pgbouncer.
fn database(written: &[u8], rest: &[u8]) -> Option<(Format, u32, Option<Level>)> {
    const LONGEST_NAMES: usize = 160;
    let (inside, rest) = bracketed(rest.strip_prefix(b" ")?)?;
    // `%p-%l` is a common choice, too.
    let (pid, _) = leading_number(inside)?;
    let head = rest.get(..LONGEST_NAMES).unwrap_or(rest);
    let zone_named = written.last().is_some_and(u8::is_ascii_alphabetic);
    if zone_named
        && let Some(level) = head
            .strip_prefix(b" ")
            .and_then(|head| level::from_capitals(word(head).0))
    {
        return Some((Format::Pgbouncer, pid, Some(level)));
    }
    let colon = head.windows(3).position(|three| three == b":  ")?;
    let names = head.get(..colon)?;
    let name = names.rsplit(|&byte| byte == b' ').next()?;
    let level = level::from_capitals(name);
    (level.is_some() || is_detail(name)).then_some((Format::Postgresql, pid, level))
}

/// What PostgreSQL puts in front of the lines that explain an error.
fn is_detail(word: &[u8]) -> bool {
    matches!(
        word,
        b"DETAIL" | b"HINT" | b"STATEMENT" | b"CONTEXT" | b"QUERY" | b"LOCATION"
    )
}

/// The family that a tail of this kind belongs to.
fn layout(written: &[u8], tail: &Tail<'_>) -> Format {
    if tail.level.is_none() {
        return Format::Dated;
    }
    let comma = written.contains(&b',');
    if comma && is_supervisord(tail) {
        Format::Supervisord
    } else if tail.bracket.is_some() || is_java(trim_blanks(tail.rest)) {
        Format::Log4j
    } else if comma || (tail.dashes && tail.named) {
        Format::PythonLogging
    } else {
        Format::Dated
    }
}

/// `[main] org.example.Main - message`, `1234 --- [main] o.e.Main : message` behind the level.
fn is_java(rest: &[u8]) -> bool {
    if let Some((_, after)) = leading_number(rest) {
        return after.starts_with(b" --- ");
    }
    bracketed(rest).is_some_and(|(_, after)| {
        let (logger, message) = word(trim_blanks(after));
        let dots = logger.iter().filter(|byte| **byte == b'.').count();
        dots > 1 || (dots == 1 && message.starts_with(b"- "))
    })
}

/// supervisord shortens levels to four letters; those it shares with others are told by the message.
fn is_supervisord(tail: &Tail<'_>) -> bool {
    const MESSAGES: [&[u8]; 20] = [
        b"supervisord started with pid",
        b"spawned: '",
        b"spawnerr: ",
        b"success: ",
        b"exited: ",
        b"stopped: ",
        b"gave up: ",
        b"waiting for ",
        b"killing '",
        b"received SIG",
        b"reaped unknown pid",
        b"daemonizing the supervisord process",
        b"RPC interface '",
        b"Set uid to user ",
        b"Included extra file ",
        b"Supervisor is running as root",
        b"Unlinking stale socket ",
        b"No file matches via include ",
        b"Increased RLIMIT_",
        b"Clearing system event log",
    ];
    if tail.named || tail.in_brackets {
        return false;
    }
    match tail.word {
        b"CRIT" | b"ERRO" | b"DEBG" | b"TRAC" | b"BLAT" => true,
        b"INFO" | b"WARN" => {
            let message = trim_blanks(tail.rest);
            MESSAGES.iter().any(|start| message.starts_with(start))
        }
        _ => false,
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
