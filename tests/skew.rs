//! Clocks that differ from log to log: found within their stated uncertainty, taken out, and never guessed.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{finding, root_cause, scan, whole_report};
use serde_json::{Value, json};
use tempfile::TempDir;

const CART: &str = "sample-logs/node-cart-redis/logs";

/// An access log with its times moved by so many seconds, within its day.
fn shifted(log: &str, by: i64) -> String {
    let line = |line: &str| {
        let at = line.find("2026:").unwrap() + 5;
        let part = |from: usize| line[at + from..at + from + 2].parse::<i64>().unwrap();
        let second = part(0) * 3600 + part(3) * 60 + part(6) + by;
        let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        format!("{}{time}{}\n", &line[..at], &line[at + 8..])
    };
    log.lines().map(line).collect()
}

/// The shop cart's logs, with the clock of its proxy's access log ahead by so many seconds.
fn cart(by: i64) -> TempDir {
    let dir = TempDir::new().unwrap();
    for entry in fs::read_dir(CART).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        let mut log = fs::read_to_string(&path).unwrap();
        if name == "nginx-access.log" {
            log = shifted(&log, by);
        }
        fs::write(dir.path().join(name), log).unwrap();
    }
    dir
}

fn report(args: &[&str], dir: &Path) -> Value {
    whole_report(scan().args(args).arg(".").current_dir(dir))
}

fn row<'a>(report: &'a Value, source: &str) -> &'a Value {
    let rows = report["skew"].as_array().unwrap();
    rows.iter()
        .find(|row| row["source"].as_str().unwrap().ends_with(source))
        .unwrap()
}

#[test]
fn a_shifted_clock_is_found_within_its_uncertainty_and_taken_out() {
    let plain = report(&[], cart(0).path());
    let agrees = row(&plain, "nginx-access.log");
    assert_eq!(agrees["verdict"], "agrees", "{agrees}");
    assert_eq!(agrees["applied"], false);
    for (by, zone) in [
        (37, Value::Null),
        (-37, Value::Null),
        (3_600, json!("UTC+1 against UTC")),
        (19_800, json!("UTC+5:30 against UTC")),
    ] {
        let dir = cart(by);
        let report = report(&[], dir.path());
        let differs = row(&report, "nginx-access.log");
        assert_eq!(differs["verdict"], "differs", "{differs}");
        let of = |key: &str| differs[key].as_f64().unwrap();
        assert!(
            (of("offset_seconds") - by as f64).abs() <= of("uncertainty_seconds"),
            "{differs}"
        );
        assert!(of("uncertainty_seconds") <= 3.0, "{differs}");
        assert_eq!(differs["zone"], zone);
        assert!(differs["against"].as_str().unwrap().ends_with("cart.log"));
        assert!(differs["pairs"].as_u64().unwrap() >= 5);
        assert_eq!(differs["applied"], true);
        // The story is the one of clocks that agree.
        assert_eq!(root_cause(&report)["signature"], root_cause(&plain)["signature"]);
        let seconds = |report: &Value| -> i64 {
            let row = &report["impact"]["requests"][0];
            let time = row["first"].as_str().unwrap();
            time[14..16].parse::<i64>().unwrap() * 60 + time[17..19].parse::<i64>().unwrap()
        };
        assert!((seconds(&report) - seconds(&plain)).abs() <= 3);
        let moved: Vec<f64> = report["timeline"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["source"].as_str().unwrap().ends_with("nginx-access.log"))
            .map(|row| row["moved_seconds"].as_f64().unwrap())
            .collect();
        assert!(
            !moved.is_empty() && moved.iter().all(|moved| *moved == -of("offset_seconds")),
            "{moved:?}"
        );
        let said = report["assumptions"].to_string();
        assert!(said.contains("shown by the other clock"), "{said}");
        let output = scan().arg(".").current_dir(dir.path()).output().unwrap();
        assert!(String::from_utf8(output.stdout).unwrap().contains(" ⇄ |"));
    }
}

/// nginx with 37 s too much on its clock, and so many lines in its error log.
fn proxy(error_lines: usize) -> TempDir {
    let dir = cart(37);
    let error_log = fs::read_to_string(format!("{CART}/nginx-error.log")).unwrap();
    let later = |line: &str| {
        let part = |from: usize| line[from..from + 2].parse::<i64>().unwrap();
        let second = part(11) * 3600 + part(14) * 60 + part(17) + 37;
        let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        format!("{}{time}{}\n", &line[..11], &line[19..])
    };
    let lines = error_log.lines().take(error_lines).map(later);
    fs::write(dir.path().join("nginx-error.log"), lines.collect::<String>()).unwrap();
    dir
}

#[test]
fn an_error_log_moves_with_its_access_log() {
    for (lines, few) in [(usize::MAX, false), (3, true)] {
        // Lines about requests are compared with the access log; where they are few, it is the log beside it that tells.
        let dir = proxy(lines);
        let report = report(&[], dir.path());
        let access = row(&report, "nginx-access.log");
        let error = row(&report, "nginx-error.log");
        assert_eq!(access["verdict"], "differs", "{access}");
        assert_eq!(
            (&error["verdict"], &error["applied"]),
            (&json!("differs"), &json!(true)),
            "{error}"
        );
        let of = |row: &Value, key: &str| row[key].as_f64().unwrap();
        assert!(
            (of(error, "offset_seconds") - 37.0).abs() <= of(error, "uncertainty_seconds"),
            "{error}"
        );
        let beside = error["reason"]
            .as_str()
            .unwrap()
            .contains("the same program writes");
        assert_eq!(beside, few, "{error}");
    }
}

/// A connection is in two logs by the client's port, whatever each of them says of the request.
#[test]
fn connections_are_compared_by_the_clients_port() {
    let dir = TempDir::new().unwrap();
    let (mut proxy, mut app) = (String::new(), String::new());
    for number in 0..12_u32 {
        let (port, at) = (40_000 + number * 37, number * number * 3 + 7);
        proxy += &format!(
            "{{\"time\":\"2026-11-23T10:{:02}:{:02}+00:00\",\"remote_addr\":\"192.0.2.7\",\"remote_port\":\"{port}\",\
             \"request_method\":\"GET\",\"request_uri\":\"/shop/a\",\"status\":200}}\n",
            at / 60,
            at % 60
        );
        let at = at + 90;
        app += &format!(
            "2026-11-23T10:{:02}:{:02}.250Z INFO:     192.0.2.7:{port} - \"GET /a HTTP/1.1\" 200 OK\n",
            at / 60,
            at % 60
        );
    }
    fs::write(dir.path().join("proxy.log"), proxy).unwrap();
    fs::write(dir.path().join("app.log"), app).unwrap();
    let report = report(&[], dir.path());
    let row = &report["skew"][0];
    assert_eq!(row["verdict"], "differs", "{row}");
    let of = |key: &str| row[key].as_f64().unwrap();
    assert!(
        (of("offset_seconds").abs() - 90.25).abs() <= of("uncertainty_seconds"),
        "{row}"
    );
}

#[test]
fn the_correction_can_be_turned_off() {
    let dir = cart(3_600);
    let report = report(&["--no-skew-correction"], dir.path());
    let differs = row(&report, "nginx-access.log");
    assert_eq!(
        (&differs["verdict"], &differs["applied"]),
        (&json!("differs"), &json!(false))
    );
    assert!(report["assumptions"].to_string().contains("left as they are"));
    assert!(
        report["timeline"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["moved_seconds"] == 0.0)
    );
    assert!(
        report["impact"]["requests"][0]["first"]
            .as_str()
            .unwrap()
            .contains("T01:")
    );
    assert_eq!(
        finding(&report, "redis/misconf-rdb")["evidence"][0]["moved_seconds"],
        0.0
    );
}

#[test]
fn logs_that_have_nothing_in_common_are_never_guessed() {
    let dir = TempDir::new().unwrap();
    for (name, log) in [
        ("one.log", "sample-logs/node-cart-redis/logs/nginx-access.log"),
        ("two.log", "sample-logs/java-orders/logs/nginx-access.log"),
        (
            "three.log",
            "sample-logs/mqtt-duplicate-client/logs/nginx-access.log",
        ),
        ("four.log", "sample-logs/healthy/logs/redis/redis-server.log"),
    ] {
        fs::copy(log, dir.path().join(name)).unwrap();
    }
    let report = report(&[], dir.path());
    let rows = report["skew"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    for row in rows {
        assert_eq!(row["verdict"], "unknown", "{row}");
        assert_eq!(row["offset_seconds"], Value::Null);
        assert_eq!(row["applied"], false);
    }
}

#[test]
fn healthy_logs_and_single_logs_are_left_as_they_are() {
    let healthy = report(&[], Path::new("sample-logs/healthy/logs"));
    for row in healthy["skew"].as_array().unwrap() {
        assert_ne!(row["verdict"], "differs", "{row}");
    }
    let one = whole_report(scan().arg("sample-logs/node-cart-redis/logs/cart.log"));
    assert_eq!(one["skew"], json!([]));
}

#[test]
fn the_skew_does_not_depend_on_blocks_and_threads() {
    let dir = cart(37);
    let of = |args: &[&str]| report(args, dir.path());
    let whole = of(&[]);
    for args in [
        &["--block-size", "1000", "--threads", "3"][..],
        &["--no-mmap", "--threads", "1"],
    ] {
        assert_eq!(of(args), whole, "{args:?}");
    }
}
