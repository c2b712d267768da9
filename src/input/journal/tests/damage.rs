//! Damaged, cut and hostile journals: what is readable is read, and what is missing is said.

use std::cell::Cell;
use std::io::Read as _;

use proptest::prelude::*;
use serde_json::Value;

use super::super::JournalReader;
use super::super::entries::Entries;
use super::super::file::{File, Header, u64_at};
use super::super::line::Lines;
use super::super::payload::Payloads;
use super::{GENERATED, JOURNALS, journal, offsets, put, read, tail};

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

/// Changes a journal, or what stands at an offset in it.
type Damage<'a> = &'a dyn Fn(&mut [u8]);
type DamageAt<'a> = &'a dyn Fn(&mut [u8], usize);

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
fn a_field_that_grows_without_end_is_not_decoded_to_its_end() {
    let bomb = zstd::encode_all(&vec![b'x'; 64 << 20][..], 1).unwrap();
    let data = super::super::file::Data {
        payload: &bomb,
        flags: 4,
        shared: false,
    };
    let mut payloads = Payloads::default();
    let payload = payloads.read(data).unwrap();
    assert_eq!(
        (payload.text.len(), payload.is_whole),
        (super::super::payload::LIMIT, false)
    );
    // And a length that promises more than its block can hold is refused.
    let mut lz4 = (1_u64 << 23).to_le_bytes().to_vec();
    lz4.extend_from_slice(b"\x10x");
    let data = super::super::file::Data {
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
    let mut lines = Lines::new(10_000, None);
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
        let Ok(mut reader) = JournalReader::new(&bytes, None) else { return Ok(()) };
        let mut text = String::new();
        reader.by_ref().take(256 << 20).read_to_string(&mut text).unwrap();
        prop_assert!(reader.entries.given <= (bytes.len() / 68) as u64);
        for line in text.lines() {
            prop_assert!(serde_json::from_str::<Value>(line).is_ok(), "{}", line);
        }
        let _ = reader.trouble();
    }
}
