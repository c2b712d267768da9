//! Maps big files into memory. The only unsafe code of the program.
//!
//! In: an open regular file. Out: its bytes as a slice that blocks share.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;

use std::ops::Range;

use memmap2::{Advice, Mmap, UncheckedAdvice};

/// Pages are a multiple of this on every system that the program runs on, or smaller; in bytes.
const PAGE: usize = 64 * 1024;

/// The content of a file when it was opened.
#[derive(Debug)]
pub(super) struct Mapped(Mmap);

impl Mapped {
    /// Maps `file`. Fails on what cannot be mapped (`/proc`, some network file systems);
    /// the caller then reads it as a stream.
    pub(super) fn new(file: &File) -> io::Result<Mapped> {
        // SAFETY: the map is private to this process and read-only, and nothing here writes
        // to the file. Another process may: then the bytes change under us. That is sound for
        // what this program does with them, because mapped bytes are only searched and copied
        // (memchr, Aho-Corasick, `from_utf8_lossy` into an owned string); no reference with a
        // validity rule, such as `&str`, ever points into the map, and a torn read costs at most a
        // missed or spurious candidate. A file that is cut short while it is mapped raises
        // SIGBUS on the lost pages, which ends the process; `--no-mmap` reads with `read` instead.
        let map = unsafe { Mmap::map(file)? };
        // Advice only: a system that refuses it still gives the right bytes.
        let _ = map.advise(Advice::Sequential);
        Ok(Mapped(map))
    }

    /// Says that the bytes of `range` will hardly be needed again, so that the memory of the process does
    /// not grow with the file. Reading them again gives the same bytes.
    pub(super) fn release(&self, range: Range<usize>) {
        let start = range.start.next_multiple_of(PAGE);
        let end = range.end / PAGE * PAGE;
        if start < end {
            // SAFETY: the map is backed by the file and never written to, so there is nothing to lose: pages
            // that are dropped here are filled from the file again when they are next read, also by
            // other threads that hold a slice of them now.
            let released = unsafe {
                self.0
                    .unchecked_advise_range(UncheckedAdvice::DontNeed, start, end - start)
            };
            // Advice only: a system that refuses it still gives the right bytes.
            let _ = released;
        }
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
