//! `incident inspect`: how logs are read, log by log and record by record.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{incident, printed};
use serde_json::Value;
use tempfile::TempDir;

const DEPLOY: &str = "sample-logs/bcrypt-deploy/logs";

fn inspect(args: &[&str]) -> String {
    let flags = ["inspect", "--timezone", "UTC", "--quiet"];
    printed(incident().args(flags).args(args))
}

fn records(args: &[&str]) -> Vec<Value> {
    let out = inspect(&[&["--records", "--format", "json"], args].concat());
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn sources(args: &[&str]) -> Vec<Value> {
    let out = inspect(&[&["--format", "json"], args].concat());
    let inspection: Value = serde_json::from_str(&out).unwrap();
    inspection["sources"].as_array().unwrap().clone()
}

fn written(content: &str) -> (TempDir, String) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("app.log");
    fs::write(&path, content).unwrap();
    let path = path.display().to_string();
    (dir, path)
}

#[test]
fn a_record_says_where_it_stands_and_what_it_states() {
    let (_dir, path) = written(
        "2026-11-22 07:00:00,123 INFO [main] up\n\
         2026-11-22 07:00:01,000 ERROR [main] it broke\n\
         Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nValueError: no\n\
         Nov 22 08:00:00 web-1 api[7]: done\n",
    );
    let records = records(&[&path]);
    assert_eq!(records.len(), 3, "{records:#?}");
    let error = &records[1];
    assert_eq!(error["source"], path.as_str());
    assert_eq!((&error["line"], &error["lines"]), (&2.into(), &4.into()));
    assert_eq!(error["time"], "2026-11-22T07:00:01Z");
    assert_eq!(error["time_quality"], "zone-assumed");
    assert_eq!(error["level"], "error");
    assert!(error["message"].as_str().unwrap().ends_with("\nValueError: no"));
    let done = &records[2];
    assert_eq!(done["time_quality"], "year-assumed");
    assert_eq!(
        (&done["service"], &done["host"]),
        (&"api".into(), &"web-1".into())
    );
    for record in &records {
        for key in [
            "source",
            "line",
            "lines",
            "time",
            "time_quality",
            "level",
            "service",
            "host",
            "message",
        ] {
            assert!(record.get(key).is_some(), "{key} in {record}");
        }
    }
}

#[test]
fn every_record_is_shown_once_whatever_the_blocks_and_threads() {
    let whole = inspect(&["--records", "--format", "json", DEPLOY, "tests/captures"]);
    assert!(whole.lines().count() > 1_500);
    for args in [
        &["--block-size", "1000", "--threads", "1"][..],
        &["--block-size", "70000", "--threads", "3"],
        &["--no-mmap"],
    ] {
        let other = inspect(&[&["--records", "--format", "json", DEPLOY, "tests/captures"], args].concat());
        assert!(whole == other, "{args:?}");
    }
    let summary = inspect(&["--format", "json", DEPLOY, "tests/captures"]);
    let small = inspect(&[
        "--format",
        "json",
        DEPLOY,
        "tests/captures",
        "--block-size",
        "1000",
    ]);
    assert_eq!(summary, small);
    let counted: u64 = sources(&[DEPLOY, "tests/captures"])
        .iter()
        .map(|source| source["records"].as_u64().unwrap())
        .sum();
    assert_eq!(counted, whole.lines().count() as u64);
}

#[test]
fn records_follow_each_other_without_holes() {
    let records = records(&["sample-logs/bcrypt-deploy/logs/shop/admin.err.log"]);
    let mut next = 0;
    for record in &records {
        let (at, bytes) = (
            record["offset"].as_u64().unwrap(),
            record["bytes"].as_u64().unwrap(),
        );
        assert!(at == next || at == next + 1, "a hole before {record}");
        next = at + bytes + 1;
    }
    assert_eq!(next, 99_234);
}

#[test]
fn standard_input_and_archives_are_shown_too() {
    let log = fs::read("sample-logs/job-stuck/logs/redis.log").unwrap();
    let plain = records(&["sample-logs/job-stuck/logs/redis.log"]);
    let dir = TempDir::new().unwrap();
    let packed = dir.path().join("redis.log.gz");
    let gzip = Command::new("gzip")
        .args(["-kc", "sample-logs/job-stuck/logs/redis.log"])
        .output()
        .unwrap();
    fs::write(&packed, gzip.stdout).unwrap();
    let output = incident()
        .args([
            "inspect",
            "--records",
            "--format",
            "json",
            "--timezone",
            "UTC",
            "-",
        ])
        .write_stdin(log)
        .output()
        .unwrap();
    let piped = String::from_utf8(output.stdout).unwrap();
    let piped: Vec<Value> = piped
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for others in [piped, records(&[packed.to_str().unwrap()])] {
        assert_eq!(others.len(), plain.len());
        for (other, plain) in others.iter().zip(&plain) {
            for key in ["line", "time", "level", "service", "message"] {
                assert_eq!(other[key], plain[key]);
            }
        }
    }
}

#[test]
fn a_log_is_summed_up() {
    let sources = sources(&["sample-logs/bcrypt-deploy/logs/shop"]);
    let of = |name: &str| {
        let found = sources
            .iter()
            .find(|source| source["name"].as_str().unwrap().ends_with(name));
        found.unwrap().clone()
    };
    let api = of("api.out.log");
    assert_eq!(api["formats"], serde_json::json!({"json": 99, "uvicorn": 275}));
    assert_eq!(api["levels"], serde_json::json!({"info": 363, "warning": 11}));
    assert_eq!(api["first_time"], "2026-11-23T00:18:34.316Z");
    assert_eq!(api["last_time"], "2026-11-23T00:22:21.131Z");
    assert_eq!(api["time_quality"]["written"], 99);
    let deploy = of("deploy.log");
    assert_eq!(
        deploy["gaps"],
        serde_json::json!([{"from": "2026-11-23T00:20:04Z", "to": "2026-11-23T00:21:26Z", "seconds": 82}])
    );
    let text = inspect(&["sample-logs/bcrypt-deploy/logs/shop"]);
    for line in [
        "  format    uvicorn 275, json 99",
        "  silence   82 s from 2026-11-23T00:20:04Z to 2026-11-23T00:21:26Z",
        "states no time zone: UTC was taken",
        "states no times: its records are in the order of their lines",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn a_regular_rhythm_is_no_silence() {
    let hourly: String = (0..24)
        .map(|hour| format!("2026-11-22T{hour:02}:00:00Z tick\n"))
        .collect();
    let (_dir, path) = written(&hourly);
    assert_eq!(sources(&[&path])[0]["gaps"], serde_json::json!([]));
}

#[test]
fn garbage_dates_neither_end_the_reading_nor_move_others() {
    let (_dir, path) = written(
        "2026-11-22T07:00:00Z first\n2026-13-22T07:00:00Z month 13\n9999-12-31T23:59:59Z year 9999\n\
         -1795332703: negative\n99999999999999999999: long\n2026-11-22T07:00:01Z last\n",
    );
    let source = &sources(&[&path])[0];
    assert_eq!(source["first_time"], "2026-11-22T07:00:00Z");
    assert_eq!(source["last_time"], "2026-11-22T07:00:01Z");
    assert_eq!(source["back_in_time"], 0);
}

#[test]
fn hostile_text_is_escaped_and_whole() {
    let (_dir, path) = written("2026-11-22T07:00:00Z a\u{9b}31m b\u{202e}c\u{7f}\n");
    let out = inspect(&["--records", "--format", "json", &path]);
    assert!(!out.contains(['\u{9b}', '\u{202e}', '\u{7f}']));
    assert_eq!(
        records(&[&path])[0]["message"],
        "2026-11-22T07:00:00Z a\u{9b}31m b\u{202e}c\u{7f}"
    );
    assert!(!inspect(&["--records", &path]).contains(['\u{9b}', '\u{202e}', '\u{7f}']));
}

#[test]
fn a_reader_that_goes_away_is_a_clean_end() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("big.log");
    let mut file = fs::File::create(&path).unwrap();
    for number in 0..100_000 {
        writeln!(file, "2026-11-22T07:00:00Z line {number}").unwrap();
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_incident"))
        .args(["inspect", "--records", "--format", "json"])
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    let output = incident()
        .args(["inspect", "nowhere.log", "sample-logs/job-stuck/logs/redis.log"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stdout).contains("nowhere.log: no such file or folder"));
    assert!(Path::new("sample-logs/job-stuck/logs/redis.log").exists());
}
