//! Logs that fall silent while others go on.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;

use common::{finding, found, scan, whole_report};
use serde_json::Value;
use tempfile::TempDir;

const SILENT: &str = "app/log-silent";

const MINUTE: u32 = 60;

fn at(second: u32) -> String {
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("2026-11-22 {:02}:{minute:02}:{:02},000", 8 + hour, second % 60)
}

/// A line every `every` seconds, over these seconds.
fn steady(from: u32, until: u32, every: u32, logger: &str, words: &str) -> String {
    let seconds = (from..until).step_by(every as usize);
    let line = |second| format!("{} INFO {logger} {words} {}\n", at(second), second * 37 % 101);
    seconds.map(line).collect()
}

fn worker(until: u32) -> String {
    steady(0, until, 10, "worker", "polled the queue, length")
}

fn api(until: u32) -> String {
    steady(3, until, 7, "api", "answered requests since the last line:")
}

fn report(logs: &[(&str, String)]) -> Value {
    let dir = TempDir::new().unwrap();
    for (name, text) in logs {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    whole_report(scan().arg(dir.path()))
}

fn silent(logs: &[(&str, String)]) -> bool {
    found(&report(logs)).contains(&SILENT)
}

#[test]
fn a_log_that_stops_while_another_goes_on_is_a_finding() {
    let report = report(&[("worker.log", worker(40 * MINUTE)), ("api.log", api(90 * MINUTE))]);
    let finding = finding(&report, SILENT);
    assert_eq!(finding["severity"], "medium");
    assert_eq!(finding["role"], "symptom");
    assert_eq!(finding["assessment"]["confidence"], "low");
    let evidence = &finding["evidence"][0];
    assert!(
        evidence["text"]
            .as_str()
            .unwrap()
            .starts_with("2026-11-22 08:39:50,000 INFO worker")
    );
    assert_eq!(evidence["line"], 240);
    let captured = |name: &str| finding["captures"][name][0]["value"].as_str().unwrap();
    assert!(captured("log").ends_with("worker.log"), "{}", captured("log"));
    assert!(captured("others").ends_with("api.log"));
    assert_eq!(captured("line_every"), "10s");
    assert_eq!(captured("silent_for"), "50m 3s");
    assert!(report["incidents"][0]["root_cause"].is_null());
    let rows = report["timeline"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["finding"] == finding["id"]));
}

#[test]
fn a_log_that_simply_ends_is_none() {
    let other = || ("api.log", api(90 * MINUTE));
    // All end together.
    assert!(!silent(&[("worker.log", worker(88 * MINUTE)), other()]));
    // Alone.
    assert!(!silent(&[("worker.log", worker(40 * MINUTE))]));
    // It says that it ends.
    let farewell = format!("{} INFO worker all work is done, exiting\n", at(40 * MINUTE));
    assert!(!silent(&[
        ("worker.log", worker(40 * MINUTE) + &farewell),
        other()
    ]));
    // It was stopped, as another log says.
    let stop = "Nov 22 08:40:01 web-01 systemd[1]: worker.service: Deactivated successfully.\n".to_owned();
    assert!(!silent(&[
        ("worker.log", worker(40 * MINUTE)),
        ("syslog", stop),
        other()
    ]));
    // It was hardly there.
    assert!(!silent(&[("worker.log", worker(4 * MINUTE)), other()]));
    // It is short for its silence: an old log.
    assert!(!silent(&[
        ("worker.log", worker(15 * MINUTE)),
        ("api.log", api(400 * MINUTE))
    ]));
}

#[test]
fn steps_one_after_the_other_and_pieces_of_rotated_logs_are_none() {
    let next = steady(40 * MINUTE, 90 * MINUTE, 7, "deploy", "copied file");
    let all = || ("ci/runner.log", api(90 * MINUTE));
    assert!(!silent(&[
        ("ci/1_build.log", worker(40 * MINUTE)),
        ("ci/2_deploy.log", next),
        all()
    ]));
    // What came later was not collected.
    assert!(!silent(&[
        ("worker.log.1", worker(40 * MINUTE)),
        ("api.log", api(90 * MINUTE))
    ]));
    // The other was not there before.
    let late = steady(50 * MINUTE, 120 * MINUTE, 7, "other", "ran for");
    assert!(!silent(&[
        ("worker.log", worker(40 * MINUTE)),
        ("late.log", late)
    ]));
}

#[test]
fn no_steady_pace_and_a_clock_that_is_set_otherwise_are_none() {
    let other = || ("api.log", api(90 * MINUTE));
    // Bursts: a batch that works and waits.
    let bursts: String = (0..8)
        .map(|burst| {
            steady(
                burst * 5 * MINUTE,
                burst * 5 * MINUTE + 20,
                1,
                "batch",
                "row number",
            )
        })
        .collect();
    assert!(!silent(&[("batch.log", bursts), other()]));
    // The same time, half an hour apart.
    let early = worker(60 * MINUTE);
    let later = steady(
        30 * MINUTE,
        90 * MINUTE,
        7,
        "api",
        "answered requests since the last line:",
    );
    assert!(!silent(&[("worker.log", early), ("api.log", later)]));
}

#[test]
fn what_explains_the_end_is_found_in_its_place_and_a_cause_elsewhere_leads() {
    let killed = "Nov 22 08:39:58 web-01 kernel: Out of memory: Killed process 4242 (worker) total-vm:8388608kB, \
                  anon-rss:7340032kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:16384kB oom_score_adj:0\n\
                  Nov 22 08:39:59 web-01 systemd[1]: worker.service: Main process exited, code=killed, status=9/KILL\n";
    let logs = [
        ("worker.log", worker(40 * MINUTE)),
        ("syslog", killed.to_owned()),
        ("api.log", api(90 * MINUTE)),
    ];
    let report = report(&logs);
    assert!(!found(&report).contains(&SILENT));
    let full = format!(
        "{} ERROR api OSError: [Errno 28] No space left on device: '/var/data/x'\n",
        at(70 * MINUTE)
    );
    let report = self::report(&[
        ("worker.log", worker(40 * MINUTE)),
        (
            "api.log",
            api(70 * MINUTE) + &full + &steady(71 * MINUTE, 90 * MINUTE, 7, "api", "answered requests:"),
        ),
    ]);
    assert!(found(&report).contains(&SILENT));
    assert_eq!(common::root_cause(&report)["signature"], "sys/disk-full");
}
