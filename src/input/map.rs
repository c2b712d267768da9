//! Maps big files into memory, safely for logs that are being written.
//!
//! In: an open regular file. Out: its bytes as a slice that blocks share, to be *searched* only; what is parsed is
//! read from the file again ([`Reread`]). `guard` keeps the program alive when the file is cut short.
//! Only Linux maps; elsewhere files are read.

#![allow(unsafe_code)]

use std::cell::{Cell, UnsafeCell};
use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::sync::Arc;
#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(target_os = "linux")]
use std::sync::{Mutex, PoisonError};

#[cfg(target_os = "linux")]
mod guard;

/// A multiple of the page size on every system that the program runs on, and of what is mapped at once; in bytes.
#[cfg(target_os = "linux")]
const PAGE: usize = 64 * 1024;

/// The content of a file when it was opened.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(super) struct Mapped {
    // The order matters: the guard lets go before the map is unmapped.
    guard: guard::Guard,
    map: memmap2::Mmap,
    file: File,
    /// The lowest offset from which the file could not be read again.
    unread: AtomicU64,
    /// Buffers for what is read again, used in turn.
    spare: Mutex<Vec<Cells>>,
}

#[cfg(target_os = "linux")]
impl Mapped {
    /// Maps the first `length` bytes of `file`. Fails on what cannot be mapped or guarded; the caller then reads it
    /// as a stream.
    pub(super) fn new(file: File, length: usize) -> io::Result<Mapped> {
        // SAFETY: the map is private to this process and read-only, and nothing here writes
        // to the file. Another process may: then the bytes change under us. That is sound for
        // what this program does with them, because mapped bytes are only searched (memchr, gate literals); no
        // reference with a validity rule, such as `&str`, ever points into the map, and a torn read
        // costs at most a missed or spurious candidate. Records are read with `read`. Pages that the file
        // loses while it is mapped are replaced by the guard.
        let map = unsafe { memmap2::MmapOptions::new().len(length).map(&file)? };
        let start = map.as_ptr() as usize;
        let guard =
            guard::Guard::new(start..start + map.len()).ok_or(io::Error::from(io::ErrorKind::Unsupported))?;
        // Advice only: a system that refuses it still gives the right bytes.
        let _ = map.advise(memmap2::Advice::Sequential);
        Ok(Mapped {
            guard,
            map,
            file,
            unread: AtomicU64::new(u64::MAX),
            spare: Mutex::default(),
        })
    }

    /// Says that the bytes of `range` will hardly be needed again, so that the memory of the process does
    /// not grow with the file. Reading them again gives the same bytes.
    pub(super) fn release(&self, range: Range<usize>) {
        // The system maps a few pages more than are touched, so a little more is given back. Whoever still needs
        // those gets them again.
        let start = range.start.saturating_sub(PAGE) / PAGE * PAGE;
        let end = (range.end + PAGE).next_multiple_of(PAGE).min(self.map.len());
        if start < end {
            // SAFETY: the map is backed by the file (or by the guard's zeros) and never written to, so there is
            // nothing to lose: pages that are dropped here are filled again when they are next read, also by
            // other threads that hold a slice of them now.
            let released = unsafe {
                self.map
                    .unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, end - start)
            };
            // Advice only: a system that refuses it still gives the right bytes.
            let _ = released;
        }
    }

    /// The bytes, for searching.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Reads the file again at `at`, and fills `into` with zeros where it has nothing more.
    fn read(&self, at: u64, into: &mut [u8]) {
        use std::os::unix::fs::FileExt;
        let mut filled = 0;
        while filled < into.len() {
            match self.file.read_at(&mut into[filled..], at + filled as u64) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What is lost here is told when the file is looked at for the last time.
                Ok(0) | Err(_) => {
                    self.unread.fetch_min(at + filled as u64, Ordering::Relaxed);
                    break;
                }
                Ok(more) => filled += more,
            }
        }
        into[filled..].fill(0);
    }

    /// A buffer of `length` bytes with anything in it.
    fn spare(&self, length: usize) -> Cells {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare
            .pop()
            .filter(|cells| cells.len() >= length)
            .unwrap_or_else(|| cells(length))
    }

    /// Takes a buffer back.
    fn give_back(&self, cells: Cells) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.push(cells);
    }

    /// The lowest offset from which on bytes were lost while they were searched or read again.
    pub(super) fn lost(&self) -> Option<u64> {
        let unread = self.unread.load(Ordering::Relaxed);
        let unread = (unread != u64::MAX).then_some(unread);
        let lost = self.guard.lost().map(|lost| lost as u64);
        unread.into_iter().chain(lost).min()
    }
}

/// How much is read again at once, in bytes. A hit needs one or two pieces.
pub(super) const PIECE: usize = 32 * 1024;

/// Memory that is written to piece by piece while other pieces of it are lent out.
type Cells = Vec<UnsafeCell<u8>>;

/// `length` zeros. They cost nothing until they are used.
fn cells(length: usize) -> Cells {
    let mut bytes = ManuallyDrop::new(vec![0_u8; length]);
    // SAFETY: the parts are those of a vector that is not dropped, and `UnsafeCell<u8>` has the layout of `u8`.
    unsafe { Vec::from_raw_parts(bytes.as_mut_ptr().cast(), bytes.len(), bytes.capacity()) }
}

/// A part of a mapped file, read again as far as it has been asked for.
#[derive(Debug)]
pub(super) struct Reread {
    map: Arc<Mapped>,
    part: Range<usize>,
    /// At least as long as the part.
    cells: Cells,
    /// Which pieces of the part have been read.
    read: Vec<Cell<bool>>,
}

impl Reread {
    pub(super) fn new(map: &Arc<Mapped>, part: Range<usize>) -> Reread {
        Reread {
            cells: map.spare(part.len()),
            read: vec![Cell::new(false); part.len().div_ceil(PIECE)],
            map: Arc::clone(map),
            part,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.part.len()
    }

    /// The bytes of `range` of the part. They stay as they are.
    #[inline]
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        let range = range.start..range.end.min(self.len());
        // Most ranges lie in one piece.
        let first = range.start / PIECE;
        let here = range.end <= (first + 1) * PIECE && self.read.get(first).is_some_and(Cell::get);
        if !here {
            self.fill_all(range.clone());
        }
        let wanted = &self.cells[range];
        // SAFETY: these are cells of pieces that have been read, and those are never written to again while `self`
        // lives. `UnsafeCell<u8>` has the layout of `u8`.
        unsafe { std::slice::from_raw_parts(wanted.as_ptr().cast::<u8>(), wanted.len()) }
    }

    #[cold]
    fn fill_all(&self, range: Range<usize>) {
        for piece in range.start / PIECE..range.end.div_ceil(PIECE) {
            if !self.read[piece].get() {
                self.fill(piece);
            }
        }
    }

    fn fill(&self, piece: usize) {
        let start = piece * PIECE;
        let cells = &self.cells[start..(start + PIECE).min(self.len())];
        // SAFETY: the piece has not been read, so nothing of it was lent out, and `self` cannot be used by another
        // thread (it has cells). The slice ends with this function; `Mapped::read` does not come back here.
        let into =
            unsafe { std::slice::from_raw_parts_mut(UnsafeCell::raw_get(cells.as_ptr()), cells.len()) };
        self.map.read((self.part.start + start) as u64, into);
        self.read[piece].set(true);
    }
}

impl Drop for Reread {
    fn drop(&mut self) {
        self.map.give_back(std::mem::take(&mut self.cells));
    }
}

/// Never made: files are read here.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(super) enum Mapped {}

#[cfg(not(target_os = "linux"))]
impl Mapped {
    pub(super) fn new(_: File, _: usize) -> io::Result<Mapped> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn release(&self, _: Range<usize>) {
        match *self {}
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match *self {}
    }

    fn read(&self, _: u64, _: &mut [u8]) {
        match *self {}
    }

    fn spare(&self, _: usize) -> Cells {
        match *self {}
    }

    fn give_back(&self, _: Cells) {
        match *self {}
    }

    pub(super) fn lost(&self) -> Option<u64> {
        match *self {}
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::io::Write;

    use super::*;

    fn mapped(length: usize) -> (tempfile::NamedTempFile, Mapped) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&vec![b'x'; length]).unwrap();
        let map = Mapped::new(file.reopen().unwrap(), length).unwrap();
        (file, map)
    }

    #[test]
    fn the_lost_tail_reads_as_zeros_and_its_offset_is_known() {
        let (file, map) = mapped(3_000_000);
        assert_eq!(map.bytes()[2_999_999], b'x');
        assert_eq!(map.lost(), None);
        file.as_file().set_len(1_000_000).unwrap();
        let xs = map.bytes().iter().filter(|byte| **byte == b'x').count();
        assert_eq!(xs, 1_000_000);
        let lost = usize::try_from(map.lost().unwrap()).unwrap();
        assert!((1_000_000..1_000_000 + PAGE).contains(&lost), "{lost}");
        // What comes back later is not believed.
        file.as_file().set_len(3_000_000).unwrap();
        assert_eq!(map.bytes()[2_999_999], 0);
    }

    #[test]
    fn maps_are_guarded_one_by_one_and_slots_are_used_again() {
        for _ in 0..600 {
            let (file, map) = mapped(70_000);
            let (_kept, other) = mapped(70_000);
            file.as_file().set_len(0).unwrap();
            assert_eq!(map.bytes()[69_999], 0);
            assert_eq!(other.bytes()[69_999], b'x');
            assert!(map.lost().is_some() && other.lost().is_none());
        }
    }

    #[test]
    fn reading_again_gives_zeros_where_the_file_has_ended() {
        let (file, map) = mapped(100_000);
        file.as_file().set_len(50_000).unwrap();
        let mut bytes = vec![b'?'; 20];
        map.read(49_990, &mut bytes);
        assert_eq!(bytes, [[b'x'; 10], [0; 10]].concat());
        assert_eq!(map.lost(), Some(50_000));
    }
}
