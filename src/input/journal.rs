//! Binary journals of systemd, read without its libraries.
//!
//! In: the bytes of a `*.journal` or `*.journal~` file. Out: a text with one line of JSON for each entry, in the
//! order in which they were written, for the same path that text logs take. What journalctl gives up on is
//! read as far as it goes: [`JournalReader::trouble`] says what is missing.
//!
//! - `file`: objects and their bounds
//! - `entries`: which entries there are, also in a damaged file
//! - `payload`: fields as they were before they were compressed
//! - `line`: entries as lines
//! - `text`: values as JSON
//! - `kept`: what several entries share, made once
//! - `search`: which entries may hold what is looked for, so that the text of the others need not be searched
//!
//! The format: <https://systemd.io/JOURNAL_FILE_FORMAT/>.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use super::cutter::Text;
use super::stream::Trouble;
use crate::scan::filter::Filter;

mod entries;
mod file;
mod kept;
mod line;
mod payload;
mod search;
#[cfg(test)]
mod tests;
mod text;

use entries::Entries;
use file::{File, Header};
use line::Lines;

/// How much text is made at once, in bytes. One entry may make more.
const CHUNK: usize = 64 << 10;

/// The text of a journal may be this much, and so many times the length of the file. A journal of any writer
/// makes a few times its length; only one that was made to exhaust its reader comes to this.
const TEXT_LIMIT: u64 = 1 << 30;
const TEXT_RATIO: u64 = 100;

/// Whether these first bytes are a journal's.
pub(super) fn is_journal(head: &[u8]) -> bool {
    head.starts_with(file::SIGNATURE)
}

/// The boots that the entries of the journal in `bytes` belong to, each with its first and last time in microseconds.
pub(super) fn boots(bytes: &[u8]) -> Vec<([u8; 16], u64, u64)> {
    let Ok(header) = Header::read(bytes) else {
        return Vec::new();
    };
    let file = File {
        bytes,
        header: &header,
    };
    let mut entries = Entries::new(file);
    let mut boots: Vec<([u8; 16], u64, u64)> = Vec::new();
    while let Some(entry) = entries.next(file) {
        let (Ok(boot), at) = (<[u8; 16]>::try_from(entry.boot_id()), entry.realtime()) else {
            continue;
        };
        // Entries of one boot stand together.
        match boots.last_mut() {
            Some((last, first, until)) if *last == boot => {
                (*first, *until) = ((*first).min(at), (*until).max(at))
            }
            _ => boots.push((boot, at, at)),
        }
    }
    boots
}

/// A journal as text: one line of JSON for each entry, oldest first.
pub(super) struct JournalReader<B> {
    bytes: B,
    header: Header,
    entries: Entries,
    lines: Lines,
    text: Vec<u8>,
    /// Where it begins in all that was made so far.
    text_at: u64,
    /// How much of the text was given out.
    given: usize,
    /// Where in the text something may be that is looked for, and was not yet asked for; nothing if that is not known.
    loud: Option<Vec<Range<u64>>>,
}

impl<B: AsRef<[u8]>> JournalReader<B> {
    /// A reader of the journal in `bytes`. Fails with a text that says why nothing can be read, and what to do;
    /// `FILE` in it stands for the name of the file. If all that matters is where the literals of `sought` stand, it is told
    /// where they may.
    pub(super) fn new(bytes: B, sought: Option<Arc<Filter>>) -> Result<Self, String> {
        let header = Header::read(bytes.as_ref())?;
        let file = File {
            bytes: bytes.as_ref(),
            header: &header,
        };
        Ok(JournalReader {
            entries: Entries::new(file),
            lines: Lines::new(TEXT_LIMIT + TEXT_RATIO * file.bytes.len() as u64, sought),
            text: Vec::new(),
            text_at: 0,
            given: 0,
            loud: Some(Vec::new()),
            bytes,
            header,
        })
    }

    /// What could not be recovered so far; complete once the last byte was read. Nothing if all is well. That the
    /// file was open is told without calling it a loss.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        let length = self.bytes.as_ref().len() as u64;
        let missing = self.header.end.saturating_sub(length);
        let (recovered, expected) = (self.entries.given, self.header.entries);
        let mut losses = Vec::new();
        if !self.header.entries_are_plausible(self.bytes.as_ref().len()) {
            losses.push(format!(
                "recovered {recovered} entries; the header does not say how many there were"
            ));
        } else if recovered < expected {
            losses.push(format!("recovered {recovered} of {expected} entries"));
        }
        if self.lines.is_exhausted() {
            losses.push(format!(
                "reading was ended after {} MiB of text",
                self.lines.work >> 20
            ));
        }
        if self.lines.unreadable > 0 {
            losses.push(format!(
                "fields that could not be decoded: {}",
                self.lines.unreadable
            ));
        }
        if self.lines.shortened > 0 {
            let count = self.lines.shortened;
            losses.push(format!(
                "fields shortened (messages to 1 MiB, others to 4 KiB): {count}"
            ));
        }
        if losses.is_empty() {
            return self.header.online.then(|| Trouble {
                offset: None,
                reason:
                    "the journal was open for writing; what was not yet written to it is not in this report"
                        .to_owned(),
                bytes: None,
                lost: false,
            });
        }
        if missing > 0 {
            losses.push(format!(
                "the file ends {missing} bytes early: copy it again if it was cut on its way"
            ));
        } else if recovered < expected || self.lines.unreadable > 0 {
            losses.push("look for an undamaged copy of the file".to_owned());
        }
        let unread = missing + self.entries.skipped();
        Some(Trouble {
            offset: None,
            reason: format!("a journal that could be read in part: {}", losses.join("; ")),
            bytes: (unread > 0).then_some(unread),
            lost: true,
        })
    }

    /// Makes the next piece of text, nothing at the end.
    fn fill(&mut self) {
        self.text_at += self.text.len() as u64;
        self.text.clear();
        self.given = 0;
        let mut ends = Vec::new();
        let bytes = self.bytes.as_ref();
        let file = File {
            bytes,
            header: &self.header,
        };
        while self.text.len() < CHUNK && !self.lines.is_exhausted() {
            let Some(entry) = self.entries.next(file) else {
                break;
            };
            self.lines.write(file, entry, &mut self.text);
            ends.push(self.text.len());
        }
        match (self.lines.settle(&self.text, &ends), &mut self.loud) {
            (Some(entries), Some(loud)) => {
                let mut start = self.text_at;
                for (end, is_loud) in ends.into_iter().zip(entries) {
                    let end = self.text_at + end as u64;
                    if is_loud {
                        add(start..end, loud);
                    }
                    start = end;
                }
            }
            (_, loud) => *loud = None,
        }
    }
}

/// Adds a stretch to those before it.
fn add(stretch: Range<u64>, stretches: &mut Vec<Range<u64>>) {
    match stretches.last_mut() {
        Some(last) if last.end == stretch.start => last.end = stretch.end,
        _ => stretches.push(stretch),
    }
}

impl<B: AsRef<[u8]>> Text for JournalReader<B> {
    fn loud(&mut self) -> Option<Vec<Range<u64>>> {
        self.loud.as_mut().map(std::mem::take)
    }
}

impl<B: AsRef<[u8]>> Read for JournalReader<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            self.fill();
        }
        let rest = &self.text[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

impl<B> fmt::Debug for JournalReader<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalReader")
            .field("header", &self.header)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}
