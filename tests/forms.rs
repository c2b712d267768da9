//! The same events as plain text and as every transport writes them: journald, containers, CI systems.
//! What is found, and which line of the log it is told to stand in, must not depend on the form.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::sync::{Arc, LazyLock};

use incident::input::block::Block;
use incident::input::plan::Plan;
use incident::input::sought::Sought;
use incident::input::stream::{Fed, Feed, Reading};
use incident::input::{Origin, Source, Stop};
use incident::record::reader::RecordReader;
use incident::record::time::range::Range;
use incident::record::time::{Clock, Zone};
use incident::signature::Library;
use incident::{Options, Silent, scan_logs};
use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

mod written;

use written::{EVENTS, Form, forms, forms_that_tear_words};

const NOW: i64 = 1_795_500_000_000_000_000;

/// Signature, line of the log where it begins, line that matched: both as numbers of [`EVENTS`].
const EXPECTED: &[(&str, usize, usize)] = &[
    ("python/sqlalchemy-unconsumed-columns", 1, 4),
    ("net/address-in-use", 6, 6),
];

fn scanned(raw: &[u8], library: &Library, block_size: usize) -> Value {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("app.log");
    fs::write(&path, raw).unwrap();
    let mut options = Options::new(vec![path], NOW);
    options.zone = Zone::Utc;
    options.threads = 1;
    options.block_size = block_size;
    let report = serde_json::to_string(&scan_logs(&options, library, &Silent).unwrap()).unwrap();
    serde_json::from_str(&report.replace(dir.path().to_str().unwrap(), "")).unwrap()
}

/// What is wrong with the report of a form.
fn mistakes(form: &Form, report: &Value) -> Vec<String> {
    let mut mistakes = Vec::new();
    let starts: Vec<usize> = std::iter::once(0)
        .chain(
            form.raw
                .iter()
                .enumerate()
                .filter(|(_, byte)| **byte == b'\n')
                .map(|(at, _)| at + 1),
        )
        .collect();
    for (signature, first, matched) in EXPECTED {
        let findings = report["findings"].as_array().unwrap();
        let Some(finding) = findings.iter().find(|finding| finding["signature"] == *signature) else {
            mistakes.push(format!("{signature} is missing"));
            continue;
        };
        let mut check = |what: &str, got: &Value, wanted: Value| {
            if *got != wanted {
                mistakes.push(format!("{signature}: {what} is {got}, not {wanted}"));
            }
        };
        check("count", &finding["count"], 1.into());
        check("role", &finding["role"], "cause".into());
        let evidence = &finding["evidence"][0];
        check("line", &evidence["line"], form.begins_at[*first].into());
        check(
            "matched line",
            &evidence["matched_line"],
            form.at[*matched].into(),
        );
        check(
            "offset",
            &evidence["offset"],
            starts[form.begins_at[*first] - 1].into(),
        );
        if let Some(service) = form.service {
            check("service", &evidence["service"], service.into());
        }
        let time = if form.dated { "written" } else { "unknown" };
        if !form.any_time {
            check("time", &evidence["time_quality"], time.into());
        }
    }
    mistakes
}

#[test]
fn every_form_gives_the_same_findings() {
    same_findings(&forms());
}

#[test]
fn words_that_the_form_tears_are_found() {
    same_findings(&forms_that_tear_words());
}

fn same_findings(forms: &[Form]) {
    let library = Library::embedded().unwrap();
    let mut told = Vec::new();
    for form in forms {
        for mistake in mistakes(form, &scanned(&form.raw, &library, 4 << 20)) {
            told.push(format!("{}: {mistake}", form.name));
        }
    }
    assert!(told.is_empty(), "\n{}", told.join("\n"));
}

#[test]
fn the_same_findings_from_any_blocks() {
    let library = Library::embedded().unwrap();
    for form in forms() {
        let whole = scanned(&form.raw, &library, 4 << 20);
        for block_size in [1, 100, 777] {
            let cut = scanned(&form.raw, &library, block_size);
            assert!(
                whole["findings"] == cut["findings"],
                "{}, blocks of {block_size}",
                form.name
            );
        }
    }
}

/// Larger than what a block sees beyond its body, so that blocks begin in the middle of entries and chains.
#[test]
fn the_same_findings_from_any_blocks_of_a_large_log() {
    let library = Library::embedded().unwrap();
    let mut log = Vec::new();
    let mut round = 0;
    while log.len() < 2_800_000 {
        round += 1;
        for form in forms() {
            log.extend_from_slice(&form.raw);
            log.extend_from_slice(&b"plain words that say nothing\n".repeat(round * 40 % 900));
        }
        for part in 0..round * 3 % 25 {
            let stream = if part % 4 == 3 { "stdout F" } else { "stderr P" };
            log.extend_from_slice(format!("2026-11-22T07:34:50Z {stream} ").as_bytes());
            log.extend_from_slice(&vec![b'y'; 16 * 1024]);
            log.push(b'\n');
        }
    }
    same_records(&log, 20_000);
    let whole = scanned(&log, &library, 64 << 20);
    for block_size in [20_000, 100_003] {
        let cut = scanned(&log, &library, block_size);
        assert!(whole["findings"] == cut["findings"], "blocks of {block_size}");
    }
}

/// The records that blocks of this size see are those of the whole log.
fn same_records(log: &[u8], block_size: usize) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("app.log");
    fs::write(&path, log).unwrap();
    let source = Source {
        name: "app.log".to_owned(),
        origin: Origin::File(path),
        service: None,
        modified: None,
        set: None,
        plan: Plan::default(),
    };
    let reading = Reading {
        block_size,
        map_files: false,
        threads: 1,
        zone: Zone::Utc,
        now: NOW,
        range: Range::default(),
        stop: Stop::default(),
        sought: Sought::default(),
    };
    let clock = Clock::new(Zone::Utc, NOW);
    let all = Block::whole(0, log.to_vec());
    let mut whole = RecordReader::new(&all, &clock, None);
    for fed in Feed::new(vec![Arc::new(source)], reading).unwrap().flatten() {
        let Fed::Block(block) = fed else { continue };
        let mut reader = RecordReader::new(&block, &clock, None);
        let body = block.body();
        let window_at = block.window_at() as usize;
        let mut place = body.start;
        while place < body.end {
            let extent = reader.extent_at(place);
            let (start, end) = (extent.start + window_at, extent.end + window_at);
            let expected = whole.extent_at(place + window_at);
            assert_eq!(
                (start, end),
                (expected.start, expected.end),
                "at byte {}",
                place + window_at
            );
            for _ in 0..=skip(place) {
                place = next_line(&block.window()[..body.end], place);
            }
        }
    }
}

/// How many lines to leave out: few or many, since readers go on from what they know.
fn skip(place: usize) -> usize {
    [0, 0, 1, 7, 40, 3][place % 6]
}

/// Where the next line begins.
fn next_line(window: &[u8], place: usize) -> usize {
    let end = window[place.min(window.len())..]
        .iter()
        .position(|byte| *byte == b'\n');
    end.map_or(window.len(), |at| place + at + 1)
}

/// Lines of all forms, in any order, with garbage between them.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for form in forms() {
        lines.extend(
            form.raw
                .split_inclusive(|byte| *byte == b'\n')
                .map(<[u8]>::to_vec),
        );
        lines.push(form.raw);
    }
    prop_oneof![
        12 => prop::sample::select(lines),
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => Just(b"\n".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn torn_forms_give_the_same_findings_from_any_blocks(
        pieces in prop::collection::vec(piece(), 1..80),
        block_size in 1_usize..5_000,
    ) {
        static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::embedded().unwrap());
        let log = pieces.concat();
        let whole = scanned(&log, &LIBRARY, 4 << 20);
        let cut = scanned(&log, &LIBRARY, block_size);
        prop_assert_eq!(whole["findings"].to_string(), cut["findings"].to_string());
    }
}

#[test]
fn messages_that_journalctl_left_out_are_counted() {
    let library = Library::embedded().unwrap();
    let entry = |message: &str| {
        format!("{{\"__REALTIME_TIMESTAMP\":\"1795332890000000\",\"MESSAGE\":{message},\"_PID\":\"7\"}}\n")
    };
    let log = entry("null") + &entry("\"\\\"MESSAGE\\\":null\"") + &entry("null");
    for block_size in [1, 4 << 20] {
        let report = scanned(log.as_bytes(), &library, block_size);
        let told = report["assumptions"].to_string();
        assert!(
            told.contains("leaves out 2 messages") && told.contains("`--all`"),
            "{told}"
        );
    }
}

#[test]
fn the_events_are_those_of_the_expectations() {
    for (_, first, matched) in EXPECTED {
        assert!(first <= matched && *matched < EVENTS.len());
    }
}
