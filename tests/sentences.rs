//! Every sentence that a Markdown report shows is a claim, and says so: text of the template that states a fact without
//! one does not pass.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/sentences.rs"]
mod held;

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::scan;
use held::{Document, uncovered};
use serde_json::Value;
use tempfile::TempDir;

/// Folders of logs whose reports are looked at.
fn logs() -> Vec<PathBuf> {
    let mut logs = Vec::new();
    for folder in ["sample-logs", "tests/scenes"] {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        logs.extend(entries.filter(|path| path.is_dir() && !path.ends_with("make")));
    }
    logs.sort();
    assert!(logs.len() >= 20, "{logs:?}");
    logs
}

/// The report as JSON, and as Markdown without what it carries.
fn both(logs: &[&Path], more: &[&str]) -> (Value, String) {
    let dir = TempDir::new().unwrap();
    let (json, markdown) = (dir.path().join("r.json"), dir.path().join("r.md"));
    let mut command = scan();
    command
        .args(["-q", "-o"])
        .arg(&json)
        .arg("-o")
        .arg(&markdown)
        .args(more)
        .args(logs);
    command.output().unwrap();
    let json = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    let markdown = fs::read_to_string(markdown).unwrap();
    let shown = markdown.split("<!-- incident-claims ").next().unwrap();
    (json, shown.to_owned())
}

#[test]
fn every_sentence_of_every_report_is_claimed_and_marked() {
    let mut wrong = Vec::new();
    for folder in logs() {
        let (json, markdown) = both(&[&folder], &[]);
        let document = Document::read(&markdown);
        let bad = uncovered(&markdown, &json).into_iter();
        let bad = bad.chain(unmarked(&markdown)).chain(misled(&document, &json));
        wrong.extend(bad.map(|text| format!("{}: {text}", folder.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let (json, markdown) = both(&[Path::new("sample-logs/node-cart-redis")], &["--full-timeline"]);
    assert_eq!(uncovered(&markdown, &json), Vec::<String>::new());
}

#[test]
fn empty_and_harmless_logs_state_nothing_unclaimed() {
    let dir = TempDir::new().unwrap();
    let log = dir.path().join("app.log");
    for text in ["", "2026-11-22T07:00:00Z INFO all is well\n"] {
        fs::write(&log, text).unwrap();
        let (json, markdown) = both(&[&log], &[]);
        assert_eq!(uncovered(&markdown, &json), Vec::<String>::new(), "{markdown}");
    }
}

#[test]
fn text_of_a_template_that_states_a_fact_is_refused() {
    let dir = TempDir::new().unwrap();
    let template = dir.path().join("own.tera");
    let logs = Path::new("sample-logs/port-taken");
    for (block, text) in [
        ("summary", "The database was slow."),
        ("blanks", "- Users lost {{ impact.failed_requests }} orders"),
        ("timeline", "### Nothing else happened"),
        (
            "coverage",
            "| Time (UTC) | Source | What | Line excerpt |\n|---|---|---|---|\n| 00:20:34 | `x` | It broke | `y` |",
        ),
    ] {
        let own = format!(
            "{{% extends \"postmortem.md.tera\" %}}{{% block {block} %}}\n{text}\n{{% endblock {block} %}}"
        );
        fs::write(&template, own).unwrap();
        let (json, markdown) = both(&[logs], &["--template", template.to_str().unwrap()]);
        assert_eq!(uncovered(&markdown, &json).len(), 1, "{text}");
    }
}

/// Without its claim, a sentence is not covered: the check does not pass by accident.
#[test]
fn a_sentence_whose_claim_is_gone_is_refused() {
    let (json, markdown) = both(&[Path::new("sample-logs/node-cart-redis")], &[]);
    assert_eq!(uncovered(&markdown, &json), Vec::<String>::new());
    for place in [
        "/summary/0",
        "/summary/1",
        "/summary/2",
        "/summary/4",
        &format!(
            "/next_actions/{}",
            json["next_actions"].as_array().unwrap().len() - 1
        ),
        "/incidents/0/severity",
        "/incidents/0/verdict",
        "/incidents/0/reasons/0",
        "/incidents/0/edges/0",
        "/impact/statements/0",
        "/impact/requests/0",
        "/timeline/0/what",
        "/timeline_note",
        "/stats",
        "/window",
        "/sources/0",
        "/blanks/0",
        "/assumptions/0",
    ] {
        let mut less = json.clone();
        let claims = less["claims"].as_array_mut().unwrap();
        let before = claims.len();
        claims.retain(|claim| claim["at"] != place);
        assert_eq!(claims.len() + 1, before, "{place}");
        assert!(!uncovered(&markdown, &less).is_empty(), "{place}");
    }
    let mut unlisted = json.clone();
    unlisted["incidents"][0]["edges"].as_array_mut().unwrap().pop();
    assert!(
        uncovered(&markdown, &unlisted)
            .iter()
            .any(|text| text.contains("-->"))
    );
}

/// What a mark names stands in the evidence list, with the line that the JSON report gives.
fn misled(document: &Document, report: &Value) -> Vec<String> {
    let mut listed = BTreeSet::new();
    for row in document.rows("Source | Records") {
        let records = row[1].split(", ");
        listed.extend(records.map(|record| (row[0].clone(), record.to_owned())));
    }
    let cited = report["cited"].as_array().unwrap().iter();
    let cited: BTreeSet<(String, String)> = cited
        .map(|one| {
            let record = format!("{}:{}", one["id"].as_str().unwrap(), one["line"]);
            (one["source"].as_str().unwrap().to_owned(), record)
        })
        .collect();
    let known = cited.iter().filter_map(|(_, record)| record.split(':').next());
    let known: BTreeSet<&str> = known.collect();
    let marks = document.marks();
    let unknown = marks
        .iter()
        .filter(|id| id.starts_with('E') && !known.contains(id.as_str()));
    let differing = listed
        .symmetric_difference(&cited)
        .map(|record| format!("{record:?}"));
    unknown.cloned().chain(differing).collect()
}

/// Lines of the first sections that have no mark, and are no blank.
fn unmarked(markdown: &str) -> Vec<String> {
    let mut out = Vec::new();
    for section in [
        "## Summary",
        "## Next actions",
        "## Impact",
        "Why this one:",
        "What led to what:",
    ] {
        let Some((_, rest)) = markdown.split_once(&format!("\n{section}\n")) else {
            continue;
        };
        let items = rest.lines().skip_while(|line| line.is_empty());
        let items = items.take_while(|line| line.starts_with("- ") || line.starts_with("  "));
        // A step of several blocks is marked in its first line.
        for line in items.filter(|line| line.starts_with("- ")) {
            let blank = ["_not known", "_Nothing follows", "does not prove"];
            if !blank.iter().any(|text| line.contains(text))
                && !line.trim_start_matches("- [ ]").contains(']')
            {
                out.push(line.to_owned());
            }
        }
    }
    out
}
