//! Entries of the journal in text.
//!
//! In: an entry of `journalctl -o export`, `-o verbose` or `-o json` by its fields. Out: a [`Header`]
//! whose body is the message. [`Fields`] also tells where the fields of an exported entry
//! lie, and so where it ends.
//!
//! A field of `-o export` is a line `NAME=value`, or, where the value has line ends or control characters,
//! a line `NAME`, the length in eight bytes (little endian), the value and a line end. A blank line ends
//! the entry. Lengths are only believed where the value ends inside the entry's bytes with a line end.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memmem};

use super::json::{line_of, written};
use super::text::{number, utf8};
use super::{Format, Header, level};

/// How an exported entry begins.
pub(in crate::record) const CURSOR: &[u8] = b"__CURSOR=s=";

/// The time at which journald took the message; it comes second in an exported entry.
const RECEIVED: &[u8] = b"__REALTIME_TIMESTAMP=";

/// The fields of an exported entry, in the order in which they are written.
#[derive(Debug, Clone)]
pub(in crate::record) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    /// The fields of the entry at the start of `bytes`.
    pub(in crate::record) fn new(bytes: &'a [u8]) -> Fields<'a> {
        Fields { bytes, at: 0 }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..)?;
        let name = rest
            .iter()
            .take(65)
            .take_while(|byte| is_name_byte(**byte))
            .count();
        if name == 0 {
            return None;
        }
        let start = self.at + name + 1;
        let (value, next) = match rest.get(name) {
            Some(b'=') => {
                let end = memchr(b'\n', &rest[name..]).map_or(self.bytes.len(), |at| start + at - 1);
                (start..end, end + 1)
            }
            Some(b'\n') => {
                let (length, value) = self.bytes.get(start..)?.split_first_chunk::<8>()?;
                let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
                match value.get(length) {
                    Some(b'\n') | None if length <= value.len() => {}
                    _ => return None,
                }
                (start + 8..start + 8 + length, start + 8 + length + 1)
            }
            _ => return None,
        };
        self.at = next;
        Some((&rest[..name], value))
    }
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'
}

/// The header of an exported entry, or of a line that begins as one does.
pub(super) fn read(bytes: &[u8]) -> Option<Header<'_>> {
    if !bytes.starts_with(CURSOR) && !bytes.starts_with(RECEIVED) {
        return None;
    }
    let mut entry = Entry::default();
    for (name, value) in Fields::new(bytes) {
        let value = &bytes[value];
        if name == b"MESSAGE" {
            entry.add_message(Cow::Borrowed(value));
        } else if let (Some(name), Some(value)) = (utf8(name), utf8(value)) {
            entry.set(name, Cow::Borrowed(value));
        }
    }
    Some(entry.header(Format::JournalExport))
}

/// How far the fields of `journalctl -o verbose` are moved in.
pub(in crate::record) const MOVED_IN: usize = 4;

/// Whether `line` begins an entry of `journalctl -o verbose`: `Sun 2026-11-22 07:34:50.123456 UTC [s=96f3...;i=1;...]`.
pub(in crate::record) fn is_verbose(line: &[u8]) -> bool {
    const LONGEST_STAMP: usize = 64;
    line.ends_with(b"]") && memmem::find(&line[..line.len().min(LONGEST_STAMP)], b" [s=").is_some()
}

/// The header of an entry of `journalctl -o verbose`, without its time, and the line of its message,
/// from 0. Further lines of a value stand in the column of the first.
pub(super) fn read_verbose(entry: &[u8]) -> (Header<'_>, usize) {
    let mut fields = Entry::default();
    let mut message_at = 0;
    let mut column = None;
    for (number, line) in entry.split(|byte| *byte == b'\n').enumerate().skip(1) {
        let line = line.get(MOVED_IN..).unwrap_or_default();
        let name = line.iter().take_while(|byte| is_name_byte(**byte)).count();
        let value = line.get(name + 1..).unwrap_or_default();
        match (line.get(name), column) {
            (Some(b'='), _) if name > 0 => {
                column = None;
                if &line[..name] == b"MESSAGE" {
                    column = Some(name + 1);
                    message_at = if fields.message.is_none() {
                        number
                    } else {
                        message_at
                    };
                    fields.add_message(Cow::Borrowed(value));
                } else if let (Some(name), Some(value)) = (utf8(&line[..name]), utf8(value)) {
                    fields.set(name, Cow::Borrowed(value));
                }
            }
            (_, Some(column)) => {
                fields.add_message(Cow::Borrowed(line.get(column..).unwrap_or_default()));
            }
            _ => {}
        }
    }
    (fields.header(Format::JournalExport), message_at)
}

/// What a record needs of an entry.
#[derive(Debug, Default)]
pub(super) struct Entry<'a> {
    message: Option<Cow<'a, [u8]>>,
    /// Microseconds since 1970 at which it was received and, as the sender says, sent.
    received: Option<i64>,
    sent: Option<i64>,
    priority: Option<u32>,
    stdout: bool,
    container: Option<Cow<'a, str>>,
    identifier: Option<Cow<'a, str>>,
    unit: Option<Cow<'a, str>>,
    command: Option<Cow<'a, str>>,
    host: Option<&'a str>,
    pid: Option<u32>,
    stated_pid: Option<u32>,
}

impl<'a> Entry<'a> {
    /// Takes the next value of `MESSAGE`.
    pub(super) fn add_message(&mut self, value: Cow<'a, [u8]>) {
        match &mut self.message {
            None => self.message = Some(value),
            Some(message) => {
                let message = message.to_mut();
                message.push(b'\n');
                message.extend_from_slice(&value);
            }
        }
    }

    /// Takes any other field; of a repeated one the first value counts.
    pub(super) fn set(&mut self, name: &str, value: Cow<'a, str>) {
        let first = |slot: &mut Option<Cow<'a, str>>, value: Cow<'a, str>| {
            if slot.is_none() && !value.is_empty() {
                *slot = Some(value);
            }
        };
        match name {
            "__REALTIME_TIMESTAMP" => self.received = value.parse().ok(),
            "_SOURCE_REALTIME_TIMESTAMP" => self.sent = value.parse().ok(),
            "PRIORITY" => self.priority = value.parse().ok(),
            "_TRANSPORT" => self.stdout = value == "stdout",
            "CONTAINER_NAME" => {
                // docker's driver gives what a container prints a priority by its stream alone.
                self.stdout = true;
                first(&mut self.container, value);
            }
            "SYSLOG_IDENTIFIER" => first(&mut self.identifier, value),
            "_SYSTEMD_UNIT" => first(&mut self.unit, value),
            "UNIT" if self.unit.is_none() => first(&mut self.unit, value),
            "_COMM" => first(&mut self.command, value),
            "_HOSTNAME" => {
                if let Cow::Borrowed(host) = value {
                    self.host = Some(host).filter(|host| !host.is_empty());
                }
            }
            "_PID" => self.pid = number(value.as_bytes()),
            "SYSLOG_PID" => self.stated_pid = number(value.as_bytes()),
            _ => {}
        }
    }

    /// What the entry says, with its message as the body.
    pub(super) fn header(self, format: Format) -> Header<'a> {
        /// What journald writes where a program just prints.
        const PRINTED: u32 = 6;
        // `journalctl -o short` shows when the message was sent, too, where that is known.
        let micros = self.sent.or(self.received);
        let priority = self
            .priority
            .filter(|priority| !(self.stdout && *priority == PRINTED));
        Header {
            format,
            stamp: micros.and_then(|micros| micros.checked_mul(1000)).map(written),
            level: priority.map(level::from_priority),
            service: self.container.or(self.identifier).or(self.unit).or(self.command),
            host: self.host,
            pid: self.pid.or(self.stated_pid),
            body: line_of(self.message.unwrap_or_default()),
            transport: true,
            ..Header::default()
        }
    }
}
