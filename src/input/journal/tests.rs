//! Journals as this program reads them and as journalctl reads them, whole and damaged.

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::entries::Entries;
use super::file::{Entry, File, Header, u64_at};
use super::line::Lines;
use super::payload::Payloads;
use super::{JournalReader, is_journal};
use crate::record::Level;
use crate::record::header::parse;
use crate::record::time::{Clock, Zone, format_utc};

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
    let mut reader = JournalReader::new(bytes).unwrap();
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
    let mut reader = JournalReader::new(journal("unclean-lz4")).unwrap();
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
    let refused = |bytes: &[u8]| JournalReader::new(bytes.to_vec()).unwrap_err();
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

#[test]
fn half_a_journal_gives_its_entries() {
    for (name, _) in JOURNALS {
        let whole = journal(name);
        let (all, _) = read(&whole);
        let objects = u64_at(&whole, 88).unwrap() as usize;
        // From the end of the hash tables to the end of the last object.
        let mut last = 0;
        for percent in [60, 80, 90, 99] {
            let cut = objects + (tail(&whole) - objects) * percent / 100;
            let (lines, trouble) = read(&whole[..cut]);
            assert!(lines == all[..lines.len()], "{name} cut at {percent} %");
            assert!(
                lines.len() >= last && lines.len() < all.len(),
                "{name} {}",
                lines.len()
            );
            last = lines.len();
            let trouble = trouble.unwrap();
            let expected = format!("recovered {} of {} entries", lines.len(), all.len());
            assert!(
                trouble.contains(&expected) && trouble.contains("bytes early"),
                "{trouble}"
            );
        }
        assert!(last * 10 > all.len() * 8, "{name}: {last} of {}", all.len());
        // Behind the tail there is nothing to lose.
        assert!(read(&whole[..tail(&whole)]).0 == all, "{name}");
    }
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

/// Changes a journal, or what stands at an offset in it.
type Damage<'a> = &'a dyn Fn(&mut [u8]);
type DamageAt<'a> = &'a dyn Fn(&mut [u8], usize);

fn put(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn a_damaged_chain_loses_nothing() {
    let whole = journal("zstd-compact");
    let (all, _) = read(&whole);
    let first_array = u64_at(&whole, 176).unwrap() as usize;
    let damage: [(&str, Damage<'_>); 8] = [
        ("wild first list", &|bytes| put(bytes, 176, u64::MAX - 7)),
        ("first list in the header", &|bytes| put(bytes, 176, 8)),
        ("no list", &|bytes| put(bytes, 176, 0)),
        ("a list that continues itself", &|bytes| {
            put(bytes, first_array + 16, first_array as u64);
        }),
        ("a list of 2^63 bytes", &|bytes| {
            put(bytes, first_array + 8, 1 << 63)
        }),
        ("a list without length", &|bytes| put(bytes, first_array + 8, 0)),
        ("a wild entry in a list", &|bytes| {
            put(bytes, first_array + 24, 0x4141_4140_4141_4140)
        }),
        ("a list of zeros", &|bytes| {
            bytes[first_array + 24..first_array + 40].fill(0)
        }),
    ];
    for (name, damage) in damage {
        let mut bytes = whole.clone();
        damage(&mut bytes);
        let (lines, trouble) = read(bytes);
        assert!(lines == all, "{name}: {} lines", lines.len());
        assert_eq!(trouble, None, "{name}");
    }
}

#[test]
fn a_damaged_entry_loses_itself_alone() {
    for name in ["zstd-compact", "none-regular"] {
        let whole = journal(name);
        let (all, _) = read(&whole);
        let entries = offsets(&whole, 3);
        assert_eq!(entries.len(), GENERATED);
        let damage: [(&str, DamageAt<'_>); 6] = [
            ("zeroed", &|bytes, at| bytes[at..at + 64].fill(0)),
            ("another kind", &|bytes, at| bytes[at] = 9),
            ("huge", &|bytes, at| put(bytes, at + 8, u64::MAX)),
            ("without length", &|bytes, at| put(bytes, at + 8, 0)),
            ("of another length", &|bytes, at| put(bytes, at + 8, 48)),
            ("without a time", &|bytes, at| put(bytes, at + 24, 0)),
        ];
        for (what, damage) in damage {
            let mut bytes = whole.clone();
            damage(&mut bytes, entries[20]);
            let (lines, trouble) = read(bytes);
            assert_eq!(lines.len(), GENERATED - 1, "{name}, {what}");
            assert!(
                lines[..20] == all[..20] && lines[20..] == all[21..],
                "{name}, {what}"
            );
            assert!(
                trouble.unwrap().contains("recovered 63 of 64 entries"),
                "{name}, {what}"
            );
        }
    }
}

#[test]
fn an_entry_that_seems_longer_hides_no_other() {
    for name in ["zstd-compact", "none-regular"] {
        let mut bytes = journal(name);
        let entry = offsets(&bytes, 3)[20];
        let size = u64_at(&bytes, entry + 8).unwrap();
        put(&mut bytes, entry + 8, size + 16 * 200);
        let (lines, trouble) = read(bytes);
        assert_eq!(lines.len(), GENERATED, "{name}");
        assert!(trouble.unwrap().contains("could not be decoded"), "{name}");
    }
}

#[test]
fn a_hole_behind_the_journal_is_not_walked_to_its_end() {
    let mut bytes = journal("zstd-regular");
    put(&mut bytes, 152, 100);
    bytes.resize(100 << 20, 0);
    let header = Header::read(&bytes).unwrap();
    let file = File {
        bytes: &bytes,
        header: &header,
    };
    let mut entries = Entries::new(file);
    assert_eq!(std::iter::from_fn(|| entries.next(file)).count(), GENERATED);
    assert!(entries.walked() < 20 << 20);
}

#[test]
fn a_field_that_cannot_be_decoded_is_counted_and_the_entry_kept() {
    for name in ["zstd-compact", "lz4-regular", "xz-compact"] {
        let whole = journal(name);
        let mut bytes = whole.clone();
        let payload = if name.ends_with("compact") { 72 } else { 64 };
        let compressed: Vec<_> = offsets(&whole, 1)
            .into_iter()
            .filter(|at| whole[at + 1] != 0)
            .collect();
        assert!(!compressed.is_empty(), "{name}");
        for at in &compressed {
            let end = at + u64_at(&whole, at + 8).unwrap() as usize;
            bytes[at + payload..end].fill(0xff);
        }
        let (lines, trouble) = read(bytes);
        assert_eq!(lines.len(), GENERATED, "{name}");
        let trouble = trouble.unwrap();
        assert!(
            trouble.contains("fields that could not be decoded: "),
            "{trouble}"
        );
    }
}

#[test]
fn a_wild_count_of_entries_is_told() {
    let mut bytes = journal("zstd-regular");
    put(&mut bytes, 152, 1 << 60);
    let (lines, trouble) = read(bytes);
    assert_eq!(lines.len(), GENERATED);
    assert!(
        trouble
            .unwrap()
            .contains("recovered 64 entries; the header does not say")
    );
}

#[test]
fn nothing_behind_a_bad_length_is_hidden_without_the_chain() {
    let whole = journal("none-compact");
    let (all, _) = read(&whole);
    let data = offsets(&whole, 1);
    for at in [data[10], data[data.len() / 2]] {
        for size in [0, 1, 17, 4_000, 100_000, 1 << 40] {
            let mut bytes = whole.clone();
            put(&mut bytes, 176, 0);
            put(&mut bytes, at + 8, size);
            let (lines, _) = read(bytes);
            assert_eq!(lines.len(), all.len(), "length {size} at {at}");
        }
    }
}

/// A file that is cut while it is read: what is lost turns into zeros.
struct Vanishing {
    whole: Vec<u8>,
    cut: Vec<u8>,
    looks: Cell<usize>,
}

impl AsRef<[u8]> for Vanishing {
    fn as_ref(&self) -> &[u8] {
        let looks = self.looks.get();
        self.looks.set(looks.saturating_sub(1));
        if looks > 0 { &self.whole } else { &self.cut }
    }
}

#[test]
fn a_file_that_is_cut_while_it_is_read_loses_what_is_gone() {
    let whole = journal("zstd-regular");
    let (all, _) = read(&whole);
    let mut cut = whole.clone();
    let at = offsets(&whole, 3)[40];
    cut[at..].fill(0);
    for looks in 0..6 {
        let vanishing = Vanishing {
            whole: whole.clone(),
            cut: cut.clone(),
            looks: Cell::new(looks),
        };
        let (lines, trouble) = read(vanishing);
        assert!(
            lines.len() >= 40 && lines[..40] == all[..40],
            "{looks}: {}",
            lines.len()
        );
        assert_eq!(trouble.is_some(), lines.len() < all.len(), "{looks}");
    }
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

#[test]
fn a_field_that_grows_without_end_is_not_decoded_to_its_end() {
    let bomb = zstd::encode_all(&vec![b'x'; 64 << 20][..], 1).unwrap();
    let data = super::file::Data {
        payload: &bomb,
        flags: 4,
        shared: false,
    };
    let mut payloads = Payloads::default();
    let payload = payloads.read(data).unwrap();
    assert_eq!(
        (payload.text.len(), payload.is_whole),
        (super::payload::LIMIT, false)
    );
    // And a length that promises more than its block can hold is refused.
    let mut lz4 = (1_u64 << 23).to_le_bytes().to_vec();
    lz4.extend_from_slice(b"\x10x");
    let data = super::file::Data {
        payload: &lz4,
        flags: 2,
        shared: false,
    };
    assert!(payloads.read(data).is_none());
}

#[test]
fn a_journal_that_is_made_to_exhaust_its_reader_is_left() {
    let bytes = journal("none-regular");
    let header = Header::read(&bytes).unwrap();
    let file = File {
        bytes: &bytes,
        header: &header,
    };
    let mut entries = Entries::new(file);
    let mut lines = Lines::new(10_000);
    let mut text = Vec::new();
    while !lines.is_exhausted() {
        lines.write(file, entries.next(file).unwrap(), &mut text);
    }
    assert!(text.len() < 20_000, "{}", text.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever is damaged: reading ends, each line is JSON, and an entry is never given twice.
    #[test]
    fn any_damage_is_survived(
        name in prop::sample::select(vec!["zstd-compact", "none-regular", "lz4-regular", "xz-compact"]),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..60),
        at_heads in any::<bool>(),
    ) {
        let mut bytes = journal(name);
        let heads: Vec<usize> = (0..272)
            .chain((1..=7).flat_map(|kind| offsets(&bytes, kind)).flat_map(|at| at..at + 80))
            .filter(|at| *at < bytes.len() && !(0..16).contains(at))
            .collect();
        let end = tail(&bytes);
        for (at, flip) in flips {
            let at = if at_heads { heads[at.index(heads.len())] } else { 16 + at.index(end - 16) };
            bytes[at] ^= flip;
        }
        let Ok(mut reader) = JournalReader::new(&bytes) else { return Ok(()) };
        let mut text = String::new();
        reader.by_ref().take(256 << 20).read_to_string(&mut text).unwrap();
        prop_assert!(reader.entries.given <= (bytes.len() / 68) as u64);
        for line in text.lines() {
            prop_assert!(serde_json::from_str::<Value>(line).is_ok(), "{}", line);
        }
        let _ = reader.trouble();
    }
}
