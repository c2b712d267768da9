//! Buffers that blocks share and that go back to who fills them.
//!
//! In: what a reader gives. Out: full [`Buffer`]s. A buffer returns to its [`Pool`] when the last block in it is
//! done, and the pool makes only so many: so a producer that is faster than the scan waits, and memory does
//! not grow with the source.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Bytes that nobody changes any more.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    home: Option<Sender<Vec<u8>>>,
    /// The first bytes of the source, if the buffer does not begin with them.
    head: Option<Arc<[u8]>>,
    /// Where gates may stand, if that is known.
    loud: Option<Vec<Range<usize>>>,
}

impl Buffer {
    /// A buffer that belongs to no pool.
    pub(super) fn new(bytes: Vec<u8>) -> Buffer {
        Buffer {
            bytes,
            home: None,
            head: None,
            loud: None,
        }
    }

    /// The same, for a source that begins with `head` in another buffer.
    pub(super) fn behind(mut self, head: Option<&Arc<[u8]>>) -> Buffer {
        self.head = head.cloned();
        self
    }

    /// The same, with the stretches of the source in which gates may stand; it stands at `at` in it.
    pub(super) fn searched(mut self, loud: Option<&[Range<u64>]>, at: u64) -> Buffer {
        let here = |place: u64| (place.saturating_sub(at) as usize).min(self.bytes.len());
        let here = |stretch: &Range<u64>| here(stretch.start)..here(stretch.end);
        self.loud = loud.map(|loud| loud.iter().map(here).collect());
        self
    }

    /// Where gates may stand within `part`: whole lines, as far as they lie in it. All of it if that is not known.
    pub(super) fn loud(&self, part: &Range<usize>) -> Option<impl Iterator<Item = Range<usize>>> {
        let loud = self.loud.as_deref()?;
        let from = loud.partition_point(|stretch| stretch.end <= part.start);
        let (start, end) = (part.start, part.end);
        let stretches = loud[from..].iter().take_while(move |stretch| stretch.start < end);
        Some(stretches.map(move |stretch| stretch.start.max(start)..stretch.end.min(end)))
    }

    /// The first bytes of the source, up to `most`, if they are known.
    pub(super) fn head(&self, most: usize) -> &[u8] {
        let head = self.head.as_deref().unwrap_or(&self.bytes);
        &head[..head.len().min(most)]
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(home) = &self.home {
            // If the pool is gone, so is the need.
            let _ = home.send(std::mem::take(&mut self.bytes));
        }
    }
}

/// The buffers of one producer.
#[derive(Debug)]
pub(super) struct Pool {
    returned: Receiver<Vec<u8>>,
    home: Sender<Vec<u8>>,
    /// How many more may be made.
    left: usize,
}

impl Pool {
    /// A pool of at most `most` buffers.
    pub(super) fn new(most: usize) -> Pool {
        let (home, returned) = channel();
        Pool {
            returned,
            home,
            left: most,
        }
    }

    /// An empty vector to fill, if there is one.
    pub(super) fn try_take(&mut self) -> Option<Vec<u8>> {
        let mut bytes = match self.returned.try_recv() {
            Ok(bytes) => bytes,
            Err(_) if self.left > 0 => {
                self.left -= 1;
                Vec::new()
            }
            Err(_) => return None,
        };
        bytes.clear();
        Some(bytes)
    }

    /// An empty vector to fill, as soon as there is one.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.try_take().unwrap_or_else(|| {
            // The pool holds a sender itself, so this ends with a buffer.
            let mut bytes = self.returned.recv().unwrap_or_default();
            bytes.clear();
            bytes
        })
    }

    /// Takes back what was not needed.
    pub(super) fn give_back(&self, bytes: Vec<u8>) {
        let _ = self.home.send(bytes);
    }

    /// A buffer that comes back when it is dropped.
    pub(super) fn lend(&self, bytes: Vec<u8>) -> Buffer {
        Buffer {
            bytes,
            home: Some(self.home.clone()),
            head: None,
            loud: None,
        }
    }
}
