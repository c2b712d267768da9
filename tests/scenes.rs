//! Fault scenes, made by breaking real programs (`tests/scenes/make/make.py`) among loud unrelated noise. The report names
//! the cause that was injected, or none where the logs do not hold it; and what one would blame without links is worse.
//!
//! `docs/cause.md` holds the table that this test makes; `UPDATE_DOCS=1 cargo test --test scenes` writes it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::Path;

use common::{report, scan};
use serde_json::{Value, json};

/// What a scene's logs hold.
enum Truth {
    /// The cause: its signature, and the log that shows it best.
    Shown(&'static str, &'static str),
    /// Only effects.
    NotShown,
}

use Truth::{NotShown, Shown};

/// Folder, what was broken, and what the logs hold of it.
const SCENES: &[(&str, &str, Truth)] = &[
    (
        "tests/scenes/haproxy-disk-full",
        "PostgreSQL's disk full",
        Shown("db/postgres-disk-full", "postgresql.log"),
    ),
    (
        "tests/scenes/pooler-exhausted",
        "pgbouncer's pool held by a report",
        Shown("db/pgbouncer-pool", "pgbouncer.log"),
    ),
    (
        "tests/scenes/expired-certificate",
        "partner's certificate expired",
        Shown("net/tls-certificate-expired", "gunicorn.log"),
    ),
    (
        "tests/scenes/dns-failure",
        "resolver overwritten",
        Shown("net/dns-failure", "gunicorn.log"),
    ),
    (
        "tests/scenes/node-heap",
        "Node's heap full, restarts",
        Shown("node/heap-out-of-memory", "catalog.log"),
    ),
    (
        "tests/scenes/mariadb-connections",
        "MariaDB out of connections",
        Shown("db/mysql-too-many-connections", "gunicorn.log"),
    ),
    (
        "tests/scenes/bad-deploy",
        "release without its variable",
        Shown("python/key-error-or-missing-env", "shop.log"),
    ),
    (
        "tests/scenes/postgres-deadlock",
        "bookings that deadlock",
        Shown("db/postgres-deadlock", "postgresql.log"),
    ),
    (
        "tests/scenes/redis-memory",
        "Redis at its memory limit",
        Shown("redis/oom-command-not-allowed", "gunicorn.log"),
    ),
    (
        "tests/scenes/rabbitmq-alarm",
        "RabbitMQ's memory alarm",
        Shown("mq/rabbitmq-memory-or-disk-alarm", "rabbitmq.log"),
    ),
    (
        "tests/scenes/memory-limit",
        "leak below `ulimit -v`",
        Shown("python/memory-error", "gunicorn.log"),
    ),
    (
        "tests/scenes/database-password",
        "password changed",
        Shown("db/postgres-auth-failed", "postgresql.log"),
    ),
    (
        "tests/scenes/redis-password",
        "password set in a running Redis",
        Shown("redis/noauth", "gunicorn.log"),
    ),
    (
        "tests/scenes/refused-configuration",
        "typing error in postgresql.conf",
        Shown("db/postgres-config-error", "postgresql.log"),
    ),
    (
        "tests/scenes/two-incidents",
        "two systems, two causes",
        Shown("redis/oom-command-not-allowed", "fleet/gunicorn.log"),
    ),
    (
        "tests/scenes/wrong-password-deploy",
        "release with another's password",
        Shown("db/postgres-auth-failed", "postgresql.log"),
    ),
    (
        "tests/scenes/two-in-one-log",
        "two causes behind one proxy",
        Shown("node/heap-out-of-memory", "search.log"),
    ),
    (
        "tests/scenes/proxy-only",
        "application killed, its log missing",
        NotShown,
    ),
    (
        "tests/scenes/database-elsewhere",
        "database stopped, its log missing",
        NotShown,
    ),
    ("tests/scenes/network-drop", "link to the partner cut", NotShown),
    ("tests/scenes/killed-by-hand", "killed by somebody", NotShown),
    (
        "sample-logs/bcrypt-deploy",
        "bcrypt 5 below passlib",
        Shown("python/bcrypt-72-bytes", "err.log"),
    ),
    (
        "sample-logs/port-taken",
        "port taken",
        Shown("net/address-in-use", "gunicorn.log"),
    ),
    (
        "sample-logs/pooler-prepared-statements",
        "pooler and prepared statements",
        Shown("db/postgres-prepared-statement", "postgresql.log"),
    ),
    (
        "sample-logs/mqtt-duplicate-client",
        "one client id twice",
        Shown("mqtt/duplicate-client-id", "mosquitto.log"),
    ),
    (
        "sample-logs/node-cart-redis",
        "Redis' disk full",
        Shown("sys/disk-full", "redis.log"),
    ),
    (
        "sample-logs/java-orders",
        "Java's heap full",
        Shown("java/out-of-memory", "orders.log"),
    ),
    (
        "sample-logs/job-stuck",
        "job that never ends",
        Shown("app/job-never-finished", "api.log"),
    ),
];

fn logs(folder: &str) -> Value {
    let own = Path::new(folder).join("logs");
    report(&[if own.exists() { own } else { folder.into() }.as_path()])
}

fn scene(name: &str) -> Value {
    logs(&format!("tests/scenes/{name}"))
}

fn by_id<'a>(report: &'a Value, id: &Value) -> &'a Value {
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["id"] == *id)
        .unwrap()
}

/// The signature of an incident's root cause.
fn root<'a>(report: &'a Value, incident: &Value) -> Option<&'a str> {
    let id = &incident["root_cause"];
    (!id.is_null()).then(|| by_id(report, id)["signature"].as_str().unwrap())
}

fn incidents(report: &Value) -> &Vec<Value> {
    report["incidents"].as_array().unwrap()
}

/// What is blamed by somebody who takes one error and knows of no links.
fn baseline(report: &Value, worse: impl Fn(&Value) -> i64) -> &str {
    let findings = report["findings"].as_array().unwrap();
    let errors = findings.iter().filter(|finding| finding["role"] != "lifecycle");
    // Findings are in the order in which they were first seen; the first of equals is taken.
    let most = errors.rev().max_by_key(|finding| worse(finding)).unwrap();
    most["signature"].as_str().unwrap()
}

fn severity(finding: &Value) -> i64 {
    let order = ["info", "low", "medium", "high", "critical"];
    order
        .iter()
        .position(|name| finding["severity"] == *name)
        .unwrap() as i64
}

/// `right`, `wrong`, or `abstains`.
fn judged(truth: &Truth, blamed: Option<&str>) -> &'static str {
    match (truth, blamed) {
        (Shown(cause, _), Some(blamed)) if *cause == blamed => "right",
        (NotShown, None) => "right: abstains",
        (Shown(..), None) => "abstains",
        _ => "**wrong**",
    }
}

#[test]
fn the_top_candidate_is_the_injected_cause_or_none_is_named() {
    let mut table =
        "| Scene | What was broken | `incident` | First error | Most frequent error | Highest severity |\n"
            .to_owned();
    table.push_str("|---|---|---|---|---|---|\n");
    let mut right = [0; 4];
    let mut wrong = Vec::new();
    for (folder, broken, truth) in SCENES {
        let report = logs(folder);
        let own = root(&report, &incidents(&report)[0]);
        let verdicts = [
            judged(truth, own),
            judged(truth, Some(baseline(&report, |_| 0))),
            judged(
                truth,
                Some(baseline(&report, |finding| finding["count"].as_i64().unwrap())),
            ),
            judged(truth, Some(baseline(&report, severity))),
        ];
        for (sum, verdict) in right.iter_mut().zip(verdicts) {
            *sum += usize::from(verdict.starts_with("right"));
        }
        if let (Shown(_, log), Some(_)) = (truth, own) {
            let evidence = by_id(&report, &incidents(&report)[0]["root_cause"])["evidence"].to_string();
            assert!(
                evidence.contains(log),
                "{folder}: {log} is not cited in {evidence}"
            );
        }
        if verdicts[0] == "**wrong**" {
            wrong.push(format!("{folder}: {own:?} is blamed"));
        }
        let name = folder.rsplit('/').next().unwrap();
        let [own, first, frequent, worst] = verdicts;
        table.push_str(&format!(
            "| `{name}` | {broken} | {own} | {first} | {frequent} | {worst} |\n"
        ));
    }
    let [own, first, frequent, worst] = right;
    let all = SCENES.len();
    table.push_str(&format!(
        "| right | of {all} | {own} | {first} | {frequent} | {worst} |\n"
    ));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(own, all, "\n{table}");
    compare_with_page(&table);
}

/// The table in the page is this one.
fn compare_with_page(table: &str) {
    const PAGE: &str = "docs/cause.md";
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (head, rest) = page.split_once("<!-- scenes -->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- /scenes -->").unwrap();
    let new = format!("{head}<!-- scenes -->\n{table}<!-- /scenes -->{tail}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, &new).unwrap();
    } else {
        assert_eq!(page, new, "UPDATE_DOCS=1 writes the table into {PAGE}");
    }
}

#[test]
fn no_incident_of_a_scene_without_its_cause_names_one() {
    for (folder, _, truth) in SCENES {
        if let NotShown = truth {
            let report = logs(folder);
            for incident in incidents(&report) {
                assert_eq!(root(&report, incident), None, "{folder} {}", incident["id"]);
                assert_eq!(incident["confidence"], "none");
            }
        }
    }
}

#[test]
fn two_incidents_in_one_folder_stay_two() {
    let report = scene("two-incidents");
    let of = |cause: &str| {
        let own = incidents(&report)
            .iter()
            .filter(|incident| root(&report, incident) == Some(cause));
        let own: Vec<&Value> = own.collect();
        assert_eq!(own.len(), 1, "{cause}: {:?}", incidents(&report));
        own[0]
    };
    let places = |incident: &Value| {
        let findings = incident["findings"].as_array().unwrap().iter();
        findings
            .map(|id| by_id(&report, id)["evidence"].to_string())
            .collect::<String>()
    };
    let shop = places(of("db/postgres-auth-failed"));
    let fleet = places(of("redis/oom-command-not-allowed"));
    assert!(shop.contains("shop/") && !shop.contains("fleet/"), "{shop}");
    assert!(fleet.contains("fleet/") && !fleet.contains("shop/"), "{fleet}");
    // What the worst one broke was counted in its own log.
    let broke = report["summary"][0].as_str().unwrap();
    assert!(
        broke.contains("73 of 239 requests failed") && broke.contains("fleet/nginx-access.log"),
        "{broke}"
    );
}

/// One access log holds the failures of both: their statuses tell whose they are.
#[test]
fn failures_in_one_log_are_counted_for_the_incident_that_explains_them() {
    let report = scene("two-in-one-log");
    let of = |cause: &str| {
        let mut own = incidents(&report).iter();
        let incident = own
            .find(|incident| root(&report, incident) == Some(cause))
            .unwrap();
        let traffic = report["impact"]["traffic"].as_array().unwrap();
        let row = traffic.iter().find(|row| row["incident"] == incident["id"]);
        row.unwrap()
    };
    let (heap, password) = (of("node/heap-out-of-memory"), of("db/postgres-auth-failed"));
    assert_eq!(
        (&heap["during"]["failed"], &heap["theirs"]),
        (&json!(2), &json!(13))
    );
    let sum = |row: &Value| row["during"]["failed"].as_u64().unwrap() + row["theirs"].as_u64().unwrap();
    // Two single answers with 502 are no burst of which somebody could say whose it is.
    assert_eq!(sum(password), 77);
    assert_eq!(password["may_include"], json!([heap["incident"]]));
    assert!(
        heap["during"]["to"].as_str().unwrap() < "2026-11-28T13:58:58Z",
        "{heap}"
    );
}

/// A service that cannot start any more is refused: one incident, from the login to the proxy.
#[test]
fn a_release_that_cannot_log_in_explains_what_the_proxy_says() {
    let report = scene("wrong-password-deploy");
    let worst = &incidents(&report)[0];
    let own: Vec<&str> = worst["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| by_id(&report, id)["signature"].as_str().unwrap())
        .collect();
    for effect in [
        "http/nginx-upstream-refused",
        "http/gateway-error-burst",
        "python/database-pool-timeout",
        "supervisor/exited-too-quickly",
    ] {
        assert!(own.contains(&effect), "{effect}: {own:?}");
    }
    assert!(
        report["summary"][0]
            .as_str()
            .unwrap()
            .contains("131 of 133 requests failed"),
        "{}",
        report["summary"]
    );
}

#[test]
fn each_sample_incident_keeps_its_own_effects_when_all_are_scanned_at_once() {
    let report = report(&[Path::new("sample-logs")]);
    for incident in incidents(&report) {
        let findings = incident["findings"].as_array().unwrap();
        let mut systems: Vec<&str> = findings
            .iter()
            .flat_map(|id| by_id(&report, id)["evidence"].as_array().unwrap())
            .map(|evidence| evidence["source"].as_str().unwrap().split('/').nth(1).unwrap())
            .collect();
        systems.dedup();
        assert_eq!(systems.len(), 1, "{incident}");
    }
}

#[test]
fn a_deploy_just_before_is_a_trigger_candidate_and_no_cause() {
    let report = scene("bad-deploy");
    let incident = &incidents(&report)[0];
    let triggers = incident["triggers"].as_array().unwrap();
    let deploy = triggers
        .iter()
        .find(|trigger| by_id(&report, &trigger["finding"])["signature"] == "lifecycle/deploy")
        .unwrap_or_else(|| panic!("{triggers:?}"));
    assert!(deploy["source"].as_str().unwrap().ends_with("deploy.log"));
    assert_eq!(deploy["line"], 1);
    assert!(
        deploy["text"]
            .as_str()
            .unwrap()
            .contains("before the first record of this failure")
    );
    assert_eq!(root(&report, incident), Some("python/key-error-or-missing-env"));
}

/// Everything above the findings, as a reader sees it.
#[test]
fn the_first_page_of_a_scene_is_reviewed() {
    for name in [
        "bad-deploy",
        "haproxy-disk-full",
        "database-elsewhere",
        "two-incidents",
    ] {
        let path = Path::new("tests/scenes").join(name);
        let output = scan().arg("-q").arg(path).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let first_page = text.split("\n## Findings\n").next().unwrap().to_owned();
        insta::assert_snapshot!(name, first_page);
    }
}
