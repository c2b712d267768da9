//! What is said about one incident as a whole: its name, its verdict, and each link.
//!
//! In: the report's data. Out: claims below `/incidents/N`, at places that the model has no field for.

use super::claim::{Claims, Said};
use super::model::{Confidence, Edge, Finding, Incident, Report};
use super::story::{DECLARED_LINK, FIRST_SEEN, ROOT_CAUSE, headline};
use super::told::{self, key_finding};
use super::words;
use crate::render::escape::{line, plain, span};

/// Says it.
pub(super) fn state(at: &str, report: &Report, incident: &Incident, claims: &mut Claims) {
    let rule = match incident.root_cause {
        Some(_) => ROOT_CAUSE,
        None => FIRST_SEEN,
    };
    let key = key_finding(report, incident);
    if let Some(key) = key {
        claims.say(
            format!("{at}/title"),
            Said::inferred(headline(key), rule, [&incident.id]),
        );
    }
    let own = report
        .findings
        .iter()
        .filter(|finding| incident.findings.contains(&finding.id));
    let worst = own.filter(|finding| finding.severity == incident.severity);
    let worst: Vec<&String> = worst.map(|finding| &finding.id).collect();
    let worst = if worst.is_empty() {
        vec![&incident.id]
    } else {
        worst
    };
    let severity = Said::inferred(incident.severity.name(), "worst-finding", worst);
    claims.say(format!("{at}/severity"), severity);
    claims.say(
        format!("{at}/verdict"),
        Said::inferred(verdict(report, incident, key), rule, [&incident.id]),
    );
    for (number, edge) in incident.edges.iter().enumerate() {
        let said = Said::inferred(link(edge), DECLARED_LINK, [&edge.from, &edge.to]);
        claims.say(format!("{at}/edges/{number}"), said);
    }
}

/// The root cause and how sure it is, or that none is named.
fn verdict(report: &Report, incident: &Incident, key: Option<&Finding>) -> String {
    let Some(key) = key else {
        return "The logs do not show a cause.".to_owned();
    };
    if incident.root_cause.is_none() {
        return format!(
            "The logs do not show a cause; {} {}.",
            told::leads(report, incident),
            titled(key)
        );
    }
    let (level, why) = confidence(incident, &key.id);
    format!("{}. Confidence: {level} ({why}).", titled(key))
}

/// How sure the root cause is, and what that rests on.
fn confidence(incident: &Incident, root: &str) -> (&'static str, &'static str) {
    let own: Vec<&Edge> = incident.edges.iter().filter(|edge| edge.from == root).collect();
    let dated = own.iter().any(|edge| edge.dated);
    let shared = own.iter().any(|edge| !edge.shared.is_empty());
    match (incident.confidence, dated, shared) {
        (Confidence::High, _, _) => (
            "high",
            "a declared link, confirmed by order in time and by a shared key",
        ),
        (Confidence::Medium, true, _) => ("medium", "a declared link, confirmed by order in time"),
        (Confidence::Medium, false, true) => ("medium", "a declared link, confirmed by a shared key"),
        (Confidence::Medium, false, false) => {
            ("medium", "the failure stands for itself; nothing is linked to it")
        }
        _ => ("low", "the only candidate, or the order in time is not known"),
    }
}

/// A finding's title in bold with its most frequent captured values.
fn titled(finding: &Finding) -> String {
    let mut inside = vec![finding.id.clone()];
    for name in finding.captures.keys() {
        if let Some((value, most)) = finding.usual(name) {
            inside.push(format!("{} {}{}", span(name), span(value), words::others(most)));
        }
    }
    let more = inside.len().saturating_sub(5);
    inside.truncate(5);
    if more > 0 {
        inside.push("…".to_owned());
    }
    format!("**{}** ({})", line(&finding.title), inside.join(", "))
}

fn link(edge: &Edge) -> String {
    let because = match edge.because.trim() {
        "" => String::new(),
        because => format!(": {}", plain(because)),
    };
    format!("{} {} {}{because}", edge.from, edge.led_to(), edge.to)
}

/// `80 records; first 07:26:41 ...`: what was counted of a finding, and where it was seen.
pub(super) fn facts(finding: &Finding) -> String {
    let (first, last) = words::first_and_last(finding);
    let mut facts = vec![words::counted(finding.count, "record", "records")];
    if first == "no time" {
        facts.push(first);
    } else if first == last {
        facts.push(format!("{first} UTC"));
    } else {
        facts.push(format!("first {first}, last {last} UTC"));
    }
    if !finding.services.is_empty() {
        facts.push(format!("written by {}", words::spans(&finding.services)));
    }
    facts.extend(values(finding));
    facts.join("; ")
}

/// Captured values, each name with its most frequent ones.
fn values(finding: &Finding) -> Vec<String> {
    let several = |(name, values): (&String, &Vec<super::model::CapturedValue>)| {
        let shown: Vec<String> = values
            .iter()
            .map(|value| {
                let mut text = span(&value.value);
                if let Some(meaning) = &value.meaning {
                    text.push_str(&format!(": {}", line(meaning)));
                }
                // What all records share needs no number.
                if value.count < finding.count {
                    text.push_str(&format!(" ({}×)", words::number(value.count)));
                }
                text
            })
            .collect();
        format!("{} {}", span(name), words::some_of(&shown))
    };
    let some = finding.captures.iter().filter(|(_, values)| !values.is_empty());
    some.map(several).collect()
}
