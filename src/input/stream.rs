//! Sources to blocks, one source after the other, whoever makes them.
//!
//! In: [`Source`]s. Out: [`Fed`] things in order: the beginning of a source, its blocks, its end with what there
//! is to say about it. Producers read several sources ahead; the feed takes what they make in the order of the
//! sources, and numbers those as they begin.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::block::Block;
use super::live::Live;
use super::producer::{self, Claim, Orders};
use super::sought::Sought;
use super::walk::explain;
use super::{Origin, Source, Stop};
use crate::record::time::Zone;
use crate::record::time::range::Range;
use crate::report::model::NotRead;

/// How often the feed looks whether it should stop.
const LOOK: Duration = Duration::from_millis(100);

/// How long producers have to hand over what they hold once they should stop. One that hangs in the system
/// (a pipe that nobody opens, a dead network drive) is left behind.
const GRACE: Duration = Duration::from_secs(2);

/// What was asked for by an interrupt.
const INTERRUPTED: &str = "the scan was interrupted before it was read to its end; scan it again";

/// What the feed gives, with blocks or with what was made of them.
#[derive(Debug)]
pub enum Fed<B> {
    /// A source begins; what follows is about it, up to its end.
    Begin(Arc<Source>),
    /// The next block of the current source.
    Block(B),
    /// So many zero bytes of the current source that nobody has to look at.
    Hole {
        /// Where, in bytes.
        at: u64,
        /// How many bytes.
        bytes: u64,
    },
    /// The current source has ended.
    End(End),
    /// Something that is no source, such as a member of an archive, will not be read.
    NotRead(NotRead),
}

impl<B> Fed<B> {
    /// The same with what `work` makes of a block.
    pub fn map<R>(self, work: impl FnOnce(B) -> R) -> Fed<R> {
        match self {
            Fed::Begin(source) => Fed::Begin(source),
            Fed::Block(block) => Fed::Block(work(block)),
            Fed::Hole { at, bytes } => Fed::Hole { at, bytes },
            Fed::End(end) => Fed::End(end),
            Fed::NotRead(note) => Fed::NotRead(note),
        }
    }
}

/// What there is to say about a source at its end.
#[derive(Debug)]
pub struct End {
    /// How many bytes were read.
    pub bytes: u64,
    /// Why reading ended before the source did, and what else was lost.
    pub troubles: Vec<Trouble>,
    /// To be looked at again when its last block is done.
    pub live: Option<Box<Live>>,
}

/// Why a source was not read, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What happened and what to do about it.
    pub reason: String,
    /// Where, in bytes from the beginning of the source; where reading stopped if that is not known.
    pub offset: Option<u64>,
    /// How many bytes were not read, if known.
    pub bytes: Option<u64>,
    /// Whether a log may have been missed.
    pub lost: bool,
}

impl Trouble {
    /// An interrupt, with so many bytes left.
    pub(super) fn interrupted(bytes: Option<u64>) -> Trouble {
        Trouble {
            reason: INTERRUPTED.to_owned(),
            offset: None,
            bytes,
            lost: true,
        }
    }

    /// A defect of this program.
    pub fn defect() -> Trouble {
        Trouble {
            reason: "a defect of this program ended the reading; please report it, with this file if you can"
                .to_owned(),
            offset: None,
            bytes: None,
            lost: true,
        }
    }

    /// What the system, or a decoder, said about reading.
    pub(super) fn failed(error: &io::Error) -> Trouble {
        Trouble {
            reason: match error.get_ref() {
                Some(decoder) => decoder.to_string(),
                None => explain(error),
            },
            offset: None,
            bytes: None,
            lost: true,
        }
    }

    /// As a line of the report, for a source that was read up to `read`.
    pub fn of(self, source: &Source, read: u64) -> NotRead {
        NotRead {
            id: String::new(),
            source: source.name.clone(),
            reason: self.reason,
            offset: self.offset.unwrap_or(source.plan.from + read),
            bytes: self.bytes,
            lost: self.lost,
        }
    }
}

/// How sources are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Size of a block in bytes, 1 or more.
    pub block_size: usize,
    /// Whether big files may be mapped.
    pub map_files: bool,
    /// How many sources are read at a time, 1 or more.
    pub threads: usize,
    /// Zone for lines that state none.
    pub zone: Zone,
    /// The time of the run in UTC nanoseconds.
    pub now: i64,
    /// What lies outside of it may be left out.
    pub range: Range,
    /// Ends the feed early.
    pub stop: Stop,
    /// What may be looked for before text is made.
    pub sought: Sought,
}

/// Things that go to one thread together: a block, or several small ones.
pub type Batch = Vec<Fed<Block>>;

/// The blocks of all sources.
#[derive(Debug)]
pub struct Feed {
    sources: Vec<Arc<Source>>,
    claims: Receiver<Claim>,
    current: Option<Claim>,
    /// The source that has begun and not ended, and how many bytes of it were given.
    open: Option<(Arc<Source>, u64)>,
    /// How many sources have begun.
    begun: usize,
    /// How many of `sources` have been claimed.
    claimed: usize,
    stop: Stop,
    stopped_at: Option<Instant>,
    /// Notes about what was not begun, once the feed has stopped.
    last_words: VecDeque<Batch>,
    is_over: bool,
}

impl Feed {
    /// Starts reading.
    ///
    /// # Errors
    ///
    /// If not one thread could be started.
    pub fn new(sources: Vec<Arc<Source>>, reading: Reading) -> io::Result<Feed> {
        let stop = reading.stop.clone();
        let (orders, claims) = Orders::new(sources.clone(), reading);
        producer::start(&Arc::new(orders))?;
        Ok(Feed {
            sources,
            claims,
            current: None,
            open: None,
            begun: 0,
            claimed: 0,
            stop,
            stopped_at: None,
            last_words: VecDeque::new(),
            is_over: false,
        })
    }

    /// The next thing from `receiver`; nothing if it has ended or is left behind.
    fn wait<T>(stop: &Stop, stopped_at: &mut Option<Instant>, receiver: &Receiver<T>) -> Option<T> {
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(thing) => return Some(thing),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if stop.is_asked() => {
                    if stopped_at.get_or_insert_with(Instant::now).elapsed() > GRACE {
                        return None;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Numbers the sources of a batch and notes how far they are.
    fn numbered(&mut self, mut batch: Batch) -> Batch {
        for fed in &mut batch {
            match fed {
                Fed::Begin(source) => {
                    self.begun += 1;
                    self.open = Some((Arc::clone(source), 0));
                }
                Fed::Block(block) => {
                    block.source = self.begun - 1;
                    if let Some((_, bytes)) = &mut self.open {
                        *bytes += block.body().len() as u64;
                    }
                }
                Fed::Hole { bytes: more, .. } => {
                    if let Some((_, bytes)) = &mut self.open {
                        *bytes += *more;
                    }
                }
                Fed::End(_) => self.open = None,
                Fed::NotRead(_) => {}
            }
        }
        batch
    }

    /// What there is to say about the sources of a claim whose producer was left behind.
    fn left_behind(&mut self, claim: &Claim) -> Batch {
        let mut words: Batch = Vec::new();
        let mut untold = claim.untold();
        if let Some((_, bytes)) = self.open.take() {
            untold.next();
            words.push(Fed::End(End {
                bytes,
                troubles: vec![Trouble::interrupted(None)],
                live: None,
            }));
        }
        words.extend(untold.map(|source| Fed::NotRead(never_begun(&self.sources[source]))));
        words
    }
}

/// A note about a source that was not begun before the interrupt.
pub(super) fn never_begun(source: &Source) -> NotRead {
    let size = match &source.origin {
        Origin::File(path) => std::fs::metadata(path).ok().map(|metadata| metadata.len()),
        Origin::Stdin => None,
    };
    Trouble::interrupted(size).of(source, 0)
}

impl Iterator for Feed {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        loop {
            if let Some(batch) = self.last_words.pop_front() {
                return Some(batch);
            }
            if self.is_over {
                return None;
            }
            if let Some(claim) = self.current.take() {
                if let Some(batch) = Self::wait(&self.stop, &mut self.stopped_at, &claim.batches) {
                    self.current = Some(claim);
                    return Some(self.numbered(batch));
                }
                let words = self.left_behind(&claim);
                self.last_words.push_back(words);
                continue;
            }
            match Self::wait(&self.stop, &mut self.stopped_at, &self.claims) {
                Some(claim) => {
                    self.claimed = claim.sources.end;
                    self.current = Some(claim);
                }
                None => {
                    self.is_over = true;
                    let rest = &self.sources[self.claimed..];
                    let words = rest.iter().map(|source| Fed::NotRead(never_begun(source)));
                    self.last_words.push_back(words.collect());
                }
            }
        }
    }
}
