//! The library that is part of the program, and what is said about pages that are wrong.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;

use common::incident;
use incident::signature::Library;
use tempfile::TempDir;

fn out(args: &[&str]) -> (i32, String) {
    let output = incident().args(args).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), text)
}

#[test]
fn every_embedded_page_is_complete_and_safe() {
    let (code, text) = out(&["signatures", "lint"]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn every_embedded_page_passes_its_own_examples() {
    let (code, text) = out(&["signatures", "test"]);
    assert_eq!(code, 0, "{text}");
}

/// What every page must show, at the least: a capture or a documented form, a second variant, two near misses.
#[test]
fn every_page_is_proved_by_two_variants_and_two_near_misses() {
    let library = Library::embedded().unwrap();
    let thin: Vec<String> = library
        .signatures()
        .iter()
        // It takes several logs to show a silent one: `tests/silence.rs`.
        .filter(|signature| signature.condition.silent_log.is_none())
        .filter_map(|signature| {
            let fences = |kind: &str| -> Vec<&str> {
                let lines = signature.page.lines();
                lines.filter_map(|line| line.strip_prefix(kind)).collect()
            };
            let (matches, misses) = (fences("```log match"), fences("```log no-match"));
            let proved = matches
                .iter()
                .any(|info| info.starts_with(" captured") || info.starts_with(" documented"));
            let enough = matches.len() >= 2 && misses.len() >= 2 && proved && !signature.seen_on.is_empty();
            (!enough).then(|| format!("{}: {} and {}", signature.id, matches.len(), misses.len()))
        })
        .collect();
    assert!(thin.is_empty(), "{thin:#?}");
}

#[test]
fn the_library_is_listed_and_shown() {
    let (code, text) = out(&["signatures", "list", "--select", "python/bcrypt-*"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
    let (code, text) = out(&["signatures", "show", "net/address-in-use"]);
    assert_eq!(code, 0);
    assert!(text.starts_with("# Address already in use\n"), "{text}");
}

#[test]
fn a_selection_that_names_nothing_is_a_mistake() {
    let (code, text) = out(&["signatures", "list", "--select", "python/bcript"]);
    assert_eq!(code, 2);
    assert!(text.contains("no signature is called 'python/bcript'"), "{text}");
}

/// A page that is right but for what a test changes.
const PAGE: &str = r#"# Widget overflow

```toml signature
severity = "high"
role = "cause"
seen-on = ["widgetd 1.0"]

[match]
regex = 'widget (?P<name>\w+) overflowed its tray'
```

A widget fell out of its tray.

## Cause

The tray is too small.

## Impact

Widgets on the floor.

## Fix

1. Look at `widgetctl show '{{name}}'`.

## Verify

- `widgetctl count` prints 0.

## Prevent

- Larger trays.

## Examples

```log match documented name=blue
2026-01-01 00:00:00,000 ERROR widget blue overflowed its tray
```

```log no-match
2026-01-01 00:00:00,000 INFO widget trays were emptied
```

## References

- widgetd(8)
"#;

fn folder(page: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("widget")).unwrap();
    fs::write(dir.path().join("widget/overflow.md"), page).unwrap();
    dir
}

fn check(action: &str, page: &str) -> (i32, String) {
    let dir = folder(page);
    let (code, text) = out(&["signatures", action, dir.path().to_str().unwrap()]);
    (code, text.replace(dir.path().to_str().unwrap(), "DIR"))
}

#[test]
fn a_page_of_ones_own_is_checked_tested_and_used() {
    assert_eq!(check("lint", PAGE), (0, "1 pages are complete\n".to_owned()));
    assert_eq!(
        check("test", PAGE),
        (0, "2 examples of 1 pages passed\n".to_owned())
    );
    let dir = folder(PAGE);
    let output = common::scan()
        .args(["--quiet", "--format", "json", "--signatures"])
        .arg(dir.path())
        .arg("-")
        .write_stdin("Jan  2 03:04:05 host widgetd[7]: widget red overflowed its tray\n")
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = common::finding(&report, "widget/overflow");
    assert_eq!(finding["captures"]["name"][0]["value"], "red");
    assert_eq!(finding["fix"][0], "Look at `widgetctl show 'red'`.");
    assert_eq!(finding["services"][0], "widgetd");
}

/// Such conditions cost time on every line; `lint` says so.
#[test]
fn a_condition_without_a_literal_is_tried_on_every_line() {
    for (condition, line) in [
        (
            r"regex = '^\w+ \d{3}-\d{4}$'",
            "Jan  2 03:04:05 host widgetd[7]: calls 555-0199\r",
        ),
        (
            r"regex = '(?s)\d{3}-\d{4}.*\d{3}-\d{4}'",
            "2026-01-01 00:00:00 ERROR calls\n    555-0199\n    555-0100",
        ),
        (
            r"regex = '\d{3}-\d{4}'",
            r#"{"time":"2026-01-01T00:00:00Z","msg":"\u0035\u0035\u0035-0199"}"#,
        ),
        (
            "status = 418",
            r#"1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 418 12 "-" "-""#,
        ),
        ("service = 'widgetd'", "Jan  2 03:04:05 host widgetd[7]: x"),
    ] {
        let dir = folder(&PAGE.replace(r"regex = 'widget (?P<name>\w+) overflowed its tray'", condition));
        let output = common::scan()
            .args(["--quiet", "--format", "json", "--signatures"])
            .arg(dir.path())
            .arg("-")
            .write_stdin(format!(
                "2026-01-01 00:00:00 INFO nothing\n{line}\n2026-01-01 00:00:01 INFO nothing\n"
            ))
            .output()
            .unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["stats"]["slow_signatures"], 1, "{condition}: {report:#}");
        let found = report["findings"].as_array().unwrap();
        assert_eq!(found.len(), 1, "{condition}: {report:#}");
    }
}

/// The text of a JSON line has its message and its error in lines of their own, which its bytes have not.
#[test]
fn a_condition_may_span_the_parts_of_a_json_line() {
    let line = r#"{"time":"2026-01-01T00:00:00Z","level":"error","msg":"widget red overflowed","error":"its tray is small"}"#;
    for condition in [
        r"regex = 'widget \w+ overflowed\s+its tray is small'",
        r#"contains = "overflowed\nits tray""#,
        r#"any = [{ contains = "overflowed\nits tray" }, { regex = '\d{3}-\d{4}' }]"#,
    ] {
        let dir = folder(&PAGE.replace(r"regex = 'widget (?P<name>\w+) overflowed its tray'", condition));
        let output = common::scan()
            .args(["--quiet", "--format", "json", "--signatures"])
            .arg(dir.path())
            .arg("-")
            .write_stdin(format!("{line}\n{line}\n"))
            .output()
            .unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["findings"].as_array().unwrap().len(), 1, "{condition}");
    }
}

#[test]
fn mistakes_in_a_page_are_underlined() {
    let wrong = [
        ("severity = \"high\"", "severty = \"high\""),
        ("severity = \"high\"", "severity = \"awful\""),
        ("(?P<name>\\w+)", "(?P<name>\\w+"),
        ("widget (?P<name>\\w+) overflowed its tray", "\\w+ \\d+"),
        ("`widgetctl show '{{name}}'`", "`widgetctl show '{{colour}}'`"),
        ("`widgetctl show '{{name}}'`", "`pip install widget>=2`"),
        ("`widgetctl show '{{name}}'`", "`lsof -ti:8000 | xargs kill -9`"),
        ("## Verify", "## Proof"),
        (
            "seen-on = [\"widgetd 1.0\"]",
            "seen-on = [\"widgetd 1.0\"]\nleads-to = [\"widgets/*\"]",
        ),
        (
            "[match]",
            "[match]\ncount = { at-least = 5, within = \"5 minutes\" }",
        ),
    ];
    let mut all = String::new();
    for (right, broken) in wrong {
        let page = PAGE.replacen(right, broken, 1);
        assert_ne!(page, PAGE);
        let (code, text) = check("lint", &page);
        assert_eq!(code, 1, "{text}");
        all += &text;
        all.push('\n');
    }
    insta::assert_snapshot!(all);
}

#[test]
fn an_example_that_does_not_hold_is_pointed_at() {
    let (code, text) = check("test", &PAGE.replace("name=blue", "name=green"));
    assert_eq!(code, 1);
    assert!(
        text.contains("'name' should capture 'green' and captured 'blue'"),
        "{text}"
    );
    let (code, text) = check(
        "test",
        &PAGE.replace(
            "INFO widget trays were emptied",
            "INFO widget x overflowed its tray",
        ),
    );
    assert_eq!(code, 1);
    assert!(
        text.contains("widget/overflow was found where it must not be"),
        "{text}"
    );
}

#[test]
fn a_bad_page_stops_the_scan_with_its_place() {
    let dir = folder(&PAGE.replace("severity = \"high\"", "severity = \"awful\""));
    let output = common::scan()
        .arg("--signatures")
        .arg(dir.path())
        .arg("-")
        .write_stdin("x\n")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("overflow.md:4"), "{text}");
}

/// The names that the program expects in place of `mistake`, as its message lists them.
fn expected(page: &str, mistake: &str) -> Vec<String> {
    let (code, text) = check("lint", page);
    assert_eq!(code, 1, "{text}");
    let list = text.split_once(&format!("`{mistake}`, expected ")).unwrap().1;
    let list = list.lines().next().unwrap();
    let mut names: Vec<String> = list.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    names.sort();
    names
}

/// The schema is written by hand; the program says what it reads.
#[test]
fn the_schema_for_editors_knows_what_the_program_reads() {
    let schema = fs::read_to_string("docs/signature.schema.json").unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let over_time = "/$defs/match/properties";
    for (place, right, mistake) in [
        ("/properties", "role = ", "oops = "),
        ("/$defs/match/properties", "regex = ", "oops = 1\nregex = "),
        (
            "/$defs/test/properties",
            "regex = ",
            "not = { oops = 1 }\nregex = ",
        ),
        (
            &format!("{over_time}/count/properties"),
            "regex = ",
            "count = { oops = 1 }\nregex = ",
        ),
        (
            &format!("{over_time}/sequence/properties"),
            "regex = ",
            "sequence = { oops = 1 }\nregex = ",
        ),
        (
            &format!("{over_time}/missing/properties"),
            "regex = ",
            "missing = { oops = 1 }\nregex = ",
        ),
        (
            &format!("{over_time}/silent-log/properties"),
            "regex = ",
            "silent-log = { oops = 1 }\nregex = ",
        ),
        ("/properties/severity/enum", "\"high\"", "\"oops\""),
        ("/properties/role/enum", "\"cause\"", "\"oops\""),
    ] {
        let here = schema.pointer(place).unwrap();
        let mut known: Vec<String> = match here {
            serde_json::Value::Object(properties) => properties.keys().cloned().collect(),
            names => serde_json::from_value(names.clone()).unwrap(),
        };
        known.sort();
        let page = PAGE.replacen(right, mistake, 1);
        assert_eq!(known, expected(&page, "oops"), "{place}");
    }
}

#[test]
fn a_new_page_says_what_is_left_to_write() {
    let dir = TempDir::new().unwrap();
    let at = dir.path().to_str().unwrap();
    let (code, text) = out(&["signatures", "new", "widget/overflow", "--dir", at]);
    assert_eq!(code, 0, "{text}");
    let file = dir.path().join("widget/overflow.md");
    let page = fs::read_to_string(&file).unwrap();
    let (code, text) = out(&["signatures", "lint", at]);
    assert_eq!(code, 1);
    let left = text.matches("this part of the page is not written yet").count();
    assert_eq!(left, page.matches("TODO:").count());
    // It is never written over.
    fs::write(&file, PAGE).unwrap();
    let (code, text) = out(&["signatures", "new", "widget/overflow", "--dir", at]);
    assert_eq!(code, 2);
    assert!(text.contains("overflow.md: the page cannot be written"), "{text}");
    assert_eq!(fs::read_to_string(&file).unwrap(), PAGE);
    for id in [
        "overflow",
        "../overflow",
        "widget/../../x",
        "Widget/x",
        "a/b/c",
        "/x",
    ] {
        let (code, text) = out(&["signatures", "new", id, "--dir", at]);
        assert_eq!(code, 2);
        assert!(text.contains("is not an id"), "{id}: {text}");
    }
}

/// It is written with
/// `cargo run -- signatures list --format markdown > docs/signatures.md`.
#[test]
fn the_index_of_signatures_is_current() {
    let (_, index) = out(&["signatures", "list", "--format", "markdown"]);
    let kept = fs::read_to_string("docs/signatures.md").unwrap();
    assert!(
        index == kept,
        "docs/signatures.md is old: cargo run -- signatures list --format markdown > docs/signatures.md"
    );
}
