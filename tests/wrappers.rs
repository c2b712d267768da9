//! Records that only say that something failed point to what did, also in another record or log.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;

use common::{finding, scan, whole_report};
use serde_json::{Value, json};
use tempfile::TempDir;

const REFUSED: &str = "2026-11-22 07:26:40,512 ERROR uvicorn.error [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use\n";

fn written(logs: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, text) in logs {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn report(logs: &[(&str, &str)]) -> Value {
    whole_report(scan().arg(written(logs).path()))
}

/// What the wrapper points to: signatures, and what both name.
fn pointed(report: &Value, wrapper: &str) -> Vec<(String, Value)> {
    let pointed = finding(report, wrapper)["points_to"].as_array().unwrap().clone();
    let findings = report["findings"].as_array().unwrap();
    let named = |to: &Value| {
        let other = findings
            .iter()
            .find(|other| other["id"] == to["finding"])
            .unwrap();
        (
            other["signature"].as_str().unwrap().to_owned(),
            to["shared"].clone(),
        )
    };
    pointed.iter().map(named).collect()
}

#[test]
fn systemd_s_line_points_to_the_failure_of_its_unit_in_another_log() {
    let exited = "Nov 22 07:26:41 web-01 systemd[1]: api.service: Main process exited, code=exited, status=1/FAILURE\n";
    let other = exited.replace("api", "billing");
    let late = exited.replace("07:26:41", "07:36:41");
    let wrapper = "sys/systemd-main-process-exited";
    let logs = |syslog: &str| report(&[("api.log", REFUSED), ("syslog", syslog)]);
    let found = logs(exited);
    let shared = vec![("net/address-in-use".to_owned(), json!("service api"))];
    assert_eq!(pointed(&found, wrapper), shared);
    assert_eq!(finding(&found, wrapper)["points_to"][0]["seconds_before"], 0.488);
    assert!(pointed(&logs(&other), wrapper).is_empty(), "another unit");
    assert!(pointed(&logs(&late), wrapper).is_empty(), "ten minutes later");
    let dir = written(&[("api.log", REFUSED), ("syslog", exited)]);
    let text = common::printed(scan().arg("--quiet").arg(dir.path()));
    assert!(text.contains("only passes on"), "{text}");
}

#[test]
fn a_container_s_exit_code_points_to_what_the_container_said() {
    let text = format!("api-1  | {REFUSED}api-1 exited with code 3\n");
    let shared = vec![("net/address-in-use".to_owned(), json!("service api"))];
    assert_eq!(
        pointed(&report(&[("compose.log", &text)]), "sys/exit-code"),
        shared
    );
    let other = text.replace("api-1 exited", "db-1 exited");
    assert!(pointed(&report(&[("compose.log", &other)]), "sys/exit-code").is_empty());
}

#[test]
fn the_end_of_a_step_points_to_the_error_above_it() {
    let failed = "2026-11-22T07:26:40.1000000Z ModuleNotFoundError: No module named 'httpx'\n";
    let between: String = (0..40)
        .map(|second| format!("2026-11-22T07:27:{second:02}.1000000Z cleaning up directory {second}\n"))
        .collect();
    let end = "2026-11-22T07:28:00.1000000Z ##[error]Process completed with exit code 1.\n";
    let found = report(&[("4_test.txt", &format!("{failed}{between}{end}"))]);
    let above = vec![("python/module-not-found".to_owned(), Value::Null)];
    assert_eq!(pointed(&found, "ci/exit-code"), above);
    let found = report(&[("4_test.txt", &format!("{end}{failed}"))]);
    assert!(
        pointed(&found, "ci/exit-code").is_empty(),
        "what stands below is of the next step"
    );
}

#[test]
fn a_worker_s_death_points_to_the_process_that_the_kernel_killed() {
    let kernel = "Nov 22 07:26:40 web-01 kernel: Out of memory: Killed process 4242 (gunicorn) total-vm:4187112kB, anon-rss:3701236kB, \
                  file-rss:1024kB, shmem-rss:0kB, UID:33 pgtables:7656kB oom_score_adj:0\n";
    let worker = "[2026-11-22 07:26:41 +0000] [31911] [ERROR] Worker (pid:4242) was sent SIGKILL! Perhaps out of memory?\n";
    let wrapper = "python/gunicorn-worker-killed";
    let found = report(&[("kern.log", kernel), ("web.log", worker)]);
    assert_eq!(
        pointed(&found, wrapper),
        vec![("sys/oom-killer".to_owned(), json!("pid 4242"))]
    );
    let other = worker.replace("4242", "4243");
    let found = report(&[("kern.log", kernel), ("web.log", &other)]);
    assert!(pointed(&found, wrapper).is_empty(), "another process");
}
