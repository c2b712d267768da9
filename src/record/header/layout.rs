//! Which program prints what stands behind a stamp.
//!
//! In: the stamp as it was written, and what follows it. Out: the [`Format`]; where the place of the level is the
//! program's own, the level, process and service, too.

use super::program::bracketed_pid;
use super::tail::Tail;
use super::text::{bracketed, leading_number, number, split_at_byte, trim_blanks, utf8, word};
use super::{Format, level};
use crate::record::Level;

/// What a layout of its own says.
pub(super) struct Found<'a> {
    pub(super) format: Format,
    pub(super) level: Option<Level>,
    pub(super) pid: Option<u32>,
    pub(super) service: Option<&'a str>,
}

/// Layouts that are told by what comes first behind the stamp.
pub(super) fn by_first_token<'a>(written: &[u8], rest: &'a [u8]) -> Option<Found<'a>> {
    match rest {
        [b' ', b'0', b'x', ..] => macos(rest),
        [b' ', b'A'..=b'Z', b' ', b'|', ..] => capnslog(rest),
        [b' ', b'a'..=b'z', ..] => named(written, rest).or_else(|| dotnet(rest)),
        [b'\t', ..] => lambda(rest),
        _ => None,
    }
}

/// `0x1a2b     Error       0x0                  123    0    kernel: message` of `log show`.
fn macos(rest: &[u8]) -> Option<Found<'_>> {
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (_thread, kind, _activity) = (words.next()?, words.next()?, words.next()?);
    let pid = number(words.next()?)?;
    number(words.next()?)?;
    let process = words.next()?.strip_suffix(b":")?;
    let level = match kind {
        b"Default" => Some(Level::Notice),
        b"Info" | b"Activity" => Some(Level::Info),
        b"Debug" => Some(Level::Debug),
        b"Error" => Some(Level::Error),
        b"Fault" => Some(Level::Critical),
        _ => return None,
    };
    Some(Found {
        format: Format::MacosLog,
        level,
        pid: Some(pid),
        service: utf8(process),
    })
}

/// `I | etcdmain: message`.
fn capnslog(rest: &[u8]) -> Option<Found<'_>> {
    let level = level::from_letter(*rest.get(1)?)?;
    rest.get(2..)?.starts_with(b" | ").then_some(Found {
        format: Format::Dated,
        level: Some(level),
        pid: None,
        service: None,
    })
}

/// `general: error: message`, `client @0x7f client 127.0.0.1#53: ...: info: message` of BIND.
fn named<'a>(written: &[u8], rest: &'a [u8]) -> Option<Found<'a>> {
    let [_, _, b'-', _, ..] = written else {
        return None;
    };
    let (category, rest) = word(rest.strip_prefix(b" ")?);
    let (word, _) = split_at_byte(rest, b':')?;
    let level = level::from_word(word)?;
    category.ends_with(b":").then_some(Found {
        format: Format::Bind,
        level: Some(level),
        pid: None,
        service: None,
    })
}

/// `fail: Microsoft.AspNetCore.Server.Kestrel[13]` behind .NET's timestamp format.
fn dotnet(rest: &[u8]) -> Option<Found<'_>> {
    let (level, _) = dotnet_head(rest.strip_prefix(b" ")?)?;
    Some(Found {
        format: Format::DotnetConsole,
        level: Some(level),
        pid: None,
        service: None,
    })
}

/// Level and category of `fail: Microsoft.AspNetCore.Server.Kestrel[13]`.
pub(super) fn dotnet_head(line: &[u8]) -> Option<(Level, &[u8])> {
    const LONGEST: usize = 256;
    let (word, rest) = line.split_first_chunk::<4>()?;
    let level = match word {
        b"trce" | b"dbug" => Level::Debug,
        b"info" => Level::Info,
        b"warn" => Level::Warning,
        b"fail" => Level::Error,
        b"crit" => Level::Critical,
        _ => return None,
    };
    let head = rest.strip_prefix(b": ")?;
    let (category, rest) = split_at_byte(head.get(..LONGEST).unwrap_or(head), b'[')?;
    let (event, _) = split_at_byte(rest, b']')?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'`' | b'+');
    let named = !category.is_empty() && category.iter().all(plain);
    (named && number(event.strip_prefix(b"-").unwrap_or(event)).is_some()).then_some((level, category))
}

/// `<request id>\tERROR\tmessage` of AWS Lambda for Node.js.
fn lambda(rest: &[u8]) -> Option<Found<'_>> {
    let (id, rest) = split_at_byte(rest.strip_prefix(b"\t")?, b'\t')?;
    let (word, _) = split_at_byte(rest, b'\t')?;
    is_uuid(id).then_some(Found {
        format: Format::Lambda,
        level: level::from_capitals(word),
        pid: None,
        service: None,
    })
}

/// `4bf92f35-77b3-4da6-a3ce-929d0e0e4736`.
pub(super) fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The family that a tail of this kind belongs to.
pub(super) fn layout(written: &[u8], tail: &Tail<'_>) -> Format {
    if tail.level.is_none() {
        return Format::Dated;
    }
    let comma = written.contains(&b',');
    if let Some(format) = by_marks(written, tail) {
        return format;
    }
    if comma && is_supervisord(tail) {
        Format::Supervisord
    } else if tail.word.first().is_some_and(u8::is_ascii_lowercase) {
        Format::Dated
    } else if tail.bracket.is_some() || is_java(trim_blanks(tail.rest)) {
        Format::Log4j
    } else if comma || (tail.dashes && tail.named) {
        Format::PythonLogging
    } else {
        Format::Dated
    }
}

/// Layouts whose brackets, bars, tabs or paths only one logger prints.
fn by_marks(written: &[u8], tail: &Tail<'_>) -> Option<Format> {
    let rest = tail.rest;
    if tail.in_brackets {
        return in_brackets(written, tail);
    }
    match rest.first()? {
        b'\t' => Some(Format::Zap),
        _ if tail.bars => Some(Format::Loguru),
        _ if tail.bracket.is_some_and(|inside| inside.starts_with(b"myid")) => Some(Format::Zookeeper),
        _ if tail.thread_key.is_some() => Some(Format::Sidekiq),
        b' ' if is_micros(written) => tracing_target(rest).map(|_| Format::Tracing),
        _ => None,
    }
}

fn in_brackets(written: &[u8], tail: &Tail<'_>) -> Option<Format> {
    let short = matches!(tail.word, b"VRB" | b"DBG" | b"INF" | b"WRN" | b"ERR" | b"FTL");
    let erlang = || {
        let process = tail.rest.strip_prefix(b" <").and_then(leading_number);
        process.is_some_and(|(_, after)| after.starts_with(b"."))
    };
    let lower = tail.word.first().is_some_and(u8::is_ascii_lowercase);
    match tail.word {
        _ if tail.named || tail.pid.is_some() => None,
        _ if short => Some(Format::Serilog),
        [b'a'..=b'z', .., b' '] => Some(Format::Structlog),
        _ if lower && erlang() => Some(Format::Rabbitmq),
        // HashiCorp's level is padded behind its bracket: `[INFO]  agent: `.
        _ if written.get(10) == Some(&b'T') && !lower => Some(Format::Hclog),
        _ => None,
    }
}

/// Whether a stamp is spelled as Rust's tracing does: `2026-11-22T07:34:50.123456Z`.
fn is_micros(written: &[u8]) -> bool {
    const LEN: usize = "2026-11-22T07:34:50.123456Z".len();
    written.len() == LEN && written.get(10) == Some(&b'T') && written.ends_with(b"Z")
}

/// The target of `my_crate::net: message`, also behind spans: `request{id=7}: my_crate::net: message`.
pub(super) fn tracing_target(rest: &[u8]) -> Option<&[u8]> {
    const MOST_SPANS: usize = 8;
    let mut rest = trim_blanks(rest);
    for _ in 0..MOST_SPANS {
        let name = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
            .count();
        match rest.get(name..)? {
            [b'{', ..] => rest = rest.get(memchr::memmem::find(rest, b"}:")? + 2..)?,
            [b':', b' ' | b':', ..] => break,
            _ => return None,
        }
        rest = rest.strip_prefix(b" ").unwrap_or(rest);
    }
    let end = memchr::memmem::find(rest, b": ")?;
    let target = rest.get(..end)?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.');
    (!target.is_empty() && target.iter().all(plain)).then_some(target)
}

/// `[main] org.example.Main - message`, `1234 --- [main] o.e.Main : message` behind the level.
pub(super) fn is_java(rest: &[u8]) -> bool {
    if let Some((_, after)) = leading_number(rest) {
        return after.starts_with(b" --- ");
    }
    bracketed(rest).is_some_and(|(inside, after)| {
        if bracketed_pid(inside).is_some() {
            return false;
        }
        let (logger, message) = word(trim_blanks(after));
        let dots = logger.iter().filter(|byte| **byte == b'.').count();
        dots > 1
            || (dots == 1 && message.starts_with(b"- "))
            || (inside.contains(&b'.') && after.starts_with(b" ("))
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
