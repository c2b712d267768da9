//! Threads that open sources by content and make blocks of them.
//!
//! In: [`Orders`]. Out: [`Claim`]s in the order of the sources, each with a channel of what its producer makes.
//! A producer claims the next sources (one big one, or many small ones), and hands over batches as long as they are
//! taken: so compressed files are decoded beside each other and beside the scan, and the memory for what waits is
//! bounded.

use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, thread};

use super::block::Block;
use super::buffer::Pool;
use super::live::Live;
use super::open;
use super::stream::{Batch, End, Fed, Reading, Trouble, never_begun};
use super::{Origin, Source, Stop};
use crate::report::model::NotRead;

/// Sources are claimed together up to this many bytes, and handed over together.
const BATCH: u64 = 256 * 1024;

/// What handing over one thing costs, as bytes of scanning.
const HAND_OVER: u64 = 4096;

/// Most sources that are claimed together.
const TOGETHER: usize = 64;

/// Batches that wait in the channel of a claim.
const WAITING: usize = 1;

/// Buffers of a producer: one is filled while the other is scanned.
const BUFFERS: usize = 2;

/// What the producers have to do.
#[derive(Debug)]
pub(super) struct Orders {
    sources: Vec<Arc<Source>>,
    reading: Reading,
    next: Mutex<Next>,
}

/// What is to be claimed next, and where claims go: both change together, so that claims are in order.
#[derive(Debug)]
struct Next {
    source: usize,
    claims: SyncSender<Claim>,
}

/// Sources that one producer reads.
#[derive(Debug)]
pub(super) struct Claim {
    /// Which.
    pub(super) sources: Range<usize>,
    /// What is made of them.
    pub(super) batches: Receiver<Batch>,
    told: Arc<AtomicUsize>,
}

impl Claim {
    /// The sources whose end was not handed over.
    pub(super) fn untold(&self) -> Range<usize> {
        self.sources.start + self.told.load(Ordering::Acquire)..self.sources.end
    }
}

impl Orders {
    /// Orders for `sources`, and where the claims come out. As many claims wait as there are threads.
    pub(super) fn new(sources: Vec<Arc<Source>>, reading: Reading) -> (Orders, Receiver<Claim>) {
        let (claims, claimed) = sync_channel(reading.threads.saturating_sub(1));
        let next = Mutex::new(Next { source: 0, claims });
        (
            Orders {
                sources,
                reading,
                next,
            },
            claimed,
        )
    }

    /// The next sources, if there are any and somebody wants them.
    fn claim(&self) -> Option<(Range<usize>, Out<'_>)> {
        // Only a defect poisons the lock, and then order still holds.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if self.reading.stop.is_asked() || next.source == self.sources.len() {
            return None;
        }
        let sources = next.source..self.end_of_claim(next.source);
        let (sender, batches) = sync_channel(WAITING);
        let told = Arc::new(AtomicUsize::new(0));
        let claim = Claim {
            sources: sources.clone(),
            batches,
            told: Arc::clone(&told),
        };
        next.claims.send(claim).ok()?;
        next.source = sources.end;
        let out = Out {
            sender,
            batch: Vec::new(),
            weight: 0,
            done: 0,
            told,
            open: None,
            stop: &self.reading.stop,
        };
        Some((sources, out))
    }

    fn end_of_claim(&self, start: usize) -> usize {
        let mut bytes = 0;
        let mut end = start;
        while end < self.sources.len() && end - start < TOGETHER {
            bytes += size_of(&self.sources[end]).map_or(BATCH, |size| size + HAND_OVER);
            if bytes >= BATCH && end > start {
                break;
            }
            end += 1;
        }
        end
    }
}

/// The size of a plain file that has one.
fn size_of(source: &Source) -> Option<u64> {
    let Origin::File(path) = &source.origin else {
        return None;
    };
    let metadata = std::fs::metadata(path).ok()?;
    // Files of size 0 may be of /proc, and pipes may last.
    (metadata.is_file() && metadata.len() > 0).then_some(metadata.len())
}

/// Starts as many producers as there are threads, and things for them to do.
pub(super) fn start(orders: &Arc<Orders>) -> io::Result<()> {
    let wanted = orders.reading.threads.min(orders.sources.len()).max(1);
    for number in 0..wanted {
        let own = Arc::clone(orders);
        let started = thread::Builder::new()
            .name(format!("input {number}"))
            .spawn(move || produce(&own));
        match started {
            Ok(_) => {}
            Err(error) if number == 0 => return Err(error),
            // Those that run do all the work.
            Err(_) => break,
        }
    }
    Ok(())
}

fn produce(orders: &Orders) {
    let mut pool = Pool::new(BUFFERS);
    while let Some((sources, mut out)) = orders.claim() {
        for source in &orders.sources[sources] {
            if out.stop.is_asked() {
                let _ = out.push(Fed::NotRead(never_begun(source)));
            } else {
                let read = catch_unwind(AssertUnwindSafe(|| {
                    open::read(source, &orders.reading, &mut pool, &mut out);
                }));
                if read.is_err() {
                    // Its buffers may be lost.
                    pool = Pool::new(BUFFERS);
                    out.give_up(source);
                }
            }
            out.source_done();
        }
        let _ = out.flush();
    }
}

/// Where a producer puts what it makes of a claim.
#[derive(Debug)]
pub(super) struct Out<'a> {
    sender: SyncSender<Batch>,
    batch: Batch,
    weight: u64,
    /// How many sources are done, and of how many that was handed over.
    done: usize,
    told: Arc<AtomicUsize>,
    /// A source has begun and not ended, and so many bytes of it were pushed.
    open: Option<u64>,
    stop: &'a Stop,
}

impl Out<'_> {
    /// Hands over a thing, with others if it is small. Breaks off when nobody wants more.
    pub(super) fn push(&mut self, fed: Fed<Block>) -> ControlFlow<()> {
        self.weight += HAND_OVER;
        let more = match &fed {
            Fed::Block(block) => block.body().len() as u64,
            Fed::Hole { bytes, .. } => *bytes,
            Fed::Begin(_) | Fed::End(_) | Fed::NotRead(_) => 0,
        };
        match &fed {
            Fed::Begin(_) => self.open = Some(0),
            Fed::Block(_) => self.weight += more,
            Fed::End(_) => self.open = None,
            Fed::Hole { .. } | Fed::NotRead(_) => {}
        }
        if let Some(bytes) = &mut self.open {
            *bytes += more;
        }
        self.batch.push(fed);
        if self.weight >= BATCH {
            return self.flush();
        }
        ControlFlow::Continue(())
    }

    /// The beginning of a source.
    pub(super) fn begin(&mut self, source: &Arc<Source>) {
        let _ = self.push(Fed::Begin(Arc::clone(source)));
    }

    /// The end of a source.
    pub(super) fn end(&mut self, bytes: u64, troubles: Vec<Trouble>, live: Option<Live>) {
        let _ = self.push(Fed::End(End {
            bytes,
            troubles,
            live: live.map(Box::new),
        }));
    }

    /// Something that will not be read.
    pub(super) fn not_read(&mut self, note: NotRead) {
        let _ = self.push(Fed::NotRead(note));
    }

    /// Whether the run should stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_asked()
    }

    /// Hands over what has been pushed.
    pub(super) fn flush(&mut self) -> ControlFlow<()> {
        self.weight = 0;
        if self.sender.send(std::mem::take(&mut self.batch)).is_err() {
            return ControlFlow::Break(());
        }
        self.told.store(self.done, Ordering::Release);
        ControlFlow::Continue(())
    }

    fn source_done(&mut self) {
        self.done += 1;
        if self.batch.is_empty() {
            self.told.store(self.done, Ordering::Release);
        }
    }

    /// Ends a source whose reading failed by a defect.
    fn give_up(&mut self, source: &Source) {
        match self.open {
            Some(bytes) => self.end(bytes, vec![Trouble::defect()], None),
            None => self.not_read(Trouble::defect().of(source, 0)),
        }
    }
}
