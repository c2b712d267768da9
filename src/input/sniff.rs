//! Tells text from what is not, by content.
//!
//! In: the first bytes of a source. Out: why they are not text, if they are not.

/// How many bytes decide whether a file is a log at all.
pub(super) const SNIFF: usize = 8 * 1024;

/// Magic bytes of what this program does not read, and what the reader can do instead.
/// The last column: whether a log is missed.
const MAGIC: &[(&[u8], &str, bool)] = &[
    (
        b"\x1f\x8b",
        "compressed with gzip; scan it with: zcat FILE | incident scan -",
        true,
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "compressed with zstd; scan it with: zstdcat FILE | incident scan -",
        true,
    ),
    (
        b"\xfd7zXZ\0",
        "compressed with xz; scan it with: xzcat FILE | incident scan -",
        true,
    ),
    (
        b"BZh",
        "compressed with bzip2; scan it with: bzcat FILE | incident scan -",
        true,
    ),
    (
        b"PK\x03\x04",
        "a zip archive; unpack it and scan the folder",
        true,
    ),
    (
        b"LPKSHHRH",
        "a binary journal; scan it with: journalctl --file FILE -o short-iso | incident scan -",
        true,
    ),
    (
        b"\xff\xfe",
        "UTF-16 text; convert it with: iconv -f UTF-16 -t UTF-8 FILE | incident scan -",
        true,
    ),
    (
        b"\xfe\xff",
        "UTF-16 text; convert it with: iconv -f UTF-16 -t UTF-8 FILE | incident scan -",
        true,
    ),
    (b"\x7fELF", "a program, not a log", false),
    (b"\x89PNG", "a picture, not a log", false),
    (b"SQLite format 3\0", "a database, not a log", false),
];

/// Why the bytes at the beginning of the source `name` are not text, if they are not, and whether a log may be
/// missed.
pub(super) fn not_text(name: &str, bytes: &[u8]) -> Option<(String, bool)> {
    if let Some((_, reason, lost)) = MAGIC.iter().find(|(magic, _, _)| bytes.starts_with(magic)) {
        return Some((reason.replace("FILE", name), *lost));
    }
    // A log that was truncated while its writer went on begins with zeros; those do not count.
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let head = &bytes[zeros..bytes.len().min(zeros + SNIFF)];
    let strange = head
        .iter()
        .filter(|byte| matches!(byte, 0..=6 | 14..=26 | 28..=31))
        .count();
    (strange * 20 > head.len()).then(|| {
        let reason = "binary data, not text; name a text log, or convert it first";
        (reason.to_owned(), true)
    })
}
