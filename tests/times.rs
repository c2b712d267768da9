//! When something happened: `--since` and `--until`, zones, years and hours that occur twice.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use common::{finding, found, incident, scan, whole_report};
use serde_json::{Value, json};
use tempfile::TempDir;

fn written(dir: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = dir.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

fn age(path: &Path, seconds: u64) {
    let file = File::options().append(true).open(path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds))
        .unwrap();
}

fn report(args: &[&str], path: &Path) -> Value {
    whole_report(scan().args(args).arg(path))
}

fn inspect(args: &[&str], path: &Path) -> (Vec<Value>, Value) {
    let run = |more: &[&str]| {
        let output = incident()
            .args(["inspect", "--quiet", "--format", "json"])
            .args(more)
            .args(args)
            .arg(path)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let rows = run(&["--records"]);
    let rows = rows
        .lines()
        .map(|row| serde_json::from_str(row).unwrap())
        .collect();
    (rows, serde_json::from_str(&run(&[])).unwrap())
}

fn times(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["time"].as_str().unwrap_or("-"))
        .collect()
}

const REFUSED: &str = "[error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, \
    server: a.example.org, request: \"GET /x HTTP/1.1\", upstream: \"http://127.0.0.1:8071/x\", host: \"a.example.org\"";

/// A line for each tenth of a second from 2026-11-22 00:00:00 on, and a refused connection each minute.
fn long_log(lines: u32) -> String {
    let mut log = String::new();
    for number in 0..lines {
        let second = number / 10;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        if number % 600 == 300 {
            writeln!(log, "2026/11/22 {hour:02}:{minute:02}:{second:02} {REFUSED}").unwrap();
        } else {
            writeln!(
                log,
                "2026/11/22 {hour:02}:{minute:02}:{second:02} [notice] 7#7: an ordinary line of a log with {number:08} in it"
            )
            .unwrap();
        }
    }
    log
}

#[test]
fn a_range_leaves_out_what_is_outside_of_it() {
    let dir = TempDir::new().unwrap();
    let path = written(&dir, "error.log", &long_log(6_000));
    let all = report(&[], &path);
    assert_eq!(finding(&all, "http/nginx-upstream-refused")["count"], 10);
    assert_eq!(all["range"], Value::Null);
    let some = report(
        &["--since", "2026-11-22 00:02:00", "--until", "2026-11-22 00:05"],
        &path,
    );
    let refused = finding(&some, "http/nginx-upstream-refused");
    assert_eq!(refused["count"], 3);
    assert_eq!(refused["first_seen"], "2026-11-22T00:02:30Z");
    assert_eq!(refused["last_seen"], "2026-11-22T00:04:30Z");
    assert_eq!(some["window"]["from"], "2026-11-22T00:02:00Z");
    assert_eq!(some["window"]["to"], "2026-11-22T00:05:00Z");
    assert_eq!(
        some["range"],
        json!({"since": "2026-11-22T00:02:00Z", "until": "2026-11-22T00:05:00Z", "bytes_left_out": 0,
               "records_left_out": 7})
    );
    assert_eq!(some["not_read"], json!([]));
    assert!(some["assumptions"][0].as_str().unwrap().contains("lie outside"));
    let none = report(&["--since", "2026-11-23"], &path);
    assert_eq!(found(&none), Vec::<&str>::new());
    let (rows, _) = inspect(&["--since", "2026-11-22T00:09:59Z", "--timezone", "UTC"], &path);
    assert_eq!(rows.len(), 10);
    assert_eq!(rows[0]["line"], 5_991);
}

#[test]
fn only_a_part_of_a_big_ordered_log_is_read() {
    let dir = TempDir::new().unwrap();
    let log = long_log(500_000);
    let path = written(&dir, "error.log", &log);
    let size = log.len() as u64;
    assert!(size > 38 << 20, "{size}");
    let args = [
        "--since",
        "2026-11-22T12:00:00Z",
        "--until",
        "2026-11-22T12:05:00Z",
    ];
    let some = report(&args, &path);
    let refused = finding(&some, "http/nginx-upstream-refused");
    assert_eq!(refused["count"], 5);
    assert_eq!(refused["first_seen"], "2026-11-22T12:00:30Z");
    let read = some["stats"]["bytes"].as_u64().unwrap();
    let looked = some["stats"]["index_bytes"].as_u64().unwrap();
    assert!(
        read < 1 << 20 && looked < 4 << 20,
        "{read} and {looked} of {size}"
    );
    assert_eq!(some["range"]["bytes_left_out"], size - read);
    // The evidence stands where the report says.
    let evidence = &refused["evidence"][0];
    let at = usize::try_from(evidence["offset"].as_u64().unwrap()).unwrap();
    assert!(log[at..].starts_with("2026/11/22 12:00:30 [error]"));
    // Nobody counted the lines above, so no line is named: neither in JSON nor in what people read.
    assert!(some["sources"][0]["read_from"].as_u64().unwrap() > 0);
    assert_eq!(
        (&evidence["line"], &evidence["matched_line"]),
        (&json!(0), &json!(0))
    );
    assert!(
        evidence["line_numbers"]
            .as_array()
            .unwrap()
            .iter()
            .all(|line| *line == 0)
    );
    let cited = some["cited"].as_array().unwrap();
    assert!(
        cited
            .iter()
            .filter(|cited| cited["id"] == evidence["id"])
            .all(|cited| cited["line"] == 0)
    );
    let output = common::scan().args(args).arg(&path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains(&format!("error.log` at byte {at}, 2026-11-22 12:00:30")),
        "{text}"
    );
    assert!(
        text.contains("Its lines are not counted") && !text.contains("error.log:"),
        "{text}"
    );
    let (rows, _) = inspect(&args, &path);
    assert!(!rows.is_empty() && rows.iter().all(|row| row["line"].is_null()));
    for more in [
        &["--no-mmap"][..],
        &["--block-size", "10000"],
        &["--no-mmap", "--block-size", "70000"],
    ] {
        assert_eq!(report(&[&args, more].concat(), &path), some, "{more:?}");
    }
    let last = report(&["--since", "2026-11-22T13:52:00Z"], &path);
    assert_eq!(finding(&last, "http/nginx-upstream-refused")["count"], 1);
    let first = report(&["--until", "2026-11-22T00:02:00Z"], &path);
    assert_eq!(finding(&first, "http/nginx-upstream-refused")["count"], 2);
    assert_eq!(first["sources"][0]["read_from"], 0);
    let none = report(&["--since", "2026-11-23"], &path);
    assert_eq!(found(&none), Vec::<&str>::new());
}

#[test]
fn a_big_log_without_order_is_read_whole_and_filtered() {
    let dir = TempDir::new().unwrap();
    let log = long_log(500_000);
    // Its second half stands first.
    let middle = log[log.len() / 2..].find('\n').unwrap() + log.len() / 2 + 1;
    let path = written(
        &dir,
        "error.log",
        &format!("{}{}", &log[middle..], &log[..middle]),
    );
    let some = report(
        &[
            "--since",
            "2026-11-22T01:00:00Z",
            "--until",
            "2026-11-22T01:05:00Z",
        ],
        &path,
    );
    assert_eq!(finding(&some, "http/nginx-upstream-refused")["count"], 5);
    assert_eq!(some["stats"]["bytes"], log.len());
}

#[test]
fn undated_neighbours_come_along() {
    let dir = TempDir::new().unwrap();
    let request = "INFO:     127.0.0.1:4711 - \"GET /a HTTP/1.1\" 200 OK\n";
    let log = format!(
        "2026-11-22T07:00:00Z one\n{request}2026-11-22T07:10:00Z two\n{request}2026-11-22T07:20:00Z three\n{request}"
    );
    let path = written(&dir, "app.log", &log);
    let lines = |args: &[&str]| -> Vec<u64> {
        let (rows, _) = inspect(&[&["--timezone", "UTC"], args].concat(), &path);
        rows.iter().map(|row| row["line"].as_u64().unwrap()).collect()
    };
    assert_eq!(
        lines(&["--since", "2026-11-22 07:05", "--until", "2026-11-22 07:15"]),
        [2, 3, 4]
    );
    assert_eq!(lines(&["--since", "2026-11-22 07:20"]), [4, 5, 6]);
    assert_eq!(lines(&["--until", "2026-11-22 07:00"]), [1, 2]);
    let undated = written(&dir, "plain.log", request);
    let (rows, _) = inspect(&["--since", "now"], &undated);
    assert_eq!(rows.len(), 1);
}

#[test]
fn relative_times_count_from_now_and_nonsense_is_refused() {
    let dir = TempDir::new().unwrap();
    // The run is at 2026-11-24T06:00:00Z.
    let path = written(
        &dir,
        "app.log",
        "2026-11-22T23:00:00Z a\n2026-11-23T10:00:00Z b\n2026-11-24T03:59:59Z c\n2026-11-24T05:00:00Z d\n",
    );
    let messages = |args: &[&str]| -> Vec<String> {
        let (rows, _) = inspect(&[&["--timezone", "UTC"], args].concat(), &path);
        let last = |row: &Value| {
            row["message"]
                .as_str()
                .unwrap()
                .split(' ')
                .next_back()
                .unwrap()
                .to_owned()
        };
        rows.iter().map(last).collect()
    };
    assert_eq!(messages(&["--since", "-2h"]), ["d"]);
    assert_eq!(messages(&["--since", "2h ago"]), ["d"]);
    assert_eq!(messages(&["--since", "today"]), ["c", "d"]);
    assert_eq!(messages(&["--since=yesterday", "--until=today"]), ["b"]);
    assert_eq!(messages(&["--until", "-1d"]), ["a"]);
    for args in [
        &["--since", "soon"][..],
        &["--until", "2h"],
        &["--since", "now", "--until", "-1h"],
        &["--since", "last boot"],
    ] {
        let output = incident().arg("inspect").args(args).arg(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("--since") || error.contains("--until"), "{error}");
    }
}

#[test]
fn the_last_boot_is_where_the_journal_says() {
    let dir = TempDir::new().unwrap();
    let packed = fs::read("tests/journals/zstd-regular.journal.zst").unwrap();
    let path = dir.path().join("system.journal");
    fs::write(&path, zstd::decode_all(&packed[..]).unwrap()).unwrap();
    let (all, _) = inspect(&["--timezone", "UTC"], &path);
    let (rows, inspection) = inspect(&["--timezone", "UTC", "--since", "last boot"], &path);
    // Of journalctl: 42 entries of the first boot, up to 08:53:38.627078, and 22 of the last, from 08:53:38.915052 on.
    assert_eq!((all.len(), rows.len()), (64, 22));
    assert_eq!(rows[0]["line"], 43);
    assert!(
        inspection["assumptions"][0]
            .as_str()
            .unwrap()
            .contains("since 2025-10-09T08:53:38.627079Z")
    );
}

#[test]
fn years_that_are_not_written_are_counted_over_new_year() {
    let dir = TempDir::new().unwrap();
    let mut log = String::new();
    // From November 2024 to January 2027, a line a day.
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut expected = Vec::new();
    for month in 10..27 + 10 {
        for day in 1..=28 {
            writeln!(log, "{} {day:2} 12:00:00 web-1 cron[7]: tick", months[month % 12]).unwrap();
            expected.push(format!(
                "{}-{:02}-{day:02}T12:00:00Z",
                2024 + month / 12,
                month % 12 + 1
            ));
        }
    }
    let path = written(&dir, "syslog", &log);
    age(&path, 1_801_180_800); // 2027-01-28
    let early = ["--timezone", "UTC"];
    let output = |args: &[&str]| {
        let output = incident()
            .env("SOURCE_DATE_EPOCH", "1830000000")
            .args(["inspect", "--quiet", "--format", "json"])
            .args(args)
            .args(early)
            .arg(&path)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for more in [&[][..], &["--no-mmap", "--block-size", "1000"]] {
        let rows = output(&[&["--records"], more].concat());
        let rows: Vec<Value> = rows
            .lines()
            .map(|row| serde_json::from_str(row).unwrap())
            .collect();
        let read = times(&rows);
        let wrong = read
            .iter()
            .zip(&expected)
            .find(|(read, expected)| read != expected);
        assert_eq!((read.len(), wrong), (expected.len(), None), "{more:?}");
        assert!(rows.iter().all(|row| row["time_quality"] == "year-assumed"));
    }
    assert!(output(&[]).contains("a New Year was counted wherever"));
}

#[test]
fn the_second_of_an_hour_that_occurs_twice_is_told_by_order() {
    let dir = TempDir::new().unwrap();
    let mut log = String::new();
    for (hour, from, to) in [(1, 50, 60), (2, 0, 60), (2, 0, 60), (3, 0, 10)] {
        for minute in from..to {
            writeln!(log, "2026-10-25 {hour:02}:{minute:02}:00,000 INFO tick").unwrap();
        }
    }
    let path = written(&dir, "app.log", &log);
    let zone = ["--timezone", "Europe/Berlin"];
    for more in [&[][..], &["--no-mmap", "--block-size", "100"]] {
        let (rows, inspection) = inspect(&[&zone, more].concat(), &path);
        let read = times(&rows);
        let expected: Vec<String> = (0..140)
            .map(|minute| 23 * 60 + 50 + minute)
            .map(|minute| {
                let day = if minute < 1440 { 24 } else { 25 };
                format!("2026-10-{day}T{:02}:{:02}:00Z", minute / 60 % 24, minute % 60)
            })
            .collect();
        assert_eq!(read, expected, "{more:?}");
        let assumptions = inspection["assumptions"].to_string();
        assert!(
            assumptions.contains("(2026-10-25, 02:00 to 03:00): its times go back"),
            "{assumptions}"
        );
        assert_eq!(inspection["sources"][0]["back_in_time"], 0);
    }
    let once = written(
        &dir,
        "once.log",
        "2026-10-25 02:10:00,000 INFO a\n2026-10-25 02:20:00,000 INFO b\n",
    );
    let (rows, inspection) = inspect(&zone, &once);
    assert_eq!(times(&rows), ["2026-10-25T00:10:00Z", "2026-10-25T00:20:00Z"]);
    assert!(
        inspection["assumptions"]
            .to_string()
            .contains("its order does not tell which")
    );
    let (_, inspection) = inspect(&["--timezone", "UTC"], &once);
    assert!(!inspection["assumptions"].to_string().contains("twice"));
}

#[test]
fn two_offsets_in_one_file_are_each_read_as_written() {
    let dir = TempDir::new().unwrap();
    let path = written(
        &dir,
        "app.log",
        "2026-10-25T02:59:59+02:00 summer\n2026-10-25T02:00:00+01:00 winter\n2026-10-25 03:00:00,000 INFO none\n",
    );
    let (rows, inspection) = inspect(&["--timezone", "Europe/Berlin"], &path);
    assert_eq!(
        times(&rows),
        [
            "2026-10-25T00:59:59Z",
            "2026-10-25T01:00:00Z",
            "2026-10-25T02:00:00Z"
        ]
    );
    assert!(
        inspection["assumptions"]
            .to_string()
            .contains("states no time zone: Europe/Berlin was taken")
    );
}

#[test]
fn the_machines_zone_is_the_default_and_said() {
    let dir = TempDir::new().unwrap();
    let path = written(&dir, "app.log", "2026-07-01 12:00:00,000 INFO summer\n");
    let output = incident()
        .env("TZ", "America/New_York")
        .args(["inspect", "--quiet", "--format", "json"])
        .arg(&path)
        .output()
        .unwrap();
    let inspection: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(inspection["sources"][0]["first_time"], "2026-07-01T16:00:00Z");
    assert_eq!(
        inspection["assumed_zone"],
        "local time (America/New_York, this machine's zone)"
    );
}
