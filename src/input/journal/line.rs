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
    // The boot follows, then what is behind it here.
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

/// The longest name of a field, in bytes.
const NAME_LIMIT: usize = 64;

/// The number of `MESSAGE` among the fields.
const MESSAGE: usize = 8;

/// Stands for fields that lines do not have.
const LEFT_OUT: usize = FIELDS.len();

/// The most that lines show of a message and of any other field, in bytes.
const MESSAGE_LIMIT: usize = 1 << 20;
const VALUE_LIMIT: usize = 4 << 10;

/// The longest message in a line, in bytes of JSON. The rest follows in lines with the same head, so that
/// each can be read as a record. Less than [`LINE_LIMIT`](crate::input::block::LINE_LIMIT).
const PIECE: usize = 192 << 10;

/// How many fields are kept, and how many bytes of their texts.
const PLACES: usize = 1 << 14;
const KEPT: usize = 8 << 20;

/// What a reference to a field counts, in bytes.
const ITEM_WORK: u64 = 16;

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
    /// How many bytes were looked at, decoded and written.
    pub(super) work: u64,
    /// How many bytes may be.
    limit: u64,
}

/// A field of the line that is being put together.
struct Field {
    /// `,"NAME":"`
    head: Vec<u8>,
    /// JSON text.
    value: Vec<u8>,
    is_there: bool,
    is_message: bool,
}

impl Lines {
    /// Stops decoding after about `limit` bytes, so that a small file with references to large fields does not
    /// keep its reader busy for ever.
    pub(super) fn new(limit: u64) -> Lines {
        Lines {
            payloads: Payloads::default(),
            value: Vec::new(),
            cache: Cache::new(),
            fields: FIELDS.iter().map(|name| Field::new(name)).collect(),
            unreadable: 0,
            shortened: 0,
            work: 0,
            limit,
        }
    }

    /// Adds the lines of an entry: one, or several if its message is very long.
    pub(super) fn write(&mut self, file: File<'_>, entry: Entry<'_>, out: &mut Vec<u8>) {
        for field in &mut self.fields {
            field.is_there = false;
        }
        for at in entry.fields() {
            self.take(file, at);
            self.work += ITEM_WORK;
            if self.is_exhausted() {
                break;
            }
        }
        let before = out.len();
        self.join(entry, out);
        self.work += (out.len() - before) as u64;
    }

    /// Whether nothing more should be written.
    pub(super) fn is_exhausted(&self) -> bool {
        self.work > self.limit
    }

    /// Takes a field into the line.
    fn take(&mut self, file: File<'_>, at: u64) {
        if let Some(field) = self.cache.field(at) {
            if let Some(field) = self.fields.get_mut(field) {
                field.add(self.cache.text(at));
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
            let limit = if field == MESSAGE {
                MESSAGE_LIMIT
            } else {
                VALUE_LIMIT
            };
            let shown = value.get(..limit).unwrap_or(value);
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
            is_message: name == FIELDS[MESSAGE],
        }
    }

    /// Takes a value. Of a field that an entry has several times the first is taken, of messages all.
    fn add(&mut self, text: &[u8]) {
        if !self.is_there {
            self.value.clear();
            self.is_there = true;
        } else if self.is_message && self.value.len() < MESSAGE_LIMIT {
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
    let head = text.get(..=NAME_LIMIT).unwrap_or(text);
    let name = &head[..memchr::memchr(b'=', head)?];
    let field = FIELDS.iter().position(|field| field.as_bytes() == name);
    Some(field.unwrap_or(LEFT_OUT))
}

/// Adds a value as the inside of a JSON string.
fn escape(value: &[u8], out: &mut Vec<u8>) {
    // Most values are UTF-8, which is quickly seen.
    if std::str::from_utf8(value).is_ok() {
        escape_text(value, out);
        return;
    }
    for chunk in value.utf8_chunks() {
        escape_text(chunk.valid().as_bytes(), out);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// Whether a byte may not stand in a JSON string as it is.
fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Where the first special byte is.
fn special(text: &[u8]) -> Option<usize> {
    // A loop over a fixed length without an exit becomes vector code.
    let clean = |chunk: &&[u8; 32]| !chunk.iter().fold(false, |any, byte| any | is_special(*byte));
    let start = text.as_chunks().0.iter().take_while(clean).count() * 32;
    let at = text[start..].iter().position(|byte| is_special(*byte))?;
    Some(start + at)
}

fn escape_text(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = special(rest) {
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
    /// Who has each place. Apart from the texts, since most fields are left out and have none: so this stays
    /// in the processor's cache.
    owners: Vec<Owner>,
    texts: Vec<Vec<u8>>,
    /// How many bytes of text are kept.
    kept: usize,
}

#[derive(Debug, Default, Clone, Copy)]
struct Owner {
    /// 0 if the place is free.
    at: u64,
    field: usize,
}

impl Cache {
    fn new() -> Cache {
        Cache {
            owners: vec![Owner::default(); PLACES],
            texts: vec![Vec::new(); PLACES],
            kept: 0,
        }
    }

    fn place(at: u64) -> usize {
        // Multiplying spreads offsets, which are multiples of 8, over the upper bits.
        let spread = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (spread >> (u64::BITS - PLACES.ilog2())) as usize
    }

    /// The field at this offset, if it is kept; its text is in [`text`](Self::text).
    fn field(&self, at: u64) -> Option<usize> {
        let owner = self.owners[Self::place(at)];
        (owner.at == at && at != 0).then_some(owner.field)
    }

    fn text(&self, at: u64) -> &[u8] {
        &self.texts[Self::place(at)]
    }

    fn put(&mut self, at: u64, field: usize, text: &[u8]) {
        if self.kept + text.len() > KEPT {
            *self = Cache::new();
        }
        let place = Self::place(at);
        self.owners[place] = Owner { at, field };
        self.kept -= self.texts[place].len();
        self.texts[place] = text.to_vec();
        self.kept += text.len();
    }
}

// A line shows no more of a field than is decoded of it.
const _: () = assert!(MESSAGE_LIMIT < LIMIT && PIECE < crate::input::block::LINE_LIMIT);
