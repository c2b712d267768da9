//! Reads stretches of logs again.
//!
//! In: logs by the names that the report gives them, the files in which they may stand, and the stretches that are
//! asked for. Out: the digests of the stretches, as they are read by the same way as in a scan: expanded,
//! out of archives, and journals entry by entry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::digest::{Digest, Hasher};
use crate::error::Error;
use crate::input::block::{BLOCK_SIZE, Block};
use crate::input::plan::Plan;
use crate::input::sought::Sought;
use crate::input::stream::{Fed, Feed, Reading};
use crate::input::{Origin, Source, Stop};
use crate::record::time::Zone;
use crate::record::time::range::Range;

/// A stretch of a log: its first byte, and its length in bytes.
pub(crate) type Stretch = (u64, u64);

/// Digests by stretch, of those that could be read to their ends.
pub(crate) type Digests = BTreeMap<Stretch, Digest>;

/// Reads `file`, whose log (or logs, if it is an archive) are called `name` (or what stands below it). `wanted` are the stretches
/// by the names of the logs. Out: what was read of each log that is there.
pub(crate) fn reread(
    name: &str,
    file: &Path,
    wanted: &BTreeMap<&str, Vec<Stretch>>,
) -> Result<BTreeMap<String, Digests>, Error> {
    let feed = feed_of(name.to_owned(), file.to_owned(), None)?;
    let mut read = BTreeMap::new();
    let mut current: Option<(String, Hashing)> = None;
    for fed in feed.flatten() {
        match fed {
            Fed::Begin(source) => {
                let stretches = wanted.get(source.name.as_str());
                current = stretches.map(|stretches| (source.name.clone(), Hashing::new(stretches)));
            }
            Fed::Block(block) => {
                if let Some((_, hashing)) = &mut current {
                    hashing.take(&block);
                }
            }
            Fed::End(_) => read.extend(current.take().map(|(name, hashing)| (name, hashing.finish()))),
            Fed::Hole { .. } | Fed::NotRead(_) => {}
        }
    }
    Ok(read)
}

/// Reads a file from its beginning to its end, as a scan of it alone would in UTC.
pub(crate) fn feed_of(name: String, file: PathBuf, service: Option<String>) -> Result<Feed, Error> {
    let source = Source {
        name,
        origin: Origin::File(file),
        service,
        modified: None,
        set: None,
        plan: Plan::default(),
    };
    let reading = Reading {
        block_size: BLOCK_SIZE,
        map_files: true,
        threads: 1,
        zone: Zone::Utc,
        now: i64::MAX / 2,
        range: Range::default(),
        stop: Stop::default(),
        sought: Sought::default(),
    };
    Feed::new(vec![Arc::new(source)], reading)
        .map_err(|error| Error::Usage(format!("the logs cannot be read: {error}")))
}

/// The file in which a log of this name stands below `root`: the one that is called so, or the archive in which it is a
/// member. The second part is the name of that file as a log.
pub(crate) fn file_of(name: &str, root: Option<&Path>) -> Option<(String, PathBuf)> {
    let mut part = name;
    loop {
        let path = place_of(part, root);
        if path.is_file() {
            return Some((part.to_owned(), path));
        }
        part = part
            .rsplit_once('/')
            .map(|(above, _)| above)
            .filter(|above| !above.is_empty())?;
    }
}

/// Where a log of this name would stand.
pub(crate) fn place_of(name: &str, root: Option<&Path>) -> PathBuf {
    match root {
        Some(root) => root.join(name.trim_start_matches('/')),
        None => PathBuf::from(name),
    }
}

/// Stretches of a log of which some bytes have come.
struct Hashing(Vec<(Stretch, Hasher, u64)>);

impl Hashing {
    fn new(stretches: &[Stretch]) -> Hashing {
        Hashing(
            stretches
                .iter()
                .map(|stretch| (*stretch, Hasher::default(), 0))
                .collect(),
        )
    }

    fn take(&mut self, block: &Block) {
        let body = block.body();
        let at = block.window_at();
        let (from, to) = (at + body.start as u64, at + body.end as u64);
        for ((offset, bytes), hasher, seen) in &mut self.0 {
            let part = from.max(*offset)..to.min(offset.saturating_add(*bytes));
            if part.start < part.end {
                *seen += part.end - part.start;
                hasher.add(
                    block
                        .text()
                        .bytes((part.start - at) as usize..(part.end - at) as usize),
                );
            }
        }
    }

    fn finish(self) -> Digests {
        let whole = self.0.into_iter().filter(|((_, bytes), _, seen)| bytes == seen);
        whole
            .map(|(stretch, hasher, _)| (stretch, hasher.finish()))
            .collect()
    }
}
