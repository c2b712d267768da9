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

/// Magic bytes of what may hold logs and is not unpacked, what it is, and what unpacks it.
const PACKED: &[(&[u8], &str, &str)] = &[
    (b"\x1f\x9d", "compressed by compress (.Z)", "gzip -d"),
    (b"\x1f\x1e", "compressed by pack (.z)", "gzip -d"),
    (
        b"]\0\0",
        "compressed in the old format of lzma",
        "xz -d --format=lzma",
    ),
    (b"LZIP", "compressed by lzip", "lzip -d"),
    (b"\x89LZO\0", "compressed by lzop", "lzop -d"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z x"),
    (b"Rar!\x1a\x07", "a rar archive", "unrar x"),
    (b"\xed\xab\xee\xdb", "an rpm package", "rpm2cpio"),
    (b"Salted__", "encrypted by openssl", "openssl enc -d"),
];

/// Why the bytes at the beginning of a source are not text, if they are not, and whether a log may be missed.
pub(super) fn not_text(bytes: &[u8]) -> Option<(String, bool)> {
    if let Some((_, reason)) = NO_LOGS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(((*reason).to_owned(), false));
    }
    if let Some((_, what, tool)) = PACKED.iter().find(|(magic, ..)| bytes.starts_with(magic)) {
        return Some((format!("{what}, which is not read; unpack it with: {tool}"), true));
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_in_a_way_that_is_not_read_is_named_with_what_unpacks_it() {
        let strange = [0x1f, 0x9d, 0x90, 1, 2, 3];
        let (reason, may_be_missed) = not_text(&strange).unwrap();
        assert!(reason.contains("gzip -d") && may_be_missed, "{reason}");
        assert!(not_text(b"7z\xbc\xaf\x27\x1c\0").unwrap().0.contains("7z x"));
        assert!(not_text(&[1; 90]).unwrap().0.contains("binary data"));
        assert_eq!(not_text(b"7z x done\n"), None);
    }
}
