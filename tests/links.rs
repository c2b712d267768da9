//! What a page declares decides what may have caused what: how soon, and that equal claims decide nothing.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{finding, report, scan, whole_report};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with pages for two causes and a symptom; the first cause leads to the symptom as `leads_to` says.
fn pages(dir: &Path, leads_to: &str) {
    let page = |name: &str, role: &str, leads_to: &str| {
        let text = format!(
            "# {name}\n\n```toml signature\nseverity = \"high\"\nrole = \"{role}\"\nleads-to = [{leads_to}]\nseen-on = [\"test 1\"]\n\n\
             [match]\ncontains = \"the widget {name} is broken\"\n```\n\nMeaning.\n\n## Cause\n\nCause.\n\n## Impact\n\nImpact.\n\n\
             ## Fix\n\n1. Fix.\n\n## Verify\n\n1. Verify.\n\n## Prevent\n\n1. Prevent.\n\n## Examples\n\n## References\n\n- none\n"
        );
        fs::create_dir_all(dir.join("w")).unwrap();
        fs::write(dir.join(format!("w/{name}.md")), text).unwrap();
    };
    page("alpha", "cause", leads_to);
    page("beta", "cause", "\"w/gamma\"");
    page("delta", "cause", "\"w/gamma\"");
    page("gamma", "symptom", "");
}

/// Scans a log in which these widgets break, each at a second after ten o'clock.
fn broken(leads_to: &str, events: &[(u32, &str)]) -> Value {
    let dir = TempDir::new().unwrap();
    pages(&dir.path().join("pages"), leads_to);
    let line = |(second, name): &(u32, &str)| {
        let (hour, minute, second) = (10 + second / 3600, second / 60 % 60, second % 60);
        format!("2026-11-22T{hour}:{minute:02}:{second:02}Z ERROR the widget {name} is broken\n")
    };
    let log: String = events.iter().map(line).collect();
    fs::write(dir.path().join("app.log"), log).unwrap();
    whole_report(
        scan()
            .arg("--signatures")
            .arg(dir.path().join("pages"))
            .arg(dir.path().join("app.log")),
    )
}

fn edges(report: &Value) -> usize {
    let incidents = report["incidents"].as_array().unwrap().iter();
    incidents
        .map(|incident| incident["edges"].as_array().unwrap().len())
        .sum()
}

#[test]
fn a_page_says_how_soon_its_effect_follows() {
    for (leads_to, after, linked) in [
        ("\"w/gamma\"", 60, true),
        ("\"w/gamma\"", 900, false),
        ("{ to = \"w/gamma\", within = \"5s\" }", 4, true),
        ("{ to = \"w/gamma\", within = \"5s\" }", 60, false),
        ("{ to = \"w/*\", within = \"20m\" }", 900, true),
        ("{ to = \"w/*\", within = \"20m\" }", 1300, false),
        // The id counts before the glob.
        ("\"w/*\", { to = \"w/gamma\", within = \"5s\" }", 60, false),
    ] {
        let report = broken(leads_to, &[(0, "alpha"), (after, "gamma")]);
        assert_eq!(edges(&report), usize::from(linked), "{leads_to} after {after} s");
    }
}

#[test]
fn a_bound_is_written_as_a_span_of_time() {
    let dir = TempDir::new().unwrap();
    pages(dir.path(), "{ to = \"w/gamma\", within = \"soon\" }");
    let output = scan()
        .arg("--signatures")
        .arg(dir.path())
        .arg("Cargo.toml")
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("soon") && error.contains("alpha.md"), "{error}");
}

#[test]
fn another_side_of_the_first_candidate_is_not_the_one_that_equals_it() {
    let both = "alpha is broken, and the widget delta";
    let report = broken("\"w/gamma\"", &[(0, both), (0, "beta"), (1, "gamma")]);
    let incident = &report["incidents"][0];
    assert!(incident["root_cause"].is_null(), "{incident}");
    let candidates = incident["candidates"].as_array().unwrap();
    let id = |name: &str| finding(&report, &format!("w/{name}"))["id"].clone();
    let equal = candidates.iter().filter(|one| one["verdict"] == "equally-good");
    let equal: Vec<&Value> = equal.map(|one| &one["finding"]).collect();
    assert_eq!(equal, [&id("alpha"), &id("beta")], "{incident}");
    let named = format!(
        "{} and {} explain",
        id("alpha").as_str().unwrap(),
        id("beta").as_str().unwrap()
    );
    assert!(
        incident["reasons"][0].as_str().unwrap().starts_with(&named),
        "{incident}"
    );
}

#[test]
fn between_equal_causes_none_is_named() {
    let equal = broken("\"w/gamma\"", &[(0, "alpha"), (0, "beta"), (1, "gamma")]);
    let incident = &equal["incidents"][0];
    assert_eq!(incident["root_cause"], Value::Null, "{incident}");
    assert_eq!(incident["confidence"], "none");
    let candidates = incident["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 2);
    assert!(candidates.iter().all(|one| one["verdict"] == "equally-good"));
    let why = incident["reasons"][0].as_str().unwrap();
    for cause in ["w/alpha", "w/beta"] {
        assert!(
            why.contains(finding(&equal, cause)["id"].as_str().unwrap()),
            "{why}"
        );
    }
    assert!(why.contains("equally well"), "{why}");
    // Closeness in time decides.
    let nearer = broken("\"w/gamma\"", &[(0, "alpha"), (58, "beta"), (60, "gamma")]);
    let root = &nearer["incidents"][0]["root_cause"];
    assert_eq!(*root, finding(&nearer, "w/beta")["id"]);
}

/// Flask says it twice, with its port and without.
#[test]
fn one_failure_said_in_two_ways_is_one_finding() {
    let report = report(&[Path::new("tests/captures/bind-flask-3.1.txt")]);
    let findings = report["findings"].as_array().unwrap();
    let own = findings
        .iter()
        .filter(|finding| finding["signature"] == "net/address-in-use");
    assert_eq!(own.count(), 1, "{findings:?}");
    let taken = finding(&report, "net/address-in-use");
    assert_eq!(taken["count"], 2);
    assert_eq!(taken["captures"]["port"][0]["value"], "18000");
    assert_eq!(report["incidents"].as_array().unwrap().len(), 1);
}
