//! The objects of a journal file.
//!
//! In: the bytes of a journal, which may be damaged, cut, hostile, or turn into zeros while they are looked at.
//! Out: its [`Header`], and objects whose bounds are checked. Nothing here follows more than one offset, and
//! nothing refers to bytes outside the object that was asked for.

use std::ops::Range;

/// The first bytes of every journal.
pub(super) const SIGNATURE: &[u8; 8] = b"LPKSHHRH";

/// The least length of a header in bytes: up to the head and tail times.
const HEADER_LEAST: u64 = 208;

/// Length of the part that all objects begin with, in bytes.
pub(super) const OBJECT_HEAD: usize = 16;

/// Incompatible features: who does not know one of them cannot read the file.
mod feature {
    pub(super) const XZ: u32 = 1;
    pub(super) const LZ4: u32 = 2;
    pub(super) const KEYED_HASH: u32 = 4;
    pub(super) const ZSTD: u32 = 8;
    pub(super) const COMPACT: u32 = 16;
    pub(super) const KNOWN: u32 = XZ | LZ4 | KEYED_HASH | ZSTD | COMPACT;
}

/// The state of a file that a writer has open.
const ONLINE: u8 = 1;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One field of one or more entries: `NAME=value`.
    Data,
    /// One record of the log: a list of data objects.
    Entry,
    /// A list of entries.
    EntryArray,
    /// Names, hash tables and seals, which a reader does not need.
    Other,
}

/// What is read from a journal's first bytes.
#[derive(Debug, Clone)]
pub(super) struct Header {
    /// Offsets have 4 bytes instead of 8, and data objects two more numbers.
    compact: bool,
    /// A writer has the file open, or was killed.
    pub(super) online: bool,
    /// Where objects begin.
    pub(super) objects: u64,
    /// Where the file ends.
    pub(super) end: u64,
    /// How many entries the file has.
    pub(super) entries: u64,
    /// The first list of entries, 0 if there is none.
    pub(super) first_array: u64,
}

impl Header {
    /// Reads a header. Fails with what is wrong and what to do.
    pub(super) fn read(bytes: &[u8]) -> Result<Header, String> {
        if !bytes.starts_with(SIGNATURE) {
            return Err("not a binary journal".to_owned());
        }
        let cut = || {
            format!(
                "a binary journal of {} bytes, cut inside its header; copy the file again",
                bytes.len()
            )
        };
        let word = |at| u32_at(bytes, at).ok_or_else(cut);
        let number = |at| u64_at(bytes, at).ok_or_else(cut);
        let incompatible = word(12)?;
        let unknown = incompatible & !feature::KNOWN;
        if unknown != 0 {
            return Err(format!(
                "a binary journal with features that this version cannot read (incompatible flags {unknown:#x}); \
                 scan it with: journalctl --file FILE -o json --all | incident scan -"
            ));
        }
        let objects = number(88)?;
        if objects < HEADER_LEAST || objects > bytes.len() as u64 {
            return Err(format!(
                "a binary journal whose header says that it is {objects} bytes long, in a file of {} bytes; \
                 copy the file again",
                bytes.len()
            ));
        }
        Ok(Header {
            compact: incompatible & feature::COMPACT != 0,
            online: bytes.get(16) == Some(&ONLINE),
            objects: objects.next_multiple_of(8),
            end: objects.saturating_add(number(96)?),
            entries: number(152)?,
            first_array: number(176)?,
        })
    }

    /// Whether so many entries fit into a file of this length: each has at least one field.
    pub(super) fn entries_are_plausible(&self, length: usize) -> bool {
        let least = (Entry::ITEMS + self.item_size(Kind::Entry)) as u64;
        self.entries <= self.end.max(length as u64) / least
    }

    /// Length of an item of a list, in bytes.
    fn item_size(&self, kind: Kind) -> usize {
        match (kind, self.compact) {
            (_, true) => 4,
            // The offset and the hash of the data object.
            (Kind::Entry, false) => 16,
            (_, false) => 8,
        }
    }
}

/// A journal.
#[derive(Debug, Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) header: &'a Header,
}

impl<'a> File<'a> {
    /// The object at an offset, if it lies in the file.
    pub(super) fn object(self, at: u64) -> Option<Object<'a>> {
        if at < self.header.objects || !at.is_multiple_of(8) {
            return None;
        }
        let rest = self.bytes.get(usize::try_from(at).ok()?..)?;
        let size = usize::try_from(u64_at(rest, 8)?).ok()?;
        let bytes = rest.get(..size).filter(|bytes| bytes.len() >= OBJECT_HEAD)?;
        Some(Object {
            end: at + size as u64,
            bytes,
        })
    }

    /// The data object at an offset.
    pub(super) fn data(self, at: u64) -> Option<Data<'a>> {
        let object = self
            .object(at)
            .filter(|object| object.kind() == Some(Kind::Data))?;
        let payload = if self.header.compact { 72 } else { 64 };
        Some(Data {
            payload: object.bytes.get(payload..)?,
            flags: object.flags(),
            shared: u64_at(object.bytes, 56)? > 1,
        })
    }

    /// The entry at an offset.
    pub(super) fn entry(self, at: u64) -> Option<Entry<'a>> {
        let object = self
            .object(at)
            .filter(|object| object.kind() == Some(Kind::Entry))?;
        let item = self.header.item_size(Kind::Entry);
        let items = object.bytes.get(Entry::ITEMS..)?;
        let entry = Entry {
            bytes: object.bytes,
            item,
        };
        let sound = !items.is_empty()
            && items.len().is_multiple_of(item)
            && entry.seqnum() > 0
            && entry.realtime() > 0
            && entry.realtime() < Entry::LATEST
            && entry.monotonic() < Entry::LATEST;
        sound.then_some(entry)
    }

    /// The list of entries at an offset.
    pub(super) fn entry_array(self, at: u64) -> Option<EntryArray<'a>> {
        let object = self
            .object(at)
            .filter(|object| object.kind() == Some(Kind::EntryArray))?;
        Some(EntryArray {
            next: u64_at(object.bytes, 16)?,
            items: object.bytes.get(24..)?,
            item: self.header.item_size(Kind::EntryArray),
            end: object.end,
        })
    }
}

/// Any object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object<'a> {
    /// The whole object.
    bytes: &'a [u8],
    /// The offset behind it.
    pub(super) end: u64,
}

impl Object<'_> {
    /// What it is, if it is anything.
    pub(super) fn kind(self) -> Option<Kind> {
        match self.bytes.first()? {
            1 => Some(Kind::Data),
            3 => Some(Kind::Entry),
            6 => Some(Kind::EntryArray),
            2 | 4 | 5 | 7 => Some(Kind::Other),
            _ => None,
        }
    }

    fn flags(self) -> u8 {
        self.bytes.get(1).copied().unwrap_or(0)
    }

    /// Whether this looks like an object, for a reader that came upon it without a reference to it.
    pub(super) fn is_plausible(self) -> bool {
        self.bytes.first_chunk().is_some_and(head_is_plausible)
    }
}

/// Whether an object may begin like this.
pub(super) fn head_is_plausible(head: &[u8; OBJECT_HEAD]) -> bool {
    let [kind, flags, reserved @ .., _, _, _, _, _, _, _, _] = head;
    let (least, compressions) = match kind {
        1 => (64, 7),
        3 => (Entry::ITEMS as u64, 0),
        6 => (24, 0),
        2 | 4 | 5 | 7 => (OBJECT_HEAD as u64, 0),
        _ => return false,
    };
    flags & !compressions == 0
        && flags.count_ones() <= 1
        && *reserved == [0; 6]
        && u64_at(head, 8).is_some_and(|size| size >= least)
}

/// A field, as it is stored once for all entries that have it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Data<'a> {
    /// `NAME=value`, compressed if a flag says so.
    pub(super) payload: &'a [u8],
    /// How the payload is compressed.
    pub(super) flags: u8,
    /// More than one entry has this field.
    pub(super) shared: bool,
}

/// A record of the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    bytes: &'a [u8],
    item: usize,
}

impl<'a> Entry<'a> {
    /// Where the list of fields begins.
    pub(super) const ITEMS: usize = 64;

    /// Times are less than this, in microseconds (journalctl's own bound).
    const LATEST: u64 = 1 << 55;

    /// A number of the entry's head. The entry has been checked to be long enough.
    pub(super) fn number(self, at: usize) -> u64 {
        u64_at(self.bytes, at).unwrap_or(0)
    }

    /// Counts the entries of a writer.
    pub(super) fn seqnum(self) -> u64 {
        self.number(16)
    }

    /// When the entry was received, in microseconds since 1970.
    pub(super) fn realtime(self) -> u64 {
        self.number(24)
    }

    /// When the entry was received, in microseconds since the boot.
    pub(super) fn monotonic(self) -> u64 {
        self.number(32)
    }

    /// The boot that it belongs to.
    pub(super) fn boot_id(self) -> &'a [u8] {
        self.bytes.get(40..56).unwrap_or(&[])
    }

    /// The offsets of its fields' data objects.
    pub(super) fn fields(self) -> impl Iterator<Item = u64> {
        let items = self.bytes.get(Self::ITEMS..).unwrap_or(&[]);
        items.chunks_exact(self.item).filter_map(offset)
    }
}

/// A list of entries.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryArray<'a> {
    items: &'a [u8],
    item: usize,
    /// The offset of the list that continues this one, 0 if this is the last.
    pub(super) next: u64,
    /// The offset behind it.
    pub(super) end: u64,
}

impl EntryArray<'_> {
    /// The offset of an entry; none behind the last that is used.
    pub(super) fn get(self, index: usize) -> Option<u64> {
        let start = index.checked_mul(self.item)?;
        let bytes = Range {
            start,
            end: start.checked_add(self.item)?,
        };
        offset(self.items.get(bytes)?).filter(|offset| *offset != 0)
    }
}

/// The offset at the beginning of an item.
fn offset(item: &[u8]) -> Option<u64> {
    match item.len() {
        4 => u32_at(item, 0).map(u64::from),
        _ => u64_at(item, 0),
    }
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}
