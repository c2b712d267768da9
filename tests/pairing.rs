//! Logs without times that are placed by what other logs say, and those of which nothing can be said.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{finding, root_cause, scan, whole_report};
use serde_json::{Value, json};
use tempfile::TempDir;

const LOGS: &str = "sample-logs/bcrypt-deploy/logs";

const BCRYPT: &str = "python/bcrypt-72-bytes";

/// A folder with these logs of the sample.
fn logs(names: &[&str]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for name in names {
        let base = Path::new(name).file_name().unwrap();
        fs::copy(Path::new(LOGS).join(name), dir.path().join(base)).unwrap();
    }
    dir
}

fn report(dir: &TempDir, args: &[&str]) -> Value {
    whole_report(scan().args(args).arg(".").current_dir(dir.path()))
}

/// The times of a finding's records: earliest, latest, and how they are known.
fn times(finding: &Value) -> Vec<(&str, &str, &str)> {
    let text = |value: &'_ Value| -> &'static str {
        Box::leak(value.as_str().unwrap_or("").to_owned().into_boxed_str())
    };
    let evidence = finding["evidence"].as_array().unwrap();
    let of = |row: &Value| {
        (
            text(&row["time"]),
            text(&row["until"]),
            text(&row["time_quality"]),
        )
    };
    evidence.iter().map(of).collect()
}

/// Changes lines of a log: nothing is left of those for which `change` gives nothing.
fn edit(dir: &TempDir, name: &str, mut change: impl FnMut(&str) -> Option<String>) {
    let path = dir.path().join(name);
    let log = fs::read_to_string(&path).unwrap();
    let lines: Vec<String> = log
        .lines()
        .filter_map(&mut change)
        .map(|line| line + "\n")
        .collect();
    fs::write(path, lines.concat()).unwrap();
}

#[test]
fn tracebacks_without_times_lie_between_what_other_logs_date() {
    let report = whole_report(scan().arg(LOGS));
    let bcrypt = finding(&report, BCRYPT);
    // The API's first start with the new release, between the start of process 110 and its end at 00:19:59.720.
    let first = times(bcrypt)[0];
    assert_eq!(first.2, "paired");
    assert!(
        first.0 > "2026-11-23T00:19:59" && first.0 < "2026-11-23T00:19:59.720Z",
        "{first:?}"
    );
    assert!(
        first.1 > "2026-11-23T00:19:59.720Z" && first.1 < "2026-11-23T00:20:03",
        "{first:?}"
    );
    // The last is one of the admin's, whose request was answered at 00:21:25.
    let last = *times(bcrypt).last().unwrap();
    assert!(
        last.0 >= "2026-11-23T00:21:23" && last.0 <= "2026-11-23T00:21:25",
        "{last:?}"
    );
    assert!(
        last.1 >= "2026-11-23T00:21:25" && last.1 <= "2026-11-23T00:21:28",
        "{last:?}"
    );
    assert_eq!(bcrypt["count"], 22);
    assert_eq!(root_cause(&report)["signature"], BCRYPT);
    // It is said, and on what it rests.
    let claims = report["claims"].as_array().unwrap();
    let pairing: Vec<&Value> = claims
        .iter()
        .filter(|claim| claim["basis"]["rule"] == "pairing")
        .collect();
    let about = |log: &str| {
        pairing
            .iter()
            .any(|claim| claim["text"].as_str().unwrap().contains(log))
    };
    assert!(about("admin.err.log") && about("api.err.log"), "{pairing:?}");
    assert!(
        pairing
            .iter()
            .all(|claim| claim["basis"]["premises"].as_array().unwrap().len() >= 2)
    );
    let output = scan().arg(LOGS).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("≈ 2026-11-23 00:19:59 to 00:20:02"), "{text}");
    assert!(!text.contains("\n| no time |"), "{text}");
}

#[test]
fn as_many_answers_500_as_failures_are_paired_in_order() {
    let dir = logs(&["shop/admin.err.log", "nginx/access.log"]);
    let report = report(&dir, &[]);
    let bcrypt = finding(&report, BCRYPT);
    let first = ["00:20:06", "00:20:10", "00:20:21", "00:21:25"];
    for ((from, to, quality), answered) in times(bcrypt).into_iter().zip(first) {
        let answered = format!("2026-11-23T{answered}Z");
        assert_eq!(quality, "paired");
        assert!(
            from <= answered.as_str() && answered.as_str() <= to,
            "{from} {answered} {to}"
        );
    }
}

#[test]
fn what_does_not_agree_stays_without_times() {
    let unknown = |dir: &TempDir| {
        let report = report(dir, &[]);
        for (time, _, quality) in times(finding(&report, BCRYPT)) {
            assert_eq!((time, quality), ("", "unknown"));
        }
        assert!(!report["claims"].to_string().contains("\"pairing\""));
    };
    // One answer less than failures.
    let dir = logs(&["shop/admin.err.log", "nginx/access.log"]);
    let mut dropped = false;
    edit(&dir, "access.log", |line| {
        let drop = !dropped && line.contains("POST /admin/login HTTP/1.1\" 500");
        dropped |= drop;
        (!drop).then(|| line.to_owned())
    });
    unknown(&dir);
    // Two programs that may have answered.
    let dir = logs(&["shop/admin.err.log", "nginx/access.log"]);
    fs::copy(dir.path().join("admin.err.log"), dir.path().join("other.err.log")).unwrap();
    unknown(&dir);
    // An access log of another day, of another program.
    let dir = logs(&["shop/admin.err.log"]);
    fs::copy(
        "sample-logs/node-cart-redis/logs/nginx-access.log",
        dir.path().join("access.log"),
    )
    .unwrap();
    unknown(&dir);
    // Nothing else at all.
    unknown(&logs(&["shop/admin.err.log"]));
}

#[test]
fn what_contradicts_the_order_of_the_log_is_left_out() {
    let dir = logs(&["shop/api.err.log", "supervisor/supervisord.log"]);
    // The processes 110 and 135 change places: one of the two logs is not what it seems.
    edit(&dir, "supervisord.log", |line| {
        let line = line.replace("'api' with pid 110", "'api' with pid X");
        let line = line.replace("'api' with pid 135", "'api' with pid 110");
        Some(line.replace("'api' with pid X", "'api' with pid 135"))
    });
    let report = report(&dir, &[]);
    // Each of the processes between them contradicts one of the two, and nobody can say which is right.
    for (time, _, quality) in times(finding(&report, BCRYPT)) {
        assert_eq!((time, quality), ("", "unknown"));
    }
}

#[test]
fn a_request_in_two_logs_places_the_one_without_times() {
    let dir = TempDir::new().unwrap();
    let access = |second: u32, path: &str| {
        format!(
            "192.0.2.1 - - [23/Nov/2026:10:00:{second:02} +0000] \"POST {path} HTTP/1.1\" 500 21 \"-\" \"x\"\n"
        )
    };
    let app = |path: &str, error: &str| {
        format!(
            "INFO:     127.0.0.1:40000 - \"POST {path} HTTP/1.1\" 500 Internal Server Error\n\
             ERROR:    Exception in ASGI application\nTraceback (most recent call last):\n  File \"/srv/app.py\", line 3, in \
             pay\n    hash()\nValueError: {error}\n"
        )
    };
    let error =
        "password cannot be longer than 72 bytes, truncate manually if necessary (e.g. my_password[:72])";
    fs::write(
        dir.path().join("access.log"),
        access(5, "/pay") + &access(20, "/ship"),
    )
    .unwrap();
    fs::write(
        dir.path().join("app.log"),
        app("/pay", "x") + &app("/ship", error),
    )
    .unwrap();
    let report = report(&dir, &[]);
    let times = times(finding(&report, BCRYPT));
    assert_eq!(
        times,
        [("2026-11-23T10:00:19Z", "2026-11-23T10:00:22Z", "paired")]
    );
}

#[test]
fn pairing_does_not_depend_on_blocks_and_threads() {
    let dir = logs(&[
        "shop/admin.err.log",
        "shop/api.err.log",
        "nginx/access.log",
        "supervisor/supervisord.log",
    ]);
    let of = |args: &[&str]| {
        let mut report = report(&dir, args);
        report["stats"]["records"] = json!(null);
        report
    };
    let whole = of(&[]);
    for args in [
        &["--block-size", "900", "--threads", "3"][..],
        &["--no-mmap", "--threads", "1"],
    ] {
        assert_eq!(of(args), whole, "{args:?}");
    }
}
