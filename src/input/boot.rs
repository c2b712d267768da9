//! When the machine was last started, as binary journals tell it.
//!
//! In: sources. Out: the time of the first entry of the boot that the latest entry of all belongs to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::journal::{boots, is_journal};
use super::{Origin, Source};

/// Journals are read into memory up to this size, in bytes; a machine's own are at most half of it.
const LIMIT: u64 = 256 << 20;

/// How much older than its entry a message may be, in microseconds.
const OLDER: u64 = 60_000_000;

/// The beginning of the last boot in UTC nanoseconds; nothing if no source is a journal that tells it.
pub fn last_boot(sources: &[Source]) -> Option<i64> {
    let mut known: BTreeMap<[u8; 16], (u64, u64)> = BTreeMap::new();
    for source in sources {
        let Origin::File(path) = &source.origin else {
            continue;
        };
        let Some(bytes) = journal(path) else {
            continue;
        };
        for (boot, first, last) in boots(&bytes) {
            let span = known.entry(boot).or_insert((first, last));
            *span = (span.0.min(first), span.1.max(last));
        }
    }
    let (boot, first) = known
        .iter()
        .map(|(boot, (first, last))| (last, first, boot))
        .max()
        .map(|(_, first, boot)| (*boot, *first))?;
    // A message is a little older than its entry, but not as old as the boot before.
    let before = known
        .iter()
        .filter(|(other, _)| **other != boot)
        .map(|(_, (_, last))| *last);
    let end = before
        .filter(|last| *last < first)
        .max()
        .map_or(0, |last| last + 1);
    let since = end.max(first.saturating_sub(OLDER));
    i64::try_from(since).ok()?.checked_mul(1000)
}

fn journal(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = vec![0; 8];
    file.read_exact(&mut bytes).ok()?;
    if !is_journal(&bytes) {
        return None;
    }
    file.take(LIMIT).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
