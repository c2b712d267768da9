//! Keeps the program alive when a mapped file is cut short under it.
//!
//! In: the address ranges of maps. Out: for each the lowest offset that was lost, if any. Reading a mapped
//! page that the file no longer has raises `SIGBUS`. The handler puts zero pages in place of the lost tail, notes
//! where it began and lets the read go on: nothing is unwound or jumped over. Every other fault goes to the
//! handler that was there before, so that a defect still ends the process.
//!
//! A signal handler can reach nothing but statics, hence the table: the only global of the program.

#![allow(unsafe_code)]

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many maps can be guarded at one time.
const SLOTS: usize = 256;

/// Nothing was lost.
const NOTHING: usize = usize::MAX;

/// One guarded map; free while `end` is 0, taken but not yet in force while it is 1.
struct Slot {
    start: AtomicUsize,
    end: AtomicUsize,
    /// Lowest lost offset in the map, in bytes.
    lost: AtomicUsize,
}

static TABLE: [Slot; SLOTS] = [const {
    Slot {
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        lost: AtomicUsize::new(NOTHING),
    }
}; SLOTS];

/// What the handler needs: the page size in bytes, and what was done about `SIGBUS` before.
struct Before {
    page: usize,
    action: libc::sigaction,
}

static BEFORE: OnceLock<Option<Before>> = OnceLock::new();

/// A place in the table. Must be dropped before the map is unmapped.
#[derive(Debug)]
pub(super) struct Guard(usize);

impl Guard {
    /// Guards the map at these addresses. Nothing if the table is full or the handler cannot be installed.
    pub(super) fn new(addresses: Range<usize>) -> Option<Guard> {
        BEFORE.get_or_init(prepare).as_ref()?;
        install()?;
        for (number, slot) in TABLE.iter().enumerate() {
            if slot
                .end
                .compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
            {
                slot.start.store(addresses.start, Ordering::Relaxed);
                slot.lost.store(NOTHING, Ordering::Relaxed);
                // From here on the handler believes the slot.
                slot.end.store(addresses.end, Ordering::Release);
                return Some(Guard(number));
            }
        }
        None
    }

    /// The lowest offset of a page that was lost, in bytes from the beginning of the map.
    pub(super) fn lost(&self) -> Option<usize> {
        let lost = TABLE[self.0].lost.load(Ordering::Acquire);
        (lost != NOTHING).then_some(lost)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        TABLE[self.0].end.store(0, Ordering::Release);
    }
}

/// Asks for the page size and for what is done about `SIGBUS` so far, without changing it.
fn prepare() -> Option<Before> {
    // SAFETY: `sysconf` only reads. A zeroed `sigaction` is a valid value of that plain C structure, and
    // `sigaction` with a null second argument only writes it.
    unsafe {
        let page = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).ok()?;
        let mut action: libc::sigaction = std::mem::zeroed();
        (page.is_power_of_two() && libc::sigaction(libc::SIGBUS, std::ptr::null(), &raw mut action) == 0)
            .then_some(Before { page, action })
    }
}

/// Puts the handler in place, once; `BEFORE` is set by then, so the handler finds what it needs.
fn install() -> Option<()> {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| {
        // SAFETY: as above for the zeroed structure. `on_bus` has the signature that SA_SIGINFO asks for and calls
        // nothing that is forbidden in a handler. SA_ONSTACK leaves stack overflows to the alternate stack.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = on_bus;
            action.sa_sigaction = handler as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
            libc::sigemptyset(&raw mut action.sa_mask);
            libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut()) == 0
        }
    });
    installed.then_some(())
}

/// The handler. Everything in it is safe in a signal handler: atomics, `mmap`, `sigaction`, `signal`, `raise`; no allocation, no
/// locks (`OnceLock::get` only loads).
extern "C" fn on_bus(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: with SA_SIGINFO the kernel passes a valid `info`; for BUS_ADRERR it holds the address. The
    // place of errno is valid in every thread, and is put back because the interrupted code may be about to read it.
    unsafe {
        let errno = *libc::__errno_location();
        let code = (*info).si_code;
        let held = code == libc::BUS_ADRERR && replace_lost_tail((*info).si_addr() as usize);
        if !held {
            pass_on(signal, code);
        }
        *libc::__errno_location() = errno;
    }
}

/// Puts zero pages from the page of `address` to the end of its map, if it lies in a guarded one.
fn replace_lost_tail(address: usize) -> bool {
    let Some(Some(before)) = BEFORE.get() else {
        return false;
    };
    for slot in &TABLE {
        let end = slot.end.load(Ordering::Acquire);
        let start = slot.start.load(Ordering::Relaxed);
        if !(start..end).contains(&address) || end <= 1 {
            continue;
        }
        let page = address & !(before.page - 1);
        // SAFETY: `page..end` lies in a map that this program made, read-only, and that is alive: a thread is reading
        // it, and the slot is given up before the map is. So only pages of that map are replaced, by pages that are
        // readable and zero; slices into it stay valid. Bytes may change under such a slice, which is what
        // `Mapped` says about them in any case.
        let replaced = unsafe {
            libc::mmap(
                page as *mut libc::c_void,
                end - page,
                libc::PROT_READ,
                libc::MAP_FIXED | libc::MAP_ANONYMOUS | libc::MAP_PRIVATE,
                -1,
                0,
            )
        };
        if replaced == libc::MAP_FAILED {
            return false;
        }
        slot.lost.fetch_min(page - start, Ordering::AcqRel);
        return true;
    }
    false
}

/// Gives the signal back to whoever had it before: the fault happens again, and goes there. A signal that a process
/// sent does not happen again, so it has its usual effect: it ends the program.
fn pass_on(signal: libc::c_int, code: libc::c_int) {
    let Some(Some(before)) = BEFORE.get() else {
        return;
    };
    // SAFETY: `action` is what the system told about this signal. `signal` and `raise` are allowed in handlers.
    unsafe {
        if code > 0 {
            libc::sigaction(signal, &raw const before.action, std::ptr::null_mut());
        } else {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }
}
