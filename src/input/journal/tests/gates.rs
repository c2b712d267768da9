//! What a search of stored fields finds, beside what a search of all lines finds.

use std::fs;
use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::JournalReader;
use super::{JOURNALS, journal, offsets};
use crate::detect::compile::Detector;
use crate::detect::examine::gate_places;
use crate::input::cutter::Text as _;
use crate::input::sought::Sought;
use crate::input::stream::{Fed, Feed, Reading};
use crate::input::{Origin, Source, Stop};
use crate::record::time::Zone;
use crate::scan::filter::{Buffers, Filter, Wanted};
use crate::signature::Library;

/// The text of a journal, and where in it something may be that the filter looks for.
fn searched(bytes: &[u8], filter: &Arc<Filter>) -> (Vec<u8>, Option<Vec<Range<u64>>>) {
    let mut reader = JournalReader::new(bytes, Some(Arc::clone(filter))).unwrap();
    let mut text = Vec::new();
    reader.read_to_end(&mut text).unwrap();
    (text, reader.loud())
}

fn filter<'a>(literals: impl IntoIterator<Item = &'a str>) -> Arc<Filter> {
    let wanted = literals
        .into_iter()
        .zip(0..)
        .map(|(literal, probe)| Wanted::alone(literal.to_owned(), probe));
    Arc::new(Filter::new(wanted))
}

fn places(text: &[u8], filter: &Filter) -> Vec<u64> {
    let mut places = Vec::new();
    filter.find(text, &mut Buffers::default(), |place, _| {
        places.push(place as u64)
    });
    places
}

/// Panics unless every literal of the filter stands in a loud stretch. Out: how much of the text is loud.
fn check(name: &str, bytes: &[u8], filter: &Arc<Filter>) -> (u64, usize) {
    let (text, loud) = searched(bytes, filter);
    let loud = loud.unwrap();
    for place in places(&text, filter) {
        let above = loud.partition_point(|stretch| stretch.start <= place);
        let is_loud = above.checked_sub(1).is_some_and(|at| loud[at].end > place);
        let here = &text[place as usize..];
        assert!(
            is_loud,
            "{name}: {:?}",
            String::from_utf8_lossy(&here[..here.len().min(80)])
        );
    }
    // Whole lines, in order.
    assert!(loud.windows(2).all(|two| two[0].end < two[1].start), "{loud:?}");
    let begins = |at: u64| at == 0 || text[at as usize - 1] == b'\n';
    assert!(
        loud.iter()
            .all(|stretch| begins(stretch.start) && begins(stretch.end))
    );
    let share = loud.iter().map(|stretch| stretch.end - stretch.start).sum();
    (share, text.len())
}

#[test]
fn the_shipped_gates_are_found_in_the_fields_where_they_are_found_in_the_lines() {
    let library = Library::embedded().unwrap();
    let gates = Detector::new(&library).unwrap().gates();
    let mut loud_ones = 0;
    for (name, _) in JOURNALS {
        let (loud, all) = check(name, &journal(name), &gates);
        assert!(loud < all as u64, "{name}: {loud} of {all}");
        loud_ones += usize::from(loud > 0);
    }
    assert!(loud_ones > 4, "{loud_ones}");
}

/// How many gate literals stand in the blocks of a journal.
fn places_in_blocks(path: &Path, detector: &Detector<'_>, block_size: usize, sought: Sought) -> usize {
    let source = Source {
        origin: Origin::File(path.to_owned()),
        ..Source::stdin()
    };
    let reading = Reading {
        block_size,
        map_files: true,
        threads: 1,
        zone: Zone::Utc,
        now: 0,
        range: Default::default(),
        stop: Stop::default(),
        sought,
    };
    let feed = Feed::new(vec![Arc::new(source)], reading).unwrap();
    feed.flatten()
        .map(|fed| match fed {
            Fed::Block(block) => gate_places(detector, &block),
            _ => 0,
        })
        .sum()
}

#[test]
fn blocks_are_searched_where_something_may_be_and_nothing_is_missed() {
    let library = Library::embedded().unwrap();
    let detector = Detector::new(&library).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["zstd-compact", "none-regular"] {
        let path = folder.path().join(name);
        fs::write(&path, journal(name)).unwrap();
        let all = places_in_blocks(&path, &detector, 1 << 20, Sought::default());
        assert!(all > 0, "{name}");
        for block_size in [700, 50_000, 1 << 20] {
            let (sought, tell) = Sought::later();
            tell.tell(detector.gates());
            let found = places_in_blocks(&path, &detector, block_size, sought);
            assert_eq!(found, all, "{name} in blocks of {block_size}");
        }
        // Who is told nothing looks everywhere.
        let (sought, tell) = Sought::later();
        drop(tell);
        assert_eq!(places_in_blocks(&path, &detector, 50_000, sought), all);
    }
}

#[test]
fn names_times_and_boots_are_searched_too() {
    let bytes = journal("zstd-compact");
    let (text, _) = searched(&bytes, &filter([]));
    let text = String::from_utf8(text).unwrap();
    let all = text.lines().count();
    let first = text.lines().next().unwrap();
    let after = |key: &str| first.split(key).nth(1).unwrap();
    let lines_with = |literal: &str| {
        let gates = filter([literal]);
        let (loud, _) = check(literal, &bytes, &gates);
        assert!(loud > 0, "{literal}");
        text.lines()
            .filter(|line| line.to_ascii_lowercase().contains(literal))
            .count()
    };
    assert_eq!(lines_with("syslog_identifier\":"), all);
    assert_eq!(lines_with("{\"__real"), all);
    assert_eq!(lines_with("_timestamp\":\"1"), all);
    let time = &after("__REALTIME_TIMESTAMP\":\"")[8..14];
    assert!(lines_with(time) >= 1, "{time}");
    let boot = &after("_BOOT_ID\":\"")[20..32];
    assert!(lines_with(boot) >= 1, "{boot}");
    let sent = &after("_SOURCE_REALTIME_TIMESTAMP\":\"")[9..16];
    assert!(lines_with(sent) >= 1, "{sent}");
    // What is nowhere makes no line loud.
    assert_eq!(check("nowhere", &bytes, &filter(["nowhere to be found"])).0, 0);
}

#[test]
fn gates_that_reach_from_field_to_field_are_looked_for_in_the_lines() {
    let bytes = journal("none-regular");
    for literal in ["6\",\"", "\",\"message\":\"", "\"}", "a\nb", "\",\"_bo"] {
        assert_eq!(searched(&bytes, &filter([literal])).1, None, "{literal}");
    }
    // Of a form that journals do not have.
    let gates = filter(["\",\"stream\":\"std", "\"message\":["]);
    assert_eq!(check("other forms", &bytes, &gates).0, 0);
}

#[test]
fn a_field_that_cannot_be_decoded_keeps_no_other_from_being_found() {
    for name in ["zstd-compact", "lz4-regular", "xz-compact"] {
        let mut bytes = journal(name);
        for at in offsets(&journal(name), 1) {
            if bytes[at + 1] != 0 {
                bytes[at + 80] ^= 0xff;
            }
        }
        check(name, &bytes, &filter(["session", "timed out", "killed process"]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever stands in a line, if it lies in one field.
    #[test]
    fn a_piece_of_any_line_is_found(
        name in prop::sample::select(vec!["zstd-compact", "none-regular", "unclean-lz4", "sealed-zstd"]),
        pieces in prop::collection::vec((any::<prop::sample::Index>(), 3..20_usize), 1..8),
    ) {
        let bytes = journal(name);
        let (text, _) = searched(&bytes, &filter([]));
        let pieces: Vec<String> = pieces
            .into_iter()
            .map(|(at, length)| {
                let at = at.index(text.len() - length);
                String::from_utf8_lossy(&text[at..at + length]).into_owned()
            })
            .filter(|piece| piece.is_ascii())
            .collect();
        let gates = filter(pieces.iter().map(String::as_str));
        let (_, loud) = searched(&bytes, &gates);
        if loud.is_some() {
            check(name, &bytes, &gates);
        }
    }
}
