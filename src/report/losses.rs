//! What the section "Impact" says, in sentences, and what each number in it rests on.
//!
//! In: the report's counts. Out: Markdown sentences with their claims. Log text stands in them only in code spans.

use super::claim::{Claims, Said};
use super::counted::{Count, DownEnd, Downtime, Phase, Traffic};
use super::model::{Finding, Impact, Report};
use super::statements::FAILED;
use super::words::{self, clock, duration, number};
use crate::render::escape::span;
use crate::signature::Role;

/// Incidents whose requests are told.
const MOST_TOLD: usize = 3;

/// Services whose downtime is told in a sentence.
const MOST_SERVICES: usize = 6;

/// Names in a sentence.
const MOST_NAMES: usize = 12;

/// What is counted as a request.
const REQUESTS: &str = "requests that a log states with their status, of this time";

/// What is counted as a death.
const EXITS: &str = "deaths of the service that its records tell of, each once, and stops with a return";

/// Writes the sentences, and notes what they and the numbers rest on.
pub(super) fn tell(report: &mut Report, claims: &mut Claims) {
    let impact = &report.impact;
    let mut said = vec![failed(impact)];
    said.extend(during(impact));
    said.extend(
        impact
            .undated
            .iter()
            .filter(|row| row.count.failed > 0)
            .map(|row| {
                let text = format!(
                    "{} of {} in {} failed; its lines state no time.",
                    number(row.count.failed),
                    requests(row.count.requests),
                    span(&row.source)
                );
                Said::counted(
                    text,
                    "requests that a log states with their status",
                    row.count.requests,
                    &row.evidence,
                )
            }),
    );
    said.extend(impact.not_counted.iter().map(|row| {
        let text = format!(
            "How many requests there were in all is not known of {}: {}.",
            span(&row.source),
            row.reason
        );
        Said::blank(text)
    }));
    said.extend(
        impact
            .downtime
            .iter()
            .filter(|row| row.exits > 0 || (is_restarted(row) && !report.incidents.is_empty()))
            .take(MOST_SERVICES)
            .map(down),
    );
    for row in &impact.unfinished {
        let title = report.findings.iter().find(|finding| finding.id == row.finding);
        let text = format!(
            "Started and never finished: {} ({} {}).",
            number(row.count),
            row.finding,
            title.map_or("", |finding| finding.title.as_str())
        );
        said.push(Said::counted(
            text,
            "starts whose end is missing",
            row.count,
            [&row.finding],
        ));
    }
    let trouble = |finding: &&Finding| matches!(finding.role, Role::Cause | Role::Symptom);
    let trouble = || report.findings.iter().filter(trouble).map(|finding| &finding.id);
    for (what, names) in [
        ("Services that wrote causes or symptoms", &impact.services),
        ("Hosts that wrote them", &impact.hosts),
        ("Units that they name", &impact.units),
    ] {
        if !names.is_empty() {
            let shown: Vec<String> = names.iter().take(MOST_NAMES).map(|name| span(name)).collect();
            let more = match names.len().saturating_sub(MOST_NAMES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            said.push(Said::observed(
                format!("{what}: {}{more}.", shown.join(", ")),
                trouble(),
            ));
        }
    }
    if let Some(seconds) = impact.duration_seconds {
        let text = format!(
            "From the first to the last record of a cause or symptom, in all sources: {}.",
            duration(seconds)
        );
        said.push(Said::observed(text, trouble()));
    }
    numbers(impact, claims);
    report.impact.statements = claims.say_all("/impact/statements", said);
}

/// What the numbers in the rows rest on.
fn numbers(impact: &Impact, claims: &mut Claims) {
    for (place, row) in impact.requests.iter().enumerate() {
        let text = format!(
            "{} answered {}: {}, counted in {}.",
            span(&row.endpoint),
            row.status,
            requests(row.count),
            span(&row.source)
        );
        let said = Said::counted(text, FAILED, row.count, &row.evidence);
        claims.say(format!("/impact/requests/{place}"), said);
    }
    for (place, row) in impact.traffic.iter().enumerate() {
        for (name, phase) in phases(row) {
            let text = format!(
                "{}: {}, counted in {}.",
                name,
                requests(phase.count.requests),
                span(&row.source)
            );
            let evidence = phase.evidence.iter().map(String::as_str);
            let said = Said::counted(text, REQUESTS, phase.count.requests, evidence.chain(none(phase)));
            claims.say(format!("/impact/traffic/{place}/{name}"), said);
        }
    }
    for (service, count) in &impact.restarts {
        let text = format!("Restarts and unexpected exits of {}: {count}.", span(service));
        let own = impact.downtime.iter().filter(|row| row.service == *service);
        let evidence = own
            .flat_map(|row| &row.stretches)
            .flat_map(|stretch| &stretch.evidence);
        claims.say(
            format!("/impact/restarts/{}", pointer(service)),
            Said::counted(text, EXITS, *count, evidence),
        );
    }
}

/// Where there is no request to cite, all logs were looked at.
fn none(phase: &Phase) -> Option<&'static str> {
    phase.evidence.is_empty().then_some("S*")
}

/// Before, during and after, as far as there is such a time.
fn phases(row: &Traffic) -> Vec<(&'static str, &Phase)> {
    let all = [
        ("before", &row.before),
        ("during", &row.during),
        ("after", &row.after),
    ];
    all.into_iter()
        .filter_map(|(name, phase)| Some((name, phase.as_ref()?)))
        .collect()
}

fn failed(impact: &Impact) -> Said {
    let source = impact.failed_requests_source.as_deref();
    let mut text = match source {
        Some(source) => format!(
            "Failed requests: {}, counted in {}",
            number(impact.failed_requests),
            span(source)
        ),
        None => "No failed requests are in these logs".to_owned(),
    };
    if let (Some(first), Some(last)) = (&impact.failed_first, &impact.failed_last) {
        text += &format!(", from {} to {} UTC", clock_or_date(first, last), clock(last));
    }
    if let Some(peak) = impact
        .failed_peak
        .as_ref()
        .filter(|_| impact.failed_by_minute.len() > 1)
    {
        let step = match peak.minutes {
            1 => "minute".to_owned(),
            minutes => format!("{minutes} minutes"),
        };
        text += &format!(
            "; most in the {step} from {} on: {}",
            clock(&peak.from),
            number(peak.count)
        );
    }
    let own = impact
        .requests
        .iter()
        .filter(|row| Some(row.source.as_str()) == source);
    let mut evidence: Vec<&str> = own.flat_map(|row| &row.evidence).map(String::as_str).collect();
    if evidence.is_empty() {
        evidence.push("S*");
    }
    Said::counted(format!("{text}."), FAILED, impact.failed_requests, evidence)
}

/// `07:26:41`, with its date if the other has another.
fn clock_or_date<'a>(time: &'a str, other: &str) -> std::borrow::Cow<'a, str> {
    match time.get(..10) == other.get(..10) {
        true => clock(time).into(),
        false => words::time(time).into(),
    }
}

/// For the worst incidents in which requests failed (and for the worst one), the log that shows most.
fn told(impact: &Impact) -> Vec<&Traffic> {
    let mut told: Vec<&Traffic> = Vec::new();
    for row in &impact.traffic {
        let has_failed = row.during.as_ref().is_some_and(|during| during.count.failed > 0);
        let is_new = told.iter().all(|other| other.incident != row.incident);
        if is_new && told.len() < MOST_TOLD && (has_failed || row.incident == "I1") {
            told.push(row);
        }
    }
    told
}

/// For the worst incidents, how many of the requests of the log that shows most failed.
fn during(impact: &Impact) -> Vec<Said> {
    let mut said = Vec::new();
    for row in told(impact) {
        let Some(during) = &row.during else { continue };
        let mut text = format!(
            "During {} ({} to {} UTC) {} of {} in {} failed{}",
            row.incident,
            clock_or_date(&during.from, &during.to),
            clock(&during.to),
            number(during.count.failed),
            requests(during.count.requests),
            span(&row.source),
            share(&during.count)
        );
        for (name, phase) in [("before", &row.before), ("after", &row.after)] {
            text += &match phase {
                Some(phase) => format!(
                    "; {name} it {} of {}{}",
                    number(phase.count.failed),
                    number(phase.count.requests),
                    share(&phase.count)
                ),
                None => format!("; of the time {name} it the log has no line"),
            };
        }
        if row.theirs > 0 {
            text += &format!(
                "; {} more failed during it in a way that another incident explains",
                number(row.theirs)
            );
        }
        if !row.may_include.is_empty() {
            text += &format!(
                "; those of {}, which went on at the same time, may be among them",
                row.may_include.join(", ")
            );
        }
        let phases = phases(row);
        let evidence = phases
            .iter()
            .flat_map(|(_, phase)| &phase.evidence)
            .map(String::as_str);
        let nothing = none(during).filter(|_| phases.iter().all(|(_, phase)| phase.evidence.is_empty()));
        let classes = phases.iter().filter(|(_, phase)| phase.count.requests > 0);
        let classes = classes.map(|(name, phase)| format!("{name} {}", by_class(&phase.count)));
        let classes: Vec<String> = classes.collect();
        if !classes.is_empty() {
            text += &format!(". By status class: {}", classes.join("; "));
        }
        said.push(Said::counted(
            format!("{text}."),
            REQUESTS,
            during.count.requests,
            evidence.chain(nothing),
        ));
    }
    said
}

/// `160 2xx, 12 4xx`.
fn by_class(count: &Count) -> String {
    let classes = count.by_class.iter();
    let classes: Vec<String> = classes
        .map(|(class, count)| format!("{} {class}", number(*count)))
        .collect();
    classes.join(", ")
}

/// ` (40 %)`, where that says more than the numbers.
pub(super) fn share(count: &Count) -> String {
    match (count.failed * 1000).checked_div(count.requests) {
        None | Some(0) => String::new(),
        Some(share) if share < 100 => format!(" ({}.{} %)", share / 10, share % 10),
        Some(share) => format!(" ({} %)", (share + 5) / 10),
    }
}

fn requests(count: u64) -> String {
    words::counted(count, "request", "requests")
}

/// Whether it was stopped and came back. An orderly stop at the end of a log is not worth a sentence, nor is a restart without
/// an incident.
fn is_restarted(row: &Downtime) -> bool {
    row.stretches.iter().any(|stretch| stretch.end == DownEnd::Back)
}

fn down(row: &Downtime) -> Said {
    let host = row
        .host
        .as_ref()
        .map(|host| format!(" on {}", span(host)))
        .unwrap_or_default();
    let mut parts = Vec::new();
    let times = |count: u64| match count {
        1 => "once".to_owned(),
        count => format!("{} times", number(count)),
    };
    if row.exits > 0 {
        let least = if row.incomplete { "at least " } else { "" };
        parts.push(format!("died {least}{}", times(row.exits)));
    }
    let back = || {
        row.stretches
            .iter()
            .filter(|stretch| stretch.end == DownEnd::Back)
    };
    let stops = back().filter(|stretch| stretch.exits == 0).count() as u64;
    if stops > 0 {
        parts.push(format!("was stopped {} and came back", times(stops)));
    }
    let mut text = format!("{}{host} {}", span(&row.service), parts.join(", "));
    if let Some(longest) = back().filter(|one| one.seconds.is_some()).max_by(|a, b| {
        a.seconds
            .partial_cmp(&b.seconds)
            .unwrap_or(std::cmp::Ordering::Equal)
            .then(b.from.cmp(&a.from))
    }) {
        text += &format!("; down for {}", seconds(row.seconds));
        if back().count() > 1
            && let (Some(from), Some(length)) = (&longest.from, longest.seconds)
        {
            text += &format!(
                " in all, longest from {} UTC on: {}",
                clock(from),
                seconds(length)
            );
        }
    }
    match row.stretches.last() {
        Some(last) if last.end == DownEnd::StillDown && last.exits > 0 => {
            text += "; still down when the logs end";
        }
        Some(last) if last.end == DownEnd::StillDown => text += "; stopped on purpose at the end",
        Some(last) if last.end == DownEnd::Unknown && last.exits > 0 => {
            text += "; its last return is not in the logs";
        }
        _ => {}
    }
    let evidence = row.stretches.iter().flat_map(|stretch| &stretch.evidence);
    Said::counted(format!("{text}."), EXITS, row.exits + stops, evidence)
}

/// `2.4 s`, `4 min 21 s`.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 60.0 {
        let tenths = format!("{seconds:.1}");
        return format!("{} s", tenths.strip_suffix(".0").unwrap_or(&tenths));
    }
    duration(seconds.round() as u64)
}

/// A key as a part of a JSON pointer.
fn pointer(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
