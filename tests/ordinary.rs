//! No page alarms anybody about healthy logs; `tests/lab/ordinary.sh` makes them again.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{incident, report};

/// Bytes of ordinary logs that there must be, unpacked.
const ENOUGH: u64 = 3_000_000;

#[test]
fn no_page_finds_anything_above_low_in_ordinary_logs() {
    let output = incident()
        .args(["signatures", "test", "--ordinary", "tests/ordinary"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
}

#[test]
fn the_ordinary_logs_are_many_and_are_read_whole() {
    let report = report(&[Path::new("tests/ordinary")]);
    let sources = report["sources"].as_array().unwrap();
    let bytes: u64 = sources
        .iter()
        .map(|source| source["bytes"].as_u64().unwrap())
        .sum();
    assert!(bytes > ENOUGH, "{bytes} bytes");
    assert!(sources.len() >= 14, "{} logs", sources.len());
    assert_eq!(
        report["not_read"].as_array().unwrap().len(),
        0,
        "{}",
        report["not_read"]
    );
}

/// A page that is too wide is refused, with the place where it was found.
#[test]
fn a_page_that_hits_ordinary_logs_is_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    fs::create_dir(dir.path().join("widget")).unwrap();
    let page = fs::read_to_string("signatures/sys/segfault.md").unwrap();
    let start = page.find("[match]").unwrap();
    let end = start + page[start..].find("\n```").unwrap();
    let wide = format!(
        "{}[match]\ncontains = \"accepted\"{}",
        &page[..start],
        &page[end..]
    );
    fs::write(dir.path().join("widget/wide.md"), wide).unwrap();
    fs::create_dir(dir.path().join("logs")).unwrap();
    fs::write(
        dir.path().join("logs/a.log"),
        "2026-01-01 00:00:00 INFO orders: order 7 accepted\n",
    )
    .unwrap();
    let output = incident()
        .args(["signatures", "lint"])
        .arg(dir.path().join("widget").parent().unwrap())
        .arg("--ordinary")
        .arg(dir.path().join("logs"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("widget/wide is found in ordinary logs, 1 times, first at "),
        "{text}"
    );
}
