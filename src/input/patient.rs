//! Reads pipes, and can be told to stop while it waits.
//!
//! In: a pipe or a device, and the run's [`Stop`]. Out: a reader. A read that waits for a writer would hold the whole
//! run after an interrupt, so it waits in short turns and looks at the flag between them.

use std::fs::File;
use std::io::{self, BufReader, Read};

use super::Stop;

/// The least that is asked for at once, in bytes: `/dev/kmsg` gives whole records or an error.
const LEAST: usize = 16 * 1024;

/// A reader of something that may let it wait.
#[derive(Debug)]
pub(super) struct Patient {
    file: BufReader<File>,
    stop: Stop,
}

impl Patient {
    pub(super) fn new(file: File, stop: &Stop) -> Patient {
        Patient {
            file: BufReader::with_capacity(LEAST, file),
            stop: stop.clone(),
        }
    }

    /// Standard input.
    #[cfg(unix)]
    pub(super) fn stdin(stop: &Stop) -> io::Result<Patient> {
        use std::os::fd::AsFd;
        let own = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Patient::new(File::from(own), stop))
    }

    /// Standard input.
    #[cfg(windows)]
    pub(super) fn stdin(stop: &Stop) -> io::Result<Patient> {
        use std::os::windows::io::AsHandle;
        let own = io::stdin().as_handle().try_clone_to_owned()?;
        Ok(Patient::new(File::from(own), stop))
    }

    /// Waits until there is something to read, or the end.
    #[cfg(unix)]
    fn wait(&self) -> io::Result<()> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        const TURN: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        loop {
            if self.stop.is_asked() {
                return Err(io::Error::other("interrupted"));
            }
            let mut waiting = [PollFd::new(self.file.get_ref(), PollFlags::IN)];
            match poll(&mut waiting, Some(&TURN)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    #[cfg(not(unix))]
    fn wait(&self) -> io::Result<()> {
        if self.stop.is_asked() {
            return Err(io::Error::other("interrupted"));
        }
        Ok(())
    }
}

impl Read for Patient {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.file.buffer().is_empty() {
            self.wait()?;
        }
        self.file.read(into)
    }
}
