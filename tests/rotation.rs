//! A rotated log gives the findings of the whole one, each line counted once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{finding, report, scan, whole_report, zip};
use serde_json::Value;
use tempfile::TempDir;

/// A signature for each condition over time.
const PAGES: &[(&str, &str)] = &[
    (
        "steps",
        "[match.sequence]\nwithin = \"1h\"\nsteps = [ { contains = \"maintenance begins\" }, { contains = \"maintenance went wrong\" } ]",
    ),
    (
        "burst",
        "[match]\ncontains = \"queue is full\"\ncount = { at-least = 4, within = \"10m\" }",
    ),
    (
        "lost-job",
        "[match.missing]\nwithin = \"10m\"\nkey = \"job\"\nafter = { regex = 'nightly job (?P<job>\\d+) begins' }\nexpect = { regex = 'nightly job (?P<job>\\d+) is over' }",
    ),
];

fn signatures() -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("test")).unwrap();
    for (name, condition) in PAGES {
        let page = format!(
            "# {name}\n\n```toml signature\nseverity = \"high\"\nrole = \"cause\"\nseen-on = [\"test 1\"]\n\n{condition}\n```\n\nMeaning.\n\n## Cause\n\nCause.\n\n## Impact\n\nImpact.\n\n## Fix\n\n1. Fix.\n\n## Verify\n\n1. Verify.\n\n## Prevent\n\n1. Prevent.\n\n## Examples\n\n## References\n\n- none\n"
        );
        fs::write(dir.path().join("test").join(format!("{name}.md")), page).unwrap();
    }
    dir
}

/// A log of three hours. The cuts of [`PIECES`] go through a sequence, a burst and two jobs.
fn log() -> Vec<String> {
    let mut lines: Vec<String> = (0..180)
        .map(|minute| {
            let (hour, minute) = (7 + minute / 60, minute % 60);
            let what = match (hour, minute) {
                (7, 50) => "maintenance begins",
                (8, 2) => "maintenance went wrong",
                (7, 58 | 59) | (8, 0 | 1) => "queue is full",
                (7, 55) => "nightly job 17 begins",
                (8, 3) => "nightly job 17 is over",
                (7, 56) => "nightly job 18 begins",
                (9, 59) => "nightly job 19 begins",
                (8, 30) | (9, 30) => "OSError: [Errno 98] Address already in use",
                _ => "served a request",
            };
            format!("2026-11-22T{hour:02}:{minute:02}:00Z {what}\n")
        })
        .collect();
    for minute in [10, 70, 71, 130] {
        lines[minute] = format!(
            "10.0.0.1 - - [22/Nov/2026:{:02}:{:02}:00 +0000] \"GET /orders HTTP/1.1\" 502 157 \"-\" \"-\"\n",
            7 + minute / 60,
            minute % 60
        );
    }
    lines
}

/// Names and lines of the pieces.
const PIECES: &[(&str, std::ops::Range<usize>)] = &[
    ("app.log.10", 0..59),
    ("app.log.9", 59..62),
    ("app.log.1", 62..140),
    ("app.log", 140..180),
];

fn scanned(paths: &[&Path], pages: &Path) -> Value {
    whole_report(scan().arg("--signatures").arg(pages).args(paths))
}

/// What must not depend on rotation: everything but places.
fn story(report: &Value) -> Value {
    let mut findings = report["findings"].clone();
    for finding in findings.as_array_mut().unwrap() {
        for evidence in finding["evidence"].as_array_mut().unwrap() {
            for place in ["source", "line", "offset", "matched_line", "line_numbers"] {
                evidence.as_object_mut().unwrap().remove(place);
            }
        }
    }
    serde_json::json!([
        findings,
        report["incidents"],
        report["impact"],
        report["window"],
        report["stats"]["lines"],
        report["stats"]["bytes"],
    ])
}

fn names(report: &Value, key: &str) -> Vec<String> {
    let sources = report["sources"].as_array().unwrap();
    let name = |source: &Value| {
        let path = source[key].as_str().unwrap_or("none");
        path.rsplit('/').next().unwrap().to_owned()
    };
    sources.iter().map(name).collect()
}

#[test]
fn a_rotated_log_reads_as_the_whole_one() {
    let (whole, pieces, pages) = (TempDir::new().unwrap(), TempDir::new().unwrap(), signatures());
    let lines = log();
    let whole_log = whole.path().join("app.log");
    fs::write(&whole_log, lines.concat()).unwrap();
    for (name, range) in PIECES {
        fs::write(pieces.path().join(name), lines[range.clone()].concat()).unwrap();
    }
    let expected = scanned(&[&whole_log], pages.path());
    let found = scanned(&[pieces.path()], pages.path());
    assert_eq!(
        names(&found, "name"),
        ["app.log.10", "app.log.9", "app.log.1", "app.log"]
    );
    assert_eq!(names(&found, "set"), ["app.log"; 4]);
    assert_eq!(finding(&expected, "test/steps")["count"], 2);
    assert_eq!(finding(&expected, "test/burst")["count"], 4);
    let lost = finding(&expected, "test/lost-job");
    assert_eq!(lost["count"], 1, "job 19 began too late to be missed");
    assert_eq!(lost["captures"]["job"][0]["value"], "18");
    assert_eq!(expected["impact"]["failed_requests"], 4);
    // What is counted names its log, which lies in another folder.
    let same = |report: &Value, folder: &Path| {
        story(report)
            .to_string()
            .replace(&folder.display().to_string(), "")
    };
    assert_eq!(same(&found, pieces.path()), same(&expected, whole.path()));
    // A citation names the piece and its own line.
    let evidence = &finding(&found, "test/lost-job")["evidence"][0];
    assert!(evidence["source"].as_str().unwrap().ends_with("app.log.10"));
    assert_eq!(evidence["line"], 57);

    // The same with what a shell makes of `app.log*`, in any order, and with a glob that it left alone.
    let named: Vec<_> = PIECES.iter().map(|(name, _)| pieces.path().join(name)).collect();
    let named: Vec<&Path> = named.iter().rev().map(|path| path.as_path()).collect();
    assert_eq!(scanned(&named, pages.path()), found);
    assert_eq!(scanned(&[&pieces.path().join("app.log*")], pages.path()), found);
}

#[test]
fn records_at_the_same_byte_of_two_pieces_are_two() {
    let (dir, pages) = (TempDir::new().unwrap(), signatures());
    let write = |name: &str, line: &str| fs::write(dir.path().join(name), line).unwrap();
    write("app.log.1", "2026-11-22T07:59:00Z maintenance begins\n");
    write("app.log", "2026-11-22T08:01:00Z maintenance went wrong\n");
    let found = scanned(&[dir.path()], pages.path());
    assert_eq!(finding(&found, "test/steps")["count"], 2);
}

#[test]
fn logs_that_are_no_set_have_stories_of_their_own() {
    let (dir, pages) = (TempDir::new().unwrap(), signatures());
    let lines = log();
    // Two workers at the same time: what one begins, the other does not end.
    fs::write(dir.path().join("worker-1.log"), lines[..60].concat()).unwrap();
    fs::write(dir.path().join("worker-2.log"), lines[55..].concat()).unwrap();
    let found = scanned(&[dir.path()], pages.path());
    let signatures = common::found(&found);
    assert!(!signatures.contains(&"test/steps"), "{signatures:?}");
}

#[test]
fn doubles_are_counted_once_and_named() {
    let dir = TempDir::new().unwrap();
    let lines = log();
    let write = |name: &str, lines: &[String]| fs::write(dir.path().join(name), lines.concat()).unwrap();
    write("app.log.2", &lines[..60]);
    write("app.log.1", &lines[60..140]);
    write("app.log", &lines[60..]); // copytruncate at work
    fs::write(dir.path().join("app.log.2.gz"), b"\x1f\x8b\x08\0torn").unwrap();
    fs::hard_link(dir.path().join("app.log.2"), dir.path().join("kept")).unwrap();
    let report = report(&[dir.path()]);
    assert_eq!(names(&report, "name"), ["app.log.2", "app.log"]);
    assert_eq!(report["stats"]["lines"], 180);
    let notes: Vec<String> = report["not_read"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| {
            assert_eq!(note["lost"], false);
            note["source"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(notes, ["app.log.1", "app.log.2.gz", "kept"]);
}

#[test]
fn pieces_in_the_order_of_their_times_are_said() {
    let dir = TempDir::new().unwrap();
    let lines = log();
    for (name, range) in [("gc.log.0", 120..180), ("gc.log.1", 0..60), ("gc.log.2", 60..120)] {
        fs::write(dir.path().join(name), lines[range].concat()).unwrap();
    }
    let report = report(&[dir.path()]);
    assert_eq!(names(&report, "name"), ["gc.log.1", "gc.log.2", "gc.log.0"]);
    let assumed = report["assumptions"][0].as_str().unwrap();
    assert!(
        assumed.contains("gc.log` are in the order of their first times"),
        "{assumed}"
    );
}

#[test]
fn the_table_of_sources_shows_the_pieces_in_order() {
    let dir = TempDir::new().unwrap();
    let lines = log();
    for (name, range) in PIECES {
        fs::write(dir.path().join(name), lines[range.clone()].concat()).unwrap();
    }
    let output = scan().args(["-q", "."]).current_dir(dir.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let cells: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| S") && line.contains("app.log"))
        .filter_map(|row| row.split(" | ").nth(1))
        .collect();
    assert_eq!(
        cells,
        [
            "`./app.log.10`, piece of `./app.log`",
            "`./app.log.9`, piece of `./app.log`",
            "`./app.log.1`, piece of `./app.log`",
            "`./app.log`",
        ]
    );
}

/// In a zip archive, whose directory tells the names before anything is read.
#[test]
fn a_rotated_log_in_a_zip_archive_reads_as_the_whole_one() {
    let (folder, pages) = (TempDir::new().unwrap(), signatures());
    let lines = log();
    let whole = folder.path().join("app.log");
    fs::write(&whole, lines.concat()).unwrap();
    let mut members = vec![("log/db.log".to_owned(), b"2026-11-22T07:00:00Z ready\n".to_vec())];
    for (name, range) in PIECES.iter().rev() {
        let text = lines[range.clone()].concat().into_bytes();
        members.push((format!("log/{name}"), text));
    }
    let members: Vec<(&str, &[u8])> = members
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_slice()))
        .collect();
    let archive = folder.path().join("logs.zip");
    fs::write(&archive, zip(&members)).unwrap();
    let (expected, found) = (
        scanned(&[&whole], pages.path()),
        scanned(&[&archive], pages.path()),
    );
    assert_eq!(
        names(&found, "name"),
        ["db.log", "app.log.10", "app.log.9", "app.log.1", "app.log"]
    );
    assert_eq!(
        names(&found, "set"),
        ["none", "app.log", "app.log", "app.log", "app.log"]
    );
    for signature in ["test/steps", "test/burst", "test/lost-job"] {
        let count = |report: &Value| finding(report, signature)["count"].clone();
        assert_eq!(count(&found), count(&expected), "{signature}");
    }
    assert_eq!(found["not_read"], serde_json::json!([]));
}

/// Who gets the members one by one can but say that they are pieces.
#[test]
fn pieces_in_a_streamed_archive_are_read_as_they_come_and_that_is_said() {
    let (folder, pages) = (TempDir::new().unwrap(), signatures());
    let lines = log();
    let mut builder = tar::Builder::new(Vec::new());
    for (name, range) in PIECES.iter().rev() {
        let text = lines[range.clone()].concat();
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        builder.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    let archive = folder.path().join("logs.tar");
    fs::write(&archive, builder.into_inner().unwrap()).unwrap();
    let report = scanned(&[&archive], pages.path());
    assert_eq!(
        names(&report, "name"),
        ["app.log", "app.log.1", "app.log.9", "app.log.10"]
    );
    assert_eq!(names(&report, "set"), ["none"; 4]);
    let notes = report["not_read"].as_array().unwrap();
    let note = &notes[0];
    assert!(
        note["reason"]
            .as_str()
            .unwrap()
            .contains("pieces of rotated logs (app.log)"),
        "{note}"
    );
    assert_eq!((notes.len(), &note["lost"]), (1, &Value::from(false)));
}
