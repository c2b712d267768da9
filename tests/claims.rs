//! Every sentence of a report rests on something, and what is cited stands there.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use common::report;
use incident::digest::Digest;
use serde_json::Value;

/// The sample incidents.
fn scenes() -> Vec<PathBuf> {
    let folders = fs::read_dir("sample-logs").unwrap();
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(folders.len() >= 8, "{folders:?}");
    folders
}

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

fn ids(report: &Value, list: &str) -> Vec<String> {
    let items = report[list].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn cited_bytes_stand_where_the_report_says() {
    for scene in scenes() {
        let report = report(&[&scene]);
        for cited in report["cited"].as_array().unwrap() {
            let bytes = fs::read(cited["source"].as_str().unwrap()).unwrap();
            let offset = cited["offset"].as_u64().unwrap() as usize;
            let cut = &bytes[offset..][..cited["bytes"].as_u64().unwrap() as usize];
            assert_eq!(Digest::of(cut).to_string(), cited["sha256"], "{cited}");
            let above = bytes[..offset].iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(above as u64 + 1, cited["line"], "{cited}");
        }
        for source in report["sources"].as_array().unwrap() {
            let bytes = fs::read(source["name"].as_str().unwrap()).unwrap();
            if bytes.is_empty() {
                continue;
            }
            for end in [&source["head"], &source["tail"]] {
                let offset = end["offset"].as_u64().unwrap() as usize;
                let cut = &bytes[offset..][..end["bytes"].as_u64().unwrap() as usize];
                assert_eq!(Digest::of(cut).to_string(), end["sha256"], "{source}");
            }
        }
    }
}

#[test]
fn what_a_claim_rests_on_is_in_the_report() {
    for scene in scenes() {
        let report = report(&[&scene]);
        let mut known = BTreeSet::from(["S*".to_owned()]);
        for list in ["cited", "sources", "not_read", "findings", "incidents"] {
            known.extend(ids(&report, list));
        }
        for claim in report["claims"].as_array().unwrap() {
            let basis = &claim["basis"];
            let premises = match basis["kind"].as_str().unwrap() {
                "observed" => texts(&basis["evidence"]),
                "known" | "inferred" => texts(&basis["premises"]),
                "blank" => continue,
                other => panic!("{other}"),
            };
            assert!(!premises.is_empty(), "{claim}");
            for premise in premises {
                assert!(known.contains(premise), "{claim}");
            }
        }
    }
}

/// Every sentence of the model has a claim at its place, which says the same.
#[test]
fn every_sentence_of_the_model_is_claimed() {
    for scene in scenes() {
        let report = report(&[&scene]);
        let claims = report["claims"].as_array().unwrap();
        let at = |claim: &Value| claim["at"].as_str().unwrap().to_owned();
        let by_place: BTreeMap<String, &Value> = claims.iter().map(|claim| (at(claim), claim)).collect();
        assert_eq!(by_place.len(), claims.len(), "two claims at one place");
        for (place, claim) in &by_place {
            if let Some(text) = report.pointer(place).and_then(Value::as_str) {
                assert_eq!(claim["text"], text, "{place}");
            }
        }
        let mut sentences = vec!["/title".to_owned()];
        let list = |sentences: &mut Vec<String>, place: &str, field: &str| {
            let items = report.pointer(place).unwrap().as_array().unwrap();
            sentences.extend((0..items.len()).map(|number| format!("{place}/{number}{field}")));
        };
        for place in [
            "/summary",
            "/assumptions",
            "/next_actions",
            "/blanks",
            "/sources",
            "/impact/requests",
        ] {
            list(&mut sentences, place, "");
        }
        list(&mut sentences, "/timeline", "/what");
        list(&mut sentences, "/not_read", "/reason");
        list(&mut sentences, "/findings", "/meaning");
        list(&mut sentences, "/findings", "/count");
        for (number, _) in report["incidents"].as_array().unwrap().iter().enumerate() {
            list(&mut sentences, &format!("/incidents/{number}/reasons"), "");
            list(&mut sentences, &format!("/incidents/{number}/edges"), "");
            list(&mut sentences, &format!("/incidents/{number}/triggers"), "/text");
            sentences.extend(["severity", "verdict"].map(|field| format!("/incidents/{number}/{field}")));
        }
        for (number, finding) in report["findings"].as_array().unwrap().iter().enumerate() {
            for field in ["fix", "verify", "prevent", "references"] {
                list(&mut sentences, &format!("/findings/{number}/{field}"), "");
            }
            list(&mut sentences, &format!("/findings/{number}/evidence"), "");
            let has = |field: &&str| finding[*field] != "";
            sentences.extend(
                ["cause", "impact"]
                    .iter()
                    .filter(|field| has(field))
                    .map(|field| format!("/findings/{number}/{field}")),
            );
        }
        for sentence in sentences {
            assert!(
                by_place.contains_key(&sentence),
                "{}: {sentence}",
                scene.display()
            );
        }
    }
}

/// What became of each cause that was considered is said in a sentence that rests on it; so is what confirms a link.
#[test]
fn what_was_considered_is_claimed() {
    let mut considered = 0;
    for scene in scenes() {
        let report = report(&[&scene]);
        let claims = report["claims"].as_array().unwrap();
        for (number, incident) in report["incidents"].as_array().unwrap().iter().enumerate() {
            let said = |part: &str| format!("/incidents/{number}/{part}");
            for candidate in incident["candidates"].as_array().unwrap() {
                let root = candidate["verdict"] == "root-cause";
                assert_eq!(root, candidate["finding"] == incident["root_cause"]);
                let rule = if root { "root-cause" } else { "ruled-out" };
                let place = said(if root { "verdict" } else { "reasons/" });
                assert!(
                    claims.iter().any(|claim| {
                        let premises = &claim["basis"]["premises"];
                        claim["at"].as_str().unwrap().starts_with(&place)
                            && claim["basis"]["rule"] == rule
                            && (root || texts(premises).contains(&candidate["finding"].as_str().unwrap()))
                    }),
                    "{}: {candidate}",
                    scene.display()
                );
                considered += 1;
            }
            for (edge, link) in incident["edges"].as_array().unwrap().iter().enumerate() {
                let place = said(&format!("edges/{edge}"));
                let claim = claims.iter().find(|claim| claim["at"] == place.as_str()).unwrap();
                assert!(
                    claim["text"]
                        .as_str()
                        .unwrap()
                        .ends_with(link["because"].as_str().unwrap())
                );
                assert_eq!(
                    claim["basis"]["premises"],
                    serde_json::json!([link["from"], link["to"]])
                );
            }
        }
    }
    assert!(considered > 8, "{considered}");
}

/// A record cites its bytes, whatever block it was read in.
#[test]
fn citations_do_not_depend_on_blocks() {
    let scene = Path::new("sample-logs/port-taken");
    let whole = report(&[scene]);
    for size in ["1", "4096"] {
        let mut command = common::scan();
        command.args(["--block-size", size]).arg(scene);
        let cut = common::whole_report(&mut command);
        assert_eq!(cut["cited"], whole["cited"]);
        assert_eq!(cut["sources"], whole["sources"]);
        assert_eq!(cut["claims"], whole["claims"]);
    }
}
