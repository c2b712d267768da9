//! What a page declares decides what may have caused what: how soon, and that equal claims decide nothing.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{finding, report, scan, whole_report};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with pages for three causes and a symptom; the first cause leads to the symptom as `leads_to` says.
fn pages(dir: &Path, leads_to: &str) {
    let broken = |name: &str, role: &str, leads_to: &str| {
        let header = format!("role = \"{role}\"\nleads-to = [{leads_to}]");
        page(
            dir,
            name,
            &header,
            &format!("contains = \"the widget {name} is broken\""),
        );
    };
    broken("alpha", "cause", leads_to);
    broken("beta", "cause", "\"w/gamma\"");
    broken("delta", "cause", "\"w/gamma\"");
    broken("gamma", "symptom", "");
}

fn page(dir: &Path, name: &str, header: &str, matches: &str) {
    let text = format!(
        "# {name}\n\n```toml signature\nseverity = \"high\"\n{header}\nseen-on = [\"test 1\"]\n\n\
         [match]\n{matches}\n```\n\nMeaning.\n\n## Cause\n\nCause.\n\n## Impact\n\nImpact.\n\n\
         ## Fix\n\n1. Fix.\n\n## Verify\n\n1. Verify.\n\n## Prevent\n\n1. Prevent.\n\n## Examples\n\n## References\n\n- none\n"
    );
    fs::create_dir_all(dir.join("w")).unwrap();
    fs::write(dir.join(format!("w/{name}.md")), text).unwrap();
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
    scanned(dir.path(), &log)
}

/// Scans a log by the pages in the folder `pages` of `dir`.
fn scanned(dir: &Path, log: &str) -> Value {
    let path = dir.join("app.log");
    fs::write(&path, log).unwrap();
    whole_report(scan().arg("--signatures").arg(dir.join("pages")).arg(path))
}

fn edges(report: &Value) -> Vec<&Value> {
    let incidents = report["incidents"].as_array().unwrap().iter();
    let edges = incidents.flat_map(|incident| incident["edges"].as_array().unwrap());
    edges.collect()
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
        assert_eq!(
            edges(&report).len(),
            usize::from(linked),
            "{leads_to} after {after} s"
        );
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

/// That a page says so confirms nothing: a time or a shared key does.
#[test]
fn what_nothing_confirms_may_have_led_to_it() {
    let dir = TempDir::new().unwrap();
    pages(&dir.path().join("pages"), "\"w/gamma\"");
    let said = |log: &str| {
        let report = scanned(dir.path(), log);
        let mut claims = report["claims"].as_array().unwrap().iter();
        let link = claims
            .find(|claim| claim["at"] == "/incidents/0/edges/0")
            .unwrap();
        link["text"].as_str().unwrap().to_owned()
    };
    let undated = said("the widget alpha is broken\nthe widget gamma is broken\n");
    assert!(undated.starts_with("F1 may have led to F2: "), "{undated}");
    let dated = said(
        "2026-11-28T07:00:00Z the widget alpha is broken\n2026-11-28T07:00:01Z the widget gamma is broken\n",
    );
    assert!(dated.starts_with("F1 led to F2: "), "{dated}");
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

/// A watchdog tells of a failure after its effects: that is believed of what names the same thing.
#[test]
fn a_record_that_is_written_late_explains_what_it_names() {
    let dir = TempDir::new().unwrap();
    let pages = dir.path().join("pages");
    let names_port = |what: &str| format!("regex = 'the {what} of (?P<port>\\d+) is stuck'");
    let watchdog = "role = \"cause\"\nleads-to = [\"w/answer\"]\nlate = \"1m\"";
    page(&pages, "watchdog", watchdog, &names_port("worker"));
    page(&pages, "answer", "role = \"symptom\"", &names_port("answer"));
    let because = |late: u32, port: u32| {
        let log = format!(
            "2026-11-22T10:00:00Z ERROR the answer of 7001 is stuck\n\
             2026-11-22T10:{:02}:{:02}Z ERROR the worker of {port} is stuck\n",
            late / 60,
            late % 60
        );
        let report = scanned(dir.path(), &log);
        let edge = edges(&report).into_iter().next();
        edge.map(|edge| edge["because"].as_str().unwrap().to_owned())
    };
    let linked = because(40, 7001).unwrap();
    assert!(
        linked.contains("seen 40 s before: the record of the cause is written late"),
        "{linked}"
    );
    assert_eq!((because(70, 7001), because(40, 7002)), (None, None));
}

/// What was over and shares nothing gives way to a cause that shares a key.
#[test]
fn a_stranger_that_was_over_explains_nothing_that_another_names() {
    let dir = TempDir::new().unwrap();
    let pages = dir.path().join("pages");
    let leads = "role = \"cause\"\nleads-to = [\"w/answer\"]";
    page(&pages, "stranger", leads, "contains = \"the lamp is broken\"");
    page(
        &pages,
        "worker",
        leads,
        "regex = 'the worker of (?P<port>\\d+) is stuck'",
    );
    page(
        &pages,
        "answer",
        "role = \"symptom\"",
        "regex = 'the answer of (?P<port>\\d+) is stuck'",
    );
    let causes = |lamp: u32, port: u32| -> Vec<String> {
        let log = format!(
            "2026-11-22T10:00:{lamp:02}Z ERROR the lamp is broken\n\
             2026-11-22T10:00:58Z ERROR the worker of {port} is stuck\n\
             2026-11-22T10:00:59Z ERROR the answer of 7001 is stuck\n"
        );
        let report = scanned(dir.path(), &log);
        let of = |id: &Value| {
            let all = report["findings"].as_array().unwrap();
            all.iter().find(|finding| finding["id"] == *id).unwrap()["signature"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let edges = edges(&report).into_iter();
        edges.map(|edge| of(&edge["from"])).collect()
    };
    assert_eq!(causes(10, 7001), ["w/worker"]);
    assert_eq!(causes(50, 7001).len(), 2, "it was not over");
    assert_eq!(causes(10, 7002).len(), 2, "neither shares a key");
}
