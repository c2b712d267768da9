//! Opens one source by content and makes blocks of it.
//!
//! In: a [`Source`]. Out: its beginning, blocks and end, through [`Out`]; for an archive those of its members. Plain
//! files from [`MAP_FROM`] bytes on are mapped, everything else is read.

use std::fs::{File, Metadata};
use std::io::{self, Cursor, Read, Seek};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::block::{Block, HEAD, LINE_LIMIT, MARGIN, cut};
use super::buffer::Pool;
use super::cutter::{Cut, Part, Text, Unknown, cut_all, cut_held};
use super::journal::{JournalReader, is_journal};
use super::live::Live;
use super::map::Mapped;
use super::members::{Failed, Members};
use super::patient::Patient;
use super::plan::{Plan, Wanted, plan};
use super::producer::Out;
use super::sniff::{SNIFF, not_text};
use super::stream::{Fed, Reading, Trouble};
use super::unpack::{Input, Limits, is_packed, unpack};
use super::{Origin, Source, system};

/// Files of at least this many bytes are mapped, in bytes.
const MAP_FROM: u64 = 1024 * 1024;

/// How much of a journal is read into memory where it cannot be mapped, in bytes. Its reader goes back and forth.
const JOURNAL_LIMIT: u64 = 256 * 1024 * 1024;

/// Reads `source` and tells `out` everything about it.
pub(super) fn read(source: &Arc<Source>, reading: &Reading, pool: &mut Pool, out: &mut Out<'_>) {
    let mut job = Job {
        source,
        reading,
        pool,
        out,
    };
    let opened = match &source.origin {
        Origin::Stdin => Patient::stdin(&reading.stop).map(|reader| Opened::Stream(reader, None)),
        Origin::File(path) => open(path, reading),
    };
    match opened {
        Ok(Opened::Stream(reader, live)) => job.stream(reader, live),
        Ok(Opened::File(path, file, metadata)) => job.file(path, file, metadata),
        Err(error) => {
            job.out.begin(source);
            job.out.end(0, vec![Trouble::failed(&error)], None);
        }
    }
}

enum Opened<'a> {
    /// A regular file with a size.
    File(&'a Path, File, Metadata),
    /// Anything else. A regular file without a size may get one while it is read.
    Stream(Patient, Option<Live>),
}

fn open<'a>(path: &'a Path, reading: &Reading) -> io::Result<Opened<'a>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    // A file of size 0 may be one of /proc, that says its size only when it is read.
    if metadata.is_file() && metadata.len() > 0 {
        return Ok(Opened::File(path, file, metadata));
    }
    let live = match file.try_clone() {
        Ok(own) if metadata.is_file() => Some(Live::new(path, own, metadata, false)),
        _ => None,
    };
    Ok(Opened::Stream(Patient::new(file, &reading.stop), live))
}

/// One source that is being read.
pub(super) struct Job<'a, 'o> {
    pub(super) source: &'a Arc<Source>,
    reading: &'a Reading,
    pool: &'a mut Pool,
    pub(super) out: &'a mut Out<'o>,
}

impl Job<'_, '_> {
    /// Cuts all that `reader` gives into blocks of `about`.
    pub(super) fn cut(&mut self, about: &Arc<Source>, reader: &mut dyn Read) -> Cut {
        self.cut_text(about, &mut Unknown(reader))
    }

    fn cut_text(&mut self, about: &Arc<Source>, text: &mut dyn Text) -> Cut {
        cut_all(about, text, &Part::all(), self.pool, self.reading, self.out)
    }

    /// What there is to say about a source that was cut; `size` is what it should have had.
    pub(super) fn troubles(&self, cut: &Cut, size: Option<u64>) -> Vec<Trouble> {
        let left = size.map(|size| size.saturating_sub(cut.bytes));
        if self.out.is_stopped() && (cut.stopped || cut.failure.is_some()) && left != Some(0) {
            return vec![Trouble::interrupted(left)];
        }
        let failed = cut.failure.as_ref().map(Trouble::failed);
        failed
            .into_iter()
            .map(|trouble| Trouble {
                bytes: left,
                ..trouble
            })
            .collect()
    }

    /// The source with what a look at the times of `file` says. Small files are never read in part.
    fn planned(&self, file: &mut (impl Read + Seek), size: u64) -> Arc<Source> {
        let wanted = Wanted {
            clock: &self.source.clock(self.reading.zone, self.reading.now),
            range: &self.reading.range,
            may_seek: true,
        };
        let plan = plan(file, size, &wanted);
        if plan == Plan::default() {
            return Arc::clone(self.source);
        }
        Arc::new(Source {
            plan,
            ..Source::clone(self.source)
        })
    }

    fn refuse(&mut self, reason: String, bytes: Option<u64>, lost: bool) {
        let trouble = Trouble {
            reason,
            offset: Some(0),
            bytes,
            lost,
        };
        self.out.begin(self.source);
        self.out.end(0, vec![trouble], None);
    }

    /// Reads a pipe, a device, or a file that does not say its size.
    fn stream(&mut self, mut reader: Patient, live: Option<Live>) {
        let (head, failure) = read_head(&mut reader);
        if is_journal(&head) {
            let held = self.hold_journal(head, failure, &mut reader, None);
            return self.journal(held.bytes, held.trouble, None);
        }
        if is_packed(&head) {
            return self.packed(Input::Stream(Box::new(reader)), head, None);
        }
        if let Some((reason, lost)) = not_text(&head) {
            return self.refuse(reason, None, lost);
        }
        self.out.begin(self.source);
        let source = self.source;
        let cut = match failure {
            Some(error) => self.cut(source, &mut Cursor::new(head).chain(Failed(Some(error)))),
            None => self.cut(source, &mut Cursor::new(head).chain(reader)),
        };
        let mut troubles = self.troubles(&cut, None);
        if troubles.is_empty() {
            troubles.extend(live.and_then(|live| live.compare_empty()));
        }
        self.out.end(cut.bytes, troubles, None);
    }

    fn file(&mut self, path: &Path, file: File, metadata: Metadata) {
        if metadata.len() < MAP_FROM {
            return self.small(path, file, metadata);
        }
        let size = metadata.len();
        let (head, failure) = head_of(&file);
        if let Some(error) = failure {
            self.out.begin(self.source);
            self.out.end(0, vec![Trouble::failed(&error)], None);
            return;
        }
        if is_packed(&head) {
            let live = file
                .try_clone()
                .ok()
                .map(|own| Live::new(path, own, metadata, true));
            return self.packed(Input::File(file), Vec::new(), live);
        }
        let is_journal = is_journal(&head);
        if !is_journal && let Some((reason, lost)) = not_text(&head) {
            return self.refuse(reason, Some(size), lost);
        }
        let live = file
            .try_clone()
            .ok()
            .map(|own| Live::new(path, own, metadata, true));
        let map = match (self.may_map(&file), usize::try_from(size), file.try_clone()) {
            (true, Ok(length), Ok(own)) => Mapped::new(own, length).ok().map(Arc::new),
            _ => None,
        };
        match (map, is_journal) {
            (Some(map), true) => {
                let live = live.map(|live| live.mapped(&map));
                self.journal(MappedBytes(map), None, live);
            }
            (Some(map), false) => {
                let live = live.map(|live| live.mapped(&map));
                self.mapped(&map, &file, live);
            }
            (None, true) => {
                let held = self.hold_journal(Vec::new(), None, &mut (&file).take(size), Some(size));
                self.journal(held.bytes, held.trouble, live);
            }
            (None, false) => self.plain(&file, size, live),
        }
    }

    fn may_map(&self, file: &File) -> bool {
        self.reading.map_files && !system::is_remote(file)
    }

    /// A file that fits into one buffer.
    fn small(&mut self, path: &Path, file: File, metadata: Metadata) {
        let size = metadata.len();
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        let failure = (&file).take(size).read_to_end(&mut bytes).err();
        let live = |file| Live::new(path, file, metadata, false);
        if is_journal(&bytes) {
            let trouble = failure.as_ref().map(Trouble::failed);
            return self.journal(bytes, trouble, Some(live(file)));
        }
        if is_packed(&bytes) {
            let mut own = &file;
            return match (own.rewind(), file.try_clone()) {
                (Ok(()), Ok(own)) => self.packed(Input::File(own), Vec::new(), Some(live(file))),
                (Err(error), _) | (_, Err(error)) => {
                    self.out.begin(self.source);
                    self.out.end(0, vec![Trouble::failed(&error)], None);
                }
            };
        }
        if let Some((reason, lost)) = not_text(&bytes) {
            return self.refuse(reason, Some(size), lost);
        }
        let source = self.planned(&mut Cursor::new(&bytes), bytes.len() as u64);
        self.out.begin(&source);
        let (read, stopped) = cut_held(&source, bytes, self.reading, self.out);
        let cut = Cut {
            bytes: read,
            failure,
            stopped,
        };
        self.end_file(&cut, size, Some(live(file)));
    }

    /// A big file that is not mapped.
    fn plain(&mut self, file: &File, size: u64, live: Option<Live>) {
        let mut file = file;
        let source = self.planned(&mut file, size);
        let (from, to) = (source.plan.from, source.plan.to.unwrap_or(size));
        let start = from.saturating_sub(MARGIN as u64);
        let end = to.saturating_add(MARGIN as u64).min(size);
        self.out.begin(&source);
        let part = Part {
            start,
            body: (from - start) as usize,
            to: source.plan.to,
            head: (start > 0).then(|| first_bytes(file)),
        };
        let mut cut = match file.seek(io::SeekFrom::Start(start)) {
            Ok(_) => cut_all(
                &source,
                &mut Unknown(&mut file.take(end - start)),
                &part,
                self.pool,
                self.reading,
                self.out,
            ),
            Err(error) => Cut {
                bytes: from,
                failure: Some(error),
                stopped: false,
            },
        };
        if cut.bytes == to {
            // All that was wanted.
            cut.bytes = size;
        }
        let mut troubles = self.troubles(&cut, Some(size));
        if troubles.is_empty() {
            troubles.extend(live.and_then(|live| live.compare(cut.bytes)));
        }
        self.out.end(cut.bytes.min(to) - from, troubles, None);
    }

    fn end_file(&mut self, cut: &Cut, size: u64, live: Option<Live>) {
        let mut troubles = self.troubles(cut, Some(size));
        if troubles.is_empty() {
            troubles.extend(live.and_then(|live| live.compare(cut.bytes)));
        }
        self.out.end(cut.bytes, troubles, None);
    }

    fn mapped(&mut self, map: &Arc<Mapped>, file: &File, live: Option<Live>) {
        let mut file = file;
        let source = &self.planned(&mut file, map.bytes().len() as u64);
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(map.bytes().len());
        let (from, to) = (
            place(source.plan.from),
            source.plan.to.map_or(map.bytes().len(), place),
        );
        self.out.begin(source);
        let bytes = &map.bytes()[..to];
        let holes = system::has_holes(file);
        let mut at = from;
        while at < bytes.len() {
            let hole = if holes && at > from {
                hole_at(file, at, bytes.len())
            } else {
                0
            };
            let pushed = if hole >= self.reading.block_size.max(LINE_LIMIT) {
                let from = at as u64;
                at += hole;
                self.out.push(Fed::Hole {
                    at: from,
                    bytes: hole as u64,
                })
            } else {
                let start = at;
                at += cut(&bytes[at..], self.reading.block_size, true);
                self.out.push(Fed::Block(Block::of_map(source, map, start..at)))
            };
            if pushed.is_break() || self.out.is_stopped() {
                break;
            }
        }
        let left = (bytes.len() - at) as u64;
        let troubles = if left > 0 {
            vec![Trouble::interrupted(Some(left))]
        } else {
            Vec::new()
        };
        self.out.end((at - from) as u64, troubles, live);
    }

    fn packed(&mut self, input: Input, head: Vec<u8>, live: Option<Live>) {
        let source = self.source;
        let mut members = Members::new(Job {
            source,
            reading: self.reading,
            pool: self.pool,
            out: self.out,
        });
        let flow = unpack(input, head, &Limits::default(), &mut members);
        // Whoever takes the blocks wants no more only after an interrupt.
        let trouble = match flow {
            ControlFlow::Break(()) => Some(Trouble::interrupted(None)),
            ControlFlow::Continue(()) => live.and_then(|live| live.compare_whole()),
        };
        members.finish(trouble);
    }

    /// Reads a journal from a stream into memory, behind its `head`; `size` is what it should have, if known.
    pub(super) fn hold_journal(
        &self,
        head: Vec<u8>,
        failure: Option<io::Error>,
        reader: &mut dyn Read,
        size: Option<u64>,
    ) -> Held {
        let mut bytes = head;
        let room = JOURNAL_LIMIT - bytes.len() as u64;
        let failure = failure.or_else(|| reader.take(room).read_to_end(&mut bytes).err());
        let left = size.map(|size| size.saturating_sub(bytes.len() as u64));
        let trouble = match failure {
            Some(_) if self.out.is_stopped() => Some(Trouble::interrupted(left)),
            Some(error) => Some(Trouble::failed(&error)),
            None if bytes.len() as u64 == JOURNAL_LIMIT && !is_at_end(reader) => Some(Trouble {
                reason: format!(
                    "a journal of more than {} MiB that cannot be mapped is read up to there; unpack or copy it to a \
                     local disk and name the file, without --no-mmap",
                    JOURNAL_LIMIT >> 20
                ),
                offset: Some(JOURNAL_LIMIT),
                bytes: left,
                lost: true,
            }),
            None => None,
        };
        Held { bytes, trouble }
    }

    fn journal(&mut self, bytes: impl AsRef<[u8]>, trouble: Option<Trouble>, live: Option<Live>) {
        let source = self.source;
        match self.cut_journal(source, bytes, trouble) {
            Ok((bytes, mut troubles)) => {
                if troubles.is_empty() {
                    troubles.extend(live.and_then(|live| live.compare_journal()));
                }
                self.out.end(bytes, troubles, None);
            }
            Err(trouble) => {
                self.out.begin(source);
                self.out.end(0, vec![trouble], None);
            }
        }
    }

    /// Begins `about` and cuts the text of the journal in `bytes`, of which `trouble` is known: how much text it was,
    /// and what there is to say. Fails, and begins nothing, if that is no journal that can be read.
    pub(super) fn cut_journal(
        &mut self,
        about: &Arc<Source>,
        bytes: impl AsRef<[u8]>,
        trouble: Option<Trouble>,
    ) -> Result<(u64, Vec<Trouble>), Trouble> {
        let size = bytes.as_ref().len() as u64;
        let mut reader = match JournalReader::new(bytes, self.reading.sought.wait()) {
            Ok(reader) => reader,
            // Why it is cut off is the better reason.
            Err(reason) => {
                return Err(trouble.unwrap_or_else(|| Trouble {
                    reason: reason.replace("FILE", &about.name),
                    offset: Some(0),
                    bytes: Some(size),
                    lost: true,
                }));
            }
        };
        self.out.begin(about);
        let cut = self.cut_text(about, &mut reader);
        let mut troubles = self.troubles(&cut, None);
        if troubles.is_empty() {
            troubles.extend(trouble);
        }
        troubles.extend(reader.trouble());
        Ok((cut.bytes, troubles))
    }
}

/// A journal in memory.
pub(super) struct Held {
    pub(super) bytes: Vec<u8>,
    /// Why it is not all there.
    pub(super) trouble: Option<Trouble>,
}

fn is_at_end(reader: &mut dyn Read) -> bool {
    matches!(reader.read(&mut [0]), Ok(0))
}

/// A map as bytes. The journal reader checks every offset in it each time, and takes no `&str` from it.
struct MappedBytes(Arc<Mapped>);

impl AsRef<[u8]> for MappedBytes {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

/// How many whole pieces of an overlong line of zeros a hole at `at` has, in bytes.
fn hole_at(file: &File, at: usize, length: usize) -> usize {
    let data = system::next_data(file, at as u64).map_or(length as u64, |data| data.min(length as u64));
    let hole = usize::try_from(data).unwrap_or(at).saturating_sub(at);
    // The last block sees the end of the source.
    let hole = if at + hole == length {
        hole.saturating_sub(LINE_LIMIT)
    } else {
        hole
    };
    hole / LINE_LIMIT * LINE_LIMIT
}

/// The first bytes that `reader` gives, and what kept it from giving more.
pub(super) fn read_head(reader: &mut dyn Read) -> (Vec<u8>, Option<io::Error>) {
    let mut head = Vec::new();
    let failure = reader.take(SNIFF as u64).read_to_end(&mut head).err();
    (head, failure)
}

/// What every block of a file knows of its beginning, as far as it can be read.
fn first_bytes(file: &File) -> Arc<[u8]> {
    let mut file = file;
    let mut head = Vec::new();
    // Whoever reads on hears of the failure too.
    let _ = file
        .rewind()
        .and_then(|()| file.take(HEAD as u64).read_to_end(&mut head));
    head.into()
}

fn head_of(file: &File) -> (Vec<u8>, Option<io::Error>) {
    let mut file = file;
    let (head, failure) = read_head(&mut file);
    (head, failure.or(file.rewind().err()))
}
