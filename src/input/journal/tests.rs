//! Journals as this program reads them and as journalctl reads them, whole and damaged.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use super::entries::Entries;
use super::file::{Entry, File, Header, u64_at};
use super::payload::Payloads;
use super::{JournalReader, is_journal};
use crate::record::Level;
use crate::record::header::parse;
use crate::record::time::{Clock, Zone, format_utc};

mod damage;
mod gates;

/// Journals, and the export that is right for them.
const JOURNALS: [(&str, &str); 8] = [
    ("none-regular", "generated"),
    ("none-compact", "generated"),
    ("lz4-regular", "generated"),
    ("xz-compact", "generated"),
    ("zstd-regular", "generated"),
    ("zstd-compact", "generated"),
    ("sealed-zstd", "sealed-zstd"),
    ("unclean-lz4", "unclean-lz4"),
];

/// How many entries the generated journals have.
const GENERATED: usize = 64;

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/journals")
        .join(name);
    zstd::decode_all(fs::File::open(path).unwrap()).unwrap()
}

fn journal(name: &str) -> Vec<u8> {
    fixture(&format!("{name}.journal.zst"))
}

/// The journal's text as lines, and what the reader says about losses.
fn read(bytes: impl AsRef<[u8]>) -> (Vec<String>, Option<String>) {
    let mut reader = JournalReader::new(bytes, None).unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let lines = text.lines().map(str::to_owned).collect();
    (
        lines,
        reader
            .trouble()
            .filter(|trouble| trouble.lost)
            .map(|trouble| trouble.reason),
    )
}

/// The fields of an entry, each `NAME=value`.
fn fields(file: File<'_>, entry: Entry<'_>, payloads: &mut Payloads) -> Vec<Vec<u8>> {
    let text = |at| payloads.read(file.data(at).unwrap()).unwrap().text.to_vec();
    entry.fields().map(text).collect()
}

/// Everything in a journal, as `journalctl -o export` prints it.
fn export(bytes: &[u8]) -> Vec<u8> {
    let header = Header::read(bytes).unwrap();
    let file = File {
        bytes,
        header: &header,
    };
    let mut entries = Entries::new(file);
    let mut payloads = Payloads::default();
    let mut out = Vec::new();
    while let Some(entry) = entries.next(file) {
        out.extend_from_slice(export_head(bytes, entry).as_bytes());
        for field in fields(file, entry, &mut payloads) {
            if !field.starts_with(b"_BOOT_ID=") {
                export_field(&field, &mut out);
            }
        }
        out.push(b'\n');
    }
    out
}

fn export_head(bytes: &[u8], entry: Entry<'_>) -> String {
    let (series, boot) = (hex(&bytes[72..88]), hex(entry.boot_id()));
    let (seqnum, realtime, monotonic) = (entry.seqnum(), entry.realtime(), entry.monotonic());
    let hash = entry.number(56);
    format!(
        "__CURSOR=s={series};i={seqnum:x};b={boot};m={monotonic:x};t={realtime:x};x={hash:x}\n\
         __REALTIME_TIMESTAMP={realtime}\n__MONOTONIC_TIMESTAMP={monotonic}\n\
         __SEQNUM={seqnum}\n__SEQNUM_ID={series}\n_BOOT_ID={boot}\n"
    )
}

/// A field on one line, or with its length if it has characters that a line cannot have.
fn export_field(field: &[u8], out: &mut Vec<u8>) {
    let printable = |text: &str| !text.chars().any(|char| char != '\t' && char.is_control());
    if std::str::from_utf8(field).is_ok_and(printable) {
        out.extend_from_slice(field);
    } else {
        let (name, value) = field.split_at(field.iter().position(|byte| *byte == b'=').unwrap());
        out.extend_from_slice(name);
        out.push(b'\n');
        out.extend_from_slice(&(value.len() as u64 - 1).to_le_bytes());
        out.extend_from_slice(&value[1..]);
    }
    out.push(b'\n');
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// What journalctl prints for a journal.
fn truth(bytes: &[u8], name: &str) -> Vec<u8> {
    let export = fixture(&format!("{name}.export.zst"));
    let series = hex(&bytes[72..88]);
    let mut out = Vec::new();
    let mut rest = &export[..];
    while let Some(at) = memchr::memmem::find(rest, b"SEQNUM_ID") {
        // The name of the field, `__SEQNUM_ID=`, stays.
        let is_name = at >= 2 && rest[at - 2..at] == *b"__";
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(if is_name { b"SEQNUM_ID" } else { series.as_bytes() });
        rest = &rest[at + 9..];
    }
    out.extend_from_slice(rest);
    out
}

#[test]
fn every_field_of_every_entry_is_read_as_journalctl_reads_it() {
    for (name, export_name) in JOURNALS {
        let bytes = journal(name);
        assert!(is_journal(&bytes), "{name}");
        let (ours, theirs) = (export(&bytes), truth(&bytes, export_name));
        let differ = ours.iter().zip(&theirs).position(|(our, their)| our != their);
        assert_eq!(
            (ours.len(), differ),
            (theirs.len(), None),
            "{name} is not what journalctl prints"
        );
    }
}

#[test]
fn a_line_has_the_fields_that_tell_who_wrote_what() {
    for (name, _) in JOURNALS {
        let bytes = journal(name);
        let header = Header::read(&bytes).unwrap();
        let file = File {
            bytes: &bytes,
            header: &header,
        };
        let (lines, trouble) = read(&bytes);
        assert_eq!((lines.len() as u64, trouble), (header.entries, None), "{name}");
        let mut entries = Entries::new(file);
        let mut payloads = Payloads::default();
        for line in lines {
            let line: Value = serde_json::from_str(&line).unwrap();
            let entry = entries.next(file).unwrap();
            let fields = fields(file, entry, &mut payloads);
            let value = |name: &str| {
                let prefix = format!("{name}=");
                let field = fields.iter().find(|field| field.starts_with(prefix.as_bytes()))?;
                Some(String::from_utf8_lossy(&field[prefix.len()..]).into_owned())
            };
            assert_eq!(line["__REALTIME_TIMESTAMP"], entry.realtime().to_string());
            assert_eq!(line["_BOOT_ID"], hex(entry.boot_id()));
            for name in [
                "_HOSTNAME",
                "SYSLOG_IDENTIFIER",
                "_COMM",
                "_SYSTEMD_UNIT",
                "_PID",
                "PRIORITY",
                "MESSAGE",
            ] {
                assert_eq!(
                    line.get(name).and_then(Value::as_str),
                    value(name).as_deref(),
                    "{name}"
                );
            }
            assert_eq!(line.get("COREDUMP_BLOB"), None);
        }
    }
}

#[test]
fn keys_stand_in_one_order() {
    let (lines, _) = read(journal("zstd-compact"));
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with(r#"{"__REALTIME_TIMESTAMP":"1760000000"#)),
        "{}",
        lines[0]
    );
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    let keys: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "__REALTIME_TIMESTAMP",
            "_SOURCE_REALTIME_TIMESTAMP",
            "_HOSTNAME",
            "SYSLOG_IDENTIFIER",
            "_COMM",
            "_SYSTEMD_UNIT",
            "_PID",
            "PRIORITY",
            "_BOOT_ID",
            "MESSAGE"
        ]
    );
}

#[test]
fn a_line_is_a_dated_record() {
    const CLOCK: Clock = Clock::new(Zone::Utc, 1_795_334_400_000_000_000);
    let (lines, _) = read(journal("lz4-regular"));
    let line = lines.iter().find(|line| line.contains("Pool exhausted")).unwrap();
    let header = parse(line.as_bytes(), &CLOCK);
    let stamp = header.stamp.map(|stamp| format_utc(stamp.nanos)).unwrap();
    assert!(stamp.starts_with("2025-10-09T08:53:"), "{stamp}");
    assert_eq!((header.host, header.level), (Some("web-01"), Some(Level::Error)));
    assert!(header.service.is_some() && header.pid.is_some());
    let body = std::str::from_utf8(&header.body).unwrap();
    assert!(body.starts_with("java.lang.IllegalStateException: Pool exhausted\n\tat com.example"));
    assert!(body.ends_with("... 28 more"));
}

#[test]
fn an_open_journal_is_told_without_a_loss() {
    let mut reader = JournalReader::new(journal("unclean-lz4"), None).unwrap();
    reader.read_to_end(&mut Vec::new()).unwrap();
    let trouble = reader.trouble().unwrap();
    assert!(
        !trouble.lost && trouble.reason.contains("open for writing"),
        "{}",
        trouble.reason
    );
    assert!(read(journal("sealed-zstd")).1.is_none());
}

#[test]
fn what_cannot_be_read_is_refused_with_a_reason() {
    let refused = |bytes: &[u8]| JournalReader::new(bytes.to_vec(), None).unwrap_err();
    let mut bytes = journal("none-compact");
    assert!(refused(&bytes[..90]).contains("cut inside its header"));
    assert!(refused(&bytes[..220]).contains("in a file of 220 bytes"));
    assert!(refused(b"2026-11-22 text").contains("not a binary journal"));
    bytes[12] |= 0x20;
    let reason = refused(&bytes);
    assert!(
        reason.contains("flags 0x20") && reason.contains("journalctl --file FILE"),
        "{reason}"
    );
    // What is compatible may be unknown.
    let mut bytes = journal("none-compact");
    bytes[11] |= 0x80;
    assert_eq!(read(bytes).0.len(), GENERATED);
}

/// The end of the last object.
fn tail(bytes: &[u8]) -> usize {
    let at = u64_at(bytes, 136).unwrap() as usize;
    at + u64_at(bytes, at + 8).unwrap() as usize
}

/// The offsets of entries by number of their kind, as a walk over a sound file sees them.
fn offsets(bytes: &[u8], kind: u8) -> Vec<usize> {
    let mut at = u64_at(bytes, 88).unwrap() as usize;
    let mut offsets = Vec::new();
    while at < tail(bytes) {
        if bytes[at] == kind {
            offsets.push(at);
        }
        at = (at + u64_at(bytes, at + 8).unwrap() as usize).next_multiple_of(8);
    }
    offsets
}

fn put(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn long_messages_become_several_lines_that_are_each_a_record() {
    // The message of 65,536 letters takes the place of a longer one: its object is moved behind the tail.
    let mut bytes = journal("none-regular");
    let is_long = |at: &usize| u64_at(&bytes, at + 8).unwrap() > 65_536;
    let long = offsets(&bytes, 1).into_iter().find(is_long).unwrap();
    let text = "line of \u{1f525} words\u{7}\n".repeat(100_000);
    let moved = tail(&bytes).next_multiple_of(8);
    bytes.truncate(tail(&bytes));
    bytes.resize(moved, 0);
    bytes.extend_from_within(long..long + 64);
    bytes.extend_from_slice(b"MESSAGE=");
    bytes.extend_from_slice(text.as_bytes());
    put(&mut bytes, moved + 8, 64 + 8 + text.len() as u64);
    for entry in offsets(&journal("none-regular"), 3) {
        let end = entry + u64_at(&bytes, entry + 8).unwrap() as usize;
        for item in (entry + 64..end).step_by(16) {
            if u64_at(&bytes, item) == Some(long as u64) {
                put(&mut bytes, item, moved as u64);
            }
        }
    }
    let (lines, trouble) = read(bytes);
    let pieces: Vec<Value> = lines
        .iter()
        .filter(|line| line.contains("\u{1f525} words\\u0007"))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(pieces.len() > 5 && lines.iter().all(|line| line.len() < 200_000));
    assert!(pieces.iter().all(|piece| piece["_PID"] == pieces[0]["_PID"]));
    let joined: String = pieces
        .iter()
        .filter_map(|piece| piece["MESSAGE"].as_str())
        .collect();
    assert_eq!(joined, text[..joined.len()]);
    assert_eq!(joined.len(), 1 << 20, "cut at the limit");
    assert!(
        trouble
            .unwrap()
            .contains("fields shortened (messages to 1 MiB, others to 4 KiB): 1")
    );
}
