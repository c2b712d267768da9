//! Entries as lines of JSON.
//!
//! In: the entries of a journal. Out: for each a line in the shape of `journalctl -o json`, with the fields that
//! tell who wrote what, and when. A text stands in a line as it is, only escaped; bytes that are not UTF-8
//! are replaced. A field that several entries share is decoded and escaped once and then kept, within bounds. How long a line
//! is can be told without writing it.

use std::ops::Range;
use std::sync::Arc;

use super::field::{FIELDS, LEFT_OUT, MESSAGE, SENT, head_of, limit_of, number_of};
use super::file::{Data, Entry, File};
use super::kept::{Kept, Seen};
use super::payload::Payloads;
use super::search::Search;
use super::text::{PIECE, escape, piece_end};
use crate::scan::filter::Filter;

/// How many fields that entries share are kept.
const PLACES: usize = 1 << 14;
const FEW_PLACES: usize = 1 << 10;

/// What a reference to a field counts, in bytes.
const ITEM_WORK: u64 = 16;

/// What a line begins with, up to the time.
const HEAD: &[u8] = b"{\"__REALTIME_TIMESTAMP\":\"";

/// How many digits a time has, in microseconds since 1970: from 2001 to 2286.
const DIGITS: usize = 16;

/// The times with so many digits.
const USUAL: Range<u64> = 10_u64.pow(DIGITS as u32 - 1)..10_u64.pow(DIGITS as u32);

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
    /// What is written now was counted and searched before.
    again: bool,
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

/// A field of an entry that lines have.
struct Met {
    field: usize,
    text: MetText,
}

/// Where the text of a field is that was met.
enum MetText {
    /// It is kept there, and this is known of it.
    Kept(Range<usize>, Seen),
    /// It was decoded just now.
    Fresh,
    /// It was not decoded, and has so many bytes.
    Length(usize),
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
        Lines::keeping(PLACES, limit, sought)
    }

    /// The same for some lines here and there.
    pub(super) fn few() -> Lines {
        Lines::keeping(FEW_PLACES, u64::MAX, None)
    }

    fn keeping(places: usize, limit: u64, sought: Option<Arc<Filter>>) -> Lines {
        let names: Vec<&str> = FIELDS.into_iter().chain(["_BOOT_ID"]).collect();
        let search = sought.and_then(|filter| Search::new(filter, &names));
        Lines {
            payloads: Payloads::default(),
            text: Vec::new(),
            heads: FIELDS.iter().map(|name| head_of(name)).collect(),
            kept: Kept::new(places),
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
            again: false,
            unreadable: 0,
            shortened: 0,
            work: 0,
            limit,
        }
    }

    /// Whether it is known where something may stand that is looked for.
    pub(super) fn is_searching(&self) -> bool {
        self.search.is_some()
    }

    /// Adds the lines of an entry: one, or several if its message is very long.
    pub(super) fn write(&mut self, file: File<'_>, entry: Entry<'_>, out: &mut Vec<u8>) {
        self.entry.has = 0;
        self.entry.own.clear();
        if let Some(search) = self.searching() {
            search.begin();
        }
        for at in entry.fields() {
            match self.meet(file, at, false) {
                Some(Met {
                    field,
                    text: MetText::Kept(place, seen),
                }) => self.add_kept(field, place, seen),
                Some(Met { field, .. }) => self.add_own(field),
                None => {}
            }
            self.work += ITEM_WORK;
            if self.is_exhausted() {
                break;
            }
        }
        let before = out.len();
        self.join(entry, out);
        self.work += (out.len() - before) as u64;
    }

    /// The same for an entry that was measured, of which nothing is to be counted or searched now.
    pub(super) fn write_again(&mut self, file: File<'_>, entry: Entry<'_>, out: &mut Vec<u8>) {
        let counts = (self.unreadable, self.shortened, self.work);
        self.again = true;
        self.write(file, entry, out);
        self.again = false;
        (self.unreadable, self.shortened, self.work) = counts;
    }

    /// How many bytes [`write`](Self::write) would add for an entry, which is counted and searched as there. Nothing, and
    /// nothing is counted, if that cannot be told, or it would be more than a line.
    pub(super) fn measure(&mut self, file: File<'_>, entry: Entry<'_>) -> Option<usize> {
        let counts = (self.unreadable, self.shortened, self.work);
        if let Some(search) = &mut self.search {
            search.begin();
        }
        let length = self.length(file, entry);
        match length {
            Some(length) => self.work += length as u64,
            None => {
                (self.unreadable, self.shortened, self.work) = counts;
                if let Some(search) = &mut self.search {
                    search.begin_again();
                }
            }
        }
        length
    }

    fn length(&mut self, file: File<'_>, entry: Entry<'_>) -> Option<usize> {
        let mut has = 0_u64;
        self.boot.read(entry.boot_id());
        let time = self.search_head(entry);
        let mut length = HEAD.len() + time + self.boot.text.len() + b"\"}\n".len();
        for at in entry.fields() {
            let met = self.meet(file, at, true);
            self.work += ITEM_WORK;
            if self.is_exhausted() {
                return None;
            }
            let Some(Met { field, text }) = met else {
                continue;
            };
            if has & 1 << field != 0 {
                if field == MESSAGE {
                    return None;
                }
                continue;
            }
            has |= 1 << field;
            let own = match text {
                MetText::Kept(place, seen) => {
                    if let Some(search) = &mut self.search {
                        search.again(seen);
                    }
                    place.len()
                }
                MetText::Fresh => {
                    self.search_own(field);
                    self.text.len()
                }
                MetText::Length(length) => length,
            };
            if field == MESSAGE && own > self.longest_message() {
                return None;
            }
            length += own;
        }
        Some(length)
    }

    /// The longest text of a message that is written in one line.
    fn longest_message(&self) -> usize {
        self.heads[MESSAGE].len() + PIECE + 1
    }

    /// Whether nothing more should be written.
    pub(super) fn is_exhausted(&self) -> bool {
        self.work > self.limit
    }

    /// Which of the literals that are looked for may stand in the lines of which entries since the last time, both by their numbers and in
    /// order; nothing if that is not known.
    pub(super) fn settle(&mut self) -> Option<Vec<(u32, u32)>> {
        let search = self.search.as_mut()?;
        Some(search.settle(&mut self.kept))
    }

    /// Whether somebody asked for one of these literals in this line.
    pub(super) fn is_wanted(&self, literals: impl Iterator<Item = u32>, line: &[u8]) -> bool {
        self.search
            .as_ref()
            .is_none_or(|search| search.is_wanted(literals, line))
    }

    /// Makes room if there was none. Entries that were [settled](Self::settle) are not written again behind this.
    pub(super) fn make_room(&mut self) {
        let search = self.search.as_mut();
        let has_learned = search.is_some_and(Search::learn);
        if self.kept.make_room(has_learned)
            && let Some(search) = &mut self.search
        {
            search.forget();
        }
    }

    /// What is searched, unless it was before.
    fn searching(&mut self) -> Option<&mut Search> {
        self.search.as_mut().filter(|_| !self.again)
    }

    /// The field at this offset, if lines have it. What one entry alone has is not decoded for being measured if that is not needed.
    fn meet(&mut self, file: File<'_>, at: u64, is_measured: bool) -> Option<Met> {
        if let Some(owner) = self.kept.get(at) {
            let field = usize::from(owner.field);
            let text = MetText::Kept(owner.text(), owner.seen);
            return (field < LEFT_OUT).then_some(Met { field, text });
        }
        let data = file.data(at);
        if let Some(data) = data
            && is_measured
            && self.known.sent_is_quiet
            && let Some(length) = self.length_of_sent(data)
        {
            let text = MetText::Length(length);
            return Some(Met { field: SENT, text });
        }
        let Some((data, field)) = data.and_then(|data| Some((data, self.decode(data)?))) else {
            self.unreadable += 1;
            return None;
        };
        // What only one entry has is not worth keeping.
        let kept = data
            .shared
            .then(|| self.kept.put(at, field as u8, &self.text))
            .flatten();
        if field == LEFT_OUT {
            return None;
        }
        let text = match kept {
            Some(owner) => {
                let seen = match &mut self.search {
                    // A text that is met while an entry is written again was searched with it, and may be forgotten.
                    Some(search) => search.shared(at, &self.text),
                    None => Seen::Quiet,
                };
                self.kept.note(at, seen);
                MetText::Kept(owner.text(), seen)
            }
            None => MetText::Fresh,
        };
        Some(Met { field, text })
    }

    /// The length of the text of a field that is a time like others.
    fn length_of_sent(&self, data: Data<'_>) -> Option<usize> {
        let name = FIELDS[SENT].as_bytes();
        let number = data.payload.strip_prefix(name)?.strip_prefix(b"=")?;
        let is_number = number.len() == DIGITS && number.iter().all(u8::is_ascii_digit);
        (data.flags == 0 && !data.shared && is_number).then_some(self.heads[SENT].len() + DIGITS + 1)
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
            let shown = value.get(..limit_of(field)).unwrap_or(value);
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
            if let Some(search) = self.searching() {
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
            self.search_own(field);
        } else if field == MESSAGE {
            self.join_messages();
        }
    }

    /// Has the text searched that was decoded last.
    fn search_own(&mut self, field: usize) {
        let is_quiet =
            field == SENT && self.known.sent_is_quiet && is_sent(&self.text[self.heads[field].len()..]);
        if !is_quiet
            && !self.again
            && let Some(search) = &mut self.search
        {
            search.own(&self.text);
        }
    }

    /// Adds the message in `self.text` to the one that the entry has.
    fn join_messages(&mut self) {
        let Text { is_own, place } = self.entry.texts[MESSAGE].clone();
        let head = self.heads[MESSAGE].len();
        if place.len() - head > limit_of(MESSAGE) {
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
        if let Some(search) = self.search.as_mut().filter(|_| !self.again) {
            search.own(&own[start..]);
        }
        self.entry.set(MESSAGE, Text { is_own: true, place });
    }

    /// Has the part of the line searched that the entry itself gives: how many digits its time has.
    fn search_head(&mut self, entry: Entry<'_>) -> usize {
        let at = entry.realtime();
        if self.known.times_are_quiet && self.known.boots_are_quiet && USUAL.contains(&at) {
            return DIGITS;
        }
        let mut digits = [0; 20];
        let time = decimal(at, &mut digits);
        if let Some(search) = self.search.as_mut().filter(|_| !self.again) {
            if !self.known.boots_are_quiet {
                search.own(&self.boot.text);
            }
            if !(self.known.times_are_quiet && time.len() == DIGITS) {
                search.own(&[HEAD, time, b"\""].concat());
            }
        }
        time.len()
    }

    fn join(&mut self, entry: Entry<'_>, out: &mut Vec<u8>) {
        self.boot.read(entry.boot_id());
        self.search_head(entry);
        let mut digits = [0; 20];
        let time = decimal(entry.realtime(), &mut digits);
        let message = self.text_of(MESSAGE);
        let head = self.heads[MESSAGE].len();
        if message.len() <= self.longest_message() {
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
