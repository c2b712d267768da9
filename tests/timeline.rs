//! The timeline tells bursts, recoveries and silent logs, and is folded to what a person reads.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{report, scan, whole_report};
use serde_json::Value;

const SCENE: &str = "sample-logs/node-cart-redis";

fn rows<'a>(report: &'a Value, kind: &str) -> Vec<&'a str> {
    let rows = report["timeline"].as_array().unwrap();
    let own = rows.iter().filter(|row| row["kind"] == kind);
    own.map(|row| row["what"].as_str().unwrap()).collect()
}

#[test]
fn bursts_have_a_peak_and_services_come_back() {
    let report = report(&[Path::new(SCENE)]);
    // `grep -c ' 23/Nov/2026:00:25:.* 50[234] '` of the access log counts the same.
    let log = fs::read_to_string(format!("{SCENE}/logs/nginx-access.log")).unwrap();
    let failed = |line: &&str| {
        line.contains("23/Nov/2026:00:25:")
            && ["502", "503", "504"].contains(&line.split(' ').nth(8).unwrap())
    };
    let count = log.lines().filter(failed).count();
    let peak = format!("most in one minute of the clock: {count} of 227");
    let peaks = rows(&report, "peak");
    assert!(peaks.iter().any(|row| row.ends_with(&peak)), "{peak}: {peaks:?}");
    let back = rows(&report, "recovery");
    assert!(
        back.iter()
            .any(|row| row.contains("ready") && row.contains("not seen again after it"))
    );
    assert!(
        back.iter()
            .any(|row| row.contains("gateway errors") && row.contains("goes on for 48 s"))
    );
    assert!(
        rows(&report, "not-recovered")
            .iter()
            .all(|row| !row.contains("nginx"))
    );
}

#[test]
fn a_failure_that_goes_on_to_the_end_is_not_recovered() {
    let folder = tempfile::tempdir().unwrap();
    let log = fs::read_to_string(format!("{SCENE}/logs/nginx-access.log")).unwrap();
    let cut: String = log.split_inclusive('\n').take(450).collect();
    fs::write(folder.path().join("nginx-access.log"), cut).unwrap();
    let report = report(&[folder.path()]);
    let open = rows(&report, "not-recovered");
    assert!(
        open.iter().any(|row| row.contains("no recovery is seen")),
        "{open:?}"
    );
}

#[test]
fn no_row_denies_what_is_said_of_its_incident() {
    let scenes = fs::read_dir("tests/scenes").unwrap();
    let mut seen = [0, 0];
    for scene in scenes.map(|scene| scene.unwrap().path()) {
        if !scene.is_dir() || scene.ends_with("make") {
            continue;
        }
        let report = whole_report(scan().arg("--full-timeline").arg(&scene));
        let with_state = |state: &str| -> Vec<String> {
            let incidents = report["incidents"].as_array().unwrap().iter();
            let own = incidents.filter(|incident| incident["recovery"]["state"] == state);
            let findings = own.flat_map(|incident| incident["findings"].as_array().unwrap());
            findings.map(|id| id.as_str().unwrap().to_owned()).collect()
        };
        let (over, open) = (with_state("recovered"), with_state("not-recovered"));
        for row in report["timeline"].as_array().unwrap() {
            let own = row["finding"].as_str().map(str::to_owned).unwrap_or_default();
            let what = row["what"].as_str().unwrap();
            if row["kind"] == "not-recovered" {
                seen[0] += 1;
                assert!(!over.contains(&own), "{}: {what}", scene.display());
            }
            if let Some((_, ended)) = what.split_once("not seen again after it: ") {
                seen[1] += 1;
                let ended = ended.split(", ").map(str::to_owned);
                assert!(
                    !ended.into_iter().any(|id| open.contains(&id)),
                    "{}: {what}",
                    scene.display()
                );
            }
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

/// Two logs of ten minutes, a line a second; the first one breaks once.
fn two_logs(folder: &Path, silent: std::ops::Range<u32>) {
    let stamp = |second: u32| format!("2026-11-23T10:{:02}:{:02}Z", second / 60, second % 60);
    let line = |second: u32| match second {
        200 | 201 => format!(
            "{} ERROR OSError: [Errno 28] No space left on device: '/data/x'\n",
            stamp(second)
        ),
        _ => format!(
            "{} INFO request {second} was served, with a text that is as long as usual here\n",
            stamp(second)
        ),
    };
    let app: String = (0..600).map(line).collect();
    let other: String = (0..600)
        .filter(|second| *second != 200 && *second != 201 && !silent.contains(second))
        .map(line)
        .collect();
    fs::write(folder.join("app.log"), app).unwrap();
    fs::write(folder.join("worker.log"), other).unwrap();
}

#[test]
fn a_log_that_is_silent_while_another_goes_on_is_told() {
    for (silent, kind) in [(0..0, ""), (220..420, "gap"), (350..600, "ends")] {
        let folder = tempfile::tempdir().unwrap();
        two_logs(folder.path(), silent);
        let report = report(&[folder.path()]);
        assert!(!report["incidents"].as_array().unwrap().is_empty());
        for known in ["gap", "ends"] {
            let found = rows(&report, known);
            assert_eq!(found.len(), usize::from(known == kind), "{kind}: {found:?}");
            assert!(found.iter().all(|row| row.contains("worker.log")), "{found:?}");
        }
    }
    let healthy = report(&[Path::new("sample-logs/healthy")]);
    assert!(rows(&healthy, "gap").is_empty() && rows(&healthy, "ends").is_empty());
}

#[test]
fn rows_that_tell_least_are_folded_and_shown_on_demand() {
    let folded = report(&[Path::new(SCENE)]);
    let whole = whole_report(scan().arg("--full-timeline").arg(SCENE));
    let count = |report: &Value| report["timeline"].as_array().unwrap().len() as u64;
    let left_out = folded["timeline_left_out"].as_u64().unwrap();
    assert!(count(&folded) <= 30 && left_out > 0);
    assert_eq!(count(&whole), count(&folded) + left_out);
    assert!(
        folded["timeline_note"]
            .as_str()
            .unwrap()
            .contains("--full-timeline")
    );
    assert_eq!(
        (
            whole["timeline_left_out"].as_u64(),
            whole["timeline_note"].as_str()
        ),
        (Some(0), Some(""))
    );
    let claims = folded["claims"].as_array().unwrap();
    assert!(claims.iter().any(|claim| claim["at"] == "/timeline_note"));
}
