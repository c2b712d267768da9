//! Entries as lines of JSON.
//!
//! In: the entries of a journal. Out: for each a line in the shape of `journalctl -o json`, with the fields that
//! tell who wrote what, and when. A text stands in a line as it is, only escaped; bytes that are not UTF-8
//! are replaced. A field that several entries share is decoded and escaped once and then kept, within bounds.

use std::ops::Range;
use std::sync::Arc;

use super::file::{Data, Entry, File};
use super::kept::{Kept, Seen};
use super::payload::{LIMIT, Payloads};
use super::search::Search;
use super::text::{PIECE, escape, piece_end};
use crate::scan::filter::Filter;

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

/// What a reference to a field counts, in bytes.
const ITEM_WORK: u64 = 16;

/// What a line begins with, up to the time.
const HEAD: &[u8] = b"{\"__REALTIME_TIMESTAMP\":\"";

/// The field of the time at which the sender wrote an entry: a number that hardly two entries share.
const SENT: usize = 0;

/// How many digits a time has, in microseconds since 1970: from 2001 to 2286.
const DIGITS: usize = 16;

/// Writes entries as lines.
pub(super) struct Lines {
    payloads: Payloads,
    /// `,"NAME":"value"` of the field that was decoded last.
    text: Vec<u8>,
    /// `,"NAME":"` of each field.
    heads: Vec<Vec<u8>>,
    kept: Kept,
    entry: Taken,
    /// The boot of the last entry, as a field.
    boot: Boot,
    search: Option<Search>,
    /// What is known of texts before they are searched.
    known: Known,
    /// Fields that could not be decoded, counted for each entry that has them.
    pub(super) unreadable: u64,
    /// Fields that are longer than what a line shows.
    pub(super) shortened: u64,
    /// How many bytes were looked at, decoded and written.
    pub(super) work: u64,
    /// How many bytes may be.
    limit: u64,
}

/// The fields of the entry that is being put together.
struct Taken {
    /// A bit for each field that it has.
    has: u64,
    texts: [Text; FIELDS.len()],
    /// Texts that are not kept.
    own: Vec<u8>,
}

/// Where the text of a field stands.
#[derive(Debug, Default, Clone)]
struct Text {
    is_own: bool,
    place: Range<usize>,
}

/// The boot that entries belong to.
#[derive(Debug, Default)]
struct Boot {
    id: Vec<u8>,
    text: Vec<u8>,
}

/// Which texts no gate can stand in, whatever their digits are.
#[derive(Debug, Default)]
struct Known {
    times_are_quiet: bool,
    boots_are_quiet: bool,
    sent_is_quiet: bool,
}

impl Lines {
    /// Stops decoding after about `limit` bytes, so that a small file with references to large fields does not
    /// keep its reader busy for ever. With a filter, [`settle`](Self::settle) says where its literals may stand.
    pub(super) fn new(limit: u64, sought: Option<Arc<Filter>>) -> Lines {
        let names: Vec<&str> = FIELDS.into_iter().chain(["_BOOT_ID"]).collect();
        let search = sought.and_then(|filter| Search::new(filter, &names));
        Lines {
            payloads: Payloads::default(),
            text: Vec::new(),
            heads: FIELDS.iter().map(|name| head_of(name)).collect(),
            kept: Kept::new(),
            entry: Taken {
                has: 0,
                texts: [const {
                    Text {
                        is_own: false,
                        place: 0..0,
                    }
                }; _],
                own: Vec::new(),
            },
            boot: Boot::default(),
            known: search.as_ref().map(Known::of).unwrap_or_default(),
            search,
            unreadable: 0,
            shortened: 0,
            work: 0,
            limit,
        }
    }

    /// Adds the lines of an entry: one, or several if its message is very long.
    pub(super) fn write(&mut self, file: File<'_>, entry: Entry<'_>, out: &mut Vec<u8>) {
        self.entry.has = 0;
        self.entry.own.clear();
        if let Some(search) = &mut self.search {
            search.begin();
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

    /// For each entry since the last time whether what is looked for stands in its lines; nothing if that is not known. `ends` are the
    /// places in `text` where the lines of each end.
    pub(super) fn settle(&mut self, text: &[u8], ends: &[usize]) -> Option<Vec<bool>> {
        let search = self.search.as_mut();
        let loud = search.map(|search| search.settle(&mut self.kept, text, ends));
        if self.kept.make_room()
            && let Some(search) = &mut self.search
        {
            search.forget();
        }
        loud
    }

    /// Takes a field into the line.
    fn take(&mut self, file: File<'_>, at: u64) {
        if let Some(owner) = self.kept.get(at) {
            let field = usize::from(owner.field);
            if field < LEFT_OUT {
                self.add_kept(field, owner.text(), owner.seen);
            }
            return;
        }
        let Some(data) = file.data(at) else {
            self.unreadable += 1;
            return;
        };
        let Some(field) = self.decode(data) else {
            self.unreadable += 1;
            return;
        };
        // What only one entry has is not worth keeping.
        let kept = data
            .shared
            .then(|| self.kept.put(at, field as u8, &self.text))
            .flatten();
        match kept {
            _ if field == LEFT_OUT => {}
            Some(owner) => {
                let seen = match &mut self.search {
                    Some(search) => search.shared(at, &self.text),
                    None => Seen::Quiet,
                };
                self.kept.note(at, seen);
                self.add_kept(field, owner.text(), seen);
            }
            None => self.add_own(field),
        }
    }

    /// The number of the field that a data object has. Its text is then in `self.text`.
    fn decode(&mut self, data: Data<'_>) -> Option<usize> {
        self.text.clear();
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
            self.text.extend_from_slice(&self.heads[field]);
            escape(shown, &mut self.text);
            self.text.push(b'"');
        }
        self.work += self.payloads.decoded() as u64;
        field
    }

    /// Takes a text that is kept. Of a field that an entry has several times the first is taken, of messages all.
    fn add_kept(&mut self, field: usize, place: Range<usize>, seen: Seen) {
        if self.entry.has & 1 << field == 0 {
            self.entry.set(field, Text { is_own: false, place });
            if let Some(search) = &mut self.search {
                search.again(seen);
            }
        } else if field == MESSAGE {
            self.text.clear();
            self.text.extend_from_slice(&self.kept.texts()[place]);
            self.join_messages();
        }
    }

    /// Takes the text that was decoded last.
    fn add_own(&mut self, field: usize) {
        if self.entry.has & 1 << field == 0 {
            let start = self.entry.own.len();
            self.entry.own.extend_from_slice(&self.text);
            let place = start..self.entry.own.len();
            self.entry.set(field, Text { is_own: true, place });
            if !(field == SENT && self.known.sent_is_quiet && is_sent(&self.text[self.heads[field].len()..]))
                && let Some(search) = &mut self.search
            {
                search.own(&self.text);
            }
        } else if field == MESSAGE {
            self.join_messages();
        }
    }

    /// Adds the message in `self.text` to the one that the entry has.
    fn join_messages(&mut self) {
        let Text { is_own, place } = self.entry.texts[MESSAGE].clone();
        let head = self.heads[MESSAGE].len();
        if place.len() - head > MESSAGE_LIMIT {
            return;
        }
        let start = self.entry.own.len();
        let own = &mut self.entry.own;
        if is_own {
            own.extend_from_within(place);
        } else {
            own.extend_from_slice(&self.kept.texts()[place]);
        }
        // Without the quote.
        own.pop();
        own.extend_from_slice(b"\\n");
        own.extend_from_slice(&self.text[head..]);
        let place = start..own.len();
        if let Some(search) = &mut self.search {
            search.own(&own[start..]);
        }
        self.entry.set(MESSAGE, Text { is_own: true, place });
    }

    fn join(&mut self, entry: Entry<'_>, out: &mut Vec<u8>) {
        self.boot.read(entry.boot_id());
        let mut digits = [0; 20];
        let time = decimal(entry.realtime(), &mut digits);
        if let Some(search) = &mut self.search {
            if !self.known.boots_are_quiet {
                search.own(&self.boot.text);
            }
            if !(self.known.times_are_quiet && time.len() == DIGITS) {
                search.own(&[HEAD, time, b"\""].concat());
            }
        }
        let message = self.text_of(MESSAGE);
        let head = self.heads[MESSAGE].len();
        if message.len() <= head + PIECE + 1 {
            self.join_piece(time, &[message], out);
            return;
        }
        let (head, value) = message.split_at(head);
        let value = &value[..value.len() - 1];
        let mut start = 0;
        while start < value.len() {
            let end = piece_end(value, start);
            self.join_piece(time, &[head, &value[start..end], b"\""], out);
            start = end;
        }
    }

    /// Adds a line with this message.
    fn join_piece(&self, time: &[u8], message: &[&[u8]], out: &mut Vec<u8>) {
        out.extend_from_slice(HEAD);
        out.extend_from_slice(time);
        out.push(b'"');
        let before = (1 << MESSAGE) - 1;
        self.join_fields(self.entry.has & before, out);
        out.extend_from_slice(&self.boot.text);
        for part in message {
            out.extend_from_slice(part);
        }
        self.join_fields(self.entry.has & !before & !(1 << MESSAGE), out);
        out.extend_from_slice(b"}\n");
    }

    /// Adds the fields with these bits.
    fn join_fields(&self, mut fields: u64, out: &mut Vec<u8>) {
        while fields != 0 {
            out.extend_from_slice(self.text_of(fields.trailing_zeros() as usize));
            fields &= fields - 1;
        }
    }

    /// `,"NAME":"value"`, nothing if the entry has no such field.
    fn text_of(&self, field: usize) -> &[u8] {
        let Text { is_own, place } = &self.entry.texts[field];
        match (self.entry.has & 1 << field, is_own) {
            (0, _) => &[],
            (_, true) => &self.entry.own[place.clone()],
            (_, false) => &self.kept.texts()[place.clone()],
        }
    }
}

impl Taken {
    fn set(&mut self, field: usize, text: Text) {
        self.has |= 1 << field;
        self.texts[field] = text;
    }
}

impl Boot {
    fn read(&mut self, id: &[u8]) {
        if self.id == id && !self.text.is_empty() {
            return;
        }
        self.id = id.to_vec();
        self.text = head_of("_BOOT_ID");
        for byte in id {
            let digits = [byte >> 4, byte & 15];
            self.text
                .extend(digits.map(|digit| b"0123456789abcdef"[usize::from(digit)]));
        }
        self.text.push(b'"');
    }
}

impl Known {
    fn of(search: &Search) -> Known {
        let digits = |count| "0".repeat(count);
        let time = format!("{{\"__REALTIME_TIMESTAMP\":\"{}\"", digits(DIGITS));
        let boot = format!(",\"_BOOT_ID\":\"{}\"", digits(32));
        let sent = format!(",\"{}\":\"{}\"", FIELDS[SENT], digits(DIGITS));
        Known {
            times_are_quiet: !search.may_be_in(&time),
            boots_are_quiet: !search.may_be_in(&boot),
            sent_is_quiet: !search.may_be_in(&sent),
        }
    }
}

/// `,"NAME":"`
fn head_of(name: &str) -> Vec<u8> {
    format!(",\"{name}\":\"").into_bytes()
}

/// Whether this value and its quote are a time in microseconds.
fn is_sent(text: &[u8]) -> bool {
    text.len() == DIGITS + 1 && text[..DIGITS].iter().all(u8::is_ascii_digit)
}

/// A number in decimal digits.
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 || at == 0 {
            return &digits[at..];
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

// A line shows no more of a field than is decoded of it, and fields are counted in bits.
const _: () = assert!(MESSAGE_LIMIT < LIMIT && FIELDS.len() < u64::BITS as usize);
