//! What is plainly not a log, told by a file's name or its first bytes.
//!
//! In: a path that was found below a folder or in an archive. Out: what it is instead, in words. Anything that is not listed
//! here counts as a log; the feed decides by content. Compressed files, archives and journals are logs.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::rotation::live_name;

/// Endings of names of what is never a log.
const ENDINGS: &[(&str, &[&str])] = &[
    (
        "documentation",
        &["md", "rst", "adoc", "html", "htm", "css", "pdf"],
    ),
    (
        "program code or configuration",
        &[
            "sh", "py", "pyc", "js", "mjs", "cjs", "ts", "java", "class", "jar", "go", "rs", "c", "h", "rb",
            "php", "sql", "conf", "cfg", "ini", "toml", "yml", "yaml", "service",
        ],
    ),
    ("a picture", &["png", "jpg", "jpeg", "gif", "svg", "ico", "webp"]),
    ("a program or library", &["so", "exe", "dll", "a", "o", "bin"]),
    (
        "a database",
        &["db", "sqlite", "sqlite3", "mdb", "ldb", "rdb", "ibd", "frm"],
    ),
    ("a lock or process id", &["lock", "lck", "pid"]),
    ("a temporary file", &["tmp", "swp", "swo", "part", "partial"]),
];

/// Binary records of who logged in; `last` and `lastb` show them.
const LOGINS: &[&str] = &["wtmp", "btmp", "utmp", "lastlog", "faillog"];

/// First bytes of what is never a log.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\x7fELF", "a program or library"),
    (b"!<arch>\n", "a program or library"),
    (b"\xca\xfe\xba\xbe", "a program or library"),
    (b"\0asm", "a program or library"),
    (b"MZ\x90\0", "a program or library"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"%PDF-", "documentation"),
    (b"SQLite format 3\0", "a database"),
    (b"REDIS0", "a database"),
];

/// What a file with this name is, if it is no log.
pub(super) fn by_name(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    if name.ends_with('~') && !name.ends_with(".journal~") {
        return Some("an editor's copy");
    }
    if LOGINS.contains(&live_name(&name).as_str()) {
        return Some("binary records of logins");
    }
    let (_, ending) = name.rsplit_once('.')?;
    let (what, _) = ENDINGS.iter().find(|(_, endings)| endings.contains(&ending))?;
    Some(what)
}

/// What the file is by its first bytes, if it is no log. What cannot be opened is for the feed to say.
pub(super) fn by_content(path: &Path) -> Option<&'static str> {
    let mut first = [0; 16];
    let read = File::open(path).and_then(|mut file| file.read(&mut first)).ok()?;
    by_first_bytes(&first[..read])
}

/// What begins with these bytes (16 are enough), if it is no log.
pub(super) fn by_first_bytes(first: &[u8]) -> Option<&'static str> {
    let (_, what) = MAGIC.iter().find(|(magic, _)| first.starts_with(magic))?;
    Some(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_is_no_log() {
        let by_name = |name: &str| by_name(Path::new(name));
        assert_eq!(by_name("docs/README.md"), Some("documentation"));
        assert_eq!(by_name("0.log.20251122-073000.gz.tmp"), Some("a temporary file"));
        assert_eq!(by_name(".app.log.swp"), Some("a temporary file"));
        assert_eq!(by_name("app.log~"), Some("an editor's copy"));
        for name in ["wtmp", "wtmp.1", "btmp-20261101.gz", "lastlog"] {
            assert_eq!(by_name(name), Some("binary records of logins"), "{name}");
        }
        for name in [
            "app.log",
            "syslog.1",
            "app.log.2.gz",
            "run.zst",
            "logs.tar.xz",
            "bundle.zip",
            "system.journal",
            "system@0006.journal~",
            "README",
            "app.log.old",
            "events.json",
        ] {
            assert_eq!(by_name(name), None, "{name}");
        }
    }
}
