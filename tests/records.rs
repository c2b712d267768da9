//! Events of several lines are one record each: real output of real programs, cut into records.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use incident::input::block::Block;
use incident::record::reader::RecordReader;
use incident::record::time::{Clock, Zone};

/// The records of a text: `┌` begins one, `│` goes on.
fn drawn(text: &[u8]) -> String {
    let block = Block::whole(0, text.to_vec());
    let clock = Clock {
        zone: Zone::Utc,
        reference: 1_795_500_000_000_000_000,
    };
    let mut reader = RecordReader::new(&block, &clock, None);
    let mut drawn = String::new();
    let mut place = 0;
    while place < text.len() {
        let extent = reader.extent_at(place);
        assert!(extent.start <= place, "a record begins behind its own byte");
        let end = text[place..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(text.len(), |at| place + at);
        let line = String::from_utf8_lossy(&text[place..end]);
        let mark = match (extent.start == place, place < extent.end) {
            (true, _) => '┌',
            (false, true) => '│',
            (false, false) => ' ',
        };
        drawn += &format!(
            "{mark} {}\n",
            line.chars().take(110).collect::<String>().trim_end()
        );
        place = end + 1;
    }
    drawn
}

#[test]
fn captures_are_cut_into_events() {
    let mut files: Vec<_> = fs::read_dir("tests/captures")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        insta::assert_snapshot!(name, drawn(&fs::read(&file).unwrap()));
    }
}

/// Asking for the records in another order gives the same ones.
#[test]
fn records_do_not_depend_on_where_reading_starts() {
    for file in fs::read_dir("tests/captures").unwrap() {
        let text = fs::read(file.unwrap().path()).unwrap();
        let block = Block::whole(0, text.clone());
        let clock = Clock {
            zone: Zone::Utc,
            reference: 1_795_500_000_000_000_000,
        };
        let mut forward = RecordReader::new(&block, &clock, None);
        for place in 0..text.len() {
            let mut alone = RecordReader::new(&block, &clock, None);
            assert_eq!(
                forward.extent_at(place),
                alone.extent_at(place),
                "at byte {place}"
            );
        }
    }
}
