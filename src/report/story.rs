//! The sentences for somebody who reads nothing else: title, summary, next actions, and what is left to people.
//!
//! In: the report's data. Out: Markdown sentences with what they rest on. Each says only what the data shows; what
//! is inferred is called so. Log text stands in them only in code spans.

use std::collections::{BTreeMap, BTreeSet};

use super::build::told_capture;
use super::claim::{Claims, Said};
use super::losses::share;
use super::model::{Confidence, Evidence, FailedRequests, Finding, Impact, Incident, Report};
use super::statements::{FAILED, FAILED_DURING, RESTARTED};
use super::told::{self, find, key_finding, steps_to_take};
use super::words::{AT_THE_LATEST, counted, duration, number, some_of, stretch, time};
use crate::record::time::parse_rfc3339;
use crate::render::escape::span;

/// How many further incidents the summary names.
const NAMED_INCIDENTS: usize = 2;

/// The rule by which a finding is called the root cause.
pub(super) const ROOT_CAUSE: &str = "root-cause";

/// The rule by which one finding is said to have brought about another.
pub(super) const DECLARED_LINK: &str = "declared-link";

/// The rule by which an incident is called over, or not.
pub(super) const RECOVERY: &str = "recovery";

/// The rule by which what was seen first is called unexplained.
pub(super) const FIRST_SEEN: &str = "first-seen";

/// What no log tells, as a rule.
const BLANKS: [&str; 5] = [
    "**Detection**: _who or what noticed, and when?_",
    "**Owner**: _who led the response?_",
    "**Mitigation**: _what was done by hand, by whom, and when?_",
    "**Customer communication**: _who was told, when, and in which words?_",
    "**Lessons**: _what went well, what went badly, where was luck involved?_",
];

/// Writes title, summary, next actions and blanks. `restarts` are the findings that restarts were counted in.
pub(super) fn tell(report: &mut Report, restarts: &[String], claims: &mut Claims) {
    let worst = report.incidents.first().cloned();
    report.title = claims.say("/title", title(report, worst.as_ref()));
    report.summary = claims.say_all("/summary", summary(report, worst.as_ref(), restarts));
    report.next_actions = claims.say_all("/next_actions", next_actions(report));
    report.blanks = claims.say_all("/blanks", BLANKS.map(Said::blank));
}

/// A finding's title with its most telling captured value.
pub(super) fn headline(finding: &Finding) -> String {
    match told_capture(finding) {
        Some(value) => format!("{} ({value})", finding.title),
        None => finding.title.clone(),
    }
}

/// The same with its id.
fn named(finding: &Finding) -> String {
    match told_capture(finding) {
        Some(value) => format!("{} ({}, {value})", finding.title, finding.id),
        None => format!("{} ({})", finding.title, finding.id),
    }
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
    let (text, rule) = match (key_finding(report, incident), &incident.root_cause) {
        (Some(root), Some(_)) => (headline(root), ROOT_CAUSE),
        (Some(first), None) => (
            format!("{}, cause not shown by these logs", headline(first)),
            FIRST_SEEN,
        ),
        (None, _) => ("cause not shown by these logs".to_owned(), FIRST_SEEN),
    };
    Said::inferred(text, rule, [&incident.id])
}

/// What broke, why, since when, and what else: a sentence each. A sentence that begins in bold begins a line.
fn summary(report: &Report, worst: Option<&Incident>, restarts: &[String]) -> Vec<Said> {
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
                counted(report.stats.sources, "log", "logs"),
                counted(report.stats.lines, "line", "lines"),
            )),
            Said::blank(
                "That does not prove that nothing is wrong: a failure that no signature knows, or that was not logged, \
                 is not shown here.",
            ),
        ];
    };
    let mut said = what_broke(report, incident, restarts);
    said.extend(why(report, incident));
    said.extend(since(report, incident));
    said.extend(further(report));
    said
}

/// What users and operators lost, else what was seen.
fn what_broke(report: &Report, incident: &Incident, restarts: &[String]) -> Vec<Said> {
    let mut said: Vec<Said> = failed(report, incident).into_iter().collect();
    said.extend(restarted(report, incident, restarts));
    if said.is_empty() {
        let own = incident.findings.iter().filter_map(|id| find(report, id));
        let own: Vec<&Finding> = own.collect();
        let records: u64 = own.iter().map(|finding| finding.count).sum();
        let names: Vec<String> = own.iter().map(|finding| named(finding)).collect();
        let text = format!("{}: {}.", counted(records, "record", "records"), some_of(&names));
        let rule = "records of the findings of this failure";
        said.push(Said::counted(text, rule, records, &incident.findings));
    }
    said[0].text.insert_str(0, "**What broke**: ");
    said
}

/// Failed requests, in the log that saw most of them: those in the time of the incident, if all requests were counted.
fn failed(report: &Report, incident: &Incident) -> Option<Said> {
    let own = report.impact.traffic.iter();
    let own = own.filter(|row| row.incident == incident.id);
    let during = own.filter_map(|row| Some((row, row.during.as_ref()?)));
    // Of equals the first.
    let most = during.rev().max_by_key(|(_, during)| during.count.failed);
    if report.impact.traffic.is_empty() {
        return failed_in_all(report, incident);
    }
    let (row, during) = most?;
    let count = &during.count;
    let text = format!(
        "{} of {} failed while it lasted{}, counted in {}.",
        number(count.failed),
        counted(count.requests, "request", "requests"),
        share(count),
        span(&row.source)
    );
    let said = Said::counted(text, FAILED_DURING, count.failed, &during.evidence);
    (count.failed > 0).then_some(said)
}

/// Failed requests of the whole log; of several incidents each has its own logs.
fn failed_in_all(report: &Report, incident: &Incident) -> Option<Said> {
    let Impact {
        requests,
        failed_requests,
        failed_requests_source,
        ..
    } = &report.impact;
    let logs = logs_of(report, incident);
    // A stream of several services is named with the service behind it.
    let log = |row: &FailedRequests| row.source.split(" (").next().map(str::to_owned);
    let own = |row: &&FailedRequests| {
        report.incidents.len() == 1 || log(row).is_some_and(|log| logs.contains(&log))
    };
    let mut by_source: BTreeMap<&str, (u64, Vec<String>)> = BTreeMap::new();
    for row in requests.iter().filter(own) {
        let (count, evidence) = by_source.entry(&row.source).or_default();
        *count += row.count;
        evidence.extend(row.evidence.iter().cloned());
    }
    // Proxy and application count the same request twice, and rows may be left out.
    let least = by_source.len() > 1 || report.impact.requests_left_out > 0;
    let most = by_source
        .into_iter()
        .max_by(|a, b| a.1.0.cmp(&b.1.0).then(b.0.cmp(a.0)));
    let (source, (count, evidence)) = most?;
    let whole = failed_requests_source.as_deref() == Some(source);
    let count = if whole { *failed_requests } else { count };
    let text = format!(
        "{}{} failed, counted in {}.",
        if least { "at least " } else { "" },
        counted(count, "request", "requests"),
        span(source)
    );
    Some(Said::counted(text, FAILED, count, evidence))
}

/// The logs in which an incident was seen, rotated ones by the name of the live one.
fn logs_of(report: &Report, incident: &Incident) -> BTreeSet<String> {
    let own = incident.findings.iter().filter_map(|id| find(report, id));
    let evidence = own.flat_map(|finding| &finding.evidence);
    let log = |evidence: &Evidence| {
        let mut sources = report.sources.iter();
        let source = sources.find(|source| source.name == evidence.source);
        source
            .and_then(|source| source.set.clone())
            .unwrap_or_else(|| evidence.source.clone())
    };
    evidence.map(log).collect()
}

/// Restarts and unexpected exits; of several incidents each has those of its own findings.
fn restarted(report: &Report, incident: &Incident, restarts: &[String]) -> Option<Said> {
    let own = |id: &&String| report.incidents.len() == 1 || incident.findings.contains(id);
    let own: Vec<&String> = restarts.iter().filter(own).collect();
    let mut times: BTreeMap<&str, u64> = BTreeMap::new();
    if report.incidents.len() == 1 {
        let all = report.impact.restarts.iter();
        times.extend(all.map(|(service, count)| (service.as_str(), *count)));
    } else {
        // A finding that several services wrote says how often, but not of which.
        for finding in own.iter().filter_map(|id| find(report, id)) {
            if let [service] = finding.services.as_slice() {
                *times.entry(service).or_default() += finding.count;
            }
        }
        // A death that two programs tell of is one.
        for (service, times) in &mut times {
            let most = report.impact.restarts.get(*service);
            *times = (*times).min(most.copied().unwrap_or(*times));
        }
    }
    if times.is_empty() || own.is_empty() {
        return None;
    }
    let each = times.iter();
    let each: Vec<String> = each
        .map(|(service, times)| format!("{} {}×", span(service), number(*times)))
        .collect();
    let text = format!("Unexpected exits or restarts: {}.", some_of(&each));
    Some(Said::counted(text, RESTARTED, times.values().sum(), own))
}

fn why(report: &Report, incident: &Incident) -> Vec<Said> {
    let Some(key) = key_finding(report, incident) else {
        return Vec::new();
    };
    let premises = [&incident.id, &key.id];
    if incident.root_cause.is_none() {
        let leads = told::leads(report, incident);
        let text = format!("**Why**: the logs do not show it; {leads} {}.", named(key));
        return vec![Said::inferred(text, FIRST_SEEN, premises)];
    }
    let how_sure = match incident.confidence {
        Confidence::High => "the root cause, with high confidence",
        Confidence::Medium => "the probable root cause, with medium confidence",
        Confidence::Low | Confidence::None => "a possible root cause, with low confidence",
    };
    let text = format!("**Why**: {} is {how_sure}.", named(key));
    let mut said = vec![Said::inferred(text, ROOT_CAUSE, premises)];
    if !key.meaning.is_empty() {
        said.push(Said::known(key.meaning.replace('\n', " "), key));
    }
    said
}

fn since(report: &Report, incident: &Incident) -> Vec<Said> {
    let ends = ends(report, incident);
    let (Some(started), Some(ended)) = (&incident.started, &incident.ended) else {
        return vec![match &incident.started {
            Some(started) => Said::observed(format!("**Since**: {} UTC.", time(started)), ends),
            None => Said::blank("**Since**: _not known; the logs state no times for it._"),
        }];
    };
    let lasted = seconds_between(started, ended).filter(|seconds| *seconds > 0);
    let lasted = lasted.map_or_else(String::new, |seconds| format!(" ({})", duration(seconds)));
    let latest = match is_latest(report, incident) {
        true => AT_THE_LATEST,
        false => "",
    };
    let text = format!("**Since**: {}{latest}{lasted}.", stretch(started, ended));
    vec![
        Said::observed(text, ends),
        Said::inferred(incident.recovery.text.clone(), RECOVERY, [&incident.id]),
    ]
}

/// Whether the last record was written at some time before the incident's end.
fn is_latest(report: &Report, incident: &Incident) -> bool {
    let own = incident.findings.iter().filter_map(|id| find(report, id));
    let mut last = own.filter_map(|finding| finding.evidence.last());
    last.any(|last| last.until.is_some() && last.until == incident.ended && last.time != last.until)
}

/// Whole seconds between two RFC 3339 times.
fn seconds_between(from: &str, to: &str) -> Option<u64> {
    let lasted = parse_rfc3339(to)? - parse_rfc3339(from)?;
    u64::try_from(lasted / 1_000_000_000).ok()
}

/// The other incidents.
fn further(report: &Report) -> Option<Said> {
    let others = report.incidents.get(1..).filter(|others| !others.is_empty())?;
    let one = |incident: &Incident| {
        let key = key_finding(report, incident).map_or_else(|| "a finding".to_owned(), named);
        match incident.root_cause {
            Some(_) => format!("{}, {key}", incident.id),
            None => format!("{}, {key}, whose cause the logs do not show", incident.id),
        }
    };
    let mut named: Vec<String> = others.iter().take(NAMED_INCIDENTS).map(one).collect();
    match others.len() - named.len() {
        0 => {}
        more => named.push(format!("{more} more")),
    }
    let text = format!(
        "**Apart from that**, with no link to it in the logs: {}.",
        named.join("; ")
    );
    let ids = others.iter().map(|incident| &incident.id);
    Some(Said::inferred(text, "no-link", ids))
}

/// Ids of the first and the last record of an incident.
fn ends(report: &Report, incident: &Incident) -> Vec<String> {
    let own = || incident.findings.iter().filter_map(|id| find(report, id));
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

fn next_actions(report: &Report) -> Vec<Said> {
    let mut actions = Vec::new();
    for (number, incident) in report.incidents.iter().enumerate() {
        let Some(key) = key_finding(report, incident) else {
            continue;
        };
        if incident.root_cause.is_none() {
            let text = format!(
                "Find what brought about {} ({}): the logs at hand do not show it.",
                key.id, key.title
            );
            actions.push(Said::inferred(text, FIRST_SEEN, [&incident.id]));
        } else if number > 0 {
            let text = format!("Mend {}, {}: see its fix below.", key.id, headline(key));
            actions.push(Said::inferred(text, ROOT_CAUSE, [&incident.id]));
        } else if let Some((root, steps)) = steps_to_take(report) {
            let steps = steps.iter();
            actions.extend(steps.map(|step| Said::known(format!("{}: {step}", root.id), root)));
            let proof = root.verify.first();
            actions.extend(proof.map(|proof| Said::known(format!("Prove it: {proof}"), root)));
        }
    }
    let lost = || report.not_read.iter().filter(|lost| lost.lost);
    let logs: BTreeSet<&str> = lost().map(|lost| lost.source.as_str()).collect();
    if !logs.is_empty() {
        let text = format!(
            "Scan again what could not be read ({}, see below).",
            counted(logs.len() as u64, "log", "logs")
        );
        actions.push(Said::observed(text, lost().map(|lost| &lost.id)));
    }
    actions
}
