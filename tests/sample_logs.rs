//! Each sample incident was made by breaking real programs (see its `story.md`). The report must name
//! what broke first, with its line, and blame nothing else.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::Path;

use common::{finding, found, report, root_cause, scan};
use serde_json::Value;

fn logs(scene: &str) -> Value {
    report(&[&Path::new("sample-logs").join(scene)])
}

/// `file:line` of all evidence of a finding, without the folders.
fn evidence(finding: &Value) -> Vec<String> {
    let evidence = finding["evidence"].as_array().unwrap();
    let place = |one: &Value| {
        let source = one["source"].as_str().unwrap().rsplit('/').next().unwrap();
        format!("{source}:{}", one["matched_line"])
    };
    evidence.iter().map(place).collect()
}

fn text(finding: &Value) -> String {
    finding["evidence"].to_string()
}

/// Whether edges lead from one finding to another, directly or not.
fn leads(report: &Value, from: &Value, to: &Value) -> bool {
    let edges = report["incidents"][0]["edges"].as_array().unwrap();
    let mut reached = vec![from];
    let mut at = 0;
    while let Some(next) = reached.get(at).copied() {
        for edge in edges.iter().filter(|edge| edge["from"] == *next) {
            if !reached.contains(&&edge["to"]) {
                reached.push(&edge["to"]);
            }
        }
        at += 1;
    }
    reached.contains(&to)
}

#[test]
fn bcrypt_deploy_blames_bcrypt_5_and_not_the_trapped_warning() {
    let report = logs("bcrypt-deploy");
    let root = root_cause(&report);
    assert_eq!(root["signature"], "python/bcrypt-72-bytes");
    assert!(text(root).contains("ValueError: password cannot be longer than 72 bytes"));
    let cause = root["cause"].as_str().unwrap();
    assert!(cause.contains("passlib") && cause.contains("1.7.4"), "{cause}");
    assert_eq!(finding(&report, "python/bcrypt-about")["role"], "handled");
    assert_eq!(report["impact"]["failed_requests"], 201);
    assert_eq!(report["impact"]["restarts"]["api"], 8);
}

#[test]
fn port_taken_blames_the_bind_error_with_its_port() {
    let report = logs("port-taken");
    let root = root_cause(&report);
    assert_eq!(root["signature"], "net/address-in-use");
    assert_eq!(root["captures"]["port"][0]["value"], "8000");
    assert_eq!(evidence(root)[0], "gunicorn.log:26");
    assert!(
        root["fix"].to_string().contains("sport = :8000"),
        "{}",
        root["fix"]
    );
    assert_eq!(report["incidents"][0]["confidence"], "high");
}

#[test]
fn pooler_prepared_statements_blames_the_pooler_and_keeps_the_restart_gap_apart() {
    let report = logs("pooler-prepared-statements");
    let root = root_cause(&report);
    assert_eq!(root["signature"], "db/postgres-prepared-statement");
    let explained = report["incidents"][0]["edges"].to_string();
    let refused = finding(&report, "http/nginx-upstream-refused")["id"]
        .as_str()
        .unwrap();
    assert!(!explained.contains(&format!("\"{refused}\"")), "{explained}");
}

#[test]
fn mqtt_duplicate_client_blames_the_client_id() {
    let report = logs("mqtt-duplicate-client");
    let root = root_cause(&report);
    assert_eq!(root["signature"], "mqtt/duplicate-client-id");
    assert_eq!(root["captures"]["client"][0]["value"], "prompt-portal");
    assert_eq!(evidence(root)[0], "mosquitto.log:36");
    assert_eq!(root["count"], 75);
    // The frozen worker, later, is a failure of its own.
    let worker = finding(&report, "python/gunicorn-worker-timeout")["id"].clone();
    assert!(
        !report["incidents"][0]["findings"]
            .as_array()
            .unwrap()
            .contains(&worker)
    );
    // The one request that nginx gave up is its, though it was recorded before it.
    let late = finding(&report, "http/nginx-upstream-timeout")["id"].clone();
    let own = report["incidents"].as_array().unwrap().iter();
    let mut own = own.filter(|incident| incident["root_cause"] == worker);
    assert!(
        own.next().unwrap()["findings"]
            .as_array()
            .unwrap()
            .contains(&late)
    );
    // Its client has an id of its own: what is said of clients that share one does not hold for it.
    let dropped = finding(&report, "mqtt/stale-connection");
    assert_eq!(dropped["captures"]["client"][0]["value"], "prompt-portal-27564");
    assert!(
        !dropped["cause"].as_str().unwrap().contains("same client id"),
        "{}",
        dropped["cause"]
    );
}

#[test]
fn node_cart_redis_follows_the_chain_from_the_full_disk_to_the_502s() {
    let report = logs("node-cart-redis");
    let root = root_cause(&report);
    assert_eq!(root["signature"], "sys/disk-full");
    assert_eq!(evidence(root)[0], "redis.log:26");
    let id = |signature: &str| finding(&report, signature)["id"].clone();
    let chain = [
        "sys/disk-full",
        "redis/misconf-rdb",
        "supervisor/exited-too-quickly",
        "http/nginx-upstream-refused",
    ];
    for pair in chain.windows(2) {
        assert!(
            leads(&report, &id(pair[0]), &id(pair[1])),
            "no way from {} to {}",
            pair[0],
            pair[1]
        );
    }
    // Retries against another port went on before and after.
    let noise = id("net/connection-refused");
    assert!(
        !report["incidents"][0]["findings"]
            .as_array()
            .unwrap()
            .contains(&noise)
    );
}

#[test]
fn java_orders_blames_the_heap_and_places_the_undated_error_between_its_neighbours() {
    let report = logs("java-orders");
    let root = root_cause(&report);
    assert_eq!(root["signature"], "java/out-of-memory");
    assert_eq!(root["time_quality"], "between");
    let first = &root["evidence"][0];
    assert!(first["time"].as_str().unwrap() < first["until"].as_str().unwrap());
    let row = report["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["finding"] == root["id"])
        .unwrap();
    assert_eq!(row["time_quality"], "between");
    let markdown = scan()
        .args(["-q", "sample-logs/java-orders"])
        .output()
        .unwrap()
        .stdout;
    let markdown = String::from_utf8(markdown).unwrap();
    assert!(
        markdown.contains("≈ 00:27:36 to 00:27:46"),
        "the undated row is marked"
    );
}

#[test]
fn job_stuck_finds_the_job_that_never_ended_and_blames_nothing_for_it() {
    let report = logs("job-stuck");
    let stuck = root_cause(&report);
    assert_eq!(stuck["signature"], "app/job-never-finished");
    assert_eq!(evidence(stuck)[0], "api.log:173");
    assert!(text(stuck).contains("r-d30f97"));
    for incident in report["incidents"].as_array().unwrap() {
        let explained = incident["edges"].as_array().unwrap().iter();
        assert!(
            explained.clone().all(|edge| edge["to"] != stuck["id"]),
            "{incident}"
        );
    }
}

#[test]
fn a_log_that_ends_early_does_not_show_that_a_job_never_ended() {
    let log = std::fs::read_to_string("sample-logs/job-stuck/logs/api.log").unwrap();
    let early = log.split("01:05:00").next().unwrap();
    let output = scan()
        .args(["-q", "--format", "json", "-"])
        .write_stdin(early)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(early.contains("r-d30f97"));
    assert!(!found(&report).contains(&"app/job-never-finished"));
}

#[test]
fn healthy_logs_give_no_finding_above_low() {
    let report = logs("healthy");
    for finding in report["findings"].as_array().unwrap() {
        assert!(
            matches!(finding["severity"].as_str().unwrap(), "info" | "low"),
            "{} at {:?}",
            finding["signature"],
            evidence(finding)
        );
    }
    assert_eq!(report["incidents"].as_array().unwrap().len(), 0);
    assert_eq!(report["impact"]["failed_requests"], 0);
    assert_eq!(report["impact"]["restarts"].to_string(), "{}");
}

#[test]
fn all_scenes_in_one_scan_still_show_every_cause() {
    let report = report(&[Path::new("sample-logs")]);
    let signatures = found(&report);
    for cause in [
        "python/bcrypt-72-bytes",
        "net/address-in-use",
        "db/postgres-prepared-statement",
        "mqtt/duplicate-client-id",
        "sys/disk-full",
        "java/out-of-memory",
    ] {
        assert!(signatures.contains(&cause), "{cause} is not in {signatures:?}");
    }
}

/// What a reader sees first: everything above the findings.
#[test]
fn the_first_page_of_each_report_is_reviewed() {
    for scene in [
        "bcrypt-deploy",
        "port-taken",
        "pooler-prepared-statements",
        "mqtt-duplicate-client",
        "node-cart-redis",
        "job-stuck",
        "java-orders",
        "healthy",
    ] {
        let output = scan()
            .args(["-q"])
            .arg(Path::new("sample-logs").join(scene))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        insta::assert_snapshot!(scene, steady(text.split("\n## Findings\n").next().unwrap()));
    }
}

#[test]
fn a_whole_report_is_reviewed() {
    let output = scan().args(["-q", "sample-logs/port-taken"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    insta::assert_snapshot!("port-taken-whole", steady(&text));
}

/// What a reader sees of the report, without the number of signatures, which grows.
fn steady(text: &str) -> String {
    let text = text.split("<!-- incident-claims ").next().unwrap();
    let mut words: Vec<&str> = text.split(' ').collect();
    for at in 1..words.len() {
        let counted = words[at].starts_with("signatures")
            || words[at..].starts_with(&["known", "failure", "signatures"]);
        if counted && words[at - 1].parse::<u32>().is_ok() {
            words[at - 1] = "N";
        }
    }
    words.join(" ")
}
