//! Binary journals of systemd, read without its libraries.
//!
//! In: the bytes of a `*.journal` or `*.journal~` file. Out: a text with one line of JSON for each entry, in the
//! order in which they were written, for the same path that text logs take. What journalctl gives up on is
//! read as far as it goes: [`JournalReader::trouble`] says what is missing.
//!
//! - `file`: objects and their bounds
//! - `entries`: which entries there are, also in a damaged file
//! - `field`: which fields lines have
//! - `payload`: fields as they were before they were compressed
//! - `line`: entries as lines
//! - `text`: values as JSON
//! - `kept`: what several entries share, made once
//! - `search`: which entries may hold what is looked for, so that the text of the others need not be searched
//!
//! The format: <https://systemd.io/JOURNAL_FILE_FORMAT/>.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::cutter::{Searched, Text};
use super::stream::Trouble;
use super::unwritten::{Tell, Writer};
use crate::scan::filter::Filter;

mod entries;
mod field;
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

/// If one entry in so many has what is looked for, the lines of all are written at once.
const MANY: usize = 8;

/// A journal as text: one line of JSON for each entry, oldest first.
///
/// Where it is known that nothing is in an entry that is looked for, its line is only measured (see `unwritten`).
pub(super) struct JournalReader<B> {
    journal: Arc<Journal<B>>,
    entries: Entries,
    lines: Lines,
    /// How much text there was so far.
    text_at: u64,
    /// Up to there all lines are written.
    whole_until: u64,
    /// Whether lines are measured first.
    measures: bool,
    /// What is known of the text that was not yet asked for; nothing if that is all text.
    searched: Option<Searched>,
    /// Lines that are written to be looked at once.
    line: Vec<u8>,
}

/// A journal that can be read.
struct Journal<B> {
    bytes: B,
    header: Header,
}

impl<B: AsRef<[u8]>> Journal<B> {
    fn file(&self) -> File<'_> {
        File {
            bytes: self.bytes.as_ref(),
            header: &self.header,
        }
    }
}

/// The lines of an entry in a piece of text.
struct Made {
    /// Where the entry is in the journal.
    at: u64,
    place: Range<usize>,
    is_written: bool,
}

impl<B: AsRef<[u8]> + Send + Sync + 'static> JournalReader<B> {
    /// A reader of the journal in `bytes`. Fails with a text that says why nothing can be read, and what to do;
    /// `FILE` in it stands for the name of the file. If all that matters behind the first `whole_until` bytes of text is where the literals
    /// of `sought` stand, it is told where they may.
    pub(super) fn new(bytes: B, sought: Option<Arc<Filter>>, whole_until: u64) -> Result<Self, String> {
        let header = Header::read(bytes.as_ref())?;
        let length = bytes.as_ref().len() as u64;
        let journal = Arc::new(Journal { bytes, header });
        let lines = Lines::new(TEXT_LIMIT + TEXT_RATIO * length, sought);
        let unwritten: Arc<dyn Writer> = Arc::<Journal<B>>::clone(&journal);
        Ok(JournalReader {
            entries: Entries::new(journal.file()),
            text_at: 0,
            whole_until,
            measures: lines.is_searching(),
            searched: lines.is_searching().then(|| Searched::by(unwritten)),
            lines,
            line: Vec::new(),
            journal,
        })
    }

    /// What could not be recovered so far; complete once the last byte was read. Nothing if all is well. That the
    /// file was open is told without calling it a loss.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        let length = self.journal.bytes.as_ref().len() as u64;
        let missing = self.journal.header.end.saturating_sub(length);
        let (recovered, expected) = (self.entries.given, self.journal.header.entries);
        let mut losses = Vec::new();
        if !self
            .journal
            .header
            .entries_are_plausible(self.journal.bytes.as_ref().len())
        {
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
            return self.journal.header.online.then(|| Trouble {
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

    /// Adds the next piece of text, and says whether there was one.
    fn add_piece(&mut self, bytes: &mut Vec<u8>) -> bool {
        let start = bytes.len();
        let journal = Arc::clone(&self.journal);
        let file = journal.file();
        let mut all = Vec::new();
        while bytes.len() - start < CHUNK && !self.lines.is_exhausted() {
            let Some(entry) = self.entries.next(file) else {
                break;
            };
            let from = bytes.len();
            let is_measured = self.measures && self.text_at + (from - start) as u64 >= self.whole_until;
            let measured = is_measured.then(|| self.lines.measure(file, entry)).flatten();
            match measured {
                Some(length) => {
                    bytes.resize(from + length - 1, 0);
                    bytes.push(b'\n');
                }
                None => self.lines.write(file, entry, bytes),
            }
            all.push(Made {
                at: self.entries.last(),
                place: from..bytes.len(),
                is_written: measured.is_none(),
            });
        }
        self.settle(file, bytes, start, &mut all);
        self.text_at += (bytes.len() - start) as u64;
        !all.is_empty()
    }

    /// Finds out in which of these entries something may be that is looked for, and writes them.
    fn settle(&mut self, file: File<'_>, bytes: &mut [u8], start: usize, all: &mut [Made]) {
        if let (Some(candidates), Some(searched)) = (self.lines.settle(), &mut self.searched) {
            let mut loud = 0;
            for of_one in candidates.chunk_by(|(one, _), (other, _)| one == other) {
                let made = &mut all[of_one[0].0 as usize];
                if !made.is_written {
                    self.line.clear();
                    made.write(file, &mut self.lines, &mut self.line);
                    bytes[made.place.clone()].copy_from_slice(&self.line);
                    made.is_written = true;
                }
                let line = &bytes[made.place.clone()];
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                if self
                    .lines
                    .is_wanted(of_one.iter().map(|(_, literal)| *literal), line)
                {
                    let from = self.text_at - start as u64;
                    searched.add_loud(from + made.place.start as u64..from + made.place.end as u64);
                    loud += 1;
                }
            }
            for made in all.iter().filter(|made| !made.is_written) {
                let place = self.text_at + (made.place.start - start) as u64;
                searched.unwritten.push(place, made.place.len(), made.at);
            }
            self.measures = loud * MANY < all.len();
        }
        self.lines.make_room();
    }
}

impl Made {
    /// Writes the line that was measured. In a file that is being changed it may have become another.
    fn write(&self, file: File<'_>, lines: &mut Lines, line: &mut Vec<u8>) {
        write_measured(file, self.at, self.place.len(), lines, line);
    }
}

/// Adds the line of the entry at this offset, which is so long.
fn write_measured(file: File<'_>, at: u64, length: usize, lines: &mut Lines, out: &mut Vec<u8>) {
    let from = out.len();
    if let Some(entry) = file.entry(at) {
        lines.write_again(file, entry, out);
    }
    if out.len() - from != length {
        out.resize(from + length - 1, 0);
        out.push(b'\n');
    }
}

impl<B: AsRef<[u8]> + Send + Sync + 'static> Writer for Journal<B> {
    fn tell(self: Arc<Self>) -> Box<dyn Tell> {
        Box::new(Again {
            journal: self,
            lines: Lines::few(),
        })
    }
}

/// Writes lines again.
struct Again<B> {
    journal: Arc<Journal<B>>,
    lines: Lines,
}

impl<B: AsRef<[u8]> + Send + Sync> Tell for Again<B> {
    fn tell(&mut self, at: u64, length: usize, out: &mut Vec<u8>) {
        write_measured(self.journal.file(), at, length, &mut self.lines, out);
        self.lines.make_room();
    }
}

impl<B: AsRef<[u8]> + Send + Sync + 'static> Text for JournalReader<B> {
    fn fill(&mut self, bytes: &mut Vec<u8>, length: usize) -> (bool, Option<io::Error>) {
        while bytes.len() < length {
            if !self.add_piece(bytes) {
                return (true, None);
            }
        }
        (false, None)
    }

    fn searched(&mut self) -> Option<Searched> {
        self.searched.as_mut().map(Searched::take)
    }
}

impl<B> fmt::Debug for JournalReader<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalReader")
            .field("header", &self.journal.header)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}
