//! What the report states beyond its story: findings, counts, rows and sources, with what each rests on.
//!
//! In: the report. Out: its [`Claims`].

use super::claim::{Claims, Said};
use super::model::{Finding, Impact, Report};
use super::story::duration;
use crate::analysis::Analysis;
use crate::render::escape::span;
use crate::signature::Role;

/// Notes what the report states.
pub(super) fn state(report: &Report, analysis: &Analysis<'_>, claims: &mut Claims) {
    impact(report, analysis, claims);
    for (number, finding) in report.findings.iter().enumerate() {
        state_finding(&format!("/findings/{number}"), finding, claims);
    }
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
}

fn state_finding(at: &str, finding: &Finding, claims: &mut Claims) {
    let text = format!("{}: {} records.", finding.title, finding.count);
    let ends = finding
        .evidence
        .first()
        .into_iter()
        .chain(finding.evidence.last());
    let rule = format!("records that match `{}`", finding.signature);
    let said = Said::counted(text, rule, finding.count, ends.map(|evidence| &evidence.id));
    claims.say(format!("{at}/count"), said);
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

fn impact(report: &Report, analysis: &Analysis<'_>, claims: &mut Claims) {
    let Impact {
        requests,
        failed_requests,
        failed_requests_source,
        restarts,
        services,
        duration_seconds,
        ..
    } = &report.impact;
    let failed = "requests answered with 500 to 599, or with no valid status";
    let source = failed_requests_source.as_deref();
    let text = match source {
        Some(source) => format!("Failed requests: {failed_requests}, counted in {}.", span(source)),
        None => "No failed requests are in these logs.".to_owned(),
    };
    let own = requests.iter().filter(|row| Some(row.source.as_str()) == source);
    let mut evidence: Vec<&str> = own.flat_map(|row| &row.evidence).map(String::as_str).collect();
    if evidence.is_empty() {
        evidence.push("S*");
    }
    claims.say(
        "/impact/failed_requests",
        Said::counted(text, failed, *failed_requests, evidence),
    );
    for (number, row) in requests.iter().enumerate() {
        let text = format!(
            "{} answered {}: {} requests, counted in {}.",
            span(&row.endpoint),
            row.status,
            row.count,
            span(&row.source)
        );
        let said = Said::counted(text, failed, row.count, &row.evidence);
        claims.say(format!("/impact/requests/{number}"), said);
    }
    let restarting = analysis.found.iter().zip(&report.findings);
    let restarting: Vec<&String> = restarting
        .filter(|(found, _)| found.signature.tags.iter().any(|tag| tag == "restart"))
        .map(|(_, finding)| &finding.id)
        .collect();
    for (service, count) in restarts {
        let text = format!("Restarts and unexpected exits of {}: {count}.", span(service));
        let said = Said::counted(text, "records of restarts", *count, restarting.iter().copied());
        claims.say(format!("/impact/restarts/{}", pointer(service)), said);
    }
    let trouble = || {
        let causes = |finding: &&Finding| matches!(finding.role, Role::Cause | Role::Symptom);
        report.findings.iter().filter(causes).map(|finding| &finding.id)
    };
    if !services.is_empty() {
        let names: Vec<String> = services.iter().map(|service| span(service)).collect();
        let text = format!("Services that wrote causes or symptoms: {}.", names.join(", "));
        claims.say("/impact/services", Said::observed(text, trouble()));
    }
    if let Some(seconds) = duration_seconds {
        let text = format!(
            "From the first to the last record of a cause or symptom, in all sources: {}.",
            duration(*seconds)
        );
        claims.say("/impact/duration_seconds", Said::observed(text, trouble()));
    }
}

/// A key as a part of a JSON pointer.
fn pointer(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
