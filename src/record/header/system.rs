//! Lines of operating systems: the kernel, audit, Android, Windows.
//!
//! In: a line that no transport wraps. Out: its [`Header`].

use std::borrow::Cow;

use super::text::{bracketed, leading_number, number, split_at_byte, trim_blanks, utf8, word};
use super::{Format, Header, database, level};
use crate::record::Level;
use crate::record::time::{Clock, parse_prefix, parse_whole};

/// `  1234  5678 E Tag     : message` behind the stamp of Android's `logcat -v threadtime`.
pub(super) fn logcat<'a>(header: Header<'a>, rest: &[u8]) -> Header<'a> {
    match logcat_fields(rest) {
        Some(fields) => Header {
            format: Format::Logcat,
            level: Some(fields.level),
            pid: Some(fields.pid),
            ..header
        },
        None => header,
    }
}

/// What stands in a line of logcat.
pub(super) struct Logcat<'a> {
    pub(super) level: Level,
    pub(super) pid: u32,
    pub(super) thread: &'a [u8],
    pub(super) tag: &'a [u8],
}

pub(super) fn logcat_fields(rest: &[u8]) -> Option<Logcat<'_>> {
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (pid, mut thread) = (words.next()?, words.next()?);
    let mut letter = words.next()?;
    let mut pid = number(pid);
    // With `-v uid` a user stands before the process.
    if number(letter).is_some() {
        (pid, thread, letter) = (number(thread), letter, words.next()?);
    }
    number(thread)?;
    let [letter] = letter else {
        return None;
    };
    let tag = words.next()?;
    Some(Logcat {
        level: level::from_letter(*letter)?,
        pid: pid?,
        thread,
        tag: tag.strip_suffix(b":").unwrap_or(tag),
    })
}

/// `E/ActivityManager( 1234): message` of `logcat -v brief`.
pub(super) fn logcat_brief(line: &[u8]) -> Option<Header<'_>> {
    let [letter, b'/', rest @ ..] = line else {
        return None;
    };
    let (level, pid, _) = brief_fields(*letter, rest)?;
    Some(Header {
        level: Some(level),
        pid: Some(pid),
        starts_record: true,
        ..Header::new(Format::Logcat, line)
    })
}

/// Level, process and tag.
pub(super) fn brief_fields(letter: u8, rest: &[u8]) -> Option<(Level, u32, &[u8])> {
    const LONGEST_TAG: usize = 64;
    let level = level::from_letter(letter)?;
    let head = rest.get(..LONGEST_TAG).unwrap_or(rest);
    let (tag, after) = split_at_byte(head, b'(')?;
    let (pid, after) = leading_number(trim_blanks(after))?;
    after.starts_with(b"): ").then_some((level, pid, tag))
}

/// `type=SYSCALL msg=audit(1700000000.123:45): arch=c000003e ...`, also behind `node=host`.
pub(super) fn auditd<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    const LONGEST_HEAD: usize = 256;
    const OPEN: &[u8] = b" msg=audit(";
    let (host, typed) = match line.strip_prefix(b"node=") {
        Some(rest) => {
            let (host, rest) = word(rest);
            (utf8(host), rest)
        }
        None => (None, line),
    };
    typed.strip_prefix(b"type=")?;
    let head = typed.get(..LONGEST_HEAD).unwrap_or(typed);
    let at = memchr::memmem::find(head, OPEN)? + OPEN.len();
    let (seconds, rest) = split_at_byte(typed.get(at..)?, b':')?;
    let stamp = audit_stamp(seconds, clock)?;
    let pid = memchr::memmem::find(rest, b" pid=")
        .and_then(|at| leading_number(rest.get(at + 5..)?))
        .map(|(pid, _)| pid);
    Some(Header {
        stamp: Some(stamp),
        host,
        pid,
        starts_record: true,
        ..Header::new(Format::Auditd, line)
    })
}

/// `1700000000.123`; with `-i` a date that depends on the reader's locale is written instead.
fn audit_stamp(seconds: &[u8], clock: &Clock) -> Option<crate::record::time::Stamp> {
    let mut text = utf8(seconds)?.to_owned();
    if let Some(stamp) = parse_whole(&text, clock) {
        return Some(stamp);
    }
    text.push(' ');
    parse_prefix(text.as_bytes(), clock).map(|(stamp, _)| stamp)
}

/// `[   12.345678] message` of dmesg. The kernel counts from its start, which the line does not tell.
pub(super) fn dmesg(line: &[u8]) -> Option<Header<'_>> {
    let (inside, rest) = bracketed(line)?;
    let (seconds, micros) = split_at_byte(inside, b'.')?;
    number(seconds.trim_ascii_start())?;
    number(micros).filter(|_| micros.len() == 6)?;
    rest.starts_with(b" ").then(|| Header {
        starts_record: true,
        ..Header::new(Format::Dmesg, line)
    })
}

/// `kern  :err   : [   12.345678] message` of `dmesg -x`, whose dates may be of any kind.
pub(super) fn dmesg_decoded<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    let (facility, rest) = line.split_first_chunk::<6>()?;
    if !matches!(facility, b"kern  " | b"daemon" | b"user  " | b"syslog") {
        return None;
    }
    let (word, rest) = split_at_byte(rest.strip_prefix(b":")?.get(..8)?, b':').map(|(word, _)| {
        let after = rest.get(word.len() + 2..).unwrap_or_default();
        (word.trim_ascii(), trim_blanks(after))
    })?;
    let (inside, _) = bracketed(rest)?;
    Some(Header {
        level: Some(level::from_word(word)?),
        stamp: parse_prefix(inside, clock).map(|(stamp, _)| stamp),
        starts_record: true,
        ..Header::new(Format::Dmesg, line)
    })
}

/// `Error\t11/22/2026 7:34:50 AM\tService Control Manager\t7034\tNone\tmessage`: what the Event Viewer exports, with
/// tabs or commas.
pub(super) fn windows_row<'a>(line: &'a [u8], clock: &Clock) -> Option<Header<'a>> {
    const LONGEST_LEVEL: usize = 16;
    let line_head = line.get(..LONGEST_LEVEL).unwrap_or(line);
    let at = line_head.iter().position(|byte| matches!(byte, b'\t' | b','))?;
    let (word, separator) = (line.get(..at)?, *line.get(at)?);
    let level = windows_level(word)?;
    let rest = line.get(at + 1..)?;
    let (stamp, len) = parse_prefix(rest, clock)?;
    let rest = rest.get(len..)?.strip_prefix(&[separator])?;
    let source = match separator {
        b',' => database::csv_field(rest)?.0,
        _ => split_at_byte(rest, separator)?.0,
    };
    Some(Header {
        stamp: Some(stamp),
        level: Some(level),
        service: utf8(source).map(Cow::Borrowed),
        starts_record: true,
        ..Header::new(Format::WindowsEvent, line)
    })
}

fn windows_level(word: &[u8]) -> Option<Level> {
    Some(match word {
        b"Critical" => Level::Critical,
        b"Error" => Level::Error,
        b"Warning" | b"Audit Failure" => Level::Warning,
        b"Information" | b"Audit Success" => Level::Info,
        b"Verbose" => Level::Debug,
        _ => return None,
    })
}

/// `Event[0]:`, the first line of an event of `wevtutil qe /f:text`; older systems print a blank behind the colon.
pub(super) fn windows_event(line: &[u8]) -> Option<Header<'_>> {
    let (_, rest) = leading_number(line.strip_prefix(b"Event[")?)?;
    matches!(rest.trim_ascii_end(), b"]:" | b"]").then(|| Header {
        starts_record: true,
        ..Header::new(Format::WindowsEvent, line)
    })
}

/// What the lines of an event of `wevtutil` say.
#[derive(Debug, Default)]
pub(super) struct WindowsEvent<'a> {
    pub(super) date: Option<&'a str>,
    pub(super) level: Option<Level>,
    pub(super) source: Option<&'a str>,
    pub(super) host: Option<&'a str>,
}

/// Reads `  Date: ...`, `  Level: ...`, `  Source: ...` and `  Computer: ...`.
pub(super) fn windows_lines(lines: &[u8]) -> WindowsEvent<'_> {
    let mut event = WindowsEvent::default();
    let lines = lines.split(|byte| *byte == b'\n').skip(1);
    for line in lines.take_while(|line| line.starts_with(b"  ")) {
        let Some((name, value)) = split_at_byte(line.trim_ascii(), b':') else {
            continue;
        };
        let value = utf8(value.trim_ascii());
        match name {
            b"Date" => event.date = value,
            b"Level" => event.level = value.and_then(|word| windows_level(word.as_bytes())),
            b"Source" => event.source = value,
            b"Computer" => event.host = value,
            _ => {}
        }
    }
    event
}
