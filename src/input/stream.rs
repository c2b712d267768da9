//! Sources to blocks, one source after the other.
//!
//! In: [`Source`]s. Out: their [`Block`]s in order, each source closed by what there is
//! to say about it. Regular files from [`MAP_FROM`] bytes on are mapped; everything else is
//! read with one buffer, so memory does not grow with the source.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::block::{Block, LINE_LIMIT, MARGIN, cut};
use super::map::Mapped;
use super::walk::explain;
use super::{Origin, Source};

/// Files of at least this many bytes are mapped.
const MAP_FROM: u64 = 1024 * 1024;

/// How many bytes decide whether a file is a log at all.
const SNIFF: usize = 8 * 1024;

/// What the feed gives.
#[derive(Debug)]
pub enum Fed {
    /// The next block of the current source.
    Block(Block),
    /// The current source has ended.
    End {
        /// Its number.
        source: usize,
        /// How many bytes were read.
        bytes: u64,
        /// Why reading ended before the source did, if it did.
        trouble: Option<Trouble>,
    },
}

/// Why a source was not read, or not to its end.
#[derive(Debug)]
pub struct Trouble {
    /// What happened and what to do about it.
    pub reason: String,
    /// How many bytes were not read, if known.
    pub bytes: Option<u64>,
    /// Whether a log may have been missed.
    pub lost: bool,
}

/// The blocks of all sources.
#[derive(Debug)]
pub struct Feed<'a> {
    sources: &'a [Source],
    next: usize,
    block_size: usize,
    map_files: bool,
    current: Option<Open>,
}

#[derive(Debug)]
struct Open {
    source: usize,
    cutter: Cutter,
    read: u64,
}

impl<'a> Feed<'a> {
    /// Blocks of about `block_size` bytes; `map_files` allows mapping.
    pub fn new(sources: &'a [Source], block_size: usize, map_files: bool) -> Feed<'a> {
        Feed {
            sources,
            next: 0,
            block_size: block_size.max(1),
            map_files,
            current: None,
        }
    }

    fn open(&mut self, number: usize) -> Result<Cutter, Trouble> {
        let source = &self.sources[number];
        let cutter = match &source.origin {
            Origin::Stdin => Cutter::Stream(StreamCutter::new(Box::new(io::stdin()))),
            Origin::File(path) => open_file(path, self.map_files).map_err(|error| Trouble {
                reason: explain(&error),
                bytes: None,
                lost: true,
            })?,
        };
        Ok(cutter)
    }
}

fn open_file(path: &Path, map_files: bool) -> io::Result<Cutter> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if map_files && metadata.is_file() && metadata.len() >= MAP_FROM {
        // What cannot be mapped is read.
        if let Ok(map) = Mapped::new(&file) {
            return Ok(Cutter::Map {
                map: Arc::new(map),
                at: 0,
            });
        }
    }
    Ok(Cutter::Stream(StreamCutter::new(Box::new(file))))
}

impl Iterator for Feed<'_> {
    type Item = Fed;

    fn next(&mut self) -> Option<Fed> {
        loop {
            let Some(mut open) = self.current.take() else {
                let number = self.next;
                if number == self.sources.len() {
                    return None;
                }
                self.next += 1;
                match self.open(number) {
                    Ok(cutter) => {
                        self.current = Some(Open {
                            source: number,
                            cutter,
                            read: 0,
                        });
                        continue;
                    }
                    Err(trouble) => return Some(end(number, 0, Some(trouble))),
                }
            };
            return Some(match open.cutter.next(open.source, self.block_size) {
                Ok(Some(block)) => {
                    if open.read == 0
                        && let Some(trouble) = not_text(&self.sources[open.source], block.window())
                    {
                        return Some(end(open.source, 0, Some(trouble)));
                    }
                    open.read += block.body().len() as u64;
                    self.current = Some(open);
                    Fed::Block(block)
                }
                Ok(None) => end(open.source, open.read, None),
                Err(error) => end(
                    open.source,
                    open.read,
                    Some(Trouble {
                        reason: explain(&error),
                        bytes: None,
                        lost: true,
                    }),
                ),
            });
        }
    }
}

fn end(source: usize, bytes: u64, trouble: Option<Trouble>) -> Fed {
    Fed::End {
        source,
        bytes,
        trouble,
    }
}

/// Magic bytes of what this program does not read, and what the reader can do instead.
/// The last column: whether a log is missed.
const MAGIC: &[(&[u8], &str, bool)] = &[
    (
        b"\x1f\x8b",
        "compressed with gzip; scan it with: zcat FILE | incident scan -",
        true,
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "compressed with zstd; scan it with: zstdcat FILE | incident scan -",
        true,
    ),
    (
        b"\xfd7zXZ\0",
        "compressed with xz; scan it with: xzcat FILE | incident scan -",
        true,
    ),
    (
        b"BZh",
        "compressed with bzip2; scan it with: bzcat FILE | incident scan -",
        true,
    ),
    (
        b"PK\x03\x04",
        "a zip archive; unpack it and scan the folder",
        true,
    ),
    (
        b"LPKSHHRH",
        "a binary journal; scan it with: journalctl --file FILE -o short-iso | incident scan -",
        true,
    ),
    (
        b"\xff\xfe",
        "UTF-16 text; convert it with: iconv -f UTF-16 -t UTF-8 FILE | incident scan -",
        true,
    ),
    (
        b"\xfe\xff",
        "UTF-16 text; convert it with: iconv -f UTF-16 -t UTF-8 FILE | incident scan -",
        true,
    ),
    (b"\x7fELF", "a program, not a log", false),
    (b"\x89PNG", "a picture, not a log", false),
    (b"SQLite format 3\0", "a database, not a log", false),
];

/// Why the bytes at the beginning of a source are not text, if they are not.
fn not_text(source: &Source, bytes: &[u8]) -> Option<Trouble> {
    let size = match &source.origin {
        Origin::File(path) => path.metadata().ok().map(|metadata| metadata.len()),
        Origin::Stdin => None,
    };
    if let Some((_, reason, lost)) = MAGIC.iter().find(|(magic, _, _)| bytes.starts_with(magic)) {
        return Some(Trouble {
            reason: reason.replace("FILE", &source.name),
            bytes: size,
            lost: *lost,
        });
    }
    // A log that was truncated while its writer went on begins with zeros; those do not count.
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let head = &bytes[zeros..bytes.len().min(zeros + SNIFF)];
    let strange = head
        .iter()
        .filter(|byte| matches!(byte, 0..=6 | 14..=26 | 28..=31))
        .count();
    (strange * 20 > head.len()).then(|| Trouble {
        reason: "binary data, not text; name a text log, or convert it first".to_owned(),
        bytes: size,
        lost: true,
    })
}

#[derive(Debug)]
enum Cutter {
    Map { map: Arc<Mapped>, at: usize },
    Stream(StreamCutter),
}

impl Cutter {
    fn next(&mut self, source: usize, block_size: usize) -> io::Result<Option<Block>> {
        match self {
            Cutter::Map { map, at } => {
                let rest = &map.bytes()[*at..];
                if rest.is_empty() {
                    return Ok(None);
                }
                let start = *at;
                *at += cut(rest, block_size, true);
                Ok(Some(Block::of_map(source, map, start..*at)))
            }
            Cutter::Stream(stream) => stream.next(source, block_size),
        }
    }
}

/// Cuts what a reader gives, keeping only what the next block must see.
struct StreamCutter {
    reader: Box<dyn Read>,
    buffer: Vec<u8>,
    /// Offset of the buffer in the source.
    buffer_at: u64,
    /// Where the next body begins in the buffer.
    body: usize,
    ended: bool,
    /// Kept until what was read before it has been given out.
    failure: Option<io::Error>,
}

impl std::fmt::Debug for StreamCutter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamCutter")
            .field("buffer_at", &self.buffer_at)
            .field("body", &self.body)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl StreamCutter {
    fn new(reader: Box<dyn Read>) -> StreamCutter {
        StreamCutter {
            reader,
            buffer: Vec::new(),
            buffer_at: 0,
            body: 0,
            ended: false,
            failure: None,
        }
    }

    fn next(&mut self, source: usize, block_size: usize) -> io::Result<Option<Block>> {
        self.fill(self.body + block_size + LINE_LIMIT + MARGIN);
        let rest = &self.buffer[self.body..];
        if rest.is_empty() {
            return self.failure.take().map_or(Ok(None), Err);
        }
        let length = cut(rest, block_size, self.ended);
        let body = self.body..self.body + length;
        let window = body.start.saturating_sub(MARGIN)..(body.end + MARGIN).min(self.buffer.len());
        let at_end = self.ended && window.end == self.buffer.len();
        let window_at = self.buffer_at + window.start as u64;
        let in_window = body.start - window.start..body.end - window.start;
        let bytes = if at_end && body.end == self.buffer.len() && window.start == 0 {
            self.body = 0;
            self.buffer_at += self.buffer.len() as u64;
            std::mem::take(&mut self.buffer)
        } else {
            let bytes = self.buffer[window].to_vec();
            let keep_from = body.end.saturating_sub(MARGIN);
            self.buffer.drain(..keep_from);
            self.buffer_at += keep_from as u64;
            self.body = body.end - keep_from;
            bytes
        };
        Ok(Some(Block::of_bytes(source, bytes, in_window, window_at, at_end)))
    }

    /// Reads until the buffer holds `length` bytes or the source ends.
    fn fill(&mut self, length: usize) {
        while !self.ended && self.buffer.len() < length {
            let missing = (length - self.buffer.len()) as u64;
            match self.reader.by_ref().take(missing).read_to_end(&mut self.buffer) {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) => {
                    self.ended = true;
                    self.failure = Some(error);
                }
            }
        }
    }
}
