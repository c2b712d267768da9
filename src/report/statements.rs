//! What the report states beyond its story: incidents, findings, counts and sources, with what each rests on.
//!
//! In: the report. Out: its [`Claims`]. What has no field of its own in the model is said here and nowhere else; renderers take
//! it from the claims, by its place.

use std::collections::BTreeMap;

use super::claim::{Claims, Said};
use super::model::{Finding, NotRead, Report};
use super::story::{ROOT_CAUSE, headline};
use super::told::{explained_by, find, same_advice};
use super::verdict;
use super::words::{caption, counted, size, spans};
use crate::render::escape::{plain, span};
use crate::signature::Role;

/// What is counted as a failed request.
pub(super) const FAILED: &str = "requests answered with 500 to 599, or with no valid status";

/// The same, where the time is that of an incident.
pub(super) const FAILED_DURING: &str =
    "requests of this time that a log states, answered with 500 to 599, or with no valid status";

/// What is counted as a restart.
pub(super) const RESTARTED: &str = "deaths of a service that its records tell of, each once";

/// Notes what the report states.
pub(super) fn state(report: &Report, claims: &mut Claims) {
    for (number, incident) in report.incidents.iter().enumerate() {
        verdict::state(&format!("/incidents/{number}"), report, incident, claims);
    }
    for (number, finding) in report.findings.iter().enumerate() {
        state_finding(&format!("/findings/{number}"), report, finding, claims);
    }
    coverage(report, claims);
}

fn state_finding(at: &str, report: &Report, finding: &Finding, claims: &mut Claims) {
    let heading = format!(
        "{} ({}, {})",
        finding.title,
        finding.severity.name(),
        finding.role.name()
    );
    // The page gives both, unless the record says that the program went on.
    let heading = match finding.role {
        Role::Handled => Said::inferred(heading, "handled", [&finding.id]),
        _ => Said::known(heading, finding),
    };
    claims.say(format!("{at}/heading"), heading);
    let ends = finding
        .evidence
        .first()
        .into_iter()
        .chain(finding.evidence.last());
    let rule = format!("records that match `{}`", finding.signature);
    let facts = format!("{}.", verdict::facts(finding));
    let said = Said::counted(facts, rule, finding.count, ends.map(|evidence| &evidence.id));
    claims.say(format!("{at}/count"), said);
    for (number, evidence) in finding.evidence.iter().enumerate() {
        let said = Said::observed(caption(evidence), [&evidence.id]);
        claims.say(format!("{at}/evidence/{number}"), said);
    }
    let pointed = finding.points_to.iter().filter_map(|pointed| {
        let other = find(report, &pointed.finding)?;
        let because = match &pointed.shared {
            Some(shared) => format!("both are about {}", span(shared)),
            None => "it stands above it in the same log".to_owned(),
        };
        let text = format!(
            "{} only passes on {}, {}: {because}.",
            finding.id,
            other.id,
            headline(other)
        );
        Some(Said::inferred(text, "wrapped", [&finding.id, &other.id]))
    });
    let pointed: Vec<Said> = pointed.collect();
    claims.say_all(&format!("{at}/points_to"), pointed);
    if let Some(root) = explained_by(report, finding) {
        let text = format!("Mend {} first, {}.", root.id, headline(root));
        claims.say(
            format!("{at}/explained"),
            Said::inferred(text, ROOT_CAUSE, [&root.id, &finding.id]),
        );
    } else if let Some(other) = same_advice(report, finding) {
        let text = format!(
            "What its page says of cause and fix is what stands at {}.",
            other.id
        );
        claims.say(format!("{at}/same"), Said::known(text, finding));
    }
    for (field, text) in [
        ("meaning", &finding.meaning),
        ("cause", &finding.cause),
        ("impact", &finding.impact),
    ] {
        if !text.is_empty() {
            claims.say(format!("{at}/{field}"), Said::known(text.clone(), finding));
        }
    }
    for (field, texts) in [
        ("fix", &finding.fix),
        ("verify", &finding.verify),
        ("prevent", &finding.prevent),
        ("references", &finding.references),
    ] {
        let said = texts.iter().map(|text| Said::known(text.clone(), finding));
        claims.say_all(&format!("{at}/{field}"), said);
    }
}

/// What was read, and what not.
fn coverage(report: &Report, claims: &mut Claims) {
    let stats = &report.stats;
    let searched = format!(
        "{} ({}) in {} were searched for {}.",
        counted(stats.lines, "line", "lines"),
        size(stats.bytes),
        counted(stats.sources, "source", "sources"),
        counted(report.generated.signatures as u64, "signature", "signatures"),
    );
    let said = Said::counted(searched, "lines that were read", stats.lines, ["S*"]);
    claims.say("/stats", said);
    if !report.findings.iter().any(super::told::in_full) {
        let text = match report.findings.is_empty() {
            true => "None of the failures that the signatures describe was found.",
            false => "No cause and no symptom was found; what was found is listed below.",
        };
        let rule = "records that match the signature of a cause or symptom";
        claims.say("/findings", Said::counted(text, rule, 0, ["S*"]));
    }
    let zone = format!(
        "Zone for lines that state none: {}.",
        span(&report.window.assumed_zone)
    );
    claims.say("/window", Said::inferred(zone, "assumed", ["S*"]));
    for (number, source) in report.sources.iter().enumerate() {
        let text = format!(
            "{} was read: {} lines, {} bytes.",
            span(&source.name),
            source.lines,
            source.bytes
        );
        let said = Said::counted(text, "lines of this source", source.lines, [&source.id]);
        claims.say(format!("/sources/{number}"), said);
    }
    for (number, note) in report.not_read.iter().enumerate() {
        claims.say(
            format!("/not_read/{number}/reason"),
            Said::observed(note.reason.clone(), [&note.id]),
        );
    }
    for (number, (reason, notes)) in left_out(report).into_iter().enumerate() {
        let names: Vec<String> = notes.iter().map(|note| note.source.clone()).collect();
        let text = format!("{}: {}.", spans(&names), plain(reason));
        let said = Said::observed(text, notes.iter().map(|note| &note.id));
        claims.say(format!("/stats/left_out/{number}"), said);
    }
    if report.not_read.is_empty() {
        let text = "Everything that was found was read to its end.";
        let rule = "things that were found and not read to their end";
        claims.say("/not_read", Said::counted(text, rule, 0, ["S*"]));
    }
}

/// What was left out since it is no log, by the reason.
fn left_out(report: &Report) -> BTreeMap<&str, Vec<&NotRead>> {
    let mut by_reason: BTreeMap<&str, Vec<&NotRead>> = BTreeMap::new();
    for note in report.not_read.iter().filter(|note| !note.lost) {
        by_reason.entry(&note.reason).or_default().push(note);
    }
    by_reason
}
