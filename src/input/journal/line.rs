//! Entries as lines of JSON.
//!
//! In: the entries of a journal. Out: for each a line in the shape of `journalctl -o json`, with the fields that
//! tell who wrote what, and when. A text stands in a line as it is, only escaped; bytes that are not UTF-8
//! are replaced. A field that several entries share is decoded and escaped once and then kept, within bounds.

use std::io::Write as _;
use std::ops::Range;

use super::file::{Data, Entry, File};
use super::payload::{LIMIT, Payloads};

/// The fields that a line has, in this order, behind the time and the boot that the entry itself has. Names are those of
/// `systemd.journal-fields(7)`.
const FIELDS: [&str; 36] = [
    "_SOURCE_REALTIME_TIMESTAMP",
    "_HOSTNAME",
    "SYSLOG_IDENTIFIER",
    "_COMM",
    "_SYSTEMD_UNIT",
    "UNIT",
    "_PID",
    "PRIORITY",
    // What stands before the message ends here: see `BOOT`.
    "MESSAGE",
    "MESSAGE_ID",
    "SYSLOG_PID",
    "_SYSTEMD_USER_UNIT",
    "USER_UNIT",
    "OBJECT_SYSTEMD_UNIT",
    "JOB_TYPE",
    "JOB_RESULT",
    "UNIT_RESULT",
    "EXIT_CODE",
    "EXIT_STATUS",
    "N_RESTARTS",
    "ERRNO",
    "CONTAINER_NAME",
    "CONTAINER_ID",
    "CONTAINER_TAG",
    "IMAGE_NAME",
    "COREDUMP_COMM",
    "COREDUMP_EXE",
    "COREDUMP_HOSTNAME",
    "COREDUMP_PID",
    "COREDUMP_SIGNAL",
    "COREDUMP_SIGNAL_NAME",
    "COREDUMP_UID",
    "COREDUMP_UNIT",
    "COREDUMP_USER_UNIT",
    "_KERNEL_DEVICE",
    "_KERNEL_SUBSYSTEM",
];

/// The number of `MESSAGE` among the fields.
const MESSAGE: usize = 8;

/// Stands for fields that lines do not have.
const LEFT_OUT: usize = FIELDS.len();

/// The most that a line shows of a field, in bytes. Only messages come near it.
const VALUE_LIMIT: usize = 1 << 20;

/// The longest message in a line, in bytes of JSON. The rest follows in lines with the same head, so that
/// each can be read as a record. Less than [`LINE_LIMIT`](crate::input::block::LINE_LIMIT).
const PIECE: usize = 192 << 10;

/// How many fields are kept, and how many bytes of their texts.
const SLOTS: usize = 1 << 14;
const KEPT: usize = 8 << 20;

/// Writes entries as lines.
pub(super) struct Lines {
    payloads: Payloads,
    value: Vec<u8>,
    cache: Cache,
    fields: Vec<Field>,
    /// Fields that could not be decoded, counted for each entry that has them.
    pub(super) unreadable: u64,
    /// Fields that are longer than what a line shows.
    pub(super) shortened: u64,
    /// How many bytes were decoded and written.
    pub(super) work: u64,
}

/// A field of the line that is being put together.
struct Field {
    /// `,"NAME":"`
    head: Vec<u8>,
    /// JSON text.
    value: Vec<u8>,
    is_there: bool,
}

impl Lines {
    pub(super) fn new() -> Lines {
        Lines {
            payloads: Payloads::default(),
            value: Vec::new(),
            cache: Cache::new(),
            fields: FIELDS.iter().map(|name| Field::new(name)).collect(),
            unreadable: 0,
            shortened: 0,
            work: 0,
        }
    }

    /// Adds the lines of an entry: one, or several if its message is very long.
    pub(super) fn write(&mut self, file: File<'_>, entry: Entry<'_>, out: &mut Vec<u8>) {
        for field in &mut self.fields {
            field.is_there = false;
        }
        for at in entry.fields() {
            self.take(file, at);
        }
        let before = out.len();
        self.join(entry, out);
        self.work += (out.len() - before) as u64;
    }

    /// Takes a field into the line.
    fn take(&mut self, file: File<'_>, at: u64) {
        if let Some((field, text)) = self.cache.get(at) {
            if let Some(field) = self.fields.get_mut(field) {
                field.add(text);
            }
            return;
        }
        let Some(data) = file.data(at) else {
            self.unreadable += 1;
            return;
        };
        let Some(number) = self.decode(data) else {
            self.unreadable += 1;
            return;
        };
        // What only one entry has is not worth keeping.
        if data.shared {
            self.cache.put(at, number, &self.value);
        }
        if let Some(field) = self.fields.get_mut(number) {
            field.add(&self.value);
        }
    }

    /// The number of the field that a data object has. Its JSON text is then in `self.value`.
    fn decode(&mut self, data: Data<'_>) -> Option<usize> {
        self.value.clear();
        // Most fields are left out, and most are not compressed: their names can be read in place.
        if data.flags == 0 && number_of(data.payload)? == LEFT_OUT {
            return Some(LEFT_OUT);
        }
        let payload = self.payloads.read(data);
        let (text, is_whole) =
            payload.map_or((None, false), |payload| (Some(payload.text), payload.is_whole));
        let field = text.and_then(number_of);
        if let (Some(text), Some(field)) = (text, field)
            && let Some(name) = FIELDS.get(field)
        {
            let value = text.get(name.len() + 1..).unwrap_or(&[]);
            let shown = value.get(..VALUE_LIMIT).unwrap_or(value);
            self.shortened += u64::from(!is_whole || shown.len() < value.len());
            escape(shown, &mut self.value);
        }
        self.work += self.payloads.decoded() as u64;
        field
    }

    fn join(&self, entry: Entry<'_>, out: &mut Vec<u8>) {
        let message = &self.fields[MESSAGE];
        if message.value.len() <= PIECE || !message.is_there {
            self.join_piece(entry, 0..message.value.len(), out);
            return;
        }
        let mut start = 0;
        while start < message.value.len() {
            let end = piece_end(&message.value, start);
            self.join_piece(entry, start..end, out);
            start = end;
        }
    }

    /// Adds a line with this part of the message.
    fn join_piece(&self, entry: Entry<'_>, piece: Range<usize>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"__REALTIME_TIMESTAMP\":\"");
        // Writing into memory does not fail.
        let _ = write!(out, "{}\"", entry.realtime());
        for field in &self.fields[..MESSAGE] {
            field.join(out);
        }
        out.extend_from_slice(b",\"_BOOT_ID\":\"");
        for byte in entry.boot_id() {
            out.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
        }
        out.push(b'"');
        let message = &self.fields[MESSAGE];
        if message.is_there {
            out.extend_from_slice(&message.head);
            out.extend_from_slice(message.value.get(piece).unwrap_or(&[]));
            out.push(b'"');
        }
        for field in &self.fields[MESSAGE + 1..] {
            field.join(out);
        }
        out.extend_from_slice(b"}\n");
    }
}

impl Field {
    fn new(name: &str) -> Field {
        Field {
            head: format!(",\"{name}\":\"").into_bytes(),
            value: Vec::new(),
            is_there: false,
        }
    }

    /// Takes a value. Of a field that an entry has several times the first is taken, of messages all.
    fn add(&mut self, text: &[u8]) {
        if !self.is_there {
            self.value.clear();
            self.is_there = true;
        } else if self.head == b",\"MESSAGE\":\"" && self.value.len() < VALUE_LIMIT {
            self.value.extend_from_slice(b"\\n");
        } else {
            return;
        }
        self.value.extend_from_slice(text);
    }

    fn join(&self, out: &mut Vec<u8>) {
        if self.is_there {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(&self.value);
            out.push(b'"');
        }
    }
}

/// The number of the field that a text begins with the name of. None if it does not begin with a name.
fn number_of(text: &[u8]) -> Option<usize> {
    let name = &text[..memchr::memchr(b'=', text)?];
    let field = FIELDS.iter().position(|field| field.as_bytes() == name);
    Some(field.unwrap_or(LEFT_OUT))
}

/// Adds a value as the inside of a JSON string.
fn escape(value: &[u8], out: &mut Vec<u8>) {
    for chunk in value.utf8_chunks() {
        escape_text(chunk.valid().as_bytes(), out);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

fn escape_text(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = rest
        .iter()
        .position(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\'))
    {
        let (plain, behind) = rest.split_at(at);
        out.extend_from_slice(plain);
        match behind[0] {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            byte => {
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
        rest = &behind[1..];
    }
    out.extend_from_slice(rest);
}

/// Where the piece of a long JSON text that begins at `start` ends: behind its last line end if it has one in its
/// second half, and never inside a character or an escape.
fn piece_end(text: &[u8], start: usize) -> usize {
    let (mut at, mut line_end) = (start, None);
    while let Some(byte) = text.get(at) {
        let length = match byte {
            b'\\' if text.get(at + 1) == Some(&b'u') => 6,
            b'\\' => 2,
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            _ => 1,
        };
        if at + length - start > PIECE {
            return line_end.unwrap_or(at);
        }
        at += length;
        if *byte == b'\\' && text.get(at - 1) == Some(&b'n') && at - start > PIECE / 2 {
            line_end = Some(at);
        }
    }
    text.len()
}

/// The JSON texts of fields, by the offset of their data object. Each offset has one place; who comes later
/// takes it.
struct Cache {
    slots: Vec<Slot>,
    /// How many bytes of text are kept.
    kept: usize,
}

#[derive(Default, Clone)]
struct Slot {
    /// 0 if the slot is free.
    at: u64,
    field: usize,
    text: Vec<u8>,
}

impl Cache {
    fn new() -> Cache {
        Cache {
            slots: vec![Slot::default(); SLOTS],
            kept: 0,
        }
    }

    fn place(at: u64) -> usize {
        // Multiplying spreads offsets, which are multiples of 8, over the upper bits.
        let spread = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (spread >> (u64::BITS - SLOTS.ilog2())) as usize
    }

    fn get(&self, at: u64) -> Option<(usize, &[u8])> {
        let slot = &self.slots[Self::place(at)];
        (slot.at == at && at != 0).then_some((slot.field, &slot.text))
    }

    fn put(&mut self, at: u64, field: usize, text: &[u8]) {
        if self.kept + text.len() > KEPT {
            *self = Cache::new();
        }
        let slot = &mut self.slots[Self::place(at)];
        self.kept -= slot.text.len();
        *slot = Slot {
            at,
            field,
            text: text.to_vec(),
        };
        self.kept += text.len();
    }
}

// A line shows no more of a field than is decoded of it.
const _: () = assert!(VALUE_LIMIT <= LIMIT && PIECE < crate::input::block::LINE_LIMIT);
