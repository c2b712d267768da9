//! What stands between a time stamp and the message.
//!
//! In: what follows a stamp. Out: a [`Tail`]: process, thread, logger and level, in whatever order and
//! brackets they stand.

use super::facts::leading_logger;
use super::level;
use super::program::bracketed_pid;
use super::text::{bracketed, leading_number, number, trim_blanks};
use crate::record::Level;

/// Tokens between the stamp and the level; whatever comes later is the message.
const MAX_TOKENS: usize = 7;

/// What stands between the stamp and the message.
#[derive(Debug, Default)]
pub(super) struct Tail<'a> {
    pub(super) level: Option<Level>,
    pub(super) pid: Option<u32>,
    /// The level as it was written; in brackets with the blanks that pad it.
    pub(super) word: &'a [u8],
    /// What follows the level.
    pub(super) rest: &'a [u8],
    /// A bracket that is neither a number nor a level: a thread or a logger.
    pub(super) bracket: Option<&'a [u8]>,
    /// The name before the level.
    pub(super) name: &'a [u8],
    /// The level stood in brackets.
    pub(super) in_brackets: bool,
    /// A name stood before the level.
    pub(super) named: bool,
    /// ` - ` stood between the fields.
    pub(super) dashes: bool,
    /// ` | ` stood between the fields.
    pub(super) bars: bool,
    /// `tid=...`, `jid=...` of Sidekiq.
    pub(super) thread_key: Option<&'a [u8]>,
    pub(super) job_key: Option<&'a [u8]>,
}

/// Reads `[22147] [INFO]`, ` - logger - ERROR - `, ` INFO 1234 --- [main] `, ` UTC [1] a@b LOG:  `.
pub(super) fn tail(mut rest: &[u8]) -> Tail<'_> {
    let mut tail = Tail::default();
    for _ in 0..MAX_TOKENS {
        let tab = rest.first() == Some(&b'\t');
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
            b"-" | b"--" | b"---" | b"|" | b":" => {
                tail.dashes |= token == b"-";
                tail.bars |= token == b"|";
            }
            _ if tail.take_key(token) => {}
            _ => match bare_level(token, tail.named, tab && after.starts_with(b"\t")) {
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
        if self.level.is_none() {
            return (self.thread_key, None);
        }
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
        // `ERROR [org.example.Main] (main) message` of JBoss and Quarkus
        if let (Some(logger), Some((thread, _))) = (behind, parenthesised(trim_blanks(rest)))
            && logger.contains(&b'.')
        {
            return (Some(thread), Some(logger));
        }
        let before = Some(self.name).filter(|name| !name.is_empty() && self.dashes);
        let thread = self.bracket.or(behind).map(<[u8]>::trim_ascii);
        (
            thread.or(self.thread_key),
            before.or_else(|| leading_logger(rest)),
        )
    }

    fn set(&mut self, level: Level, word: &'a [u8], rest: &'a [u8]) {
        self.level = Some(level);
        self.word = word;
        self.rest = rest;
        if self.pid.is_none() {
            self.pid = pid_after_level(rest);
        }
    }

    /// Takes `pid=7`, `tid=x`, `class=Job`, which Sidekiq puts before the level.
    fn take_key(&mut self, token: &'a [u8]) -> bool {
        let mut parts = token.splitn(2, |byte| *byte == b'=');
        let (Some(key), Some(value)) = (parts.next(), parts.next()) else {
            return false;
        };
        match key {
            b"pid" => self.pid = number(value),
            b"tid" => self.thread_key = Some(value),
            b"jid" => self.job_key = Some(value),
            b"class" | b"bid" | b"tags" | b"elapsed" => {}
            _ => return false,
        }
        true
    }
}

/// A level that stands as a word: in capitals, between tabs, or directly behind the stamp with a colon.
fn bare_level(token: &[u8], named: bool, between_tabs: bool) -> Option<(Level, &[u8])> {
    let end = token
        .iter()
        .position(|byte| matches!(byte, b':' | b',' | b'|'))
        .unwrap_or(token.len());
    let word = token.get(..end)?;
    if let Some(level) = monolog_level(token, word) {
        return Some((level, word));
    }
    let level = if between_tabs || (end < token.len() && !named) {
        level::from_word(word)
    } else {
        level::from_capitals(word)
    };
    Some((level?, word))
}

/// `production.ERROR: message` of Monolog.
fn monolog_level(token: &[u8], word: &[u8]) -> Option<Level> {
    if token.len() != word.len() + 1 || !token.ends_with(b":") {
        return None;
    }
    let dot = memchr::memchr(b'.', word)?;
    level::from_capitals(word.get(dot + 1..)?)
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

/// The inside of `(...)` at the start, and what follows it.
pub(super) fn parenthesised(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    const LONGEST: usize = 128;
    let inside = bytes.strip_prefix(b"(")?;
    let at = inside.iter().take(LONGEST).position(|&byte| byte == b')')?;
    Some((inside.get(..at)?, inside.get(at + 1..)?))
}
