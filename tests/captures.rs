//! What is found in real output of real programs, and which part it plays.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::Path;

use common::{finding, found, report, root_cause};
use serde_json::Value;

fn capture(name: &str) -> Value {
    report(&[&Path::new("tests/captures").join(name)])
}

/// The findings that are not starts and stops.
fn trouble(report: &Value) -> Vec<&str> {
    let mut found = found(report);
    found.retain(|id| !id.starts_with("lifecycle/"));
    found
}

#[test]
fn the_four_states_of_passlib_and_bcrypt_are_told_apart() {
    assert_eq!(
        trouble(&capture("bcrypt-4.0.1-passlib-1.7.4.txt")),
        Vec::<&str>::new()
    );
    let pybytes = capture("bcrypt-4.1.0-passlib-1.7.4.txt");
    assert_eq!(root_cause(&pybytes)["signature"], "python/bcrypt-pybytes");

    let trapped = capture("bcrypt-4.1.2-passlib-1.7.4.txt");
    assert_eq!(trouble(&trapped), ["python/bcrypt-about"]);
    assert_eq!(finding(&trapped, "python/bcrypt-about")["role"], "handled");
    assert_eq!(trapped["incidents"].as_array().unwrap().len(), 0);

    let broken = capture("bcrypt-5.0.0-passlib-1.7.4.txt");
    let root = root_cause(&broken);
    assert_eq!(root["signature"], "python/bcrypt-72-bytes");
    let told = format!("{} {}", root["cause"], root["fix"]);
    assert!(
        told.contains("1.7.4") && told.contains("bcrypt>=4.0.1,<"),
        "{told}"
    );
}

#[test]
fn an_address_in_use_is_found_in_every_programs_words_with_its_port() {
    for (name, port) in [
        ("bind-gunicorn-27.txt", Some("18000")),
        ("bind-redis7.0.txt", Some("18000")),
        ("bind-node20-http.txt", Some("18000")),
        ("bind-flask-3.1.txt", Some("18000")),
        ("bind-uvicorn-0.54-workers.txt", None),
        ("bind-java17.txt", None),
        ("bind-rust-unwrap.txt", None),
        ("bind-mosquitto2.0.txt", None),
    ] {
        let report = capture(name);
        let root = root_cause(&report);
        assert_eq!(root["signature"], "net/address-in-use", "{name}");
        // A record that names no port is a finding beside that of the port.
        let findings = report["findings"].as_array().unwrap();
        let found = findings
            .iter()
            .filter(|finding| finding["signature"] == "net/address-in-use")
            .find_map(|finding| finding["captures"]["port"][0]["value"].as_str());
        assert_eq!(found, port, "{name}");
    }
}

#[test]
fn the_nginx_failures_are_told_apart() {
    let report = capture("nginx-upstream-error.log");
    let mut found = trouble(&report);
    found.sort_unstable();
    // Failures of several upstreams are findings of their own.
    found.dedup();
    assert_eq!(
        found,
        [
            "http/nginx-no-live-upstreams",
            "http/nginx-upstream-big-header",
            "http/nginx-upstream-body-cut",
            "http/nginx-upstream-invalid-header",
            "http/nginx-upstream-premature-close",
            "http/nginx-upstream-refused",
            "http/nginx-upstream-reset",
            "http/nginx-upstream-socket-missing",
            "http/nginx-upstream-timeout",
        ]
    );
}

#[test]
fn wrappers_are_not_blamed() {
    for (name, root) in [
        ("fastapi-app-not-defined.txt", "python/name-error"),
        (
            "fastapi-pydantic1-response-validation.log",
            "python/fastapi-response-validation",
        ),
        ("celery-broker-down.txt", "python/celery-broker-unreachable"),
        (
            "mosquitto-stale-and-duplicate-client.log",
            "mqtt/duplicate-client-id",
        ),
        (
            "postgres15-prepared-statement.log",
            "db/postgres-prepared-statement",
        ),
        ("supervisord-exits.log", "supervisor/spawn-error"),
    ] {
        assert_eq!(root_cause(&capture(name))["signature"], root, "{name}");
    }
}

#[test]
fn a_capture_in_compose_form_gives_the_same_findings() {
    let plain = capture("fastapi-pydantic2-response-validation.log");
    let compose = capture("compose-fastapi-pydantic2.log");
    assert_eq!(found(&plain), found(&compose));
    assert_eq!(
        finding(&compose, "python/fastapi-response-validation")["services"][0],
        "api-1"
    );
}
