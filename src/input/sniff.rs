//! Tells text from what is not, by content.
//!
//! In: the first bytes of a source. Out: why they are not text, if they are not.

/// How many bytes decide whether a file is a log at all.
pub(super) const SNIFF: usize = 8 * 1024;

/// So many zeros are a hole in a log, in bytes.
const HOLE: usize = 64;

/// Magic bytes of what is no log.
const NO_LOGS: &[(&[u8], &str)] = &[
    (b"\x7fELF", "a program, not a log"),
    (b"\x89PNG", "a picture, not a log"),
    (b"SQLite format 3\0", "a database, not a log"),
];

/// Why the bytes at the beginning of a source are not text, if they are not, and whether a log may be missed.
pub(super) fn not_text(bytes: &[u8]) -> Option<(String, bool)> {
    if let Some((_, reason)) = NO_LOGS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(((*reason).to_owned(), false));
    }
    let mut seen = 0;
    let mut strange = 0;
    // A log that was truncated while its writer went on, or that was not written to disk in time, has
    // stretches of zeros; those do not count.
    for stretch in bytes[..bytes.len().min(SNIFF)].chunk_by(|one, next| (*one == 0) == (*next == 0)) {
        if stretch[0] == 0 && stretch.len() >= HOLE {
            continue;
        }
        seen += stretch.len();
        strange += stretch
            .iter()
            .filter(|byte| matches!(byte, 0..=6 | 14..=26 | 28..=31))
            .count();
    }
    (strange * 20 > seen).then(|| {
        let reason = "binary data, not text; name a text log, or convert it first";
        (reason.to_owned(), true)
    })
}
