//! Where a log, or a piece of one, may stand by now.
//!
//! In: the path under which it was read. Out: the files beside it whose names are those of pieces of the same log, in the
//! order of their names. Names only propose here: whoever asks compares the content.

use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};

use super::journal;
use super::names::{self, Key, uncompressed};

/// The other files beside `path` that may be pieces of the same log.
pub(crate) fn beside(path: &Path) -> Vec<PathBuf> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let own = live_of(path);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut pieces: Vec<PathBuf> = entries
        .map(|entry| path.with_file_name(entry.file_name()))
        .filter(|piece| piece != path && live_of(piece) == own && piece.is_file())
        .collect();
    pieces.sort();
    pieces
}

/// The path of the live log of which `path` would be a piece.
pub(crate) fn live_of(path: &Path) -> PathBuf {
    let name = name(path);
    let live = match journal::read(name) {
        Some((live, _)) => live,
        None => {
            let (plain, _) = uncompressed(name);
            names::read(plain).map_or_else(|| plain.to_owned(), |reading| reading.live)
        }
    };
    path.with_file_name(live)
}

/// Which of two pieces of a log is older by its name: `Less` if the first one is.
pub(crate) fn by_age(a: &Path, b: &Path) -> Ordering {
    let key = |path: &Path| {
        let (plain, _) = uncompressed(name(path));
        names::read(plain).map_or(Key::Live, |reading| reading.key)
    };
    match (journal::read(name(a)), journal::read(name(b))) {
        (Some((_, a)), Some((_, b))) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => key(a).cmp(&key(b)),
    }
}

fn name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}
