//! CRE rules: against the answers of their reference engine, and what is said about rules that are wrong.
//!
//! `tests/cre/probes.json` has rules, logs and what `preq` 0.1.37 made of them: the entries of each hit, or why it
//! refused the rule or the log.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
#[path = "../examples/cre_rules.rs"]
#[allow(dead_code, reason = "only its rules are wanted")]
mod cre_rules;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::{incident, scan, whole_report};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

#[derive(Deserialize)]
struct Probe {
    name: String,
    rule: String,
    log: String,
    /// The entries of each hit.
    hits: Option<Vec<Vec<String>>>,
    /// Why the reference refuses it.
    refused: Option<String>,
}

/// Where the answer differs on purpose: how many entries are found, and why.
const DIFFERENT: &[(&str, usize, &str)] = &[
    (
        "seq: out of order: noise@9 then A@5 B@6",
        2,
        "a line that is out of order is put in order, and not dropped",
    ),
    (
        "seq only [A x3], A every 100s, window 10s",
        0,
        "a sequence of one counted term keeps to its window",
    ),
    (
        "set [A x2] negate N: A N A",
        0,
        "what must not come is remembered from the first entry on",
    ),
    (
        "set [A x2, B] negate N: A N A B",
        0,
        "what must not come is remembered from the first entry on",
    ),
    (
        "no timestamps at all",
        1,
        "a log without times is read; only what asks for a window finds nothing",
    ),
];

/// A file with one rule for each condition: `CRE-TEST-1` and so on.
fn rules(conditions: &[&str]) -> String {
    let mut file = "rules:\n".to_owned();
    for (number, condition) in conditions.iter().enumerate() {
        let condition = condition.replace('\n', "\n      ");
        file += &format!(
            "  - metadata: {{id: 5UD1RZxGC5LJQnVmAkV11B}}\n    cre: {{id: CRE-TEST-{}, severity: 1, title: Probe}}\n    rule:\n      {condition}\n",
            number + 1
        );
    }
    file
}

/// The report of a log that only these rules are tried on, and standard error.
fn scanned(rules: &str, log: &str) -> (Value, String) {
    let dir = TempDir::new().unwrap();
    let (rule_file, log_file) = (dir.path().join("rules.yaml"), dir.path().join("app.log"));
    fs::write(&rule_file, rules).unwrap();
    fs::write(&log_file, log).unwrap();
    scanned_at(&rule_file, &log_file)
}

fn scanned_at(rules: &Path, logs: &Path) -> (Value, String) {
    let output = scan()
        .args(["--format", "json", "--signatures"])
        .arg(rules)
        .arg(logs)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 3)), "{stderr}");
    (serde_json::from_slice(&output.stdout).unwrap(), stderr)
}

fn of_rule<'a>(report: &'a Value, id: &str) -> Option<&'a Value> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .find(|finding| finding["signature"] == format!("cre/{id}"))
}

/// What is wrong with the answer to a probe, if anything.
fn difference(probe: &Probe, report: &Value, stderr: &str) -> Option<String> {
    let finding = of_rule(report, "CRE-TEST-1");
    let count = finding.map_or(0, |finding| finding["count"].as_u64().unwrap());
    if let Some((_, expected, _)) = DIFFERENT.iter().find(|(name, ..)| *name == probe.name) {
        return (count != *expected as u64).then(|| format!("{count} entries, expected {expected}"));
    }
    let Some(hits) = &probe.hits else {
        let refused = stderr.contains("rules.yaml:") && stderr.contains("left out");
        return (!refused).then(|| format!("not refused, but {:?}", probe.refused));
    };
    let entries: BTreeSet<&str> = hits.iter().flatten().map(String::as_str).collect();
    if count != entries.len() as u64 {
        return Some(format!("{count} entries, expected {entries:?}"));
    }
    let mut shown = finding
        .into_iter()
        .flat_map(|finding| finding["evidence"].as_array().unwrap());
    let wrong = shown.find(|evidence| {
        let line = evidence["text"].as_str().unwrap().replace('\n', "");
        !entries.iter().any(|entry| line.contains(entry.trim_end()))
    });
    wrong.map(|evidence| format!("{evidence} is not among {entries:?}"))
}

#[test]
fn rules_find_what_the_reference_finds() {
    let probes: Vec<Probe> =
        serde_json::from_str(&fs::read_to_string("tests/cre/probes.json").unwrap()).unwrap();
    assert!(probes.len() >= 67);
    for (name, ..) in DIFFERENT {
        assert!(probes.iter().any(|probe| probe.name == *name), "{name}");
    }
    let mut wrong = Vec::new();
    for probe in &probes {
        let (report, stderr) = scanned(&rules(&[&probe.rule]), &probe.log);
        wrong.extend(difference(probe, &report, &stderr).map(|what| format!("{}: {what}", probe.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The lines of a log, one second apart from midnight on.
fn log(lines: &[&str]) -> String {
    let line = |(second, line): (usize, &&str)| format!("2026-01-01 00:00:{second:02}.000 {line}\n");
    lines.iter().enumerate().map(line).collect()
}

fn count(report: &Value, id: &str) -> u64 {
    of_rule(report, id).map_or(0, |finding| finding["count"].as_u64().unwrap())
}

#[test]
fn a_rule_speaks_in_its_own_words_and_blames_nobody() {
    let rule = r##"
rules:
  - metadata: {id: 5UD1RZxGC5LJQnVmAkV11B, gen: 1}
    cre:
      id: CRE-2025-0001
      severity: 0
      title: The queue is full
      description: |
        Messages wait
        for too long.
      cause: "# Not a heading"
      mitigation: |
        Empty the queue.
        Add a consumer.
      references: ["https://example.com/queue"]
      tags: [restart, queue]
    rule:
      set:
        match:
          - value: queue is full
"##;
    let (report, _) = scanned(rule, &log(&["start", "queue is full", "end"]));
    let finding = of_rule(&report, "CRE-2025-0001").unwrap();
    assert_eq!(finding["title"], "The queue is full");
    assert_eq!(finding["severity"], "critical");
    assert_eq!(finding["role"], "symptom");
    assert_eq!(finding["meaning"], "Messages wait for too long.");
    assert_eq!(finding["cause"], "\\# Not a heading");
    assert_eq!(
        finding["fix"],
        serde_json::json!(["Empty the queue.", "Add a consumer."])
    );
    assert_eq!(
        finding["references"],
        serde_json::json!(["https://example.com/queue"])
    );
    assert_eq!(finding["evidence"][0]["line"], 2);
    assert_eq!(finding["first_seen"], "2026-01-01T00:00:01Z");
    assert!(
        report["incidents"]
            .as_array()
            .unwrap()
            .iter()
            .all(|incident| incident["root_cause"].is_null())
    );
}

#[test]
fn conditions_nest_across_logs() {
    let nested = rules(&["sequence:
  window: 10s
  order:
    - set: {event: {source: proxy}, match: [upstream failed]}
    - sequence: {event: {source: db}, window: 5s, order: [lock wait, lock lost]}"]);
    let dir = TempDir::new().unwrap();
    let rule_file = dir.path().join("rules.yaml");
    fs::write(&rule_file, &nested).unwrap();
    let logs = dir.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let db = log(&["start", "lock wait", "x", "lock lost"]);
    for (proxy, expected) in [
        (log(&["start", "upstream failed"]), 3),
        (log(&["start", "fine"]), 0),
        // The first comes after the second.
        (log(&["a", "b", "c", "d", "e", "upstream failed"]), 0),
    ] {
        fs::write(logs.join("db.log"), &db).unwrap();
        fs::write(logs.join("proxy.log"), &proxy).unwrap();
        assert_eq!(
            count(&scanned_at(&rule_file, &logs).0, "CRE-TEST-1"),
            expected,
            "{proxy}"
        );
    }
    // One log alone does not do, nor one of its leaves.
    assert_eq!(count(&scanned(&nested, &db).0, "CRE-TEST-1"), 0);
}

#[test]
fn correlated_entries_have_equal_values() {
    let rule = rules(&["sequence:\n  window: 10s\n  correlations: [pod]\n  order: [job began, job failed]"]);
    let line = |second, pod: &str, msg: &str| {
        format!("{{\"timestamp\":\"2026-01-01T00:00:0{second}Z\",\"pod\":\"{pod}\",\"msg\":\"{msg}\"}}\n")
    };
    let same = line(1, "a", "job began") + &line(2, "b", "x") + &line(3, "a", "job failed");
    assert_eq!(count(&scanned(&rule, &same).0, "CRE-TEST-1"), 2);
    let other = line(1, "a", "job began") + &line(3, "b", "job failed");
    assert_eq!(count(&scanned(&rule, &other).0, "CRE-TEST-1"), 0);
}

#[test]
fn named_terms_and_late_anchors_are_read() {
    let file = rules(&["sequence:
  window: 30s
  order: [began, step, ended]
  negate:
    - value: quiet
      anchor: 2
      window: 5s
      absolute: true"])
        + "terms:\n  began: {regex: 'job \\d+ began'}\n";
    let lines = ["job 1 began", "step", "ended", "x"];
    assert_eq!(count(&scanned(&file, &log(&lines)).0, "CRE-TEST-1"), 3);
    let quiet = [lines.as_slice(), &["quiet"]].concat();
    assert_eq!(count(&scanned(&file, &log(&quiet)).0, "CRE-TEST-1"), 0);
}

#[test]
fn a_bad_rule_is_named_and_left_out_and_the_others_run() {
    let file = rules(&[
        "set: {match: [first]}",
        "set: {match: [{regex: 'a(?!b)'}]}",
        "set: {match: [{value: a, regex: b}]}",
        "promql: up",
        "set: {window: 5 parsecs, match: [a, b]}",
        "set: {match: [{jq: '.a |'}]}",
        "set: {match: [second]}",
    ])
    .replacen("CRE-TEST-7", "CRE-TEST-1", 1);
    let (report, stderr) = scanned(&file, &log(&["first", "second"]));
    assert_eq!(count(&report, "CRE-TEST-1"), 1);
    let not_read = report["not_read"].as_array().unwrap();
    assert_eq!(not_read.len(), 6, "{not_read:?}");
    for (line, words) in [
        (":9: left out", "look-around"),
        (":13: left out", "this term asks for several things"),
        (":17: left out", "`promql` asks for metrics"),
        (":21: left out", "this is not a duration"),
        (":25: left out", "it is not a jq program"),
        ("left out", "cre/CRE-TEST-1 is there already"),
    ] {
        let told = |text: &str| {
            text.lines()
                .any(|told| told.contains(line) && told.contains(words))
        };
        assert!(told(&stderr), "{line} {words}\n{stderr}");
    }
}

#[test]
fn what_is_no_rule_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("sigma.yaml");
    let refused = |path: &Path, words: &str| {
        let output = scan()
            .arg("--signatures")
            .arg(path)
            .arg("Cargo.toml")
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(words), "{stderr}");
    };
    fs::write(
        &file,
        "title: x\nlogsource: {product: windows}\ndetection: {sel: {A: b}, condition: sel}\n",
    )
    .unwrap();
    refused(&file, "this is a Sigma rule");
    // Also if a folder has nothing else.
    refused(dir.path(), "this is a Sigma rule");
    fs::write(&file, "rules: [\n  {a: b\n").unwrap();
    refused(&file, "this is not YAML");
    fs::write(&file, "tags:\n  - name: x\n").unwrap();
    refused(&file, "this file has no CRE rules");
    fs::write(&file, "rules:\n  - &a [x]\n  - *a\n").unwrap();
    refused(&file, "aliases are not read");
    refused(
        Path::new("Cargo.toml"),
        "neither a folder of signature pages or CRE rules",
    );
}

#[test]
fn rules_without_a_literal_work_and_lint_says_that_they_are_slow() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("rules.yaml");
    fs::write(
        &file,
        rules(&["set: {match: [{regex: '\\d+ X'}]}", "set: {match: [quite long]}"]),
    )
    .unwrap();
    let output = incident()
        .args(["signatures", "lint"])
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        told.contains("rules.yaml:5") && told.contains("tried on every line"),
        "{told}"
    );
    assert!(told.contains("errors: 1"), "{told}");
    let shown = incident()
        .args(["signatures", "show", "cre/CRE-TEST-2", "--signatures"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains("match: [quite long]"));
}

/// Entries of several lines, formats that take something off, and blocks of any size.
#[test]
fn blocks_and_threads_change_nothing() {
    let dir = TempDir::new().unwrap();
    let rule_file = dir.path().join("rules.yaml");
    let conditions = [
        "set: {match: [{regex: 'Traceback.*ValueError'}]}",
        "sequence: {window: 20s, order: [Traceback, recovered]}",
        "set: {window: 10s, match: [{regex: '\\d O'}, recovered]}",
        "set: {match: [recovered], negate: [{value: Traceback, window: 30s, slide: -30s}]}",
    ];
    fs::write(&rule_file, rules(&conditions)).unwrap();
    let mut text = String::new();
    for at in 0..400 {
        let stamp = format!("2026-01-01 00:{:02}:{:02}.000", at / 60, at % 60);
        text += &match at % 7 {
            2 => format!(
                "{stamp} Traceback (most recent call last):\n  File \"a.py\", line {at}\nValueError: x\n"
            ),
            5 => format!("{stamp} recovered\n"),
            _ => format!("{stamp} {at} OK\n"),
        };
    }
    let log_file = dir.path().join("app.log");
    fs::write(&log_file, &text).unwrap();
    let report = |block: &str, threads: &str, map: &[&str]| {
        let mut command = scan();
        command
            .arg("--signatures")
            .arg(&rule_file)
            .args(["--block-size", block, "--threads", threads])
            .args(map);
        whole_report(command.arg(&log_file))
    };
    let expected = report("4194304", "1", &[]);
    for (number, found) in [(1, 57), (2, 114), (3, 114), (4, 0)] {
        assert_eq!(count(&expected, &format!("CRE-TEST-{number}")), found, "{number}");
    }
    for (block, threads) in [("64", "2"), ("1000", "3"), ("37", "1")] {
        assert_eq!(report(block, threads, &[]), expected, "{block}");
        assert_eq!(report(block, threads, &["--no-mmap"]), expected, "{block}");
    }
}

#[test]
fn as_many_rules_as_their_library_has_are_read() {
    let (report, stderr) = scanned(
        &cre_rules::rules(),
        &log(&["start", "Mnesia connection refused 3", "end"]),
    );
    assert!(!stderr.contains("left out"), "{stderr}");
    assert_eq!(report["not_read"].as_array().unwrap().len(), 0);
}
