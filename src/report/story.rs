//! The sentences that the program itself writes: title, summary, reasons, next actions.
//!
//! In: the report's data. Out: Markdown sentences with what they rest on. Each says only what the data shows; what
//! is inferred is called so. Log text stands in them only in code spans.

use std::collections::BTreeSet;

use super::build::plain_capture;
use super::claim::{Claims, Said};
use super::model::{Confidence, Finding, Impact, Incident, Report};
use crate::render::escape::span;

/// Fix steps of the root cause among the next actions.
const MOST_STEPS: usize = 4;

/// The rule by which a finding is called the root cause.
pub(super) const ROOT_CAUSE: &str = "root-cause";

/// The rule by which one finding is said to have brought about another.
pub(super) const DECLARED_LINK: &str = "declared-link";

/// The rule by which what was seen first is called unexplained.
pub(super) const FIRST_SEEN: &str = "first-seen";

/// Writes title, summary and next actions.
pub(super) fn tell(report: &mut Report, claims: &mut Claims) {
    let worst = report.incidents.first().cloned();
    report.title = claims.say("/title", title(report, worst.as_ref()));
    report.summary = claims.say_all("/summary", summary(report, worst.as_ref()));
    report.next_actions = claims.say_all("/next_actions", next_actions(report));
}

/// A finding's title with its most telling captured value.
fn headline(finding: &Finding) -> String {
    match plain_capture(finding) {
        Some((name, value)) => format!("{} ({} `{value}`)", finding.title, name.replace('_', " ")),
        None => finding.title.clone(),
    }
}

fn by_id<'a>(report: &'a Report, id: &str) -> Option<&'a Finding> {
    report.findings.iter().find(|finding| finding.id == id)
}

/// That none of the known failures was found, or nothing at all could be.
fn nothing_found(text: String) -> Said {
    Said::counted(
        text,
        "records that match the signature of a cause or symptom",
        0,
        ["S*"],
    )
}

fn title(report: &Report, worst: Option<&Incident>) -> Said {
    let Some(incident) = worst else {
        return nothing_found(match report.stats.lines {
            0 => "nothing to read, the logs are empty".to_owned(),
            _ => "no known failure found in these logs".to_owned(),
        });
    };
    let root = incident.root_cause.as_deref().and_then(|id| by_id(report, id));
    let (text, rule) = match (root, incident.findings.first().and_then(|id| by_id(report, id))) {
        (Some(root), _) => (headline(root), ROOT_CAUSE),
        (None, Some(first)) => (
            format!("{}, cause not shown by these logs", headline(first)),
            FIRST_SEEN,
        ),
        (None, None) => ("cause not shown by these logs".to_owned(), FIRST_SEEN),
    };
    Said::inferred(text, rule, [&incident.id])
}

fn summary(report: &Report, worst: Option<&Incident>) -> Vec<Said> {
    let Some(incident) = worst else {
        if report.stats.lines == 0 {
            return vec![nothing_found(
                "There was nothing to read: no log had a line. Check the path, the unit or the time span."
                    .to_owned(),
            )];
        }
        return vec![
            nothing_found(format!(
                "None of the {} known failure signatures was found in {} ({}).",
                report.generated.signatures,
                count(report.stats.sources, "log", "logs"),
                count(report.stats.lines, "line", "lines"),
            )),
            Said::blank(
                "That does not prove that nothing is wrong: a failure that no signature knows, or that was not logged, \
                 is not shown here.",
            ),
        ];
    };
    vec![
        what_happened(report, incident),
        why(report, incident),
        how_it_stands(report, incident),
    ]
}

fn what_happened(report: &Report, incident: &Incident) -> Said {
    let when = match (&incident.started, &incident.ended) {
        (Some(started), Some(ended)) if started != ended => {
            format!(
                "Between {} and {}",
                human(started).trim_end_matches(" UTC"),
                human(ended)
            )
        }
        (Some(at), _) => format!("At {}", human(at)),
        _ => "Undated".to_owned(),
    };
    let effects = effects(&report.impact);
    if effects.is_empty() {
        let findings = report
            .findings
            .iter()
            .filter(|f| incident.findings.contains(&f.id));
        let records: u64 = findings.map(|finding| finding.count).sum();
        let text = format!(
            "{when} the logs show {} of {}.",
            count(records, "record", "records"),
            count(incident.findings.len() as u64, "known failure", "known failures"),
        );
        let ends = ends(report, incident);
        return Said::counted(text, "records of the findings of this failure", records, ends);
    }
    let counted = report.impact.requests.iter().flat_map(|row| &row.evidence);
    let evidence = ends(report, incident).into_iter().chain(counted.cloned());
    Said::observed(format!("{when}: {}.", effects.join("; ")), evidence)
}

/// Ids of the first and the last record of an incident.
fn ends(report: &Report, incident: &Incident) -> Vec<String> {
    let own = || incident.findings.iter().filter_map(|id| by_id(report, id));
    let first = own().filter(|finding| finding.first_seen == incident.started);
    let first = first.filter_map(|finding| finding.evidence.first()).next();
    let ended = |finding: &&Finding| {
        let last = finding.evidence.last();
        last.is_some_and(|last| {
            incident.ended.is_some()
                && (last.until.as_ref().or(last.time.as_ref())) == incident.ended.as_ref()
        })
    };
    let last = own()
        .filter(ended)
        .filter_map(|finding| finding.evidence.last())
        .next();
    let ends: Vec<String> = first
        .into_iter()
        .chain(last)
        .map(|evidence| evidence.id.clone())
        .collect();
    if ends.is_empty() {
        vec![incident.id.clone()]
    } else {
        ends
    }
}

/// Whether more than one log counts failed requests: some may be the same ones, seen by proxy and application.
fn several_sources(impact: &Impact) -> bool {
    let mut sources = impact.requests.iter().map(|row| &row.source);
    let first = sources.next();
    sources.any(|source| Some(source) != first)
}

/// What users and operators lost, as phrases.
fn effects(impact: &Impact) -> Vec<String> {
    let mut effects = Vec::new();
    if let Some(source) = &impact.failed_requests_source {
        effects.push(format!(
            "{}{} failed (counted in {})",
            if several_sources(impact) { "at least " } else { "" },
            count(impact.failed_requests, "request", "requests"),
            span(source)
        ));
    }
    if !impact.restarts.is_empty() {
        let each: Vec<String> = impact
            .restarts
            .iter()
            .map(|(service, times)| format!("{} {times}×", span(service)))
            .collect();
        effects.push(format!("unexpected exits or restarts: {}", each.join(", ")));
    }
    effects
}

fn why(report: &Report, incident: &Incident) -> Said {
    let root = incident.root_cause.as_deref().and_then(|id| by_id(report, id));
    match root {
        Some(root) => {
            let text = format!(
                "{}: {} ({}). {}",
                match incident.confidence {
                    Confidence::High => "Root cause",
                    Confidence::Medium => "Probable root cause",
                    Confidence::Low | Confidence::None => "Possible root cause",
                },
                headline(root),
                root.id,
                root.meaning.replace('\n', " ")
            );
            Said::inferred(text, ROOT_CAUSE, [&incident.id, &root.id])
        }
        None => {
            let first = incident.findings.first().and_then(|id| by_id(report, id));
            let first = first.map(|finding| format!("{} ({})", headline(finding), finding.id));
            let text = format!(
                "The logs do not show the cause; seen first: {}.",
                first.unwrap_or_else(|| "nothing".to_owned())
            );
            Said::inferred(text, FIRST_SEEN, [&incident.id])
        }
    }
}

fn how_it_stands(report: &Report, incident: &Incident) -> Said {
    let others = report.incidents.len() - 1;
    let more = match others {
        0 => String::new(),
        _ => format!(
            " {} with no link to this one in the logs {} reported below.",
            count(others as u64, "further failure", "further failures"),
            if others == 1 { "is" } else { "are" }
        ),
    };
    let text = match (&incident.ended, &report.window.to) {
        (Some(ended), Some(to)) if ended < to => {
            format!(
                "The last sign of it is of {}; the logs go on until {} without another.{more}",
                human(ended),
                human(to)
            )
        }
        (Some(ended), _) => {
            format!(
                "Its last sign ({ended}) is at the end of the logs, so they do not show a recovery.{more}"
            )
        }
        _ => format!("The logs do not show when it ended.{more}"),
    };
    let last = ends(report, incident).pop();
    let others = report.incidents.iter().skip(1).map(|other| other.id.clone());
    let evidence = last.into_iter().chain(["S*".to_owned()]).chain(others);
    Said::counted(text, "later records of the findings of this failure", 0, evidence)
}

fn next_actions(report: &Report) -> Vec<Said> {
    let mut actions = Vec::new();
    for (number, incident) in report.incidents.iter().enumerate() {
        let Some(root) = incident.root_cause.as_deref().and_then(|id| by_id(report, id)) else {
            let first = incident.findings.first().and_then(|id| by_id(report, id));
            actions.extend(first.map(|first| {
                let text = format!(
                    "Find what brought about {} ({}): the logs at hand do not show it.",
                    first.id, first.title
                );
                Said::inferred(text, FIRST_SEEN, [&incident.id])
            }));
            continue;
        };
        if number > 0 {
            let text = format!("Mend {} ({}), see its fix below.", root.id, headline(root));
            actions.push(Said::inferred(text, ROOT_CAUSE, [&incident.id]));
            continue;
        }
        for step in root.fix.iter().take(MOST_STEPS) {
            actions.push(Said::known(format!("{}: {step}", root.id), root));
        }
        if let Some(proof) = root.verify.first() {
            actions.push(Said::known(format!("Prove it: {proof}"), root));
        }
    }
    let lost = || report.not_read.iter().filter(|lost| lost.lost);
    let logs: BTreeSet<&str> = lost().map(|lost| lost.source.as_str()).collect();
    if !logs.is_empty() {
        let text = format!(
            "Scan again what could not be read ({}, see below).",
            count(logs.len() as u64, "log", "logs")
        );
        actions.push(Said::observed(text, lost().map(|lost| &lost.id)));
    }
    actions
}

/// `2026-11-22 07:26:41 UTC` for an RFC 3339 time.
fn human(time: &str) -> String {
    let text = time.replace('T', " ");
    let seconds = text.split(['.', 'Z']).next().unwrap_or(&text);
    format!("{seconds} UTC")
}

/// `07:26:41` for an RFC 3339 time.
pub(super) fn clock(time: &str) -> &str {
    time.get(11..19).unwrap_or(time)
}

/// `1 request`, `12 requests`.
fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `4 min 21 s`: the two greatest units.
pub(crate) fn duration(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let first = units.iter().position(|(size, _)| seconds >= *size).unwrap_or(3);
    let mut rest = seconds;
    let mut out: Vec<String> = Vec::new();
    for (size, unit) in units.iter().skip(first).take(2) {
        if rest / size > 0 || out.is_empty() {
            out.push(format!("{} {unit}", rest / size));
        }
        rest %= size;
    }
    out.join(" ")
}
