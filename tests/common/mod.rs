//! Runs the binary the same way everywhere: fixed time, zone and host.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// The binary, with everything that the machine could change held fast.
pub(crate) fn incident() -> Command {
    let mut command = Command::cargo_bin("incident").unwrap();
    command
        .env("SOURCE_DATE_EPOCH", "1795500000")
        .env("TZ", "UTC")
        .env_remove("NO_COLOR");
    command
}

/// `incident scan` with a fixed host and zone.
pub(crate) fn scan() -> Command {
    let mut command = incident();
    command.args(["scan", "--host", "test-host", "--timezone", "UTC"]);
    command
}

/// The JSON report of a successful scan.
pub(crate) fn report(paths: &[&Path]) -> Value {
    let output = scan()
        .args(["--format", "json", "--quiet"])
        .args(paths)
        .output()
        .unwrap();
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The JSON report of a scan that must read everything.
pub(crate) fn whole_report(command: &mut Command) -> Value {
    let text = printed(command.args(["--format", "json", "--quiet"]));
    serde_json::from_str(&text).unwrap()
}

/// What a run prints that must be done without a loss.
pub(crate) fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The signatures that were found, in the report's order.
pub(crate) fn found(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| finding["signature"].as_str().unwrap())
        .collect()
}

/// The finding of a signature.
pub(crate) fn finding<'a>(report: &'a Value, signature: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .find(|finding| finding["signature"] == signature)
        .unwrap_or_else(|| panic!("{signature} was not found, but {:?}", found(report)))
}

/// The finding that the first incident names as its root cause.
pub(crate) fn root_cause(report: &Value) -> &Value {
    let id = &report["incidents"][0]["root_cause"];
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .find(|finding| finding["id"] == *id)
        .unwrap_or_else(|| panic!("no root cause is named; found {:?}", found(report)))
}

/// A zip archive whose members are stored as they are.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive: Vec<u8> = Vec::new();
    let mut directory: Vec<u8> = Vec::new();
    for (name, content) in members {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let at = u32::try_from(archive.len()).unwrap();
        let length = u32::try_from(content.len()).unwrap();
        let mut common: Vec<u8> = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x5b];
        for number in [crc.sum(), length, length] {
            common.extend(number.to_le_bytes());
        }
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        archive.extend(b"PK\x03\x04");
        archive.extend(&common);
        archive.extend(name.as_bytes());
        archive.extend(*content);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let at = u32::try_from(archive.len()).unwrap();
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend([count, count].concat());
    archive.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    archive.extend(at.to_le_bytes());
    archive.extend([0, 0]);
    archive
}
