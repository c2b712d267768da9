//! Files that are written while they are read.
//!
//! In: a file when it is opened, and again when all of it has been looked at. Out: what happened to it meanwhile,
//! as a [`Trouble`]. Only the bytes that it had when it was opened are read.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::map::Mapped;
use super::stream::Trouble;

/// How much of the beginning and of the end is compared, in bytes.
const SAMPLE: u64 = 1024;

/// A file as it was when it was opened.
#[derive(Debug)]
pub struct Live {
    path: PathBuf,
    file: File,
    metadata: Metadata,
    samples: Option<[Vec<u8>; 2]>,
    map: Option<Arc<Mapped>>,
}

impl Live {
    /// Notes what `file` is like now. With `sampled`, also how it begins and ends, so that a file that was rewritten
    /// and has grown is told from one that has only grown.
    pub(super) fn new(path: &Path, file: File, metadata: Metadata, sampled: bool) -> Live {
        let samples = sampled.then(|| samples(&file, metadata.len()).ok()).flatten();
        Live {
            path: path.to_owned(),
            file,
            metadata,
            samples,
            map: None,
        }
    }

    /// The file is mapped.
    pub(super) fn mapped(mut self, map: &Arc<Mapped>) -> Live {
        self.map = Some(Arc::clone(map));
        self
    }

    /// What has happened since, when all that it had was read.
    pub(crate) fn compare_whole(&self) -> Option<Trouble> {
        self.compare(self.metadata.len())
    }

    /// What has happened since, when the first `read` bytes were read.
    pub(super) fn compare(&self, read: u64) -> Option<Trouble> {
        match self.file.metadata() {
            Ok(now) => self.cut_short(&now, read).or_else(|| self.changed(&now)),
            Err(error) => Some(Trouble {
                reason: format!("could not be looked at after reading: {error}"),
                bytes: None,
                lost: true,
                offset: None,
            }),
        }
    }

    /// What was lost since. A journal is rewritten in place all the time, and says so itself.
    pub(super) fn compare_journal(&self) -> Option<Trouble> {
        let now = self.file.metadata().ok()?;
        self.cut_short(&now, self.metadata.len())
    }

    /// What has happened since to a file that was empty; those of /proc stay without a size.
    pub(super) fn compare_empty(&self) -> Option<Trouble> {
        let now = self.file.metadata().ok()?;
        (now.len() > 0).then(|| Trouble {
            reason: "was empty when it was opened, and was written while it was read; what was read may be a part of it, or \
                     a mixture: scan it again"
                .to_owned(),
            bytes: None,
            lost: true,
            offset: Some(0),
        })
    }

    fn cut_short(&self, now: &Metadata, read: u64) -> Option<Trouble> {
        let size = self.metadata.len();
        let lost = self.map.as_ref().and_then(|map| map.lost());
        if now.len() < size || read < size {
            return Some(shrank(size, now.len(), lost, read));
        }
        lost.map(|lost| Trouble {
            reason: "was cut short, or could not be read from there on, while it was read; what stood there is lost"
                .to_owned(),
            bytes: Some(size.saturating_sub(lost)),
            lost: true,
            offset: Some(lost),
        })
    }

    fn changed(&self, now: &Metadata) -> Option<Trouble> {
        let size = self.metadata.len();
        let rewritten = match &self.samples {
            Some(before) => samples(&self.file, size).is_ok_and(|after| after != *before),
            None => false,
        };
        let touched = now.modified().ok() != self.metadata.modified().ok();
        if rewritten || (touched && now.len() == size) {
            return Some(Trouble {
                reason:
                    "was rewritten in place while it was read; what was read may be a mixture: scan it again"
                        .to_owned(),
                bytes: None,
                lost: true,
                offset: Some(0),
            });
        }
        let replaced =
            (self.samples.is_some() && self.is_replaced()).then_some("; its path now names another file");
        if now.len() > size {
            let more = now.len() - size;
            return Some(Trouble {
                reason: format!(
                    "grew by {more} bytes while it was read; those were not read{}",
                    replaced.unwrap_or_default()
                ),
                bytes: Some(more),
                lost: false,
                offset: Some(size),
            });
        }
        replaced.map(|_| Trouble {
            reason: "was moved, replaced or removed (rotated) while it was read; it was read to its end, and what its \
                     path names now was not read"
                .to_owned(),
            bytes: None,
            lost: false,
            offset: Some(size),
        })
    }

    #[cfg(unix)]
    fn is_replaced(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        match std::fs::metadata(&self.path) {
            Ok(now) => (now.dev(), now.ino()) != (self.metadata.dev(), self.metadata.ino()),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    #[cfg(not(unix))]
    fn is_replaced(&self) -> bool {
        !self.path.exists()
    }
}

fn shrank(size: u64, now: u64, lost: Option<u64>, read: u64) -> Trouble {
    let from = lost.unwrap_or(size).min(now).min(read);
    Trouble {
        reason: format!(
            "shrank from {size} to {now} bytes while it was read; what stood behind byte {from} may be lost"
        ),
        bytes: Some(size - from),
        lost: true,
        offset: Some(from),
    }
}

/// How the first `size` bytes begin and end.
fn samples(file: &File, size: u64) -> io::Result<[Vec<u8>; 2]> {
    let length = SAMPLE.min(size);
    Ok([sample(file, 0, length)?, sample(file, size - length, length)?])
}

#[cfg(unix)]
fn sample(file: &File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt;
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

#[cfg(not(unix))]
fn sample(_: &File, _: u64, _: u64) -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::Unsupported.into())
}
