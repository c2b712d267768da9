//! What the report counts: requests, restarts, downtime, recovery.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use incident::record::time::Zone;
use incident::signature::Library;
use incident::{Options, Silent, scan_logs};
use serde_json::{Value, json};
use tempfile::TempDir;

/// 2026-12-01T00:00:00Z.
const NOW: i64 = 1_796_083_200_000_000_000;

fn scanned(paths: &[&Path], change: impl Fn(&mut Options)) -> Value {
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    let mut options = Options::new(paths, NOW);
    options.zone = Zone::Utc;
    change(&mut options);
    let report = scan_logs(&options, &Library::embedded().unwrap(), &Silent).unwrap();
    serde_json::to_value(report).unwrap()
}

fn of_text(name: &str, text: &str) -> Value {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, text).unwrap();
    scanned(&[&path], |_| {})
}

/// Lines of every style of the table that states a failed request (nginx, Apache, HAProxy, Squid, Envoy, IIS, AWS, gin, morgan,
/// uvicorn, Django, Rails, JSON, logfmt ...) count, with any status that servers and proxies fail with.
#[test]
fn failed_requests_of_every_style_count() {
    let table: toml::Value =
        toml::from_str(&fs::read_to_string("tests/formats/styles.toml").unwrap()).unwrap();
    for other in ["500", "501", "502", "503", "504", "507", "521", "524", "599"] {
        let dir = TempDir::new().unwrap();
        let mut lines = BTreeMap::new();
        for style in table["style"].as_array().unwrap() {
            let text = |key: &str| style[key].as_str().unwrap();
            let http = style.get("also").and_then(|also| also.get("http"));
            let status = http.and_then(|http| http.as_str()?.rsplit(' ').next());
            let Some(status) = status.filter(|status| status.starts_with('5')) else {
                continue;
            };
            if other > "504" && text("format") == "squid" {
                continue;
            }
            let name = char::from(b'a' + u8::try_from(lines.len()).unwrap());
            let line = text("line").replace(status, other);
            fs::write(dir.path().join(format!("{name}.log")), format!("{line}\n")).unwrap();
            lines.insert(format!("{name}.log"), line);
        }
        assert!(lines.len() >= 17, "{}", lines.len());
        let report = scanned(&[dir.path()], |_| {});
        let rows = report["impact"]["requests"].as_array().unwrap();
        for row in rows {
            assert_eq!(
                (&row["count"], row["status"].to_string()),
                (&json!(1), other.to_owned()),
                "{row}"
            );
            let source = row["source"].as_str().unwrap();
            let name = Path::new(source).file_name().unwrap().to_str().unwrap();
            lines.remove(name);
        }
        assert!(lines.is_empty(), "with {other} not counted: {lines:#?}");
    }
}

/// Sizes, ports and counts are no statuses.
#[test]
fn other_numbers_are_no_failed_requests() {
    for line in [
        r#"203.0.113.9 - - [28/Nov/2026:07:03:26 +0000] "GET /a HTTP/1.1" 200 502 "-" "-""#,
        r#"203.0.113.9 - - [28/Nov/2026:07:03:26 +0000] "GET /a HTTP/1.1" 404 500 "-" "curl 503 x""#,
        "2026-11-28 07:03:26,100 INFO app: wrote 500 rows of 503 to port 504 now",
        r#"{"time":"2026-11-28T07:03:26Z","method":"GET","path":"/a","status":200,"bytes":500}"#,
    ] {
        let report = of_text("x", &format!("{line}\n"));
        assert_eq!(report["impact"]["failed_requests"], json!(0), "{line}");
    }
}
