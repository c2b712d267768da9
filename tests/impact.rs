//! What the report counts: requests, restarts, downtime, recovery.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{scan, whole_report};
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

/// An application that refuses connections at 06:45:00, as nginx tells it.
const REFUSED: &str = "2026/11/28 06:45:00 [error] 8490#8490: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, server: , request: \"GET /orders?x=1 HTTP/1.1\", upstream: \"http://127.0.0.1:18999/orders?x=1\", host: \"127.0.0.1:18484\"\n";

/// All requests about an incident are counted by status class, whatever the style of the log. Each log has one of each of
/// three statuses, within minutes of 06:45.
#[test]
fn all_requests_of_every_style_are_counted() {
    let table: toml::Value =
        toml::from_str(&fs::read_to_string("tests/formats/styles.toml").unwrap()).unwrap();
    let mut logs = 0;
    for style in table["style"].as_array().unwrap() {
        let http = style.get("also").and_then(|also| also.get("http"));
        let status = http.and_then(|http| http.as_str()?.rsplit(' ').next());
        let line = style["line"].as_str().unwrap();
        let Some(status) = status.filter(|status| status.starts_with('5')) else {
            continue;
        };
        logs += 1;
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("error.log"), REFUSED.repeat(3)).unwrap();
        let text: String = ["500", "404", "201"]
            .map(|other| line.replace(status, other) + "\n")
            .concat();
        fs::write(dir.path().join("x.log"), text).unwrap();
        let report = scanned(&[dir.path()], |_| {});
        let impact = &report["impact"];
        assert_eq!(impact["not_counted"], json!([]), "{line}");
        let traffic = impact["traffic"].as_array().unwrap();
        let phases = traffic
            .iter()
            .flat_map(|row| ["before", "during", "after"].map(|phase| &row[phase]));
        let counts = phases.chain(impact["undated"].as_array().unwrap());
        let mut sum: BTreeMap<String, u64> = BTreeMap::new();
        for class in counts.filter_map(|count| count["by_class"].as_object()) {
            for (name, count) in class {
                *sum.entry(name.clone()).or_default() += count.as_u64().unwrap();
            }
        }
        let expected = ["2xx", "4xx", "5xx"].map(|class| (class.to_owned(), 1));
        assert_eq!(sum, BTreeMap::from(expected), "{line}");
    }
    assert!(logs >= 17, "{logs}");
}

fn scene(name: &str, change: impl Fn(&mut Options)) -> Value {
    scanned(&[&Path::new("tests/scenes").join(name)], change)
}

/// `grep -c '" 502 ' nginx-access.log` gives 120, all from 07:10:19 to 07:10:49; `grep -c ''` gives 341, of which 172 come
/// before (160 with 2xx, 12 with 4xx), 49 after (46 and 3). `grep -c '07:09:'` gives 84, `07:10:` 253, `07:11:` 4.
#[test]
fn requests_are_counted_before_during_and_after() {
    let report = scene("proxy-only", |_| {});
    let impact = &report["impact"];
    assert_eq!(impact["failed_requests"], 120);
    assert_eq!(impact["failed_by_class"], json!({"5xx": 120}));
    let [row] = impact["traffic"].as_array().unwrap().as_slice() else {
        panic!("{}", impact["traffic"]);
    };
    let classes = |phase: &str| row[phase]["by_class"].clone();
    assert_eq!(classes("before"), json!({"2xx": 160, "4xx": 12}));
    assert_eq!(classes("during"), json!({"5xx": 120}));
    assert_eq!(classes("after"), json!({"2xx": 46, "4xx": 3}));
    assert_eq!(row["during"]["from"], "2026-11-28T07:10:19Z");
    let minutes = row["minutes"].as_array().unwrap();
    let minutes: Vec<(&str, u64)> = minutes
        .iter()
        .map(|minute| {
            (
                &minute["from"].as_str().unwrap()[11..16],
                minute["requests"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(minutes, [("07:09", 84), ("07:10", 253), ("07:11", 4)]);
    // `grep '" 502 ' | grep -c '"GET /products/'` gives 46, and 38 with `"POST /orders `.
    let failed = |place: usize| {
        let row = &row["endpoints"][place];
        (
            row["endpoint"].as_str().unwrap().to_owned(),
            row["during"]["failed"].clone(),
        )
    };
    assert_eq!(failed(0), ("GET /products/{id}".to_owned(), json!(46)));
    assert_eq!(failed(1), ("POST /orders".to_owned(), json!(38)));
    let failed: u64 = impact["failed_by_minute"]
        .as_array()
        .unwrap()
        .iter()
        .map(|minute| minute["count"].as_u64().unwrap())
        .sum();
    assert_eq!(failed, 120);
    let recovery = &report["incidents"][0]["recovery"];
    assert_eq!(
        (&recovery["state"], &recovery["seconds"]),
        (&json!("recovered"), &json!(30.0))
    );
    assert!(
        recovery["text"]
            .as_str()
            .unwrap()
            .contains("none of the 49 requests since then in"),
        "{recovery}"
    );
}

/// Blocks, threads and the way of reading do not matter, and pieces of a rotated log count as one.
#[test]
fn counts_do_not_depend_on_how_logs_are_read() {
    for name in ["proxy-only", "killed-by-hand", "haproxy-disk-full"] {
        let whole = scene(name, |_| {});
        let cut = scene(name, |options| {
            options.block_size = 777;
            options.threads = 3;
            options.map_files = false;
        });
        assert_eq!(whole["impact"], cut["impact"], "{name}");
        assert_eq!(whole["incidents"], cut["incidents"], "{name}");
    }
    let text = fs::read_to_string("tests/scenes/proxy-only/nginx-access.log").unwrap();
    let dir = TempDir::new().unwrap();
    let copy = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    copy(
        "nginx-error.log",
        &fs::read_to_string("tests/scenes/proxy-only/nginx-error.log").unwrap(),
    );
    let half = text.match_indices('\n').nth(200).unwrap().0 + 1;
    copy("nginx-access.log.1", &text[..half]);
    copy("nginx-access.log", &text[half..]);
    let rotated = scanned(&[dir.path()], |_| {});
    let whole = scene("proxy-only", |_| {});
    let counts = |report: &Value| {
        let row = &report["impact"]["traffic"][0];
        let phases = ["before", "during", "after"].map(|phase| row[phase]["by_class"].clone());
        (phases, row["minutes"].clone(), row["endpoints"].clone())
    };
    assert_eq!(counts(&rotated), counts(&whole));
}

/// What cannot be read twice has no total, and says so.
#[test]
fn standard_input_has_no_total() {
    let mut command = scan();
    command.arg("-").arg("tests/scenes/proxy-only/nginx-error.log");
    command.write_stdin(fs::read("tests/scenes/proxy-only/nginx-access.log").unwrap());
    let report = whole_report(&mut command);
    let impact = &report["impact"];
    assert_eq!(impact["failed_requests"], 120);
    assert_eq!(impact["traffic"], json!([]));
    assert_eq!(
        impact["not_counted"],
        json!([{"source": "-", "reason": "it cannot be read twice"}])
    );
}

/// The proxy's log with only the first of its failed requests, within a program's log: beyond 10,000 lines it is not read twice.
#[test]
fn requests_of_a_log_that_is_hardly_about_them_are_not_counted() {
    let access = fs::read_to_string("tests/scenes/proxy-only/nginx-access.log").unwrap();
    let mut failed = 0;
    let kept = access.lines().filter(|line| {
        failed += usize::from(line.contains("\" 502 "));
        failed < 2 || !line.contains("\" 502 ")
    });
    let access = kept.collect::<Vec<_>>().join("\n") + "\n";
    let report_of = |lines: usize| {
        let dir = TempDir::new().unwrap();
        let other = "2026-11-22 07:09:00 INFO worker: batch 17 done\n".repeat(lines - access.lines().count());
        fs::write(dir.path().join("all.log"), other + &access).unwrap();
        let error = Path::new("tests/scenes/proxy-only/nginx-error.log");
        fs::copy(error, dir.path().join("nginx-error.log")).unwrap();
        scanned(&[dir.path()], |_| {})
    };
    let (counted, not_counted) = (report_of(10_000), report_of(10_001));
    assert_eq!(counted["impact"]["failed_requests"], 1);
    assert_eq!(counted["impact"]["not_counted"], json!([]));
    let traffic = &counted["impact"]["traffic"][0];
    assert_eq!(traffic["during"]["failed"], 1, "{traffic}");
    assert_eq!(not_counted["impact"]["failed_requests"], 1);
    assert_eq!(not_counted["impact"]["traffic"], json!([]));
    let reason = "fewer than one in 10,000 of its lines is a failed request, so it was not read twice";
    assert_eq!(not_counted["impact"]["not_counted"][0]["reason"], reason);
}

/// `grep -c 'exited: shop' supervisord.log` gives 6, each followed by `Listening at` in shop.log and by RUNNING: 03.471 to 04,
/// 08.807 to 09, 14.406 to 16, 20.210 to 21, 25.183 to 26 and 30.653 to 32.
#[test]
fn downtime_goes_from_a_death_to_the_return() {
    let report = scene("killed-by-hand", |_| {});
    let downtime = report["impact"]["downtime"].as_array().unwrap();
    let shop = downtime.iter().find(|row| row["service"] == "shop").unwrap();
    assert_eq!((&shop["exits"], &shop["seconds"]), (&json!(6), &json!(5.27)));
    let stretches = shop["stretches"].as_array().unwrap();
    let died = stretches.iter().filter(|stretch| stretch["exits"] != 0);
    let seconds: Vec<f64> = died.map(|stretch| stretch["seconds"].as_f64().unwrap()).collect();
    assert_eq!(seconds, [0.529, 0.193, 1.594, 0.79, 0.817, 1.347]);
    assert_eq!(report["impact"]["restarts"]["shop"], 6);
    assert_eq!(report["incidents"][0]["recovery"]["state"], "recovered");
}

/// The application cannot start after a deploy: it listens, dies, and is started again, nine times (`grep -c 'exited: shop'` gives
/// 10, one of which at a stop), from its stop at 07:06:38 until the old release is RUNNING at 07:07:14.
#[test]
fn failed_restarts_are_one_downtime() {
    let report = scene("bad-deploy", |_| {});
    let downtime = report["impact"]["downtime"].as_array().unwrap();
    let shop = downtime.iter().find(|row| row["service"] == "shop").unwrap();
    let first = &shop["stretches"][0];
    assert_eq!(first["exits"], 10);
    assert_eq!(
        (&first["from"], &first["end"]),
        (&json!("2026-11-28T07:06:38Z"), &json!("back"))
    );
    assert_eq!(report["incidents"][0]["recovery"]["state"], "recovered");
}

/// The last of three deaths (`grep -c 'exited: catalog'`) is not followed by RUNNING.
#[test]
fn what_is_down_at_the_end_is_still_down() {
    let report = scene("node-heap", |_| {});
    let downtime = report["impact"]["downtime"].as_array().unwrap();
    let catalog = downtime.iter().find(|row| row["service"] == "catalog").unwrap();
    assert_eq!(catalog["exits"], 3);
    let ends: Vec<&Value> = catalog["stretches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["end"])
        .collect();
    assert_eq!(ends, ["back", "back", "still-down"]);
    assert_eq!(report["incidents"][0]["recovery"]["state"], "not-recovered");
}

/// Requests fail up to the last line but one of the access log.
#[test]
fn what_fails_to_the_end_is_not_recovered() {
    let report = scene("memory-limit", |_| {});
    let recovery = &report["incidents"][0]["recovery"];
    assert_eq!(
        (&recovery["state"], &recovery["seconds"]),
        (&json!("not-recovered"), &Value::Null)
    );
}

/// The failures of one incident are not told of another that goes on beside it.
#[test]
fn failures_belong_to_one_incident() {
    let report = scene("pooler-exhausted", |_| {});
    let rows = report["impact"]["traffic"].as_array().unwrap();
    let incidents: Vec<&Value> = rows.iter().map(|row| &row["incident"]).collect();
    assert_eq!(incidents, ["I1"], "{rows:?}");
}

/// Most of a log, as if the scan had come earlier: whether a pause is the end is not known.
#[test]
fn a_pause_is_no_recovery() {
    let dir = TempDir::new().unwrap();
    for name in ["nginx-access.log", "nginx-error.log"] {
        let text = fs::read_to_string(Path::new("tests/scenes/proxy-only").join(name)).unwrap();
        let kept = text.lines().filter(|line| {
            let late = [
                "07:10:52", "07:10:53", "07:10:54", "07:10:55", "07:10:56", "07:10:57", "07:10:58",
                "07:10:59", "07:11:",
            ];
            !late.iter().any(|late| line.contains(late))
        });
        let kept: Vec<&str> = kept.collect();
        fs::write(dir.path().join(name), kept.join("\n") + "\n").unwrap();
    }
    let report = scanned(&[dir.path()], |_| {});
    assert_eq!(report["incidents"][0]["recovery"]["state"], "not-known");
}
