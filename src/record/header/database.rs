//! What databases print behind their stamps.
//!
//! In: what follows a stamp. Out: which database printed the line, its process and level.

use super::text::{bracketed, leading_number, number, split_at_byte, utf8, word};
use super::{Format, level};
use crate::record::Level;

/// Format, process and level of a line of a database.
pub(super) fn read(written: &[u8], rest: &[u8]) -> Option<(Format, Option<u32>, Option<Level>)> {
    match rest {
        [b' ', b'[', ..] => pgbouncer(written, rest)
            .or_else(|| postgresql(rest))
            .or_else(|| clickhouse(rest)),
        [b' ', b'0'..=b'9', ..] => mysql(rest).or_else(|| postgresql(rest)),
        [b' ', b'A'..=b'Z', ..] => mongodb(rest).or_else(|| postgresql(rest)),
        [b',', ..] => postgresql_csv(rest),
        [b' ' | b':', ..] => postgresql(rest),
        _ => None,
    }
}

/// `[22579] LOG message` behind the name of a zone.
fn pgbouncer(written: &[u8], rest: &[u8]) -> Option<(Format, Option<u32>, Option<Level>)> {
    let zone_named = written.last()?.is_ascii_alphabetic() && written.get(10) == Some(&b' ');
    let (inside, rest) = bracketed(rest.strip_prefix(b" ")?)?;
    let (pid, _) = leading_number(inside)?;
    let level = level::from_capitals(word(rest.strip_prefix(b" ")?).0).filter(|_| zone_named)?;
    Some((Format::Pgbouncer, Some(pid), Some(level)))
}

/// `[24061] ERROR:  message`, with any of names, addresses and numbers before the level, as `log_line_prefix` says.
fn postgresql(rest: &[u8]) -> Option<(Format, Option<u32>, Option<Level>)> {
    let (prefix, label) = postgresql_label(rest)?;
    let level = level::from_capitals(label);
    let bracket = prefix
        .windows(2)
        .position(|two| two[0] == b'[' && two[1].is_ascii_digit());
    let pid = match bracket.and_then(|at| leading_number(prefix.get(at + 1..)?)) {
        Some((pid, _)) => Some(pid),
        None => prefix.split(|byte| matches!(byte, b' ' | b':')).find_map(number),
    };
    (level.is_some() || is_detail(label)).then_some((Format::Postgresql, Some(pid?), level))
}

/// What stands before `ERROR:  `, and its word.
fn postgresql_label(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    const LONGEST_PREFIX: usize = 160;
    let head = rest.get(..LONGEST_PREFIX).unwrap_or(rest);
    let colon = memchr::memchr_iter(b':', head).find(|at| head[*at..].starts_with(b":  "))?;
    let names = head.get(..colon)?;
    let label = names.rsplit(|&byte| matches!(byte, b' ' | b':')).next()?;
    Some((names.get(..names.len() - label.len())?, label))
}

/// What PostgreSQL puts in front of the lines that explain an error.
fn is_detail(word: &[u8]) -> bool {
    matches!(
        word,
        b"DETAIL" | b"HINT" | b"STATEMENT" | b"CONTEXT" | b"QUERY" | b"LOCATION"
    )
}

/// `,"user","db",1234,"client",session,1,"tag",start,vxid,xid,ERROR,42P01,"message"` of `log_destination = csvlog`.
fn postgresql_csv(rest: &[u8]) -> Option<(Format, Option<u32>, Option<Level>)> {
    const PID: usize = 2;
    const SEVERITY: usize = 10;
    let mut pid = None;
    let mut rest = rest.strip_prefix(b",")?;
    for column in 0..=SEVERITY {
        let (value, after) = csv_field(rest)?;
        match column {
            PID => pid = Some(number(value)?),
            SEVERITY => {
                return Some((Format::Postgresql, pid, Some(level::from_capitals(value)?)));
            }
            _ => {}
        }
        rest = after;
    }
    None
}

/// The next field of a line of CSV, without its quotes, and what follows its comma.
pub(super) fn csv_field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    match bytes.strip_prefix(b"\"") {
        Some(quoted) => {
            let close = memchr::memchr(b'"', quoted)?;
            let after = quoted.get(close + 1..)?;
            Some((quoted.get(..close)?, after.strip_prefix(b",").unwrap_or(after)))
        }
        None => split_at_byte(bytes, b','),
    }
}

/// `0 [ERROR] [MY-010119] [Server] Aborting` of MySQL, `0 [Note] message` of MariaDB.
fn mysql(rest: &[u8]) -> Option<(Format, Option<u32>, Option<Level>)> {
    let (_, rest) = leading_number(rest.strip_prefix(b" ")?)?;
    let (inside, _) = bracketed(rest.strip_prefix(b" ")?)?;
    let level = match inside {
        b"ERROR" => Level::Error,
        b"Warning" => Level::Warning,
        b"Note" | b"System" => Level::Info,
        _ => return None,
    };
    Some((Format::Mysql, None, Some(level)))
}

/// `E NETWORK  [conn7] message`, up to MongoDB 4.2.
fn mongodb(rest: &[u8]) -> Option<(Format, Option<u32>, Option<Level>)> {
    let [b' ', letter, b' ', component @ ..] = rest else {
        return None;
    };
    let level = level::from_letter(*letter)?;
    let (component, after) = word(component);
    let named = component.len() > 1
        && component
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    (named || component == b"-")
        .then(|| bracketed(after.trim_ascii_start()))?
        .map(|_| (Format::Mongodb, None, Some(level)))
}

/// `[ 1234 ] {query} <Error> logger: message`.
fn clickhouse(rest: &[u8]) -> Option<(Format, Option<u32>, Option<Level>)> {
    let (inside, rest) = bracketed(rest.strip_prefix(b" ")?)?;
    number(inside.trim_ascii())?;
    let (_, rest) = split_at_byte(rest.strip_prefix(b" {")?, b'}')?;
    let (word, _) = split_at_byte(rest.strip_prefix(b" <")?, b'>')?;
    utf8(word)?;
    Some((Format::Clickhouse, None, level::from_word(word)))
}
