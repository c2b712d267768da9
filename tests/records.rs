//! Events of several lines are one record each: real output of real programs, cut into records.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use incident::input::block::Block;
use incident::record::reader::RecordReader;
use incident::record::time::{Clock, Zone};

mod written;

/// The records of a text: `┌` begins one, `│` goes on.
fn drawn(text: &[u8]) -> String {
    let block = Block::whole(0, text.to_vec());
    let clock = Clock::new(Zone::Utc, 1_795_500_000_000_000_000);
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
        let clock = Clock::new(Zone::Utc, 1_795_500_000_000_000_000);
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

/// The text that patterns are tried on, and the line of the log of each of its lines, for each record.
fn texts(raw: &[u8]) -> Vec<(String, Vec<usize>)> {
    let block = Block::whole(0, raw.to_vec());
    let clock = Clock::new(Zone::Utc, 1_795_500_000_000_000_000);
    let mut reader = RecordReader::new(&block, &clock, None);
    let mut texts = Vec::new();
    let mut seen = Vec::new();
    for place in 0..raw.len() {
        let extent = reader.extent_at(place);
        if seen.contains(&extent.start) {
            continue;
        }
        seen.push(extent.start);
        let record = reader.read(extent);
        let above = raw[..extent.start].iter().filter(|byte| **byte == b'\n').count();
        let lines = record.text.split('\n').count();
        texts.push((
            record.text.clone(),
            (0..lines).map(|line| above + record.written_line(line)).collect(),
        ));
    }
    texts
}

fn drawn_texts(raw: &[u8]) -> Vec<String> {
    let one = |(text, lines): (String, Vec<usize>)| {
        let numbered = text
            .split('\n')
            .zip(lines)
            .map(|(text, line)| format!("{line} {text}"));
        numbered.collect::<Vec<_>>().join(" / ")
    };
    texts(raw).into_iter().map(one).collect()
}

/// Patterns see what the program printed, whatever carried it, and know where it stands.
#[test]
fn every_form_gives_the_text_of_the_events() {
    for form in written::forms()
        .into_iter()
        .chain(written::forms_that_tear_words())
    {
        let mut lines: Vec<(usize, String)> = Vec::new();
        for (text, at) in texts(&form.raw) {
            lines.extend(at.into_iter().zip(text.split('\n').map(str::to_owned)));
        }
        lines.sort_by_key(|(line, _)| *line);
        for (event, line) in written::EVENTS.iter().zip(&form.at) {
            assert!(
                lines.contains(&(line - 1, (*event).to_owned())),
                "{}: {event:?} is not in line {line} of {lines:#?}",
                form.name
            );
        }
    }
}

/// In any order, and asked from anywhere.
#[test]
fn records_of_every_form_do_not_depend_on_where_reading_starts() {
    for form in written::forms()
        .into_iter()
        .chain(written::forms_that_tear_words())
    {
        let block = Block::whole(0, form.raw.clone());
        let clock = Clock::new(Zone::Utc, 1_795_500_000_000_000_000);
        let mut forward = RecordReader::new(&block, &clock, None);
        let mut backward = RecordReader::new(&block, &clock, None);
        let from_behind: Vec<_> = (0..form.raw.len())
            .rev()
            .map(|place| backward.extent_at(place))
            .collect();
        for (place, other) in from_behind.into_iter().rev().enumerate() {
            let mut alone = RecordReader::new(&block, &clock, None);
            let extent = forward.extent_at(place);
            assert_eq!(extent, alone.extent_at(place), "{}, at byte {place}", form.name);
            assert_eq!(extent, other, "{}, at byte {place}, from behind", form.name);
        }
    }
}

#[test]
fn parts_of_a_line_are_one_text_also_between_lines_of_another_stream() {
    let log = b"2026-11-22T07:34:50Z stdout P {\"level\":\"error\",\n\
                2026-11-22T07:34:50Z stderr F calm\n\
                2026-11-22T07:34:50Z stderr P torn \n\
                2026-11-22T07:34:50Z stdout P \"msg\":\n\
                2026-11-22T07:34:50Z stderr F words\n\
                2026-11-22T07:34:50Z stdout F \"boom\"}\n\
                2026-11-22T07:34:50Z stdout F   indented\n";
    assert_eq!(
        drawn_texts(log),
        ["0 boom", "1 calm", "2 torn words", "6   indented"]
    );
    let log = b"{\"log\":\"{\\\"msg\\\":\",\"stream\":\"stdout\",\"time\":\"2026-11-22T07:34:50Z\"}\n\
                {\"log\":\"\\\"bo\",\"stream\":\"stdout\",\"time\":\"2026-11-22T07:34:50Z\"}\n\
                {\"log\":\"om\\\"}\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-22T07:34:50Z\"}\n\
                {\"log\":\"next\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-22T07:34:50Z\"}\n";
    assert_eq!(drawn_texts(log), ["0 boom", "3 next"]);
}

#[test]
fn a_part_that_never_ends_is_a_record() {
    let log = b"2026-11-22T07:34:50Z stdout P one\n2026-11-22T07:34:51Z stderr F two\n";
    assert_eq!(drawn_texts(log), ["0 one", "1 two"]);
    let log = b"2026-11-22T07:34:51Z stdout F the end of something\n2026-11-22T07:34:52Z stdout F two\n";
    assert_eq!(drawn_texts(log), ["0 the end of something", "1 two"]);
}

/// A chain of parts is cut by its length, at places that do not depend on where reading starts.
#[test]
fn a_chain_of_parts_without_an_end_is_cut() {
    let mut log = b"2026-11-22T07:34:50Z stdout F first\n".to_vec();
    for _ in 0..60 {
        log.extend_from_slice(b"2026-11-22T07:34:50Z stdout P ");
        log.extend_from_slice(&vec![b'x'; 16 * 1024]);
        log.push(b'\n');
    }
    let block = Block::whole(0, log.clone());
    let clock = Clock::new(Zone::Utc, 1_795_500_000_000_000_000);
    let mut forward = RecordReader::new(&block, &clock, None);
    let mut records = Vec::new();
    for place in (0..log.len()).step_by(4_001) {
        let mut alone = RecordReader::new(&block, &clock, None);
        let extent = forward.extent_at(place);
        assert_eq!(extent, alone.extent_at(place), "at byte {place}");
        assert!(extent.end - extent.start < 300 * 1024);
        if !records.contains(&extent.start) {
            records.push(extent.start);
        }
    }
    assert!((4..12).contains(&records.len()), "{records:?}");
}

#[test]
fn a_journal_entry_is_read_by_its_fields() {
    let entry = |fields: &[u8]| {
        [
            b"__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP=1795332890000000\n",
            fields,
            b"\n",
        ]
        .concat()
    };
    let long = |text: &[u8]| [b"MESSAGE\n", &(text.len() as u64).to_le_bytes()[..], text, b"\n"].concat();
    // A line end in the length, a blank line and an assignment in the value.
    let ten = entry(&long(b"0\n\nPID=1\n9"));
    let named = entry(b"MESSAGE=words\n_PID=7\n");
    let both = [ten.clone(), named.clone()].concat();
    assert_eq!(drawn_texts(&both), ["4 0 / 5  / 6 PID=1 / 7 9", "11 words"]);
    // A value that holds the beginning of an entry is cut there.
    let hostile = entry(&long(b"x\n\n__CURSOR=s=2;i=2\nMESSAGE=forged"));
    assert_eq!(
        drawn_texts(&[hostile, named.clone()].concat()).last().unwrap(),
        "10 words"
    );
    // A length that lies.
    let torn = [
        entry(b"MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\x7fwords\n_PID=7\n"),
        named,
    ]
    .concat();
    assert_eq!(drawn_texts(&torn).last().unwrap(), "8 words");
}

#[test]
fn messages_that_journalctl_wrote_in_a_column_are_read_in_it() {
    let log = b"Nov 22 07:34:50 web-1 api[374]: SELECT 1\n                                  FROM t\n                                \n                                WHERE x\n\
                Nov 22 07:34:50 web-1 api[374]: next\nNov 22 07:34:50 web-1 api[374]:   shifted\n    not in the column\n";
    assert_eq!(
        drawn_texts(log),
        [
            "0 SELECT 1 / 1   FROM t / 2  / 3 WHERE x",
            "4 next / 5   shifted",
            "6     not in the column"
        ]
    );
}

#[test]
fn json_and_tracebacks_inside_a_message_are_read_again() {
    let entry = |message: &str| {
        let message = serde_json::to_string(message).unwrap();
        format!(
            "{{\"__REALTIME_TIMESTAMP\":\"1795332890000000\",\"PRIORITY\":\"6\",\"_PID\":\"7\",\"MESSAGE\":{message}}}\n"
        )
    };
    let log = entry(
        "{\"level\":\"error\",\"msg\":\"\u{1b}[31mboom\u{1b}[0m \\\"x\\\"\",\"time\":\"2020-01-01T00:00:00Z\"}",
    ) + &entry("Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: x")
        + &entry("plain words")
        + &entry("level=warn msg=\"slow\"");
    assert_eq!(
        drawn_texts(log.as_bytes()),
        [
            "0 boom \"x\"",
            "1 Traceback (most recent call last): / 1   File \"a.py\", line 1, in f / 1 ValueError: x",
            "2 plain words",
            "3 level=warn msg=\"slow\""
        ]
    );
    let block = Block::whole(0, log.clone().into_bytes());
    let clock = Clock::new(Zone::Utc, 1_795_500_000_000_000_000);
    let mut reader = RecordReader::new(&block, &clock, None);
    let extent = reader.extent_at(0);
    let record = reader.read(extent);
    assert_eq!(record.level, Some(incident::record::Level::Error));
    assert_eq!(record.time.at, Some(1_795_332_890_000_000_000));
    assert!(record.as_written.unwrap().starts_with("{\"level\":\"error\""));
}
