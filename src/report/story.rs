//! The sentences that the program itself writes: title, summary, reasons, next actions.
//!
//! In: the report's data. Out: Markdown sentences. Each says only what the data shows; what
//! is inferred is called so. Log text stands in them only in code spans.

use std::collections::BTreeMap;

use super::build::plain_capture;
use super::model::{Confidence, Finding, Impact, Incident, Report};
use crate::analysis::cause::{reach, same_record};
use crate::analysis::{self, Analysis, Link, Order};
use crate::record::time::format_utc;
use crate::render::escape::span;
use crate::signature::{Role, Severity, Signature};

/// Fix steps of the root cause among the next actions.
const MOST_STEPS: usize = 4;

/// Writes title, summary and next actions.
pub(super) fn tell(report: &mut Report) {
    let worst = report.incidents.first().cloned();
    report.title = title(report, worst.as_ref());
    report.summary = summary(report, worst.as_ref());
    report.next_actions = next_actions(report);
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

fn title(report: &Report, worst: Option<&Incident>) -> String {
    let Some(incident) = worst else {
        return match report.stats.lines {
            0 => "nothing to read, the logs are empty".to_owned(),
            _ => "no known failure found in these logs".to_owned(),
        };
    };
    let root = incident.root_cause.as_deref().and_then(|id| by_id(report, id));
    match (root, incident.findings.first().and_then(|id| by_id(report, id))) {
        (Some(root), _) => headline(root),
        (None, Some(first)) => format!("{}, cause not shown by these logs", headline(first)),
        (None, None) => "cause not shown by these logs".to_owned(),
    }
}

fn summary(report: &Report, worst: Option<&Incident>) -> Vec<String> {
    let Some(incident) = worst else {
        if report.stats.lines == 0 {
            return vec![
                "There was nothing to read: no log had a line. Check the path, the unit or the time span."
                    .to_owned(),
            ];
        }
        return vec![
            format!(
                "None of the {} known failure signatures was found in {} ({}).",
                report.generated.signatures,
                count(report.stats.sources, "log", "logs"),
                count(report.stats.lines, "line", "lines"),
            ),
            "That does not prove that nothing is wrong: a failure that no signature knows, or that was not logged, is \
             not shown here."
                .to_owned(),
        ];
    };
    vec![
        what_happened(report, incident),
        why(report, incident),
        how_it_stands(report, incident),
    ]
}

fn what_happened(report: &Report, incident: &Incident) -> String {
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
        return format!(
            "{when} the logs show {} of {}.",
            count(records, "record", "records"),
            count(incident.findings.len() as u64, "known failure", "known failures"),
        );
    }
    format!("{when}: {}.", effects.join("; "))
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

fn why(report: &Report, incident: &Incident) -> String {
    let root = incident.root_cause.as_deref().and_then(|id| by_id(report, id));
    match root {
        Some(root) => format!(
            "{}: {} ({}). {}",
            match incident.confidence {
                Confidence::High => "Root cause",
                Confidence::Medium => "Probable root cause",
                Confidence::Low | Confidence::None => "Possible root cause",
            },
            headline(root),
            root.id,
            root.meaning.replace('\n', " ")
        ),
        None => {
            let first = incident.findings.first().and_then(|id| by_id(report, id));
            let first = first.map(|finding| format!("{} ({})", headline(finding), finding.id));
            format!(
                "The logs do not show the cause; seen first: {}.",
                first.unwrap_or_else(|| "nothing".to_owned())
            )
        }
    }
}

fn how_it_stands(report: &Report, incident: &Incident) -> String {
    let others = report.incidents.len() - 1;
    let more = match others {
        0 => String::new(),
        _ => format!(
            " {} with no link to this one in the logs {} reported below.",
            count(others as u64, "further failure", "further failures"),
            if others == 1 { "is" } else { "are" }
        ),
    };
    match (&incident.ended, &report.window.to) {
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
    }
}

/// Why the root cause of an incident is (or is not) named.
pub(super) fn reasons(
    analysis: &Analysis<'_>,
    incident: &analysis::Incident,
    findings: &[Finding],
) -> Vec<String> {
    let mut reasons = Vec::new();
    let Some(root) = incident.root else {
        let first = &findings[incident.members.first().copied().unwrap_or_default()];
        reasons.push(format!(
            "None of these findings is a cause by itself; {} ({}) was seen first and is unexplained.",
            first.id, first.title
        ));
        return reasons;
    };
    let own = &findings[root];
    let symptoms: Vec<usize> = incident
        .members
        .iter()
        .copied()
        .filter(|member| *member != root)
        .collect();
    if symptoms.is_empty() {
        reasons.push(format!("{} is the only finding of this failure.", own.id));
    } else {
        let explained = reach(&incident.links, root);
        let ids = |numbers: &mut dyn Iterator<Item = usize>| {
            numbers
                .map(|number| findings[number].id.clone())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let told = ids(&mut explained.iter().copied());
        if explained.is_empty() {
            reasons.push(format!(
                "{} explains none of the other findings by a declared link.",
                own.id
            ));
        } else {
            let dated = incident
                .links
                .iter()
                .any(|link| link.from == root && link.order != Order::Undated);
            let order = if dated {
                "the order of the records agrees"
            } else {
                "its records are not dated, so their order could not be checked"
            };
            reasons.push(format!(
                "{} explains {} of {} other findings ({told}): its signature `{}` declares that it leads to them, and \
                 {order}.",
                own.id,
                explained.len(),
                symptoms.len(),
                own.signature
            ));
        }
        let mut left = symptoms
            .iter()
            .copied()
            .filter(|member| !explained.contains(member))
            .peekable();
        if left.peek().is_some() {
            reasons.push(format!("It does not explain {}.", ids(&mut left)));
        }
    }
    for link in incident
        .links
        .iter()
        .filter(|link| link.from == root && !link.shared.is_empty())
    {
        let keys: Vec<String> = link.shared.iter().map(|key| span(key)).collect();
        reasons.push(format!(
            "{} and {} are both about {}.",
            own.id,
            findings[link.to].id,
            keys.join(", ")
        ));
    }
    for other in &incident.ruled_out {
        let why = if incident
            .links
            .iter()
            .any(|link| link.from == root && link.to == *other)
        {
            "it follows from the root cause"
        } else if same_record(&analysis.found[root], &analysis.found[*other]) {
            "it is another side of the same event"
        } else {
            "it explains less, or came later"
        };
        reasons.push(format!(
            "{} ({}) was considered: {why}.",
            findings[*other].id, findings[*other].title
        ));
    }
    let handled: Vec<&str> = analysis
        .found
        .iter()
        .zip(findings)
        .filter(|(found, _)| found.role == Role::Handled)
        .map(|(_, finding)| finding.id.as_str())
        .collect();
    if !handled.is_empty() {
        reasons.push(format!(
            "{} was handled by the program and is not a cause.",
            handled.join(", ")
        ));
    }
    reasons
}

/// Why one finding is said to have brought about another.
pub(super) fn because(link: &Link, cause: &Signature) -> String {
    let order = match link.order {
        Order::Undated => "the order is not dated".to_owned(),
        Order::Agrees { delay, exact, from } => {
            let when = match u64::try_from(delay / 1_000_000_000) {
                _ if !exact => "the bounds of undated records agree".to_owned(),
                Ok(0) | Err(_) => "seen in the same second".to_owned(),
                Ok(seconds) => format!("seen {} later", duration(seconds)),
            };
            match from {
                Some(from) => format!(
                    "{when}, from {} on; not its earlier records",
                    clock(&format_utc(from))
                ),
                None => when,
            }
        }
    };
    let shared = if link.shared.is_empty() {
        String::new()
    } else {
        let keys: Vec<String> = link.shared.iter().map(|key| span(key)).collect();
        format!("; both about {}", keys.join(", "))
    };
    format!("declared by `{}`; {order}{shared}", cause.id)
}

fn next_actions(report: &Report) -> Vec<String> {
    let mut actions = Vec::new();
    for (number, incident) in report.incidents.iter().enumerate() {
        let Some(root) = incident.root_cause.as_deref().and_then(|id| by_id(report, id)) else {
            let first = incident.findings.first().and_then(|id| by_id(report, id));
            actions.extend(first.map(|first| {
                format!(
                    "Find what brought about {} ({}): the logs at hand do not show it.",
                    first.id, first.title
                )
            }));
            continue;
        };
        if number > 0 {
            actions.push(format!(
                "Mend {} ({}), see its fix below.",
                root.id,
                headline(root)
            ));
            continue;
        }
        for step in root.fix.iter().take(MOST_STEPS) {
            actions.push(format!("{}: {step}", root.id));
        }
        if let Some(proof) = root.verify.first() {
            actions.push(format!("Prove it: {proof}"));
        }
    }
    let mut seen: BTreeMap<&str, Severity> = BTreeMap::new();
    for lost in report.not_read.iter().filter(|lost| lost.lost) {
        seen.insert(&lost.source, Severity::Info);
    }
    if !seen.is_empty() {
        actions.push(format!(
            "Scan again with {} that could not be read (see below).",
            count(seen.len() as u64, "the log", "the logs")
        ));
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
fn clock(time: &str) -> &str {
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
